//! Opening a log from its files (`LogLoader`).
//!
//! After a clean stop the files are as they were closed. After any other stop the segments from
//! the recovery point on are read batch by batch and cut at the first bad one. What lies below
//! the recovery point should be durable, yet its sync may not have ended at a power-off, and a
//! truncation or a deletion that was not durable may come back. So every segment's headers are
//! read, and the log ends where it stops to be one:
//!
//! | found | the log ends |
//! | --- | --- |
//! | bytes that are no batch at the end of a segment | before them |
//! | a segment that starts below the end of the one before | before the segment |
//! | a hole between segments (unclean, topic not compacted) | before the hole |
//! | a segment whose first batch has an older epoch than the one before | before the segment |
//! | a batch that is not flushed and older than the epoch cache says (unclean) | before the batch |
//!
//! An index that is missing or contradicts its batches is written anew.

use super::super::batch_index::BatchEntry;
use super::super::epoch_cache::EpochCache;
use super::super::files::{DELETED_SUFFIX, EPOCH_FILE, FileKind, offset_path, parse_name, path_in};
use super::super::partition_metadata;
use super::super::producer_state::ProducerState;
use super::super::segment::Segment;
use super::scan::load_batches;
use super::{Log, Recovery};
use crate::kafka::config::TopicConfig;
use crate::sim::{Disk, DiskError};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Endings of files that a log removes when it is opened: deleted segments, and what a
/// compaction was writing.
const TEMPORARY_SUFFIXES: [&str; 3] = [DELETED_SUFFIX, ".cleaned", ".swap"];

