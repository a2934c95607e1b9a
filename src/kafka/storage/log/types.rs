//! What goes into and comes out of a [`Log`](super::Log).

use crate::kafka::protocol::ErrorCode;
use crate::sim::{Chunk, DiskError};

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
    /// The broker's time, with LogAppendTime, else -1; the largest timestamp of the old batch, for
    /// a duplicate.
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
