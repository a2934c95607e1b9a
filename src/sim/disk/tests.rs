use super::*;
use crate::sim::Purpose;
use proptest::prelude::*;
use std::ops::RangeInclusive;

fn chunk(bytes: &[u8]) -> Chunk {
    Chunk {
        bytes: Bytes::copy_from_slice(bytes),
        sound: true,
    }
}

fn content(disk: &Disk, path: &str) -> Option<Vec<u8>> {
    let file = disk.open(path)?;
    Some(disk.read(file, 0, u64::MAX).to_vec())
}

/// Draws the same share of every range, in parts in a thousand.
fn share(part: u64) -> impl FnMut(Purpose, u32, RangeInclusive<u64>) -> u64 {
    move |_, _, range| range.start() + (range.end() - range.start()) * part / 1_000
}

fn sync(disk: &mut Disk, path: &str) {
    let file = disk.open(path).expect("the test made the file");
    let id = disk.sync(file);
    disk.complete_sync(id);
}

#[derive(Clone, Debug)]
enum Op {
    Append(Vec<u8>),
    Truncate(usize),
    Replace(Vec<u8>),
    Ask,
    /// Completes one of the syncs that are pending.
    Complete(usize),
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..9)
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => bytes().prop_map(Op::Append),
        2 => (0usize..40).prop_map(Op::Truncate),
        1 => bytes().prop_map(Op::Replace),
        2 => Just(Op::Ask),
        2 => (0usize..3).prop_map(Op::Complete),
    ]
}

/// What a file must hold, and what of it must survive: plain bytes.
#[derive(Default)]
struct Model {
    now: Vec<u8>,
    durable: Vec<u8>,
    /// Syncs asked and not complete: what the file held then, and their order.
    pending: Vec<(SyncId, usize, Vec<u8>)>,
    asked: usize,
    complete: usize,
}

impl Model {
    fn apply(&mut self, op: &Op, disk: &mut Disk, file: FileId) {
        match op {
            Op::Append(bytes) => {
                disk.append(file, chunk(bytes)).expect("there is room");
                self.now.extend(bytes);
            }
            Op::Truncate(len) => {
                disk.truncate(file, *len as u64);
                self.now.truncate(*len);
            }
            Op::Replace(bytes) => {
                disk.replace("f", Bytes::copy_from_slice(bytes))
                    .expect("there is room");
                self.now = bytes.clone();
            }
            Op::Ask => {
                self.asked += 1;
                self.pending
                    .push((disk.sync(file), self.asked, self.now.clone()));
            }
            Op::Complete(index) if *index < self.pending.len() => {
                let (id, asked, held) = self.pending.remove(*index);
                disk.complete_sync(id);
                if asked > self.complete {
                    (self.complete, self.durable) = (asked, held);
                }
            }
            Op::Complete(_) => {}
        }
    }
}

proptest! {
    #[test]
    fn a_file_is_its_bytes_and_survives_as_synced(ops in prop::collection::vec(op(), 0..30),
                                                  part in 0u64..=1_000) {
        let mut disk = Disk::new();
        let file = disk.create("f").expect("there is room");
        disk.mark_synced();
        let mut model = Model::default();
        for op in &ops {
            model.apply(op, &mut disk, file);
            prop_assert_eq!(content(&disk, "f"), Some(model.now.clone()));
            prop_assert_eq!(disk.len(file), model.now.len() as u64);
            prop_assert_eq!(disk.used(), model.now.len() as u64);
            let synced = disk.synced_len(file) as usize;
            prop_assert!(model.durable.starts_with(&model.now[..synced]));
        }
        let (mut kept, mut lost, mut torn) = (disk.clone(), disk.clone(), disk);
        kept.power_off(Tail::Kept, &mut share(0));
        prop_assert_eq!(content(&kept, "f"), Some(model.now.clone()));
        lost.power_off(Tail::Lost, &mut share(0));
        prop_assert_eq!(content(&lost, "f"), Some(model.durable.clone()));
        torn.power_off(Tail::Torn, &mut share(part));
        let left = content(&torn, "f").expect("it was durable");
        prop_assert!(left == model.durable || model.now.starts_with(&left));
        if model.now.starts_with(&model.durable) {
            prop_assert!(left.len() >= model.durable.len());
        }
    }

    #[test]
    fn a_read_is_a_slice(
        chunks in prop::collection::vec(bytes(), 0..9), from in 0u64..70, len in 0u64..70,
    ) {
        let mut disk = Disk::new();
        let file = disk.create("f").expect("there is room");
        for bytes in &chunks {
            disk.append(file, chunk(bytes)).expect("there is room");
        }
        let all = chunks.concat();
        let (start, end) = (all.len().min(from as usize), all.len().min((from + len) as usize));
        prop_assert_eq!(&disk.read(file, from, len)[..], &all[start..end]);
        match disk.chunk_at(file, from) {
            Some((at, chunk)) => {
                prop_assert!(at <= from && from < at + chunk.bytes.len() as u64);
                prop_assert_eq!(&all[at as usize..][..chunk.bytes.len()], &chunk.bytes[..]);
            }
            None => prop_assert!(from as usize >= all.len()),
        }
    }
}

#[test]
fn a_torn_chunk_is_not_sound() {
    let mut disk = Disk::new();
    let file = disk.create("f").expect("there is room");
    disk.append(file, chunk(b"abcd")).expect("there is room");
    disk.mark_synced();
    disk.append(file, chunk(b"efgh")).expect("there is room");
    disk.power_off(Tail::Torn, &mut share(500));
    assert_eq!(content(&disk, "f").as_deref(), Some(&b"abcdef"[..]));
    let sound = |number| disk.chunk(file, number).map(|(_, chunk)| chunk.sound);
    assert_eq!(
        (sound(0), sound(1), sound(2)),
        (Some(true), Some(false), None)
    );
}

