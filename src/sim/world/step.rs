//! The loop: whose turn it is, and recording the step.

use super::{Event, Waiting, World};
use crate::sim::{
    Action, CallId, Driver, Envelope, Head, LostReason, NodeId, Observer, Oracle, StateMachine,
    StepKind, StepNo, StepRecord, Time, Verdict, Vocabulary,
};
use std::mem;

/// Those outside the World who take part in a step.
pub(super) struct Hands<'a, M: StateMachine, D> {
    pub(super) oracle: &'a mut dyn Oracle,
    pub(super) driver: &'a mut D,
    pub(super) observer: &'a mut dyn Observer<M>,
}

impl<M: StateMachine, D: Driver<M>> Hands<'_, M, D> {
    pub(super) fn watches(&self, envelope: &Envelope<M::V>) -> bool {
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
            } else if self.wake_driver(limit, act, &mut hands) {
                None
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

    /// Lets the driver act if it wants to before the next step; true if it was woken.
    fn wake_driver<D: Driver<M>>(
        &mut self,
        limit: Time,
        act: &mut Vec<Action<M::V>>,
        hands: &mut Hands<'_, M, D>,
    ) -> bool {
        let wake = hands.driver.next_wake();
        let next = self.next_time().unwrap_or(Time::NEVER);
        if wake == Time::NEVER || wake > limit || wake > next.max(self.now) {
            return false;
        }
        self.now = self.now.max(wake);
        hands.driver.wake(self, act);
        self.absorb(act);
        let again = hands.driver.next_wake();
        debug_assert!(
            again > self.now,
            "a driver that was woken wants to be woken at once again"
        );
        again > self.now
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
                if self.choose_next(hands.oracle) {
                    return None;
                }
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
