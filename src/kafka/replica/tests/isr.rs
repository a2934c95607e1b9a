//! ISR changes: admission, shrinking, pending states, answers of the controller.

use super::cluster::Cluster;
use crate::kafka::config::{BrokerConfig, IsrAdmission};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::messages::AlterPartitionRequest;
use crate::kafka::replica::IsrState;
use crate::kafka::vocabulary::NoteKind;

fn members(request: &AlterPartitionRequest) -> Vec<(i32, i64)> {
    let asked = &request.topics[0].partitions[0];
    let members = asked.new_isr_with_epochs.iter();
    members
        .map(|it| (it.broker_id.0, it.broker_epoch))
        .collect()
}

/// Three brokers, broker 3 out of the ISR; it has not heard of the topic yet.
fn two_of_three() -> Cluster {
    two_of_three_with(BrokerConfig::default())
}

fn two_of_three_with(config: BrokerConfig) -> Cluster {
    let mut cluster = Cluster::with_config(&[1, 2, 3], config);
    cluster.silent = vec![3];
    cluster.create_topic(&[1, 2, 3]);
    cluster.edit(|state| state.isr = vec![1, 2]);
    cluster.publish();
    cluster.run();
    cluster.silent.clear();
    cluster
}

#[test]
fn a_follower_at_the_high_watermark_is_proposed_with_everybodys_broker_epoch() {
    let mut cluster = two_of_three();
    assert_eq!(cluster.proposal(1), None);
    cluster.publish();
    cluster.run();
    let request = cluster.proposal(1).expect("broker 3 has fetched");
    assert_eq!((request.broker_id.0, request.broker_epoch), (1, 101));
    assert_eq!(members(&request), [(1, 101), (2, 102), (3, 103)]);
    assert_eq!(cluster.proposal(1), None, "one request in flight");
    assert_eq!(cluster.partition(1).isr(), [1, 2]);
    assert_eq!(cluster.partition(1).maximal_isr(), [1, 2, 3]);
    cluster.accept(1, &request);
    assert_eq!(cluster.partition(1).isr(), [1, 2, 3]);
    assert_eq!(cluster.partition(1).partition_epoch(), 2);
    assert_eq!(cluster.notes(1, NoteKind::IsrCommitted).len(), 1);
}

#[test]
fn a_joining_replica_holds_the_high_watermark_at_once() {
    let mut cluster = two_of_three();
    cluster.publish();
    cluster.run();
    cluster.proposal(1).expect("a proposal");
    cluster.silent = vec![3];
    // Broker 3 is caught up no longer than replica.lag.time.max.ms, yet in the maximal ISR.
    for node in cluster.nodes.values_mut() {
        node.stand.advance(crate::sim::Span::from_secs(31));
        node.stand.timers.clear();
    }
    cluster.produce(1, -1, &["a"]);
    cluster.run();
    assert_eq!(cluster.offsets(2).1, 1);
    assert_eq!(cluster.offsets(1), (0, 1));
}

#[test]
fn a_leaving_replica_holds_the_high_watermark_until_the_controller_has_committed() {
    let mut cluster = Cluster::replicated(2);
    cluster.produce(1, 1, &["a"]);
    cluster.run();
    cluster.silent = vec![2];
    cluster.produce(1, 1, &["b"]);
    cluster.advance(46_000);
    let request = cluster.proposal(1).expect("broker 2 lags");
    assert_eq!(members(&request), [(1, 101)]);
    assert!(matches!(
        cluster
            .partition(1)
            .leader_state()
            .map(|leader| &leader.isr),
        Some(IsrState::PendingShrink { .. })
    ));
    assert_eq!(cluster.offsets(1), (1, 2), "the old ISR counts");
    cluster.accept(1, &request);
    assert_eq!(cluster.offsets(1), (2, 2));
}

