//! [`Partition`]: one replica of a partition on this broker, and what it knows as leader
//! (`kafka.cluster.Partition`).
//!
//! ```text
//! from \ to   Leader                                   Follower
//! (new)       make_leader                              make_follower
//! Leader      make_leader: same or newer leader epoch  make_follower
//! Follower    make_leader                              make_follower: same or newer leader epoch
//! ```
//! Both take the partition's record only if its partition epoch is not below the one known here,
//! because an AlterPartition answer may have told of a newer one before the metadata log did.

mod follower;
mod high_watermark;
mod isr;
mod leader;
mod read;
mod remote;

pub(super) use isr::{AlterOutcome, AlterResult};
pub use isr::{IsrState, Proposal};
pub use leader::LeaderState;
pub(super) use leader::{Acknowledgement, Refusal};
pub(super) use read::{FetchSpec, ReadInfo, Reader};
pub use remote::RemoteReplica;

use super::Broker;
use crate::kafka::config::{Sabotage, TopicConfig};
use crate::kafka::metadata::PartitionImage;
use crate::kafka::protocol::{ErrorCode, TopicPartition};
use crate::kafka::storage::Log;
use crate::kafka::vocabulary::Tp;
use crate::sim::{Disk, DiskError};
use std::sync::Arc;
use uuid::Uuid;

/// One replica of a partition on this broker.
#[derive(Clone, Debug)]
pub struct Partition {
    tp: Tp,
    topic: Arc<str>,
    topic_id: Uuid,
    number: i32,
    me: i32,
    leader: i32,
    leader_epoch: i32,
    partition_epoch: i32,
    replicas: Vec<i32>,
    role: Role,
    log: Log,
}

/// What this replica is.
#[derive(Clone, Debug)]
pub enum Role {
    /// It copies a leader's log, or waits for one.
    Follower,
    /// It takes writes and knows its followers.
    Leader(LeaderState),
}

impl Partition {
    /// A replica whose metadata is still to come: a follower of nobody.
    pub(super) fn new(topic: Arc<str>, topic_id: Uuid, number: i32, me: i32, log: Log) -> Self {
        Partition {
            tp: Tp::new(topic_id, number),
            topic,
            topic_id,
            number,
            me,
            leader: -1,
            leader_epoch: -1,
            partition_epoch: -1,
            replicas: Vec::new(),
            role: Role::Follower,
            log,
        }
    }

    /// The partition, as notes name it.
    pub fn tp(&self) -> Tp {
        self.tp
    }

    /// The topic's name.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The topic's id.
    pub fn topic_id(&self) -> Uuid {
        self.topic_id
    }

    /// The partition's number within its topic.
    pub fn number(&self) -> i32 {
        self.number
    }

    /// Topic and number.
    pub fn topic_partition(&self) -> TopicPartition {
        TopicPartition::new(&*self.topic, self.number)
    }

    /// The leader as far as this broker knows, -1 for none.
    pub fn leader(&self) -> i32 {
        self.leader
    }

    /// The leader epoch that this replica works in, -1 before the first.
    pub fn leader_epoch(&self) -> i32 {
        self.leader_epoch
    }

    /// The partition epoch known here, -1 before the first.
    pub fn partition_epoch(&self) -> i32 {
        self.partition_epoch
    }

    /// The assigned replicas.
    pub fn replicas(&self) -> &[i32] {
        &self.replicas
    }

    /// What this replica is, with what it knows as leader.
    pub fn role(&self) -> &Role {
        &self.role
    }

    /// The leader's knowledge, if this is the leader.
    pub fn leader_state(&self) -> Option<&LeaderState> {
        match &self.role {
            Role::Leader(leader) => Some(leader),
            Role::Follower => None,
        }
    }

    /// Whether this replica believes that it leads.
    pub fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// The committed ISR as the leader knows it; empty on a follower.
    pub fn isr(&self) -> &[i32] {
        self.leader_state()
            .map_or(&[], |leader| leader.isr.committed())
    }

    /// The ISR with a replica that is proposed to join (KIP-497); empty on a follower.
    pub fn maximal_isr(&self) -> Vec<i32> {
        self.leader_state()
            .map_or_else(Vec::new, |leader| leader.isr.maximal())
    }

    /// What the leader knows of its followers; empty on a follower.
    pub fn remotes(&self) -> &[RemoteReplica] {
        self.leader_state().map_or(&[], |leader| &leader.remotes)
    }

    /// The log end at the moment when this leader took over (LESO).
    pub fn epoch_start(&self) -> Option<i64> {
        self.leader_state().and_then(|leader| leader.epoch_start)
    }

    /// The log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    pub(super) fn log_mut(&mut self) -> &mut Log {
        &mut self.log
    }

    pub(super) fn into_log(self) -> Log {
        self.log
    }

    pub(super) fn set_config(&mut self, config: TopicConfig) {
        self.log.set_config(config);
    }

    /// `min.insync.replicas`, at most the replication factor.
    pub fn effective_min_isr(&self) -> usize {
        let configured = usize::try_from(self.log.config().min_insync_replicas).unwrap_or(0);
        configured.min(self.replicas.len())
    }

    /// Fencing (R9): a client's or follower's epoch against ours, then whether this replica may
    /// answer at all (`getLocalLog`).
    pub(super) fn check_epoch(
        &self,
        current_leader_epoch: Option<i32>,
        only_leader: bool,
    ) -> Result<(), ErrorCode> {
        match current_leader_epoch {
            Some(epoch) if epoch < self.leader_epoch => Err(ErrorCode::FENCED_LEADER_EPOCH),
            Some(epoch) if epoch > self.leader_epoch => Err(ErrorCode::UNKNOWN_LEADER_EPOCH),
            _ if only_leader && !self.is_leader() => Err(ErrorCode::NOT_LEADER_OR_FOLLOWER),
            _ => Ok(()),
        }
    }

    /// Whether a record of the metadata log is to be taken (I8).
    fn accepts(&self, state: &PartitionImage, broker: &Broker) -> bool {
        state.partition_epoch >= self.partition_epoch || broker.has(Sabotage::AcceptOldMetadata)
    }

    /// Cuts the log to end at `offset`.
    pub(super) fn truncate_to(
        &mut self,
        offset: i64,
        broker: &Broker,
        disk: &mut Disk,
        now_ms: i64,
    ) -> Result<(), DiskError> {
        let clamp = !broker.has(Sabotage::HighWatermarkAboveLogEnd);
        self.log.truncate_to(disk, offset, clamp, now_ms)?;
        Ok(())
    }

    /// The end of `epoch` in this log, none if the cache can not tell.
    pub(super) fn end_offset_for(&self, epoch: i32) -> Option<(i32, i64)> {
        match self.log.end_offset_for(epoch) {
            (-1, _) | (_, -1) => None,
            found => Some(found),
        }
    }
}
