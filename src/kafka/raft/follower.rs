//! The follower's side of pull replication: fetches, appends, truncation.

use super::log::EpochAndOffset;
use super::messages::{self, FetchPosition};
use super::role::RoleState;
use super::{RaftFault, RaftNode};
use crate::kafka::config::Sabotage;
use crate::kafka::protocol::FetchAnswer;
use crate::kafka::protocol::messages::FetchRequest;
use crate::kafka::protocol::record_batch::RecordBatch;
use crate::kafka::vocabulary::{Kafka, Note, Work};
use crate::sim::{Chunk, Ctx};

impl RaftNode {
    /// The next fetch: all below the log end is on this node's disk.
    pub(super) fn build_fetch_request(&self) -> FetchRequest {
        let claimed = match &self.role {
            RoleState::Follower(state) => state.claimed_epoch,
            _ => None,
        };
        let quorum = &self.config.quorum;
        let position = FetchPosition {
            replica: self.own_key(),
            epoch: self.role.epoch(),
            offset: self.log.log_end(),
            last_epoch: claimed.unwrap_or(self.log.last_epoch()),
            high_watermark: self.high_watermark().unwrap_or(-1),
            max_bytes: quorum.fetch_max_bytes,
            max_wait_ms: i32::try_from(quorum.fetch_max_wait.as_millis()).unwrap_or(i32::MAX),
        };
        messages::fetch_request(&self.config.cluster_id, &position)
    }

    /// A fetch from `offset` was answered. False: leave the node alone for a while.
    pub(super) fn handle_fetch_response(
        &mut self,
        offset: i64,
        answer: &FetchAnswer,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> bool {
        if answer.response.error_code != 0 {
            return false;
        }
        let Some((verdict, partition)) = messages::read_fetch_response(answer) else {
            return false;
        };
        if let Some(handled) = self.maybe_handle_common_response(verdict, ctx) {
            // Whoever answers without leading is asked again only after a back-off.
            return handled && verdict.error.is_none();
        }
        let is_follower = matches!(self.role, RoleState::Follower(_));
        let snapshot = &partition.snapshot_id;
        let has_snapshot = snapshot.epoch >= 0 || snapshot.end_offset >= 0;
        let is_stale = !is_follower || offset != self.log.log_end();
        if !verdict.error.is_none() || is_stale || has_snapshot {
            return false;
        }
        let diverging = &partition.diverging_epoch;
        if diverging.epoch >= 0 {
            let end = EpochAndOffset {
                epoch: diverging.epoch,
                offset: diverging.end_offset.max(0),
            };
            self.handle_diverging_epoch(end, ctx);
        } else if !self.append_as_follower(answer.records_of(0), ctx) {
            return false;
        } else {
            self.update_follower_high_watermark(partition.high_watermark);
        }
        self.handle_successful_fetch(ctx);
        true
    }

    fn handle_successful_fetch(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let deadline = ctx.mono() + self.config.quorum.fetch_timeout;
        if let RoleState::Follower(state) = &mut self.role {
            state.has_fetched = true;
        }
        self.set_fetch_deadline(deadline, ctx);
    }

    /// The leader's log does not hold the end of this one: cut back to where they may agree. What
    /// is committed is never cut; a leader that asks for it is no leader of this log.
    fn handle_diverging_epoch(&mut self, end: EpochAndOffset, ctx: &mut Ctx<'_, Kafka>) {
        let epoch = self.role.epoch();
        if self.has(Sabotage::KeepDivergingMetadata)
            && let RoleState::Follower(state) = &mut self.role
        {
            state.claimed_epoch = Some(epoch);
            return;
        }
        if self
            .high_watermark()
            .is_some_and(|committed| end.offset < committed)
        {
            let offset = end.offset;
            return self.fail(RaftFault::TruncationBelowHighWatermark { offset });
        }
        let from = self.log.log_end();
        match self
            .log
            .truncate_to_end_offset(ctx.disk, end, ctx.wall_ms())
        {
            Ok(to) => ctx.note(Note::MetadataLogTruncated { from, to }),
            Err(error) => self.fail(error.into()),
        }
    }

    /// Appends whole batches that continue the log; false if one can not be read.
    fn append_as_follower(&mut self, chunks: &[Chunk], ctx: &mut Ctx<'_, Kafka>) -> bool {
        let is_whole = chunks.iter().all(|chunk| self.append_chunk(chunk, ctx));
        // Brokers do not sync what the controllers keep for them.
        if self.is_voter() {
            self.log.sync(ctx.disk);
        }
        is_whole
    }

    fn append_chunk(&mut self, chunk: &Chunk, ctx: &mut Ctx<'_, Kafka>) -> bool {
        let Ok(batches) = RecordBatch::read_all(&chunk.bytes) else {
            return false;
        };
        batches
            .iter()
            .all(|batch| self.append_batch_as_follower(batch, chunk.sound, ctx))
    }

    fn append_batch_as_follower(
        &mut self,
        batch: &RecordBatch,
        sound: bool,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> bool {
        if batch.base_offset() < self.log.log_end() {
            return true;
        }
        ctx.spend(Work::ChecksumBytes, batch.size() as u64);
        if batch.base_offset() > self.log.log_end() || !(sound || batch.verify_checksum().is_ok()) {
            return false;
        }
        let chunk = Chunk {
            bytes: batch.bytes().clone(),
            sound: true,
        };
        match self.log.append_as_follower(ctx.disk, &chunk, ctx.wall_ms()) {
            Ok(info) => {
                ctx.spend(Work::AppendBytes, info.bytes);
                ctx.spend(Work::AppendRecords, info.records);
                ctx.note(Note::MetadataLogAppended {
                    base: info.first_offset,
                    last: info.last_offset,
                    epoch: batch.leader_epoch(),
                });
                true
            }
            Err(error) => {
                self.fail(error.into());
                false
            }
        }
    }

    /// Learns how far the log is committed, as far as this node has it.
    fn update_follower_high_watermark(&mut self, high_watermark: i64) {
        if high_watermark >= 0 {
            self.commit_up_to(high_watermark.min(self.log.log_end()));
        }
    }
}
