//! Each planted bug changes the behaviour that it names, and only with it.

use super::cluster::{Cluster, NAME, builder};
use crate::kafka::config::{BrokerConfig, Sabotage};
use crate::kafka::protocol::Message;
use crate::kafka::protocol::StrBytes;
use crate::kafka::protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use crate::kafka::protocol::messages::list_offsets_request::{
    ListOffsetsPartition, ListOffsetsTopic,
};
use crate::kafka::protocol::messages::{FetchRequest, ListOffsetsRequest, TopicName};

fn with(sabotage: Option<Sabotage>, brokers: i32) -> Cluster {
    let mut config = BrokerConfig::default();
    if let Some(sabotage) = sabotage {
        config.semantics.sabotage = config.semantics.sabotage.with(sabotage);
    }
    Cluster::replicated_with(brokers, config)
}

/// What `observe` sees without and with the bug.
fn contrast<T>(sabotage: Sabotage, observe: impl Fn(Option<Sabotage>) -> T) -> (T, T) {
    (observe(None), observe(Some(sabotage)))
}

#[test]
fn leader_ignores_isr() {
    let seen = contrast(Sabotage::LeaderIgnoresIsr, |bug| {
        let mut cluster = with(bug, 2);
        cluster.silent = vec![2];
        cluster.produce(1, 1, &["a"]);
        cluster.offsets(1).0
    });
    assert_eq!(seen, (0, 1));
}

#[test]
fn ack_at_leader_append() {
    let seen = contrast(Sabotage::AckAtLeaderAppend, |bug| {
        let mut cluster = with(bug, 2);
        cluster.silent = vec![2];
        cluster.produce(1, -1, &["a"]);
        cluster.produced(1).map(|answer| answer.error_code)
    });
    assert_eq!(seen, (None, Some(0)));
}

