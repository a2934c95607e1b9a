//! What is committed, in order, for controller and broker to replay.

use super::{RaftFault, RaftNode};
use crate::kafka::protocol::metadata_record::LogEntry;
use crate::kafka::protocol::record_batch::RecordBatch;
use crate::kafka::vocabulary::{Kafka, Work};
use crate::sim::Ctx;

/// A committed batch of the metadata log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedBatch {
    /// The offset of its first record.
    pub base_offset: i64,
    /// The offset of its last record.
    pub last_offset: i64,
    /// The epoch of the leader that wrote it.
    pub epoch: i32,
    /// When its leader wrote it, milliseconds since 1970.
    pub timestamp_ms: i64,
    /// Its records.
    pub entry: LogEntry,
}

impl RaftNode {
    /// The batches that were committed since the last call, in order; after a boot from offset 0
    /// on. A batch that can not be read is a fault: see [`RaftNode::fault`].
    pub fn take_committed(&mut self, ctx: &mut Ctx<'_, Kafka>) -> Vec<CommittedBatch> {
        let mut taken = Vec::new();
        while self.next_committed < self.committed_end && self.fault.is_none() {
            let before = self.next_committed;
            self.read_committed(&mut taken, ctx);
            if self.next_committed == before {
                self.fail(RaftFault::UnreadableBatch { offset: before });
            }
        }
        taken
    }

    fn read_committed(&mut self, taken: &mut Vec<CommittedBatch>, ctx: &mut Ctx<'_, Kafka>) {
        let max_bytes = u64::try_from(self.config.quorum.fetch_max_bytes).unwrap_or(0);
        let (from, bound) = (self.next_committed, self.committed_end);
        for chunk in self.log.read_below(ctx.disk, from, max_bytes, bound) {
            ctx.spend(Work::ReadBytes, chunk.bytes.len() as u64);
            let batches = RecordBatch::read_all(&chunk.bytes).unwrap_or_default();
            for batch in batches {
                if batch.base_offset() != self.next_committed || batch.next_offset() > bound {
                    return;
                }
                let Ok(entry) = LogEntry::read(&batch) else {
                    return;
                };
                self.next_committed = batch.next_offset();
                taken.push(CommittedBatch {
                    base_offset: batch.base_offset(),
                    last_offset: batch.last_offset(),
                    epoch: batch.leader_epoch(),
                    timestamp_ms: batch.max_timestamp(),
                    entry,
                });
            }
        }
    }

    /// All below `high_watermark` is committed; what was committed before stays so.
    pub(super) fn commit_up_to(&mut self, high_watermark: i64) {
        if high_watermark > self.committed_end {
            self.committed_end = high_watermark;
            self.log.update_high_watermark(high_watermark);
        }
        self.knows_high_watermark = true;
    }
}
