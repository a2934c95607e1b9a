//! What a client knows of the cluster: brokers, topics, who leads (`Metadata`).
//!
//! An answer with an older leader epoch than the one known for a partition is not taken for that
//! partition; a topic with a new id starts anew. When an update is due and when it may be asked
//! for are two questions: [`Metadata::next_update`] answers both at once.

use super::backoff::Backoff;
use crate::kafka::network_client::Hosts;
use crate::kafka::protocol::messages::metadata_response::{
    MetadataResponsePartition, MetadataResponseTopic,
};
use crate::kafka::protocol::messages::{
    MetadataRequest, MetadataResponse, TopicName, metadata_request::MetadataRequestTopic,
};
use crate::kafka::protocol::{ErrorCode, StrBytes, TopicPartition};
use crate::kafka::vocabulary::{ClientNo, Kafka, NodeId as BrokerNode, Note, Tp};
use crate::sim::{Ctx, NodeId, Span, Time};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// What is known of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartitionMetadata {
    /// The leader's broker id, -1 if there is none.
    pub(crate) leader: i32,
    /// Its epoch, -1 if unknown.
    pub(crate) leader_epoch: i32,
}

/// What is known of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TopicMetadata {
    pub(crate) id: Uuid,
    pub(crate) partitions: Vec<PartitionMetadata>,
}

/// A client's view of the cluster.
#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    client: ClientNo,
    hosts: Arc<Hosts>,
    bootstrap: Vec<NodeId>,
    brokers: BTreeMap<i32, Option<NodeId>>,
    controller: i32,
    topics: BTreeMap<String, TopicMetadata>,
    errors: BTreeMap<String, ErrorCode>,
    wanted: BTreeMap<String, ()>,
    allow_auto_topic_creation: bool,
    max_age: Span,
    backoff: Backoff,
    version: u32,
    update_requested: bool,
    in_flight: bool,
    refreshed_at: Option<Time>,
    allowed_at: Time,
    failures: u32,
    equivalent: u32,
}

impl Metadata {
    pub(crate) fn new(
        client: ClientNo,
        hosts: Arc<Hosts>,
        bootstrap: &[String],
        allow_auto_topic_creation: bool,
        max_age: Span,
        backoff: Backoff,
    ) -> Self {
        let host = |name: &String| hosts.resolve(name.split(':').next().unwrap_or_default());
        Metadata {
            client,
            bootstrap: bootstrap.iter().filter_map(host).collect(),
            hosts,
            brokers: BTreeMap::new(),
            controller: -1,
            topics: BTreeMap::new(),
            errors: BTreeMap::new(),
            wanted: BTreeMap::new(),
            allow_auto_topic_creation,
            max_age,
            backoff,
            version: 0,
            update_requested: true,
            in_flight: false,
            refreshed_at: None,
            allowed_at: Time::ZERO,
            failures: 0,
            equivalent: 0,
        }
    }

    /// Grows with every update.
    pub(crate) fn version(&self) -> u32 {
        self.version
    }

    pub(crate) fn topic(&self, topic: &str) -> Option<&TopicMetadata> {
        self.topics.get(topic)
    }

    pub(crate) fn topic_id(&self, topic: &str) -> Uuid {
        self.topics.get(topic).map_or(Uuid::nil(), |known| known.id)
    }

    /// The error of the last answer about this topic.
    pub(crate) fn error(&self, topic: &str) -> ErrorCode {
        self.errors.get(topic).copied().unwrap_or_default()
    }

    pub(crate) fn partition(&self, tp: &TopicPartition) -> Option<&PartitionMetadata> {
        let topic = self.topics.get(&tp.topic)?;
        topic.partitions.get(usize::try_from(tp.partition).ok()?)
    }

    /// The leader's broker id and epoch, if there is a leader whose address is known.
    pub(crate) fn leader(&self, tp: &TopicPartition) -> Option<(i32, i32)> {
        let partition = self.partition(tp)?;
        let known = self.brokers.contains_key(&partition.leader);
        known.then_some((partition.leader, partition.leader_epoch))
    }

    /// The leader epoch last heard of, -1 if none.
    pub(crate) fn leader_epoch(&self, tp: &TopicPartition) -> i32 {
        self.partition(tp).map_or(-1, |known| known.leader_epoch)
    }

