//! One replica's log.

use crate::kafka::config::TopicConfig;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::record_batch::RecordBatch;
use crate::sim::{Chunk, Disk, DiskError};
use uuid::Uuid;

/// A partition's log in one folder of a disk (`web_log-0/`). Holds handles and indexes; the
/// bytes are on the disk, which every call is given.
#[derive(Clone, Debug)]
pub struct Log {}

/// The four offsets of a log: LSTART <= LSO <= HW <= LEO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct LogOffsets {
    /// The first offset.
    pub log_start: i64,
    /// The last stable offset, exclusive.
    pub last_stable: i64,
    /// The high watermark, exclusive.
    pub high_watermark: i64,
    /// The log end: the next offset to be written.
    pub log_end: i64,
}

/// What opening a log found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Recovery {
    /// Bytes read again because they lay above the recovery point of an unclean stop.
    pub scanned_bytes: u64,
    /// Bytes cut off because they were no valid batch.
    pub truncated_bytes: u64,
}

/// What an append did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppendInfo {
    /// The first offset (of the old batch, for a duplicate).
    pub first_offset: i64,
    /// The last offset.
    pub last_offset: i64,
    /// The broker's time, with LogAppendTime, else -1.
    pub log_append_time: i64,
    /// The log start offset after the append.
    pub log_start_offset: i64,
    /// The batch was one of the producer's last five: nothing was written.
    pub duplicate: bool,
    /// The base offset of a segment that was rolled for it.
    pub rolled: Option<i64>,
    /// Bytes written.
    pub bytes: u64,
    /// Records written.
    pub records: u64,
}

/// Why an append was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppendError {
    /// The records are refused with this code and text.
    Refused(ErrorCode, String),
    /// The disk refused: the log directory is offline, the broker halts.
    Disk(DiskError),
}

impl From<DiskError> for AppendError {
    fn from(error: DiskError) -> Self {
        AppendError::Disk(error)
    }
}

/// How producer state is checked on append (2.14); switches come from `Semantics`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ProducerAppend {
    /// Sabotage: do not look for duplicates.
    pub skip_duplicate_check: bool,
    /// Sabotage: accept any sequence.
    pub skip_sequence_check: bool,
}

/// Up to where a reader may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// A follower: up to the log end.
    LogEnd,
    /// A consumer: up to the high watermark.
    HighWatermark,
    /// A read_committed consumer: up to the last stable offset.
    LastStable,
}

/// What a read gave.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct FetchData {
    /// Whole batches from the one that holds the asked offset on, each batch its own chunk as it
    /// was appended.
    pub chunks: Vec<Chunk>,
    /// Their bytes.
    pub bytes: u64,
}

#[allow(unused_variables)]
impl Log {
    /// Makes a new folder `name` with `partition.metadata` for a partition of a topic.
    pub fn create(
        disk: &mut Disk,
        name: &str,
        topic_id: Uuid,
        config: TopicConfig,
        now_ms: i64,
    ) -> Result<Log, DiskError> {
        todo!()
    }

    /// Opens the folder `name` and reads its files. After an unclean stop the segments from
    /// `recovery_point` on are read again and cut at the first invalid batch, indexes are
    /// rebuilt and producer state is replayed. `high_watermark` and `log_start` come from the
    /// data directory's checkpoints.
    pub fn open(
        disk: &mut Disk,
        name: &str,
        config: TopicConfig,
        clean: bool,
        recovery_point: i64,
        log_start: i64,
        high_watermark: i64,
        now_ms: i64,
    ) -> Result<(Log, Recovery), DiskError> {
        todo!()
    }

    /// The id in `partition.metadata`, if the file is there.
    pub fn topic_id(&self) -> Option<Uuid> {
        todo!()
    }

    /// The folder.
    pub fn name(&self) -> &str {
        todo!()
    }

    /// All four offsets.
    pub fn offsets(&self) -> LogOffsets {
        todo!()
    }

    /// Uses this config from now on.
    pub fn set_config(&mut self, config: TopicConfig) {
        todo!()
    }

    /// The config.
    pub fn config(&self) -> &TopicConfig {
        todo!()
    }

    /// Appends a batch as the leader: assigns offsets from the log end, stamps `leader_epoch`,
    /// applies LogAppendTime, checks the producer's sequence (2.14), rolls (2.22). The batch was
    /// validated before (`validate_produced`).
    pub fn append_as_leader(
        &mut self,
        disk: &mut Disk,
        batch: &RecordBatch,
        leader_epoch: i32,
        check: ProducerAppend,
        now_ms: i64,
    ) -> Result<AppendInfo, AppendError> {
        todo!()
    }

    /// Appends one batch as a follower, keeping offsets and epochs; its base offset must be the
    /// log end or above.
    pub fn append_as_follower(
        &mut self,
        disk: &mut Disk,
        chunk: &Chunk,
        now_ms: i64,
    ) -> Result<AppendInfo, AppendError> {
        todo!()
    }

    /// Reads whole batches from the one that holds `offset`, at most `max_bytes` together but
    /// at least one batch if `min_one`, below the bound of `isolation`. An offset outside
    /// [LSTART, LEO] is refused with OFFSET_OUT_OF_RANGE.
    pub fn read(
        &self,
        disk: &Disk,
        offset: i64,
        max_bytes: u64,
        min_one: bool,
        isolation: Isolation,
    ) -> Result<FetchData, ErrorCode> {
        todo!()
    }

