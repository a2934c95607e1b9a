//! What the kafka-protocol crate writes is read back.

use super::super::{RecordBatch, TimestampType};
use bytes::{Bytes, BytesMut};
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records::{
    Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType as CrateType,
};

fn record(offset: i64, timestamp: i64) -> Record {
    Record {
        transactional: true,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: 6,
        producer_id: 4242,
        producer_epoch: 3,
        timestamp_type: CrateType::Creation,
        offset,
        sequence: offset as i32,
        timestamp,
        key: Some(Bytes::from(format!("key {offset}"))),
        value: (offset != 1).then(|| Bytes::from_static(b"value")),
        headers: [(
            StrBytes::from_static_str("h"),
            Some(Bytes::from_static(b"x")),
        )]
        .into_iter()
        .collect(),
    }
}

#[test]
fn a_batch_of_the_crate_is_read_back() {
    let records = [record(0, 1000), record(1, 990), record(2, 1700)];
    let mut out = BytesMut::new();
    let options = RecordEncodeOptions {
        version: 2,
        compression: Compression::None,
    };
    RecordBatchEncoder::encode(&mut out, records.iter(), &options).unwrap();

    let (batch, rest) = RecordBatch::read(&out.freeze()).unwrap();
    assert!(rest.is_empty());
    assert_eq!(batch.verify_checksum(), Ok(()));
    assert_eq!((batch.base_offset(), batch.last_offset()), (0, 2));
    assert_eq!((batch.producer_id(), batch.producer_epoch()), (4242, 3));
    assert_eq!((batch.base_sequence(), batch.last_sequence()), (0, 2));
    assert_eq!((batch.leader_epoch(), batch.record_count()), (6, 3));
    assert_eq!(batch.timestamp_type(), TimestampType::CreateTime);
    assert!(batch.is_transactional() && !batch.is_control());
    let read = batch.records().unwrap();
    assert_eq!(read.len(), records.len());
    for (ours, theirs) in read.iter().zip(&records) {
        assert_eq!(
            (ours.offset, ours.timestamp),
            (theirs.offset, theirs.timestamp)
        );
        assert_eq!((&ours.key, &ours.value), (&theirs.key, &theirs.value));
        assert_eq!(
            ours.headers,
            [("h".to_owned(), Some(Bytes::from_static(b"x")))]
        );
    }
}
