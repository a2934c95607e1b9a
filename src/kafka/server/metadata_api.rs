//! Answers that a broker gives from its own image: Metadata, DescribeCluster,
//! DescribeTopicPartitions. Eventually consistent, each broker on its own (C15).

use super::config::BROKER_PORT;
use crate::kafka::controller::validate_topic_name;
use crate::kafka::metadata::{MetadataImage, PartitionImage, TopicImage};
use crate::kafka::protocol::messages::*;
use crate::kafka::protocol::{ErrorCode, StrBytes};
use uuid::Uuid;

/// "The authorized operations were not asked for".
const OPERATIONS_OMITTED: i32 = i32::MIN;

fn brokers(ids: &[i32]) -> Vec<BrokerId> {
    ids.iter().map(|id| BrokerId(*id)).collect()
}

/// A broker that is about to stop is not offline yet.
fn offline(partition: &PartitionImage, image: &MetadataImage) -> Vec<i32> {
    partition
        .replicas
        .iter()
        .copied()
        .filter(|id| !image.is_unfenced(*id))
        .collect()
}

/// Why a topic that is asked for by this name is not there.
fn no_topic(name: &str) -> ErrorCode {
    match validate_topic_name(name) {
        Ok(()) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        Err(_) => ErrorCode::INVALID_TOPIC_EXCEPTION,
    }
}

/// The answer to a Metadata request, and the names of topics that might be created for it.
pub(super) fn metadata(
    request: &MetadataRequest,
    api_version: i16,
    image: &MetadataImage,
    cluster_id: &str,
) -> (MetadataResponse, Vec<String>) {
    let mut unknown = Vec::new();
    let topics = match &request.topics {
        None => image
            .topics
            .values()
            .map(|topic| describe(topic, image, api_version))
            .collect(),
        Some(asked) if asked.is_empty() && api_version == 0 => image
            .topics
            .values()
            .map(|topic| describe(topic, image, api_version))
            .collect(),
        Some(asked) => asked
            .iter()
            .map(|topic| asked_topic(topic, image, api_version, &mut unknown))
            .collect(),
    };
    let mut response = MetadataResponse::default()
        .with_brokers(active_brokers(image))
        .with_controller_id(BrokerId(first_active(image)))
        .with_topics(topics);
    if api_version >= 2 {
        response.cluster_id = Some(StrBytes::from_string(cluster_id.to_owned()));
    }
    (response, unknown)
}

/// Without a controller that clients could reach, Kafka names a broker that is alive.
fn first_active(image: &MetadataImage) -> i32 {
    image
        .brokers
        .keys()
        .copied()
        .find(|id| image.is_unfenced(*id))
        .unwrap_or(-1)
}

fn active_brokers(image: &MetadataImage) -> Vec<metadata_response::MetadataResponseBroker> {
    let active = image.brokers.values().filter(|broker| !broker.fenced);
    let describe = |broker: &std::sync::Arc<crate::kafka::metadata::BrokerImage>| {
        let host = broker
            .endpoints
            .first()
            .map_or(String::new(), |at| at.host.clone());
        let port = broker.endpoints.first().map_or(BROKER_PORT, |at| at.port);
        metadata_response::MetadataResponseBroker::default()
            .with_node_id(BrokerId(broker.id))
            .with_host(StrBytes::from_string(host))
            .with_port(i32::from(port))
            .with_rack(broker.rack.clone().map(StrBytes::from_string))
    };
    active.map(describe).collect()
}

fn asked_topic(
    asked: &metadata_request::MetadataRequestTopic,
    image: &MetadataImage,
    api_version: i16,
    unknown: &mut Vec<String>,
) -> metadata_response::MetadataResponseTopic {
    if let Some(name) = &asked.name {
        if let Some(topic) = image.topic(name.as_str()) {
            return describe(topic, image, api_version);
        }
        let error = no_topic(name.as_str());
        if error == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION {
            unknown.push(name.as_str().to_owned());
        }
        return metadata_response::MetadataResponseTopic::default()
            .with_error_code(error.0)
            .with_name(Some(name.clone()))
            .with_topic_authorized_operations(OPERATIONS_OMITTED);
    }
    match image.topics.get(&asked.topic_id) {
        Some(topic) => describe(topic, image, api_version),
        // Before version 12 a name cannot be null on the wire.
        None => metadata_response::MetadataResponseTopic::default()
            .with_error_code(ErrorCode::UNKNOWN_TOPIC_ID.0)
            .with_name((api_version < 12).then(TopicName::default))
            .with_topic_id(asked.topic_id)
            .with_topic_authorized_operations(OPERATIONS_OMITTED),
    }
}

