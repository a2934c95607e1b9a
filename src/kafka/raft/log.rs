//! The metadata log (`KafkaMetadataLog`): a [`Log`] in the folder `__cluster_metadata-0`, with
//! Raft's validation of positions, truncation to an end offset, and a memory of what is durable.
//!
//! Snapshots are not taken, so the log always starts at offset 0.

use super::FOLDER;
use crate::kafka::config::{QuorumConfig, TopicConfig};
use crate::kafka::protocol::METADATA_TOPIC_ID;
use crate::kafka::protocol::record_batch::RecordBatch;
use crate::kafka::storage::{AppendError, AppendInfo, Isolation, Log, ProducerAppend};
use crate::sim::{Chunk, Disk, DiskError, SyncId};

/// The log of the quorum on one node.
#[derive(Clone, Debug)]
pub(super) struct MetadataLog {
    log: Log,
    /// The first offset written since the last sync was asked for.
    dirty_from: Option<i64>,
    /// Segments written since then.
    dirty_segments: Vec<i64>,
    /// Syncs under way, each with the first offset that it makes durable.
    pending: Vec<(SyncId, i64)>,
}

/// A place in the log: the epoch of the record before it, and its offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EpochAndOffset {
    pub(super) epoch: i32,
    pub(super) offset: i64,
}

/// Whether a follower's position lies on this log (`ValidOffsetAndEpoch`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// It does.
    Valid,
    /// It does not; the follower's epoch, or the largest one before it, ends there.
    Diverging(EpochAndOffset),
}

impl MetadataLog {
    /// Opens the log, or makes it at the first boot. A stop is never taken for a clean one, so
    /// the whole log is read and cut at the first invalid batch.
    pub(super) fn open(
        disk: &mut Disk,
        config: &QuorumConfig,
        now_ms: i64,
    ) -> Result<MetadataLog, DiskError> {
        let exists = disk.open(&format!("{FOLDER}/partition.metadata")).is_some();
        let log = if exists {
            Log::open(disk, FOLDER, topic_config(config), false, 0, 0, 0, now_ms)?.0
        } else {
            Log::create(
                disk,
                FOLDER,
                METADATA_TOPIC_ID,
                topic_config(config),
                now_ms,
            )?
        };
        Ok(MetadataLog {
            log,
            dirty_from: None,
            dirty_segments: Vec::new(),
            pending: Vec::new(),
        })
    }

    /// The log beneath.
    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    pub(super) fn log_start(&self) -> i64 {
        self.log.offsets().log_start
    }

    pub(super) fn log_end(&self) -> i64 {
        self.log.offsets().log_end
    }

    /// The epoch of the last record, 0 for an empty log (`lastFetchedEpoch`).
    pub(super) fn last_epoch(&self) -> i32 {
        self.log.latest_epoch().unwrap_or(0)
    }

    pub(super) fn end(&self) -> EpochAndOffset {
        EpochAndOffset {
            epoch: self.last_epoch(),
            offset: self.log_end(),
        }
    }

    /// The offset below which all is durable.
    pub(super) fn durable_end(&self) -> i64 {
        let pending = self.pending.iter().map(|(_, from)| *from);
        let unsynced = pending.chain(self.dirty_from).min();
        unsynced.map_or(self.log_end(), |from| from.min(self.log_end()))
    }

    /// Whether something written is not durable yet.
    pub(super) fn is_syncing(&self) -> bool {
        !self.pending.is_empty()
    }

    /// The syncs under way.
    #[cfg(test)]
    pub(super) fn pending(&self) -> impl Iterator<Item = SyncId> {
        self.pending.iter().map(|(sync, _)| *sync)
    }

    /// A sync is over; false if it was not one of this log.
    pub(super) fn handle_synced(&mut self, sync: SyncId) -> bool {
        let before = self.pending.len();
        self.pending.retain(|(pending, _)| *pending != sync);
        self.pending.len() != before
    }

    pub(super) fn append_as_leader(
        &mut self,
        disk: &mut Disk,
        batch: &RecordBatch,
        epoch: i32,
        now_ms: i64,
    ) -> Result<AppendInfo, AppendError> {
        let check = ProducerAppend::default();
        let info = self
            .log
            .append_as_leader(disk, batch, epoch, check, now_ms)?;
        self.mark_dirty(info.first_offset);
        Ok(info)
    }

