//! What one node answers, and when.

use super::bench::{Bench, ballot, position, pre};
use super::cluster::{CLUSTER_ID, directory};
use crate::kafka::protocol::messages::{
    BeginQuorumEpochRequest, DescribeQuorumRequest, EndQuorumEpochRequest, FetchRequest,
    FetchSnapshotRequest, VoteRequest, describe_quorum_request, fetch_snapshot_request,
};
use crate::kafka::protocol::metadata_record::MetadataRecord;
use crate::kafka::protocol::{ErrorCode, Message};
use crate::kafka::raft::NotLeader;
use crate::kafka::raft::messages::{self, FetchPosition, Standing};
use crate::kafka::raft::quorum_state::VoterKey;
use crate::kafka::vocabulary::{RaftTimer, Timer};
use crate::sim::Span;
use proptest::prelude::*;

#[test]
fn one_vote_an_epoch_also_after_a_restart() {
    let mut bench = Bench::new(3);
    assert_eq!(bench.vote(&ballot(2, 5, (0, 0))), (ErrorCode::NONE, true));
    assert_eq!(bench.vote(&ballot(3, 5, (0, 0))), (ErrorCode::NONE, false));
    bench.restart();
    assert_eq!(bench.raft.leader(), (None, 5));
    assert_eq!(bench.raft.voted_for(), Some(2));
    assert_eq!(bench.vote(&ballot(3, 5, (0, 0))), (ErrorCode::NONE, false));
    assert_eq!(
        bench.vote(&ballot(2, 5, (0, 0))),
        (ErrorCode::NONE, true),
        "the same again"
    );
    assert_eq!(
        bench.vote(&ballot(3, 4, (0, 0))),
        (ErrorCode::FENCED_LEADER_EPOCH, false)
    );
    assert_eq!(
        bench.vote(&ballot(3, 6, (0, 0))),
        (ErrorCode::NONE, true),
        "a new epoch"
    );
}

#[test]
fn the_answer_to_a_vote_waits_until_the_vote_is_durable() {
    let mut bench = Bench::new(3);
    let request = messages::vote_request(CLUSTER_ID, 1, &ballot(2, 5, (0, 0)));
    assert_eq!(bench.ask(request, 2), None);
    bench.sync();
    assert!(matches!(bench.answer(), Some(Message::VoteResponse(_))));
}

#[test]
fn votes_go_to_logs_that_are_as_good() {
    let mut bench = Bench::leader();
    bench.append().expect("it leads");
    let end = (1, bench.raft.log_end());
    let cases = [
        ((0, 100), false),
        ((1, end.1 - 1), false),
        ((1, end.1), true),
        ((1, end.1 + 1), true),
        ((2, 0), true),
    ];
    for (epoch, (log_end, granted)) in (10..).zip(cases) {
        let asked = ballot(2, epoch, log_end);
        assert_eq!(
            bench.vote(&pre(asked)),
            (ErrorCode::NONE, granted),
            "pre {log_end:?}"
        );
        assert_eq!(
            bench.vote(&asked),
            (ErrorCode::NONE, granted),
            "{log_end:?}"
        );
    }
}

#[test]
fn a_pre_vote_binds_nobody_and_a_live_leader_loses_none() {
    let mut bench = Bench::new(3);
    assert_eq!(
        bench.vote(&pre(ballot(2, 3, (0, 0)))),
        (ErrorCode::NONE, true)
    );
    assert_eq!(
        bench.vote(&pre(ballot(3, 3, (3, 0)))),
        (ErrorCode::NONE, true)
    );
    assert_eq!(
        (bench.raft.voted_for(), bench.raft.leader()),
        (None, (None, 3))
    );
    let mut bench = Bench::leader();
    assert_eq!(
        bench.vote(&pre(ballot(2, 1, (1, 99)))),
        (ErrorCode::NONE, false)
    );
    assert_eq!(bench.vote(&ballot(2, 1, (0, 99))), (ErrorCode::NONE, false));
    assert!(bench.raft.is_leader());
}

#[test]
fn malformed_votes_are_refused() {
    let mut bench = Bench::new(3);
    let invalid = (ErrorCode::INVALID_REQUEST, false);
    assert_eq!(
        bench.vote(&ballot(2, 5, (5, 0))),
        invalid,
        "its log is of the epoch it asks for"
    );
    assert_eq!(bench.vote(&pre(ballot(2, 5, (6, 0)))), invalid);
    assert_eq!(bench.vote(&ballot(2, 5, (-1, 0))), invalid);
    assert_eq!(bench.vote(&ballot(2, 5, (0, -1))), invalid);
    assert_eq!(bench.vote(&ballot(-1, 5, (0, 0))), invalid);
    assert_eq!(
        bench.raft.leader(),
        (None, 0),
        "none of them moved the epoch"
    );
    let other = messages::vote_request(CLUSTER_ID, 2, &ballot(3, 5, (0, 0)));
    let answer = bench.ask(other, 2);
    bench.sync();
    let Some(Message::VoteResponse(response)) = answer.or_else(|| bench.answer()) else {
        panic!("no answer");
    };
    let (verdict, granted) = messages::read_vote_response(&response).expect("a partition");
    assert_eq!(
        (verdict.error, granted),
        (ErrorCode::INVALID_VOTER_KEY, false)
    );
    let Some(Message::VoteResponse(response)) = bench.ask(
        messages::vote_request("another", 1, &ballot(2, 9, (0, 0))),
        2,
    ) else {
        panic!("no answer");
    };
    assert_eq!(
        ErrorCode(response.error_code),
        ErrorCode::INCONSISTENT_CLUSTER_ID
    );
}

