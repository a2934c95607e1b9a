//! `tests/data/record_batches.json`: batches that the Java classes of Kafka 4.3.1 wrote, with
//! every field that they read back.

use super::super::{
    BatchBuilder, BatchError, Compression, Record, RecordBatch, TimestampType, varint,
};
use crate::kafka::protocol::ErrorCode;
use bytes::Bytes;
use serde_json::Value;

pub(super) fn cases() -> Vec<Value> {
    let text = include_str!("../../../../../tests/data/record_batches.json");
    let document: Value = serde_json::from_str(text).unwrap();
    document["cases"].as_array().unwrap().clone()
}

pub(super) fn unhex(text: &str) -> Bytes {
    let digits: Vec<u8> = text
        .chars()
        .filter_map(|c| c.to_digit(16))
        .map(|d| d as u8)
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

pub(super) fn bytes_of(case: &Value) -> Bytes {
    unhex(case["hex"].as_str().unwrap())
}

fn case(name: &str) -> Value {
    cases()
        .into_iter()
        .find(|case| case["name"] == name)
        .unwrap()
}

fn optional_bytes(value: &Value) -> Option<Bytes> {
    value.as_str().map(unhex)
}

fn recorded_records(batch: &Value) -> Vec<Record> {
    let records = batch["records"].as_array().unwrap().iter();
    records
        .map(|record| Record {
            offset: record["offset"].as_i64().unwrap(),
            timestamp: record["timestamp"].as_i64().unwrap(),
            key: optional_bytes(&record["key_hex"]),
            value: optional_bytes(&record["value_hex"]),
            headers: record["headers"]
                .as_array()
                .unwrap()
                .iter()
                .map(|header| {
                    let name = header["key"].as_str().unwrap().to_owned();
                    (name, optional_bytes(&header["value_hex"]))
                })
                .collect(),
        })
        .collect()
}

fn assert_header(name: &str, batch: &RecordBatch, recorded: &Value) {
    let timestamp_type = match batch.timestamp_type() {
        TimestampType::CreateTime => "CreateTime",
        TimestampType::LogAppendTime => "LogAppendTime",
    };
    let read = serde_json::json!({
        "magic": 2,
        "base_offset": batch.base_offset(),
        "last_offset": batch.last_offset(),
        "next_offset": batch.next_offset(),
        "size_in_bytes": batch.size(),
        "valid_crc": batch.verify_checksum().is_ok(),
        "crc": batch.checksum(),
        "partition_leader_epoch": batch.leader_epoch(),
        "compression": batch.compression().unwrap().name(),
        "timestamp_type": timestamp_type,
        "base_timestamp": batch.base_timestamp(),
        "max_timestamp": batch.max_timestamp(),
        "producer_id": batch.producer_id(),
        "producer_epoch": batch.producer_epoch(),
        "base_sequence": batch.base_sequence(),
        "last_sequence": batch.last_sequence(),
        "count": batch.record_count(),
        "transactional": batch.is_transactional(),
        "control": batch.is_control(),
        "delete_horizon_ms": batch.delete_horizon_ms(),
    });
    for (field, value) in read.as_object().unwrap() {
        assert_eq!(value, &recorded[field], "{name}: {field}");
    }
    assert_eq!(
        read.as_object().unwrap().len() + 1,
        recorded.as_object().unwrap().len()
    );
}

fn rebuilt(recorded: &Value) -> RecordBatch {
    let number = |field: &str| recorded[field].as_i64().unwrap();
    let mut builder = BatchBuilder::new(number("base_offset"));
    builder.leader_epoch = number("partition_leader_epoch") as i32;
    builder.producer_id = number("producer_id");
    builder.producer_epoch = number("producer_epoch") as i16;
    builder.base_sequence = number("base_sequence") as i32;
    builder.transactional = recorded["transactional"] == true;
    builder.control = recorded["control"] == true;
    let log_append_time = recorded["timestamp_type"] == "LogAppendTime";
    for (index, mut record) in recorded_records(recorded).into_iter().enumerate() {
        if log_append_time {
            // The record deltas keep the create times, one millisecond apart in this case.
            record.timestamp = number("base_timestamp") + index as i64;
        }
        builder.push(record);
    }
    let batch = builder.build();
    assert_eq!(batch.size(), builder.size());
    match log_append_time {
        true => batch.with_log_append_time(number("max_timestamp")),
        false => batch,
    }
}

#[test]
fn recorded_batches_read_and_write_byte_for_byte() {
    let (mut plain, mut compressed) = (0, 0);
    for case in cases() {
        let name = case["name"].as_str().unwrap();
        if name.starts_with("old-message-set") || case["batches"].is_null() {
            continue;
        }
        let mut rest = bytes_of(&case);
        for recorded in case["batches"].as_array().unwrap() {
            let (batch, after) = RecordBatch::read(&rest).unwrap();
            assert_header(name, &batch, recorded);
            if recorded["compression"] == "none" {
                plain += 1;
                assert_eq!(
                    batch.records().unwrap(),
                    recorded_records(recorded),
                    "{name}"
                );
                assert_eq!(rebuilt(recorded).bytes(), batch.bytes(), "{name}");
            } else {
                compressed += 1;
                let codec = batch.compression().unwrap();
                assert_eq!(
                    batch.records(),
                    Err(BatchError::NeedsCodec(codec)),
                    "{name}"
                );
                assert_ne!(codec, Compression::None);
            }
            rest = after;
        }
        assert!(rest.is_empty(), "{name}");
    }
    assert_eq!((plain, compressed), (17, 11));
}

#[test]
fn partial_batches_are_left_out() {
    for name in ["truncated", "trailing-11-bytes"] {
        let case = case(name);
        let bytes = bytes_of(&case);
        let batches = RecordBatch::read_all(&bytes).unwrap();
        let records: usize = batches
            .iter()
            .map(|batch| batch.records().unwrap().len())
            .sum();
        let valid_bytes: usize = batches.iter().map(RecordBatch::size).sum();
        assert_eq!(case["records_read"], records, "{name}");
        assert_eq!(case["valid_bytes"], valid_bytes, "{name}");
    }
}

#[test]
fn other_formats_are_refused() {
    for (name, magic) in [
        ("old-message-set-magic-0-none", 0),
        ("old-message-set-magic-1-none", 1),
        ("old-message-set-magic-1-gzip", 1),
    ] {
        let error = RecordBatch::read(&bytes_of(&case(name))).unwrap_err();
        assert_eq!(error, BatchError::UnsupportedMagic(magic), "{name}");
        // The answer of a 4.3.1 broker to a produce request with magic 1.
        assert_eq!(error.code(), ErrorCode::INVALID_RECORD, "{name}");
    }
    let bad = case("bad-magic-3");
    let error = RecordBatch::read(&bytes_of(&bad)).unwrap_err();
    assert_eq!(error.to_string(), bad["error_message"].as_str().unwrap());
    assert_eq!(error.code(), ErrorCode::CORRUPT_MESSAGE);
}

#[test]
fn stamping_leaves_the_checksum_valid() {
    let (batch, _) = RecordBatch::read(&bytes_of(&case("three"))).unwrap();
    let stamped = batch.stamped(1_000_000_007, 12);
    assert_eq!(
        (stamped.base_offset(), stamped.last_offset()),
        (1_000_000_007, 1_000_000_009)
    );
    assert_eq!(stamped.leader_epoch(), 12);
    assert_eq!(stamped.verify_checksum(), Ok(()));
    assert_eq!(stamped.stamped(0, -1), batch);
}

#[test]
fn keys_and_values_are_slices_of_the_batch() {
    let (batch, _) = RecordBatch::read(&bytes_of(&case("three"))).unwrap();
    let whole = batch.bytes().as_ptr_range();
    for record in batch.records().unwrap() {
        assert!(whole.contains(&record.value.unwrap().as_ptr()));
    }
}

#[test]
fn varint_lengths_match_what_is_written() {
    for shift in 0..64 {
        for value in [
            1i64 << shift,
            (1i64 << shift).wrapping_sub(1),
            -(1i64 << (shift % 63)),
            i64::MIN,
        ] {
            let mut out = Vec::new();
            varint::put_signed(&mut out, value);
            assert_eq!(out.len(), varint::signed_len(value), "{value}");
            assert_eq!(varint::take_long(&mut out.as_slice()), Some(value));
        }
    }
}
