//! Messages survive their wire, and matchers and digests see what they should.

use super::*;
use crate::kafka::protocol::record_batch::{BatchBuilder, Record};
use crate::kafka::protocol::{ErrorCode, StrBytes, api_versions};
use crate::sim::Chunk;
use fetch_request::{FetchPartition, FetchTopic};
use fetch_response::{FetchableTopicResponse, PartitionData};
use produce_request::{PartitionProduceData, TopicProduceData};
use produce_response::{PartitionProduceResponse, TopicProduceResponse};
use uuid::Uuid;

fn batch(base_offset: i64, value: &'static str) -> Bytes {
    let mut builder = BatchBuilder::new(base_offset);
    let value = Some(Bytes::from_static(value.as_bytes()));
    builder.push_next(Record {
        timestamp: 1,
        value,
        ..Record::default()
    });
    builder.build().bytes().clone()
}

fn name(text: &'static str) -> TopicName {
    TopicName(StrBytes::from_static_str(text))
}

fn fetch(offset: i64) -> FetchRequest {
    let partition = FetchPartition::default()
        .with_partition(3)
        .with_fetch_offset(offset)
        .with_current_leader_epoch(5);
    let topic = FetchTopic::default().with_topic_id(Uuid::from_u128(9));
    let state = fetch_request::ReplicaState::default()
        .with_replica_id(2.into())
        .with_replica_epoch(40);
    FetchRequest::default()
        .with_replica_id((-1).into())
        .with_replica_state(state)
        .with_session_id(7)
        .with_session_epoch(1)
        .with_topics(vec![topic.with_partitions(vec![partition])])
}

fn fetched(chunks: Vec<Chunk>) -> FetchAnswer {
    let partition = PartitionData::default()
        .with_partition_index(3)
        .with_high_watermark(12);
    let topic = FetchableTopicResponse::default().with_topic_id(Uuid::from_u128(9));
    let response =
        FetchResponse::default().with_responses(vec![topic.with_partitions(vec![partition])]);
    FetchAnswer {
        response,
        records: vec![chunks],
    }
}

fn produce(records: Bytes) -> ProduceRequest {
    let partition = PartitionProduceData::default()
        .with_index(1)
        .with_records(Some(records));
    let topic = TopicProduceData::default().with_name(name("orders"));
    ProduceRequest::default()
        .with_acks(-1)
        .with_topic_data(vec![topic.with_partition_data(vec![partition])])
}

/// Each api's default request and answer, decoded from nothing but their encoding.
#[test]
fn every_message_survives_every_version_that_is_served() {
    let mut checked = 0;
    let tables = [api_versions::broker(), api_versions::controller()].concat();
    for range in tables {
        let known = range.api.valid_versions();
        for version in range.min.max(known.min)..=range.max {
            for message in default_pair(range.api) {
                message.round_trip(version).unwrap();
                checked += 1;
            }
        }
    }
    assert!(checked > 150, "{checked}");
}

macro_rules! default_pairs {
    ($($api:ident: $request:ident, $response:expr;)*) => {
        fn default_pair(api: ApiKey) -> [Message; 2] {
            match api {
                $(ApiKey::$api => [$request::default().into(), $response.into()],)*
                other => panic!("{other:?} has no pair"),
            }
        }
    };
}

default_pairs! {
    Produce: ProduceRequest, ProduceResponse::default();
    Fetch: FetchRequest, FetchAnswer::empty(FetchResponse::default());
    ListOffsets: ListOffsetsRequest, ListOffsetsResponse::default();
    Metadata: MetadataRequest, MetadataResponse::default();
    ApiVersions: ApiVersionsRequest, ApiVersionsResponse::default();
    CreateTopics: CreateTopicsRequest, CreateTopicsResponse::default();
    DeleteTopics: DeleteTopicsRequest, DeleteTopicsResponse::default();
    InitProducerId: InitProducerIdRequest, InitProducerIdResponse::default();
    OffsetForLeaderEpoch: OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse::default();
    ElectLeaders: ElectLeadersRequest, ElectLeadersResponse::default();
    Vote: VoteRequest, VoteResponse::default();
    BeginQuorumEpoch: BeginQuorumEpochRequest, BeginQuorumEpochResponse::default();
    EndQuorumEpoch: EndQuorumEpochRequest, EndQuorumEpochResponse::default();
    FetchSnapshot: FetchSnapshotRequest, FetchSnapshotResponse::default();
    DescribeQuorum: DescribeQuorumRequest, DescribeQuorumResponse::default();
    AlterPartition: AlterPartitionRequest, AlterPartitionResponse::default();
    DescribeCluster: DescribeClusterRequest, DescribeClusterResponse::default();
    DescribeTopicPartitions: DescribeTopicPartitionsRequest,
        DescribeTopicPartitionsResponse::default();
    BrokerRegistration: BrokerRegistrationRequest, BrokerRegistrationResponse::default();
    BrokerHeartbeat: BrokerHeartbeatRequest, BrokerHeartbeatResponse::default();
    ControllerRegistration: ControllerRegistrationRequest,
        ControllerRegistrationResponse::default();
    AllocateProducerIds: AllocateProducerIdsRequest, AllocateProducerIdsResponse::default();
    Envelope: EnvelopeRequest, EnvelopeResponse::default();
}

