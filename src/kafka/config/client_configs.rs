//! Configs of producers and consumers by name: defaults of each client family, parsing, and the
//! rules between configs (`ProducerConfig`, `ConsumerConfig`, `ConfigDef` of Kafka; librdkafka's
//! `rd_kafka_conf_finalize`; sarama's `Config.Validate`).
//!
//! Java's names serve every family; librdkafka's and sarama's own names are accepted for their
//! family as well.

mod given;

use given::Given;

use super::{Acks, ClientKind, ConfigError, ConsumerConfig, PartitionerKind, ProducerConfig};
use crate::sim::Span;
use std::collections::BTreeSet;

const NO_TIMEOUT: Span = Span(u64::MAX);

impl ProducerConfig {
    /// The defaults of a client family.
    pub fn defaults(client: ClientKind) -> Self {
        let java = ProducerConfig {
            client,
            ..ProducerConfig::default()
        };
        match client {
            ClientKind::Java => java,
            ClientKind::Librdkafka => ProducerConfig {
                enable_idempotence: false,
                batch_size: 1_000_000,
                batch_num_messages: 10_000,
                buffer_memory: 1_073_741_824,
                max_request_size: 1_000_000,
                max_in_flight: 1_000_000,
                delivery_timeout: Span::from_millis(300_000),
                reconnect_backoff: Span::from_millis(100),
                reconnect_backoff_max: Span::from_millis(10_000),
                partitioner: PartitionerKind::ConsistentRandom,
                sticky_partitioning_linger: Span::from_millis(10),
                ..java
            },
            ClientKind::Sarama => ProducerConfig {
                acks: Acks::Leader,
                enable_idempotence: false,
                batch_size: 1_048_576,
                linger: Span::ZERO,
                buffer_memory: i64::MAX,
                max_request_size: 1_048_576,
                retries: 3,
                retry_backoff_max: Span::from_millis(100),
                delivery_timeout: NO_TIMEOUT,
                produce_timeout: Some(Span::from_millis(10_000)),
                metadata_max_age: Span::from_millis(600_000),
                reconnect_backoff: Span::from_millis(250),
                reconnect_backoff_max: Span::from_millis(250),
                partitioner: PartitionerKind::SaramaHash,
                ..java
            },
        }
    }

    /// Whether a client of this family reads the config `name`.
    pub fn reads(client: ClientKind, name: &str) -> bool {
        canonical(PRODUCER_NAMES, PRODUCER_ALIASES, client, name).is_some()
    }

    /// Sets one config by its name.
    ///
    /// # Errors
    /// An unknown name, a value of another type or out of range.
    pub fn apply(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        let known = canonical(PRODUCER_NAMES, PRODUCER_ALIASES, self.client, name)
            .ok_or_else(|| ConfigError::new(name, value, "Unknown producer configuration"))?;
        let at = Given { name, value };
        match known {
            "acks" => self.acks = at.acks()?,
            "batch.num.messages" => self.batch_num_messages = at.int(1)?,
            "batch.size" => self.batch_size = at.int(0)?,
            "buffer.memory" => self.buffer_memory = at.long(0)?,
            "delivery.timeout.ms" => self.delivery_timeout = at.int_millis()?,
            "enable.idempotence" => self.enable_idempotence = at.boolean()?,
            "linger.ms" => self.linger = at.long_millis()?,
            "max.block.ms" => self.max_block = at.long_millis()?,
            "max.in.flight.requests.per.connection" => self.max_in_flight = at.int(1)? as usize,
            "max.request.size" => self.max_request_size = at.int(0)?,
            "metadata.max.age.ms" => self.metadata_max_age = at.long_millis()?,
            "partitioner.adaptive.partitioning.enable" => {
                self.partitioner_adaptive = at.boolean()?;
            }
            "partitioner.availability.timeout.ms" => {
                self.partitioner_availability_timeout = at.long_millis()?;
            }
            "partitioner.class" => self.partitioner = at.partitioner()?,
            "partitioner.ignore.keys" => self.partitioner_ignore_keys = at.boolean()?,
            "reconnect.backoff.max.ms" => self.reconnect_backoff_max = at.long_millis()?,
            "reconnect.backoff.ms" => self.reconnect_backoff = at.long_millis()?,
            "request.timeout.ms" => self.request_timeout = at.int_millis()?,
            "retries" => self.retries = at.int(0)?,
            "retry.backoff.max.ms" => self.retry_backoff_max = at.long_millis()?,
            "retry.backoff.ms" => self.retry_backoff = at.long_millis()?,
            _ => self.sticky_partitioning_linger = at.long_millis()?,
        }
        self.explicit.insert(known);
        Ok(())
    }

