//! [`Picture`]: what is there at one moment, copied out of the World. Views draw from it and from
//! nothing else, so that they can not show what the simulation does not say.
//!
//! Truth and belief stand side by side: the controller's record of a partition is the truth about
//! its leader and its ISR; offsets and epochs of a replica are its own, and so is what a leader
//! knows of its followers. Of a broker that is down its disk is read.

mod change;
mod clients;
mod flight;
mod replica;

pub use change::Change;
pub(super) use change::changes;
pub use clients::{ClientLook, ConsumerLook, ProducerLook};
pub(super) use flight::FLIGHTS_MAX;
pub use flight::{Flight, Place};
pub use replica::{PartitionLook, ReplicaLook, Standing};

use crate::kafka::vocabulary::Tp;
use crate::lab::check::Invariant;
use crate::lab::cluster::{KafkaWorld, View};
use crate::lab::scenario::run::{Phase, Run};
use crate::sim::{NodeId, Span, StepNo, Time};

/// Whether a machine works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Life {
    /// No process.
    #[default]
    Down,
    /// It starts, or is not registered yet.
    Starting,
    /// It works, and the controller has fenced it.
    Fenced,
    /// It works.
    Up,
    /// It stops in good order.
    Stopping,
    /// It hears nothing until it is resumed.
    Paused,
}

/// A machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeLook {
    /// The machine.
    pub node: NodeId,
    /// Its short name.
    pub name: String,
    /// Its Kafka node id; none for clients.
    pub id: Option<i32>,
    /// It hosts replicas.
    pub is_broker: bool,
    /// It votes in the quorum.
    pub is_controller: bool,
    /// Whether it works.
    pub life: Life,
    /// The last metadata record that its broker has replayed.
    pub metadata: Option<i64>,
}

/// A replica of the metadata log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumLook {
    /// The machine.
    pub node: NodeId,
    /// Its short name.
    pub name: String,
    /// Its role in its own eyes, in Kafka's words; none while it is down.
    pub role: Option<&'static str>,
    /// It decides for the cluster.
    pub is_active: bool,
    /// Its epoch.
    pub epoch: i32,
    /// Whom it follows.
    pub leader: Option<String>,
    /// Whom it voted for in its epoch.
    pub voted: Option<String>,
    /// Its log end.
    pub log_end: i64,
    /// The log end that is durable.
    pub durable: i64,
    /// Its high watermark, if it knows one.
    pub high_watermark: Option<i64>,
    /// What the leader knows of its log end.
    pub known: Option<i64>,
}

/// The invariants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvariantLook {
    /// How many are watched.
    pub watched: usize,
    /// Those that do not hold, by id, with what was seen first.
    pub broken: Vec<(&'static str, String)>,
}

/// What is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// After which step.
    pub step: StepNo,
    /// World time.
    pub at: Time,
    /// Time since ready.
    pub clock: Span,
    /// Faults are healed, the cluster comes to rest.
    pub settling: bool,
    /// All machines.
    pub nodes: Vec<NodeLook>,
    /// All partitions by name.
    pub partitions: Vec<PartitionLook>,
    /// Messages on their way or waiting, earliest arrival first.
    pub flights: Vec<Flight>,
    /// The voters of the quorum.
    pub quorum: Vec<QuorumLook>,
    /// Producers and consumers of the scenario.
    pub clients: Vec<ClientLook>,
    /// Links that carry nothing: from, to.
    pub cuts: Vec<(String, String)>,
    /// The invariants.
    pub invariants: InvariantLook,
    /// Records sent, acknowledged, failed.
    pub counts: (i64, i64, i64),
}

impl Picture {
    /// Looks at a World and its driver.
    pub(super) fn of(world: &KafkaWorld, run: &Run) -> Self {
        let names = &run.plan().names;
        let view = View::new(world, names);
        let producers = 0..run.plan().scenario.producers.len();
        let counts = producers.fold((0, 0, 0), |sum, producer| {
            let own = run.records().counts(producer);
            (
                sum.0 + own.sent,
                sum.1 + own.acknowledged,
                sum.2 + own.failed,
            )
        });
        Picture {
            step: world.step_no(),
            at: world.now(),
            clock: world.now().since(match run.ready_at() {
                Time::NEVER => Time::ZERO,
                at => at,
            }),
            settling: matches!(run.phase(), Phase::Settling | Phase::Done),
            nodes: nodes(view, run),
            partitions: replica::partitions(view),
            flights: flight::flights(view),
            quorum: quorum(view, run),
            clients: clients::clients(view, run),
            cuts: cuts(view),
            invariants: invariants(run),
            counts,
        }
    }

