//! Chains of causes on scenarios whose history is known from their own expectations: which kinds of
//! notes, which faults and which settings, not how they are told.

use super::diff::{Diff, Side};
use super::*;
use crate::kafka::vocabulary::{Note, NoteKind};
use crate::lab::scenario::run::{Moment, Options};
use crate::lab::scenario::{Scenario, parse};
use crate::lab::text::Lang;
use crate::sim::Span;

const ACKS: &str = include_str!("../../../scenarios/12-acks.toml");
const DYING_LEADER: &str = include_str!("../../../scenarios/07-acks-all.toml");
const EPOCHS: &str = include_str!("../../../scenarios/18-epochs.toml");
const UNCLEAN: &str = include_str!("../../../scenarios/19-unclean.toml");

fn scenario(source: &str, branch: &str) -> Scenario {
    let parsed = parse(source).expect("of the library");
    parsed.branch(branch).expect("a branch").clone()
}

fn inquiry(source: &str, branch: &str) -> Inquiry {
    let scenario = scenario(source, branch);
    Inquiry::new(branch, &scenario, &Options::default(), &mut |_| {})
}

struct Asked {
    inquiry: Inquiry,
    question: Question,
    answer: Answer,
}

fn ask_at(source: &str, branch: &str, text: &str, at: Option<Moment>) -> Asked {
    let inquiry = inquiry(source, branch);
    let question = inquiry.question(text).expect("understood");
    let answer = inquiry.answer(&question, at).expect("answered");
    for link in answer.chain.iter().filter(|link| link.step.0 > 0) {
        let step = inquiry.trail().step(link.step).expect("a step of the run");
        assert!(link.at == step.at || link.role == Role::Event, "{link:?}");
    }
    let order: Vec<_> = answer.chain.iter().map(|link| link.at).collect();
    assert!(order.is_sorted(), "{text}: in the order of the history");
    Asked {
        inquiry,
        question,
        answer,
    }
}

fn ask(source: &str, branch: &str, text: &str) -> Asked {
    ask_at(source, branch, text, None)
}

impl Asked {
    /// The kinds of notes of the steps of the chain.
    fn kinds(&self) -> Vec<NoteKind> {
        let links = self.answer.chain.iter();
        let notes = links.flat_map(|link| self.inquiry.trail().notes_of(link.step));
        notes.map(Note::kind).collect()
    }

    fn has(&self, kinds: &[NoteKind]) {
        let met = self.kinds();
        for kind in kinds {
            assert!(met.contains(kind), "{} in {met:?}", kind.name());
        }
    }

    /// Faults by the ids of their steps, settings by key and value.
    fn deciders(&self) -> Vec<String> {
        let steps = &self.inquiry.finished().run.plan().scenario.steps;
        let name = |decider: &Decider| match decider {
            Decider::Fault { step, .. } => steps[step.0].id.clone().expect("an id"),
            Decider::Setting { instead, .. } => instead.to_string(),
        };
        self.answer.deciders.iter().map(name).collect()
    }

    /// Those of the deciders that change the outcome.
    fn decisive(&self) -> Vec<String> {
        let all = &self.answer.deciders;
        let proofs = self
            .inquiry
            .prove(&self.question, &self.answer, all, &mut |_| {});
        assert_eq!(proofs.len(), all.len());
        let named = proofs.iter().zip(self.deciders());
        named
            .filter(|(proof, _)| proof.changes)
            .map(|(_, name)| name)
            .collect()
    }

    fn roles(&self, role: Role) -> usize {
        let links = self.answer.chain.iter();
        links.filter(|link| link.role == role).count()
    }
}

#[test]
fn a_record_that_one_broker_promised_is_lost_with_it() {
    let asked = ask(ACKS, "acks-1", "why was rec-6 lost");
    asked.has(&[
        NoteKind::RecordBuffered,
        NoteKind::BatchSent,
        NoteKind::Appended,
        NoteKind::RecordAcknowledged,
        NoteKind::HeartbeatAnswered,
        NoteKind::BrokerFenced,
        NoteKind::LeaderElected,
        NoteKind::BecameLeader,
        NoteKind::LogTruncated,
    ]);
    assert_eq!(asked.roles(Role::Fault), 2, "the cut and the crash");
    let all = ["producer.p1.config.acks=all", "cut", "trap"];
    assert_eq!(asked.deciders(), all);
    assert_eq!(asked.decisive(), all);
}

#[test]
fn a_place_and_a_value_name_the_same_lost_record() {
    let by_value = ask(ACKS, "acks-1", "rec-6 lost");
    let by_place = ask(ACKS, "acks-1", "orders-0:6");
    assert_eq!(by_value.answer, by_place.answer);
}

#[test]
fn a_record_that_is_kept_is_said_to_be_kept() {
    let asked = ask(ACKS, "main", "why was rec-6 lost");
    assert!(asked.answer.verdict.en.contains("not lost"));
    assert!(asked.answer.verdict.en.contains("orders-0:6"));
}

