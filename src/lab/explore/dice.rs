//! Chance from a seed: a function of the seed and of how many draws came before.

use crate::sim::{Label, Oracle, SeededOracle};

/// A purpose of its own, so that no draw of the run with the same seed repeats one of these.
const PURPOSE: u8 = 255;

/// Draws of a generator.
pub(super) struct Dice {
    oracle: SeededOracle,
    n: u32,
}

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Dice {
            oracle: SeededOracle::new(seed),
            n: 0,
        }
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn range(&mut self, low: u64, high: u64) -> u64 {
        let label = Label {
            purpose: PURPOSE,
            subject: 0,
            n: self.n,
        };
        self.n += 1;
        self.oracle.draw(label, low..=high.max(low))
    }

    /// True in `n` of a hundred.
    pub(super) fn percent(&mut self, n: u64) -> bool {
        self.range(0, 99) < n
    }

    /// One of them; a value that stands there twice is twice as likely.
    pub(super) fn pick<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        let last = of.len().checked_sub(1)?;
        of.get(self.range(0, last as u64) as usize).cloned()
    }

    /// One of at least one.
    pub(super) fn one<const N: usize, T: Copy>(&mut self, of: [T; N]) -> T {
        const { assert!(N > 0, "one of nothing") };
        of[self.range(0, N as u64 - 1) as usize]
    }
}
