//! Elections that the controller runs by itself, and what keeps a replica from leading.

use super::partitions::{alter, elect, elect_one, proposal};
use super::rig::Rig;
use crate::kafka::config::Semantics;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::metadata_record::{MetadataRecord, PartitionChange};
use crate::kafka::vocabulary::{NodeId, NodeSet, Note, Tp};
use crate::sim::Span;
use uuid::Uuid;

/// Three brokers and the topic t with one partition of three replicas.
fn rig() -> Rig {
    let mut rig = Rig::with_brokers(3, Semantics::default());
    rig.topic("t", 1, 3, &[("min.insync.replicas", "2")]);
    rig
}

/// Five minutes in which all unfenced brokers are heard of.
fn five_minutes(rig: &mut Rig) {
    for _ in 0..150 {
        rig.advance(Span::from_secs(2));
        for id in 1..=3 {
            if rig.image.is_active(id) {
                rig.heartbeat(id);
            }
        }
    }
}

#[test]
fn preferred_leaders_are_balanced_by_request_and_by_timer() {
    for by_timer in [false, true] {
        let mut rig = rig();
        let preferred = rig.partition("t", 0).replicas[0];
        rig.fall_silent(preferred);
        assert_eq!(
            elect_one(&mut rig, 0),
            ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE
        );
        rig.register(preferred, rig.epochs[&preferred]);
        rig.heartbeat(preferred);
        let all = rig.partition("t", 0).replicas.clone();
        let request = proposal(&rig, "t", &all);
        alter(&mut rig, request).unwrap();
        assert_ne!(rig.partition("t", 0).leader, preferred);
        if by_timer {
            five_minutes(&mut rig);
        } else {
            let response = elect(&mut rig, 0, None);
            assert_eq!(
                response.replica_election_results[0].partition_result.len(),
                1
            );
        }
        assert_eq!(rig.partition("t", 0).leader, preferred);
        assert_eq!(elect_one(&mut rig, 0), ErrorCode::ELECTION_NOT_NEEDED);
        let response = elect(&mut rig, 0, None);
        assert!(
            response.replica_election_results[0]
                .partition_result
                .is_empty()
        );
    }
}

#[test]
fn balancing_goes_on_until_all_is_balanced() {
    let mut rig = Rig::with_brokers(3, Semantics::default());
    rig.topic("t", 2_500, 2, &[]);
    let topic = rig.image.topic("t").unwrap().clone();
    let moved = topic.partitions.iter().map(|(number, partition)| {
        MetadataRecord::PartitionChange(PartitionChange {
            partition_id: *number,
            topic_id: topic.id,
            leader: Some(partition.replicas[1]),
            ..PartitionChange::default()
        })
    });
    let moved: Vec<MetadataRecord> = moved.collect();
    rig.commit(&moved);
    five_minutes(&mut rig);
    assert!(
        rig.image
            .all_partitions()
            .all(|(_, _, p)| p.leader == p.replicas[0])
    );
}

#[test]
fn unclean_elections_are_tried_again_where_the_topic_allows_them() {
    let mut rig = Rig::with_brokers(3, Semantics::default());
    for name in ["strict", "loose"] {
        rig.topic(name, 1, 3, &[]);
        let leader = rig.partition(name, 0).leader;
        let request = proposal(&rig, name, &[leader]);
        alter(&mut rig, request).unwrap();
    }
    let leaders = ["strict", "loose"].map(|name| rig.partition(name, 0).leader);
    leaders.into_iter().for_each(|id| rig.fall_silent(id));
    assert_eq!(
        ["strict", "loose"].map(|name| rig.partition(name, 0).leader),
        [-1, -1]
    );
    // Nothing is asked of anybody when the config changes: the timer finds it.
    rig.commit(&[MetadataRecord::Config {
        resource_type: 2,
        resource_name: "loose".into(),
        name: "unclean.leader.election.enable".into(),
        value: Some("true".into()),
    }]);
    five_minutes(&mut rig);
    assert_eq!(rig.partition("strict", 0).leader, -1);
    let loose = rig.partition("loose", 0);
    assert!(loose.leader > 0 && loose.recovering && loose.isr == [loose.leader]);
}

#[test]
fn a_replica_on_a_directory_that_is_gone_does_not_lead() {
    let mut rig = Rig::with_brokers(1, Semantics::default());
    rig.topic("t", 1, 1, &[]);
    rig.advance(Span::from_secs(10));
    let known = rig.image.brokers[&1].log_dirs.clone();
    let previous = rig.epochs[&1];
    let request = rig
        .registration(1, previous)
        .with_log_dirs(vec![Uuid::from_u128(4_711)]);
    assert_eq!(rig.send_registration(request).error_code, 0);
    rig.heartbeat(1);
    assert!(rig.image.is_active(1));
    assert_eq!(
        rig.partition("t", 0).leader,
        -1,
        "the new directory is empty"
    );
    rig.advance(Span::from_secs(10));
    let previous = rig.epochs[&1];
    let request = rig.registration(1, previous).with_log_dirs(known);
    rig.send_registration(request);
    rig.heartbeat(1);
    assert_eq!(rig.partition("t", 0).leader, 1);
}

#[test]
fn a_creation_is_told_once_for_each_fact() {
    let mut rig = Rig::with_brokers(1, Semantics::default());
    rig.notes.clear();
    rig.topic("t", 1, 1, &[]);
    let id = rig.image.topic_ids["t"];
    let partition = Tp::new(id, 0);
    let told = [
        Note::TopicCreated {
            topic: id.into(),
            partitions: 1,
        },
        Note::LeaderElected {
            partition,
            leader: NodeId(1),
            epoch: 0,
            unclean: false,
        },
        Note::IsrChanged {
            partition,
            isr: NodeSet::of(&[1]),
            partition_epoch: 0,
        },
    ];
    assert_eq!(rig.notes, told);
    rig.notes.clear();
    rig.advance(Span::from_secs(10));
    let told = [
        Note::LeaderElected {
            partition,
            leader: NodeId(-1),
            epoch: 1,
            unclean: false,
        },
        Note::IsrChanged {
            partition,
            isr: NodeSet::of(&[]),
            partition_epoch: 1,
        },
        Note::ElrChanged {
            partition,
            elr: NodeSet::of(&[1]),
        },
        Note::BrokerFenced {
            broker: NodeId(1),
            broker_epoch: rig.epochs[&1],
        },
    ];
    assert_eq!(rig.notes, told);
}
