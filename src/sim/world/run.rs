//! A program handles one input: it waits for its turn at the seat, runs, and what it did is
//! carried out.

use super::step::{Done, Hands};
use super::{Event, RoundTripError, Waiting, World};
use crate::sim::connection::Side;
use crate::sim::queue::Class;
use crate::sim::{
    Ctx, Driver, Effect, Envelope, Head, Input, InputKind, MessageKind, NodeId, Oracle,
    StateMachine, StepKind, Time, Vocabulary,
};
use std::mem;
use std::sync::Arc;

impl<M: StateMachine> World<M> {
    /// A seat does by itself what is due first: an input that waited, or a timer.
    pub(super) fn serve<D: Driver<M>>(
        &mut self,
        node: NodeId,
        hands: &mut Hands<'_, M, D>,
    ) -> Option<Done<M::V>> {
        let now = self.now;
        let seat = self.seat_mut(node)?;
        if seat.inbox_due() <= seat.timer_due() {
            let waiting = seat.inbox.pop_front();
            let done = waiting.and_then(|(_, waiting)| self.handle(node, waiting, hands));
            self.retime(node);
            return done;
        }
        let mono = seat.clock.mono(now);
        let Some((_, timer, cause)) = seat.timers.pop_due_with_step(mono) else {
            self.retime(node);
            return None;
        };
        self.begin_step();
        let departs = self.run(node, InputKind::Timer, Input::Timer(timer), hands.oracle);
        let mut done = Done::new(Some(node), StepKind::Timer(timer), cause, now);
        done.departs = departs;
        Some(done)
    }

    /// An input reaches a node: handled now, or kept until the node is free.
    pub(super) fn offer<D: Driver<M>>(
        &mut self,
        node: NodeId,
        waiting: Waiting<M::V>,
        hands: &mut Hands<'_, M, D>,
    ) -> Option<Done<M::V>> {
        let now = self.now;
        let seat = self.seat(node)?;
        // What can not be heard any more dies at once, also while the node is busy.
        if seat.is_ready(now) || !seat.powered {
            return self.handle(node, waiting, hands);
        }
        self.seat_mut(node)?.inbox.push_back((now, waiting));
        self.retime(node);
        None
    }

    fn handle<D: Driver<M>>(
        &mut self,
        node: NodeId,
        waiting: Waiting<M::V>,
        hands: &mut Hands<'_, M, D>,
    ) -> Option<Done<M::V>> {
        let now = self.now;
        let (kind, input, step_kind, cause) = match waiting {
            Waiting::Message(envelope) => return Some(self.deliver(envelope, hands)),
            Waiting::Synced(sync, cause) => (
                InputKind::Synced,
                Input::Synced(sync),
                StepKind::Synced(sync),
                cause,
            ),
            Waiting::Call { id, call, cause } => (
                InputKind::Call,
                Input::Call(id, call),
                StepKind::Call(id),
                cause,
            ),
            Waiting::Reset { conn, side, cause } => {
                let connection = self.connections.get(conn)?;
                if !connection.is_open(side) {
                    return None;
                }
                self.connections.close(conn, side);
                (
                    InputKind::Reset,
                    Input::Reset(conn),
                    StepKind::Reset(conn),
                    cause,
                )
            }
        };
        self.begin_step();
        let departs = self.run(node, kind, input, hands.oracle);
        let mut done = Done::new(Some(node), step_kind, cause, now);
        done.departs = departs;
        Some(done)
    }

