//! Cutting logs, appending as a follower, rolling.

use super::*;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::storage::AppendError;
use crate::sim::{Chunk, DiskError};

fn replicated(base: i64, count: i64, epoch: i32) -> Chunk {
    let batch = produced(count, 5).stamped(base, epoch);
    Chunk {
        bytes: batch.bytes().clone(),
        sound: false,
    }
}

#[test]
fn a_cut_takes_records_epochs_and_high_watermark_along() {
    let mut bench = Bench::new(small_config());
    bench.fill(10, 5, 0);
    bench.fill(10, 5, 3);
    bench.commit();
    let first = bench.batches();
    assert!(bench.log.truncate_to(&mut bench.disk, 35, true, 0).unwrap());
    assert_eq!(bench.batches(), first[..7]);
    assert_eq!(bench.log.epochs(), [(0, 0)]);
    let offsets = bench.log.offsets();
    assert_eq!(
        (offsets.last_stable, offsets.high_watermark, offsets.log_end),
        (35, 35, 35)
    );
    bench.fill(3, 5, 4);
    assert_eq!(bench.log.epochs(), [(0, 0), (4, 35)]);
    assert_eq!(
        bench.batches()[7..],
        [(35, 39, 4), (40, 44, 4), (45, 49, 4)]
    );
}

#[test]
fn the_sabotage_leaves_the_high_watermark_above_the_end() {
    let mut bench = Bench::new(small_config());
    bench.fill(4, 5, 0);
    bench.commit();
    bench
        .log
        .truncate_to(&mut bench.disk, 10, false, 0)
        .unwrap();
    assert_eq!(
        (
            bench.log.offsets().high_watermark,
            bench.log.offsets().log_end
        ),
        (20, 10)
    );
}

#[test]
fn a_cut_inside_of_a_batch_takes_all_of_it() {
    let mut bench = Bench::new(small_config());
    bench.fill(4, 5, 0);
    bench.log.truncate_to(&mut bench.disk, 12, true, 0).unwrap();
    assert_eq!(bench.batches(), [(0, 4, 0), (5, 9, 0)]);
    assert_eq!(bench.log.offsets().log_end, 12);
    // A restart counts what is there.
    bench.restart(true, 12);
    assert_eq!(bench.log.offsets().log_end, 10);
}

#[test]
fn a_cut_below_the_first_segment_starts_the_log_anew() {
    let mut bench = Bench::new(small_config());
    bench
        .log
        .truncate_fully_and_start_at(&mut bench.disk, 100, 0)
        .unwrap();
    bench.fill(20, 5, 2);
    bench.commit();
    assert!(bench.log.truncate_to(&mut bench.disk, 70, true, 0).unwrap());
    let offsets = bench.log.offsets();
    assert_eq!(
        (offsets.log_start, offsets.high_watermark, offsets.log_end),
        (70, 70, 70)
    );
    assert!(bench.log.epochs().is_empty());
    assert_eq!(bench.log.segments(), [(70, 0)]);
    bench.fill(1, 2, 3);
    bench.restart(false, 0);
    assert_eq!(bench.batches(), [(70, 71, 3)]);
    assert_eq!(bench.log.offsets().log_start, 70);
}

#[test]
fn a_cut_lowers_recovery_point_and_log_start() {
    let mut bench = Bench::new(small_config());
    bench.fill(20, 5, 0);
    bench.commit();
    bench.log.flush(&mut bench.disk);
    assert_eq!(bench.log.recovery_point(), 100);
    bench.log.maybe_increment_log_start(18);
    bench.log.truncate_to(&mut bench.disk, 15, true, 0).unwrap();
    assert_eq!(bench.log.recovery_point(), 15);
    assert_eq!(bench.log.offsets().log_start, 15);
}