/// R5: between one and one and a half of replica.lag.time.max.ms after it was last caught up.
#[test]
fn a_lagging_follower_leaves_between_one_and_one_and_a_half_lag_times() {
    for offset_ms in [0, 4_000, 9_000, 14_000] {
        let mut cluster = Cluster::replicated(2);
        cluster.advance(offset_ms);
        let silent_since = cluster.since_boot(1).as_millis();
        cluster.silent = vec![2];
        cluster.produce(1, 1, &["a"]);
        let left = loop {
            cluster.advance(100);
            if !cluster.notes(1, NoteKind::IsrShrinkProposed).is_empty() {
                break cluster.since_boot(1).as_millis() - silent_since;
            }
        };
        // Its last fetch may be up to replica.fetch.wait.max.ms older than its silence.
        assert!((29_500..=45_100).contains(&left), "{left} ms");
    }
}

#[test]
fn a_caught_up_follower_never_leaves_however_silent() {
    let mut cluster = Cluster::replicated(2);
    cluster.silent = vec![2];
    cluster.advance(200_000);
    assert_eq!(cluster.proposal(1), None, "its log end is the leader's");
}

/// KAFKA-7128: between the high watermark of a new leader and the start of its epoch there may
/// be committed records that a follower at the high watermark lacks.
#[test]
fn joining_needs_the_start_of_the_leader_epoch() {
    let propose = |admission: IsrAdmission| {
        let mut config = BrokerConfig::default();
        config.semantics.isr_admission = admission;
        let mut cluster = Cluster::replicated_with(3, config);
        // Brokers 1 and 2 have "a", broker 3 has nothing; broker 2's high watermark is still 0.
        cluster.silent = vec![3];
        cluster.produce(1, 1, &["a"]);
        assert!(cluster.step());
        cluster.wire.clear();
        assert_eq!(cluster.offsets(2), (0, 1));
        cluster.silent = vec![1];
        cluster.elect(2, &[2, 1]);
        cluster.publish();
        assert_eq!(cluster.partition(2).epoch_start(), Some(1));
        let fetch = cluster.wire.pop_front().expect("broker 3 fetches");
        assert_eq!((fetch.from, fetch.to), (3, 2));
        cluster.deliver(fetch);
        cluster.proposal(2).is_some()
    };
    assert!(!propose(IsrAdmission::HighWatermarkAndEpochStart));
    assert!(propose(IsrAdmission::HighWatermark));
}

#[test]
fn fenced_leaving_and_reincarnated_brokers_do_not_join() {
    for spoil in 0..3 {
        let mut cluster = two_of_three();
        cluster.edit_broker(3, |broker| match spoil {
            0 => broker.fenced = true,
            1 => broker.in_controlled_shutdown = true,
            _ => broker.epoch = 1,
        });
        cluster.publish();
        cluster.run();
        assert_eq!(cluster.proposal(1), None, "case {spoil}");
        cluster.edit_broker(3, |broker| {
            broker.fenced = false;
            broker.in_controlled_shutdown = false;
            broker.epoch = 103;
        });
        cluster.publish();
        cluster.advance(600);
        assert!(
            cluster.proposal(1).is_some(),
            "case {spoil}: its next fetch"
        );
    }
}

/// R23: a fetch of an earlier run of the broker than the one that is registered.
#[test]
fn a_fetch_with_a_stale_broker_epoch_is_refused() {
    let mut config = BrokerConfig::default();
    for check in [true, false] {
        config.semantics.stale_broker_epoch_check = check;
        let mut cluster = two_of_three_with(config.clone());
        cluster.edit_broker(3, |broker| broker.epoch = 5_000);
        cluster.publish();
        cluster.run();
        let refused = cluster.notes(1, NoteKind::FetchRefused).len();
        assert_eq!(refused > 0, check);
        assert_eq!(cluster.proposal(1).is_none(), check, "as before KIP-903");
    }
}

