//! I9 and I17: what clients are told never goes back, and producers' order is kept, where it is
//! promised (`strangers`).

use super::strangers::{Strangers, producer_id};
use super::suspension::Suspension;
use super::{Glance, Invariant};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::vocabulary::{ClientNo, Note, Tp};
use crate::sim::NodeId;
use std::collections::BTreeMap;

/// The pause count, the number of a record among its producer's, and its offset.
type Acknowledged = (u64, u32, i64);

/// What each client was told last.
#[derive(Clone, Debug, Default)]
pub(super) struct Clients {
    /// By client machine and partition: the pause count, and LATEST as it was answered.
    latest: BTreeMap<(NodeId, Tp), (u64, i64)>,
    /// By leader and partition: the pause count, the leader epoch and its high watermark.
    high_watermarks: BTreeMap<(NodeId, Tp), (u64, i32, i64)>,
    /// By producer and partition: the last one.
    acknowledged: BTreeMap<(NodeId, ClientNo, Tp), Acknowledged>,
}

impl Clients {
    pub(super) fn after(
        &mut self,
        glance: &mut Glance<'_>,
        suspension: &Suspension,
        strangers: &Strangers,
    ) {
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
                    let round = suspension.round(partition);
                    self.high_watermark(glance, node, partition, (round, to));
                }
                Note::RecordAcknowledged {
                    client,
                    partition,
                    send,
                    offset,
                } if !suspension.is_paused(partition) => {
                    let now = (suspension.round(partition), send, offset);
                    if let Some(before) = self.swapped(glance, (node, client), partition, now)
                        && producer_id(glance, node, client)
                            .is_none_or(|id| strangers.keep_order(partition, id, before.1, send))
                    {
                        out_of_order(glance, partition, before, now);
                    }
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

    fn high_watermark(
        &mut self,
        glance: &mut Glance<'_>,
        node: NodeId,
        tp: Tp,
        (round, to): (u64, i64),
    ) {
        let Some(replica) = glance.view.replica(node, tp) else {
            return;
        };
        let epoch = replica.partition.leader_epoch();
        let before = self.high_watermarks.insert((node, tp), (round, epoch, to));
        let same = |(r, e, high): &(u64, i32, i64)| (*r, *e) == (round, epoch) && *high > to;
        if let Some((_, _, high)) = before.filter(same) {
            let text = format!(
                "{} moved the high watermark of {} from {high} back to {to} in leader epoch \
                 {epoch}",
                glance.view.names.machine(node),
                glance.view.tp_name(tp)
            );
            glance.violated(Invariant::I9, text);
        }
    }

    /// The acknowledgement before this one, if the two records stand the other way round.
    fn swapped(
        &mut self,
        glance: &Glance<'_>,
        (node, client): (NodeId, ClientNo),
        tp: Tp,
        now: Acknowledged,
    ) -> Option<Acknowledged> {
        let process = glance.view.client(node)?;
        let idempotent = process.producer(client)?.is_idempotent();
        if !idempotent || now.2 < 0 {
            return None;
        }
        let before = self.acknowledged.insert((node, client, tp), now)?;
        // A pause took records away: later ones may stand where they stood.
        let swapped = before.0 == now.0 && (before.1 < now.1) != (before.2 < now.2);
        (swapped && before != now).then_some(before)
    }
}

fn out_of_order(glance: &mut Glance<'_>, tp: Tp, before: Acknowledged, now: Acknowledged) {
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
