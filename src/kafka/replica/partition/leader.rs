//! What a leader does: take over, append for clients, follow its followers, acknowledge.

use super::{FetchSpec, IsrState, Partition, Proposal, ReadInfo, Reader, RemoteReplica, Role};
use crate::kafka::config::{Sabotage, TopicConfig};
use crate::kafka::metadata::PartitionImage;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::record_batch::{
    ProduceLimits, ProduceRefusal, TimestampType, validate_produced,
};
use crate::kafka::replica::Broker;
use crate::kafka::storage::{AppendError, AppendInfo, ProducerAppend};
use crate::kafka::vocabulary::{Kafka, NodeId, Note, Work};
use crate::sim::{Ctx, Disk, DiskError};
use bytes::Bytes;

/// What only a leader knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaderState {
    /// The log end when this leader epoch began here; none if it did not begin with a new epoch.
    pub epoch_start: Option<i64>,
    /// The in-sync replicas.
    pub isr: IsrState,
    /// The followers.
    pub remotes: Vec<RemoteReplica>,
}

impl LeaderState {
    /// A follower by its broker id.
    pub fn remote(&self, id: i32) -> Option<&RemoteReplica> {
        self.remotes.iter().find(|remote| remote.id == id)
    }
}

/// Why an append for a client was refused, as its answer will say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kafka::replica) struct Refusal {
    pub(in crate::kafka::replica) error: ErrorCode,
    pub(in crate::kafka::replica) message: Option<String>,
    pub(in crate::kafka::replica) record_errors: Vec<(i32, String)>,
    /// The log start offset, where the answer names it, else -1.
    pub(in crate::kafka::replica) log_start: i64,
    pub(in crate::kafka::replica) disk: Option<DiskError>,
}

impl Refusal {
    pub(in crate::kafka::replica) fn new(error: ErrorCode, log_start: i64) -> Self {
        Refusal {
            error,
            message: None,
            record_errors: Vec::new(),
            log_start,
            disk: None,
        }
    }

    fn from_validation(refusal: ProduceRefusal, log_start: i64) -> Self {
        let named = refusal.names_log_start_offset;
        Refusal {
            error: refusal.code,
            message: refusal.answer_message().map(str::to_owned),
            log_start: if named { log_start } else { -1 },
            record_errors: refusal.record_errors,
            disk: None,
        }
    }

    fn from_append(error: AppendError, log_start: i64) -> Self {
        match error {
            AppendError::Refused(code, _) => Refusal::new(code, log_start),
            AppendError::Disk(error) => Refusal {
                disk: Some(error),
                ..Refusal::new(ErrorCode::KAFKA_STORAGE_ERROR, -1)
            },
        }
    }
}

/// Whether an acks=all append may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kafka::replica) enum Acknowledgement {
    /// The high watermark has not passed it.
    Waits,
    /// It may, with this error or none.
    Answer(ErrorCode),
}

/// What a follower's fetch read, and what it set off.
#[derive(Clone, Debug)]
pub(in crate::kafka::replica) struct FollowerFetch {
    pub(in crate::kafka::replica) read: ReadInfo,
    pub(in crate::kafka::replica) proposal: Option<Proposal>,
    pub(in crate::kafka::replica) high_watermark_advanced: bool,
}