#[test]
fn a_replace_is_all_or_nothing() {
    for part in [0, 400, 999, 1_000] {
        let mut disk = Disk::new();
        disk.replace("f", Bytes::from_static(b"old"))
            .expect("there is room");
        disk.mark_synced();
        disk.replace("f", Bytes::from_static(b"newer"))
            .expect("there is room");
        disk.power_off(Tail::Torn, &mut share(part));
        let expected: &[u8] = if part == 1_000 { b"old" } else { b"newer" };
        assert_eq!(content(&disk, "f").as_deref(), Some(expected), "at {part}");
    }
    let mut disk = Disk::new();
    disk.replace("f", Bytes::from_static(b"first"))
        .expect("there is room");
    disk.power_off(Tail::Lost, &mut share(0));
    assert_eq!(disk.open("f"), None);
}

#[test]
fn changes_of_names_are_undone_from_the_last() {
    let names = |part: Option<u64>| {
        let mut disk = Disk::new();
        for path in ["a", "b", "c"] {
            disk.replace(path, Bytes::copy_from_slice(path.as_bytes()))
                .expect("there is room");
        }
        disk.mark_synced();
        disk.delete("c");
        disk.rename("a", "b");
        disk.create("d").expect("there is room");
        match part {
            Some(part) => disk.power_off(Tail::Torn, &mut share(part)),
            None => disk.power_off(Tail::Lost, &mut share(0)),
        }
        let all = disk.export().map(|(path, bytes)| (path.to_owned(), bytes));
        all.map(|(path, bytes)| format!("{path}={}", String::from_utf8_lossy(&bytes)))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(names(Some(0)), "b=a d=");
    assert_eq!(names(Some(400)), "b=a");
    assert_eq!(names(Some(700)), "a=a b=b");
    assert_eq!(names(Some(1_000)), "a=a b=b c=c");
    assert_eq!(names(None), "a=a b=b c=c");
}

#[test]
fn a_sync_makes_earlier_changes_of_names_durable() {
    let mut disk = Disk::new();
    disk.create("a").expect("there is room");
    disk.create("b").expect("there is room");
    sync(&mut disk, "b");
    disk.create("c").expect("there is room");
    disk.power_off(Tail::Lost, &mut share(0));
    assert_eq!(disk.list(""), ["a", "b"]);
}

#[test]
fn a_full_disk_refuses_what_takes_space() {
    let mut disk = Disk::new();
    let file = disk.create("f").expect("there is room");
    disk.set_capacity(Some(6));
    assert_eq!(disk.append(file, chunk(b"1234")), Ok(0));
    assert_eq!(disk.append(file, chunk(b"567")), Err(DiskError::Full));
    assert_eq!(disk.append(file, chunk(b"56")), Ok(4));
    assert_eq!(disk.replace("f", Bytes::from_static(b"abc")), Ok(file));
    assert_eq!(disk.append(file, chunk(b"def")), Ok(3));
    disk.set_capacity(None);
    disk.set_full(true);
    assert_eq!(disk.append(file, chunk(b"7")), Err(DiskError::Full));
    assert_eq!(disk.create("g"), Err(DiskError::Full));
    assert_eq!(
        disk.replace("f", Bytes::from_static(b"z")),
        Err(DiskError::Full)
    );
    assert_eq!(content(&disk, "f").as_deref(), Some(&b"abcdef"[..]));
    disk.delete("f");
    assert_eq!(disk.used(), 0);
}

#[test]
fn rot_changes_bytes_and_keeps_marks() {
    let mut disk = Disk::new();
    let file = disk.create("f").expect("there is room");
    for bytes in [b"abc", b"def", b"ghi"] {
        disk.append(file, chunk(bytes)).expect("there is room");
    }
    disk.mark_synced();
    disk.corrupt("f", 2, b"XYZ");
    disk.corrupt("f", 8, b"!?");
    disk.corrupt("nothing", 0, b"!");
    assert_eq!(content(&disk, "f").as_deref(), Some(&b"abXYZfgh!"[..]));
    assert!(!disk.chunk(file, 0).expect("three chunks").1.sound);
    assert_eq!(disk.synced_len(file), 9);
}

#[test]
fn a_handle_of_no_file_is_an_error_and_reads_nothing() {
    let mut disk = Disk::new();
    let nowhere = FileId(9);
    assert_eq!(disk.append(nowhere, chunk(b"x")), Err(DiskError::NoFile));
    assert_eq!((disk.len(nowhere), disk.read(nowhere, 0, 5).len()), (0, 0));
    disk.truncate(nowhere, 0);
    let id = disk.sync(nowhere);
    disk.complete_sync(id);
}

#[test]
fn deleted_files_are_freed_when_that_is_durable() {
    let mut disk = Disk::new();
    for _ in 0..1_000 {
        let file = disk.create("f").expect("there is room");
        disk.append(file, chunk(&[0; 100])).expect("there is room");
        disk.delete("f");
    }
    let kept: u64 = disk.files.iter().map(|file| file.len).sum();
    assert!(kept <= 256 * 100, "{kept} bytes of deleted files are kept");
}

#[test]
fn a_slow_disk_takes_a_multiple_or_a_latency_of_its_own() {
    let mut disk = Disk::new();
    assert_eq!(disk.sync_latency(Span(10)), Span(10));
    disk.set_slow(300, None);
    assert_eq!(disk.sync_latency(Span(10)), Span(30));
    disk.set_slow(100, Some(Span(7)));
    assert_eq!(disk.sync_latency(Span(10)), Span(7));
}
