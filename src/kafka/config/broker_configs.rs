//! Broker configs by name: the field of [`BrokerConfig`] that each one sets. The broker's names
//! of topic configs set the defaults of topics.

use super::{BrokerConfig, ConfigError, ConfigValue, Scope, TopicConfig};
use super::{QuorumConfig, find_config, known_configs};
use crate::sim::Span;

/// What became of a config.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Applied {
    /// It is read.
    Read,
    /// Kafka has it; nothing here reads it yet.
    NotReadYet,
}

/// Names for one thing in several units, coarsest first: the last one that is set counts
/// (`KafkaConfig.logRetentionTimeMillis`, `logRollTimeMillis`).
const COARSE_FIRST: &[&str] = &[
    "log.retention.hours",
    "log.retention.minutes",
    "log.roll.hours",
    "log.roll.jitter.hours",
    "metadata.log.segment.bytes",
];

impl BrokerConfig {
    /// Sets the config `name` to `value`. An unknown name and a bad value are errors.
    ///
    /// Of names for one thing in several units the last one applied counts; see
    /// [`BrokerConfig::apply_all`].
    pub fn apply(&mut self, name: &str, value: &str) -> Result<Applied, ConfigError> {
        let Some(def) = find_config(Scope::Broker, name) else {
            return match known_configs(Scope::Broker).any(|known| known == name) {
                true => Ok(Applied::NotReadYet),
                false => Err(ConfigError::new(name, value, "Unknown broker config name")),
            };
        };
        let parsed = def.parse(value)?;
        check_age(name, value, &parsed)?;
        let set = match parsed {
            ConfigValue::Int(n) => {
                set_number(self, name, n)
                    || set_quorum_number(&mut self.quorum, name, n)
                    || set_topic_number(&mut self.topic_defaults, name, n)
            }
            ConfigValue::Bool(yes) => set_bool(self, name, yes),
            ConfigValue::Str(text) => set_text(self, name, text),
            ConfigValue::List(words) => set_list(self, name, &words),
        };
        debug_assert!(set, "{name} is in the table of what is read");
        Ok(Applied::Read)
    }

    /// Applies several configs in the order that Kafka's precedence asks for: milliseconds count
    /// before minutes, minutes before hours. Stops at the first error.
    pub fn apply_all<'a>(
        &mut self,
        entries: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    ) -> Result<(), ConfigError> {
        for coarse in COARSE_FIRST {
            for (name, value) in entries.clone().filter(|(name, _)| name == coarse) {
                self.apply(name, value)?;
            }
        }
        for (name, value) in entries.filter(|(name, _)| !COARSE_FIRST.contains(name)) {
            self.apply(name, value)?;
        }
        Ok(())
    }
}

/// A retention age is unlimited (any negative number) or at least 1.
fn check_age(name: &str, value: &str, parsed: &ConfigValue) -> Result<(), ConfigError> {
    let ages = [
        "log.retention.ms",
        "log.retention.minutes",
        "log.retention.hours",
    ];
    if ages.contains(&name) && *parsed == ConfigValue::Int(0) {
        let reason = "log.retention.ms must be unlimited (-1) or, equal or greater than 1";
        return Err(ConfigError::new(name, value, reason));
    }
    Ok(())
}

/// A negative time counts as none at all.
fn millis(n: i64) -> Span {
    Span::from_millis(n.max(0) as u64)
}

fn int(n: i64) -> i32 {
    n.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}

fn set_number(config: &mut BrokerConfig, name: &str, n: i64) -> bool {
    match name {
        "num.partitions" => config.num_partitions = int(n),
        "default.replication.factor" => {
            config.default_replication_factor = n.clamp(-1, i64::from(i16::MAX)) as i16;
        }
        "replica.fetch.min.bytes" => config.replica_fetch_min_bytes = int(n),
        "replica.fetch.max.bytes" => config.replica_fetch_max_bytes = int(n),
        "replica.fetch.response.max.bytes" => config.replica_fetch_response_max_bytes = int(n),
        "fetch.max.bytes" => config.fetch_max_bytes = int(n),
        "max.incremental.fetch.session.cache.slots" => {
            config.max_incremental_fetch_session_cache_slots = n.max(0) as usize;
        }
        "leader.imbalance.check.interval.seconds" => {
            config.leader_imbalance_check_interval = Span::from_secs(n.max(0) as u64);
        }
        _ => return set_time(config, name, millis(n)),
    }
    true
}

