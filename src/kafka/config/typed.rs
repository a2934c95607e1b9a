//! The configs as the logic reads them. Defaults are those of Kafka 4.3.1.

use super::Semantics;
use crate::sim::Span;
use std::collections::BTreeSet;

/// What a broker reads (`KafkaConfig`), with the defaults of topics.
#[derive(Clone, Debug, PartialEq)]
#[allow(
    missing_docs,
    reason = "fields are named as Kafka's configs, which describe them"
)]
pub struct BrokerConfig {
    pub broker_heartbeat_interval: Span,
    pub broker_session_timeout: Span,
    pub initial_broker_registration_timeout: Span,
    pub controlled_shutdown_enable: bool,
    pub auto_create_topics_enable: bool,
    pub num_partitions: i32,
    pub default_replication_factor: i16,
    pub auto_leader_rebalance_enable: bool,
    pub leader_imbalance_check_interval: Span,
    pub unclean_leader_election_interval: Span,
    pub replica_lag_time_max: Span,
    pub replica_fetch_wait_max: Span,
    pub replica_fetch_min_bytes: i32,
    pub replica_fetch_max_bytes: i32,
    pub replica_fetch_response_max_bytes: i32,
    pub replica_fetch_backoff: Span,
    pub replica_high_watermark_checkpoint_interval: Span,
    pub replica_socket_timeout: Span,
    pub fetch_max_bytes: i32,
    pub max_incremental_fetch_session_cache_slots: usize,
    pub log_flush_offset_checkpoint_interval: Span,
    pub log_flush_start_offset_checkpoint_interval: Span,
    pub log_retention_check_interval: Span,
    pub log_initial_task_delay: Span,
    pub producer_id_expiration: Span,
    pub producer_id_expiration_check_interval: Span,
    pub request_timeout: Span,
    pub rack: Option<String>,
    pub quorum: QuorumConfig,
    pub topic_defaults: TopicConfig,
    pub semantics: Semantics,
}

impl Default for BrokerConfig {
    fn default() -> Self {
        BrokerConfig {
            broker_heartbeat_interval: Span::from_millis(2_000),
            broker_session_timeout: Span::from_millis(9_000),
            initial_broker_registration_timeout: Span::from_millis(60_000),
            controlled_shutdown_enable: true,
            auto_create_topics_enable: true,
            num_partitions: 1,
            default_replication_factor: 1,
            auto_leader_rebalance_enable: true,
            leader_imbalance_check_interval: Span::from_secs(300),
            unclean_leader_election_interval: Span::from_secs(300),
            replica_lag_time_max: Span::from_millis(30_000),
            replica_fetch_wait_max: Span::from_millis(500),
            replica_fetch_min_bytes: 1,
            replica_fetch_max_bytes: 1_048_576,
            replica_fetch_response_max_bytes: 10_485_760,
            replica_fetch_backoff: Span::from_millis(1_000),
            replica_high_watermark_checkpoint_interval: Span::from_millis(5_000),
            replica_socket_timeout: Span::from_millis(30_000),
            fetch_max_bytes: 57_671_680,
            max_incremental_fetch_session_cache_slots: 1_000,
            log_flush_offset_checkpoint_interval: Span::from_millis(60_000),
            log_flush_start_offset_checkpoint_interval: Span::from_millis(60_000),
            log_retention_check_interval: Span::from_millis(300_000),
            log_initial_task_delay: Span::from_millis(30_000),
            producer_id_expiration: Span::from_millis(86_400_000),
            producer_id_expiration_check_interval: Span::from_millis(600_000),
            request_timeout: Span::from_millis(30_000),
            rack: None,
            quorum: QuorumConfig::default(),
            topic_defaults: TopicConfig::default(),
            semantics: Semantics::default(),
        }
    }
}

/// What the quorum reads (`QuorumConfig`, `MetadataLogConfig`).
#[derive(Clone, Debug, PartialEq)]
#[allow(
    missing_docs,
    reason = "fields are named as Kafka's configs, which describe them"
)]
pub struct QuorumConfig {
    pub election_timeout: Span,
    pub fetch_timeout: Span,
    pub election_backoff_max: Span,
    pub append_linger: Span,
    pub request_timeout: Span,
    pub retry_backoff: Span,
    pub metadata_max_idle_interval: Span,
    pub fetch_max_wait: Span,
    pub fetch_max_bytes: i32,
    pub max_record_bytes_between_snapshots: u64,
    pub max_snapshot_interval: Span,
    pub segment_bytes: i32,
}

