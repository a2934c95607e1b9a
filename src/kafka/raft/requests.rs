//! What a node asks of the others, decided from its role after every input (`poll` and
//! `RequestManager`).
//!
//! At most one request is on its way to a voter. Answers to requests of an earlier role are
//! ignored. A voter that refused, or that answered without being of help, is left alone for the
//! retry back-off; one whose connection was lost for the connection's own back-off.

use super::RaftNode;
use super::messages::{self, Ballot};
use super::role::RoleState;
use crate::kafka::protocol::Message;
use crate::kafka::vocabulary::{Kafka, Purpose, RaftTimer, Timer};
use crate::sim::{ConnId, Corr, Ctx, NodeId, Time};

/// Another voter.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) id: i32,
    /// The machine, if the host name is known.
    pub(super) node: Option<NodeId>,
    retry_at: Time,
}

impl Peer {
    pub(super) fn new(id: i32, node: Option<NodeId>) -> Self {
        Peer {
            id,
            node,
            retry_at: Time::ZERO,
        }
    }
}

/// What is remembered of a request until its answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// Counts roles: the answer is ignored in a later one.
    generation: u32,
    /// The offset of a fetch.
    offset: i64,
}

impl RaftNode {
    /// Does what the present role calls for. Called after every input. Nothing leaves while
    /// something that it rests on is not durable.
    pub(super) fn poll(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        if self.fault.is_some() {
            return;
        }
        self.maybe_transition_to_leader(ctx);
        if self.is_leader() {
            self.maybe_complete_fetches(ctx);
        }
        if self.may_send() {
            self.send_requests(ctx);
        }
        self.arm_request_timer(ctx);
    }

    /// A voter's requests speak of its vote and of its log, so both must be durable. A leader
    /// speaks of its vote only: its own log end counts when it is durable.
    fn may_send(&self) -> bool {
        match &self.role {
            RoleState::Leader(_) | RoleState::Resigned(_) => !self.store.is_syncing(),
            _ => !self.store.is_syncing() && !self.log.is_syncing(),
        }
    }

    fn send_requests(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        match &self.role {
            RoleState::Prospective(state) if !state.votes.is_rejected() => {
                let voters = state.votes.unrecorded().collect();
                self.send_votes(voters, true, ctx);
            }
            RoleState::Candidate(state) if !state.votes.is_rejected() => {
                let voters = state.votes.unrecorded().collect();
                self.send_votes(voters, false, ctx);
            }
            RoleState::Prospective(_) | RoleState::Candidate(_) => {}
            RoleState::Leader(_) => self.send_begin_quorum_epoch(ctx),
            RoleState::Resigned(_) => self.send_end_quorum_epoch(ctx),
            RoleState::Follower(_) | RoleState::Unattached(_) if self.shutting_down => {}
            RoleState::Unattached(_) => self.send_fetch_to_any_voter(ctx),
            RoleState::Follower(state) => {
                let (leader, deadline) = (state.leader, state.fetch_deadline);
                self.send_fetch_to_leader(leader, deadline, ctx);
            }
        }
    }

    fn send_votes(&mut self, voters: Vec<i32>, pre_vote: bool, ctx: &mut Ctx<'_, Kafka>) {
        let ballot = Ballot {
            epoch: self.role.epoch(),
            candidate: self.own_key(),
            log_end: self.log.end(),
            pre_vote,
        };
        for voter in voters {
            let request = messages::vote_request(&self.config.cluster_id, voter, &ballot);
            self.send(voter, messages::VOTE_VERSION, request, ctx);
        }
    }

    fn send_begin_quorum_epoch(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let standing = self.standing();
        let RoleState::Leader(leader) = &self.role else {
            return;
        };
        let mut untold = leader.to_tell.clone();
        let version = messages::BEGIN_QUORUM_EPOCH_VERSION;
        untold.retain(|voter| {
            let cluster = &self.config.cluster_id;
            let request = messages::begin_quorum_epoch_request(cluster, *voter, &standing);
            !self.send(*voter, version, request, ctx)
        });
        if let RoleState::Leader(leader) = &mut self.role {
            leader.to_tell = untold;
        }
    }

    fn send_end_quorum_epoch(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let standing = self.standing();
        let RoleState::Resigned(state) = &self.role else {
            return;
        };
        let (voters, preferred) = (state.unacknowledged.clone(), state.preferred.clone());
        for voter in voters {
            let cluster = &self.config.cluster_id;
            let request = messages::end_quorum_epoch_request(cluster, &standing, &preferred);
            self.send(voter, messages::END_QUORUM_EPOCH_VERSION, request, ctx);
        }
    }

    /// A voter asks its leader until the fetch timeout is over. An observer asks any voter when
    /// the leader can not be reached or does not answer.
    fn send_fetch_to_leader(&mut self, leader: i32, deadline: Time, ctx: &mut Ctx<'_, Kafka>) {
        if self.is_voter() {
            self.send_fetch(leader, ctx);
        } else if deadline <= ctx.mono() || !self.is_reachable(leader, ctx.mono()) {
            self.send_fetch_to_any_voter(ctx);
        } else if !self.has_request_in_flight() {
            self.send_fetch(leader, ctx);
        }
    }

