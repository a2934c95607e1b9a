//! Batches of all shapes read back; bytes that were cut, changed or invented end in errors, not
//! in panics.

use super::super::{
    BATCH_HEADER_BYTES, BatchBuilder, BatchError, Record, RecordBatch, TimestampType,
};
use bytes::Bytes;
use proptest::prelude::*;

fn bytes() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..70).prop_map(Bytes::from)
}

fn record() -> impl Strategy<Value = Record> {
    let headers = prop::collection::vec((".{0,6}", prop::option::of(bytes())), 0..3);
    let fields = (
        0i64..4_000_000_000_000,
        prop::option::of(bytes()),
        prop::option::of(bytes()),
    );
    (fields, headers).prop_map(|((timestamp, key, value), headers)| Record {
        offset: 0,
        timestamp,
        key,
        value,
        headers,
    })
}

fn builder() -> impl Strategy<Value = BatchBuilder> {
    let producer = (-1i64..1 << 40, -1i16..i16::MAX, -1i32..i32::MAX);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let gaps = prop::collection::vec((record(), 1i64..1000), 0..6);
    let rest = (
        0i64..1 << 50,
        -1i32..1000,
        0i64..3,
        prop::option::of(0i64..1 << 42),
    );
    (producer, flags, gaps, rest).prop_map(|(producer, flags, gaps, rest)| {
        let mut builder = BatchBuilder::new(rest.0);
        builder.leader_epoch = rest.1;
        (
            builder.producer_id,
            builder.producer_epoch,
            builder.base_sequence,
        ) = producer;
        (builder.transactional, builder.control, _) = flags;
        builder.delete_horizon_ms = rest.3;
        let mut offset = rest.0 - 1;
        for (record, gap) in gaps {
            offset += gap;
            builder.push(Record { offset, ..record });
        }
        builder.last_offset = flags.2.then_some(offset.max(rest.0) + rest.2);
        builder
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_built_reads_back(builder in builder()) {
        let built = builder.build();
        prop_assert_eq!(built.size(), builder.size());
        let mut stream = built.bytes().to_vec();
        stream.extend_from_slice(b"behind it");
        let (batch, rest) = RecordBatch::read(&stream.into()).unwrap();
        prop_assert_eq!(rest.as_ref(), b"behind it");
        prop_assert_eq!(batch.verify_checksum(), Ok(()));
        prop_assert_eq!(batch.records().unwrap(), builder.records());
        prop_assert_eq!(batch.base_offset(), builder.base_offset);
        prop_assert_eq!(batch.leader_epoch(), builder.leader_epoch);
        prop_assert_eq!(batch.producer_id(), builder.producer_id);
        prop_assert_eq!(batch.producer_epoch(), builder.producer_epoch);
        prop_assert_eq!(batch.base_sequence(), builder.base_sequence);
        prop_assert_eq!(batch.is_control(), builder.control);
        prop_assert_eq!(batch.is_transactional(), builder.transactional);
        prop_assert_eq!(batch.delete_horizon_ms(), builder.delete_horizon_ms);
        let last = builder.records().last().map_or(builder.base_offset, |record| record.offset);
        prop_assert_eq!(batch.last_offset(), builder.last_offset.unwrap_or(last));
    }

    #[test]
    fn a_changed_byte_behind_the_checksum_is_noticed(
        builder in builder(), at in any::<prop::sample::Index>(), flip in 1u8..,
    ) {
        let mut bytes = builder.build().bytes().to_vec();
        let at = 17 + at.index(bytes.len() - 17);
        bytes[at] ^= flip;
        let (batch, _) = RecordBatch::read(&bytes.into()).unwrap();
        let noticed = matches!(batch.verify_checksum(), Err(BatchError::BadChecksum { .. }));
        prop_assert!(noticed);
    }

    #[test]
    fn changed_bytes_never_panic(
        builder in builder(),
        changes in prop::collection::vec(any::<(prop::sample::Index, u8)>(), 1..5),
    ) {
        let mut bytes = builder.build().bytes().to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        touch_everything(&bytes.into());
    }

    #[test]
    fn invented_records_never_panic(
        noise in prop::collection::vec(any::<u8>(), 0..200), count: i32,
    ) {
        let mut bytes = BatchBuilder::new(0).build().bytes().to_vec();
        bytes.extend_from_slice(&noise);
        let length = (bytes.len() - 12) as i32;
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        bytes[57..61].copy_from_slice(&count.to_be_bytes());
        touch_everything(&bytes.into());
    }

    #[test]
    fn a_cut_batch_is_truncated(builder in builder(), at in any::<prop::sample::Index>()) {
        let bytes = builder.build().bytes().clone();
        let cut = bytes.slice(..at.index(bytes.len()));
        prop_assert_eq!(RecordBatch::read(&cut), Err(BatchError::Truncated));
        prop_assert_eq!(RecordBatch::read_all(&cut), Ok(Vec::new()));
    }
}

fn touch_everything(bytes: &Bytes) {
    let Ok(batches) = RecordBatch::read_all(bytes) else {
        return;
    };
    for batch in batches {
        let _ = (
            batch.records(),
            batch.compression(),
            batch.verify_checksum(),
        );
        let _ = (
            batch.last_offset(),
            batch.next_offset(),
            batch.last_sequence(),
        );
        let _ = batch.stamped(i64::MAX, i32::MIN);
        let changed = batch.with_log_append_time(i64::MIN);
        assert_eq!(changed.timestamp_type(), TimestampType::LogAppendTime);
    }
}

#[test]
fn impossible_headers_are_refused() {
    let good = BatchBuilder::new(0).build().bytes().to_vec();
    let with_length = |length: i32| {
        let mut bytes = good.clone();
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        RecordBatch::read(&bytes.into())
    };
    for length in [i32::MIN, -1, 0, 13, 14, 48] {
        assert_eq!(
            with_length(length),
            Err(BatchError::BadLength(length)),
            "{length}"
        );
    }
    assert_eq!(with_length(i32::MAX), Err(BatchError::Truncated));
    assert_eq!(with_length(49).unwrap().0.size(), BATCH_HEADER_BYTES);
}

#[test]
fn counts_that_disagree_with_the_bytes_are_refused() {
    let mut builder = BatchBuilder::new(0);
    builder.push(Record::default());
    builder.push(Record {
        offset: 1,
        ..Record::default()
    });
    let with_count = |count: i32| {
        let mut bytes = builder.build().bytes().to_vec();
        bytes[57..61].copy_from_slice(&count.to_be_bytes());
        RecordBatch::read(&bytes.into()).unwrap().0.records()
    };
    let invalid = |text: &str| Err(BatchError::Invalid(text.to_owned()));
    assert_eq!(
        with_count(1),
        invalid("Incorrect declared batch size, records still remaining in file")
    );
    assert_eq!(
        with_count(3),
        invalid("Incorrect declared batch size, premature EOF reached")
    );
    assert_eq!(with_count(-1), invalid("Found invalid record count -1"));
    assert_eq!(with_count(0), Ok(Vec::new()));
    assert_eq!(with_count(2).unwrap().len(), 2);
}
