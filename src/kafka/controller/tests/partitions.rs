//! AlterPartition's table of checks, elections on request and by timer, eligible leader replicas.

use super::rig::{Rig, str_bytes};
use crate::kafka::config::{Sabotage, Semantics};
use crate::kafka::protocol::messages::BrokerId;
use crate::kafka::protocol::messages::alter_partition_request::{
    AlterPartitionRequest, BrokerState, PartitionData, TopicData,
};
use crate::kafka::protocol::messages::alter_partition_response::PartitionData as Answer;
use crate::kafka::protocol::messages::delete_topics_request::DeleteTopicsRequest;
use crate::kafka::protocol::messages::elect_leaders_request::{
    ElectLeadersRequest, TopicPartitions,
};
use crate::kafka::protocol::messages::elect_leaders_response::ElectLeadersResponse;
use crate::kafka::protocol::{ErrorCode, Message};
use crate::kafka::vocabulary::Note;
use crate::sim::Span;
use uuid::Uuid;

/// A proposal by the present leader: the ISR `isr`, all epochs as they are.
pub(super) fn proposal(rig: &Rig, topic: &str, isr: &[i32]) -> AlterPartitionRequest {
    let p = rig.partition(topic, 0);
    let members = isr.iter().map(|id| {
        let epoch = rig.image.brokers.get(id).map_or(-1, |broker| broker.epoch);
        let member = BrokerState::default().with_broker_id(BrokerId(*id));
        member.with_broker_epoch(epoch)
    });
    let data = PartitionData::default()
        .with_leader_epoch(p.leader_epoch)
        .with_partition_epoch(p.partition_epoch)
        .with_new_isr_with_epochs(members.collect());
    let topic = TopicData::default()
        .with_topic_id(rig.image.topic_ids[topic])
        .with_partitions(vec![data]);
    AlterPartitionRequest::default()
        .with_broker_id(BrokerId(p.leader))
        .with_broker_epoch(rig.image.brokers.get(&p.leader).map_or(-1, |b| b.epoch))
        .with_topics(vec![topic])
}

#[allow(
    clippy::panic_in_result_fn,
    reason = "a test fails on an answer that is none"
)]
pub(super) fn alter(rig: &mut Rig, request: AlterPartitionRequest) -> Result<Answer, ErrorCode> {
    let Message::AlterPartitionResponse(response) = rig.send(request, 3).response else {
        panic!("another answer");
    };
    if response.error_code != 0 {
        assert!(response.topics.is_empty());
        return Err(ErrorCode(response.error_code));
    }
    let answer = response.topics[0].partitions[0].clone();
    match answer.error_code {
        0 => Ok(answer),
        code => Err(ErrorCode(code)),
    }
}

/// Three brokers and the topic t with one partition of three replicas.
fn rig() -> Rig {
    let mut rig = Rig::with_brokers(3, Semantics::default());
    rig.topic("t", 1, 3, &[("min.insync.replicas", "2")]);
    rig
}

#[test]
fn a_shrink_bumps_the_partition_epoch_alone() {
    let mut rig = rig();
    let leader = rig.partition("t", 0).leader;
    let request = proposal(&rig, "t", &[leader]);
    let answer = alter(&mut rig, request).unwrap();
    assert_eq!(answer.isr, [BrokerId(leader)]);
    assert_eq!(
        (
            answer.leader_id.0,
            answer.leader_epoch,
            answer.partition_epoch
        ),
        (leader, 0, 1)
    );
    let p = rig.partition("t", 0);
    assert_eq!((p.leader_epoch, p.partition_epoch, p.elr.len()), (0, 1, 2));
    let all = p.replicas.clone();
    let request = proposal(&rig, "t", &all);
    assert_eq!(alter(&mut rig, request).unwrap().partition_epoch, 2);
    assert!(
        rig.partition("t", 0).elr.is_empty(),
        "a full ISR needs no ELR"
    );
    let request = proposal(&rig, "t", &all);
    let again = alter(&mut rig, request).unwrap();
    assert_eq!(
        again.partition_epoch, 2,
        "nothing changes, nothing is written"
    );
}

