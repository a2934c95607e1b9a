//! The trace hash, version 1: a rolling hash over 64-bit words.
//!
//! For each word `w`: `h = rotl29((h ^ w) * 0x9E3779B97F4A7C15) * 0xBF58476D1CE4E5B9`.

/// A rolling hash; equal histories give equal values on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceHash(pub u64);

impl Default for TraceHash {
    fn default() -> Self {
        Self::new()
    }
}

impl TraceHash {
    /// The format of the canonical encoding; a change of it changes this number.
    pub const VERSION: u64 = 1;

    /// The hash of an empty history.
    pub fn new() -> Self {
        let mut hash = TraceHash(0);
        hash.word(Self::VERSION);
        hash
    }

    /// Takes in one word.
    pub fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(29);
        self.0 = self.0.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    }

    /// Takes in bytes: their number, then eight at a time, little-endian, the last ones padded
    /// with zeros.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formula of the head comment, in arithmetic without wrapping.
    fn step(hash: u64, word: u64) -> u64 {
        let times = |a: u64, b: u64| (u128::from(a) * u128::from(b) % (1 << 64)) as u64;
        let mixed = u128::from(times(hash ^ word, 0x9E37_79B9_7F4A_7C15));
        let rotated = (mixed * (1 << 29)) % (1 << 64) + mixed / (1 << 35);
        times(rotated as u64, 0xBF58_476D_1CE4_E5B9)
    }

    #[test]
    fn a_word_is_taken_in_by_the_formula() {
        let mut hash = TraceHash::new();
        let mut expected = step(0, 1);
        for word in [0, 1, u64::MAX, 0x0123_4567_89AB_CDEF] {
            hash.word(word);
            expected = step(expected, word);
            assert_eq!(hash.0, expected);
        }
    }

    #[test]
    fn bytes_are_their_number_and_padded_words() {
        let (mut one, mut other) = (TraceHash::new(), TraceHash::new());
        one.bytes(b"abcdefghi");
        let words = [9, u64::from_le_bytes(*b"abcdefgh"), u64::from(b'i')];
        words.into_iter().for_each(|word| other.word(word));
        assert_eq!(one, other);
    }
}
