//! Record batch v2, our own: `DefaultRecordBatch`, KAFKA.md 2.24.

use super::ErrorCode;
use bytes::Bytes;

/// Bytes before the first record of a batch.
pub const BATCH_HEADER_BYTES: usize = 61;
/// A batch with no producer id.
pub const NO_PRODUCER_ID: i64 = -1;
/// A batch with no producer epoch.
pub const NO_PRODUCER_EPOCH: i16 = -1;
/// A batch with no sequence.
pub const NO_SEQUENCE: i32 = -1;
/// A batch with no leader epoch.
pub const NO_LEADER_EPOCH: i32 = -1;

/// One batch: a view on its bytes, whose header and length were checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordBatch {
    bytes: Bytes,
}

/// What is wrong with bytes that should be a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchError {
    /// The bytes end before the batch does.
    Truncated,
    /// The length field can not be right.
    BadLength(i32),
    /// Magic 0 or 1, or an unknown one.
    UnsupportedMagic(i8),
    /// The checksum does not match.
    BadChecksum {
        /// The checksum in the header.
        stored: u32,
        /// The checksum of the bytes.
        computed: u32,
    },
    /// A record or the header contradicts itself; the text says what.
    Invalid(String),
    /// The records are compressed and this build has no codec for them.
    NeedsCodec(Compression),
}

impl BatchError {
    /// The code with which a broker refuses such a batch.
    pub fn code(&self) -> ErrorCode {
        todo!()
    }
}

/// Bits 0–2 of a batch's attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Compression {
    None = 0,
    Gzip = 1,
    Snappy = 2,
    Lz4 = 3,
    Zstd = 4,
}

/// Bit 3 of a batch's attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TimestampType {
    CreateTime,
    LogAppendTime,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Record {
    /// Its offset in the partition.
    pub offset: i64,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// The key, if any.
    pub key: Option<Bytes>,
    /// The value; none is a tombstone.
    pub value: Option<Bytes>,
    /// Headers in order; names may repeat.
    pub headers: Vec<(String, Option<Bytes>)>,
}

impl RecordBatch {
    /// Reads the batch at the start of `bytes` and returns it with the rest. Checks length,
    /// magic and header; not the checksum.
    pub fn read(bytes: &Bytes) -> Result<(RecordBatch, Bytes), BatchError> {
        let _ = bytes;
        todo!()
    }

    /// Reads every batch of `bytes`; a partial batch at the end is left out, as Kafka's
    /// `MemoryRecords.batches` does.
    pub fn read_all(bytes: &Bytes) -> Result<Vec<RecordBatch>, BatchError> {
        let _ = bytes;
        todo!()
    }

    /// The whole batch.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The batch with offset and leader epoch stamped into the header (both lie outside the
    /// checksum), everything else as it is.
    pub fn stamped(&self, base_offset: i64, leader_epoch: i32) -> RecordBatch {
        let _ = (base_offset, leader_epoch);
        todo!()
    }

    /// The batch with `max_timestamp` overwritten and the LogAppendTime bit set, checksum anew.
    pub fn with_log_append_time(&self, timestamp: i64) -> RecordBatch {
        let _ = timestamp;
        todo!()
    }

    /// Compares the checksum with the bytes.
    pub fn verify_checksum(&self) -> Result<(), BatchError> {
        todo!()
    }

    /// The records in order; an error ends the iteration.
    pub fn records(&self) -> Result<Vec<Record>, BatchError> {
        todo!()
    }

    /// Header fields.
    pub fn base_offset(&self) -> i64 {
        todo!()
    }
    /// base offset + last offset delta.
    pub fn last_offset(&self) -> i64 {
        todo!()
    }
    /// The offset after the last one.
    pub fn next_offset(&self) -> i64 {
        self.last_offset() + 1
    }
    /// The leader epoch stamped by the leader.
    pub fn leader_epoch(&self) -> i32 {
        todo!()
    }
    /// Attribute bits.
    pub fn compression(&self) -> Result<Compression, BatchError> {
        todo!()
    }
    /// Attribute bit 3.
    pub fn timestamp_type(&self) -> TimestampType {
        todo!()
    }
    /// Attribute bit 4.
    pub fn is_transactional(&self) -> bool {
        todo!()
    }
    /// Attribute bit 5.
    pub fn is_control(&self) -> bool {
        todo!()
    }
    /// Milliseconds since 1970 of the first record.
    pub fn base_timestamp(&self) -> i64 {
        todo!()
    }
    /// The largest timestamp.
    pub fn max_timestamp(&self) -> i64 {
        todo!()
    }
    /// The producer's id, or -1.
    pub fn producer_id(&self) -> i64 {
        todo!()
    }
    /// The producer's epoch, or -1.
    pub fn producer_epoch(&self) -> i16 {
        todo!()
    }
    /// The sequence of the first record, or -1.
    pub fn base_sequence(&self) -> i32 {
        todo!()
    }
    /// The sequence of the last record (wrapping from 2^31 - 1 to 0), or -1.
    pub fn last_sequence(&self) -> i32 {
        todo!()
    }
    /// How many records.
    pub fn record_count(&self) -> i32 {
        todo!()
    }
}

/// Writes one batch.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    /// The offset of the first record (0 from a producer).
    pub base_offset: i64,
    /// The leader epoch (-1 from a producer).
    pub leader_epoch: i32,
    /// CreateTime or LogAppendTime.
    pub timestamp_type: TimestampType,
    /// The producer's id, or -1.
    pub producer_id: i64,
    /// The producer's epoch, or -1.
    pub producer_epoch: i16,
    /// The first sequence, or -1.
    pub base_sequence: i32,
    /// Part of a transaction.
    pub transactional: bool,
    /// A control batch.
    pub control: bool,
    /// Keeps this last offset though the records end earlier (after compaction).
    pub last_offset: Option<i64>,
    /// Deletes tombstones from this time on: stands in the base timestamp (bit 6).
    pub delete_horizon_ms: Option<i64>,
    records: Vec<Record>,
}

impl BatchBuilder {
    /// A builder for a batch at `base_offset` without a producer id.
    pub fn new(base_offset: i64) -> Self {
        let _ = base_offset;
        todo!()
    }

    /// Adds a record. Its `offset` counts (relative to the base offset); producers number from 0.
    pub fn push(&mut self, record: Record) {
        self.records.push(record);
    }

    /// The bytes that the batch will take, uncompressed.
    pub fn size(&self) -> usize {
        todo!()
    }

    /// The batch.
    pub fn build(&self) -> RecordBatch {
        todo!()
    }
}