#[test]
fn the_first_failing_check_answers() {
    let mut rig = rig();
    rig.register(4, -1);
    let leader = rig.partition("t", 0).leader;
    let all = rig.partition("t", 0).replicas.clone();
    let request = proposal(&rig, "t", &[leader]);
    alter(&mut rig, request).unwrap();
    let mut refused =
        |expected: ErrorCode, isr: &[i32], change: &dyn Fn(&mut AlterPartitionRequest)| {
            let mut request = proposal(&rig, "t", isr);
            change(&mut request);
            let before = rig.image.clone();
            assert_eq!(alter(&mut rig, request), Err(expected));
            assert_eq!(rig.image, before);
        };
    type Data<'a> = &'a mut PartitionData;
    let data = |request: &mut AlterPartitionRequest, change: &dyn Fn(Data<'_>)| {
        change(&mut request.topics[0].partitions[0]);
    };
    refused(ErrorCode::STALE_BROKER_EPOCH, &all, &|r| {
        r.broker_epoch += 1
    });
    refused(ErrorCode::UNKNOWN_TOPIC_ID, &all, &|r| {
        r.topics[0].topic_id = Uuid::from_u128(9)
    });
    refused(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, &all, &|r| {
        data(r, &|p| p.partition_index = 7)
    });
    refused(ErrorCode::NOT_CONTROLLER, &all, &|r| {
        data(r, &|p| p.leader_epoch += 1)
    });
    refused(ErrorCode::NOT_CONTROLLER, &all, &|r| {
        data(r, &|p| {
            (p.leader_epoch, p.partition_epoch) = (-1, p.partition_epoch + 1)
        });
    });
    refused(ErrorCode::FENCED_LEADER_EPOCH, &all, &|r| {
        data(r, &|p| (p.leader_epoch, p.partition_epoch) = (-1, 0));
    });
    let other = *all.iter().find(|id| **id != leader).unwrap();
    let other_epoch = rig.image.brokers[&other].epoch;
    let mut refused =
        |expected: ErrorCode, isr: &[i32], change: &dyn Fn(&mut AlterPartitionRequest)| {
            let mut request = proposal(&rig, "t", isr);
            change(&mut request);
            assert_eq!(alter(&mut rig, request), Err(expected));
        };
    refused(ErrorCode::INVALID_REQUEST, &all, &|r| {
        (r.broker_id, r.broker_epoch) = (BrokerId(other), other_epoch);
        data(r, &|p| p.partition_epoch = 0);
    });
    refused(ErrorCode::INVALID_UPDATE_VERSION, &[other], &|r| {
        data(r, &|p| p.partition_epoch = 0)
    });
    refused(ErrorCode::INVALID_REQUEST, &[other], &|_| ());
    refused(ErrorCode::INVALID_REQUEST, &[leader, leader], &|_| ());
    refused(ErrorCode::INVALID_REQUEST, &[leader, 4], &|_| ());
    refused(ErrorCode::INVALID_REQUEST, &all, &|r| {
        data(r, &|p| p.leader_recovery_state = 1)
    });
    refused(ErrorCode::INVALID_REQUEST, &[leader], &|r| {
        data(r, &|p| p.leader_recovery_state = 1)
    });
    refused(ErrorCode::INELIGIBLE_REPLICA, &[leader, other], &|r| {
        data(r, &|p| p.new_isr_with_epochs[1].broker_epoch += 1);
    });
    let refusals = rig
        .notes
        .iter()
        .filter(|n| matches!(n, Note::AlterPartitionRefused { .. }));
    assert_eq!(refusals.count(), 13);
    // An epoch of -1 is not checked.
    let mut request = proposal(&rig, "t", &[leader, other]);
    data(&mut request, &|p| {
        p.new_isr_with_epochs[1].broker_epoch = -1
    });
    assert!(alter(&mut rig, request).is_ok());
}

#[test]
fn fenced_and_leaving_brokers_are_ineligible() {
    let mut rig = rig();
    rig.topic("other", 3, 1, &[]);
    let p = rig.partition("t", 0).clone();
    let (second, third) = (p.replicas[1], p.replicas[2]);
    let request = rig.heartbeat_request(second).with_want_fence(true);
    rig.send_heartbeat(request);
    let request = rig.heartbeat_request(third).with_want_shut_down(true);
    rig.send_heartbeat(request);
    for member in [second, third] {
        let request = proposal(&rig, "t", &[p.leader, member]);
        assert_eq!(alter(&mut rig, request), Err(ErrorCode::INELIGIBLE_REPLICA));
    }
}

