//! What scenario matchers and the trace hash look at in a message: whom it is about and which
//! partitions it names.

use super::Message;
use crate::kafka::protocol::{ErrorCode, FetchAnswer};
use bytes::Bytes;
use kafka_protocol::messages::*;
use uuid::Uuid;

/// What a message says of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionFacts {
    /// The topic's name, where the message carries it.
    pub topic: Option<String>,
    /// The topic's id, where the message carries it.
    pub topic_id: Option<Uuid>,
    /// The partition's number.
    pub partition: i32,
    /// `Fetch`: the fetch offset; `FetchResponse`: the offset of the first batch in it;
    /// `ProduceResponse`: the base offset; `Vote`: the candidate's last offset; snapshots: their
    /// end offset; answers about offsets: the offset. None where the message has none or -1.
    pub offset: Option<i64>,
    /// The leader epoch that the message names, the candidate's epoch for `Vote`; none for -1.
    pub epoch: Option<i32>,
    /// Of an answer: the partition's error code.
    pub error: Option<ErrorCode>,
}

/// What a message says beside its partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct MessageFacts {
    /// The broker or controller that a request names as its sender (none for a client's fetch).
    pub node: Option<i32>,
    /// The epoch of that broker; of `BrokerRegistrationResponse` the new one.
    pub node_epoch: Option<i64>,
    /// Of an answer: its own error code, beside those of partitions.
    pub error: Option<ErrorCode>,
    /// `acks` of `Produce`.
    pub acks: Option<i16>,
    /// Id and epoch of a fetch session; an answer has no epoch (-1).
    pub session: Option<(i32, i32)>,
}

/// [`PartitionFacts`] that borrow, with the records of produce requests and fetch answers.
pub(super) struct View<'a> {
    pub(super) topic: Option<&'a str>,
    pub(super) topic_id: Option<Uuid>,
    pub(super) partition: i32,
    pub(super) offset: Option<i64>,
    pub(super) epoch: Option<i32>,
    pub(super) error: Option<ErrorCode>,
    pub(super) records: Option<&'a Bytes>,
}

impl<'a> View<'a> {
    fn named(topic: &'a str, partition: i32) -> Self {
        View::of(topic, Uuid::nil(), partition)
    }

    fn of(topic: &'a str, topic_id: Uuid, partition: i32) -> Self {
        View {
            topic: (!topic.is_empty()).then_some(topic),
            topic_id: (!topic_id.is_nil()).then_some(topic_id),
            partition,
            offset: None,
            epoch: None,
            error: None,
            records: None,
        }
    }

    fn offset(mut self, offset: i64) -> Self {
        self.offset = (offset >= 0).then_some(offset);
        self
    }

    fn epoch(mut self, epoch: i32) -> Self {
        self.epoch = (epoch >= 0).then_some(epoch);
        self
    }

    fn error(mut self, code: i16) -> Self {
        self.error = Some(ErrorCode(code));
        self
    }
}

impl Message {
    /// The partitions that the message names, in its order.
    pub fn partitions(&self) -> Vec<PartitionFacts> {
        let mut partitions = Vec::new();
        self.each_partition(&mut |view| {
            partitions.push(PartitionFacts {
                topic: view.topic.map(str::to_owned),
                topic_id: view.topic_id,
                partition: view.partition,
                offset: view.offset,
                epoch: view.epoch,
                error: view.error,
            });
        });
        partitions
    }

    /// Whether the answer, or one of its partitions, has this error code.
    pub fn has_error(&self, code: ErrorCode) -> bool {
        let mut found = self.facts().error == Some(code);
        self.each_partition(&mut |view| found |= view.error == Some(code));
        found
    }

    /// What the message says beside its partitions.
    pub fn facts(&self) -> MessageFacts {
        match self.error_code() {
            Some(code) => {
                let error = Some(ErrorCode(code));
                MessageFacts {
                    error,
                    ..self.answer_facts()
                }
            }
            None => self.request_facts(),
        }
    }

    fn answer_facts(&self) -> MessageFacts {
        let none = MessageFacts::default();
        match self {
            Message::FetchResponse(m) => MessageFacts {
                session: Some((m.response.session_id, -1)),
                ..none
            },
            Message::BrokerRegistrationResponse(m) => MessageFacts {
                node_epoch: known_epoch(m.broker_epoch),
                ..none
            },
            _ => none,
        }
    }

    fn request_facts(&self) -> MessageFacts {
        let none = MessageFacts::default();
        let broker = |id: BrokerId, epoch: i64| MessageFacts {
            node: known_node(id.0),
            node_epoch: known_epoch(epoch),
            ..none
        };
        match self {
            Message::ProduceRequest(m) => MessageFacts {
                acks: Some(m.acks),
                ..none
            },
            Message::FetchRequest(m) => MessageFacts {
                session: Some((m.session_id, m.session_epoch)),
                ..fetcher(m)
            },
            Message::ListOffsetsRequest(m) => broker(m.replica_id, -1),
            Message::OffsetForLeaderEpochRequest(m) => broker(m.replica_id, -1),
            Message::FetchSnapshotRequest(m) => broker(m.replica_id, -1),
            Message::AlterPartitionRequest(m) => broker(m.broker_id, m.broker_epoch),
            Message::BrokerRegistrationRequest(m) => broker(m.broker_id, m.previous_broker_epoch),
            Message::BrokerHeartbeatRequest(m) => broker(m.broker_id, m.broker_epoch),
            Message::AllocateProducerIdsRequest(m) => broker(m.broker_id, m.broker_epoch),
            Message::ControllerRegistrationRequest(m) => broker(m.controller_id.into(), -1),
            _ => none,
        }
    }

