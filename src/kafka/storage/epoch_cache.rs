//! Which leader epoch starts at which offset (`LeaderEpochFileCache`, behaviour.md 2.4).
//!
//! Epochs and starts both rise strictly. An epoch's end is the start of the next one, or the log
//! end. Additions are made durable at once; cuts are written without haste, since opening a log
//! cuts again at its ends.

use super::checkpoint;
use crate::sim::{Disk, DiskError};
use std::sync::Arc;

/// The answer of [`EpochCache::end_offset_for`] when nothing is known.
pub(super) const UNDEFINED: (i32, i64) = (-1, -1);

/// Leader epochs and their first offsets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct EpochCache {
    entries: Arc<Vec<(i32, i64)>>,
    unwritten: bool,
}

impl EpochCache {
    /// The cache of a checkpoint; an error for a bad file. Entries that do not rise are dropped
    /// as [`EpochCache::assign`] does.
    pub(super) fn read(disk: &Disk, path: &str) -> Result<EpochCache, String> {
        let mut cache = EpochCache::default();
        for (epoch, start) in checkpoint::read_epochs(disk, path)? {
            cache.assign(epoch, start);
        }
        cache.unwritten = false;
        Ok(cache)
    }

    /// Every entry: (epoch, start).
    pub(super) fn entries(&self) -> &[(i32, i64)] {
        &self.entries
    }

    /// The latest epoch.
    pub(super) fn latest_epoch(&self) -> Option<i32> {
        self.entries.last().map(|(epoch, _)| *epoch)
    }

    /// Where the epoch asked for ends: the greatest known epoch that is not above it, and the
    /// start of the first one above.
    pub(super) fn end_offset_for(&self, asked: i32, log_end: i64) -> (i32, i64) {
        if asked < 0 {
            return UNDEFINED;
        }
        if self.latest_epoch() == Some(asked) {
            return (asked, log_end);
        }
        let above = self.entries.partition_point(|(epoch, _)| *epoch <= asked);
        let Some((_, end)) = self.entries.get(above) else {
            return UNDEFINED;
        };
        let floor = above.checked_sub(1).and_then(|n| self.entries.get(n));
        (floor.map_or(asked, |(epoch, _)| *epoch), *end)
    }

    /// The epoch in which `offset` was or will be written.
    pub(super) fn epoch_for_offset(&self, offset: i64) -> Option<i32> {
        let after = self.entries.partition_point(|(_, start)| *start <= offset);
        let entry = self.entries.get(after.checked_sub(1)?)?;
        Some(entry.0)
    }

    /// Notes that `epoch` starts at `start`; entries that contradict it go. True if anything
    /// changed. Negative numbers are ignored.
    pub(super) fn assign(&mut self, epoch: i32, start: i64) -> bool {
        let known = |(latest, at): &(i32, i64)| *latest == epoch && start >= *at;
        if epoch < 0 || start < 0 || self.entries.last().is_some_and(known) {
            return false;
        }
        let entries = Arc::make_mut(&mut self.entries);
        while entries
            .last()
            .is_some_and(|(e, at)| *e >= epoch || *at >= start)
        {
            entries.pop();
        }
        entries.push((epoch, start));
        self.unwritten = true;
        true
    }

    /// Forgets the epochs that start at `end` or later.
    pub(super) fn truncate_from_end(&mut self, end: i64) {
        let keep = self.entries.partition_point(|(_, start)| *start < end);
        if keep < self.entries.len() {
            Arc::make_mut(&mut self.entries).truncate(keep);
            self.unwritten = true;
        }
    }

    /// Forgets the epochs below `start`; the one in which `start` lies starts there now.
    pub(super) fn truncate_from_start(&mut self, start: i64) {
        let below = self.entries.partition_point(|(_, at)| *at <= start);
        let Some(last) = below.checked_sub(1) else {
            return;
        };
        let entries = Arc::make_mut(&mut self.entries);
        let moved = (entries[last].0, start);
        self.unwritten |= last > 0 || entries[last] != moved;
        entries[last] = moved;
        entries.drain(..last);
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.unwritten |= !self.entries.is_empty();
        self.entries = Arc::default();
    }

    /// Writes the file if there is something new in it.
    pub(super) fn write_if_needed(
        &mut self,
        disk: &mut Disk,
        path: &str,
        durable: bool,
    ) -> Result<(), DiskError> {
        if self.unwritten {
            checkpoint::write_epochs(disk, path, &self.entries, durable)?;
            self.unwritten = false;
        }
        Ok(())
    }
}
