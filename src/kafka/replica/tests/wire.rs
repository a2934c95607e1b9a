//! Exchanges recorded from a real Kafka 4.3.1 broker, played against a replica manager.

use super::cluster::{Cluster, NAME, TOPIC};
use crate::kafka::protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use crate::kafka::protocol::messages::list_offsets_request::{
    ListOffsetsPartition, ListOffsetsTopic,
};
use crate::kafka::protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use crate::kafka::protocol::messages::produce_response::PartitionProduceResponse;
use crate::kafka::protocol::messages::{
    FetchRequest, ListOffsetsRequest, OffsetForLeaderEpochRequest, TopicName, TransactionalId,
};
use crate::kafka::protocol::record_batch::{BatchBuilder, Record, RecordBatch};
use crate::kafka::protocol::{Message, StrBytes};
use bytes::Bytes;
use serde_json::{Value, json};

/// The timestamp of the first record of every recorded batch; the others follow by one.
const FIRST_TIMESTAMP: i64 = 1_790_000_000_000;

fn recorded() -> Vec<Value> {
    let text = include_str!("../../../../tests/data/wire_replica.json");
    let parsed: Value = serde_json::from_str(text).expect("JSON");
    parsed["exchanges"].as_array().expect("a list").clone()
}

fn int(value: &Value, field: &str, default: i64) -> i64 {
    value[field].as_i64().unwrap_or(default)
}

fn batch_of(request: &Value, producer_id: i64) -> BatchBuilder {
    let mut batch = BatchBuilder::new(0);
    for n in 0..int(request, "records", 1) {
        batch.push_next(Record {
            timestamp: FIRST_TIMESTAMP + n,
            value: Some(Bytes::from_static(b"value")),
            ..Default::default()
        });
    }
    if let Some(sequence) = request["base_sequence"].as_i64() {
        batch.producer_id = producer_id;
        batch.producer_epoch = int(request, "producer_epoch", 0) as i16;
        batch.base_sequence = sequence as i32;
    }
    batch
}

fn records_of(what: &str, request: &Value) -> Bytes {
    let mut batch = batch_of(request, 1);
    if request["transactional"] == json!(true) {
        batch.transactional = true;
        (batch.producer_id, batch.producer_epoch, batch.base_sequence) = (77, 0, 0);
    }
    let mut bytes = batch.build().bytes().to_vec();
    if request["crc"] == json!("wrong") {
        *bytes.last_mut().expect("bytes") ^= 1;
    }
    if let Some(magic) = request["magic"].as_i64() {
        bytes[16] = magic as u8;
    }
    assert!(!what.is_empty());
    bytes.into()
}

fn produce(cluster: &mut Cluster, exchange: &Value) -> PartitionProduceResponse {
    let (what, request) = (
        exchange["what"].as_str().expect("text"),
        &exchange["request"],
    );
    let mut message =
        Cluster::produce_request(int(request, "acks", -1) as i16, records_of(what, request));
    message.topic_data[0].partition_data[0].index = int(request, "partition", 0) as i32;
    if let Some(topic) = request["topic"].as_str() {
        message.topic_data[0].name = TopicName(StrBytes::from_string(topic.to_owned()));
    }
    if what.contains("nobody initialised") {
        message.transactional_id = Some(TransactionalId(StrBytes::from_static_str("tx")));
    }
    let version = int(exchange, "version", 13) as i16;
    cluster.request(1, version, message);
    cluster.produced(1).expect("answered at once")
}

fn plain(records: i64) -> Value {
    json!({"what": "unrecorded", "version": 13, "request": {"records": records}})
}

fn sequenced(epoch: i64, sequence: i64, records: i64) -> Value {
    let request = json!({"producer_epoch": epoch, "base_sequence": sequence, "records": records});
    json!({"what": "unrecorded", "version": 13, "request": request})
}

/// Batches that lie in the recorded log, but whose exchanges are not in the file.
fn before(what: &str) -> Option<Value> {
    Some(match what {
        "first batch, sequence 0" => plain(2),
        "a gap: sequence 7 instead of 5" => sequenced(0, 3, 2),
        "7" => sequenced(0, 6, 1),
        what if what.starts_with("retry of the fifth last") => sequenced(0, 9, 1),
        "acks 2" => plain(1),
        _ => return None,
    })
}

fn check_produce(cluster: &mut Cluster, exchange: &Value) {
    let answer = produce(cluster, exchange);
    let ours = json!({
        "index": answer.index,
        "errorCode": answer.error_code,
        "baseOffset": answer.base_offset,
        "logAppendTimeMs": answer.log_append_time_ms,
        "logStartOffset": answer.log_start_offset,
        "recordErrors": [],
        "errorMessage": answer.error_message.as_ref().map(|it| it.as_str()),
    });
    assert!(answer.record_errors.is_empty());
    assert_eq!(ours, exchange["response"], "{}", exchange["what"]);
}

