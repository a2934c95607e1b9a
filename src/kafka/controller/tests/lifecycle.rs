//! Registration, incarnations, heartbeats, fencing, controlled shutdown, failover.

use super::rig::Rig;
use crate::kafka::config::{BrokerConfig, Semantics};
use crate::kafka::controller::{ControllerConfig, ControllerState};
use crate::kafka::metadata::MetadataImage;
use crate::kafka::protocol::messages::{
    AllocateProducerIdsRequest, BrokerId, ControllerRegistrationRequest, MetadataRequest,
};
use crate::kafka::protocol::metadata_record::MetadataRecord;
use crate::kafka::protocol::{ErrorCode, Message};
use crate::kafka::vocabulary::{ControllerTimer, NodeId, Note, Timer};
use crate::sim::Span;
use uuid::Uuid;

fn rig() -> Rig {
    Rig::with_brokers(3, Semantics::default())
}

#[test]
fn a_registration_takes_its_offset_as_epoch_and_starts_fenced() {
    let mut rig = Rig::empty(Semantics::default());
    let offset = rig.image.offset + 1;
    assert_eq!(rig.register(1, -1), ErrorCode::NONE);
    let broker = &rig.image.brokers[&1];
    assert_eq!((broker.epoch, broker.fenced), (offset, true));
    assert_eq!(rig.epochs[&1], offset);
    let broker_epoch = offset;
    assert_eq!(
        rig.notes,
        [Note::BrokerRegistered {
            broker: NodeId(1),
            broker_epoch
        }]
    );
}

#[test]
fn a_used_id_is_refused_until_its_session_is_over() {
    let mut rig = rig();
    let taken = ErrorCode::DUPLICATE_BROKER_REGISTRATION;
    assert_eq!(rig.register(2, -1), taken);
    let refused = Note::RegistrationRefused {
        broker: NodeId(2),
        error: taken,
    };
    assert_eq!(rig.notes.last(), Some(&refused));
    rig.advance(Span::from_secs(9));
    assert_eq!(
        rig.register(2, -1),
        taken,
        "the session lasts for nine seconds, both ends in"
    );
    rig.advance(Span::from_millis(1));
    assert_eq!(rig.register(2, -1), ErrorCode::NONE);
}

#[test]
fn a_fenced_broker_that_is_heard_of_keeps_its_id() {
    let mut rig = Rig::empty(Semantics::default());
    rig.register(1, -1);
    let request = rig.heartbeat_request(1).with_want_fence(true);
    assert!(rig.send_heartbeat(request).is_fenced);
    assert_eq!(
        rig.register(1, -1),
        ErrorCode::DUPLICATE_BROKER_REGISTRATION
    );
}

#[test]
fn the_same_incarnation_registers_again_as_it_is() {
    let mut rig = Rig::empty(Semantics::default());
    let request = rig.registration(1, -1);
    let first = rig.send_registration(request.clone());
    rig.heartbeat(1);
    assert!(rig.image.is_active(1));
    let again = rig.send_registration(request);
    assert_eq!(again.broker_epoch, first.broker_epoch);
    assert!(rig.image.is_active(1), "an unfenced broker stays unfenced");
}

#[test]
fn bad_registrations_are_refused() {
    let mut rig = rig();
    let mut refused = |change: &dyn Fn(&mut super::rig::Rig) -> ErrorCode| change(&mut rig);
    let code = refused(&|rig| {
        let request = rig
            .registration(4, -1)
            .with_cluster_id(super::rig::str_bytes("other"));
        ErrorCode(rig.send_registration(request).error_code)
    });
    assert_eq!(code, ErrorCode::INCONSISTENT_CLUSTER_ID);
    for dirs in [
        vec![],
        vec![Uuid::nil()],
        vec![Uuid::from_u128(500); 2],
        vec![Uuid::from_u128(100_001)],
    ] {
        let request = rig.registration(4, -1).with_log_dirs(dirs);
        let response = rig.send_registration(request);
        assert_eq!(
            ErrorCode(response.error_code),
            ErrorCode::INVALID_REGISTRATION
        );
    }
    let mut request = rig.registration(4, -1);
    request
        .features
        .retain(|feature| feature.name.as_str() == "metadata.version");
    let response = rig.send_registration(request);
    assert_eq!(
        ErrorCode(response.error_code),
        ErrorCode::UNSUPPORTED_VERSION
    );
    assert_eq!(rig.image.brokers.len(), 3);
}

