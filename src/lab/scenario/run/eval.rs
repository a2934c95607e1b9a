//! The value of an expression at one moment.

use super::plan::Plan;
use super::records::Records;
use crate::kafka::protocol::TopicPartition;
use crate::kafka::storage::Log;
use crate::kafka::vocabulary::{Tp, Work};
use crate::lab::cluster::{ReplicaView, View};
use crate::lab::scenario::expr::{Expr, Field, Op, Operand, Path, Subject};
use crate::lab::scenario::model::{ClientRef, NodeIdx, Piece, Template};
use crate::sim::{NodeId, Time, TraceHash};
use std::collections::BTreeSet;

/// A value; `None` equals only itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Val {
    /// A number.
    Int(i64),
    /// Nanoseconds after ready.
    Time(u64),
    /// Yes or no.
    Bool(bool),
    /// A node.
    Node(NodeIdx),
    /// A set of nodes.
    Nodes(BTreeSet<NodeIdx>),
    /// A partition.
    Partition(TopicPartition),
    /// A set of partitions.
    Partitions(BTreeSet<TopicPartition>),
    /// A word or a text.
    Text(String),
    /// All records of a log, as one number.
    Log(u64),
    /// A set as written.
    List(Vec<Val>),
    /// Nothing.
    None,
}

/// What an expression may look at.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The scenario and its names.
    pub plan: &'a Plan,
    /// The cluster.
    pub view: View<'a>,
    /// What applications did.
    pub records: &'a Records,
    /// When the cluster was ready.
    pub ready_at: Time,
}

