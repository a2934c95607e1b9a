//! [`Purgatory`]: operations that wait for a partition to change (`DelayedOperationPurgatory`).
//!
//! Every operation watches the partitions that can complete it and has a timer of its own
//! ([`crate::kafka::vocabulary::ReplicaTimer::Delayed`] with its slot). After a change of a
//! partition the operations that watch it are looked at in the order in which they were parked.

use super::fetch::DelayedFetch;
use super::produce::DelayedProduce;
use super::table::PartitionNo;
use crate::sim::ConnId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A parked operation.
#[derive(Clone, Debug)]
pub(super) enum Delayed {
    Produce(DelayedProduce),
    Fetch(DelayedFetch),
}

impl Delayed {
    fn conn(&self) -> ConnId {
        match self {
            Delayed::Produce(produce) => produce.from.conn,
            Delayed::Fetch(fetch) => fetch.from.conn,
        }
    }
}

/// Which operations a change may complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DelayedKind {
    Produce,
    Fetch,
}

#[derive(Clone, Debug)]
struct Parked {
    delayed: Arc<Delayed>,
    watches: Arc<[PartitionNo]>,
}

/// All parked operations of a broker.
#[derive(Clone, Debug, Default)]
pub(super) struct Purgatory {
    slots: Vec<Option<Parked>>,
    free: Vec<u32>,
    watchers: BTreeMap<PartitionNo, Vec<u32>>,
}

impl Purgatory {
    /// Parks an operation and returns its slot.
    pub(super) fn park(&mut self, delayed: Delayed, watches: &[PartitionNo]) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            (self.slots.len() - 1) as u32
        });
        for no in watches {
            self.watchers.entry(*no).or_default().push(slot);
        }
        self.slots[slot as usize] = Some(Parked {
            delayed: Arc::new(delayed),
            watches: watches.into(),
        });
        slot
    }

    pub(super) fn get(&self, slot: u32) -> Option<&Delayed> {
        Some(&self.slots.get(slot as usize)?.as_ref()?.delayed)
    }

    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut Delayed> {
        let parked = self.slots.get_mut(slot as usize)?.as_mut()?;
        Some(Arc::make_mut(&mut parked.delayed))
    }

    /// Takes an operation out, to complete it.
    pub(super) fn take(&mut self, slot: u32) -> Option<Delayed> {
        let parked = self.slots.get_mut(slot as usize)?.take()?;
        self.free.push(slot);
        for no in parked.watches.iter() {
            if let Some(slots) = self.watchers.get_mut(no) {
                slots.retain(|other| *other != slot);
                if slots.is_empty() {
                    self.watchers.remove(no);
                }
            }
        }
        Some(Arc::unwrap_or_clone(parked.delayed))
    }

    /// The operations of that kind that watch a partition, oldest first.
    pub(super) fn watching(&self, no: PartitionNo, kind: DelayedKind) -> Vec<u32> {
        let of_kind = |slot: &&u32| {
            let found = self.get(**slot).map(|delayed| match delayed {
                Delayed::Produce(_) => DelayedKind::Produce,
                Delayed::Fetch(_) => DelayedKind::Fetch,
            });
            found == Some(kind)
        };
        let slots = self.watchers.get(&no).map_or(&[][..], Vec::as_slice);
        slots.iter().filter(of_kind).copied().collect()
    }

    /// The operations whose requests came on `conn`.
    pub(super) fn of_connection(&self, conn: ConnId) -> Vec<u32> {
        let mine = |slot: &u32| {
            self.get(*slot)
                .is_some_and(|delayed| delayed.conn() == conn)
        };
        (0..self.slots.len() as u32).filter(mine).collect()
    }

    /// How many operations are parked.
    pub(super) fn len(&self) -> usize {
        self.slots.iter().flatten().count()
    }
}
