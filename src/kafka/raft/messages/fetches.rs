//! Fetch and FetchSnapshot.

use super::{CONTROLLER_PORT, Standing, Verdict, cluster_id, topic_name};
use crate::kafka::protocol::messages::{
    FetchRequest, FetchResponse, FetchSnapshotResponse, fetch_request, fetch_response,
    fetch_snapshot_response as snapshot_response,
};
use crate::kafka::protocol::{ErrorCode, FetchAnswer, METADATA_TOPIC_ID, Message};
use crate::kafka::raft::log::EpochAndOffset;
use crate::kafka::raft::quorum_state::VoterKey;
use crate::sim::Chunk;

/// A follower's or observer's position, as its fetch says it.
#[derive(Clone, Debug)]
pub(in crate::kafka::raft) struct FetchPosition {
    pub(in crate::kafka::raft) replica: VoterKey,
    pub(in crate::kafka::raft) epoch: i32,
    pub(in crate::kafka::raft) offset: i64,
    pub(in crate::kafka::raft) last_epoch: i32,
    /// The high watermark that the follower knows, -1 for none (KIP-1166).
    pub(in crate::kafka::raft) high_watermark: i64,
    pub(in crate::kafka::raft) max_bytes: i32,
    pub(in crate::kafka::raft) max_wait_ms: i32,
}

pub(in crate::kafka::raft) fn fetch_request(
    cluster: &str,
    position: &FetchPosition,
) -> FetchRequest {
    let partition = fetch_request::FetchPartition::default()
        .with_current_leader_epoch(position.epoch)
        .with_fetch_offset(position.offset)
        .with_last_fetched_epoch(position.last_epoch)
        .with_replica_directory_id(position.replica.directory.unwrap_or_default())
        .with_high_watermark(position.high_watermark);
    let topic = fetch_request::FetchTopic::default()
        .with_topic_id(METADATA_TOPIC_ID)
        .with_partitions(vec![partition]);
    let replica_state =
        fetch_request::ReplicaState::default().with_replica_id(position.replica.id.into());
    FetchRequest::default()
        .with_cluster_id(cluster_id(cluster))
        .with_replica_state(replica_state)
        .with_max_wait_ms(position.max_wait_ms)
        .with_max_bytes(position.max_bytes)
        .with_topics(vec![topic])
}

pub(in crate::kafka::raft) fn read_fetch_request(request: &FetchRequest) -> Option<FetchPosition> {
    let [topic] = &request.topics[..] else {
        return None;
    };
    let [partition] = &topic.partitions[..] else {
        return None;
    };
    let named = topic.topic_id == METADATA_TOPIC_ID || topic.topic == topic_name();
    let replica = request.replica_state.replica_id.0.max(request.replica_id.0);
    (named && partition.partition == 0).then(|| FetchPosition {
        replica: VoterKey::of(replica, partition.replica_directory_id),
        epoch: partition.current_leader_epoch,
        offset: partition.fetch_offset,
        last_epoch: partition.last_fetched_epoch,
        high_watermark: partition.high_watermark,
        max_bytes: request.max_bytes,
        max_wait_ms: request.max_wait_ms,
    })
}

/// What a leader answers to a fetch.
#[derive(Clone, Debug, Default)]
pub(in crate::kafka::raft) struct FetchResult {
    pub(in crate::kafka::raft) error: ErrorCode,
    pub(in crate::kafka::raft) high_watermark: Option<i64>,
    pub(in crate::kafka::raft) log_start: i64,
    pub(in crate::kafka::raft) diverging: Option<EpochAndOffset>,
    pub(in crate::kafka::raft) chunks: Vec<Chunk>,
}

pub(in crate::kafka::raft) fn fetch_response(result: FetchResult, standing: &Standing) -> Message {
    let leader = fetch_response::LeaderIdAndEpoch::default()
        .with_leader_id(standing.leader_id().into())
        .with_leader_epoch(standing.epoch);
    let mut partition = fetch_response::PartitionData::default()
        .with_error_code(result.error.0)
        .with_high_watermark(result.high_watermark.unwrap_or(-1))
        .with_log_start_offset(result.log_start)
        .with_current_leader(leader)
        .with_records(None);
    if let Some(end) = result.diverging {
        partition.diverging_epoch = fetch_response::EpochEndOffset::default()
            .with_epoch(end.epoch)
            .with_end_offset(end.offset);
    }
    let topic = fetch_response::FetchableTopicResponse::default()
        .with_topic_id(METADATA_TOPIC_ID)
        .with_partitions(vec![partition]);
    let endpoints = standing.endpoint().into_iter().map(|(id, host)| {
        fetch_response::NodeEndpoint::default()
            .with_node_id(id.into())
            .with_host(host)
            .with_port(i32::from(CONTROLLER_PORT))
    });
    let response = FetchResponse::default()
        .with_responses(vec![topic])
        .with_node_endpoints(endpoints.collect());
    let records = vec![result.chunks];
    FetchAnswer { response, records }.into()
}

/// The verdict and the partition of a fetch answer.
pub(in crate::kafka::raft) fn read_fetch_response(
    answer: &FetchAnswer,
) -> Option<(Verdict, &fetch_response::PartitionData)> {
    let partition = answer.response.responses.first()?.partitions.first()?;
    let leader = &partition.current_leader;
    let verdict = Verdict::new(
        partition.error_code,
        leader.leader_id.0,
        leader.leader_epoch,
    );
    Some((verdict, partition))
}

pub(in crate::kafka::raft) fn fetch_snapshot_response(
    error: ErrorCode,
    standing: &Standing,
) -> Message {
    let leader = snapshot_response::LeaderIdAndEpoch::default()
        .with_leader_id(standing.leader_id().into())
        .with_leader_epoch(standing.epoch);
    let partition = snapshot_response::PartitionSnapshot::default()
        .with_error_code(error.0)
        .with_current_leader(leader);
    let topic = snapshot_response::TopicSnapshot::default()
        .with_name(topic_name())
        .with_partitions(vec![partition]);
    let endpoints = standing.endpoint().into_iter().map(|(id, host)| {
        snapshot_response::NodeEndpoint::default()
            .with_node_id(id.into())
            .with_host(host)
            .with_port(CONTROLLER_PORT)
    });
    FetchSnapshotResponse::default()
        .with_topics(vec![topic])
        .with_node_endpoints(endpoints.collect())
        .into()
}
