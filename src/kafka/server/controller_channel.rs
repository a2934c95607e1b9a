//! A broker's channel to whichever controller is active (`NodeToControllerChannelManager`).
//!
//! One request is in flight at a time. A request goes out again after a lost connection, a
//! time-out or NOT_CONTROLLER, until its owner gives up.

use crate::kafka::network_client::NetworkClient;
use crate::kafka::protocol::Message;
use crate::kafka::vocabulary::Kafka;
use crate::sim::{ConnId, Corr, Ctx, NodeId, Span, Time};
use std::collections::VecDeque;

/// Back-off after a refusal, and after lost connections (`reconnect.backoff.ms`).
const RETRY_BACKOFF: Span = Span::from_millis(50);
/// The longest back-off after lost connections.
const RECONNECT_BACKOFF_MAX: Span = Span::from_millis(1_000);

/// A queue of requests to the active controller; `T` is what the owner wants back.
#[derive(Clone, Debug)]
pub(super) struct ControllerChannel<T> {
    network: NetworkClient<()>,
    waiting: VecDeque<Queued<T>>,
    in_flight: Option<Queued<T>>,
    retry_at: Time,
}

#[derive(Clone, Debug)]
struct Queued<T> {
    token: T,
    api_version: i16,
    request: Message,
}

impl<T: Clone> ControllerChannel<T> {
    pub(super) fn new(request_timeout: Span) -> Self {
        ControllerChannel {
            network: NetworkClient::new(request_timeout, RETRY_BACKOFF, RECONNECT_BACKOFF_MAX),
            waiting: VecDeque::new(),
            in_flight: None,
            retry_at: Time::ZERO,
        }
    }

    /// Whether nothing is waiting or in flight.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.in_flight.is_none()
    }

    /// Puts a request into the queue.
    pub(super) fn enqueue(&mut self, token: T, api_version: i16, request: impl Into<Message>) {
        self.waiting.push_back(Queued {
            token,
            api_version,
            request: request.into(),
        });
    }

    /// Forgets what is waiting, not what is in flight.
    pub(super) fn clear_waiting(&mut self) {
        self.waiting.clear();
    }

    /// Sends the next request if there is a controller to send it to.
    pub(super) fn pump(&mut self, controller: Option<NodeId>, ctx: &mut Ctx<'_, Kafka>) {
        let Some(controller) = controller else { return };
        if self.in_flight.is_some() || self.retry_at > ctx.mono() {
            return;
        }
        let Some(next) = self.waiting.pop_front() else {
            return;
        };
        let (version, request) = (next.api_version, next.request.clone());
        if self.network.send(controller, version, request, (), ctx) {
            self.in_flight = Some(next);
        } else {
            self.waiting.push_front(next);
        }
    }

    /// Takes the answer to the request in flight; none if the connection is not this channel's.
    pub(super) fn take(&mut self, conn: ConnId, corr: Corr) -> Option<T> {
        self.network.take(conn, corr)?;
        self.in_flight.take().map(|sent| sent.token)
    }

    /// The answer was "not the controller": the request goes out again after a back-off.
    pub(super) fn retry(
        &mut self,
        token: T,
        api_version: i16,
        request: Message,
        ctx: &Ctx<'_, Kafka>,
    ) {
        self.waiting.push_front(Queued {
            token,
            api_version,
            request,
        });
        self.retry_at = ctx.mono() + RETRY_BACKOFF;
    }

    /// A connection is gone; true if it was this channel's. Its request goes out again.
    pub(super) fn reset(&mut self, conn: ConnId, ctx: &mut Ctx<'_, Kafka>) -> bool {
        let ours = self.network.reset(conn, ctx).is_some();
        if ours {
            self.requeue();
        }
        ours
    }

    /// Sends again what has waited too long for an answer.
    pub(super) fn expire(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        if !self.network.expire(ctx).is_empty() {
            self.requeue();
        }
    }

    /// When [`ControllerChannel::expire`] or [`ControllerChannel::pump`] has something to do.
    pub(super) fn next_deadline(&self, controller: Option<NodeId>, now: Time) -> Option<Time> {
        let waits = !self.waiting.is_empty() && self.in_flight.is_none();
        let reconnect = controller.and_then(|node| self.network.retry_at(node, now));
        let retry = waits.then(|| self.retry_at.max(reconnect.unwrap_or(Time::ZERO)));
        let retry = retry.filter(|at| *at > now);
        [self.network.next_deadline(), retry]
            .into_iter()
            .flatten()
            .min()
    }

    fn requeue(&mut self) {
        if let Some(lost) = self.in_flight.take() {
            self.waiting.push_front(lost);
        }
    }
}
