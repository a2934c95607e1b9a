//! Safety under crashes, power cuts, pauses, cut and lossy links; liveness when all is well
//! again; and for each sabotage a schedule that trips its invariant, sound without it.

use super::cluster::{Cluster, agreed_leader, seat};
use crate::kafka::config::Sabotage;
use crate::sim::{Cut, CutId, Fault, LinkChange, NodeId, Span, Tail};
use proptest::prelude::*;

/// Something that befalls a quorum.
#[derive(Clone, Debug)]
enum Blow {
    Crash(usize),
    PowerOff(usize),
    Start(usize),
    Pause(usize),
    Resume(usize),
    /// Cuts the nodes of the mask off from the others, one way or both.
    Cut(u8, bool),
    Heal,
    Lossy(usize, usize),
    /// All nodes that believe that they lead append so many records.
    Append(u8),
}

fn blow() -> impl Strategy<Value = Blow> {
    prop_oneof![
        2 => any::<usize>().prop_map(Blow::Crash),
        2 => any::<usize>().prop_map(Blow::PowerOff),
        6 => any::<usize>().prop_map(Blow::Start),
        1 => any::<usize>().prop_map(Blow::Pause),
        2 => any::<usize>().prop_map(Blow::Resume),
        3 => (any::<u8>(), any::<bool>()).prop_map(|(mask, both)| Blow::Cut(mask, both)),
        3 => Just(Blow::Heal),
        1 => any::<(usize, usize)>().prop_map(|(from, to)| Blow::Lossy(from, to)),
        6 => (1u8..4).prop_map(Blow::Append),
    ]
}

fn schedule(most: usize) -> impl Strategy<Value = Vec<(u64, Blow)>> {
    proptest::collection::vec((0u64..2_500, blow()), 1..most)
}

fn strike(cluster: &mut Cluster, voters: usize, blow: &Blow) {
    let node = |place: usize| seat(place % voters);
    let fault = match blow {
        Blow::Crash(place) => Fault::Crash { node: node(*place) },
        Blow::PowerOff(place) => Fault::PowerOff {
            node: node(*place),
            tail: Tail::Drawn,
        },
        Blow::Start(place) => Fault::Start {
            node: node(*place),
            wipe: false,
        },
        Blow::Pause(place) => Fault::Pause { node: node(*place) },
        Blow::Resume(place) => Fault::Resume { node: node(*place) },
        Blow::Cut(mask, both) => {
            let is_in = |node: &NodeId| mask >> node.0 & 1 != 0;
            let (from, to) = cluster.world.nodes().partition(is_in);
            Fault::Cut(Cut {
                id: CutId(0),
                from,
                to,
                both: *both,
            })
        }
        Blow::Heal => Fault::Heal { id: None },
        Blow::Lossy(from, to) => Fault::SetLink {
            from: node(*from),
            to: node(*to),
            change: LinkChange {
                loss: Some(50_000),
                ..LinkChange::default()
            },
            both: false,
        },
        Blow::Append(count) => {
            for place in 0..voters {
                let host = cluster.world.node(seat(place));
                if host.is_some_and(|host| host.raft.is_leader()) {
                    (0..*count).for_each(|_| cluster.append(place));
                }
            }
            return;
        }
    };
    cluster.act(fault);
}

fn suffer(cluster: &mut Cluster, voters: usize, blows: &[(u64, Blow)]) {
    for (wait_ms, blow) in blows {
        cluster.run(Span::from_millis(*wait_ms));
        if cluster.checker.violation.is_some() {
            return;
        }
        strike(cluster, voters, blow);
    }
    cluster.run(Span::from_secs(2));
}

/// Ends all trouble and waits until all nodes agree on a leader that can commit.
fn recover(cluster: &mut Cluster, voters: usize) -> Option<usize> {
    cluster.heal();
    for place in 0..voters {
        cluster.act(Fault::Resume { node: seat(place) });
        cluster.act(Fault::Start {
            node: seat(place),
            wipe: false,
        });
        for other in 0..voters {
            cluster.act(Fault::SetLink {
                from: seat(place),
                to: seat(other),
                change: LinkChange {
                    loss: Some(0),
                    ..LinkChange::default()
                },
                both: false,
            });
        }
    }
    let end = cluster.world.now() + Span::from_secs(60);
    let is_settled = |world: &_| agreed_leader(world).is_some();
    cluster.run(Span::from_secs(5));
    if !cluster.run_until(end, is_settled) {
        return None;
    }
    let leader = agreed_leader(&cluster.world)?;
    cluster.append(leader);
    cluster.run(Span::from_secs(2));
    Some(leader)
}

