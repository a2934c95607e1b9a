//! What a fetcher makes of a fetch answer (`AbstractFetcherThread.processFetchRequest`).

use super::truncation::truncation_offset;
use super::{FetchPhase, Sent, Wanted};
use crate::kafka::config::Sabotage;
use crate::kafka::protocol::messages::fetch_response::PartitionData;
use crate::kafka::protocol::{ErrorCode, FetchAnswer, Message};
use crate::kafka::replica::ReplicaManager;
use crate::kafka::replica::purgatory::DelayedKind;
use crate::kafka::replica::table::PartitionNo;
use crate::kafka::storage::AppendError;
use crate::kafka::vocabulary::Kafka;
use crate::sim::{Chunk, Ctx};

impl ReplicaManager {
    pub(in crate::kafka::replica) fn handle_fetcher_response(
        &mut self,
        sent: Sent,
        response: Message,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let leader = match (sent, response) {
            (Sent::Fetch { leader }, Message::FetchResponse(answer)) => {
                self.process_fetch(leader, &answer, ctx);
                leader
            }
            (
                Sent::ListOffsets {
                    leader,
                    no,
                    leader_epoch,
                    phase,
                },
                Message::ListOffsetsResponse(answer),
            ) => {
                self.process_list_offsets(leader, no, leader_epoch, phase, &answer, ctx);
                leader
            }
            (Sent::Fetch { leader } | Sent::ListOffsets { leader, .. }, _) => {
                self.fetchers.delay_all(leader, ctx.mono());
                leader
            }
        };
        self.drive_fetcher(leader, ctx);
    }

    fn process_fetch(&mut self, leader: i32, answer: &FetchAnswer, ctx: &mut Ctx<'_, Kafka>) {
        let Some(fetcher) = self.fetchers.get_mut(leader) else {
            return;
        };
        if !fetcher.session.handle_response(&answer.response) {
            if answer.response.error_code == ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR.0 {
                self.fetchers.delay_all(leader, ctx.mono());
            }
            return;
        }
        let mut index = 0;
        for topic in &answer.response.responses {
            for data in &topic.partitions {
                let chunks = answer.records_of(index);
                index += 1;
                let found = self.partitions.find(topic.topic_id, data.partition_index);
                if let Some(no) = found {
                    self.process_partition(leader, no, data, chunks, ctx);
                }
            }
        }
    }

    /// Takes one partition's data, if the partition still stands where the request found it: it
    /// may have been removed, cut or given another leader epoch meanwhile (R10).
    fn process_partition(
        &mut self,
        leader: i32,
        no: PartitionNo,
        data: &PartitionData,
        chunks: &[Chunk],
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let Some(fetcher) = self.fetchers.by_leader.get(&leader) else {
            return;
        };
        let (Some(state), Some(asked)) = (
            fetcher.states.get(&no),
            fetcher.session.partitions().get(&no),
        ) else {
            return;
        };
        let current = state.phase == FetchPhase::Fetching
            && !state.is_delayed(ctx.mono())
            && state.offset == asked.offset
            && state.leader_epoch == asked.leader_epoch;
        if !current {
            return;
        }
        let asked = *asked;
        match ErrorCode(data.error_code) {
            ErrorCode::NONE if data.diverging_epoch.end_offset != -1 => {
                self.truncate_on_divergence(leader, no, data, ctx);
            }
            ErrorCode::NONE => self.process_records(leader, no, &asked, data, chunks, ctx),
            ErrorCode::OFFSET_OUT_OF_RANGE => {
                if let Some(state) = self.fetchers.state_mut(leader, no) {
                    state.phase = FetchPhase::NeedsLatest;
                }
            }
            ErrorCode::FENCED_LEADER_EPOCH => {
                self.handle_fenced(leader, no, asked.leader_epoch, ctx)
            }
            _ => self.fetchers.delay(leader, no, ctx.mono()),
        }
    }

    /// Nothing else of such an answer is used: its high watermark would expose records that are
    /// about to be cut (KAFKA-14704).
    fn truncate_on_divergence(
        &mut self,
        leader: i32,
        no: PartitionNo,
        data: &PartitionData,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        if self.broker.has(Sabotage::SkipTruncation) {
            if let Some(state) = self.fetchers.state_mut(leader, no) {
                state.by_epoch = false;
                state.last_fetched_epoch = None;
            }
            return;
        }
        let diverging = (data.diverging_epoch.epoch, data.diverging_epoch.end_offset);
        let Some(state) = self.fetchers.state(no) else {
            return;
        };
        let Some(partition) = self.partitions.get(no) else {
            return;
        };
        let to = truncation_offset(partition, diverging, state.offset);
        self.truncate_follower(leader, no, to, ctx);
    }

    fn process_records(
        &mut self,
        leader: i32,
        no: PartitionNo,
        asked: &Wanted,
        data: &PartitionData,
        chunks: &[Chunk],
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let broker = &self.broker;
        let Some(partition) = self.partitions.get_mut(no) else {
            return;
        };
        // A log that ends elsewhere than fetching stands is not fetched for any more.
        if partition.is_leader() || partition.log().offsets().log_end != asked.offset {
            return self.fetchers.remove(no);
        }
        let appended = match partition.append_fetched(chunks, asked.leader_epoch, broker, ctx) {
            Ok(appended) => appended,
            Err(error) => return self.handle_append_error(leader, no, error, ctx),
        };
        let place = partition.end_of_file(ctx.disk);
        self.io.appended(
            ((no, place.0), place.1),
            appended.bytes,
            appended.records,
            ctx,
        );
        let moved = partition.hear_offsets(data.high_watermark, data.log_start_offset, ctx);
        if let Some(state) = self.fetchers.state_mut(leader, no)
            && let Some(next) = appended.next_offset
        {
            state.offset = next;
            let last = appended.last_epoch.or(state.last_fetched_epoch);
            state.last_fetched_epoch = last.filter(|_| state.by_epoch);
        }
        if moved {
            self.complete_delayed(no, &[DelayedKind::Fetch], ctx);
        }
    }

    /// Damaged records are asked for again; anything else ends the fetching of the partition.
    fn handle_append_error(
        &mut self,
        leader: i32,
        no: PartitionNo,
        error: AppendError,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        match error {
            AppendError::Refused(ErrorCode::CORRUPT_MESSAGE | ErrorCode::INVALID_RECORD, _) => {
                self.resume_at_log_end(leader, no);
                self.fetchers.delay(leader, no, ctx.mono());
            }
            AppendError::Refused(..) => self.fetchers.remove(no),
            AppendError::Disk(error) => {
                self.fetchers.remove(no);
                self.fail(error);
            }
        }
    }

    /// Batches before the damaged one are in the log.
    fn resume_at_log_end(&mut self, leader: i32, no: PartitionNo) {
        let Some(partition) = self.partitions.get(no) else {
            return;
        };
        let log_end = partition.log().offsets().log_end;
        let latest = partition.log().latest_epoch();
        if let Some(state) = self.fetchers.state_mut(leader, no) {
            state.offset = log_end;
            state.last_fetched_epoch = latest.filter(|_| state.by_epoch);
        }
    }

    /// The leader is in a newer epoch: with ours unchanged, metadata has to come first.
    pub(super) fn handle_fenced(
        &mut self,
        leader: i32,
        no: PartitionNo,
        asked_epoch: i32,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let unchanged = self
            .fetchers
            .state(no)
            .is_some_and(|state| state.leader_epoch == asked_epoch);
        if unchanged {
            self.fetchers.remove(no);
        } else {
            self.fetchers.delay(leader, no, ctx.mono());
        }
    }
}
