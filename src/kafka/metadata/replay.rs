//! Replay: how each record changes the image (Kafka's `*Delta.replay` and
//! `PartitionRegistration.merge`).

use super::{
    BrokerImage, ControllerImage, MetadataDelta, MetadataImage, PartitionImage, TOPIC_RESOURCE,
    TopicImage,
};
use crate::kafka::protocol::metadata_record::{
    BrokerRegistrationChange, MetadataRecord, PartitionChange, PartitionRecord, RegisterBroker,
    RegisterController,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

impl MetadataImage {
    /// Takes in the record at `offset` and adds what it changed to `delta`. A record that makes
    /// no sense (an unknown topic) is an error: the log is not what a controller wrote. The image
    /// is unchanged then.
    pub fn replay(
        &mut self,
        record: &MetadataRecord,
        offset: i64,
        epoch: i32,
        delta: &mut MetadataDelta,
    ) -> Result<(), String> {
        self.replay_record(record, delta)
            .map_err(|reason| format!("the metadata record at offset {offset}: {reason}"))?;
        self.offset = offset;
        self.epoch = epoch;
        Ok(())
    }

    fn replay_record(
        &mut self,
        record: &MetadataRecord,
        delta: &mut MetadataDelta,
    ) -> Result<(), String> {
        match record {
            MetadataRecord::RegisterBroker(broker) => {
                self.register_broker(broker);
                delta.touch_broker(broker.broker_id);
            }
            MetadataRecord::UnregisterBroker {
                broker_id,
                broker_epoch,
            } => {
                self.unregister_broker(*broker_id, *broker_epoch)?;
                delta.touch_broker(*broker_id);
            }
            MetadataRecord::BrokerRegistrationChange(change) => {
                self.change_broker(change)?;
                delta.touch_broker(change.broker_id);
            }
            MetadataRecord::RegisterController(controller) => self.register_controller(controller),
            MetadataRecord::Topic { name, topic_id } => self.create_topic(name, *topic_id)?,
            MetadataRecord::Partition(partition) => {
                self.put_partition(partition)?;
                delta.touch_partition(partition.topic_id, partition.partition_id);
            }
            MetadataRecord::PartitionChange(change) => {
                self.change_partition(change)?;
                delta.touch_partition(change.topic_id, change.partition_id);
            }
            MetadataRecord::RemoveTopic { topic_id } => {
                let topic = self.remove_topic(*topic_id)?;
                delta.remove_topic(&topic);
            }
            MetadataRecord::Config {
                resource_type,
                resource_name,
                name,
                value,
            } => {
                self.set_config(*resource_type, resource_name, name, value.as_deref());
                if *resource_type == TOPIC_RESOURCE {
                    delta.touch_topic_config(resource_name);
                }
            }
            MetadataRecord::FeatureLevel { name, level } => self.set_feature(name, *level),
            MetadataRecord::ProducerIds {
                next_producer_id, ..
            } => self.next_producer_id = *next_producer_id,
            MetadataRecord::NoOp => {}
        }
        Ok(())
    }

    fn register_broker(&mut self, record: &RegisterBroker) {
        let broker = BrokerImage {
            id: record.broker_id,
            epoch: record.broker_epoch,
            incarnation_id: record.incarnation_id,
            endpoints: record.endpoints.clone(),
            rack: record.rack.clone(),
            fenced: record.fenced,
            in_controlled_shutdown: record.in_controlled_shutdown,
            log_dirs: record.log_dirs.clone(),
        };
        Arc::make_mut(&mut self.brokers).insert(broker.id, Arc::new(broker));
    }

    fn registered(&self, id: i32, epoch: i64) -> Result<&Arc<BrokerImage>, String> {
        match self.brokers.get(&id) {
            None => Err(format!("no broker with id {id} is registered")),
            Some(broker) if broker.epoch != epoch => Err(format!(
                "broker {id} has epoch {} and not {epoch}",
                broker.epoch
            )),
            Some(broker) => Ok(broker),
        }
    }

    fn unregister_broker(&mut self, id: i32, epoch: i64) -> Result<(), String> {
        self.registered(id, epoch)?;
        Arc::make_mut(&mut self.brokers).remove(&id);
        Ok(())
    }

    fn change_broker(&mut self, change: &BrokerRegistrationChange) -> Result<(), String> {
        let mut broker = (**self.registered(change.broker_id, change.broker_epoch)?).clone();
        broker.fenced = change.fenced.unwrap_or(broker.fenced);
        broker.in_controlled_shutdown = change
            .in_controlled_shutdown
            .unwrap_or(broker.in_controlled_shutdown);
        if !change.log_dirs.is_empty() {
            broker.log_dirs = change.log_dirs.clone();
        }
        Arc::make_mut(&mut self.brokers).insert(broker.id, Arc::new(broker));
        Ok(())
    }

    fn register_controller(&mut self, record: &RegisterController) {
        let controller = ControllerImage {
            id: record.controller_id,
            incarnation_id: record.incarnation_id,
            endpoints: record.endpoints.clone(),
        };
        Arc::make_mut(&mut self.controllers).insert(controller.id, Arc::new(controller));
    }

    fn create_topic(&mut self, name: &str, id: Uuid) -> Result<(), String> {
        if self.topics.contains_key(&id) || self.topic_ids.contains_key(name) {
            return Err(format!("topic {name} with id {id} exists"));
        }
        let topic = TopicImage {
            name: name.to_string(),
            id,
            partitions: BTreeMap::new(),
        };
        Arc::make_mut(&mut self.topic_ids).insert(name.to_string(), id);
        Arc::make_mut(&mut self.topics).insert(id, Arc::new(topic));
        Ok(())
    }

    fn topic_mut(&mut self, id: Uuid) -> Result<&mut TopicImage, String> {
        if !self.topics.contains_key(&id) {
            return Err(format!("no topic has the id {id}"));
        }
        let topic = Arc::make_mut(&mut self.topics).get_mut(&id);
        topic
            .map(Arc::make_mut)
            .ok_or_else(|| format!("no topic has the id {id}"))
    }

    fn put_partition(&mut self, record: &PartitionRecord) -> Result<(), String> {
        let topic = self.topic_mut(record.topic_id)?;
        let partition = PartitionImage::from(record);
        topic
            .partitions
            .insert(record.partition_id, Arc::new(partition));
        Ok(())
    }

    fn change_partition(&mut self, change: &PartitionChange) -> Result<(), String> {
        let number = change.partition_id;
        let merged = match self.partition(change.topic_id, number) {
            Some(partition) => partition.merge(change),
            None => return Err(format!("{}-{number} is unknown", change.topic_id)),
        };
        let topic = self.topic_mut(change.topic_id)?;
        topic.partitions.insert(number, Arc::new(merged));
        Ok(())
    }

    fn remove_topic(&mut self, id: Uuid) -> Result<Arc<TopicImage>, String> {
        if !self.topics.contains_key(&id) {
            return Err(format!("no topic has the id {id}"));
        }
        let removed = Arc::make_mut(&mut self.topics).remove(&id);
        let topic = removed.ok_or_else(|| format!("no topic has the id {id}"))?;
        Arc::make_mut(&mut self.topic_ids).remove(&topic.name);
        let resource = (TOPIC_RESOURCE, topic.name.clone());
        if self.configs.contains_key(&resource) {
            Arc::make_mut(&mut self.configs).remove(&resource);
        }
        Ok(topic)
    }

    fn set_config(&mut self, resource_type: i8, resource: &str, name: &str, value: Option<&str>) {
        let key = (resource_type, resource.to_string());
        let configs = Arc::make_mut(&mut self.configs);
        let entries = Arc::make_mut(configs.entry(key.clone()).or_default());
        match value {
            Some(value) => entries.insert(name.to_string(), value.to_string()),
            None => entries.remove(name),
        };
        if entries.is_empty() {
            configs.remove(&key);
        }
    }

    fn set_feature(&mut self, name: &str, level: i16) {
        let features = Arc::make_mut(&mut self.features);
        match level {
            0 => features.remove(name),
            level => features.insert(name.to_string(), level),
        };
    }
}

impl From<&PartitionRecord> for PartitionImage {
    fn from(record: &PartitionRecord) -> Self {
        PartitionImage {
            replicas: record.replicas.clone(),
            directories: record.directories.clone(),
            isr: record.isr.clone(),
            elr: record.eligible_leader_replicas.clone(),
            last_known_elr: record.last_known_elr.clone(),
            removing: record.removing_replicas.clone(),
            adding: record.adding_replicas.clone(),
            leader: record.leader,
            leader_epoch: record.leader_epoch,
            partition_epoch: record.partition_epoch,
            recovering: record.leader_recovery_state == 1,
        }
    }
}

impl PartitionImage {
    /// The partition after `change`: the partition epoch grows always, the leader epoch when the
    /// leader's field is present, even with the same leader.
    pub fn merge(&self, change: &PartitionChange) -> PartitionImage {
        let pick = |new: &Option<Vec<i32>>, old: &Vec<i32>| new.as_ref().unwrap_or(old).clone();
        let directories = change.directories.as_ref().unwrap_or(&self.directories);
        PartitionImage {
            replicas: pick(&change.replicas, &self.replicas),
            directories: directories.clone(),
            isr: pick(&change.isr, &self.isr),
            elr: pick(&change.eligible_leader_replicas, &self.elr),
            last_known_elr: pick(&change.last_known_elr, &self.last_known_elr),
            removing: pick(&change.removing_replicas, &self.removing),
            adding: pick(&change.adding_replicas, &self.adding),
            leader: change.leader.unwrap_or(self.leader),
            leader_epoch: self.leader_epoch + i32::from(change.leader.is_some()),
            partition_epoch: self.partition_epoch + 1,
            recovering: change
                .leader_recovery_state
                .map_or(self.recovering, |state| state == 1),
        }
    }
}

impl MetadataDelta {
    /// Nothing changed.
    pub fn is_empty(&self) -> bool {
        self.partitions.is_empty()
            && self.removed_topics.is_empty()
            && self.brokers.is_empty()
            && self.topic_configs.is_empty()
    }

    fn touch_partition(&mut self, topic_id: Uuid, partition: i32) {
        insert_sorted(&mut self.partitions, (topic_id, partition));
    }

    fn touch_broker(&mut self, broker: i32) {
        insert_sorted(&mut self.brokers, broker);
    }

    fn touch_topic_config(&mut self, topic: &str) {
        insert_sorted(&mut self.topic_configs, topic.to_string());
    }

    fn remove_topic(&mut self, topic: &TopicImage) {
        self.partitions.retain(|(id, _)| *id != topic.id);
        self.topic_configs.retain(|name| *name != topic.name);
        let partitions = topic.partitions.keys().copied().collect();
        self.removed_topics
            .push((topic.id, topic.name.clone(), partitions));
    }
}

fn insert_sorted<T: Ord>(sorted: &mut Vec<T>, item: T) {
    if let Err(place) = sorted.binary_search(&item) {
        sorted.insert(place, item);
    }
}
