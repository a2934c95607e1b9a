use crate::kafka::client::ClientSpec;
use crate::kafka::client::testing::{Cluster, FIRST, Fault, Harness};
use crate::kafka::config::{Acks, ClientKind, ProducerConfig};
use crate::kafka::protocol::{ErrorCode, Message};
use crate::kafka::vocabulary::{ClientOp, Note, Outcome};
use crate::sim::Span;

fn harness(cluster: Cluster, config: ProducerConfig) -> Harness {
    let name = "p".to_owned();
    Harness::new(cluster, ClientSpec::Producer { name, config }, 11)
}

fn java(change: impl FnOnce(&mut ProducerConfig)) -> ProducerConfig {
    let mut config = ProducerConfig::default();
    change(&mut config);
    config.finish().expect("the configs agree");
    config
}

fn plain(change: impl FnOnce(&mut ProducerConfig)) -> ProducerConfig {
    java(|config| {
        config.enable_idempotence = false;
        change(config);
    })
}

/// A harness whose producer knows the topic and its connections.
fn warm(cluster: Cluster, config: ProducerConfig) -> Harness {
    let mut harness = harness(cluster, config);
    harness.send("warm");
    harness.run_until_quiet(20_000);
    harness.notes.clear();
    harness.requests.clear();
    harness
}

fn failure(harness: &Harness, call: u32) -> (ErrorCode, &str) {
    match &harness.outcomes[&call] {
        Outcome::Failed { error, message } => (*error, message),
        other => panic!("expected a failure, got {other:?}"),
    }
}

fn offset(harness: &Harness, call: u32) -> i64 {
    match harness.outcomes[&call] {
        Outcome::Sent { offset, .. } => offset,
        ref other => panic!("expected an offset, got {other:?}"),
    }
}

#[test]
fn the_first_requests_are_the_java_clients() {
    let mut harness = harness(Cluster::new(1, 1), java(|_| {}));
    harness.send("a");
    harness.run_until_quiet(1_000);
    let first: Vec<(&str, i16)> = harness
        .requests
        .iter()
        .map(|sent| (sent.message.name(), sent.version))
        .take(5)
        .collect();
    assert_eq!(first[0], ("ApiVersions", 4));
    assert!(first.contains(&("InitProducerId", 5)) && first.contains(&("Metadata", 13)));
    assert_eq!(
        harness.requests.last().map(|s| s.message.name()),
        Some("Produce")
    );
    let Some(Message::ProduceRequest(request)) = harness.requests.last().map(|s| &s.message) else {
        panic!("a produce request");
    };
    assert_eq!((request.acks, request.timeout_ms), (-1, 30_000));
}

#[test]
fn linger_gathers_records_into_one_batch() {
    let mut harness = warm(
        Cluster::new(1, 1),
        plain(|c| c.linger = Span::from_millis(5)),
    );
    let start = harness.now();
    let calls: Vec<u32> = ["a", "b", "c"].iter().map(|v| harness.send(v)).collect();
    harness.run_ms(4);
    assert!(harness.batches_sent().is_empty(), "still lingering");
    harness.run_until_quiet(100);
    assert_eq!(harness.batches_sent(), [(1, 3, 1)]);
    assert_eq!(harness.requests[0].at.since(start), Span::from_millis(5));
    assert_eq!(
        calls
            .iter()
            .map(|c| offset(&harness, *c))
            .collect::<Vec<_>>(),
        [1, 2, 3]
    );
}

#[test]
fn a_full_batch_does_not_linger() {
    let config = plain(|c| {
        c.linger = Span::from_millis(1_000);
        c.batch_size = 200;
    });
    let mut harness = warm(Cluster::new(1, 1), config);
    // 61 bytes of header; a record of 40 bytes takes 47: two of them fit, three do not.
    for value in 0..5 {
        harness.send(&format!("{value:040}"));
    }
    harness.run_ms(10);
    assert_eq!(harness.batches_sent(), [(1, 2, 1), (3, 2, 1)]);
    harness.run_until_quiet(2_000);
    assert_eq!(
        harness.batches_sent().last(),
        Some(&(5, 1, 1)),
        "the rest after its linger"
    );
}

