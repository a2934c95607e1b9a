//! Checks: invariants after every step, on the notes they care about, and the client history
//! judged by a function that knows nothing of the simulator.
//!
//! | file | invariants |
//! |---|---|
//! | `offsets` | I1 |
//! | `durability` | I2, I10, I13 |
//! | `agreement` | I4, I5, I6, I7, I8 |
//! | `clients` | I9, I17 |
//! | `metadata` | I12, I32 |
//! | `producers` | I16 |
//! | `quorum` | I30, I31, I33, I35 |
//!
//! A checker rides along with a run and is part of its snapshots; it reads the World, never
//! changes it.

mod agreement;
mod clients;
mod durability;
mod epochs;
mod history;
mod invariant;
mod losses;
mod metadata;
mod offsets;
mod producers;
mod quorum;
mod strangers;
mod suspension;

pub use history::{Anomalies, ClientHistory, LogEntry, Read, Send, SendOutcome, judge};
pub use invariant::{Invariant, Violation};

use super::cluster::View;
use crate::kafka::vocabulary::{Kafka, Note};
use crate::sim::{NodeId, StepRecord};

/// What a check sees of one step.
struct Glance<'a> {
    view: View<'a>,
    record: &'a StepRecord<'a, Kafka>,
    violations: &'a mut Vec<Violation>,
}

impl<'a> Glance<'a> {
    fn violated(&mut self, invariant: Invariant, text: String) {
        let (step, at) = (self.record.no, self.record.at);
        self.violations.push(Violation {
            invariant,
            step,
            at,
            text,
        });
    }

    /// The step's machine and its notes.
    fn notes(&self) -> impl Iterator<Item = (NodeId, Note)> + use<'a> {
        let record = self.record;
        let node = record.node.into_iter();
        node.flat_map(|node| record.notes.iter().map(move |note| (node, *note)))
    }
}

/// More violations than this are not kept: the first ones tell the story.
const VIOLATIONS_MAX: usize = 64;

/// All invariants of a run.
#[derive(Clone, Debug, Default)]
pub struct Checker {
    suspension: suspension::Suspension,
    offsets: offsets::Offsets,
    durability: durability::Durability,
    agreement: agreement::Agreement,
    strangers: strangers::Strangers,
    clients: clients::Clients,
    metadata: metadata::Metadata,
    producers: producers::Producers,
    quorum: quorum::Quorum,
    violations: Vec<Violation>,
}

impl Checker {
    /// Looks at the World after a step.
    pub fn after(&mut self, view: View<'_>, record: &StepRecord<'_, Kafka>) {
        if self.violations.len() >= VIOLATIONS_MAX {
            return;
        }
        if record.notes.is_empty() && record.action.is_none() {
            return;
        }
        let mut glance = Glance {
            view,
            record,
            violations: &mut self.violations,
        };
        self.suspension.after(&mut glance);
        self.offsets.after(&mut glance);
        self.agreement.after(&mut glance, &self.suspension);
        self.durability.after(&mut glance, &self.suspension);
        self.strangers.after(&glance);
        self.clients
            .after(&mut glance, &self.suspension, &self.strangers);
        self.metadata.after(&mut glance);
        self.producers.after(&mut glance, &self.suspension);
        self.quorum.after(&mut glance);
    }

    /// What was violated, in order.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// How often checks of a partition were suspended, by an unclean election or because too many
    /// copies lost bytes.
    pub fn suspensions(&self) -> u64 {
        self.suspension.count()
    }

    /// How often a leader took a batch of a producer that it knew nothing of, with earlier ones
    /// missing. The order of the producer's records in that partition is not promised then.
    pub fn strangers(&self) -> u64 {
        self.strangers.count()
    }
}
