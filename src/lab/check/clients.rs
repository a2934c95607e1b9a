//! I9 and I17: what clients are told never goes back, and producers' order is kept.

use super::suspension::Suspension;
use super::{Glance, Invariant};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::vocabulary::{ClientNo, Note, Tp};
use crate::sim::NodeId;
use std::collections::BTreeMap;

/// What each client was told last.
#[derive(Clone, Debug, Default)]
pub(super) struct Clients {
    /// By client machine and partition: the pause count, and LATEST as it was answered.
    latest: BTreeMap<(NodeId, Tp), (u64, i64)>,
    /// By leader, partition and leader epoch: its high watermark.
    high_watermarks: BTreeMap<(NodeId, Tp), (i32, i64)>,
    /// By producer and partition: the pause count, the last acknowledged send and its offset.
    acknowledged: BTreeMap<(NodeId, ClientNo, Tp), (u64, u32, i64)>,
}

impl Clients {
    pub(super) fn after(&mut self, glance: &mut Glance<'_>, suspension: &Suspension) {
        for (node, note) in glance.notes() {
            match note {
                Note::OffsetListed {
                    partition,
                    offset,
                    error,
                    latest: true,
                } if error == ErrorCode::NONE && !suspension.is_paused(partition) => {
                    self.told(glance, suspension.round(partition), partition, offset);
                }
                Note::HighWatermarkAdvanced { partition, to, .. }
                    if !suspension.is_paused(partition) =>
                {
                    self.high_watermark(glance, node, partition, to);
                }
                Note::RecordAcknowledged {
                    client,
                    partition,
                    send,
                    offset,
                } if !suspension.is_paused(partition) => {
                    let now = (suspension.round(partition), send, offset);
                    self.in_order(glance, node, client, partition, now);
                }
                _ => {}
            }
        }
    }

    fn told(&mut self, glance: &mut Glance<'_>, round: u64, tp: Tp, offset: i64) {
        let Some(client) = glance.record.head.map(|head| head.from) else {
            return;
        };
        let before = self.latest.insert((client, tp), (round, offset));
        if let Some((_, high)) = before.filter(|(then, high)| *then == round && *high > offset) {
            let text = format!(
                "{} was told that {} ends at {offset}, after it was told {high}",
                glance.view.names.machine(client),
                glance.view.tp_name(tp)
            );
            glance.violated(Invariant::I9, text);
        }
    }

    fn high_watermark(&mut self, glance: &mut Glance<'_>, node: NodeId, tp: Tp, to: i64) {
        let Some(replica) = glance.view.replica(node, tp) else {
            return;
        };
        let epoch = replica.partition.leader_epoch();
        let before = self.high_watermarks.insert((node, tp), (epoch, to));
        if let Some((_, high)) = before.filter(|(then, high)| *then == epoch && *high > to) {
            let text = format!(
                "{} moved the high watermark of {} from {high} back to {to} in leader epoch \
                 {epoch}",
                glance.view.names.machine(node),
                glance.view.tp_name(tp)
            );
            glance.violated(Invariant::I9, text);
        }
    }

    fn in_order(
        &mut self,
        glance: &mut Glance<'_>,
        node: NodeId,
        client: ClientNo,
        tp: Tp,
        now: (u64, u32, i64),
    ) {
        let idempotent = glance
            .view
            .client(node)
            .and_then(|process| process.producer(client))
            .is_some_and(|producer| producer.is_idempotent());
        if !idempotent || now.2 < 0 {
            return;
        }
        let before = self
            .acknowledged
            .insert((node, client, tp), now)
            .unwrap_or(now);
        // An unclean election took records away: later ones may stand where they stood.
        let swapped = before.0 == now.0 && (before.1 < now.1) != (before.2 < now.2);
        if swapped && before != now {
            let text = format!(
                "the producer's record {} of {} is at offset {}, its record {} at {}",
                before.1,
                glance.view.tp_name(tp),
                before.2,
                now.1,
                now.2
            );
            glance.violated(Invariant::I17, text);
        }
    }
}
