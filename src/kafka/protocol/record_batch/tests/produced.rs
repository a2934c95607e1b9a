//! What a leader refuses, and with which code; the codes of magic 1, of two batches and of a
//! flipped byte are recorded answers of Kafka 4.3.1.

use super::super::{
    BatchBuilder, ProduceLimits, ProduceRefusal, Record, RecordBatch, TimestampType,
    validate_produced,
};
use super::golden;
use crate::kafka::protocol::{ErrorCode, TopicPartition};
use bytes::Bytes;

const NOW: i64 = 1_700_000_002_000;

fn limits() -> ProduceLimits {
    ProduceLimits {
        max_message_bytes: 1_048_588,
        timestamp_type: TimestampType::CreateTime,
        timestamp_before_max_ms: i64::MAX,
        timestamp_after_max_ms: 3_600_000,
        compacted: false,
    }
}

fn check(bytes: &Bytes, limits: &ProduceLimits) -> Result<RecordBatch, ProduceRefusal> {
    validate_produced(bytes, &TopicPartition::new("orders", 0), limits, NOW)
}

fn refused(bytes: &Bytes, limits: &ProduceLimits) -> (ErrorCode, bool) {
    let refusal = check(bytes, limits).unwrap_err();
    (refusal.code, refusal.names_log_start_offset)
}

fn recorded(name: &str) -> Bytes {
    let case = golden::cases()
        .into_iter()
        .find(|case| case["name"] == name)
        .unwrap();
    golden::bytes_of(&case)
}

fn changed(change: impl FnOnce(&mut BatchBuilder)) -> Bytes {
    let mut builder = BatchBuilder::new(0);
    for offset in 0..3 {
        let key = Some(Bytes::from_static(b"k"));
        builder.push(Record {
            offset,
            timestamp: NOW - 1,
            key,
            ..Record::default()
        });
    }
    change(&mut builder);
    builder.build().bytes().clone()
}

/// Overwrites header bytes and puts the checksum right.
fn patched(at: usize, field: &[u8]) -> Bytes {
    let mut bytes = changed(|_| {}).to_vec();
    bytes[at..at + field.len()].copy_from_slice(field);
    let checksum = crc32c::crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&checksum.to_be_bytes());
    bytes.into()
}

#[test]
fn a_sound_batch_passes_unchanged() {
    for name in [
        "three",
        "headers",
        "idempotent-sequence-wraps",
        "transactional",
    ] {
        let bytes = recorded(name);
        assert_eq!(check(&bytes, &limits()).unwrap().bytes(), &bytes, "{name}");
    }
    // A partial batch behind it does not count.
    let passed = check(&recorded("trailing-11-bytes"), &limits()).unwrap();
    assert_eq!(passed.bytes(), &recorded("three"));
}

#[test]
fn malformed_requests_are_refused_before_the_log_sees_them() {
    let invalid = (ErrorCode::INVALID_RECORD, false);
    let corrupt = (ErrorCode::CORRUPT_MESSAGE, false);
    let three = recorded("three");
    let twice = Bytes::from([three.to_vec(), three.to_vec()].concat());
    assert_eq!(refused(&Bytes::new(), &limits()), invalid);
    assert_eq!(refused(&recorded("truncated"), &limits()), invalid);
    assert_eq!(
        refused(&recorded("old-message-set-magic-1-none"), &limits()),
        invalid
    );
    assert_eq!(refused(&twice, &limits()), invalid);
    assert_eq!(refused(&recorded("bad-magic-3"), &limits()), corrupt);
    let mut flipped = three.to_vec();
    flipped[70] ^= 1;
    assert_eq!(refused(&flipped.into(), &limits()), corrupt);
    assert_eq!(check(&twice, &limits()).unwrap_err().answer_message(), None);
}

#[test]
fn a_batch_may_be_as_large_as_the_limit() {
    let three = recorded("three");
    let at = |max_message_bytes| ProduceLimits {
        max_message_bytes,
        ..limits()
    };
    assert!(check(&three, &at(93)).is_ok());
    assert_eq!(
        refused(&three, &at(92)),
        (ErrorCode::MESSAGE_TOO_LARGE, false)
    );
}

