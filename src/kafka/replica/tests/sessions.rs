//! Fetch sessions of consumers against full fetches, and the cache's rules.

use super::cluster::{CLIENT, Cluster, NAME, TOPIC, batch};
use crate::kafka::config::BrokerConfig;
use crate::kafka::metadata::{MetadataDelta, PartitionImage, TopicImage};
use crate::kafka::protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use crate::kafka::protocol::messages::{FetchRequest, TopicName};
use crate::kafka::protocol::{ErrorCode, FetchAnswer, Message, StrBytes};
use crate::sim::{Span, Time};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

const PARTITIONS: i32 = 5;

/// One broker that leads five partitions of the topic.
fn five_partitions(config: BrokerConfig) -> Cluster {
    let mut cluster = Cluster::with_config(&[1], config);
    let state = Arc::new(PartitionImage {
        replicas: vec![1],
        isr: vec![1],
        leader: 1,
        ..Default::default()
    });
    let topic = TopicImage {
        name: NAME.to_owned(),
        id: TOPIC,
        partitions: (0..PARTITIONS).map(|n| (n, state.clone())).collect(),
    };
    Arc::make_mut(&mut cluster.image.topics).insert(TOPIC, Arc::new(topic));
    Arc::make_mut(&mut cluster.image.topic_ids).insert(NAME.to_owned(), TOPIC);
    let delta = MetadataDelta {
        partitions: (0..PARTITIONS).map(|n| (TOPIC, n)).collect(),
        ..Default::default()
    };
    cluster.publish_to(1, &delta);
    cluster
}

fn produce_to(cluster: &mut Cluster, partition: i32) {
    let mut request = Cluster::produce_request(1, batch(&["v"]));
    request.topic_data[0].partition_data[0].index = partition;
    cluster.request(1, 13, request);
    assert_eq!(cluster.produced(1).expect("at once").error_code, 0);
}

fn fetch_request(session: (i32, i32), wanted: &[(i32, i64)], forgotten: &[i32]) -> FetchRequest {
    let mut request = FetchRequest::default();
    (request.session_id, request.session_epoch) = session;
    request.max_bytes = 1 << 20;
    if !wanted.is_empty() {
        let mut topic = FetchTopic::default();
        topic.topic_id = TOPIC;
        for (n, offset) in wanted {
            let mut partition = FetchPartition::default();
            partition.partition = *n;
            partition.fetch_offset = *offset;
            partition.partition_max_bytes = 1 << 20;
            topic.partitions.push(partition);
        }
        request.topics.push(topic);
    }
    if !forgotten.is_empty() {
        let mut topic = ForgottenTopic::default();
        topic.topic_id = TOPIC;
        topic.partitions = forgotten.to_vec();
        request.forgotten_topics_data.push(topic);
    }
    request
}

fn fetch(cluster: &mut Cluster, request: FetchRequest) -> FetchAnswer {
    match cluster.ask(1, 17, request) {
        Message::FetchResponse(answer) => answer,
        other => panic!("expected a fetch answer, got {other:?}"),
    }
}

/// Partition -> (error, high watermark, log start, records).
fn view(answer: &FetchAnswer) -> BTreeMap<i32, (i16, i64, i64, Vec<Bytes>)> {
    let partitions = answer
        .response
        .responses
        .iter()
        .flat_map(|it| &it.partitions);
    let indexed = partitions.enumerate().map(|(index, data)| {
        let chunks = answer.records_of(index).iter().map(|it| it.bytes.clone());
        let told = (
            data.error_code,
            data.high_watermark,
            data.log_start_offset,
            chunks.collect(),
        );
        (data.partition_index, told)
    });
    indexed.collect()
}

/// A fixed sequence of numbers.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % n
    }
}

