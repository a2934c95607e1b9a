//! The loop: whose turn it is, running a program, recording the step.

use super::{Event, Flight, Seat, Waiting, World};
use crate::sim::connection::Side;
use crate::sim::queue::Class;
use crate::sim::{
    Action, CallId, Ctx, Driver, Effect, Envelope, Head, Input, InputKind, LostReason, MessageKind,
    NodeId, Observer, Oracle, StateMachine, StepKind, StepNo, StepRecord, Time, Verdict,
    Vocabulary,
};
use std::mem;
use std::sync::Arc;

/// Those outside the World who take part in a step.
pub(super) struct Hands<'a, M: StateMachine, D> {
    pub(super) oracle: &'a mut dyn Oracle,
    pub(super) driver: &'a mut D,
    pub(super) observer: &'a mut dyn Observer<M>,
}

impl<M: StateMachine, D: Driver<M>> Hands<'_, M, D> {
    fn watches(&self, envelope: &Envelope<M::V>) -> bool {
        self.driver.watches(envelope) || self.observer.watches(envelope)
    }
}

/// A step that was made and is to be recorded.
pub(super) struct Done<V: Vocabulary> {
    pub(super) node: Option<NodeId>,
    pub(super) kind: StepKind<V>,
    pub(super) cause: StepNo,
    pub(super) request: StepNo,
    pub(super) departs: Time,
    pub(super) head: Option<Head>,
    pub(super) message: Option<Envelope<V>>,
    pub(super) action: Option<Box<Action<V>>>,
    pub(super) verdict: Verdict,
}

impl<V: Vocabulary> Done<V> {
    pub(super) fn new(node: Option<NodeId>, kind: StepKind<V>, cause: StepNo, at: Time) -> Self {
        Done {
            node,
            kind,
            cause,
            request: StepNo(0),
            departs: at,
            head: None,
            message: None,
            action: None,
            verdict: Verdict::Deliver,
        }
    }
}

enum Turn {
    Queue,
    Seat(NodeId),
}

impl<M: StateMachine> World<M> {
    /// Makes the next step. False, and nothing done, if nothing is left to do.
    ///
    /// What the driver pushes to `act` is taken over by the World; `act` is scratch. A caller may
    /// fill it, too, to act before anything else.
    pub fn step(
        &mut self,
        oracle: &mut dyn Oracle,
        driver: &mut impl Driver<M>,
        act: &mut Vec<Action<M::V>>,
    ) -> bool {
        self.step_until(Time::NEVER, oracle, driver, act, &mut ())
    }

    /// Makes the next step if it begins at `limit` or before, under the eyes of `observer`.
    pub fn step_until(
        &mut self,
        limit: Time,
        oracle: &mut dyn Oracle,
        driver: &mut impl Driver<M>,
        act: &mut Vec<Action<M::V>>,
        observer: &mut dyn Observer<M>,
    ) -> bool {
        let mut hands = Hands {
            oracle,
            driver,
            observer,
        };
        self.absorb(act);
        loop {
            let done = if let Some((action, cause)) = self.urgent.pop_front() {
                self.act(action, cause, &mut hands)
            } else {
                match self.next_in_turn(limit) {
                    Some((at, turn)) => self.take_turn(at, turn, &mut hands),
                    None => return false,
                }
            };
            if let Some(done) = done {
                self.finish(&done, act, &mut hands);
                return true;
            }
        }
    }

    /// No step can begin before this; `None` if nothing is left to do.
    pub fn next_time(&self) -> Option<Time> {
        if !self.urgent.is_empty() {
            return Some(self.now);
        }
        let seat = self.tournament.first().map(|(at, _)| at);
        [self.queue.next_time(), seat].into_iter().flatten().min()
    }

    pub(super) fn begin_step(&mut self) -> StepNo {
        self.step_no.0 += 1;
        self.step_no
    }

    pub(super) fn retime(&mut self, node: NodeId) {
        let at = self.seats[node.index()].next_turn();
        self.tournament.set(node, at);
    }

    fn absorb(&mut self, act: &mut Vec<Action<M::V>>) {
        for action in act.drain(..) {
            self.urgent.push_back((Box::new(action), self.step_no));
        }
    }

    fn next_in_turn(&self, limit: Time) -> Option<(Time, Turn)> {
        let queued = self.queue.next_time().unwrap_or(Time::NEVER);
        let (at, turn) = match self.tournament.first() {
            Some((at, node)) if at < queued => (at, Turn::Seat(node)),
            _ => (queued, Turn::Queue),
        };
        (at <= limit && at != Time::NEVER).then_some((at, turn))
    }