    /// The error code of an answer that has one at its top.
    fn error_code(&self) -> Option<i16> {
        match self {
            Message::FetchResponse(m) => Some(m.response.error_code),
            Message::MetadataResponse(m) => Some(m.error_code),
            Message::ApiVersionsResponse(m) => Some(m.error_code),
            Message::InitProducerIdResponse(m) => Some(m.error_code),
            Message::ElectLeadersResponse(m) => Some(m.error_code),
            Message::VoteResponse(m) => Some(m.error_code),
            Message::BeginQuorumEpochResponse(m) => Some(m.error_code),
            Message::EndQuorumEpochResponse(m) => Some(m.error_code),
            Message::FetchSnapshotResponse(m) => Some(m.error_code),
            Message::DescribeQuorumResponse(m) => Some(m.error_code),
            Message::AlterPartitionResponse(m) => Some(m.error_code),
            Message::DescribeClusterResponse(m) => Some(m.error_code),
            Message::BrokerRegistrationResponse(m) => Some(m.error_code),
            Message::BrokerHeartbeatResponse(m) => Some(m.error_code),
            Message::ControllerRegistrationResponse(m) => Some(m.error_code),
            Message::AllocateProducerIdsResponse(m) => Some(m.error_code),
            Message::EnvelopeResponse(m) => Some(m.error_code),
            _ => None,
        }
    }
}

/// The replica that fetches; it moved into a struct of its own in version 15.
fn fetcher(request: &FetchRequest) -> MessageFacts {
    let node = known_node(request.replica_state.replica_id.0);
    MessageFacts {
        node: node.or_else(|| known_node(request.replica_id.0)),
        node_epoch: known_epoch(request.replica_state.replica_epoch),
        ..MessageFacts::default()
    }
}

fn known_node(id: i32) -> Option<i32> {
    (id >= 0).then_some(id)
}

fn known_epoch(epoch: i64) -> Option<i64> {
    (epoch >= 0).then_some(epoch)
}

/// Visits `view` for each partition of each topic.
macro_rules! each {
    ($visit:ident, $topics:expr, $topic:ident.$list:ident, $partition:ident => $view:expr) => {
        for $topic in $topics {
            for $partition in &$topic.$list {
                $visit($view);
            }
        }
    };
}

impl Message {
    pub(super) fn each_partition<'a>(&'a self, visit: &mut impl FnMut(View<'a>)) {
        match self.is_request() {
            true => self.each_asked(visit),
            false => self.each_answered(visit),
        }
    }

    fn each_asked<'a>(&'a self, visit: &mut impl FnMut(View<'a>)) {
        match self {
            Message::ProduceRequest(m) => each!(visit, &m.topic_data, t.partition_data, p => View {
                records: p.records.as_ref(),
                ..View::of(&t.name, t.topic_id, p.index)
            }),
            Message::FetchRequest(m) => each!(visit, &m.topics, t.partitions, p =>
                View::of(&t.topic, t.topic_id, p.partition)
                    .offset(p.fetch_offset)
                    .epoch(p.current_leader_epoch)),
            Message::ListOffsetsRequest(m) => each!(visit, &m.topics, t.partitions, p =>
                View::named(&t.name, p.partition_index).epoch(p.current_leader_epoch)),
            Message::OffsetForLeaderEpochRequest(m) => each!(visit, &m.topics, t.partitions, p =>
                View::named(&t.topic, p.partition).epoch(p.leader_epoch)),
            Message::AlterPartitionRequest(m) => each!(visit, &m.topics, t.partitions, p =>
                View::of("", t.topic_id, p.partition_index).epoch(p.leader_epoch)),
            Message::ElectLeadersRequest(m) => {
                each!(visit, m.topic_partitions.iter().flatten(), t.partitions, p =>
                    View::named(&t.topic, *p));
            }
            _ => self.each_asked_of_quorum(visit),
        }
    }

