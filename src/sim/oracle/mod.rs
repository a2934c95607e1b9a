//! Chance. Every random value is a pure function of seed and [`Label`].

mod schedule;
mod seeded;

use std::ops::RangeInclusive;

pub use schedule::{RecordingOracle, ReplayOracle, Schedule};
pub use seeded::SeededOracle;

/// What a draw is for: the `n`-th draw of a purpose about a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    /// The purpose's fixed code: 0–63 for physics, 64–255 for the vocabulary.
    pub purpose: u8,
    /// A node's dense subject (node × 65,536 + subject) or a link (from × 65,536 + to).
    pub subject: u32,
    /// How many draws of this purpose and subject came before.
    pub n: u32,
}

/// What physics draws for: fixed codes below 64, part of a label for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// How long a message takes. Subject: the link.
    Latency = 0,
    /// Whether the link loses a message.
    Loss = 1,
    /// Whether a message may be overtaken.
    Reorder = 2,
    /// Whether a message arrives twice.
    Duplicate = 3,
    /// How much later a message arrives that may be overtaken, or a copy.
    Overtaken = 4,
    /// How long the opening or the end of a connection takes.
    Signal = 5,
    /// A choice: deliver (0), drop (1) or double (2) a message.
    Fate = 6,
    /// A choice: which of the deliveries that are near goes first. Subject 0.
    Order = 7,
    /// What a power-off does to a file. Subject: the node and the file.
    Tail = 8,
    /// Where a power-off cuts a file.
    Tear = 9,
    /// How many unsynced changes of names a power-off undoes. Subject: the node.
    Undo = 10,
}

/// Answers every question of chance and choice. An argument of a step, never part of the World.
pub trait Oracle {
    /// A value within `range`. Dull answer: the seed's value.
    fn draw(&mut self, label: Label, range: RangeInclusive<u64>) -> u64;
    /// One of `n` alternatives. Dull answer: 0, "in order, no fault".
    fn choose(&mut self, label: Label, n: u32) -> u32;
}

/// Counts draws by purpose and subject; part of the World, so that rewinding rewinds it.
#[derive(Clone, Debug, Default)]
pub struct DrawCounters {
    rows: Vec<Row>,
}

/// The counts of one purpose about the subjects that share their upper half (one node).
#[derive(Clone, Debug)]
struct Row {
    purpose: u8,
    upper: u16,
    counts: Vec<u32>,
}

impl DrawCounters {
    /// The label of the next draw of `purpose` about `subject`.
    pub fn next(&mut self, purpose: u8, subject: u32) -> Label {
        let (upper, lower) = ((subject >> 16) as u16, usize::from(subject as u16));
        let counts = self.row(purpose, upper);
        if counts.len() <= lower {
            counts.resize(lower + 1, 0);
        }
        let n = counts[lower];
        counts[lower] += 1;
        Label {
            purpose,
            subject,
            n,
        }
    }

    /// A node draws for a handful of purposes, so that a search from the front is short.
    fn row(&mut self, purpose: u8, upper: u16) -> &mut Vec<u32> {
        let found = self
            .rows
            .iter()
            .position(|row| row.purpose == purpose && row.upper == upper);
        let index = found.unwrap_or_else(|| {
            self.rows.push(Row {
                purpose,
                upper,
                counts: Vec::new(),
            });
            self.rows.len() - 1
        });
        &mut self.rows[index].counts
    }
}

/// Maps a uniform 64-bit value onto `range` by multiply-shift, without rejection.
fn scale(value: u64, range: &RangeInclusive<u64>) -> u64 {
    let (low, high) = (*range.start(), *range.end());
    match high.saturating_sub(low).checked_add(1) {
        Some(width) => low + ((u128::from(value) * u128::from(width)) >> 64) as u64,
        None => value,
    }
}
