//! Topic configs by name: what Kafka accepts (`LogConfig`, `ConfigDef`), its texts of refusal, and
//! the field of [`TopicConfig`] that each one sets. Names without a field are validated and kept.

use super::{ConfigError, TopicConfig};
use std::collections::BTreeMap;

/// What values a config takes.
#[derive(Clone, Copy)]
enum Rule {
    /// A 32-bit integer within bounds.
    Int(i32, i32),
    /// A 64-bit integer of at least this much.
    Long(i64),
    /// -1, or 1 to 9.
    GzipLevel,
    /// A fraction from 0 to 1.
    Ratio,
    /// True or false.
    Bool,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Any of these words, comma separated.
    List(&'static [&'static str]),
    /// `*`, or pairs of partition and broker.
    Replicas,
}

const COMPRESSIONS: &[&str] = &["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"];

/// Every topic config of Kafka 4.3.1, sorted by name.
const RULES: &[(&str, Rule)] = &[
    ("cleanup.policy", Rule::List(&["compact", "delete"])),
    ("compression.gzip.level", Rule::GzipLevel),
    ("compression.lz4.level", Rule::Int(1, 17)),
    ("compression.type", Rule::Word(COMPRESSIONS)),
    ("compression.zstd.level", Rule::Int(-131_072, 22)),
    ("delete.retention.ms", Rule::Long(0)),
    ("file.delete.delay.ms", Rule::Long(0)),
    ("flush.messages", Rule::Long(1)),
    ("flush.ms", Rule::Long(0)),
    ("follower.replication.throttled.replicas", Rule::Replicas),
    ("index.interval.bytes", Rule::Int(0, i32::MAX)),
    ("internal.segment.bytes", Rule::Int(i32::MIN, i32::MAX)),
    ("leader.replication.throttled.replicas", Rule::Replicas),
    ("local.retention.bytes", Rule::Long(-2)),
    ("local.retention.ms", Rule::Long(-2)),
    ("max.compaction.lag.ms", Rule::Long(1)),
    ("max.message.bytes", Rule::Int(0, i32::MAX)),
    ("message.timestamp.after.max.ms", Rule::Long(0)),
    ("message.timestamp.before.max.ms", Rule::Long(0)),
    (
        "message.timestamp.type",
        Rule::Word(&["CreateTime", "LogAppendTime"]),
    ),
    ("min.cleanable.dirty.ratio", Rule::Ratio),
    ("min.compaction.lag.ms", Rule::Long(0)),
    ("min.insync.replicas", Rule::Int(1, i32::MAX)),
    ("preallocate", Rule::Bool),
    ("remote.log.copy.disable", Rule::Bool),
    ("remote.log.delete.on.disable", Rule::Bool),
    ("remote.storage.enable", Rule::Bool),
    ("retention.bytes", Rule::Long(i64::MIN)),
    ("retention.ms", Rule::Long(-1)),
    ("segment.bytes", Rule::Int(1_048_576, i32::MAX)),
    ("segment.index.bytes", Rule::Int(4, i32::MAX)),
    ("segment.jitter.ms", Rule::Long(0)),
    ("segment.ms", Rule::Long(1)),
    ("unclean.leader.election.enable", Rule::Bool),
];

/// A value that obeys its rule.
enum Parsed {
    Int(i32),
    Long(i64),
    Bool(bool),
    Words(Vec<String>),
    Other,
}

/// The names of all topic configs, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|(name, _)| *name)
}

/// Sets the config `name` to `value`, or says why Kafka refuses it.
///
/// `internal.segment.bytes` overrides `segment.bytes`, so it must be applied after it:
/// [`apply_all`] does.
pub fn apply(config: &mut TopicConfig, name: &str, value: &str) -> Result<(), ConfigError> {
    let parsed = parse(name, value)?;
    set(config, name, parsed);
    Ok(())
}

