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
use super::quorum_state::{Election, VoterKey};
use super::votes::Votes;
use crate::kafka::vocabulary::{Kafka, NodeId, Note, Purpose, RaftTimer, Timer};
use crate::sim::{Ctx, Span, Time};

/// The role of a node in the quorum, with its own data.
#[derive(Clone, Debug)]
pub(super) enum RoleState {
    Unattached(Unattached),
    Prospective(Prospective),
    Candidate(Candidate),
    Leader(Leader),
    Resigned(Resigned),
    Follower(Follower),
}

/// Knows no leader that it could follow.
#[derive(Clone, Debug)]
pub(super) struct Unattached {
    pub(super) epoch: i32,
    /// A leader whose host is not known.
    pub(super) leader: Option<i32>,
    pub(super) voted: Option<VoterKey>,
    pub(super) election_deadline: Time,
}

/// Asks whether it could win an election before it starts one.
#[derive(Clone, Debug)]
pub(super) struct Prospective {
    pub(super) epoch: i32,
    /// The leader that it followed.
    pub(super) leader: Option<i32>,
    pub(super) voted: Option<VoterKey>,
    pub(super) votes: Votes,
    pub(super) election_deadline: Time,
}

/// Asks for votes in its own epoch.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) epoch: i32,
    pub(super) votes: Votes,
    pub(super) election_deadline: Time,
}

/// Gave up its epoch and tells the voters.
#[derive(Clone, Debug)]
pub(super) struct Resigned {
    pub(super) epoch: i32,
    /// Voters that have not heard of it.
    pub(super) unacknowledged: Vec<i32>,
    /// Who should be elected, best first.
    pub(super) preferred: Vec<i32>,
    pub(super) election_deadline: Time,
}

/// Fetches from the leader of its epoch.
#[derive(Clone, Debug)]
pub(super) struct Follower {
    pub(super) epoch: i32,
    pub(super) leader: i32,
    pub(super) voted: Option<VoterKey>,
    pub(super) fetch_deadline: Time,
    /// A fetch from this leader succeeded: it is alive, so pre-votes are refused.
    pub(super) has_fetched: bool,
    /// Sabotage: the epoch that the fetches claim for a diverging log that was kept.
    pub(super) claimed_epoch: Option<i32>,
}

impl RoleState {
    pub(super) fn name(&self) -> &'static str {
        match self {
            RoleState::Unattached(_) => "Unattached",
            RoleState::Prospective(_) => "Prospective",
            RoleState::Candidate(_) => "Candidate",
            RoleState::Leader(_) => "Leader",
            RoleState::Resigned(_) => "Resigned",
            RoleState::Follower(_) => "Follower",
        }
    }

    pub(super) fn epoch(&self) -> i32 {
        match self {
            RoleState::Unattached(state) => state.epoch,
            RoleState::Prospective(state) => state.epoch,
            RoleState::Candidate(state) => state.epoch,
            RoleState::Leader(state) => state.epoch,
            RoleState::Resigned(state) => state.epoch,
            RoleState::Follower(state) => state.epoch,
        }
    }

    /// When the role's own patience ends; a leader's never does.
    fn deadline(&self) -> Option<Time> {
        match self {
            RoleState::Unattached(state) => Some(state.election_deadline),
            RoleState::Prospective(state) => Some(state.election_deadline),
            RoleState::Candidate(state) => Some(state.election_deadline),
            RoleState::Leader(_) => None,
            RoleState::Resigned(state) => Some(state.election_deadline),
            RoleState::Follower(state) => Some(state.fetch_deadline),
        }
        .filter(|deadline| *deadline != Time::NEVER)
    }

    /// What must survive a restart. `own` is the node itself.
    fn election(&self, own: VoterKey) -> Election {
        let (leader, voted) = match self {
            RoleState::Unattached(state) => (state.leader, state.voted),
            RoleState::Prospective(state) => (state.leader, state.voted),
            RoleState::Candidate(_) => (None, Some(own)),
            RoleState::Leader(_) | RoleState::Resigned(_) => (Some(own.id), None),
            RoleState::Follower(state) => (Some(state.leader), state.voted),
        };
        let epoch = self.epoch();
        Election {
            epoch,
            leader,
            voted,
        }
    }
}

/// How a node with this file begins (`QuorumState.initialize`).
pub(super) fn initial_role(
    node: &RaftNode,
    stored: Option<Election>,
    ctx: &mut Ctx<'_, Kafka>,
) -> RoleState {
    let last_epoch = node.log.last_epoch();
    let election = stored
        .filter(|election| election.epoch >= last_epoch)
        .unwrap_or(Election {
            epoch: last_epoch,
            leader: None,
            voted: None,
        });
    let own = node.own_key();
    let is_own_vote = election.voted.is_some_and(|voted| voted.matches(own));
    match election.leader {
        Some(id) if id == own.id && node.is_voter() => RoleState::Resigned(Resigned {
            epoch: election.epoch,
            unacknowledged: node.other_voters(),
            preferred: Vec::new(),
            election_deadline: node.random_election_deadline(ctx),
        }),
        Some(leader) if node.host_of(leader).is_some() && leader != own.id => {
            RoleState::Follower(Follower {
                epoch: election.epoch,
                leader,
                voted: election.voted,
                fetch_deadline: ctx.mono() + node.config.quorum.fetch_timeout,
                has_fetched: false,
                claimed_epoch: None,
            })
        }
        _ if is_own_vote && node.is_voter() => RoleState::Candidate(Candidate {
            epoch: election.epoch,
            votes: Votes::new(&node.voters(), own.id),
            election_deadline: node.random_election_deadline(ctx),
        }),
        leader => RoleState::Unattached(Unattached {
            epoch: election.epoch,
            leader,
            voted: election.voted,
            election_deadline: node.random_election_deadline(ctx),
        }),
    }
}

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