fn assert_live(cluster: &Cluster, voters: usize, leader: usize) -> Result<(), TestCaseError> {
    let end = cluster.raft(leader).log_end();
    prop_assert_eq!(cluster.raft(leader).high_watermark(), Some(end));
    for place in 0..voters {
        let node = cluster.node(place);
        prop_assert_eq!(node.raft.log_end(), end);
        prop_assert_eq!(&node.committed[..], cluster.checker.committed());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn faults_never_break_the_quorum_and_it_comes_back(
        seed in any::<u64>(),
        five in any::<bool>(),
        blows in schedule(40),
    ) {
        let voters = if five { 5 } else { 3 };
        let mut cluster = Cluster::new(voters, 1, seed);
        cluster.run(Span::from_secs(3));
        suffer(&mut cluster, voters as usize, &blows);
        let leader = recover(&mut cluster, voters as usize);
        prop_assert_eq!(&cluster.checker.violation, &None);
        prop_assert_eq!(cluster.world.round_trip_error(), None);
        let Some(leader) = leader else {
            return Err(TestCaseError::fail(format!("no leader: {:?}", cluster.roles())));
        };
        assert_live(&cluster, voters as usize, leader)?;
    }
}

/// The invariant that a schedule trips with a sabotage.
fn tripped(sabotage: Option<Sabotage>, seed: u64, story: fn(&mut Cluster)) -> Option<&'static str> {
    let mut cluster = Cluster::with_sabotage(3, 0, seed, sabotage);
    story(&mut cluster);
    cluster
        .checker
        .violation
        .map(|violation| violation.invariant)
}

/// Some seed below 200 trips the sabotage's own invariant, and is sound without the sabotage.
fn assert_trips(sabotage: Sabotage, story: fn(&mut Cluster)) {
    let wanted = Some(sabotage.invariant());
    let seed = (0..200).find(|seed| tripped(Some(sabotage), *seed, story) == wanted);
    let seed = seed.unwrap_or_else(|| panic!("{} trips nothing", sabotage.word()));
    assert_eq!(tripped(None, seed, story), None);
}

/// All voters stand for election at nearly the same time, again and again.
fn rivals(cluster: &mut Cluster) {
    for _ in 0..6 {
        for place in 0..3 {
            cluster.act(Fault::Crash { node: seat(place) });
            cluster.act(Fault::Start {
                node: seat(place),
                wipe: false,
            });
        }
        for (from, to) in [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)] {
            let ms = |ms| Span::from_millis(ms);
            cluster.act(Fault::SetLink {
                from: seat(from),
                to: seat(to),
                change: LinkChange {
                    latency: Some((ms(100), ms(400))),
                    ..LinkChange::default()
                },
                both: false,
            });
        }
        cluster.run(Span::from_secs(8));
    }
}

#[test]
fn forget_vote_trips_its_invariant() {
    assert_trips(Sabotage::ForgetVote, rivals);
}

/// A leader writes alone, is replaced, and comes back.
fn lonely_leader(cluster: &mut Cluster) {
    let old = cluster.await_leader();
    cluster.run(Span::from_secs(1));
    cluster.isolate(old);
    cluster.run(Span::from_millis(10));
    cluster.append(old);
    cluster.run(Span::from_secs(8));
    for place in 0..3 {
        let leads = cluster.raft(place).is_leader();
        (0..4).filter(|_| leads).for_each(|_| cluster.append(place));
    }
    cluster.heal();
    cluster.run(Span::from_secs(8));
}

#[test]
fn keep_diverging_metadata_trips_its_invariant() {
    assert_trips(Sabotage::KeepDivergingMetadata, lonely_leader);
}

#[test]
fn commit_without_majority_trips_its_invariant() {
    assert_trips(Sabotage::CommitWithoutMajority, lonely_leader);
}

/// A follower misses what is committed without it, and catches up.
fn late_follower(cluster: &mut Cluster) {
    let leader = cluster.await_leader();
    cluster.run(Span::from_secs(1));
    let late = (leader + 1) % 3;
    cluster.isolate(late);
    cluster.run(Span::from_millis(10));
    (0..4).for_each(|_| cluster.append(leader));
    cluster.run(Span::from_millis(500));
    cluster.heal();
    cluster.run(Span::from_secs(8));
}

#[test]
fn quorum_high_watermark_falls_trips_its_invariant() {
    assert_trips(Sabotage::QuorumHighWatermarkFalls, late_follower);
}