    /// Applies the rules between configs, once all are set.
    ///
    /// # Errors
    /// The rule that is broken, in the client family's own words.
    pub fn finish(&mut self) -> Result<(), ConfigError> {
        match self.client {
            ClientKind::Java => self.finish_java(),
            ClientKind::Librdkafka => self.finish_librdkafka(),
            ClientKind::Sarama => self.finish_sarama(),
        }
    }

    fn finish_java(&mut self) -> Result<(), ConfigError> {
        post_process_reconnect_backoff(
            &self.explicit,
            self.reconnect_backoff,
            &mut self.reconnect_backoff_max,
        );
        self.post_process_and_validate_idempotence()?;
        let least = self.linger + self.request_timeout;
        if self.delivery_timeout < least {
            if self.explicit.contains("delivery.timeout.ms") {
                return Err(ConfigError::rule(
                    "delivery.timeout.ms should be equal to or larger than \
                     linger.ms + request.timeout.ms",
                ));
            }
            self.delivery_timeout = least;
        }
        Ok(())
    }

    fn post_process_and_validate_idempotence(&mut self) -> Result<(), ConfigError> {
        if !self.enable_idempotence {
            return Ok(());
        }
        let explicit = self.explicit.contains("enable.idempotence");
        let mut disable = false;
        if self.retries == 0 {
            if explicit {
                return Err(ConfigError::rule(
                    "Must set retries to non-zero when using the idempotent producer.",
                ));
            }
            disable = true;
        }
        if self.acks != Acks::All {
            if explicit {
                return Err(ConfigError::rule(
                    "Must set acks to all in order to use the idempotent producer. Otherwise we \
                     cannot guarantee idempotence.",
                ));
            }
            disable = true;
        }
        // The check comes before idempotence is disabled, so it holds for every producer that
        // did not switch idempotence off by name.
        if self.max_in_flight > 5 {
            return Err(ConfigError::rule(format!(
                "To use the idempotent producer, max.in.flight.requests.per.connection must be \
                 set to at most 5. Current value is {}.",
                self.max_in_flight
            )));
        }
        self.enable_idempotence = !disable;
        Ok(())
    }

    fn finish_librdkafka(&mut self) -> Result<(), ConfigError> {
        if !self.enable_idempotence {
            return Ok(());
        }
        let explicit = |name| self.explicit.contains(name);
        if explicit("max.in.flight.requests.per.connection") && self.max_in_flight > 5 {
            return Err(ConfigError::rule(
                "`max.in.flight` must be set <= 5 when `enable.idempotence` is true",
            ));
        }
        if explicit("retries") && self.retries < 1 {
            return Err(ConfigError::rule(
                "`retries` must be set >= 1 when `enable.idempotence` is true",
            ));
        }
        if explicit("acks") && self.acks != Acks::All {
            return Err(ConfigError::rule(
                "`acks` must be set to `all` when `enable.idempotence` is true",
            ));
        }
        self.max_in_flight = self.max_in_flight.min(5);
        Ok(())
    }

