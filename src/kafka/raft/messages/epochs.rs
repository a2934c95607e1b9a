//! BeginQuorumEpoch and EndQuorumEpoch.

use super::{
    CONTROLLER_LISTENER, CONTROLLER_PORT, Standing, Verdict, cluster_id, is_metadata, topic_name,
};
use crate::kafka::protocol::messages::{
    BeginQuorumEpochRequest, BeginQuorumEpochResponse, EndQuorumEpochRequest,
    EndQuorumEpochResponse, begin_quorum_epoch_request as begin_request,
    begin_quorum_epoch_response as begin_response, end_quorum_epoch_request as end_request,
    end_quorum_epoch_response as end_response,
};
use crate::kafka::protocol::{ErrorCode, Message, StrBytes};
use uuid::Uuid;

pub(in crate::kafka::raft) fn begin_quorum_epoch_request(
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
pub(in crate::kafka::raft) fn read_begin_quorum_epoch_request(
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

pub(in crate::kafka::raft) fn begin_quorum_epoch_response(
    error: ErrorCode,
    standing: &Standing,
) -> Message {
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

pub(in crate::kafka::raft) fn read_begin_quorum_epoch_response(
    response: &BeginQuorumEpochResponse,
) -> Option<Verdict> {
    let partition = response.topics.first()?.partitions.first()?;
    Some(Verdict::new(
        partition.error_code,
        partition.leader_id.0,
        partition.leader_epoch,
    ))
}

pub(in crate::kafka::raft) fn end_quorum_epoch_request(
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
pub(in crate::kafka::raft) fn read_end_quorum_epoch_request(
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

pub(in crate::kafka::raft) fn end_quorum_epoch_response(
    error: ErrorCode,
    standing: &Standing,
) -> Message {
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

pub(in crate::kafka::raft) fn read_end_quorum_epoch_response(
    response: &EndQuorumEpochResponse,
) -> Option<Verdict> {
    let partition = response.topics.first()?.partitions.first()?;
    Some(Verdict::new(
        partition.error_code,
        partition.leader_id.0,
        partition.leader_epoch,
    ))
}
