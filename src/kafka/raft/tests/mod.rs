//! The quorum on simulated machines: stories, properties under faults, and sabotages.

mod bench;
mod cluster;
mod requests;
mod safety;
mod stories;
