//! The checkpoints of the data directory: high watermarks, recovery points, log starts.

use super::ReplicaManager;
use super::partition::Partition;
use crate::kafka::storage::{
    LOG_START_OFFSET_CHECKPOINT, Log, RECOVERY_POINT_CHECKPOINT, REPLICATION_OFFSET_CHECKPOINT,
    read_offset_checkpoint, write_offset_checkpoint,
};
use crate::kafka::vocabulary::{Kafka, Note};
use crate::sim::{Ctx, Disk, DiskError};
use std::collections::BTreeMap;

/// Offsets by topic and partition.
#[derive(Clone, Debug, Default)]
struct Offsets(BTreeMap<(String, i32), i64>);

/// What the checkpoints said at boot.
#[derive(Clone, Debug)]
pub(super) struct Checkpoints {
    recovery_points: Offsets,
    log_starts: Offsets,
    high_watermarks: Offsets,
}

impl Offsets {
    /// A file that can not be read has no entries: logs are then scanned from their start and
    /// their high watermarks found again from the ISR.
    fn read(disk: &Disk, path: &str) -> Self {
        Offsets(read_offset_checkpoint(disk, path).unwrap_or_default())
    }

    fn of(&self, topic: &str, partition: i32) -> i64 {
        let key = (topic.to_owned(), partition);
        self.0.get(&key).copied().unwrap_or(0)
    }
}

impl Checkpoints {
    pub(super) fn read(disk: &Disk) -> Self {
        Checkpoints {
            recovery_points: Offsets::read(disk, RECOVERY_POINT_CHECKPOINT),
            log_starts: Offsets::read(disk, LOG_START_OFFSET_CHECKPOINT),
            high_watermarks: Offsets::read(disk, REPLICATION_OFFSET_CHECKPOINT),
        }
    }

    /// Recovery point, log start and high watermark of a log.
    pub(super) fn of(&self, topic: &str, partition: i32) -> (i64, i64, i64) {
        (
            self.recovery_points.of(topic, partition),
            self.log_starts.of(topic, partition),
            self.high_watermarks.of(topic, partition),
        )
    }
}

impl ReplicaManager {
    pub(super) fn checkpoint_high_watermarks(
        &self,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<(), DiskError> {
        let entries = self.offsets_by(|log| Some(log.offsets().high_watermark));
        let partitions = entries.len() as i32;
        write_offset_checkpoint(ctx.disk, REPLICATION_OFFSET_CHECKPOINT, &entries)?;
        ctx.note(Note::HighWatermarkCheckpointed { partitions });
        Ok(())
    }

    pub(super) fn checkpoint_recovery_points(&self, disk: &mut Disk) -> Result<(), DiskError> {
        let entries = self.offsets_by(|log| Some(log.recovery_point()));
        write_offset_checkpoint(disk, RECOVERY_POINT_CHECKPOINT, &entries)
    }

    /// Only log starts that the files' names do not tell.
    pub(super) fn checkpoint_log_starts(&self, disk: &mut Disk) -> Result<(), DiskError> {
        let entries = self.offsets_by(|log| {
            let start = log.offsets().log_start;
            let base = log.segments().first().map_or(0, |(base, _)| *base);
            (start > base).then_some(start)
        });
        write_offset_checkpoint(disk, LOG_START_OFFSET_CHECKPOINT, &entries)
    }

    fn offsets_by(&self, offset: impl Fn(&Log) -> Option<i64>) -> BTreeMap<(String, i32), i64> {
        let hosted = self
            .partitions
            .iter()
            .map(|(_, partition)| (key_of(partition), partition.log()));
        let found = self
            .found
            .values()
            .filter_map(|log| Some((super::boot::key_of_folder(log.name())?, log)));
        hosted
            .chain(found)
            .filter_map(|(key, log)| Some((key, offset(log)?)))
            .collect()
    }
}

fn key_of(partition: &Partition) -> (String, i32) {
    (partition.topic().to_owned(), partition.number())
}
