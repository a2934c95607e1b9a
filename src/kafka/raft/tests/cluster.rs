//! A World of quorum nodes and a checker of the invariants I30, I31, I33 and I35.

use crate::kafka::config::{QuorumConfig, Sabotage, Semantics};
use crate::kafka::network_client::Hosts;
use crate::kafka::protocol::metadata_record::{LogEntry, MetadataRecord};
use crate::kafka::raft::{CommittedBatch, RaftConfig, RaftNode};
use crate::kafka::vocabulary::{Call, ClientNo, ClientOp, Kafka, Note, Outcome, Timer};
use crate::sim::{
    Action, CallId, Ctx, Cut, CutId, Disk, Driver, Fault, Input, MessageKind, NodeId, SeededOracle,
    Span, StateMachine, StepKind, StepRecord, Time, World, WorldConfig,
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What a machine is started with.
#[derive(Clone)]
pub(super) struct HostConfig {
    raft: RaftConfig,
    hosts: Hosts,
}

/// A machine that runs nothing but the quorum.
#[derive(Clone)]
pub(super) struct Host {
    pub(super) raft: RaftNode,
    pub(super) committed: Vec<CommittedBatch>,
}

impl StateMachine for Host {
    type V = Kafka;
    type Config = HostConfig;

    fn boot(config: &HostConfig, ctx: &mut Ctx<'_, Kafka>) -> Self {
        let raft = RaftNode::boot(config.raft.clone(), &config.hosts, ctx);
        Host {
            raft: raft.expect("the disks of these tests are never full"),
            committed: Vec::new(),
        }
    }

    fn handle(&mut self, input: Input<Kafka>, ctx: &mut Ctx<'_, Kafka>) {
        match input {
            Input::Deliver(envelope) => match envelope.kind {
                MessageKind::Request => self.raft.handle_request(
                    envelope.conn,
                    envelope.corr,
                    envelope.api_version,
                    *envelope.body,
                    ctx,
                ),
                MessageKind::Response => {
                    let (conn, corr) = (envelope.conn, envelope.corr);
                    self.raft.handle_response(conn, corr, *envelope.body, ctx);
                }
            },
            Input::Timer(Timer::Raft(timer)) => self.raft.handle_timer(timer, ctx),
            Input::Timer(_) => {}
            Input::Synced(sync) => {
                self.raft.handle_synced(sync, ctx);
            }
            Input::Reset(conn) => {
                self.raft.handle_reset(conn, ctx);
            }
            Input::Call(id, call) => self.call(id, call, ctx),
        }
        self.committed.extend(self.raft.take_committed(ctx));
    }

    fn halted(&self) -> bool {
        self.raft.fault().is_some()
    }
}

impl Host {
    /// A client's call appends one record; a shutdown resigns.
    fn call(&mut self, id: CallId, call: Call, ctx: &mut Ctx<'_, Kafka>) {
        match call {
            Call::Shutdown => self.raft.begin_shutdown(ctx),
            Call::Client(..) => {
                let record = MetadataRecord::ProducerIds {
                    broker_id: 0,
                    broker_epoch: 0,
                    next_producer_id: i64::from(id.0),
                };
                if let Ok(offset) = self.raft.append(&[record], ctx) {
                    ctx.complete(id, Outcome::Offset(offset));
                }
            }
        }
    }
}

/// A World of controllers (ids from 1) and brokers (ids from 11), under the eyes of a checker.
#[derive(Clone)]
pub(super) struct Cluster {
    pub(super) world: World<Host>,
    pub(super) checker: Checker,
    oracle: SeededOracle,
    next_call: u32,
}

pub(super) const CLUSTER_ID: &str = "MkU3OEVBNTcwNTJENDM2Qk";

pub(super) fn directory(id: i32) -> Uuid {
    Uuid::from_u64_pair(0xD1, id as u64)
}

/// The machine of the `index`-th node.
pub(super) fn seat(index: usize) -> NodeId {
    NodeId(index as u16)
}

pub(super) fn config_of(id: i32, voters: i32, sabotage: Option<Sabotage>) -> RaftConfig {
    let mut semantics = Semantics::default();
    if let Some(sabotage) = sabotage {
        semantics.sabotage = semantics.sabotage.with(sabotage);
    }
    RaftConfig {
        node_id: id,
        cluster_id: CLUSTER_ID.to_owned(),
        directory_id: directory(id),
        voters: (1..=voters).map(|id| (id, format!("c{id}"))).collect(),
        quorum: QuorumConfig::default(),
        semantics,
    }
}

impl Cluster {
    pub(super) fn new(voters: i32, observers: i32, seed: u64) -> Self {
        Cluster::with_sabotage(voters, observers, seed, None)
    }

    pub(super) fn with_sabotage(
        voters: i32,
        observers: i32,
        seed: u64,
        sabotage: Option<Sabotage>,
    ) -> Self {
        let mut hosts = Hosts::default();
        for id in 1..=voters {
            hosts.insert(format!("c{id}"), seat(id as usize - 1));
        }
        let mut world = World::new(WorldConfig {
            round_trip: true,
            ..WorldConfig::default()
        });
        for id in (1..=voters).chain((1..=observers).map(|n| 10 + n)) {
            let raft = config_of(id, voters, sabotage);
            let hosts = hosts.clone();
            world.add_node(HostConfig { raft, hosts }, Disk::new());
        }
        Cluster {
            world,
            checker: Checker::new(voters as usize),
            oracle: SeededOracle::new(seed),
            next_call: 0,
        }
    }

    /// Lets `span` pass; the first violation ends it.
    pub(super) fn run(&mut self, span: Span) {
        let end = self.world.now() + span;
        self.run_until(end, |_| false);
    }

    /// Runs to `end` or until `done`; true if it was done.
    pub(super) fn run_until(&mut self, end: Time, done: impl Fn(&World<Host>) -> bool) -> bool {
        let mut act = Vec::new();
        while self.checker.violation.is_none() {
            if done(&self.world) {
                return true;
            }
            let (oracle, checker) = (&mut self.oracle, &mut self.checker);
            if !self
                .world
                .step_until(end, oracle, checker, &mut act, &mut ())
            {
                self.world.advance_to(end);
                return done(&self.world);
            }
        }
        false
    }

    /// Waits for a leader that all running nodes follow, and returns its place.
    pub(super) fn await_leader(&mut self) -> usize {
        let end = self.world.now() + Span::from_secs(60);
        self.run_until(end, |world| agreed_leader(world).is_some());
        match agreed_leader(&self.world) {
            Some(leader) => leader,
            None if self.checker.violation.is_some() => 0,
            None => panic!("no leader within a minute: {:?}", self.roles()),
        }
    }

    pub(super) fn node(&self, index: usize) -> &Host {
        self.world.node(seat(index)).expect("the node runs")
    }

    pub(super) fn raft(&self, index: usize) -> &RaftNode {
        &self.node(index).raft
    }

    pub(super) fn act(&mut self, fault: Fault) {
        self.world.schedule(self.world.now(), fault);
    }

    /// Asks a node to append a record.
    pub(super) fn append(&mut self, index: usize) {
        self.next_call += 1;
        let action = Action::Call {
            node: seat(index),
            id: CallId(self.next_call),
            call: Call::Client(ClientNo(0), ClientOp::Flush),
        };
        self.world.schedule(self.world.now(), action);
    }

    /// Asks a node to shut down.
    pub(super) fn shut_down(&mut self, index: usize) {
        self.next_call += 1;
        let action = Action::Call {
            node: seat(index),
            id: CallId(self.next_call),
            call: Call::Shutdown,
        };
        self.world.schedule(self.world.now(), action);
    }

    /// Cuts a node off from all others.
    pub(super) fn isolate(&mut self, index: usize) {
        let others = self.world.nodes().filter(|node| *node != seat(index));
        let cut = Cut {
            id: CutId(index as u32),
            from: vec![seat(index)],
            to: others.collect(),
            both: true,
        };
        self.act(Fault::Cut(cut));
    }

    pub(super) fn heal(&mut self) {
        self.act(Fault::Heal { id: None });
    }

    pub(super) fn roles(&self) -> Vec<(&'static str, i32)> {
        let nodes = self.world.nodes().filter_map(|node| self.world.node(node));
        nodes
            .map(|host| (host.raft.role_name(), host.raft.leader().1))
            .collect()
    }

    pub(super) fn assert_sound(&self) {
        assert_eq!(self.checker.violation, None);
        assert_eq!(self.world.round_trip_error(), None);
    }
}

/// The node that leads, if all that run agree.
pub(super) fn agreed_leader(world: &World<Host>) -> Option<usize> {
    let running: Vec<_> = world.nodes().filter_map(|node| world.node(node)).collect();
    let (leader, epoch) = running.first()?.raft.leader();
    let agree = running
        .iter()
        .all(|host| host.raft.leader() == (leader, epoch));
    let index = (leader? - 1) as usize;
    let leads = world
        .node(seat(index))
        .is_some_and(|host| host.raft.is_leader());
    (agree && leads).then_some(index)
}

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) invariant: &'static str,
    pub(super) text: String,
}