fn describe(
    topic: &TopicImage,
    image: &MetadataImage,
    api_version: i16,
) -> metadata_response::MetadataResponseTopic {
    let partition = |(number, partition): (&i32, &std::sync::Arc<PartitionImage>)| {
        // A leader that is about to stop leads until another one is elected.
        let error = match image.brokers.contains_key(&partition.leader) {
            true => ErrorCode::NONE,
            false => ErrorCode::LEADER_NOT_AVAILABLE,
        };
        let mut described = metadata_response::MetadataResponsePartition::default()
            .with_error_code(error.0)
            .with_partition_index(*number)
            .with_leader_id(BrokerId(partition.leader))
            .with_replica_nodes(brokers(&partition.replicas))
            .with_isr_nodes(brokers(&partition.isr));
        if api_version >= 7 {
            described.leader_epoch = partition.leader_epoch;
        }
        if api_version >= 5 {
            described.offline_replicas = brokers(&offline(partition, image));
        }
        described
    };
    metadata_response::MetadataResponseTopic::default()
        .with_name(Some(TopicName(StrBytes::from_string(topic.name.clone()))))
        .with_topic_id(if api_version >= 10 {
            topic.id
        } else {
            Uuid::nil()
        })
        .with_partitions(topic.partitions.iter().map(partition).collect())
        .with_topic_authorized_operations(OPERATIONS_OMITTED)
}

/// The answer to DescribeCluster.
pub(super) fn describe_cluster(
    request: &DescribeClusterRequest,
    api_version: i16,
    image: &MetadataImage,
    cluster_id: &str,
) -> DescribeClusterResponse {
    let with_fenced = api_version >= 2 && request.include_fenced_brokers;
    let listed = image
        .brokers
        .values()
        .filter(|broker| with_fenced || !broker.fenced);
    let describe = |broker: &std::sync::Arc<crate::kafka::metadata::BrokerImage>| {
        let host = broker
            .endpoints
            .first()
            .map_or(String::new(), |at| at.host.clone());
        let mut described = describe_cluster_response::DescribeClusterBroker::default()
            .with_broker_id(BrokerId(broker.id))
            .with_host(StrBytes::from_string(host))
            .with_port(i32::from(
                broker.endpoints.first().map_or(BROKER_PORT, |at| at.port),
            ))
            .with_rack(broker.rack.clone().map(StrBytes::from_string));
        if api_version >= 2 {
            described.is_fenced = broker.fenced;
        }
        described
    };
    DescribeClusterResponse::default()
        .with_cluster_id(StrBytes::from_string(cluster_id.to_owned()))
        .with_controller_id(BrokerId(first_active(image)))
        .with_brokers(listed.map(describe).collect())
        .with_cluster_authorized_operations(OPERATIONS_OMITTED)
}

/// The answer to DescribeTopicPartitions (KIP-966), topics by name, at most the asked number of
/// partitions.
pub(super) fn describe_topic_partitions(
    request: &DescribeTopicPartitionsRequest,
    image: &MetadataImage,
) -> DescribeTopicPartitionsResponse {
    let mut names: Vec<String> = request
        .topics
        .iter()
        .map(|topic| topic.name.as_str().to_owned())
        .collect();
    if names.is_empty() {
        names = image.topic_ids.keys().cloned().collect();
    }
    names.sort();
    names.dedup();
    let (from_topic, from_partition) = match &request.cursor {
        Some(cursor) => (
            cursor.topic_name.as_str().to_owned(),
            cursor.partition_index,
        ),
        None => (String::new(), 0),
    };
    let mut left = request.response_partition_limit.clamp(1, 2_000);
    let mut response = DescribeTopicPartitionsResponse::default();
    for name in names.into_iter().filter(|name| *name >= from_topic) {
        let first = if name == from_topic {
            from_partition
        } else {
            0
        };
        let (topic, next) = describe_partitions(&name, first, &mut left, image);
        response.topics.push(topic);
        if let Some(partition) = next {
            response.next_cursor = Some(
                describe_topic_partitions_response::Cursor::default()
                    .with_topic_name(TopicName(StrBytes::from_string(name)))
                    .with_partition_index(partition),
            );
            break;
        }
    }
    response
}