    fn take_turn<D: Driver<M>>(
        &mut self,
        at: Time,
        turn: Turn,
        hands: &mut Hands<'_, M, D>,
    ) -> Option<Done<M::V>> {
        self.now = self.now.max(at);
        match turn {
            Turn::Seat(node) => self.serve(node, hands),
            Turn::Queue => {
                let (_, event) = self.queue.pop()?;
                self.take_event(event?, hands)
            }
        }
    }

    fn take_event<D: Driver<M>>(
        &mut self,
        event: Event<M::V>,
        hands: &mut Hands<'_, M, D>,
    ) -> Option<Done<M::V>> {
        match event {
            Event::Act { action, cause } => self.act(action, cause, hands),
            Event::Boot {
                node,
                incarnation,
                cause,
            } => self.boot(node, incarnation, cause, hands),
            Event::Halt {
                node,
                incarnation,
                cause,
            } => self.halt(node, incarnation, cause, hands),
            Event::Synced {
                node,
                incarnation,
                sync,
                cause,
            } => {
                let seat = self.seat_mut(node)?;
                seat.disk.complete_sync(sync);
                let waits = seat.powered && seat.incarnation == incarnation;
                waits.then(|| self.offer(node, Waiting::Synced(sync, cause), hands))?
            }
            Event::Opening {
                conn,
                from,
                departs,
                cause,
            } => {
                self.accept(conn, from, departs, cause, hands.oracle);
                None
            }
            Event::Flight(flight) => self.arrive(flight, hands),
            Event::Read(envelope) => self.offer(envelope.to, Waiting::Message(envelope), hands),
            Event::Reset {
                conn,
                side,
                departs,
                cause,
                local,
            } => self.reset_arrives(conn, side, departs, cause, local, hands),
            Event::Dead { envelope, reason } => Some(self.lose(envelope, reason)),
            Event::DeadCall {
                node,
                id,
                call,
                cause,
            } => Some(self.lose_call(node, id, call, cause)),
        }
    }

    fn act<D: Driver<M>>(
        &mut self,
        action: Box<Action<M::V>>,
        cause: StepNo,
        hands: &mut Hands<'_, M, D>,
    ) -> Option<Done<M::V>> {
        let fault = match *action {
            Action::Call { node, id, call } => {
                if self.seat(node).is_some_and(|seat| seat.powered) {
                    return self.offer(node, Waiting::Call { id, call, cause }, hands);
                }
                return Some(self.lose_call(node, id, call, cause));
            }
            Action::Fault(ref fault) => fault,
        };
        self.begin_step();
        self.strike(fault, hands.oracle);
        let mut done = Done::new(fault.node(), StepKind::Action, cause, self.now);
        done.action = Some(action);
        Some(done)
    }

    fn lose_call(
        &mut self,
        node: NodeId,
        id: CallId,
        call: <M::V as Vocabulary>::Call,
        cause: StepNo,
    ) -> Done<M::V> {
        self.begin_step();
        let kind = StepKind::Lost(LostReason::Dead);
        let mut done = Done::new(Some(node), kind, cause, self.now);
        done.action = Some(Box::new(Action::Call { node, id, call }));
        done
    }

    /// A seat does by itself what is due first: an input that waited, or a timer.
    fn serve<D: Driver<M>>(
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
            self.round_trip_error = Some(super::RoundTripError { step, node, text });
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
        self.start_syncs(node, departs);
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
        if !seat.disk.has_started() {
            return;
        }
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

    /// Numbers, hashes and shows a step.
    fn finish<D: Driver<M>>(
        &mut self,
        done: &Done<M::V>,
        act: &mut Vec<Action<M::V>>,
        hands: &mut Hands<'_, M, D>,
    ) {
        let mut scratch = mem::take(&mut self.scratch);
        let record = StepRecord {
            no: self.step_no,
            at: self.now,
            departs: done.departs,
            node: done.node,
            kind: done.kind,
            cause: done.cause,
            request: done.request,
            head: done.head,
            message: done.message.as_ref(),
            action: done.action.as_deref(),
            verdict: done.verdict,
            notes: &scratch.outbox.notes,
            outcomes: &scratch.outcomes,
        };
        record.canonical(&mut self.hash);
        hands.observer.see(self, &record);
        hands.driver.after(self, &record, act);
        scratch.outbox.notes.clear();
        scratch.outbox.work.clear();
        scratch.outcomes.clear();
        self.scratch = scratch;
        self.absorb(act);
    }
}

impl<V: Vocabulary> Flight<V> {
    pub(super) fn side(&self) -> Side {
        Side::receiving(self.envelope.kind)
    }
}

impl<M: StateMachine> Seat<M> {
    /// True if `incarnation` of the program is the one that runs.
    pub(super) fn runs(&self, incarnation: u32) -> bool {
        self.powered && self.incarnation == incarnation
    }
}
