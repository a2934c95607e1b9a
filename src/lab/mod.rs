//! Experiments: clusters, scenarios, checks and traces over the simulated Kafka.
//!
//! Order of the rooms, each may name only the ones before it: [`text`], [`cluster`], then
//! [`check`] and [`trace`], then [`scenario`], then [`explore`].

pub mod check;
pub mod cluster;
pub mod explore;
pub mod scenario;
pub mod text;
pub mod trace;
