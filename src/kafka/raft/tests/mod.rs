//! The quorum on simulated machines: stories, properties under faults, and sabotages.

mod cluster;
mod requests;
mod safety;
mod stories;
