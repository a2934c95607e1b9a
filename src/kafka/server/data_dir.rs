//! What a process finds in its data directory when it starts, besides logs, and how
//! `kafka-storage format` leaves it.

use crate::kafka::protocol::metadata_record::{LogEntry, MetadataRecord, bootstrap_checkpoint};
use crate::kafka::protocol::record_batch::RecordBatch;
use crate::kafka::storage::{
    MetaProperties, clean_shutdown_epoch, has_clean_shutdown, read_meta_properties,
    remove_clean_shutdown, write_clean_shutdown, write_meta_properties,
};
use crate::sim::{Disk, DiskError};
use uuid::Uuid;

const BOOTSTRAP_CHECKPOINT: &str = "bootstrap.checkpoint";

/// `meta.properties`, the mark of a clean shutdown, `bootstrap.checkpoint`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DataDir {
    pub(super) cluster_id: String,
    pub(super) directory_id: Uuid,
    /// The mark of a clean shutdown was there, with the broker's epoch before it.
    pub(super) clean_broker_epoch: Option<i64>,
    /// The records with which the first active controller begins an empty log.
    pub(super) bootstrap: Vec<MetadataRecord>,
}

impl DataDir {
    /// Reads the directory. The mark of a clean shutdown is removed: from here on a stop is
    /// unclean. An error says why the process can not start.
    pub(super) fn load(disk: &mut Disk) -> Result<Self, String> {
        let meta = read_meta_properties(disk)?;
        let clean = has_clean_shutdown(disk).then(|| clean_shutdown_epoch(disk).unwrap_or(-1));
        remove_clean_shutdown(disk);
        Ok(DataDir {
            cluster_id: meta.cluster_id,
            directory_id: meta.directory_id,
            clean_broker_epoch: clean,
            bootstrap: read_bootstrap(disk)?,
        })
    }

    /// Leaves the mark of a clean shutdown.
    pub(super) fn mark_clean_shutdown(disk: &mut Disk, broker_epoch: i64) -> Result<(), DiskError> {
        write_clean_shutdown(disk, broker_epoch)
    }
}

fn read_bootstrap(disk: &Disk) -> Result<Vec<MetadataRecord>, String> {
    let Some(file) = disk.open(BOOTSTRAP_CHECKPOINT) else {
        return Ok(Vec::new());
    };
    let bytes = disk.read(file, 0, disk.len(file));
    let bad = |what: String| format!("{BOOTSTRAP_CHECKPOINT}: {what}");
    let batches = RecordBatch::read_all(&bytes).map_err(|error| bad(format!("{error}")))?;
    let mut records = Vec::new();
    for batch in &batches {
        if let LogEntry::Data(data) = LogEntry::read(batch).map_err(|error| bad(error.0))? {
            records.extend(data);
        }
    }
    Ok(records)
}

/// A disk as `kafka-storage format` leaves it: all of it durable.
pub fn format_disk(
    cluster_id: &str,
    node_id: i32,
    directory_id: Uuid,
    features: &[(&str, i16)],
    now_ms: i64,
) -> Result<Disk, DiskError> {
    let mut disk = Disk::new();
    let meta = MetaProperties {
        node_id,
        directory_id,
        cluster_id: cluster_id.to_owned(),
    };
    write_meta_properties(&mut disk, &meta, now_ms)?;
    disk.replace(BOOTSTRAP_CHECKPOINT, bootstrap_checkpoint(features, now_ms))?;
    disk.mark_synced();
    Ok(disk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formatted_disk_reads_back_once_clean() {
        let features = [("metadata.version", 30), ("group.version", 1)];
        let mut disk = format_disk("abc", 7, Uuid::from_u128(5), &features, 0).expect("has room");
        let data_dir = DataDir::load(&mut disk).expect("formatted");
        assert_eq!(data_dir.cluster_id, "abc");
        assert_eq!(data_dir.clean_broker_epoch, None);
        assert_eq!(data_dir.bootstrap.len(), 2);
        DataDir::mark_clean_shutdown(&mut disk, 42).expect("has room");
        let clean = DataDir::load(&mut disk)
            .expect("formatted")
            .clean_broker_epoch;
        assert_eq!(clean, Some(42));
        let unclean = DataDir::load(&mut disk)
            .expect("formatted")
            .clean_broker_epoch;
        assert_eq!(unclean, None);
    }

    #[test]
    fn a_disk_that_is_not_formatted_or_rotten_does_not_start() {
        assert!(DataDir::load(&mut Disk::new()).is_err());
        let mut disk = format_disk("abc", 7, Uuid::nil(), &[], 0).expect("has room");
        let rot = b"\0\0\0\0\0\0\0\0\xff\xff\xff\xff\0\0\0\0\x02".as_slice();
        disk.replace(BOOTSTRAP_CHECKPOINT, rot.into())
            .expect("has room");
        assert!(DataDir::load(&mut disk).is_err());
    }
}
