//! Appends, replication, the high watermark, acknowledgements.

use super::cluster::Cluster;
use crate::kafka::config::BrokerConfig;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::vocabulary::NoteKind;

#[test]
fn an_acks_all_write_is_answered_by_the_followers_next_fetches() {
    let mut cluster = Cluster::replicated(3);
    cluster.produce(1, -1, &["a"]);
    assert_eq!(cluster.offsets(1), (0, 1));
    assert_eq!(cluster.produced(1), None, "parked");
    // The followers' parked fetches are answered with the record; their next fetches, from
    // offset 1, are the acknowledgement.
    cluster.run();
    assert_eq!(cluster.offsets(1), (1, 1));
    let answer = cluster.produced(1).expect("answered");
    assert_eq!((answer.error_code, answer.base_offset), (0, 0));
    let expected = vec![(0, 0, "a".to_owned())];
    for id in 1..=3 {
        assert_eq!(cluster.log(id), expected, "broker {id}");
    }
}

#[test]
fn one_follower_of_two_is_not_enough() {
    let mut cluster = Cluster::replicated(3);
    cluster.silent.push(3);
    cluster.produce(1, -1, &["a"]);
    cluster.run();
    assert_eq!(cluster.offsets(2), (0, 1));
    assert_eq!(
        cluster.offsets(1),
        (0, 1),
        "broker 3 is in the ISR and has nothing"
    );
    assert_eq!(cluster.produced(1), None);
}

#[test]
fn a_follower_learns_the_high_watermark_two_round_trips_after_the_append() {
    let mut cluster = Cluster::replicated(2);
    cluster.produce(1, 1, &["a"]);
    assert_eq!(cluster.offsets(1), (0, 1));
    // The answer with the record carries the old high watermark.
    assert!(cluster.step());
    assert_eq!(cluster.offsets(2), (0, 1));
    assert_eq!(cluster.offsets(1), (0, 1));
    // The next fetch tells the leader; the answer to it is parked.
    assert!(cluster.step());
    assert_eq!(cluster.offsets(1), (1, 1));
    assert_eq!(cluster.offsets(2), (0, 1));
    // Its answer carries the new one.
    cluster.advance(500);
    assert_eq!(cluster.offsets(2), (1, 1));
}

#[test]
fn followers_share_the_leaders_bytes() {
    let mut cluster = Cluster::replicated(2);
    cluster.produce(1, 1, &["shared"]);
    cluster.run();
    let first = |id: i32| {
        let node = &cluster.nodes[&id];
        let log = cluster.partition(id).log();
        let batch = log.batches_from(&node.stand.disk, 0).next();
        batch.expect("a batch").bytes().as_ptr()
    };
    assert_eq!(first(1), first(2), "one Bytes on both disks");
}

#[test]
fn acks_one_is_answered_after_the_local_append_and_acks_zero_not_at_all() {
    let mut cluster = Cluster::replicated(2);
    cluster.silent.push(2);
    cluster.produce(1, 1, &["a"]);
    let answer = cluster.produced(1).expect("at once");
    assert_eq!((answer.error_code, answer.base_offset), (0, 0));
    cluster.produce(1, 0, &["b"]);
    let (_, answer) = cluster.node_mut(1).answers.pop_front().expect("an end");
    assert_eq!(answer, None, "no response");
    assert_eq!(cluster.offsets(1), (0, 2));
    assert!(!cluster.nodes[&1].closed);
}

#[test]
fn acks_zero_with_an_error_closes_the_connection() {
    let mut cluster = Cluster::replicated(2);
    cluster.produce(2, 0, &["to a follower"]);
    assert!(cluster.nodes[&2].closed);
    assert_eq!(cluster.offsets(2), (0, 0));
}

#[test]
fn without_enough_in_sync_replicas_acks_all_is_refused_and_acks_one_stays_invisible() {
    let mut cluster = Cluster::replicated(3);
    cluster.image_min_isr(2);
    cluster.edit(|state| state.isr = vec![1]);
    cluster.publish();
    cluster.silent = vec![2, 3];
    cluster.produce(1, -1, &["a"]);
    let answer = cluster.produced(1).expect("refused at once");
    assert_eq!(answer.error_code, ErrorCode::NOT_ENOUGH_REPLICAS.0);
    assert_eq!((answer.base_offset, answer.log_start_offset), (-1, 0));
    assert_eq!(cluster.offsets(1), (0, 0), "nothing was written");
    cluster.produce(1, 1, &["b"]);
    assert_eq!(cluster.produced(1).expect("at once").error_code, 0);
    assert_eq!(cluster.offsets(1), (0, 1), "the high watermark stands");
}

