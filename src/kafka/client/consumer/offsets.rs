//! Finding and checking positions (`OffsetFetcher`): ListOffsets after a reset,
//! OffsetsForLeaderEpoch after a change of leader (KIP-320, N4), and what to do out of range.

use super::position::{FetchState, Position, Validation, compare_with_leader};
use super::{Consumer, Token};
use crate::kafka::client::metadata::wire_name;
use crate::kafka::protocol::messages::list_offsets_request::{
    ListOffsetsPartition, ListOffsetsTopic,
};
use crate::kafka::protocol::messages::list_offsets_response::ListOffsetsPartitionResponse;
use crate::kafka::protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use crate::kafka::protocol::messages::offset_for_leader_epoch_response::EpochEndOffset;
use crate::kafka::protocol::messages::{
    ListOffsetsRequest, ListOffsetsResponse, OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
};
use crate::kafka::protocol::{ApiKey, ErrorCode, TopicPartition};
use crate::kafka::vocabulary::{Kafka, Note, OffsetSpec};
use crate::sim::{Ctx, NodeId};
use std::collections::BTreeMap;

/// The number by which ListOffsets asks for a place.
pub(crate) fn list_offsets_timestamp(spec: OffsetSpec) -> i64 {
    match spec {
        OffsetSpec::Earliest => -2,
        OffsetSpec::Latest | OffsetSpec::At(_) => -1,
        OffsetSpec::Timestamp(timestamp) => timestamp,
    }
}

impl Consumer {
    /// Partitions without a position start by the reset policy (N3).
    pub(super) fn initialize_positions(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let new = |(tp, state): (&TopicPartition, &super::position::PartitionState)| {
            (state.state == FetchState::Initializing).then(|| tp.clone())
        };
        let new: Vec<TopicPartition> = self.assignment.iter().filter_map(new).collect();
        for tp in new {
            let text = format!("Undefined offset with no reset policy for partitions: [{tp}]");
            self.reset_or_stop(&tp, ErrorCode::OFFSET_OUT_OF_RANGE, text, ctx);
        }
    }

    /// Applies the reset policy; without one the application hears of it.
    fn reset_or_stop(
        &mut self,
        tp: &TopicPartition,
        error: ErrorCode,
        text: String,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        match (self.reset_policy(), self.assignment.state_mut(tp)) {
            (Some(policy), Some(state)) => state.transition_to_await_reset(policy),
            _ => self.stop(tp, error, text, ctx),
        }
    }

    pub(super) fn handle_out_of_range(&mut self, tp: &TopicPartition, ctx: &mut Ctx<'_, Kafka>) {
        let position = self.assignment.state(tp).and_then(|state| state.position);
        let text = match position {
            Some(at) => format!(
                "Fetch position FetchPosition{{offset={}, offsetEpoch={}, \
                 currentLeader=LeaderAndEpoch{{leader={}, epoch={}}}}} is out of range for \
                 partition {tp}",
                at.offset, at.offset_epoch, at.leader, at.leader_epoch
            ),
            None => format!("Fetch position is out of range for partition {tp}"),
        };
        self.reset_or_stop(tp, ErrorCode::OFFSET_OUT_OF_RANGE, text, ctx);
    }

    /// After new metadata: positions under an old leader are checked.
    pub(super) fn maybe_validate_positions(&mut self) {
        if self.metadata_version == self.link.metadata.version() {
            return;
        }
        self.metadata_version = self.link.metadata.version();
        let metadata = &self.link.metadata;
        for (tp, state) in self.assignment.iter_mut() {
            if let Some((leader, epoch)) = metadata.leader(tp) {
                state.maybe_validate_position(leader, epoch);
            }
        }
    }

