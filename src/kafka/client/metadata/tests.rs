use super::*;
use crate::kafka::client::testing::metadata_answer;
use crate::kafka::config::ClientKind;
use crate::sim::Stand;

fn metadata() -> Metadata {
    let ms = Span::from_millis;
    let backoff = Backoff::new(ClientKind::Java, ClientNo(0), ms(100), ms(1_000));
    let mut hosts = Hosts::default();
    for id in 1..=3 {
        hosts.insert(format!("broker-{id}"), NodeId(10 + id));
    }
    let bootstrap = ["broker-1:9092".to_owned()];
    let age = Span::from_millis(300_000);
    let mut metadata = Metadata::new(ClientNo(0), Arc::new(hosts), &bootstrap, true, age, backoff);
    metadata.add("t", Time::ZERO);
    metadata
}

#[test]
fn an_older_leader_epoch_is_not_taken_unless_the_topic_is_a_new_one() {
    let (mut metadata, mut stand) = (metadata(), Stand::new(NodeId(0), 1));
    let tp = TopicPartition::new("t", 0);
    metadata.update(
        &metadata_answer(1 << 70, &[(1, 5), (2, 5)]),
        &mut stand.ctx(),
    );
    metadata.update(
        &metadata_answer(1 << 70, &[(3, 4), (3, 6)]),
        &mut stand.ctx(),
    );
    assert_eq!(metadata.leader(&tp), Some((1, 5)));
    assert_eq!(metadata.leader(&TopicPartition::new("t", 1)), Some((3, 6)));
    metadata.update(
        &metadata_answer(2 << 70, &[(2, 0), (2, 0)]),
        &mut stand.ctx(),
    );
    assert_eq!(metadata.leader(&tp), Some((2, 0)));
    let learned = stand.outbox.notes.len();
    assert_eq!(learned, 2 + 1 + 2, "only news are noted");
}

#[test]
fn a_refusal_names_a_newer_leader_only() {
    let (mut metadata, mut stand) = (metadata(), Stand::new(NodeId(0), 1));
    let tp = TopicPartition::new("t", 0);
    metadata.update(&metadata_answer(1 << 70, &[(1, 5)]), &mut stand.ctx());
    assert!(!metadata.update_leader(&tp, 2, 5, &mut stand.ctx()));
    assert!(
        !metadata.update_leader(&tp, 9, 6, &mut stand.ctx()),
        "an unknown broker"
    );
    assert!(metadata.update_leader(&tp, 2, 6, &mut stand.ctx()));
    assert_eq!(metadata.leader(&tp), Some((2, 6)));
}

#[test]
fn updates_are_due_by_age_by_request_and_by_interest_but_not_in_back_off() {
    let (mut metadata, mut stand) = (metadata(), Stand::new(NodeId(0), 1));
    assert_eq!(metadata.next_update(), Some(Time::ZERO));
    metadata.start_update(13);
    assert_eq!(metadata.next_update(), None, "one is on its way");
    metadata.update(&metadata_answer(1 << 70, &[(1, 5)]), &mut stand.ctx());
    assert_eq!(metadata.next_update(), Some(Time::from_millis(300_000)));
    metadata.request_update();
    let at = metadata.next_update().expect("wanted").as_millis();
    assert!((80..=120).contains(&at), "after retry.backoff.ms: {at}");
    metadata.add("u", Time::ZERO);
    assert_eq!(
        metadata.next_update(),
        Some(Time::ZERO),
        "a new topic does not wait"
    );
}

#[test]
fn answers_that_change_nothing_are_asked_for_less_and_less_often() {
    let (mut metadata, mut stand) = (metadata(), Stand::new(NodeId(0), 1));
    let answer = metadata_answer(1 << 70, &[(-1, 5)]);
    let mut waits = Vec::new();
    for _ in 0..6 {
        metadata.request_update();
        metadata.start_update(13);
        metadata.update(&answer, &mut stand.ctx());
        let at = metadata.next_update().expect("a leader is missing");
        waits.push(at.since(stand.mono).as_millis());
        stand.mono = at;
    }
    for (wait, center) in waits.iter().zip([100, 100, 200, 400, 800, 1_000]) {
        assert!(
            (center * 8 / 10..=center * 12 / 10).contains(wait),
            "{waits:?}"
        );
    }
}
