//! kafkalab: a deterministic simulator and teaching lab of Apache Kafka.
//!
//! The house has four floors; each may name only the ones before it:
//!
//! - [`sim`]: physics. Time, chance, network, disks, the event loop. No word of Kafka.
//! - [`kafka`]: what is simulated. Brokers, controllers, clients as state machines over `sim`.
//! - [`lab`]: experiments. Clusters, scenarios, checks, traces.
//! - [`app`]: faces. The command line.

pub mod app;
pub mod kafka;
pub mod lab;
pub mod sim;
