//! `partition.metadata`: which topic a folder belongs to (`PartitionMetadataFile`, KIP-516).

use super::files::{METADATA_FILE, path_in};
use super::uuid_text::{uuid_from_text, uuid_to_text};
use crate::sim::{Disk, DiskError};
use uuid::Uuid;

/// Writes the file of `folder` and asks for it to be durable.
pub(super) fn write(disk: &mut Disk, folder: &str, topic_id: Uuid) -> Result<(), DiskError> {
    let text = format!("version: 0\ntopic_id: {}", uuid_to_text(topic_id));
    let file = disk.replace(&path_in(folder, METADATA_FILE), text.into_bytes().into())?;
    disk.sync(file);
    Ok(())
}

/// The id in the file of `folder`; none if the file is missing or says something else.
pub(super) fn read(disk: &Disk, folder: &str) -> Option<Uuid> {
    let file = disk.open(&path_in(folder, METADATA_FILE))?;
    let bytes = disk.read(file, 0, disk.len(file));
    let text = std::str::from_utf8(&bytes).ok()?;
    let mut lines = text.lines();
    if lines.next()?.trim() != "version: 0" {
        return None;
    }
    uuid_from_text(lines.next()?.strip_prefix("topic_id:")?.trim())
}
