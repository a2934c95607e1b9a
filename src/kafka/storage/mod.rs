//! Logs of record batches on a disk: `UnifiedLog`, `LogSegment`, indexes, epochs, producer state.
//!
//! ```text
//! web_log-0/                            one Log
//!   00000000000000000000.log            a Segment: whole batches, back to back
//!   00000000000000000000.index          OffsetIndex: relative offset -> position, sparse
//!   00000000000000000000.timeindex      TimeIndex: timestamp -> relative offset, sparse
//!   00000000000000000027.log …          the next segment, named by its first offset
//!   00000000000000000027.snapshot       producer state as it was before offset 27
//!   leader-epoch-checkpoint             EpochCache: epoch -> first offset
//!   partition.metadata                  the topic's id
//! ```
//! Everything of a log is in these files; what [`Log`] keeps in memory is found again by reading
//! them. On the simulated disk an index file holds its entries alone; Kafka fills the file of the
//! active segment with zeros up to `segment.index.bytes` until it is rolled or closed, and
//! [`export_folder`] adds those zeros.

mod batch_index;
mod checkpoint;
mod data_dir;
mod epoch_cache;
mod export;
mod files;
mod log;
mod offset_index;
mod partition_metadata;
mod producer_state;
mod segment;
#[cfg(test)]
mod tests;
mod time_index;
mod uuid_text;

pub use checkpoint::{read_offset_checkpoint, write_offset_checkpoint};
pub use data_dir::{
    CLEAN_SHUTDOWN_FILE, LOG_START_OFFSET_CHECKPOINT, META_PROPERTIES_FILE, MetaProperties,
    RECOVERY_POINT_CHECKPOINT, REPLICATION_OFFSET_CHECKPOINT, clean_shutdown_epoch,
    has_clean_shutdown, parse_partition_folder, partition_folders, read_meta_properties,
    remove_clean_shutdown, write_clean_shutdown, write_meta_properties,
};
pub use export::{export_folder, exported};
pub use log::{
    AppendError, AppendInfo, FetchData, Isolation, Log, LogOffsets, ProducerAppend, Recovery,
};
pub use uuid_text::{uuid_from_text, uuid_to_text};