/// Looks at every node after every step, with a memory of all that ever was.
#[derive(Clone)]
pub(super) struct Checker {
    pub(super) violation: Option<Violation>,
    /// The notes of the whole run.
    pub(super) notes: Vec<(NodeId, Note)>,
    voters: usize,
    /// Who led each epoch.
    leaders: BTreeMap<i32, NodeId>,
    /// All that was ever committed, in order.
    committed: Vec<CommittedBatch>,
    /// Each running node: incarnation, epoch, batches compared.
    seen: BTreeMap<NodeId, (u32, i32, usize)>,
    /// The last high watermark of each epoch's leader.
    high_watermarks: BTreeMap<i32, i64>,
    /// What each node has on disk for good.
    durable_ends: Vec<i64>,
}

impl Checker {
    fn new(voters: usize) -> Self {
        Checker {
            violation: None,
            notes: Vec::new(),
            voters,
            leaders: BTreeMap::new(),
            committed: Vec::new(),
            seen: BTreeMap::new(),
            high_watermarks: BTreeMap::new(),
            durable_ends: vec![0; voters],
        }
    }

    fn violate(&mut self, invariant: &'static str, text: String) {
        self.violation.get_or_insert(Violation { invariant, text });
    }

    fn check(&mut self, world: &World<Host>, node: NodeId) {
        let Some(host) = world.node(node) else { return };
        if let Some(end) = self.durable_ends.get_mut(node.index()) {
            *end = host.raft.durable_log_end();
        }
        self.check_epoch(world.incarnation(node), node, &host.raft);
        self.check_committed(node, host);
        if host.raft.is_leader() {
            self.check_leader(world, node, &host.raft);
        }
    }

