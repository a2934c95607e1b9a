//! Record batch v2, our own: `DefaultRecordBatch`, behaviour.md 2.24.
//!
//! ```text
//! base_offset i64 @0   length i32 @8   leader_epoch i32 @12   magic i8 @16   crc u32 @17
//! attributes i16 @21   last_offset_delta i32 @23   base_timestamp i64 @27   max_timestamp i64 @35
//! producer_id i64 @43  producer_epoch i16 @51      base_sequence i32 @53    count i32 @57
//! records @61
//! ```
//! The checksum (CRC-32C) covers everything from the attributes on: offset and leader epoch lie
//! outside, so that a leader can stamp them.

mod builder;
mod error;
mod header;
mod produced;
mod record;
#[cfg(test)]
mod tests;
pub(super) mod varint;

pub use builder::BatchBuilder;
pub use error::BatchError;
pub use header::{RecordBatch, increment_sequence};
pub use produced::{ProduceLimits, ProduceRefusal, validate_produced};
pub use record::Record;

/// Bytes before the first record of a batch.
pub const BATCH_HEADER_BYTES: usize = 61;
/// A batch with no producer id.
pub const NO_PRODUCER_ID: i64 = -1;
/// A batch with no producer epoch.
pub const NO_PRODUCER_EPOCH: i16 = -1;
/// A batch with no sequence.
pub const NO_SEQUENCE: i32 = -1;
/// A batch with no leader epoch.
pub const NO_LEADER_EPOCH: i32 = -1;
/// A record or batch with no timestamp.
pub const NO_TIMESTAMP: i64 = -1;

/// Bits 0–2 of a batch's attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "Kafka's words")]
pub enum Compression {
    None = 0,
    Gzip = 1,
    Snappy = 2,
    Lz4 = 3,
    Zstd = 4,
}

impl Compression {
    /// The codec of an id; none for 5 to 7, which Kafka does not know.
    pub fn from_id(id: i16) -> Option<Compression> {
        match id {
            0 => Some(Compression::None),
            1 => Some(Compression::Gzip),
            2 => Some(Compression::Snappy),
            3 => Some(Compression::Lz4),
            4 => Some(Compression::Zstd),
            _ => None,
        }
    }

    /// The word in configs: `none`, `gzip`, `snappy`, `lz4`, `zstd`.
    pub fn name(self) -> &'static str {
        match self {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Snappy => "snappy",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        }
    }
}

/// Bit 3 of a batch's attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "Kafka's words")]
pub enum TimestampType {
    CreateTime,
    LogAppendTime,
}
