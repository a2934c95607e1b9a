//! Random lives of a cluster keep I8 and I12; each sabotage breaks one of them.

use super::partitions::{alter, proposal};
use super::rig::Rig;
use crate::kafka::config::{Sabotage, Semantics};
use crate::kafka::metadata::{MetadataDelta, MetadataImage};
use crate::kafka::protocol::Message;
use crate::kafka::protocol::messages::elect_leaders_request::ElectLeadersRequest;
use crate::sim::Span;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;
use uuid::Uuid;

const BROKERS: i32 = 4;
const TOPICS: [&str; 3] = ["plain", "careful", "unclean"];

#[derive(Clone, Debug)]
enum Op {
    /// The broker's session passes.
    FallSilent(i32),
    /// All sessions pass.
    AllSilent,
    /// A new incarnation registers and is heard of.
    Restart(i32, bool),
    /// The broker asks to be fenced.
    Fence(i32),
    /// The broker wants to stop and asks twice.
    ShutDown(i32),
    /// Leaders propose an ISR: the replicas in the mask.
    Alter(u8),
    /// An election of all partitions.
    Elect(bool),
    /// Everybody is heard of.
    Heartbeats,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => (1..=BROKERS).prop_map(Op::FallSilent),
        1 => Just(Op::AllSilent),
        5 => (1..=BROKERS, any::<bool>()).prop_map(|(id, clean)| Op::Restart(id, clean)),
        1 => (1..=BROKERS).prop_map(Op::Fence),
        1 => (1..=BROKERS).prop_map(Op::ShutDown),
        4 => any::<u8>().prop_map(Op::Alter),
        1 => any::<bool>().prop_map(Op::Elect),
        1 => Just(Op::Heartbeats),
    ]
}

fn cluster(semantics: Semantics) -> Rig {
    let mut rig = Rig::with_brokers(BROKERS, semantics);
    rig.topic("plain", 2, 3, &[]);
    rig.topic("careful", 2, 3, &[("min.insync.replicas", "2")]);
    let unclean = ("unclean.leader.election.enable", "true");
    rig.topic("unclean", 2, 3, &[unclean, ("min.insync.replicas", "5")]);
    rig
}

fn run(rig: &mut Rig, op: &Op) {
    match *op {
        Op::FallSilent(id) => rig.fall_silent(id),
        Op::AllSilent => drop(rig.advance(Span::from_secs(10))),
        Op::Restart(id, clean) => {
            let previous = if clean { rig.epochs[&id] } else { -1 };
            rig.register(id, previous);
            rig.heartbeat(id);
        }
        Op::Fence(id) => {
            let request = rig.heartbeat_request(id).with_want_fence(true);
            rig.send_heartbeat(request);
        }
        Op::ShutDown(id) => {
            for _ in 0..2 {
                let request = rig.heartbeat_request(id).with_want_shut_down(true);
                rig.send_heartbeat(request);
                heartbeats(rig, id);
            }
        }
        Op::Alter(mask) => propose(rig, mask),
        Op::Elect(unclean) => {
            let request = ElectLeadersRequest::default()
                .with_election_type(i8::from(unclean))
                .with_topic_partitions(None);
            rig.send(request, 2);
        }
        Op::Heartbeats => heartbeats(rig, 0),
    }
}

fn heartbeats(rig: &mut Rig, except: i32) {
    let unfenced: Vec<i32> = (1..=BROKERS)
        .filter(|id| rig.image.is_active(*id))
        .collect();
    for id in unfenced.into_iter().filter(|id| *id != except) {
        rig.heartbeat(id);
    }
}

/// Each topic's first partition: the leader and the replicas in the mask; some may be ineligible.
fn propose(rig: &mut Rig, mask: u8) {
    for topic in TOPICS {
        let p = rig.partition(topic, 0);
        let wanted = |id: &i32| *id == p.leader || mask & 1 << id != 0;
        let isr: Vec<i32> = p.replicas.iter().copied().filter(wanted).collect();
        if p.leader != -1 {
            let request = proposal(rig, topic, &isr);
            let _ = alter(rig, request);
        }
    }
}

/// What is wrong with the image, by the name of the invariant.
fn violation(image: &MetadataImage) -> Option<&'static str> {
    for (topic, _, p) in image.all_partitions() {
        let min_isr = if topic.name == "plain" {
            1
        } else if topic.name == "careful" {
            2
        } else {
            3
        };
        let sane = p.isr.iter().all(|id| p.replicas.contains(id))
            && (p.leader == -1 || p.isr.contains(&p.leader))
            && p.isr.iter().all(|id| !p.elr.contains(id))
            && (p.isr.len() < min_isr || p.elr.is_empty())
            && p.isr.iter().all(|id| image.is_unfenced(*id));
        if !sane {
            return Some("I12");
        }
    }
    None
}

