//! [`Answer`]: a sentence, the chain of what led there, and what decided it.

use crate::lab::scenario::{Setting, StepIdx};
use crate::lab::text::Said;
use crate::sim::{NodeId, StepNo, Time};

/// What a link of a chain is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Something that the cluster did.
    Event,
    /// Something that was done to it.
    Fault,
    /// A setting, at the moment when it mattered.
    Setting,
}

/// One link of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The step to jump to; 0 if it is none.
    pub step: StepNo,
    /// When.
    pub at: Time,
    /// The machine.
    pub node: Option<NodeId>,
    /// What it is.
    pub role: Role,
    /// In words.
    pub said: Said,
}

/// What may have decided it, and can be taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decider {
    /// A step of the scenario.
    Fault {
        /// Which.
        step: StepIdx,
        /// The step of the engine in which it acted.
        at: StepNo,
        /// Its name with what it does: `trap (crash)`.
        name: Said,
    },
    /// A setting, with a value that is not so.
    Setting {
        /// The place and the other value.
        instead: Setting,
        /// The value that it had.
        old: String,
    },
}

/// What would have been without a decider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What was taken away.
    pub decider: Decider,
    /// Whether it would have come out otherwise.
    pub changes: bool,
    /// How it would have come out.
    pub said: Said,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The answer in a sentence.
    pub verdict: Said,
    /// What led there, in the order of the history.
    pub chain: Vec<Link>,
    /// What may have decided it, the likeliest first.
    pub deciders: Vec<Decider>,
    /// What of it was tried.
    pub proofs: Vec<Proof>,
    /// The virtual time that the answer speaks of, for questions about a moment.
    pub moment: Option<(StepNo, Time)>,
    /// When another history is looked at, for questions about a moment.
    pub compare_at: Option<Time>,
}

impl Answer {
    /// Puts the chain in order; what stands there twice goes.
    pub(super) fn sorted(mut self) -> Self {
        let settings_last = |role: Role| role == Role::Setting;
        self.chain
            .sort_by_key(|link| (link.at, link.step, settings_last(link.role)));
        self.chain.dedup();
        let mut seen: Vec<Decider> = Vec::new();
        for decider in std::mem::take(&mut self.deciders) {
            if !seen.iter().any(|known| known.same(&decider)) {
                seen.push(decider);
            }
        }
        self.deciders = seen;
        self
    }
}

impl Decider {
    /// Whether both are the same step or setting.
    fn same(&self, other: &Decider) -> bool {
        match (self, other) {
            (Decider::Fault { step, .. }, Decider::Fault { step: of, .. }) => step == of,
            (Decider::Setting { instead, .. }, Decider::Setting { instead: of, .. }) => {
                instead == of
            }
            _ => false,
        }
    }
}
