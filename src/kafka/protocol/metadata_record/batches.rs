//! Batches of `__cluster_metadata`: metadata records, and the control records of Raft and of
//! snapshots (`RecordsBatchWriter`, `MemoryRecordsBuilder.writeSnapshotHeaderRecord` and kin).

use super::MetadataRecord;
use super::wire::{Reader, Tags, Writer};
use crate::kafka::protocol::CodecError;
use crate::kafka::protocol::record_batch::{BatchBuilder, Record, RecordBatch};
use bytes::{Buf, BufMut, Bytes, BytesMut};

/// A control record that ends an aborted transaction.
pub const CONTROL_ABORT: i16 = 0;
/// A control record that ends a committed transaction.
pub const CONTROL_COMMIT: i16 = 1;
/// The first record of a leader's epoch.
pub const CONTROL_LEADER_CHANGE: i16 = 2;
/// The first record of a snapshot.
pub const CONTROL_SNAPSHOT_HEADER: i16 = 3;
/// The last record of a snapshot.
pub const CONTROL_SNAPSHOT_FOOTER: i16 = 4;

/// The features that `kafka-storage format` of 4.3.1 finalizes, in the order of its records.
pub const DEFAULT_FEATURES: [(&str, i16); 6] = [
    ("metadata.version", 30),
    ("eligible.leader.replicas.version", 1),
    ("group.version", 1),
    ("share.version", 1),
    ("streams.version", 1),
    ("transaction.version", 2),
];

/// What one batch of the metadata log or of a snapshot says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogEntry {
    /// Metadata records, in order of their offsets.
    Data(Vec<MetadataRecord>),
    /// A leader begins its epoch.
    LeaderChange {
        /// The new leader.
        leader: i32,
        /// The voters of the epoch.
        voters: Vec<i32>,
        /// Those who voted for it.
        granting_voters: Vec<i32>,
    },
    /// A snapshot begins.
    SnapshotHeader {
        /// The append time of the last record of the log that the snapshot contains.
        last_contained_log_timestamp: i64,
    },
    /// A snapshot is complete.
    SnapshotFooter,
    /// Another control record (KRaft version, voters, transactions), by its type.
    OtherControl(i16),
}

impl LogEntry {
    /// Reads a batch. The checksum is the caller's business.
    pub fn read(batch: &RecordBatch) -> Result<LogEntry, CodecError> {
        let records = batch.records().map_err(|e| CodecError(e.to_string()))?;
        if batch.is_control() {
            let first = records
                .first()
                .ok_or_else(|| CodecError("empty control batch".into()))?;
            return read_control(first);
        }
        let values = records.into_iter().map(|record| {
            let value = record
                .value
                .ok_or_else(|| CodecError("metadata without value".into()))?;
            MetadataRecord::decode(&value)
        });
        values.collect::<Result<_, _>>().map(LogEntry::Data)
    }
}

fn read_control(record: &Record) -> Result<LogEntry, CodecError> {
    let kind =
        control_type(record).ok_or_else(|| CodecError("control record without a type".into()))?;
    let mut value = Reader::new(&record.value.clone().unwrap_or_default());
    match kind {
        CONTROL_LEADER_CHANGE => read_leader_change(value),
        CONTROL_SNAPSHOT_HEADER => {
            let _version = value.i16()?;
            let last_contained_log_timestamp = value.i64()?;
            Ok(LogEntry::SnapshotHeader {
                last_contained_log_timestamp,
            })
        }
        CONTROL_SNAPSHOT_FOOTER => Ok(LogEntry::SnapshotFooter),
        other => Ok(LogEntry::OtherControl(other)),
    }
}

/// The type of a control record (`ControlRecordType.parse`); none if its key is malformed.
pub fn control_type(record: &Record) -> Option<i16> {
    let mut key = record.key.clone()?;
    (key.len() >= 4).then(|| {
        key.advance(2);
        key.get_i16()
    })
}

/// Version 1 adds a directory id to each voter (KIP-853), which kraft.version 0 does not use.
fn read_leader_change(mut value: Reader) -> Result<LogEntry, CodecError> {
    let version = value.i16()?;
    let voter = match version {
        0 => read_voter_0,
        1 => read_voter_1,
        other => return Err(CodecError(format!("unknown leader change version {other}"))),
    };
    let leader = value.i32()?;
    let (voters, granting_voters) = (value.array(voter)?, value.array(voter)?);
    value.no_tagged()?;
    value.end()?;
    Ok(LogEntry::LeaderChange {
        leader,
        voters,
        granting_voters,
    })
}

