//! `kafkalab bench`: how fast the engine is on this machine, beside a bare loop.

pub mod rawloop;