#[test]
fn unfencing_waits_for_the_brokers_own_registration() {
    let mut rig = Rig::empty(Semantics::default());
    rig.register(1, -1);
    let behind = rig.image.offset - 1;
    let request = rig
        .heartbeat_request(1)
        .with_current_metadata_offset(behind);
    let answer = rig.send_heartbeat(request);
    assert!(answer.is_fenced && !answer.is_caught_up);
    let answer = rig.heartbeat(1);
    assert!(!answer.is_fenced && answer.is_caught_up && rig.image.is_active(1));
    assert_eq!(
        rig.notes
            .iter()
            .filter(|n| matches!(n, Note::BrokerUnfenced { .. }))
            .count(),
        1
    );
}

#[test]
fn a_heartbeat_with_another_epoch_is_stale() {
    let mut rig = rig();
    for (id, epoch) in [(1, 0), (9, 0)] {
        let request = rig.heartbeat_request(id).with_broker_epoch(epoch);
        let code = ErrorCode(rig.send_heartbeat(request).error_code);
        assert_eq!(code, ErrorCode::STALE_BROKER_EPOCH);
    }
}

#[test]
fn silent_brokers_are_fenced_one_after_the_other() {
    let mut rig = rig();
    rig.topic("t", 1, 3, &[]);
    let leader = rig.partition("t", 0).leader;
    let records = rig.advance(Span::from_secs(10));
    assert!((1..=3).all(|id| !rig.image.is_unfenced(id)));
    let p = rig.partition("t", 0);
    assert_eq!((p.leader, p.isr.len()), (-1, 0));
    let fenced = rig
        .notes
        .iter()
        .filter(|n| matches!(n, Note::BrokerFenced { .. }));
    assert_eq!(fenced.count(), 3);
    let changes = records
        .iter()
        .filter(|r| matches!(r, MetadataRecord::PartitionChange(_)));
    assert_eq!(changes.count(), 3, "each fencing shrinks the ISR by one");
    assert!(
        p.leader_epoch > 0 && p.partition_epoch == 3,
        "{leader} {p:?}"
    );
}

#[test]
fn only_the_silent_broker_is_fenced() {
    let mut rig = rig();
    rig.topic("t", 3, 3, &[]);
    rig.fall_silent(2);
    assert!(rig.image.is_active(1) && !rig.image.is_unfenced(2) && rig.image.is_active(3));
    for number in 0..3 {
        let p = rig.partition("t", number);
        assert!(!p.isr.contains(&2) && p.leader != 2 && p.isr.contains(&p.leader));
        assert_eq!(p.leader_epoch, i32::from(p.replicas[0] == 2));
    }
}

#[test]
fn a_controlled_shutdown_moves_leaders_and_waits_for_the_others() {
    let mut rig = rig();
    rig.topic("t", 3, 3, &[]);
    (1..=3).for_each(|id| drop(rig.heartbeat(id)));
    let read_before = rig.image.offset;
    let request = rig.heartbeat_request(1).with_want_shut_down(true);
    let answer = rig.send_heartbeat(request.clone());
    assert!(!answer.should_shut_down && !answer.is_fenced);
    assert!(rig.image.is_unfenced(1) && !rig.image.is_active(1));
    assert!((0..3).all(|n| !rig.partition("t", n).isr.contains(&1)));
    let began = Note::ControlledShutdownBegan {
        broker: NodeId(1),
        broker_epoch: rig.epochs[&1],
    };
    assert!(rig.notes.contains(&began));
    // Others have not read the changes: the broker still serves who does not know better.
    let old = rig
        .heartbeat_request(2)
        .with_current_metadata_offset(read_before);
    rig.send_heartbeat(old);
    assert!(!rig.send_heartbeat(request.clone()).should_shut_down);
    (2..=3).for_each(|id| drop(rig.heartbeat(id)));
    let answer = rig.send_heartbeat(request);
    assert!(answer.should_shut_down && answer.is_fenced);
    assert!(!rig.image.is_unfenced(1));
    assert_eq!(
        rig.register(1, rig.epochs[&1]),
        ErrorCode::NONE,
        "its id is free at once"
    );
}

