use super::*;
use crate::sim::Span;
use serde_json::Value as Json;

/// The config table of a real Kafka 4.3.1.
fn kafka() -> Json {
    let text = include_str!("../../../tests/data/kafka-configs-4.3.1.json");
    serde_json::from_str(text).expect("the recording is JSON")
}

#[test]
fn every_row_is_as_in_kafka() {
    let kafka = kafka();
    for def in configs() {
        let rows = kafka[def.scope.word()].as_array().expect("a list");
        let row = rows.iter().find(|row| row["name"] == def.name);
        let row = row.unwrap_or_else(|| panic!("Kafka has no {}", def.name));
        assert_eq!(row["type"], def.kind.word(), "{}", def.name);
        assert_eq!(row["default"].as_str(), def.default, "{}", def.name);
        let valid = row["valid"].as_str().unwrap_or("");
        assert_eq!(valid, def.valid.to_string(), "{}", def.name);
    }
}

#[test]
fn known_names_are_those_of_kafka() {
    let kafka = kafka();
    for scope in [
        Scope::Broker,
        Scope::Topic,
        Scope::Producer,
        Scope::Consumer,
    ] {
        let rows = kafka[scope.word()].as_array().expect("a list");
        let mut names: Vec<_> = rows.iter().filter_map(|row| row["name"].as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, known_configs(scope).collect::<Vec<_>>());
    }
}

#[test]
fn rows_are_sorted_and_single() {
    assert!(configs().is_sorted_by_key(|def| (def.scope, def.name)));
}

#[test]
fn the_typed_defaults_are_those_of_the_table() {
    let rows = || (configs().iter()).filter(|def| def.scope == Scope::Broker);
    let entries = rows().filter_map(|def| Some((def.name, def.default?)));
    let mut config = BrokerConfig::default();
    config.apply_all(entries).expect("defaults are valid");
    assert_eq!(config, BrokerConfig::default());
}

/// Each broker config moves a field: were one forgotten, or wired to the field of another that
/// is set later, the result would not tell them apart.
#[test]
fn every_broker_config_reaches_a_field_of_its_own() {
    let mut seen: Vec<(&str, BrokerConfig)> = Vec::new();
    for def in (configs().iter()).filter(|def| def.scope == Scope::Broker) {
        let value = match (def.kind, def.default) {
            (Kind::Bool, Some("true")) => "false",
            (Kind::Bool, _) => "true",
            (Kind::List, _) => "compact",
            (Kind::Str, Some("CreateTime")) => "LogAppendTime",
            (Kind::Str, _) => "r1",
            _ => "12345678",
        };
        let mut config = BrokerConfig::default();
        let applied = config.apply(def.name, value);
        assert_eq!(applied, Ok(Applied::Read), "{}", def.name);
        assert_ne!(config, BrokerConfig::default(), "{}", def.name);
        let twin = seen.iter().find(|(_, other)| *other == config);
        let alias = def.name == "metadata.log.segment.bytes";
        assert!(twin.is_none() || alias, "{} is {twin:?}", def.name);
        seen.push((def.name, config));
    }
}

#[test]
fn bad_values_are_refused_in_kafkas_words() {
    let cases = [
        ("num.partitions", "abc", "Not a number of type INT"),
        ("num.partitions", "0", "Value must be at least 1"),
        ("num.partitions", "3000000000", "Not a number of type INT"),
        ("log.retention.ms", "x", "Not a number of type LONG"),
        ("log.segment.bytes", "100", "Value must be at least 1048576"),
        (
            "controlled.shutdown.enable",
            "yes",
            "Expected value to be either true or false",
        ),
        (
            "log.cleanup.policy",
            "delete,burn",
            "String must be one of: compact, delete",
        ),
    ];
    for (name, value, reason) in cases {
        let error = BrokerConfig::default().apply(name, value).unwrap_err();
        let text = format!("Invalid value {value} for configuration {name}: {reason}");
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn names_of_topic_configs_set_the_defaults_of_topics() {
    let mut config = BrokerConfig::default();
    let entries = [
        ("log.retention.ms", "5000"),
        ("log.retention.hours", "1"),
        ("message.max.bytes", "77"),
        ("min.insync.replicas", "2"),
        ("log.cleanup.policy", "compact, delete"),
    ];
    config.apply_all(entries.into_iter()).expect("valid");
    let topic = &config.topic_defaults;
    assert_eq!(topic.retention_ms, 5_000);
    assert_eq!(topic.max_message_bytes, 77);
    assert_eq!(topic.min_insync_replicas, 2);
    assert!(topic.cleanup_compact && topic.cleanup_delete);
}

#[test]
fn real_names_that_nothing_reads_are_told_from_unknown_ones() {
    let mut config = BrokerConfig::default();
    let applied = config.apply("num.io.threads", "8");
    assert_eq!(applied, Ok(Applied::NotReadYet));
    assert!(config.apply("num.io.thread", "8").is_err());
    assert_eq!(
        config.apply("replica.lag.time.max.ms", " 3000 "),
        Ok(Applied::Read)
    );
    assert_eq!(config.replica_lag_time_max, Span::from_secs(3));
}

#[test]
fn the_rows_of_clients_are_what_the_java_client_reads() {
    let of_others = ["batch.num.messages", "sticky.partitioning.linger.ms"];
    for scope in [Scope::Producer, Scope::Consumer] {
        for name in known_configs(scope).chain(of_others) {
            let reads = match scope {
                Scope::Producer => ProducerConfig::reads(ClientKind::Java, name),
                _ => ConsumerConfig::reads(ClientKind::Java, name),
            };
            let row = find_config(scope, name).is_some();
            assert!(row == reads || of_others.contains(&name), "{name}");
        }
    }
}

#[test]
fn the_rows_of_topics_are_taken_by_topic_configs() {
    let rows = (configs().iter()).filter(|def| def.scope == Scope::Topic);
    let names: Vec<_> = topic_configs::names().collect();
    for def in rows {
        assert!(names.contains(&def.name), "{}", def.name);
        if let Some(default) = def.default {
            let mut config = TopicConfig::default();
            assert_eq!(topic_configs::apply(&mut config, def.name, default), Ok(()));
            assert_eq!(config, TopicConfig::default(), "{}", def.name);
        }
    }
}