impl Log {
    /// Opens the folder `name` and reads its files. After an unclean stop the segments from
    /// `recovery_point` on are read again and cut at the first invalid batch, indexes are
    /// rebuilt and producer state is replayed. `high_watermark` and `log_start` come from the
    /// data directory's checkpoints.
    #[allow(
        clippy::too_many_arguments,
        reason = "three of them are what three checkpoint files say"
    )]
    pub fn open(
        disk: &mut Disk,
        name: &str,
        config: TopicConfig,
        clean: bool,
        recovery_point: i64,
        log_start: i64,
        high_watermark: i64,
        now_ms: i64,
    ) -> Result<(Log, Recovery), DiskError> {
        let log_start = log_start.max(0);
        let bases = tidy_folder(disk, name);
        let mut loader = Loader::new(name, &config, clean, now_ms);
        let unflushed = bases.range(..=recovery_point).next_back().copied();
        for base in bases {
            let verify = !clean && unflushed.is_none_or(|first| base >= first);
            loader.load(disk, base, verify)?;
        }
        let started_over = loader.start_over_above(disk, log_start)?;
        let Loader {
            segments,
            mut recovery,
            ..
        } = loader;
        let mut log = Log::of_segments(disk, name, config, segments, now_ms)?;
        let first = log.all_segments().next().map_or(0, Segment::base_offset);
        log.log_start = log_start.max(first);
        log.recovery_point = recovery_point.clamp(0, log.log_end);
        if clean {
            log.recovery_point = log.log_end;
        }
        if started_over {
            log.forget_history(disk);
        }
        recovery.truncated_bytes += log.load_epochs(disk, clean, now_ms)?;
        log.load_producers(disk, clean)?;
        log.update_high_watermark(high_watermark);
        Ok((log, recovery))
    }

    fn of_segments(
        disk: &mut Disk,
        name: &str,
        config: TopicConfig,
        mut segments: Vec<Segment>,
        now_ms: i64,
    ) -> Result<Log, DiskError> {
        let active = match segments.pop() {
            Some(active) => active,
            None => Segment::open(disk, name, 0, &config, now_ms)?,
        };
        Ok(Log {
            name: name.into(),
            topic_id: partition_metadata::read(disk, name),
            config,
            log_start: 0,
            log_end: active.next_offset(),
            high_watermark: 0,
            recovery_point: 0,
            epochs: EpochCache::default(),
            producers: ProducerState::open(disk, name),
            closed: Arc::new(segments.into_iter().map(Arc::new).collect()),
            active,
            deleted: Arc::default(),
        })
    }

    /// The log was made anew above all that was there: epochs and producers are of no use.
    fn forget_history(&mut self, disk: &mut Disk) {
        disk.delete(&path_in(&self.name, EPOCH_FILE));
        self.producers
            .truncate_fully_and_start_at(disk, &self.name, self.log_start);
    }

    /// Reads the epochs' checkpoint. If it is damaged, or an unclean stop left one that the
    /// batches contradict, the epochs are collected from the batches. The bytes of batches that
    /// a newer epoch should have replaced, which are cut off.
    fn load_epochs(&mut self, disk: &mut Disk, clean: bool, now_ms: i64) -> Result<u64, DiskError> {
        let path = path_in(&self.name, EPOCH_FILE);
        let mut cache = EpochCache::read(disk, &path).ok();
        let mut stale_bytes = 0;
        if let Some(known) = cache.as_ref().filter(|_| !clean) {
            stale_bytes = self.cut_stale_batches(disk, known, now_ms);
            cache = cache.filter(|known| self.epochs_agree(known));
        }
        self.epochs = cache.unwrap_or_else(|| self.epochs_of_batches());
        self.epochs.truncate_from_end(self.log_end);
        self.epochs.truncate_from_start(self.log_start);
        disk.create(&path)?;
        self.write_epochs(disk, true)?;
        Ok(stale_bytes)
    }

    fn cut_stale_batches(&mut self, disk: &mut Disk, known: &EpochCache, now_ms: i64) -> u64 {
        let is_stale = |batch: &&BatchEntry| {
            let epoch = known.epoch_for_offset(batch.base_offset.max(self.log_start));
            let flushed = batch.base_offset < self.recovery_point;
            !flushed && epoch.is_some_and(|epoch| epoch > batch.epoch)
        };
        let first = self.batches_with_epoch().find(is_stale);
        let Some(offset) = first.map(|batch| batch.base_offset.max(self.log_start)) else {
            return 0;
        };
        let before = self.size();
        self.cut_segments(disk, offset, now_ms);
        self.set_log_end(offset);
        before - self.size()
    }

    fn batches_with_epoch(&self) -> impl Iterator<Item = &BatchEntry> {
        let batches = self.all_segments().flat_map(|s| s.batches().iter_from(0));
        batches.filter(|batch| batch.epoch >= 0 && batch.last_offset >= self.log_start)
    }

    fn epochs_agree(&self, cache: &EpochCache) -> bool {
        self.batches_with_epoch().all(|batch| {
            let offset = batch.base_offset.max(self.log_start);
            cache.epoch_for_offset(offset) == Some(batch.epoch)
        })
    }

    fn epochs_of_batches(&self) -> EpochCache {
        let mut cache = EpochCache::default();
        for batch in self.all_segments().flat_map(|s| s.batches().iter_from(0)) {
            cache.assign(batch.epoch, batch.base_offset);
        }
        cache
    }

    /// Loads the newest snapshot and replays. A snapshot that belongs to no segment is of use
    /// only if a clean close wrote it; after a power-off it may be one that was deleted.
    fn load_producers(&mut self, disk: &mut Disk, clean: bool) -> Result<(), DiskError> {
        let bases: BTreeSet<i64> = self.all_segments().map(Segment::base_offset).collect();
        self.producers
            .remove_stray_snapshots(disk, &self.name, &bases, clean);
        self.rebuild_producer_state(disk, self.log_end, clean)
    }
}

