//! What a node knows: for its process, for checks, and for the other files of this room.

use super::messages::Standing;
use super::quorum_state::VoterKey;
use super::role::RoleState;
use super::{RaftFault, RaftNode};
use crate::kafka::config::Sabotage;
use crate::kafka::storage::Log;

impl RaftNode {
    /// The leader, if one is known, and the epoch that this node is in.
    pub fn leader(&self) -> (Option<i32>, i32) {
        let own = self.config.node_id;
        match &self.role {
            RoleState::Unattached(state) => (state.leader, state.epoch),
            RoleState::Prospective(state) => (state.leader, state.epoch),
            RoleState::Candidate(state) => (None, state.epoch),
            RoleState::Leader(state) => (Some(own), state.epoch),
            RoleState::Resigned(state) => (Some(own), state.epoch),
            RoleState::Follower(state) => (Some(state.leader), state.epoch),
        }
    }

    /// Whether this node leads.
    pub fn is_leader(&self) -> bool {
        matches!(self.role, RoleState::Leader(_))
    }

    /// Whether this node votes.
    pub fn is_voter(&self) -> bool {
        let mut voters = self.config.voters.iter();
        voters.any(|(id, _)| *id == self.config.node_id)
    }

    /// The role's name in Kafka.
    pub fn role_name(&self) -> &'static str {
        if self.is_voter() || !matches!(self.role, RoleState::Follower(_)) {
            self.role.name()
        } else {
            "Observer"
        }
    }

    /// Whom this node voted for in its epoch.
    pub fn voted_for(&self) -> Option<i32> {
        match &self.role {
            RoleState::Unattached(state) => state.voted.map(|voted| voted.id),
            RoleState::Prospective(state) => state.voted.map(|voted| voted.id),
            RoleState::Follower(state) => state.voted.map(|voted| voted.id),
            RoleState::Candidate(_) => Some(self.config.node_id),
            RoleState::Leader(_) | RoleState::Resigned(_) => None,
        }
    }

    /// The high watermark: of a leader the one of its own epoch, of others what they heard.
    pub fn high_watermark(&self) -> Option<i64> {
        match &self.role {
            RoleState::Leader(leader) => leader.high_watermark,
            _ => self.knows_high_watermark.then_some(self.committed_end),
        }
    }

    /// The log end: the next offset to be written.
    pub fn log_end(&self) -> i64 {
        self.log.log_end()
    }

    /// The offset below which the log is on disk for good.
    pub fn durable_log_end(&self) -> i64 {
        self.log.durable_end()
    }

    /// Of a leader, the offset of the record that began its epoch. The leader knows all that was
    /// committed before it when the committed batches have passed this offset.
    pub fn epoch_start_offset(&self) -> Option<i64> {
        match &self.role {
            RoleState::Leader(leader) => Some(leader.epoch_start),
            _ => None,
        }
    }

    /// The metadata log.
    pub fn log(&self) -> &Log {
        self.log.log()
    }

    /// Why the node can not go on, if so.
    pub fn fault(&self) -> Option<&RaftFault> {
        self.fault.as_ref()
    }

    /// Whether a controlled shutdown has nothing left to do: no voter waits to hear of it.
    pub fn is_shutdown_complete(&self) -> bool {
        match &self.role {
            RoleState::Leader(_) => false,
            RoleState::Resigned(state) => state.unacknowledged.is_empty(),
            _ => true,
        }
    }

    pub(super) fn has(&self, sabotage: Sabotage) -> bool {
        self.config.semantics.sabotage.has(sabotage)
    }

    pub(super) fn has_valid_cluster_id(&self, asked: Option<&str>) -> bool {
        asked.is_none_or(|id| id == self.config.cluster_id)
    }

    pub(super) fn own_key(&self) -> VoterKey {
        VoterKey::of(self.config.node_id, self.config.directory_id)
    }

    pub(super) fn voters(&self) -> Vec<i32> {
        self.config.voters.iter().map(|(id, _)| *id).collect()
    }

    pub(super) fn other_voters(&self) -> Vec<i32> {
        self.peers.iter().map(|peer| peer.id).collect()
    }

    /// The host of a voter.
    pub(super) fn host_of(&self, id: i32) -> Option<&str> {
        let mut voters = self.config.voters.iter();
        let (_, host) = voters.find(|(voter, _)| *voter == id)?;
        Some(host)
    }

    pub(super) fn standing(&self) -> Standing {
        let (leader, epoch) = self.leader();
        Standing {
            leader,
            epoch,
            host: leader.and_then(|id| self.host_of(id)).map(str::to_owned),
        }
    }
}
