//! Logs of record batches on a disk: `UnifiedLog`, `LogSegment`, indexes, epochs, producer state.

mod log;

pub use log::{
    AppendError, AppendInfo, FetchData, Isolation, Log, LogOffsets, ProducerAppend, Recovery,
};
