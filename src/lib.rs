//! kafkalab: a deterministic simulator and teaching lab of Apache Kafka.
//!
//! The house has four floors; each may name only the ones before it (`tests/architecture.rs`):
//!
//! - [`sim`] is physics: time, chance, network, disks, timers, the event loop, snapshots. No word of
//!   Kafka.
//! - [`kafka`] is what is simulated, as state machines over `sim`.
//!   - [`kafka::protocol`] is for messages, record batches, records of the metadata log
//!   - [`kafka::config`] is for every config that is read; version switches and sabotages
//!   - [`kafka::vocabulary`] is for notes, calls, timers, kinds of work
//!   - [`kafka::network_client`] is for connections and requests in flight
//!   - [`kafka::storage`] is for logs, indexes, leader epochs, producer state, recovery
//!   - [`kafka::metadata`] is for the image of the metadata log
//!   - [`kafka::raft`] is the quorum
//!   - [`kafka::controller`] is for registration, topics, elections
//!   - [`kafka::replica`] is for leaders, followers, purgatory
//!   - [`kafka::client`] is for producer, consumer, admin
//!   - [`kafka::server`] is for the processes that host all of these
//! - [`lab`] is for experiments:
//!   - [`lab::text`] is for what the program says, in two languages
//!   - [`lab::cluster`] is for machines, the way to ready, a view on the truth
//!   - [`lab::check`] is for invariants, and a judge of what clients saw
//!   - [`lab::trace`] is for transcripts, diagrams, metrics, and what Kafka's tools would show
//!   - [`lab::scenario`] is for the language and its runs
//!   - [`lab::explore`] is for random schedules, shrinking
//!   - [`lab::explain`] is for answers: why, and what another history has instead
//!   - [`lab::book`] is for what the engine writes into the book
//! - [`app`] is its faces:
//!   - [`app::tui`] is the visualiser without a terminal, `app::terminal` its loop in one
//!   - [`app::cli`] is the command line

pub mod app;
pub mod kafka;
pub mod lab;
pub mod sim;

/// The example of the README compiles and passes.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
