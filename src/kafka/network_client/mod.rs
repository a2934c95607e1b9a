//! Connections to peers and the requests in flight on them (`NetworkClient`).
//!
//! A peer is connected when something is first sent to it. A request without an answer within
//! the request timeout closes its connection, and every request on it is lost, as Kafka does.
//! After a lost connection the peer is left alone for a back-off that doubles.

mod hosts;

pub use hosts::Hosts;

use super::protocol::Message;
use super::vocabulary::{Kafka, Purpose};
use crate::sim::{ConnId, Corr, Ctx, NodeId, Span, Time};
use std::collections::VecDeque;

/// The clients' side of connections; `T` is what the owner wants back with an answer.
#[derive(Clone, Debug)]
pub struct NetworkClient<T> {
    request_timeout: Span,
    backoff: Span,
    backoff_max: Span,
    peers: Vec<Peer<T>>,
}

#[derive(Clone, Debug)]
struct Peer<T> {
    node: NodeId,
    conn: Option<ConnId>,
    failures: u32,
    retry_at: Time,
    in_flight: VecDeque<InFlight<T>>,
}

#[derive(Clone, Debug)]
struct InFlight<T> {
    corr: Corr,
    deadline: Time,
    token: T,
}

/// Requests that will never be answered, with the peer that they were sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost<T> {
    /// The peer.
    pub node: NodeId,
    /// What was given with each request, in the order sent.
    pub tokens: Vec<T>,
}

impl<T> NetworkClient<T> {
    /// No connection yet. `backoff` doubles with each failure up to `backoff_max`.
    pub fn new(request_timeout: Span, backoff: Span, backoff_max: Span) -> Self {
        NetworkClient {
            request_timeout,
            backoff,
            backoff_max,
            peers: Vec::new(),
        }
    }

    /// Whether a request may be sent to `node` now: it is not in back-off.
    pub fn can_send(&self, node: NodeId, now: Time) -> bool {
        self.peer(node)
            .is_none_or(|peer| peer.conn.is_some() || peer.retry_at <= now)
    }

    /// When `node` may be tried again; none if now.
    pub fn retry_at(&self, node: NodeId, now: Time) -> Option<Time> {
        let peer = self.peer(node)?;
        (peer.conn.is_none() && peer.retry_at > now).then_some(peer.retry_at)
    }

    /// How many requests to `node` have no answer yet.
    pub fn in_flight(&self, node: NodeId) -> usize {
        self.peer(node).map_or(0, |peer| peer.in_flight.len())
    }

    /// What is in flight to `node`, oldest first.
    pub fn in_flight_tokens(&self, node: NodeId) -> impl Iterator<Item = &T> {
        self.peer(node)
            .into_iter()
            .flat_map(|peer| &peer.in_flight)
            .map(|sent| &sent.token)
    }

    /// The connection to `node`, if there is one.
    pub fn connection(&self, node: NodeId) -> Option<ConnId> {
        self.peer(node).and_then(|peer| peer.conn)
    }

    /// The peer at the other end of `conn`, if the connection is one of ours.
    pub fn peer_of(&self, conn: ConnId) -> Option<NodeId> {
        self.peers
            .iter()
            .find(|peer| peer.conn == Some(conn))
            .map(|peer| peer.node)
    }

    /// The next moment at which [`NetworkClient::expire`] has something to do.
    pub fn next_deadline(&self) -> Option<Time> {
        self.peers
            .iter()
            .filter_map(|peer| peer.in_flight.iter().map(|r| r.deadline).min())
            .min()
    }