    /// Asks a voter drawn by lot, the next ones in turn if it is in back-off, for the leader.
    fn send_fetch_to_any_voter(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let now = ctx.mono();
        let ready: Vec<i32> = self
            .peers
            .iter()
            .map(|peer| peer.id)
            .filter(|id| self.is_reachable(*id, now))
            .collect();
        if ready.is_empty() || self.has_request_in_flight() {
            return;
        }
        let place = match ready.len() {
            1 => 0,
            count => ctx.draw(Purpose::Voter, 0, 0..=count as u64 - 1) as usize,
        };
        self.send_fetch(ready[place], ctx);
    }

    fn send_fetch(&mut self, to: i32, ctx: &mut Ctx<'_, Kafka>) {
        let request = self.build_fetch_request();
        self.send(to, messages::FETCH_VERSION, request, ctx);
    }

    /// Sends a request to a voter that is ready for one; false if it is not.
    fn send(
        &mut self,
        to: i32,
        version: i16,
        request: impl Into<Message>,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> bool {
        let now = ctx.mono();
        let Some(node) = self.ready_node(to, now) else {
            return false;
        };
        let token = Token {
            generation: self.generation,
            offset: self.log.log_end(),
        };
        self.client.send(node, version, request, token, ctx)
    }

    /// The machine of a voter that may be sent a request.
    fn ready_node(&self, id: i32, now: Time) -> Option<NodeId> {
        let node = self.peer(id)?.node?;
        (self.is_reachable(id, now) && !self.is_busy(node)).then_some(node)
    }

    /// Not in back-off.
    fn is_reachable(&self, id: i32, now: Time) -> bool {
        self.peer(id).is_some_and(|peer| {
            let can_send = peer
                .node
                .is_some_and(|node| self.client.can_send(node, now));
            can_send && peer.retry_at <= now
        })
    }

    /// A request of the present role has no answer yet.
    fn is_busy(&self, node: NodeId) -> bool {
        self.client
            .in_flight_tokens(node)
            .any(|token| token.generation == self.generation)
    }

    fn has_request_in_flight(&self) -> bool {
        let mut nodes = self.peers.iter().filter_map(|peer| peer.node);
        nodes.any(|node| self.is_busy(node))
    }

    /// An answer came on `conn`; false if the connection is not one of the quorum's.
    pub fn handle_response(
        &mut self,
        conn: ConnId,
        corr: Corr,
        response: Message,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> bool {
        if self.client.peer_of(conn).is_none() {
            return false;
        }
        let Some((node, token)) = self.client.take(conn, corr) else {
            return true;
        };
        if token.generation == self.generation && self.fault.is_none() {
            self.handle_expected_response(node, token, response, ctx);
        }
        self.poll(ctx);
        true
    }

    fn handle_expected_response(
        &mut self,
        node: NodeId,
        token: Token,
        response: Message,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let Some(from) = self.peers.iter().find(|peer| peer.node == Some(node)) else {
            return;
        };
        let id = from.id;
        let is_handled = match &response {
            Message::VoteResponse(response) => self.handle_vote_response(id, response, ctx),
            Message::BeginQuorumEpochResponse(response) => {
                self.handle_begin_quorum_epoch_response(response, ctx)
            }
            Message::EndQuorumEpochResponse(response) => {
                self.handle_end_quorum_epoch_response(id, response, ctx)
            }
            Message::FetchResponse(answer) => self.handle_fetch_response(token.offset, answer, ctx),
            _ => false,
        };
        let retry_at = ctx.mono() + self.config.quorum.retry_backoff;
        if !is_handled
            && token.generation == self.generation
            && let Some(peer) = self.peers.iter_mut().find(|peer| peer.id == id)
        {
            peer.retry_at = retry_at;
        }
    }

    /// A request has waited too long, or a back-off is over.
    pub(super) fn handle_request_timer(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        self.client.expire(ctx);
    }

    /// Wakes the node when a request expires or a voter may be asked again.
    fn arm_request_timer(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let now = ctx.mono();
        let peers = self.peers.iter();
        let retries = peers.flat_map(|peer| {
            let reconnect = peer.node.and_then(|node| self.client.retry_at(node, now));
            [reconnect, Some(peer.retry_at).filter(|at| *at > now)]
        });
        let next = retries.flatten().chain(self.client.next_deadline()).min();
        match next {
            Some(at) => ctx.arm(at, Timer::Raft(RaftTimer::Request)),
            None => {
                ctx.cancel(Timer::Raft(RaftTimer::Request));
            }
        }
    }

    fn peer(&self, id: i32) -> Option<&Peer> {
        self.peers.iter().find(|peer| peer.id == id)
    }
}
