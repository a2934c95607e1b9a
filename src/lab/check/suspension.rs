//! An unclean election may lose what was committed; so may the loss of as many copies at once as a
//! promise rests on (`losses`). For that partition I2, I4, I5, I9, I10, I16 and I17 pause from then
//! until every replica runs, follows the leader's epoch and agrees with the leader, every member of
//! the ISR has all below its high watermark, and that has reached the epoch's start. What was
//! promised before the pause is void; what is promised after it holds.

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
        self.paused.contains(&tp)
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
        for tp in self.losses.after(glance) {
            self.pause(tp);
        }
        for (_, note) in glance.notes() {
            if let Note::LeaderElected {
                partition,
                unclean: true,
                ..
            } = note
            {
                self.pause(partition);
            }
        }
        let losses = &mut self.losses;
        self.paused.retain(|tp| {
            let over = !losses.is_rotten(*tp) && settled(glance, *tp);
            if over {
                losses.begin_anew(*tp);
            }
            !over
        });
    }

    fn pause(&mut self, tp: Tp) {
        self.paused.insert(tp);
        *self.rounds.entry(tp).or_insert(0) += 1;
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
        let member = registration.isr.contains(&replica.broker);
        replica.partition.leader_epoch() == epoch
            && (!member || replica.offsets().log_end >= leader.offsets().high_watermark)
            && first_difference(log, replica.partition.log(), replica.offsets().log_end).is_none()
    };
    let start = leader.partition.epoch_start();
    leader.partition.leader_epoch() == epoch
        && start.is_some_and(|start| leader.offsets().high_watermark >= start)
        && glance.view.replicas(tp).count() >= registration.replicas.len()
        && glance.view.replicas(tp).all(agrees)
}
