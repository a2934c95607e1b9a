//! One segment of a log: the batches from its base offset on and two sparse indexes over them
//! (`LogSegment`).
//!
//! Reads go through the batch index in memory, which names every batch; the index files are what
//! another broker process finds, and what is exported.

use super::batch_index::{BatchEntry, BatchIndex};
use super::files::{FileKind, offset_path};
use super::offset_index::OffsetIndex;
use super::time_index::TimeIndex;
use crate::kafka::config::TopicConfig;
use crate::kafka::protocol::record_batch::{BatchError, RecordBatch};
use crate::sim::{Chunk, Disk, DiskError, FileId};

/// Base offset and length: what must be read to know a batch's size.
const LOG_OVERHEAD: u64 = 12;

/// What an append would add, for [`Segment::should_roll`].
#[derive(Clone, Copy, Debug)]
pub(super) struct RollParams {
    pub(super) bytes: u64,
    pub(super) max_timestamp: i64,
    pub(super) last_offset: i64,
    pub(super) now_ms: i64,
}

/// A segment. Only the last one of a log is written.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    base_offset: i64,
    log: FileId,
    pub(super) offset_index: OffsetIndex,
    pub(super) time_index: TimeIndex,
    batches: BatchIndex,
    created_ms: i64,
    modified_ms: i64,
    roll_jitter_ms: i64,
    bytes_since_last_index_entry: u64,
}

impl Segment {
    /// The segment at `base_offset` with handles on its files, made where they are missing, and
    /// no batch indexed yet.
    pub(super) fn open(
        disk: &mut Disk,
        folder: &str,
        base_offset: i64,
        config: &TopicConfig,
        now_ms: i64,
    ) -> Result<Segment, DiskError> {
        let path = |kind| offset_path(folder, base_offset, kind);
        let max_bytes = config.segment_index_bytes;
        let log = disk.create(&path(FileKind::Log))?;
        let index = path(FileKind::Index);
        let time_index = path(FileKind::TimeIndex);
        Ok(Segment {
            base_offset,
            log,
            offset_index: OffsetIndex::open(disk, &index, base_offset, max_bytes)?,
            time_index: TimeIndex::open(disk, &time_index, base_offset, max_bytes)?,
            batches: BatchIndex::default(),
            created_ms: now_ms,
            modified_ms: now_ms,
            roll_jitter_ms: config.segment_jitter_ms.min(config.segment_ms).max(0),
            bytes_since_last_index_entry: 0,
        })
    }

    /// The first offset, in the name of the files.
    pub(super) fn base_offset(&self) -> i64 {
        self.base_offset
    }

    /// The file of the batches.
    pub(super) fn log(&self) -> FileId {
        self.log
    }

    /// The batches in it.
    pub(super) fn batches(&self) -> &BatchIndex {
        &self.batches
    }

    /// Bytes of batches.
    pub(super) fn size(&self) -> u64 {
        self.batches.last().map_or(0, BatchEntry::end)
    }

    /// The offset after the last batch.
    pub(super) fn next_offset(&self) -> i64 {
        let last = self.batches.last();
        last.map_or(self.base_offset, |batch| {
            batch.last_offset.saturating_add(1)
        })
    }

    /// The largest timestamp and the last offset of the first batch that has it, if any record
    /// has a timestamp.
    pub(super) fn max_timestamp(&self) -> Option<(i64, i64)> {
        let max = self.batches.last()?.max_so_far;
        let slot = self.batches.partition_point(|batch| batch.max_so_far < max);
        let batch = self.batches.get(slot)?;
        (max >= 0).then_some((max, batch.last_offset))
    }

    /// The largest timestamp, or when the segment was last written if no record has one.
    pub(super) fn largest_timestamp(&self) -> i64 {
        self.max_timestamp()
            .map_or(self.modified_ms, |(max, _)| max)
    }

    /// How long the segment has waited for a roll, by record time if there is one (2.22).
    fn time_waited_for_roll(&self, params: &RollParams) -> i64 {
        match self.batches.first() {
            Some(first) if first.max_timestamp >= 0 => {
                params.max_timestamp.saturating_sub(first.max_timestamp)
            }
            _ => params.now_ms.saturating_sub(self.created_ms),
        }
    }

    /// Whether the append of `params` belongs into a new segment (2.22).
    pub(super) fn should_roll(&self, config: &TopicConfig, params: &RollParams) -> bool {
        let size = self.size();
        let waited = self.time_waited_for_roll(params);
        let full = size + params.bytes > config.segment_bytes.max(0) as u64;
        let late = size > 0 && waited > config.segment_ms.saturating_sub(self.roll_jitter_ms);
        let far = i32::try_from(params.last_offset - self.base_offset).is_err();
        full || late || self.offset_index.is_full() || self.time_index.is_full() || far
    }

    /// Appends a batch; an index entry is written before it if enough bytes lie since the last.
    pub(super) fn append(
        &mut self,
        disk: &mut Disk,
        batch: &RecordBatch,
        chunk: Chunk,
        interval: i32,
        now_ms: i64,
    ) -> Result<(), DiskError> {
        disk.append(self.log, chunk)?;
        self.modified_ms = now_ms;
        let position = self.size() as u32;
        self.note_batch(batch, position);
        if self.bytes_since_last_index_entry > interval.max(0) as u64 {
            self.write_index_entries(disk, batch.last_offset(), position)?;
            self.bytes_since_last_index_entry = 0;
        }
        self.bytes_since_last_index_entry += batch.size() as u64;
        Ok(())
    }