#[test]
fn with_acks_0_nobody_had_promised_anything() {
    let asked = ask(ACKS, "acks-0", "what became of rec-6");
    assert!(asked.answer.verdict.en.contains("promised nothing"));
    assert!(
        asked
            .decisive()
            .contains(&"producer.p1.config.acks=all".to_owned())
    );
    assert!(asked.decisive().contains(&"trap".to_owned()));
}

#[test]
fn an_unclean_election_takes_what_one_replica_was_allowed_to_promise() {
    let asked = ask(UNCLEAN, "main", "why was alone-3 lost");
    asked.has(&[
        NoteKind::LeaderElected,
        NoteKind::LogTruncated,
        NoteKind::IsrChanged,
    ]);
    let decisive = asked.decisive();
    for name in [
        "topic.orders.config.unclean.leader.election.enable=false",
        "topic.orders.config.min.insync.replicas=2",
        "kill",
    ] {
        assert!(
            decisive.contains(&name.to_owned()),
            "{name} in {decisive:?}"
        );
    }
    // Without the pause the records are never sent: that proves nothing.
    assert!(asked.deciders().contains(&"freeze".to_owned()));
    assert!(!decisive.contains(&"freeze".to_owned()));
}

#[test]
fn a_leader_that_nobody_hears_loses_what_it_took_alone() {
    let asked = ask(EPOCHS, "main", "why was zombie-0 lost");
    assert_eq!(asked.decisive(), ["producer.p1.config.acks=all", "isolate"]);
}

#[test]
fn the_high_watermark_is_what_the_leader_has_heard() {
    let asked = ask(
        DYING_LEADER,
        "main",
        "why is the high watermark of orders-0 6",
    );
    asked.has(&[
        NoteKind::FollowerFetched,
        NoteKind::HighWatermarkAdvanced,
        NoteKind::Appended,
        NoteKind::Replicated,
    ]);
    // The scenario stops the leader before the second follower asks from 7.
    let trail = asked.inquiry.trail();
    let heard = asked.answer.chain.iter().filter_map(|link| {
        trail
            .notes_of(link.step)
            .iter()
            .find_map(|note| match *note {
                Note::FollowerFetched {
                    replica, offset, ..
                } => Some((replica.0, offset)),
                _ => None,
            })
    });
    let heard: Vec<_> = heard.collect();
    assert!(heard.iter().any(|(_, offset)| *offset == 6), "{heard:?}");
    assert_eq!(asked.decisive(), ["trap"]);
    let (_, at) = asked.answer.moment.expect("a moment");
    assert!(asked.answer.compare_at.expect("later") > at);
}

#[test]
fn a_high_watermark_at_a_moment_and_one_that_never_was() {
    let at = |ms| Some(Moment::At(Span::from_millis(ms)));
    let asked = ask_at(DYING_LEADER, "main", "orders-0.hw", at(3_000));
    assert!(
        asked.answer.verdict.en.contains("is 6"),
        "{:?}",
        asked.answer.verdict
    );
    let asked = ask_at(DYING_LEADER, "main", "orders-0.hw", at(5_000));
    assert!(asked.answer.verdict.en.contains("no leader"));
    assert_eq!(asked.deciders(), ["trap"]);
    let asked = ask(DYING_LEADER, "main", "why is the high watermark 77");
    assert!(asked.answer.verdict.en.contains("never 77"));
}

#[test]
fn elections_lead_back_to_what_silenced_the_old_leader() {
    for (source, branch, text, fault) in [
        (EPOCHS, "main", "why did broker-1 become leader", "isolate"),
        (DYING_LEADER, "main", "orders-0.leader", "trap"),
        (
            ACKS,
            "acks-1",
            "why did b1 become leader of orders-0",
            "trap",
        ),
    ] {
        let asked = ask(source, branch, text);
        asked.has(&[
            NoteKind::HeartbeatAnswered,
            NoteKind::BrokerFenced,
            NoteKind::LeaderElected,
            NoteKind::BecameLeader,
        ]);
        assert_eq!(asked.decisive(), [fault], "{text}");
    }
    let asked = ask(UNCLEAN, "main", "orders-0.leader");
    let unclean = "topic.orders.config.unclean.leader.election.enable=false";
    assert!(asked.decisive().contains(&unclean.to_owned()));
    let asked = ask_at(
        UNCLEAN,
        "unclean-off",
        "orders-0.leader",
        Some(Moment::At(Span::from_secs(25))),
    );
    let unclean = "topic.orders.config.unclean.leader.election.enable=true";
    assert!(asked.decisive().contains(&unclean.to_owned()));
    let asked = ask(EPOCHS, "main", "why did broker-2 become leader");
    assert!(asked.answer.verdict.en.contains("never became leader"));
}