/// What a session's answers leave out is exactly what a full fetch would only repeat.
#[test]
fn incremental_answers_tell_as_much_as_full_ones() {
    for seed in 0..20 {
        let mut numbers = Numbers(seed);
        let mut cluster = five_partitions(BrokerConfig::default());
        let mut wanted: BTreeMap<i32, i64> = BTreeMap::from([(0, 0), (1, 0)]);
        let list = |wanted: &BTreeMap<i32, i64>| wanted.iter().map(|(n, o)| (*n, *o)).collect();
        let all: Vec<(i32, i64)> = list(&wanted);
        let first = fetch(&mut cluster, fetch_request((0, 0), &all, &[]));
        let session = first.response.session_id;
        assert_ne!(session, 0);
        let mut known = view(&first);
        for epoch in 1..40 {
            let mut changed: Vec<(i32, i64)> = Vec::new();
            let mut forgotten = Vec::new();
            for _ in 0..numbers.below(4) {
                produce_to(&mut cluster, numbers.below(PARTITIONS as u64) as i32);
            }
            let n = numbers.below(PARTITIONS as u64) as i32;
            match numbers.below(4) {
                0 if wanted.len() > 1 && wanted.remove(&n).is_some() => {
                    known.remove(&n);
                    forgotten.push(n);
                }
                1 | 2 => {
                    let end = known.get(&n).map_or(0, |told| told.1);
                    wanted.insert(n, end);
                    changed.push((n, end));
                }
                _ => {}
            }
            let request = fetch_request((session, epoch), &changed, &forgotten);
            let answer = fetch(&mut cluster, request);
            assert_eq!(answer.response.error_code, 0);
            assert_eq!(answer.response.session_id, session);
            let told = view(&answer);
            let all: Vec<(i32, i64)> = list(&wanted);
            let full = view(&fetch(&mut cluster, fetch_request((0, -1), &all, &[])));
            for (n, truth) in &full {
                match told.get(n) {
                    Some(told) => assert_eq!(told, truth, "partition {n}"),
                    None => {
                        let before = &known[n];
                        assert!(truth.3.is_empty(), "partition {n} has records");
                        assert_eq!((before.1, before.2), (truth.1, truth.2), "partition {n}");
                        assert_eq!(truth.0, 0);
                    }
                }
            }
            assert!(told.keys().all(|n| full.contains_key(n)));
            known = full;
        }
    }
}

#[test]
fn the_rules_of_ids_and_epochs() {
    let mut cluster = five_partitions(BrokerConfig::default());
    let mut ask = |session, wanted: &[(i32, i64)], forgotten: &[i32]| {
        let answer = fetch(&mut cluster, fetch_request(session, wanted, forgotten));
        (
            answer.response.error_code,
            answer.response.session_id,
            view(&answer).len(),
        )
    };
    let (_, session, _) = ask((0, 0), &[(0, 0), (1, 0)], &[]);
    assert_eq!(ask((session, 1), &[], &[]), (0, session, 0), "nothing new");
    let wrong_epoch = ErrorCode::INVALID_FETCH_SESSION_EPOCH.0;
    assert_eq!(
        ask((session, 1), &[], &[]),
        (wrong_epoch, 0, 0),
        "a repetition"
    );
    assert_eq!(ask((session, 3), &[], &[]), (wrong_epoch, 0, 0));
    let unknown = ErrorCode::FETCH_SESSION_ID_NOT_FOUND.0;
    assert_eq!(ask((session + 1, 1), &[], &[]), (unknown, 0, 0));
    assert_eq!(
        ask((session, 2), &[(9, 0)], &[]),
        (0, session, 1),
        "an unknown partition"
    );
    assert_eq!(
        ask((session, 3), &[], &[]),
        (0, session, 1),
        "an error is told each time"
    );
    assert_eq!(
        ask((session, 4), &[], &[0, 1, 9]),
        (0, 0, 0),
        "emptied: sessionless"
    );
    assert_eq!(ask((session, 5), &[], &[]), (unknown, 0, 0));
    let (_, second, _) = ask((0, 0), &[(0, 0)], &[]);
    assert_eq!(ask((second, -1), &[(0, 0)], &[]), (0, 0, 1), "closed");
    assert_eq!(ask((second, 1), &[], &[]), (unknown, 0, 0));
    let (_, third, _) = ask((0, 0), &[(0, 0)], &[]);
    let (_, fourth, _) = ask((third, 0), &[(0, 0)], &[]);
    assert_ne!(third, fourth, "a full request closes and opens");
    assert_eq!(ask((third, 1), &[], &[]), (unknown, 0, 0));
    assert_eq!(ask((0, -1), &[(0, 0)], &[]), (0, 0, 1), "sessionless");
}

