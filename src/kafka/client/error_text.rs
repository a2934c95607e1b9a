//! What Kafka's client says when a broker gives an error code without a text (`Errors`).

use crate::kafka::protocol::ErrorCode;

/// The text for `error`, or `given` if the broker gave one.
pub(crate) fn error_text(error: ErrorCode, given: Option<&str>) -> String {
    let text = match given {
        Some(text) if !text.is_empty() => text,
        _ => default_text(error),
    };
    text.to_owned()
}

fn default_text(error: ErrorCode) -> &'static str {
    let known = TEXTS.iter().find(|(code, _)| *code == error);
    known.map_or(error.name(), |(_, text)| text)
}

const TEXTS: &[(ErrorCode, &str)] = &[
    (
        ErrorCode::OFFSET_OUT_OF_RANGE,
        "The requested offset is not within the range of offsets maintained by the server.",
    ),
    (
        ErrorCode::CORRUPT_MESSAGE,
        "This message has failed its CRC checksum, exceeds the valid size, has a null key for a \
         compacted topic, or is otherwise corrupt.",
    ),
    (
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        "This server does not host this topic-partition.",
    ),
    (
        ErrorCode::LEADER_NOT_AVAILABLE,
        "There is no leader for this topic-partition as we are in the middle of a leadership \
         election.",
    ),
    (
        ErrorCode::NOT_LEADER_OR_FOLLOWER,
        "For requests intended only for the leader, this error indicates that the broker is not \
         the current leader. For requests intended for any replica, this error indicates that \
         the broker is not a replica of the topic partition.",
    ),
    (ErrorCode::REQUEST_TIMED_OUT, "The request timed out."),
    (
        ErrorCode::MESSAGE_TOO_LARGE,
        "The request included a message larger than the max message size the server will \
         accept.",
    ),
    (
        ErrorCode::NETWORK_EXCEPTION,
        "The server disconnected before a response was received.",
    ),
    (
        ErrorCode::INVALID_TOPIC_EXCEPTION,
        "The request attempted to perform an operation on an invalid topic.",
    ),
    (
        ErrorCode::RECORD_LIST_TOO_LARGE,
        "The request included message batch larger than the configured segment size on the \
         server.",
    ),
    (
        ErrorCode::NOT_ENOUGH_REPLICAS,
        "Messages are rejected since there are fewer in-sync replicas than required.",
    ),
    (
        ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        "Messages are written to the log, but to fewer in-sync replicas than required.",
    ),
    (
        ErrorCode::INVALID_REQUIRED_ACKS,
        "Produce request specified an invalid value for required acks.",
    ),
    (
        ErrorCode::INVALID_TIMESTAMP,
        "The timestamp of the message is out of acceptable range.",
    ),
    (
        ErrorCode::UNSUPPORTED_VERSION,
        "The version of API is not supported.",
    ),
    (
        ErrorCode::TOPIC_ALREADY_EXISTS,
        "Topic with this name already exists.",
    ),
    (
        ErrorCode::INVALID_PARTITIONS,
        "Number of partitions is below 1.",
    ),
    (
        ErrorCode::INVALID_REPLICATION_FACTOR,
        "Replication factor is below 1 or larger than the number of available brokers.",
    ),
    (
        ErrorCode::INVALID_REPLICA_ASSIGNMENT,
        "Replica assignment is invalid.",
    ),
    (ErrorCode::INVALID_CONFIG, "Configuration is invalid."),
    (
        ErrorCode::NOT_CONTROLLER,
        "This is not the correct controller for this cluster.",
    ),
    (
        ErrorCode::INVALID_REQUEST,
        "This most likely occurs because of a request being malformed by the client library or \
         the message was sent to an incompatible broker. See the broker logs for more details.",
    ),
    (
        ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER,
        "The broker received an out of order sequence number.",
    ),
    (
        ErrorCode::INVALID_PRODUCER_EPOCH,
        "Producer attempted to produce with an old epoch.",
    ),
    (
        ErrorCode::KAFKA_STORAGE_ERROR,
        "Disk error when trying to access log file on the disk.",
    ),
    (
        ErrorCode::UNKNOWN_PRODUCER_ID,
        "This exception is raised by the broker if it could not locate the producer metadata \
         associated with the producerId in question. This could happen if, for instance, the \
         producer's records were deleted because their retention time had elapsed. Once the \
         last records of the producerId are removed, the producer's metadata is removed from \
         the broker, and future appends by the producer will return this exception.",
    ),
    (
        ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE,
        "The preferred leader was not available.",
    ),
    (
        ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE,
        "Eligible topic partition leaders are not available.",
    ),
    (
        ErrorCode::ELECTION_NOT_NEEDED,
        "Leader election not needed for topic partition.",
    ),
    (
        ErrorCode::INVALID_RECORD,
        "This record has failed the validation on broker and hence will be rejected.",
    ),
    (
        ErrorCode::THROTTLING_QUOTA_EXCEEDED,
        "The throttling quota has been exceeded.",
    ),
    (
        ErrorCode::UNKNOWN_TOPIC_ID,
        "This server does not host this topic ID.",
    ),
    (
        ErrorCode::UNKNOWN_SERVER_ERROR,
        "The server experienced an unexpected error when processing the request.",
    ),
];
