//! Reading for a fetch (`Partition.readRecords`).

use super::Partition;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::storage::{FetchData, Isolation, LogOffsets};
use crate::sim::{Chunk, Disk};

/// What a fetch asks of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kafka::replica) struct FetchSpec {
    pub(in crate::kafka::replica) offset: i64,
    /// The follower's log start, -1 from a consumer.
    pub(in crate::kafka::replica) log_start: i64,
    pub(in crate::kafka::replica) max_bytes: i32,
    pub(in crate::kafka::replica) current_leader_epoch: Option<i32>,
    pub(in crate::kafka::replica) last_fetched_epoch: Option<i32>,
}

/// Who reads, and how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kafka::replica) struct Reader {
    /// The follower's id, negative for a consumer.
    pub(in crate::kafka::replica) replica: i32,
    /// The follower's broker epoch, -1 if it is not checked.
    pub(in crate::kafka::replica) broker_epoch: i64,
    pub(in crate::kafka::replica) isolation: Isolation,
    /// Only the leader may answer.
    pub(in crate::kafka::replica) only_leader: bool,
    /// Bytes that may still be read.
    pub(in crate::kafka::replica) limit: u64,
    /// At least one batch, however large.
    pub(in crate::kafka::replica) min_one: bool,
}

/// What a read gave. The offsets are those from before the read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kafka::replica) struct ReadInfo {
    pub(in crate::kafka::replica) chunks: Vec<Chunk>,
    pub(in crate::kafka::replica) bytes: u64,
    /// Epoch and end offset after which the reader's log departs from this one.
    pub(in crate::kafka::replica) diverging: Option<(i32, i64)>,
    pub(in crate::kafka::replica) offsets: LogOffsets,
}

impl Reader {
    pub(in crate::kafka::replica) fn is_follower(&self) -> bool {
        self.replica >= 0
    }
}

impl Partition {
    pub(super) fn read(
        &self,
        spec: &FetchSpec,
        reader: &Reader,
        disk: &Disk,
    ) -> Result<ReadInfo, ErrorCode> {
        let diverging = self.diverging_epoch(spec)?;
        let data = match diverging {
            Some(_) => FetchData::default(),
            None => {
                let asked = u64::try_from(spec.max_bytes).unwrap_or(0);
                let most = asked.min(reader.limit);
                self.log
                    .read(disk, spec.offset, most, reader.min_one, reader.isolation)?
            }
        };
        Ok(ReadInfo {
            chunks: data.chunks,
            bytes: data.bytes,
            diverging,
            offsets: self.log.offsets(),
        })
    }

    /// Compares the reader's last epoch with this log (KIP-595, 2.5): where its log departs from
    /// this one, none if it does not.
    pub(in crate::kafka::replica) fn diverging_epoch(
        &self,
        spec: &FetchSpec,
    ) -> Result<Option<(i32, i64)>, ErrorCode> {
        let Some(last) = spec.last_fetched_epoch else {
            return Ok(None);
        };
        let (epoch, end) = self
            .end_offset_for(last)
            .ok_or(ErrorCode::OFFSET_OUT_OF_RANGE)?;
        if spec.offset < self.log.offsets().log_start {
            return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
        }
        Ok((epoch < last || end < spec.offset).then_some((epoch, end)))
    }

    /// The base offset of the segment in which `offset` lies, -1 outside of the log.
    pub(in crate::kafka::replica) fn segment_of(&self, offset: i64, disk: &Disk) -> i64 {
        self.log
            .position_of(disk, offset)
            .map_or(-1, |(base, _)| base)
    }

    /// The active segment and its bytes: where the last append ended.
    pub(in crate::kafka::replica) fn end_of_file(&self, disk: &Disk) -> (i64, u64) {
        let end = self.log.offsets().log_end;
        self.log.position_of(disk, end).unwrap_or_default()
    }

    /// The offset up to which a reader of that isolation may read.
    pub(in crate::kafka::replica) fn bound(&self, isolation: Isolation) -> i64 {
        let offsets = self.log.offsets();
        match isolation {
            Isolation::LogEnd => offsets.log_end,
            Isolation::HighWatermark => offsets.high_watermark,
            Isolation::LastStable => offsets.last_stable,
        }
    }
}