    /// As [`Log::read`] with an explicit upper bound (exclusive offset).
    pub fn read_below(
        &self,
        disk: &Disk,
        offset: i64,
        max_bytes: u64,
        min_one: bool,
        bound: i64,
    ) -> Result<FetchData, ErrorCode> {
        todo!()
    }

    /// The base offset of the segment that holds `offset` and the byte position of `offset`'s
    /// batch in it, for delayed fetches (2.25 F and G).
    pub fn position_of(&self, disk: &Disk, offset: i64) -> Option<(i64, u64)> {
        todo!()
    }

    /// The bytes of batches from `offset` to the bound `upper` (exclusive), or more than `cap`.
    pub fn bytes_between(&self, disk: &Disk, offset: i64, upper: i64, cap: u64) -> u64 {
        todo!()
    }

    /// Sets the high watermark as a leader: never back, at most the log end. The new value.
    pub fn maybe_increment_high_watermark(&mut self, to: i64) -> Option<i64> {
        todo!()
    }

    /// Sets the high watermark as a follower: clamped to [LSTART, LEO], may go back. The value.
    pub fn update_high_watermark(&mut self, to: i64) -> i64 {
        todo!()
    }

    /// Cuts the log to end at `offset`; epochs, producer state and high watermark follow
    /// (`clamp_high_watermark` false: sabotage I1).
    pub fn truncate_to(
        &mut self,
        disk: &mut Disk,
        offset: i64,
        clamp_high_watermark: bool,
        now_ms: i64,
    ) -> Result<bool, DiskError> {
        todo!()
    }

    /// Drops everything and starts empty at `offset`.
    pub fn truncate_fully_and_start_at(
        &mut self,
        disk: &mut Disk,
        offset: i64,
        now_ms: i64,
    ) -> Result<(), DiskError> {
        todo!()
    }

    /// Raises the log start (never above the high watermark). True if it moved.
    pub fn maybe_increment_log_start(&mut self, to: i64) -> bool {
        todo!()
    }

    /// The latest cached leader epoch.
    pub fn latest_epoch(&self) -> Option<i32> {
        todo!()
    }

    /// `endOffsetFor` of 2.4: (epoch, end), (-1, -1) if undefined.
    pub fn end_offset_for(&self, epoch: i32) -> (i32, i64) {
        todo!()
    }

    /// The cached epoch entries (epoch, start offset).
    pub fn epochs(&self) -> Vec<(i32, i64)> {
        todo!()
    }

    /// The epoch of the batch at `offset`, by the cache.
    pub fn epoch_at(&self, offset: i64) -> Option<i32> {
        todo!()
    }

    /// Caches that `epoch` starts at the offset (on becoming leader, also without data).
    pub fn assign_epoch_start(
        &mut self,
        disk: &mut Disk,
        epoch: i32,
        start: i64,
    ) -> Result<(), DiskError> {
        todo!()
    }

    /// The first record at or after `timestamp` below the high watermark: (offset, timestamp,
    /// leader epoch).
    pub fn offset_for_timestamp(&self, disk: &Disk, timestamp: i64) -> Option<(i64, i64, i32)> {
        todo!()
    }

    /// The record with the largest timestamp, likewise.
    pub fn offset_of_max_timestamp(&self, disk: &Disk) -> Option<(i64, i64, i32)> {
        todo!()
    }

    /// Applies retention (2.21) and returns the base offsets of the segments that go; their
    /// files are renamed `.deleted` now and removed by [`Log::remove_deleted`].
    pub fn delete_old_segments(
        &mut self,
        disk: &mut Disk,
        now_ms: i64,
    ) -> Result<Vec<i64>, DiskError> {
        todo!()
    }

    /// Removes files of deleted segments whose delay is over; the next time one is due (ms).
    pub fn remove_deleted(&mut self, disk: &mut Disk, now_ms: i64) -> Option<i64> {
        todo!()
    }

    /// Forgets producers idle for longer than `expiration_ms`.
    pub fn expire_producers(&mut self, now_ms: i64, expiration_ms: i64) {
        todo!()
    }

    /// The recovery point: all below it is known to be durable.
    pub fn recovery_point(&self) -> i64 {
        todo!()
    }

    /// Asks the disk to make everything durable and moves the recovery point to the log end.
    pub fn flush(&mut self, disk: &mut Disk) {
        todo!()
    }

    /// A clean close: producer snapshot at the log end, indexes trimmed, everything synced.
    pub fn close(&mut self, disk: &mut Disk, now_ms: i64) -> Result<(), DiskError> {
        todo!()
    }

    /// Deletes the folder with all its files.
    pub fn delete(self, disk: &mut Disk) {
        todo!()
    }

    /// The segments: (base offset, bytes).
    pub fn segments(&self) -> Vec<(i64, u64)> {
        todo!()
    }

    /// Every batch of the log from `offset` on (checks, exports), lazily.
    pub fn batches_from<'a>(
        &'a self,
        disk: &'a Disk,
        offset: i64,
    ) -> Box<dyn Iterator<Item = RecordBatch> + 'a> {
        todo!()
    }
}
