//! The quorum's requests and answers, each for the one partition of `__cluster_metadata`
//! (`RaftUtil`), and what an answer says about leader and epoch.

use super::log::EpochAndOffset;
use super::quorum_state::VoterKey;
use crate::kafka::protocol::messages::{
    BeginQuorumEpochRequest, BeginQuorumEpochResponse, EndQuorumEpochRequest,
    EndQuorumEpochResponse, FetchRequest, FetchResponse, FetchSnapshotResponse, TopicName,
    VoteRequest, VoteResponse, begin_quorum_epoch_request as begin_request,
    begin_quorum_epoch_response as begin_response, end_quorum_epoch_request as end_request,
    end_quorum_epoch_response as end_response, fetch_request, fetch_response,
    fetch_snapshot_response as snapshot_response, vote_request, vote_response,
};
use crate::kafka::protocol::{
    ErrorCode, FetchAnswer, METADATA_TOPIC_ID, METADATA_TOPIC_NAME, Message, StrBytes,
};
use crate::sim::Chunk;
use uuid::Uuid;

/// The versions in which the quorum of Kafka 4.3 speaks.
pub(super) const VOTE_VERSION: i16 = 2;
pub(super) const BEGIN_QUORUM_EPOCH_VERSION: i16 = 1;
pub(super) const END_QUORUM_EPOCH_VERSION: i16 = 1;
pub(super) const FETCH_VERSION: i16 = 18;

/// The controllers' port.
pub(super) const CONTROLLER_PORT: u16 = 9_093;
/// The name of the controllers' listener.
pub(super) const CONTROLLER_LISTENER: &str = "CONTROLLER";

/// What a node knows of the quorum, as its answers say it.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) leader: Option<i32>,
    pub(super) epoch: i32,
    /// Where the leader listens.
    pub(super) host: Option<String>,
}

impl Standing {
    fn leader_id(&self) -> i32 {
        self.leader.unwrap_or(-1)
    }

    /// The leader's id and host, if both are known.
    fn endpoint(&self) -> Option<(i32, StrBytes)> {
        let host = self.host.clone()?;
        Some((self.leader?, StrBytes::from_string(host)))
    }
}

/// The part that every answer of the quorum has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) error: ErrorCode,
    pub(super) leader: Option<i32>,
    pub(super) epoch: i32,
}

impl Verdict {
    fn new(error: i16, leader: i32, epoch: i32) -> Self {
        Verdict {
            error: ErrorCode(error),
            leader: Some(leader).filter(|id| *id >= 0),
            epoch,
        }
    }
}

pub(super) fn topic_name() -> TopicName {
    TopicName(StrBytes::from_static_str(METADATA_TOPIC_NAME))
}

/// The cluster id as it travels.
pub(super) fn cluster_id(id: &str) -> Option<StrBytes> {
    Some(StrBytes::from_string(id.to_owned()))
}

/// What a voter or prospective voter asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ballot {
    pub(super) epoch: i32,
    pub(super) candidate: VoterKey,
    pub(super) log_end: EpochAndOffset,
    pub(super) pre_vote: bool,
}

pub(super) fn vote_request(cluster: &str, voter: i32, ballot: &Ballot) -> VoteRequest {
    let partition = vote_request::PartitionData::default()
        .with_replica_epoch(ballot.epoch)
        .with_replica_id(ballot.candidate.id.into())
        .with_replica_directory_id(ballot.candidate.directory.unwrap_or_default())
        .with_last_offset_epoch(ballot.log_end.epoch)
        .with_last_offset(ballot.log_end.offset)
        .with_pre_vote(ballot.pre_vote);
    let topic = vote_request::TopicData::default()
        .with_topic_name(topic_name())
        .with_partitions(vec![partition]);
    VoteRequest::default()
        .with_cluster_id(cluster_id(cluster))
        .with_voter_id(voter.into())
        .with_topics(vec![topic])
}

