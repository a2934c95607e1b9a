//! ListOffsets and OffsetForLeaderEpoch.

use super::cluster::{Cluster, NAME};
use crate::kafka::protocol::messages::list_offsets_request::{
    ListOffsetsPartition, ListOffsetsTopic,
};
use crate::kafka::protocol::messages::list_offsets_response::ListOffsetsPartitionResponse;
use crate::kafka::protocol::messages::{BrokerId, ListOffsetsRequest, TopicName};
use crate::kafka::protocol::{ErrorCode, Message, StrBytes};

fn request(replica: i32, timestamp: i64) -> ListOffsetsRequest {
    let mut asked = ListOffsetsPartition::default();
    asked.current_leader_epoch = -1;
    asked.timestamp = timestamp;
    let mut topic = ListOffsetsTopic::default();
    topic.name = TopicName(StrBytes::from_static_str(NAME));
    topic.partitions.push(asked);
    let mut request = ListOffsetsRequest::default();
    request.replica_id = BrokerId(replica);
    request.topics.push(topic);
    request
}

fn ask(
    cluster: &mut Cluster,
    to: i32,
    version: i16,
    request: ListOffsetsRequest,
) -> ListOffsetsPartitionResponse {
    match cluster.ask(to, version, request) {
        Message::ListOffsetsResponse(mut response) => response.topics[0].partitions.remove(0),
        other => panic!("expected an answer, got {other:?}"),
    }
}

#[test]
fn latest_is_the_high_watermark_for_consumers_and_the_log_end_for_replicas() {
    let mut cluster = Cluster::replicated(2);
    cluster.silent = vec![2];
    cluster.produce(1, 1, &["a"]);
    let consumer = ask(&mut cluster, 1, 10, request(-1, -1));
    assert_eq!((consumer.offset, consumer.leader_epoch), (0, 0));
    assert_eq!(ask(&mut cluster, 1, 10, request(2, -1)).offset, 1);
    let follower = ask(&mut cluster, 2, 10, request(-1, -1));
    assert_eq!(follower.error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER.0);
    assert_eq!(
        ask(&mut cluster, 2, 10, request(-2, -1)).error_code,
        0,
        "a debugging tool"
    );
}

/// KIP-207: the leader before may have shown more than this one may show yet.
#[test]
fn a_new_leader_hides_its_end_until_the_high_watermark_reaches_its_epoch() {
    let mut cluster = Cluster::replicated(3);
    cluster.produce(1, 1, &["a"]);
    assert!(cluster.step() && cluster.step());
    cluster.wire.clear();
    assert_eq!((cluster.offsets(2), cluster.offsets(3)), ((0, 1), (0, 1)));
    cluster.silent = vec![1, 3];
    cluster.elect(2, &[2, 3]);
    cluster.publish();
    let answer = ask(&mut cluster, 2, 10, request(-1, -1));
    assert_eq!(answer.error_code, ErrorCode::OFFSET_NOT_AVAILABLE.0);
    let answer = ask(&mut cluster, 2, 4, request(-1, -1));
    assert_eq!(answer.error_code, ErrorCode::LEADER_NOT_AVAILABLE.0);
    let by_time = ask(&mut cluster, 2, 10, request(-1, 0));
    assert_eq!(by_time.error_code, ErrorCode::OFFSET_NOT_AVAILABLE.0);
    assert_eq!(
        ask(&mut cluster, 2, 10, request(-1, -2)).error_code,
        0,
        "EARLIEST"
    );
    assert_eq!(
        ask(&mut cluster, 2, 10, request(3, -1)).offset,
        1,
        "a replica"
    );
    cluster.silent = vec![1];
    cluster.publish();
    cluster.run();
    let answer = ask(&mut cluster, 2, 10, request(-1, -1));
    assert_eq!(
        (answer.error_code, answer.offset, answer.leader_epoch),
        (0, 1, 1)
    );
}

#[test]
fn questions_that_a_version_does_not_know() {
    let mut cluster = Cluster::replicated(1);
    for (timestamp, first) in [(-3, 7), (-4, 8), (-5, 9)] {
        let before = ask(&mut cluster, 1, first - 1, request(-1, timestamp));
        assert_eq!(before.error_code, ErrorCode::UNSUPPORTED_VERSION.0);
        assert_eq!(
            ask(&mut cluster, 1, first, request(-1, timestamp)).error_code,
            0
        );
    }
}

#[test]
fn a_partition_asked_for_twice_is_an_invalid_request() {
    let mut cluster = Cluster::replicated(1);
    let mut twice = request(-1, -1);
    let again = twice.topics[0].partitions[0].clone();
    twice.topics[0].partitions.push(again);
    let answer = ask(&mut cluster, 1, 10, twice);
    assert_eq!(answer.error_code, ErrorCode::INVALID_REQUEST.0);
}

#[test]
fn epochs_are_fenced() {
    let mut cluster = Cluster::replicated(1);
    cluster.elect(1, &[1]);
    cluster.publish();
    for (epoch, error) in [
        (0, ErrorCode::FENCED_LEADER_EPOCH),
        (1, ErrorCode::NONE),
        (2, ErrorCode::UNKNOWN_LEADER_EPOCH),
    ] {
        let mut fenced = request(-1, -1);
        fenced.topics[0].partitions[0].current_leader_epoch = epoch;
        assert_eq!(ask(&mut cluster, 1, 10, fenced).error_code, error.0);
    }
}