#[test]
fn headers_that_contradict_themselves_are_refused_by_the_log() {
    let cases = [
        ("base offset", changed(|builder| builder.base_offset = 1)),
        ("range", patched(23, &(-1i32).to_be_bytes())),
        ("count", patched(57, &0i32.to_be_bytes())),
        (
            "range and count",
            changed(|builder| builder.last_offset = Some(3)),
        ),
        ("records and count", patched(57, &4i32.to_be_bytes())),
        ("control", changed(|builder| builder.control = true)),
        ("sequence", changed(|builder| builder.producer_id = 5)),
        ("codec", patched(21, &5i16.to_be_bytes())),
    ];
    for (what, bytes) in cases {
        assert_eq!(
            refused(&bytes, &limits()),
            (ErrorCode::INVALID_RECORD, true),
            "{what}"
        );
    }
    let mut gap = BatchBuilder::new(0);
    for offset in [0, 2, 2] {
        gap.push(Record {
            offset,
            timestamp: NOW,
            ..Record::default()
        });
    }
    assert_eq!(
        refused(gap.build().bytes(), &limits()),
        (ErrorCode::INVALID_RECORD, true)
    );
}

#[test]
fn compressed_batches_need_a_codec() {
    let code = check(&recorded("gzip-three"), &limits()).unwrap_err().code;
    assert_eq!(code, ErrorCode::UNSUPPORTED_COMPRESSION_TYPE);
}

#[test]
fn timestamps_out_of_range_are_named_one_by_one() {
    let limits = ProduceLimits {
        timestamp_before_max_ms: 1000,
        timestamp_after_max_ms: 500,
        ..limits()
    };
    let mut builder = BatchBuilder::new(0);
    let stamps = [NOW - 1000, NOW - 1001, NOW + 500, NOW + 501, -1];
    for (offset, timestamp) in (0..).zip(stamps) {
        builder.push(Record {
            offset,
            timestamp,
            ..Record::default()
        });
    }
    let refusal = check(builder.build().bytes(), &limits).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::INVALID_TIMESTAMP);
    let indices: Vec<i32> = refusal
        .record_errors
        .iter()
        .map(|(index, _)| *index)
        .collect();
    assert_eq!(indices, [1, 3]);
    assert_eq!(
        refusal.record_errors[1].1,
        "Timestamp 1700000002501 of message with offset 3 is out of range. The timestamp should \
         be within [1700000001000, 1700000002500]"
    );
    assert_eq!(
        refusal.answer_message(),
        Some("One or more records have been rejected due to invalid timestamp")
    );
    assert!(refusal.names_log_start_offset);
}

#[test]
fn a_compacted_topic_needs_keys() {
    let compacted = ProduceLimits {
        compacted: true,
        ..limits()
    };
    assert!(check(&changed(|_| {}), &compacted).is_ok());
    let refusal = check(&recorded("three"), &compacted).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::INVALID_RECORD);
    assert_eq!(
        refusal.answer_message(),
        Some(
            "One or more records have been rejected due to 1 record errors in total, and only \
             showing the first three errors at most: [RecordError(batchIndex=2, \
             message='Compacted topic cannot accept message without key in topic partition \
             orders-0')]"
        )
    );
}

#[test]
fn the_topic_decides_the_timestamp_type() {
    let append_time = ProduceLimits {
        timestamp_type: TimestampType::LogAppendTime,
        ..limits()
    };
    let batch = check(&changed(|_| {}), &append_time).unwrap();
    assert_eq!(batch.timestamp_type(), TimestampType::LogAppendTime);
    assert_eq!(
        (batch.max_timestamp(), batch.base_timestamp()),
        (NOW, NOW - 1)
    );
    assert_eq!(batch.verify_checksum(), Ok(()));
    assert!(
        batch
            .records()
            .unwrap()
            .iter()
            .all(|record| record.timestamp == NOW)
    );

    let by_client = changed(|builder| builder.timestamp_type = TimestampType::LogAppendTime);
    let refusal = check(&by_client, &append_time).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.record_errors.len()),
        (ErrorCode::INVALID_TIMESTAMP, 3)
    );
    // On a topic with create time Kafka only looks at the times, and clears the bit.
    let batch = check(&by_client, &limits()).unwrap();
    assert_eq!(batch.timestamp_type(), TimestampType::CreateTime);
}

#[test]
fn a_wrong_largest_timestamp_is_put_right() {
    let batch = check(&patched(35, &9i64.to_be_bytes()), &limits()).unwrap();
    assert_eq!(batch.max_timestamp(), NOW - 1);
    assert_eq!(batch.verify_checksum(), Ok(()));
}
