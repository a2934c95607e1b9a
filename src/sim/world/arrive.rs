//! What arrives: is it lost, is it its turn, what does the driver say, may the server read it.

use super::step::{Done, Hands};
use super::{Event, Flight, Waiting, World};
use crate::sim::connection::{EndState, Parked, Side};
use crate::sim::queue::Class;
use crate::sim::{
    ConnId, Driver, Envelope, Head, LostReason, MessageKind, NodeId, Oracle, StateMachine,
    StepKind, StepNo, Time, Verdict,
};

impl<M: StateMachine> World<M> {
    /// A message reaches the machine that it was sent to.
    pub(super) fn arrive<D: Driver<M>>(
        &mut self,
        flight: Flight<M::V>,
        hands: &mut Hands<'_, M, D>,
    ) -> Option<Done<M::V>> {
        let mut flight = self.in_turn(flight)?;
        if let Some(reason) = self.fate(&flight) {
            return Some(self.die(flight.envelope, reason, hands.oracle));
        }
        if !flight.judged {
            flight.judged = true;
            let verdict = self.judge(&flight.envelope, hands);
            if verdict != Verdict::Deliver {
                return Some(self.intervene(flight, verdict, hands.oracle));
            }
        }
        self.read(flight.envelope, hands)
    }

    /// The end of a connection reaches one end of it.
    pub(super) fn reset_arrives<D: Driver<M>>(
        &mut self,
        conn: ConnId,
        side: Side,
        departs: Time,
        cause: StepNo,
        local: bool,
        hands: &mut Hands<'_, M, D>,
    ) -> Option<Done<M::V>> {
        let connection = self.connections.get(conn)?;
        let end = connection.end(side);
        let from = connection.end(side.other()).node;
        if end.state == EndState::Closed || !local && self.was_cut(from, end.node, departs) {
            return None;
        }
        if end.state == EndState::Opening {
            self.connections.close(conn, side);
            return None;
        }
        let event = Event::Reset {
            conn,
            side,
            departs,
            cause,
            local,
        };
        if end.held > 0 {
            self.hold(None, conn, side, event);
            return None;
        }
        if self.now < end.floor || !end.ahead.is_empty() {
            let at = end.floor.max(self.now);
            self.queue.push(at, Class::Delivery, event);
            return None;
        }
        let node = end.node;
        if side == Side::Server && !connection.parked.is_empty() {
            self.connections
                .get_mut(conn)?
                .parked
                .push_back(Parked::Reset(cause));
            return None;
        }
        self.offer(node, Waiting::Reset { conn, side, cause }, hands)
    }

    /// The opening of a connection reaches the server: accepted, refused, or lost in a cut.
    pub(super) fn accept(
        &mut self,
        conn: ConnId,
        from: NodeId,
        departs: Time,
        cause: StepNo,
        oracle: &mut dyn Oracle,
    ) {
        let Some(connection) = self.connections.get(conn) else {
            return;
        };
        let to = connection.end(Side::Server).node;
        if self.was_cut(from, to, departs) {
            return;
        }
        let accepting = self
            .seat(to)
            .filter(|seat| seat.powered)
            .map(|seat| seat.incarnation);
        if let Some(incarnation) = accepting {
            if let Some(connection) = self.connections.get_mut(conn) {
                let end = connection.end_mut(Side::Server);
                (end.state, end.incarnation) = (EndState::Open, incarnation);
            }
            return;
        }
        self.connections.close(conn, Side::Server);
        let at = self.now + self.network.signal((to, from), oracle);
        let (side, departs) = (Side::Client, self.now);
        let event = Event::Reset {
            conn,
            side,
            departs,
            cause,
            local: false,
        };
        self.queue.push(at, Class::Delivery, event);
    }

    /// A message dies here and now.
    pub(super) fn lose(&mut self, envelope: Envelope<M::V>, reason: LostReason) -> Done<M::V> {
        self.begin_step();
        let on_its_way = [LostReason::Loss, LostReason::Cut, LostReason::Dropped];
        if on_its_way.contains(&reason)
            && let Some(connection) = self.connections.get_mut(envelope.conn)
        {
            connection.end_mut(Side::receiving(envelope.kind)).gap = true;
        }
        let kind = StepKind::Lost(reason);
        let mut done = Done::new(Some(envelope.to), kind, envelope.cause, self.now);
        done.request = envelope.request;
        done.head = Some(Head::of(&envelope));
        done.message = Some(envelope);
        done
    }

