//! [`Inquiry`]: a run that was recorded, ready for questions.

use super::answer::{Answer, Decider, Proof};
use super::case::Case;
use super::proof::{self, Look};
use super::question::{Question, Unclear};
use super::record::settings_first;
use super::trail::Trail;
use super::watermark::Series;
use crate::kafka::protocol::TopicPartition;
use crate::kafka::vocabulary::{Note, Salience, Tp};
use crate::lab::scenario::Scenario;
use crate::lab::scenario::run::{Finished, Moment, Options, Session};
use crate::lab::text::{Said, Speaker, causes};
use crate::lab::trace::Recorder;
use crate::sim::{StepNo, Time};

/// A run that was recorded.
pub struct Inquiry {
    scenario: Scenario,
    options: Options,
    finished: Finished,
    trail: Trail,
}

impl Inquiry {
    /// Runs a scenario and records it. `progress` is called now and then with the virtual time.
    pub fn new(
        branch: &str,
        scenario: &Scenario,
        options: &Options,
        progress: &mut dyn FnMut(Time),
    ) -> Self {
        const STEPS: usize = 4_096;
        let mut session = Session::new(scenario, options);
        let names = &session.run().plan().names;
        let mut recorder = Recorder::new(names, Salience::Background);
        'run: loop {
            for _ in 0..STEPS {
                if !session.step(&mut recorder) {
                    break 'run;
                }
            }
            progress(session.world().now());
        }
        let finished = session.finish(branch);
        let trail = Trail::new(finished.trace(recorder, branch, Said::default()));
        Inquiry {
            scenario: scenario.clone(),
            options: options.clone(),
            finished,
            trail,
        }
    }

    /// The run.
    pub fn finished(&self) -> &Finished {
        &self.finished
    }

    /// What it left behind.
    pub fn trail(&self) -> &Trail {
        &self.trail
    }

    fn case(&self) -> Case<'_> {
        Case {
            finished: &self.finished,
            trail: &self.trail,
        }
    }

    /// Reads a question about this run.
    ///
    /// # Errors
    /// What is missing or unknown, with examples.
    pub fn question(&self, text: &str) -> Result<Question, Unclear> {
        let records = &self.finished.report.records;
        let sent = |word: &str| records.iter().any(|record| record.sent.label() == word);
        Question::parse(text, self.finished.run.plan(), &sent)
    }

    /// Answers a question; `at` says about which moment, for questions about one.
    ///
    /// # Errors
    /// What there is not in this run.
    pub fn answer(&self, question: &Question, at: Option<Moment>) -> Result<Answer, String> {
        let case = self.case();
        let mut answer = match question {
            Question::Record(of, fatum) => {
                let record = case.record(of)?;
                case.answer_record(&record, *fatum)
            }
            Question::HighWatermark(tp, value) => self.watermark(tp, *value, at)?,
            Question::Leader(tp, node) => {
                let of = tp.as_ref().map(|tp| self.known(tp)).transpose()?;
                match case.election(of, *node, self.until(at)) {
                    Some(noted) => case.answer_election(&noted),
                    None => {
                        let node = node.map(|node| case.name(node)).unwrap_or_default();
                        let of = tp.as_ref().map(|tp| tp.to_string());
                        let any = || "any partition".to_owned();
                        let values = [("node", node), ("partition", of.unwrap_or_else(any))];
                        Answer {
                            verdict: Said::new(causes::NEVER_LED, &values),
                            ..Answer::default()
                        }
                    }
                }
            }
            Question::Isr(tp, node) => {
                let of = tp.as_ref().map(|tp| self.known(tp)).transpose()?;
                case.answer_isr(of, *node, self.until(at))?
            }
        };
        settings_first(&mut answer.deciders);
        Ok(answer)
    }

    /// Runs the scenario again without each of `deciders` in turn; `progress` hears how many are
    /// done. Nothing if nothing of the answer can be compared.
    pub fn prove(
        &self,
        question: &Question,
        answer: &Answer,
        deciders: &[Decider],
        progress: &mut dyn FnMut(usize),
    ) -> Vec<Proof> {
        let Some(look) = self.look(question, answer) else {
            return Vec::new();
        };
        let seed = self.options.seed.unwrap_or(self.scenario.seed);
        let seen = look.in_finished(&self.finished);
        let seen = seen.unwrap_or_else(|| look.at(&self.scenario, seed));
        let mut proofs = Vec::new();
        for (done, decider) in deciders.iter().enumerate() {
            progress(done);
            let with = (&look, &seen);
            proofs.push(proof::prove(&self.scenario, seed, decider, with));
        }
        proofs
    }

    fn look(&self, question: &Question, answer: &Answer) -> Option<Look> {
        let after = || Some(answer.compare_at?.since(self.finished.run.ready_at()));
        Some(match question {
            Question::Record(of, fatum) => {
                let record = self.case().record(of).ok()?;
                Look::Record {
                    producer: record.fate.sent.producer,
                    send: record.send as usize,
                    label: record.fate.sent.label().to_owned(),
                    fatum: *fatum,
                }
            }
            Question::HighWatermark(tp, _) => Look::HighWatermark(tp.clone(), after()?),
            Question::Leader(tp, _) => Look::Leader(self.subject(tp, answer)?, after()?),
            Question::Isr(tp, _) => Look::Isr(self.subject(tp, answer)?, after()?),
        })
    }

    /// The partition that an answer speaks of.
    fn subject(&self, tp: &Option<TopicPartition>, answer: &Answer) -> Option<TopicPartition> {
        if tp.is_some() {
            return tp.clone();
        }
        let (step, _) = answer.moment?;
        let tp = self
            .trail
            .notes_of(step)
            .iter()
            .rev()
            .find_map(|note| match *note {
                Note::LeaderElected { partition, .. } | Note::IsrChanged { partition, .. } => {
                    Some(partition)
                }
                _ => None,
            })?;
        let topic = self.case().voice().topic(tp.topic);
        Some(TopicPartition::new(topic, tp.partition))
    }

    fn known(&self, tp: &TopicPartition) -> Result<Tp, String> {
        self.case()
            .tp(tp)
            .ok_or_else(|| format!("there was no partition {tp} in this run"))
    }

    /// The last step of a moment; of the whole run if none is given.
    fn until(&self, at: Option<Moment>) -> StepNo {
        let last = self.trail.last();
        match at {
            None => last,
            Some(Moment::Step(step)) => StepNo(step.min(last.0)),
            Some(Moment::At(after)) => {
                let limit = self.finished.run.ready_at() + after;
                let mut steps = self.trail.steps_from(StepNo(1));
                let later = steps.find(|step| step.at > limit);
                later.map_or(last, |step| StepNo(step.no.0 - 1))
            }
        }
    }

    fn watermark(
        &self,
        tp: &TopicPartition,
        value: Option<i64>,
        at: Option<Moment>,
    ) -> Result<Answer, String> {
        let case = self.case();
        let known = self.known(tp)?;
        let (step, during) = match (value, at) {
            (Some(value), None) => {
                let series = self.series(known);
                let end = self.finished.world.now();
                let Some((mark, next)) = series.longest(value, end) else {
                    return Ok(case.never_was(known, value, &series));
                };
                let last = next.map_or(self.trail.last(), |next| StepNo(next.step.0 - 1));
                (last, Some((mark, next)))
            }
            (_, at) => (self.until(at), None),
        };
        let world = self.world_after(step);
        Ok(case.answer_watermark(known, world.world(), step, during))
    }

    /// The same run again, until after a step.
    fn world_after(&self, step: StepNo) -> Session {
        let mut session = Session::new(&self.scenario, &self.options);
        while session.world().step_no() < step && session.step(&mut ()) {}
        session
    }

    /// Every value that the leader's high watermark had since ready.
    fn series(&self, tp: Tp) -> Series {
        let mut series = Series::default();
        let mut session = Session::new(&self.scenario, &self.options);
        while session.step(&mut ()) {
            let step = session.world().step_no();
            let ready = session.run().ready_at() <= session.world().now();
            if !ready || !self.may_move(step) {
                continue;
            }
            let view = session.run().scope(session.world()).view;
            let value = view
                .leader(tp)
                .map(|leader| leader.offsets().high_watermark);
            series.push(step, session.world().now(), value);
        }
        series
    }

    /// Whether a step may change who leads or a high watermark.
    fn may_move(&self, step: StepNo) -> bool {
        let struck = self.trail.deeds().binary_search_by_key(&step, |(s, _)| *s);
        struck.is_ok() || !self.trail.notes_of(step).is_empty()
    }
}
