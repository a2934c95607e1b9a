//! Requests and responses (the kafka-protocol crate), record batches and metadata records (ours).

pub mod api_versions;
mod error_code;
mod fetch_answer;
pub mod hashes;
mod ids;
mod message;
pub mod metadata_record;
pub mod record_batch;

pub use error_code::ErrorCode;
pub use fetch_answer::FetchAnswer;
pub use ids::{METADATA_TOPIC_ID, METADATA_TOPIC_NAME, TopicPartition};
pub use kafka_protocol::messages;
pub use kafka_protocol::messages::ApiKey;
pub use kafka_protocol::protocol::StrBytes;
pub use message::{CodecError, Message, MessageFacts, PartitionFacts};
