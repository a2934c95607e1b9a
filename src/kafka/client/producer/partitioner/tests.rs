use super::*;
use crate::kafka::client::metadata::PartitionMetadata;
use crate::sim::{NodeId, Stand};
use uuid::Uuid;

fn topic(partitions: u32) -> TopicMetadata {
    let led = PartitionMetadata {
        leader: 1,
        leader_epoch: 0,
    };
    TopicMetadata {
        id: Uuid::from_u128(1),
        partitions: vec![led; partitions as usize],
    }
}

fn partitioner(kind: PartitionerKind) -> Partitioner {
    let config = ProducerConfig {
        partitioner: kind,
        sticky_partitioning_linger: Span::from_millis(10),
        ..ProducerConfig::default()
    };
    Partitioner::new(ClientNo(0), &config)
}

fn keyless(partitioner: &mut Partitioner, known: &TopicMetadata, stand: &mut Stand<Kafka>) -> i32 {
    match partitioner.choose("t", None, known, &mut stand.ctx()) {
        Choice::Partition(partition) => partition,
        Choice::Sticky => partitioner.sticky("t", known, &mut stand.ctx()),
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hex digits");
    (0..text.len()).step_by(2).map(digits).collect()
}

/// `tests/data/murmur2.csv`: recorded from the Java client of Kafka 4.3.1.
#[test]
fn java_places_keys_as_the_real_client() {
    let mut stand = Stand::new(NodeId(0), 1);
    let mut built_in = partitioner(PartitionerKind::BuiltIn);
    let mut compared = 0;
    for line in include_str!("../../../../../tests/data/murmur2.csv")
        .lines()
        .skip(1)
    {
        let fields: Vec<&str> = line.split(',').collect();
        let key = unhex(fields[0]);
        for (n, expected) in [1, 3, 7, 12, 50].into_iter().zip(&fields[4..]) {
            let choice = built_in.choose("t", Some(&key), &topic(n), &mut stand.ctx());
            let expected = expected.parse().expect("a number");
            assert_eq!(choice, Choice::Partition(expected), "{} of {n}", fields[0]);
            compared += 1;
        }
    }
    assert!(compared > 500, "{compared} compared");
}

/// `tests/data/partitioners.json`: recorded from librdkafka 2.16.0 and sarama 1.61.1.
#[test]
fn foreign_families_place_keys_as_the_real_libraries() {
    let text = include_str!("../../../../../tests/data/partitioners.json");
    let all: serde_json::Value = serde_json::from_str(text).expect("a JSON document");
    let cases = all["cases"].as_array().expect("a list of cases");
    let mut stand = Stand::new(NodeId(0), 1);
    let kinds = [
        (PartitionerKind::ConsistentRandom, "librdkafka_consistent"),
        (PartitionerKind::Murmur2Random, "librdkafka_murmur2"),
        (PartitionerKind::Fnv1aRandom, "librdkafka_fnv1a"),
        (PartitionerKind::SaramaHash, "sarama_hash"),
        (PartitionerKind::SaramaReferenceHash, "sarama_reference"),
    ];
    assert!(cases.len() > 500);
    for (kind, column) in kinds {
        let mut partitioner = partitioner(kind);
        for case in cases {
            let key = unhex(case["key"].as_str().expect("a key"));
            if key.is_empty() && kind == PartitionerKind::ConsistentRandom {
                continue;
            }
            let n = case["n"].as_u64().expect("a number of partitions") as u32;
            let choice = partitioner.choose("t", Some(&key), &topic(n), &mut stand.ctx());
            let expected = case[column].as_i64().expect("a partition") as i32;
            assert_eq!(choice, Choice::Partition(expected), "{column} {case}");
        }
    }
}

#[test]
fn librdkafkas_default_takes_an_empty_key_for_none_and_sticks_for_its_linger() {
    let mut stand = Stand::new(NodeId(0), 5);
    let mut consistent = partitioner(PartitionerKind::ConsistentRandom);
    let known = topic(50);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let first = keyless(&mut consistent, &known, &mut stand);
        stand.advance(Span::from_millis(9));
        let empty = consistent.choose("t", Some(b""), &known, &mut stand.ctx());
        assert_eq!(empty, Choice::Partition(first), "within the linger");
        stand.advance(Span::from_millis(1));
        seen.insert(first);
    }
    assert!(seen.len() > 5, "it moves on after the linger: {seen:?}");
}