fn describe_partitions(
    name: &str,
    first: i32,
    left: &mut i32,
    image: &MetadataImage,
) -> (
    describe_topic_partitions_response::DescribeTopicPartitionsResponseTopic,
    Option<i32>,
) {
    let mut described =
        describe_topic_partitions_response::DescribeTopicPartitionsResponseTopic::default()
            .with_name(Some(TopicName(StrBytes::from_string(name.to_owned()))))
            .with_topic_authorized_operations(OPERATIONS_OMITTED);
    let Some(topic) = image.topic(name) else {
        described.error_code = no_topic(name).0;
        return (described, None);
    };
    described.topic_id = topic.id;
    for (number, partition) in topic.partitions.range(first..) {
        if *left == 0 {
            return (described, Some(*number));
        }
        *left -= 1;
        described.partitions.push(
            describe_topic_partitions_response::DescribeTopicPartitionsResponsePartition::default()
                .with_partition_index(*number)
                .with_leader_id(BrokerId(partition.leader))
                .with_leader_epoch(partition.leader_epoch)
                .with_replica_nodes(brokers(&partition.replicas))
                .with_isr_nodes(brokers(&partition.isr))
                .with_eligible_leader_replicas(Some(brokers(&partition.elr)))
                .with_last_known_elr(Some(brokers(&partition.last_known_elr)))
                .with_offline_replicas(brokers(&offline(partition, image))),
        );
    }
    (described, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::metadata::BrokerImage;
    use crate::kafka::protocol::metadata_record::Endpoint;
    use crate::kafka::storage::{uuid_from_text, uuid_to_text};
    use serde_json::{Value, json};
    use std::collections::BTreeMap;
    use std::sync::Arc;

    const CLUSTER: &str = "a2Fma2FsYWItcmVhbC0wMQ";
    const NAME: &str = "wire-27977-auto";

    fn id(text: &Value) -> Uuid {
        text.as_str().and_then(uuid_from_text).expect("an id")
    }

    fn broker(fenced: bool, in_controlled_shutdown: bool) -> BrokerImage {
        let endpoint = Endpoint {
            name: "PLAINTEXT".into(),
            host: "127.0.0.1".into(),
            port: 29092,
            security_protocol: 0,
        };
        BrokerImage {
            id: 1,
            epoch: 5,
            incarnation_id: Uuid::nil(),
            endpoints: vec![endpoint],
            rack: None,
            fenced,
            in_controlled_shutdown,
            log_dirs: Vec::new(),
        }
    }

    /// The recorded broker and its topic.
    fn image(broker: BrokerImage) -> MetadataImage {
        let mut image = MetadataImage::default();
        let partition = PartitionImage {
            replicas: vec![1],
            isr: vec![1],
            leader: 1,
            ..PartitionImage::default()
        };
        let topic = TopicImage {
            name: NAME.to_owned(),
            id: id(&json!("xdw8KKOXSlOeoJGGNA-wJQ")),
            partitions: BTreeMap::from([(0, Arc::new(partition))]),
        };
        image.brokers = Arc::new(BTreeMap::from([(1, Arc::new(broker))]));
        image.topic_ids = Arc::new(BTreeMap::from([(NAME.to_owned(), topic.id)]));
        image.topics = Arc::new(BTreeMap::from([(topic.id, Arc::new(topic))]));
        image
    }

    fn asked(topics: &Value) -> MetadataRequest {
        let topic = |topic: &Value| {
            let name = topic["name"]
                .as_str()
                .map(|name| StrBytes::from_string(name.to_owned()));
            metadata_request::MetadataRequestTopic::default()
                .with_topic_id(id(&topic["topicId"]))
                .with_name(name.map(TopicName))
        };
        let topics = topics
            .as_array()
            .expect("a list")
            .iter()
            .map(topic)
            .collect();
        MetadataRequest::default().with_topics(Some(topics))
    }

    fn told(response: &MetadataResponse) -> Value {
        let ids = |list: &[BrokerId]| list.iter().map(|id| id.0).collect::<Vec<_>>();
        let partition = |it: &metadata_response::MetadataResponsePartition| {
            json!({
                "errorCode": it.error_code, "partitionIndex": it.partition_index,
                "leaderId": it.leader_id.0, "leaderEpoch": it.leader_epoch,
                "replicaNodes": ids(&it.replica_nodes), "isrNodes": ids(&it.isr_nodes),
                "offlineReplicas": ids(&it.offline_replicas),
            })
        };
        let topic = |it: &metadata_response::MetadataResponseTopic| {
            json!({
                "errorCode": it.error_code, "name": it.name.as_ref().map(|name| name.as_str()),
                "topicId": uuid_to_text(it.topic_id), "isInternal": it.is_internal,
                "partitions": it.partitions.iter().map(partition).collect::<Vec<_>>(),
                "topicAuthorizedOperations": it.topic_authorized_operations,
            })
        };
        let broker = |it: &metadata_response::MetadataResponseBroker| {
            json!({
                "nodeId": it.node_id.0, "host": it.host.as_str(), "port": it.port,
                "rack": it.rack.as_ref().map(|rack| rack.as_str()),
            })
        };
        json!({
            "throttleTimeMs": response.throttle_time_ms,
            "brokers": response.brokers.iter().map(broker).collect::<Vec<_>>(),
            "clusterId": response.cluster_id.as_ref().map(|id| id.as_str()),
            "controllerId": response.controller_id.0,
            "topics": response.topics.iter().map(topic).collect::<Vec<_>>(),
        })
    }

    #[test]
    fn metadata_is_answered_as_a_real_broker_did() {
        let text = include_str!("../../../tests/data/wire_server.json");
        let recorded: Value = serde_json::from_str(text).expect("JSON");
        let exchanges = recorded["exchanges"].as_array().expect("a list").iter();
        let exchanges: Vec<_> = exchanges.filter(|it| it["api"] == "Metadata").collect();
        assert_eq!(exchanges.len(), 5);
        let image = image(broker(false, false));
        for exchange in exchanges {
            let request = asked(&exchange["request"]["topics"]);
            let (response, _) = metadata(&request, 12, &image, CLUSTER);
            assert_eq!(
                told(&response),
                exchange["response"],
                "{}",
                exchange["what"]
            );
        }
    }

    #[test]
    fn only_a_legal_name_may_be_created() {
        let none = "AAAAAAAAAAAAAAAAAAAAAA";
        let topics = json!([{"name": "a b", "topicId": none}, {"name": "a-b", "topicId": none}]);
        let (_, unknown) = metadata(&asked(&topics), 12, &image(broker(false, false)), CLUSTER);
        assert_eq!(unknown, ["a-b"]);
    }

    /// `KRaftMetadataCache`: offline is fenced; a leader in controlled shutdown still leads.
    #[test]
    fn a_broker_that_is_about_to_stop_is_not_offline() {
        let topics = json!([{"name": NAME, "topicId": "AAAAAAAAAAAAAAAAAAAAAA"}]);
        let partition = |broker| {
            let (response, _) = metadata(&asked(&topics), 12, &image(broker), CLUSTER);
            told(&response)["topics"][0]["partitions"][0].clone()
        };
        let leaving = partition(broker(false, true));
        assert_eq!(
            (&leaving["errorCode"], &leaving["offlineReplicas"]),
            (&json!(0), &json!([]))
        );
        let fenced = partition(broker(true, false));
        assert_eq!(fenced["offlineReplicas"], json!([1]));
    }
}
