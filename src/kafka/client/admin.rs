//! The admin client (`KafkaAdminClient`): a call is sent to the right broker and tried again
//! until it is answered or `default.api.timeout.ms` is over.

use super::backoff::Backoff;
use super::consumer::{add_list_offsets, find_listed, list_offsets_timestamp};
use super::error_text::error_text;
use super::link::{Answer, Link, LinkConfig, LostRequests, rearm};
use super::metadata::wire_name;
use crate::kafka::config::ClientKind;
use crate::kafka::network_client::Hosts;
use crate::kafka::protocol::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
};
use crate::kafka::protocol::messages::delete_topics_request::DeleteTopicState;
use crate::kafka::protocol::messages::elect_leaders_request::TopicPartitions;
use crate::kafka::protocol::messages::list_offsets_request::ListOffsetsPartition;
use crate::kafka::protocol::messages::{
    CreateTopicsRequest, DeleteTopicsRequest, ElectLeadersRequest, ListOffsetsRequest,
};
use crate::kafka::protocol::{ApiKey, ErrorCode, Message, StrBytes, TopicPartition};
use crate::kafka::vocabulary::{
    ClientNo, ClientOp, ClientTimer, Kafka, NewTopic, OffsetSpec, Outcome,
};
use crate::sim::{CallId, ConnId, Ctx, Envelope, NodeId, Span, Time};
use std::collections::BTreeMap;
use std::sync::Arc;

const REQUEST_TIMEOUT: Span = Span::from_millis(30_000);
const DEFAULT_API_TIMEOUT: Span = Span::from_millis(60_000);

/// What the admin client is asked to do.
#[derive(Clone, Debug)]
enum Operation {
    CreateTopic(NewTopic),
    DeleteTopic(String),
    ElectLeader(TopicPartition, bool),
    ListOffset(TopicPartition, OffsetSpec),
}

impl Operation {
    fn api(&self) -> ApiKey {
        match self {
            Operation::CreateTopic(_) => ApiKey::CreateTopics,
            Operation::DeleteTopic(_) => ApiKey::DeleteTopics,
            Operation::ElectLeader(..) => ApiKey::ElectLeaders,
            Operation::ListOffset(..) => ApiKey::ListOffsets,
        }
    }

    fn call_name(&self) -> &'static str {
        match self {
            Operation::CreateTopic(_) => "createTopics",
            Operation::DeleteTopic(_) => "deleteTopics",
            Operation::ElectLeader(..) => "electLeaders",
            Operation::ListOffset(..) => "listOffsets",
        }
    }
}

/// A call on its way.
#[derive(Clone, Debug)]
struct Pending {
    operation: Operation,
    deadline: Time,
    deadline_ms: i64,
    tries: u32,
    next_try: Time,
    in_flight: bool,
}

/// How an answer ends a try.
enum Verdict {
    Complete(Outcome),
    Retry,
}

/// One admin client of a client process.
#[derive(Clone, Debug)]
pub struct Admin {
    no: ClientNo,
    name: String,
    link: Link<CallId>,
    backoff: Backoff,
    calls: BTreeMap<CallId, Pending>,
    closed: bool,
}

impl Admin {
    /// Its name in the scenario.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many calls have no outcome yet.
    pub fn pending(&self) -> usize {
        self.calls.len()
    }

