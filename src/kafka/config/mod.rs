//! Every Kafka config that the simulation reads, by name and typed; version switches and
//! sabotages.

mod broker_configs;
mod client_configs;
mod error;
mod io_model;
mod rows;
mod semantics;
mod table;
pub mod topic_configs;
mod typed;

#[cfg(test)]
mod tests;

pub use broker_configs::Applied;
pub use error::ConfigError;
pub use io_model::IoModel;
pub use semantics::{IsrAdmission, Sabotage, Sabotages, Semantics, Truncation};
pub use table::{ConfigDef, ConfigValue, Kind, Scope, Valid, configs, find_config, known_configs};
pub use typed::{
    Acks, BrokerConfig, ClientKind, ConsumerConfig, OffsetReset, PartitionerKind, ProducerConfig,
    QuorumConfig, TopicConfig,
};
