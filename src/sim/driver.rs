//! Who looks on and who acts: observers and drivers.

use super::{Action, Envelope, StateMachine, StepRecord, Time, Verdict, World};

/// Rides along with a World: sees every step, acts from outside, and is part of a snapshot.
pub trait Driver<M: StateMachine>: Clone {
    /// Called after each step; what it pushes to `act` happens before anything else.
    fn after(
        &mut self,
        world: &World<M>,
        record: &StepRecord<'_, M::V>,
        act: &mut Vec<Action<M::V>>,
    );

    /// Called when a message arrives, before its receiver sees it, once for each message.
    fn on_deliver(&mut self, world: &World<M>, envelope: &Envelope<M::V>) -> Verdict {
        let _ = (world, envelope);
        Verdict::Deliver
    }

    /// When it wants to act by itself, whether or not anything happens then; part of what is
    /// rewound.
    fn next_wake(&self) -> Time {
        Time::NEVER
    }

    /// Called when [`Driver::next_wake`] has come, before any step that is due then. It must
    /// move `next_wake` on.
    fn wake(&mut self, world: &World<M>, act: &mut Vec<Action<M::V>>) {
        let _ = (world, act);
    }

    /// True if [`StepRecord::message`] shall hold this message when it is delivered (a copy).
    fn watches(&self, envelope: &Envelope<M::V>) -> bool {
        let _ = envelope;
        false
    }
}

/// Nobody acts.
impl<M: StateMachine> Driver<M> for () {
    fn after(&mut self, _: &World<M>, _: &StepRecord<'_, M::V>, _: &mut Vec<Action<M::V>>) {}
}

/// Looks on; no part of a snapshot, and without influence on the history.
pub trait Observer<M: StateMachine> {
    /// Called after each step, before the driver.
    fn see(&mut self, world: &World<M>, record: &StepRecord<'_, M::V>);

    /// True if [`StepRecord::message`] shall hold this message when it is delivered (a copy).
    fn watches(&self, envelope: &Envelope<M::V>) -> bool {
        let _ = envelope;
        false
    }
}

/// Nobody looks on.
impl<M: StateMachine> Observer<M> for () {
    fn see(&mut self, _: &World<M>, _: &StepRecord<'_, M::V>) {}
}

/// Two look on.
impl<M: StateMachine, A: Observer<M>, B: Observer<M>> Observer<M> for (A, B) {
    fn see(&mut self, world: &World<M>, record: &StepRecord<'_, M::V>) {
        self.0.see(world, record);
        self.1.see(world, record);
    }

    fn watches(&self, envelope: &Envelope<M::V>) -> bool {
        self.0.watches(envelope) || self.1.watches(envelope)
    }
}

/// Perhaps somebody looks on.
impl<M: StateMachine, A: Observer<M>> Observer<M> for Option<A> {
    fn see(&mut self, world: &World<M>, record: &StepRecord<'_, M::V>) {
        if let Some(observer) = self {
            observer.see(world, record);
        }
    }

    fn watches(&self, envelope: &Envelope<M::V>) -> bool {
        self.as_ref()
            .is_some_and(|observer| observer.watches(envelope))
    }
}
