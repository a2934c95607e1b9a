//! Tests of the room: against recorded folders, against naive models, and edge by edge.

mod epochs;
mod golden;
mod lookup;
mod model;
mod recovery;
mod retention;
mod truncation;

use super::{AppendInfo, Log, ProducerAppend};
use crate::kafka::config::TopicConfig;
use crate::kafka::protocol::record_batch::{BatchBuilder, Record, RecordBatch};
use crate::sim::Disk;
use uuid::Uuid;

pub(super) const FOLDER: &str = "web_log-0";
pub(super) const TOPIC: Uuid = Uuid::from_u128(77);

/// Small segments and dense indexes.
pub(super) fn small_config() -> TopicConfig {
    TopicConfig {
        segment_bytes: 500,
        index_interval_bytes: 100,
        segment_index_bytes: 256,
        ..TopicConfig::default()
    }
}

/// A batch of `count` records as a producer sends it; record `n` has timestamp `timestamp + n`.
pub(super) fn produced(count: i64, timestamp: i64) -> RecordBatch {
    let mut builder = BatchBuilder::new(0);
    for n in 0..count {
        builder.push_next(Record {
            timestamp: timestamp + n,
            value: Some(format!("v{timestamp}-{n}").into_bytes().into()),
            ..Record::default()
        });
    }
    builder.build()
}

/// The same from a producer with an id.
pub(super) fn idempotent(id: i64, epoch: i16, sequence: i32, count: i64) -> RecordBatch {
    let mut builder = BatchBuilder::new(0);
    (
        builder.producer_id,
        builder.producer_epoch,
        builder.base_sequence,
    ) = (id, epoch, sequence);
    for n in 0..count {
        builder.push_next(Record {
            timestamp: 1000 + n,
            value: Some("v".into()),
            ..Record::default()
        });
    }
    builder.build()
}

/// A log with its disk.
pub(super) struct Bench {
    pub(super) disk: Disk,
    pub(super) log: Log,
}

impl Bench {
    pub(super) fn new(config: TopicConfig) -> Bench {
        let mut disk = Disk::new();
        let log = Log::create(&mut disk, FOLDER, TOPIC, config, 0).unwrap();
        Bench { disk, log }
    }

    pub(super) fn append(&mut self, batch: &RecordBatch, epoch: i32) -> AppendInfo {
        let check = ProducerAppend::default();
        self.log
            .append_as_leader(&mut self.disk, batch, epoch, check, 0)
            .unwrap()
    }

    /// Appends `batches` batches of `count` records, a millisecond between records.
    pub(super) fn fill(&mut self, batches: i64, count: i64, epoch: i32) {
        for _ in 0..batches {
            let timestamp = self.log.offsets().log_end;
            self.append(&produced(count, timestamp), epoch);
        }
    }

    /// The whole log below the high watermark may be read.
    pub(super) fn commit(&mut self) {
        let end = self.log.offsets().log_end;
        self.log.maybe_increment_high_watermark(end);
    }

    /// (base, last, epoch) of every batch.
    pub(super) fn batches(&self) -> Vec<(i64, i64, i32)> {
        batches_of(&self.log, &self.disk)
    }

    /// The process dies and opens the log again from `recovery_point`.
    pub(super) fn restart(&mut self, clean: bool, recovery_point: i64) -> super::Recovery {
        self.restart_with(clean, recovery_point, 0, i64::MAX)
    }

    pub(super) fn restart_with(
        &mut self,
        clean: bool,
        recovery_point: i64,
        log_start: i64,
        high_watermark: i64,
    ) -> super::Recovery {
        let config = self.log.config().clone();
        let opened = Log::open(
            &mut self.disk,
            FOLDER,
            config,
            clean,
            recovery_point,
            log_start,
            high_watermark,
            0,
        );
        let (log, recovery) = opened.unwrap();
        self.log = log;
        recovery
    }

    pub(super) fn path(&self, base: i64, suffix: &str) -> String {
        format!("{FOLDER}/{base:020}{suffix}")
    }
}

pub(super) fn batches_of(log: &Log, disk: &Disk) -> Vec<(i64, i64, i32)> {
    let batches = log.batches_from(disk, 0);
    let fields = |b: RecordBatch| (b.base_offset(), b.last_offset(), b.leader_epoch());
    batches.map(fields).collect()
}