impl Scope<'_> {
    /// Whether an expression is true.
    pub fn holds(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Or(all) => all.iter().any(|expr| self.holds(expr)),
            Expr::And(all) => all.iter().all(|expr| self.holds(expr)),
            Expr::Not(expr) => !self.holds(expr),
            Expr::Truth(operand) => self.value(operand) == Val::Bool(true),
            Expr::Compare {
                left, op, right, ..
            } => compare(&self.value(left), *op, &self.value(right)),
        }
    }

    /// A text with its values as they are now.
    pub fn render(&self, template: &Template) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Literal(text) => text.clone(),
            Piece::Value(operand) => self.value(operand).describe(self.plan),
        };
        template.pieces.iter().map(piece).collect()
    }

    /// An operand's value.
    pub fn value(&self, operand: &Operand) -> Val {
        match operand {
            Operand::Int(n) => Val::Int(*n),
            Operand::Time(span) => Val::Time(span.0),
            Operand::Bool(b) => Val::Bool(*b),
            Operand::None => Val::None,
            Operand::Node(node) => Val::Node(*node),
            Operand::Partition(tp) => Val::Partition(tp.clone()),
            Operand::Word(word) => Val::Text(word.clone()),
            Operand::List(items) => Val::List(items.iter().map(|item| self.value(item)).collect()),
            Operand::Size(inner) => size(&self.value(inner)),
            Operand::Now => Val::Time(self.view.world.now().since(self.ready_at).0),
            Operand::Path(path) => self.path(path).unwrap_or(Val::None),
        }
    }

    fn path(&self, path: &Path) -> Option<Val> {
        match &path.subject {
            Subject::Partition(tp) => self.partition(self.plan.tp(tp, self.view)?, path.field),
            Subject::Replica(tp, node) => {
                let tp = self.plan.tp(tp, self.view)?;
                let replica = self.view.replica(self.plan.machine(*node), tp)?;
                self.replica(&replica, path.field)
            }
            Subject::Record {
                partition,
                offset,
                replica,
            } => self.record(partition, *offset, *replica, path.field),
            Subject::Producer(index) => self.producer(*index, path.field),
            Subject::Consumer(index) => self.consumer(*index, path.of.as_ref(), path.field),
            Subject::Broker(node) => self.broker(self.plan.machine(*node), path.field),
            Subject::Topic(name) => {
                let topic = self.view.truth().and_then(|image| image.topic(name));
                match path.field {
                    Field::Exists => Some(Val::Bool(topic.is_some())),
                    _ => Some(Val::Int(topic?.partitions.len() as i64)),
                }
            }
            Subject::Controller => self.controller(path.field),
        }
    }

    fn nodes(&self, ids: &[i32]) -> Val {
        Val::Nodes(
            ids.iter()
                .filter_map(|id| self.plan.by_kafka_id(*id))
                .collect(),
        )
    }

    fn node(&self, id: i32) -> Val {
        self.plan.by_kafka_id(id).map_or(Val::None, Val::Node)
    }

    fn partition(&self, tp: Tp, field: Field) -> Option<Val> {
        let registration = self.view.registration(tp)?;
        let leader = || self.view.leader(tp).map(|leader| leader.offsets());
        Some(match field {
            Field::Leader => self.node(registration.leader),
            Field::LeaderEpoch => Val::Int(i64::from(registration.leader_epoch)),
            Field::PartitionEpoch => Val::Int(i64::from(registration.partition_epoch)),
            Field::EpochStart => Val::Int(self.view.leader(tp)?.partition.epoch_start()?),
            Field::Replicas => self.nodes(&registration.replicas),
            Field::Isr => self.nodes(&registration.isr),
            Field::Elr => self.nodes(&registration.elr),
            Field::Adding => self.nodes(&registration.adding),
            Field::Removing => self.nodes(&registration.removing),
            Field::Hw => Val::Int(leader()?.high_watermark),
            Field::Leo => Val::Int(leader()?.log_end),
            Field::Lso => Val::Int(leader()?.last_stable),
            Field::LogStart => Val::Int(leader()?.log_start),
            _ => return None,
        })
    }

    fn replica(&self, replica: &ReplicaView<'_>, field: Field) -> Option<Val> {
        let offsets = replica.offsets();
        Some(match field {
            Field::Role => Val::Text(role(replica).to_owned()),
            Field::LeaderEpoch => Val::Int(i64::from(replica.partition.leader_epoch())),
            Field::Hw => Val::Int(offsets.high_watermark),
            Field::Leo => Val::Int(offsets.log_end),
            Field::Lso => Val::Int(offsets.last_stable),
            Field::LogStart => Val::Int(offsets.log_start),
            Field::LastEpoch => Val::Int(i64::from(replica.partition.log().latest_epoch()?)),
            Field::Log => Val::Log(log_digest(replica.partition.log())),
            Field::Segments => Val::Int(replica.partition.log().segments().len() as i64),
            _ => return None,
        })
    }

    fn record(
        &self,
        partition: &TopicPartition,
        offset: i64,
        replica: Option<NodeIdx>,
        field: Field,
    ) -> Option<Val> {
        if field == Field::Acked {
            return Some(Val::Bool(self.records.is_acknowledged(partition, offset)));
        }
        let tp = self.plan.tp(partition, self.view)?;
        let replica = match replica {
            Some(node) => self.view.replica(self.plan.machine(node), tp),
            None => self.view.leader(tp),
        };
        let found = replica.and_then(|replica| {
            let disk = self.view.world.disk(replica.node)?;
            let log = replica.partition.log();
            let batch = log.batches_from(disk, offset).next()?;
            let record = batch
                .records()
                .ok()?
                .into_iter()
                .find(|r| r.offset == offset)?;
            Some((batch.leader_epoch(), record))
        });
        match (field, found) {
            (Field::Exists, found) => Some(Val::Bool(found.is_some())),
            (Field::Epoch, Some((epoch, _))) => Some(Val::Int(i64::from(epoch))),
            (Field::Value, Some((_, record))) => Some(Val::Text(
                String::from_utf8_lossy(&record.value?).into_owned(),
            )),
            _ => None,
        }
    }

    fn producer(&self, index: usize, field: Field) -> Option<Val> {
        let counts = self.records.counts(index);
        let seat = self.plan.client(ClientRef::Producer(index))?;
        let producer = self
            .view
            .client(seat.node)
            .and_then(|c| c.producer(seat.client));
        Some(match field {
            Field::Sent => Val::Int(counts.sent),
            Field::Acked => Val::Int(counts.acknowledged),
            Field::Failed => Val::Int(counts.failed),
            Field::InFlight => Val::Int(producer?.in_flight() as i64),
            Field::Buffered => Val::Int(producer?.buffered() as i64),
            Field::Retries => Val::Int(producer?.retries() as i64),
            Field::Epoch => Val::Int(i64::from(producer?.epoch())),
            Field::State => self.client_state(seat.node, producer.map(|p| p.state())),
            _ => return None,
        })
    }

    fn consumer(&self, index: usize, of: Option<&TopicPartition>, field: Field) -> Option<Val> {
        let seat = self.plan.client(ClientRef::Consumer(index))?;
        let consumer = self
            .view
            .client(seat.node)
            .and_then(|c| c.consumer(seat.client));
        if field == Field::State {
            return Some(self.client_state(seat.node, consumer.map(|c| c.state())));
        }
        let consumer = consumer?;
        Some(match (field, of) {
            (Field::Assigned, _) => Val::Partitions(consumer.assigned().into_iter().collect()),
            (Field::Position, Some(tp)) => Val::Int(consumer.position(&tp.topic, tp.partition)?),
            (Field::Received, Some(tp)) => {
                Val::Int(consumer.received(&tp.topic, tp.partition) as i64)
            }
            (Field::Processed, _) => Val::Int(consumer.processed() as i64),
            _ => return None,
        })
    }

    fn client_state(&self, node: NodeId, state: Option<&'static str>) -> Val {
        let word = match state {
            _ if self.view.world.is_paused(node) => "paused",
            Some("CLOSING" | "CLOSED") => "closed",
            Some("FATAL_ERROR") => "failed",
            Some(_) => "active",
            None => "off",
        };
        Val::Text(word.to_owned())
    }

    fn broker(&self, node: NodeId, field: Field) -> Option<Val> {
        let world = self.view.world;
        let server = self.view.server(node);
        Some(match field {
            Field::State => {
                let word = match server {
                    _ if !world.is_up(node) => "off",
                    _ if world.is_paused(node) => "paused",
                    Some(server) => server.broker().map_or("active", |b| {
                        let id = self.view.names.kafka_id(node).unwrap_or(-1);
                        let truth = self.view.truth().and_then(|image| image.brokers.get(&id));
                        let fenced = truth.is_none_or(|known| known.fenced);
                        match b.state().word() {
                            "active" if fenced => "fenced",
                            word => word,
                        }
                    }),
                    None => "starting",
                };
                Val::Text(word.to_owned())
            }
            Field::Epoch => Val::Int(server?.broker()?.epoch()),
            _ => return self.work(node, field),
        })
    }

    /// Work that a machine has done since power-on, over all its restarts.
    fn work(&self, node: NodeId, field: Field) -> Option<Val> {
        let work = match field {
            Field::Requests => Work::Request,
            Field::ProduceRequests => Work::ProduceRequests,
            Field::BytesCopied => Work::CopiedBytes,
            Field::BytesFromDisk => Work::DiskReadBytes,
            Field::DiskSeeks => Work::DiskSeeks,
            _ => return None,
        };
        let units = self.view.world.counters(node)?.get(work.into());
        Some(Val::Int(i64::try_from(units).unwrap_or(i64::MAX)))
    }

    fn controller(&self, field: Field) -> Option<Val> {
        let (node, server) = self.view.active_controller()?;
        Some(match field {
            Field::Leader => self.plan.node_idx(node).map_or(Val::None, Val::Node),
            Field::Epoch => Val::Int(i64::from(server.raft().leader().1)),
            Field::Hw => Val::Int(server.raft().high_watermark()?),
            _ => return None,
        })
    }
}

