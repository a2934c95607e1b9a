//! Checkpoint files: a version, a count, one entry a line (`CheckpointFile`).
//!
//! ```text
//! 0                    0
//! 2                    2
//! web_log 0 60         0 0
//! web_log 1 58         2 60
//! topic part. offset   epoch start
//! ```

use crate::sim::{Disk, DiskError};
use std::collections::BTreeMap;
use std::fmt::Write;

const VERSION: &str = "0";

/// Reads an offset checkpoint of the data directory; a missing or empty file has no entries. A
/// file that says anything else than [`write_offset_checkpoint`] could is an error, with Kafka's
/// text.
pub fn read_offset_checkpoint(
    disk: &Disk,
    path: &str,
) -> Result<BTreeMap<(String, i32), i64>, String> {
    let lines = read_lines(disk, path)?;
    let entries = lines.iter().map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [topic, partition, offset] = words[..] else {
            return Err(malformed(path, line));
        };
        let partition = partition.parse().map_err(|_| malformed(path, line))?;
        let offset = offset.parse().map_err(|_| malformed(path, line))?;
        Ok(((topic.to_owned(), partition), offset))
    });
    entries.collect()
}

/// Writes an offset checkpoint in one piece and asks for it to be durable.
pub fn write_offset_checkpoint(
    disk: &mut Disk,
    path: &str,
    entries: &BTreeMap<(String, i32), i64>,
) -> Result<(), DiskError> {
    let lines = entries
        .iter()
        .map(|((topic, partition), offset)| format!("{topic} {partition} {offset}"));
    write_lines(disk, path, lines.collect(), true)
}

/// Reads a leader epoch checkpoint: (epoch, start offset).
pub(super) fn read_epochs(disk: &Disk, path: &str) -> Result<Vec<(i32, i64)>, String> {
    let lines = read_lines(disk, path)?;
    let entries = lines.iter().map(|line| {
        let (epoch, start) = line.split_once(' ').ok_or_else(|| malformed(path, line))?;
        let epoch = epoch.parse().map_err(|_| malformed(path, line))?;
        let start = start.trim().parse().map_err(|_| malformed(path, line))?;
        Ok((epoch, start))
    });
    entries.collect()
}

/// Writes a leader epoch checkpoint; `durable` asks for a sync.
pub(super) fn write_epochs(
    disk: &mut Disk,
    path: &str,
    entries: &[(i32, i64)],
    durable: bool,
) -> Result<(), DiskError> {
    let lines = entries
        .iter()
        .map(|(epoch, start)| format!("{epoch} {start}"));
    write_lines(disk, path, lines.collect(), durable)
}

fn write_lines(
    disk: &mut Disk,
    path: &str,
    lines: Vec<String>,
    durable: bool,
) -> Result<(), DiskError> {
    let mut text = String::new();
    // Writing to a String can not fail.
    let _ = writeln!(text, "{VERSION}\n{}", lines.len());
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    let file = disk.replace(path, text.into_bytes().into())?;
    if durable {
        disk.sync(file);
    }
    Ok(())
}

fn read_lines(disk: &Disk, path: &str) -> Result<Vec<String>, String> {
    let Some(file) = disk.open(path) else {
        return Ok(Vec::new());
    };
    let bytes = disk.read(file, 0, disk.len(file));
    let text = std::str::from_utf8(&bytes).map_err(|_| malformed(path, "no text"))?;
    let mut lines = text.lines().map(str::to_owned);
    match lines.next() {
        None => return Ok(Vec::new()),
        Some(version) if version == VERSION => {}
        Some(version) => {
            return Err(format!(
                "Unrecognised version:{version}, expected version: {VERSION} in checkpoint file \
                 at: {path}"
            ));
        }
    }
    let Some(count) = lines.next() else {
        return Ok(Vec::new());
    };
    let count: usize = count.parse().map_err(|_| malformed(path, &count))?;
    let entries: Vec<String> = lines.collect();
    if entries.len() != count {
        return Err(format!(
            "Expected [{count}] entries in checkpoint file [{path}], but found only [{}]",
            entries.len()
        ));
    }
    Ok(entries)
}

fn malformed(path: &str, line: &str) -> String {
    format!("Malformed line in checkpoint file [{path}]: {line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk_with(text: &str) -> Disk {
        let mut disk = Disk::new();
        disk.replace("file", text.to_owned().into_bytes().into())
            .unwrap();
        disk
    }

    #[test]
    fn writes_what_it_reads() {
        let mut disk = Disk::new();
        let entries = BTreeMap::from([
            (("seg-plain".to_owned(), 0), 60),
            (("__transaction_state".to_owned(), 0), 16),
        ]);
        write_offset_checkpoint(&mut disk, "file", &entries).unwrap();
        let file = disk.open("file").unwrap();
        let expected = "0\n2\n__transaction_state 0 16\nseg-plain 0 60\n";
        assert_eq!(disk.read(file, 0, 100), expected.as_bytes());
        assert_eq!(read_offset_checkpoint(&disk, "file"), Ok(entries));
    }

    #[test]
    fn a_missing_or_empty_file_has_no_entries() {
        for text in ["", "0\n", "0\n0\n"] {
            assert_eq!(
                read_offset_checkpoint(&disk_with(text), "file"),
                Ok(BTreeMap::new())
            );
        }
        assert_eq!(
            read_offset_checkpoint(&Disk::new(), "file"),
            Ok(BTreeMap::new())
        );
    }

    #[test]
    fn a_bad_file_is_an_error() {
        for text in [
            "1\n0\n",
            "0\nx\n",
            "0\n-1\n",
            "0\n2\na 0 1\n",
            "0\n1\na 0 1\nb 0 1\n",
            "0\n1\na 0\n",
            "0\n1\na 0 1 2\n",
            "0\n1\na b 1\n",
            "0\n1\na 0 99999999999999999999\n",
            "0\n1\n\n",
        ] {
            let disk = disk_with(text);
            assert!(read_offset_checkpoint(&disk, "file").is_err(), "{text:?}");
            assert!(read_epochs(&disk, "file").is_err(), "{text:?}");
        }
        let mut disk = Disk::new();
        disk.replace("file", vec![0xff, 0xfe].into()).unwrap();
        assert!(read_offset_checkpoint(&disk, "file").is_err());
    }
}
