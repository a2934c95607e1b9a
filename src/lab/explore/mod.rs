//! Searches: random clusters under random schedules of faults, judged by the invariants, by what
//! was lost, and by whether everything comes to rest once all is healed.
//!
//! | file | concern |
//! |---|---|
//! | `dice` | chance from a seed |
//! | `generate` | the cluster and its work, as the text of a scenario file |
//! | `faults` | what breaks, when, and when it is mended |
//! | `outcome` | one run and what is wrong with it |
//! | `shrink` | a smaller scenario that fails in the same way |
//! | `search` | many seeds, and which notes they led to |
//!
//! A schedule is a scenario file: what a search finds is written down, runs alone with
//! `kafkalab run`, and is read like any lesson.

mod dice;
mod faults;
mod generate;
mod outcome;
mod search;
mod shrink;

#[cfg(test)]
mod tests;

pub use generate::{generate, text};
pub use outcome::{Outcome, Trouble, run_one, run_seed};
pub use search::{Failure, SearchReport, search};
pub use shrink::shrink;