impl Partition {
    /// Leads from now on, or goes on leading with newer state. True if the high watermark moved.
    pub(in crate::kafka::replica) fn make_leader(
        &mut self,
        state: &PartitionImage,
        broker: &Broker,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<bool, DiskError> {
        if !self.accepts(state, broker) {
            return Ok(false);
        }
        let new_leader = !self.is_leader();
        let new_epoch = state.leader_epoch > self.leader_epoch;
        self.transition_to_leader(state);
        if new_epoch {
            self.start_epoch(state, new_leader, ctx)?;
        }
        self.partition_epoch = state.partition_epoch;
        self.leader = self.me;
        Ok(self.maybe_increment_high_watermark(broker, ctx))
    }

    fn transition_to_leader(&mut self, state: &PartitionImage) {
        let isr = IsrState::Committed(state.isr.clone());
        let old = std::mem::replace(&mut self.role, Role::Follower);
        let (epoch_start, mut known) = match old {
            Role::Leader(leader) => (leader.epoch_start, leader.remotes),
            Role::Follower => (None, Vec::new()),
        };
        known.retain(|remote| state.replicas.contains(&remote.id));
        for id in state.replicas.iter().filter(|id| **id != self.me) {
            if !known.iter().any(|remote| remote.id == *id) {
                known.push(RemoteReplica::new(*id));
            }
        }
        self.replicas.clone_from(&state.replicas);
        self.role = Role::Leader(LeaderState {
            epoch_start,
            isr,
            remotes: known,
        });
    }

    /// The epoch's start is cached even before there is data in it: a follower may have entries
    /// of a later epoch than any in this log, and must learn where they end (KAFKA-7415).
    fn start_epoch(
        &mut self,
        state: &PartitionImage,
        new_leader: bool,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<(), DiskError> {
        let start = self.log.offsets().log_end;
        self.log
            .assign_epoch_start(ctx.disk, state.leader_epoch, start)?;
        self.leader_epoch = state.leader_epoch;
        if let Role::Leader(leader) = &mut self.role {
            leader.epoch_start = Some(start);
            for remote in &mut leader.remotes {
                let in_isr = state.isr.contains(&remote.id);
                remote.reset(start, new_leader, in_isr, ctx.mono());
            }
        }
        ctx.note(Note::BecameLeader {
            partition: self.tp,
            epoch: self.leader_epoch,
            start,
            log_end: start,
        });
        Ok(())
    }

    /// Appends a client's batch (R11 first half). The flag: the high watermark moved.
    pub(in crate::kafka::replica) fn append_for_client(
        &mut self,
        records: &Bytes,
        acks: i16,
        broker: &Broker,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<(AppendInfo, bool), Refusal> {
        let Some(leader) = self.leader_state() else {
            return Err(Refusal::new(ErrorCode::NOT_LEADER_OR_FOLLOWER, -1));
        };
        let log_start = self.log.offsets().log_start;
        if acks == -1 && leader.isr.committed().len() < self.effective_min_isr() {
            return Err(Refusal::new(ErrorCode::NOT_ENOUGH_REPLICAS, log_start));
        }
        let now_ms = ctx.wall_ms();
        let limits = produce_limits(self.log.config());
        ctx.spend(Work::ChecksumBytes, records.len() as u64);
        let batch = validate_produced(records, &self.topic_partition(), &limits, now_ms)
            .map_err(|refusal| Refusal::from_validation(refusal, log_start))?;
        let (epoch, check) = (self.leader_epoch, producer_checks(broker));
        let info = self
            .log
            .append_as_leader(ctx.disk, &batch, epoch, check, now_ms)
            .map_err(|error| Refusal::from_append(error, log_start))?;
        self.note_append(&info, batch.base_sequence(), ctx);
        let advanced = self.maybe_increment_high_watermark(broker, ctx);
        Ok((info, advanced))
    }

    fn note_append(&self, info: &AppendInfo, sequence: i32, ctx: &mut Ctx<'_, Kafka>) {
        let (partition, base, last) = (self.tp, info.first_offset, info.last_offset);
        if info.duplicate {
            return ctx.note(Note::DuplicateBatch {
                partition,
                base,
                sequence,
            });
        }
        ctx.spend(Work::AppendBytes, info.bytes);
        ctx.spend(Work::AppendRecords, info.records);
        if let Some(base) = info.rolled {
            ctx.note(Note::SegmentRolled { partition, base });
        }
        let epoch = self.leader_epoch;
        ctx.note(Note::Appended {
            partition,
            base,
            last,
            epoch,
        });
    }

    /// Whether an acks=all append that ends before `required` may be answered. The check after
    /// the append uses the maximal ISR, the one before it the committed ISR (2.25).
    pub(in crate::kafka::replica) fn acknowledge(&self, required: i64) -> Acknowledgement {
        let Some(leader) = self.leader_state() else {
            return Acknowledgement::Answer(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        };
        if self.log.offsets().high_watermark < required {
            Acknowledgement::Waits
        } else if leader.isr.maximal_len() >= self.effective_min_isr() {
            Acknowledgement::Answer(ErrorCode::NONE)
        } else {
            Acknowledgement::Answer(ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND)
        }
    }

    /// Serves a follower's fetch (2.2): reads, then takes note of how far the follower is. The
    /// offsets in the answer are those from before, so that appends do not chase the follower.
    pub(in crate::kafka::replica) fn fetch_as_leader(
        &mut self,
        spec: &FetchSpec,
        reader: &Reader,
        broker: &Broker,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<FollowerFetch, ErrorCode> {
        let read = self.check_and_read(spec, reader, ctx.disk)?;
        let mut fetch = FollowerFetch {
            read,
            proposal: None,
            high_watermark_advanced: false,
        };
        if fetch.read.diverging.is_none() {
            let leader_end = fetch.read.offsets.log_end;
            let moved = self.update_follower(spec, reader, leader_end, broker, ctx)?;
            fetch.proposal = self.maybe_expand_isr(reader.replica, broker, ctx);
            fetch.high_watermark_advanced =
                moved && self.maybe_increment_high_watermark(broker, ctx);
        }
        Ok(fetch)
    }

    /// The read of a follower's fetch, without any effect (also when it is read again later).
    pub(in crate::kafka::replica) fn check_and_read(
        &self,
        spec: &FetchSpec,
        reader: &Reader,
        disk: &Disk,
    ) -> Result<ReadInfo, ErrorCode> {
        self.check_epoch(spec.current_leader_epoch, reader.only_leader)?;
        if reader.is_follower() {
            self.check_assigned(spec, reader.replica)?;
        }
        self.read(spec, reader, disk)
    }

    /// A replica that is not assigned here may belong to metadata that this leader has not seen.
    fn check_assigned(&self, spec: &FetchSpec, replica: i32) -> Result<(), ErrorCode> {
        let known = self.remotes().iter().any(|remote| remote.id == replica);
        match spec.current_leader_epoch {
            _ if known => Ok(()),
            Some(_) => Err(ErrorCode::UNKNOWN_LEADER_EPOCH),
            None => Err(ErrorCode::NOT_LEADER_OR_FOLLOWER),
        }
    }

    /// True if the follower's log end is another than before.
    fn update_follower(
        &mut self,
        spec: &FetchSpec,
        reader: &Reader,
        leader_end: i64,
        broker: &Broker,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<bool, ErrorCode> {
        let registered = broker.image.brokers.get(&reader.replica);
        let stale = registered.is_some_and(|known| {
            !known.fenced && reader.broker_epoch != -1 && known.epoch > reader.broker_epoch
        });
        if stale {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        }
        let Role::Leader(leader) = &mut self.role else {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        };
        let mut remotes = leader.remotes.iter_mut();
        let Some(remote) = remotes.find(|remote| remote.id == reader.replica) else {
            return Err(ErrorCode::UNKNOWN_LEADER_EPOCH);
        };
        let moved = remote.log_end != spec.offset;
        let (epoch, now) = (reader.broker_epoch, ctx.mono());
        remote.fetched(spec.offset, spec.log_start, leader_end, epoch, now);
        if moved {
            ctx.note(Note::FollowerFetched {
                partition: self.tp,
                replica: NodeId(reader.replica),
                offset: spec.offset,
            });
        }
        Ok(moved)
    }
}

/// A broker that does not look for duplicates takes a repeated batch as a new one, so it must not
/// mind a sequence that was there before.
fn producer_checks(broker: &Broker) -> ProducerAppend {
    let skip_duplicate_check = broker.has(Sabotage::SkipDuplicateCheck);
    ProducerAppend {
        skip_duplicate_check,
        skip_sequence_check: skip_duplicate_check || broker.has(Sabotage::SkipSequenceCheck),
    }
}

fn produce_limits(config: &TopicConfig) -> ProduceLimits {
    ProduceLimits {
        max_message_bytes: config.max_message_bytes,
        timestamp_type: if config.message_timestamp_log_append {
            TimestampType::LogAppendTime
        } else {
            TimestampType::CreateTime
        },
        timestamp_before_max_ms: config.message_timestamp_before_max_ms,
        timestamp_after_max_ms: config.message_timestamp_after_max_ms,
        compacted: config.cleanup_compact,
    }
}
