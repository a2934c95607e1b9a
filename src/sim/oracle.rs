//! Chance. Every random value is a pure function of seed and [`Label`].

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

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
    counts: BTreeMap<(u8, u32), u32>,
}

impl DrawCounters {
    /// The label of the next draw of `purpose` about `subject`.
    pub fn next(&mut self, purpose: u8, subject: u32) -> Label {
        let n = self.counts.entry((purpose, subject)).or_insert(0);
        let label = Label {
            purpose,
            subject,
            n: *n,
        };
        *n += 1;
        label
    }
}

/// The seed's own answers.
#[derive(Clone, Debug)]
pub struct SeededOracle {
    seed: u64,
}

impl SeededOracle {
    /// An oracle whose answers depend on `seed` alone.
    pub fn new(seed: u64) -> Self {
        SeededOracle { seed }
    }

    fn value(&self, label: Label) -> u64 {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(u64::from(label.purpose) << 32 | u64::from(label.subject));
        rng.set_word_pos(u128::from(label.n) * 2);
        rng.next_u64()
    }
}

impl Oracle for SeededOracle {
    fn draw(&mut self, label: Label, range: RangeInclusive<u64>) -> u64 {
        scale(self.value(label), range)
    }

    fn choose(&mut self, _label: Label, _n: u32) -> u32 {
        0
    }
}

/// Maps a uniform 64-bit value onto `range` by multiply-shift, without rejection.
fn scale(value: u64, range: RangeInclusive<u64>) -> u64 {
    let (low, high) = (*range.start(), *range.end());
    match (high - low).checked_add(1) {
        Some(width) => low + ((u128::from(value) * u128::from(width)) >> 64) as u64,
        None => value,
    }
}