impl Default for QuorumConfig {
    fn default() -> Self {
        QuorumConfig {
            election_timeout: Span::from_millis(1_000),
            fetch_timeout: Span::from_millis(2_000),
            election_backoff_max: Span::from_millis(1_000),
            append_linger: Span::from_millis(25),
            request_timeout: Span::from_millis(2_000),
            retry_backoff: Span::from_millis(20),
            metadata_max_idle_interval: Span::from_millis(500),
            fetch_max_wait: Span::from_millis(500),
            fetch_max_bytes: 1_048_576,
            max_record_bytes_between_snapshots: 20_971_520,
            max_snapshot_interval: Span::from_millis(3_600_000),
            segment_bytes: 1_073_741_824,
        }
    }
}

/// What one topic's log reads (`LogConfig`): broker defaults under the topic's own configs.
#[derive(Clone, Debug, PartialEq)]
#[allow(
    missing_docs,
    reason = "fields are named as Kafka's configs, which describe them"
)]
pub struct TopicConfig {
    pub segment_bytes: i32,
    pub segment_ms: i64,
    pub segment_jitter_ms: i64,
    pub segment_index_bytes: i32,
    pub index_interval_bytes: i32,
    pub retention_bytes: i64,
    pub retention_ms: i64,
    pub file_delete_delay_ms: i64,
    pub flush_messages: i64,
    pub flush_ms: i64,
    pub max_message_bytes: i32,
    pub min_insync_replicas: i32,
    pub unclean_leader_election_enable: bool,
    pub message_timestamp_log_append: bool,
    pub message_timestamp_before_max_ms: i64,
    pub message_timestamp_after_max_ms: i64,
    pub cleanup_delete: bool,
    pub cleanup_compact: bool,
}

impl Default for TopicConfig {
    fn default() -> Self {
        TopicConfig {
            segment_bytes: 1_073_741_824,
            segment_ms: 604_800_000,
            segment_jitter_ms: 0,
            segment_index_bytes: 10_485_760,
            index_interval_bytes: 4_096,
            retention_bytes: -1,
            retention_ms: 604_800_000,
            file_delete_delay_ms: 60_000,
            flush_messages: i64::MAX,
            flush_ms: i64::MAX,
            max_message_bytes: 1_048_588,
            min_insync_replicas: 1,
            unclean_leader_election_enable: false,
            message_timestamp_log_append: false,
            message_timestamp_before_max_ms: i64::MAX,
            message_timestamp_after_max_ms: 3_600_000,
            cleanup_delete: true,
            cleanup_compact: false,
        }
    }
}

/// Whose defaults, partitioner and retry rules a client follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ClientKind {
    /// Apache Kafka's Java client.
    #[default]
    Java,
    /// librdkafka 2.16.
    Librdkafka,
    /// IBM/sarama 1.61.
    Sarama,
}

/// The `acks` of a producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Acks {
    /// 0: no answer.
    None,
    /// 1: the leader's append.
    Leader,
    /// -1: all in-sync replicas.
    #[default]
    All,
}

impl Acks {
    /// The number in a produce request.
    pub fn code(self) -> i16 {
        match self {
            Acks::None => 0,
            Acks::Leader => 1,
            Acks::All => -1,
        }
    }
}

/// How a producer picks a partition when none is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum PartitionerKind {
    /// Java's built-in: murmur2 of the key, else uniform sticky (KIP-794).
    #[default]
    BuiltIn,
    /// Java's RoundRobinPartitioner.
    RoundRobin,
    /// librdkafka's consistent_random: CRC-32 of the key, else (or empty) sticky random.
    ConsistentRandom,
    /// librdkafka's murmur2_random.
    Murmur2Random,
    /// librdkafka's fnv1a_random.
    Fnv1aRandom,
    /// sarama's NewHashPartitioner: FNV-1a with absolute value, else random.
    SaramaHash,
    /// sarama's NewReferenceHashPartitioner: FNV-1a masked, else random.
    SaramaReferenceHash,
    /// sarama's NewRandomPartitioner and librdkafka's random.
    Random,
    /// sarama's NewRoundRobinPartitioner (starts at 0, counts on over all partitions).
    SaramaRoundRobin,
    /// sarama's NewManualPartitioner: the record's own partition.
    Manual,
}

