//! Opening what a crash left, edge by edge.

use super::*;
use crate::sim::Chunk;

/// Twenty batches of five records over several segments, flushed up to the last roll.
fn crashed() -> Bench {
    let mut bench = Bench::new(small_config());
    bench.fill(20, 5, 0);
    bench.commit();
    assert!(bench.log.segments().len() > 3);
    bench
}

fn cut(bench: &mut Bench, path: &str, bytes: u64) {
    let file = bench.disk.open(path).unwrap();
    let len = bench.disk.len(file);
    bench.disk.truncate(file, len - bytes);
}

fn active(bench: &Bench) -> i64 {
    bench.log.segments().last().unwrap().0
}

#[test]
fn a_clean_log_opens_as_it_was_closed() {
    let mut bench = crashed();
    bench.log.close(&mut bench.disk, 0).unwrap();
    let (before, segments) = (bench.batches(), bench.log.segments());
    let recovery = bench.restart_with(true, 0, 0, 77);
    assert_eq!(recovery, Default::default());
    assert_eq!((bench.batches(), bench.log.segments()), (before, segments));
    assert_eq!(bench.log.offsets().high_watermark, 77);
    assert_eq!(
        (bench.log.recovery_point(), bench.log.topic_id()),
        (100, Some(TOPIC))
    );
}

#[test]
fn a_kill_keeps_everything() {
    let mut bench = crashed();
    let (before, epochs) = (bench.batches(), bench.log.epochs().to_vec());
    let point = bench.log.recovery_point();
    let size = bench.log.segments().last().unwrap().1;
    let recovery = bench.restart(false, point);
    assert_eq!(
        (recovery.scanned_bytes, recovery.truncated_bytes),
        (size, 0)
    );
    assert_eq!(
        (bench.batches(), bench.log.epochs().to_vec()),
        (before, epochs)
    );
    // Not flushed by being read.
    assert_eq!(bench.log.recovery_point(), point);
}

#[test]
fn a_torn_batch_is_cut_off() {
    for torn in [1, 30, 100] {
        let mut bench = crashed();
        let before = bench.batches();
        let path = bench.path(active(&bench), ".log");
        cut(&mut bench, &path, torn);
        let point = bench.log.recovery_point();
        let recovery = bench.restart(false, point);
        assert!(recovery.truncated_bytes > 0);
        assert_eq!(bench.batches(), before[..19]);
        let offsets = bench.log.offsets();
        assert_eq!((offsets.high_watermark, offsets.log_end), (95, 95));
        bench.fill(1, 5, 1);
        assert_eq!(bench.batches()[19], (95, 99, 1));
    }
}

#[test]
fn a_rotten_batch_ends_the_log_there() {
    let mut bench = crashed();
    let before = bench.batches();
    let second = bench.log.segments()[1].0;
    let batch = before
        .iter()
        .position(|(base, _, _)| *base == second)
        .unwrap();
    let path = bench.path(second, ".log");
    let position = bench
        .log
        .position_of(&bench.disk, before[batch + 1].0)
        .unwrap()
        .1;
    bench.disk.corrupt(&path, position + 70, &[0xee]);
    bench.restart(false, 0);
    assert_eq!(bench.batches(), before[..=batch]);
    assert_eq!(bench.log.segments().len(), 2);
}

#[test]
fn a_log_shorter_than_its_recovery_point_ends_where_it_ends() {
    // The sync of the second segment was asked, not done: the power was faster.
    for torn in [30, 140, 10_000] {
        let mut bench = crashed();
        let before = bench.batches();
        let second = bench.log.segments()[1].0;
        let path = bench.path(second, ".log");
        let file = bench.disk.open(&path).unwrap();
        let len = bench.disk.len(file).min(torn);
        cut(&mut bench, &path, len);
        let recovery = bench.restart(false, 100);
        let end = bench.log.offsets().log_end;
        assert!(recovery.truncated_bytes > 0 && end < 100, "{torn}");
        assert_eq!(bench.log.recovery_point(), end);
        let prefix: Vec<_> = before
            .iter()
            .copied()
            .filter(|(_, last, _)| *last < end)
            .collect();
        assert_eq!(bench.batches(), prefix);
        assert!(bench.log.segments().iter().all(|(base, _)| *base <= end));
    }
}

#[test]
fn a_missing_or_wrong_index_is_written_anew() {
    let first = |bench: &Bench| (bench.path(0, ".index"), bench.path(0, ".timeindex"));
    let mut bench = crashed();
    bench.log.close(&mut bench.disk, 0).unwrap();
    let (index, times) = first(&bench);
    let content = |bench: &Bench, path: &str| {
        let file = bench.disk.open(path).unwrap();
        bench.disk.read(file, 0, 999)
    };
    let (index_before, times_before) = (content(&bench, &index), content(&bench, &times));
    assert!(!index_before.is_empty() && !times_before.is_empty());
    for damage in 0..6 {
        match damage {
            0 => bench.disk.delete(&index),
            1 => bench.disk.delete(&times),
            2 => cut(&mut bench, &index, 3),
            3 => {
                // Past the end of the log.
                let file = bench.disk.open(&index).unwrap();
                let bytes = [0_u8, 0, 0x7f, 0, 0, 0, 0x7f, 0].to_vec().into();
                bench
                    .disk
                    .append(
                        file,
                        Chunk {
                            bytes,
                            sound: false,
                        },
                    )
                    .unwrap();
            }
            4 => bench.disk.corrupt(&index, 7, &[0x77]),
            _ => bench.disk.corrupt(&times, 7, &[0x77]),
        }
        bench.restart(true, 100);
        // A rebuild counts bytes from the segment's start as the first broker did.
        assert_eq!(content(&bench, &index), index_before, "{damage}");
        assert_eq!(content(&bench, &times), times_before, "{damage}");
    }
}

