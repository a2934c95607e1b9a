//! The files of a log as a Kafka broker would have them on its disk.

use super::files::{FileKind, parse_name};
use super::offset_index;
use super::time_index;
use crate::sim::Disk;
use bytes::Bytes;

/// Every file of `folder`: (path in the data directory, bytes), sorted by path. They are what
/// Kafka leaves behind after a clean close, byte for byte.
///
/// A broker that runs or was killed has the index files of its active segment filled with zeros
/// to `segment.index.bytes`, rounded down to whole entries; `preallocated` gives that size to get
/// the same.
pub fn export_folder(disk: &Disk, folder: &str, preallocated: Option<i32>) -> Vec<(String, Bytes)> {
    let prefix = format!("{folder}/");
    let paths = disk.list(&prefix);
    let parse = |path: &String| path.strip_prefix(&prefix).and_then(parse_name);
    let logs = paths
        .iter()
        .filter_map(parse)
        .filter(|(_, kind)| *kind == FileKind::Log);
    let active = logs.map(|(base, _)| base).max();
    let files = paths.iter().filter_map(|path| {
        let bytes = exported(disk, path)?;
        let of_active = parse(path).filter(|(base, _)| Some(*base) == active);
        let padded = match (of_active, preallocated) {
            (Some((_, kind)), Some(size)) => pad(bytes, kind, size),
            _ => bytes,
        };
        Some((path.clone(), padded))
    });
    files.collect()
}

/// One file of the data directory as it stands on the disk.
pub fn exported(disk: &Disk, path: &str) -> Option<Bytes> {
    let file = disk.open(path)?;
    Some(disk.read(file, 0, disk.len(file)))
}

fn pad(bytes: Bytes, kind: FileKind, size: i32) -> Bytes {
    let entry = match kind {
        FileKind::Index => offset_index::ENTRY_BYTES,
        FileKind::TimeIndex => time_index::ENTRY_BYTES,
        _ => return bytes,
    };
    let size = size.max(0) as u64 / entry * entry;
    let mut padded = bytes.to_vec();
    padded.resize(bytes.len().max(size as usize), 0);
    padded.into()
}
