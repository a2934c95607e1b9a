//! Writes one batch, uncompressed (`MemoryRecordsBuilder`, `DefaultRecordBatch.writeHeader`).

use super::header::{
    ATTRIBUTES_AT, CONTROL_BIT, CRC_AT, DELETE_HORIZON_BIT, LOG_APPEND_TIME_BIT, LOG_OVERHEAD,
    TRANSACTIONAL_BIT,
};
use super::{
    BATCH_HEADER_BYTES, NO_LEADER_EPOCH, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE,
    NO_TIMESTAMP, Record, RecordBatch, TimestampType,
};
use bytes::{BufMut, BytesMut};

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
    /// Keeps this largest timestamp; without it, the largest one of the records counts, or -1.
    /// For a batch that compaction leaves empty.
    pub max_timestamp: Option<i64>,
    /// Deletes tombstones from this time on: stands in the base timestamp (bit 6).
    pub delete_horizon_ms: Option<i64>,
    records: Vec<Record>,
}

impl BatchBuilder {
    /// A builder for a batch at `base_offset` without a producer id.
    pub fn new(base_offset: i64) -> Self {
        BatchBuilder {
            base_offset,
            leader_epoch: NO_LEADER_EPOCH,
            timestamp_type: TimestampType::CreateTime,
            producer_id: NO_PRODUCER_ID,
            producer_epoch: NO_PRODUCER_EPOCH,
            base_sequence: NO_SEQUENCE,
            transactional: false,
            control: false,
            last_offset: None,
            max_timestamp: None,
            delete_horizon_ms: None,
            records: Vec::new(),
        }
    }

    /// The records so far.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Adds a record. Its `offset` is the one in the partition: the batch stores how far it is
    /// from `base_offset`. A producer has base offset 0 and numbers its records from 0.
    pub fn push(&mut self, record: Record) {
        self.records.push(record);
    }

    /// Adds a record at the offset after the last one (the base offset for the first), whatever
    /// offset `record` says.
    pub fn push_next(&mut self, mut record: Record) {
        record.offset = match self.records.last() {
            Some(last) => last.offset.wrapping_add(1),
            None => self.base_offset,
        };
        self.records.push(record);
    }

    /// The bytes that the batch will take, uncompressed. Linear in the number of records; see
    /// [`Record::size_in_batch`] for counting along.
    pub fn size(&self) -> usize {
        let records: usize = self
            .records
            .iter()
            .map(|record| record.size_in_batch(self.offset_delta(record), self.age(record)))
            .sum();
        BATCH_HEADER_BYTES + records
    }

    /// The batch. Without records it is an empty one, as compaction leaves for the last sequence
    /// of a producer: base timestamp -1, and the kept last offset.
    pub fn build(&self) -> RecordBatch {
        let size = self.size();
        let mut out = BytesMut::with_capacity(size);
        self.write_header(&mut out, size);
        for record in &self.records {
            record.write(&mut out, self.offset_delta(record), self.age(record));
        }
        let checksum = crc32c::crc32c(&out[ATTRIBUTES_AT..]);
        out[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&checksum.to_be_bytes());
        RecordBatch::from_built(out.freeze())
    }

    fn write_header(&self, out: &mut BytesMut, size: usize) {
        let last = self
            .records
            .last()
            .map_or(self.base_offset, |record| record.offset);
        let last = self.last_offset.unwrap_or(last);
        out.put_i64(self.base_offset);
        out.put_i32((size - LOG_OVERHEAD) as i32);
        out.put_i32(self.leader_epoch);
        out.put_i8(2);
        out.put_u32(0);
        out.put_i16(self.attributes());
        out.put_i32(last.wrapping_sub(self.base_offset) as i32);
        out.put_i64(self.base_timestamp());
        out.put_i64(self.largest_timestamp());
        out.put_i64(self.producer_id);
        out.put_i16(self.producer_epoch);
        out.put_i32(self.base_sequence);
        out.put_i32(self.records.len() as i32);
    }

    fn attributes(&self) -> i16 {
        let bit = |set: bool, bit: i16| if set { bit } else { 0 };
        bit(
            self.timestamp_type == TimestampType::LogAppendTime,
            LOG_APPEND_TIME_BIT,
        ) | bit(self.transactional, TRANSACTIONAL_BIT)
            | bit(self.control, CONTROL_BIT)
            | bit(self.delete_horizon_ms.is_some(), DELETE_HORIZON_BIT)
    }

    fn base_timestamp(&self) -> i64 {
        let first = self
            .records
            .first()
            .map_or(NO_TIMESTAMP, |record| record.timestamp);
        self.delete_horizon_ms.unwrap_or(first)
    }

    fn largest_timestamp(&self) -> i64 {
        let largest = || self.records.iter().map(|record| record.timestamp).max();
        self.max_timestamp
            .or_else(largest)
            .unwrap_or(NO_TIMESTAMP)
            .max(NO_TIMESTAMP)
    }

    fn offset_delta(&self, record: &Record) -> i32 {
        record.offset.wrapping_sub(self.base_offset) as i32
    }

    fn age(&self, record: &Record) -> i64 {
        record.timestamp.wrapping_sub(self.base_timestamp())
    }
}
