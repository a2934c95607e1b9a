//! The limits of a scenario. A file beyond one of them ends in an error (K007, K028).

/// Bytes of a file.
pub const MAX_FILE_BYTES: usize = 1 << 20;
/// Brokers and controllers together, those that steps add included.
pub const MAX_NODES: usize = 64;
/// The largest Kafka node id.
pub const MAX_NODE_ID: i64 = 127;
/// Topics, those that steps create included.
pub const MAX_TOPICS: usize = 1_000;
/// Partitions of one topic.
pub const MAX_PARTITIONS_PER_TOPIC: i64 = 10_000;
/// Partitions of all topics together.
pub const MAX_PARTITIONS: i64 = 20_000;
/// Producers and consumers together.
pub const MAX_CLIENTS: usize = 4_096;
/// Steps, tells, asks and expectations, each.
pub const MAX_STEPS: usize = 10_000;
/// Records that all steps together send.
pub const MAX_RECORDS: u64 = 10_000_000;
/// Times that a step repeats.
pub const MAX_TIMES: i64 = 1_000_000;
/// Bytes of one key, value or header.
pub const MAX_RECORD_BYTES: i64 = 16 << 20;
/// Branches of a file.
pub const MAX_BRANCHES: usize = 32;
/// Parentheses, `not` and lists within each other in an expression.
pub const MAX_DEPTH: usize = 32;
/// The longest duration, in nanoseconds: 366 days.
pub const MAX_DURATION_NS: u64 = 366 * 86_400 * 1_000_000_000;
/// Problems that are shown.
pub const MAX_PROBLEMS: usize = 100;
/// Names that are looked through for a suggestion.
pub(super) const MAX_CANDIDATES: usize = 1_000;
/// Bytes that all branches together may take once merged.
pub const MAX_MERGED_BYTES: usize = 8 << 20;