#[test]
fn a_broker_without_leaderships_may_go_at_once() {
    let mut rig = rig();
    let request = rig.heartbeat_request(1).with_want_shut_down(true);
    assert!(rig.send_heartbeat(request).should_shut_down);
    assert!(!rig.image.is_unfenced(1));
}

/// The last member of the ISR after a crash: what the broker says of its last epoch decides
/// whether it stays eligible (KIP-966).
#[test]
fn an_unclean_restart_loses_the_eligibility() {
    for clean in [true, false] {
        let mut rig = rig();
        rig.topic("t", 1, 2, &[("min.insync.replicas", "2")]);
        let (leader, follower) = (
            rig.partition("t", 0).replicas[0],
            rig.partition("t", 0).replicas[1],
        );
        rig.fall_silent(follower);
        assert_eq!(rig.partition("t", 0).elr, [follower]);
        let previous = if clean { rig.epochs[&follower] } else { -1 };
        assert_eq!(rig.register(follower, previous), ErrorCode::NONE);
        let elr: &[i32] = if clean { &[follower] } else { &[] };
        assert_eq!(rig.partition("t", 0).elr, elr);
        assert_eq!(rig.partition("t", 0).leader, leader);
    }
}

#[test]
fn unfencing_waits_for_the_registration_behind_its_clean_up() {
    let mut rig = rig();
    rig.topic("t", 4, 3, &[("min.insync.replicas", "3")]);
    rig.fall_silent(2);
    let first = rig.image.offset + 1;
    rig.register(2, -1);
    assert_eq!(
        rig.epochs[&2], first,
        "the epoch is the offset of the batch"
    );
    assert_eq!(
        rig.image.offset,
        first + 4,
        "four partitions lose an eligible replica first"
    );
    let request = rig
        .heartbeat_request(2)
        .with_current_metadata_offset(first + 3);
    assert!(rig.send_heartbeat(request).is_fenced);
    assert!(!rig.heartbeat(2).is_fenced);
}

#[test]
fn a_new_active_controller_gives_unfenced_brokers_a_whole_session() {
    let mut rig = rig();
    rig.advance(Span::from_secs(8));
    let config = ControllerConfig {
        node_id: 2,
        cluster_id: None,
        broker: BrokerConfig::default(),
    };
    let old = std::mem::replace(
        &mut rig.state,
        ControllerState::activate(config, &rig.image, &mut rig.stand.ctx()),
    );
    drop(old);
    rig.advance(Span::from_secs(9));
    assert!((1..=3).all(|id| rig.image.is_active(id)));
    rig.advance(Span::from_millis(1));
    assert!((1..=3).all(|id| !rig.image.is_active(id)));
}

#[test]
fn timers_are_gone_after_stepping_down() {
    let mut rig = rig();
    assert!(
        rig.stand
            .timers
            .deadline(Timer::Controller(ControllerTimer::Session))
            .is_some()
    );
    rig.state.clone().deactivate(&mut rig.stand.ctx());
    assert_eq!(rig.stand.timers.next_deadline(), None);
}

#[test]
fn a_no_op_is_written_after_half_a_second_without_records() {
    let mut rig = Rig::empty(Semantics::default());
    let no_ops = |records: Vec<MetadataRecord>| {
        assert!(records.iter().all(|record| *record == MetadataRecord::NoOp));
        records.len()
    };
    assert_eq!(no_ops(rig.advance(Span::from_millis(499))), 0);
    assert_eq!(no_ops(rig.advance(Span::from_millis(1))), 1);
    rig.advance(Span::from_millis(300));
    rig.register(1, -1);
    assert_eq!(no_ops(rig.advance(Span::from_millis(499))), 0);
    assert_eq!(no_ops(rig.advance(Span::from_millis(501))), 2);
}