#[test]
fn fetches_are_fenced_by_epoch() {
    let mut bench = Bench::leader();
    assert_eq!(
        bench.fetch_error(&position(0, 0, 0)),
        ErrorCode::FENCED_LEADER_EPOCH
    );
    assert_eq!(
        bench.fetch_error(&position(2, 0, 0)),
        ErrorCode::UNKNOWN_LEADER_EPOCH
    );
    assert_eq!(
        bench.fetch_error(&position(1, 0, 2)),
        ErrorCode::INVALID_REQUEST
    );
    assert_eq!(
        bench.fetch_error(&position(1, -1, 0)),
        ErrorCode::INVALID_REQUEST
    );
    bench.raft.resign(&mut bench.stand.ctx());
    bench.sync();
    assert_eq!(
        bench.fetch_error(&position(1, 0, 0)),
        ErrorCode::NOT_LEADER_OR_FOLLOWER
    );
    assert_eq!(
        bench.append(),
        Err(NotLeader {
            leader: Some(1),
            epoch: 1
        })
    );
}

#[test]
fn the_high_watermark_needs_a_majority_and_a_record_of_the_epoch() {
    let mut bench = Bench::leader();
    assert_eq!(
        bench.raft.high_watermark(),
        None,
        "the leader alone is no majority"
    );
    let answer = bench
        .fetch(&position(1, 0, 0))
        .expect("the leader change is there");
    assert_eq!(answer.records_of(0).len(), 1);
    assert_eq!(bench.raft.high_watermark(), None);
    let answer = bench
        .fetch(&position(1, 1, 1))
        .expect("the high watermark is news");
    assert_eq!(answer.response.responses[0].partitions[0].high_watermark, 1);
    assert_eq!(bench.raft.high_watermark(), Some(1));
    assert_eq!(bench.raft.take_committed(&mut bench.stand.ctx()).len(), 1);
    assert_eq!(bench.raft.take_committed(&mut bench.stand.ctx()), vec![]);
}

#[test]
fn the_leader_counts_its_own_log_end_when_it_is_durable() {
    let mut bench = Bench::leader();
    bench.fetch(&position(1, 1, 1));
    let offset = bench
        .raft
        .append(&[MetadataRecord::NoOp], &mut bench.stand.ctx());
    assert_eq!(offset, Ok(1));
    bench.fetch(&position(1, 2, 1));
    assert_eq!(
        bench.raft.high_watermark(),
        Some(1),
        "the leader's disk is not ready"
    );
    bench.sync();
    assert_eq!(bench.raft.high_watermark(), Some(2));
}

#[test]
fn a_fetch_without_news_is_parked_until_there_are_some() {
    let mut bench = Bench::leader();
    bench.fetch(&position(1, 1, 1));
    let up_to_date = FetchPosition {
        high_watermark: 1,
        ..position(1, 1, 1)
    };
    assert_eq!(bench.fetch(&up_to_date), None);
    bench.append().expect("it leads");
    let Some(Message::FetchResponse(answer)) = bench.answer() else {
        panic!("still parked");
    };
    assert_eq!(answer.records_of(0).len(), 1);
    assert_eq!(
        bench.fetch(&FetchPosition {
            high_watermark: 2,
            ..position(1, 2, 1)
        }),
        None
    );
    bench.raft.resign(&mut bench.stand.ctx());
    let Some(Message::FetchResponse(answer)) = bench.answer() else {
        panic!("still parked");
    };
    let (verdict, _) = messages::read_fetch_response(&answer).expect("a partition");
    assert_eq!(verdict.error, ErrorCode::NOT_LEADER_OR_FOLLOWER);
}

#[test]
fn a_diverging_follower_hears_where_its_epoch_ends() {
    let mut bench = Bench::leader();
    bench.append().expect("it leads");
    let answer = bench.fetch(&position(1, 9, 1)).expect("at once");
    let diverging = &answer.response.responses[0].partitions[0].diverging_epoch;
    assert_eq!((diverging.epoch, diverging.end_offset), (1, 2));
    assert!(answer.records_of(0).is_empty());
    let answer = bench.fetch(&position(1, 9, 0)).expect("at once");
    let diverging = &answer.response.responses[0].partitions[0].diverging_epoch;
    assert_eq!(
        (diverging.epoch, diverging.end_offset),
        (0, 0),
        "no record is of epoch 0"
    );
}

