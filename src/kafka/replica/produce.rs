//! Produce: append, answer at once or park until the ISR has it (`ReplicaManager.appendRecords`,
//! `DelayedProduce`, behaviour.md 2.25).

use super::partition::{Acknowledgement, Refusal};
use super::purgatory::{Delayed, DelayedKind};
use super::table::{PartitionNo, PartitionTable};
use super::{ReplicaManager, Requester, not_hosted};
use crate::kafka::config::Sabotage;
use crate::kafka::metadata::MetadataImage;
use crate::kafka::protocol::messages::produce_request::PartitionProduceData;
use crate::kafka::protocol::messages::produce_response::{
    BatchIndexAndErrorMessage, NodeEndpoint, PartitionProduceResponse, TopicProduceResponse,
};
use crate::kafka::protocol::messages::{BrokerId, ProduceRequest, ProduceResponse, TopicName};
use crate::kafka::protocol::record_batch::RecordBatch;
use crate::kafka::protocol::{ErrorCode, StrBytes};
use crate::kafka::vocabulary::{Kafka, Note, ReplicaTimer, Timer, Tp, Work};
use crate::sim::{Ctx, Span};
use bytes::Bytes;
use uuid::Uuid;

/// From this version on a topic is named by its id.
const TOPIC_IDS_SINCE: i16 = 13;
/// From this version on an answer says who leads (KIP-951).
const LEADER_HINT_SINCE: i16 = 10;
/// Topics that only coordinators write.
const INTERNAL_TOPICS: [&str; 3] = [
    "__consumer_offsets",
    "__transaction_state",
    "__share_group_state",
];
/// What Kafka answers to a transactional batch when no transaction coordinator can be asked.
const NOT_VERIFIED: &str = "Unable to verify the partition has been added to the transaction. \
                            Underlying error: COORDINATOR_NOT_AVAILABLE";

/// A produce with acks=all that waits for the ISR.
#[derive(Clone, Debug)]
pub(super) struct DelayedProduce {
    pub(super) from: Requester,
    acks: i16,
    /// The answer: appended partitions stand at REQUEST_TIMED_OUT until they are settled.
    answers: Vec<TopicAnswer>,
}

#[derive(Clone, Debug)]
struct TopicAnswer {
    name: TopicName,
    id: Uuid,
    partitions: Vec<PartitionAnswer>,
}

#[derive(Clone, Debug)]
struct PartitionAnswer {
    response: PartitionProduceResponse,
    appended: Option<AppendedTo>,
}

/// Where a batch went.
#[derive(Clone, Copy, Debug)]
struct AppendedTo {
    no: PartitionNo,
    last_offset: i64,
    high_watermark_advanced: bool,
    /// Waits for the high watermark to pass the last offset.
    pending: bool,
}

