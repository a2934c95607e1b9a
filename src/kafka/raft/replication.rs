//! The leader's side of pull replication: fetches, the high watermark, check quorum.
//!
//! A fetch from offset `o` says that all below `o` is durable at its sender. It is answered at
//! once if there are records at `o`, if the sender's log diverges, or if the leader's high
//! watermark is larger than the sender's (KIP-1166); otherwise it is parked.

use super::leader::FetchMoment;
use super::log::Position;
use super::messages::{self, FetchPosition, FetchResult};
use super::role::RoleState;
use super::{NotLeader, RaftNode};
use crate::kafka::config::Sabotage;
use crate::kafka::protocol::messages::{FetchRequest, FetchResponse};
use crate::kafka::protocol::metadata_record::{
    MetadataRecord, leader_change_batch, metadata_batch,
};
use crate::kafka::protocol::record_batch::RecordBatch;
use crate::kafka::protocol::{ErrorCode, FetchAnswer, Message};
use crate::kafka::vocabulary::{Kafka, Note, RaftTimer, Timer, Work};
use crate::sim::{Chunk, ConnId, Corr, Ctx, Span};

/// A fetch that waits for records.
#[derive(Clone, Debug)]
pub(super) struct ParkedFetch {
    pub(super) conn: ConnId,
    corr: Corr,
    version: i16,
    position: FetchPosition,
}