/// Leaders by epoch: an epoch has one leader (I7); epochs never fall (I8).
#[derive(Default)]
struct History {
    leaders: BTreeMap<(Uuid, i32, i32), i32>,
    epochs: BTreeMap<(Uuid, i32), (i32, i32)>,
}

impl History {
    fn violation(&mut self, image: &MetadataImage) -> Option<&'static str> {
        for (topic, number, p) in image.all_partitions() {
            let key = (topic.id, number);
            let now = (p.leader_epoch, p.partition_epoch);
            let before = self.epochs.insert(key, now).unwrap_or(now);
            if now.0 < before.0 || now.1 < before.1 || (now.0 > before.0 && now.1 == before.1) {
                return Some("I8");
            }
            let leader = *self
                .leaders
                .entry((topic.id, number, now.0))
                .or_insert(p.leader);
            if leader != p.leader {
                return Some("I7");
            }
        }
        None
    }
}

/// The first violation in a life.
fn live(rig: &mut Rig, ops: &[Op]) -> Option<&'static str> {
    let mut history = History::default();
    for op in ops {
        run(rig, op);
        let found = violation(&rig.image).or_else(|| history.violation(&rig.image));
        if found.is_some() {
            return found;
        }
    }
    None
}

fn sabotaged(sabotage: Sabotage) -> Semantics {
    let mut semantics = Semantics::default();
    semantics.sabotage = semantics.sabotage.with(sabotage);
    semantics
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn lives_keep_the_invariants(ops in prop::collection::vec(op(), 1..40)) {
        let mut rig = cluster(Semantics::default());
        prop_assert_eq!(live(&mut rig, &ops), None);
    }

    /// A snapshot of any life is that life's state.
    #[test]
    fn lives_fit_into_snapshots(ops in prop::collection::vec(op(), 1..20)) {
        let mut rig = cluster(Semantics::default());
        live(&mut rig, &ops);
        let (mut copy, mut delta) = (MetadataImage::empty(), MetadataDelta::default());
        for record in rig.image.to_records() {
            copy.replay(&record, rig.image.offset, rig.image.epoch, &mut delta).unwrap();
        }
        prop_assert_eq!(copy.digest(), rig.image.digest());
    }
}

/// The random lives are worth something: they pass through every kind of state.
#[test]
fn lives_reach_the_rare_states() {
    let mut runner = TestRunner::deterministic();
    let lives = prop::collection::vec(op(), 30..40);
    let mut reached = [false; 6];
    for _ in 0..30 {
        let ops = lives.new_tree(&mut runner).unwrap().current();
        let mut rig = cluster(Semantics::default());
        for op in &ops {
            run(&mut rig, op);
            for (_, _, p) in rig.image.all_partitions() {
                reached[0] |= p.leader == -1;
                reached[1] |= p.leader != -1 && !p.elr.is_empty();
                reached[2] |= p.recovering;
                reached[3] |= !p.last_known_elr.is_empty();
                reached[4] |= p.leader != -1 && p.leader != p.replicas[0];
            }
            reached[5] |= rig.image.brokers.values().any(|b| b.in_controlled_shutdown);
        }
    }
    assert_eq!(reached, [true; 6]);
}

#[test]
fn each_sabotage_trips_its_invariant() {
    let ops = [Op::FallSilent(1), Op::FallSilent(2)];
    for sabotage in [Sabotage::ReuseLeaderEpoch, Sabotage::FencedStaysInIsr] {
        let tripped = live(&mut cluster(sabotaged(sabotage)), &ops);
        assert_eq!(tripped, Some(sabotage.invariant()));
    }
    assert_eq!(live(&mut cluster(Semantics::default()), &ops), None);
}

#[test]
fn equal_seeds_give_equal_histories() {
    let life = || {
        let mut rig = cluster(Semantics::default());
        live(
            &mut rig,
            &[Op::FallSilent(3), Op::Restart(3, true), Op::Alter(0xff)],
        );
        let response = rig
            .send(Message::from(ElectLeadersRequest::default()), 0)
            .response;
        (rig.image.digest(), rig.notes, response)
    };
    assert_eq!(life(), life());
}
