//! The sparse time index of a segment (`TimeIndex`, behaviour.md 2.23).
//!
//! An entry is twelve bytes: a timestamp (i64) and an offset relative to the segment's base
//! offset (i32). It says that no earlier record of the segment has a larger timestamp: the
//! offset is the last one of the batch that has it. Timestamps rise.

use super::batch_index::BatchIndex;
use crate::sim::{Chunk, Disk, DiskError, FileId};

/// Bytes of an entry.
pub(super) const ENTRY_BYTES: u64 = 12;

/// A handle on the time index file of one segment.
#[derive(Clone, Debug)]
pub(super) struct TimeIndex {
    file: FileId,
    base_offset: i64,
    entries: u64,
    max_entries: u64,
}

impl TimeIndex {
    /// The file at `path`, made empty if there was none, with what is in it. `max_bytes` is
    /// `segment.index.bytes`.
    pub(super) fn open(
        disk: &mut Disk,
        path: &str,
        base_offset: i64,
        max_bytes: i32,
    ) -> Result<TimeIndex, DiskError> {
        let file = disk.create(path)?;
        Ok(TimeIndex {
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

    /// Only the entry that a roll adds still fits: the segment must be rolled.
    pub(super) fn is_full(&self) -> bool {
        self.entries + 1 >= self.max_entries
    }

    /// Entry `n`: (timestamp, offset).
    pub(super) fn entry(&self, disk: &Disk, n: u64) -> Option<(i64, i64)> {
        let bytes = disk.read(self.file, n * ENTRY_BYTES, ENTRY_BYTES);
        let (timestamp, relative) = bytes.split_at_checked(8)?;
        let timestamp = i64::from_be_bytes(timestamp.try_into().ok()?);
        let relative = i32::from_be_bytes(relative.try_into().ok()?);
        Some((
            timestamp,
            self.base_offset.wrapping_add(i64::from(relative)),
        ))
    }

    /// The last entry; (-1, base offset) of an empty index.
    pub(super) fn last_entry(&self, disk: &Disk) -> (i64, i64) {
        let last = self.entries.checked_sub(1);
        let last = last.and_then(|slot| self.entry(disk, slot));
        last.unwrap_or((-1, self.base_offset))
    }

    /// The greatest entry whose timestamp is not above `timestamp`; before the first one
    /// (-1, base offset).
    pub(super) fn lookup(&self, disk: &Disk, timestamp: i64) -> (i64, i64) {
        let slots = self.slots_while(disk, |(at, _)| at <= timestamp);
        let entry = slots.checked_sub(1).and_then(|n| self.entry(disk, n));
        entry.unwrap_or((-1, self.base_offset))
    }

    /// Adds an entry if its timestamp is above the last one's. `skip_full_check` is for a roll,
    /// for which the last slot is kept.
    pub(super) fn maybe_append(
        &mut self,
        disk: &mut Disk,
        timestamp: i64,
        offset: i64,
        skip_full_check: bool,
    ) -> Result<(), DiskError> {
        let Ok(relative) = i32::try_from(offset - self.base_offset) else {
            return Ok(());
        };
        let full = self.is_full() && !skip_full_check;
        if full || timestamp <= self.last_entry(disk).0 {
            return Ok(());
        }
        let mut bytes = timestamp.to_be_bytes().to_vec();
        bytes.extend_from_slice(&relative.to_be_bytes());
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

    /// Keeps the entries whose offset is below `offset`.
    pub(super) fn truncate_to(&mut self, disk: &mut Disk, offset: i64) {
        self.entries = self.slots_while(disk, |(_, at)| at < offset);
        disk.truncate(self.file, self.entries * ENTRY_BYTES);
    }

    /// Drops every entry, whatever the file holds.
    pub(super) fn clear(&mut self, disk: &mut Disk) {
        self.entries = 0;
        disk.truncate(self.file, 0);
    }

    /// Whether entries rise, lie within `batches` and never say more than the batches do.
    pub(super) fn agrees_with(&self, disk: &Disk, batches: &BatchIndex) -> bool {
        let mut before = None;
        let agrees = |n: u64| {
            let Some((timestamp, offset)) = self.entry(disk, n) else {
                return false;
            };
            let batch = batches.get(batches.find(offset));
            let rises = before.is_none_or(|(t, o)| t < timestamp && o <= offset);
            before = Some((timestamp, offset));
            rises && offset >= self.base_offset && batch.is_some_and(|b| b.max_so_far == timestamp)
        };
        disk.len(self.file).is_multiple_of(ENTRY_BYTES) && (0..self.entries).all(agrees)
    }

    /// How many entries from the first one on satisfy `holds`.
    fn slots_while(&self, disk: &Disk, holds: impl Fn((i64, i64)) -> bool) -> u64 {
        let (mut low, mut high) = (0, self.entries);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.entry(disk, middle) {
                Some(entry) if holds(entry) => low = middle + 1,
                _ => high = middle,
            }
        }
        low
    }
}
