//! What a leader checks before it appends a client's records for one partition: the checks of
//! `ProduceRequest.validateRecords`, `UnifiedLog.analyzeAndValidateRecords` and `LogValidator`, in
//! that order, for the one batch that magic 2 allows.

use super::{BatchError, NO_TIMESTAMP, Record, RecordBatch, TimestampType};
use crate::kafka::protocol::{ErrorCode, TopicPartition};
use bytes::Bytes;
use std::fmt;

/// What the partition's topic allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProduceLimits {
    /// `max.message.bytes`: the largest batch, its header included.
    pub max_message_bytes: i32,
    /// `message.timestamp.type`.
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`: how old a create time may be.
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`: how far ahead of the broker's clock it may be.
    pub timestamp_after_max_ms: i64,
    /// `cleanup.policy` contains `compact`: every record needs a key.
    pub compacted: bool,
}

/// Why a leader refuses a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProduceRefusal {
    /// The partition's error code in the answer.
    pub code: ErrorCode,
    /// What is wrong, in the words of Kafka's exception.
    pub message: String,
    /// The offending records (index in the batch, what is wrong with it).
    pub record_errors: Vec<(i32, String)>,
    /// Whether the answer carries the log start offset. Kafka has -1 there when the request was
    /// refused before the log saw it, and for corrupt and too large batches.
    pub names_log_start_offset: bool,
}

impl ProduceRefusal {
    fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        ProduceRefusal {
            code,
            message: message.into(),
            record_errors: Vec::new(),
            names_log_start_offset: false,
        }
    }

    fn by_the_log(self) -> Self {
        ProduceRefusal {
            names_log_start_offset: true,
            ..self
        }
    }

    /// `errorMessage` of the answer: Kafka sends the text only when single records are at fault.
    pub fn answer_message(&self) -> Option<&str> {
        (!self.record_errors.is_empty()).then_some(self.message.as_str())
    }
}

impl fmt::Display for ProduceRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<ProduceRefusal> for (ErrorCode, String) {
    fn from(refusal: ProduceRefusal) -> Self {
        (refusal.code, refusal.message)
    }
}

impl From<BatchError> for ProduceRefusal {
    fn from(error: BatchError) -> Self {
        ProduceRefusal::new(error.code(), error.to_string())
    }
}

/// Checks the records of a produce request for `partition` and returns the batch as it is to be
/// appended, but for the offset and the leader epoch ([`RecordBatch::stamped`]): its timestamp
/// type is the topic's, its largest timestamp is `now_ms` (LogAppendTime) or what the records say.
///
/// Compressed batches are refused with `UNSUPPORTED_COMPRESSION_TYPE`: their records can not be
/// read without a codec.
pub fn validate_produced(
    bytes: &Bytes,
    partition: &TopicPartition,
    limits: &ProduceLimits,
    now_ms: i64,
) -> Result<RecordBatch, ProduceRefusal> {
    let batch = only_batch(bytes)?;
    check_batch(&batch, partition, limits)?;
    check_client_header(&batch, partition)?;
    let records = batch
        .records()
        .map_err(|error| ProduceRefusal::from(error).by_the_log())?;
    check_offsets(&records, partition)?;
    check_records(&batch, &records, partition, limits, now_ms)?;
    let largest = match limits.timestamp_type {
        TimestampType::LogAppendTime => now_ms,
        TimestampType::CreateTime => records
            .iter()
            .map(|record| record.timestamp)
            .fold(NO_TIMESTAMP, i64::max),
    };
    Ok(batch.with_max_timestamp(limits.timestamp_type, largest))
}

/// `ProduceRequest.validateRecords`: exactly one batch; a partial one behind it does not count.
fn only_batch(bytes: &Bytes) -> Result<RecordBatch, ProduceRefusal> {
    let invalid = |message: &str| ProduceRefusal::new(ErrorCode::INVALID_RECORD, message);
    let (batch, rest) = match RecordBatch::read(bytes) {
        Ok(read) => read,
        Err(BatchError::Truncated) => {
            return Err(invalid(
                "Produce requests must have at least one record batch per partition",
            ));
        }
        Err(BatchError::UnsupportedMagic(0 | 1)) => {
            return Err(invalid(
                "Produce requests are only allowed to contain record batches with magic version 2",
            ));
        }
        Err(error) => return Err(error.into()),
    };
    match RecordBatch::read(&rest) {
        Err(BatchError::Truncated) => Ok(batch),
        Ok(_) | Err(BatchError::UnsupportedMagic(0 | 1)) => Err(invalid(
            "Produce requests are only allowed to contain exactly one record batch per partition",
        )),
        Err(error) => Err(error.into()),
    }
}

/// `UnifiedLog.analyzeAndValidateRecords`.
fn check_batch(
    batch: &RecordBatch,
    partition: &TopicPartition,
    limits: &ProduceLimits,
) -> Result<(), ProduceRefusal> {
    if batch.base_offset() != 0 {
        return Err(ProduceRefusal::new(
            ErrorCode::INVALID_RECORD,
            format!(
                "The baseOffset of the record batch in the append to {partition} should be 0, but \
                 it is {}",
                batch.base_offset()
            ),
        )
        .by_the_log());
    }
    if batch.size() as i64 > i64::from(limits.max_message_bytes) {
        return Err(ProduceRefusal::new(
            ErrorCode::MESSAGE_TOO_LARGE,
            format!(
                "The record batch size in the append to {partition} is {} bytes which exceeds the \
                 maximum configured value of {}.",
                batch.size(),
                limits.max_message_bytes
            ),
        ));
    }
    batch.verify_checksum().map_err(|_| {
        ProduceRefusal::new(
            ErrorCode::CORRUPT_MESSAGE,
            format!(
                "Record is corrupt (stored crc = {}) in topic partition {partition}.",
                batch.checksum()
            ),
        )
    })
}