/// Since KIP-966 the high watermark does not pass a record while the ISR is below min ISR, so
/// the write waits; before, it passed and the write was answered with error 20.
#[test]
fn an_isr_that_shrinks_under_a_parked_write() {
    let shrink = |gated: bool| {
        let mut config = BrokerConfig::default();
        config.semantics.min_isr_gates_high_watermark = gated;
        let mut cluster = Cluster::replicated_with(3, config);
        cluster.image_min_isr(2);
        cluster.silent = vec![2, 3];
        cluster.produce(1, -1, &["a"]);
        assert_eq!(cluster.produced(1), None);
        // A new epoch: who is out of the ISR is not waited for (R22).
        cluster.elect(1, &[1]);
        cluster.publish();
        let code = cluster
            .produced(1)
            .map(|answer| ErrorCode(answer.error_code));
        (code, cluster.offsets(1))
    };
    assert_eq!(shrink(true), (None, (0, 1)));
    let after_append = Some(ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND);
    assert_eq!(
        shrink(false),
        (after_append, (1, 1)),
        "the record stays in the log"
    );
}

#[test]
fn a_parked_write_times_out_and_stays_in_the_log() {
    let mut cluster = Cluster::replicated(2);
    cluster.silent.push(2);
    cluster.produce(1, -1, &["a"]);
    cluster.advance(999);
    assert_eq!(cluster.produced(1), None);
    cluster.advance(1);
    let answer = cluster.produced(1).expect("expired");
    assert_eq!(answer.error_code, ErrorCode::REQUEST_TIMED_OUT.0);
    assert_eq!(answer.base_offset, 0);
    assert_eq!(cluster.log(1).len(), 1);
    assert_eq!(cluster.nodes[&1].manager.parked(), 0);
}

#[test]
fn a_leader_that_steps_down_answers_what_waits_for_it() {
    let mut cluster = Cluster::replicated(2);
    cluster.silent.push(2);
    cluster.produce(1, -1, &["a"]);
    cluster.elect(2, &[2]);
    cluster.publish();
    let answer = cluster.produced(1).expect("answered");
    assert_eq!(answer.error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER.0);
    assert_eq!(answer.current_leader.leader_id.0, 2);
    assert_eq!(answer.current_leader.leader_epoch, 1);
}

#[test]
fn a_client_that_left_leaves_nothing_parked() {
    let mut cluster = Cluster::replicated(2);
    cluster.silent.push(2);
    cluster.produce(1, -1, &["a"]);
    let parked = cluster.nodes[&1].manager.parked();
    cluster.with(1, |manager, ctx| {
        manager.handle_connection_closed(super::cluster::CLIENT, ctx);
    });
    assert_eq!(cluster.nodes[&1].manager.parked(), parked - 1);
    cluster.advance(2_000);
    assert_eq!(cluster.produced(1), None);
}

#[test]
fn a_lone_replica_commits_by_itself() {
    let mut cluster = Cluster::replicated(1);
    cluster.image_min_isr(2);
    cluster.produce(1, -1, &["a"]);
    assert_eq!(cluster.produced(1).expect("at once").error_code, 0);
    assert_eq!(cluster.offsets(1), (1, 1), "effective min ISR is 1");
    assert_eq!(cluster.notes(1, NoteKind::ProduceParked).len(), 0);
}

#[test]
fn a_leader_that_goes_away_is_asked_again_after_the_backoff() {
    let mut cluster = Cluster::replicated(2);
    cluster.silent.push(1);
    cluster.produce(1, 1, &["a"]);
    cluster.wire.clear();
    // replica.socket.timeout.ms, then replica.fetch.backoff.ms.
    cluster.advance(30_000);
    cluster.silent.clear();
    assert_eq!(cluster.offsets(2), (0, 0));
    cluster.advance(999);
    assert_eq!(cluster.offsets(2), (0, 0));
    cluster.advance(1);
    assert_eq!(cluster.offsets(2).1, 1);
}