    /// The partitions that a broker leads, in order.
    pub(crate) fn partitions_of(&self, broker: i32) -> Vec<TopicPartition> {
        let mut led = Vec::new();
        for (name, topic) in &self.topics {
            for (index, partition) in topic.partitions.iter().enumerate() {
                if partition.leader == broker {
                    led.push(TopicPartition::new(name.clone(), index as i32));
                }
            }
        }
        led
    }

    /// The machine of a broker.
    pub(crate) fn node(&self, broker: i32) -> Option<NodeId> {
        self.brokers.get(&broker).copied().flatten()
    }

    /// The broker id of a machine, -1 if it is not known as one.
    pub(crate) fn broker_of(&self, node: NodeId) -> i32 {
        let known = self.brokers.iter().find(|(_, at)| **at == Some(node));
        known.map_or(-1, |(id, _)| *id)
    }

    /// The broker that metadata names as controller, -1 if none.
    pub(crate) fn controller(&self) -> i32 {
        self.controller
    }

    /// Every machine that may answer: the brokers that are known, then the bootstrap ones.
    pub(crate) fn nodes(&self) -> Vec<NodeId> {
        let mut nodes: Vec<NodeId> = self.brokers.values().flatten().copied().collect();
        for node in &self.bootstrap {
            if !nodes.contains(node) {
                nodes.push(*node);
            }
        }
        nodes
    }

    /// The note's name for a partition.
    pub(crate) fn tp(&self, tp: &TopicPartition) -> Tp {
        Tp::new(self.topic_id(&tp.topic), tp.partition)
    }

    /// Takes interest in a topic; asks at once if it is a new one.
    pub(crate) fn add(&mut self, topic: &str, now: Time) {
        if self.wanted.insert(topic.to_owned(), ()).is_none() {
            self.update_requested = true;
            self.allowed_at = now;
        }
    }

