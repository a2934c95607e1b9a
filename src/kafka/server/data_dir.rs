//! What a process finds in its data directory when it starts, besides logs.

use crate::kafka::protocol::metadata_record::MetadataRecord;
use crate::sim::{Chunk, Disk, DiskError};
use bytes::Bytes;
use uuid::Uuid;

const META_PROPERTIES: &str = "meta.properties";
const CLEAN_SHUTDOWN: &str = ".kafka_cleanshutdown";
const BOOTSTRAP_CHECKPOINT: &str = "bootstrap.checkpoint";

/// `meta.properties`, the mark of a clean shutdown, `bootstrap.checkpoint`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DataDir {
    pub(super) cluster_id: String,
    pub(super) directory_id: Uuid,
    /// The broker's epoch before a clean shutdown; none after an unclean one.
    pub(super) clean_broker_epoch: Option<i64>,
    /// The records with which the first active controller begins an empty log.
    pub(super) bootstrap: Vec<MetadataRecord>,
}