#[test]
fn a_replica_leaves_the_isr_because_of_a_pause() {
    let asked = ask(UNCLEAN, "main", "why is broker-1 out of the ISR");
    asked.has(&[NoteKind::IsrChanged, NoteKind::BrokerFenced]);
    assert_eq!(asked.decisive(), ["freeze"]);
    let asked = ask(ACKS, "main", "why is broker-2 out of the ISR");
    assert!(asked.answer.verdict.en.contains("never left"));
}

#[test]
fn a_late_answer_leads_back_to_the_crash_that_delayed_it() {
    let asked = ask(DYING_LEADER, "main", "why was rec-6 not acknowledged");
    asked.has(&[
        NoteKind::ProduceParked,
        NoteKind::BatchRetried,
        NoteKind::DuplicateBatch,
        NoteKind::RecordAcknowledged,
    ]);
    assert_eq!(asked.decisive(), ["trap"]);
    let quick = ask(DYING_LEADER, "main", "why was rec-1 acknowledged");
    assert!(quick.deciders().is_empty());
}

#[test]
fn a_record_sent_twice_is_stored_once_thanks_to_its_sequence_number() {
    let asked = ask(DYING_LEADER, "main", "why is rec-6 in the log twice");
    assert!(
        asked.answer.verdict.en.contains("once"),
        "{:?}",
        asked.answer.verdict
    );
    asked.has(&[NoteKind::DuplicateBatch]);
    assert_eq!(
        asked.decisive(),
        ["producer.p1.config.enable.idempotence=false"]
    );
}

#[test]
fn a_question_is_not_answered_by_a_run_without_its_subject() {
    let inquiry = inquiry(ACKS, "main");
    let question = inquiry.question("orders-0:77").expect("understood");
    assert!(inquiry.answer(&question, None).is_err());
    let unclear = inquiry
        .question("why was rec-77 lost")
        .map(|q| inquiry.answer(&q, None));
    assert!(unclear.expect("understood").is_err());
    assert!(inquiry.question("why on earth").is_err());
}

#[test]
fn every_sentence_is_there_in_both_languages() {
    for (source, text) in [
        (ACKS, "why was rec-6 lost"),
        (DYING_LEADER, "orders-0.hw"),
        (EPOCHS, "orders-0.leader"),
        (UNCLEAN, "orders-0.isr"),
    ] {
        let asked = ask(source, "main", text);
        let chain = asked.answer.chain.iter().map(|link| &link.said);
        for said in chain.chain([&asked.answer.verdict]) {
            for lang in Lang::ALL {
                let text = said.of(lang);
                assert!(!text.is_empty() && !text.contains('{'), "{text}");
            }
        }
    }
}

fn compare(sides: [(&str, Option<u64>); 2]) -> Diff {
    let scenarios = sides.map(|(branch, _)| scenario(ACKS, branch));
    let side = |index: usize| Side {
        branch: sides[index].0,
        scenario: &scenarios[index],
        seed: sides[index].1,
    };
    Diff::new([side(0), side(1)], &mut |_| {})
}

#[test]
fn a_run_does_not_differ_from_itself() {
    let diff = compare([("main", None), ("main", None)]);
    assert!(diff.is_empty());
    assert!(diff.story.is_empty() && diff.outcomes.is_empty() && diff.records.is_empty());
    assert_eq!(diff.settings, [Vec::<String>::new(), Vec::new()]);
    assert_eq!(
        diff.runs[0].report.trace_hash,
        diff.runs[1].report.trace_hash
    );
}

#[test]
fn branches_differ_in_a_setting_a_promise_and_a_record() {
    let diff = compare([("main", None), ("acks-1", None)]);
    assert_eq!(diff.settings.each_ref().map(Vec::len), [1, 1]);
    let first = diff.first.as_ref().expect("they differ");
    let moved = first
        .moved
        .each_ref()
        .map(|m| m.as_ref().expect("both go on").step.0);
    assert_eq!(moved, [first.same + 1; 2]);
    let records: Vec<_> = diff.records.iter().map(|r| r.what.as_str()).collect();
    assert_eq!(records[0], "rec-6 of p1");
    let lost = diff
        .outcomes
        .iter()
        .find(|c| c.what == "lost")
        .expect("one is lost");
    assert_eq!(lost.values, ["0", "1"]);
    let what = |c: &&super::diff::Contrast| c.what == "expectation no-loss";
    assert!(diff.outcomes.iter().any(|c| what(&c)));
    let times = diff.story.iter().map(|row| {
        let starts = row.beats.iter().zip(&diff.runs);
        let after =
            starts.filter_map(|(beat, run)| Some(beat.as_ref()?.at.since(run.run.ready_at())));
        after.min()
    });
    assert!(times.collect::<Vec<_>>().is_sorted(), "earliest first");
}

#[test]
fn another_seed_is_another_history_with_the_same_outcome() {
    let diff = compare([("main", Some(1)), ("main", Some(2))]);
    assert!(!diff.is_empty());
    assert_eq!(diff.settings, [Vec::<String>::new(), Vec::new()]);
    assert!(!diff.outcomes.iter().any(|c| c.what == "lost"));
}
