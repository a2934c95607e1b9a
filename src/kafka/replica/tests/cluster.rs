//! [`Cluster`]: brokers without a network or a controller; the test is both.

use super::controller::broker;
use crate::kafka::config::BrokerConfig;
use crate::kafka::metadata::{MetadataDelta, MetadataImage};
use crate::kafka::network_client::Hosts;
use crate::kafka::protocol::Message;
use crate::kafka::protocol::messages::ProduceRequest;
use crate::kafka::protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use crate::kafka::protocol::messages::produce_response::PartitionProduceResponse;
use crate::kafka::protocol::record_batch::{BatchBuilder, Record};
use crate::kafka::replica::{Partition, ReplicaManager, Requester};
use crate::kafka::vocabulary::{Kafka, Note, NoteKind, Timer};
use crate::sim::{ConnId, Corr, Effect, NodeId, Span, Stand, Time};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use uuid::Uuid;

/// The one topic of most tests, with one partition.
pub(super) const TOPIC: Uuid = Uuid::from_u128(0xa0 << 64 | 7);
/// Its name.
pub(super) const NAME: &str = "orders";
/// The connection of the test as a client, on every broker.
pub(super) const CLIENT: ConnId = ConnId(900_000);

/// A message between two brokers.
#[derive(Clone, Debug)]
pub(super) struct Travelling {
    pub(super) from: i32,
    pub(super) to: i32,
    conn: ConnId,
    corr: Corr,
    version: i16,
    pub(super) is_request: bool,
    pub(super) body: Message,
}

/// One broker.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) manager: ReplicaManager,
    pub(super) stand: Stand<Kafka>,
    /// Answers to the test's own requests, oldest first.
    pub(super) answers: VecDeque<(Corr, Option<Message>)>,
    pub(super) closed: bool,
    pub(super) notes: Vec<Note>,
    booted: Time,
}

#[derive(Clone)]
pub(super) struct Cluster {
    pub(super) nodes: BTreeMap<i32, Node>,
    pub(super) image: MetadataImage,
    pub(super) wire: VecDeque<Travelling>,
    /// Brokers that neither get nor send anything.
    pub(super) silent: Vec<i32>,
    connections: BTreeMap<(i32, ConnId), i32>,
    config: BrokerConfig,
    next_corr: u32,
}

impl Cluster {
    pub(super) fn with_config(brokers: &[i32], config: BrokerConfig) -> Self {
        let mut image = MetadataImage::empty();
        image.brokers = Arc::new(brokers.iter().map(|id| (*id, broker(*id))).collect());
        let mut cluster = Cluster {
            nodes: BTreeMap::new(),
            image,
            wire: VecDeque::new(),
            silent: Vec::new(),
            connections: BTreeMap::new(),
            config,
            next_corr: 0,
        };
        for id in brokers {
            let stand = Stand::new(NodeId(*id as u16), 7);
            cluster.boot(*id, stand, true);
        }
        cluster
    }

    /// Brokers 1 to `n` with the topic on all of them, led by broker 1, everybody in the ISR.
    pub(super) fn replicated(n: i32) -> Self {
        Cluster::replicated_with(n, BrokerConfig::default())
    }

    pub(super) fn replicated_with(n: i32, config: BrokerConfig) -> Self {
        let brokers: Vec<i32> = (1..=n).collect();
        let mut cluster = Cluster::with_config(&brokers, config);
        cluster.create_topic(&brokers);
        cluster.run();
        cluster
    }

    fn hosts(&self) -> Arc<Hosts> {
        let mut hosts = Hosts::default();
        for id in self.image.brokers.keys() {
            hosts.insert(format!("b{id}"), NodeId(*id as u16));
        }
        Arc::new(hosts)
    }

    fn boot(&mut self, id: i32, mut stand: Stand<Kafka>, clean: bool) {
        let hosts = self.hosts();
        let config = self.config.clone();
        stand.outbox = Default::default();
        let mut manager =
            ReplicaManager::boot(id, config, hosts, clean, &mut stand.ctx()).expect("boot");
        manager.set_broker_epoch(self.broker_epoch(id));
        let node = Node {
            manager,
            booted: stand.mono,
            stand,
            answers: VecDeque::new(),
            closed: false,
            notes: Vec::new(),
        };
        self.nodes.insert(id, node);
        self.collect(id);
    }

    /// Stops a broker and starts it again on its disk, with all metadata so far.
    pub(super) fn restart(&mut self, id: i32, clean: bool) {
        let mut node = self.nodes.remove(&id).expect("a broker");
        if clean {
            node.manager
                .shutdown(&mut node.stand.ctx())
                .expect("shutdown");
        }
        let mut stand = node.stand;
        stand.timers.clear();
        self.wire.retain(|it| it.from != id && it.to != id);
        self.connections.retain(|(at, _), _| *at != id);
        let lost: Vec<(i32, ConnId)> = self.connections_to(id);
        for (at, conn) in lost {
            self.connections.remove(&(at, conn));
            self.with(at, |manager, ctx| assert!(manager.handle_reset(conn, ctx)));
        }
        self.bump_broker_epoch(id);
        self.boot(id, stand, clean);
        let delta = MetadataDelta {
            partitions: self.image.topics.keys().map(|id| (*id, 0)).collect(),
            ..Default::default()
        };
        self.publish_to(id, &delta);
    }

