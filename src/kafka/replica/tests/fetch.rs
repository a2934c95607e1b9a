//! Fetches: limits, fencing, long polls.

use super::cluster::{Cluster, TOPIC};
use crate::kafka::protocol::messages::FetchRequest;
use crate::kafka::protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use crate::kafka::protocol::{ErrorCode, FetchAnswer, Message};
use crate::kafka::vocabulary::NoteKind;

fn request(offset: i64) -> FetchRequest {
    let mut partition = FetchPartition::default();
    partition.fetch_offset = offset;
    partition.partition_max_bytes = 1 << 20;
    let mut topic = FetchTopic::default();
    topic.topic_id = TOPIC;
    topic.partitions.push(partition);
    let mut request = FetchRequest::default();
    request.max_bytes = 1 << 20;
    request.topics.push(topic);
    request
}

fn polling(offset: i64, wait_ms: i32, min_bytes: i32) -> FetchRequest {
    let mut polling = request(offset);
    polling.max_wait_ms = wait_ms;
    polling.min_bytes = min_bytes;
    polling
}

fn answer(cluster: &mut Cluster, of: i32) -> Option<FetchAnswer> {
    match cluster.answer(of)? {
        Message::FetchResponse(answer) => Some(answer),
        Message::ProduceResponse(_) => answer(cluster, of),
        other => panic!("expected a fetch answer, got {other:?}"),
    }
}

fn code(answer: &FetchAnswer) -> ErrorCode {
    ErrorCode(answer.response.responses[0].partitions[0].error_code)
}

#[test]
fn a_consumer_reads_up_to_the_high_watermark() {
    let mut cluster = Cluster::replicated(2);
    cluster.produce(1, 1, &["a"]);
    cluster.run();
    cluster.silent = vec![2];
    cluster.produce(1, 1, &["b"]);
    cluster.node_mut(1).answers.clear();
    cluster.request(1, 17, request(0));
    let read = answer(&mut cluster, 1).expect("at once");
    assert_eq!(read.records_of(0).len(), 1);
    let data = &read.response.responses[0].partitions[0];
    assert_eq!((data.high_watermark, data.last_stable_offset), (1, 1));
}

#[test]
fn a_follower_serves_consumers_since_version_11() {
    let mut cluster = Cluster::replicated(2);
    cluster.produce(1, 1, &["a"]);
    cluster.run();
    cluster.advance(600);
    cluster.request(2, 17, request(0));
    let read = answer(&mut cluster, 2).expect("at once");
    assert_eq!(
        (code(&read), read.records_of(0).len()),
        (ErrorCode::NONE, 1)
    );
    let mut old = request(0);
    old.topics[0].topic = crate::kafka::protocol::messages::TopicName("orders".into());
    cluster.request(2, 10, old);
    let refused = answer(&mut cluster, 2).expect("at once");
    assert_eq!(code(&refused), ErrorCode::NOT_LEADER_OR_FOLLOWER);
}

/// R9, and KIP-951 for those who ask with an old epoch.
#[test]
fn leader_epochs_fence() {
    let mut cluster = Cluster::replicated(2);
    cluster.elect(1, &[1, 2]);
    cluster.publish();
    cluster.run();
    for (epoch, expected, leader) in [
        (0, ErrorCode::FENCED_LEADER_EPOCH, 1),
        (1, ErrorCode::NONE, -1),
        (2, ErrorCode::UNKNOWN_LEADER_EPOCH, -1),
    ] {
        let mut fenced = request(0);
        fenced.topics[0].partitions[0].current_leader_epoch = epoch;
        cluster.request(1, 17, fenced);
        let read = answer(&mut cluster, 1).expect("at once");
        assert_eq!(code(&read), expected);
        let data = &read.response.responses[0].partitions[0];
        assert_eq!(data.current_leader.leader_id.0, leader);
        assert_eq!(read.response.node_endpoints.len(), usize::from(leader == 1));
    }
}

#[test]
fn a_replica_that_is_not_assigned_is_told_to_wait() {
    let mut cluster = Cluster::with_config(&[1, 2, 3], Default::default());
    cluster.create_topic(&[1, 2]);
    cluster.run();
    let mut stranger = request(0);
    stranger.replica_state.replica_id = 3.into();
    stranger.topics[0].partitions[0].current_leader_epoch = 0;
    cluster.request(1, 17, stranger.clone());
    let read = answer(&mut cluster, 1).expect("at once");
    assert_eq!(code(&read), ErrorCode::UNKNOWN_LEADER_EPOCH);
    stranger.topics[0].partitions[0].current_leader_epoch = -1;
    cluster.request(1, 17, stranger);
    let read = answer(&mut cluster, 1).expect("at once");
    assert_eq!(code(&read), ErrorCode::NOT_LEADER_OR_FOLLOWER);
}

