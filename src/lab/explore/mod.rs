//! Searches: random clusters under random schedules of faults, judged by the invariants, by what
//! was lost, and by whether everything comes to rest once all is healed.
//!
//! | file | concern |
//! |---|---|
//! | `dice` | chance from a seed |
//! | `shape` | the cluster |
//! | `workload` | clients and what they send |
//! | `faults` | what breaks, when, and when it is mended |
//! | `schedule` | all of them, as data and as a scenario |
//! | `strategies` | the same for property tests (feature `proptest`) |
//! | `outcome` | one run and what is wrong with it |
//! | `shrink` | a smaller scenario that fails in the same way |
//! | `search` | many seeds, and which notes they led to |
//!
//! A schedule is a scenario file: what a search finds is written down, runs alone with
//! `kafkalab run`, and is read like any lesson.

mod dice;
mod faults;
mod outcome;
mod schedule;
mod search;
mod shape;
mod shrink;
#[cfg(any(test, feature = "proptest"))]
pub mod strategies;
mod workload;

#[cfg(test)]
mod tests;

pub use faults::{Breaks, Fault, Target, Weather};
pub use outcome::{Outcome, Trouble, run_one, run_seed};
pub use schedule::{Schedule, generate};
pub use search::{Failure, SearchReport, search};
pub use shape::{Shape, TopicShape};
pub use shrink::shrink;
pub use workload::{ConsumerShape, ProducerShape, Series, WORK_MS, Workload};
