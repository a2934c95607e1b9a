//! How often each kind of note was emitted.

use crate::kafka::vocabulary::{Note, NoteKind};

/// Counts by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoteCounts {
    /// By the kind's code.
    counts: Vec<u64>,
}

impl NoteCounts {
    /// One more.
    pub(super) fn count(&mut self, note: &Note) {
        *self.place(note.kind() as usize) += 1;
    }

    /// How many there were of a kind.
    pub fn of(&self, kind: NoteKind) -> u64 {
        self.counts.get(kind as usize).copied().unwrap_or(0)
    }

    /// Takes the counts of another run in.
    pub fn add(&mut self, other: &NoteCounts) {
        for (code, count) in other.counts.iter().enumerate() {
            *self.place(code) += count;
        }
    }

    fn place(&mut self, code: usize) -> &mut u64 {
        if self.counts.len() <= code {
            self.counts.resize(code + 1, 0);
        }
        &mut self.counts[code]
    }
}