/// Applies all `entries`, and checks what they are worth together.
pub fn apply_all(
    config: &mut TopicConfig,
    entries: &BTreeMap<String, String>,
) -> Result<(), ConfigError> {
    // Kafka looks for unknown names first, then at the values.
    if let Some(name) = entries.keys().find(|name| rule(name).is_none()) {
        return Err(unknown(name));
    }
    for (name, value) in overriding_last(entries) {
        apply(config, name, value)?;
    }
    check_compaction_lags(entries)
}

/// Applies those of `entries` that are valid: for what was validated when it was written.
pub fn apply_valid(config: &mut TopicConfig, entries: &BTreeMap<String, String>) {
    for (name, value) in overriding_last(entries) {
        if let Ok(parsed) = parse(name, value) {
            set(config, name, parsed);
        }
    }
}

fn overriding_last(entries: &BTreeMap<String, String>) -> impl Iterator<Item = (&str, &str)> {
    let overrides = |name: &str| name.starts_with("internal.");
    let pairs = move || entries.iter().map(|(n, v)| (n.as_str(), v.as_str()));
    pairs()
        .filter(move |(name, _)| !overrides(name))
        .chain(pairs().filter(move |(name, _)| overrides(name)))
}

fn check_compaction_lags(entries: &BTreeMap<String, String>) -> Result<(), ConfigError> {
    let lag = |name: &str, default: i64| match entries.get(name) {
        Some(value) => value.trim().parse().unwrap_or(default),
        None => default,
    };
    let min = lag("min.compaction.lag.ms", 0);
    let max = lag("max.compaction.lag.ms", i64::MAX);
    if min <= max {
        return Ok(());
    }
    Err(ConfigError::rule(format!(
        "conflict topic config setting min.compaction.lag.ms ({min}) > max.compaction.lag.ms ({max})"
    )))
}

fn rule(name: &str) -> Option<Rule> {
    let place = RULES.binary_search_by_key(&name, |(name, _)| name).ok()?;
    RULES.get(place).map(|(_, rule)| *rule)
}

fn unknown(name: &str) -> ConfigError {
    ConfigError::rule(format!("Unknown topic config name: {name}"))
}

fn parse(name: &str, value: &str) -> Result<Parsed, ConfigError> {
    let rule = rule(name).ok_or_else(|| unknown(name))?;
    let invalid = |reason: &str| Err(ConfigError::new(name, value, reason));
    let text = value.trim();
    match rule {
        Rule::Int(min, max) => match text.parse::<i32>() {
            Err(_) => invalid("Not a number of type INT"),
            Ok(n) if n < min => invalid(&format!("Value must be at least {min}")),
            Ok(n) if n > max => invalid(&format!("Value must be no more than {max}")),
            Ok(n) => Ok(Parsed::Int(n)),
        },
        Rule::Long(min) => match text.parse::<i64>() {
            Err(_) => invalid("Not a number of type LONG"),
            Ok(n) if n < min => invalid(&format!("Value must be at least {min}")),
            Ok(n) => Ok(Parsed::Long(n)),
        },
        Rule::GzipLevel => match text.parse::<i32>() {
            Err(_) => invalid("Not a number of type INT"),
            Ok(-1 | 1..=9) => Ok(Parsed::Other),
            Ok(_) => invalid("Value must be between 1 and 9 or equal to -1"),
        },
        Rule::Ratio => match text.parse::<f64>() {
            Err(_) => invalid("Not a number of type DOUBLE"),
            Ok(n) if n < 0.0 => invalid("Value must be at least 0"),
            Ok(n) if n > 1.0 => invalid("Value must be no more than 1"),
            Ok(_) => Ok(Parsed::Other),
        },
        Rule::Bool if text.eq_ignore_ascii_case("true") => Ok(Parsed::Bool(true)),
        Rule::Bool if text.eq_ignore_ascii_case("false") => Ok(Parsed::Bool(false)),
        Rule::Bool => invalid("Expected value to be either true or false"),
        Rule::Word(words) => one_of(name, text, words).map(|()| Parsed::Words(vec![text.into()])),
        Rule::List(words) => parse_list(name, text, words),
        Rule::Replicas => parse_replicas(name, text),
    }
}

