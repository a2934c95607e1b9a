//! Runs a scenario from power-on to its report.

use super::report::{Report, expect_of};
use super::{Plan, Run, Val};
use crate::kafka::vocabulary::Kafka;
use crate::lab::cluster::{KafkaWorld, Node};
use crate::lab::scenario::model::{Claim, Scenario};
use crate::lab::scenario::write::operand_text;
use crate::sim::{Action, Driver, Observer, SeededOracle, Time};
use std::sync::Arc;

/// A run that has not ended after so many steps is stopped as failed.
const STEPS_MAX: u64 = 50_000_000;
/// Steps between two words about progress.
const BATCH: usize = 4_096;

/// How to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Instead of the scenario's own seed.
    pub seed: Option<u64>,
    /// Check the invariants after every step.
    pub check: bool,
    /// Encode, decode and compare every message, whatever the scenario says.
    pub round_trip: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            seed: None,
            check: true,
            round_trip: false,
        }
    }
}

/// A run that is over, with the World as it is then.
pub struct Finished {
    /// The World.
    pub world: KafkaWorld,
    /// The driver.
    pub run: Run,
    /// The outcome.
    pub report: Report,
}

/// The World of a scenario (a file or a branch of it) before its first step, and the driver. A
/// [`SeededOracle`] of the plan's seed goes with them.
pub fn start(scenario: &Scenario, options: &Options) -> (KafkaWorld, Run) {
    let mut scenario = scenario.clone();
    scenario.seed = options.seed.unwrap_or(scenario.seed);
    scenario.cluster.wire_roundtrip |= options.round_trip;
    let plan = Arc::new(Plan::new(scenario));
    let (mut world, _) = plan.cluster.build();
    for link in &plan.scenario.network.links {
        super::act::schedule_link(&plan, link, &mut world);
    }
    (world, Run::new(plan, options.check))
}

/// A run that is stepped by its caller: the World, its driver and its oracle.
pub struct Session {
    world: KafkaWorld,
    run: Run,
    oracle: SeededOracle,
    actions: Vec<Action<Kafka>>,
}

impl Session {
    /// A run before its first step.
    pub fn new(scenario: &Scenario, options: &Options) -> Self {
        let (world, run) = start(scenario, options);
        let oracle = SeededOracle::new(run.plan().scenario.seed);
        Session {
            world,
            run,
            oracle,
            actions: Vec::new(),
        }
    }

    /// The World as it is now.
    pub fn world(&self) -> &KafkaWorld {
        &self.world
    }

    /// The driver as it is now.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// When the next step begins, or the script wants to act; none if nothing is left to do.
    pub(super) fn next_time(&self) -> Option<Time> {
        let wake = Some(self.run.next_wake()).filter(|wake| *wake != Time::NEVER);
        self.world.next_time().into_iter().chain(wake).min()
    }

    /// Makes the next step under the eyes of `observer`. False, and nothing done, if the run is
    /// over, has nothing left to do or is too long.
    pub fn step(&mut self, observer: &mut dyn Observer<Node>) -> bool {
        self.step_until(Time::NEVER, observer)
    }

    /// The same if the step begins at `limit` or before.
    pub fn step_until(&mut self, limit: Time, observer: &mut dyn Observer<Node>) -> bool {
        if self.run.is_over() || self.world.step_no().0 >= STEPS_MAX {
            return false;
        }
        let (oracle, run) = (&mut self.oracle, &mut self.run);
        self.world
            .step_until(limit, oracle, run, &mut self.actions, observer)
    }

    /// Judges the run.
    pub fn finish(mut self, branch: &str) -> Finished {
        if !self.run.is_over() {
            let steps = self.world.step_no().0;
            self.run
                .fail(format!("stopped after {steps} steps, without an end"));
        }
        let report = self.run.report(&self.world, branch);
        let (world, run) = (self.world, self.run);
        Finished { world, run, report }
    }
}

/// Runs one scenario (a file or a branch of it) to its end. `progress` is called now and then
/// with the virtual time since power-on.
pub fn run(
    branch: &str,
    scenario: &Scenario,
    options: &Options,
    progress: &mut dyn FnMut(Time),
) -> Finished {
    let mut session = Session::new(scenario, options);
    'run: loop {
        for _ in 0..BATCH {
            if !session.step(&mut ()) {
                break 'run;
            }
        }
        progress(session.world.now());
    }
    session.finish(branch)
}

/// Judges the claims that compare branches, now that all have run.
pub fn compare_branches(finished: &mut [Finished]) {
    for index in 0..finished.len() {
        let mut verdicts = Vec::new();
        {
            let this = &finished[index];
            let scope = this.run.scope(&this.world);
            for place in 0..this.report.expectations.len() {
                let Some(Claim::SameAs { branch, on }) =
                    expect_of(&scope, place).map(|expect| &expect.claim)
                else {
                    continue;
                };
                let Some(other) = finished.iter().find(|f| f.report.branch == *branch) else {
                    let wanted = this.report.expectations[place].wanted;
                    let reason = format!("not compared: branch {branch} was not run");
                    verdicts.push((place, wanted, reason));
                    continue;
                };
                let other_scope = other.run.scope(&other.world);
                let differs = on.iter().find(|o| scope.value(o) != other_scope.value(o));
                verdicts.push(match differs {
                    None => (place, true, format!("as in {branch}")),
                    Some(operand) => {
                        let (a, b): (Val, Val) = (scope.value(operand), other_scope.value(operand));
                        let plan = scope.plan;
                        let (a, b) = (a.describe(plan), b.describe(plan));
                        let name = operand_text(&plan.scenario, operand);
                        (
                            place,
                            false,
                            format!("{name} is {a} here and {b} in {branch}"),
                        )
                    }
                });
            }
        }
        for (place, held, reason) in verdicts {
            let judged = &mut finished[index].report.expectations[place];
            (judged.held, judged.reason) = (held, reason);
        }
    }
}