fn role(replica: &ReplicaView<'_>) -> &'static str {
    match (replica.partition.is_leader(), replica.partition.leader()) {
        (true, _) => "leader",
        (false, -1) => "offline",
        (false, _) => "follower",
    }
}

/// Equal for logs with equal records: by I6 the epochs and the end name them all.
fn log_digest(log: &Log) -> u64 {
    let mut hash = TraceHash::new();
    hash.word(log.offsets().log_end as u64);
    for &(epoch, start) in log.epochs() {
        if start < log.offsets().log_end {
            hash.word(epoch as u64);
            hash.word(start as u64);
        }
    }
    hash.0
}

fn size(value: &Val) -> Val {
    match value {
        Val::Nodes(nodes) => Val::Int(nodes.len() as i64),
        Val::Partitions(partitions) => Val::Int(partitions.len() as i64),
        Val::List(items) => Val::Int(items.len() as i64),
        _ => Val::None,
    }
}

pub(super) fn compare(left: &Val, op: Op, right: &Val) -> bool {
    match op {
        Op::Eq => same(left, right),
        Op::Ne => !same(left, right),
        Op::In => contains(right, left),
        Op::Contains => contains(left, right),
        Op::Lt | Op::Le | Op::Gt | Op::Ge => {
            let order = match (left, right) {
                (Val::Int(a), Val::Int(b)) => a.cmp(b),
                (Val::Time(a), Val::Time(b)) => a.cmp(b),
                _ => return false,
            };
            match op {
                Op::Lt => order.is_lt(),
                Op::Le => order.is_le(),
                Op::Gt => order.is_gt(),
                _ => order.is_ge(),
            }
        }
    }
}

/// Lists are compared as sets.
fn same(left: &Val, right: &Val) -> bool {
    match (members(left), members(right)) {
        (Some(a), Some(b)) => {
            a.iter().all(|item| b.contains(item)) && b.iter().all(|item| a.contains(item))
        }
        _ => left == right,
    }
}

fn contains(set: &Val, item: &Val) -> bool {
    members(set).is_some_and(|members| members.contains(item))
}

fn members(value: &Val) -> Option<Vec<Val>> {
    match value {
        Val::List(items) => Some(items.clone()),
        Val::Nodes(nodes) => Some(nodes.iter().copied().map(Val::Node).collect()),
        Val::Partitions(all) => Some(all.iter().cloned().map(Val::Partition).collect()),
        _ => None,
    }
}

impl Val {
    /// The value in words, for narration and near misses.
    pub fn describe(&self, plan: &Plan) -> String {
        let name = |node: &NodeIdx| {
            plan.cluster
                .servers
                .get(node.0)
                .map_or("?".to_owned(), |server| server.name.clone())
        };
        let list = |items: Vec<String>| format!("[{}]", items.join(", "));
        match self {
            Val::Int(n) => n.to_string(),
            Val::Time(ns) => crate::sim::Span(*ns).to_string(),
            Val::Bool(b) => b.to_string(),
            Val::Node(node) => name(node),
            Val::Nodes(nodes) => list(nodes.iter().map(name).collect()),
            Val::Partition(tp) => tp.to_string(),
            Val::Partitions(all) => list(all.iter().map(TopicPartition::to_string).collect()),
            Val::Text(text) => text.clone(),
            Val::Log(digest) => format!("log {digest:016x}"),
            Val::List(items) => list(items.iter().map(|item| item.describe(plan)).collect()),
            Val::None => "none".to_owned(),
        }
    }
}