#[test]
fn a_long_poll_ends_with_data_or_with_its_time() {
    let mut cluster = Cluster::replicated(1);
    cluster.request(1, 17, polling(0, 500, 1));
    assert_eq!(answer(&mut cluster, 1), None);
    assert_eq!(cluster.notes(1, NoteKind::FetchParked).len(), 1);
    cluster.produce(1, 1, &["a"]);
    let read = answer(&mut cluster, 1).expect("woken");
    assert_eq!(read.records_of(0).len(), 1);
    cluster.request(1, 17, polling(1, 500, 1));
    cluster.advance(499);
    assert_eq!(answer(&mut cluster, 1), None);
    cluster.advance(1);
    let read = answer(&mut cluster, 1).expect("expired");
    assert_eq!((code(&read), read.record_bytes()), (ErrorCode::NONE, 0));
}

/// Case G of DelayedFetch, and completion reads all there is by then.
#[test]
fn a_long_poll_waits_for_enough_bytes() {
    let mut cluster = Cluster::replicated(1);
    cluster.produce(1, 1, &["a"]);
    cluster.request(1, 17, request(0));
    let one = answer(&mut cluster, 1).expect("at once").record_bytes();
    cluster.request(1, 17, polling(1, 10_000, 2 * one as i32));
    cluster.produce(1, 1, &["b"]);
    assert_eq!(answer(&mut cluster, 1), None, "half of it");
    cluster.produce(1, 1, &["c"]);
    assert_eq!(
        answer(&mut cluster, 1).expect("enough").records_of(0).len(),
        2
    );
}

/// Cases A, E and F: what cannot end well ends at once.
#[test]
fn a_long_poll_ends_when_the_leader_changes() {
    let mut cluster = Cluster::replicated(2);
    let mut with_epoch = polling(0, 60_000, 1);
    with_epoch.topics[0].partitions[0].current_leader_epoch = 0;
    cluster.request(1, 17, with_epoch);
    cluster.elect(2, &[1, 2]);
    cluster.publish();
    let read = answer(&mut cluster, 1).expect("woken");
    assert_eq!(code(&read), ErrorCode::FENCED_LEADER_EPOCH);
    let leader = &read.response.responses[0].partitions[0].current_leader;
    assert_eq!((leader.leader_id.0, leader.leader_epoch), (2, 1));
}

#[test]
fn a_deleted_topic_ends_a_long_poll() {
    let mut cluster = Cluster::replicated(1);
    cluster.request(1, 17, polling(0, 60_000, 1));
    std::sync::Arc::make_mut(&mut cluster.image.topics).clear();
    std::sync::Arc::make_mut(&mut cluster.image.topic_ids).clear();
    let delta = crate::kafka::metadata::MetadataDelta {
        removed_topics: vec![(TOPIC, "orders".into(), vec![0])],
        ..Default::default()
    };
    cluster.publish_to(1, &delta);
    let read = answer(&mut cluster, 1).expect("woken");
    assert_eq!(code(&read), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    assert!(cluster.nodes[&1].stand.disk.list("orders-0/").is_empty());
    assert_eq!(cluster.notes(1, NoteKind::LogDeleted).len(), 1);
}

/// KIP-74: the first batch comes whatever its size, the next ones only if they fit.
#[test]
fn one_batch_at_least() {
    let mut cluster = Cluster::replicated(1);
    for value in ["a", "b", "c"] {
        cluster.produce(1, 1, &[value]);
    }
    let batches = |cluster: &mut Cluster, max_bytes: i32, partition_bytes: i32| {
        let mut limited = request(0);
        limited.max_bytes = max_bytes;
        limited.topics[0].partitions[0].partition_max_bytes = partition_bytes;
        cluster.request(1, 17, limited);
        answer(cluster, 1).expect("at once").records_of(0).len()
    };
    assert_eq!(batches(&mut cluster, 1, 1 << 20), 1);
    assert_eq!(batches(&mut cluster, 1 << 20, 1), 1);
    assert_eq!(batches(&mut cluster, 150, 1 << 20), 2, "two of 69 bytes");
    assert_eq!(batches(&mut cluster, -5, -5), 1);
}