/// Removes temporary files and indexes without a log; the base offsets of the segments. Names
/// that mean nothing are left alone.
fn tidy_folder(disk: &mut Disk, name: &str) -> BTreeSet<i64> {
    let prefix = format!("{name}/");
    let mut bases = BTreeSet::new();
    for path in disk.list(&prefix) {
        if TEMPORARY_SUFFIXES
            .iter()
            .any(|suffix| path.ends_with(suffix))
        {
            disk.delete(&path);
            continue;
        }
        match path.strip_prefix(&prefix).and_then(parse_name) {
            Some((base, FileKind::Log)) => {
                bases.insert(base);
            }
            Some((base, FileKind::Index | FileKind::TimeIndex | FileKind::TxnIndex)) => {
                if disk.open(&offset_path(name, base, FileKind::Log)).is_none() {
                    disk.delete(&path);
                }
            }
            Some((_, FileKind::Snapshot)) | None => {}
        }
    }
    bases
}

/// Takes in the segments of a folder, oldest first.
struct Loader<'a> {
    name: &'a str,
    config: &'a TopicConfig,
    clean: bool,
    now_ms: i64,
    segments: Vec<Segment>,
    /// The log ends here: later segments go.
    ended: bool,
    recovery: Recovery,
}

impl<'a> Loader<'a> {
    fn new(name: &'a str, config: &'a TopicConfig, clean: bool, now_ms: i64) -> Self {
        Loader {
            name,
            config,
            clean,
            now_ms,
            segments: Vec::new(),
            ended: false,
            recovery: Recovery::default(),
        }
    }

    fn load(&mut self, disk: &mut Disk, base: i64, verify: bool) -> Result<(), DiskError> {
        let had_indexes = self.has_indexes(disk, base);
        let mut segment = Segment::open(disk, self.name, base, self.config, self.now_ms)?;
        let bytes = disk.len(segment.log());
        let mut torn = load_batches(disk, &mut segment, verify);
        if torn > 0 && !verify {
            segment.forget_batches();
            torn = load_batches(disk, &mut segment, true);
        }
        if verify {
            self.recovery.scanned_bytes += bytes;
        }
        if self.ended || !self.continues_with(&segment) {
            self.ended = true;
            self.recovery.truncated_bytes += bytes;
            delete_segment(disk, self.name, base);
            return Ok(());
        }
        if torn > 0 {
            disk.truncate(segment.log(), segment.size());
            self.recovery.truncated_bytes += torn;
            self.ended = true;
        }
        if verify || torn > 0 || !had_indexes || !segment.indexes_agree(disk) {
            segment.rebuild_indexes(disk, self.config.index_interval_bytes)?;
        }
        self.segments.push(segment);
        Ok(())
    }

    fn has_indexes(&self, disk: &Disk, base: i64) -> bool {
        let is_there = |kind| disk.open(&offset_path(self.name, base, kind)).is_some();
        is_there(FileKind::Index) && is_there(FileKind::TimeIndex)
    }

    /// Whether `segment` follows what was taken in so far; see the head of this file.
    fn continues_with(&self, segment: &Segment) -> bool {
        let Some(last) = self.segments.last() else {
            return true;
        };
        let (end, base) = (last.next_offset(), segment.base_offset());
        let may_have_holes = self.clean || self.config.cleanup_compact;
        let joins = base == end || (base > end && may_have_holes);
        let epoch_before = self.segments.iter().rev().find_map(|s| s.batches().last());
        let ages = match (epoch_before, segment.batches().first()) {
            (Some(before), Some(first)) => first.epoch >= 0 && first.epoch < before.epoch,
            _ => false,
        };
        joins && !ages
    }

    /// If there is no segment, or all of them lie below the log start, the log is empty from
    /// there on. True if segments went.
    fn start_over_above(&mut self, disk: &mut Disk, log_start: i64) -> Result<bool, DiskError> {
        let end = self.segments.last().map(Segment::next_offset);
        if end.is_some_and(|end| end >= log_start) {
            return Ok(false);
        }
        for segment in self.segments.drain(..) {
            delete_segment(disk, self.name, segment.base_offset());
        }
        let empty = Segment::open(disk, self.name, log_start, self.config, self.now_ms)?;
        self.segments.push(empty);
        Ok(end.is_some())
    }
}

fn delete_segment(disk: &mut Disk, name: &str, base: i64) {
    for kind in FileKind::OF_SEGMENT {
        disk.delete(&offset_path(name, base, kind));
    }
}