#[test]
fn flush_sends_at_once_and_ends_after_the_earlier_sends() {
    let mut harness = warm(
        Cluster::new(1, 1),
        plain(|c| c.linger = Span::from_millis(9_000)),
    );
    let send = harness.send("a");
    let flush = harness.call(ClientOp::Flush);
    let later = harness.send("b");
    harness.run_ms(100);
    assert_eq!(offset(&harness, send), 1);
    assert_eq!(harness.outcomes[&flush], Outcome::Done);
    assert!(!harness.outcomes.contains_key(&later) || offset(&harness, later) == 2);
}

#[test]
fn records_without_a_key_stick_to_a_partition_for_a_batch() {
    let config = plain(|c| c.batch_size = 1_000);
    let mut harness = harness(Cluster::new(1, 8), config);
    for value in 0..60 {
        harness.send_to(None, None, &format!("{value:050}"));
    }
    harness.run_until_quiet(5_000);
    let partitions = harness.noted(|note| match note {
        Note::RecordBuffered { partition, .. } => Some(partition.partition),
        _ => None,
    });
    // A header and 16 records of 57 bytes are 973 bytes: the batch is not full, the next record
    // does not fit. So the partition is kept until twice batch.size, in the 33rd record.
    let first = partitions
        .iter()
        .take_while(|p| **p == partitions[0])
        .count();
    assert_eq!(first, 33, "{partitions:?}");
}

#[test]
fn without_acks_a_send_ends_as_it_leaves() {
    let mut harness = warm(Cluster::new(1, 1), plain(|c| c.acks = Acks::None));
    let call = harness.send("a");
    harness.run_ms(5);
    assert_eq!(
        harness.outcomes[&call],
        Outcome::Sent {
            partition: 0,
            offset: -1
        }
    );
    harness.run_ms(50);
    assert_eq!(harness.log(0), ["warm", "a"]);
    let producer = harness.process.producer(FIRST).expect("a producer");
    assert_eq!((producer.acked(), producer.in_flight()), (2, 0));
}

#[test]
fn without_acks_memory_is_free_as_soon_as_a_batch_leaves() {
    let config = plain(|c| {
        c.acks = Acks::None;
        c.batch_size = 1_000;
        c.buffer_memory = 1_000;
        c.linger = Span::ZERO;
    });
    let mut harness = harness(Cluster::new(1, 2), config);
    for value in 0..20 {
        harness.send_to(Some(value % 2), None, "x");
    }
    harness.run_until_quiet(1_000);
    harness.run_ms(10);
    assert_eq!(harness.log(0).len() + harness.log(1).len(), 20);
}

#[test]
fn no_more_requests_fly_than_allowed() {
    let config = plain(|c| {
        c.max_in_flight = 2;
        c.linger = Span::ZERO;
    });
    let mut harness = warm(Cluster::new(1, 1), config);
    harness.cluster.faults.extend([Fault::Delay(50); 4]);
    for value in ["a", "b", "c", "d"] {
        harness.send(value);
    }
    harness.run_ms(40);
    assert_eq!(harness.requests.len(), 2);
    assert_eq!(
        harness.process.producer(FIRST).map(|p| p.in_flight()),
        Some(2)
    );
    harness.run_until_quiet(1_000);
    assert_eq!(harness.batches_sent(), [(1, 1, 1), (2, 1, 1), (3, 2, 1)]);
}

#[test]
fn a_retriable_refusal_is_tried_again_after_a_growing_back_off() {
    let mut harness = warm(Cluster::new(1, 1), plain(|c| c.linger = Span::ZERO));
    harness.cluster.faults.extend([Fault::Refuse(19); 3]);
    let call = harness.send("a");
    harness.run_until_quiet(5_000);
    assert_eq!(offset(&harness, call), 1);
    let at: Vec<u64> = harness
        .requests
        .iter()
        .filter(|sent| sent.message.name() == "Produce")
        .map(|sent| sent.at.as_millis())
        .collect();
    let waits: Vec<u64> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (wait, center) in waits.iter().zip([100, 200, 400]) {
        assert!(
            (center * 8 / 10..=center * 12 / 10 + 4).contains(wait),
            "{waits:?}"
        );
    }
    assert_eq!(
        harness.process.producer(FIRST).map(|p| p.retries()),
        Some(3)
    );
}