fn read_voter_0(value: &mut Reader) -> Result<i32, CodecError> {
    let id = value.i32()?;
    value.no_tagged()?;
    Ok(id)
}

fn read_voter_1(value: &mut Reader) -> Result<i32, CodecError> {
    let id = value.i32()?;
    value.uuid()?;
    value.no_tagged()?;
    Ok(id)
}

/// One batch of metadata records from `base_offset` on, stamped with the leader's epoch.
pub fn metadata_batch(
    base_offset: i64,
    epoch: i32,
    timestamp_ms: i64,
    records: &[MetadataRecord],
) -> RecordBatch {
    let mut builder = BatchBuilder::new(base_offset);
    builder.leader_epoch = epoch;
    for record in records {
        builder.push_next(Record {
            timestamp: timestamp_ms,
            value: Some(record.encode()),
            ..Record::default()
        });
    }
    builder.build()
}

/// The control batch with which a leader begins its epoch, of version 0 (kraft.version 0).
pub fn leader_change_batch(
    base_offset: i64,
    epoch: i32,
    timestamp_ms: i64,
    leader: i32,
    voters: &[i32],
    granting_voters: &[i32],
) -> RecordBatch {
    let mut value = Writer::default();
    value.i16(0);
    value.i32(leader);
    value.array(voters, write_voter);
    value.array(granting_voters, write_voter);
    value.tagged(Tags::default());
    control_batch(
        base_offset,
        epoch,
        timestamp_ms,
        CONTROL_LEADER_CHANGE,
        value,
    )
}

fn write_voter(out: &mut Writer, id: &i32) {
    out.i32(*id);
    out.tagged(Tags::default());
}

/// The first batch of a snapshot.
pub fn snapshot_header_batch(
    epoch: i32,
    timestamp_ms: i64,
    last_contained_log_timestamp: i64,
) -> RecordBatch {
    let mut value = Writer::default();
    value.i16(0);
    value.i64(last_contained_log_timestamp);
    value.tagged(Tags::default());
    control_batch(0, epoch, timestamp_ms, CONTROL_SNAPSHOT_HEADER, value)
}

/// The last batch of a snapshot.
pub fn snapshot_footer_batch(base_offset: i64, epoch: i32, timestamp_ms: i64) -> RecordBatch {
    let mut value = Writer::default();
    value.i16(0);
    value.tagged(Tags::default());
    control_batch(
        base_offset,
        epoch,
        timestamp_ms,
        CONTROL_SNAPSHOT_FOOTER,
        value,
    )
}

/// `bootstrap.checkpoint`: the features of a new cluster as a snapshot, as `kafka-storage format`
/// writes it with [`DEFAULT_FEATURES`].
pub fn bootstrap_checkpoint(features: &[(&str, i16)], now_ms: i64) -> Bytes {
    let records: Vec<MetadataRecord> = features
        .iter()
        .map(|(name, level)| MetadataRecord::FeatureLevel {
            name: (*name).into(),
            level: *level,
        })
        .collect();
    snapshot_bytes(0, now_ms, 0, &[&records])
}

/// A snapshot file: header, one batch for each of `batches`, footer.
pub fn snapshot_bytes(
    epoch: i32,
    now_ms: i64,
    last_contained_log_timestamp: i64,
    batches: &[&[MetadataRecord]],
) -> Bytes {
    let mut out = BytesMut::new();
    let header = snapshot_header_batch(epoch, now_ms, last_contained_log_timestamp);
    out.extend_from_slice(header.bytes());
    let mut next_offset = header.next_offset();
    for records in batches.iter().filter(|records| !records.is_empty()) {
        let batch = metadata_batch(next_offset, epoch, now_ms, records);
        out.extend_from_slice(batch.bytes());
        next_offset = batch.next_offset();
    }
    out.extend_from_slice(snapshot_footer_batch(next_offset, epoch, now_ms).bytes());
    out.freeze()
}

fn control_batch(
    base_offset: i64,
    epoch: i32,
    timestamp_ms: i64,
    kind: i16,
    value: Writer,
) -> RecordBatch {
    let mut key = BytesMut::with_capacity(4);
    key.put_i16(0);
    key.put_i16(kind);
    let mut builder = BatchBuilder::new(base_offset);
    builder.leader_epoch = epoch;
    builder.control = true;
    builder.push_next(Record {
        timestamp: timestamp_ms,
        key: Some(key.freeze()),
        value: Some(value.finish()),
        ..Record::default()
    });
    builder.build()
}
