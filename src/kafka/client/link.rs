//! One client's way to the cluster: its connections, the handshake on each, and its metadata
//! (the part of Kafka's `NetworkClient` that every client shares).
//!
//! The first request on a new connection is ApiVersions; a node is *ready* once it is answered.

use super::backoff::Backoff;
use super::metadata::Metadata;
use super::versions::{NodeVersions, latest, software};
use crate::kafka::config::ClientKind;
use crate::kafka::network_client::{self, Hosts, NetworkClient};
use crate::kafka::protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};
use crate::kafka::protocol::{ApiKey, ErrorCode, Message, StrBytes};
use crate::kafka::vocabulary::{
    ClientNo, ClientTimer, Kafka, NodeId as BrokerNode, Note, Purpose, Timer,
};
use crate::sim::{ConnId, Ctx, Envelope, NodeId, Span, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How long a new connection may take until it answers (`socket.connection.setup.timeout.ms`).
const CONNECTION_SETUP_TIMEOUT: Span = Span::from_millis(10_000);

/// What a link is made with.
#[derive(Clone, Debug)]
pub(crate) struct LinkConfig {
    pub(crate) client: ClientNo,
    pub(crate) kind: ClientKind,
    pub(crate) bootstrap: Vec<String>,
    pub(crate) hosts: Arc<Hosts>,
    pub(crate) request_timeout: Span,
    pub(crate) reconnect_backoff: Span,
    pub(crate) reconnect_backoff_max: Span,
    pub(crate) retry_backoff: Span,
    pub(crate) retry_backoff_max: Span,
    pub(crate) metadata_max_age: Span,
    pub(crate) allow_auto_topic_creation: bool,
}

impl LinkConfig {
    /// The back-off between attempts.
    pub(crate) fn backoff(&self) -> Backoff {
        Backoff::new(
            self.kind,
            self.client,
            self.retry_backoff,
            self.retry_backoff_max,
        )
    }
}

#[derive(Clone, Debug)]
enum Token<T> {
    ApiVersions,
    Metadata,
    Own(T),
}

/// An answer to one of the client's own requests.
#[derive(Clone, Debug)]
pub(crate) struct Answer<T> {
    pub(crate) node: NodeId,
    pub(crate) version: i16,
    pub(crate) token: T,
    pub(crate) message: Message,
}

/// Requests of the client's own that will never be answered.
#[derive(Clone, Debug)]
pub(crate) struct LostRequests<T> {
    pub(crate) node: NodeId,
    /// No answer came in time; otherwise the connection broke.
    pub(crate) timed_out: bool,
    pub(crate) tokens: Vec<T>,
}

/// One client's connections and metadata; `T` is what it wants back with an answer.
#[derive(Clone, Debug)]
pub(crate) struct Link<T> {
    client: ClientNo,
    kind: ClientKind,
    net: NetworkClient<Token<T>>,
    versions: BTreeMap<NodeId, (ConnId, NodeVersions)>,
    /// Nodes that were wanted since the last arming but are left alone for a while.
    wanted: BTreeSet<NodeId>,
    pub(crate) metadata: Metadata,
}

impl<T: Clone> Link<T> {
    pub(crate) fn new(config: &LinkConfig) -> Self {
        Link {
            client: config.client,
            kind: config.kind,
            net: NetworkClient::new(
                config.request_timeout,
                config.reconnect_backoff,
                config.reconnect_backoff_max,
            ),
            versions: BTreeMap::new(),
            wanted: BTreeSet::new(),
            metadata: Metadata::new(
                config.client,
                Arc::clone(&config.hosts),
                &config.bootstrap,
                config.allow_auto_topic_creation,
                config.metadata_max_age,
                config.backoff(),
            ),
        }
    }

    /// Whether `conn` is a connection of this client.
    pub(crate) fn owns(&self, conn: ConnId) -> bool {
        self.net.peer_of(conn).is_some()
    }

    /// Whether requests can be sent to `node` at once.
    pub(crate) fn is_ready(&self, node: NodeId) -> bool {
        let conn = self.net.connection(node);
        let known = self.versions.get(&node).map(|(conn, _)| *conn);
        conn.is_some() && conn == known
    }

    /// As [`Link::is_ready`]; begins to connect if there is no connection.
    pub(crate) fn ready(&mut self, node: NodeId, ctx: &mut Ctx<'_, Kafka>) -> bool {
        if self.net.connection(node).is_none() {
            if !self.net.can_send(node, ctx.mono()) {
                self.wanted.insert(node);
                return false;
            }
            let version = latest(self.kind, ApiKey::ApiVersions);
            self.send_api_versions(node, version, ctx);
        }
        self.is_ready(node)
    }

    fn send_api_versions(&mut self, node: NodeId, version: i16, ctx: &mut Ctx<'_, Kafka>) {
        let mut request = ApiVersionsRequest::default();
        if version >= 3 {
            let (name, release) = software(self.kind);
            request.client_software_name = StrBytes::from_static_str(name);
            request.client_software_version = StrBytes::from_static_str(release);
        }
        let timeout = CONNECTION_SETUP_TIMEOUT;
        self.net
            .send_with_timeout(node, version, request, Token::ApiVersions, timeout, ctx);
    }

    /// How many requests to `node` have no answer yet.
    pub(crate) fn in_flight(&self, node: NodeId) -> usize {
        self.net.in_flight(node)
    }

    /// The version in which to speak `api` to a node that is ready.
    pub(crate) fn version(&self, node: NodeId, api: ApiKey) -> Option<i16> {
        let (_, versions) = self.versions.get(&node)?;
        versions.negotiate(self.kind, api)
    }

    /// Sends a request to a node that is ready.
    pub(crate) fn send(
        &mut self,
        node: NodeId,
        version: i16,
        message: impl Into<Message>,
        token: T,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        self.net
            .send(node, version, message, Token::Own(token), ctx);
    }

    /// As [`Link::send`] with a timeout of its own.
    pub(crate) fn send_within(
        &mut self,
        node: NodeId,
        version: i16,
        message: impl Into<Message>,
        token: T,
        timeout: Span,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let token = Token::Own(token);
        self.net
            .send_with_timeout(node, version, message, token, timeout, ctx);
    }

    /// Sends a request that gets no answer to a node that is ready.
    pub(crate) fn send_one_way(
        &mut self,
        node: NodeId,
        version: i16,
        message: impl Into<Message>,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        self.net.send_one_way(node, version, message, ctx);
    }

    /// Takes in a response; gives back the client's own ones.
    pub(crate) fn deliver(
        &mut self,
        envelope: Envelope<Kafka>,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Option<Answer<T>> {
        let (node, token) = self.net.take(envelope.conn, envelope.corr)?;
        match (token, *envelope.body) {
            (Token::ApiVersions, Message::ApiVersionsResponse(response)) => {
                self.handle_api_versions(node, envelope.conn, &response, ctx);
                None
            }
            (Token::Metadata, Message::MetadataResponse(response)) => {
                self.metadata.update(&response, ctx);
                None
            }
            (Token::Own(token), message) => Some(Answer {
                node,
                version: envelope.api_version,
                token,
                message,
            }),
            // An answer of another api than was asked: the stream can not be trusted.
            (Token::Metadata, _) => {
                self.metadata.fail_update(ctx);
                None
            }
            (Token::ApiVersions, _) => None,
        }
    }

    fn handle_api_versions(
        &mut self,
        node: NodeId,
        conn: ConnId,
        response: &ApiVersionsResponse,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        if ErrorCode(response.error_code) == ErrorCode::UNSUPPORTED_VERSION {
            let key = ApiKey::ApiVersions as i16;
            let newest = response.api_keys.iter().find(|api| api.api_key == key);
            let version = newest.map_or(0, |api| api.max_version);
            self.send_api_versions(node, version, ctx);
            return;
        }
        let versions = NodeVersions::read(response);
        self.versions.insert(node, (conn, versions));
    }

    /// A connection broke; none if it is not this client's.
    pub(crate) fn reset(
        &mut self,
        conn: ConnId,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Option<LostRequests<T>> {
        let lost = self.net.reset(conn, ctx)?;
        ctx.note(Note::Disconnected {
            client: self.client,
            node: BrokerNode(self.metadata.broker_of(lost.node)),
        });
        Some(self.lose(lost, false, ctx))
    }

    /// Gives up the connections on which an answer is overdue.
    pub(crate) fn expire(&mut self, ctx: &mut Ctx<'_, Kafka>) -> Vec<LostRequests<T>> {
        let mut all = Vec::new();
        for lost in self.net.expire(ctx) {
            ctx.note(Note::RequestTimedOut {
                client: self.client,
                node: BrokerNode(self.metadata.broker_of(lost.node)),
            });
            all.push(self.lose(lost, true, ctx));
        }
        all
    }

    fn lose(
        &mut self,
        lost: network_client::Lost<Token<T>>,
        timed_out: bool,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> LostRequests<T> {
        self.versions.remove(&lost.node);
        self.metadata.request_update();
        let mut tokens = Vec::new();
        for token in lost.tokens {
            match token {
                Token::Own(token) => tokens.push(token),
                Token::Metadata => self.metadata.fail_update(ctx),
                Token::ApiVersions => {}
            }
        }
        LostRequests {
            node: lost.node,
            timed_out,
            tokens,
        }
    }

    /// Closes every connection.
    pub(crate) fn close_all(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        for node in self.metadata.nodes() {
            if self.net.connection(node).is_some() {
                self.net.disconnect(node, ctx);
            }
        }
        self.versions.clear();
    }

    /// A node to ask what any broker can answer (`leastLoadedNode`): a ready one with the fewest
    /// requests in flight, else one that is being connected is waited for, else a drawn one is
    /// connected to. Only a ready node is given back.
    pub(crate) fn any_node(&mut self, ctx: &mut Ctx<'_, Kafka>) -> Option<NodeId> {
        let nodes = self.metadata.nodes();
        let ready = nodes.iter().copied().filter(|node| self.is_ready(*node));
        if let Some(node) = ready.min_by_key(|node| self.net.in_flight(*node)) {
            return Some(node);
        }
        if nodes
            .iter()
            .any(|node| self.net.connection(*node).is_some())
        {
            return None;
        }
        let now = ctx.mono();
        let (free, blocked): (Vec<NodeId>, Vec<NodeId>) = nodes
            .into_iter()
            .partition(|node| self.net.can_send(*node, now));
        if free.is_empty() {
            self.wanted.extend(blocked);
            return None;
        }
        let last = free.len() as u64 - 1;
        let drawn = if last == 0 {
            0
        } else {
            ctx.draw(Purpose::Bootstrap, u32::from(self.client.0), 0..=last)
        };
        let node = free[drawn as usize];
        self.ready(node, ctx).then_some(node)
    }

    /// Asks for metadata if an update is due and allowed.
    pub(crate) fn poll_metadata(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        if self.metadata.next_update().is_none_or(|at| at > ctx.mono()) {
            return;
        }
        let Some(node) = self.any_node(ctx) else {
            return;
        };
        let Some(version) = self.version(node, ApiKey::Metadata) else {
            return;
        };
        let request = self.metadata.start_update(version);
        self.net.send(node, version, request, Token::Metadata, ctx);
    }

    /// Arms the timers of network and metadata for what is to come.
    pub(crate) fn arm(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let now = ctx.mono();
        let wanted = std::mem::take(&mut self.wanted);
        let retries = wanted
            .into_iter()
            .filter_map(|node| self.net.retry_at(node, now));
        let network = self.net.next_deadline().into_iter().chain(retries).min();
        rearm(self.client, ClientTimer::Network, network, ctx);
        // An update that is due already waits for a node, not for a time.
        let metadata = self.metadata.next_update().filter(|at| *at > now);
        rearm(self.client, ClientTimer::Metadata, metadata, ctx);
    }
}

/// Arms `timer` for `at`, or cancels it. What was due by now has been done, so a deadline that
/// is not in the future is put off a little: a client never spins.
pub(crate) fn rearm(
    client: ClientNo,
    timer: ClientTimer,
    at: Option<Time>,
    ctx: &mut Ctx<'_, Kafka>,
) {
    let timer = Timer::Client(client, timer);
    match at.filter(|at| *at < Time::NEVER) {
        Some(at) => {
            let soonest = ctx.mono() + Span(1_000_000);
            let at = if at > ctx.mono() { at } else { soonest };
            if ctx.deadline(timer) != Some(at) {
                ctx.arm(at, timer);
            }
        }
        None => {
            ctx.cancel(timer);
        }
    }
}