#[test]
fn retries_end_and_fatal_errors_are_not_tried_again() {
    let config = plain(|c| c.retries = 2);
    let mut harness = warm(Cluster::new(1, 1), config);
    harness.cluster.faults.extend([Fault::Refuse(20); 3]);
    let call = harness.send("a");
    harness.run_until_quiet(5_000);
    let text = "Messages are written to the log, but to fewer in-sync replicas than required.";
    let expected = (ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND, text);
    assert_eq!(failure(&harness, call), expected);
    harness.cluster.faults.push_back(Fault::Refuse(87));
    let call = harness.send("b");
    harness.run_until_quiet(5_000);
    assert_eq!(failure(&harness, call).0, ErrorCode::INVALID_RECORD);
}

#[test]
fn sarama_gives_up_after_three_retries_a_fixed_time_apart() {
    let config = ProducerConfig::defaults(ClientKind::Sarama);
    let mut harness = warm(Cluster::new(1, 1), config);
    harness.cluster.faults.extend([Fault::Refuse(7); 9]);
    let call = harness.send("a");
    harness.run_until_quiet(5_000);
    assert_eq!(failure(&harness, call).0, ErrorCode::REQUEST_TIMED_OUT);
    let at: Vec<_> = harness
        .requests
        .iter()
        .map(|sent| (sent.at, sent.version))
        .collect();
    assert_eq!(at.len(), 4);
    let waits = at
        .windows(2)
        .map(|pair| pair[1].0.since(pair[0].0).as_millis());
    assert_eq!(
        waits.collect::<Vec<_>>(),
        [102, 102, 102],
        "100 ms and a round trip"
    );
    assert!(at.iter().all(|(_, version)| *version == 9));
}

#[test]
fn delivery_timeout_fails_what_waits_and_what_flies() {
    let config = plain(|c| {
        c.request_timeout = Span::from_millis(500);
        c.delivery_timeout = Span::from_millis(600);
        c.linger = Span::ZERO;
    });
    let mut harness = warm(Cluster::new(1, 1), config);
    harness.cluster.faults.extend([Fault::Silence; 9]);
    let start = harness.now();
    let first = harness.send("a");
    harness.run_until_quiet(5_000);
    assert_eq!(harness.now().since(start), Span::from_millis(600));
    let text = "Expiring 1 record(s) for t-0:600 ms has passed since batch creation";
    assert_eq!(
        failure(&harness, first),
        (ErrorCode::REQUEST_TIMED_OUT, text)
    );
    let timed_out = harness.noted(|n| matches!(n, Note::RequestTimedOut { .. }).then_some(()));
    assert_eq!(timed_out.len(), 1, "the request timed out before");
}

#[test]
fn max_block_bounds_the_wait_for_metadata_and_for_memory() {
    let config = plain(|c| {
        c.max_block = Span::from_millis(300);
        c.batch_size = 1_000;
        c.buffer_memory = 1_500;
    });
    let mut harness = warm(Cluster::new(1, 2), config);
    let missing = harness.send_to(Some(7), None, "a");
    harness.run_until_quiet(1_000);
    let text = "Partition 7 of topic t with partition count 2 is not present in metadata after \
                300 ms.";
    assert_eq!(
        failure(&harness, missing),
        (ErrorCode::REQUEST_TIMED_OUT, text)
    );
    harness.cluster.faults.extend([Fault::Delay(2_000); 2]);
    let first = harness.send_to(Some(0), None, "a");
    let second = harness.send_to(Some(1), None, "b");
    harness.run_ms(400);
    let text = "Failed to allocate 1000 bytes within the configured max blocking time 300 ms. \
                Total memory: 1500 bytes. Available memory: 500 bytes. Poolable size: 1000 bytes";
    assert_eq!(
        failure(&harness, second),
        (ErrorCode::REQUEST_TIMED_OUT, text)
    );
    harness.run_until_quiet(5_000);
    assert_eq!(offset(&harness, first), 1);
}

#[test]
fn an_unknown_topic_blocks_until_it_exists() {
    let mut cluster = Cluster::new(1, 1);
    cluster.delete("t");
    let mut harness = harness(cluster, java(|_| {}));
    let call = harness.send("a");
    harness.run_ms(3_000);
    assert!(!harness.outcomes.contains_key(&call));
    harness.cluster.create("t", 1);
    harness.run_until_quiet(3_000);
    assert_eq!(offset(&harness, call), 0);
    harness.cluster.delete("t");
}

