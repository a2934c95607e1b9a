//! Disks are bytes: named files of immutable chunks with marks `written` and `synced`.
//!
//! | file      | concern                                                              |
//! |-----------|----------------------------------------------------------------------|
//! | `mod`     | what programs do with a disk                                         |
//! | `file`    | one file: its chunks, and what of it would survive a power-off        |
//! | `journal` | changes of names that are not durable                                |
//! | `trouble` | syncs that complete, power-off, rot, full and slow disks             |
//!
//! A kill keeps all that was written. A power-off keeps what was synced; what becomes of the rest
//! says a [`Tail`]. A sync makes durable what its file held when it was asked, and all changes of
//! names before it, as a journaling file system does.

mod file;
mod journal;
#[cfg(test)]
mod tests;
mod trouble;

use super::{Canonical, FileId, PList, Span, SyncId, TraceHash};
use bytes::{Bytes, BytesMut};
use file::File;
use journal::{Change, Journal};
use std::collections::BTreeMap;
use std::sync::Arc;

pub use trouble::Tail;

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
    /// The handle is of no file.
    NoFile,
}

/// The disk of one machine. Cheap to clone: everything that grows is shared.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    names: Arc<BTreeMap<String, FileId>>,
    files: PList<File>,
    journal: Journal,
    /// The bytes of all files that have a name.
    used: u64,
    capacity: Option<u64>,
    full: bool,
    slow: Option<(u32, Option<Span>)>,
    next_sync: u32,
    /// Asked and not seen by the World.
    started: Vec<SyncId>,
    /// Asked and not complete.
    pending: Vec<trouble::Pending>,
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
        match self.open(path) {
            Some(file) => Ok(file),
            None => self.make(path, File::default()),
        }
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
        self.file(file).map_or(0, |file| file.len)
    }

    /// The bytes of `file` that a power-off can not take.
    pub fn synced_len(&self, file: FileId) -> u64 {
        self.file(file).map_or(0, |file| file.synced)
    }

    /// The bytes of all files.
    pub fn used(&self) -> u64 {
        self.used
    }

    /// Appends one chunk and returns the position of its first byte.
    pub fn append(&mut self, file: FileId, chunk: Chunk) -> Result<u64, DiskError> {
        let size = chunk.bytes.len() as u64;
        self.check_space(size)?;
        let at = self.file_mut(file).ok_or(DiskError::NoFile)?.append(chunk);
        self.used += size;
        Ok(at)
    }

    /// The chunk that holds the byte at `position`, and the position of the chunk's first byte.
    pub fn chunk_at(&self, file: FileId, position: u64) -> Option<(u64, Chunk)> {
        let file = self.file(file)?;
        let placed = file.chunks.get(file.number_at(position)?)?;
        Some((placed.at, placed.chunk.clone()))
    }

    /// The number of the chunk that holds the byte at `position`, from 0.
    pub fn chunk_number_at(&self, file: FileId, position: u64) -> Option<usize> {
        self.file(file)?.number_at(position)
    }

    /// How many chunks `file` has.
    pub fn chunk_count(&self, file: FileId) -> usize {
        self.file(file).map_or(0, |file| file.chunks.len())
    }

    /// The chunk of that number, and the position of its first byte.
    pub fn chunk(&self, file: FileId, number: usize) -> Option<(u64, Chunk)> {
        let placed = self.file(file)?.chunks.get(number)?;
        Some((placed.at, placed.chunk.clone()))
    }

    /// Remembers that a checksum over the chunk of that number was verified.
    pub fn mark_sound(&mut self, file: FileId, number: usize) {
        let placed = self
            .file_mut(file)
            .and_then(|file| file.chunks.get_mut(number));
        if let Some(placed) = placed {
            placed.chunk.sound = true;
        }
    }

    /// Up to `len` bytes from `position`: fewer at the end of the file. Copies only when they
    /// lie in more than one chunk.
    pub fn read(&self, file: FileId, position: u64, len: u64) -> Bytes {
        let Some(file) = self.file(file) else {
            return Bytes::new();
        };
        let end = position.saturating_add(len).min(file.len);
        let Some(number) = file.number_at(position) else {
            return Bytes::new();
        };
        let mut joined = BytesMut::new();
        for placed in file.chunks.iter_from(number) {
            let size = placed.chunk.bytes.len() as u64;
            let from = position.max(placed.at).min(placed.at + size);
            let to = end.min(placed.at + size).max(from);
            let part = placed
                .chunk
                .bytes
                .slice((from - placed.at) as usize..(to - placed.at) as usize);
            if from == position && to == end {
                return part;
            }
            joined.extend_from_slice(&part);
            if to == end {
                break;
            }
        }
        joined.freeze()
    }

    /// Cuts `file` to `len` bytes. Until it is synced a power-off may bring back what was cut.
    pub fn truncate(&mut self, file: FileId, len: u64) {
        let before = self.len(file);
        if len >= before {
            return;
        }
        self.keep_for_pending(file, len);
        if let Some(file) = self.file_mut(file) {
            file.truncate(len);
        }
        self.used = self.used.saturating_sub(before - len);
    }

    /// Puts `bytes` at `path` in one atomic piece (write beside, sync, rename): after a power-off
    /// there are the old bytes or the new ones, once synced the new ones.
    pub fn replace(&mut self, path: &str, bytes: Bytes) -> Result<FileId, DiskError> {
        let size = bytes.len() as u64;
        let Some(file) = self.open(path) else {
            self.check_space(size)?;
            let file = self.make(path, File::whole(bytes))?;
            self.used += size;
            return Ok(file);
        };
        let before = self.len(file);
        self.check_space(size.saturating_sub(before))?;
        self.keep_for_pending(file, 0);
        if let Some(file) = self.file_mut(file) {
            file.replace(bytes);
        }
        self.used = self.used.saturating_sub(before) + size;
        Ok(file)
    }

    /// Gives the file at `from` the name `to`, over any file there.
    pub fn rename(&mut self, from: &str, to: &str) {
        if from == to {
            return;
        }
        let names = Arc::make_mut(&mut self.names);
        let Some(file) = names.remove(from) else {
            return;
        };
        let over = names.insert(to.to_owned(), file);
        self.used = self
            .used
            .saturating_sub(over.map_or(0, |over| self.len(over)));
        let change = Change::Renamed {
            from: from.to_owned(),
            to: to.to_owned(),
            over,
        };
        self.record(change);
    }

    /// Removes the file at `path`. Until something is synced a power-off may bring it back.
    pub fn delete(&mut self, path: &str) {
        let Some(file) = Arc::make_mut(&mut self.names).remove(path) else {
            return;
        };
        self.used = self.used.saturating_sub(self.len(file));
        self.record(Change::Deleted {
            path: path.to_owned(),
            file,
        });
    }

    /// Makes all that is written to `file` durable; `Input::Synced` tells when it is.
    pub fn sync(&mut self, file: FileId) -> SyncId {
        self.next_sync += 1;
        let id = SyncId(self.next_sync);
        self.started.push(id);
        self.ask(id, file);
        id
    }

    /// Every file with its bytes, by path.
    pub fn export(&self) -> impl Iterator<Item = (&str, Bytes)> + '_ {
        self.names
            .iter()
            .map(|(path, file)| (path.as_str(), self.read(*file, 0, u64::MAX)))
    }

    fn file(&self, file: FileId) -> Option<&File> {
        self.files.get(file.index())
    }

    fn file_mut(&mut self, file: FileId) -> Option<&mut File> {
        self.files.get_mut(file.index())
    }

    fn make(&mut self, path: &str, file: File) -> Result<FileId, DiskError> {
        self.check_space(0)?;
        let id = FileId(self.files.len() as u32);
        self.files.push(file);
        Arc::make_mut(&mut self.names).insert(path.to_owned(), id);
        self.record(Change::Created {
            path: path.to_owned(),
        });
        Ok(id)
    }

    /// Whether there is room for `more` bytes.
    fn check_space(&self, more: u64) -> Result<(), DiskError> {
        let over = |capacity| self.used.saturating_add(more) > capacity;
        if self.full || self.capacity.is_some_and(over) {
            Err(DiskError::Full)
        } else {
            Ok(())
        }
    }

    fn record(&mut self, change: Change) {
        if let Some(settled) = self.journal.push(change) {
            self.settle(settled);
        }
    }

    /// A change is durable: a file that it took the name from is gone for good.
    fn settle(&mut self, change: Change) {
        let (Change::Deleted { file, .. }
        | Change::Renamed {
            over: Some(file), ..
        }) = change
        else {
            return;
        };
        if let Some(file) = self.file_mut(file) {
            *file = File::default();
        }
    }
}

impl Canonical for Disk {
    fn canonical(&self, hash: &mut TraceHash) {
        hash.word(self.names.len() as u64);
        for (path, id) in self.names.iter() {
            hash.bytes(path.as_bytes());
            if let Some(file) = self.file(*id) {
                hash.word(file.synced);
                hash.word(file.len);
                file.chunks
                    .iter()
                    .for_each(|placed| hash.bytes(&placed.chunk.bytes));
            }
        }
    }
}
