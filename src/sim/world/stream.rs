//! Streams keep their order: what is held, delayed or put off, and what waits behind it.
//!
//! A stream is the messages of one direction of one connection, numbered as they were sent. A
//! message that is put off is queued again for a later time (`floor`) and listed as `ahead` until
//! it arrives; what was sent after it is put off, too. A held message is in no queue; what comes
//! after it joins it.

use super::{Event, Flight, Held, World};
use crate::sim::connection::Side;
use crate::sim::queue::Class;
use crate::sim::{ConnId, HoldId, StateMachine, Time};

impl<M: StateMachine> World<M> {
    /// The message back if it is its turn; else it waits behind others of its stream.
    pub(super) fn in_turn(&mut self, mut flight: Flight<M::V>) -> Option<Flight<M::V>> {
        let (conn, side) = (flight.envelope.conn, flight.side());
        self.uncount(&flight);
        flight.put_off = false;
        let Some(connection) = self.connections.get(conn).filter(|_| !flight.unordered) else {
            return Some(flight);
        };
        let end = connection.end(side);
        if end.ahead.iter().any(|number| *number < flight.number) {
            let until = end.floor.max(self.now);
            self.put_off(flight, until);
            return None;
        }
        if end.held > 0 {
            self.hold(None, conn, side, Event::Flight(flight));
            return None;
        }
        if self.now < end.floor {
            let until = end.floor;
            self.put_off(flight, until);
            return None;
        }
        Some(flight)
    }

    /// A message that was put off is not ahead of others any more.
    pub(super) fn uncount(&mut self, flight: &Flight<M::V>) {
        if flight.put_off
            && let Some(connection) = self.connections.get_mut(flight.envelope.conn)
        {
            let ahead = &mut connection.end_mut(flight.side()).ahead;
            if let Some(index) = ahead.iter().position(|number| *number == flight.number) {
                ahead.swap_remove(index);
            }
        }
    }

    /// Keeps something back, and with it what comes after it in its stream.
    pub(super) fn hold(
        &mut self,
        id: Option<HoldId>,
        conn: ConnId,
        side: Side,
        event: Event<M::V>,
    ) {
        if let Some(connection) = self.connections.get_mut(conn) {
            connection.end_mut(side).held += 1;
        }
        self.held.push(Held {
            id,
            conn,
            side,
            event,
        });
    }

    /// Lets a message arrive at `until`, and nothing after it in its stream before.
    pub(super) fn put_off(&mut self, mut flight: Flight<M::V>, until: Time) {
        if !flight.unordered
            && let Some(connection) = self.connections.get_mut(flight.envelope.conn)
        {
            let end = connection.end_mut(flight.side());
            end.floor = end.floor.max(until);
            end.last_arrival = end.last_arrival.max(until);
            if !flight.put_off {
                end.ahead.push(flight.number);
            }
            flight.put_off = true;
        }
        self.queue
            .push(until, Class::Delivery, Event::Flight(flight));
    }

    /// Lets what was held under `id` (or everything) go on, in order, now.
    pub(super) fn release(&mut self, id: Option<HoldId>) {
        let mut kept: Vec<Held<M::V>> = Vec::new();
        for mut held in std::mem::take(&mut self.held) {
            let stream = (held.conn, held.side);
            let behind = kept.iter().any(|other| (other.conn, other.side) == stream);
            let may_go = id.is_none() || held.id == id || held.id.is_none();
            if behind && held.id == id {
                held.id = None;
            }
            if behind || !may_go {
                kept.push(held);
            } else {
                self.let_go(held);
            }
        }
        self.held = kept;
    }

    fn let_go(&mut self, held: Held<M::V>) {
        if let Some(connection) = self.connections.get_mut(held.conn) {
            let end = connection.end_mut(held.side);
            end.held = end.held.saturating_sub(1);
        }
        match held.event {
            Event::Flight(flight) => self.put_off(flight, self.now),
            event => self.queue.push(self.now, Class::Delivery, event),
        }
    }
}