fn set_time(config: &mut BrokerConfig, name: &str, span: Span) -> bool {
    let field = match name {
        "broker.heartbeat.interval.ms" => &mut config.broker_heartbeat_interval,
        "broker.session.timeout.ms" => &mut config.broker_session_timeout,
        "initial.broker.registration.timeout.ms" => &mut config.initial_broker_registration_timeout,
        "unclean.leader.election.interval.ms" => &mut config.unclean_leader_election_interval,
        "replica.lag.time.max.ms" => &mut config.replica_lag_time_max,
        "replica.fetch.wait.max.ms" => &mut config.replica_fetch_wait_max,
        "replica.fetch.backoff.ms" => &mut config.replica_fetch_backoff,
        "replica.high.watermark.checkpoint.interval.ms" => {
            &mut config.replica_high_watermark_checkpoint_interval
        }
        "replica.socket.timeout.ms" => &mut config.replica_socket_timeout,
        "log.flush.offset.checkpoint.interval.ms" => {
            &mut config.log_flush_offset_checkpoint_interval
        }
        "log.flush.start.offset.checkpoint.interval.ms" => {
            &mut config.log_flush_start_offset_checkpoint_interval
        }
        "log.retention.check.interval.ms" => &mut config.log_retention_check_interval,
        "log.initial.task.delay.ms" => &mut config.log_initial_task_delay,
        "producer.id.expiration.ms" => &mut config.producer_id_expiration,
        "producer.id.expiration.check.interval.ms" => {
            &mut config.producer_id_expiration_check_interval
        }
        "request.timeout.ms" => &mut config.request_timeout,
        _ => return false,
    };
    *field = span;
    true
}

fn set_quorum_number(quorum: &mut QuorumConfig, name: &str, n: i64) -> bool {
    let field = match name {
        "controller.quorum.election.timeout.ms" => &mut quorum.election_timeout,
        "controller.quorum.fetch.timeout.ms" => &mut quorum.fetch_timeout,
        "controller.quorum.election.backoff.max.ms" => &mut quorum.election_backoff_max,
        "controller.quorum.append.linger.ms" => &mut quorum.append_linger,
        "controller.quorum.request.timeout.ms" => &mut quorum.request_timeout,
        "controller.quorum.retry.backoff.ms" => &mut quorum.retry_backoff,
        "metadata.max.idle.interval.ms" => &mut quorum.metadata_max_idle_interval,
        "metadata.log.max.snapshot.interval.ms" => &mut quorum.max_snapshot_interval,
        "metadata.log.max.record.bytes.between.snapshots" => {
            quorum.max_record_bytes_between_snapshots = n.max(0) as u64;
            return true;
        }
        "controller.quorum.fetch.max.bytes" => {
            quorum.fetch_max_bytes = int(n);
            return true;
        }
        "metadata.log.segment.bytes" | "internal.metadata.log.segment.bytes" => {
            quorum.segment_bytes = int(n);
            return true;
        }
        _ => return false,
    };
    *field = millis(n);
    true
}

/// The broker's names of topic configs (`ServerTopicConfigSynonyms`).
fn set_topic_number(topic: &mut TopicConfig, name: &str, n: i64) -> bool {
    let minutes = |n: i64| if n < 0 { -1 } else { n.saturating_mul(60_000) };
    let hours = |n: i64| {
        if n < 0 {
            -1
        } else {
            n.saturating_mul(3_600_000)
        }
    };
    match name {
        "log.segment.bytes" => topic.segment_bytes = int(n),
        "log.roll.ms" => topic.segment_ms = n,
        "log.roll.hours" => topic.segment_ms = hours(n),
        "log.roll.jitter.ms" => topic.segment_jitter_ms = n,
        "log.roll.jitter.hours" => topic.segment_jitter_ms = hours(n),
        "log.index.size.max.bytes" => topic.segment_index_bytes = int(n),
        "log.index.interval.bytes" => topic.index_interval_bytes = int(n),
        "log.retention.bytes" => topic.retention_bytes = n,
        "log.retention.ms" => topic.retention_ms = n.max(-1),
        "log.retention.minutes" => topic.retention_ms = minutes(n),
        "log.retention.hours" => topic.retention_ms = hours(n),
        "log.segment.delete.delay.ms" => topic.file_delete_delay_ms = n,
        "log.flush.interval.messages" => topic.flush_messages = n,
        "log.flush.interval.ms" => topic.flush_ms = n,
        "message.max.bytes" => topic.max_message_bytes = int(n),
        "min.insync.replicas" => topic.min_insync_replicas = int(n),
        "log.message.timestamp.before.max.ms" => topic.message_timestamp_before_max_ms = n,
        "log.message.timestamp.after.max.ms" => topic.message_timestamp_after_max_ms = n,
        _ => return false,
    }
    true
}

fn set_bool(config: &mut BrokerConfig, name: &str, yes: bool) -> bool {
    let field = match name {
        "controlled.shutdown.enable" => &mut config.controlled_shutdown_enable,
        "auto.create.topics.enable" => &mut config.auto_create_topics_enable,
        "auto.leader.rebalance.enable" => &mut config.auto_leader_rebalance_enable,
        "unclean.leader.election.enable" => {
            &mut config.topic_defaults.unclean_leader_election_enable
        }
        _ => return false,
    };
    *field = yes;
    true
}

fn set_text(config: &mut BrokerConfig, name: &str, text: String) -> bool {
    match name {
        "broker.rack" => config.rack = Some(text),
        "log.message.timestamp.type" => {
            config.topic_defaults.message_timestamp_log_append = text == "LogAppendTime";
        }
        _ => return false,
    }
    true
}

fn set_list(config: &mut BrokerConfig, name: &str, words: &[String]) -> bool {
    if name != "log.cleanup.policy" {
        return false;
    }
    let has = |policy: &str| words.iter().any(|word| word == policy);
    config.topic_defaults.cleanup_delete = has("delete");
    config.topic_defaults.cleanup_compact = has("compact");
    true
}
