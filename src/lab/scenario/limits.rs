//! The limits of a scenario. A file beyond one of them ends in an error (K007, K028).

/// A limit, for the reference page.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// What is limited.
    pub doc: &'static str,
    /// The most that is allowed.
    pub most: u64,
}

macro_rules! limits {
    ($($name:ident: $type:ty = $value:expr, $doc:literal;)*) => {
        $(
            #[doc = $doc]
            pub const $name: $type = $value;
        )*

        /// Every limit, in the order of the reference page.
        pub const LIMITS: &[Limit] = &[$(Limit { doc: $doc, most: $name as u64 },)*];
    };
}

limits! {
    MAX_FILE_BYTES: usize = 1 << 20, "Bytes of a file.";
    MAX_NODES: usize = 64, "Brokers and controllers together, those that steps add included.";
    MAX_NODE_ID: i64 = 127, "The largest Kafka node id.";
    MAX_TOPICS: usize = 1_000, "Topics, those that steps create included.";
    MAX_PARTITIONS_PER_TOPIC: i64 = 10_000, "Partitions of one topic.";
    MAX_PARTITIONS: i64 = 20_000, "Partitions of all topics together.";
    MAX_CLIENTS: usize = 4_096, "Producers and consumers together.";
    MAX_STEPS: usize = 10_000, "Steps, tells, asks and expectations, each.";
    MAX_RECORDS: u64 = 10_000_000, "Records that all steps together send.";
    MAX_PAYLOAD_BYTES: u64 = 1 << 30, "Bytes of the keys and values of all these records.";
    MAX_TIMES: i64 = 1_000_000, "Times that a step repeats.";
    MAX_DRAWN: usize = 100, "Actions that one `random` chooses from.";
    MAX_RECORD_BYTES: i64 = 16 << 20, "Bytes of one key, value or header.";
    MAX_BRANCHES: usize = 32, "Branches of a file.";
    MAX_DEPTH: usize = 32, "Parentheses, `not` and lists within each other in an expression.";
    MAX_DURATION_NS: u64 = 366 * 86_400 * 1_000_000_000, "Nanoseconds of the longest duration: 366 days.";
    MAX_PROBLEMS: usize = 100, "Problems that are shown.";
    MAX_MERGED_BYTES: usize = 8 << 20, "Bytes that all branches together may take once merged.";
}

/// Names that are looked through for a suggestion.
pub(super) const MAX_CANDIDATES: usize = 1_000;
