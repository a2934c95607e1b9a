//! Answers that a broker gives from its own image: Metadata, DescribeCluster,
//! DescribeTopicPartitions. Eventually consistent, each broker on its own (C15).

use super::config::BROKER_PORT;
use crate::kafka::metadata::{MetadataImage, PartitionImage, TopicImage};
use crate::kafka::protocol::messages::*;
use crate::kafka::protocol::{ErrorCode, StrBytes};
use uuid::Uuid;

/// "The authorized operations were not asked for".
const OPERATIONS_OMITTED: i32 = i32::MIN;

fn brokers(ids: &[i32]) -> Vec<BrokerId> {
    ids.iter().map(|id| BrokerId(*id)).collect()
}

fn offline(partition: &PartitionImage, image: &MetadataImage) -> Vec<i32> {
    partition.replicas.iter().copied().filter(|id| !image.is_active(*id)).collect()
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
        None => image.topics.values().map(|topic| describe(topic, image, api_version)).collect(),
        Some(asked) if asked.is_empty() && api_version == 0 => {
            image.topics.values().map(|topic| describe(topic, image, api_version)).collect()
        }
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
    image.brokers.keys().copied().find(|id| image.is_active(*id)).unwrap_or(-1)
}

fn active_brokers(image: &MetadataImage) -> Vec<metadata_response::MetadataResponseBroker> {
    let active = image.brokers.values().filter(|broker| !broker.fenced);
    let describe = |broker: &std::sync::Arc<crate::kafka::metadata::BrokerImage>| {
        let host = broker.endpoints.first().map_or(String::new(), |at| at.host.clone());
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
        unknown.push(name.as_str().to_owned());
        return metadata_response::MetadataResponseTopic::default()
            .with_error_code(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.0)
            .with_name(Some(name.clone()))
            .with_topic_authorized_operations(OPERATIONS_OMITTED);
    }
    match image.topics.get(&asked.topic_id) {
        Some(topic) => describe(topic, image, api_version),
        None => metadata_response::MetadataResponseTopic::default()
            .with_error_code(ErrorCode::UNKNOWN_TOPIC_ID.0)
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
        let error = if partition.leader < 0 || !image.is_active(partition.leader) {
            ErrorCode::LEADER_NOT_AVAILABLE
        } else {
            ErrorCode::NONE
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
        .with_topic_id(if api_version >= 10 { topic.id } else { Uuid::nil() })
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
    let listed = image.brokers.values().filter(|broker| with_fenced || !broker.fenced);
    let describe = |broker: &std::sync::Arc<crate::kafka::metadata::BrokerImage>| {
        let host = broker.endpoints.first().map_or(String::new(), |at| at.host.clone());
        let mut described = describe_cluster_response::DescribeClusterBroker::default()
            .with_broker_id(BrokerId(broker.id))
            .with_host(StrBytes::from_string(host))
            .with_port(i32::from(broker.endpoints.first().map_or(BROKER_PORT, |at| at.port)))
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
    let mut names: Vec<String> =
        request.topics.iter().map(|topic| topic.name.as_str().to_owned()).collect();
    if names.is_empty() {
        names = image.topic_ids.keys().cloned().collect();
    }
    names.sort();
    names.dedup();
    let (from_topic, from_partition) = match &request.cursor {
        Some(cursor) => (cursor.topic_name.as_str().to_owned(), cursor.partition_index),
        None => (String::new(), 0),
    };
    let mut left = request.response_partition_limit.clamp(1, 2_000);
    let mut response = DescribeTopicPartitionsResponse::default();
    for name in names.into_iter().filter(|name| *name >= from_topic) {
        let first = if name == from_topic { from_partition } else { 0 };
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
) -> (describe_topic_partitions_response::DescribeTopicPartitionsResponseTopic, Option<i32>) {
    let mut described =
        describe_topic_partitions_response::DescribeTopicPartitionsResponseTopic::default()
            .with_name(Some(TopicName(StrBytes::from_string(name.to_owned()))))
            .with_topic_authorized_operations(OPERATIONS_OMITTED);
    let Some(topic) = image.topic(name) else {
        described.error_code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.0;
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
