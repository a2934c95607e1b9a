//! [`RecordBatch`]: a view on the bytes of one batch.

use super::record::{Bases, take_record};
use super::{BATCH_HEADER_BYTES, BatchError, Compression, NO_SEQUENCE, Record, TimestampType};
use bytes::{Buf, Bytes};

pub(super) const LENGTH_AT: usize = 8;
pub(super) const LEADER_EPOCH_AT: usize = 12;
pub(super) const MAGIC_AT: usize = 16;
pub(super) const CRC_AT: usize = 17;
pub(super) const ATTRIBUTES_AT: usize = 21;
const LAST_OFFSET_DELTA_AT: usize = 23;
const BASE_TIMESTAMP_AT: usize = 27;
const MAX_TIMESTAMP_AT: usize = 35;
const PRODUCER_ID_AT: usize = 43;
const PRODUCER_EPOCH_AT: usize = 51;
const BASE_SEQUENCE_AT: usize = 53;
const RECORD_COUNT_AT: usize = 57;

/// Base offset and length, which the length field does not count.
pub(super) const LOG_OVERHEAD: usize = 12;
/// The least length field that any message format can have (`LegacyRecord.RECORD_OVERHEAD_V0`).
const LEAST_LENGTH: i32 = 14;

pub(super) const COMPRESSION_MASK: i16 = 0x07;
pub(super) const LOG_APPEND_TIME_BIT: i16 = 0x08;
pub(super) const TRANSACTIONAL_BIT: i16 = 0x10;
pub(super) const CONTROL_BIT: i16 = 0x20;
pub(super) const DELETE_HORIZON_BIT: i16 = 0x40;

/// One batch: a view on its bytes, whose header and length were checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordBatch {
    /// At least a header long, of magic 2, and as long as the length field says.
    bytes: Bytes,
}

impl RecordBatch {
    /// Reads the batch at the start of `bytes` and returns it with the rest. Checks length,
    /// magic and header; not the checksum.
    pub fn read(bytes: &Bytes) -> Result<(RecordBatch, Bytes), BatchError> {
        let size = batch_size(bytes)?;
        let batch = RecordBatch {
            bytes: bytes.slice(..size),
        };
        Ok((batch, bytes.slice(size..)))
    }

    /// Reads every batch of `bytes`; a partial batch at the end is left out, as Kafka's
    /// `MemoryRecords.batches` does.
    pub fn read_all(bytes: &Bytes) -> Result<Vec<RecordBatch>, BatchError> {
        let mut batches = Vec::new();
        let mut rest = bytes.clone();
        loop {
            match RecordBatch::read(&rest) {
                Ok((batch, after)) => {
                    batches.push(batch);
                    rest = after;
                }
                Err(BatchError::Truncated) => return Ok(batches),
                Err(error) => return Err(error),
            }
        }
    }

    /// A batch whose bytes the builder has just laid out.
    pub(super) fn from_built(bytes: Bytes) -> RecordBatch {
        RecordBatch { bytes }
    }

    /// The whole batch.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The whole batch's length in bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The batch with offset and leader epoch stamped into the header (both lie outside the
    /// checksum), everything else as it is.
    pub fn stamped(&self, base_offset: i64, leader_epoch: i32) -> RecordBatch {
        let mut bytes = self.bytes.to_vec();
        bytes[..LENGTH_AT].copy_from_slice(&base_offset.to_be_bytes());
        bytes[LEADER_EPOCH_AT..MAGIC_AT].copy_from_slice(&leader_epoch.to_be_bytes());
        RecordBatch {
            bytes: bytes.into(),
        }
    }

    /// The batch with `max_timestamp` overwritten and the LogAppendTime bit set, checksum anew.
    pub fn with_log_append_time(&self, timestamp: i64) -> RecordBatch {
        self.with_max_timestamp(TimestampType::LogAppendTime, timestamp)
    }