    pub(super) fn append_as_follower(
        &mut self,
        disk: &mut Disk,
        chunk: &Chunk,
        now_ms: i64,
    ) -> Result<AppendInfo, AppendError> {
        let info = self.log.append_as_follower(disk, chunk, now_ms)?;
        self.mark_dirty(info.first_offset);
        Ok(info)
    }

    /// Asks the disk to make durable what was appended since the last call.
    pub(super) fn sync(&mut self, disk: &mut Disk) {
        let Some(from) = self.dirty_from.take() else {
            return;
        };
        for base in std::mem::take(&mut self.dirty_segments) {
            if let Some(file) = disk.open(&format!("{FOLDER}/{base:020}.log")) {
                self.pending.push((disk.sync(file), from));
            }
        }
    }

    /// Whole batches from the one that holds `offset`, up to the log end.
    pub(super) fn read(&self, disk: &Disk, offset: i64, max_bytes: u64) -> Vec<Chunk> {
        self.log
            .read(disk, offset, max_bytes, true, Isolation::LogEnd)
            .map(|data| data.chunks)
            .unwrap_or_default()
    }

    /// Whole batches from the one that holds `offset`, below `bound`.
    pub(super) fn read_below(
        &self,
        disk: &Disk,
        offset: i64,
        max_bytes: u64,
        bound: i64,
    ) -> Vec<Chunk> {
        self.log
            .read_below(disk, offset, max_bytes, true, bound)
            .map(|data| data.chunks)
            .unwrap_or_default()
    }

    /// Caches that `epoch` starts at the log end, for a new leader.
    pub(super) fn initialize_leader_epoch(
        &mut self,
        disk: &mut Disk,
        epoch: i32,
    ) -> Result<(), DiskError> {
        let end = self.log_end();
        self.log.assign_epoch_start(disk, epoch, end)
    }

    /// Tells the log how far it is committed.
    pub(super) fn update_high_watermark(&mut self, to: i64) {
        self.log.update_high_watermark(to);
    }

    /// Compares a follower's position with this log (`validateOffsetAndEpoch`).
    pub(super) fn validate_offset_and_epoch(&self, offset: i64, epoch: i32) -> Position {
        if offset == 0 && epoch == 0 && self.log_start() == 0 {
            return Position::Valid;
        }
        let end = self.end_offset_for_epoch(epoch);
        if end.epoch != epoch || end.offset < offset {
            return Position::Diverging(end);
        }
        Position::Valid
    }

    /// Cuts the log back to where it can agree with a leader whose epoch ends at `end`, and
    /// returns the new log end (`truncateToEndOffset`).
    pub(super) fn truncate_to_end_offset(
        &mut self,
        disk: &mut Disk,
        end: EpochAndOffset,
        now_ms: i64,
    ) -> Result<i64, DiskError> {
        let to = self.truncation_offset(end);
        self.log.truncate_to(disk, to, true, now_ms)?;
        self.pending.retain(|(_, from)| *from < to);
        self.dirty_from = self.dirty_from.filter(|from| *from < to);
        Ok(self.log_end())
    }

    /// Where [`MetadataLog::truncate_to_end_offset`] would cut.
    pub(super) fn truncation_offset(&self, end: EpochAndOffset) -> i64 {
        if end.epoch == self.last_epoch() {
            return end.offset.min(self.log_end());
        }
        let own = self.end_offset_for_epoch(end.epoch);
        if own.epoch == end.epoch {
            own.offset.min(end.offset)
        } else {
            own.offset
        }
    }

    fn end_offset_for_epoch(&self, epoch: i32) -> EpochAndOffset {
        match self.log.end_offset_for(epoch) {
            (_, offset) if offset < 0 => self.end(),
            (epoch, offset) => EpochAndOffset { epoch, offset },
        }
    }

    fn mark_dirty(&mut self, from: i64) {
        self.dirty_from.get_or_insert(from);
        if let Some((base, _)) = self.log.segments().last()
            && self.dirty_segments.last() != Some(base)
        {
            self.dirty_segments.push(*base);
        }
    }
}

/// The configs of the metadata log; nothing in it is deleted by time or size.
fn topic_config(config: &QuorumConfig) -> TopicConfig {
    TopicConfig {
        segment_bytes: config.segment_bytes,
        max_message_bytes: config.fetch_max_bytes,
        retention_ms: -1,
        retention_bytes: -1,
        cleanup_delete: false,
        ..TopicConfig::default()
    }
}
