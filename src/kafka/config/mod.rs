//! Every Kafka config that the simulation reads, typed; version switches and sabotages.

mod client_configs;
mod semantics;
pub mod topic_configs;
mod typed;

pub use client_configs::ConfigError;
pub use semantics::{IsrAdmission, Sabotage, Sabotages, Semantics, Truncation};
pub use typed::{
    Acks, BrokerConfig, ClientKind, ConsumerConfig, OffsetReset, PartitionerKind, ProducerConfig,
    QuorumConfig, TopicConfig,
};