    /// Sends a request, connecting first if need be; false if the peer is in back-off.
    pub fn send(
        &mut self,
        node: NodeId,
        api_version: i16,
        message: impl Into<Message>,
        token: T,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> bool {
        let timeout = self.request_timeout;
        self.send_with_timeout(node, api_version, message, token, timeout, ctx)
    }

    /// As [`NetworkClient::send`], with a timeout of its own.
    pub fn send_with_timeout(
        &mut self,
        node: NodeId,
        api_version: i16,
        message: impl Into<Message>,
        token: T,
        timeout: Span,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> bool {
        let Some(conn) = self.connect(node, ctx) else {
            return false;
        };
        let corr = ctx.request(conn, api_version, message.into());
        let deadline = ctx.mono() + timeout;
        self.peer_mut(node).in_flight.push_back(InFlight {
            corr,
            deadline,
            token,
        });
        true
    }

    /// Sends a request that gets no answer (acks=0); false if the peer is in back-off.
    pub fn send_one_way(
        &mut self,
        node: NodeId,
        api_version: i16,
        message: impl Into<Message>,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> bool {
        let Some(conn) = self.connect(node, ctx) else {
            return false;
        };
        ctx.request(conn, api_version, message.into());
        true
    }

    /// Takes back what was given with the request that this response answers; none if the
    /// connection or the request is not known (any more).
    pub fn take(&mut self, conn: ConnId, corr: Corr) -> Option<(NodeId, T)> {
        let peer = self.peers.iter_mut().find(|peer| peer.conn == Some(conn))?;
        let index = peer.in_flight.iter().position(|sent| sent.corr == corr)?;
        peer.failures = 0;
        let sent = peer.in_flight.remove(index)?;
        Some((peer.node, sent.token))
    }

    /// A connection is gone: gives back what was in flight on it; none if it is not ours.
    pub fn reset(&mut self, conn: ConnId, ctx: &mut Ctx<'_, Kafka>) -> Option<Lost<T>> {
        let node = self.peer_of(conn)?;
        Some(self.lose(node, ctx))
    }

    /// Closes the connections on which a request has waited too long and gives back all that
    /// was in flight on them.
    pub fn expire(&mut self, ctx: &mut Ctx<'_, Kafka>) -> Vec<Lost<T>> {
        let now = ctx.mono();
        let late = |peer: &&Peer<T>| peer.in_flight.iter().any(|sent| sent.deadline <= now);
        let nodes: Vec<NodeId> = self
            .peers
            .iter()
            .filter(late)
            .map(|peer| peer.node)
            .collect();
        nodes
            .into_iter()
            .map(|node| self.disconnect(node, ctx))
            .collect()
    }

    /// Closes the connection to `node` and gives back what was in flight on it.
    pub fn disconnect(&mut self, node: NodeId, ctx: &mut Ctx<'_, Kafka>) -> Lost<T> {
        if let Some(conn) = self.connection(node) {
            ctx.close(conn);
        }
        self.lose(node, ctx)
    }

    fn lose(&mut self, node: NodeId, ctx: &mut Ctx<'_, Kafka>) -> Lost<T> {
        let jitter = ctx.draw(Purpose::Backoff, u32::from(node.0), 80..=120);
        let (base, most) = (self.backoff, self.backoff_max);
        let peer = self.peer_mut(node);
        let doubled = base
            .0
            .saturating_mul(1 << peer.failures.min(20))
            .min(most.0);
        peer.failures += 1;
        peer.conn = None;
        peer.retry_at = ctx.mono() + Span(doubled / 100 * jitter);
        let tokens = peer.in_flight.drain(..).map(|sent| sent.token).collect();
        Lost { node, tokens }
    }

    fn connect(&mut self, node: NodeId, ctx: &mut Ctx<'_, Kafka>) -> Option<ConnId> {
        if !self.can_send(node, ctx.mono()) {
            return None;
        }
        let peer = self.peer_mut(node);
        Some(*peer.conn.get_or_insert_with(|| ctx.connect(node)))
    }

    fn peer(&self, node: NodeId) -> Option<&Peer<T>> {
        self.peers.iter().find(|peer| peer.node == node)
    }

    fn peer_mut(&mut self, node: NodeId) -> &mut Peer<T> {
        let index = self
            .peers
            .iter()
            .position(|peer| peer.node == node)
            .unwrap_or_else(|| {
                let (failures, retry_at) = (0, Time::ZERO);
                let in_flight = VecDeque::new();
                self.peers.push(Peer {
                    node,
                    conn: None,
                    failures,
                    retry_at,
                    in_flight,
                });
                self.peers.len() - 1
            });
        &mut self.peers[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::protocol::messages::ApiVersionsRequest;
    use crate::sim::{Effect, Stand};

    fn client() -> NetworkClient<u32> {
        NetworkClient::new(
            Span::from_millis(100),
            Span::from_millis(50),
            Span::from_millis(1_000),
        )
    }

    fn send(client: &mut NetworkClient<u32>, token: u32, stand: &mut Stand<Kafka>) -> bool {
        client.send(
            NodeId(7),
            4,
            ApiVersionsRequest::default(),
            token,
            &mut stand.ctx(),
        )
    }

    fn last_corr(stand: &Stand<Kafka>) -> (ConnId, Corr) {
        match stand.outbox.effects.last() {
            Some(Effect::Request { conn, corr, .. }) => (*conn, *corr),
            other => panic!("expected a request, got {other:?}"),
        }
    }

    #[test]
    fn answers_find_their_tokens_in_any_order() {
        let (mut client, mut stand) = (client(), Stand::new(NodeId(1), 1));
        assert!(send(&mut client, 10, &mut stand));
        let first = last_corr(&stand);
        assert!(send(&mut client, 11, &mut stand));
        let second = last_corr(&stand);
        assert_eq!(first.0, second.0, "one connection");
        assert_eq!(client.take(second.0, second.1), Some((NodeId(7), 11)));
        assert_eq!(client.take(first.0, first.1), Some((NodeId(7), 10)));
        assert_eq!(client.take(first.0, first.1), None);
    }

    #[test]
    fn a_late_answer_costs_the_connection_and_all_on_it() {
        let (mut client, mut stand) = (client(), Stand::new(NodeId(1), 1));
        send(&mut client, 10, &mut stand);
        stand.advance(Span::from_millis(60));
        send(&mut client, 11, &mut stand);
        assert_eq!(client.next_deadline(), Some(Time::from_millis(100)));
        stand.advance(Span::from_millis(40));
        let lost = client.expire(&mut stand.ctx());
        assert_eq!(
            lost,
            vec![Lost {
                node: NodeId(7),
                tokens: vec![10, 11]
            }]
        );
        assert!(!send(&mut client, 12, &mut stand), "in back-off");
        stand.advance(Span::from_millis(61));
        assert!(
            send(&mut client, 12, &mut stand),
            "50 ms and a fifth have passed"
        );
    }
}