#[test]
fn a_session_of_ids_is_no_session_of_names() {
    let mut cluster = five_partitions(BrokerConfig::default());
    let opened = fetch(&mut cluster, fetch_request((0, 0), &[(0, 0)], &[]));
    let mut request = fetch_request((opened.response.session_id, 1), &[], &[]);
    let mut topic = FetchTopic::default();
    topic.topic = TopicName(StrBytes::from_static_str(NAME));
    request.topics.push(topic);
    let Message::FetchResponse(answer) = cluster.ask(1, 12, request) else {
        panic!("expected a fetch answer");
    };
    let code = answer.response.error_code;
    assert_eq!(code, ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR.0);
}

#[test]
fn a_full_cache_gives_no_session_to_a_consumer_but_one_to_a_follower() {
    let config = BrokerConfig {
        max_incremental_fetch_session_cache_slots: 2,
        ..Default::default()
    };
    let mut cluster = five_partitions(config);
    let open = |cluster: &mut Cluster, replica: i32, wanted: &[(i32, i64)]| {
        let mut request = fetch_request((0, 0), wanted, &[]);
        request.replica_state.replica_id = replica.into();
        fetch(cluster, request).response.session_id
    };
    let first = open(&mut cluster, -1, &[(0, 0)]);
    assert_ne!(open(&mut cluster, -1, &[(0, 0)]), 0);
    assert_eq!(
        open(&mut cluster, -1, &[(0, 0), (1, 0)]),
        0,
        "full, and nobody is old"
    );
    let follower = open(&mut cluster, 3, &[(0, 0)]);
    assert_ne!(follower, 0, "privileged");
    let alive = |cluster: &mut Cluster, session: i32| {
        fetch(cluster, fetch_request((session, 1), &[], &[]))
            .response
            .error_code
            == 0
    };
    let mut probe = cluster.clone();
    let left = [first, follower].map(|session| alive(&mut probe, session));
    assert!(left[1], "{CLIENT:?}");
    // After two minutes of silence anybody may take a session's place.
    cluster.node_mut(1).stand.mono = Time::ZERO + Span::from_secs(121);
    assert_ne!(open(&mut cluster, -1, &[(0, 0)]), 0);
}

/// A session reads the partition that gave records last: none starves when an answer is small.
#[test]
fn partitions_take_turns() {
    let mut cluster = five_partitions(BrokerConfig::default());
    for n in 0..2 {
        for _ in 0..3 {
            produce_to(&mut cluster, n);
        }
    }
    let small = |session, wanted: &[(i32, i64)]| {
        let mut request = fetch_request(session, wanted, &[]);
        request.max_bytes = 1;
        request
    };
    let first = fetch(&mut cluster, small((0, 0), &[(0, 0), (1, 0)]));
    let session = first.response.session_id;
    let gave = |answer: &FetchAnswer| {
        let told = view(answer).into_iter();
        told.filter(|(_, told)| !told.3.is_empty())
            .map(|(n, _)| n)
            .collect::<Vec<_>>()
    };
    assert_eq!(gave(&first), [0]);
    let second = fetch(&mut cluster, small((session, 1), &[(0, 1)]));
    assert_eq!(gave(&second), [0], "first in the session's order");
    let third = fetch(&mut cluster, small((session, 2), &[(0, 2)]));
    assert_eq!(gave(&third), [1], "its turn");
}