#[test]
fn round_robin_counts_over_the_partitions_with_a_leader() {
    let mut stand = Stand::new(NodeId(0), 1);
    for kind in [
        PartitionerKind::RoundRobin,
        PartitionerKind::SaramaRoundRobin,
    ] {
        let mut robin = partitioner(kind);
        let mut known = topic(4);
        let mut next = |known: &TopicMetadata| keyless(&mut robin, known, &mut stand);
        let order: Vec<i32> = (0..5).map(|_| next(&known)).collect();
        assert_eq!(order, [0, 1, 2, 3, 0]);
        known.partitions[1].leader = -1;
        let order: Vec<i32> = (0..6).map(|_| next(&known)).collect();
        assert!(!order.contains(&1), "{order:?}");
    }
}

#[test]
fn the_sticky_partition_switches_at_a_batch_if_complete_and_at_two_in_any_case() {
    let mut stand = Stand::new(NodeId(0), 3);
    let known = topic(1_000);
    let mut built_in = partitioner(PartitionerKind::BuiltIn);
    let first = keyless(&mut built_in, &known, &mut stand);
    let mut ctx = stand.ctx();
    assert!(!built_in.update_sticky("t", 16_383, true, &known, &mut ctx));
    assert!(
        !built_in.update_sticky("t", 1, false, &known, &mut ctx),
        "its batch has room"
    );
    assert_eq!(built_in.sticky("t", &known, &mut ctx), first);
    assert!(
        built_in.update_sticky("t", 0, true, &known, &mut ctx),
        "complete now"
    );
    let second = built_in.sticky("t", &known, &mut ctx);
    assert!(!built_in.update_sticky("t", 32_767, false, &known, &mut ctx));
    assert!(
        built_in.update_sticky("t", 1, false, &known, &mut ctx),
        "twice batch.size"
    );
    let third = built_in.sticky("t", &known, &mut ctx);
    assert!(
        first != second || second != third,
        "1,000 partitions: one of them moved"
    );
}

#[test]
fn long_queues_are_chosen_less_often() {
    let queues = [(0, 0), (1, 3), (2, 1)];
    let load = PartitionLoad::of(&queues, 3).expect("not all equal");
    assert_eq!(
        load.cumulative,
        [4, 5, 8],
        "behaviour.md 2.13: max + 1 - q, added up"
    );
    assert_eq!(PartitionLoad::of(&[(0, 2), (1, 2)], 2), None, "all equal");
    assert_eq!(PartitionLoad::of(&[(0, 2)], 1), None, "too few");
    assert!(
        PartitionLoad::of(&[(0, 2), (1, 2)], 3).is_some(),
        "one is left out"
    );
    let mut stand = Stand::new(NodeId(0), 3);
    let mut counts = [0; 3];
    for _ in 0..8_000 {
        counts[load.pick(ClientNo(0), &mut stand.ctx()) as usize] += 1;
    }
    for (count, expected) in counts.iter().zip([4_000, 1_000, 3_000]) {
        assert!(
            expected * 9 / 10 < *count && *count < expected * 11 / 10,
            "{counts:?}"
        );
    }
}

#[test]
fn random_stays_among_the_partitions_with_a_leader() {
    let mut stand = Stand::new(NodeId(0), 3);
    let mut known = topic(5);
    known.partitions[2].leader = -1;
    let mut random = partitioner(PartitionerKind::Random);
    let mut counts = [0; 5];
    for _ in 0..4_000 {
        counts[keyless(&mut random, &known, &mut stand) as usize] += 1;
    }
    assert_eq!(counts[2], 0);
    assert!([0, 1, 3, 4].iter().all(|p| counts[*p] > 800), "{counts:?}");
}