    fn finish_sarama(&mut self) -> Result<(), ConfigError> {
        if !self.enable_idempotence {
            return Ok(());
        }
        if self.retries == 0 {
            return Err(ConfigError::rule(
                "Idempotent producer requires Producer.Retry.Max >= 1",
            ));
        }
        if self.acks != Acks::All {
            return Err(ConfigError::rule(
                "Idempotent producer requires Producer.RequiredAcks to be WaitForAll",
            ));
        }
        if self.max_in_flight > 1 {
            return Err(ConfigError::rule(
                "Idempotent producer requires Net.MaxOpenRequests to be 1",
            ));
        }
        Ok(())
    }
}

impl ConsumerConfig {
    /// The defaults of a client family.
    pub fn defaults(client: ClientKind) -> Self {
        let java = ConsumerConfig {
            client,
            ..ConsumerConfig::default()
        };
        match client {
            ClientKind::Java => java,
            ClientKind::Librdkafka => ConsumerConfig {
                read_committed: true,
                request_timeout: Span::from_millis(60_000),
                reconnect_backoff: Span::from_millis(100),
                reconnect_backoff_max: Span::from_millis(10_000),
                ..java
            },
            ClientKind::Sarama => ConsumerConfig {
                fetch_max_bytes: i32::MAX,
                retry_backoff: Span::from_millis(2_000),
                retry_backoff_max: Span::from_millis(2_000),
                metadata_max_age: Span::from_millis(600_000),
                reconnect_backoff: Span::from_millis(250),
                reconnect_backoff_max: Span::from_millis(250),
                ..java
            },
        }
    }

    /// Whether a client of this family reads the config `name`.
    pub fn reads(client: ClientKind, name: &str) -> bool {
        canonical(CONSUMER_NAMES, CONSUMER_ALIASES, client, name).is_some()
    }

    /// Sets one config by its name.
    ///
    /// # Errors
    /// An unknown name, a value of another type or out of range.
    pub fn apply(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        let known = canonical(CONSUMER_NAMES, CONSUMER_ALIASES, self.client, name)
            .ok_or_else(|| ConfigError::new(name, value, "Unknown consumer configuration"))?;
        let at = Given { name, value };
        match known {
            "auto.offset.reset" => self.auto_offset_reset = at.offset_reset()?,
            "default.api.timeout.ms" => self.default_api_timeout = at.int_millis()?,
            "fetch.max.bytes" => self.fetch_max_bytes = at.int(0)?,
            "fetch.max.wait.ms" => self.fetch_max_wait = at.int_millis()?,
            "fetch.min.bytes" => self.fetch_min_bytes = at.int(0)?,
            "isolation.level" => self.read_committed = at.isolation_level()?,
            "max.partition.fetch.bytes" => self.max_partition_fetch_bytes = at.int(0)?,
            "max.poll.records" => self.max_poll_records = at.int(1)?,
            "metadata.max.age.ms" => self.metadata_max_age = at.long_millis()?,
            "reconnect.backoff.max.ms" => self.reconnect_backoff_max = at.long_millis()?,
            "reconnect.backoff.ms" => self.reconnect_backoff = at.long_millis()?,
            "request.timeout.ms" => self.request_timeout = at.int_millis()?,
            "retry.backoff.max.ms" => self.retry_backoff_max = at.long_millis()?,
            _ => self.retry_backoff = at.long_millis()?,
        }
        self.explicit.insert(known);
        Ok(())
    }

    /// Applies the rules between configs, once all are set.
    ///
    /// # Errors
    /// None so far; the signature is that of [`ProducerConfig::finish`].
    pub fn finish(&mut self) -> Result<(), ConfigError> {
        if self.client == ClientKind::Java {
            post_process_reconnect_backoff(
                &self.explicit,
                self.reconnect_backoff,
                &mut self.reconnect_backoff_max,
            );
        }
        Ok(())
    }
}