#[test]
fn expose_uncommitted() {
    let seen = contrast(Sabotage::ExposeUncommitted, |bug| {
        let mut cluster = with(bug, 2);
        cluster.silent = vec![2];
        cluster.produce(1, 1, &["a"]);
        cluster.answer(1);
        let mut partition = FetchPartition::default();
        partition.partition_max_bytes = 1_000;
        let mut topic = FetchTopic::default();
        topic.topic_id = super::cluster::TOPIC;
        topic.partitions.push(partition);
        let mut request = FetchRequest::default();
        request.topics.push(topic);
        match cluster.ask(1, 17, request) {
            Message::FetchResponse(answer) => answer.record_bytes() > 0,
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(seen, (false, true));
}

#[test]
fn latest_before_epoch_start() {
    let seen = contrast(Sabotage::LatestBeforeEpochStart, |bug| {
        let mut cluster = with(bug, 3);
        cluster.produce(1, 1, &["a"]);
        assert!(cluster.step() && cluster.step());
        cluster.wire.clear();
        cluster.silent = vec![1, 3];
        cluster.elect(2, &[2, 3]);
        cluster.publish();
        let mut asked = ListOffsetsPartition::default();
        asked.current_leader_epoch = -1;
        asked.timestamp = -1;
        let mut topic = ListOffsetsTopic::default();
        topic.name = TopicName(StrBytes::from_static_str(NAME));
        topic.partitions.push(asked);
        let mut request = ListOffsetsRequest::default();
        request.replica_id = (-1).into();
        request.topics.push(topic);
        match cluster.ask(2, 10, request) {
            Message::ListOffsetsResponse(answer) => answer.topics[0].partitions[0].error_code,
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(seen, (78, 0));
}

#[test]
fn high_watermark_above_log_end() {
    let seen = contrast(Sabotage::HighWatermarkAboveLogEnd, |bug| {
        let mut cluster = with(bug, 2);
        cluster.produce(1, 1, &["a"]);
        cluster.run();
        cluster.advance(600);
        // Broker 2 has "a" as committed; an unclean leader without it takes over.
        cluster.silent = vec![2];
        let node = cluster.node_mut(1);
        for path in node.stand.disk.list("") {
            node.stand.disk.delete(&path);
        }
        cluster.restart(1, false);
        cluster.elect(1, &[1]);
        cluster.publish();
        cluster.silent.clear();
        cluster.publish();
        for _ in 0..6 {
            cluster.step();
            let (high_watermark, log_end) = cluster.offsets(2);
            if high_watermark > log_end {
                return true;
            }
        }
        false
    });
    assert_eq!(seen, (false, true));
}

#[test]
fn lose_last_record_at_boot() {
    let seen = contrast(Sabotage::LoseLastRecordAtBoot, |bug| {
        let mut cluster = with(bug, 2);
        cluster.produce(1, 1, &["a"]);
        cluster.produce(1, 1, &["b", "c"]);
        cluster.run();
        cluster.silent = vec![1];
        cluster.restart(2, true);
        cluster.offsets(2).1
    });
    assert_eq!(seen, (3, 1), "its whole last batch");
}

#[test]
fn skip_truncation() {
    let seen = contrast(Sabotage::SkipTruncation, |bug| {
        let mut cluster = with(bug, 2);
        cluster.silent = vec![2];
        cluster.produce(1, 1, &["mine"]);
        cluster.wire.clear();
        cluster.silent = vec![1];
        cluster.elect(2, &[2]);
        cluster.publish();
        cluster.produce(2, 1, &["theirs"]);
        cluster.produce(2, 1, &["more"]);
        cluster.silent.clear();
        cluster.publish();
        cluster.run();
        cluster.advance(2_000);
        cluster.log(1) == cluster.log(2) && cluster.offsets(1).1 == 2
    });
    assert_eq!(seen, (true, false));
}

#[test]
fn follower_restamps_epoch() {
    let seen = contrast(Sabotage::FollowerRestampsEpoch, |bug| {
        let mut cluster = with(bug, 3);
        cluster.silent = vec![3];
        cluster.produce(1, 1, &["a"]);
        cluster.run();
        cluster.elect(1, &[1, 2, 3]);
        cluster.silent.clear();
        cluster.publish();
        cluster.advance(32_000);
        cluster.log(3)[0].1
    });
    assert_eq!(seen, (0, 1));
}

#[test]
fn accept_old_metadata() {
    let seen = contrast(Sabotage::AcceptOldMetadata, |bug| {
        let mut cluster = with(bug, 2);
        let old = cluster.image.clone();
        cluster.edit(|state| state.isr = vec![1]);
        cluster.publish();
        cluster.image = old;
        cluster.publish();
        cluster.partition(1).partition_epoch()
    });
    assert_eq!(seen, (1, 0));
}

fn sequenced(cluster: &mut Cluster, sequence: i32) -> (i16, i64) {
    let mut batch = builder(&["a"]);
    batch.producer_id = 5;
    batch.producer_epoch = 0;
    batch.base_sequence = sequence;
    let request = Cluster::produce_request(1, batch.build().bytes().clone());
    cluster.request(1, 13, request);
    let answer = cluster.produced(1).expect("at once");
    (answer.error_code, answer.base_offset)
}

#[test]
fn skip_duplicate_check() {
    let seen = contrast(Sabotage::SkipDuplicateCheck, |bug| {
        let mut cluster = with(bug, 1);
        sequenced(&mut cluster, 0);
        sequenced(&mut cluster, 0);
        cluster.offsets(1).1
    });
    assert_eq!(seen, (1, 2));
}

#[test]
fn skip_sequence_check() {
    let seen = contrast(Sabotage::SkipSequenceCheck, |bug| {
        let mut cluster = with(bug, 1);
        sequenced(&mut cluster, 0);
        sequenced(&mut cluster, 7).0
    });
    assert_eq!(seen, (45, 0));
}
