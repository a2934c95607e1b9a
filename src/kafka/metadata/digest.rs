//! A hash over the whole image, to compare the images of two nodes at one offset (I32).

use super::{BrokerImage, ControllerImage, MetadataImage, PartitionImage, TopicImage};
use crate::kafka::protocol::metadata_record::Endpoint;
use crate::sim::TraceHash;
use uuid::Uuid;

impl MetadataImage {
    /// A hash over the whole image in canonical order (I32). Every collection is preceded by its
    /// length, so that no two different images are spelled alike.
    pub fn digest(&self) -> u64 {
        let mut hash = TraceHash::new();
        int(&mut hash, self.offset);
        int(&mut hash, self.epoch);
        int(&mut hash, self.next_producer_id);
        each(&mut hash, self.features.iter(), |hash, (name, level)| {
            hash.bytes(name.as_bytes());
            int(hash, *level);
        });
        each(&mut hash, self.brokers.values(), |hash, b| broker(hash, b));
        each(&mut hash, self.controllers.values(), |hash, c| {
            controller(hash, c);
        });
        each(&mut hash, self.topics.values(), |hash, t| topic(hash, t));
        each(&mut hash, self.configs.iter(), |hash, (key, entries)| {
            int(hash, key.0);
            hash.bytes(key.1.as_bytes());
            each(hash, entries.iter(), |hash, (name, value)| {
                hash.bytes(name.as_bytes());
                hash.bytes(value.as_bytes());
            });
        });
        hash.0
    }
}

fn int(hash: &mut TraceHash, value: impl Into<i64>) {
    hash.word(value.into() as u64);
}

fn each<T>(
    hash: &mut TraceHash,
    items: impl ExactSizeIterator<Item = T>,
    mut one: impl FnMut(&mut TraceHash, T),
) {
    hash.word(items.len() as u64);
    items.for_each(|item| one(hash, item));
}

fn id(hash: &mut TraceHash, id: Uuid) {
    let (high, low) = id.as_u64_pair();
    hash.word(high);
    hash.word(low);
}

fn ids(hash: &mut TraceHash, list: &[i32]) {
    each(hash, list.iter(), |hash, id| int(hash, *id));
}

fn uuids(hash: &mut TraceHash, list: &[Uuid]) {
    each(hash, list.iter(), |hash, uuid| id(hash, *uuid));
}

fn endpoints(hash: &mut TraceHash, list: &[Endpoint]) {
    each(hash, list.iter(), |hash, endpoint| {
        hash.bytes(endpoint.name.as_bytes());
        hash.bytes(endpoint.host.as_bytes());
        int(hash, endpoint.port);
        int(hash, endpoint.security_protocol);
    });
}

fn broker(hash: &mut TraceHash, broker: &BrokerImage) {
    int(hash, broker.id);
    int(hash, broker.epoch);
    id(hash, broker.incarnation_id);
    endpoints(hash, &broker.endpoints);
    hash.word(u64::from(broker.rack.is_some()));
    hash.bytes(broker.rack.as_deref().unwrap_or("").as_bytes());
    hash.word(u64::from(broker.fenced) | u64::from(broker.in_controlled_shutdown) << 1);
    uuids(hash, &broker.log_dirs);
}

fn controller(hash: &mut TraceHash, controller: &ControllerImage) {
    int(hash, controller.id);
    id(hash, controller.incarnation_id);
    endpoints(hash, &controller.endpoints);
}

fn topic(hash: &mut TraceHash, topic: &TopicImage) {
    hash.bytes(topic.name.as_bytes());
    id(hash, topic.id);
    each(hash, topic.partitions.iter(), |hash, (number, p)| {
        int(hash, *number);
        partition(hash, p);
    });
}

fn partition(hash: &mut TraceHash, partition: &PartitionImage) {
    ids(hash, &partition.replicas);
    uuids(hash, &partition.directories);
    ids(hash, &partition.isr);
    ids(hash, &partition.elr);
    ids(hash, &partition.last_known_elr);
    ids(hash, &partition.removing);
    ids(hash, &partition.adding);
    int(hash, partition.leader);
    int(hash, partition.leader_epoch);
    int(hash, partition.partition_epoch);
    hash.word(u64::from(partition.recovering));
}
