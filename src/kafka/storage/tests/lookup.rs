//! Reads and lookups against a linear scan of all batches.

use super::*;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::storage::Isolation;
use proptest::prelude::*;

struct Scan(Vec<RecordBatch>);

impl Scan {
    fn records(&self) -> Vec<(i64, i64, i32)> {
        let of_batch = |batch: &RecordBatch| {
            let epoch = batch.leader_epoch();
            let records = batch.records().unwrap();
            records
                .into_iter()
                .map(move |r| (r.offset, r.timestamp, epoch))
        };
        self.0.iter().flat_map(of_batch).collect()
    }
}

/// Batches (records, first timestamp), and at which of them the log starts.
fn shapes() -> impl Strategy<Value = (Vec<(i64, i64)>, usize)> {
    let batch = (1..5_i64, -1..60_i64);
    (proptest::collection::vec(batch, 1..40), 0..40_usize)
}

fn filled(shape: &[(i64, i64)], start: usize) -> (Bench, Scan) {
    let mut bench = Bench::new(small_config());
    for (n, (count, timestamp)) in shape.iter().enumerate() {
        let batch = match timestamp {
            -1 => without_time(*count),
            timestamp => produced(*count, *timestamp),
        };
        bench.append(&batch, n as i32 / 10);
    }
    bench.commit();
    let starts: Vec<i64> = bench.batches().iter().map(|(base, _, _)| *base).collect();
    // Inside of a batch, if it has more than one record.
    let start = starts[start % starts.len()] + 1;
    bench
        .log
        .maybe_increment_log_start(start.min(bench.log.offsets().log_end));
    let scan = Scan(bench.log.batches_from(&bench.disk, 0).collect());
    (bench, scan)
}

fn without_time(count: i64) -> RecordBatch {
    let mut builder = BatchBuilder::new(0);
    for _ in 0..count {
        builder.push_next(Record {
            timestamp: -1,
            ..Record::default()
        });
    }
    builder.build()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn lookups_are_scans((shape, start) in shapes(), max_bytes in 0..900_u64) {
        let (bench, scan) = filled(&shape, start);
        check_times(&bench, &scan)?;
        check_reads(&bench, &scan, max_bytes)?;
        check_index_files(&bench, &scan)?;
    }
}

/// Kafka's order: the first segment that may hold a record so late, and only that one.
fn check_times(bench: &Bench, scan: &Scan) -> Result<(), TestCaseError> {
    let start = bench.log.offsets().log_start;
    let records = scan.records();
    let timed = records.iter().all(|(_, timestamp, _)| *timestamp >= 0);
    for timestamp in 0..70 {
        let expected = records
            .iter()
            .find(|(o, t, _)| *o >= start && *t >= timestamp);
        let found = bench.log.offset_for_timestamp(&bench.disk, timestamp);
        // A segment may be chosen for a record below the log start, or for its time of writing.
        if found != expected.copied() {
            let hidden = records
                .iter()
                .any(|(o, t, _)| *o < start && *t >= timestamp);
            prop_assert!(
                found.is_none() && (hidden || !timed),
                "{timestamp}: {found:?}"
            );
        }
    }
    let largest = records.iter().map(|(_, timestamp, _)| *timestamp).max();
    let expected = records
        .iter()
        .find(|(_, t, _)| Some(*t) == largest && *t >= 0);
    prop_assert_eq!(
        bench.log.offset_of_max_timestamp(&bench.disk),
        expected.copied()
    );
    Ok(())
}

fn check_reads(bench: &Bench, scan: &Scan, max_bytes: u64) -> Result<(), TestCaseError> {
    let Bench { disk, log } = bench;
    let offsets = log.offsets();
    for offset in offsets.log_start..=offsets.log_end {
        let segment = log
            .segments()
            .into_iter()
            .rev()
            .find(|(base, _)| *base <= offset);
        let base = segment.map_or(0, |(base, _)| base);
        let next = log.segments().into_iter().find(|(next, _)| *next > base);
        let in_segment = |b: &&RecordBatch| next.is_none_or(|(next, _)| b.base_offset() < next);
        let from = scan
            .0
            .iter()
            .filter(|b| b.last_offset() >= offset)
            .take_while(in_segment);
        for min_one in [false, true] {
            let data = log
                .read(disk, offset, max_bytes, min_one, Isolation::LogEnd)
                .unwrap();
            let mut bytes = 0;
            let expected: Vec<_> = from
                .clone()
                .enumerate()
                .take_while(|(n, batch)| {
                    bytes += batch.size() as u64;
                    bytes <= max_bytes || (min_one && *n == 0)
                })
                .map(|(_, batch)| batch.bytes().clone())
                .collect();
            let read: Vec<_> = data
                .chunks
                .iter()
                .map(|chunk| chunk.bytes.clone())
                .collect();
            prop_assert_eq!(&read, &expected);
            prop_assert_eq!(
                data.bytes,
                expected.iter().map(|b| b.len() as u64).sum::<u64>()
            );
            prop_assert!(data.chunks.iter().all(|chunk| chunk.sound));
        }
        let between = |upper: i64| -> u64 {
            let batches = scan.0.iter().filter(|b| b.last_offset() >= offset);
            batches
                .filter(|b| b.last_offset() < upper)
                .map(|b| b.size() as u64)
                .sum()
        };
        for upper in [offset, offset + 3, offsets.log_end] {
            let all = log.bytes_between(disk, offset, upper, u64::MAX);
            prop_assert_eq!(all, between(upper));
            let capped = log.bytes_between(disk, offset, upper, max_bytes);
            prop_assert!(capped == all || (capped > max_bytes && capped <= all));
        }
    }
    Ok(())
}