fn check_fetch(cluster: &mut Cluster, exchange: &Value) {
    let asked = &exchange["request"];
    let mut partition = FetchPartition::default();
    partition.partition = int(asked, "partition", 0) as i32;
    partition.current_leader_epoch = int(asked, "current_leader_epoch", -1) as i32;
    partition.last_fetched_epoch = int(asked, "last_fetched_epoch", -1) as i32;
    partition.fetch_offset = int(asked, "fetch_offset", 0);
    partition.partition_max_bytes = 1 << 20;
    let mut topic = FetchTopic::default();
    topic.topic_id = TOPIC;
    topic.partitions.push(partition);
    let mut request = FetchRequest::default();
    request.topics.push(topic);
    let version = int(exchange, "version", 17) as i16;
    let Message::FetchResponse(answer) = cluster.ask(1, version, request) else {
        panic!("expected a fetch answer");
    };
    let data = &answer.response.responses[0].partitions[0];
    let batches: Vec<[i64; 2]> = answer
        .records_of(0)
        .iter()
        .flat_map(|chunk| RecordBatch::read_all(&chunk.bytes).expect("batches"))
        .map(|batch| [batch.base_offset(), batch.last_offset()])
        .collect();
    let epoch = &data.diverging_epoch;
    let leader = &data.current_leader;
    let ours = json!({
        "error_code": answer.response.error_code,
        "partition_error_code": data.error_code,
        "high_watermark": data.high_watermark,
        "last_stable_offset": data.last_stable_offset,
        "log_start_offset": data.log_start_offset,
        "aborted_transactions": match &data.aborted_transactions {
            None => "null",
            Some(_) => "[]",
        },
        "diverging_epoch": format!(
            "EpochEndOffset(epoch={}, endOffset={})", epoch.epoch, epoch.end_offset),
        "current_leader": format!(
            "LeaderIdAndEpoch(leaderId={}, leaderEpoch={})",
            leader.leader_id.0, leader.leader_epoch),
        "batches_base_and_last_offset": batches,
    });
    assert_eq!(ours, exchange["response"], "{}", exchange["what"]);
}

fn check_list_offsets(cluster: &mut Cluster, exchange: &Value) {
    let asked = &exchange["request"];
    let mut partition = ListOffsetsPartition::default();
    partition.current_leader_epoch = int(asked, "currentLeaderEpoch", -1) as i32;
    partition.timestamp = int(asked, "timestamp", 0);
    let mut topic = ListOffsetsTopic::default();
    topic.name = TopicName(StrBytes::from_static_str(NAME));
    topic.partitions.push(partition);
    let mut request = ListOffsetsRequest::default();
    request.replica_id = (-1).into();
    request.topics.push(topic);
    let version = int(exchange, "version", 9) as i16;
    let Message::ListOffsetsResponse(answer) = cluster.ask(1, version, request) else {
        panic!("expected an answer");
    };
    let found = &answer.topics[0].partitions[0];
    let ours = json!({
        "partitionIndex": found.partition_index,
        "errorCode": found.error_code,
        "timestamp": found.timestamp,
        "offset": found.offset,
        "leaderEpoch": found.leader_epoch,
    });
    assert_eq!(ours, exchange["response"], "{}", exchange["what"]);
}

fn check_epoch(cluster: &mut Cluster, exchange: &Value) {
    let asked = &exchange["request"];
    let mut partition = OffsetForLeaderPartition::default();
    partition.current_leader_epoch = int(asked, "currentLeaderEpoch", -1) as i32;
    partition.leader_epoch = int(asked, "leaderEpoch", 0) as i32;
    let mut topic = OffsetForLeaderTopic::default();
    topic.topic = TopicName(StrBytes::from_static_str(NAME));
    topic.partitions.push(partition);
    let mut request = OffsetForLeaderEpochRequest::default();
    request.replica_id = (-2).into();
    request.topics.push(topic);
    let version = int(exchange, "version", 4) as i16;
    let Message::OffsetForLeaderEpochResponse(answer) = cluster.ask(1, version, request) else {
        panic!("expected an answer");
    };
    let end = &answer.topics[0].partitions[0];
    let ours = json!({
        "errorCode": end.error_code,
        "partition": end.partition,
        "leaderEpoch": end.leader_epoch,
        "endOffset": end.end_offset,
    });
    assert_eq!(ours, exchange["response"], "{}", exchange["what"]);
}

#[test]
fn a_replica_manager_answers_as_kafka_did() {
    let mut cluster = Cluster::replicated(1);
    cluster.node_mut(1).stand.wall_base_ms = 1_794_000_000_000;
    let exchanges = recorded();
    assert_eq!(exchanges.len(), 32);
    for exchange in &exchanges {
        let what = exchange["what"].as_str().expect("text");
        if let Some(unrecorded) = before(what) {
            assert_eq!(produce(&mut cluster, &unrecorded).error_code, 0);
        }
        match exchange["api"].as_str() {
            Some("Produce") => check_produce(&mut cluster, exchange),
            Some("Fetch") => check_fetch(&mut cluster, exchange),
            Some("ListOffsets") => check_list_offsets(&mut cluster, exchange),
            Some("OffsetForLeaderEpoch") => check_epoch(&mut cluster, exchange),
            other => panic!("unexpected api {other:?}"),
        }
    }
}
