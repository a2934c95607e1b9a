//! Runs a scenario under the eyes of an observer, and makes a trace of what was recorded.

use super::{Finished, Options, Run, Session, Told};
use crate::lab::cluster::{Names, Node};
use crate::lab::scenario::model::Scenario;
use crate::lab::scenario::words::duration;
use crate::lab::text::Said;
use crate::lab::trace::{Origin, Recorder, Telling, Trace};
use crate::sim::{Observer, Span, Time};
use std::str::FromStr;

/// Runs a scenario to its end. `observer` makes the observer once the machines have names.
pub fn run_observed<O: Observer<Node>>(
    branch: &str,
    scenario: &Scenario,
    options: &Options,
    observer: impl FnOnce(&Names) -> O,
) -> (Finished, O) {
    let mut session = Session::new(scenario, options);
    let mut observer = observer(&session.run().plan().names);
    while session.step(&mut observer) {}
    (session.finish(branch), observer)
}

impl Finished {
    /// The trace that a recorder of this run has kept.
    pub fn trace(&self, recorder: Recorder, scenario: &str, title: Said) -> Trace {
        let origin = Origin {
            scenario: scenario.to_owned(),
            title,
            branch: self.report.branch.clone(),
            seed: self.report.seed,
            trace_hash: self.report.trace_hash,
            ready_at: self.run.ready_at(),
        };
        let told = self.run.told().iter().map(telling).collect();
        recorder.finish(&self.world, origin, told)
    }
}

fn telling(told: &Told) -> Telling {
    Telling {
        at: told.at,
        step: told.step,
        text: Said {
            en: told.en.clone(),
            zh: told.zh.clone(),
        },
        is_question: told.ask.is_some(),
    }
}

/// A moment of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// After the step with this number.
    Step(u64),
    /// Before the first step that begins later than this in scenario time.
    At(Span),
}

impl Session {
    /// Steps until a moment or the end. True if the moment was reached.
    pub fn go_to(&mut self, moment: Moment) -> bool {
        loop {
            let reached = match moment {
                Moment::Step(no) => self.world().step_no().0 >= no,
                Moment::At(span) => is_past(self.run(), self.next_time(), span),
            };
            if reached || !self.step(&mut ()) {
                return reached;
            }
        }
    }
}

/// Whether the next step begins after a moment of scenario time.
fn is_past(run: &Run, next: Option<Time>, span: Span) -> bool {
    let ready = run.ready_at();
    ready != Time::NEVER && next.is_none_or(|next| next > ready + span)
}

impl FromStr for Moment {
    type Err = String;

    /// `step:10432`, or scenario time: `40s`, `1500ms`.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("step:") {
            Some(no) => no
                .parse()
                .map(Moment::Step)
                .map_err(|_| format!("\"{no}\" is no number of a step; write step:10432")),
            None => duration(text).map(Moment::At),
        }
    }
}
