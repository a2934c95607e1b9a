//! Followers that had other records than their leader.

use super::cluster::Cluster;
use crate::kafka::config::{BrokerConfig, Truncation};
use crate::kafka::protocol::Message;
use crate::kafka::protocol::messages::fetch_response::PartitionData;
use crate::kafka::vocabulary::{Note, NoteKind};

fn values(log: &[(i64, i32, String)]) -> Vec<&str> {
    log.iter().map(|(_, _, value)| value.as_str()).collect()
}

/// Broker 1 wrote "b" and "c" alone in epoch 0; broker 2 leads epoch 1 and wrote "B".
fn diverged(config: BrokerConfig) -> Cluster {
    let mut cluster = Cluster::replicated_with(2, config);
    cluster.produce(1, 1, &["a"]);
    cluster.run();
    cluster.advance(600);
    cluster.silent = vec![2];
    cluster.produce(1, 1, &["b"]);
    cluster.produce(1, 1, &["c"]);
    cluster.wire.clear();
    cluster.silent = vec![1];
    cluster.elect(2, &[2]);
    cluster.publish();
    cluster.produce(2, 1, &["B"]);
    cluster.silent.clear();
    cluster
}

#[test]
fn a_deposed_leader_cuts_what_the_new_leader_never_had() {
    let mut cluster = diverged(BrokerConfig::default());
    cluster.publish();
    cluster.run();
    assert_eq!(cluster.log(1), cluster.log(2));
    assert_eq!(values(&cluster.log(1)), ["a", "B"]);
    let told = cluster.notes(2, NoteKind::DivergingEpochAnswered);
    assert!(matches!(
        told[..],
        [Note::DivergingEpochAnswered {
            epoch: 0,
            end: 1,
            ..
        }]
    ));
    let cut = cluster.notes(1, NoteKind::LogTruncated);
    assert!(matches!(
        cut[..],
        [Note::LogTruncated { from: 3, to: 1, .. }]
    ));
}

/// KAFKA-14704: the high watermark of a diverging answer would expose records about to be cut.
#[test]
fn the_high_watermark_of_a_diverging_answer_is_not_taken() {
    let mut cluster = diverged(BrokerConfig::default());
    cluster.produce(2, 1, &["C"]);
    cluster.publish();
    assert_eq!(cluster.offsets(2), (3, 3));
    let mut seen = false;
    while let Some(message) = cluster.wire.pop_front() {
        let diverging = match &message.body {
            Message::FetchResponse(answer) => {
                let data: &PartitionData = &answer.response.responses[0].partitions[0];
                data.diverging_epoch.end_offset != -1 && data.high_watermark == 3
            }
            _ => false,
        };
        cluster.deliver(message);
        if diverging {
            seen = true;
            assert_eq!(
                cluster.offsets(1),
                (1, 1),
                "cut, and still its own high watermark"
            );
        }
    }
    assert!(seen);
    assert_eq!(cluster.offsets(1), (3, 3));
}

/// KAFKA-1211: a follower that restarts cut to its high watermark and lost what was committed.
#[test]
fn cutting_to_the_high_watermark_loses_committed_records() {
    let lost = |truncation: Truncation| {
        let mut config = BrokerConfig::default();
        config.semantics.truncation = truncation;
        let mut cluster = Cluster::replicated_with(2, config);
        cluster.produce(1, -1, &["a"]);
        cluster.run();
        assert_eq!(cluster.produced(1).expect("acknowledged").error_code, 0);
        assert_eq!(
            cluster.offsets(2),
            (0, 1),
            "has not heard of the high watermark"
        );
        cluster.restart(2, true);
        cluster.elect(2, &[2]);
        cluster.publish();
        cluster.log(2).is_empty()
    };
    assert!(!lost(Truncation::Epoch));
    assert!(lost(Truncation::HighWatermark));
}

/// KIP-279: the follower has an epoch that the leader never saw; more than one step is needed.
#[test]
fn fast_double_failover_ends_with_equal_logs() {
    let mut cluster = Cluster::replicated(2);
    cluster.produce(1, 1, &["m0"]);
    cluster.run();
    let alone = |cluster: &mut Cluster, leader: i32, values: &[&str]| {
        cluster.silent = vec![3 - leader];
        cluster.elect(leader, &[leader]);
        cluster.publish();
        for value in values {
            cluster.produce(leader, 1, &[value]);
        }
        cluster.wire.clear();
    };
    alone(&mut cluster, 2, &["x1"]);
    alone(&mut cluster, 1, &["y1", "y2", "y3"]);
    alone(&mut cluster, 2, &["z1"]);
    alone(&mut cluster, 1, &["w1", "w2"]);
    cluster.silent.clear();
    cluster.publish();
    cluster.advance(32_000);
    assert_eq!(cluster.log(1), cluster.log(2));
    assert_eq!(
        values(&cluster.log(2)),
        ["m0", "y1", "y2", "y3", "w1", "w2"]
    );
}