    fn connections_to(&self, id: i32) -> Vec<(i32, ConnId)> {
        let open = self.connections.iter().filter(|(_, to)| **to == id);
        open.map(|(key, _)| *key).collect()
    }

    fn bump_broker_epoch(&mut self, id: i32) {
        self.edit_broker(id, |broker| broker.epoch += 1000);
    }

    /// Does something on a broker and takes what it sent.
    pub(super) fn with<R>(
        &mut self,
        id: i32,
        act: impl FnOnce(&mut ReplicaManager, &mut crate::sim::Ctx<'_, Kafka>) -> R,
    ) -> R {
        let node = self.nodes.get_mut(&id).expect("a broker");
        let result = act(&mut node.manager, &mut node.stand.ctx());
        self.collect(id);
        result
    }

    fn collect(&mut self, id: i32) {
        let node = self.nodes.get_mut(&id).expect("a broker");
        let outbox = std::mem::take(&mut node.stand.outbox);
        node.notes.extend(outbox.notes);
        for effect in outbox.effects {
            match effect {
                Effect::Connect { conn, to } => {
                    self.connections.insert((id, conn), i32::from(to.0));
                }
                Effect::Request {
                    conn,
                    corr,
                    api_version,
                    body,
                } => {
                    self.wire.push_back(Travelling {
                        from: id,
                        to: self.connections[&(id, conn)],
                        conn,
                        corr,
                        version: api_version,
                        is_request: true,
                        body: *body,
                    });
                }
                Effect::Respond {
                    conn, corr, body, ..
                } if conn == CLIENT => {
                    node.answers.push_back((corr, Some(*body)));
                }
                Effect::NoResponse { corr, .. } => node.answers.push_back((corr, None)),
                Effect::Respond {
                    conn,
                    corr,
                    api_version,
                    body,
                } => {
                    self.wire.push_back(Travelling {
                        from: id,
                        to: (conn.0 / 10_000) as i32,
                        conn: ConnId(conn.0 % 10_000),
                        corr,
                        version: api_version,
                        is_request: false,
                        body: *body,
                    });
                }
                Effect::Close { conn } => {
                    node.closed |= conn == CLIENT;
                    self.connections.remove(&(id, conn));
                }
                Effect::Complete { .. } => {}
            }
        }
    }

    /// Delivers everything until nothing travels.
    pub(super) fn run(&mut self) {
        for _ in 0..10_000 {
            if !self.step() {
                return;
            }
        }
        panic!("messages never end");
    }

    /// Delivers the oldest message, false if there is none.
    pub(super) fn step(&mut self) -> bool {
        let Some(message) = self.wire.pop_front() else {
            return false;
        };
        self.deliver(message);
        true
    }

    pub(super) fn deliver(&mut self, message: Travelling) {
        if self.silent.contains(&message.to) || self.silent.contains(&message.from) {
            return;
        }
        let Travelling {
            from,
            to,
            conn,
            corr,
            version,
            is_request,
            body,
        } = message;
        let image = self.image.clone();
        let open = self.connections.contains_key(&(to, conn));
        self.with(to, |manager, ctx| {
            if !is_request {
                let known = manager.handle_response(conn, corr, body, ctx);
                assert_eq!(known, open, "an answer on an open connection is expected");
                return;
            }
            let conn = ConnId(from as u32 * 10_000 + conn.0);
            let from = Requester {
                conn,
                corr,
                api_version: version,
            };
            handle(manager, from, body, &image, ctx);
        });
    }

    /// Sends a request of the test's own to a broker; the answer will be in its `answers`.
    pub(super) fn request(&mut self, to: i32, version: i16, body: impl Into<Message>) -> Corr {
        self.next_corr += 1;
        let from = Requester {
            conn: CLIENT,
            corr: Corr(self.next_corr),
            api_version: version,
        };
        let (image, body) = (self.image.clone(), body.into());
        self.with(to, |manager, ctx| handle(manager, from, body, &image, ctx));
        from.corr
    }

    /// As [`Cluster::request`], and takes its answer, which must be there at once.
    pub(super) fn ask(&mut self, to: i32, version: i16, body: impl Into<Message>) -> Message {
        let asked = self.request(to, version, body);
        let answers = &mut self.node_mut(to).answers;
        let at = answers.iter().position(|(corr, _)| *corr == asked);
        let answer = at.and_then(|at| answers.remove(at));
        answer
            .and_then(|(_, answer)| answer)
            .expect("an answer at once")
    }

    pub(super) fn answer(&mut self, of: i32) -> Option<Message> {
        let (_, answer) = self.node_mut(of).answers.pop_front()?;
        answer
    }

    pub(super) fn produce_request(acks: i16, records: Bytes) -> ProduceRequest {
        let mut data = PartitionProduceData::default();
        data.records = Some(records);
        let mut topic = TopicProduceData::default();
        topic.topic_id = TOPIC;
        topic.partition_data.push(data);
        let mut request = ProduceRequest::default();
        request.acks = acks;
        request.timeout_ms = 1_000;
        request.topic_data.push(topic);
        request
    }

    /// Produces `values` to a broker with these acks.
    pub(super) fn produce(&mut self, to: i32, acks: i16, values: &[&str]) {
        let request = Cluster::produce_request(acks, batch(values));
        self.request(to, 13, request);
    }

    /// The answer to a produce, if there is one.
    pub(super) fn produced(&mut self, of: i32) -> Option<PartitionProduceResponse> {
        match self.answer(of)? {
            Message::ProduceResponse(mut response) => {
                response.responses.pop()?.partition_responses.pop()
            }
            other => panic!("expected a produce answer, got {other:?}"),
        }
    }

    /// Lets time pass: timers fire and messages travel at once.
    pub(super) fn advance(&mut self, ms: u64) {
        let ends: BTreeMap<i32, Time> = self
            .nodes
            .iter()
            .map(|(id, node)| (*id, node.stand.mono + Span::from_millis(ms)))
            .collect();
        while let Some((id, at)) = self.next_timer(&ends) {
            let passed = at.since(self.nodes[&id].stand.mono);
            for node in self.nodes.values_mut() {
                node.stand.advance(passed);
            }
            self.fire(id);
            self.run();
        }
        for (id, node) in &mut self.nodes {
            node.stand.mono = ends[id];
        }
    }

    /// The broker whose timer is due first, before its clock reaches its end.
    fn next_timer(&self, ends: &BTreeMap<i32, Time>) -> Option<(i32, Time)> {
        let due = |(id, node): (&i32, &Node)| {
            let at = node.stand.timers.next_deadline()?.max(node.stand.mono);
            (at <= ends[id]).then(|| (at.since(node.stand.mono), *id, at))
        };
        let first = self.nodes.iter().filter_map(due).min()?;
        Some((first.1, first.2))
    }

    fn fire(&mut self, id: i32) {
        let node = self.node_mut(id);
        let now = node.stand.mono;
        let Some((_, Timer::Replica(timer))) = node.stand.timers.pop_due(now) else {
            panic!("a timer of the replica manager is due");
        };
        self.with(id, |manager, ctx| manager.handle_timer(timer, ctx));
    }

    pub(super) fn node_mut(&mut self, id: i32) -> &mut Node {
        self.nodes.get_mut(&id).expect("a broker")
    }

    pub(super) fn partition(&self, id: i32) -> &Partition {
        self.nodes[&id].manager.partition(TOPIC, 0).expect("hosted")
    }

    /// (high watermark, log end).
    pub(super) fn offsets(&self, id: i32) -> (i64, i64) {
        let offsets = self.partition(id).log().offsets();
        (offsets.high_watermark, offsets.log_end)
    }

    /// (offset, leader epoch of its batch, value) of every record.
    pub(super) fn log(&self, id: i32) -> Vec<(i64, i32, String)> {
        let node = &self.nodes[&id];
        let log = self.partition(id).log();
        log.batches_from(&node.stand.disk, 0)
            .flat_map(|batch| {
                let epoch = batch.leader_epoch();
                let records = batch.records().expect("readable");
                records.into_iter().map(move |record| {
                    let value = record.value.unwrap_or_default().to_vec();
                    (
                        record.offset,
                        epoch,
                        String::from_utf8(value).expect("text"),
                    )
                })
            })
            .collect()
    }

    pub(super) fn notes(&self, id: i32, kind: NoteKind) -> Vec<Note> {
        let all = self.nodes[&id].notes.iter();
        all.filter(|note| note.kind() == kind).copied().collect()
    }

    pub(super) fn since_boot(&self, id: i32) -> Span {
        let node = &self.nodes[&id];
        node.stand.mono.since(node.booted)
    }
}

fn handle(
    manager: &mut ReplicaManager,
    from: Requester,
    body: Message,
    image: &MetadataImage,
    ctx: &mut crate::sim::Ctx<'_, Kafka>,
) {
    match body {
        Message::ProduceRequest(request) => manager.handle_produce(from, request, image, ctx),
        Message::FetchRequest(request) => manager.handle_fetch(from, request, image, ctx),
        Message::ListOffsetsRequest(request) => {
            manager.handle_list_offsets(from, request, image, ctx);
        }
        Message::OffsetForLeaderEpochRequest(request) => {
            manager.handle_offset_for_leader_epoch(from, request, image, ctx);
        }
        other => panic!("not for a replica manager: {other:?}"),
    }
}

/// A batch as a producer without an id sends it.
pub(super) fn batch(values: &[&str]) -> Bytes {
    builder(values).build().bytes().clone()
}

pub(super) fn builder(values: &[&str]) -> BatchBuilder {
    let mut builder = BatchBuilder::new(0);
    for value in values {
        builder.push_next(Record {
            timestamp: 1_767_225_600_000,
            value: Some(Bytes::copy_from_slice(value.as_bytes())),
            ..Default::default()
        });
    }
    builder
}