    /// Is interested in exactly these topics from now on.
    pub(crate) fn retain<'a>(&mut self, topics: impl Iterator<Item = &'a str>, now: Time) {
        let before = std::mem::take(&mut self.wanted);
        for topic in topics {
            self.wanted.insert(topic.to_owned(), ());
            if !before.contains_key(topic) {
                self.update_requested = true;
                self.allowed_at = now;
            }
        }
    }

    /// What is known may be wrong: ask as soon as the back-off allows.
    pub(crate) fn request_update(&mut self) {
        self.update_requested = true;
    }

    /// When the next request may be sent; none while one is on its way.
    pub(crate) fn next_update(&self) -> Option<Time> {
        if self.in_flight {
            return None;
        }
        let expires = match (self.update_requested, self.refreshed_at) {
            (true, _) | (_, None) => Time::ZERO,
            (false, Some(at)) => at + self.max_age,
        };
        Some(expires.max(self.allowed_at))
    }

    /// The request for what is of interest; to be sent now.
    pub(crate) fn start_update(&mut self, version: i16) -> MetadataRequest {
        self.in_flight = true;
        if !self.update_requested {
            self.equivalent = 0;
        }
        // What is asked for while the answer travels must be asked for again.
        self.update_requested = false;
        let name = |name: &String| topic_request(name);
        let mut request = MetadataRequest::default();
        request.topics = Some(self.wanted.keys().map(name).collect());
        request.allow_auto_topic_creation = self.allow_auto_topic_creation || version < 4;
        request
    }

    /// No answer came.
    pub(crate) fn fail_update(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        self.in_flight = false;
        self.update_requested = true;
        self.allowed_at = ctx.mono() + self.backoff.delay(self.failures, ctx);
        self.failures += 1;
    }

    /// Takes in an answer.
    pub(crate) fn update(&mut self, response: &MetadataResponse, ctx: &mut Ctx<'_, Kafka>) {
        self.in_flight = false;
        if response.brokers.is_empty() {
            // A broker that knows of no cluster: as good as no answer.
            self.fail_update(ctx);
            return;
        }
        self.failures = 0;
        self.equivalent += 1;
        self.version += 1;
        self.refreshed_at = Some(ctx.mono());
        self.update_brokers(response);
        for topic in &response.topics {
            self.update_topic(topic, ctx);
        }
        self.topics.retain(|name, _| self.wanted.contains_key(name));
        let wait = self.backoff.delay(self.equivalent.saturating_sub(1), ctx);
        self.allowed_at = ctx.mono() + wait;
    }

    fn update_brokers(&mut self, response: &MetadataResponse) {
        let mut brokers = BTreeMap::new();
        for broker in &response.brokers {
            brokers.insert(broker.node_id.0, self.hosts.resolve(broker.host.as_str()));
        }
        let controller = response.controller_id.0;
        if brokers != self.brokers || controller != self.controller {
            self.equivalent = 0;
        }
        (self.brokers, self.controller) = (brokers, controller);
    }

    fn update_topic(&mut self, topic: &MetadataResponseTopic, ctx: &mut Ctx<'_, Kafka>) {
        let Some(name) = topic.name.as_ref().map(|name| name.0.to_string()) else {
            return;
        };
        let error = ErrorCode(topic.error_code);
        if !error.is_none() {
            if error.is_retriable() {
                self.update_requested = true;
            }
            self.errors.insert(name.clone(), error);
            self.topics.remove(&name);
            return;
        }
        self.errors.remove(&name);
        if !self.wanted.contains_key(&name) {
            return;
        }
        let old = self.topics.remove(&name);
        let same = old.as_ref().filter(|old| old.id == topic.topic_id);
        let partitions = self.merge(same, &topic.partitions);
        let id = topic.topic_id;
        self.note_leaders(id, same, &partitions, ctx);
        self.topics.insert(name, TopicMetadata { id, partitions });
    }

    fn merge(
        &mut self,
        old: Option<&TopicMetadata>,
        given: &[MetadataResponsePartition],
    ) -> Vec<PartitionMetadata> {
        let count = given.iter().map(|p| p.partition_index + 1).max();
        let count = usize::try_from(count.unwrap_or(0)).unwrap_or(0);
        let unknown = PartitionMetadata {
            leader: -1,
            leader_epoch: -1,
        };
        // A partition number far beyond the number of partitions is no answer to believe.
        let mut merged = vec![unknown; count.min(given.len())];
        for partition in given {
            let index = usize::try_from(partition.partition_index).unwrap_or(usize::MAX);
            let Some(slot) = merged.get_mut(index) else {
                continue;
            };
            let known = old.and_then(|old| old.partitions.get(index));
            let epoch = partition.leader_epoch;
            if ErrorCode(partition.error_code).is_retriable() {
                self.update_requested = true;
            }
            if let Some(known) = known.filter(|known| epoch >= 0 && epoch < known.leader_epoch) {
                slot.clone_from(known);
                continue;
            }
            if known.is_none_or(|known| known.leader_epoch != epoch) {
                self.equivalent = 0;
            }
            slot.leader = partition.leader_id.0;
            slot.leader_epoch = epoch;
        }
        merged
    }

    fn note_leaders(
        &self,
        id: Uuid,
        old: Option<&TopicMetadata>,
        new: &[PartitionMetadata],
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        for (index, partition) in new.iter().enumerate() {
            if old.and_then(|old| old.partitions.get(index)) != Some(partition) {
                self.note_leader(Tp::new(id, index as i32), partition, ctx);
            }
        }
    }

    fn note_leader(&self, tp: Tp, partition: &PartitionMetadata, ctx: &mut Ctx<'_, Kafka>) {
        ctx.note(Note::LeaderLearned {
            client: self.client,
            partition: tp,
            leader: BrokerNode(partition.leader),
            epoch: partition.leader_epoch,
        });
    }

    /// A broker named the new leader in its refusal (KIP-951): true if that is news.
    pub(crate) fn update_leader(
        &mut self,
        tp: &TopicPartition,
        leader: i32,
        epoch: i32,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> bool {
        if leader < 0 || epoch <= self.leader_epoch(tp) || !self.brokers.contains_key(&leader) {
            return false;
        }
        let index = usize::try_from(tp.partition).unwrap_or(usize::MAX);
        let slot = self
            .topics
            .get_mut(&tp.topic)
            .and_then(|topic| topic.partitions.get_mut(index));
        let Some(slot) = slot else {
            return false;
        };
        slot.leader = leader;
        slot.leader_epoch = epoch;
        let news = slot.clone();
        self.version += 1;
        self.note_leader(self.tp(tp), &news, ctx);
        true
    }

    /// A broker's address came along with a new leader (KIP-951).
    pub(crate) fn update_endpoint(&mut self, broker: i32, host: &str) {
        if broker >= 0 {
            self.brokers.insert(broker, self.hosts.resolve(host));
        }
    }
}

fn topic_request(name: &str) -> MetadataRequestTopic {
    let mut topic = MetadataRequestTopic::default();
    topic.name = Some(wire_name(name));
    topic
}

/// A topic's name as messages carry it.
pub(crate) fn wire_name(name: &str) -> TopicName {
    TopicName(StrBytes::from_string(name.to_owned()))
}

#[cfg(test)]
mod tests;
