//! I30, I31, I33, I35: the quorum has one leader an epoch and keeps what it committed.

use super::epochs::{EpochRange, holds, ranges};
use super::{Glance, Invariant};
use crate::kafka::vocabulary::Note;
use crate::sim::NodeId;
use std::collections::BTreeMap;

/// Leaders by epoch, what was committed, and what each voter holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Quorum {
    leaders: BTreeMap<i32, NodeId>,
    committed: Vec<EpochRange>,
    epochs: BTreeMap<NodeId, i32>,
    high_watermarks: BTreeMap<(NodeId, i32), i64>,
    log_ends: BTreeMap<NodeId, i64>,
}

impl Quorum {
    pub(super) fn after(&mut self, glance: &mut Glance<'_>) {
        for (node, note) in glance.notes() {
            match note {
                Note::BecameQuorumLeader { epoch, .. } => {
                    self.one_leader(glance, node, epoch);
                    self.complete(glance, node);
                    self.epoch(glance, node, epoch);
                }
                Note::BecameCandidate { epoch }
                | Note::BecameQuorumFollower { epoch, .. }
                | Note::BecameUnattached { epoch } => self.epoch(glance, node, epoch),
                Note::MetadataLogAppended { .. } | Note::MetadataLogTruncated { .. } => {
                    if let Some(server) = glance.view.server(node) {
                        self.log_ends.insert(node, server.raft().log_end());
                    }
                }
                Note::QuorumHighWatermarkAdvanced { epoch, to, .. } => {
                    self.high_watermark(glance, node, epoch, to);
                }
                _ => {}
            }
        }
    }

    fn one_leader(&mut self, glance: &mut Glance<'_>, node: NodeId, epoch: i32) {
        let first = *self.leaders.entry(epoch).or_insert(node);
        if first != node {
            let names = glance.view.names;
            let (one, other) = (names.machine(first), names.machine(node));
            let text = format!("{one} and {other} both lead the quorum in epoch {epoch}");
            glance.violated(Invariant::I30, text);
        }
    }

    /// I31: a new leader holds all that was ever committed.
    fn complete(&mut self, glance: &mut Glance<'_>, node: NodeId) {
        let Some(server) = glance.view.server(node) else {
            return;
        };
        let lost = self
            .committed
            .iter()
            .find(|range| !holds(server.raft().log(), **range));
        if let Some(range) = lost {
            let text = format!(
                "{} leads the quorum without all of offsets {}..{} of epoch {}, which were \
                 committed",
                glance.view.names.machine(node),
                range.start,
                range.end - 1,
                range.epoch
            );
            glance.violated(Invariant::I31, text);
        }
    }

    fn epoch(&mut self, glance: &mut Glance<'_>, node: NodeId, epoch: i32) {
        let before = self.epochs.insert(node, epoch).unwrap_or(epoch);
        if epoch < before {
            let who = glance.view.names.machine(node);
            let text = format!("{who} went from quorum epoch {before} back to {epoch}");
            glance.violated(Invariant::I33, text);
        }
    }

    fn high_watermark(&mut self, glance: &mut Glance<'_>, node: NodeId, epoch: i32, to: i64) {
        let before = self.high_watermarks.insert((node, epoch), to).unwrap_or(to);
        if to < before {
            let who = glance.view.names.machine(node);
            let text = format!("{who} moved the quorum's high watermark from {before} to {to}");
            glance.violated(Invariant::I33, text);
        }
        let Some(server) = glance.view.server(node) else {
            return;
        };
        let voters = &server.config().voters;
        let holding = voters.iter().filter(|(id, _)| {
            let voter = glance.view.names.by_kafka_id(*id);
            voter
                .and_then(|voter| self.log_ends.get(&voter))
                .is_some_and(|end| *end >= to)
        });
        let (holding, needed) = (holding.count(), voters.len() / 2 + 1);
        let committed: Vec<_> = ranges(server.raft().log(), 0, to).collect();
        if holding < needed {
            let who = glance.view.names.machine(node);
            let text = format!(
                "{who} calls the metadata log committed up to {to}, and {holding} voters of \
                 {needed} hold it"
            );
            glance.violated(Invariant::I35, text);
        }
        self.still_committed(glance, node, &committed);
        self.committed = committed;
    }

    /// I31: what was committed before is part of what is committed now.
    fn still_committed(&mut self, glance: &mut Glance<'_>, node: NodeId, now: &[EpochRange]) {
        let kept = |range: &EpochRange| {
            now.iter().any(|later| {
                later.epoch == range.epoch && later.start == range.start && later.end >= range.end
            })
        };
        let start = now.first().map_or(0, |range| range.start);
        let lost = self
            .committed
            .iter()
            .find(|range| range.end > start && !kept(range))
            .copied();
        let back = now.last().map_or(0, |range| range.end)
            < self.committed.last().map_or(0, |range| range.end);
        if let (Some(range), false) = (lost, back) {
            let text = format!(
                "{} committed another log over offsets {}..{} of epoch {}",
                glance.view.names.machine(node),
                range.start,
                range.end - 1,
                range.epoch
            );
            glance.violated(Invariant::I31, text);
        }
    }
}
