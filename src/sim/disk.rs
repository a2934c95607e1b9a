//! Disks are bytes: named files of immutable chunks with marks `written` and `synced`.

use super::{FileId, SyncId};
use bytes::{Bytes, BytesMut};
use std::collections::BTreeMap;

/// A run of bytes that was appended in one piece.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Chunk {
    /// The bytes.
    pub bytes: Bytes,
    /// A checksum over them was verified; cleared by rot and by foreign input.
    pub sound: bool,
}

/// Why a disk refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskError {
    /// No space left on device.
    Full,
}

/// The disk of one machine.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    names: BTreeMap<String, FileId>,
    files: Vec<File>,
    next_sync: u32,
    started: Vec<SyncId>,
}

#[derive(Clone, Debug, Default)]
struct File {
    chunks: Vec<(u64, Chunk)>,
    len: u64,
}

impl Disk {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// The file at `path`, if there is one.
    pub fn open(&self, path: &str) -> Option<FileId> {
        self.names.get(path).copied()
    }

    /// The file at `path`, made empty if there was none.
    pub fn create(&mut self, path: &str) -> Result<FileId, DiskError> {
        if let Some(file) = self.open(path) {
            return Ok(file);
        }
        let file = FileId(self.files.len() as u32);
        self.files.push(File::default());
        self.names.insert(path.to_owned(), file);
        Ok(file)
    }

    /// The paths that begin with `prefix`, sorted.
    pub fn list(&self, prefix: &str) -> Vec<String> {
        let from = self.names.range(prefix.to_owned()..);
        from.map(|(name, _)| name)
            .take_while(|name| name.starts_with(prefix))
            .cloned()
            .collect()
    }

    /// The bytes written to `file`.
    pub fn len(&self, file: FileId) -> u64 {
        self.files[file.index()].len
    }

    /// Appends one chunk and returns the position of its first byte.
    pub fn append(&mut self, file: FileId, chunk: Chunk) -> Result<u64, DiskError> {
        let file = &mut self.files[file.index()];
        let at = file.len;
        file.len += chunk.bytes.len() as u64;
        file.chunks.push((at, chunk));
        Ok(at)
    }

    /// The chunk that holds the byte at `position`, and the position of the chunk's first byte.
    pub fn chunk_at(&self, file: FileId, position: u64) -> Option<(u64, Chunk)> {
        let file = &self.files[file.index()];
        if position >= file.len {
            return None;
        }
        let after = file.chunks.partition_point(|(at, _)| *at <= position);
        file.chunks.get(after.checked_sub(1)?).cloned()
    }

    /// Up to `len` bytes from `position`: fewer at the end of the file. Copies only when they
    /// lie in more than one chunk.
    pub fn read(&self, file: FileId, position: u64, len: u64) -> Bytes {
        let end = position.saturating_add(len).min(self.len(file));
        let mut joined = BytesMut::new();
        let mut at = position;
        while at < end {
            let Some((start, chunk)) = self.chunk_at(file, at) else {
                break;
            };
            let from = (at - start) as usize;
            let to = ((end - start) as usize).min(chunk.bytes.len());
            if at == position && start + to as u64 == end {
                return chunk.bytes.slice(from..to);
            }
            joined.extend_from_slice(&chunk.bytes[from..to]);
            at = start + to as u64;
        }
        joined.freeze()
    }

    /// Cuts `file` to `len` bytes.
    pub fn truncate(&mut self, file: FileId, len: u64) {
        let file = &mut self.files[file.index()];
        file.chunks.retain(|(at, _)| *at < len);
        if let Some((at, chunk)) = file.chunks.last_mut() {
            let keep = ((len - *at) as usize).min(chunk.bytes.len());
            chunk.bytes.truncate(keep);
        }
        file.len = file.len.min(len);
    }

    /// Puts `bytes` at `path` in one atomic piece (write beside, then rename); durable once
    /// synced.
    pub fn replace(&mut self, path: &str, bytes: Bytes) -> Result<FileId, DiskError> {
        let file = self.create(path)?;
        self.truncate(file, 0);
        self.append(
            file,
            Chunk {
                bytes,
                sound: false,
            },
        )?;
        Ok(file)
    }

    /// Gives the file at `from` the name `to`, over any file there.
    pub fn rename(&mut self, from: &str, to: &str) {
        if let Some(file) = self.names.remove(from) {
            self.names.insert(to.to_owned(), file);
        }
    }

    /// Removes the file at `path`.
    pub fn delete(&mut self, path: &str) {
        self.names.remove(path);
    }

    /// Makes all that is written to `file` durable; `Input::Synced` tells when it is.
    pub fn sync(&mut self, file: FileId) -> SyncId {
        let _ = file;
        self.next_sync += 1;
        let id = SyncId(self.next_sync);
        self.started.push(id);
        id
    }
}

/// What becomes of bytes that were written and not synced when the power goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// They are kept.
    Kept = 1,
    /// They are lost.
    Lost = 2,
    /// They are cut at a drawn byte.
    Torn = 3,
    /// One of the three, drawn for each file.
    Drawn = 4,
}
use super::{Canonical, Purpose, Span, TraceHash};
use std::ops::RangeInclusive;
impl Disk {
    pub(super) fn has_started(&self) -> bool {
        !self.started.is_empty()
    }
    pub(super) fn take_started(&mut self) -> Vec<SyncId> {
        std::mem::take(&mut self.started)
    }
    pub(super) fn complete_sync(&mut self, _: SyncId) {}
    pub(super) fn kill(&mut self) {}
    pub(super) fn power_off(
        &mut self,
        _: Tail,
        _: &mut dyn FnMut(Purpose, u32, RangeInclusive<u64>) -> u64,
    ) {
    }
    pub(super) fn mark_synced(&mut self) {}
    pub(super) fn sync_latency(&self, s: Span) -> Span {
        s
    }
    pub(super) fn set_full(&mut self, _: bool) {}
    pub(super) fn set_capacity(&mut self, _: Option<u64>) {}
    pub(super) fn set_slow(&mut self, _: u32, _: Option<Span>) {}
    pub(super) fn corrupt(&mut self, _: &str, _: u64, _: &[u8]) {}
}
impl Canonical for Disk {
    fn canonical(&self, _: &mut TraceHash) {}
}