/// Lookups in the index files against a scan of all their entries; a scan of the log from the
/// entry ends at the batch.
fn check_index_files(bench: &Bench, scan: &Scan) -> Result<(), TestCaseError> {
    let Bench { disk, log } = bench;
    for batch in &scan.0 {
        for offset in batch.base_offset()..=batch.last_offset() {
            let (base, entry, position) = log.index_lookup(disk, offset).unwrap();
            let entries = entries_of(bench, base, ".index", 8);
            let entries = entries.iter().map(|bytes| {
                let relative = i32::from_be_bytes(bytes[..4].try_into().unwrap());
                let position = u32::from_be_bytes(bytes[4..].try_into().unwrap());
                (base + i64::from(relative), position)
            });
            let expected = entries.rev().find(|(at, _)| *at <= offset);
            prop_assert_eq!(entry, expected.unwrap_or((base, 0)));
            let before = scan.0.iter().filter(|b| b.base_offset() >= base);
            let before = before.take_while(|b| b.last_offset() < offset);
            prop_assert_eq!(position, before.map(|b| b.size() as u64).sum::<u64>());
            prop_assert!(u64::from(entry.1) <= position);
        }
    }
    for timestamp in 0..70 {
        let Some((base, entry)) = log.time_index_lookup(disk, timestamp) else {
            continue;
        };
        let entries = entries_of(bench, base, ".timeindex", 12);
        let entries = entries.iter().map(|bytes| {
            let at = i64::from_be_bytes(bytes[..8].try_into().unwrap());
            let relative = i32::from_be_bytes(bytes[8..].try_into().unwrap());
            (at, base + i64::from(relative))
        });
        let expected = entries.rev().find(|(at, _)| *at <= timestamp);
        prop_assert_eq!(entry, expected.unwrap_or((-1, base)));
    }
    Ok(())
}

fn entries_of(bench: &Bench, base: i64, suffix: &str, size: usize) -> Vec<Vec<u8>> {
    let file = bench.disk.open(&bench.path(base, suffix)).unwrap();
    let bytes = bench.disk.read(file, 0, u64::MAX);
    bytes.chunks_exact(size).map(<[u8]>::to_vec).collect()
}

#[test]
fn offsets_outside_of_the_log_are_out_of_range() {
    let mut bench = Bench::new(small_config());
    bench.fill(20, 3, 0);
    bench.log.maybe_increment_high_watermark(30);
    bench.log.maybe_increment_log_start(10);
    let read = |offset, isolation| bench.log.read(&bench.disk, offset, 9999, true, isolation);
    assert_eq!(
        read(9, Isolation::LogEnd),
        Err(ErrorCode::OFFSET_OUT_OF_RANGE)
    );
    assert_eq!(
        read(61, Isolation::LogEnd),
        Err(ErrorCode::OFFSET_OUT_OF_RANGE)
    );
    assert_eq!(read(60, Isolation::LogEnd), Ok(Default::default()));
    // Above the high watermark there is nothing yet, but the offset is no error.
    assert_eq!(read(30, Isolation::HighWatermark), Ok(Default::default()));
    assert_eq!(read(45, Isolation::HighWatermark), Ok(Default::default()));
    let (base, _) = bench.log.position_of(&bench.disk, 10).unwrap();
    assert!(base <= 10);
    assert_eq!(bench.log.position_of(&bench.disk, 9), None);
    let active = *bench.log.segments().last().unwrap();
    assert_eq!(bench.log.position_of(&bench.disk, 60), Some(active));
}

#[test]
fn a_time_above_the_high_watermark_has_no_offset() {
    let mut bench = Bench::new(small_config());
    bench.fill(4, 3, 7);
    bench.log.maybe_increment_high_watermark(6);
    assert_eq!(
        bench.log.offset_for_timestamp(&bench.disk, 4),
        Some((4, 4, 7))
    );
    assert_eq!(bench.log.offset_for_timestamp(&bench.disk, 6), None);
    assert_eq!(bench.log.offset_of_max_timestamp(&bench.disk), None);
    bench.commit();
    assert_eq!(
        bench.log.offset_of_max_timestamp(&bench.disk),
        Some((11, 11, 7))
    );
}

#[test]
fn a_clone_is_unmoved_by_what_happens_to_the_original() {
    let mut bench = Bench::new(small_config());
    bench.fill(30, 3, 0);
    let (log, disk) = (bench.log.clone(), bench.disk.clone());
    let before = batches_of(&log, &disk);
    bench.fill(30, 3, 1);
    bench.log.truncate_to(&mut bench.disk, 12, true, 0).unwrap();
    assert_eq!(batches_of(&log, &disk), before);
    assert_eq!(log.offsets().log_end, 90);
    assert_eq!(bench.log.offsets().log_end, 12);
}