#[test]
fn without_the_switch_a_stale_broker_epoch_passes() {
    let semantics = Semantics {
        stale_broker_epoch_check: false,
        ..Semantics::default()
    };
    let mut rig = Rig::with_brokers(3, semantics);
    rig.topic("t", 1, 3, &[]);
    let all = rig.partition("t", 0).replicas.clone();
    let mut request = proposal(&rig, "t", &all[..2]);
    request.topics[0].partitions[0].new_isr_with_epochs[1].broker_epoch += 77;
    assert!(alter(&mut rig, request).is_ok());
}

pub(super) fn elect(
    rig: &mut Rig,
    kind: i8,
    topics: Option<&[(&str, i32)]>,
) -> ElectLeadersResponse {
    let named = topics.map(|topics| {
        let each = topics.iter().map(|(name, partition)| {
            let topic = TopicPartitions::default().with_topic(str_bytes(name).into());
            topic.with_partitions(vec![*partition])
        });
        each.collect()
    });
    let request = ElectLeadersRequest::default()
        .with_election_type(kind)
        .with_topic_partitions(named);
    match rig.send(request, 2).response {
        Message::ElectLeadersResponse(response) => response,
        other => panic!("{other:?}"),
    }
}

pub(super) fn elect_one(rig: &mut Rig, kind: i8) -> ErrorCode {
    let response = elect(rig, kind, Some(&[("t", 0)]));
    ErrorCode(response.replica_election_results[0].partition_result[0].error_code)
}

/// What was recorded (failover.json, facts 4 and 5): the last in-sync replica dies with unclean
/// election off; it stays eligible and known; a preferred election is refused, an unclean one
/// elects somebody else.
#[test]
fn the_last_in_sync_replica_dies() {
    let mut rig = Rig::with_brokers(3, Semantics::default());
    rig.topic("t", 1, 2, &[("min.insync.replicas", "1")]);
    let (leader, follower) = (
        rig.partition("t", 0).replicas[0],
        rig.partition("t", 0).replicas[1],
    );
    let request = proposal(&rig, "t", &[leader]);
    alter(&mut rig, request).unwrap();
    rig.fall_silent(leader);
    let p = rig.partition("t", 0);
    assert_eq!((p.leader, &p.isr[..]), (-1, &[][..]));
    assert_eq!(
        (&p.elr[..], &p.last_known_elr[..]),
        (&[leader][..], &[leader][..])
    );
    let epoch = p.leader_epoch;
    assert_eq!(
        elect_one(&mut rig, 0),
        ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE
    );
    assert_eq!(elect_one(&mut rig, 1), ErrorCode::NONE);
    let p = rig.partition("t", 0);
    assert_eq!(
        (p.leader, &p.isr[..], p.recovering),
        (follower, &[follower][..], true)
    );
    assert!(p.elr.is_empty() && p.last_known_elr.is_empty() && p.leader_epoch == epoch + 1);
    let unclean = |n: &&Note| matches!(n, Note::LeaderElected { unclean: true, .. });
    assert_eq!(rig.notes.iter().filter(unclean).count(), 1);
    assert_eq!(elect_one(&mut rig, 1), ErrorCode::ELECTION_NOT_NEEDED);
    // The new leader says that it has recovered.
    let request = proposal(&rig, "t", &[follower]);
    assert_eq!(alter(&mut rig, request).unwrap().leader_recovery_state, 0);
    assert!(!rig.partition("t", 0).recovering);
}

#[test]
fn an_eligible_replica_leads_without_an_unclean_election() {
    let mut rig = rig();
    let all = rig.partition("t", 0).replicas.clone();
    let request = proposal(&rig, "t", &all[..1]);
    alter(&mut rig, request).unwrap();
    rig.fall_silent(all[0]);
    let p = rig.partition("t", 0);
    assert_eq!(
        (p.leader, &p.isr[..], p.recovering),
        (all[1], &all[1..2], false)
    );
    assert!(p.elr.contains(&all[0]) && p.elr.contains(&all[2]) && p.elr.len() == 2);
}

