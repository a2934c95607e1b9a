//! A schedule: a cluster, its work and what breaks, as data; and the scenario that it is.

use super::dice::Dice;
use super::faults::{FAULTS, Fault};
use super::shape::Shape;
use super::workload::Workload;
use crate::lab::scenario::builder::{self, BuildError, Draft};
use crate::lab::scenario::{Scenario, write};
use std::fmt;

/// Scenario time of the end, in milliseconds: everything is healed and started then.
const END_MS: u32 = 32_000;

/// A cluster under faults. [`fmt::Debug`] writes the scenario file, so that a property test prints
/// something that `kafkalab run` takes.
#[derive(Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The seed of the run's chance.
    pub seed: u64,
    /// The cluster.
    pub shape: Shape,
    /// Its work.
    pub workload: Workload,
    /// What breaks, in any order.
    pub faults: Vec<Fault>,
}

impl Schedule {
    /// The schedule of a seed.
    pub fn draw(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let shape = Shape::draw(&mut dice);
        let workload = Workload::draw(&mut dice, &shape);
        let faults = dice.range(FAULTS.0 as u64, FAULTS.1 as u64);
        Schedule {
            // A scenario file holds half of all seeds.
            seed: seed & (u64::MAX >> 1),
            faults: (0..faults)
                .map(|_| Fault::draw(&mut dice, &shape))
                .collect(),
            shape,
            workload,
        }
    }

    /// The scenario as a builder has it.
    pub fn draft(&self) -> Draft {
        let shape = &self.shape;
        let mut draft = builder::scenario(format!("Schedule {}", self.seed))
            .seed(self.seed)
            .cluster(shape.cluster())
            .network(shape.network());
        for topic in &shape.topics {
            draft = draft.topic(topic.topic());
        }
        for client in self.workload.clients(shape) {
            draft = draft.client(client);
        }
        for step in self.workload.steps(shape) {
            draft = draft.step(step);
        }
        for (number, fault) in self.faults.iter().enumerate() {
            for step in fault.steps(&format!("f{number}")) {
                draft = draft.step(step);
            }
        }
        let end = builder::ends_at(format!("{END_MS}ms"));
        draft.end(end.settle("150s").restart())
    }

    /// The scenario.
    ///
    /// # Errors
    /// What is wrong with a schedule that was made or changed by hand, as a topic with more
    /// replicas than brokers. One that was drawn has no problems.
    pub fn scenario(&self) -> Result<Scenario, BuildError> {
        self.draft().build()
    }
}

/// The scenario of a seed.
pub fn generate(seed: u64) -> Scenario {
    let drawn = Schedule::draw(seed).scenario();
    drawn.expect("what is drawn has no problems")
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scenario() {
            Ok(scenario) => f.write_str(&write(&scenario)),
            Err(problems) => fmt::Display::fmt(&problems, f),
        }
    }
}
