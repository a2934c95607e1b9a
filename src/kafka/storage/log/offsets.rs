//! The four offsets, leader epochs, and offsets by time (`UnifiedLog`, `LeaderEpochFileCache`).

use super::super::batch_index::BatchEntry;
use super::super::segment::Segment;
use super::{Log, LogOffsets};
use crate::kafka::protocol::record_batch::Record;
use crate::sim::{Disk, DiskError};

impl Log {
    /// All four offsets.
    pub fn offsets(&self) -> LogOffsets {
        LogOffsets {
            log_start: self.log_start,
            last_stable: self.last_stable_offset(),
            high_watermark: self.high_watermark,
            log_end: self.log_end,
        }
    }

    /// The high watermark, or the first offset below it whose transaction is not decided (2.16).
    fn last_stable_offset(&self) -> i64 {
        let unstable = self.producers.first_unstable_offset();
        let unstable = unstable.map(|offset| offset.max(self.log_start));
        unstable.map_or(self.high_watermark, |offset| {
            offset.min(self.high_watermark)
        })
    }

    /// Sets the high watermark as a leader: never back, at most the log end. The new value, if
    /// it moved.
    pub fn maybe_increment_high_watermark(&mut self, to: i64) -> Option<i64> {
        let to = to.min(self.log_end);
        if to <= self.high_watermark {
            return None;
        }
        self.set_high_watermark(to);
        Some(to)
    }

    /// Sets the high watermark as a follower: clamped to [LSTART, LEO], may go back. The value.
    pub fn update_high_watermark(&mut self, to: i64) -> i64 {
        let to = to.max(self.log_start).min(self.log_end);
        self.set_high_watermark(to);
        to
    }

    fn set_high_watermark(&mut self, to: i64) {
        self.high_watermark = to;
        self.producers.on_high_watermark_updated(to);
    }

    /// Raises the log start (never above the high watermark). True if it moved; an offset above
    /// the high watermark moves nothing.
    pub fn maybe_increment_log_start(&mut self, to: i64) -> bool {
        if to > self.high_watermark || to <= self.log_start {
            return false;
        }
        self.log_start = to;
        self.epochs.truncate_from_start(to);
        self.producers.on_log_start_incremented(to);
        true
    }

    /// Puts the log start inside of the first batch of a log that was made anew for it.
    pub(super) fn restore_log_start(&mut self, log_start: i64) {
        self.log_start = log_start.clamp(self.log_start, self.log_end);
        self.epochs.truncate_from_start(self.log_start);
        self.update_high_watermark(self.high_watermark);
    }

    /// The latest cached leader epoch.
    pub fn latest_epoch(&self) -> Option<i32> {
        self.epochs.latest_epoch()
    }

    /// `endOffsetFor` of 2.4: (epoch, end), (-1, -1) if undefined.
    pub fn end_offset_for(&self, epoch: i32) -> (i32, i64) {
        self.epochs.end_offset_for(epoch, self.log_end)
    }

    /// The cached epoch entries (epoch, start offset).
    pub fn epochs(&self) -> &[(i32, i64)] {
        self.epochs.entries()
    }

    /// The epoch of the batch at `offset`, by the cache.
    pub fn epoch_at(&self, offset: i64) -> Option<i32> {
        self.epochs.epoch_for_offset(offset)
    }

    /// Caches that `epoch` starts at the offset (on becoming leader, also without data,
    /// KAFKA-7415). A negative epoch (none) is ignored.
    pub fn assign_epoch_start(
        &mut self,
        disk: &mut Disk,
        epoch: i32,
        start: i64,
    ) -> Result<(), DiskError> {
        if self.epochs.assign(epoch, start) {
            self.write_epochs(disk, true)?;
        }
        Ok(())
    }

    pub(super) fn write_epochs(&mut self, disk: &mut Disk, durable: bool) -> Result<(), DiskError> {
        let path = self.epoch_path();
        self.epochs.write_if_needed(disk, &path, durable)
    }

    /// The first record at or after `timestamp` below the high watermark: (offset, timestamp,
    /// leader epoch). As in Kafka the record is searched in the whole log; if it is not below
    /// the high watermark, there is none. Of a batch that can not be read record by record (a
    /// compressed one without its codec) the base offset counts.
    pub fn offset_for_timestamp(&self, disk: &Disk, timestamp: i64) -> Option<(i64, i64, i32)> {
        let late = |segment: &&Segment| segment.largest_timestamp() >= timestamp;
        let segment = self.all_segments().find(late)?;
        let batches = segment.batches();
        let first = batches.partition_point(|batch| batch.max_so_far < timestamp);
        let first = first.max(batches.find(self.log_start));
        let candidates = batches.iter_from(first);
        let candidates = candidates.filter(|batch| batch.max_timestamp >= timestamp);
        let hit =
            |record: &Record| record.timestamp >= timestamp && record.offset >= self.log_start;
        let mut found = candidates.filter_map(|batch| first_record(disk, segment, batch, hit));
        found
            .next()
            .filter(|(offset, _, _)| *offset < self.high_watermark)
    }

    /// The record with the largest timestamp, likewise.
    pub fn offset_of_max_timestamp(&self, disk: &Disk) -> Option<(i64, i64, i32)> {
        let max = |segment: &Segment| segment.max_timestamp().map(|(max, _)| max);
        let latest = self.all_segments().filter_map(max).max()?;
        let segment = self
            .all_segments()
            .find(|segment| max(segment) == Some(latest))?;
        let batches = segment.batches();
        let slot = batches.partition_point(|batch| batch.max_so_far < latest);
        let hit = |record: &Record| record.timestamp == latest;
        let found = first_record(disk, segment, batches.get(slot)?, hit);
        found.filter(|(offset, _, _)| *offset < self.high_watermark)
    }

    /// Forgets producers idle for longer than `expiration_ms`.
    pub fn expire_producers(&mut self, now_ms: i64, expiration_ms: i64) {
        self.producers.remove_expired(now_ms, expiration_ms);
    }
}

/// The first record of a batch for which `hit` holds: (offset, timestamp, leader epoch).
fn first_record(
    disk: &Disk,
    segment: &Segment,
    entry: &BatchEntry,
    hit: impl Fn(&Record) -> bool,
) -> Option<(i64, i64, i32)> {
    let Ok(records) = segment.batch_of(disk, entry)?.records() else {
        return Some((entry.base_offset, entry.max_timestamp, entry.epoch));
    };
    let record = records.iter().find(|record| hit(record))?;
    Some((record.offset, record.timestamp, entry.epoch))
}
