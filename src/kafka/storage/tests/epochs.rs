//! The epoch cache against a naive table, and the cases that Kafka once got wrong.

use super::*;
use crate::kafka::storage::epoch_cache::EpochCache;
use proptest::prelude::*;

/// The rules of behaviour.md 2.4 by the letter, on a plain list.
#[derive(Default)]
struct Table(Vec<(i32, i64)>);

impl Table {
    fn assign(&mut self, epoch: i32, start: i64) {
        if epoch < 0 || start < 0 {
            return;
        }
        let known = |(latest, at): &(i32, i64)| epoch == *latest && start >= *at;
        if self.0.last().is_some_and(known) {
            return;
        }
        while let Some((e, s)) = self.0.last().copied() {
            if e < epoch && s < start {
                break;
            }
            self.0.pop();
        }
        self.0.push((epoch, start));
    }

    fn end_offset_for(&self, asked: i32, log_end: i64) -> (i32, i64) {
        if asked == -1 {
            return (-1, -1);
        }
        if self.0.last().is_some_and(|(latest, _)| *latest == asked) {
            return (asked, log_end);
        }
        let Some((_, end)) = self.0.iter().find(|(e, _)| *e > asked) else {
            return (-1, -1);
        };
        match self.0.iter().rev().find(|(e, _)| *e <= asked) {
            None => (asked, *end),
            Some((floor, _)) => (*floor, *end),
        }
    }

    fn truncate_from_start(&mut self, start: i64) {
        let dropped = self.0.iter().rev().find(|(_, s)| *s <= start).copied();
        self.0.retain(|(_, s)| *s > start);
        if let Some((epoch, _)) = dropped {
            self.0.insert(0, (epoch, start));
        }
    }

    fn epoch_for_offset(&self, offset: i64) -> Option<i32> {
        let found = self.0.iter().rev().find(|(_, start)| *start <= offset);
        found.map(|(epoch, _)| *epoch)
    }
}

#[derive(Clone, Debug)]
enum Change {
    Assign(i32, i64),
    FromEnd(i64),
    FromStart(i64),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        4 => (-1..12_i32, -1..40_i64).prop_map(|(e, s)| Change::Assign(e, s)),
        1 => (0..40_i64).prop_map(Change::FromEnd),
        1 => (0..40_i64).prop_map(Change::FromStart),
    ];
    proptest::collection::vec(change, 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn the_cache_is_the_table(changes in changes()) {
        let (mut cache, mut table) = (EpochCache::default(), Table::default());
        let mut disk = Disk::new();
        for change in changes {
            match change {
                Change::Assign(epoch, start) => {
                    let before = table.0.clone();
                    table.assign(epoch, start);
                    prop_assert_eq!(cache.assign(epoch, start), before != table.0);
                }
                Change::FromEnd(end) => {
                    table.0.retain(|(_, start)| *start < end);
                    cache.truncate_from_end(end);
                }
                Change::FromStart(start) => {
                    table.truncate_from_start(start);
                    cache.truncate_from_start(start);
                }
            }
            prop_assert_eq!(cache.entries(), &table.0[..]);
            cache.write_if_needed(&mut disk, "epochs", true).unwrap();
            let read = EpochCache::read(&disk, "epochs").unwrap();
            prop_assert_eq!(read.entries(), &table.0[..]);
        }
        for epoch in -1..13 {
            prop_assert_eq!(cache.end_offset_for(epoch, 99), table.end_offset_for(epoch, 99));
        }
        for offset in 0..41 {
            prop_assert_eq!(cache.epoch_for_offset(offset), table.epoch_for_offset(offset));
        }
    }
}

#[test]
fn a_leader_without_records_knows_its_epoch() {
    // KAFKA-7415: a follower asked the new leader for the end of an epoch between the last
    // written one and the new one, and got "undefined" until the leader had written.
    let mut bench = Bench::new(small_config());
    bench.fill(2, 5, 1);
    assert_eq!(bench.log.end_offset_for(2), (-1, -1));
    bench
        .log
        .assign_epoch_start(&mut bench.disk, 3, 10)
        .unwrap();
    assert_eq!(bench.log.end_offset_for(2), (1, 10));
    assert_eq!(bench.log.end_offset_for(3), (3, 10));
    assert_eq!(bench.log.end_offset_for(0), (0, 0));
}

#[test]
fn a_truncation_at_the_end_forgets_an_epoch_without_records() {
    // KAFKA-10706: the epoch of a leadership without a record stayed in the cache of the broker
    // that became follower, and its truncation never ended.
    let mut bench = Bench::new(small_config());
    bench.fill(2, 5, 1);
    bench
        .log
        .assign_epoch_start(&mut bench.disk, 3, 10)
        .unwrap();
    assert!(!bench.log.truncate_to(&mut bench.disk, 10, true, 0).unwrap());
    assert_eq!(bench.log.epochs(), [(1, 0)]);
    bench.restart(true, 10);
    assert_eq!(bench.log.epochs(), [(1, 0)]);
}

#[test]
fn epochs_follow_the_ends_of_the_log() {
    let mut bench = Bench::new(small_config());
    for epoch in 0..4 {
        bench.fill(2, 5, epoch * 2);
    }
    bench.commit();
    assert_eq!(bench.log.epochs(), [(0, 0), (2, 10), (4, 20), (6, 30)]);
    bench.log.maybe_increment_log_start(13);
    assert_eq!(bench.log.epochs(), [(2, 13), (4, 20), (6, 30)]);
    bench.log.truncate_to(&mut bench.disk, 20, true, 0).unwrap();
    assert_eq!(bench.log.epochs(), [(2, 13)]);
    assert_eq!(
        (bench.log.epoch_at(12), bench.log.epoch_at(19)),
        (None, Some(2))
    );
    assert_eq!(bench.log.latest_epoch(), Some(2));
    bench.restart_with(false, 0, 13, 20);
    assert_eq!(bench.log.epochs(), [(2, 13)]);
}

#[test]
fn a_damaged_checkpoint_is_replaced_by_what_the_batches_say() {
    let mut bench = Bench::new(small_config());
    bench.fill(2, 5, 1);
    bench.fill(2, 5, 4);
    for text in [
        "",
        "0\n1\n1 0\n",
        "0\n2\n1 0\n4 15\n",
        "gone wrong",
        "0\n1\n7 0\n",
    ] {
        let path = format!("{FOLDER}/leader-epoch-checkpoint");
        bench
            .disk
            .replace(&path, text.to_owned().into_bytes().into())
            .unwrap();
        bench.restart(false, 20);
        assert_eq!(bench.log.epochs(), [(1, 0), (4, 10)], "{text:?}");
    }
}

#[test]
fn records_that_a_newer_epoch_replaced_do_not_come_back() {
    // The cut to 10 is undone by a power-off, the start of epoch 4 there is not.
    let mut bench = Bench::new(small_config());
    bench.fill(4, 5, 1);
    let path = format!("{FOLDER}/leader-epoch-checkpoint");
    bench
        .disk
        .replace(&path, "0\n2\n1 0\n4 10\n".into())
        .unwrap();
    let recovery = bench.restart(false, 10);
    assert!(recovery.truncated_bytes > 0);
    assert_eq!(bench.batches(), [(0, 4, 1), (5, 9, 1)]);
    assert_eq!(bench.log.epochs(), [(1, 0)]);
}