pub(super) fn read_vote_request(request: &VoteRequest) -> Option<(Ballot, Uuid)> {
    let [topic] = &request.topics[..] else {
        return None;
    };
    let [partition] = &topic.partitions[..] else {
        return None;
    };
    let ballot = Ballot {
        epoch: partition.replica_epoch,
        candidate: VoterKey::of(partition.replica_id.0, partition.replica_directory_id),
        log_end: EpochAndOffset {
            epoch: partition.last_offset_epoch,
            offset: partition.last_offset,
        },
        pre_vote: partition.pre_vote,
    };
    is_metadata(&topic.topic_name, partition.partition_index)
        .then_some((ballot, partition.voter_directory_id))
}

pub(super) fn vote_response(error: ErrorCode, standing: &Standing, granted: bool) -> Message {
    let partition = vote_response::PartitionData::default()
        .with_error_code(error.0)
        .with_leader_id(standing.leader_id().into())
        .with_leader_epoch(standing.epoch)
        .with_vote_granted(granted);
    let topic = vote_response::TopicData::default()
        .with_topic_name(topic_name())
        .with_partitions(vec![partition]);
    let endpoints = standing.endpoint().into_iter().map(|(id, host)| {
        vote_response::NodeEndpoint::default()
            .with_node_id(id.into())
            .with_host(host)
            .with_port(CONTROLLER_PORT)
    });
    VoteResponse::default()
        .with_topics(vec![topic])
        .with_node_endpoints(endpoints.collect())
        .into()
}

/// The verdict of a vote answer, and whether the vote was granted.
pub(super) fn read_vote_response(response: &VoteResponse) -> Option<(Verdict, bool)> {
    let partition = response.topics.first()?.partitions.first()?;
    let verdict = Verdict::new(
        partition.error_code,
        partition.leader_id.0,
        partition.leader_epoch,
    );
    Some((verdict, partition.vote_granted))
}

pub(super) fn begin_quorum_epoch_request(
    cluster: &str,
    voter: i32,
    standing: &Standing,
) -> BeginQuorumEpochRequest {
    let partition = begin_request::PartitionData::default()
        .with_leader_id(standing.leader_id().into())
        .with_leader_epoch(standing.epoch);
    let topic = begin_request::TopicData::default()
        .with_topic_name(topic_name())
        .with_partitions(vec![partition]);
    let endpoints = standing.endpoint().into_iter().map(|(_, host)| {
        begin_request::LeaderEndpoint::default()
            .with_name(StrBytes::from_static_str(CONTROLLER_LISTENER))
            .with_host(host)
            .with_port(CONTROLLER_PORT)
    });
    BeginQuorumEpochRequest::default()
        .with_cluster_id(cluster_id(cluster))
        .with_voter_id(voter.into())
        .with_topics(vec![topic])
        .with_leader_endpoints(endpoints.collect())
}

/// The leader, its epoch, and the directory of the voter that it speaks to.
pub(super) fn read_begin_quorum_epoch_request(
    request: &BeginQuorumEpochRequest,
) -> Option<(i32, i32, Uuid)> {
    let [topic] = &request.topics[..] else {
        return None;
    };
    let [partition] = &topic.partitions[..] else {
        return None;
    };
    is_metadata(&topic.topic_name, partition.partition_index).then_some((
        partition.leader_id.0,
        partition.leader_epoch,
        partition.voter_directory_id,
    ))
}

pub(super) fn begin_quorum_epoch_response(error: ErrorCode, standing: &Standing) -> Message {
    let partition = begin_response::PartitionData::default()
        .with_error_code(error.0)
        .with_leader_id(standing.leader_id().into())
        .with_leader_epoch(standing.epoch);
    let topic = begin_response::TopicData::default()
        .with_topic_name(topic_name())
        .with_partitions(vec![partition]);
    let endpoints = standing.endpoint().into_iter().map(|(id, host)| {
        begin_response::NodeEndpoint::default()
            .with_node_id(id.into())
            .with_host(host)
            .with_port(CONTROLLER_PORT)
    });
    BeginQuorumEpochResponse::default()
        .with_topics(vec![topic])
        .with_node_endpoints(endpoints.collect())
        .into()
}

pub(super) fn read_begin_quorum_epoch_response(
    response: &BeginQuorumEpochResponse,
) -> Option<Verdict> {
    let partition = response.topics.first()?.partitions.first()?;
    Some(Verdict::new(
        partition.error_code,
        partition.leader_id.0,
        partition.leader_epoch,
    ))
}

