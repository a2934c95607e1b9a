//! Folders of a real Kafka 4.3.1 (`tests/data/segments`): reproduced byte for byte, read back.
#![allow(
    clippy::disallowed_methods,
    reason = "the recorded files are read from the repository"
)]

use super::*;
use crate::kafka::storage::{
    Isolation, export_folder, read_offset_checkpoint, uuid_from_text, write_offset_checkpoint,
};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/segments")
        .join(name)
}

fn recorded_files(folder: &str) -> BTreeMap<String, Bytes> {
    let entries = std::fs::read_dir(data(folder)).unwrap();
    let files = entries.map(|entry| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name, Bytes::from(std::fs::read(entry.path()).unwrap()))
    });
    files.collect()
}

fn recorded_batches(files: &BTreeMap<String, Bytes>) -> Vec<RecordBatch> {
    let logs = files.iter().filter(|(name, _)| name.ends_with(".log"));
    logs.flat_map(|(_, bytes)| RecordBatch::read_all(bytes).unwrap())
        .collect()
}

fn config(segment_bytes: i32) -> TopicConfig {
    TopicConfig {
        segment_bytes,
        index_interval_bytes: 200,
        segment_index_bytes: 1024,
        retention_ms: -1,
        ..TopicConfig::default()
    }
}

fn append_all(bench: &mut Bench, batches: &[RecordBatch]) {
    for batch in batches {
        let info = bench.append(batch, batch.leader_epoch());
        assert_eq!(info.first_offset, batch.base_offset());
    }
    bench.commit();
}

/// A log with the batches of epoch 0 of the recorded folder, closed.
fn reproduced(folder: &str, segment_bytes: i32) -> Bench {
    let files = recorded_files(folder);
    let metadata = std::str::from_utf8(&files["partition.metadata"]).unwrap();
    let id = uuid_from_text(metadata.rsplit(' ').next().unwrap()).unwrap();
    let mut disk = Disk::new();
    let log = Log::create(&mut disk, FOLDER, id, config(segment_bytes), 0).unwrap();
    let mut bench = Bench { disk, log };
    bench.log.assign_epoch_start(&mut bench.disk, 0, 0).unwrap();
    let mut batches = recorded_batches(&files);
    batches.retain(|batch| batch.leader_epoch() == 0);
    append_all(&mut bench, &batches);
    bench.log.close(&mut bench.disk, 0).unwrap();
    bench
}

fn exported(bench: &Bench, preallocated: Option<i32>) -> BTreeMap<String, Bytes> {
    let files = export_folder(&bench.disk, FOLDER, preallocated).into_iter();
    let name = |path: String| path.strip_prefix("web_log-0/").unwrap().to_owned();
    files.map(|(path, bytes)| (name(path), bytes)).collect()
}

fn assert_same(ours: &BTreeMap<String, Bytes>, recorded: &BTreeMap<String, Bytes>) {
    let names: Vec<_> = ours.keys().collect();
    assert_eq!(names, recorded.keys().collect::<Vec<_>>());
    for (name, bytes) in ours {
        assert_eq!(bytes, &recorded[name], "{name}");
    }
}

#[test]
fn clean_folders_are_reproduced_byte_for_byte() {
    for (folder, segment_bytes) in [
        ("seg-plain-0.clean-shutdown", 1500),
        ("seg-compact-0.clean-shutdown", 800),
    ] {
        let ours = exported(&reproduced(folder, segment_bytes), None);
        assert_same(&ours, &recorded_files(folder));
    }
}

#[test]
fn a_killed_folder_is_reproduced_byte_for_byte() {
    let folder = "seg-plain-0.second-epoch-killed";
    let mut bench = reproduced(folder, 1500);
    bench.restart(true, 60);
    bench
        .log
        .assign_epoch_start(&mut bench.disk, 2, 60)
        .unwrap();
    let mut batches = recorded_batches(&recorded_files(folder));
    batches.retain(|batch| batch.leader_epoch() == 2);
    append_all(&mut bench, &batches);
    assert_same(&exported(&bench, Some(1024)), &recorded_files(folder));
}

/// Opens a recorded folder.
fn opened(
    folder: &str,
    clean: bool,
    config: TopicConfig,
) -> (Bench, crate::kafka::storage::Recovery) {
    let mut disk = Disk::new();
    for (name, bytes) in recorded_files(folder) {
        disk.replace(&format!("{FOLDER}/{name}"), bytes).unwrap();
    }
    let opened = Log::open(&mut disk, FOLDER, config, clean, 60, 0, i64::MAX, 0);
    let (log, recovery) = opened.unwrap();
    (Bench { disk, log }, recovery)
}

