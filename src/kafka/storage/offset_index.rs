//! The sparse offset index of a segment (`OffsetIndex`, behaviour.md 2.23).
//!
//! An entry is eight bytes: the last offset of a batch relative to the segment's base offset
//! (i32) and the position of the batch (i32). Entries rise in both.

use super::batch_index::BatchIndex;
use crate::sim::{Chunk, Disk, DiskError, FileId};

/// Bytes of an entry.
pub(super) const ENTRY_BYTES: u64 = 8;

/// A handle on the index file of one segment.
#[derive(Clone, Debug)]
pub(super) struct OffsetIndex {
    file: FileId,
    base_offset: i64,
    entries: u64,
    max_entries: u64,
}

impl OffsetIndex {
    /// The file at `path`, made empty if there was none, with what is in it. `max_bytes` is
    /// `segment.index.bytes`.
    pub(super) fn open(
        disk: &mut Disk,
        path: &str,
        base_offset: i64,
        max_bytes: i32,
    ) -> Result<OffsetIndex, DiskError> {
        let file = disk.create(path)?;
        Ok(OffsetIndex {
            file,
            base_offset,
            entries: disk.len(file) / ENTRY_BYTES,
            max_entries: max_bytes.max(0) as u64 / ENTRY_BYTES,
        })
    }

    /// The file.
    pub(super) fn file(&self) -> FileId {
        self.file
    }

    /// No further entry fits: the segment must be rolled.
    pub(super) fn is_full(&self) -> bool {
        self.entries >= self.max_entries
    }

    /// Entry `n`: (offset, position).
    pub(super) fn entry(&self, disk: &Disk, n: u64) -> Option<(i64, u32)> {
        let bytes = disk.read(self.file, n * ENTRY_BYTES, ENTRY_BYTES);
        let (relative, position) = bytes.split_at_checked(4)?;
        let relative = i32::from_be_bytes(relative.try_into().ok()?);
        let position = u32::from_be_bytes(position.try_into().ok()?);
        Some((self.base_offset.wrapping_add(i64::from(relative)), position))
    }

    /// The greatest entry that is not above `offset`; before the first one the segment's start.
    pub(super) fn lookup(&self, disk: &Disk, offset: i64) -> (i64, u32) {
        let slot = self.slots_up_to(disk, offset).checked_sub(1);
        let entry = slot.and_then(|slot| self.entry(disk, slot));
        entry.unwrap_or((self.base_offset, 0))
    }

    /// Adds an entry. A full index, or an offset not above the last one, is left as it is: the
    /// index is sparse and only shortens a scan.
    pub(super) fn append(
        &mut self,
        disk: &mut Disk,
        offset: i64,
        position: u32,
    ) -> Result<(), DiskError> {
        let Ok(relative) = i32::try_from(offset - self.base_offset) else {
            return Ok(());
        };
        let last = self.entries.checked_sub(1);
        let last = last.and_then(|slot| self.entry(disk, slot));
        if self.is_full() || last.is_some_and(|(last, _)| last >= offset) {
            return Ok(());
        }
        let bytes = [relative.to_be_bytes(), position.to_be_bytes()].concat();
        let sound = false;
        disk.append(
            self.file,
            Chunk {
                bytes: bytes.into(),
                sound,
            },
        )?;
        self.entries += 1;
        Ok(())
    }

    /// Keeps the entries below `offset`.
    pub(super) fn truncate_to(&mut self, disk: &mut Disk, offset: i64) {
        self.entries = self.slots_up_to(disk, offset - 1);
        disk.truncate(self.file, self.entries * ENTRY_BYTES);
    }

    /// Drops every entry, whatever the file holds.
    pub(super) fn clear(&mut self, disk: &mut Disk) {
        self.entries = 0;
        disk.truncate(self.file, 0);
    }

    /// Whether every entry points to a batch of `batches` and entries rise.
    pub(super) fn agrees_with(&self, disk: &Disk, batches: &BatchIndex) -> bool {
        let mut before = None;
        let agrees = |n: u64| {
            let Some((offset, position)) = self.entry(disk, n) else {
                return false;
            };
            let slot = batches.partition_point(|batch| batch.position < position);
            let batch = batches.get(slot);
            let points = |batch: &super::batch_index::BatchEntry| {
                batch.position == position && batch.base_offset <= offset
            };
            let inside = batches
                .last()
                .is_some_and(|last| offset <= last.last_offset);
            let rises = before.is_none_or(|(o, p)| o < offset && p < position);
            before = Some((offset, position));
            inside && rises && batch.is_some_and(points)
        };
        disk.len(self.file).is_multiple_of(ENTRY_BYTES) && (0..self.entries).all(agrees)
    }

    /// How many entries have an offset of at most `offset`.
    fn slots_up_to(&self, disk: &Disk, offset: i64) -> u64 {
        let (mut low, mut high) = (0, self.entries);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.entry(disk, middle) {
                Some((at, _)) if at <= offset => low = middle + 1,
                _ => high = middle,
            }
        }
        low
    }
}