    /// Asks the leaders for the positions that are needed.
    pub(super) fn send_offset_requests(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let mut resets: BTreeMap<i32, Vec<(TopicPartition, OffsetSpec, i32)>> = BTreeMap::new();
        let mut checks: BTreeMap<i32, Vec<(TopicPartition, Position)>> = BTreeMap::new();
        let (now, mut leaderless) = (ctx.mono(), false);
        for (tp, state) in self.assignment.iter() {
            if state.pending || state.retry_at > now {
                continue;
            }
            match (state.state, self.link.metadata.leader(tp), state.position) {
                (FetchState::AwaitReset(to), Some((leader, epoch)), _) => {
                    resets
                        .entry(leader)
                        .or_default()
                        .push((tp.clone(), to, epoch));
                }
                (FetchState::AwaitValidation, Some((leader, _)), Some(position)) => {
                    checks
                        .entry(leader)
                        .or_default()
                        .push((tp.clone(), position));
                }
                (FetchState::AwaitReset(_) | FetchState::AwaitValidation, None, _) => {
                    leaderless = true;
                }
                _ => {}
            }
        }
        if leaderless {
            self.link.metadata.request_update();
        }
        for (broker, asked) in resets {
            if let Some((node, version)) = self.ready_for(broker, ApiKey::ListOffsets, ctx) {
                self.send_list_offsets(node, version, asked, ctx);
            }
        }
        for (broker, asked) in checks {
            if let Some((node, version)) = self.ready_for(broker, ApiKey::OffsetForLeaderEpoch, ctx)
            {
                self.send_offset_for_leader_epoch(node, version, asked, ctx);
            }
        }
    }