/// What a consumer reads, in the form of the recorded lists.
fn consumed(bench: &Bench) -> Vec<serde_json::Value> {
    let mut offset = bench.log.offsets().log_start;
    let mut records = Vec::new();
    loop {
        let hw = Isolation::HighWatermark;
        let data = bench.log.read(&bench.disk, offset, 400, true, hw).unwrap();
        let Some(last) = data.chunks.last() else {
            return records;
        };
        offset = RecordBatch::read(&last.bytes).unwrap().0.next_offset();
        for chunk in &data.chunks {
            let (batch, rest) = RecordBatch::read(&chunk.bytes).unwrap();
            assert!(rest.is_empty());
            let of_batch = batch.records().unwrap();
            records.extend(
                of_batch
                    .iter()
                    .map(|record| as_json(record, batch.leader_epoch())),
            );
        }
    }
}

fn as_json(record: &Record, epoch: i32) -> serde_json::Value {
    let text = |bytes: &Option<Bytes>| match bytes {
        Some(bytes) => std::str::from_utf8(bytes).unwrap().into(),
        None => serde_json::Value::Null,
    };
    let mut value = serde_json::json!({
        "offset": record.offset,
        "timestamp": record.timestamp,
        "leader_epoch": epoch,
        "key": text(&record.key),
        "value": text(&record.value),
    });
    if !record.headers.is_empty() {
        let header = |(name, value): &(String, Option<Bytes>)| {
            format!("{name}={}", text(value).as_str().unwrap())
        };
        value["headers"] = record.headers.iter().map(header).collect();
    }
    value
}

fn recorded_records(list: &str) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(data(list)).unwrap();
    let list: serde_json::Value = serde_json::from_str(&text).unwrap();
    list["read_uncommitted"].as_array().unwrap().clone()
}

#[test]
fn clean_folders_are_read_back() {
    let compact = TopicConfig {
        cleanup_compact: true,
        cleanup_delete: false,
        ..config(800)
    };
    for (folder, list, config, start) in [
        (
            "seg-plain-0.clean-shutdown",
            "seg-plain.phase1.json",
            config(1500),
            0,
        ),
        (
            "seg-compact-0.clean-shutdown",
            "seg-compact.phase1.json",
            compact.clone(),
            0,
        ),
        (
            "seg-compact-0.compacted",
            "seg-compact.compacted.json",
            compact,
            0,
        ),
    ] {
        let (bench, recovery) = opened(folder, true, config);
        assert_eq!(recovery, Default::default(), "{folder}");
        let offsets = bench.log.offsets();
        assert_eq!(
            (offsets.log_start, offsets.log_end),
            (start, 60),
            "{folder}"
        );
        assert_eq!(consumed(&bench), recorded_records(list), "{folder}");
        assert_eq!(bench.log.recovery_point(), 60);
    }
}

#[test]
fn opening_a_clean_folder_changes_nothing() {
    let folder = "seg-plain-0.clean-shutdown";
    let (bench, _) = opened(folder, true, config(1500));
    assert_same(&exported(&bench, None), &recorded_files(folder));
}

#[test]
fn a_killed_folder_is_recovered_and_read_back() {
    let folder = "seg-plain-0.second-epoch-killed";
    let (bench, recovery) = opened(folder, false, config(1500));
    assert_eq!((recovery.scanned_bytes, recovery.truncated_bytes), (912, 0));
    assert_eq!(consumed(&bench), recorded_records("seg-plain.phase2.json"));
    assert_eq!(bench.log.epochs(), [(0, 0), (2, 60)]);
    assert_eq!(bench.log.recovery_point(), 60);
    assert_eq!(bench.log.segments(), [(0, 1386), (27, 1473), (58, 912)]);
    // The zeros behind the entries are gone; the entries are those that recovery counts.
    let index = bench.disk.open(&bench.path(58, ".index")).unwrap();
    assert!(bench.disk.len(index) < 1024);
}

#[test]
fn recorded_checkpoints_are_read_and_written() {
    for name in [
        "recovery-point-offset-checkpoint",
        "replication-offset-checkpoint",
        "log-start-offset-checkpoint",
    ] {
        let recorded = std::fs::read(data("data-dir").join(name)).unwrap();
        let mut disk = Disk::new();
        disk.replace(name, recorded.clone().into()).unwrap();
        let entries = read_offset_checkpoint(&disk, name).unwrap();
        write_offset_checkpoint(&mut disk, name, &entries).unwrap();
        let file = disk.open(name).unwrap();
        let written = disk.read(file, 0, disk.len(file));
        // Kafka writes the lines in no order.
        let lines = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines[2..].sort();
            lines
        };
        assert_eq!(lines(&written), lines(&recorded), "{name}");
    }
}