    fn each_asked_of_quorum<'a>(&'a self, visit: &mut impl FnMut(View<'a>)) {
        match self {
            Message::VoteRequest(m) => each!(visit, &m.topics, t.partitions, p =>
                View::named(&t.topic_name, p.partition_index)
                    .offset(p.last_offset)
                    .epoch(p.replica_epoch)),
            Message::BeginQuorumEpochRequest(m) => each!(visit, &m.topics, t.partitions, p =>
                View::named(&t.topic_name, p.partition_index).epoch(p.leader_epoch)),
            Message::EndQuorumEpochRequest(m) => each!(visit, &m.topics, t.partitions, p =>
                View::named(&t.topic_name, p.partition_index).epoch(p.leader_epoch)),
            Message::FetchSnapshotRequest(m) => each!(visit, &m.topics, t.partitions, p =>
                View::named(&t.name, p.partition)
                    .offset(p.snapshot_id.end_offset)
                    .epoch(p.current_leader_epoch)),
            Message::DescribeQuorumRequest(m) => each!(visit, &m.topics, t.partitions, p =>
                View::named(&t.topic_name, p.partition_index)),
            _ => {}
        }
    }

    fn each_answered<'a>(&'a self, visit: &mut impl FnMut(View<'a>)) {
        match self {
            Message::ProduceResponse(m) => each!(visit, &m.responses, t.partition_responses, p =>
                View::of(&t.name, t.topic_id, p.index)
                    .offset(p.base_offset)
                    .epoch(p.current_leader.leader_epoch)
                    .error(p.error_code)),
            Message::FetchResponse(m) => each_fetched(m, visit),
            Message::ListOffsetsResponse(m) => each!(visit, &m.topics, t.partitions, p =>
                View::named(&t.name, p.partition_index)
                    .offset(p.offset)
                    .epoch(p.leader_epoch)
                    .error(p.error_code)),
            Message::OffsetForLeaderEpochResponse(m) => each!(visit, &m.topics, t.partitions, p =>
                View::named(&t.topic, p.partition)
                    .offset(p.end_offset)
                    .epoch(p.leader_epoch)
                    .error(p.error_code)),
            Message::MetadataResponse(m) => each!(visit, &m.topics, t.partitions, p =>
                View::of(name_of(&t.name), t.topic_id, p.partition_index)
                    .epoch(p.leader_epoch)
                    .error(p.error_code)),
            Message::DescribeTopicPartitionsResponse(m) => {
                each!(visit, &m.topics, t.partitions, p =>
                    View::of(name_of(&t.name), t.topic_id, p.partition_index)
                        .epoch(p.leader_epoch)
                        .error(p.error_code));
            }
            Message::AlterPartitionResponse(m) => each!(visit, &m.topics, t.partitions, p =>
                View::of("", t.topic_id, p.partition_index)
                    .epoch(p.leader_epoch)
                    .error(p.error_code)),
            Message::ElectLeadersResponse(m) => {
                each!(visit, &m.replica_election_results, t.partition_result, p =>
                    View::named(&t.topic, p.partition_id).error(p.error_code));
            }
            _ => self.each_answered_by_quorum(visit),
        }
    }

    fn each_answered_by_quorum<'a>(&'a self, visit: &mut impl FnMut(View<'a>)) {
        match self {
            Message::VoteResponse(m) => each!(visit, &m.topics, t.partitions, p =>
                View::named(&t.topic_name, p.partition_index)
                    .epoch(p.leader_epoch)
                    .error(p.error_code)),
            Message::BeginQuorumEpochResponse(m) => each!(visit, &m.topics, t.partitions, p =>
                View::named(&t.topic_name, p.partition_index)
                    .epoch(p.leader_epoch)
                    .error(p.error_code)),
            Message::EndQuorumEpochResponse(m) => each!(visit, &m.topics, t.partitions, p =>
                View::named(&t.topic_name, p.partition_index)
                    .epoch(p.leader_epoch)
                    .error(p.error_code)),
            Message::FetchSnapshotResponse(m) => each!(visit, &m.topics, t.partitions, p =>
                View::named(&t.name, p.index)
                    .offset(p.snapshot_id.end_offset)
                    .epoch(p.current_leader.leader_epoch)
                    .error(p.error_code)),
            Message::DescribeQuorumResponse(m) => each!(visit, &m.topics, t.partitions, p =>
                View::named(&t.topic_name, p.partition_index)
                    .offset(p.high_watermark)
                    .epoch(p.leader_epoch)
                    .error(p.error_code)),
            _ => {}
        }
    }
}

fn each_fetched<'a>(answer: &'a FetchAnswer, visit: &mut impl FnMut(View<'a>)) {
    let topics = answer.response.responses.iter();
    let partitions = topics.flat_map(|topic| topic.partitions.iter().map(move |p| (topic, p)));
    for (index, (topic, partition)) in partitions.enumerate() {
        let records = answer.records_of(index).first().map(|chunk| &chunk.bytes);
        let view = View::of(&topic.topic, topic.topic_id, partition.partition_index)
            .offset(records.and_then(base_offset).unwrap_or(-1))
            .epoch(partition.current_leader.leader_epoch)
            .error(partition.error_code);
        visit(View { records, ..view });
    }
}

/// The first field of a batch.
fn base_offset(records: &Bytes) -> Option<i64> {
    let field = records.get(..8)?;
    Some(i64::from_be_bytes(field.try_into().ok()?))
}

fn name_of(name: &Option<TopicName>) -> &str {
    name.as_ref().map_or("", |name| name)
}