#[test]
fn chunks_of_a_fetch_answer_survive_joined() {
    let chunks = [batch(8, "a"), batch(9, "b")];
    let sound = chunks.map(|bytes| Chunk { bytes, sound: true });
    let answer = Message::from(fetched(sound.to_vec()));
    answer.round_trip(17).unwrap();
    let encoded = answer.encode(17).unwrap();
    // The size leaves out how much longer the length field of the records gets.
    assert!((0..=2).contains(&(encoded.len() as u64 - answer.size(17))));
    Message::from(fetched(Vec::new())).round_trip(17).unwrap();
}

#[test]
fn a_field_of_another_version_is_reported() {
    // The name travels up to version 12, the id from 13 on.
    let error = Message::from(fetch(8)).round_trip(12).unwrap_err();
    assert!(error.starts_with("Fetch v12: "), "{error}");
    Message::from(fetch(8)).round_trip(17).unwrap();
    // A field that is silently dropped shows as a difference.
    let mut answer = ProduceResponse::default();
    answer.throttle_time_ms = 3;
    let partition = PartitionProduceResponse::default().with_error_message(Some("why".into()));
    let topic = TopicProduceResponse::default().with_name(name("orders"));
    answer.responses = vec![topic.with_partition_responses(vec![partition])];
    Message::from(answer.clone()).round_trip(9).unwrap();
    let error = Message::from(answer).round_trip(7).unwrap_err();
    assert!(error.starts_with("ProduceResponse v7: "), "{error}");
    assert!(Message::from(produce(Bytes::new())).round_trip(2).is_err());
}

#[test]
fn partitions_and_facts_show_what_matchers_ask_for() {
    let request = Message::from(fetch(8));
    let expected = PartitionFacts {
        topic: None,
        topic_id: Some(Uuid::from_u128(9)),
        partition: 3,
        offset: Some(8),
        epoch: Some(5),
        error: None,
    };
    assert_eq!(request.partitions(), std::slice::from_ref(&expected));
    let facts = request.facts();
    assert_eq!((facts.node, facts.node_epoch), (Some(2), Some(40)));
    assert_eq!((facts.session, facts.error), (Some((7, 1)), None));

    let chunks = vec![Chunk {
        bytes: batch(11, "a"),
        sound: true,
    }];
    let mut answer = fetched(chunks);
    answer.response.responses[0].partitions[0].error_code = 1;
    let answer = Message::from(answer);
    let partition = PartitionFacts {
        offset: Some(11),
        epoch: None,
        error: Some(ErrorCode::OFFSET_OUT_OF_RANGE),
        ..expected
    };
    assert_eq!(answer.partitions(), [partition]);
    assert_eq!(answer.facts().error, Some(ErrorCode::NONE));
    assert!(answer.has_error(ErrorCode::OFFSET_OUT_OF_RANGE));
    assert!(!answer.has_error(ErrorCode::NOT_CONTROLLER));

    let produce = Message::from(produce(batch(0, "a")));
    assert_eq!(produce.facts().acks, Some(-1));
    assert_eq!(produce.partitions()[0].topic.as_deref(), Some("orders"));
    assert_eq!(
        (
            produce.partitions()[0].partition,
            produce.partitions()[0].offset
        ),
        (1, None)
    );
}

#[test]
fn the_digest_sees_every_field_that_matters() {
    let mut messages = vec![
        Message::from(fetch(8)),
        Message::from(fetch(9)),
        Message::from(FetchRequest::default()),
        Message::from(fetched(Vec::new())),
        Message::from(fetched(vec![Chunk {
            bytes: batch(8, "a"),
            sound: true,
        }])),
        Message::from(fetched(vec![Chunk {
            bytes: batch(8, "b"),
            sound: true,
        }])),
        Message::from(fetched(vec![Chunk {
            bytes: batch(9, "b"),
            sound: true,
        }])),
        Message::from(produce(batch(0, "a"))),
        Message::from(produce(batch(0, "b"))),
        Message::from(produce(batch(0, "b")).with_acks(1)),
        Message::from(VoteRequest::default()),
        Message::from(VoteResponse::default()),
        Message::from(VoteResponse::default().with_error_code(3)),
        Message::from(BrokerHeartbeatRequest::default()),
        Message::from(BrokerHeartbeatRequest::default().with_want_fence(true)),
        Message::from(BrokerHeartbeatRequest::default().with_broker_epoch(4)),
        Message::from(AllocateProducerIdsResponse::default()),
        Message::from(AllocateProducerIdsResponse::default().with_producer_id_start(5.into())),
    ];
    let mut epoch = fetch(8);
    epoch.topics[0].partitions[0].current_leader_epoch = 6;
    messages.push(Message::from(epoch));
    let mut digests: Vec<u64> = messages.iter().map(Message::digest).collect();
    assert_eq!(
        digests,
        messages.iter().map(Message::digest).collect::<Vec<_>>()
    );
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), messages.len());
}

#[test]
fn the_digest_does_not_see_who_verified_a_chunk() {
    let with = |sound| {
        Message::from(fetched(vec![Chunk {
            bytes: batch(8, "a"),
            sound,
        }]))
    };
    assert_eq!(with(true).digest(), with(false).digest());
}