#[test]
fn a_record_too_large_for_a_request_is_refused_by_the_client() {
    let mut harness = warm(Cluster::new(1, 1), plain(|c| c.max_request_size = 1_000));
    let call = harness.send(&"x".repeat(2_000));
    // 61 + 21 + 1 (no key) + 2 + 2,000 (value) + 1 (no headers)
    let text = "The message is 2086 bytes when serialized which is larger than 1000, which is \
                the value of the max.request.size configuration.";
    assert_eq!(
        failure(&harness, call),
        (ErrorCode::MESSAGE_TOO_LARGE, text)
    );
}

#[test]
fn a_batch_that_the_broker_finds_too_large_is_split_until_it_fits() {
    for idempotent in [false, true] {
        // Without sequences a later, smaller batch may overtake one that is split.
        let config = java(|c| {
            c.enable_idempotence = idempotent;
            c.max_in_flight = if idempotent { 5 } else { 1 };
        });
        let mut harness = warm(Cluster::new(1, 1), config);
        harness.cluster.most_bytes = 400;
        let values: Vec<String> = (0..20).map(|value| format!("{value:050}")).collect();
        let calls: Vec<u32> = values.iter().map(|value| harness.send(value)).collect();
        harness.run_until_quiet(5_000);
        assert_eq!(harness.log(0)[1..], values, "in order, none twice");
        let offsets = calls.iter().map(|call| offset(&harness, *call));
        assert!(offsets.eq(1..=20));
        let single = harness.send(&"x".repeat(1_000));
        harness.run_until_quiet(5_000);
        assert_eq!(failure(&harness, single).0, ErrorCode::MESSAGE_TOO_LARGE);
        harness.send("on");
        harness.run_until_quiet(5_000);
        assert_eq!(harness.log(0).last().map(String::as_str), Some("on"));
    }
}

#[test]
fn the_producer_id_is_asked_for_until_it_is_given() {
    let mut cluster = Cluster::new(1, 1);
    cluster.init_errors.extend([14, 14]);
    let mut harness = harness(cluster, java(|_| {}));
    assert_eq!(
        harness.process.producer(FIRST).map(|p| p.state()),
        Some("UNINITIALIZED")
    );
    let call = harness.send("a");
    harness.run_until_quiet(5_000);
    assert_eq!(offset(&harness, call), 0);
    let producer = harness.process.producer(FIRST).expect("a producer");
    assert_eq!(
        (producer.state(), producer.producer_id(), producer.epoch()),
        ("READY", 4_000, 0)
    );
}

#[test]
fn a_refused_producer_id_fails_every_send() {
    let mut cluster = Cluster::new(1, 1);
    cluster.init_errors.push_back(31);
    let mut harness = harness(cluster, java(|_| {}));
    let call = harness.send("a");
    harness.run_until_quiet(5_000);
    assert_eq!(
        failure(&harness, call).0,
        ErrorCode::CLUSTER_AUTHORIZATION_FAILED
    );
    assert_eq!(
        harness.process.producer(FIRST).map(|p| p.state()),
        Some("FATAL_ERROR")
    );
    let call = harness.send("b");
    harness.run_until_quiet(5_000);
    assert_eq!(
        failure(&harness, call).0,
        ErrorCode::CLUSTER_AUTHORIZATION_FAILED
    );
}

#[test]
fn a_lost_answer_is_no_duplicate_with_idempotence_and_one_without() {
    for (idempotent, expected) in [(true, 2), (false, 3)] {
        let config = java(|c| c.enable_idempotence = idempotent);
        let mut harness = warm(Cluster::new(1, 1), config);
        harness.cluster.faults.push_back(Fault::LoseAnswer);
        let call = harness.send("a");
        harness.run_until_quiet(5_000);
        assert_eq!(harness.log(0).len(), expected);
        assert_eq!(offset(&harness, call), if idempotent { 1 } else { 2 });
        let lost = harness.noted(|n| matches!(n, Note::Disconnected { .. }).then_some(()));
        assert_eq!(lost.len(), 1);
    }
}

