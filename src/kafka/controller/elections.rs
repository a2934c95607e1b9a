//! [`PartitionChangeBuilder`]: one partition change, from the replicas that may lead and the ISR
//! that is wanted (`PartitionChangeBuilder` in Kafka). The order matters: recompute the ELR, elect,
//! write ELR and ISR, remember the last known leader.
//!
//! A replica is valid as a leader if it is acceptable (its broker is active, its log directory
//! online) and in the ISR, or in the ELR while the ISR is empty.
//!
//! | election | choice |
//! |---|---|
//! | online | the present leader if valid; else the first valid replica; else the last known leader; else none |
//! | unclean | as online, and before none: the first acceptable replica |
//! | preferred | the first replica if valid; else the present leader if valid; else as online |

use crate::kafka::config::{Sabotage, Sabotages};
use crate::kafka::metadata::PartitionImage;
use crate::kafka::protocol::metadata_record::{MetadataRecord, PartitionChange};
use std::collections::BTreeSet;
use uuid::Uuid;

/// No broker.
pub(super) const NO_LEADER: i32 = -1;

/// How to elect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Election {
    /// The first replica if it may lead.
    Preferred,
    /// From the ISR (or ELR), to keep the partition online.
    Online,
    /// From outside the ISR too, if need be.
    Unclean,
}

/// Builds the change of one partition.
pub(super) struct PartitionChangeBuilder<'a> {
    partition: &'a PartitionImage,
    acceptable: &'a dyn Fn(i32) -> bool,
    min_isr: usize,
    elr_enabled: bool,
    election: Election,
    unclean_shutdown: Option<i32>,
    recovering: bool,
    isr: Vec<i32>,
    elr: Vec<i32>,
}

impl<'a> PartitionChangeBuilder<'a> {
    /// A change of `partition`, of which the brokers that `acceptable` names may lead. `min_isr`
    /// is the effective min.insync.replicas.
    pub(super) fn new(
        partition: &'a PartitionImage,
        acceptable: &'a dyn Fn(i32) -> bool,
        min_isr: usize,
        elr_enabled: bool,
    ) -> Self {
        PartitionChangeBuilder {
            partition,
            acceptable,
            min_isr,
            elr_enabled,
            election: Election::Online,
            unclean_shutdown: None,
            recovering: partition.recovering,
            isr: partition.isr.clone(),
            elr: partition.elr.clone(),
        }
    }

    /// Elects this way.
    pub(super) fn election(mut self, election: Election) -> Self {
        self.election = election;
        self
    }

    /// Asks for this ISR.
    pub(super) fn target_isr(mut self, isr: Vec<i32>) -> Self {
        self.isr = isr;
        self
    }

    /// Says whether the leader still recovers from an unclean election.
    pub(super) fn target_recovering(mut self, recovering: bool) -> Self {
        self.recovering = recovering;
        self
    }

    /// Keeps a broker that may have lost records out of the ELR.
    pub(super) fn unclean_shutdown(mut self, broker: Option<i32>) -> Self {
        self.unclean_shutdown = broker;
        self
    }

    /// The change, or none if nothing changes.
    pub(super) fn build(mut self, topic_id: Uuid, partition_id: i32) -> Option<PartitionChange> {
        let unchanged = PartitionChange {
            partition_id,
            topic_id,
            ..PartitionChange::default()
        };
        let mut change = unchanged.clone();
        self.populate_target_elr();
        self.try_election(&mut change);
        self.write_elr(&mut change);
        self.write_isr(&mut change);
        self.maybe_update_last_known_leader(&mut change);
        if self.recovering != self.partition.recovering {
            change.leader_recovery_state = Some(i8::from(self.recovering));
        }
        (change != unchanged).then_some(change)
    }

    /// A full ISR needs no ELR; below min.insync.replicas those who leave the ISR stay eligible.
    fn populate_target_elr(&mut self) {
        if !self.elr_enabled {
            return;
        }
        if self.isr.len() >= self.min_isr {
            self.elr.clear();
            return;
        }
        let before: BTreeSet<i32> = self
            .elr
            .iter()
            .chain(&self.partition.isr)
            .copied()
            .collect();
        let eligible = before.into_iter();
        self.elr = eligible
            .filter(|id| !self.isr.contains(id) && self.unclean_shutdown != Some(*id))
            .collect();
    }

