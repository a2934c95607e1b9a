//! [`IoModel`]: the three things that make Kafka's reading and writing cheap, each of which can be
//! taken away. They change what is counted, and time only if `[cost]` gives the work a price.

/// How a broker reads and writes the logs of partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IoModel {
    /// Batches go behind the last one of their file. False: every record has its own place, as in
    /// a store that keeps its records sorted by key.
    pub sequential_writes: bool,
    /// Bytes of the page cache: 0 is none, and no number means that it holds all that was ever
    /// written or read.
    pub page_cache: Option<u64>,
    /// Fetch answers go from the page cache to the network without a copy through the broker
    /// (`FileRecords.writeTo`, sendfile). A real broker loses it with TLS.
    pub zero_copy: bool,
}

impl Default for IoModel {
    /// Kafka on a machine with enough memory.
    fn default() -> Self {
        IoModel {
            sequential_writes: true,
            page_cache: None,
            zero_copy: true,
        }
    }
}
