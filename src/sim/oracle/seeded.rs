//! The seed's own answers: ChaCha, one stream for each purpose and subject, one 64-bit word for
//! each use.

use super::{Label, Oracle, scale};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use std::ops::RangeInclusive;

/// Words that the cipher makes in one go.
const BLOCK: usize = 32;
const PLACES: usize = 256;

/// One block of one stream.
#[derive(Clone, Debug)]
struct Block {
    stream: u64,
    number: u32,
    words: [u64; BLOCK],
}

/// Answers that depend on the seed and the label alone. Blocks are cached; the cache changes no
/// answer.
#[derive(Clone, Debug)]
pub struct SeededOracle {
    seed: u64,
    cipher: ChaCha8Rng,
    cache: Vec<Option<Box<Block>>>,
}

impl SeededOracle {
    /// An oracle whose answers depend on `seed` alone.
    pub fn new(seed: u64) -> Self {
        let cipher = ChaCha8Rng::seed_from_u64(seed);
        SeededOracle {
            seed,
            cipher,
            cache: vec![None; PLACES],
        }
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    fn value(&mut self, label: Label) -> u64 {
        let stream = u64::from(label.purpose) << 32 | u64::from(label.subject);
        let (number, word) = (label.n / BLOCK as u32, label.n as usize % BLOCK);
        let mixed = (stream ^ u64::from(number) << 44).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let place = &mut self.cache[(mixed >> 56) as usize % PLACES];
        match place {
            Some(block) if block.stream == stream && block.number == number => block.words[word],
            _ => {
                let block = encipher(&mut self.cipher, stream, number);
                let value = block.words[word];
                *place = Some(Box::new(block));
                value
            }
        }
    }
}

fn encipher(cipher: &mut ChaCha8Rng, stream: u64, number: u32) -> Block {
    cipher.set_stream(stream);
    // The cipher counts words of 32 bits.
    cipher.set_word_pos(u128::from(number) * BLOCK as u128 * 2);
    let mut words = [0; BLOCK];
    words.fill_with(|| cipher.next_u64());
    Block {
        stream,
        number,
        words,
    }
}

impl Oracle for SeededOracle {
    fn draw(&mut self, label: Label, range: RangeInclusive<u64>) -> u64 {
        scale(self.value(label), &range)
    }

    fn choose(&mut self, _label: Label, _n: u32) -> u32 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};

    /// The definition, without a cache.
    fn defined(seed: u64, label: Label) -> u64 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(u64::from(label.purpose) << 32 | u64::from(label.subject));
        rng.set_word_pos(u128::from(label.n) * 2);
        rng.next_u64()
    }

    proptest! {
        #[test]
        fn the_cache_changes_no_answer(seed: u64, labels in prop::collection::vec(
            (0u8..4, prop_oneof![0u32..300, any::<u32>()], prop_oneof![0u32..100, any::<u32>()]),
            0..60,
        )) {
            let mut oracle = SeededOracle::new(seed);
            for (purpose, subject, n) in labels {
                let label = Label { purpose, subject, n };
                prop_assert_eq!(oracle.draw(label, 0..=u64::MAX), defined(seed, label));
            }
        }

        #[test]
        fn a_draw_lies_within_its_range(n: u32, a: u64, b: u64) {
            let (low, high) = (a.min(b), a.max(b));
            let label = Label { purpose: 1, subject: 2, n };
            let value = SeededOracle::new(3).draw(label, low..=high);
            prop_assert!((low..=high).contains(&value));
        }
    }
}
