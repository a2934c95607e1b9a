//! Experiments: clusters, scenarios and checks over the simulated Kafka.
//!
//! Order of the rooms, each may name only the ones before it: [`text`], [`cluster`],
//! [`check`] and [`trace`], [`scenario`], [`explore`], [`explain`] and [`book`].

pub mod book;
pub mod check;
pub mod cluster;
pub mod explain;
pub mod explore;
pub mod scenario;
pub mod text;
pub mod trace;
