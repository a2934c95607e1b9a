//! Cutting the log (`UnifiedLog.truncateTo`, `truncateFullyAndStartAt`) and bringing producer
//! state back to the cut (`rebuildProducerState`).
//!
//! A cut is synced, which Kafka leaves to its file system's journal: there a later file does not
//! survive a power-off that undoes an earlier cut. Without it records that were cut could come
//! back below newer ones.

use super::super::producer_state::ProducerState;
use super::super::segment::Segment;
use super::Log;
use crate::sim::{Disk, DiskError};
use std::sync::Arc;

impl Log {
    /// Cuts the log to end at `offset`; epochs, producer state and high watermark follow
    /// (`clamp_high_watermark` false: sabotage I1). True if records went.
    ///
    /// The batch that holds `offset` goes as a whole, yet the log end is `offset`, as in Kafka.
    /// At or above the log end nothing goes, but epochs that start there are forgotten: this
    /// broker may have led without a record while another leader was elected (KAFKA-10706).
    pub fn truncate_to(
        &mut self,
        disk: &mut Disk,
        offset: i64,
        clamp_high_watermark: bool,
        now_ms: i64,
    ) -> Result<bool, DiskError> {
        let offset = offset.max(0);
        if offset >= self.log_end {
            self.epochs.truncate_from_end(self.log_end);
            self.write_epochs(disk, true)?;
            return Ok(false);
        }
        if self
            .all_segments()
            .next()
            .is_some_and(|first| first.base_offset() > offset)
        {
            self.truncate_fully_and_start_at(disk, offset, now_ms)?;
            return Ok(true);
        }
        self.cut_segments(disk, offset, now_ms);
        self.set_log_end(offset);
        self.epochs.truncate_from_end(offset);
        self.write_epochs(disk, true)?;
        self.active.sync(disk);
        self.log_start = self.log_start.min(offset);
        self.rebuild_producer_state(disk, offset, false)?;
        if clamp_high_watermark && self.high_watermark >= offset {
            self.update_high_watermark(offset);
        }
        Ok(true)
    }

    /// Drops everything and starts empty at `offset`.
    pub fn truncate_fully_and_start_at(
        &mut self,
        disk: &mut Disk,
        offset: i64,
        now_ms: i64,
    ) -> Result<(), DiskError> {
        let offset = offset.max(0);
        let bases: Vec<i64> = self.all_segments().map(Segment::base_offset).collect();
        for base in bases {
            self.mark_deleted(disk, base, now_ms);
        }
        self.closed = Arc::default();
        self.active = Segment::open(disk, &self.name, offset, &self.config, now_ms)?;
        self.set_log_end(offset);
        self.epochs.clear();
        self.write_epochs(disk, true)?;
        self.active.sync(disk);
        self.producers
            .truncate_fully_and_start_at(disk, &self.name, offset);
        self.log_start = offset;
        self.rebuild_producer_state(disk, offset, false)?;
        self.update_high_watermark(offset);
        Ok(())
    }

    /// Removes the segments that start above `offset` and cuts the one that holds it, which is
    /// the active one from now on.
    pub(super) fn cut_segments(&mut self, disk: &mut Disk, offset: i64, now_ms: i64) {
        while self.active.base_offset() > offset {
            let Some(last) = Arc::make_mut(&mut self.closed).pop() else {
                break;
            };
            let gone = std::mem::replace(&mut self.active, Arc::unwrap_or_clone(last));
            self.mark_deleted(disk, gone.base_offset(), now_ms);
        }
        self.active.truncate_to(disk, offset, now_ms);
    }

    pub(super) fn set_log_end(&mut self, offset: i64) {
        self.log_end = offset;
        self.recovery_point = self.recovery_point.min(offset);
    }

    /// Makes the producer state that of the log up to `log_end`: from the newest good snapshot,
    /// with the batches after it. `reload_from_clean` and no snapshot at all: nothing is known,
    /// and nothing is read (a log from before snapshots).
    pub(super) fn rebuild_producer_state(
        &mut self,
        disk: &mut Disk,
        log_end: i64,
        reload_from_clean: bool,
    ) -> Result<(), DiskError> {
        if self.producers.latest_snapshot().is_none() && reload_from_clean {
            for offset in self.offsets_to_snapshot(log_end) {
                self.producers.update_map_end(offset);
                self.producers.take_snapshot(disk, &self.name, true)?;
            }
            return Ok(());
        }
        let nothing_known = self.producers.is_empty() && self.producers.map_end() >= log_end;
        let log_start = self.log_start;
        self.producers
            .truncate_and_reload(disk, &self.name, log_start, log_end);
        if log_end > self.producers.map_end() && !nothing_known {
            self.replay_producers(disk, log_end)?;
        }
        self.producers.update_map_end(log_end);
        self.producers.take_snapshot(disk, &self.name, true)
    }

    fn replay_producers(&mut self, disk: &mut Disk, log_end: i64) -> Result<(), DiskError> {
        let mut producers = std::mem::take(&mut self.producers);
        let replayed = self.replay_into(&mut producers, disk, log_end);
        self.producers = producers;
        replayed
    }

    fn replay_into(
        &self,
        producers: &mut ProducerState,
        disk: &mut Disk,
        log_end: i64,
    ) -> Result<(), DiskError> {
        let snapshots = self.offsets_to_snapshot(log_end);
        for n in self.floor_segment(producers.map_end())..=self.closed.len() {
            let Some(segment) = self.segment(n).filter(|s| s.base_offset() < log_end) else {
                break;
            };
            let from = producers
                .map_end()
                .max(segment.base_offset())
                .max(self.log_start);
            producers.update_map_end(from);
            if snapshots.contains(&segment.base_offset()) {
                producers.take_snapshot(disk, &self.name, true)?;
            }
            let batches = segment.batches();
            let batches = batches.iter_from(batches.find(from));
            let batches = batches.take_while(|batch| batch.last_offset < log_end);
            let batches = batches.filter_map(|batch| segment.batch_of(disk, batch));
            batches.for_each(|batch| producers.update(&batch));
        }
        Ok(())
    }

    /// The starts of the last two segments and the end: a truncation soon after needs no others.
    fn offsets_to_snapshot(&self, log_end: i64) -> Vec<i64> {
        let last_two = self.closed.last().map(|segment| segment.base_offset());
        let offsets = last_two
            .into_iter()
            .chain([self.active.base_offset(), log_end]);
        offsets.collect()
    }
}