impl RaftNode {
    /// Appends `records` as one batch in this leader's epoch and returns the last offset (of the
    /// log, if there are no records). They are committed when a majority of the voters has them
    /// on disk.
    ///
    /// Kafka lets appends linger for up to `controller.quorum.append.linger.ms` to batch them;
    /// here each call is written at once.
    pub fn append(
        &mut self,
        records: &[MetadataRecord],
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<i64, NotLeader> {
        let (leader, epoch) = self.leader();
        if !self.is_leader() || self.fault.is_some() {
            return Err(NotLeader { leader, epoch });
        }
        if records.is_empty() {
            return Ok(self.log.log_end() - 1);
        }
        let batch = metadata_batch(self.log.log_end(), epoch, ctx.wall_ms(), records);
        self.append_batch(&batch, epoch, ctx);
        self.poll(ctx);
        match self.fault {
            None => Ok(self.log.log_end() - 1),
            Some(_) => Err(NotLeader { leader, epoch }),
        }
    }

    /// The first record of this leader's epoch.
    pub(super) fn append_leader_change(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let RoleState::Leader(leader) = &self.role else {
            return;
        };
        let epoch = leader.epoch;
        let batch = leader_change_batch(
            self.log.log_end(),
            epoch,
            ctx.wall_ms(),
            self.config.node_id,
            &self.voters(),
            &leader.granting,
        );
        self.append_batch(&batch, epoch, ctx);
    }

    fn append_batch(&mut self, batch: &RecordBatch, epoch: i32, ctx: &mut Ctx<'_, Kafka>) {
        match self
            .log
            .append_as_leader(ctx.disk, batch, epoch, ctx.wall_ms())
        {
            Ok(info) => {
                ctx.spend(Work::AppendBytes, info.bytes);
                ctx.spend(Work::AppendRecords, info.records);
                ctx.note(Note::MetadataLogAppended {
                    base: info.first_offset,
                    last: info.last_offset,
                    epoch,
                });
                self.log.sync(ctx.disk);
            }
            Err(error) => self.fail(error.into()),
        }
    }

    /// Answers or parks a fetch.
    pub(super) fn handle_fetch_request(
        &mut self,
        conn: ConnId,
        corr: Corr,
        version: i16,
        request: &FetchRequest,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let refuse = |error: ErrorCode| -> Message {
            FetchAnswer::empty(FetchResponse::default().with_error_code(error.0)).into()
        };
        if !self.has_valid_cluster_id(request.cluster_id.as_deref()) {
            let answer = refuse(ErrorCode::INCONSISTENT_CLUSTER_ID);
            return self.respond(conn, corr, version, answer, ctx);
        }
        let Some(position) = messages::read_fetch_request(request) else {
            return self.respond(conn, corr, version, refuse(ErrorCode::INVALID_REQUEST), ctx);
        };
        let result = self.try_complete_fetch(&position, ctx);
        if must_wait(&result, &position) {
            let parked = ParkedFetch {
                conn,
                corr,
                version,
                position,
            };
            return self.park(parked, ctx);
        }
        self.respond_to_fetch(conn, corr, version, result, ctx);
    }

    /// Reads for a follower and takes note of how far it is.
    fn try_complete_fetch(
        &mut self,
        position: &FetchPosition,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> FetchResult {
        let error = self.validate_fetch(position);
        if !error.is_none() {
            return FetchResult {
                error,
                log_start: self.log.log_start(),
                ..FetchResult::default()
            };
        }
        let mut result = FetchResult::default();
        match self
            .log
            .validate_offset_and_epoch(position.offset, position.last_epoch)
        {
            Position::Diverging(end) => result.diverging = Some(end),
            Position::Valid => {
                self.update_replica_state(position, ctx);
                result.chunks = self.read_for_fetch(position, ctx);
            }
        }
        result.log_start = self.log.log_start();
        result.high_watermark = self.high_watermark();
        result
    }

    fn read_for_fetch(&self, position: &FetchPosition, ctx: &mut Ctx<'_, Kafka>) -> Vec<Chunk> {
        let most = position.max_bytes.min(self.config.quorum.fetch_max_bytes);
        let max_bytes = u64::try_from(most).unwrap_or(0);
        let chunks = self.log.read(ctx.disk, position.offset, max_bytes);
        let bytes = chunks.iter().map(|chunk| chunk.bytes.len() as u64).sum();
        if bytes > 0 {
            ctx.spend(Work::ReadBytes, bytes);
        }
        chunks
    }

    fn validate_fetch(&self, position: &FetchPosition) -> ErrorCode {
        let is_malformed = position.max_wait_ms < 0
            || position.offset < 0
            || position.last_epoch < 0
            || position.last_epoch > position.epoch;
        if is_malformed {
            return ErrorCode::INVALID_REQUEST;
        }
        self.validate_leader_only_request(position.epoch)
    }

    /// Only the leader of exactly this epoch may answer.
    pub(super) fn validate_leader_only_request(&self, epoch: i32) -> ErrorCode {
        if epoch < self.role.epoch() {
            ErrorCode::FENCED_LEADER_EPOCH
        } else if epoch > self.role.epoch() {
            ErrorCode::UNKNOWN_LEADER_EPOCH
        } else if !self.is_leader() {
            ErrorCode::NOT_LEADER_OR_FOLLOWER
        } else if self.shutting_down {
            ErrorCode::BROKER_NOT_AVAILABLE
        } else {
            ErrorCode::NONE
        }
    }

    fn update_replica_state(&mut self, position: &FetchPosition, ctx: &mut Ctx<'_, Kafka>) {
        let moment = FetchMoment {
            mono: ctx.mono(),
            wall_ms: ctx.wall_ms(),
            leader_end: self.log.log_end(),
        };
        let patience = self.check_quorum_timeout();
        let id = position.replica.id;
        let RoleState::Leader(leader) = &mut self.role else {
            return;
        };
        // A request that claims to come from this node, or from nobody, tells nothing.
        if id < 0 || id == self.config.node_id {
            return;
        }
        leader
            .replica_mut(position.replica)
            .update_follower_state(position.offset, moment);
        if !leader.is_voter(id) {
            return;
        }
        leader.to_tell.retain(|voter| *voter != id);
        if leader.record_fetch_of_voter(id) {
            ctx.arm_after(patience, Timer::Raft(RaftTimer::CheckQuorum));
        }
        self.maybe_update_leader_high_watermark(Some(position.offset), ctx);
    }

    /// Commits what a majority of the voters has, once it includes a record of this epoch.
    /// `fetched` is the position of the voter that just fetched.
    pub(super) fn maybe_update_leader_high_watermark(
        &mut self,
        fetched: Option<i64>,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let too_few = usize::from(self.has(Sabotage::CommitWithoutMajority));
        let falls = self.has(Sabotage::QuorumHighWatermarkFalls);
        let durable_end = self.log.durable_end();
        let own = self.config.node_id;
        let RoleState::Leader(leader) = &mut self.role else {
            return;
        };
        if let Some(voter) = leader.voter_mut(own) {
            voter.end = Some(durable_end);
        }
        let (epoch, start, old) = (leader.epoch, leader.epoch_start, leader.high_watermark);
        let index = (leader.voters.len() / 2).saturating_sub(too_few);
        let majority = leader.ends_descending().get(index).copied().flatten();
        let new = majority.filter(|end| *end > start && old.is_none_or(|old| *end > old));
        let fallen = fetched.filter(|end| falls && old.is_some_and(|old| *end < old));
        let Some(new) = fallen.or(new) else {
            return;
        };
        leader.high_watermark = Some(new);
        let from = old.unwrap_or(-1);
        ctx.note(Note::QuorumHighWatermarkAdvanced {
            epoch,
            from,
            to: new,
        });
        self.commit_up_to(new);
    }

    fn park(&mut self, parked: ParkedFetch, ctx: &mut Ctx<'_, Kafka>) {
        let wait = u64::try_from(parked.position.max_wait_ms).unwrap_or(0);
        let free = self.parked.iter().position(Option::is_none);
        let slot = free.unwrap_or_else(|| {
            self.parked.push(None);
            self.parked.len() - 1
        });
        self.parked[slot] = Some(parked);
        ctx.arm_after(Span::from_millis(wait), parked_timer(slot));
    }

    /// A parked fetch has waited long enough.
    pub(super) fn handle_parked_fetch_timer(&mut self, slot: u32, ctx: &mut Ctx<'_, Kafka>) {
        self.complete_fetch(slot as usize, ctx);
    }

    /// Answers the parked fetches for which there is news.
    pub(super) fn maybe_complete_fetches(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let (end, high_watermark) = (self.log.log_end(), self.high_watermark().unwrap_or(-1));
        for slot in 0..self.parked.len() {
            let has_news = self.parked[slot].as_ref().is_some_and(|fetch| {
                fetch.position.offset < end || fetch.position.high_watermark < high_watermark
            });
            if has_news {
                self.complete_fetch(slot, ctx);
            }
        }
    }

    fn complete_fetch(&mut self, slot: usize, ctx: &mut Ctx<'_, Kafka>) {
        let Some(parked) = self.parked.get_mut(slot).and_then(Option::take) else {
            return;
        };
        ctx.cancel(parked_timer(slot));
        let result = self.try_complete_fetch(&parked.position, ctx);
        self.respond_to_fetch(parked.conn, parked.corr, parked.version, result, ctx);
    }

    /// A node that no longer leads refuses what it had parked.
    pub(super) fn refuse_parked_fetches(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        for (slot, parked) in std::mem::take(&mut self.parked).into_iter().enumerate() {
            let Some(parked) = parked else { continue };
            ctx.cancel(parked_timer(slot));
            let result = FetchResult {
                error: ErrorCode::NOT_LEADER_OR_FOLLOWER,
                log_start: self.log.log_start(),
                ..FetchResult::default()
            };
            self.respond_to_fetch(parked.conn, parked.corr, parked.version, result, ctx);
        }
    }

    /// Forgets the fetches of a connection that is gone; true if there were any.
    pub(super) fn forget_parked_fetches(&mut self, conn: ConnId, ctx: &mut Ctx<'_, Kafka>) -> bool {
        let mut found = false;
        for (slot, parked) in self.parked.iter_mut().enumerate() {
            if parked.as_ref().is_some_and(|fetch| fetch.conn == conn) {
                *parked = None;
                ctx.cancel(parked_timer(slot));
                found = true;
            }
        }
        found
    }

    fn respond_to_fetch(
        &mut self,
        conn: ConnId,
        corr: Corr,
        version: i16,
        result: FetchResult,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let answer = messages::fetch_response(result, &self.standing());
        self.respond(conn, corr, version, answer, ctx);
    }

    /// A leader that no majority has fetched from for this long resigns.
    pub(super) fn check_quorum_timeout(&self) -> Span {
        Span(self.config.quorum.fetch_timeout.0 / 2 * 3)
    }
}

fn must_wait(result: &FetchResult, position: &FetchPosition) -> bool {
    result.error.is_none()
        && result.chunks.is_empty()
        && result.diverging.is_none()
        && position.max_wait_ms > 0
        && result.high_watermark.unwrap_or(-1) <= position.high_watermark
}

fn parked_timer(slot: usize) -> Timer {
    Timer::Raft(RaftTimer::ParkedFetch(slot as u32))
}
