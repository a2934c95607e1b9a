//! kafkalab: a deterministic simulator and teaching lab of Apache Kafka.
//!
//! The house has four floors; each may name only the ones before it (`tests/architecture.rs`):
//!
//! - [`sim`]: physics. Time, chance, network, disks, timers, the event loop, snapshots. No word of
//!   Kafka.
//! - [`kafka`]: what is simulated, as state machines over `sim`.
//!   - [`kafka::protocol`]: messages, record batches, records of the metadata log
//!   - [`kafka::config`]: every config that is read; version switches and sabotages
//!   - [`kafka::vocabulary`]: notes, calls, timers, kinds of work
//!   - [`kafka::network_client`]: connections and requests in flight
//!   - [`kafka::storage`]: logs, indexes, leader epochs, producer state, recovery
//!   - [`kafka::metadata`]: the image of the metadata log
//!   - [`kafka::raft`]: the quorum
//!   - [`kafka::controller`]: registration, topics, elections
//!   - [`kafka::replica`]: leaders, followers, purgatory
//!   - [`kafka::client`]: producer, consumer, admin
//!   - [`kafka::server`]: processes that host all of these
//! - [`lab`]: experiments.
//!   - [`lab::cluster`]: machines, the way to ready, a view on the truth
//!   - [`lab::check`]: invariants, and a judge of what clients saw
//!   - [`lab::scenario`]: the language and its runs
//!   - [`lab::explore`]: random schedules, shrinking
//! - [`app`]: faces. The command line.

pub mod app;
pub mod kafka;
pub mod lab;
pub mod sim;