    /// A partition.
    pub fn partition(&self, tp: Tp) -> Option<&PartitionLook> {
        self.partitions.iter().find(|look| look.tp == tp)
    }

    /// A machine.
    pub fn node(&self, node: NodeId) -> Option<&NodeLook> {
        self.nodes.iter().find(|look| look.node == node)
    }
}

fn nodes(view: View<'_>, run: &Run) -> Vec<NodeLook> {
    let servers = &run.plan().cluster.servers;
    let look = |node: NodeId| {
        let spec = servers.get(node.index());
        NodeLook {
            node,
            name: view.names.short(node),
            id: view.names.kafka_id(node),
            is_broker: spec.is_some_and(|spec| spec.is_broker),
            is_controller: spec.is_some_and(|spec| spec.is_controller),
            life: life(view, node),
            metadata: view.broker(node).map(|broker| broker.image().offset),
        }
    };
    view.world.nodes().map(look).collect()
}

/// Whether a machine works, by its own state and the controller's record.
fn life(view: View<'_>, node: NodeId) -> Life {
    let world = view.world;
    if !world.is_up(node) {
        return Life::Down;
    }
    if world.is_paused(node) {
        return Life::Paused;
    }
    let Some(broker) = view.broker(node) else {
        let runs = world.node(node).is_some();
        return if runs { Life::Up } else { Life::Starting };
    };
    let id = view.names.kafka_id(node).unwrap_or(-1);
    let record = view.truth().and_then(|truth| truth.brokers.get(&id));
    match broker.state().word() {
        "starting" => Life::Starting,
        "stopping" => Life::Stopping,
        "fenced" => Life::Fenced,
        _ if record.is_none_or(|record| record.fenced) => Life::Fenced,
        _ => Life::Up,
    }
}

fn quorum(view: View<'_>, run: &Run) -> Vec<QuorumLook> {
    let servers = run.plan().cluster.servers.iter().enumerate();
    let voters = servers.filter(|(_, spec)| spec.is_controller);
    let active = view.active_controller();
    let now_ms = 0;
    let known = active.and_then(|(_, server)| server.raft().replicas(now_ms));
    let known = known.map(|(voters, _)| voters).unwrap_or_default();
    let look = |(index, _): (usize, _)| {
        let node = NodeId(index as u16);
        let id = view.names.kafka_id(node).unwrap_or(-1);
        let raft = view.server(node).map(|server| server.raft());
        let (leader, epoch) = raft.map_or((None, -1), |raft| raft.leader());
        let short = |id: i32| short(view, id);
        QuorumLook {
            node,
            name: view.names.short(node),
            role: raft.map(|raft| raft.role_name()),
            is_active: active.is_some_and(|(active, _)| active == node),
            epoch,
            leader: leader.map(short),
            voted: raft.and_then(|raft| raft.voted_for()).map(short),
            log_end: raft.map_or(-1, |raft| raft.log_end()),
            durable: raft.map_or(-1, |raft| raft.durable_log_end()),
            high_watermark: raft.and_then(|raft| raft.high_watermark()),
            known: known
                .iter()
                .find(|replica| replica.id == id && replica.log_end >= 0)
                .map(|replica| replica.log_end),
        }
    };
    voters.map(look).collect()
}

/// The short name of the server with this `node.id`.
fn short(view: View<'_>, id: i32) -> String {
    match view.names.by_kafka_id(id) {
        Some(node) => view.names.short(node),
        None => view.names.server(id),
    }
}

fn cuts(view: View<'_>) -> Vec<(String, String)> {
    let nodes = || view.world.nodes();
    let pairs = nodes().flat_map(|from| nodes().map(move |to| (from, to)));
    if view.world.cuts().is_empty() {
        return Vec::new();
    }
    let cut = pairs.filter(|(from, to)| view.world.is_cut(*from, *to));
    cut.map(|(from, to)| (view.names.short(from), view.names.short(to)))
        .collect()
}

fn invariants(run: &Run) -> InvariantLook {
    let mut broken: Vec<(&'static str, String)> = Vec::new();
    for violation in run.checker().violations() {
        let id = violation.invariant.id();
        if !broken.iter().any(|(known, _)| *known == id) {
            broken.push((id, violation.text.clone()));
        }
    }
    InvariantLook {
        watched: Invariant::ALL.len(),
        broken,
    }
}
