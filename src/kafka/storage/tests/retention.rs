//! Deleting old segments (behaviour.md 2.21).

use super::*;

/// Ten segments of three records, `n` ms after 1970, all committed.
fn ten_segments(config: TopicConfig) -> Bench {
    let mut bench = Bench::new(config);
    for n in 0..10 {
        bench.append(&produced(3, n * 100), 0);
        if n < 9 {
            bench.log.roll(&mut bench.disk, 0).unwrap();
        }
    }
    bench.commit();
    bench
}

fn delete(bench: &mut Bench, now_ms: i64) -> Vec<i64> {
    bench
        .log
        .delete_old_segments(&mut bench.disk, now_ms)
        .unwrap()
}

#[test]
fn by_time_the_oldest_go_until_one_is_young_enough() {
    let mut bench = ten_segments(TopicConfig {
        retention_ms: 1000,
        ..small_config()
    });
    // The largest timestamp of the segment at 6 is 202.
    assert_eq!(delete(&mut bench, 1202), [0, 3]);
    assert_eq!(bench.log.offsets().log_start, 6);
    assert_eq!(delete(&mut bench, 1203), [6]);
    assert!(bench.log.segments().iter().all(|(base, _)| *base >= 9));
}

#[test]
fn a_timestamp_in_the_future_blocks_all_after_it() {
    let mut bench = Bench::new(TopicConfig {
        retention_ms: 10,
        ..small_config()
    });
    for timestamp in [0, 1_000_000, 0, 0] {
        bench.append(&produced(1, timestamp), 0);
        bench.log.roll(&mut bench.disk, 0).unwrap();
    }
    bench.commit();
    assert_eq!(delete(&mut bench, 500), [0]);
    assert_eq!(delete(&mut bench, 1_000_011), [1, 2, 3]);
}

#[test]
fn by_size_no_segment_goes_that_would_leave_less() {
    let mut bench = ten_segments(small_config());
    let size = bench.log.size();
    let oldest = bench.log.segments()[0].1;
    let keep = |bench: &mut Bench, bytes: u64| {
        let retention_bytes = bytes as i64;
        bench.log.set_config(TopicConfig {
            retention_bytes,
            retention_ms: -1,
            ..small_config()
        });
        delete(bench, 0)
    };
    assert!(keep(&mut bench, size).is_empty());
    assert!(keep(&mut bench, size - oldest + 1).is_empty());
    assert_eq!(keep(&mut bench, size - oldest), [0]);
    assert_eq!(keep(&mut bench, 0).len(), 9);
}

#[test]
fn nothing_goes_at_or_above_the_high_watermark() {
    let mut bench = Bench::new(TopicConfig {
        retention_ms: 0,
        ..small_config()
    });
    for n in 0..4 {
        bench.append(&produced(3, n), 0);
        bench.log.roll(&mut bench.disk, 0).unwrap();
    }
    assert!(delete(&mut bench, 9999).is_empty());
    bench.log.maybe_increment_high_watermark(8);
    assert_eq!(delete(&mut bench, 9999), [0, 3]);
    let offsets = bench.log.offsets();
    assert_eq!((offsets.log_start, offsets.high_watermark), (6, 8));
}

#[test]
fn the_active_segment_goes_too_and_an_empty_one_takes_its_place() {
    let mut bench = ten_segments(TopicConfig {
        retention_ms: 0,
        ..small_config()
    });
    assert_eq!(delete(&mut bench, 9999).len(), 10);
    assert_eq!(bench.log.segments(), [(30, 0)]);
    let offsets = bench.log.offsets();
    assert_eq!(
        (offsets.log_start, offsets.high_watermark, offsets.log_end),
        (30, 30, 30)
    );
    // An empty segment never goes.
    assert!(delete(&mut bench, 99_999).is_empty());
    assert_eq!(bench.append(&produced(1, 0), 0).first_offset, 30);
}

#[test]
fn below_the_log_start_whole_segments_go_whatever_the_policy() {
    let config = TopicConfig {
        cleanup_delete: false,
        cleanup_compact: true,
        ..small_config()
    };
    let mut bench = ten_segments(config);
    assert!(
        !bench.log.maybe_increment_log_start(31),
        "above the high watermark"
    );
    assert!(bench.log.maybe_increment_log_start(8));
    assert!(!bench.log.maybe_increment_log_start(8));
    assert_eq!(delete(&mut bench, i64::MAX), [0, 3]);
    assert_eq!(bench.log.offsets().log_start, 8);
}

#[test]
fn records_without_time_age_from_their_writing() {
    let mut bench = Bench::new(TopicConfig {
        retention_ms: 100,
        ..small_config()
    });
    let mut builder = BatchBuilder::new(0);
    builder.push_next(Record {
        timestamp: -1,
        ..Record::default()
    });
    let check = ProducerAppend::default();
    let batch = builder.build();
    bench
        .log
        .append_as_leader(&mut bench.disk, &batch, 0, check, 5000)
        .unwrap();
    bench.commit();
    assert!(delete(&mut bench, 5100).is_empty());
    assert_eq!(delete(&mut bench, 5101), [0]);
}

#[test]
fn files_are_renamed_at_once_and_removed_after_the_delay() {
    let config = TopicConfig {
        retention_ms: 1000,
        file_delete_delay_ms: 50,
        ..small_config()
    };
    let mut bench = ten_segments(config);
    delete(&mut bench, 1202);
    let is_there = |bench: &Bench, path: String| bench.disk.open(&path).is_some();
    assert!(!is_there(&bench, bench.path(3, ".log")));
    for suffix in [".log", ".index", ".timeindex", ".snapshot"] {
        assert!(
            is_there(&bench, bench.path(3, suffix) + ".deleted"),
            "{suffix}"
        );
    }
    delete(&mut bench, 1230 + 73);
    assert_eq!(bench.log.remove_deleted(&mut bench.disk, 1251), Some(1252));
    assert!(is_there(&bench, bench.path(3, ".log.deleted")));
    assert_eq!(
        bench.log.remove_deleted(&mut bench.disk, 1252),
        Some(1303 + 50)
    );
    assert!(!is_there(&bench, bench.path(3, ".log.deleted")));
    // A restart does not wait.
    bench.restart(true, 30);
    assert!(
        bench
            .disk
            .list("")
            .iter()
            .all(|path| !path.ends_with(".deleted"))
    );
}
