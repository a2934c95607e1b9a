//! Experiments: clusters, scenarios, checks and traces over the simulated Kafka.

pub mod scenario;
