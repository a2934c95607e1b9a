//! One replica's log (`UnifiedLog`, `LocalLog`).
//!
//! ```text
//!  log_start        last_stable    high_watermark      log_end
//!     |                 |                |                |
//!  ...[ closed segment ][ closed segment ][ active segment ]
//!     ^ deletable below                   ^ only this one is written
//! ```
//! `LSTART <= LSO <= HW <= LEO` holds after every call. A file for each concern: `append`, `roll`
//! (new segments, flush, close), `read`, `truncate`, `retention`, `offsets` (the four offsets,
//! epochs, times), `recovery` (opening).

mod append;
mod offsets;
mod read;
mod recovery;
mod retention;
mod roll;
mod scan;
mod truncate;
mod types;

pub use types::{
    AppendError, AppendInfo, FetchData, Isolation, LogOffsets, ProducerAppend, Recovery,
};

use super::epoch_cache::EpochCache;
use super::files::{EPOCH_FILE, path_in};
use super::partition_metadata;
use super::producer_state::ProducerState;
use super::segment::Segment;
use crate::kafka::config::TopicConfig;
use crate::kafka::protocol::record_batch::RecordBatch;
use crate::sim::{Disk, DiskError};
use retention::Deleted;
use std::sync::Arc;
use uuid::Uuid;

/// A partition's log in one folder of a disk (`web_log-0/`). Holds handles and indexes; the
/// bytes are on the disk, which every call is given. Cheap to clone: what grows with the log is
/// shared until it changes.
#[derive(Clone, Debug)]
pub struct Log {
    name: Arc<str>,
    topic_id: Option<Uuid>,
    config: TopicConfig,
    /// The segments before the active one, oldest first. Never written again, except when a
    /// truncation makes the last of them active.
    closed: Arc<Vec<Arc<Segment>>>,
    active: Segment,
    log_start: i64,
    log_end: i64,
    high_watermark: i64,
    recovery_point: i64,
    epochs: EpochCache,
    producers: ProducerState,
    /// Files renamed to `.deleted`, in the order in which they are due.
    deleted: Arc<Vec<Deleted>>,
}

impl Log {
    /// Makes a new folder `name` with `partition.metadata` for a partition of a topic.
    pub fn create(
        disk: &mut Disk,
        name: &str,
        topic_id: Uuid,
        config: TopicConfig,
        now_ms: i64,
    ) -> Result<Log, DiskError> {
        partition_metadata::write(disk, name, topic_id)?;
        disk.create(&path_in(name, EPOCH_FILE))?;
        let active = Segment::open(disk, name, 0, &config, now_ms)?;
        Ok(Log {
            name: name.into(),
            topic_id: Some(topic_id),
            config,
            closed: Arc::default(),
            active,
            log_start: 0,
            log_end: 0,
            high_watermark: 0,
            recovery_point: 0,
            epochs: EpochCache::default(),
            producers: ProducerState::default(),
            deleted: Arc::default(),
        })
    }

    /// The id in `partition.metadata`, if the file is there.
    pub fn topic_id(&self) -> Option<Uuid> {
        self.topic_id
    }

    /// The folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The config.
    pub fn config(&self) -> &TopicConfig {
        &self.config
    }

    /// The segments: (base offset, bytes).
    pub fn segments(&self) -> Vec<(i64, u64)> {
        let segments = self.all_segments();
        segments
            .map(|segment| (segment.base_offset(), segment.size()))
            .collect()
    }

    /// Bytes of batches in all segments.
    pub fn size(&self) -> u64 {
        self.all_segments().map(Segment::size).sum()
    }

    /// Every batch of the log from `offset` on (checks, exports), lazily. A batch whose bytes do
    /// not parse any more is left out.
    pub fn batches_from<'a>(
        &'a self,
        disk: &'a Disk,
        offset: i64,
    ) -> Box<dyn Iterator<Item = RecordBatch> + 'a> {
        let first = self.floor_segment(offset);
        let segments = (first..=self.closed.len()).filter_map(|n| self.segment(n));
        Box::new(segments.flat_map(move |segment| {
            let from = segment.batches().find(offset);
            let batches = segment.batches().iter_from(from);
            batches.filter_map(move |batch| segment.batch_of(disk, batch))
        }))
    }

    /// Uses this config from now on.
    pub fn set_config(&mut self, config: TopicConfig) {
        self.config = config;
    }

    /// Deletes the folder with all its files.
    pub fn delete(self, disk: &mut Disk) {
        for path in disk.list(&format!("{}/", self.name)) {
            disk.delete(&path);
        }
    }

    fn all_segments(&self) -> impl Iterator<Item = &Segment> {
        let closed = self.closed.iter().map(|segment| &**segment);
        closed.chain([&self.active])
    }

    /// Segment `n`, from the oldest; the active one is the last.
    fn segment(&self, n: usize) -> Option<&Segment> {
        match self.closed.get(n) {
            Some(segment) => Some(segment),
            None => (n == self.closed.len()).then_some(&self.active),
        }
    }

    /// The number of the last segment whose base offset is not above `offset`; else the first.
    fn floor_segment(&self, offset: i64) -> usize {
        if offset >= self.active.base_offset() {
            return self.closed.len();
        }
        let after = self
            .closed
            .partition_point(|segment| segment.base_offset() <= offset);
        after.saturating_sub(1)
    }

    fn epoch_path(&self) -> String {
        path_in(&self.name, EPOCH_FILE)
    }
}
