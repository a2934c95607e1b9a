//! An unclean election may lose what was committed: for its partition I2, I4, I5, I9, I10, I16
//! and I17 pause from the election until every replica runs, follows the new epoch and agrees
//! with the leader, and the high watermark has reached the epoch's start.
//!
//! Once as many replicas of a partition as min.insync.replicas have lost bytes that they had
//! acknowledged, nothing was promised: the same checks are off for that partition from then on.

use super::Glance;
use super::epochs::first_difference;
use crate::kafka::vocabulary::{Note, Tp};
use crate::sim::{Action, Fault, NodeId, Tail};
use std::collections::{BTreeMap, BTreeSet};

/// Which partitions' checks pause.
#[derive(Clone, Debug, Default)]
pub(super) struct Suspension {
    paused: BTreeSet<Tp>,
    /// How often each partition's checks have paused; histories of an older count are void.
    rounds: BTreeMap<Tp, u64>,
    /// Brokers that may have lost unsynced bytes and are in no ISR since.
    lossy: BTreeSet<NodeId>,
    /// So many copies were lost at once that nothing was promised.
    excused: BTreeSet<Tp>,
}

impl Suspension {
    pub(super) fn is_paused(&self, tp: Tp) -> bool {
        self.paused.contains(&tp) || self.excused.contains(&tp)
    }

    /// Changes with every pause of the partition's checks.
    pub(super) fn round(&self, tp: Tp) -> u64 {
        self.rounds.get(&tp).copied().unwrap_or(0)
    }

    pub(super) fn count(&self) -> u64 {
        self.rounds.values().sum()
    }

    pub(super) fn after(&mut self, glance: &mut Glance<'_>) {
        if let Some(Action::Fault(fault)) = glance.record.action {
            self.count_loss(glance, fault);
        }
        for (_, note) in glance.notes() {
            match note {
                Note::LeaderElected {
                    partition,
                    unclean: true,
                    ..
                } => {
                    self.paused.insert(partition);
                    *self.rounds.entry(partition).or_insert(0) += 1;
                }
                Note::IsrChanged { isr, .. } => {
                    let names = glance.view.names;
                    let joined = |node| names.kafka_id(node).is_some_and(|id| isr.contains(id));
                    self.lossy.retain(|node| !joined(*node));
                }
                _ => {}
            }
        }
        self.paused.retain(|tp| !settled(glance, *tp));
    }

    /// I2 promises nothing once as many brokers as min.insync.replicas have lost bytes at once.
    fn count_loss(&mut self, glance: &Glance<'_>, fault: &Fault) {
        let node = match *fault {
            Fault::PowerOff { node, tail } if tail != Tail::Kept => node,
            Fault::Start { node, wipe: true } | Fault::DiskCorrupt { node, .. } => node,
            _ => return,
        };
        self.lossy.insert(node);
        let Some(truth) = glance.view.truth() else {
            return;
        };
        for topic in truth.topics.values() {
            let config = truth.topic_config(&topic.name, &Default::default());
            for (number, partition) in &topic.partitions {
                let lost = partition.replicas.iter().filter(|id| {
                    let node = glance.view.names.by_kafka_id(**id);
                    node.is_some_and(|node| self.lossy.contains(&node))
                });
                let needed = (config.min_insync_replicas as usize).min(partition.replicas.len());
                if lost.count() >= needed {
                    self.excused.insert(Tp::new(topic.id, *number));
                }
            }
        }
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
