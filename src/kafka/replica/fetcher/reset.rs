//! A fetch offset that the leader does not have (R24, `fetchOffsetAndTruncate`): ask where the
//! leader's log ends and starts, cut, and go on.

use super::FetchPhase;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::messages::ListOffsetsResponse;
use crate::kafka::protocol::messages::list_offsets_response::ListOffsetsPartitionResponse;
use crate::kafka::replica::ReplicaManager;
use crate::kafka::replica::table::PartitionNo;
use crate::kafka::vocabulary::{Kafka, Note};
use crate::sim::Ctx;

impl ReplicaManager {
    pub(super) fn process_list_offsets(
        &mut self,
        leader: i32,
        no: PartitionNo,
        asked_epoch: i32,
        phase: FetchPhase,
        answer: &ListOffsetsResponse,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let Some(state) = self.fetchers.state_mut(leader, no) else {
            return;
        };
        if state.leader_epoch != asked_epoch || state.phase != phase {
            return;
        }
        let Some(found) = only_partition(answer) else {
            state.phase = FetchPhase::Fetching;
            return self.fetchers.delay(leader, no, ctx.mono());
        };
        match ErrorCode(found.error_code) {
            ErrorCode::NONE if phase == FetchPhase::NeedsLatest => {
                self.reset_to_latest(leader, no, found.offset, ctx);
            }
            ErrorCode::NONE => self.reset_to_earliest(leader, no, found.offset, ctx),
            ErrorCode::FENCED_LEADER_EPOCH => self.handle_fenced(leader, no, asked_epoch, ctx),
            _ => {
                state.phase = FetchPhase::Fetching;
                self.fetchers.delay(leader, no, ctx.mono());
            }
        }
    }

    /// The leader ends below us after an unclean election: what is above is cut. What is below
    /// may differ all the same; Kafka leaves it so.
    fn reset_to_latest(
        &mut self,
        leader: i32,
        no: PartitionNo,
        leader_end: i64,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let Some(log_end) = self.log_end_of(no) else {
            return;
        };
        if leader_end < log_end {
            self.truncate_follower(leader, no, leader_end, ctx);
        } else if let Some(state) = self.fetchers.state_mut(leader, no) {
            state.phase = FetchPhase::NeedsEarliest;
        }
    }

    /// The leader starts above us: all we have was deleted there long ago.
    fn reset_to_earliest(
        &mut self,
        leader: i32,
        no: PartitionNo,
        leader_start: i64,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let Some(log_end) = self.log_end_of(no) else {
            return;
        };
        if leader_start > log_end && !self.start_anew_at(no, leader_start, ctx) {
            return;
        }
        let latest = self
            .partitions
            .get(no)
            .and_then(|partition| partition.log().latest_epoch());
        if let Some(state) = self.fetchers.state_mut(leader, no) {
            state.offset = leader_start.max(log_end);
            state.phase = FetchPhase::Fetching;
            state.last_fetched_epoch = latest.filter(|_| state.by_epoch);
        }
    }

    fn start_anew_at(&mut self, no: PartitionNo, offset: i64, ctx: &mut Ctx<'_, Kafka>) -> bool {
        let now_ms = ctx.wall_ms();
        let Some(partition) = self.partitions.get_mut(no) else {
            return false;
        };
        let (tp, before) = (partition.tp(), partition.log().offsets());
        let cut = partition
            .log_mut()
            .truncate_fully_and_start_at(ctx.disk, offset, now_ms);
        if let Err(error) = cut {
            self.fetchers.remove(no);
            self.fail(error);
            return false;
        }
        ctx.note(Note::LogTruncated {
            partition: tp,
            from: before.log_end,
            to: offset,
        });
        true
    }

    fn log_end_of(&self, no: PartitionNo) -> Option<i64> {
        Some(self.partitions.get(no)?.log().offsets().log_end)
    }
}

fn only_partition(answer: &ListOffsetsResponse) -> Option<&ListOffsetsPartitionResponse> {
    answer.topics.first()?.partitions.first()
}