#[test]
fn followers_keep_offsets_and_epochs() {
    let mut bench = Bench::new(small_config());
    let mut follow = |chunk: &Chunk| {
        let Bench { disk, log } = &mut bench;
        log.append_as_follower(disk, chunk, 0)
            .map(|info| (info.first_offset, info.last_offset))
    };
    assert_eq!(follow(&replicated(0, 3, 1)), Ok((0, 2)));
    // A gap is no error: compaction leaves them.
    assert_eq!(follow(&replicated(7, 2, 4)), Ok((7, 8)));
    let Err(AppendError::Refused(code, _)) = follow(&replicated(8, 2, 4)) else {
        panic!("an offset below the end was taken");
    };
    assert_eq!(code, ErrorCode::UNKNOWN_SERVER_ERROR);
    assert_eq!(bench.batches(), [(0, 2, 1), (7, 8, 4)]);
    assert_eq!(bench.log.epochs(), [(1, 0), (4, 7)]);
}

#[test]
fn followers_share_the_bytes_that_they_are_given() {
    let mut bench = Bench::new(small_config());
    let chunk = replicated(0, 3, 1);
    bench
        .log
        .append_as_follower(&mut bench.disk, &chunk, 0)
        .unwrap();
    let read = bench.log.read_below(&bench.disk, 0, 999, true, 3).unwrap();
    assert_eq!(read.chunks[0].bytes.as_ptr(), chunk.bytes.as_ptr());
    assert!(read.chunks[0].sound);
}

