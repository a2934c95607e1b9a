//! Machines start and die; links, disks and clocks change.

use super::step::{Done, Hands};
use super::{Event, Waiting, World};
use crate::sim::connection::{EndState, Side};
use crate::sim::queue::Class;
use crate::sim::{
    ConnId, Driver, Fault, InputKind, LostReason, NodeId, Oracle, Slowness, StateMachine, StepKind,
    StepNo,
};

impl<M: StateMachine> World<M> {
    /// Carries out a fault. One that makes no sense (a crash of a machine that is down) changes
    /// nothing.
    pub(super) fn strike(&mut self, fault: &Fault, oracle: &mut dyn Oracle) {
        let now = self.now;
        match fault {
            Fault::Crash { node } => self.kill(*node, oracle),
            Fault::PowerOff { node, tail } => {
                self.kill(*node, oracle);
                if let Some(seat) = self.seat_mut(*node) {
                    let draws = &mut seat.draws;
                    seat.disk.power_off(*tail, &mut |purpose, subject, range| {
                        let subject = u32::from(node.0) << 16 | subject & 0xFFFF;
                        oracle.draw(draws.next(purpose as u8, subject), range)
                    });
                }
            }
            Fault::Start { node, wipe } => self.start(*node, *wipe),
            Fault::Pause { node } => self.set_paused(*node, true),
            Fault::Resume { node } => self.set_paused(*node, false),
            Fault::Cut(cut) => self.network.cut(now, cut),
            Fault::Heal { id } => self.network.heal(now, *id),
            Fault::SetLink {
                from,
                to,
                change,
                both,
            } => {
                self.network.change(*from, *to, change);
                if *both {
                    self.network.change(*to, *from, change);
                }
            }
            Fault::Release { id } => self.release(*id),
            fault => self.afflict(fault),
        }
    }

    /// Faults of one machine that is neither started nor stopped by them.
    fn afflict(&mut self, fault: &Fault) {
        let now = self.now;
        let Some(node) = fault.node() else { return };
        let Some(seat) = self.seat_mut(node) else {
            return;
        };
        match fault {
            Fault::Slow { percent, each, .. } => {
                seat.slowness = Slowness {
                    percent: *percent,
                    each: *each,
                };
            }
            Fault::DiskFull { full, .. } => seat.disk.set_full(*full),
            Fault::DiskCapacity { bytes, .. } => seat.disk.set_capacity(*bytes),
            Fault::DiskSlow {
                percent, latency, ..
            } => seat.disk.set_slow(*percent, *latency),
            Fault::DiskCorrupt {
                path, at, bytes, ..
            } => seat.disk.corrupt(path, *at, bytes),
            Fault::ClockJump { ms, .. } => seat.clock.jump(*ms),
            Fault::ClockDrift { ppm, .. } => seat.clock.set_drift(now, *ppm),
            _ => {}
        }
        self.retime(node);
    }

    /// Powers a machine on; its program boots in a step of its own.
    pub(super) fn power_on(&mut self, node: NodeId, cause: StepNo) {
        let now = self.now;
        let Some(seat) = self.seat_mut(node) else {
            return;
        };
        seat.powered = true;
        seat.paused = false;
        seat.busy_until = now;
        seat.incarnation += 1;
        let incarnation = seat.incarnation;
        self.queue.push(
            now,
            Class::Action,
            Event::Boot {
                node,
                incarnation,
                cause,
            },
        );
    }

    /// The program starts.
    pub(super) fn boot<D: Driver<M>>(
        &mut self,
        node: NodeId,
        incarnation: u32,
        cause: StepNo,
        hands: &mut Hands<'_, M, D>,
    ) -> Option<Done<M::V>> {
        let now = self.now;
        let seat = self.seat_mut(node)?;
        if !seat.runs(incarnation) || seat.node.is_some() {
            return None;
        }
        seat.clock.boot(now);
        self.begin_step();
        let departs = self.run_program(
            node,
            InputKind::Boot,
            hands.oracle,
            |program, config, ctx| {
                *program = Some(M::boot(config, ctx));
            },
        );
        let mut done = Done::new(Some(node), StepKind::Boot, cause, now);
        done.departs = departs;
        Some(done)
    }

    /// The program has ended by itself, in order: what it wrote reaches the disk.
    pub(super) fn halt<D: Driver<M>>(
        &mut self,
        node: NodeId,
        incarnation: u32,
        cause: StepNo,
        hands: &mut Hands<'_, M, D>,
    ) -> Option<Done<M::V>> {
        if !self.seat(node)?.runs(incarnation) {
            return None;
        }
        self.begin_step();
        self.kill(node, hands.oracle);
        self.seat_mut(node)?.disk.mark_synced();
        Some(Done::new(Some(node), StepKind::Halt, cause, self.now))
    }