    /// The batch with this timestamp type and largest timestamp, checksum anew if they differ
    /// (`DefaultRecordBatch.setMaxTimestamp`).
    pub fn with_max_timestamp(&self, kind: TimestampType, timestamp: i64) -> RecordBatch {
        if self.timestamp_type() == kind && self.max_timestamp() == timestamp {
            return self.clone();
        }
        let mut bytes = self.bytes.to_vec();
        let attributes = match kind {
            TimestampType::CreateTime => self.attributes() & !LOG_APPEND_TIME_BIT,
            TimestampType::LogAppendTime => self.attributes() | LOG_APPEND_TIME_BIT,
        };
        bytes[ATTRIBUTES_AT..LAST_OFFSET_DELTA_AT].copy_from_slice(&attributes.to_be_bytes());
        bytes[MAX_TIMESTAMP_AT..PRODUCER_ID_AT].copy_from_slice(&timestamp.to_be_bytes());
        let checksum = crc32c::crc32c(&bytes[ATTRIBUTES_AT..]);
        bytes[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&checksum.to_be_bytes());
        RecordBatch {
            bytes: bytes.into(),
        }
    }

    /// Compares the checksum with the bytes.
    pub fn verify_checksum(&self) -> Result<(), BatchError> {
        let stored = self.checksum();
        let computed = crc32c::crc32c(&self.bytes[ATTRIBUTES_AT..]);
        if stored == computed {
            Ok(())
        } else {
            Err(BatchError::BadChecksum { stored, computed })
        }
    }

    /// The records in order; an error ends the iteration. Keys, values and header values are
    /// slices of the batch's bytes.
    pub fn records(&self) -> Result<Vec<Record>, BatchError> {
        let count = self.record_count();
        if count < 0 {
            return Err(BatchError::Invalid(format!(
                "Found invalid record count {count}"
            )));
        }
        match self.compression()? {
            Compression::None => {}
            codec if count > 0 => return Err(BatchError::NeedsCodec(codec)),
            _ => return Ok(Vec::new()),
        }
        self.uncompressed_records(count)
    }

    fn uncompressed_records(&self, count: i32) -> Result<Vec<Record>, BatchError> {
        let mut input = self.bytes.slice(BATCH_HEADER_BYTES..);
        let bases = Bases {
            offset: self.base_offset(),
            timestamp: self.base_timestamp(),
            log_append_time: match self.timestamp_type() {
                TimestampType::CreateTime => None,
                TimestampType::LogAppendTime => Some(self.max_timestamp()),
            },
        };
        let mut records = Vec::new();
        for _ in 0..count {
            records.push(take_record(&mut input, &bases)?);
        }
        // Kafka looks for left-over bytes only after it has read a record.
        if count > 0 && input.has_remaining() {
            return Err(BatchError::Invalid(
                "Incorrect declared batch size, records still remaining in file".into(),
            ));
        }
        Ok(records)
    }

    /// The offset of the first record when the batch was written.
    pub fn base_offset(&self) -> i64 {
        i64::from_be_bytes(self.field(0))
    }

    /// base offset + last offset delta.
    pub fn last_offset(&self) -> i64 {
        self.base_offset()
            .wrapping_add(i64::from(self.last_offset_delta()))
    }

    /// How far the last offset is from the base offset.
    pub fn last_offset_delta(&self) -> i32 {
        i32::from_be_bytes(self.field(LAST_OFFSET_DELTA_AT))
    }

    /// The offset after the last one.
    pub fn next_offset(&self) -> i64 {
        self.last_offset().wrapping_add(1)
    }

    /// The leader epoch stamped by the leader.
    pub fn leader_epoch(&self) -> i32 {
        i32::from_be_bytes(self.field(LEADER_EPOCH_AT))
    }

    /// The stored checksum.
    pub fn checksum(&self) -> u32 {
        u32::from_be_bytes(self.field(CRC_AT))
    }

    /// All attribute bits.
    pub fn attributes(&self) -> i16 {
        i16::from_be_bytes(self.field(ATTRIBUTES_AT))
    }

    /// Attribute bits 0–2; an error for an id that Kafka does not know.
    pub fn compression(&self) -> Result<Compression, BatchError> {
        let id = self.attributes() & COMPRESSION_MASK;
        Compression::from_id(id)
            .ok_or_else(|| BatchError::Invalid(format!("Unknown compression type id: {id}")))
    }