/// `LogValidator.validateBatch` for a client's append.
fn check_client_header(
    batch: &RecordBatch,
    partition: &TopicPartition,
) -> Result<(), ProduceRefusal> {
    let invalid = |what: String| {
        let message = format!("{what} in topic partition {partition}");
        Err(ProduceRefusal::new(ErrorCode::INVALID_RECORD, message).by_the_log())
    };
    let range = format!("[{}, {}]", batch.base_offset(), batch.last_offset());
    let span = i64::from(batch.last_offset_delta()) + 1;
    let count = batch.record_count();
    if span <= 0 {
        return invalid(format!("Batch has an invalid offset range: {range}"));
    }
    if count <= 0 {
        return invalid(format!("Invalid reported count for record batch: {count}"));
    }
    if span != i64::from(count) {
        return invalid(format!(
            "Inconsistent batch offset range {range} and count of records {count}"
        ));
    }
    if batch.is_control() {
        return invalid("Clients are not allowed to write control records".into());
    }
    if batch.has_producer_id() && batch.base_sequence() < 0 {
        return invalid(format!(
            "Invalid sequence number {} in record batch with producerId {}",
            batch.base_sequence(),
            batch.producer_id()
        ));
    }
    Ok(())
}

/// Kafka rewrites such a compressed batch and trusts an uncompressed one; here a leader refuses
/// it, because a log whose batch says 0, 0, 1 inside would break every reader.
fn check_offsets(records: &[Record], partition: &TopicPartition) -> Result<(), ProduceRefusal> {
    match records
        .iter()
        .zip(0..)
        .find(|(record, expected)| record.offset != *expected)
    {
        None => Ok(()),
        Some((record, expected)) => Err(ProduceRefusal::new(
            ErrorCode::INVALID_RECORD,
            format!(
                "Record of a batch has offset {} where {expected} is expected in topic partition \
                 {partition}",
                record.offset
            ),
        )
        .by_the_log()),
    }
}

/// `LogValidator.validateRecord` for each record, and `processRecordErrors`.
fn check_records(
    batch: &RecordBatch,
    records: &[Record],
    partition: &TopicPartition,
    limits: &ProduceLimits,
    now_ms: i64,
) -> Result<(), ProduceRefusal> {
    let mut timestamp_at_fault = false;
    let mut errors = Vec::new();
    for (index, record) in (0..).zip(records) {
        if limits.compacted && record.key.is_none() {
            let text = "Compacted topic cannot accept message without key in topic partition";
            errors.push((index, format!("{text} {partition}")));
        } else if let Some(text) = timestamp_error(batch, record, limits, now_ms) {
            timestamp_at_fault = true;
            errors.push((index, text));
        }
    }
    if errors.is_empty() {
        return Ok(());
    }
    let (code, message) = if timestamp_at_fault {
        let text = "One or more records have been rejected due to invalid timestamp";
        (ErrorCode::INVALID_TIMESTAMP, text.to_owned())
    } else {
        (ErrorCode::INVALID_RECORD, first_three(&errors))
    };
    Err(ProduceRefusal {
        code,
        message,
        record_errors: errors,
        names_log_start_offset: true,
    })
}

fn first_three(errors: &[(i32, String)]) -> String {
    let shown: Vec<String> = errors
        .iter()
        .take(3)
        .map(|(index, text)| {
            let text = format!("'{text}'");
            format!("RecordError(batchIndex={index}, message={text})")
        })
        .collect();
    format!(
        "One or more records have been rejected due to {} record errors in total, and only showing \
         the first three errors at most: [{}]",
        errors.len(),
        shown.join(", ")
    )
}

/// `LogValidator.validateTimestamp`. A record without a timestamp passes.
fn timestamp_error(
    batch: &RecordBatch,
    record: &Record,
    limits: &ProduceLimits,
    now_ms: i64,
) -> Option<String> {
    let create_time = limits.timestamp_type == TimestampType::CreateTime;
    if create_time && record.timestamp != NO_TIMESTAMP {
        let age = now_ms.wrapping_sub(record.timestamp);
        let (before, after) = (
            limits.timestamp_before_max_ms,
            limits.timestamp_after_max_ms,
        );
        return (age > before || age.wrapping_neg() > after).then(|| {
            format!(
                "Timestamp {} of message with offset {} is out of range. The timestamp should be \
                 within [{}, {}]",
                record.timestamp,
                record.offset,
                now_ms.wrapping_sub(before),
                now_ms.wrapping_add(after)
            )
        });
    }
    (batch.timestamp_type() == TimestampType::LogAppendTime).then(|| {
        format!(
            "Invalid timestamp type in message DefaultRecord(offset={}, timestamp={}, key={} \
             bytes, value={} bytes). Producer should not set timestamp type to LogAppendTime.",
            record.offset,
            record.timestamp,
            record.key.as_ref().map_or(0, Bytes::len),
            record.value.as_ref().map_or(0, Bytes::len)
        )
    })
}
