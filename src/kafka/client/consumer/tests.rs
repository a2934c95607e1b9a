use super::record_digest;
use crate::kafka::client::ClientSpec;
use crate::kafka::client::testing::{Cluster, FIRST, Harness};
use crate::kafka::config::{ConsumerConfig, OffsetReset};
use crate::kafka::protocol::{ErrorCode, Message};
use crate::kafka::vocabulary::{ClientOp, Note, OffsetSpec, Outcome};
use crate::sim::Span;
use proptest::prelude::*;

fn config(reset: OffsetReset) -> ConsumerConfig {
    ConsumerConfig {
        auto_offset_reset: reset,
        ..ConsumerConfig::default()
    }
}

fn consumer(
    cluster: Cluster,
    config: ConsumerConfig,
    partitions: &[i32],
    poll_loop: bool,
    process: Span,
) -> Harness {
    let spec = ClientSpec::Consumer {
        name: "c".to_owned(),
        config,
        assigned: partitions.iter().map(|p| ("t".to_owned(), *p)).collect(),
        poll_loop,
        process,
    };
    Harness::new(cluster, spec, 7)
}

fn looping(cluster: Cluster, reset: OffsetReset, partitions: &[i32]) -> Harness {
    consumer(cluster, config(reset), partitions, true, Span::ZERO)
}

fn received(harness: &Harness, of: i32) -> Vec<i64> {
    harness.noted(|note| match note {
        Note::RecordReceived {
            partition, offset, ..
        } if partition.partition == of => Some(*offset),
        _ => None,
    })
}

fn position(harness: &Harness, partition: i32) -> Option<i64> {
    harness.process.consumer(FIRST)?.position("t", partition)
}

fn filled(records: i32) -> Cluster {
    let mut cluster = Cluster::new(2, 2);
    cluster.fill(0, 0..records);
    cluster
}

#[test]
fn the_reset_policy_says_where_to_begin() {
    let mut cluster = filled(10);
    cluster.partition_mut(0).log.drain(..2);
    cluster.partition_mut(0).start = 2;
    let mut earliest = looping(cluster.clone(), OffsetReset::Earliest, &[0]);
    earliest.run_ms(100);
    assert_eq!(received(&earliest, 0), (2..10).collect::<Vec<_>>());
    let mut latest = looping(cluster.clone(), OffsetReset::Latest, &[0]);
    latest.run_ms(100);
    assert_eq!(
        (received(&latest, 0).len(), position(&latest, 0)),
        (0, Some(10))
    );
    latest.cluster.fill(0, 10..12);
    latest.run_ms(1_000);
    assert_eq!(received(&latest, 0), [10, 11]);
    let mut none = looping(cluster, OffsetReset::None, &[0]);
    none.run_ms(100);
    let errors = none.noted(|note| match note {
        Note::ConsumerError { error, .. } => Some(*error),
        _ => None,
    });
    assert_eq!(errors, [ErrorCode::OFFSET_OUT_OF_RANGE]);
}

#[test]
fn received_notes_carry_the_digest_of_key_and_value() {
    let mut harness = looping(filled(1), OffsetReset::Earliest, &[0]);
    harness.run_ms(100);
    let digests = harness.noted(|note| match note {
        Note::RecordReceived { digest, .. } => Some(*digest),
        _ => None,
    });
    assert_eq!(digests, [record_digest(None, Some(b"v0"))]);
    assert_ne!(
        record_digest(None, Some(b"")),
        record_digest(Some(b""), None)
    );
    assert_ne!(record_digest(None, None), record_digest(None, Some(b"")));
}

