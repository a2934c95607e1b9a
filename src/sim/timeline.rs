//! [`Timeline`]: a World and its driver with a past, to go back to and forth from.
//!
//! A snapshot is the World and the driver as they were between two steps. Going back to a step
//! restores the last snapshot before it and makes the steps between again with the same oracle:
//! the same trace hash, the same triggers, the same violations. Actions from outside are kept
//! with the step after which they were taken, and taken again.

use super::{Action, Driver, Observer, Oracle, StateMachine, StepNo, Time, World};

/// How many snapshots are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotBudget {
    /// A snapshot after so many steps.
    pub every: u64,
    /// At most so many.
    pub count: usize,
    /// At most about so many bytes that they do not share with each other.
    pub bytes: u64,
}

impl Default for SnapshotBudget {
    fn default() -> Self {
        SnapshotBudget {
            every: 2_048,
            count: 256,
            bytes: 256 << 20,
        }
    }
}

#[derive(Clone)]
struct Snapshot<M: StateMachine, D> {
    world: World<M>,
    driver: D,
    /// What it does not share with the one before it.
    bytes: u64,
}

/// A World and its driver with a past.
#[derive(Clone)]
pub struct Timeline<M: StateMachine, D: Driver<M>> {
    world: World<M>,
    driver: D,
    budget: SnapshotBudget,
    /// By step; the first one is the beginning and stays.
    snapshots: Vec<Snapshot<M, D>>,
    /// Actions from outside, by the step after which they were taken.
    interventions: Vec<(StepNo, Action<M::V>)>,
    /// How many of the present step's interventions the World has.
    taken: usize,
    act: Vec<Action<M::V>>,
}

impl<M: StateMachine, D: Driver<M>> Timeline<M, D> {
    /// A timeline that begins with `world` as it is.
    pub fn new(world: World<M>, driver: D) -> Self {
        Timeline::with_budget(world, driver, SnapshotBudget::default())
    }

    /// The same with a budget of one's own.
    pub fn with_budget(world: World<M>, driver: D, budget: SnapshotBudget) -> Self {
        let first = Snapshot {
            world: world.clone(),
            driver: driver.clone(),
            bytes: 0,
        };
        Timeline {
            world,
            driver,
            budget,
            snapshots: vec![first],
            interventions: Vec::new(),
            taken: 0,
            act: Vec::new(),
        }
    }

    /// The World at the present step.
    pub fn world(&self) -> &World<M> {
        &self.world
    }

    /// The driver at the present step.
    pub fn driver(&self) -> &D {
        &self.driver
    }

    /// The steps after which there are snapshots.
    pub fn snapshot_steps(&self) -> impl Iterator<Item = StepNo> + '_ {
        self.snapshots
            .iter()
            .map(|snapshot| snapshot.world.step_no())
    }

    /// The bytes that the snapshots do not share with each other, about.
    pub fn snapshot_bytes(&self) -> u64 {
        self.snapshots.iter().map(|snapshot| snapshot.bytes).sum()
    }

    /// Acts from outside, now: what came after this step before is no more.
    pub fn intervene(&mut self, action: impl Into<Action<M::V>>) {
        let now = self.world.step_no();
        self.interventions.retain(|(step, _)| *step <= now);
        self.snapshots
            .retain(|snapshot| snapshot.world.step_no() <= now);
        self.interventions.push((now, action.into()));
    }

    /// Makes the next step if it begins at `limit` or before; false if there is none.
    pub fn forward(
        &mut self,
        limit: Time,
        oracle: &mut dyn Oracle,
        observer: &mut dyn Observer<M>,
    ) -> bool {
        let now = self.world.step_no();
        let present = self.interventions.iter().filter(|(step, _)| *step == now);
        self.act
            .extend(present.skip(self.taken).map(|(_, action)| action.clone()));
        self.taken += self.act.len();
        let (driver, act) = (&mut self.driver, &mut self.act);
        if !self.world.step_until(limit, oracle, driver, act, observer) {
            return false;
        }
        self.taken = 0;
        if self
            .world
            .step_no()
            .0
            .is_multiple_of(self.budget.every.max(1))
        {
            self.take_snapshot();
        }
        true
    }

    /// Makes all steps up to and including number `step`; false if there are not so many.
    pub fn forward_to(&mut self, step: StepNo, oracle: &mut dyn Oracle) -> bool {
        while self.world.step_no() < step {
            if !self.forward(Time::NEVER, oracle, &mut ()) {
                return false;
            }
        }
        true
    }

    /// Goes back to the moment after step number `step`; false, and nothing done, if that is
    /// before the beginning or in the future.
    pub fn back_to(&mut self, step: StepNo, oracle: &mut dyn Oracle) -> bool {
        if step > self.world.step_no() {
            return false;
        }
        let before = |snapshot: &&Snapshot<M, D>| snapshot.world.step_no() <= step;
        let Some(snapshot) = self.snapshots.iter().rev().find(before) else {
            return false;
        };
        self.world = snapshot.world.clone();
        self.driver = snapshot.driver.clone();
        self.taken = 0;
        self.forward_to(step, oracle)
    }

    /// Goes to the moment after step number `step`, back or forth, by the way that makes the
    /// fewest steps again; false, and nothing done, if that is before the beginning, and false at
    /// the end of the history if there are not so many steps.
    pub fn go_to(&mut self, step: StepNo, oracle: &mut dyn Oracle) -> bool {
        let now = self.world.step_no();
        let before = |snapshot: &&Snapshot<M, D>| snapshot.world.step_no() <= step;
        let Some(snapshot) = self.snapshots.iter().rev().find(before) else {
            return false;
        };
        if now > step || snapshot.world.step_no() > now {
            self.world = snapshot.world.clone();
            self.driver = snapshot.driver.clone();
            self.taken = 0;
        }
        self.forward_to(step, oracle)
    }

    fn take_snapshot(&mut self) {
        let Some(last) = self.snapshots.last() else {
            return;
        };
        if last.world.step_no() >= self.world.step_no() {
            return;
        }
        let bytes = self.world.bytes_beyond(&last.world) + size_of::<D>() as u64;
        let (world, driver) = (self.world.clone(), self.driver.clone());
        self.snapshots.push(Snapshot {
            world,
            driver,
            bytes,
        });
        while self.is_over_budget() && self.snapshots.len() > 2 {
            self.thin();
        }
    }

    fn is_over_budget(&self) -> bool {
        self.snapshots.len() > self.budget.count || self.snapshot_bytes() > self.budget.bytes
    }

    /// Drops the snapshot whose gap would be the smallest for its age: dense near the present,
    /// sparse far back.
    fn thin(&mut self) {
        let step = |index: usize| self.snapshots[index].world.step_no().0;
        let now = self.world.step_no().0;
        let gap_for_age = |index: usize| {
            let (gap, age) = (step(index + 1) - step(index - 1), now - step(index) + 1);
            (u128::from(gap) << 64) / u128::from(age)
        };
        let inner = 1..self.snapshots.len() - 1;
        let Some(index) = inner.min_by_key(|index| gap_for_age(*index)) else {
            return;
        };
        self.snapshots.remove(index);
        let (before, after) = (&self.snapshots[index - 1], &self.snapshots[index]);
        let bytes = after.world.bytes_beyond(&before.world) + size_of::<D>() as u64;
        self.snapshots[index].bytes = bytes;
    }
}
