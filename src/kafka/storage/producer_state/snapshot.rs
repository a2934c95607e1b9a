//! The bytes of a producer snapshot (`ProducerSnapshot.json`, version 1).
//!
//! ```text
//! version i16 @0   crc u32 @2 (CRC-32C of all after it)   count i32 @6
//! entries @10: producer_id i64, epoch i16, last_sequence i32, last_offset i64, offset_delta i32,
//!              timestamp i64, coordinator_epoch i32, current_txn_first_offset i64
//! ```

use super::{BatchMetadata, ProducerEntry};
use crate::sim::Disk;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use std::collections::BTreeMap;

const VERSION: i16 = 1;
const ENTRIES_AT: usize = 6;
const ENTRY_BYTES: usize = 46;

/// The file for `producers`.
pub(super) fn write(producers: &BTreeMap<i64, ProducerEntry>) -> Bytes {
    let mut body = BytesMut::with_capacity(4 + producers.len() * ENTRY_BYTES);
    body.put_i32(producers.len() as i32);
    for (id, entry) in in_kafkas_order(producers) {
        write_entry(&mut body, *id, entry);
    }
    let mut out = BytesMut::with_capacity(ENTRIES_AT + body.len());
    out.put_i16(VERSION);
    out.put_u32(crc32c::crc32c(&body));
    out.extend_from_slice(&body);
    out.freeze()
}

fn write_entry(out: &mut BytesMut, id: i64, entry: &ProducerEntry) {
    let last = entry.batches().last();
    out.put_i64(id);
    out.put_i16(entry.epoch);
    out.put_i32(entry.last_sequence());
    out.put_i64(last.map_or(-1, |batch| batch.last_offset));
    out.put_i32(last.map_or(0, |batch| batch.offset_delta));
    out.put_i64(entry.last_timestamp);
    out.put_i32(entry.coordinator_epoch);
    out.put_i64(entry.current_txn_first_offset.unwrap_or(-1));
}

/// Kafka writes the entries as a Java `HashMap` of their ids gives them: by bucket. (Ids of one
/// bucket come in the order of insertion there, by id here.)
fn in_kafkas_order(producers: &BTreeMap<i64, ProducerEntry>) -> Vec<(&i64, &ProducerEntry)> {
    let buckets = (producers.len() as u64 * 4)
        .div_ceil(3)
        .max(16)
        .next_power_of_two();
    let bucket = |id: i64| {
        let hash = (id ^ (id as u64 >> 32) as i64) as u32;
        u64::from(hash ^ hash >> 16) & (buckets - 1)
    };
    let mut entries: Vec<_> = producers.iter().collect();
    entries.sort_by_key(|(id, _)| bucket(**id));
    entries
}

/// The entries of the file at `path`; an error for a file that is missing or damaged.
pub(super) fn read(disk: &Disk, path: &str) -> Result<Vec<(i64, ProducerEntry)>, String> {
    let file = disk.open(path).ok_or("no such file")?;
    parse(disk.read(file, 0, disk.len(file)))
}

fn parse(mut bytes: Bytes) -> Result<Vec<(i64, ProducerEntry)>, String> {
    if bytes.len() < ENTRIES_AT + 4 {
        return Err("Snapshot failed schema validation".into());
    }
    let version = bytes.get_i16();
    if version != VERSION {
        return Err(format!(
            "Snapshot contained an unknown file version {version}"
        ));
    }
    let stored = bytes.get_u32();
    let computed = crc32c::crc32c(&bytes);
    if stored != computed {
        return Err(format!(
            "Snapshot is corrupt (CRC is no longer valid). Stored crc: {stored}. Computed crc: \
             {computed}"
        ));
    }
    let count = usize::try_from(bytes.get_i32()).map_err(|_| "negative count")?;
    if bytes.len() < count.saturating_mul(ENTRY_BYTES) {
        return Err("Snapshot failed schema validation".into());
    }
    Ok((0..count).map(|_| read_entry(&mut bytes)).collect())
}

/// Reads one entry; the caller has counted the bytes.
fn read_entry(bytes: &mut Bytes) -> (i64, ProducerEntry) {
    let id = bytes.get_i64();
    let mut entry = ProducerEntry {
        epoch: bytes.get_i16(),
        ..ProducerEntry::default()
    };
    let mut last = BatchMetadata {
        last_sequence: bytes.get_i32(),
        last_offset: bytes.get_i64(),
        offset_delta: bytes.get_i32(),
        timestamp: 0,
    };
    entry.last_timestamp = bytes.get_i64();
    entry.coordinator_epoch = bytes.get_i32();
    let first = bytes.get_i64();
    entry.current_txn_first_offset = (first >= 0).then_some(first);
    last.timestamp = entry.last_timestamp;
    if last.last_offset >= 0 {
        entry.push(last);
    }
    (id, entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_state_is_the_recorded_file() {
        // Any .snapshot of the recorded plain folders.
        let recorded = [0x00, 0x01, 0x48, 0x67, 0x4b, 0xc7, 0, 0, 0, 0];
        assert_eq!(write(&BTreeMap::new()), &recorded[..]);
        assert_eq!(parse(Bytes::copy_from_slice(&recorded)), Ok(Vec::new()));
    }

    #[test]
    fn keeps_the_last_batch_of_each_producer() {
        let mut entry = ProducerEntry {
            epoch: 3,
            coordinator_epoch: 9,
            last_timestamp: 77,
            current_txn_first_offset: Some(12),
            ..ProducerEntry::default()
        };
        for n in 1..7 {
            entry.push(BatchMetadata {
                last_sequence: n * 2 - 1,
                last_offset: i64::from(n) * 10,
                offset_delta: 1,
                timestamp: 77,
            });
        }
        let written = write(&BTreeMap::from([
            (4000, entry),
            (5, ProducerEntry::default()),
        ]));
        assert_eq!(written.len(), 10 + 2 * ENTRY_BYTES);
        let read: BTreeMap<_, _> = parse(written).unwrap().into_iter().collect();
        assert_eq!(read[&5], ProducerEntry::default());
        let last = BatchMetadata {
            last_sequence: 11,
            last_offset: 60,
            offset_delta: 1,
            timestamp: 77,
        };
        assert_eq!(read[&4000].batches(), [last]);
        assert_eq!(read[&4000].current_txn_first_offset, Some(12));
        assert_eq!((read[&4000].epoch, read[&4000].coordinator_epoch), (3, 9));
    }

    #[test]
    fn no_damaged_file_is_read() {
        let good = write(&BTreeMap::from([(7, ProducerEntry::default())]));
        for len in 0..good.len() {
            assert!(parse(good.slice(..len)).is_err(), "cut at {len}");
        }
        for at in 0..good.len() {
            let mut bad = good.to_vec();
            bad[at] ^= 0x40;
            assert!(parse(bad.into()).is_err(), "flipped at {at}");
        }
    }

    #[test]
    fn entries_lie_in_the_order_of_a_java_hash_map() {
        // new HashMap<Long, _>() with these keys put in, iterated (16 buckets).
        let ids = [1000_i64, 1001, 1007, 1008, 1009];
        let producers = ids.map(|id| (id, ProducerEntry::default())).into();
        let order: Vec<i64> = in_kafkas_order(&producers)
            .iter()
            .map(|(id, _)| **id)
            .collect();
        assert_eq!(order, [1008, 1009, 1000, 1001, 1007]);
    }
}
