//! Topic creations, deletions and elections against a recording of Kafka 4.3.1 with three brokers
//! (tests/data/placement.json).

use super::rig::{Rig, new_topic, str_bytes};
use crate::kafka::config::Semantics;
use crate::kafka::protocol::Message;
use crate::kafka::protocol::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreateTopicsRequest,
};
use crate::kafka::protocol::messages::delete_topics_request::{
    DeleteTopicState, DeleteTopicsRequest,
};
use crate::kafka::protocol::messages::elect_leaders_request::{
    ElectLeadersRequest, TopicPartitions,
};
use crate::kafka::protocol::messages::{BrokerId, TopicName};
use serde_json::Value;
use uuid::Uuid;

/// Operations that other rooms answer, or that are not simulated.
const OTHER: &[&str] = &[
    "create_topics",
    "describe_topic",
    "create_partitions",
    "incremental_alter_config_set",
    "incremental_alter_config_append",
    "describe_configs",
    "reassign",
    "reassign_cancel",
    "delete_records",
    "list_offsets",
    "describe_consumer_group",
    "delete_consumer_group",
    "list_consumer_group_offsets",
    "alter_consumer_group_offsets",
    "fence_producers",
    "describe_share_group",
    "delete_share_group",
];

fn recording() -> Value {
    let text = include_str!("../../../../tests/data/placement.json");
    serde_json::from_str(text).expect("the recording is JSON")
}

fn creatable(request: &Value) -> CreatableTopic {
    let name = match request["name"].as_str().unwrap() {
        // The recording writes long names short.
        "x x 249" => "x".repeat(249),
        "x x 250" => "x".repeat(250),
        name => name.to_string(),
    };
    let configs: Vec<(&str, &str)> = request["configs"].as_object().map_or(Vec::new(), |all| {
        let pairs = all.iter();
        pairs
            .map(|(k, v)| (k.as_str(), v.as_str().unwrap()))
            .collect()
    });
    let number = |key: &str| request[key].as_i64().unwrap_or(-1);
    let factor = number("replication_factor") as i16;
    let mut topic = new_topic(&name, number("partitions") as i32, factor, &configs);
    for (partition, brokers) in request["assignments"].as_object().into_iter().flatten() {
        let brokers = brokers.as_array().unwrap().iter();
        topic.assignments.push(
            CreatableReplicaAssignment::default()
                .with_partition_index(partition.parse().unwrap())
                .with_broker_ids(
                    brokers
                        .map(|b| BrokerId(b.as_i64().unwrap() as i32))
                        .collect(),
                ),
        );
    }
    topic
}

/// Code and text of the answer; sizes of what was created.
struct Seen {
    code: i16,
    text: Option<String>,
    size: Option<(i64, i64)>,
}

fn create(rig: &mut Rig, request: &Value) -> Seen {
    let validate_only = request["validate_only"].as_bool().unwrap_or(false);
    let before = rig.image.clone();
    let response = rig.create_topics(
        CreateTopicsRequest::default()
            .with_topics(vec![creatable(request)])
            .with_validate_only(validate_only),
    );
    let result = &response.topics[0];
    let created = result.error_code == 0 && !validate_only;
    assert_eq!(rig.image != before, created, "{request}");
    Seen {
        code: result.error_code,
        text: result.error_message.as_ref().map(|text| text.to_string()),
        size: (result.error_code == 0).then_some((
            result.num_partitions.into(),
            result.replication_factor.into(),
        )),
    }
}

fn delete(rig: &mut Rig, state: DeleteTopicState) -> Seen {
    let request = DeleteTopicsRequest::default().with_topics(vec![state]);
    let Message::DeleteTopicsResponse(response) = rig.send(request, 6).response else {
        panic!("another answer");
    };
    let result = &response.responses[0];
    Seen {
        code: result.error_code,
        text: result.error_message.as_ref().map(|text| text.to_string()),
        size: None,
    }
}

fn elect(rig: &mut Rig, request: &Value) -> Seen {
    let (topic, partition) = match request["partition"].as_str().unwrap() {
        "unknown topic" => ("pl14155-nosuch", 0),
        "unknown partition" => ("pl14155-ok", 99),
        "healthy" => ("pl14155-ok", 0),
        other => panic!("{other}"),
    };
    let topic = TopicPartitions::default()
        .with_topic(str_bytes(topic).into())
        .with_partitions(vec![partition]);
    let request = ElectLeadersRequest::default()
        .with_election_type(i8::from(request["type"] == "UNCLEAN"))
        .with_topic_partitions(Some(vec![topic]));
    let Message::ElectLeadersResponse(response) = rig.send(request, 2).response else {
        panic!("another answer");
    };
    let result = &response.replica_election_results[0].partition_result[0];
    Seen {
        code: result.error_code,
        text: result.error_message.as_ref().map(|text| text.to_string()),
        size: None,
    }
}

#[test]
fn answers_are_those_of_the_recording() {
    let mut rig = Rig::with_brokers(3, Semantics::default());
    let (mut checked, recording) = (0, recording());
    for operation in recording["operations"].as_array().unwrap() {
        let request = &operation["request"];
        let seen = match operation["op"].as_str().unwrap() {
            "create_topic" => create(&mut rig, request),
            "delete_topic" => {
                let name = TopicName(str_bytes(request["name"].as_str().unwrap()));
                delete(&mut rig, DeleteTopicState::default().with_name(Some(name)))
            }
            "delete_topic_by_id" => {
                assert_eq!(request["id"], "AAAAAAAAAAAAAAAAAAAAZw");
                let id = Uuid::from_u128(0x67);
                delete(
                    &mut rig,
                    DeleteTopicState::default()
                        .with_name(None)
                        .with_topic_id(id),
                )
            }
            "elect_leader" => elect(&mut rig, request),
            other => {
                assert!(
                    OTHER.contains(&other),
                    "{other} is neither checked nor left out"
                );
                continue;
            }
        };
        checked += 1;
        compare(operation, &seen);
    }
    assert_eq!(checked, 48);
}

fn compare(operation: &Value, seen: &Seen) {
    if operation["result"] == "ok" {
        assert_eq!(seen.code, 0, "{operation}: {:?}", seen.text);
        let value = &operation["value"];
        let size = |key: &str| value[key].as_i64().unwrap();
        let expected = Some((size("partitions"), size("replication_factor")));
        assert_eq!(seen.size, expected, "{operation}");
        return;
    }
    assert_eq!(
        i64::from(seen.code),
        operation["error_code"].as_i64().unwrap(),
        "{operation}"
    );
    let expected = match operation["message"].as_str().unwrap() {
        // Refused by the client; the controller says it in its own words.
        "The given topic name '' cannot be represented in a request." => {
            "Topic name is invalid: the empty string is not allowed"
        }
        text => text,
    };
    assert_eq!(seen.text.as_deref(), Some(expected), "{operation}");
}

/// The recording's placements obey the constraints that ours are held to.
#[test]
fn placements_of_the_recording_obey_our_constraints() {
    let recording = recording();
    let numbers = |value: &Value| -> Vec<i32> {
        let list = value.as_array().unwrap().iter();
        list.map(|n| n.as_i64().unwrap() as i32).collect()
    };
    for seen in recording["placements_seen"].as_array().unwrap() {
        let replicas = seen["replicas"].as_array().unwrap();
        let replicas: Vec<Vec<i32>> = replicas.iter().map(numbers).collect();
        super::placement::check_constraints(&replicas, 3);
        let leaders: Vec<i32> = replicas.iter().map(|r| r[0]).collect();
        assert_eq!(leaders, numbers(&seen["leaders"]));
    }
}