/// What a producer reads (`ProducerConfig`).
#[derive(Clone, Debug, PartialEq)]
#[allow(
    missing_docs,
    reason = "fields are named as Kafka's configs, which describe them"
)]
pub struct ProducerConfig {
    pub client: ClientKind,
    pub acks: Acks,
    pub enable_idempotence: bool,
    pub batch_size: i32,
    pub linger: Span,
    pub buffer_memory: i64,
    pub max_block: Span,
    pub max_request_size: i32,
    pub max_in_flight: usize,
    pub retries: i32,
    pub retry_backoff: Span,
    pub retry_backoff_max: Span,
    pub delivery_timeout: Span,
    pub request_timeout: Span,
    /// What the broker may take for acks=all, where a client says that apart from how long it waits
    /// for the answer (sarama's `Producer.Timeout`).
    pub produce_timeout: Option<Span>,
    pub metadata_max_age: Span,
    pub reconnect_backoff: Span,
    pub reconnect_backoff_max: Span,
    pub partitioner: PartitionerKind,
    pub partitioner_ignore_keys: bool,
    pub partitioner_adaptive: bool,
    pub partitioner_availability_timeout: Span,
    /// librdkafka's `batch.num.messages`: the most records of a batch.
    pub batch_num_messages: i32,
    /// librdkafka's `sticky.partitioning.linger.ms`: how long records without a key stay on one
    /// partition.
    pub sticky_partitioning_linger: Span,
    /// The configs that were set by name.
    pub explicit: BTreeSet<&'static str>,
}

impl Default for ProducerConfig {
    fn default() -> Self {
        ProducerConfig {
            client: ClientKind::Java,
            acks: Acks::All,
            enable_idempotence: true,
            batch_size: 16_384,
            linger: Span::from_millis(5),
            buffer_memory: 33_554_432,
            max_block: Span::from_millis(60_000),
            max_request_size: 1_048_576,
            max_in_flight: 5,
            retries: i32::MAX,
            retry_backoff: Span::from_millis(100),
            retry_backoff_max: Span::from_millis(1_000),
            delivery_timeout: Span::from_millis(120_000),
            request_timeout: Span::from_millis(30_000),
            produce_timeout: None,
            metadata_max_age: Span::from_millis(300_000),
            reconnect_backoff: Span::from_millis(50),
            reconnect_backoff_max: Span::from_millis(1_000),
            partitioner: PartitionerKind::BuiltIn,
            partitioner_ignore_keys: false,
            partitioner_adaptive: true,
            partitioner_availability_timeout: Span::ZERO,
            batch_num_messages: i32::MAX,
            sticky_partitioning_linger: Span::ZERO,
            explicit: BTreeSet::new(),
        }
    }
}

/// `auto.offset.reset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OffsetReset {
    /// From the log start.
    Earliest,
    /// From the high watermark.
    #[default]
    Latest,
    /// An error to the application.
    None,
}

/// What a consumer reads (`ConsumerConfig`).
#[derive(Clone, Debug, PartialEq)]
#[allow(
    missing_docs,
    reason = "fields are named as Kafka's configs, which describe them"
)]
pub struct ConsumerConfig {
    pub client: ClientKind,
    pub auto_offset_reset: OffsetReset,
    pub fetch_min_bytes: i32,
    pub fetch_max_wait: Span,
    pub fetch_max_bytes: i32,
    pub max_partition_fetch_bytes: i32,
    pub max_poll_records: i32,
    pub read_committed: bool,
    pub retry_backoff: Span,
    pub retry_backoff_max: Span,
    pub request_timeout: Span,
    pub default_api_timeout: Span,
    pub metadata_max_age: Span,
    pub reconnect_backoff: Span,
    pub reconnect_backoff_max: Span,
    /// The configs that were set by name.
    pub explicit: BTreeSet<&'static str>,
}

impl Default for ConsumerConfig {
    fn default() -> Self {
        ConsumerConfig {
            client: ClientKind::Java,
            auto_offset_reset: OffsetReset::Latest,
            fetch_min_bytes: 1,
            fetch_max_wait: Span::from_millis(500),
            fetch_max_bytes: 52_428_800,
            max_partition_fetch_bytes: 1_048_576,
            max_poll_records: 500,
            read_committed: false,
            retry_backoff: Span::from_millis(100),
            retry_backoff_max: Span::from_millis(1_000),
            request_timeout: Span::from_millis(30_000),
            default_api_timeout: Span::from_millis(60_000),
            metadata_max_age: Span::from_millis(300_000),
            reconnect_backoff: Span::from_millis(50),
            reconnect_backoff_max: Span::from_millis(1_000),
            explicit: BTreeSet::new(),
        }
    }
}
