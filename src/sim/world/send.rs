//! What a program did departs: messages take their routes, answers unmute, connections open and
//! close.

use super::{Event, Flight, World};
use crate::sim::connection::{Connection, End, EndState, Parked, Side};
use crate::sim::queue::Class;
use crate::sim::{
    ConnId, Corr, Effect, Envelope, LostReason, MessageKind, NodeId, Oracle, StateMachine, StepNo,
    Time, Vocabulary,
};

/// What a program sends, before it is an envelope.
struct Letter<V: Vocabulary> {
    conn: ConnId,
    corr: Corr,
    kind: MessageKind,
    api_version: i16,
    body: Box<V::Message>,
}

impl<M: StateMachine> World<M> {
    /// Carries out what concerns a connection.
    pub(super) fn send(
        &mut self,
        node: NodeId,
        departs: Time,
        effect: Effect<M::V>,
        oracle: &mut dyn Oracle,
    ) {
        match effect {
            Effect::Connect { conn, to } => self.open(conn, node, to, departs, oracle),
            Effect::Close { conn } => self.close(conn, node, departs, oracle),
            Effect::NoResponse { conn, corr } => self.unmute(conn, corr, departs),
            Effect::Request {
                conn,
                corr,
                api_version,
                body,
            } => {
                let kind = MessageKind::Request;
                self.post(
                    node,
                    departs,
                    Letter {
                        conn,
                        corr,
                        kind,
                        api_version,
                        body,
                    },
                    oracle,
                );
            }
            Effect::Respond {
                conn,
                corr,
                api_version,
                body,
            } => {
                let kind = MessageKind::Response;
                self.post(
                    node,
                    departs,
                    Letter {
                        conn,
                        corr,
                        kind,
                        api_version,
                        body,
                    },
                    oracle,
                );
                self.unmute(conn, corr, departs);
            }
            Effect::Complete { .. } => {}
        }
    }

    /// Tells one end that the connection is gone, after what was sent to it before.
    pub(super) fn send_reset(
        &mut self,
        conn: ConnId,
        side: Side,
        departs: Time,
        oracle: &mut dyn Oracle,
    ) {
        let Some(connection) = self.connections.get(conn) else {
            return;
        };
        let (from, to) = (connection.end(side.other()).node, connection.end(side));
        if to.state == EndState::Closed {
            return;
        }
        let (to, last_arrival) = (to.node, to.last_arrival);
        let at = (departs + self.network.signal((from, to), oracle)).max(last_arrival);
        let event = Event::Reset {
            conn,
            side,
            departs,
            cause: self.step_no,
            local: false,
        };
        self.queue.push(at, Class::Delivery, event);
    }

    /// Lets a message die at `at`, in a step of its own.
    pub(super) fn bury(&mut self, at: Time, envelope: Envelope<M::V>, reason: LostReason) {
        self.queue
            .push(at, Class::Delivery, Event::Dead { envelope, reason });
    }

    /// Requests that waited behind a mute of a server that closes die.
    pub(super) fn bury_parked(&mut self, conn: ConnId, at: Time, reason: LostReason) {
        let Some(connection) = self.connections.get_mut(conn) else {
            return;
        };
        for parked in std::mem::take(&mut connection.parked) {
            if let Parked::Request(envelope) = parked {
                self.bury(at, envelope, reason);
            }
        }
        self.connections.forget_if_over(conn);
    }

    fn open(
        &mut self,
        conn: ConnId,
        from: NodeId,
        to: NodeId,
        departs: Time,
        oracle: &mut dyn Oracle,
    ) {
        let incarnation = self.seat(from).map_or(0, |seat| seat.incarnation);
        self.connections.open(conn, (from, incarnation), to);
        let at = departs + self.network.signal((from, to), oracle);
        if let Some(connection) = self.connections.get_mut(conn) {
            connection.end_mut(Side::Server).last_arrival = at;
        }
        let event = Event::Opening {
            conn,
            from,
            departs,
            cause: self.step_no,
        };
        self.queue.push(at, Class::Delivery, event);
    }

