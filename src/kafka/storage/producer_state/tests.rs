//! Idempotent producers (behaviour.md 2.14) against the recorded exchanges, and what snapshots
//! keep.

use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::record_batch::{BatchBuilder, Record, RecordBatch};
use crate::kafka::storage::tests::{Bench, idempotent, small_config};
use crate::kafka::storage::{AppendError, AppendInfo, ProducerAppend};

const OUT_OF_ORDER: ErrorCode = ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER;

fn send(bench: &mut Bench, batch: &RecordBatch) -> Result<AppendInfo, (ErrorCode, String)> {
    let check = ProducerAppend::default();
    let sent = bench
        .log
        .append_as_leader(&mut bench.disk, batch, 0, check, 0);
    sent.map_err(|error| match error {
        AppendError::Refused(code, text) => (code, text),
        AppendError::Disk(error) => (ErrorCode::KAFKA_STORAGE_ERROR, format!("{error:?}")),
    })
}

/// First offset and whether it was a duplicate, or the code.
fn answer(bench: &mut Bench, batch: &RecordBatch) -> Result<(i64, bool), ErrorCode> {
    let sent = send(bench, batch);
    sent.map(|info| (info.first_offset, info.duplicate))
        .map_err(|(code, _)| code)
}

#[test]
fn the_recorded_exchanges() {
    // golden/wire.json, exchanges 4 to 13: two records of others lie before, and the recording
    // left out sequences 3 and 6.
    let mut bench = Bench::new(small_config());
    bench.fill(2, 1, 0);
    let mut answer =
        |epoch, sequence, count| answer(&mut bench, &idempotent(9, epoch, sequence, count));
    assert_eq!(answer(0, 0, 3), Ok((2, false)));
    assert_eq!(answer(0, 0, 3), Ok((2, true)));
    assert_eq!(answer(0, 3, 2), Ok((5, false)));
    assert_eq!(answer(0, 7, 1), Err(OUT_OF_ORDER));
    assert_eq!(answer(0, 5, 1), Ok((7, false)));
    assert_eq!(answer(0, 6, 1), Ok((8, false)));
    assert_eq!(answer(0, 7, 1), Ok((9, false)));
    assert_eq!(answer(0, 8, 1), Ok((10, false)));
    assert_eq!(answer(0, 9, 1), Ok((11, false)));
    assert_eq!(answer(0, 5, 1), Ok((7, true)));
    assert_eq!(answer(0, 3, 2), Err(OUT_OF_ORDER));
    assert_eq!(answer(1, 10, 1), Err(OUT_OF_ORDER));
    assert_eq!(answer(1, 0, 1), Ok((12, false)));
    assert_eq!(answer(0, 10, 1), Err(ErrorCode::INVALID_PRODUCER_EPOCH));
}

#[test]
fn a_duplicate_tells_the_old_batch() {
    // The broker answers a retry with the old batch's timestamp as log append time.
    let mut bench = Bench::new(small_config());
    let batch = idempotent(9, 0, 0, 3);
    assert_eq!(send(&mut bench, &batch).unwrap().log_append_time, -1);
    let info = send(&mut bench, &batch).unwrap();
    assert_eq!(
        (info.first_offset, info.last_offset, info.log_append_time),
        (0, 2, 1002)
    );
    assert_eq!((info.bytes, info.records), (0, 0));
    assert_eq!(bench.log.offsets().log_end, 3);
}

#[test]
fn refusals_have_kafkas_texts() {
    let mut bench = Bench::new(small_config());
    send(&mut bench, &idempotent(9, 3, 0, 1)).unwrap();
    let mut text = |epoch, sequence| {
        send(&mut bench, &idempotent(9, epoch, sequence, 1))
            .unwrap_err()
            .1
    };
    assert_eq!(
        text(3, 5),
        "Out of order sequence number for producer 9 at offset 1 in partition web_log-0: 5 \
         (incoming seq. number), 0 (current end sequence number)"
    );
    assert_eq!(
        text(4, 5),
        "Invalid sequence number for new epoch of producer 9at offset 1 in partition web_log-0: \
         4 (request epoch), 5 (seq. number), 3 (current producer epoch)"
    );
    assert_eq!(
        text(2, 1),
        "Epoch of producer 9 at offset 1 in web_log-0 is 2, which is smaller than the last seen \
         epoch 3"
    );
}

#[test]
fn an_unknown_producer_may_start_anywhere() {
    let mut bench = Bench::new(small_config());
    assert_eq!(answer(&mut bench, &idempotent(9, 5, 41, 2)), Ok((0, false)));
    assert_eq!(answer(&mut bench, &idempotent(9, 5, 43, 2)), Ok((2, false)));
}

