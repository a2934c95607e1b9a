//! Votes, and what a new or a resigning leader says: Vote, BeginQuorumEpoch, EndQuorumEpoch.

use super::RaftNode;
use super::log::EpochAndOffset;
use super::messages::{self, Ballot, Verdict};
use super::quorum_state::VoterKey;
use super::role::RoleState;
use crate::kafka::config::Sabotage;
use crate::kafka::protocol::messages::{
    BeginQuorumEpochRequest, BeginQuorumEpochResponse, EndQuorumEpochRequest,
    EndQuorumEpochResponse, VoteRequest, VoteResponse,
};
use crate::kafka::protocol::{ErrorCode, Message};
use crate::kafka::vocabulary::{Kafka, NodeId, Note, RaftTimer, Timer};
use crate::sim::{Ctx, Span};
use uuid::Uuid;

impl RaftNode {
    /// Answers a vote or a pre-vote.
    pub(super) fn handle_vote_request(
        &mut self,
        request: &VoteRequest,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Message {
        if !self.has_valid_cluster_id(request.cluster_id.as_deref()) {
            return VoteResponse::default()
                .with_error_code(ErrorCode::INCONSISTENT_CLUSTER_ID.0)
                .into();
        }
        let Some((ballot, directory)) = messages::read_vote_request(request) else {
            return VoteResponse::default()
                .with_error_code(ErrorCode::INVALID_REQUEST.0)
                .into();
        };
        let error = self.validate_ballot(&ballot);
        if !error.is_none() {
            return messages::vote_response(error, &self.standing(), false);
        }
        if ballot.epoch > self.role.epoch() {
            self.transition_to_unattached(ballot.epoch, None, ctx);
        }
        if !self.is_valid_voter_key(request.voter_id.0, directory) {
            return messages::vote_response(ErrorCode::INVALID_VOTER_KEY, &self.standing(), false);
        }
        let granted = self.can_grant_vote(&ballot);
        if granted && !ballot.pre_vote {
            self.record_vote(ballot.candidate, ctx);
        }
        ctx.note(Note::VoteAnswered {
            epoch: ballot.epoch,
            candidate: NodeId(ballot.candidate.id),
            granted,
            pre_vote: ballot.pre_vote,
        });
        messages::vote_response(ErrorCode::NONE, &self.standing(), granted)
    }

    /// A candidate asks in an epoch that its log can not have yet; a pre-vote may ask in the
    /// epoch of its log.
    fn validate_ballot(&self, ballot: &Ballot) -> ErrorCode {
        let EpochAndOffset { epoch, offset } = ballot.log_end;
        let newest = if ballot.pre_vote {
            ballot.epoch
        } else {
            ballot.epoch.saturating_sub(1)
        };
        if offset < 0 || epoch < 0 || epoch > newest {
            return ErrorCode::INVALID_REQUEST;
        }
        self.validate_voter_only_request(ballot.candidate.id, ballot.epoch)
    }

    fn can_grant_vote(&self, ballot: &Ballot) -> bool {
        let is_up_to_date = ballot.log_end >= self.log.end();
        if ballot.pre_vote {
            return is_up_to_date && !self.knows_live_leader();
        }
        let (leader, voted) = match &self.role {
            RoleState::Unattached(state) => (state.leader, state.voted),
            RoleState::Prospective(state) => (state.leader, state.voted),
            _ => return false,
        };
        match (voted, leader) {
            (Some(voted), _) => voted.matches(ballot.candidate),
            (None, Some(_)) => false,
            (None, None) => is_up_to_date,
        }
    }

    /// Whether the epoch has a leader that this node has heard from: an election would only
    /// disturb it.
    fn knows_live_leader(&self) -> bool {
        match &self.role {
            RoleState::Follower(state) => state.has_fetched,
            RoleState::Leader(_) => true,
            _ => false,
        }
    }

    /// Remembers the first vote of the epoch. The answer waits until it is durable.
    fn record_vote(&mut self, candidate: VoterKey, ctx: &mut Ctx<'_, Kafka>) {
        let voted = match &self.role {
            RoleState::Unattached(state) => state.voted,
            RoleState::Prospective(state) => state.voted,
            _ => return,
        };
        if voted.is_none() {
            let forgets = self.has(Sabotage::ForgetVote);
            self.transition_to_voted((!forgets).then_some(candidate), ctx);
        }
    }

    /// A voter answered a vote or a pre-vote. False: leave it alone for a while.
    pub(super) fn handle_vote_response(
        &mut self,
        voter: i32,
        response: &VoteResponse,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> bool {
        if response.error_code != 0 {
            return false;
        }
        let Some((verdict, granted)) = messages::read_vote_response(response) else {
            return false;
        };
        if let Some(handled) = self.maybe_handle_common_response(verdict, ctx) {
            return handled;
        }
        if !verdict.error.is_none() {
            return false;
        }
        if let RoleState::Prospective(_) | RoleState::Candidate(_) = &self.role {
            self.record_answer(voter, granted, ctx);
        }
        true
    }

    fn record_answer(&mut self, voter: i32, granted: bool, ctx: &mut Ctx<'_, Kafka>) {
        let votes = match &mut self.role {
            RoleState::Prospective(state) => &mut state.votes,
            RoleState::Candidate(state) => &mut state.votes,
            _ => return,
        };
        if granted {
            votes.record_granted(voter);
        } else {
            votes.record_rejected(voter);
        }
        let (is_granted, is_rejected) = (votes.is_granted(), votes.is_rejected());
        // A candidate that lost waits for the rest of its election timeout.
        if matches!(self.role, RoleState::Prospective(_)) {
            if is_granted {
                self.transition_to_candidate(ctx);
            } else if is_rejected {
                self.lose_pre_vote(ctx);
            }
        }
    }

    /// Leads, if a majority granted and the own vote is durable.
    pub(super) fn maybe_transition_to_leader(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        if let RoleState::Candidate(state) = &self.role
            && state.votes.is_granted()
            && !self.store.is_syncing()
        {
            let granting = state.votes.granted().to_vec();
            self.transition_to_leader(granting, ctx);
        }
    }

    /// A leader says that its epoch has begun.
    pub(super) fn handle_begin_quorum_epoch_request(
        &mut self,
        request: &BeginQuorumEpochRequest,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Message {
        let refuse = |error: ErrorCode| {
            BeginQuorumEpochResponse::default()
                .with_error_code(error.0)
                .into()
        };
        if !self.has_valid_cluster_id(request.cluster_id.as_deref()) {
            return refuse(ErrorCode::INCONSISTENT_CLUSTER_ID);
        }
        let Some((leader, epoch, directory)) = messages::read_begin_quorum_epoch_request(request)
        else {
            return refuse(ErrorCode::INVALID_REQUEST);
        };
        let mut error = self.validate_voter_only_request(leader, epoch);
        if error.is_none() {
            error = self.maybe_transition(Some(leader), epoch, ctx);
        }
        if error.is_none() && !self.is_valid_voter_key(request.voter_id.0, directory) {
            error = ErrorCode::INVALID_VOTER_KEY;
        }
        messages::begin_quorum_epoch_response(error, &self.standing())
    }

    /// A voter heard of this leader's epoch.
    pub(super) fn handle_begin_quorum_epoch_response(
        &mut self,
        response: &BeginQuorumEpochResponse,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> bool {
        let verdict = messages::read_begin_quorum_epoch_response(response)
            .filter(|_| response.error_code == 0);
        verdict.is_some_and(|verdict| {
            self.maybe_handle_common_response(verdict, ctx)
                .unwrap_or(verdict.error.is_none())
        })
    }

    /// A leader resigns and names its preferred successors.
    pub(super) fn handle_end_quorum_epoch_request(
        &mut self,
        request: &EndQuorumEpochRequest,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Message {
        let refuse = |error: ErrorCode| {
            EndQuorumEpochResponse::default()
                .with_error_code(error.0)
                .into()
        };
        if !self.has_valid_cluster_id(request.cluster_id.as_deref()) {
            return refuse(ErrorCode::INCONSISTENT_CLUSTER_ID);
        }
        let Some((leader, epoch, preferred)) = messages::read_end_quorum_epoch_request(request)
        else {
            return refuse(ErrorCode::INVALID_REQUEST);
        };
        let mut error = self.validate_voter_only_request(leader, epoch);
        if error.is_none() {
            error = self.maybe_transition(Some(leader), epoch, ctx);
        }
        if error.is_none() && self.follows(leader) {
            let backoff = self.end_epoch_election_backoff(&preferred);
            self.set_fetch_deadline(ctx.mono() + backoff, ctx);
        }
        messages::end_quorum_epoch_response(error, &self.standing())
    }

    /// A voter heard that this leader resigns.
    pub(super) fn handle_end_quorum_epoch_response(
        &mut self,
        voter: i32,
        response: &EndQuorumEpochResponse,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> bool {
        let verdict =
            messages::read_end_quorum_epoch_response(response).filter(|_| response.error_code == 0);
        let Some(verdict) = verdict else {
            return false;
        };
        if let Some(handled) = self.maybe_handle_common_response(verdict, ctx) {
            return handled;
        }
        if let RoleState::Resigned(state) = &mut self.role
            && verdict.error.is_none()
        {
            state.unacknowledged.retain(|id| *id != voter);
        }
        verdict.error.is_none()
    }

    fn follows(&self, leader: i32) -> bool {
        matches!(&self.role, RoleState::Follower(state) if state.leader == leader)
    }

    /// How long a voter waits before it stands for the resigned leader: the first in the list
    /// not at all, each further one twice as long as the one before.
    fn end_epoch_election_backoff(&self, preferred: &[i32]) -> Span {
        let most = self.config.quorum.election_backoff_max.as_millis();
        let place = preferred.iter().position(|id| *id == self.config.node_id);
        let backoff = match place {
            Some(0) => 0,
            None => most,
            Some(place) => {
                let base = most >> (preferred.len() - 1).min(63);
                most.min(base << (place - 1).min(32))
            }
        };
        Span::from_millis(backoff)
    }

    /// What every answer may tell: a larger epoch, or the leader of this one. None if the answer
    /// is still to be handled by its kind.
    pub(super) fn maybe_handle_common_response(
        &mut self,
        verdict: Verdict,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Option<bool> {
        let Verdict {
            error,
            leader,
            epoch,
        } = verdict;
        let own_epoch = self.role.epoch();
        if epoch < own_epoch || error == ErrorCode::UNKNOWN_LEADER_EPOCH {
            return Some(true);
        }
        let is_stale =
            error == ErrorCode::FENCED_LEADER_EPOCH || error == ErrorCode::NOT_LEADER_OR_FOLLOWER;
        if epoch > own_epoch || is_stale {
            self.maybe_transition(leader, epoch, ctx);
            return Some(true);
        }
        if leader.is_some() && self.leader().0.is_none() {
            self.maybe_transition(leader, epoch, ctx);
            return (!error.is_none()).then_some(true);
        }
        (error == ErrorCode::BROKER_NOT_AVAILABLE).then_some(false)
    }

    /// Follows a leader, or leaves an old epoch, that a request or an answer told of. Two leaders
    /// of one epoch contradict each other: Kafka's node would stop, this one refuses to listen.
    pub(super) fn maybe_transition(
        &mut self,
        leader: Option<i32>,
        epoch: i32,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> ErrorCode {
        let (own_leader, own_epoch) = self.leader();
        let known = leader.filter(|id| *id != self.config.node_id && self.host_of(*id).is_some());
        if epoch > own_epoch {
            match known {
                Some(leader) => self.transition_to_follower(epoch, leader, ctx),
                None => self.transition_to_unattached(epoch, None, ctx),
            }
        } else if epoch == own_epoch {
            match (leader, own_leader) {
                (Some(told), Some(own)) if told != own => return ErrorCode::INVALID_REQUEST,
                (Some(_), None) => {
                    if let Some(leader) = known {
                        self.transition_to_follower(epoch, leader, ctx);
                    }
                }
                _ => {}
            }
        }
        ErrorCode::NONE
    }

    /// Fences requests of old epochs from other voters.
    fn validate_voter_only_request(&self, remote: i32, epoch: i32) -> ErrorCode {
        if epoch < self.role.epoch() {
            ErrorCode::FENCED_LEADER_EPOCH
        } else if remote < 0 {
            ErrorCode::INVALID_REQUEST
        } else {
            ErrorCode::NONE
        }
    }

    fn is_valid_voter_key(&self, voter: i32, directory: Uuid) -> bool {
        let is_own_directory = directory.is_nil() || directory == self.config.directory_id;
        voter < 0 || (voter == self.config.node_id && is_own_directory)
    }

    /// Tells the voters that have been silent for half a fetch timeout of this epoch.
    pub(super) fn handle_begin_quorum_epoch_timer(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let silence = Span(self.config.quorum.fetch_timeout.0 / 2);
        let own = self.config.node_id;
        if let RoleState::Leader(leader) = &mut self.role {
            leader.to_tell = leader.silent_voters(own, ctx.mono(), silence);
            if leader.voters.len() > 1 {
                ctx.arm_after(silence, Timer::Raft(RaftTimer::BeginQuorumEpoch));
            }
        }
    }
}