    pub(super) fn boot(
        no: ClientNo,
        name: &str,
        bootstrap: &[String],
        hosts: &Arc<Hosts>,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Self {
        let link = LinkConfig {
            client: no,
            kind: ClientKind::Java,
            bootstrap: bootstrap.to_vec(),
            hosts: Arc::clone(hosts),
            request_timeout: REQUEST_TIMEOUT,
            reconnect_backoff: Span::from_millis(50),
            reconnect_backoff_max: Span::from_millis(1_000),
            retry_backoff: Span::from_millis(100),
            retry_backoff_max: Span::from_millis(1_000),
            metadata_max_age: Span::from_millis(300_000),
            allow_auto_topic_creation: false,
        };
        let mut admin = Admin {
            no,
            name: name.to_owned(),
            backoff: link.backoff(),
            link: Link::new(&link),
            calls: BTreeMap::new(),
            closed: false,
        };
        admin.poll(ctx);
        admin
    }

    pub(super) fn owns(&self, conn: ConnId) -> bool {
        self.link.owns(conn)
    }

    pub(super) fn call(&mut self, id: CallId, op: ClientOp, ctx: &mut Ctx<'_, Kafka>) {
        let operation = match op {
            ClientOp::CreateTopic(topic) => Operation::CreateTopic(topic),
            ClientOp::DeleteTopic(topic) => Operation::DeleteTopic(topic),
            ClientOp::ElectLeader(topic, partition, unclean) => {
                Operation::ElectLeader(TopicPartition::new(topic, partition), unclean)
            }
            ClientOp::ListOffset(_, _, OffsetSpec::At(offset)) => {
                ctx.complete(id, Outcome::Offset(offset));
                return;
            }
            ClientOp::ListOffset(topic, partition, spec) => {
                Operation::ListOffset(TopicPartition::new(topic, partition), spec)
            }
            ClientOp::Close => return self.close(id, ctx),
            _ => {
                let message = "An admin client can not do that.";
                return fail(id, ErrorCode::INVALID_REQUEST, message.to_owned(), ctx);
            }
        };
        if self.closed {
            let message = "Cannot accept new call when AdminClient is closing.".to_owned();
            return fail(id, ErrorCode::UNKNOWN_SERVER_ERROR, message, ctx);
        }
        let pending = Pending {
            operation,
            deadline: ctx.mono() + DEFAULT_API_TIMEOUT,
            deadline_ms: ctx.wall_ms() + DEFAULT_API_TIMEOUT.as_millis() as i64,
            tries: 0,
            next_try: ctx.mono(),
            in_flight: false,
        };
        self.calls.insert(id, pending);
        self.poll(ctx);
    }

    fn close(&mut self, id: CallId, ctx: &mut Ctx<'_, Kafka>) {
        for call in std::mem::take(&mut self.calls).into_keys() {
            let message = "The AdminClient thread has exited.".to_owned();
            fail(call, ErrorCode::REQUEST_TIMED_OUT, message, ctx);
        }
        self.closed = true;
        self.link.close_all(ctx);
        for timer in [
            ClientTimer::Sender,
            ClientTimer::Network,
            ClientTimer::Metadata,
        ] {
            rearm(self.no, timer, None, ctx);
        }
        ctx.complete(id, Outcome::Done);
    }

    pub(super) fn deliver(&mut self, envelope: Envelope<Kafka>, ctx: &mut Ctx<'_, Kafka>) {
        if let Some(answer) = self.link.deliver(envelope, ctx) {
            self.handle_answer(answer, ctx);
        }
        self.poll(ctx);
    }

    pub(super) fn reset(&mut self, conn: ConnId, ctx: &mut Ctx<'_, Kafka>) {
        if let Some(lost) = self.link.reset(conn, ctx) {
            self.handle_lost(lost, ctx);
        }
        self.poll(ctx);
    }

    pub(super) fn timer(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        self.poll(ctx);
    }

    fn handle_lost(&mut self, lost: LostRequests<CallId>, ctx: &mut Ctx<'_, Kafka>) {
        for id in lost.tokens {
            self.retry(id, ctx);
        }
    }

    fn poll(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        if self.closed {
            return;
        }
        for lost in self.link.expire(ctx) {
            self.handle_lost(lost, ctx);
        }
        self.time_out_calls(ctx);
        self.send_calls(ctx);
        self.link.poll_metadata(ctx);
        self.arm(ctx);
    }

    fn time_out_calls(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let late = |(id, call): (&CallId, &Pending)| (call.deadline <= ctx.mono()).then_some(*id);
        let late: Vec<CallId> = self.calls.iter().filter_map(late).collect();
        for id in late {
            let Some(call) = self.calls.remove(&id) else {
                continue;
            };
            let name = call.operation.call_name();
            let message = match call.tries {
                0 => format!("Timed out waiting for a node assignment. Call: {name}"),
                tries => format!(
                    "Call(callName={name}, deadlineMs={}, tries={tries}) timed out at {} after \
                     {tries} attempt(s)",
                    call.deadline_ms,
                    ctx.wall_ms()
                ),
            };
            fail(id, ErrorCode::REQUEST_TIMED_OUT, message, ctx);
        }
    }

    fn send_calls(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let now = ctx.mono();
        let due = |(id, call): (&CallId, &Pending)| {
            let due = !call.in_flight && call.next_try <= now;
            due.then(|| (*id, call.operation.clone(), call.deadline))
        };
        let due: Vec<(CallId, Operation, Time)> = self.calls.iter().filter_map(due).collect();
        for (id, operation, deadline) in due {
            let Some(node) = self.node_for(&operation, ctx) else {
                continue;
            };
            let Some(version) = self.link.version(node, operation.api()) else {
                self.calls.remove(&id);
                let error = ErrorCode::UNSUPPORTED_VERSION;
                fail(id, error, error_text(error, None), ctx);
                continue;
            };
            let timeout = deadline.since(now).min(REQUEST_TIMEOUT);
            let message = self.request(&operation, version, timeout);
            self.link
                .send_within(node, version, message, id, timeout, ctx);
            if let Some(call) = self.calls.get_mut(&id) {
                call.in_flight = true;
                call.tries += 1;
            }
        }
    }

    /// The broker that can answer: the one that metadata names as controller (it forwards to the
    /// real one), or the partition's leader.
    fn node_for(&mut self, operation: &Operation, ctx: &mut Ctx<'_, Kafka>) -> Option<NodeId> {
        let broker = match operation {
            Operation::ListOffset(tp, _) => {
                self.link.metadata.add(&tp.topic, ctx.mono());
                self.link.metadata.leader(tp).map(|(leader, _)| leader)
            }
            _ => Some(self.link.metadata.controller()),
        };
        let node = broker.and_then(|broker| self.link.metadata.node(broker));
        let Some(node) = node else {
            self.link.metadata.request_update();
            return None;
        };
        self.link.ready(node, ctx).then_some(node)
    }

    fn request(&self, operation: &Operation, version: i16, timeout: Span) -> Message {
        let timeout_ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        match operation {
            Operation::CreateTopic(topic) => create_topics(topic, timeout_ms).into(),
            Operation::DeleteTopic(topic) => delete_topics(topic, version, timeout_ms).into(),
            Operation::ElectLeader(tp, unclean) => {
                elect_leaders(tp, *unclean, version, timeout_ms).into()
            }
            Operation::ListOffset(tp, spec) => {
                let epoch = self.link.metadata.leader_epoch(tp);
                list_offsets(tp, *spec, epoch, version, timeout_ms).into()
            }
        }
    }

    fn handle_answer(&mut self, answer: Answer<CallId>, ctx: &mut Ctx<'_, Kafka>) {
        let id = answer.token;
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        match judge(&call.operation, &answer.message) {
            Verdict::Complete(outcome) => {
                self.calls.remove(&id);
                ctx.complete(id, outcome);
            }
            Verdict::Retry => self.retry(id, ctx),
        }
    }

    fn retry(&mut self, id: CallId, ctx: &mut Ctx<'_, Kafka>) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.in_flight = false;
        let failures = call.tries.saturating_sub(1);
        call.next_try = ctx.mono() + self.backoff.delay(failures, ctx);
        self.link.metadata.request_update();
    }

    fn arm(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let now = ctx.mono();
        let deadlines = self.calls.values().map(|call| call.deadline);
        let waiting = self.calls.values().filter(|call| !call.in_flight);
        let tries = waiting.map(|call| call.next_try).filter(|at| *at > now);
        let at = deadlines.chain(tries).min();
        rearm(self.no, ClientTimer::Sender, at, ctx);
        self.link.arm(ctx);
    }
}

fn fail(id: CallId, error: ErrorCode, message: String, ctx: &mut Ctx<'_, Kafka>) {
    ctx.complete(id, Outcome::Failed { error, message });
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

fn create_topics(topic: &NewTopic, timeout_ms: i32) -> CreateTopicsRequest {
    let mut wanted = CreatableTopic::default();
    wanted.name = wire_name(&topic.name);
    wanted.num_partitions = topic.partitions;
    wanted.replication_factor = topic.replication_factor;
    for (partition, brokers) in &topic.assignments {
        let mut assignment = CreatableReplicaAssignment::default();
        assignment.partition_index = *partition;
        assignment.broker_ids = brokers.iter().map(|id| (*id).into()).collect();
        wanted.assignments.push(assignment);
    }
    for (name, value) in &topic.configs {
        let mut config = CreatableTopicConfig::default();
        config.name = text(name);
        config.value = Some(text(value));
        wanted.configs.push(config);
    }
    let mut request = CreateTopicsRequest::default();
    request.topics.push(wanted);
    request.timeout_ms = timeout_ms;
    request
}

fn delete_topics(topic: &str, version: i16, timeout_ms: i32) -> DeleteTopicsRequest {
    let mut request = DeleteTopicsRequest::default();
    request.timeout_ms = timeout_ms;
    if version < 6 {
        request.topic_names.push(wire_name(topic));
        return request;
    }
    let mut state = DeleteTopicState::default();
    state.name = Some(wire_name(topic));
    request.topics.push(state);
    request
}

fn elect_leaders(
    tp: &TopicPartition,
    unclean: bool,
    version: i16,
    timeout_ms: i32,
) -> ElectLeadersRequest {
    let mut partitions = TopicPartitions::default();
    partitions.topic = wire_name(&tp.topic);
    partitions.partitions.push(tp.partition);
    let mut request = ElectLeadersRequest::default();
    request.topic_partitions = Some(vec![partitions]);
    request.timeout_ms = timeout_ms;
    if version >= 1 {
        request.election_type = i8::from(unclean);
    }
    request
}

fn list_offsets(
    tp: &TopicPartition,
    spec: OffsetSpec,
    leader_epoch: i32,
    version: i16,
    timeout_ms: i32,
) -> ListOffsetsRequest {
    let mut request = ListOffsetsRequest::default();
    request.replica_id = (-1).into();
    if version >= 10 {
        request.timeout_ms = timeout_ms;
    }
    let mut partition = ListOffsetsPartition::default();
    partition.partition_index = tp.partition;
    partition.timestamp = list_offsets_timestamp(spec);
    if version >= 4 {
        partition.current_leader_epoch = leader_epoch;
    }
    add_list_offsets(&mut request, &tp.topic, partition);
    request
}

/// What an answer means for the call. Only errors that the next try may not meet are retried.
fn judge(operation: &Operation, message: &Message) -> Verdict {
    match (operation, message) {
        (Operation::CreateTopic(_), Message::CreateTopicsResponse(response)) => {
            let topic = response.topics.first();
            let told = topic.and_then(|topic| topic.error_message.as_ref());
            judge_controller(topic.map(|topic| topic.error_code), told)
        }
        (Operation::DeleteTopic(_), Message::DeleteTopicsResponse(response)) => {
            let topic = response.responses.first();
            let told = topic.and_then(|topic| topic.error_message.as_ref());
            judge_controller(topic.map(|topic| topic.error_code), told)
        }
        (Operation::ElectLeader(..), Message::ElectLeadersResponse(response)) => {
            if response.error_code != 0 {
                return judge_controller(Some(response.error_code), None);
            }
            let results = response.replica_election_results.first();
            let result = results.and_then(|results| results.partition_result.first());
            let told = result.and_then(|result| result.error_message.as_ref());
            judge_controller(result.map(|result| result.error_code), told)
        }
        (Operation::ListOffset(tp, _), Message::ListOffsetsResponse(response)) => {
            let Some(listed) = find_listed(response, tp) else {
                return Verdict::Retry;
            };
            let error = ErrorCode(listed.error_code);
            if error.is_none() {
                return Verdict::Complete(Outcome::Offset(listed.offset));
            }
            match error.is_retriable() {
                true => Verdict::Retry,
                false => failed(error, None),
            }
        }
        _ => Verdict::Retry,
    }
}

fn judge_controller(code: Option<i16>, told: Option<&StrBytes>) -> Verdict {
    match code.map(ErrorCode) {
        Some(ErrorCode::NONE) => Verdict::Complete(Outcome::Done),
        Some(ErrorCode::NOT_CONTROLLER | ErrorCode::THROTTLING_QUOTA_EXCEEDED) | None => {
            Verdict::Retry
        }
        Some(error) => failed(error, told),
    }
}

fn failed(error: ErrorCode, told: Option<&StrBytes>) -> Verdict {
    let message = error_text(error, told.map(|text| text.as_str()));
    Verdict::Complete(Outcome::Failed { error, message })
}

#[cfg(test)]
mod tests;
