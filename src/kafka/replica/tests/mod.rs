//! Tests of the replica manager: several of them, with messages carried by hand.

mod boot;
mod cluster;
mod controller;
mod fetch;
mod isr;
mod list_offsets;
mod produce;
mod replication;
mod sabotage;
mod sessions;
mod truncation;
mod wire;