#[test]
fn the_quorum_is_described_by_its_leader() {
    let mut bench = Bench::leader();
    bench.fetch(&position(1, 1, 1));
    let topic = describe_quorum_request::TopicData::default()
        .with_topic_name(messages::topic_name())
        .with_partitions(vec![describe_quorum_request::PartitionData::default()]);
    let request = DescribeQuorumRequest::default().with_topics(vec![topic]);
    let Some(Message::DescribeQuorumResponse(response)) = bench.ask(request.clone(), 2) else {
        panic!("no answer");
    };
    let partition = &response.topics[0].partitions[0];
    assert_eq!((partition.leader_id.0, partition.leader_epoch), (1, 1));
    assert_eq!(partition.high_watermark, 1);
    let ends: Vec<_> = partition
        .current_voters
        .iter()
        .map(|v| (v.replica_id.0, v.log_end_offset))
        .collect();
    assert_eq!(ends, vec![(1, 1), (2, 1), (3, -1)]);
    let mut other = Bench::new(3);
    let Some(Message::DescribeQuorumResponse(response)) = other.ask(request, 2) else {
        panic!("no answer");
    };
    let error = ErrorCode(response.topics[0].partitions[0].error_code);
    assert_eq!(error, ErrorCode::NOT_LEADER_OR_FOLLOWER);
}

#[test]
fn there_are_no_snapshots() {
    let mut bench = Bench::leader();
    let partition =
        fetch_snapshot_request::PartitionSnapshot::default().with_current_leader_epoch(1);
    let topic = fetch_snapshot_request::TopicSnapshot::default()
        .with_name(messages::topic_name())
        .with_partitions(vec![partition]);
    let request = FetchSnapshotRequest::default().with_topics(vec![topic]);
    let Some(Message::FetchSnapshotResponse(response)) = bench.ask(request, 1) else {
        panic!("no answer");
    };
    let error = ErrorCode(response.topics[0].partitions[0].error_code);
    assert_eq!(error, ErrorCode::SNAPSHOT_NOT_FOUND);
}

#[test]
fn the_successors_of_a_resigning_leader_wait_in_turn() {
    // (position in the list, list length) -> milliseconds, with a maximum of 1,000.
    for (preferred, wait_ms) in [
        (vec![1, 2], 0),
        (vec![2, 1], 500),
        (vec![2, 3, 1], 500),
        (vec![2, 3, 4, 1], 500),
        (vec![2, 1, 3, 4], 125),
        (vec![2], 1_000),
    ] {
        let mut bench = Bench::new(3);
        let standing = Standing {
            leader: Some(2),
            epoch: 4,
            host: None,
        };
        let request = messages::end_quorum_epoch_request(CLUSTER_ID, &standing, &preferred);
        bench.ask(request, 1);
        assert_eq!(bench.raft.leader(), (Some(2), 4));
        let due = bench.stand.timers.deadline(Timer::Raft(RaftTimer::State));
        assert_eq!(
            due,
            Some(bench.stand.mono + Span::from_millis(wait_ms)),
            "{preferred:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Numbers out of range, epochs of nowhere: no request stops a node.
    #[test]
    fn no_request_makes_a_node_panic(
        leads in any::<bool>(),
        numbers in proptest::collection::vec(
            (-3i32..6, -3i64..6, any::<i32>(), any::<i64>()),
            1..8,
        ),
        wild in any::<bool>(),
    ) {
        let mut bench = if leads { Bench::leader() } else { Bench::new(3) };
        for (small, near, any_int, any_long) in numbers {
            let (epoch, offset) = if wild { (any_int, any_long) } else { (small, near) };
            let asked = ballot(small, epoch, (small, offset));
            bench.ask(messages::vote_request(CLUSTER_ID, small, &asked), 2);
            bench.ask(messages::vote_request(CLUSTER_ID, small, &pre(asked)), 2);
            let standing = Standing { leader: Some(small), epoch, host: None };
            bench.ask(messages::begin_quorum_epoch_request(CLUSTER_ID, small, &standing), 1);
            let preferred = [small, any_int];
            bench.ask(messages::end_quorum_epoch_request(CLUSTER_ID, &standing, &preferred), 1);
            let replica = VoterKey::of(small, directory(small));
            let fetch = FetchPosition {
                replica,
                max_wait_ms: small,
                max_bytes: any_int,
                high_watermark: near,
                ..position(epoch, offset, small)
            };
            bench.ask(messages::fetch_request(CLUSTER_ID, &fetch), 18);
            bench.ask(VoteRequest::default(), 2);
            bench.ask(BeginQuorumEpochRequest::default(), 1);
            bench.ask(EndQuorumEpochRequest::default(), 1);
            bench.ask(FetchRequest::default(), 18);
            bench.ask(FetchSnapshotRequest::default(), 1);
            bench.ask(DescribeQuorumRequest::default(), 2);
            bench.sync();
        }
        prop_assert_eq!(bench.raft.fault(), None);
    }
}
