//! New segments, flushing and closing (`UnifiedLog.roll`, `flush`, `close`).
//!
//! The recovery point only ever passes bytes for which a sync was asked. The disk makes them
//! durable later: a power-off in between leaves less than the recovery point promises, and
//! opening the log copes with that.

use super::super::segment::Segment;
use super::Log;
use crate::sim::{Disk, DiskError, SyncId};
use std::sync::Arc;

impl Log {
    /// The recovery point: all below it is known to be durable.
    pub fn recovery_point(&self) -> i64 {
        self.recovery_point
    }

    /// Starts a new segment at the log end (the `roll` of an administrator or of a test; appends
    /// roll by themselves). Its base offset.
    pub fn roll(&mut self, disk: &mut Disk, now_ms: i64) -> Result<i64, DiskError> {
        self.roll_at(disk, self.log_end, now_ms)?;
        Ok(self.active.base_offset())
    }

    /// Starts a new segment at `offset`, or at the log end if that is later: the old one gets its
    /// last time index entry, the producer state a snapshot, and both are flushed.
    pub(super) fn roll_at(
        &mut self,
        disk: &mut Disk,
        offset: i64,
        now_ms: i64,
    ) -> Result<(), DiskError> {
        let base = offset.max(self.log_end);
        self.active.finish_time_index(disk)?;
        if base > self.active.base_offset() {
            let fresh = Segment::open(disk, &self.name, base, &self.config, now_ms)?;
            let old = std::mem::replace(&mut self.active, fresh);
            Arc::make_mut(&mut self.closed).push(Arc::new(old));
        } else {
            // An empty segment is in the way: its indexes are full from the start.
            self.active = Segment::open(disk, &self.name, base, &self.config, now_ms)?;
        }
        self.log_end = base;
        self.producers.update_map_end(base);
        self.producers.take_snapshot(disk, &self.name, true)?;
        self.flush_up_to(disk, base);
        self.write_epochs(disk, true)
    }

    /// Asks the disk to make everything durable and moves the recovery point to the log end.
    pub fn flush(&mut self, disk: &mut Disk) {
        self.flush_and_sync(disk);
    }

    /// As [`Log::flush`]; the sync request whose end means that all batches are durable. It is
    /// for the active segment, asked after all others.
    pub fn flush_and_sync(&mut self, disk: &mut Disk) -> SyncId {
        self.flush_up_to(disk, self.log_end);
        self.active.sync(disk)
    }

    /// Syncs the closed segments that hold anything between the recovery point and `offset`.
    fn flush_up_to(&mut self, disk: &mut Disk, offset: i64) {
        if offset <= self.recovery_point {
            return;
        }
        let first = self.floor_segment(self.recovery_point);
        for segment in self.closed.iter().skip(first) {
            segment.sync(disk);
        }
        self.recovery_point = offset;
    }

    /// A clean close: producer snapshot at the log end, indexes trimmed, everything synced.
    pub fn close(&mut self, disk: &mut Disk, _now_ms: i64) -> Result<(), DiskError> {
        self.producers.take_snapshot(disk, &self.name, true)?;
        self.active.finish_time_index(disk)?;
        self.write_epochs(disk, true)?;
        self.flush(disk);
        Ok(())
    }
}
