//! The quorum state of a node (`QuorumState`): one role with its own data.
//!
//! ```text
//! from         to           when
//! Unattached   Unattached   a larger epoch is heard of; in the same epoch: a vote is given
//!              Prospective  the election timeout is over (voters)
//!              Follower     the leader of this or a larger epoch is heard of
//! Prospective  Unattached   a larger epoch is heard of; or the pre-vote is lost or times out and
//!                           no leader was known
//!              Prospective  a vote is given in this epoch
//!              Candidate    a majority granted its pre-vote: epoch + 1, a vote for itself
//!              Follower     the pre-vote is lost or times out and a leader was known; or a leader
//!                           of a larger epoch (of this one, if none was known) is heard of
//! Candidate    Unattached   a larger epoch is heard of
//!              Prospective  the election timeout is over
//!              Leader       a majority granted its vote
//!              Follower     the leader of this or a larger epoch is heard of
//! Leader       Unattached   a larger epoch is heard of
//!              Resigned     no majority fetched for 1.5 fetch timeouts, or it is asked to resign
//!              Follower     the leader of a larger epoch is heard of
//! Resigned     Unattached   a larger epoch is heard of; or, in epoch + 1, the election timeout is
//!                           over
//!              Follower     the leader of a larger epoch is heard of
//! Follower     Unattached   a larger epoch is heard of
//!              Prospective  the fetch timeout is over (voters)
//!              Follower     the leader of a larger epoch is heard of
//! ```
//! Observers know Unattached and Follower only. After a restart a node that led is Resigned in
//! its old epoch, a candidate is Candidate again, and the others are what the file says.

use super::RaftNode;
use super::leader::Leader;
use super::quorum_state::VoterKey;
use super::role::{Candidate, Follower, Prospective, Resigned, RoleState, Unattached};
use super::votes::Votes;
use crate::kafka::vocabulary::{Kafka, NodeId, Note, Purpose, RaftTimer, Timer};
use crate::sim::{Ctx, Span, Time};

impl RaftNode {
    /// Knows no leader of `epoch`, which is this node's or a larger one.
    pub(super) fn transition_to_unattached(
        &mut self,
        epoch: i32,
        leader: Option<i32>,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let election_deadline = match &self.role {
            _ if !self.is_voter() => Time::NEVER,
            RoleState::Unattached(state) => state.election_deadline,
            RoleState::Candidate(state) => state.election_deadline,
            RoleState::Resigned(state) => state.election_deadline,
            RoleState::Prospective(state) if !state.votes.is_rejected() => state.election_deadline,
            _ => self.random_election_deadline(ctx),
        };
        let election = self.role.election(self.own_key());
        let voted = election.voted.filter(|_| epoch == election.epoch);
        let state = Unattached {
            epoch,
            leader,
            voted,
            election_deadline,
        };
        self.set_role(RoleState::Unattached(state), ctx);
        ctx.note(Note::BecameUnattached { epoch });
    }

    /// Gives its vote in `epoch` to `candidate` and waits anew: the candidate has as good a
    /// chance to win as this node.
    pub(super) fn transition_to_voted(
        &mut self,
        candidate: Option<VoterKey>,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let election_deadline = self.random_election_deadline(ctx);
        let role = match &self.role {
            RoleState::Unattached(state) => RoleState::Unattached(Unattached {
                voted: candidate,
                election_deadline,
                ..state.clone()
            }),
            RoleState::Prospective(state) => RoleState::Prospective(Prospective {
                voted: candidate,
                votes: Votes::new(&self.voters(), self.config.node_id),
                election_deadline,
                ..state.clone()
            }),
            _ => return,
        };
        self.set_role(role, ctx);
    }

    /// Asks for pre-votes in its present epoch. The only voter goes on at once.
    pub(super) fn transition_to_prospective(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let own = self.own_key();
        let election = self.role.election(own);
        let state = Prospective {
            epoch: election.epoch,
            leader: election.leader.filter(|leader| *leader != own.id),
            voted: election.voted,
            votes: Votes::new(&self.voters(), own.id),
            election_deadline: self.random_election_deadline(ctx),
        };
        let epoch = state.epoch;
        let is_granted = state.votes.is_granted();
        self.set_role(RoleState::Prospective(state), ctx);
        ctx.note(Note::BecameProspective { epoch });
        if is_granted {
            self.transition_to_candidate(ctx);
        }
    }

    /// Starts an election in the next epoch. Requests leave when its own vote is durable.
    pub(super) fn transition_to_candidate(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let epoch = self.role.epoch() + 1;
        let state = Candidate {
            epoch,
            votes: Votes::new(&self.voters(), self.config.node_id),
            election_deadline: self.random_election_deadline(ctx),
        };
        self.set_role(RoleState::Candidate(state), ctx);
        ctx.note(Note::BecameCandidate { epoch });
    }

