//! Where a leader took a batch of a producer that it knew nothing of: before that batch, the order
//! of the producer's records is not promised.
//!
//! Requests to a leader that is dead or cut off stay in flight until they time out. The next batch
//! of the partition goes to the new leader all the same: `RecordAccumulator` holds back a batch in
//! retry until the ones before it are done, but a new one only for a stale epoch or a sequence of
//! unknown fate (`shouldStopDrainBatchesForPartition`). A leader without an entry of the producer,
//! because none of its batches was replicated or all of them are deleted, takes any sequence
//! (`ProducerAppendInfo.checkSequence`). The batches in flight are then refused as out of order
//! until the first of them expires; the rest of them get a new epoch and stand behind. So does
//! Kafka 4.3.1.

use super::Glance;
use crate::kafka::vocabulary::{ClientNo, Note, Tp};
use crate::sim::NodeId;
use std::collections::{BTreeMap, BTreeSet};

/// A batch with a sequence above 0, the first of its producer in the leader's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stranger {
    producer: i64,
    offset: i64,
    /// The number of its first record among the producer's; known once it is acknowledged.
    send: Option<u32>,
}

/// The batches of every partition that were taken without a past.
#[derive(Clone, Debug, Default)]
pub(super) struct Strangers {
    /// Producers whose past was looked for, by partition and leader epoch.
    met: BTreeSet<(Tp, i32, i64)>,
    taken: BTreeMap<Tp, Vec<Stranger>>,
}

impl Strangers {
    pub(super) fn after(&mut self, glance: &Glance<'_>) {
        for (node, note) in glance.notes() {
            match note {
                Note::Appended {
                    partition,
                    base,
                    epoch,
                    ..
                } => self.appended(glance, node, partition, base, epoch),
                Note::RecordAcknowledged {
                    client,
                    partition,
                    send,
                    offset,
                } => self.acknowledged(glance, (node, client), partition, send, offset),
                _ => {}
            }
        }
    }

    /// How often it happened.
    pub(super) fn count(&self) -> u64 {
        self.taken.values().map(|taken| taken.len() as u64).sum()
    }

    /// Whether the order of two records of a producer, by their numbers, was promised.
    pub(super) fn keep_order(&self, tp: Tp, producer: i64, one: u32, other: u32) -> bool {
        let taken = self.taken.get(&tp).into_iter().flatten();
        let mut own = taken.filter(|stranger| stranger.producer == producer);
        let parts = |stranger: &Stranger| match stranger.send {
            Some(send) => (one < send) != (other < send),
            None => true,
        };
        !own.any(parts)
    }

    fn appended(&mut self, glance: &Glance<'_>, node: NodeId, tp: Tp, base: i64, epoch: i32) {
        let (Some(replica), Some(disk)) =
            (glance.view.replica(node, tp), glance.view.world.disk(node))
        else {
            return;
        };
        let log = replica.partition.log();
        let Some(batch) = log.batches_from(disk, base).next() else {
            return;
        };
        let producer = batch.producer_id();
        if producer < 0 || !self.met.insert((tp, epoch, producer)) || batch.base_sequence() == 0 {
            return;
        }
        let before = log.batches_from(disk, log.offsets().log_start);
        let mut before = before.take_while(|batch| batch.base_offset() < base);
        if !before.any(|batch| batch.producer_id() == producer) {
            self.taken.entry(tp).or_default().push(Stranger {
                producer,
                offset: base,
                send: None,
            });
        }
    }

    fn acknowledged(
        &mut self,
        glance: &Glance<'_>,
        (node, client): (NodeId, ClientNo),
        tp: Tp,
        send: u32,
        offset: i64,
    ) {
        let Some(taken) = self.taken.get_mut(&tp) else {
            return;
        };
        let Some(id) = producer_id(glance, node, client) else {
            return;
        };
        let named = |stranger: &&mut Stranger| stranger.producer == id && stranger.offset == offset;
        for stranger in taken.iter_mut().filter(named) {
            stranger.send.get_or_insert(send);
        }
    }
}

/// The id of an idempotent producer.
pub(super) fn producer_id(glance: &Glance<'_>, node: NodeId, client: ClientNo) -> Option<i64> {
    let producer = glance.view.client(node)?.producer(client)?;
    Some(producer.producer_id()).filter(|id| *id >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn strangers(send: Option<u32>) -> (Strangers, Tp) {
        let (mut strangers, tp) = (Strangers::default(), Tp::new(Uuid::from_u128(7), 0));
        let stranger = Stranger {
            producer: 4,
            offset: 10,
            send,
        };
        strangers.taken.insert(tp, vec![stranger]);
        (strangers, tp)
    }

    #[test]
    fn only_what_was_in_flight_may_stand_behind() {
        let (strangers, tp) = strangers(Some(5));
        assert!(!strangers.keep_order(tp, 4, 4, 5));
        assert!(!strangers.keep_order(tp, 4, 9, 0));
        assert!(strangers.keep_order(tp, 4, 5, 6));
        assert!(strangers.keep_order(tp, 4, 4, 3));
        assert!(strangers.keep_order(tp, 3, 4, 5), "another producer");
    }

    #[test]
    fn as_long_as_the_batch_is_not_acknowledged_anything_may() {
        let (strangers, tp) = strangers(None);
        assert!(!strangers.keep_order(tp, 4, 5, 6));
    }
}