    fn try_election(&mut self, change: &mut PartitionChange) {
        let (leader, unclean) = self.elect_leader();
        if leader == self.partition.leader {
            return;
        }
        change.leader = Some(leader);
        if self.elr.contains(&leader) {
            self.isr = vec![leader];
            self.elr.retain(|id| *id != leader);
        }
        if unclean {
            // Only the new leader's log counts from now on: records may be lost.
            change.isr = Some(vec![leader]);
            if !self.partition.recovering {
                change.leader_recovery_state = Some(1);
            }
        }
    }

    /// The leader, and whether its election is unclean.
    fn elect_leader(&self) -> (i32, bool) {
        let replicas = &self.partition.replicas;
        let preferred = replicas.first().copied();
        if let Some(first) = preferred.filter(|id| self.is_preferred_wanted(*id)) {
            return (first, false);
        }
        if self.is_valid(self.partition.leader) {
            return (self.partition.leader, false);
        }
        if let Some(id) = replicas.iter().find(|id| self.is_valid(**id)) {
            return (*id, false);
        }
        if let Some(id) = self.last_known_leader() {
            return (id, true);
        }
        let acceptable = replicas.iter().find(|id| (self.acceptable)(**id));
        match acceptable.filter(|_| self.election == Election::Unclean) {
            Some(id) => (*id, true),
            None => (NO_LEADER, false),
        }
    }

    fn is_preferred_wanted(&self, first: i32) -> bool {
        self.election == Election::Preferred && self.is_valid(first)
    }

    fn is_valid(&self, replica: i32) -> bool {
        let eligible =
            self.isr.contains(&replica) || (self.isr.is_empty() && self.elr.contains(&replica));
        eligible && (self.acceptable)(replica)
    }

    /// With nobody left in ISR and ELR, the one that led last is the best there is.
    fn last_known_leader(&self) -> Option<i32> {
        if !self.elr_enabled || !self.elr.is_empty() || !self.isr.is_empty() {
            return None;
        }
        match self.partition.last_known_elr[..] {
            [last] if (self.acceptable)(last) => Some(last),
            _ => None,
        }
    }

    fn write_elr(&mut self, change: &mut PartitionChange) {
        let unclean = change.isr.is_some();
        if unclean || !self.elr_enabled {
            self.elr.clear();
        }
        if self.elr != self.partition.elr {
            change.eligible_leader_replicas = Some(self.elr.clone());
        }
    }

    /// Without ELR the last member stays in the ISR, so that it can lead again.
    fn write_isr(&self, change: &mut PartitionChange) {
        let may_be_written = !self.isr.is_empty() || self.elr_enabled;
        if change.isr.is_none() && may_be_written && self.isr != self.partition.isr {
            change.isr = Some(self.isr.clone());
        }
    }

    /// The last known leader is remembered in `last_known_elr` when the partition becomes
    /// leaderless, and forgotten when it has a leader.
    fn maybe_update_last_known_leader(&self, change: &mut PartitionChange) {
        if !self.elr_enabled {
            return;
        }
        let leader = self.partition.leader;
        let becomes_empty = change.isr.as_ref().is_some_and(Vec::is_empty);
        let leader_after = change.leader.unwrap_or(leader);
        if becomes_empty && leader != NO_LEADER && self.partition.last_known_elr != [leader] {
            change.last_known_elr = Some(vec![leader]);
        } else if leader_after != NO_LEADER && !self.partition.last_known_elr.is_empty() {
            change.last_known_elr = Some(Vec::new());
        }
    }
}

/// The record of a change. A leader in it gives the partition a new leader epoch.
pub(super) fn change_record(
    partition: &PartitionImage,
    change: PartitionChange,
    sabotage: Sabotages,
) -> MetadataRecord {
    if !sabotage.has(Sabotage::ReuseLeaderEpoch) {
        return MetadataRecord::PartitionChange(change);
    }
    // A partition written whole carries its epochs with it.
    let mut reused = partition.merge(&change);
    reused.leader_epoch = partition.leader_epoch;
    MetadataRecord::Partition(reused.to_record(change.topic_id, change.partition_id))
}
