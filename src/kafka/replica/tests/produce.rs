//! Produce: what is refused and how it is told.

use super::cluster::{CLIENT, Cluster, NAME, TOPIC, batch, builder};
use crate::kafka::protocol::messages::{ProduceRequest, ProduceResponse, TopicName};
use crate::kafka::protocol::{ErrorCode, Message, StrBytes};
use crate::kafka::vocabulary::NoteKind;
use bytes::Bytes;
use uuid::Uuid;

fn ask(cluster: &mut Cluster, to: i32, version: i16, request: ProduceRequest) -> ProduceResponse {
    match cluster.ask(to, version, request) {
        Message::ProduceResponse(response) => response,
        other => panic!("expected a produce answer, got {other:?}"),
    }
}

fn codes(response: &ProduceResponse) -> Vec<i16> {
    let partitions = response
        .responses
        .iter()
        .flat_map(|it| &it.partition_responses);
    partitions.map(|it| it.error_code).collect()
}

#[test]
fn names_below_version_13_ids_from_it_on() {
    let mut cluster = Cluster::replicated(1);
    let mut request = Cluster::produce_request(1, batch(&["a"]));
    request.topic_data[0].topic_id = Uuid::nil();
    request.topic_data[0].name = TopicName(StrBytes::from_static_str(NAME));
    let response = ask(&mut cluster, 1, 12, request.clone());
    assert_eq!(codes(&response), [0]);
    assert_eq!(response.responses[0].name.as_str(), NAME);
    assert_eq!(response.responses[0].topic_id, Uuid::nil());

    request.topic_data[0].name = TopicName(StrBytes::from_static_str("nobody"));
    let response = ask(&mut cluster, 1, 12, request);
    assert_eq!(codes(&response), [ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.0]);

    let mut request = Cluster::produce_request(1, batch(&["b"]));
    let response = ask(&mut cluster, 1, 13, request.clone());
    assert_eq!(
        (codes(&response), response.responses[0].topic_id),
        (vec![0], TOPIC)
    );
    assert_eq!(response.responses[0].name.as_str(), "");
    request.topic_data[0].topic_id = Uuid::from_u128(99);
    let response = ask(&mut cluster, 1, 13, request);
    assert_eq!(codes(&response), [ErrorCode::UNKNOWN_TOPIC_ID.0]);
}

/// KIP-951: a client that asks the wrong broker hears who leads and where it listens.
#[test]
fn the_wrong_broker_tells_who_leads() {
    let mut cluster = Cluster::replicated(2);
    let request = Cluster::produce_request(1, batch(&["a"]));
    let response = ask(&mut cluster, 2, 13, request.clone());
    let partition = &response.responses[0].partition_responses[0];
    assert_eq!(partition.error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER.0);
    assert_eq!(partition.current_leader.leader_id.0, 1);
    assert_eq!(partition.current_leader.leader_epoch, 0);
    let endpoint = &response.node_endpoints[0];
    assert_eq!(
        (endpoint.node_id.0, endpoint.host.as_str(), endpoint.port),
        (1, "b1", 9092)
    );

    let mut request = request;
    request.topic_data[0].name = TopicName(StrBytes::from_static_str(NAME));
    let response = ask(&mut cluster, 2, 9, request);
    let partition = &response.responses[0].partition_responses[0];
    assert_eq!(
        partition.current_leader.leader_id.0, -1,
        "not before version 10"
    );
    assert!(response.node_endpoints.is_empty());
}

#[test]
fn each_partition_of_a_request_has_its_own_fate() {
    let mut cluster = Cluster::replicated(1);
    let mut request = Cluster::produce_request(-1, batch(&["a"]));
    let mut second = request.topic_data[0].partition_data[0].clone();
    second.index = 5;
    request.topic_data[0].partition_data.push(second);
    let response = ask(&mut cluster, 1, 13, request);
    assert_eq!(
        codes(&response),
        [0, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.0]
    );
}

#[test]
fn internal_topics_take_no_records_of_clients() {
    let mut cluster = Cluster::replicated(1);
    let state = cluster.state().clone();
    let id = Uuid::from_u128(0xb0 << 64);
    cluster.add_topic(id, "__consumer_offsets", state);
    let mut request = Cluster::produce_request(1, batch(&["a"]));
    request.topic_data[0].topic_id = id;
    let response = ask(&mut cluster, 1, 13, request);
    assert_eq!(codes(&response), [ErrorCode::INVALID_TOPIC_EXCEPTION.0]);
}

#[test]
fn a_record_that_is_refused_is_named() {
    let mut cluster = Cluster::replicated(1);
    let mut late = builder(&["now"]);
    late.push_next(crate::kafka::protocol::record_batch::Record {
        timestamp: i64::MAX / 2,
        ..Default::default()
    });
    let request = Cluster::produce_request(1, late.build().bytes().clone());
    let response = ask(&mut cluster, 1, 13, request);
    let partition = &response.responses[0].partition_responses[0];
    assert_eq!(partition.error_code, ErrorCode::INVALID_TIMESTAMP.0);
    assert_eq!(partition.log_start_offset, 0);
    assert_eq!(partition.record_errors.len(), 1);
    assert_eq!(partition.record_errors[0].batch_index, 1);
    assert!(partition.error_message.is_some());
    assert_eq!(cluster.notes(1, NoteKind::ProduceRefused).len(), 1);
}

#[test]
fn no_bytes_a_client_can_send_break_a_broker() {
    let mut cluster = Cluster::replicated(1);
    let good = batch(&["value"]);
    for cut in 0..good.len() {
        let request = Cluster::produce_request(1, good.slice(..cut));
        let response = ask(&mut cluster, 1, 13, request);
        assert_ne!(codes(&response), [0], "{cut} of {} bytes", good.len());
    }
    for at in 0..good.len() {
        let mut bytes = good.to_vec();
        bytes[at] ^= 0xff;
        let request = Cluster::produce_request(1, Bytes::from(bytes));
        let response = ask(&mut cluster, 1, 13, request);
        // Only the leader epoch lies outside of all checks: the leader overwrites it.
        assert_eq!(codes(&response) == [0], (12..16).contains(&at), "byte {at}");
    }
    assert!(!cluster.nodes[&1].closed, "{CLIENT:?}");
}