pub(super) fn end_quorum_epoch_request(
    cluster: &str,
    standing: &Standing,
    preferred: &[i32],
) -> EndQuorumEpochRequest {
    let candidates = preferred
        .iter()
        .map(|id| end_request::ReplicaInfo::default().with_candidate_id((*id).into()));
    let partition = end_request::PartitionData::default()
        .with_leader_id(standing.leader_id().into())
        .with_leader_epoch(standing.epoch)
        .with_preferred_candidates(candidates.collect());
    let topic = end_request::TopicData::default()
        .with_topic_name(topic_name())
        .with_partitions(vec![partition]);
    let endpoints = standing.endpoint().into_iter().map(|(_, host)| {
        end_request::LeaderEndpoint::default()
            .with_name(StrBytes::from_static_str(CONTROLLER_LISTENER))
            .with_host(host)
            .with_port(CONTROLLER_PORT)
    });
    EndQuorumEpochRequest::default()
        .with_cluster_id(cluster_id(cluster))
        .with_topics(vec![topic])
        .with_leader_endpoints(endpoints.collect())
}

/// The leader that resigns, its epoch, and its preferred successors, best first.
pub(super) fn read_end_quorum_epoch_request(
    request: &EndQuorumEpochRequest,
) -> Option<(i32, i32, Vec<i32>)> {
    let [topic] = &request.topics[..] else {
        return None;
    };
    let [partition] = &topic.partitions[..] else {
        return None;
    };
    let candidates = &partition.preferred_candidates;
    let preferred = if candidates.is_empty() {
        partition.preferred_successors.clone()
    } else {
        candidates.iter().map(|info| info.candidate_id.0).collect()
    };
    is_metadata(&topic.topic_name, partition.partition_index).then_some((
        partition.leader_id.0,
        partition.leader_epoch,
        preferred,
    ))
}

pub(super) fn end_quorum_epoch_response(error: ErrorCode, standing: &Standing) -> Message {
    let partition = end_response::PartitionData::default()
        .with_error_code(error.0)
        .with_leader_id(standing.leader_id().into())
        .with_leader_epoch(standing.epoch);
    let topic = end_response::TopicData::default()
        .with_topic_name(topic_name())
        .with_partitions(vec![partition]);
    let endpoints = standing.endpoint().into_iter().map(|(id, host)| {
        end_response::NodeEndpoint::default()
            .with_node_id(id.into())
            .with_host(host)
            .with_port(CONTROLLER_PORT)
    });
    EndQuorumEpochResponse::default()
        .with_topics(vec![topic])
        .with_node_endpoints(endpoints.collect())
        .into()
}

pub(super) fn read_end_quorum_epoch_response(response: &EndQuorumEpochResponse) -> Option<Verdict> {
    let partition = response.topics.first()?.partitions.first()?;
    Some(Verdict::new(
        partition.error_code,
        partition.leader_id.0,
        partition.leader_epoch,
    ))
}

/// A follower's or observer's position, as its fetch says it.
#[derive(Clone, Debug)]
pub(super) struct FetchPosition {
    pub(super) replica: VoterKey,
    pub(super) epoch: i32,
    pub(super) offset: i64,
    pub(super) last_epoch: i32,
    /// The high watermark that the follower knows, -1 for none (KIP-1166).
    pub(super) high_watermark: i64,
    pub(super) max_bytes: i32,
    pub(super) max_wait_ms: i32,
}

pub(super) fn fetch_request(cluster: &str, position: &FetchPosition) -> FetchRequest {
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

pub(super) fn read_fetch_request(request: &FetchRequest) -> Option<FetchPosition> {
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
pub(super) struct FetchResult {
    pub(super) error: ErrorCode,
    pub(super) high_watermark: Option<i64>,
    pub(super) log_start: i64,
    pub(super) diverging: Option<EpochAndOffset>,
    pub(super) chunks: Vec<Chunk>,
}

pub(super) fn fetch_response(result: FetchResult, standing: &Standing) -> Message {
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
pub(super) fn read_fetch_response(
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

pub(super) fn fetch_snapshot_response(error: ErrorCode, standing: &Standing) -> Message {
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

pub(super) fn is_metadata(topic: &TopicName, partition: i32) -> bool {
    *topic == topic_name() && partition == 0
}