/// KAFKA-7164: the leader's id is the same as before, its log is not.
#[test]
fn a_new_epoch_of_the_same_leader_starts_fetching_anew() {
    let mut cluster = Cluster::replicated(3);
    cluster.produce(1, 1, &["a"]);
    cluster.run();
    // Broker 2 leads without "a2", which 1 and 3 have; broker 3 hears nothing of it.
    cluster.silent = vec![2];
    cluster.produce(1, 1, &["a2"]);
    cluster.run();
    cluster.silent = vec![3];
    cluster.wire.clear();
    cluster.elect(2, &[2]);
    cluster.publish();
    cluster.run();
    assert_eq!(values(&cluster.log(1)), ["a"]);
    cluster.elect(1, &[1, 2]);
    cluster.publish();
    cluster.produce(1, 1, &["other"]);
    cluster.run();
    assert_eq!(values(&cluster.log(3)), ["a", "a2"]);
    cluster.silent.clear();
    cluster.publish();
    cluster.advance(32_000);
    assert_eq!(cluster.log(3), cluster.log(1));
}

/// R10, KAFKA-18723: batches of a later epoch than the fetch asked in are left alone, and so is
/// an answer that comes after the follower's epoch changed.
#[test]
fn answers_are_taken_in_the_epoch_of_their_request_only() {
    let mut cluster = Cluster::replicated(2);
    cluster.produce(1, 1, &["a"]);
    let answer = cluster.wire.pop_front().expect("an answer with the record");
    assert!(!answer.is_request);
    let mut later = cluster.clone();
    later.elect(1, &[1, 2]);
    later.silent = vec![1];
    later.publish();
    later.silent.clear();
    later.deliver(answer.clone());
    assert_eq!(later.offsets(2).1, 0, "the follower is in epoch 1 now");

    let mut newer = answer;
    if let Message::FetchResponse(answer) = &mut newer.body {
        let chunk = &mut answer.records[0][0];
        let (batch, _) =
            crate::kafka::protocol::record_batch::RecordBatch::read(&chunk.bytes).expect("a batch");
        chunk.bytes = batch.stamped(0, 1).bytes().clone();
    }
    cluster.deliver(newer);
    assert_eq!(
        cluster.offsets(2).1,
        0,
        "a batch of epoch 1 in an answer of epoch 0"
    );
}

/// R24: after an unclean election the leader may end below the follower's first known epoch.
#[test]
fn a_follower_far_above_its_leader_asks_for_the_leaders_end() {
    let mut config = BrokerConfig::default();
    config.semantics.truncation = Truncation::HighWatermark;
    let mut cluster = Cluster::replicated_with(2, config);
    for value in ["a", "b", "c"] {
        cluster.produce(1, 1, &[value]);
    }
    cluster.run();
    cluster.advance(600);
    assert_eq!(cluster.offsets(2), (3, 3));
    // Broker 1 loses its log and leads nonetheless.
    let node = cluster.nodes.remove(&1).expect("broker 1");
    let mut empty = node.clone();
    for path in empty.stand.disk.list("") {
        empty.stand.disk.delete(&path);
    }
    cluster.nodes.insert(1, empty);
    cluster.restart(1, false);
    cluster.elect(1, &[1]);
    cluster.publish();
    cluster.produce(1, 1, &["x"]);
    cluster.run();
    // What lies below the leader's end is not looked at: with truncation by epoch it would be.
    assert_eq!(values(&cluster.log(2)), ["a"]);
    cluster.produce(1, 1, &["y"]);
    cluster.run();
    assert_eq!(values(&cluster.log(1)), ["x", "y"]);
    assert_eq!(values(&cluster.log(2)), ["a", "y"]);
}

/// R24: everything the follower has was deleted on the leader long ago.
#[test]
fn a_follower_below_its_leaders_log_start_starts_anew_there() {
    let mut cluster = Cluster::replicated(2);
    cluster.silent = vec![2];
    cluster.elect(1, &[1]);
    cluster.publish();
    for value in ["a", "b", "c"] {
        cluster.produce(1, 1, &[value]);
    }
    assert_eq!(cluster.offsets(1), (3, 3));
    let mut manager = cluster.nodes[&1].manager.clone();
    let no = manager.partitions.numbers()[0];
    let log = manager.partitions.get_mut(no).expect("hosted").log_mut();
    assert!(log.maybe_increment_log_start(2));
    cluster.node_mut(1).manager = manager;
    cluster.silent.clear();
    cluster.elect(1, &[1]);
    cluster.publish();
    cluster.advance(32_000);
    assert_eq!(values(&cluster.log(2)), ["c"]);
    assert_eq!(cluster.partition(2).log().offsets().log_start, 2);
}

#[test]
fn a_follower_without_a_leader_stops_fetching() {
    let mut cluster = Cluster::replicated(2);
    assert!(
        cluster.nodes[&2]
            .manager
            .fetch_state(super::cluster::TOPIC, 0)
            .is_some()
    );
    cluster.elect(-1, &[]);
    cluster.publish();
    assert!(
        cluster.nodes[&2]
            .manager
            .fetch_state(super::cluster::TOPIC, 0)
            .is_none()
    );
    cluster.wire.clear();
    cluster.advance(5_000);
    assert!(cluster.wire.is_empty());
    assert_eq!(cluster.partition(1).leader(), -1);
    cluster.produce(1, 1, &["nobody leads"]);
    assert_eq!(cluster.produced(1).expect("at once").error_code, 6);
}