#[test]
fn what_becomes_of_a_refused_proposal() {
    let outcome = |error: ErrorCode| {
        let mut cluster = two_of_three();
        cluster.publish();
        cluster.run();
        cluster.proposal(1).expect("a proposal");
        cluster.refuse(1, error);
        let pending = cluster.partition(1).maximal_isr().len() == 3;
        let again = cluster.proposal(1).is_some();
        (pending, again)
    };
    // Certainly not applied: as before.
    assert_eq!(outcome(ErrorCode::INELIGIBLE_REPLICA), (false, false));
    assert_eq!(outcome(ErrorCode::OPERATION_NOT_ATTEMPTED), (false, false));
    // Nobody knows: the metadata log will say.
    for error in [
        ErrorCode::FENCED_LEADER_EPOCH,
        ErrorCode::INVALID_UPDATE_VERSION,
        ErrorCode::INVALID_REQUEST,
        ErrorCode::UNKNOWN_TOPIC_ID,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode::NEW_LEADER_ELECTED,
    ] {
        assert_eq!(outcome(error), (true, false), "{error}");
    }
    assert_eq!(outcome(ErrorCode::UNKNOWN_SERVER_ERROR), (true, true));
    assert_eq!(outcome(ErrorCode::NOT_CONTROLLER), (true, true));
}

#[test]
fn a_lost_request_is_sent_again_after_fifty_milliseconds() {
    let mut cluster = two_of_three();
    cluster.publish();
    cluster.run();
    let first = cluster.proposal(1).expect("a proposal");
    cluster.with(1, |manager, ctx| {
        manager.handle_alter_partition_response(Err(()), ctx)
    });
    assert_eq!(cluster.proposal(1), None);
    cluster.advance(49);
    assert_eq!(cluster.proposal(1), None);
    cluster.advance(1);
    assert_eq!(cluster.proposal(1), Some(first));
}

#[test]
fn metadata_settles_a_pending_change_and_old_metadata_is_left_alone() {
    let mut cluster = two_of_three();
    cluster.publish();
    cluster.run();
    let old = cluster.image.clone();
    let request = cluster.proposal(1).expect("a proposal");
    cluster.accept(1, &request);
    assert_eq!(cluster.partition(1).partition_epoch(), 2);
    // The record of partition epoch 1 comes late (KAFKA-13790).
    let new = std::mem::replace(&mut cluster.image, old);
    cluster.publish();
    assert_eq!(cluster.partition(1).partition_epoch(), 2);
    assert_eq!(cluster.partition(1).isr(), [1, 2, 3]);
    cluster.image = new;
    cluster.edit(|state| state.isr = vec![1]);
    cluster.publish();
    assert_eq!(cluster.partition(1).isr(), [1]);
}

#[test]
fn a_late_answer_to_an_overtaken_proposal_is_ignored() {
    let mut cluster = two_of_three();
    cluster.publish();
    cluster.run();
    cluster.proposal(1).expect("a proposal");
    cluster.elect(1, &[1]);
    cluster.publish();
    cluster.refuse(1, ErrorCode::UNKNOWN_SERVER_ERROR);
    assert_eq!(cluster.partition(1).isr(), [1]);
    assert_eq!(cluster.partition(1).maximal_isr(), [1]);
}

/// R22: a new epoch gives the ISR a period of grace, others none.
#[test]
fn a_new_leader_gives_its_isr_time() {
    let mut cluster = Cluster::replicated(3);
    cluster.produce(1, 1, &["a"]);
    cluster.run();
    cluster.elect(2, &[2, 1]);
    cluster.silent = vec![1, 3];
    cluster.publish();
    let now = cluster.nodes[&2].stand.mono;
    let remotes = cluster.partition(2).remotes();
    let known = |id: i32| remotes.iter().find(|it| it.id == id).expect("a follower");
    assert_eq!((known(1).last_caught_up, known(1).log_end), (Some(now), -1));
    assert_eq!((known(3).last_caught_up, known(3).log_end), (None, -1));
}
