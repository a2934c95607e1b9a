//! What can be wrong with a batch, in the words of Kafka's exceptions.

use super::{BATCH_HEADER_BYTES, Compression};
use crate::kafka::protocol::ErrorCode;
use std::fmt;

/// What is wrong with bytes that should be a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchError {
    /// The bytes end before the batch does.
    Truncated,
    /// The length field can not be right.
    BadLength(i32),
    /// Magic 0 or 1, or an unknown one.
    UnsupportedMagic(i8),
    /// The checksum does not match.
    BadChecksum {
        /// The checksum in the header.
        stored: u32,
        /// The checksum of the bytes.
        computed: u32,
    },
    /// A record or the header contradicts itself; the text says what.
    Invalid(String),
    /// The records are compressed and this build has no codec for them.
    NeedsCodec(Compression),
}

impl BatchError {
    /// The code with which a broker refuses such a batch in a produce request: magic 0 and 1 are
    /// invalid records since Kafka 4.0 (KIP-724), an unknown magic is corruption.
    pub fn code(&self) -> ErrorCode {
        match self {
            BatchError::Truncated | BatchError::BadLength(_) | BatchError::BadChecksum { .. } => {
                ErrorCode::CORRUPT_MESSAGE
            }
            BatchError::UnsupportedMagic(0 | 1) | BatchError::Invalid(_) => {
                ErrorCode::INVALID_RECORD
            }
            BatchError::UnsupportedMagic(_) => ErrorCode::CORRUPT_MESSAGE,
            BatchError::NeedsCodec(_) => ErrorCode::UNSUPPORTED_COMPRESSION_TYPE,
        }
    }
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BatchError::Truncated => f.write_str("Batch ends before its declared size"),
            BatchError::BadLength(length) => write!(
                f,
                "Batch length {length} is below the least that a header needs \
                 ({BATCH_HEADER_BYTES} bytes with its first two fields)"
            ),
            BatchError::UnsupportedMagic(magic @ (0 | 1)) => {
                write!(
                    f,
                    "Message format {magic} is not supported, only record batches are"
                )
            }
            BatchError::UnsupportedMagic(magic) => {
                write!(f, "Invalid magic found in record: {magic}")
            }
            BatchError::BadChecksum { stored, computed } => {
                write!(
                    f,
                    "Record is corrupt (stored crc = {stored}, computed crc = {computed})"
                )
            }
            BatchError::Invalid(what) => f.write_str(what),
            BatchError::NeedsCodec(codec) => write!(f, "No codec for {}", codec.name()),
        }
    }
}

impl std::error::Error for BatchError {}