impl ReplicaManager {
    /// Handles a produce request: answers it, says that it gets no answer (acks=0), closes its
    /// connection (acks=0 and an error), or parks it.
    pub fn handle_produce(
        &mut self,
        from: Requester,
        request: ProduceRequest,
        image: &MetadataImage,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        ctx.spend(Work::ProduceRequests, 1);
        let transactional = has_transactional_records(&request);
        let verdict = if transactional && request.transactional_id.is_none() {
            Some(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
        } else {
            None
        };
        let acks = request.acks;
        let timeout = Span::from_millis(u64::try_from(request.timeout_ms).unwrap_or(0));
        let mut produce = DelayedProduce {
            from,
            acks,
            answers: Vec::with_capacity(request.topic_data.len()),
        };
        for topic in request.topic_data {
            let (name, id, known) = resolve(&topic.name, topic.topic_id, from, image);
            let mut partitions = Vec::with_capacity(topic.partition_data.len());
            for data in topic.partition_data {
                let refused = verdict.or(known.err());
                let answer = match refused {
                    Some(error) => refused_answer(data.index, Refusal::new(error, -1)),
                    None => self.produce_to(&name, id, data, acks, image, ctx),
                };
                note_refusal(Tp::new(id, answer.response.index), &answer, ctx);
                partitions.push(answer);
            }
            let name = TopicName(StrBytes::from_string(name));
            let topic = TopicAnswer {
                name,
                id,
                partitions,
            };
            produce.answers.push(topic);
        }
        self.answer_or_park(produce, timeout, ctx);
    }

    fn produce_to(
        &mut self,
        topic: &str,
        id: Uuid,
        data: PartitionProduceData,
        acks: i16,
        image: &MetadataImage,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> PartitionAnswer {
        let records = data.records.unwrap_or_default();
        let result = self
            .check_produce(topic, id, data.index, &records, acks, image)
            .and_then(|no| self.append_for_client(no, &records, acks, ctx));
        match result {
            Ok(answer) => answer,
            Err(refusal) => {
                if let Some(error) = refusal.disk {
                    self.fail(error);
                }
                refused_answer(data.index, refusal)
            }
        }
    }

    /// All that is checked before a partition is asked.
    fn check_produce(
        &self,
        topic: &str,
        id: Uuid,
        partition: i32,
        records: &Bytes,
        acks: i16,
        image: &MetadataImage,
    ) -> Result<PartitionNo, Refusal> {
        let refuse = |error| Err(Refusal::new(error, -1));
        if image.partition(id, partition).is_none() {
            return refuse(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        }
        if !(-1..=1).contains(&acks) {
            return refuse(ErrorCode::INVALID_REQUIRED_ACKS);
        }
        if INTERNAL_TOPICS.contains(&topic) {
            return refuse(ErrorCode::INVALID_TOPIC_EXCEPTION);
        }
        if is_transactional(records) {
            return Err(Refusal {
                message: Some(NOT_VERIFIED.to_owned()),
                ..Refusal::new(ErrorCode::NOT_ENOUGH_REPLICAS, -1)
            });
        }
        self.hosted(image, id, partition)
            .map_err(|error| Refusal::new(error, -1))
    }

    fn append_for_client(
        &mut self,
        no: PartitionNo,
        records: &Bytes,
        acks: i16,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<PartitionAnswer, Refusal> {
        let broker = &self.broker;
        let Some(partition) = self.partitions.get_mut(no) else {
            return Err(Refusal::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, -1));
        };
        let (info, advanced) = partition.append_for_client(records, acks, broker, ctx)?;
        if !info.duplicate {
            let place = partition.end_of_file(ctx.disk);
            self.io
                .appended(((no, place.0), place.1), info.bytes, info.records, ctx);
        }
        let mut response = PartitionProduceResponse::default();
        response.index = partition.number();
        response.base_offset = info.first_offset;
        response.log_append_time_ms = info.log_append_time;
        response.log_start_offset = info.log_start_offset;
        let appended = AppendedTo {
            no,
            last_offset: info.last_offset,
            high_watermark_advanced: advanced,
            pending: false,
        };
        Ok(PartitionAnswer {
            response,
            appended: Some(appended),
        })
    }

    fn answer_or_park(
        &mut self,
        mut produce: DelayedProduce,
        timeout: Span,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let appended: Vec<AppendedTo> = produce.appended().collect();
        let waits = produce.acks == -1 && !self.broker.has(Sabotage::AckAtLeaderAppend);
        if waits && !appended.is_empty() {
            produce.wait_for_isr();
            if settle_produce(&self.partitions, &self.broker.image, &mut produce) {
                self.complete_produce(produce, ctx);
            } else {
                self.park_produce(produce, timeout, ctx);
            }
        } else {
            self.complete_produce(produce, ctx);
        }
        for to in appended {
            let kinds = if to.high_watermark_advanced {
                &[DelayedKind::Produce, DelayedKind::Fetch][..]
            } else {
                &[DelayedKind::Fetch][..]
            };
            self.complete_delayed(to.no, kinds, ctx);
        }
    }

    fn park_produce(&mut self, produce: DelayedProduce, timeout: Span, ctx: &mut Ctx<'_, Kafka>) {
        let pending: Vec<AppendedTo> = produce.appended().filter(|to| to.pending).collect();
        for to in &pending {
            if let Some(partition) = self.partitions.get(to.no) {
                let (partition, last) = (partition.tp(), to.last_offset);
                ctx.note(Note::ProduceParked { partition, last });
            }
        }
        let watches: Vec<PartitionNo> = pending.iter().map(|to| to.no).collect();
        let slot = self.purgatory.park(Delayed::Produce(produce), &watches);
        ctx.arm_after(timeout, Timer::Replica(ReplicaTimer::Delayed(slot)));
    }

    /// Settles what can be settled of a parked produce; true if nothing is left to wait for.
    pub(super) fn settle_parked_produce(&mut self, slot: u32) -> bool {
        match self.purgatory.get_mut(slot) {
            Some(Delayed::Produce(produce)) => {
                settle_produce(&self.partitions, &self.broker.image, produce)
            }
            _ => false,
        }
    }

    /// Answers, with whatever is settled by now.
    pub(super) fn complete_produce(&self, produce: DelayedProduce, ctx: &mut Ctx<'_, Kafka>) {
        let from = produce.from;
        if produce.acks == 0 {
            if produce.has_error() {
                ctx.close(from.conn);
            } else {
                ctx.no_response(from.conn, from.corr);
            }
            return;
        }
        produce.note_answers(ctx);
        let response = self.produce_response(produce);
        from.respond(response, ctx);
    }

    fn produce_response(&self, produce: DelayedProduce) -> ProduceResponse {
        let version = produce.from.api_version;
        let mut response = ProduceResponse::default();
        for topic in produce.answers {
            let mut answer = TopicProduceResponse::default();
            if version >= TOPIC_IDS_SINCE {
                answer.topic_id = topic.id;
            } else {
                answer.name = topic.name;
            }
            for partition in topic.partitions {
                let mut partition = partition.response;
                if version >= LEADER_HINT_SINCE {
                    self.hint_leader(topic.id, &mut partition, &mut response.node_endpoints);
                }
                only_in_version(&mut partition, version);
                answer.partition_responses.push(partition);
            }
            response.responses.push(answer);
        }
        response
    }

    fn hint_leader(
        &self,
        id: Uuid,
        partition: &mut PartitionProduceResponse,
        endpoints: &mut Vec<NodeEndpoint>,
    ) {
        if partition.error_code != ErrorCode::NOT_LEADER_OR_FOLLOWER.0 {
            return;
        }
        let hint = self.leader_hint(&self.broker.image, id, partition.index);
        partition.current_leader.leader_id = BrokerId(hint.leader);
        partition.current_leader.leader_epoch = hint.epoch;
        let Some(at) = hint.endpoint else { return };
        if endpoints.iter().all(|known| known.node_id.0 != hint.leader) {
            let mut endpoint = NodeEndpoint::default();
            endpoint.node_id = BrokerId(hint.leader);
            endpoint.host = at.host;
            endpoint.port = at.port;
            endpoint.rack = at.rack;
            endpoints.push(endpoint);
        }
    }
}

impl DelayedProduce {
    fn partitions(&self) -> impl Iterator<Item = (Uuid, &PartitionAnswer)> {
        self.answers.iter().flat_map(|topic| {
            topic
                .partitions
                .iter()
                .map(|partition| (topic.id, partition))
        })
    }

    fn appended(&self) -> impl Iterator<Item = AppendedTo> {
        self.partitions()
            .filter_map(|(_, partition)| partition.appended)
    }

    fn has_error(&self) -> bool {
        self.partitions()
            .any(|(_, partition)| partition.response.error_code != 0)
    }

    fn wait_for_isr(&mut self) {
        let all = self
            .answers
            .iter_mut()
            .flat_map(|topic| &mut topic.partitions);
        for partition in all {
            if let Some(to) = &mut partition.appended {
                to.pending = true;
                partition.response.error_code = ErrorCode::REQUEST_TIMED_OUT.0;
            }
        }
    }

    fn note_answers(&self, ctx: &mut Ctx<'_, Kafka>) {
        for (id, answer) in self.partitions() {
            if let Some(to) = answer.appended {
                ctx.note(Note::ProduceAnswered {
                    partition: Tp::new(id, answer.response.index),
                    base: answer.response.base_offset,
                    last: to.last_offset,
                    error: ErrorCode(answer.response.error_code),
                    acks: i32::from(self.acks),
                });
            }
        }
    }
}

fn settle_produce(
    partitions: &PartitionTable,
    image: &MetadataImage,
    produce: &mut DelayedProduce,
) -> bool {
    let mut done = true;
    for topic in &mut produce.answers {
        for answer in &mut topic.partitions {
            let Some(to) = answer.appended.as_mut().filter(|to| to.pending) else {
                continue;
            };
            let index = answer.response.index;
            let acknowledgement = match partitions.get(to.no) {
                Some(partition) => partition.acknowledge(to.last_offset + 1),
                None => Acknowledgement::Answer(not_hosted(image, topic.id, index)),
            };
            match acknowledgement {
                Acknowledgement::Waits => done = false,
                Acknowledgement::Answer(error) => {
                    to.pending = false;
                    answer.response.error_code = error.0;
                }
            }
        }
    }
    done
}

/// Name and id of a requested topic, and whether it exists.
fn resolve(
    name: &TopicName,
    id: Uuid,
    from: Requester,
    image: &MetadataImage,
) -> (String, Uuid, Result<(), ErrorCode>) {
    if from.api_version >= TOPIC_IDS_SINCE {
        match image.topics.get(&id) {
            Some(topic) => (topic.name.clone(), id, Ok(())),
            None => (String::new(), id, Err(ErrorCode::UNKNOWN_TOPIC_ID)),
        }
    } else {
        let name = name.as_str().to_owned();
        match image.topic(&name) {
            Some(topic) => (name, topic.id, Ok(())),
            None => (
                name,
                Uuid::nil(),
                Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
            ),
        }
    }
}

fn refused_answer(index: i32, refusal: Refusal) -> PartitionAnswer {
    let mut response = PartitionProduceResponse::default();
    response.index = index;
    response.error_code = refusal.error.0;
    response.base_offset = -1;
    response.log_start_offset = refusal.log_start;
    response.error_message = refusal.message.map(StrBytes::from_string);
    for (index, text) in refusal.record_errors {
        let mut error = BatchIndexAndErrorMessage::default();
        error.batch_index = index;
        error.batch_index_error_message = Some(StrBytes::from_string(text));
        response.record_errors.push(error);
    }
    PartitionAnswer {
        response,
        appended: None,
    }
}

/// Older versions have no place for some fields.
fn only_in_version(partition: &mut PartitionProduceResponse, version: i16) {
    if version < 8 {
        partition.record_errors.clear();
        partition.error_message = None;
    }
    if version < 5 {
        partition.log_start_offset = -1;
    }
}

fn note_refusal(partition: Tp, answer: &PartitionAnswer, ctx: &mut Ctx<'_, Kafka>) {
    if answer.appended.is_none() {
        let error = ErrorCode(answer.response.error_code);
        ctx.note(Note::ProduceRefused { partition, error });
    }
}

fn has_transactional_records(request: &ProduceRequest) -> bool {
    request
        .topic_data
        .iter()
        .flat_map(|topic| &topic.partition_data)
        .filter_map(|partition| partition.records.as_ref())
        .any(is_transactional)
}

fn is_transactional(records: &Bytes) -> bool {
    RecordBatch::read(records).is_ok_and(|(batch, _)| batch.is_transactional())
}
