//! What a log knows of the producers that wrote to it (`ProducerStateManager`, behaviour.md 2.14,
//! 2.16): their last batches, to find duplicates and gaps; their open transactions, for the last
//! stable offset.
//!
//! The state is a function of the log. A snapshot of it is written at every roll and at a clean
//! close, named by the offset up to which it counts; opening or cutting a log loads the newest
//! one that reads well and replays the batches after it.

mod check;
mod entry;
mod snapshot;
#[cfg(test)]
mod tests;

pub(super) use check::Verdict;
pub(super) use entry::{BatchMetadata, ProducerEntry};

use super::files::{FileKind, offset_path, parse_name};
use crate::kafka::protocol::record_batch::RecordBatch;
use crate::sim::{Disk, DiskError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The producers of one log.
#[derive(Clone, Debug, Default)]
pub(super) struct ProducerState {
    producers: Arc<BTreeMap<i64, ProducerEntry>>,
    /// Open transactions: first offset -> producer id.
    ongoing: Arc<BTreeMap<i64, i64>>,
    /// Ended transactions whose marker is not below the high watermark: first offset -> marker.
    unreplicated: Arc<BTreeMap<i64, i64>>,
    snapshots: Arc<BTreeSet<i64>>,
    map_end: i64,
    snapshot_end: i64,
}

impl ProducerState {
    /// No producers, and the snapshots that lie in `folder`.
    pub(super) fn open(disk: &Disk, folder: &str) -> ProducerState {
        let prefix = format!("{folder}/");
        let snapshots = disk.list(&prefix).into_iter().filter_map(|path| {
            let (offset, kind) = parse_name(path.strip_prefix(&prefix)?)?;
            (kind == FileKind::Snapshot).then_some(offset)
        });
        ProducerState {
            snapshots: Arc::new(snapshots.collect()),
            ..ProducerState::default()
        }
    }

    /// One producer's state.
    pub(super) fn producer(&self, id: i64) -> Option<&ProducerEntry> {
        self.producers.get(&id)
    }

    /// No producer and no transaction is known.
    pub(super) fn is_empty(&self) -> bool {
        self.producers.is_empty() && self.unreplicated.is_empty()
    }

    /// The offset up to which the state counts.
    pub(super) fn map_end(&self) -> i64 {
        self.map_end
    }

    /// The newest snapshot's offset.
    pub(super) fn latest_snapshot(&self) -> Option<i64> {
        self.snapshots.last().copied()
    }

    /// The first offset whose transaction is open, or ended above the high watermark.
    pub(super) fn first_unstable_offset(&self) -> Option<i64> {
        let first = |txns: &BTreeMap<i64, i64>| txns.first_key_value().map(|(offset, _)| *offset);
        match (first(&self.ongoing), first(&self.unreplicated)) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Forgets ended transactions whose marker is below the high watermark.
    pub(super) fn on_high_watermark_updated(&mut self, high_watermark: i64) {
        if self
            .unreplicated
            .values()
            .any(|marker| *marker < high_watermark)
        {
            let unreplicated = Arc::make_mut(&mut self.unreplicated);
            unreplicated.retain(|_, marker| *marker >= high_watermark);
        }
    }

    /// Takes in a batch that is in the log, whatever its sequence says.
    pub(super) fn update(&mut self, batch: &RecordBatch) {
        if batch.has_producer_id() {
            if batch.is_control() {
                self.end_transaction(batch);
            } else {
                self.add_data(batch);
            }
        }
        self.map_end = batch.next_offset();
    }

    fn add_data(&mut self, batch: &RecordBatch) {
        let id = batch.producer_id();
        let producers = Arc::make_mut(&mut self.producers);
        let entry = producers.entry(id).or_default();
        entry.add_batch(batch);
        if batch.is_transactional() && entry.current_txn_first_offset.is_none() {
            entry.current_txn_first_offset = Some(batch.base_offset());
            Arc::make_mut(&mut self.ongoing).insert(batch.base_offset(), id);
        }
    }

    fn end_transaction(&mut self, batch: &RecordBatch) {
        let Some(marker) = check::EndTxnMarker::of(batch) else {
            return;
        };
        let producers = Arc::make_mut(&mut self.producers);
        let entry = producers.entry(batch.producer_id()).or_default();
        let first = entry.end_transaction(&marker);
        if let Some(first) = first {
            Arc::make_mut(&mut self.ongoing).remove(&first);
            Arc::make_mut(&mut self.unreplicated).insert(first, batch.base_offset());
        }
    }

    /// Sets the offset up to which the state counts, where no batch says it.
    pub(super) fn update_map_end(&mut self, offset: i64) {
        self.map_end = offset;
    }

    /// Forgets producers without an open transaction that were silent for `expiration_ms`.
    pub(super) fn remove_expired(&mut self, now_ms: i64, expiration_ms: i64) {
        let expired = |entry: &ProducerEntry| {
            let idle = now_ms.saturating_sub(entry.last_timestamp);
            entry.current_txn_first_offset.is_none() && idle >= expiration_ms
        };
        if self.producers.values().any(expired) {
            Arc::make_mut(&mut self.producers).retain(|_, entry| !expired(entry));
        }
    }

    /// Writes a snapshot, unless there is one at this offset already. `sync` asks for it to be
    /// durable.
    pub(super) fn take_snapshot(
        &mut self,
        disk: &mut Disk,
        folder: &str,
        sync: bool,
    ) -> Result<(), DiskError> {
        if self.map_end <= self.snapshot_end {
            return Ok(());
        }
        let path = offset_path(folder, self.map_end, FileKind::Snapshot);
        let file = disk.replace(&path, snapshot::write(&self.producers))?;
        if sync {
            disk.sync(file);
        }
        Arc::make_mut(&mut self.snapshots).insert(self.map_end);
        self.snapshot_end = self.map_end;
        Ok(())
    }

    /// Starts empty at `offset` and removes every snapshot.
    pub(super) fn truncate_fully_and_start_at(
        &mut self,
        disk: &mut Disk,
        folder: &str,
        offset: i64,
    ) {
        for snapshot in self.snapshots.iter() {
            disk.delete(&offset_path(folder, *snapshot, FileKind::Snapshot));
        }
        *self = ProducerState {
            map_end: offset,
            ..ProducerState::default()
        };
    }

    /// Goes back to a state at or before `log_end`: removes the snapshots outside of the log and
    /// loads the newest that reads well. The caller replays the batches from [`Self::map_end`].
    pub(super) fn truncate_and_reload(
        &mut self,
        disk: &mut Disk,
        folder: &str,
        log_start: i64,
        log_end: i64,
    ) {
        let outside = |offset: &i64| *offset > log_end || *offset <= log_start;
        let gone: Vec<i64> = self.snapshots.iter().copied().filter(outside).collect();
        for offset in gone {
            self.remove_snapshot(disk, folder, offset);
        }
        if log_end == self.map_end {
            self.on_log_start_incremented(log_start);
            return;
        }
        self.producers = Arc::default();
        self.ongoing = Arc::default();
        self.unreplicated = Arc::default();
        self.load_newest_snapshot(disk, folder, log_start);
    }

    fn load_newest_snapshot(&mut self, disk: &mut Disk, folder: &str, log_start: i64) {
        while let Some(offset) = self.latest_snapshot() {
            let path = offset_path(folder, offset, FileKind::Snapshot);
            if let Ok(producers) = snapshot::read(disk, &path) {
                self.load(producers);
                self.snapshot_end = offset;
                self.map_end = offset;
                return;
            }
            self.remove_snapshot(disk, folder, offset);
        }
        self.snapshot_end = log_start;
        self.map_end = log_start;
    }

    fn load(&mut self, producers: Vec<(i64, ProducerEntry)>) {
        let open = producers.iter().filter_map(|(id, entry)| {
            let first = entry.current_txn_first_offset?;
            Some((first, *id))
        });
        self.ongoing = Arc::new(open.collect());
        self.producers = Arc::new(producers.into_iter().collect());
    }

    /// Follows the log start upwards.
    pub(super) fn on_log_start_incremented(&mut self, log_start: i64) {
        self.on_high_watermark_updated(log_start);
        self.map_end = self.map_end.max(log_start);
        self.snapshot_end = self.latest_snapshot().unwrap_or(log_start);
    }

    /// Removes the snapshot at `offset`.
    pub(super) fn remove_snapshot(&mut self, disk: &mut Disk, folder: &str, offset: i64) {
        if self.snapshots.contains(&offset) {
            Arc::make_mut(&mut self.snapshots).remove(&offset);
            disk.delete(&offset_path(folder, offset, FileKind::Snapshot));
        }
    }

    /// Forgets the snapshot at `offset` and tells its path, for a later removal.
    pub(super) fn release_snapshot(&mut self, folder: &str, offset: i64) -> Option<String> {
        let known = self.snapshots.contains(&offset);
        known.then(|| {
            Arc::make_mut(&mut self.snapshots).remove(&offset);
            offset_path(folder, offset, FileKind::Snapshot)
        })
    }

    /// Removes the snapshots that belong to no segment; with `keep_newest`, not the newest of
    /// them if it is above every segment: a clean close wrote it.
    pub(super) fn remove_stray_snapshots(
        &mut self,
        disk: &mut Disk,
        folder: &str,
        bases: &BTreeSet<i64>,
        keep_newest: bool,
    ) {
        let strays: Vec<i64> = self.snapshots.difference(bases).copied().collect();
        let above = |stray: &i64| keep_newest && bases.last().is_none_or(|base| stray > base);
        let keep = strays.last().copied().filter(above);
        for stray in strays {
            if Some(stray) != keep {
                self.remove_snapshot(disk, folder, stray);
            }
        }
    }
}

/// The sequence `decrement` before (`DefaultRecordBatch.decrementSequence`): modulo 2^31.
fn decrement_sequence(sequence: i32, decrement: i32) -> i32 {
    (i64::from(sequence) - i64::from(decrement)).rem_euclid(1 << 31) as i32
}