    /// Attribute bit 3.
    pub fn timestamp_type(&self) -> TimestampType {
        if self.attributes() & LOG_APPEND_TIME_BIT == 0 {
            TimestampType::CreateTime
        } else {
            TimestampType::LogAppendTime
        }
    }

    /// Attribute bit 4.
    pub fn is_transactional(&self) -> bool {
        self.attributes() & TRANSACTIONAL_BIT != 0
    }

    /// Attribute bit 5.
    pub fn is_control(&self) -> bool {
        self.attributes() & CONTROL_BIT != 0
    }

    /// From when on the tombstones of the batch may go (attribute bit 6, KIP-534).
    pub fn delete_horizon_ms(&self) -> Option<i64> {
        (self.attributes() & DELETE_HORIZON_BIT != 0).then(|| self.base_timestamp())
    }

    /// Milliseconds since 1970 of the first record, or the delete horizon.
    pub fn base_timestamp(&self) -> i64 {
        i64::from_be_bytes(self.field(BASE_TIMESTAMP_AT))
    }

    /// The largest timestamp.
    pub fn max_timestamp(&self) -> i64 {
        i64::from_be_bytes(self.field(MAX_TIMESTAMP_AT))
    }

    /// The producer's id, or -1.
    pub fn producer_id(&self) -> i64 {
        i64::from_be_bytes(self.field(PRODUCER_ID_AT))
    }

    /// Whether a producer id is set (`RecordBatch.hasProducerId`).
    pub fn has_producer_id(&self) -> bool {
        self.producer_id() > super::NO_PRODUCER_ID
    }

    /// The producer's epoch, or -1.
    pub fn producer_epoch(&self) -> i16 {
        i16::from_be_bytes(self.field(PRODUCER_EPOCH_AT))
    }

    /// The sequence of the first record, or -1.
    pub fn base_sequence(&self) -> i32 {
        i32::from_be_bytes(self.field(BASE_SEQUENCE_AT))
    }

    /// The sequence of the last record (wrapping from 2^31 - 1 to 0), or -1.
    pub fn last_sequence(&self) -> i32 {
        match self.base_sequence() {
            NO_SEQUENCE => NO_SEQUENCE,
            base => increment_sequence(base, self.last_offset_delta()),
        }
    }

    /// How many records, as the header says.
    pub fn record_count(&self) -> i32 {
        i32::from_be_bytes(self.field(RECORD_COUNT_AT))
    }

    fn field<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut field = [0; N];
        field.copy_from_slice(&self.bytes[at..at + N]);
        field
    }
}

/// The sequence `increment` records after `sequence`: 0 follows 2^31 - 1.
pub fn increment_sequence(sequence: i32, increment: i32) -> i32 {
    if sequence > i32::MAX.wrapping_sub(increment) {
        increment
            .wrapping_sub(i32::MAX.wrapping_sub(sequence))
            .wrapping_sub(1)
    } else {
        sequence.wrapping_add(increment)
    }
}

/// The size of the batch at the start of `bytes`, checked in the order of Kafka's
/// `ByteBufferLogInputStream`: an impossible length or magic shows before missing bytes do.
fn batch_size(bytes: &Bytes) -> Result<usize, BatchError> {
    let mut header = bytes.as_ref();
    if header.remaining() < LOG_OVERHEAD {
        return Err(BatchError::Truncated);
    }
    header.advance(LENGTH_AT);
    let length = header.get_i32();
    let Some(size) = usize::try_from(length)
        .ok()
        .filter(|_| length >= LEAST_LENGTH)
    else {
        return Err(BatchError::BadLength(length));
    };
    let size = LOG_OVERHEAD.saturating_add(size);
    let Some(&magic) = bytes.get(MAGIC_AT) else {
        return Err(BatchError::Truncated);
    };
    match magic as i8 {
        0 | 1 if bytes.len() < size => Err(BatchError::Truncated),
        2 if bytes.len() < size => Err(BatchError::Truncated),
        2 if size < BATCH_HEADER_BYTES => Err(BatchError::BadLength(length)),
        2 => Ok(size),
        other => Err(BatchError::UnsupportedMagic(other)),
    }
}
