//! Deleting old segments (`UnifiedLog.deleteOldSegments`, behaviour.md 2.21): those below the log
//! start, then by size, then by time. Files are renamed at once and removed after
//! `file.delete.delay.ms`.

use super::super::files::{DELETED_SUFFIX, FileKind, offset_path};
use super::super::segment::Segment;
use super::Log;
use crate::sim::{Disk, DiskError};
use std::sync::Arc;

/// Files that wait for their removal.
#[derive(Clone, Debug)]
pub(super) struct Deleted {
    due_ms: i64,
    paths: Vec<String>,
}

impl Log {
    /// Applies retention (2.21) and returns the base offsets of the segments that go; their
    /// files are renamed `.deleted` now and removed by [`Log::remove_deleted`].
    pub fn delete_old_segments(
        &mut self,
        disk: &mut Disk,
        now_ms: i64,
    ) -> Result<Vec<i64>, DiskError> {
        let mut gone = self.delete_below_log_start(disk, now_ms)?;
        if self.config.cleanup_delete {
            gone.extend(self.delete_by_size(disk, now_ms)?);
            gone.extend(self.delete_by_time(disk, now_ms)?);
        }
        self.write_epochs(disk, false)?;
        Ok(gone)
    }

    /// Removes files of deleted segments whose delay is over; the next time one is due (ms).
    pub fn remove_deleted(&mut self, disk: &mut Disk, now_ms: i64) -> Option<i64> {
        let due = self.deleted.iter().filter(|files| files.due_ms <= now_ms);
        let due: Vec<String> = due.flat_map(|files| files.paths.clone()).collect();
        if !due.is_empty() {
            due.iter().for_each(|path| disk.delete(path));
            Arc::make_mut(&mut self.deleted).retain(|files| files.due_ms > now_ms);
        }
        self.deleted.iter().map(|files| files.due_ms).min()
    }

    fn delete_below_log_start(
        &mut self,
        disk: &mut Disk,
        now_ms: i64,
    ) -> Result<Vec<i64>, DiskError> {
        let log_start = self.log_start;
        self.delete_while(disk, now_ms, |_, next| {
            next.is_some_and(|next| next.base_offset() <= log_start)
        })
    }

    fn delete_by_size(&mut self, disk: &mut Disk, now_ms: i64) -> Result<Vec<i64>, DiskError> {
        let Ok(keep) = u64::try_from(self.config.retention_bytes) else {
            return Ok(Vec::new());
        };
        let Some(mut excess) = self.size().checked_sub(keep) else {
            return Ok(Vec::new());
        };
        self.delete_while(disk, now_ms, |segment, _| {
            let rest = excess.checked_sub(segment.size());
            excess = rest.unwrap_or(excess);
            rest.is_some()
        })
    }

    fn delete_by_time(&mut self, disk: &mut Disk, now_ms: i64) -> Result<Vec<i64>, DiskError> {
        let retention_ms = self.config.retention_ms;
        if retention_ms < 0 {
            return Ok(Vec::new());
        }
        self.delete_while(disk, now_ms, |segment, _| {
            now_ms.saturating_sub(segment.largest_timestamp()) > retention_ms
        })
    }

    /// Deletes segments from the oldest on while `breached` holds for the segment and the next
    /// one, and all of it is below the high watermark.
    fn delete_while(
        &mut self,
        disk: &mut Disk,
        now_ms: i64,
        mut breached: impl FnMut(&Segment, Option<&Segment>) -> bool,
    ) -> Result<Vec<i64>, DiskError> {
        let deletable = (0..=self.closed.len())
            .take_while(|n| {
                let Some(segment) = self.segment(*n) else {
                    return false;
                };
                let next = self.segment(n + 1);
                let upper = next.map_or(self.log_end, Segment::base_offset);
                let empty_last = next.is_none() && segment.size() == 0;
                self.high_watermark >= upper && breached(segment, next) && !empty_last
            })
            .count();
        if deletable > self.closed.len() {
            // There must always be an active segment.
            self.roll_at(disk, self.log_end, now_ms)?;
        }
        let closed = Arc::make_mut(&mut self.closed);
        let bases: Vec<i64> = closed.drain(..deletable).map(|s| s.base_offset()).collect();
        let first = self.all_segments().next().map(Segment::base_offset);
        if let Some(first) = first.filter(|_| !bases.is_empty()) {
            self.maybe_increment_log_start(first);
        }
        for base in &bases {
            self.mark_deleted(disk, *base, now_ms);
        }
        Ok(bases)
    }

    /// Renames the files of the segment at `base`, and the snapshot of the same name, to
    /// `.deleted`.
    pub(super) fn mark_deleted(&mut self, disk: &mut Disk, base: i64, now_ms: i64) {
        let segment = FileKind::OF_SEGMENT.map(|kind| offset_path(&self.name, base, kind));
        let snapshot = self.producers.release_snapshot(&self.name, base);
        let mut paths = Vec::new();
        for path in segment.into_iter().chain(snapshot) {
            if disk.open(&path).is_some() {
                let deleted = format!("{path}{DELETED_SUFFIX}");
                disk.rename(&path, &deleted);
                paths.push(deleted);
            }
        }
        let due_ms = now_ms.saturating_add(self.config.file_delete_delay_ms);
        Arc::make_mut(&mut self.deleted).push(Deleted { due_ms, paths });
    }
}