    fn ready_for(
        &mut self,
        broker: i32,
        api: ApiKey,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Option<(NodeId, i16)> {
        let node = self.link.metadata.node(broker)?;
        if !self.link.ready(node, ctx) {
            return None;
        }
        Some((node, self.link.version(node, api)?))
    }

    fn set_pending(&mut self, tp: &TopicPartition, pending: bool) {
        if let Some(state) = self.assignment.state_mut(tp) {
            state.pending = pending;
        }
    }

    fn send_list_offsets(
        &mut self,
        node: NodeId,
        version: i16,
        asked: Vec<(TopicPartition, OffsetSpec, i32)>,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let mut request = ListOffsetsRequest::default();
        request.replica_id = (-1).into();
        request.isolation_level = i8::from(self.config.read_committed);
        if version >= 10 {
            request.timeout_ms =
                i32::try_from(self.config.request_timeout.as_millis()).unwrap_or(i32::MAX);
        }
        let mut token = Vec::new();
        for (tp, spec, epoch) in asked {
            let mut partition = ListOffsetsPartition::default();
            partition.partition_index = tp.partition;
            partition.timestamp = list_offsets_timestamp(spec);
            if version >= 4 {
                partition.current_leader_epoch = epoch;
            }
            add_list_offsets(&mut request, &tp.topic, partition);
            self.set_pending(&tp, true);
            token.push((tp, spec));
        }
        let token = Token::ListOffsets(token);
        self.link.send(node, version, request, token, ctx);
    }

    fn send_offset_for_leader_epoch(
        &mut self,
        node: NodeId,
        version: i16,
        asked: Vec<(TopicPartition, Position)>,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let mut request = OffsetForLeaderEpochRequest::default();
        if version >= 3 {
            request.replica_id = (-1).into();
        }
        for (tp, position) in &asked {
            let mut partition = OffsetForLeaderPartition::default();
            partition.partition = tp.partition;
            partition.current_leader_epoch = position.leader_epoch;
            partition.leader_epoch = position.offset_epoch;
            let name = wire_name(&tp.topic);
            match request.topics.iter_mut().find(|topic| topic.topic == name) {
                Some(topic) => topic.partitions.push(partition),
                None => {
                    let mut topic = OffsetForLeaderTopic::default();
                    topic.topic = name;
                    topic.partitions.push(partition);
                    request.topics.push(topic);
                }
            }
            self.set_pending(tp, true);
        }
        let token = Token::OffsetForLeaderEpoch(asked);
        self.link.send(node, version, request, token, ctx);
    }

    /// A request about a position failed: again after a back-off, with new metadata.
    pub(super) fn retry_offset_request(&mut self, tp: &TopicPartition, ctx: &mut Ctx<'_, Kafka>) {
        self.set_pending(tp, false);
        self.back_off(tp, ctx);
        self.link.metadata.request_update();
    }

    pub(super) fn handle_list_offsets(
        &mut self,
        asked: &[(TopicPartition, OffsetSpec)],
        response: &ListOffsetsResponse,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        for (tp, spec) in asked {
            self.set_pending(tp, false);
            let answer = find_listed(response, tp);
            match answer.map(|answer| (ErrorCode(answer.error_code), answer.offset)) {
                Some((ErrorCode::NONE, offset)) => self.reset_position(tp, *spec, offset, ctx),
                Some((ErrorCode::TOPIC_AUTHORIZATION_FAILED, _)) => {
                    let text = format!("Not authorized to access topics: [{}]", tp.topic);
                    self.stop(tp, ErrorCode::TOPIC_AUTHORIZATION_FAILED, text, ctx);
                }
                _ => self.retry_offset_request(tp, ctx),
            }
        }
    }

    fn reset_position(
        &mut self,
        tp: &TopicPartition,
        spec: OffsetSpec,
        offset: i64,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let (leader, leader_epoch) = self.link.metadata.leader(tp).unwrap_or((-1, -1));
        let partition = self.link.metadata.tp(tp);
        let Some(state) = self.assignment.state_mut(tp) else {
            return;
        };
        if state.state != FetchState::AwaitReset(spec) {
            return;
        }
        if offset < 0 {
            // No record is that young: on from the end.
            state.transition_to_await_reset(OffsetSpec::Latest);
            return;
        }
        state.transition_to_fetching(Position {
            offset,
            offset_epoch: -1,
            leader,
            leader_epoch,
        });
        ctx.note(Note::PositionReset {
            client: self.no,
            partition,
            offset,
        });
    }

    pub(super) fn handle_offset_for_leader_epoch(
        &mut self,
        asked: &[(TopicPartition, Position)],
        response: &OffsetForLeaderEpochResponse,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        for (tp, position) in asked {
            self.set_pending(tp, false);
            match find_epoch_end(response, tp) {
                Some(answer) if ErrorCode(answer.error_code).is_none() => {
                    self.maybe_complete_validation(tp, position, answer, ctx);
                }
                _ => self.retry_offset_request(tp, ctx),
            }
        }
    }

    fn maybe_complete_validation(
        &mut self,
        tp: &TopicPartition,
        position: &Position,
        answer: &EpochEndOffset,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let partition = self.link.metadata.tp(tp);
        let policy = self.reset_policy();
        let Some(state) = self.assignment.state_mut(tp) else {
            return;
        };
        if state.state != FetchState::AwaitValidation || state.position != Some(*position) {
            return;
        }
        match (
            compare_with_leader(position, answer.leader_epoch, answer.end_offset),
            policy,
        ) {
            (Validation::Valid, _) => state.transition_to_fetching(*position),
            (Validation::TruncatedTo { offset, epoch }, Some(_)) => {
                state.transition_to_fetching(Position {
                    offset,
                    offset_epoch: epoch,
                    ..*position
                });
                ctx.note(Note::PositionReset {
                    client: self.no,
                    partition,
                    offset,
                });
            }
            (Validation::Unknown, Some(policy)) => state.transition_to_await_reset(policy),
            (truncation, None) => {
                let divergent = match truncation {
                    Validation::TruncatedTo { offset, epoch } => format!(
                        "{tp}=OffsetAndMetadata{{offset={offset}, leaderEpoch={epoch}, \
                         metadata=''}}"
                    ),
                    _ => String::new(),
                };
                let text =
                    format!("Truncated partitions detected with divergent offsets {{{divergent}}}");
                self.stop(tp, ErrorCode::OFFSET_OUT_OF_RANGE, text, ctx);
            }
        }
    }
}

pub(crate) fn add_list_offsets(
    request: &mut ListOffsetsRequest,
    topic: &str,
    partition: ListOffsetsPartition,
) {
    let name = wire_name(topic);
    if let Some(topic) = request.topics.iter_mut().find(|topic| topic.name == name) {
        topic.partitions.push(partition);
        return;
    }
    let mut topic = ListOffsetsTopic::default();
    topic.name = name;
    topic.partitions.push(partition);
    request.topics.push(topic);
}

pub(crate) fn find_listed<'a>(
    response: &'a ListOffsetsResponse,
    tp: &TopicPartition,
) -> Option<&'a ListOffsetsPartitionResponse> {
    let mut topics = response.topics.iter();
    let topic = topics.find(|topic| topic.name.0.as_str() == tp.topic)?;
    let mut partitions = topic.partitions.iter();
    partitions.find(|partition| partition.partition_index == tp.partition)
}

fn find_epoch_end<'a>(
    response: &'a OffsetForLeaderEpochResponse,
    tp: &TopicPartition,
) -> Option<&'a EpochEndOffset> {
    let mut topics = response.topics.iter();
    let topic = topics.find(|topic| topic.topic.0.as_str() == tp.topic)?;
    let mut partitions = topic.partitions.iter();
    partitions.find(|partition| partition.partition == tp.partition)
}