#[test]
fn followers_refuse_damaged_chunks() {
    let mut bench = Bench::new(small_config());
    let good = replicated(0, 3, 1).bytes;
    let mut flipped = good.to_vec();
    flipped[70] ^= 1;
    let mut backwards = good.to_vec();
    backwards[23..27].copy_from_slice(&(-1_i32).to_be_bytes());
    let two = [&good[..], &replicated(3, 1, 1).bytes[..]].concat();
    for bytes in [flipped, backwards, two, good[..80].to_vec(), Vec::new()] {
        let chunk = Chunk {
            bytes: bytes.into(),
            sound: false,
        };
        let refused = bench.log.append_as_follower(&mut bench.disk, &chunk, 0);
        let Err(AppendError::Refused(code, _)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(code, ErrorCode::CORRUPT_MESSAGE);
    }
    assert_eq!(bench.log.offsets().log_end, 0);
}

#[test]
fn an_empty_follower_takes_a_batch_that_straddles_its_start() {
    // The leader's log starts at 12, inside of a batch; so does the new follower's.
    let mut bench = Bench::new(small_config());
    bench
        .log
        .truncate_fully_and_start_at(&mut bench.disk, 12, 0)
        .unwrap();
    bench
        .log
        .append_as_follower(&mut bench.disk, &replicated(10, 5, 2), 0)
        .unwrap();
    let offsets = bench.log.offsets();
    assert_eq!((offsets.log_start, offsets.log_end), (12, 15));
    assert!(offsets.log_start <= offsets.high_watermark);
    assert_eq!(bench.log.epochs(), [(2, 12)]);
    assert_eq!(bench.batches(), [(10, 14, 2)]);
}

#[test]
fn segments_roll_by_size_and_by_record_time() {
    let mut bench = Bench::new(TopicConfig {
        segment_ms: 1000,
        ..small_config()
    });
    // Of one record: 80 bytes, six in 500.
    let sizes: Vec<_> = (0..7)
        .map(|_| bench.append(&produced(1, 5), 0).rolled)
        .collect();
    assert_eq!(sizes, [None, None, None, None, None, None, Some(6)]);
    // Record time counts, not the broker's: 1,001 ms after the first record of the segment.
    assert_eq!(bench.append(&produced(1, 1005), 0).rolled, None);
    assert_eq!(bench.append(&produced(1, 1006), 0).rolled, Some(8));
    assert_eq!(bench.append(&produced(1, 0), 0).rolled, None);
}

#[test]
fn jitter_rolls_earlier() {
    let config = TopicConfig {
        segment_ms: 1000,
        segment_jitter_ms: 300,
        ..small_config()
    };
    let mut bench = Bench::new(config);
    bench.append(&produced(1, 0), 0);
    assert_eq!(bench.append(&produced(1, 700), 0).rolled, None);
    assert_eq!(bench.append(&produced(1, 701), 0).rolled, Some(2));
}

#[test]
fn segments_roll_when_an_index_is_full() {
    // Room for three entries; the last slot of the time index is kept for the roll.
    let config = TopicConfig {
        segment_bytes: 100_000,
        index_interval_bytes: 0,
        segment_index_bytes: 36,
        ..small_config()
    };
    let mut bench = Bench::new(config);
    let rolled: Vec<_> = (0..4)
        .map(|n| bench.append(&produced(1, n), 0).rolled)
        .collect();
    assert_eq!(rolled, [None, None, None, Some(3)]);
    let index = bench.disk.open(&bench.path(0, ".index")).unwrap();
    let times = bench.disk.open(&bench.path(0, ".timeindex")).unwrap();
    assert_eq!((bench.disk.len(index), bench.disk.len(times)), (16, 24));
}

#[test]
fn segments_roll_before_an_offset_that_is_too_far() {
    let mut bench = Bench::new(small_config());
    let far = i64::from(i32::MAX);
    bench
        .log
        .append_as_follower(&mut bench.disk, &replicated(0, 1, 0), 0)
        .unwrap();
    let next = bench
        .log
        .append_as_follower(&mut bench.disk, &replicated(far, 1, 0), 0);
    assert_eq!(next.unwrap().rolled, None);
    let next = bench
        .log
        .append_as_follower(&mut bench.disk, &replicated(far + 1, 1, 0), 0);
    assert_eq!(next.unwrap().rolled, Some(far + 1));
}

#[test]
fn a_batch_larger_than_a_segment_is_refused() {
    let mut bench = Bench::new(small_config());
    let check = ProducerAppend::default();
    let large = produced(60, 0);
    let refused = bench
        .log
        .append_as_leader(&mut bench.disk, &large, 0, check, 0);
    let text = format!(
        "Message batch size is {} bytes in append to partition web_log-0, which exceeds the \
         maximum configured segment size of 500.",
        large.size()
    );
    let expected = AppendError::Refused(ErrorCode::RECORD_LIST_TOO_LARGE, text);
    assert_eq!(refused, Err(expected));
}

#[test]
fn log_append_time_is_the_brokers() {
    let config = TopicConfig {
        message_timestamp_log_append: true,
        ..small_config()
    };
    let mut bench = Bench::new(config);
    let check = ProducerAppend::default();
    let Bench { disk, log } = &mut bench;
    let info = log
        .append_as_leader(disk, &produced(2, 5), 0, check, 4711)
        .unwrap();
    assert_eq!(info.log_append_time, 4711);
    let batch = bench.log.batches_from(&bench.disk, 0).next().unwrap();
    assert!(batch.verify_checksum().is_ok());
    assert!(
        batch
            .records()
            .unwrap()
            .iter()
            .all(|record| record.timestamp == 4711)
    );
}

#[test]
fn a_full_disk_refuses_the_append() {
    let mut bench = Bench::new(small_config());
    bench.fill(1, 2, 0);
    bench.disk.set_full(true);
    let check = ProducerAppend::default();
    let refused = bench
        .log
        .append_as_leader(&mut bench.disk, &produced(1, 0), 0, check, 0);
    assert_eq!(refused, Err(AppendError::Disk(DiskError::Full)));
    assert_eq!(bench.log.offsets().log_end, 2);
}

#[test]
fn flush_messages_bounds_what_a_power_off_takes() {
    let mut bench = Bench::new(TopicConfig {
        flush_messages: 3,
        ..small_config()
    });
    bench.fill(2, 1, 0);
    assert_eq!(bench.log.recovery_point(), 0);
    bench.fill(1, 1, 0);
    assert_eq!(bench.log.recovery_point(), 3);
}

#[test]
fn a_deleted_log_leaves_no_file() {
    let mut bench = Bench::new(small_config());
    bench.fill(20, 2, 0);
    bench.disk.create("web_log-01/other").unwrap();
    bench.log.clone().delete(&mut bench.disk);
    assert_eq!(bench.disk.list(""), ["web_log-01/other"]);
}