#[test]
fn producer_ids_come_in_blocks_of_a_thousand() {
    let mut rig = rig();
    for first in [0, 1_000] {
        let request = AllocateProducerIdsRequest::default()
            .with_broker_id(BrokerId(2))
            .with_broker_epoch(rig.epochs[&2]);
        let Message::AllocateProducerIdsResponse(response) = rig.send(request, 0).response else {
            panic!("another answer");
        };
        assert_eq!(
            (response.producer_id_start.0, response.producer_id_len),
            (first, 1_000)
        );
        let note = Note::ProducerIdsAllocated {
            broker: NodeId(2),
            first,
        };
        assert_eq!(rig.notes.last(), Some(&note));
    }
    let stale = AllocateProducerIdsRequest::default().with_broker_id(BrokerId(2));
    let Message::AllocateProducerIdsResponse(response) = rig.send(stale, 0).response else {
        panic!("another answer");
    };
    assert_eq!(
        ErrorCode(response.error_code),
        ErrorCode::STALE_BROKER_EPOCH
    );
}

#[test]
fn controllers_register_and_strangers_are_refused() {
    let mut rig = rig();
    let request = ControllerRegistrationRequest::default().with_controller_id(5);
    rig.send(request, 0);
    assert!(rig.image.controllers.contains_key(&5));
    let next = rig.image.offset + 1;
    let mut ctx = rig.stand.ctx();
    let request = Message::from(MetadataRequest::default());
    let result = rig.state.handle(&rig.image, next, &request, 12, &mut ctx);
    let Message::ApiVersionsResponse(response) = result.response else {
        panic!("another answer");
    };
    assert_eq!(
        ErrorCode(response.error_code),
        ErrorCode::UNSUPPORTED_VERSION
    );
}

#[test]
fn only_an_empty_log_is_bootstrapped() {
    let features = [
        ("group.version".to_string(), 1),
        ("metadata.version".to_string(), 29),
    ];
    let records = ControllerState::bootstrap_records(&MetadataImage::empty(), &features);
    let names: Vec<&str> = records
        .iter()
        .map(|record| match record {
            MetadataRecord::FeatureLevel { name, .. } => name.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(names, ["metadata.version", "group.version"]);
    let image = rig().image;
    assert!(ControllerState::bootstrap_records(&image, &features).is_empty());
}

#[test]
fn a_broker_that_is_known_to_go_may_come_back_at_once() {
    // Killed within its controlled shutdown (KAFKA-19047).
    let mut rig = rig();
    rig.topic("t", 3, 3, &[]);
    let request = rig.heartbeat_request(1).with_want_shut_down(true);
    assert!(!rig.send_heartbeat(request).should_shut_down);
    assert_eq!(rig.register(1, -1), ErrorCode::NONE);
    // Released without a controlled shutdown, for it led nothing.
    let mut rig = self::rig();
    let request = rig.heartbeat_request(1).with_want_shut_down(true);
    assert!(rig.send_heartbeat(request).should_shut_down);
    assert_eq!(rig.register(1, rig.epochs[&1]), ErrorCode::NONE);
}

#[test]
fn no_replica_is_placed_on_a_broker_that_shuts_down() {
    let mut rig = rig();
    rig.topic("t", 3, 3, &[]);
    let request = rig.heartbeat_request(1).with_want_shut_down(true);
    rig.send_heartbeat(request);
    let response = rig.create(super::rig::new_topic("u", 1, 3, &[]));
    assert_eq!(
        response.topics[0]
            .error_message
            .as_ref()
            .map(|text| text.as_str()),
        Some(
            "Unable to replicate the partition 3 time(s): The target replication factor of 3 \
             cannot be reached because only 2 broker(s) are registered or some brokers have all \
             their log directories cordoned."
        )
    );
}

#[test]
fn topic_ids_are_version_4_and_begin_with_no_dash() {
    use crate::kafka::controller::topics::topic_id;
    for high in [0, u64::MAX, 62 << 58, (62 << 58) | 0xffff, 61 << 58] {
        let id = topic_id(high, u64::MAX);
        assert_eq!(id.get_version_num(), 4);
        assert_ne!(id.as_u128() >> 122, 62, "base64url writes 62 as a dash");
        assert!(id.as_u128() > 100, "reserved ids are never given out");
    }
    assert_ne!(topic_id(1 << 20, 5), topic_id(1 << 20, 6));
}
