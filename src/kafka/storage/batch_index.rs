//! An index over the batches of one segment, in memory: a persistent list, cheap to clone.

use crate::sim::PList;

/// Where one batch lies and what its header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BatchEntry {
    /// The first offset.
    pub(super) base_offset: i64,
    /// The last offset.
    pub(super) last_offset: i64,
    /// The batch's largest timestamp.
    pub(super) max_timestamp: i64,
    /// The largest timestamp of the segment up to and with this batch, -1 if there is none.
    pub(super) max_so_far: i64,
    /// The position of its first byte.
    pub(super) position: u32,
    /// Its length in bytes.
    pub(super) size: u32,
    /// Its leader epoch.
    pub(super) epoch: i32,
}

impl BatchEntry {
    /// The position after its last byte.
    pub(super) fn end(&self) -> u64 {
        u64::from(self.position) + u64::from(self.size)
    }
}

/// The batches of a segment by offset; positions and offsets rise together.
#[derive(Clone, Debug, Default)]
pub(super) struct BatchIndex {
    batches: PList<BatchEntry>,
}

impl BatchIndex {
    /// How many batches.
    pub(super) fn len(&self) -> usize {
        self.batches.len()
    }

    /// The batch of number `n`.
    pub(super) fn get(&self, n: usize) -> Option<&BatchEntry> {
        self.batches.get(n)
    }

    /// The first batch.
    pub(super) fn first(&self) -> Option<&BatchEntry> {
        self.batches.get(0)
    }

    /// The last batch.
    pub(super) fn last(&self) -> Option<&BatchEntry> {
        self.batches.last()
    }

    /// The batches from number `from` on.
    pub(super) fn iter_from(&self, from: usize) -> impl Iterator<Item = &BatchEntry> {
        self.batches.iter_from(from)
    }

    /// The number of the first batch for which `before` does not hold; it must hold for all
    /// batches up to some point and for none after.
    pub(super) fn partition_point(&self, before: impl Fn(&BatchEntry) -> bool) -> usize {
        self.batches.partition_point(before)
    }

    /// The number of the first batch that ends at `offset` or later.
    pub(super) fn find(&self, offset: i64) -> usize {
        self.partition_point(|batch| batch.last_offset < offset)
    }

    /// Adds a batch at the end; `max_so_far` is filled in.
    pub(super) fn push(&mut self, mut entry: BatchEntry) {
        let so_far = self.last().map_or(-1, |last| last.max_so_far);
        entry.max_so_far = entry.max_timestamp.max(so_far);
        self.batches.push(entry);
    }

    /// Keeps the first `len` batches.
    pub(super) fn truncate(&mut self, len: usize) {
        self.batches.truncate(len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: i64) -> BatchEntry {
        BatchEntry {
            base_offset: 3 * n,
            last_offset: 3 * n + 2,
            max_timestamp: (n * 7919) % 1000,
            max_so_far: -1,
            position: n as u32 * 100,
            size: 100,
            epoch: 0,
        }
    }

    #[test]
    fn knows_largest_timestamps_and_finds_offsets_as_a_scan_does() {
        for len in [0, 1, 127, 128, 129, 256, 300] {
            let mut index = BatchIndex::default();
            let mut model: Vec<BatchEntry> = Vec::new();
            for n in 0..300 {
                index.push(entry(n));
                let so_far = model.last().map_or(-1, |last| last.max_so_far);
                let max_so_far = so_far.max(entry(n).max_timestamp);
                model.push(BatchEntry {
                    max_so_far,
                    ..entry(n)
                });
            }
            let before = index.clone();
            index.truncate(len);
            model.truncate(len);
            assert_eq!(before.len(), 300);
            assert_eq!(index.iter_from(0).copied().collect::<Vec<_>>(), model);
            assert_eq!(index.last(), model.last());
            for offset in -1..901 {
                let expected = model.iter().position(|batch| batch.last_offset >= offset);
                assert_eq!(
                    index.find(offset),
                    expected.unwrap_or(len),
                    "{offset} of {len}"
                );
            }
        }
    }
}
