//! Vote and its pre-vote.

use super::{CONTROLLER_PORT, Standing, Verdict, cluster_id, is_metadata, topic_name};
use crate::kafka::protocol::messages::{VoteRequest, VoteResponse, vote_request, vote_response};
use crate::kafka::protocol::{ErrorCode, Message};
use crate::kafka::raft::log::EpochAndOffset;
use crate::kafka::raft::quorum_state::VoterKey;
use uuid::Uuid;

/// What a voter or prospective voter asks.
#[derive(Clone, Copy, Debug)]
pub(in crate::kafka::raft) struct Ballot {
    pub(in crate::kafka::raft) epoch: i32,
    pub(in crate::kafka::raft) candidate: VoterKey,
    pub(in crate::kafka::raft) log_end: EpochAndOffset,
    pub(in crate::kafka::raft) pre_vote: bool,
}

pub(in crate::kafka::raft) fn vote_request(
    cluster: &str,
    voter: i32,
    ballot: &Ballot,
) -> VoteRequest {
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

pub(in crate::kafka::raft) fn read_vote_request(request: &VoteRequest) -> Option<(Ballot, Uuid)> {
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

pub(in crate::kafka::raft) fn vote_response(
    error: ErrorCode,
    standing: &Standing,
    granted: bool,
) -> Message {
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
pub(in crate::kafka::raft) fn read_vote_response(
    response: &VoteResponse,
) -> Option<(Verdict, bool)> {
    let partition = response.topics.first()?.partitions.first()?;
    let verdict = Verdict::new(
        partition.error_code,
        partition.leader_id.0,
        partition.leader_epoch,
    );
    Some((verdict, partition.vote_granted))
}