/// `CommonClientConfigs.postProcessReconnectBackoffConfigs`: a back-off that was set alone is
/// not exponential.
fn post_process_reconnect_backoff(
    explicit: &BTreeSet<&'static str>,
    backoff: Span,
    max: &mut Span,
) {
    let set = |name| explicit.contains(name);
    if set("reconnect.backoff.ms") && !set("reconnect.backoff.max.ms") {
        *max = backoff;
    }
}

const PRODUCER_NAMES: &[&str] = &[
    "acks",
    "batch.num.messages",
    "batch.size",
    "buffer.memory",
    "delivery.timeout.ms",
    "enable.idempotence",
    "linger.ms",
    "max.block.ms",
    "max.in.flight.requests.per.connection",
    "max.request.size",
    "metadata.max.age.ms",
    "partitioner.adaptive.partitioning.enable",
    "partitioner.availability.timeout.ms",
    "partitioner.class",
    "partitioner.ignore.keys",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "request.timeout.ms",
    "retries",
    "retry.backoff.max.ms",
    "retry.backoff.ms",
    "sticky.partitioning.linger.ms",
];

const PRODUCER_ALIASES: &[(ClientKind, &str, &str)] = &[
    (ClientKind::Librdkafka, "request.required.acks", "acks"),
    (
        ClientKind::Librdkafka,
        "message.timeout.ms",
        "delivery.timeout.ms",
    ),
    (
        ClientKind::Librdkafka,
        "queue.buffering.max.ms",
        "linger.ms",
    ),
    (
        ClientKind::Librdkafka,
        "max.in.flight",
        "max.in.flight.requests.per.connection",
    ),
    (
        ClientKind::Librdkafka,
        "message.max.bytes",
        "max.request.size",
    ),
    (
        ClientKind::Librdkafka,
        "message.send.max.retries",
        "retries",
    ),
    (ClientKind::Librdkafka, "partitioner", "partitioner.class"),
    (ClientKind::Sarama, "Producer.RequiredAcks", "acks"),
    (
        ClientKind::Sarama,
        "Producer.MaxMessageBytes",
        "max.request.size",
    ),
    (ClientKind::Sarama, "Net.ReadTimeout", "request.timeout.ms"),
    (ClientKind::Sarama, "Producer.Retry.Max", "retries"),
    (
        ClientKind::Sarama,
        "Producer.Idempotent",
        "enable.idempotence",
    ),
    (
        ClientKind::Sarama,
        "Producer.Partitioner",
        "partitioner.class",
    ),
    (
        ClientKind::Sarama,
        "Net.MaxOpenRequests",
        "max.in.flight.requests.per.connection",
    ),
];

const CONSUMER_NAMES: &[&str] = &[
    "auto.offset.reset",
    "default.api.timeout.ms",
    "fetch.max.bytes",
    "fetch.max.wait.ms",
    "fetch.min.bytes",
    "isolation.level",
    "max.partition.fetch.bytes",
    "max.poll.records",
    "metadata.max.age.ms",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "request.timeout.ms",
    "retry.backoff.max.ms",
    "retry.backoff.ms",
];

const CONSUMER_ALIASES: &[(ClientKind, &str, &str)] = &[
    (
        ClientKind::Librdkafka,
        "fetch.wait.max.ms",
        "fetch.max.wait.ms",
    ),
    (
        ClientKind::Librdkafka,
        "fetch.message.max.bytes",
        "max.partition.fetch.bytes",
    ),
    (
        ClientKind::Librdkafka,
        "socket.timeout.ms",
        "request.timeout.ms",
    ),
];

fn canonical(
    names: &[&'static str],
    aliases: &[(ClientKind, &'static str, &'static str)],
    client: ClientKind,
    name: &str,
) -> Option<&'static str> {
    let alias = aliases
        .iter()
        .find(|(of, alias, _)| *of == client && *alias == name)
        .map(|(_, _, canonical)| *canonical);
    let known = names.iter().find(|known| **known == name).copied();
    alias.or(known)
}

#[cfg(test)]
mod tests;
