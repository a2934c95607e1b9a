//! An unclean election may lose what was committed: for its partition I2, I4, I5, I9, I10,
//! I16 and I17 pause from the election until every running replica follows the new epoch and the high
//! watermark has reached the epoch's start.

use super::Glance;
use crate::kafka::vocabulary::{Note, Tp};
use std::collections::{BTreeMap, BTreeSet};

/// Which partitions' checks pause.
#[derive(Clone, Debug, Default)]
pub(super) struct Suspension {
    paused: BTreeSet<Tp>,
    /// How often each partition's checks have paused; histories of an older count are void.
    rounds: BTreeMap<Tp, u64>,
}

impl Suspension {
    pub(super) fn is_paused(&self, tp: Tp) -> bool {
        self.paused.contains(&tp)
    }

    /// Changes with every pause of the partition's checks.
    pub(super) fn round(&self, tp: Tp) -> u64 {
        self.rounds.get(&tp).copied().unwrap_or(0)
    }

    pub(super) fn count(&self) -> u64 {
        self.rounds.values().sum()
    }

    pub(super) fn after(&mut self, glance: &mut Glance<'_>) {
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

fn settled(glance: &Glance<'_>, tp: Tp) -> bool {
    let Some(registration) = glance.view.registration(tp) else {
        return true;
    };
    let Some(leader) = glance.view.leader(tp) else {
        return false;
    };
    let epoch = registration.leader_epoch;
    let start = leader.partition.epoch_start();
    leader.partition.leader_epoch() == epoch
        && start.is_some_and(|start| leader.offsets().high_watermark >= start)
        && glance
            .view
            .replicas(tp)
            .all(|replica| replica.partition.leader_epoch() == epoch)
}
