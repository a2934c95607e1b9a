//! What a follower does: step down, append what it fetched, cut back what its leader never had.

use super::{Partition, Role};
use crate::kafka::config::Sabotage;
use crate::kafka::metadata::PartitionImage;
use crate::kafka::protocol::record_batch::RecordBatch;
use crate::kafka::replica::Broker;
use crate::kafka::storage::{AppendError, AppendInfo};
use crate::kafka::vocabulary::{Kafka, NodeId, Note, Work};
use crate::sim::{Chunk, Ctx, DiskError};

/// What a follower took from one fetch answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(in crate::kafka::replica) struct FollowerAppend {
    /// The next offset to fetch, if anything was appended.
    pub(in crate::kafka::replica) next_offset: Option<i64>,
    /// The leader epoch of the last batch.
    pub(in crate::kafka::replica) last_epoch: Option<i32>,
    /// Bytes written.
    pub(in crate::kafka::replica) bytes: u64,
    /// Records written.
    pub(in crate::kafka::replica) records: u64,
}

impl Partition {
    /// Follows from now on. True if the leader epoch is new, so that fetching begins anew: also
    /// under the same leader, whose log may have been cut in between (KAFKA-7164).
    pub(in crate::kafka::replica) fn make_follower(
        &mut self,
        state: &PartitionImage,
        broker: &Broker,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> bool {
        if !self.accepts(state, broker) {
            return false;
        }
        let new_epoch = state.leader_epoch > self.leader_epoch;
        self.transition_to_follower(state);
        if new_epoch {
            ctx.note(Note::BecameFollower {
                partition: self.tp,
                epoch: state.leader_epoch,
                leader: NodeId(state.leader),
            });
        }
        new_epoch
    }

    fn transition_to_follower(&mut self, state: &PartitionImage) {
        self.role = Role::Follower;
        self.leader = state.leader;
        self.leader_epoch = state.leader_epoch;
        self.partition_epoch = state.partition_epoch;
        self.replicas.clone_from(&state.replicas);
    }

    /// Appends fetched batches up to `epoch`, the leader epoch of the fetch: batches of a later
    /// one may follow a cut of the leader's log that this replica has not made (KAFKA-18723).
    pub(in crate::kafka::replica) fn append_fetched(
        &mut self,
        chunks: &[Chunk],
        epoch: i32,
        broker: &Broker,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<FollowerAppend, AppendError> {
        let mut appended = FollowerAppend::default();
        for (batch, chunk) in batches_of(chunks)? {
            if batch.leader_epoch() > epoch {
                break;
            }
            let info = self.append_batch(&batch, chunk, broker, ctx)?;
            appended.bytes += info.bytes;
            appended.records += info.records;
            appended.next_offset = Some(batch.next_offset());
            appended.last_epoch = Some(batch.leader_epoch());
        }
        Ok(appended)
    }

    fn append_batch(
        &mut self,
        batch: &RecordBatch,
        chunk: Chunk,
        broker: &Broker,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<AppendInfo, AppendError> {
        let now_ms = ctx.wall_ms();
        let chunk = if broker.has(Sabotage::FollowerRestampsEpoch) {
            let restamped = batch.stamped(batch.base_offset(), self.leader_epoch);
            Chunk {
                bytes: restamped.bytes().clone(),
                sound: chunk.sound,
            }
        } else {
            chunk
        };
        ctx.spend(Work::ChecksumBytes, chunk.bytes.len() as u64);
        let info = self.log.append_as_follower(ctx.disk, &chunk, now_ms)?;
        self.note_replicated(&info, batch.leader_epoch(), ctx);
        Ok(info)
    }

    fn note_replicated(&self, info: &AppendInfo, epoch: i32, ctx: &mut Ctx<'_, Kafka>) {
        ctx.spend(Work::AppendBytes, info.bytes);
        ctx.spend(Work::AppendRecords, info.records);
        let partition = self.tp;
        if let Some(base) = info.rolled {
            ctx.note(Note::SegmentRolled { partition, base });
        }
        ctx.note(Note::Replicated {
            partition,
            base: info.first_offset,
            last: info.last_offset,
            epoch,
        });
    }

    /// Takes the leader's high watermark and log start from a fetch answer (R4); the follower's
    /// high watermark may go back. True if the high watermark changed.
    pub(in crate::kafka::replica) fn hear_offsets(
        &mut self,
        high_watermark: i64,
        log_start: i64,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> bool {
        let partition = self.tp;
        let before = self.log.offsets();
        let (from, to) = (
            before.high_watermark,
            self.log.update_high_watermark(high_watermark),
        );
        if from != to {
            ctx.note(Note::HighWatermarkHeard {
                partition,
                from,
                to,
            });
        }
        if log_start > before.log_start && self.log.maybe_increment_log_start(log_start) {
            ctx.note(Note::LogStartAdvanced {
                partition,
                from: before.log_start,
                to: self.log.offsets().log_start,
            });
        }
        from != to
    }

    /// Cuts the log to `offset` and notes it if anything was there to cut.
    pub(in crate::kafka::replica) fn truncate_as_follower(
        &mut self,
        offset: i64,
        broker: &Broker,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<(), DiskError> {
        let from = self.log.offsets().log_end;
        let now_ms = ctx.wall_ms();
        self.truncate_to(offset, broker, ctx.disk, now_ms)?;
        let (partition, to) = (self.tp, self.log.offsets().log_end);
        if to < from {
            ctx.note(Note::LogTruncated {
                partition,
                from,
                to,
            });
        }
        Ok(())
    }
}

/// The batches with their chunks. A leader gives each batch its own chunk, which is passed on as
/// it is; bytes that came over a wire hold many batches in one.
fn batches_of(chunks: &[Chunk]) -> Result<Vec<(RecordBatch, Chunk)>, AppendError> {
    let mut batches = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        let read = RecordBatch::read_all(&chunk.bytes)
            .map_err(|error| AppendError::Refused(error.code(), error.to_string()))?;
        batches.extend(read.into_iter().map(|batch| {
            let bytes = batch.bytes().clone();
            let sound = chunk.sound;
            (batch, Chunk { bytes, sound })
        }));
    }
    Ok(batches)
}