#[test]
fn a_duplicate_that_the_broker_has_forgotten_counts_as_sent() {
    let mut harness = warm(Cluster::new(1, 1), java(|_| {}));
    harness.cluster.faults.push_back(Fault::Refuse(46));
    let call = harness.send("a");
    harness.run_until_quiet(5_000);
    assert_eq!(offset(&harness, call), -1);
}

#[test]
fn a_refused_sequence_with_nothing_before_it_bumps_the_epoch() {
    let mut harness = warm(Cluster::new(1, 1), java(|_| {}));
    harness.cluster.faults.push_back(Fault::Refuse(45));
    let call = harness.send("a");
    harness.run_until_quiet(5_000);
    assert_eq!(offset(&harness, call), 1);
    let bumps = harness.noted(|note| match note {
        Note::ProducerEpochBumped { epoch, .. } => Some(*epoch),
        _ => None,
    });
    assert_eq!(bumps, [1]);
    assert_eq!(harness.process.producer(FIRST).map(|p| p.epoch()), Some(1));
}

#[test]
fn an_expired_retry_bumps_the_epoch_before_anything_else_is_sent() {
    let config = java(|c| {
        c.request_timeout = Span::from_millis(200);
        c.delivery_timeout = Span::from_millis(700);
    });
    let mut harness = warm(Cluster::new(1, 1), config);
    harness.cluster.faults.extend([Fault::Refuse(20); 5]);
    let call = harness.send("a");
    harness.run_until_quiet(5_000);
    assert_eq!(failure(&harness, call).0, ErrorCode::REQUEST_TIMED_OUT);
    harness.cluster.faults.clear();
    let call = harness.send("b");
    harness.run_until_quiet(5_000);
    assert_eq!(offset(&harness, call), 1);
    assert_eq!(harness.process.producer(FIRST).map(|p| p.epoch()), Some(1));
}

#[test]
fn a_new_leader_named_in_the_refusal_is_used_at_once() {
    for named in [false, true] {
        let mut harness = warm(Cluster::new(2, 2), java(|c| c.linger = Span::ZERO));
        // The connection to the second broker is made before.
        harness.send_to(Some(1), None, "x");
        harness.run_until_quiet(1_000);
        harness.run_ms(500);
        harness.cluster.names_leader = named;
        harness.cluster.move_leader(0, 2);
        let start = harness.now();
        harness.send("a");
        harness.run_until_quiet(5_000);
        let took = harness.now().since(start).as_millis();
        assert_eq!(
            took,
            if named { 4 } else { 6 },
            "with a metadata round trip if not named"
        );
        assert_eq!(harness.log(0).last().map(String::as_str), Some("a"));
    }
}

#[test]
fn close_sends_what_is_buffered_and_refuses_the_rest() {
    let mut harness = warm(
        Cluster::new(1, 1),
        plain(|c| c.linger = Span::from_millis(9_000)),
    );
    let send = harness.send("a");
    let close = harness.call(ClientOp::Close);
    let late = harness.send("b");
    harness.run_until_quiet(100);
    assert_eq!(offset(&harness, send), 1);
    assert_eq!(harness.outcomes[&close], Outcome::Done);
    let text = "Cannot perform operation after producer has been closed";
    assert_eq!(
        failure(&harness, late),
        (ErrorCode::UNKNOWN_SERVER_ERROR, text)
    );
    assert_eq!(
        harness.process.producer(FIRST).map(|p| p.state()),
        Some("CLOSED")
    );
    assert_eq!(harness.stand.timers.next_deadline(), None);
}

#[test]
fn a_cluster_that_is_down_at_first_is_tried_again() {
    let mut cluster = Cluster::new(1, 1);
    cluster.set_down(1, true);
    let mut harness = harness(cluster, java(|_| {}));
    let call = harness.send("a");
    harness.run_ms(3_000);
    let lost = harness.noted(|n| matches!(n, Note::Disconnected { .. }).then_some(()));
    assert!(
        (4..=12).contains(&lost.len()),
        "50 ms doubling to 1 s: {}",
        lost.len()
    );
    harness.cluster.set_down(1, false);
    harness.run_until_quiet(3_000);
    assert_eq!(offset(&harness, call), 0);
}

mod properties;