#[test]
fn a_session_asks_only_for_what_changed() {
    let mut cluster = filled(3);
    cluster.move_leader(1, 1);
    let mut harness = looping(cluster, OffsetReset::Earliest, &[0, 1]);
    harness.run_ms(2_000);
    let fetches: Vec<_> = harness
        .requests
        .iter()
        .filter_map(|sent| match &sent.message {
            Message::FetchRequest(fetch) => Some((sent.version, fetch)),
            _ => None,
        })
        .collect();
    assert!(fetches.len() >= 4, "{}", fetches.len());
    let asked = |index: usize| -> usize {
        fetches[index]
            .1
            .topics
            .iter()
            .map(|topic| topic.partitions.len())
            .sum()
    };
    assert_eq!(fetches[0].0, 17);
    assert_eq!((fetches[0].1.session_epoch, asked(0)), (0, 2));
    assert_eq!(
        (fetches[1].1.session_epoch, asked(1)),
        (1, 1),
        "the position moved"
    );
    assert_eq!(
        (fetches[2].1.session_epoch, asked(2)),
        (2, 0),
        "nothing new"
    );
    assert!(fetches[1].1.forgotten_topics_data.is_empty());
}

#[test]
fn one_poll_returns_at_most_max_poll_records_and_work_takes_time() {
    let few = ConsumerConfig {
        max_poll_records: 4,
        ..config(OffsetReset::Earliest)
    };
    let mut harness = consumer(filled(10), few, &[0], true, Span::from_millis(100));
    harness.run_ms(50);
    let state = |h: &Harness| {
        let consumer = h.process.consumer(FIRST).expect("a consumer");
        (
            consumer.state(),
            consumer.received("t", 0),
            consumer.processed(),
        )
    };
    assert_eq!(state(&harness), ("PROCESSING", 4, 0));
    harness.run_ms(400);
    assert_eq!(state(&harness), ("PROCESSING", 8, 4));
    harness.run_ms(400);
    assert_eq!(state(&harness), ("PROCESSING", 10, 8));
    harness.run_ms(200);
    assert_eq!(state(&harness), ("POLLING", 10, 10));
    assert_eq!(received(&harness, 0), (0..10).collect::<Vec<_>>());
}

#[test]
fn polls_by_steps_end_with_records_or_in_time() {
    let few = ConsumerConfig {
        max_poll_records: 2,
        ..config(OffsetReset::Earliest)
    };
    let mut harness = consumer(filled(3), few, &[0], false, Span::ZERO);
    harness.run_ms(500);
    assert!(received(&harness, 0).is_empty(), "nobody polls");
    for (expected, most_ms) in [(2, 50), (3, 50), (3, 1_000)] {
        let poll = harness.call(ClientOp::Poll);
        harness.run_until_quiet(most_ms);
        assert_eq!(harness.outcomes[&poll], Outcome::Done);
        assert_eq!(received(&harness, 0).len(), expected);
    }
    let poll = harness.call(ClientOp::Poll);
    let twice = harness.call(ClientOp::Poll);
    assert!(matches!(harness.outcomes[&twice], Outcome::Failed { .. }));
    harness.run_until_quiet(1_000);
    assert_eq!(harness.outcomes[&poll], Outcome::Done);
}

