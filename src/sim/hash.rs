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