#[test]
fn sequences_wrap() {
    let mut bench = Bench::new(small_config());
    let wrapping = idempotent(9, 0, i32::MAX - 1, 4);
    assert_eq!(wrapping.last_sequence(), 1);
    assert_eq!(answer(&mut bench, &wrapping), Ok((0, false)));
    assert_eq!(answer(&mut bench, &wrapping), Ok((0, true)));
    assert_eq!(answer(&mut bench, &idempotent(9, 0, 2, 1)), Ok((4, false)));
    let mut bench = Bench::new(small_config());
    assert_eq!(
        answer(&mut bench, &idempotent(9, 0, i32::MAX, 1)),
        Ok((0, false))
    );
    assert_eq!(answer(&mut bench, &idempotent(9, 0, 0, 1)), Ok((1, false)));
}

#[test]
fn sabotages_switch_off_one_check_each() {
    let mut bench = Bench::new(small_config());
    let batch = idempotent(9, 0, 0, 1);
    send(&mut bench, &batch).unwrap();
    let no_duplicates = ProducerAppend {
        skip_duplicate_check: true,
        ..Default::default()
    };
    let no_order = ProducerAppend {
        skip_sequence_check: true,
        ..Default::default()
    };
    let both = ProducerAppend {
        skip_duplicate_check: true,
        skip_sequence_check: true,
    };
    let mut send = |batch: &RecordBatch, check| {
        let sent = bench
            .log
            .append_as_leader(&mut bench.disk, batch, 0, check, 0);
        sent.map(|info| (info.first_offset, info.duplicate)).ok()
    };
    assert_eq!(send(&batch, no_duplicates), None);
    assert_eq!(send(&batch, no_order), Some((0, true)));
    assert_eq!(send(&idempotent(9, 0, 7, 1), no_order), Some((1, false)));
    assert_eq!(send(&batch, both), Some((2, false)));
}

/// The state after a stop and a start.
fn survives(clean: bool, damage: impl Fn(&mut Bench)) -> Bench {
    let mut bench = Bench::new(small_config());
    for sequence in 0..12 {
        send(&mut bench, &idempotent(9, 0, sequence, 1)).unwrap();
        send(&mut bench, &idempotent(8, 2, 2 * sequence, 2)).unwrap();
    }
    assert!(bench.log.segments().len() > 2);
    if clean {
        bench.log.close(&mut bench.disk, 0).unwrap();
    }
    damage(&mut bench);
    let point = bench.log.recovery_point();
    bench.restart(clean, point);
    bench
}

fn assert_state_is_there(mut bench: Bench) {
    let end = bench.log.offsets().log_end;
    assert_eq!(
        answer(&mut bench, &idempotent(9, 0, 13, 1)),
        Err(OUT_OF_ORDER)
    );
    // The last batch of each producer is known.
    assert_eq!(
        answer(&mut bench, &idempotent(9, 0, 11, 1)),
        Ok((end - 3, true))
    );
    assert_eq!(
        answer(&mut bench, &idempotent(8, 2, 22, 2)),
        Ok((end - 2, true))
    );
    assert_eq!(
        answer(&mut bench, &idempotent(8, 2, 24, 1)),
        Ok((end, false))
    );
    let stale = ErrorCode::INVALID_PRODUCER_EPOCH;
    assert_eq!(answer(&mut bench, &idempotent(8, 1, 25, 1)), Err(stale));
}

fn snapshots(bench: &Bench) -> Vec<String> {
    let mut paths = bench.disk.list("");
    paths.retain(|path| path.ends_with(".snapshot"));
    paths
}

#[test]
fn the_state_survives_stops_and_damaged_snapshots() {
    assert_state_is_there(survives(true, |_| {}));
    assert_state_is_there(survives(false, |_| {}));
    for clean in [true, false] {
        // The newest is damaged; all are; with an unclean stop, all are missing.
        assert_state_is_there(survives(clean, |bench| {
            let newest = snapshots(bench).pop().unwrap();
            bench.disk.corrupt(&newest, 12, &[0xff]);
        }));
        assert_state_is_there(survives(clean, |bench| {
            for path in snapshots(bench) {
                bench.disk.replace(&path, "short".into()).unwrap();
            }
        }));
    }
    assert_state_is_there(survives(false, |bench| {
        for path in snapshots(bench) {
            bench.disk.delete(&path);
        }
    }));
}