    /// Why a message can not be delivered at an end that is not open.
    pub(super) fn death_of(&self, envelope: &Envelope<M::V>, side: Side) -> LostReason {
        let Some(connection) = self.connections.get(envelope.conn) else {
            return LostReason::Closed;
        };
        let end = connection.end(side);
        let runs = self
            .seat(end.node)
            .is_some_and(|seat| seat.runs(end.incarnation));
        match end.incarnation {
            0 => LostReason::Refused,
            _ if runs => LostReason::Closed,
            _ => LostReason::Dead,
        }
    }

    fn was_cut(&self, from: NodeId, to: NodeId, departs: Time) -> bool {
        self.network.was_cut_since(from, to, departs)
    }

    /// Why a message that arrives dies, if it does.
    fn fate(&self, flight: &Flight<M::V>) -> Option<LostReason> {
        let Envelope {
            conn,
            from,
            to,
            departs,
            ..
        } = flight.envelope;
        if flight.lost {
            return Some(LostReason::Loss);
        }
        if self.was_cut(from, to, departs) {
            return Some(LostReason::Cut);
        }
        let side = flight.side();
        match self
            .connections
            .get(conn)
            .map(|connection| connection.end(side))
        {
            Some(end) if end.state == EndState::Open => end.gap.then_some(LostReason::Gap),
            _ => Some(self.death_of(&flight.envelope, side)),
        }
    }

    /// A message dies on arrival. Where nobody knows its connection any more, the sender is told.
    fn die(
        &mut self,
        envelope: Envelope<M::V>,
        reason: LostReason,
        oracle: &mut dyn Oracle,
    ) -> Done<M::V> {
        let (conn, side) = (envelope.conn, Side::receiving(envelope.kind));
        let done = self.lose(envelope, reason);
        if matches!(reason, LostReason::Dead | LostReason::Closed) {
            self.send_reset(conn, side.other(), self.now, oracle);
        }
        done
    }

    fn judge<D: Driver<M>>(
        &mut self,
        envelope: &Envelope<M::V>,
        hands: &mut Hands<'_, M, D>,
    ) -> Verdict {
        let faults = self.config.explore.is_some_and(|explore| explore.faults);
        let choice = match faults {
            true => {
                let label = self.network.next_choice(envelope.from, envelope.to);
                hands.oracle.choose(label, 3)
            }
            false => 0,
        };
        match choice {
            0 => hands.driver.on_deliver(self, envelope),
            1 => Verdict::Drop,
            _ => Verdict::Duplicate,
        }
    }

    /// Does to a message what the driver wants: a step of its own.
    fn intervene(
        &mut self,
        flight: Flight<M::V>,
        verdict: Verdict,
        oracle: &mut dyn Oracle,
    ) -> Done<M::V> {
        if verdict == Verdict::Drop {
            return self.die(flight.envelope, LostReason::Dropped, oracle);
        }
        self.begin_step();
        let envelope = flight.envelope.clone();
        let mut done = Done::new(
            Some(envelope.to),
            StepKind::Action,
            envelope.cause,
            self.now,
        );
        (done.request, done.head) = (envelope.request, Some(Head::of(&envelope)));
        (done.message, done.verdict) = (Some(envelope), verdict);
        let (conn, side) = (flight.envelope.conn, flight.side());
        match verdict {
            Verdict::Hold(id) => self.hold(Some(id), conn, side, Event::Flight(flight)),
            Verdict::Delay(span) => self.put_off(flight, self.now + span),
            Verdict::Duplicate | Verdict::Deliver | Verdict::Drop => {
                let copy = flight.clone();
                self.put_off(flight, self.now);
                self.put_off(copy, self.now);
            }
        }
        done
    }

    /// A server reads a request if it is not muted; a client reads every answer.
    fn read<D: Driver<M>>(
        &mut self,
        envelope: Envelope<M::V>,
        hands: &mut Hands<'_, M, D>,
    ) -> Option<Done<M::V>> {
        let now = self.now;
        if envelope.kind == MessageKind::Request {
            let connection = self.connections.get_mut(envelope.conn)?;
            if !connection.can_read(now) {
                self.park(envelope);
                return None;
            }
            connection.mute(envelope.corr);
        }
        self.offer(envelope.to, Waiting::Message(envelope), hands)
    }

    /// A request waits behind the mute, or for the instant at which the last answer leaves.
    fn park(&mut self, envelope: Envelope<M::V>) {
        let Some(connection) = self.connections.get_mut(envelope.conn) else {
            return;
        };
        match connection.muted_until_only(self.now) {
            Some(until) => {
                connection.mute(envelope.corr);
                self.queue
                    .push(until, Class::Delivery, Event::Read(envelope));
            }
            None => connection.parked.push_back(Parked::Request(envelope)),
        }
    }
}
