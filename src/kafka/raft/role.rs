//! The roles of a node, each with its own data, and how a node begins. The transitions between
//! them are in `state`.

use super::RaftNode;
use super::leader::Leader;
use super::quorum_state::{Election, VoterKey};
use super::votes::Votes;
use crate::kafka::vocabulary::Kafka;
use crate::sim::{Ctx, Time};

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
    pub(super) fn deadline(&self) -> Option<Time> {
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
    pub(super) fn election(&self, own: VoterKey) -> Election {
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
