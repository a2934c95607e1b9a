//! Bytes laid out by hand from behaviour.md 2.24, for what no recording shows: timestamps that go
//! back, a kept last offset, an empty batch, a delete horizon.

use super::super::{BatchBuilder, NO_TIMESTAMP, Record, RecordBatch, increment_sequence};
use super::golden::unhex;
use bytes::Bytes;

fn record(offset: i64, timestamp: i64, value: &'static str) -> Record {
    let value = Some(Bytes::from_static(value.as_bytes()));
    Record {
        offset,
        timestamp,
        value,
        ..Record::default()
    }
}

/// The bytes of `rows` (spaces are for the eye), with the checksum put where `crc` stands.
fn laid_out(rows: &[&str]) -> Bytes {
    let mut bytes = unhex(&rows.concat()).to_vec();
    let checksum = crc32c::crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&checksum.to_be_bytes());
    bytes.into()
}

#[test]
fn timestamps_that_go_back() {
    let mut builder = BatchBuilder::new(0);
    builder.push(record(0, 1000, "a"));
    builder.push(record(1, 900, "b"));
    builder.push(record(2, 1064, "c"));
    let expected = laid_out(&[
        "0000000000000000 0000004b ffffffff 02 00000000", // offset, length 75, epoch, magic, crc
        "0000 00000002",                                  // attributes, last offset delta
        "00000000000003e8 0000000000000428",              // base 1000, max 1064
        "ffffffffffffffff ffff ffffffff 00000003",        // no producer, three records
        "0e 00 00 00 01 02 61 00",                        // delta 0, offset 0, no key, "a"
        "10 00 c701 02 01 02 62 00",                      // delta -100 (zig-zag 199 in two bytes)
        "10 00 8001 04 01 02 63 00",                      // delta 64 (zig-zag 128)
    ]);
    assert_eq!(builder.build().bytes(), &expected);
    let (batch, _) = RecordBatch::read(&expected).unwrap();
    assert_eq!(batch.verify_checksum(), Ok(()));
    assert_eq!(batch.records().unwrap(), builder.records());
}

#[test]
fn a_kept_last_offset() {
    let mut builder = BatchBuilder::new(100);
    builder.leader_epoch = 3;
    builder.last_offset = Some(109);
    builder.push(record(104, 5, ""));
    let expected = laid_out(&[
        "0000000000000064 00000038 00000003 02 00000000",
        "0000 00000009", // the last offset delta of 109, though the only record is at 104
        "0000000000000005 0000000000000005",
        "ffffffffffffffff ffff ffffffff 00000001",
        "0c 00 00 08 01 00 00",
    ]);
    assert_eq!(builder.build().bytes(), &expected);
    let (batch, _) = RecordBatch::read(&expected).unwrap();
    assert_eq!((batch.last_offset(), batch.next_offset()), (109, 110));
    assert_eq!(batch.records().unwrap(), builder.records());
}

#[test]
fn an_empty_batch_keeps_producer_and_offsets() {
    let mut builder = BatchBuilder::new(7);
    builder.producer_id = 12345;
    builder.producer_epoch = 2;
    builder.base_sequence = 0x7fff_fffe;
    builder.last_offset = Some(9);
    builder.max_timestamp = Some(1000);
    builder.transactional = true;
    let expected = laid_out(&[
        "0000000000000007 00000031 ffffffff 02 00000000",
        "0010 00000002",
        "ffffffffffffffff 00000000000003e8", // no base timestamp, the kept largest one
        "0000000000003039 0002 7ffffffe 00000000",
    ]);
    let batch = builder.build();
    assert_eq!(batch.bytes(), &expected);
    assert_eq!((batch.size(), batch.record_count()), (61, 0));
    assert_eq!(batch.records(), Ok(Vec::new()));
    assert_eq!(batch.last_sequence(), 0);
    assert_eq!(batch.base_timestamp(), NO_TIMESTAMP);
    assert!(batch.is_transactional());
}

#[test]
fn a_delete_horizon_stands_in_the_base_timestamp() {
    let mut builder = BatchBuilder::new(0);
    builder.delete_horizon_ms = Some(2000);
    builder.push(Record {
        key: Some(Bytes::from_static(b"k")),
        ..record(0, 1999, "")
    });
    let expected = laid_out(&[
        "0000000000000000 00000039 ffffffff 02 00000000",
        "0040 00000000",
        "00000000000007d0 00000000000007cf",
        "ffffffffffffffff ffff ffffffff 00000001",
        "0e 00 01 00 02 6b 00 00", // delta -1 from the horizon
    ]);
    let batch = builder.build();
    assert_eq!(batch.bytes(), &expected);
    assert_eq!(batch.delete_horizon_ms(), Some(2000));
    assert_eq!(batch.records().unwrap()[0].timestamp, 1999);
}

#[test]
fn sequences_wrap_to_zero() {
    assert_eq!(increment_sequence(0, 5), 5);
    assert_eq!(increment_sequence(i32::MAX, 0), i32::MAX);
    assert_eq!(increment_sequence(i32::MAX, 1), 0);
    assert_eq!(increment_sequence(i32::MAX - 2, 5), 2);
}

#[test]
fn push_next_numbers_from_the_base_offset() {
    let mut builder = BatchBuilder::new(40);
    builder.push_next(record(0, 1, "a"));
    builder.push_next(record(0, 1, "b"));
    let offsets: Vec<i64> = builder
        .records()
        .iter()
        .map(|record| record.offset)
        .collect();
    assert_eq!(offsets, [40, 41]);
    assert_eq!(builder.build().last_offset(), 41);
}
