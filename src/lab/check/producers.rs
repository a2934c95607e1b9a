//! I16: each sequence of a producer stands once, in order, in what is committed.

use super::suspension::Suspension;
use super::{Glance, Invariant};
use crate::kafka::vocabulary::{Note, Tp};
use crate::sim::NodeId;
use std::collections::BTreeMap;

/// A producer's last committed batch of a partition.
#[derive(Clone, Copy, Debug)]
struct Last {
    epoch: i16,
    sequence: i32,
}

/// How far the committed log of a partition was read.
#[derive(Clone, Debug, Default)]
struct Read {
    round: u64,
    to: i64,
    producers: BTreeMap<i64, Last>,
}

/// Producers' sequences in committed logs.
#[derive(Clone, Debug, Default)]
pub(super) struct Producers {
    read: BTreeMap<Tp, Read>,
}

impl Producers {
    pub(super) fn after(&mut self, glance: &mut Glance<'_>, suspension: &Suspension) {
        for (node, note) in glance.notes() {
            if let Note::HighWatermarkAdvanced { partition, to, .. } = note
                && !suspension.is_paused(partition)
            {
                self.committed(glance, suspension.round(partition), node, partition, to);
            }
        }
    }

    fn committed(&mut self, glance: &mut Glance<'_>, round: u64, node: NodeId, tp: Tp, to: i64) {
        let (Some(replica), Some(disk)) =
            (glance.view.replica(node, tp), glance.view.world.disk(node))
        else {
            return;
        };
        let read = self.read.entry(tp).or_default();
        if read.round != round {
            *read = Read {
                round,
                ..Read::default()
            };
        }
        let log = replica.partition.log();
        let from = read.to.max(log.offsets().log_start);
        let fresh = log
            .batches_from(disk, from)
            .take_while(|batch| batch.next_offset() <= to);
        let fresh: Vec<_> = fresh.filter(|batch| batch.base_offset() >= from).collect();
        read.to = fresh.last().map_or(read.to, |batch| batch.next_offset());
        for batch in fresh
            .iter()
            .filter(|batch| batch.producer_id() >= 0 && !batch.is_control())
        {
            let now = Last {
                epoch: batch.producer_epoch(),
                sequence: batch.last_sequence(),
            };
            let before = read.producers.insert(batch.producer_id(), now);
            let follows = before.is_none_or(|before| {
                let next = before.sequence.checked_add(1).unwrap_or(0);
                match before.epoch == batch.producer_epoch() {
                    true => batch.base_sequence() == next,
                    false => batch.producer_epoch() > before.epoch && batch.base_sequence() == 0,
                }
            });
            if !follows {
                let text = format!(
                    "{} has producer {} with sequences {}..{} at offset {}, after sequence {}",
                    glance.view.tp_name(tp),
                    batch.producer_id(),
                    batch.base_sequence(),
                    batch.last_sequence(),
                    batch.base_offset(),
                    before.map_or(-1, |before| before.sequence)
                );
                glance.violated(Invariant::I16, text);
            }
        }
    }
}
