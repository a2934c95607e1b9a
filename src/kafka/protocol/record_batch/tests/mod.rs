//! Batches against recordings of Kafka 4.3.1, hand-written bytes, the kafka-protocol crate, and
//! hostile bytes.

mod golden;
mod hand_written;
mod hostile;
mod other_crate;
mod produced;