#[test]
fn the_returning_last_leader_leads_again() {
    let mut rig = rig();
    let all = rig.partition("t", 0).replicas.clone();
    rig.advance(Span::from_secs(10));
    assert_eq!(rig.partition("t", 0).leader, -1);
    for id in [all[1], all[0]] {
        rig.register(id, -1);
    }
    let p = rig.partition("t", 0).clone();
    assert_eq!(p.elr, [all[2]], "who may have lost records is not eligible");
    let mut fresh = Rig::with_brokers(1, Semantics::default());
    fresh.topic("t", 1, 1, &[]);
    fresh.advance(Span::from_secs(10));
    fresh.register(1, -1);
    let p = fresh.partition("t", 0);
    assert_eq!(
        (p.leader, p.elr.len(), &p.last_known_elr[..]),
        (-1, 0, &[1][..])
    );
    fresh.heartbeat(1);
    let p = fresh.partition("t", 0);
    assert_eq!((p.leader, &p.isr[..], p.recovering), (1, &[1][..], true));
    assert!(p.last_known_elr.is_empty());
}

#[test]
fn a_topic_that_allows_it_is_elected_uncleanly_at_once() {
    let mut rig = Rig::with_brokers(3, Semantics::default());
    let unclean = ("unclean.leader.election.enable", "true");
    rig.topic("t", 1, 2, &[unclean]);
    let all = rig.partition("t", 0).replicas.clone();
    let request = proposal(&rig, "t", &all[..1]);
    alter(&mut rig, request).unwrap();
    rig.fall_silent(all[0]);
    let p = rig.partition("t", 0);
    assert_eq!((p.leader, p.recovering), (all[1], true));
}

#[test]
fn without_elr_the_last_member_stays_in_the_isr() {
    let semantics = Semantics {
        eligible_leader_replicas: false,
        ..Semantics::default()
    };
    let mut rig = Rig::with_brokers(1, semantics);
    rig.topic("t", 1, 1, &[]);
    rig.advance(Span::from_secs(10));
    let p = rig.partition("t", 0);
    assert_eq!((p.leader, &p.isr[..], p.elr.len()), (-1, &[1][..], 0));
    rig.register(1, -1);
    rig.heartbeat(1);
    let p = rig.partition("t", 0);
    assert_eq!((p.leader, p.recovering, p.leader_epoch), (1, false, 2));
}

#[test]
fn an_unknown_election_type_is_refused() {
    let mut rig = rig();
    assert_eq!(
        ErrorCode(elect(&mut rig, 2, None).error_code),
        ErrorCode::INVALID_REQUEST
    );
}

#[test]
fn topics_are_told_with_their_partitions_and_deleted_by_name() {
    let mut rig = rig();
    rig.topic("u", 5, 1, &[]);
    let topic = rig.image.topic_ids["u"].into();
    assert!(rig.notes.contains(&Note::TopicCreated {
        topic,
        partitions: 5
    }));
    let names = ["u", "nosuch", "t", "t"].map(|name| str_bytes(name).into());
    let request = DeleteTopicsRequest::default().with_topic_names(names.to_vec());
    let Message::DeleteTopicsResponse(response) = rig.send(request, 4).response else {
        panic!("another answer");
    };
    let codes: Vec<i16> = response.responses.iter().map(|r| r.error_code).collect();
    assert_eq!(codes, [0, 3, 42], "a name that comes twice is refused once");
    assert!(response.responses.iter().all(|r| r.error_message.is_none()));
    assert!(rig.notes.contains(&Note::TopicDeleted { topic }));
    assert!(rig.image.topic("u").is_none() && rig.image.topic("t").is_some());
}

#[test]
fn the_reused_leader_epoch_is_planted_and_nothing_else() {
    let mut semantics = Semantics::default();
    semantics.sabotage = semantics.sabotage.with(Sabotage::ReuseLeaderEpoch);
    let mut rig = Rig::with_brokers(3, semantics);
    rig.topic("t", 1, 3, &[]);
    let before = rig.partition("t", 0).clone();
    rig.fall_silent(before.leader);
    let after = rig.partition("t", 0);
    assert_ne!(after.leader, before.leader);
    assert_eq!((after.leader_epoch, after.partition_epoch), (0, 1));
}
