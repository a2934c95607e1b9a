//! Stored schedules: a seed and the answers that differ from the dull ones.
//!
//! An explorer answers as it likes behind a [`RecordingOracle`]; what it answered is a
//! [`Schedule`], short enough to keep, to shrink by leaving answers out, and to replay.

use super::{Label, Oracle, SeededOracle};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// A seed and the answers that differ from the dull ones: of a draw the seed's value, of a choice
/// 0. Answers to labels that are never asked do no harm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// The seed.
    pub seed: u64,
    /// Draws that differ.
    pub draws: BTreeMap<Label, u64>,
    /// Choices that differ.
    pub choices: BTreeMap<Label, u32>,
}

/// Passes on the answers of another oracle and keeps those that differ from the dull ones.
#[derive(Clone, Debug)]
pub struct RecordingOracle<O> {
    inner: O,
    dull: SeededOracle,
    schedule: Schedule,
}

impl<O: Oracle> RecordingOracle<O> {
    /// Records what `inner` answers; dull is what `seed` would answer.
    pub fn new(seed: u64, inner: O) -> Self {
        let schedule = Schedule {
            seed,
            ..Schedule::default()
        };
        RecordingOracle {
            inner,
            dull: SeededOracle::new(seed),
            schedule,
        }
    }

    /// What was answered so far.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The oracle that answers.
    pub fn inner_mut(&mut self) -> &mut O {
        &mut self.inner
    }
}

impl<O: Oracle> Oracle for RecordingOracle<O> {
    fn draw(&mut self, label: Label, range: RangeInclusive<u64>) -> u64 {
        let answer = self.inner.draw(label, range.clone());
        if answer == self.dull.draw(label, range) {
            self.schedule.draws.remove(&label);
        } else {
            self.schedule.draws.insert(label, answer);
        }
        answer
    }

    fn choose(&mut self, label: Label, n: u32) -> u32 {
        let answer = self.inner.choose(label, n);
        if answer == 0 {
            self.schedule.choices.remove(&label);
        } else {
            self.schedule.choices.insert(label, answer);
        }
        answer
    }
}

/// Answers as a schedule says, else as its seed does.
#[derive(Clone, Debug)]
pub struct ReplayOracle {
    schedule: Schedule,
    seeded: SeededOracle,
}

impl ReplayOracle {
    /// Replays `schedule`.
    pub fn new(schedule: Schedule) -> Self {
        ReplayOracle {
            seeded: SeededOracle::new(schedule.seed),
            schedule,
        }
    }
}

impl Oracle for ReplayOracle {
    fn draw(&mut self, label: Label, range: RangeInclusive<u64>) -> u64 {
        match self.schedule.draws.get(&label) {
            // A schedule kept from an older version may lie outside today's range.
            Some(answer) => (*answer).min(*range.end()).max(*range.start()),
            None => self.seeded.draw(label, range),
        }
    }

    fn choose(&mut self, label: Label, n: u32) -> u32 {
        let answer = self.schedule.choices.get(&label).copied().unwrap_or(0);
        answer.min(n.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers the highest value to every third question.
    struct Third(u32);

    impl Oracle for Third {
        fn draw(&mut self, label: Label, range: RangeInclusive<u64>) -> u64 {
            self.0 += 1;
            if self.0.is_multiple_of(3) {
                *range.end()
            } else {
                SeededOracle::new(5).draw(label, range)
            }
        }

        fn choose(&mut self, _: Label, n: u32) -> u32 {
            self.0 += 1;
            if self.0.is_multiple_of(3) { n - 1 } else { 0 }
        }
    }

    #[test]
    fn a_recorded_schedule_replays_and_keeps_what_differs() {
        let ask = |oracle: &mut dyn Oracle| -> Vec<u64> {
            let label = |n| Label {
                purpose: 9,
                subject: 1,
                n,
            };
            (0..12)
                .map(|n| match n % 2 {
                    0 => oracle.draw(label(n), 10..=1_000_000),
                    _ => u64::from(oracle.choose(label(n), 4)),
                })
                .collect()
        };
        let mut recording = RecordingOracle::new(5, Third(0));
        let answers = ask(&mut recording);
        let schedule = recording.schedule().clone();
        assert_eq!((schedule.draws.len(), schedule.choices.len()), (2, 2));
        assert_eq!(ask(&mut ReplayOracle::new(schedule)), answers);
    }

    #[test]
    fn a_replayed_answer_is_brought_into_range() {
        let label = Label {
            purpose: 0,
            subject: 0,
            n: 0,
        };
        let mut schedule = Schedule {
            seed: 1,
            ..Schedule::default()
        };
        schedule.draws.insert(label, 50);
        schedule.choices.insert(label, 7);
        let mut oracle = ReplayOracle::new(schedule);
        assert_eq!(oracle.draw(label, 0..=9), 9);
        assert_eq!(oracle.draw(label, 60..=70), 60);
        assert_eq!(oracle.choose(label, 2), 1);
    }
}
