//! Appending a batch, as leader or as follower (`UnifiedLog.append`).
//!
//! The order is Kafka's: the epoch is cached and the segment rolled before the producer's
//! sequence is judged, so a refused or doubled batch may leave a new, empty segment behind.

use super::super::producer_state::{BatchMetadata, Verdict};
use super::super::segment::RollParams;
use super::{AppendError, AppendInfo, Log, ProducerAppend};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::record_batch::{NO_TIMESTAMP, RecordBatch};
use crate::sim::{Chunk, Disk, DiskError};

impl Log {
    /// Appends a batch as the leader: assigns offsets from the log end, stamps `leader_epoch`,
    /// applies LogAppendTime, checks the producer's sequence (2.14), rolls (2.22). The batch was
    /// validated before (`validate_produced`), its checksum too.
    ///
    /// Refused with RECORD_LIST_TOO_LARGE (larger than a segment),
    /// OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE or, for a marker,
    /// TRANSACTION_COORDINATOR_FENCED.
    pub fn append_as_leader(
        &mut self,
        disk: &mut Disk,
        batch: &RecordBatch,
        leader_epoch: i32,
        check: ProducerAppend,
        now_ms: i64,
    ) -> Result<AppendInfo, AppendError> {
        let batch = self.assign_offsets(batch, leader_epoch, now_ms);
        let rolled = self.prepare_append(disk, &batch, now_ms)?;
        match self.producers.check(&batch, &self.name, check) {
            Verdict::Refuse(code, text) => return Err(AppendError::Refused(code, text)),
            Verdict::Duplicate(old) => return Ok(self.duplicate_info(&old, rolled)),
            Verdict::Append => {}
        }
        let chunk = Chunk {
            bytes: batch.bytes().clone(),
            sound: true,
        };
        self.write(disk, &batch, chunk, now_ms)?;
        let log_append_time = if self.config.message_timestamp_log_append && !batch.is_control() {
            now_ms
        } else {
            NO_TIMESTAMP
        };
        Ok(self.append_info(&batch, rolled, log_append_time))
    }

    /// Appends one batch as a follower, keeping offsets and epochs; its base offset must be the
    /// log end or above.
    ///
    /// One exception, as in `Partition.doAppendRecordsToFollowerOrFutureReplica`: if the log is
    /// empty and the batch straddles its end (the leader's log starts inside of a batch), the
    /// log starts anew at the batch's base offset, and LSTART stays.
    ///
    /// Refused with CORRUPT_MESSAGE (no batch, more than one, or a wrong checksum),
    /// RECORD_LIST_TOO_LARGE, or UNKNOWN_SERVER_ERROR for a base offset below the log end.
    pub fn append_as_follower(
        &mut self,
        disk: &mut Disk,
        chunk: &Chunk,
        now_ms: i64,
    ) -> Result<AppendInfo, AppendError> {
        let batch = self.read_replicated(chunk)?;
        let log_start = self.log_start;
        let straddles = batch.base_offset() < self.log_end;
        if straddles {
            self.restart_at_straddling(disk, &batch, now_ms)?;
        }
        let rolled = self.prepare_append(disk, &batch, now_ms)?;
        let chunk = Chunk {
            bytes: chunk.bytes.clone(),
            sound: true,
        };
        self.write(disk, &batch, chunk, now_ms)?;
        if straddles {
            self.restore_log_start(log_start);
        }
        Ok(self.append_info(&batch, rolled, NO_TIMESTAMP))
    }

    fn assign_offsets(&self, batch: &RecordBatch, leader_epoch: i32, now_ms: i64) -> RecordBatch {
        // A control batch is written by the broker, with its own time.
        if self.config.message_timestamp_log_append && !batch.is_control() {
            let timed = batch.with_log_append_time(now_ms);
            return timed.stamped(self.log_end, leader_epoch);
        }
        batch.stamped(self.log_end, leader_epoch)
    }

