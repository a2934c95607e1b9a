//! Many schedules: what went wrong, and which notes they led to.

use super::outcome::{Outcome, run_seed};
use crate::kafka::config::Sabotage;
use crate::kafka::vocabulary::{NoteKind, Salience};
use crate::lab::scenario::run::NoteCounts;
use std::fmt;

/// A schedule that went wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its outcome; the seed makes the schedule again.
    pub outcome: Outcome,
}

/// What a search saw.
#[derive(Clone, Debug, Default)]
pub struct SearchReport {
    /// Schedules that ran.
    pub schedules: u64,
    /// Those that went wrong.
    pub failures: Vec<Failure>,
    /// How often each note was emitted, all schedules together.
    pub notes: NoteCounts,
    /// Records that were acknowledged.
    pub acknowledged: usize,
    /// Steps of the engine.
    pub steps: u64,
}

/// Runs the schedules of `count` seeds from `from` on.
pub fn search(from: u64, count: u64, sabotage: Option<Sabotage>) -> SearchReport {
    let mut report = SearchReport::default();
    for number in 0..count {
        report.add(run_seed(from.wrapping_add(number), sabotage));
    }
    report
}

impl SearchReport {
    /// Takes one more outcome in.
    pub fn add(&mut self, outcome: Outcome) {
        self.schedules += 1;
        self.notes.add(&outcome.notes);
        self.acknowledged += outcome.acknowledged;
        self.steps += outcome.steps;
        if !outcome.is_clean() {
            self.failures.push(Failure { outcome });
        }
    }

    /// The notes of any telling that no schedule led to.
    pub fn never(&self) -> impl Iterator<Item = NoteKind> + use<'_> {
        story().filter(|kind| self.notes.of(*kind) == 0)
    }
}

fn story() -> impl Iterator<Item = NoteKind> {
    let kinds = NoteKind::ALL.iter().copied();
    kinds.filter(|kind| kind.salience() == Salience::Story)
}

impl fmt::Display for SearchReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (schedules, failed) = (self.schedules, self.failures.len());
        writeln!(
            f,
            "{schedules} schedules, {failed} went wrong, {} records acknowledged, {} steps",
            self.acknowledged, self.steps
        )?;
        for Failure { outcome } in &self.failures {
            writeln!(f, "  seed {}", outcome.seed)?;
            for (trouble, text) in &outcome.troubles {
                writeln!(f, "    {trouble}: {text}")?;
            }
        }
        writeln!(f, "notes")?;
        for kind in story() {
            match self.notes.of(kind) {
                0 => writeln!(f, "  {:<24} never", kind.name())?,
                count => writeln!(f, "  {:<24} {count}", kind.name())?,
            }
        }
        Ok(())
    }
}
