//! Experiments: clusters, scenarios, checks and traces over the simulated Kafka.
//!
//! Order of the rooms: `cluster`, `check`, `scenario`.

pub mod check;
pub mod cluster;
pub mod scenario;