    fn read_replicated(&self, chunk: &Chunk) -> Result<RecordBatch, AppendError> {
        let corrupt = |text: String| {
            let text = format!("{text} in topic partition {}.", self.name);
            AppendError::Refused(ErrorCode::CORRUPT_MESSAGE, text)
        };
        let read = RecordBatch::read(&chunk.bytes);
        let (batch, rest) = read.map_err(|error| corrupt(error.to_string()))?;
        let range = batch.base_offset()..=batch.last_offset();
        if !rest.is_empty() || range.is_empty() || *range.end() == i64::MAX {
            return Err(corrupt(
                "Record batch has an invalid offset range or length".into(),
            ));
        }
        if !chunk.sound {
            let verified = batch.verify_checksum();
            verified.map_err(|error| corrupt(error.to_string()))?;
        }
        Ok(batch)
    }

    fn restart_at_straddling(
        &mut self,
        disk: &mut Disk,
        batch: &RecordBatch,
        now_ms: i64,
    ) -> Result<(), AppendError> {
        let log_start = self.log_start;
        if self.log_end != log_start || batch.last_offset() < self.log_end {
            let text = format!(
                "Unexpected offset in append to {}. First offset {} is less than the next offset \
                 {}. Last offset in append: {}. Log start offset = {log_start}",
                self.name,
                batch.base_offset(),
                self.log_end,
                batch.last_offset()
            );
            return Err(AppendError::Refused(ErrorCode::UNKNOWN_SERVER_ERROR, text));
        }
        self.truncate_fully_and_start_at(disk, batch.base_offset(), now_ms)?;
        Ok(())
    }

    /// Caches the epoch, refuses what fits in no segment, rolls if needed.
    fn prepare_append(
        &mut self,
        disk: &mut Disk,
        batch: &RecordBatch,
        now_ms: i64,
    ) -> Result<Option<i64>, AppendError> {
        self.assign_epoch_start(disk, batch.leader_epoch(), batch.base_offset())?;
        let (size, most) = (batch.size(), self.config.segment_bytes);
        if size as u64 > most.max(0) as u64 {
            let text = format!(
                "Message batch size is {size} bytes in append to partition {}, which exceeds the \
                 maximum configured segment size of {most}.",
                self.name
            );
            return Err(AppendError::Refused(ErrorCode::RECORD_LIST_TOO_LARGE, text));
        }
        let params = RollParams {
            bytes: size as u64,
            max_timestamp: batch.max_timestamp(),
            last_offset: batch.last_offset(),
            now_ms,
        };
        if !self.active.should_roll(&self.config, &params) {
            return Ok(None);
        }
        self.roll_at(disk, batch.base_offset(), now_ms)?;
        Ok(Some(self.active.base_offset()))
    }

    fn write(
        &mut self,
        disk: &mut Disk,
        batch: &RecordBatch,
        chunk: Chunk,
        now_ms: i64,
    ) -> Result<(), DiskError> {
        let interval = self.config.index_interval_bytes;
        self.active.append(disk, batch, chunk, interval, now_ms)?;
        self.log_end = batch.next_offset();
        self.producers.update(batch);
        if self.log_end.saturating_sub(self.recovery_point) >= self.config.flush_messages {
            self.flush(disk);
        }
        Ok(())
    }

    fn append_info(
        &self,
        batch: &RecordBatch,
        rolled: Option<i64>,
        log_append_time: i64,
    ) -> AppendInfo {
        AppendInfo {
            first_offset: batch.base_offset(),
            last_offset: batch.last_offset(),
            log_append_time,
            log_start_offset: self.log_start,
            duplicate: false,
            rolled,
            bytes: batch.size() as u64,
            records: batch.record_count().max(0) as u64,
        }
    }

    fn duplicate_info(&self, old: &BatchMetadata, rolled: Option<i64>) -> AppendInfo {
        AppendInfo {
            first_offset: old.first_offset(),
            last_offset: old.last_offset,
            log_append_time: old.timestamp,
            log_start_offset: self.log_start,
            duplicate: true,
            rolled,
            bytes: 0,
            records: 0,
        }
    }
}