    /// Leads the epoch in which `granting` voted for it, and begins it with a control record.
    pub(super) fn transition_to_leader(&mut self, granting: Vec<i32>, ctx: &mut Ctx<'_, Kafka>) {
        let epoch = self.role.epoch();
        let start = self.log.log_end();
        if let Err(error) = self.log.initialize_leader_epoch(ctx.disk, epoch) {
            return self.fail(error.into());
        }
        let leader = Leader::new(epoch, start, granting, &self.voters());
        self.set_role(RoleState::Leader(leader), ctx);
        ctx.note(Note::BecameQuorumLeader { epoch, start });
        if self.voters().len() > 1 {
            let patience = self.check_quorum_timeout();
            ctx.arm_after(patience, Timer::Raft(RaftTimer::CheckQuorum));
        }
        self.append_leader_change(ctx);
        self.handle_begin_quorum_epoch_timer(ctx);
    }

    /// Gives up leadership and tells the voters who should follow it.
    pub(super) fn transition_to_resigned(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let RoleState::Leader(leader) = &self.role else {
            return;
        };
        let state = Resigned {
            epoch: leader.epoch,
            unacknowledged: self.other_voters(),
            preferred: leader.other_voters_by_descending_end(self.config.node_id),
            election_deadline: self.random_election_deadline(ctx),
        };
        let epoch = state.epoch;
        self.set_role(RoleState::Resigned(state), ctx);
        ctx.note(Note::ResignedQuorum { epoch });
    }

    /// Follows the leader of `epoch`.
    pub(super) fn transition_to_follower(
        &mut self,
        epoch: i32,
        leader: i32,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let election = self.role.election(self.own_key());
        let state = Follower {
            epoch,
            leader,
            voted: election.voted.filter(|_| epoch == election.epoch),
            fetch_deadline: ctx.mono() + self.config.quorum.fetch_timeout,
            has_fetched: false,
            claimed_epoch: None,
        };
        self.set_role(RoleState::Follower(state), ctx);
        let leader = NodeId(leader);
        ctx.note(Note::BecameQuorumFollower { epoch, leader });
    }

    /// The follower waits until `deadline` for its leader.
    pub(super) fn set_fetch_deadline(&mut self, deadline: Time, ctx: &mut Ctx<'_, Kafka>) {
        if let RoleState::Follower(state) = &mut self.role {
            state.fetch_deadline = deadline;
            ctx.arm(deadline, Timer::Raft(RaftTimer::State));
        }
    }

    /// The role's patience is over.
    pub(super) fn handle_state_timer(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        if !self.is_voter() || (self.shutting_down && !self.role_is_electing()) {
            return;
        }
        match &self.role {
            RoleState::Unattached(_) | RoleState::Candidate(_) | RoleState::Follower(_) => {
                self.transition_to_prospective(ctx);
            }
            RoleState::Prospective(_) => self.lose_pre_vote(ctx),
            RoleState::Resigned(state) => {
                let epoch = state.epoch + 1;
                self.transition_to_unattached(epoch, None, ctx);
            }
            RoleState::Leader(_) => {}
        }
    }

    /// A pre-vote was lost: the node goes back to where it came from.
    pub(super) fn lose_pre_vote(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let RoleState::Prospective(state) = &self.role else {
            return;
        };
        match (state.epoch, state.leader) {
            (epoch, Some(leader)) if self.host_of(leader).is_some() => {
                self.transition_to_follower(epoch, leader, ctx);
            }
            (epoch, leader) => self.transition_to_unattached(epoch, leader, ctx),
        }
    }

    /// Writes down what the present role must remember.
    pub(super) fn persist(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let election = self.role.election(self.own_key());
        let voters = self.voters();
        if let Err(error) = self.store.write(ctx.disk, election, &voters) {
            self.fail(error.into());
        }
    }

    /// A moment between one and two election timeouts from now, in whole milliseconds; never for
    /// an observer.
    pub(super) fn random_election_deadline(&self, ctx: &mut Ctx<'_, Kafka>) -> Time {
        if !self.is_voter() {
            return Time::NEVER;
        }
        let timeout = self.config.quorum.election_timeout.as_millis();
        let extra = ctx.draw(Purpose::ElectionTimeout, 0, 0..=timeout.saturating_sub(1));
        ctx.mono() + Span::from_millis(timeout + extra)
    }

    fn role_is_electing(&self) -> bool {
        matches!(
            self.role,
            RoleState::Prospective(_) | RoleState::Candidate(_)
        )
    }

    /// The one place where the role changes. Requests of the old role are forgotten: their
    /// answers will be ignored.
    fn set_role(&mut self, role: RoleState, ctx: &mut Ctx<'_, Kafka>) {
        let led = matches!(self.role, RoleState::Leader(_));
        self.role = role;
        self.generation += 1;
        self.arm_state_timer(ctx);
        self.persist(ctx);
        if led {
            ctx.cancel(Timer::Raft(RaftTimer::CheckQuorum));
            ctx.cancel(Timer::Raft(RaftTimer::BeginQuorumEpoch));
            self.refuse_parked_fetches(ctx);
        }
    }

    pub(super) fn arm_state_timer(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        match self.role.deadline() {
            Some(deadline) => ctx.arm(deadline, Timer::Raft(RaftTimer::State)),
            None => {
                ctx.cancel(Timer::Raft(RaftTimer::State));
            }
        }
    }
}