#[test]
fn a_cut_takes_the_state_back() {
    let mut bench = survives(false, |_| {});
    // After sequences 0 to 5 of producer 9 and 0 to 11 of producer 8.
    bench.log.truncate_to(&mut bench.disk, 18, true, 0).unwrap();
    assert!(
        snapshots(&bench)
            .iter()
            .all(|path| path.as_str() <= "web_log-0/00000000000000000018.snapshot")
    );
    assert_eq!(
        answer(&mut bench, &idempotent(9, 0, 7, 1)),
        Err(OUT_OF_ORDER)
    );
    assert_eq!(answer(&mut bench, &idempotent(9, 0, 6, 1)), Ok((18, false)));
    assert_eq!(
        answer(&mut bench, &idempotent(8, 2, 12, 2)),
        Ok((19, false))
    );
}

#[test]
fn followers_learn_the_state_without_judging() {
    let mut leader = Bench::new(small_config());
    send(&mut leader, &idempotent(9, 0, 0, 1)).unwrap();
    let mut follower = Bench::new(small_config());
    for (sequence, base) in [(5, 0), (1, 1), (7, 2)] {
        let batch = idempotent(9, 0, sequence, 1).stamped(base, 0);
        let chunk = crate::sim::Chunk {
            bytes: batch.bytes().clone(),
            sound: true,
        };
        follower
            .log
            .append_as_follower(&mut follower.disk, &chunk, 0)
            .unwrap();
    }
    assert_eq!(
        answer(&mut follower, &idempotent(9, 0, 8, 1)),
        Ok((3, false))
    );
    assert_eq!(
        answer(&mut follower, &idempotent(9, 0, 1, 1)),
        Ok((1, true))
    );
}

#[test]
fn idle_producers_are_forgotten() {
    let mut bench = Bench::new(small_config());
    send(&mut bench, &idempotent(9, 4, 0, 1)).unwrap();
    bench.log.expire_producers(1000 + 499, 500);
    assert_eq!(
        answer(&mut bench, &idempotent(9, 4, 3, 1)),
        Err(OUT_OF_ORDER)
    );
    bench.log.expire_producers(1000 + 500, 500);
    assert_eq!(answer(&mut bench, &idempotent(9, 0, 3, 1)), Ok((1, false)));
}

fn transactional(id: i64, sequence: i32) -> RecordBatch {
    let mut builder = BatchBuilder::new(0);
    (
        builder.producer_id,
        builder.producer_epoch,
        builder.base_sequence,
    ) = (id, 0, sequence);
    builder.transactional = true;
    builder.push_next(Record {
        timestamp: 1,
        ..Record::default()
    });
    builder.build()
}

/// A commit: key version 0 type 1, value version 0 and the coordinator's epoch.
fn marker(id: i64, coordinator_epoch: i32) -> RecordBatch {
    let mut builder = BatchBuilder::new(0);
    (builder.producer_id, builder.producer_epoch) = (id, 0);
    (builder.transactional, builder.control) = (true, true);
    let value = [&[0, 0][..], &coordinator_epoch.to_be_bytes()[..]].concat();
    builder.push_next(Record {
        timestamp: 2,
        key: Some(vec![0, 0, 0, 1].into()),
        value: Some(value.into()),
        ..Record::default()
    });
    builder.build()
}

#[test]
fn an_open_transaction_holds_the_last_stable_offset() {
    let mut bench = Bench::new(small_config());
    bench.fill(3, 1, 0);
    send(&mut bench, &transactional(5, 0)).unwrap();
    bench.fill(1, 1, 0);
    bench.commit();
    assert_eq!(bench.log.offsets().last_stable, 3);
    bench.restart(false, 0);
    assert_eq!(bench.log.offsets().last_stable, 3);
    let refused = send(&mut bench, &idempotent(5, 0, 1, 1)).unwrap_err();
    assert_eq!(refused.0, ErrorCode::INVALID_TXN_STATE);
    send(&mut bench, &marker(5, 7)).unwrap();
    // The marker is not below the high watermark yet.
    assert_eq!(bench.log.offsets().last_stable, 3);
    bench.commit();
    assert_eq!(bench.log.offsets().last_stable, 6);
    let refused = send(&mut bench, &marker(5, 6)).unwrap_err();
    assert_eq!(refused.0, ErrorCode::TRANSACTION_COORDINATOR_FENCED);
    // Epoch and sequence go on after the marker.
    assert_eq!(answer(&mut bench, &idempotent(5, 0, 1, 1)), Ok((6, false)));
}