#[test]
fn a_high_watermark_beyond_the_end_is_clamped() {
    let mut bench = crashed();
    let path = bench.path(active(&bench), ".log");
    cut(&mut bench, &path, 1);
    bench.restart_with(false, 0, 12, 100);
    let offsets = bench.log.offsets();
    assert_eq!(
        (offsets.log_start, offsets.high_watermark, offsets.log_end),
        (12, 95, 95)
    );
    bench.restart_with(false, 0, 12, 3);
    assert_eq!(bench.log.offsets().high_watermark, 12);
}

#[test]
fn a_log_below_its_start_begins_anew_there() {
    let mut bench = crashed();
    bench.restart_with(false, 0, 300, 300);
    let offsets = bench.log.offsets();
    assert_eq!(
        (offsets.log_start, offsets.high_watermark, offsets.log_end),
        (300, 300, 300)
    );
    assert_eq!(bench.log.segments(), [(300, 0)]);
    assert!(bench.log.epochs().is_empty());
}

#[test]
fn empty_segments_and_foreign_files_do_no_harm() {
    let mut bench = crashed();
    let before = bench.batches();
    bench.log.roll(&mut bench.disk, 0).unwrap();
    for name in [
        "readme",
        "x.log",
        "0000.log",
        "0000000000000000000x.log",
        "lost+found/a",
    ] {
        bench.disk.create(&format!("{FOLDER}/{name}")).unwrap();
    }
    // An index without a log, and what a compaction left.
    let orphan = bench.path(900, ".index");
    let cleaned = bench.path(0, ".log.cleaned");
    bench.disk.create(&orphan).unwrap();
    bench.disk.create(&cleaned).unwrap();
    bench.restart(false, 0);
    assert_eq!(bench.batches(), before);
    assert_eq!(bench.log.segments().last(), Some(&(100, 0)));
    assert_eq!(
        (bench.disk.open(&orphan), bench.disk.open(&cleaned)),
        (None, None)
    );
    assert!(bench.disk.open(&format!("{FOLDER}/readme")).is_some());
}

#[test]
fn a_folder_without_files_is_an_empty_log() {
    let mut disk = Disk::new();
    let opened = Log::open(&mut disk, FOLDER, small_config(), false, 50, 0, 40, 0);
    let (log, recovery) = opened.unwrap();
    assert_eq!(recovery, Default::default());
    assert_eq!(log.offsets(), Default::default());
    assert_eq!((log.topic_id(), log.recovery_point()), (None, 0));
}

#[test]
fn a_deleted_segment_that_comes_back_is_dropped() {
    // Segments above a cut are deleted; a power-off may undo that. What came back belongs to an
    // older history if it overlaps, leaves a hole, or has an older epoch than what lies before.
    let mut bench = crashed();
    let (old_segments, old) = (bench.log.segments(), bench.disk.clone());
    let third = old_segments[2].0;
    let come_back = |bench: &mut Bench| {
        for suffix in [".log", ".index", ".timeindex"] {
            let path = bench.path(third, suffix);
            let file = old.open(&path).unwrap();
            bench.disk.replace(&path, old.read(file, 0, 9999)).unwrap();
        }
    };
    for end in [third - 5, third, third + 5] {
        bench.log.truncate_to(&mut bench.disk, 5, true, 0).unwrap();
        while bench.log.offsets().log_end < end {
            bench.fill(1, 5, 1);
        }
        let ours = bench.batches();
        let bases: Vec<i64> = bench.log.segments().iter().map(|(base, _)| *base).collect();
        if bases.contains(&third) {
            continue;
        }
        come_back(&mut bench);
        bench.restart(false, 0);
        assert_eq!(bench.batches(), ours, "end {end}");
    }
}

#[test]
fn any_bytes_in_any_file_open_without_a_panic() {
    let mut seed = 1_u64;
    let mut next = move |below: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for _ in 0..150 {
        let mut bench = crashed();
        let paths = bench.disk.list(FOLDER);
        for _ in 0..=next(4) {
            let path = &paths[next(paths.len() as u64) as usize];
            let len = bench.disk.open(path).map_or(0, |file| bench.disk.len(file));
            let bytes: Vec<u8> = (0..next(20)).map(|_| next(256) as u8).collect();
            bench.disk.corrupt(path, next(len.max(1)), &bytes);
        }
        let clean = next(2) == 0;
        bench.restart_with(clean, next(120) as i64, next(120) as i64, next(200) as i64);
        let offsets = bench.log.offsets();
        assert!(offsets.log_start <= offsets.last_stable);
        assert!(offsets.last_stable <= offsets.high_watermark);
        assert!(offsets.high_watermark <= offsets.log_end);
        bench
            .log
            .offset_for_timestamp(&bench.disk, next(100) as i64);
        let end = offsets.log_end;
        bench
            .log
            .truncate_to(&mut bench.disk, end - 1, true, 0)
            .unwrap();
    }
}
