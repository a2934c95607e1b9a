//! Where something stands in the text of a scenario.

use std::ops::Range;

/// A range of bytes of the text. Positions never count when two scenarios are compared.
#[derive(Clone, Copy, Debug, Default, Eq)]
pub struct Pos {
    /// The first byte.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
}

impl Pos {
    pub(super) fn of(range: Range<usize>) -> Self {
        let clip = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Pos {
            start: clip(range.start),
            end: clip(range.end),
        }
    }

    /// The range as indices.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl PartialEq for Pos {
    fn eq(&self, _: &Pos) -> bool {
        true
    }
}

/// Something with its position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct At<T> {
    /// The thing.
    pub it: T,
    /// Where it stands.
    pub pos: Pos,
}

impl<T> At<T> {
    /// `it` at `pos`.
    pub fn new(it: T, pos: Pos) -> Self {
        At { it, pos }
    }
}