    /// Takes a batch that lies at `position` of the file into the batch index.
    pub(super) fn note_batch(&mut self, batch: &RecordBatch, position: u32) {
        self.batches.push(BatchEntry {
            base_offset: batch.base_offset(),
            last_offset: batch.last_offset(),
            max_timestamp: batch.max_timestamp(),
            max_so_far: -1,
            position,
            size: batch.size() as u32,
            epoch: batch.leader_epoch(),
        });
    }

    fn write_index_entries(
        &mut self,
        disk: &mut Disk,
        offset: i64,
        position: u32,
    ) -> Result<(), DiskError> {
        self.offset_index.append(disk, offset, position)?;
        match self.max_timestamp() {
            Some((max, at)) => self.time_index.maybe_append(disk, max, at, false),
            None => Ok(()),
        }
    }

    /// Writes the entry of the largest timestamp, which ends the time index of every segment
    /// that is rolled or closed.
    pub(super) fn finish_time_index(&mut self, disk: &mut Disk) -> Result<(), DiskError> {
        match self.max_timestamp() {
            Some((max, at)) => self.time_index.maybe_append(disk, max, at, true),
            None => Ok(()),
        }
    }

    /// Writes both indexes anew from the batches, as recovery does. Unlike an append, which
    /// counts from when the segment was opened, this counts bytes from the start of the segment.
    pub(super) fn rebuild_indexes(
        &mut self,
        disk: &mut Disk,
        interval: i32,
    ) -> Result<(), DiskError> {
        self.offset_index.clear(disk);
        self.time_index.clear(disk);
        let batches = std::mem::take(&mut self.batches);
        let mut last_entry = 0;
        for batch in batches.iter_from(0) {
            self.batches.push(*batch);
            if batch.position - last_entry > interval.max(0) as u32 {
                self.write_index_entries(disk, batch.last_offset, batch.position)?;
                last_entry = batch.position;
            }
        }
        self.finish_time_index(disk)
    }

    /// Forgets the batches, not their bytes.
    pub(super) fn forget_batches(&mut self) {
        self.batches = BatchIndex::default();
    }

    /// Whether both indexes say what the batches do.
    pub(super) fn indexes_agree(&self, disk: &Disk) -> bool {
        self.offset_index.agrees_with(disk, &self.batches)
            && self.time_index.agrees_with(disk, &self.batches)
    }

    /// Drops the batch that holds `offset` and everything after it.
    pub(super) fn truncate_to(&mut self, disk: &mut Disk, offset: i64, now_ms: i64) {
        let keep = self.batches.find(offset);
        self.offset_index.truncate_to(disk, offset);
        self.time_index.truncate_to(disk, offset);
        if keep < self.batches.len() {
            self.batches.truncate(keep);
            disk.truncate(self.log, self.size());
        }
        if self.size() == 0 {
            self.created_ms = now_ms;
        }
        self.bytes_since_last_index_entry = 0;
    }

    /// Asks the disk to make all files durable; the last request is for the batches.
    pub(super) fn sync(&self, disk: &mut Disk) -> crate::sim::SyncId {
        disk.sync(self.offset_index.file());
        disk.sync(self.time_index.file());
        disk.sync(self.log)
    }

    /// The bytes of batch number `n`, as they were appended. A log that was written here has one
    /// chunk a batch; files from elsewhere may lie in other pieces.
    pub(super) fn chunk_of(&self, disk: &Disk, n: usize, batch: &BatchEntry) -> Chunk {
        let (position, size) = (u64::from(batch.position), u64::from(batch.size));
        match disk.chunk(self.log, n) {
            Some((at, chunk)) if at == position && chunk.bytes.len() as u64 == size => chunk,
            _ => bytes_at(disk, self.log, position, size),
        }
    }

    /// One batch, parsed.
    pub(super) fn batch_of(&self, disk: &Disk, batch: &BatchEntry) -> Option<RecordBatch> {
        let (position, size) = (u64::from(batch.position), u64::from(batch.size));
        let chunk = bytes_at(disk, self.log, position, size);
        RecordBatch::read(&chunk.bytes).ok().map(|(batch, _)| batch)
    }
}

/// `len` bytes from `position`; they share memory with what was appended if it lies in one piece.
fn bytes_at(disk: &Disk, file: FileId, position: u64, len: u64) -> Chunk {
    if let Some((start, chunk)) = disk.chunk_at(file, position) {
        let from = (position - start) as usize;
        let to = from + len as usize;
        if from == 0 && to == chunk.bytes.len() {
            return chunk;
        }
        if to <= chunk.bytes.len() {
            let bytes = chunk.bytes.slice(from..to);
            return Chunk {
                bytes,
                sound: chunk.sound,
            };
        }
    }
    let bytes = disk.read(file, position, len);
    Chunk {
        bytes,
        sound: false,
    }
}

/// The batch at `position` of a log file, and whether its checksum is known to be right.
pub(super) fn batch_at(
    disk: &Disk,
    file: FileId,
    position: u64,
) -> Result<(RecordBatch, bool), BatchError> {
    let head = bytes_at(disk, file, position, LOG_OVERHEAD);
    let length = head
        .bytes
        .get(8..12)
        .and_then(|bytes| bytes.try_into().ok());
    let length = i32::from_be_bytes(length.ok_or(BatchError::Truncated)?);
    if length < 0 {
        return Err(BatchError::BadLength(length));
    }
    let chunk = bytes_at(disk, file, position, LOG_OVERHEAD + length as u64);
    let (batch, _) = RecordBatch::read(&chunk.bytes)?;
    Ok((batch, chunk.sound))
}
