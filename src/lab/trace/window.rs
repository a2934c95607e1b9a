//! [`Window`]: which part of a trace an export shows, and how it writes times.

use super::recorder::Trace;
use crate::kafka::vocabulary::Salience;
use crate::sim::{Action, Fault, Time};
use std::collections::BTreeSet;

/// Which steps: those that matter enough and begin between two moments, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The least that a step must matter.
    pub salience: Salience,
    /// The first moment.
    pub from: Time,
    /// The last moment.
    pub to: Time,
}

impl Window {
    /// Everything.
    pub const ALL: Window = Window {
        salience: Salience::Background,
        from: Time::ZERO,
        to: Time::NEVER,
    };

    /// Steps from now on that matter at least so much.
    pub fn from(salience: Salience, from: Time) -> Self {
        let to = Time::NEVER;
        Window { salience, from, to }
    }
}

impl Trace {
    /// The trace without what lies outside of a window.
    pub fn within(mut self, window: Window) -> Self {
        let inside = |at: Time| window.from <= at && at <= window.to;
        self.steps
            .retain(|step| inside(step.at) && step.salience() >= window.salience);
        self.told.retain(|told| inside(told.at));
        self.salience = self.salience.max(window.salience);
        if self.salience > Salience::Background {
            self.drop_calendars();
        }
        self
    }

    /// At ready the calendar of each machine is set to that of the scenario: no part of a story.
    fn drop_calendars(&mut self) {
        let ready = self.origin.ready_at;
        let mut set = BTreeSet::new();
        self.steps.retain(|step| {
            let jump = matches!(step.action, Some(Action::Fault(Fault::ClockJump { .. })));
            !(jump && step.at == ready && set.insert(step.node))
        });
    }

    /// A moment in scenario time: seconds with three digits, below zero before ready.
    pub fn seconds(&self, at: Time) -> String {
        let ready = match self.origin.ready_at {
            Time::NEVER => Time::ZERO,
            ready => ready,
        };
        let (sign, ms) = match at < ready {
            true => ("-", ready.since(at).as_millis()),
            false => ("", at.since(ready).as_millis()),
        };
        format!("{sign}{}.{:03}", ms / 1_000, ms % 1_000)
    }
}