fn one_of(name: &str, word: &str, words: &[&str]) -> Result<(), ConfigError> {
    if words.contains(&word) {
        return Ok(());
    }
    let reason = format!("String must be one of: {}", words.join(", "));
    Err(ConfigError::new(name, word, &reason))
}

/// An empty list is a list of nothing, not of one empty word.
fn split_list(text: &str) -> impl Iterator<Item = &str> {
    let items = if text.is_empty() { None } else { Some(text) };
    items
        .into_iter()
        .flat_map(|text| text.split(',').map(str::trim))
}

fn parse_list(name: &str, text: &str, words: &[&str]) -> Result<Parsed, ConfigError> {
    let mut list: Vec<String> = Vec::new();
    for word in split_list(text) {
        one_of(name, word, words)?;
        if list.iter().any(|seen| seen == word) {
            return Err(ConfigError::rule(format!(
                "Configuration '{name}' values must not be duplicated."
            )));
        }
        list.push(word.to_string());
    }
    Ok(Parsed::Words(list))
}

fn parse_replicas(name: &str, text: &str) -> Result<Parsed, ConfigError> {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let pair = |item: &str| {
        item.split_once(':')
            .is_some_and(|(p, b)| number(p) && number(b))
    };
    if text == "*" || split_list(text).all(pair) {
        return Ok(Parsed::Other);
    }
    Err(ConfigError::rule(format!(
        "{name} must be the literal '*' or a list of replicas in the following format: \
         [partitionId]:[brokerId],[partitionId]:[brokerId],..."
    )))
}

fn set(config: &mut TopicConfig, name: &str, value: Parsed) {
    match value {
        Parsed::Int(n) => set_int(config, name, n),
        Parsed::Long(n) => set_long(config, name, n),
        Parsed::Bool(on) if name == "unclean.leader.election.enable" => {
            config.unclean_leader_election_enable = on;
        }
        Parsed::Words(words) => set_words(config, name, &words),
        Parsed::Bool(_) | Parsed::Other => {}
    }
}

fn set_int(config: &mut TopicConfig, name: &str, n: i32) {
    match name {
        "segment.bytes" | "internal.segment.bytes" => config.segment_bytes = n,
        "segment.index.bytes" => config.segment_index_bytes = n,
        "index.interval.bytes" => config.index_interval_bytes = n,
        "max.message.bytes" => config.max_message_bytes = n,
        "min.insync.replicas" => config.min_insync_replicas = n,
        _ => {}
    }
}

fn set_long(config: &mut TopicConfig, name: &str, n: i64) {
    match name {
        "segment.ms" => config.segment_ms = n,
        "segment.jitter.ms" => config.segment_jitter_ms = n,
        "retention.bytes" => config.retention_bytes = n,
        "retention.ms" => config.retention_ms = n,
        "file.delete.delay.ms" => config.file_delete_delay_ms = n,
        "flush.messages" => config.flush_messages = n,
        "flush.ms" => config.flush_ms = n,
        "message.timestamp.before.max.ms" => config.message_timestamp_before_max_ms = n,
        "message.timestamp.after.max.ms" => config.message_timestamp_after_max_ms = n,
        _ => {}
    }
}