    fn start(&mut self, node: NodeId, wipe: bool) {
        let cause = self.step_no;
        let Some(seat) = self.seat_mut(node) else {
            return;
        };
        if seat.powered {
            return;
        }
        if wipe {
            seat.disk = seat.disk.wiped(&seat.fresh);
        }
        self.power_on(node, cause);
    }

    fn set_paused(&mut self, node: NodeId, paused: bool) {
        let now = self.now;
        let Some(seat) = self.seat_mut(node) else {
            return;
        };
        seat.paused = paused && seat.powered;
        seat.busy_until = seat.busy_until.max(now);
        self.retime(node);
    }

    /// The program dies with all that it had not sent; its disk keeps what it wrote.
    fn kill(&mut self, node: NodeId, oracle: &mut dyn Oracle) {
        let now = self.now;
        let Some(seat) = self.seat_mut(node) else {
            return;
        };
        if !seat.powered {
            return;
        }
        seat.powered = false;
        seat.paused = false;
        seat.node = None;
        seat.timers.clear();
        seat.busy_until = now;
        let incarnation = seat.incarnation;
        let inbox = std::mem::take(&mut seat.inbox);
        self.retime(node);
        self.revoke(node);
        self.close_all(node, incarnation, oracle);
        for (_, waiting) in inbox {
            self.drop_waiting(node, waiting);
        }
    }

    /// Takes back what has not departed, and what the program was about to read.
    fn revoke(&mut self, node: NodeId) {
        let now = self.now;
        let revoked = self.queue.extract(|event| match event {
            Event::Flight(flight) => flight.envelope.from == node && flight.envelope.departs > now,
            Event::Dead { envelope, .. } => envelope.from == node && envelope.departs > now,
            Event::Opening { from, departs, .. } => *from == node && *departs > now,
            Event::Read(envelope) => envelope.to == node,
            _ => false,
        });
        let mut streams = Vec::new();
        for event in revoked {
            match event {
                Event::Read(envelope) => self.bury(now, envelope, LostReason::Dead),
                Event::Flight(flight) => {
                    self.uncount(&flight);
                    streams.push((flight.envelope.conn, flight.side()));
                }
                _ => {}
            }
        }
        self.forget_arrivals(&streams);
    }

    /// The last arrival of streams of which messages were taken back.
    fn forget_arrivals(&mut self, streams: &[(ConnId, Side)]) {
        for (conn, side) in streams {
            if let Some(connection) = self.connections.get_mut(*conn) {
                let end = connection.end_mut(*side);
                end.last_arrival = end.floor;
            }
        }
        for (at, event) in self.queue.sorted() {
            let stream = match event {
                Event::Flight(flight) => (flight.envelope.conn, flight.side()),
                Event::Opening { conn, .. } => (*conn, Side::Server),
                _ => continue,
            };
            if streams.contains(&stream)
                && let Some(connection) = self.connections.get_mut(stream.0)
            {
                connection.end_mut(stream.1).last_arrival = at;
            }
        }
    }

    fn close_all(&mut self, node: NodeId, incarnation: u32, oracle: &mut dyn Oracle) {
        let now = self.now;
        for (conn, side) in self.ends_of(node, incarnation) {
            self.send_reset(conn, side.other(), now, oracle);
            if side == Side::Server {
                self.bury_parked(conn, now, LostReason::Dead);
            }
            self.connections.close(conn, side);
        }
    }

    fn ends_of(&self, node: NodeId, incarnation: u32) -> Vec<(ConnId, Side)> {
        let mut ends = Vec::new();
        for (conn, connection) in self.connections.iter() {
            for side in [Side::Client, Side::Server] {
                let end = connection.end(side);
                let own = end.node == node && end.incarnation == incarnation;
                if own && end.state == EndState::Open {
                    ends.push((conn, side));
                }
            }
        }
        ends
    }

    fn drop_waiting(&mut self, node: NodeId, waiting: Waiting<M::V>) {
        match waiting {
            Waiting::Message(envelope) => self.bury(self.now, envelope, LostReason::Dead),
            Waiting::Call { id, call, cause } => {
                let event = Event::DeadCall {
                    node,
                    id,
                    call,
                    cause,
                };
                self.queue.push(self.now, Class::Delivery, event);
            }
            Waiting::Synced(..) | Waiting::Reset { .. } => {}
        }
    }
}
