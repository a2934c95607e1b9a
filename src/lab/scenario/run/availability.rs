//! How long the cluster could not serve.
//!
//! A partition has a leader *at work* when a broker that is up and not paused has begun the newest
//! leader epoch that the controller has given it. The cluster is unavailable while some partition
//! has none; a leader that only the network hides still counts as one at work.

use crate::kafka::vocabulary::{Kafka, Note, Tp};
use crate::sim::{Action, Fault, NodeId, Span, StepKind, StepRecord, Time};
use std::collections::{BTreeMap, BTreeSet};

/// Who leads a partition.
#[derive(Clone, Copy, Debug, Default)]
struct Lead {
    /// The newest leader epoch that anybody has told of.
    epoch: i32,
    /// The machine that has begun it.
    at_work: Option<NodeId>,
}

/// The leaders at work, and the time without.
#[derive(Clone, Debug, Default)]
pub(super) struct Availability {
    partitions: BTreeMap<Tp, Lead>,
    paused: BTreeSet<NodeId>,
    out_since: Option<Time>,
    total: Span,
}

impl Availability {
    pub(super) fn after(&mut self, record: &StepRecord<'_, Kafka>) {
        let mut changed = false;
        if let Some(Action::Fault(fault)) = record.action {
            changed |= self.fault(fault);
        }
        if let Some(node) = record.node {
            if matches!(record.kind, StepKind::Halt) {
                self.ended(node);
                changed = true;
            }
            for note in record.notes {
                changed |= self.note(node, note);
            }
        }
        if changed {
            self.judge(record.at);
        }
    }

    /// Counting begins when the cluster is ready.
    pub(super) fn begin(&mut self, now: Time) {
        self.total = Span::ZERO;
        self.out_since = self.out_since.map(|_| now);
    }

    /// The time without, until now.
    pub(super) fn unavailable(&self, now: Time) -> Span {
        let open = self.out_since.map_or(Span::ZERO, |since| now.since(since));
        Span(self.total.0.saturating_add(open.0))
    }

    fn fault(&mut self, fault: &Fault) -> bool {
        match *fault {
            Fault::Crash { node } | Fault::PowerOff { node, .. } => self.ended(node),
            Fault::Pause { node } => drop(self.paused.insert(node)),
            Fault::Resume { node } => drop(self.paused.remove(&node)),
            _ => return false,
        }
        true
    }

    /// A process is no more: it leads nothing until it says so again.
    fn ended(&mut self, node: NodeId) {
        self.paused.remove(&node);
        let led = self.partitions.values_mut();
        for lead in led.filter(|lead| lead.at_work == Some(node)) {
            lead.at_work = None;
        }
    }

    fn note(&mut self, node: NodeId, note: &Note) -> bool {
        match *note {
            Note::LeaderElected {
                partition, epoch, ..
            } => {
                let lead = self.partitions.entry(partition).or_default();
                if epoch > lead.epoch || lead.at_work.is_none() {
                    *lead = Lead {
                        epoch: epoch.max(lead.epoch),
                        at_work: None,
                    };
                }
            }
            Note::BecameLeader {
                partition, epoch, ..
            } => {
                let lead = self.partitions.entry(partition).or_default();
                if epoch >= lead.epoch {
                    *lead = Lead {
                        epoch,
                        at_work: Some(node),
                    };
                }
            }
            Note::TopicDeleted { topic } => self.partitions.retain(|tp, _| tp.topic != topic),
            _ => return false,
        }
        true
    }

    fn judge(&mut self, now: Time) {
        let works = |lead: &Lead| {
            lead.at_work
                .is_some_and(|node| !self.paused.contains(&node))
        };
        let all = self.partitions.values().all(works);
        match (all, self.out_since) {
            (true, Some(since)) => {
                self.total = Span(self.total.0.saturating_add(now.since(since).0));
                self.out_since = None;
            }
            (false, None) => self.out_since = Some(now),
            _ => {}
        }
    }
}