    /// A program handles a message, or the message dies at its door.
    fn deliver<D: Driver<M>>(
        &mut self,
        envelope: Envelope<M::V>,
        hands: &mut Hands<'_, M, D>,
    ) -> Done<M::V> {
        let side = Side::receiving(envelope.kind);
        let open = self
            .connections
            .get(envelope.conn)
            .is_some_and(|c| c.is_open(side));
        if !open {
            let reason = self.death_of(&envelope, side);
            return self.lose(envelope, reason);
        }
        let step = self.begin_step();
        let kind = match envelope.kind {
            MessageKind::Request => {
                if let Some(connection) = self.connections.get_mut(envelope.conn) {
                    connection.set_read(step);
                }
                InputKind::Request
            }
            MessageKind::Response => InputKind::Response,
        };
        self.check_round_trip(&envelope);
        let (node, cause) = (envelope.to, envelope.cause);
        let mut done = Done::new(Some(node), StepKind::Deliver, cause, self.now);
        done.request = envelope.request;
        done.head = Some(Head::of(&envelope));
        done.message = hands.watches(&envelope).then(|| envelope.clone());
        done.departs = self.run(node, kind, Input::Deliver(envelope), hands.oracle);
        done
    }

    fn check_round_trip(&mut self, envelope: &Envelope<M::V>) {
        if !self.config.round_trip || self.round_trip_error.is_some() {
            return;
        }
        if let Err(text) = M::V::round_trip(&envelope.body, envelope.api_version) {
            let (step, node) = (self.step_no, envelope.to);
            self.round_trip_error = Some(RoundTripError { step, node, text });
        }
    }

    fn run(
        &mut self,
        node: NodeId,
        kind: InputKind,
        input: Input<M::V>,
        oracle: &mut dyn Oracle,
    ) -> Time {
        self.run_program(node, kind, oracle, |program, _, ctx| {
            if let Some(program) = program {
                program.handle(input, ctx);
            }
        })
    }

    /// Runs a program for one step and carries out what it did; when that departs.
    pub(super) fn run_program(
        &mut self,
        node: NodeId,
        kind: InputKind,
        oracle: &mut dyn Oracle,
        program: impl FnOnce(&mut Option<M>, &M::Config, &mut Ctx<'_, M::V>),
    ) -> Time {
        let (at, step) = (self.now, self.step_no);
        let mut outbox = mem::take(&mut self.scratch.outbox);
        let seat = Arc::make_mut(&mut self.seats[node.index()]);
        seat.state_hash.take();
        seat.timers.begin(step);
        let mut ctx = Ctx {
            disk: &mut seat.disk,
            node,
            mono: seat.clock.mono(at),
            wall_ms: seat.clock.wall_ms(at),
            timers: &mut seat.timers,
            outbox: &mut outbox,
            counters: &mut seat.counters,
            draws: &mut seat.draws,
            oracle: &mut *oracle,
            next_conn: &mut self.next_conn,
            next_corr: &mut seat.next_corr,
        };
        program(&mut seat.node, &seat.config, &mut ctx);
        let cost = self.config.cost.cost(kind, &outbox.work);
        let departs = at + seat.slowness.apply(cost);
        seat.busy_until = departs;
        if seat.node.as_ref().is_some_and(M::halted) {
            let event = Event::Halt {
                node,
                incarnation: seat.incarnation,
                cause: step,
            };
            self.queue.push(departs, Class::Action, event);
        }
        if seat.disk.has_started() {
            self.start_syncs(node, departs);
        }
        let mut effects = mem::take(&mut outbox.effects);
        for effect in effects.drain(..) {
            self.carry_out(node, departs, effect, oracle);
        }
        outbox.effects = effects;
        self.scratch.outbox = outbox;
        self.retime(node);
        departs
    }

    fn start_syncs(&mut self, node: NodeId, departs: Time) {
        let seat = Arc::make_mut(&mut self.seats[node.index()]);
        let at = departs + seat.disk.sync_latency(self.config.sync_latency);
        let (incarnation, cause) = (seat.incarnation, self.step_no);
        for sync in seat.disk.take_started() {
            let event = Event::Synced {
                node,
                incarnation,
                sync,
                cause,
            };
            self.queue.push(at, Class::Disk, event);
        }
    }

    fn carry_out(
        &mut self,
        node: NodeId,
        departs: Time,
        effect: Effect<M::V>,
        oracle: &mut dyn Oracle,
    ) {
        match effect {
            Effect::Complete { id, outcome } => self.scratch.outcomes.push((id, outcome)),
            effect => self.send(node, departs, effect, oracle),
        }
    }
}
