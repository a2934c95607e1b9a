//! Every Kafka config that the simulation reads, typed; version switches and sabotages.

mod semantics;
mod typed;

pub use semantics::{IsrAdmission, Sabotage, Sabotages, Semantics, Truncation};
pub use typed::{
    Acks, BrokerConfig, ClientKind, ConsumerConfig, OffsetReset, PartitionerKind, ProducerConfig,
    QuorumConfig, TopicConfig,
};