#[test]
fn out_of_range_resets_or_stops() {
    let mut harness = looping(filled(5), OffsetReset::Earliest, &[0]);
    harness.run_ms(100);
    harness.call(ClientOp::Seek("t".to_owned(), 0, OffsetSpec::At(99)));
    harness.run_ms(2_000);
    assert_eq!(received(&harness, 0), [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
    let mut harness = consumer(
        filled(5),
        config(OffsetReset::None),
        &[0],
        false,
        Span::ZERO,
    );
    let first = harness.call(ClientOp::Poll);
    harness.run_until_quiet(100);
    let text = "Undefined offset with no reset policy for partitions: [t-0]".to_owned();
    let error = ErrorCode::OFFSET_OUT_OF_RANGE;
    assert_eq!(
        harness.outcomes[&first],
        Outcome::Failed {
            error,
            message: text
        }
    );
    harness.run_ms(100);
    harness.call(ClientOp::Seek("t".to_owned(), 0, OffsetSpec::At(99)));
    let poll = harness.call(ClientOp::Poll);
    harness.run_until_quiet(500);
    let Outcome::Failed { error, message } = &harness.outcomes[&poll] else {
        panic!("the poll throws");
    };
    assert_eq!(*error, ErrorCode::OFFSET_OUT_OF_RANGE);
    assert!(
        message.ends_with("is out of range for partition t-0"),
        "{message}"
    );
    harness.call(ClientOp::Seek("t".to_owned(), 0, OffsetSpec::Earliest));
    let poll = harness.call(ClientOp::Poll);
    harness.run_until_quiet(500);
    assert_eq!(harness.outcomes[&poll], Outcome::Done);
    assert_eq!(received(&harness, 0).len(), 5);
}

#[test]
fn pause_seek_and_assign_are_the_clients_own() {
    let mut harness = looping(filled(5), OffsetReset::Earliest, &[0]);
    harness.run_ms(100);
    let partition = vec![("t".to_owned(), 0)];
    harness.call(ClientOp::Pause(partition.clone()));
    harness.cluster.fill(0, 5..8);
    harness.run_ms(2_000);
    assert_eq!(received(&harness, 0).len(), 5);
    harness.call(ClientOp::Resume(partition));
    harness.run_ms(1_000);
    assert_eq!(received(&harness, 0).len(), 8);
    harness.call(ClientOp::Seek("t".to_owned(), 0, OffsetSpec::At(6)));
    harness.run_ms(1_000);
    assert_eq!(received(&harness, 0)[8..], [6, 7]);
    let wrong = harness.call(ClientOp::Seek("t".to_owned(), 9, OffsetSpec::At(6)));
    let Outcome::Failed { message, .. } = &harness.outcomes[&wrong] else {
        panic!("not assigned");
    };
    assert_eq!(message, "No current assignment for partition t-9");
    harness.call(ClientOp::Assign(vec![("t".to_owned(), 1)]));
    harness.cluster.fill(1, 0..2);
    harness.run_ms(1_500);
    assert_eq!(received(&harness, 1), [0, 1]);
    let consumer = harness.process.consumer(FIRST).expect("a consumer");
    assert_eq!(consumer.assigned().len(), 1);
    assert_eq!(consumer.position("t", 0), None);
}

#[test]
fn a_new_leader_is_followed_after_the_position_is_checked() {
    let mut harness = looping(filled(6), OffsetReset::Earliest, &[0]);
    harness.run_ms(100);
    harness.cluster.move_leader(0, 2);
    harness.cluster.fill(0, 6..9);
    harness.run_ms(3_000);
    assert_eq!(received(&harness, 0), (0..9).collect::<Vec<_>>());
    let checks: Vec<_> = harness
        .requests
        .iter()
        .filter_map(|sent| match &sent.message {
            Message::OffsetForLeaderEpochRequest(request) => {
                let asked = &request.topics[0].partitions[0];
                Some((asked.current_leader_epoch, asked.leader_epoch))
            }
            _ => None,
        })
        .collect();
    assert_eq!(checks, [(1, 0)]);
}

#[test]
fn a_truncated_log_moves_the_position_back_or_is_an_error() {
    let truncate = |cluster: &mut Cluster| {
        let partition = cluster.partition_mut(0);
        partition.log.truncate(4);
        cluster.move_leader(0, 2);
        cluster.fill(0, 100..103);
    };
    let mut harness = looping(filled(6), OffsetReset::Latest, &[0]);
    harness.call(ClientOp::Seek("t".to_owned(), 0, OffsetSpec::At(0)));
    harness.run_ms(100);
    truncate(&mut harness.cluster);
    harness.run_ms(3_000);
    assert_eq!(received(&harness, 0), [0, 1, 2, 3, 4, 5, 4, 5, 6]);
    let mut harness = consumer(filled(6), config(OffsetReset::None), &[0], true, Span::ZERO);
    harness.call(ClientOp::Seek("t".to_owned(), 0, OffsetSpec::At(0)));
    harness.run_ms(100);
    truncate(&mut harness.cluster);
    harness.run_ms(3_000);
    assert_eq!(received(&harness, 0), [0, 1, 2, 3, 4, 5]);
    let errors = harness.noted(|n| matches!(n, Note::ConsumerError { .. }).then_some(()));
    assert_eq!(errors.len(), 2, "no position at first, truncation later");
}

#[test]
fn close_ends_the_session_and_everything_else() {
    let mut harness = looping(filled(6), OffsetReset::Earliest, &[0]);
    harness.run_ms(100);
    let close = harness.call(ClientOp::Close);
    assert_eq!(harness.outcomes[&close], Outcome::Done);
    let Some(Message::FetchRequest(last)) = harness.requests.last().map(|sent| &sent.message)
    else {
        panic!("a last fetch");
    };
    assert_eq!(last.session_epoch, -1);
    harness.run_ms(1_000);
    assert_eq!(harness.stand.timers.next_deadline(), None);
    assert_eq!(
        harness.process.consumer(FIRST).map(|c| c.state()),
        Some("CLOSED")
    );
}

#[derive(Clone, Copy, Debug)]
enum Happening {
    Append(i32),
    MoveLeader,
    Seek(i64),
    Pause(bool),
    SessionError(i16),
    Wait(u64),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (1_i32..8).prop_map(Happening::Append),
        1 => Just(Happening::MoveLeader),
        1 => (0_i64..20).prop_map(Happening::Seek),
        1 => any::<bool>().prop_map(Happening::Pause),
        1 => prop_oneof![Just(70_i16), Just(71), Just(-1)].prop_map(Happening::SessionError),
        4 => (1_u64..700).prop_map(Happening::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// A naive model: between seeks, offsets come one after the other without a gap, and in the
    /// end the position is the end of the log.
    #[test]
    fn positions_follow_the_log(
        happenings in prop::collection::vec(happening(), 1..30),
        most in 1_i32..6,
        process in 0_u64..40,
    ) {
        let few = ConsumerConfig { max_poll_records: most, ..config(OffsetReset::Earliest) };
        let mut harness =
            consumer(filled(4), few, &[0], true, Span::from_millis(process));
        let (mut seeks, mut end) = (vec![(0, 0)], 4);
        for happening in happenings {
            match happening {
                Happening::Append(count) => {
                    harness.cluster.fill(0, end..end + count);
                    end += count;
                }
                Happening::MoveLeader => {
                    let other = 3 - harness.cluster.partition_mut(0).leader;
                    harness.cluster.move_leader(0, other);
                }
                Happening::Seek(to) => {
                    let to = to.min(i64::from(end));
                    harness.call(ClientOp::Seek("t".to_owned(), 0, OffsetSpec::At(to)));
                    seeks.push((received(&harness, 0).len(), to));
                }
                Happening::Pause(pause) => {
                    let partition = vec![("t".to_owned(), 0)];
                    harness.call(match pause {
                        true => ClientOp::Pause(partition),
                        false => ClientOp::Resume(partition),
                    });
                }
                Happening::SessionError(code) => harness.cluster.fetch_errors.push_back(code),
                Happening::Wait(ms) => harness.run_ms(ms),
            }
        }
        harness.call(ClientOp::Resume(vec![("t".to_owned(), 0)]));
        harness.run_ms(60_000);
        let offsets = received(&harness, 0);
        seeks.push((offsets.len(), 0));
        for pair in seeks.windows(2) {
            let ((from, start), (to, _)) = (pair[0], pair[1]);
            let expected: Vec<i64> = (start..).take(to - from).collect();
            prop_assert_eq!(&offsets[from..to], &expected[..]);
        }
        prop_assert_eq!(position(&harness, 0), Some(i64::from(end)));
    }
}
