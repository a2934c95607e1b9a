//! The image as records, in the order of Kafka's `MetadataImage.write`: features, brokers,
//! controllers, topics, configs, producer ids.

use super::{BrokerImage, ControllerImage, MetadataImage, PartitionImage, TopicImage};
use crate::kafka::protocol::metadata_record::{
    MetadataRecord, PartitionRecord, RegisterBroker, RegisterController,
};
use uuid::Uuid;

impl MetadataImage {
    /// The whole state as records, for a snapshot. What nodes support (the features of a
    /// registration) is not in the image and so not in the records.
    pub fn to_records(&self) -> Vec<MetadataRecord> {
        let mut records = Vec::new();
        for (name, level) in self.features.iter() {
            records.push(MetadataRecord::FeatureLevel {
                name: name.clone(),
                level: *level,
            });
        }
        records.extend(self.brokers.values().map(|broker| broker_record(broker)));
        records.extend(self.controllers.values().map(|c| controller_record(c)));
        for topic in self.topics.values() {
            push_topic(&mut records, topic);
        }
        for ((resource_type, resource_name), entries) in self.configs.iter() {
            records.extend(entries.iter().map(|(name, value)| MetadataRecord::Config {
                resource_type: *resource_type,
                resource_name: resource_name.clone(),
                name: name.clone(),
                value: Some(value.clone()),
            }));
        }
        if self.next_producer_id > 0 {
            records.push(MetadataRecord::ProducerIds {
                broker_id: -1,
                broker_epoch: -1,
                next_producer_id: self.next_producer_id,
            });
        }
        records
    }
}

fn broker_record(broker: &BrokerImage) -> MetadataRecord {
    MetadataRecord::RegisterBroker(RegisterBroker {
        broker_id: broker.id,
        incarnation_id: broker.incarnation_id,
        broker_epoch: broker.epoch,
        endpoints: broker.endpoints.clone(),
        features: Vec::new(),
        rack: broker.rack.clone(),
        fenced: broker.fenced,
        in_controlled_shutdown: broker.in_controlled_shutdown,
        log_dirs: broker.log_dirs.clone(),
    })
}

fn controller_record(controller: &ControllerImage) -> MetadataRecord {
    MetadataRecord::RegisterController(RegisterController {
        controller_id: controller.id,
        incarnation_id: controller.incarnation_id,
        endpoints: controller.endpoints.clone(),
        features: Vec::new(),
    })
}

fn push_topic(records: &mut Vec<MetadataRecord>, topic: &TopicImage) {
    records.push(MetadataRecord::Topic {
        name: topic.name.clone(),
        topic_id: topic.id,
    });
    for (number, partition) in &topic.partitions {
        let record = partition.to_record(topic.id, *number);
        records.push(MetadataRecord::Partition(record));
    }
}

impl PartitionImage {
    /// The partition as the record that creates it.
    pub fn to_record(&self, topic_id: Uuid, partition_id: i32) -> PartitionRecord {
        PartitionRecord {
            partition_id,
            topic_id,
            replicas: self.replicas.clone(),
            isr: self.isr.clone(),
            removing_replicas: self.removing.clone(),
            adding_replicas: self.adding.clone(),
            leader: self.leader,
            leader_recovery_state: i8::from(self.recovering),
            leader_epoch: self.leader_epoch,
            partition_epoch: self.partition_epoch,
            directories: self.directories.clone(),
            eligible_leader_replicas: self.elr.clone(),
            last_known_elr: self.last_known_elr.clone(),
        }
    }
}