    /// I33: an epoch never decreases while a node runs.
    fn check_epoch(&mut self, incarnation: u32, node: NodeId, raft: &RaftNode) {
        let epoch = raft.leader().1;
        let seen = self.seen.entry(node).or_insert((incarnation, epoch, 0));
        if seen.0 != incarnation {
            *seen = (incarnation, epoch, 0);
        }
        let before = std::mem::replace(&mut seen.1, epoch);
        if epoch < before {
            self.violate("I33", format!("{node:?}: epoch {before} -> {epoch}"));
        }
    }

    /// I31: what one node saw committed, every node sees.
    fn check_committed(&mut self, node: NodeId, host: &Host) {
        let Some(seen) = self.seen.get_mut(&node) else {
            return;
        };
        let from = std::mem::replace(&mut seen.2, host.committed.len());
        for index in from..host.committed.len() {
            let batch = &host.committed[index];
            match self.committed.get(index) {
                None => self.committed.push(batch.clone()),
                Some(first) if first == batch => {}
                Some(first) => {
                    let text = format!("{node:?}: {first:?} became {batch:?}");
                    return self.violate("I31", text);
                }
            }
        }
    }

    fn check_leader(&mut self, world: &World<Host>, node: NodeId, raft: &RaftNode) {
        let epoch = raft.leader().1;
        let first = *self.leaders.entry(epoch).or_insert(node);
        if first != node {
            self.violate("I30", format!("{first:?} and {node:?} lead epoch {epoch}"));
        }
        self.check_completeness(world, node, raft);
        let Some(high_watermark) = raft.high_watermark() else {
            return;
        };
        let before = self
            .high_watermarks
            .insert(epoch, high_watermark)
            .unwrap_or(0);
        if high_watermark < before {
            self.violate("I33", format!("{node:?}: {before} -> {high_watermark}"));
        }
        let reached = self
            .durable_ends
            .iter()
            .filter(|end| **end >= high_watermark);
        if high_watermark > before && reached.count() <= self.voters / 2 {
            let ends = &self.durable_ends;
            self.violate("I35", format!("{node:?}: {high_watermark}, but {ends:?}"));
        }
    }

    /// I31: a leader of a later epoch has all that was committed in earlier ones.
    fn check_completeness(&mut self, world: &World<Host>, node: NodeId, raft: &RaftNode) {
        let Some(start) = raft.epoch_start_offset() else {
            return;
        };
        let (epoch, disk) = (raft.leader().1, world.disk(node).expect("it runs"));
        let mut below = self.committed.iter().filter(|batch| batch.epoch < epoch);
        let Some(last) = below.next_back() else {
            return;
        };
        let has = raft.log().epoch_at(last.base_offset) == Some(last.epoch);
        let batch = raft.log().batches_from(disk, last.base_offset).next();
        let entry = batch.and_then(|batch| LogEntry::read(&batch).ok());
        if start <= last.last_offset || !has || entry.as_ref() != Some(&last.entry) {
            self.violate("I31", format!("the leader {node:?} lacks {last:?}"));
        }
    }

    /// How many batches were ever committed.
    pub(super) fn committed(&self) -> &[CommittedBatch] {
        &self.committed
    }
}

impl Driver<Host> for Checker {
    fn after(
        &mut self,
        world: &World<Host>,
        record: &StepRecord<'_, Kafka>,
        _: &mut Vec<Action<Kafka>>,
    ) {
        let Some(node) = record.node else { return };
        self.notes
            .extend(record.notes.iter().map(|note| (node, *note)));
        if !matches!(record.kind, StepKind::Action) {
            self.check(world, node);
        }
    }
}