fn set_words(config: &mut TopicConfig, name: &str, words: &[String]) {
    let has = |word: &str| words.iter().any(|w| w == word);
    match name {
        "cleanup.policy" => {
            config.cleanup_delete = has("delete");
            config.cleanup_compact = has("compact");
        }
        "message.timestamp.type" => config.message_timestamp_log_append = has("LogAppendTime"),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = pairs.iter().map(|(n, v)| (n.to_string(), v.to_string()));
        owned.collect()
    }

    fn refusal(name: &str, value: &str) -> String {
        let mut config = TopicConfig::default();
        let error = apply(&mut config, name, value).expect_err("Kafka refuses it");
        assert_eq!(config, TopicConfig::default(), "a refusal changes nothing");
        error.to_string()
    }

    /// The names are those that Kafka 4.3.1 lists, and its defaults are valid and are ours.
    #[test]
    fn rules_cover_kafkas_list_and_defaults() {
        let text = include_str!("../../../tests/data/kafka-configs-4.3.1.json");
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        let listed: Vec<&serde_json::Value> = json["topic"].as_array().unwrap().iter().collect();
        let listed_names: Vec<&str> = listed.iter().map(|c| c["name"].as_str().unwrap()).collect();
        assert_eq!(names().collect::<Vec<_>>(), listed_names);
        let defaults = listed.iter().filter_map(|c| {
            let pair = (c["name"].as_str()?, c["default"].as_str()?);
            Some((pair.0.to_string(), pair.1.to_string()))
        });
        let mut config = TopicConfig {
            segment_bytes: 7,
            segment_ms: 7,
            segment_index_bytes: 7,
            index_interval_bytes: 7,
            retention_ms: 7,
            max_message_bytes: 7,
            min_insync_replicas: 7,
            unclean_leader_election_enable: true,
            message_timestamp_log_append: true,
            cleanup_delete: false,
            cleanup_compact: true,
            ..TopicConfig::default()
        };
        apply_all(&mut config, &defaults.collect()).unwrap();
        assert_eq!(config, TopicConfig::default());
    }

    #[test]
    fn refusals_speak_kafkas_words() {
        assert_eq!(
            refusal("no.such.config", "1"),
            "Unknown topic config name: no.such.config"
        );
        assert_eq!(
            refusal("segment.bytes", "1048575"),
            "Invalid value 1048575 for configuration segment.bytes: \
             Value must be at least 1048576"
        );
        assert_eq!(
            refusal("retention.ms", "soon"),
            "Invalid value soon for configuration retention.ms: Not a number of type LONG"
        );
        assert_eq!(
            refusal("cleanup.policy", "delete,x"),
            "Invalid value x for configuration cleanup.policy: \
             String must be one of: compact, delete"
        );
        assert_eq!(
            refusal("min.cleanable.dirty.ratio", "1.5"),
            "Invalid value 1.5 for configuration min.cleanable.dirty.ratio: \
             Value must be no more than 1"
        );
    }

    #[test]
    fn internal_segment_bytes_overrides_segment_bytes() {
        let mut config = TopicConfig::default();
        let both = entries(&[
            ("segment.bytes", "2000000"),
            ("internal.segment.bytes", "300"),
        ]);
        apply_all(&mut config, &both).unwrap();
        assert_eq!(config.segment_bytes, 300);
    }

    #[test]
    fn an_empty_cleanup_policy_neither_deletes_nor_compacts() {
        let mut config = TopicConfig::default();
        apply(&mut config, "cleanup.policy", "").unwrap();
        assert!(!config.cleanup_delete && !config.cleanup_compact);
        apply(&mut config, "cleanup.policy", "compact, delete").unwrap();
        assert!(config.cleanup_delete && config.cleanup_compact);
    }

    #[test]
    fn an_unknown_name_is_told_before_a_bad_value() {
        let mut config = TopicConfig::default();
        let bad = entries(&[("retention.ms", "-5"), ("zebra", "1")]);
        let error = apply_all(&mut config, &bad).unwrap_err();
        assert_eq!(error.to_string(), "Unknown topic config name: zebra");
        let lags = entries(&[
            ("min.compaction.lag.ms", "9"),
            ("max.compaction.lag.ms", "8"),
        ]);
        assert!(apply_all(&mut config, &lags).is_err());
    }
}
