//! What is simulated: Apache Kafka 4.3 as state machines over [`crate::sim`].
//!
//! Order of the rooms, each may name only the ones before it (rooms of one line never name each
//! other):
//!
//! 1. [`protocol`], [`config`]
//! 2. [`vocabulary`]
//! 3. [`network_client`], [`storage`], [`metadata`]
//! 4. [`raft`], [`controller`], [`replica`], [`client`]
//! 5. [`server`]
//!
//! Numbers in comments and in the sources of notes (`2.14`, `R9`, `I16`) are rows of
//! `docs/behaviour.md`, which says what part of Kafka decides.

pub mod client;
pub mod config;
pub mod controller;
pub mod metadata;
pub mod network_client;
pub mod protocol;
pub mod raft;
pub mod replica;
pub mod server;
pub mod storage;
pub mod vocabulary;

/// The version of Kafka that is simulated.
pub const VERSION: &str = "4.3.1";
