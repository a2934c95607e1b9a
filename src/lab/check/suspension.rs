//! An unclean election may lose what was committed: for its partition I2, I4, I5, I9, I10, I16
//! and I17 pause from the election until every replica runs, follows the new epoch and agrees
//! with the leader, and the high watermark has reached the epoch's start.
//!
//! Where so many copies were lost at once that nothing was promised (`losses`), the same checks are
//! off for that partition from then on.

use super::Glance;
use super::epochs::first_difference;
use super::losses::Losses;
use crate::kafka::vocabulary::{Note, Tp};
use std::collections::{BTreeMap, BTreeSet};

/// Which partitions' checks pause.
#[derive(Clone, Debug, Default)]
pub(super) struct Suspension {
    paused: BTreeSet<Tp>,
    /// How often each partition's checks have paused; histories of an older count are void.
    rounds: BTreeMap<Tp, u64>,
    losses: Losses,
}

impl Suspension {
    pub(super) fn is_paused(&self, tp: Tp) -> bool {
        self.paused.contains(&tp) || self.losses.is_excused(tp)
    }

    /// Changes with every pause of the partition's checks.
    pub(super) fn round(&self, tp: Tp) -> u64 {
        self.rounds.get(&tp).copied().unwrap_or(0)
    }

    pub(super) fn count(&self) -> u64 {
        self.rounds.values().sum()
    }

    /// Whether a broker has lost bytes of the partition and is not back in its ISR since.
    pub(super) fn is_lossy(&self, tp: Tp, broker: i32) -> bool {
        self.losses.is_lossy(tp, broker)
    }

    pub(super) fn after(&mut self, glance: &mut Glance<'_>) {
        self.losses.after(glance);
        for (_, note) in glance.notes() {
            if let Note::LeaderElected {
                partition,
                unclean: true,
                ..
            } = note
            {
                self.paused.insert(partition);
                *self.rounds.entry(partition).or_insert(0) += 1;
            }
        }
        self.paused.retain(|tp| !settled(glance, *tp));
    }
}

/// A replica that is down may come back with a log of before: it must have been seen to agree.
fn settled(glance: &Glance<'_>, tp: Tp) -> bool {
    let Some(registration) = glance.view.registration(tp) else {
        return true;
    };
    let Some(leader) = glance.view.leader(tp) else {
        return false;
    };
    let (epoch, log) = (registration.leader_epoch, leader.partition.log());
    let agrees = |replica: crate::lab::cluster::ReplicaView<'_>| {
        replica.partition.leader_epoch() == epoch
            && first_difference(log, replica.partition.log(), replica.offsets().log_end).is_none()
    };
    let start = leader.partition.epoch_start();
    leader.partition.leader_epoch() == epoch
        && start.is_some_and(|start| leader.offsets().high_watermark >= start)
        && glance.view.replicas(tp).count() >= registration.replicas.len()
        && glance.view.replicas(tp).all(agrees)
}