    /// The node closes its end: of a connection to itself that it opened, the client's.
    fn close(&mut self, conn: ConnId, node: NodeId, departs: Time, oracle: &mut dyn Oracle) {
        let Some(connection) = self.connections.get(conn) else {
            return;
        };
        let own = |side: &Side| connection.end(*side).node == node && connection.is_open(*side);
        let Some(side) = [Side::Client, Side::Server].into_iter().find(own) else {
            return;
        };
        self.send_reset(conn, side.other(), departs, oracle);
        if side == Side::Server {
            self.bury_parked(conn, self.now, LostReason::Closed);
        }
        self.connections.close(conn, side);
    }

    /// A message leaves on its route, unless its sender's end is closed.
    fn post(&mut self, from: NodeId, departs: Time, letter: Letter<M::V>, oracle: &mut dyn Oracle) {
        let Letter {
            conn,
            corr,
            kind,
            api_version,
            body,
        } = letter;
        let side = Side::receiving(kind);
        let connection = self.connections.get(conn);
        let open = connection.is_some_and(|connection| {
            connection.is_open(side.other()) && connection.end(side.other()).node == from
        });
        let to = connection.map_or(from, |connection| connection.end(side).node);
        let request = match kind {
            MessageKind::Request => StepNo(0),
            MessageKind::Response => connection.map_or(StepNo(0), Connection::read),
        };
        let cause = self.step_no;
        let envelope = Envelope {
            conn,
            corr,
            kind,
            api_version,
            from,
            to,
            departs,
            cause,
            request,
            body,
        };
        if !open {
            self.bury(departs, envelope, LostReason::Closed);
            return;
        }
        let size = || M::V::size(&envelope.body, api_version);
        let route = self.network.route((from, to), departs, size, oracle);
        let Some(connection) = self.connections.get_mut(conn) else {
            return;
        };
        let end = connection.end_mut(side);
        end.sent = end.sent.wrapping_add(1);
        let arrives = in_order(end, route.arrives, route.unordered);
        let copy = route.copy.map(|at| in_order(end, at, route.unordered));
        let flight = Flight {
            envelope,
            number: end.sent,
            lost: route.lost,
            unordered: route.unordered,
            judged: false,
            put_off: false,
            chosen: false,
        };
        self.take_off(arrives, copy, flight);
    }

    fn take_off(&mut self, arrives: Time, copy: Option<Time>, flight: Flight<M::V>) {
        let twin = copy.map(|at| (at, flight.clone()));
        self.queue
            .push(arrives, Class::Delivery, Event::Flight(flight));
        if let Some((at, twin)) = twin {
            self.queue.push(at, Class::Delivery, Event::Flight(twin));
        }
    }

    /// The answer to a request leaves at `departs`: the server reads the next one then.
    fn unmute(&mut self, conn: ConnId, corr: Corr, departs: Time) {
        let Some(connection) = self.connections.get_mut(conn) else {
            return;
        };
        let next = connection.unmute(corr, departs);
        let side = Side::Server;
        match next {
            Some(Parked::Request(envelope)) => {
                self.queue
                    .push(departs, Class::Delivery, Event::Read(envelope));
            }
            Some(Parked::Reset(cause)) => {
                let event = Event::Reset {
                    conn,
                    side,
                    departs,
                    cause,
                    local: true,
                };
                self.queue.push(departs, Class::Delivery, event);
            }
            None => {}
        }
    }
}

/// A stream keeps its order; an unordered message is bound by what came before it, but binds
/// nothing after it.
fn in_order(end: &mut End, arrives: Time, unordered: bool) -> Time {
    let arrives = arrives.max(end.last_arrival);
    if !unordered {
        end.last_arrival = arrives;
    }
    arrives
}
