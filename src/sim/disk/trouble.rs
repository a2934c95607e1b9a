//! What happens to a disk: syncs complete, the power goes, bytes rot, space runs out.

use super::file::{Durable, Image};
use super::journal::Change;
use super::{Disk, File};
use crate::sim::{FileId, Purpose, Span, SyncId};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::mem;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// What becomes of bytes that were written and not synced when the power goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// They are kept.
    Kept = 1,
    /// They are lost, and so are changes of names.
    Lost = 2,
    /// Each file is cut at a drawn byte, perhaps within a chunk; a drawn number of the last
    /// changes of names is lost.
    Torn = 3,
    /// One of the three, drawn for each file.
    Drawn = 4,
}

/// A sync that was asked and is not complete.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    id: SyncId,
    file: FileId,
    /// What the file held when it was asked.
    len: u64,
    /// Its bytes, once the file is no longer an extension of them.
    image: Option<Box<Image>>,
    /// The first bytes of them that the file still has.
    common: u64,
    /// The changes of names before it.
    changes: u64,
    /// A later sync of the file was complete before.
    stale: bool,
}

/// Draws a value: purpose, subject within the machine, range.
pub(in crate::sim) trait Draw:
    FnMut(Purpose, u32, RangeInclusive<u64>) -> u64
{
}

impl<F: FnMut(Purpose, u32, RangeInclusive<u64>) -> u64> Draw for F {}

impl Disk {
    /// Makes everything that is written durable.
    pub fn mark_synced(&mut self) {
        for index in 0..self.files.len() {
            let dirty = self.files.get(index).is_some_and(File::is_dirty);
            if dirty && let Some(file) = self.files.get_mut(index) {
                file.settle();
            }
        }
        self.pending
            .iter_mut()
            .for_each(|pending| pending.stale = true);
        self.settle_changes(self.journal.end());
    }

    /// A disk with the content of `fresh` in the place of this one, with its limits and speed.
    pub(in crate::sim) fn wiped(&self, fresh: &Disk) -> Disk {
        let Disk {
            capacity,
            full,
            slow,
            next_sync,
            ..
        } = *self;
        Disk {
            capacity,
            full,
            slow,
            next_sync,
            ..fresh.clone()
        }
    }

    /// Lets every append fail, or no longer.
    pub fn set_full(&mut self, full: bool) {
        self.full = full;
    }

    /// Limits the bytes of all files.
    pub fn set_capacity(&mut self, bytes: Option<u64>) {
        self.capacity = bytes;
    }

    /// Replaces bytes of a file as rot does: no mark changes. Bytes past the end are ignored.
    pub fn corrupt(&mut self, path: &str, at: u64, bytes: &[u8]) {
        let Some(file) = self.open(path).and_then(|file| self.file_mut(file)) else {
            return;
        };
        let end = at.saturating_add(bytes.len() as u64).min(file.len);
        let Some(mut number) = file.number_at(at) else {
            return;
        };
        while let Some(placed) = file.chunks.get_mut(number).filter(|placed| placed.at < end) {
            let mut rotten = placed.chunk.bytes.to_vec();
            for (position, byte) in (placed.at..).zip(&mut rotten) {
                if (at..end).contains(&position) {
                    *byte = bytes[(position - at) as usize];
                }
            }
            placed.chunk.bytes = Bytes::from(rotten);
            placed.chunk.sound = false;
            number += 1;
        }
    }

    /// Makes syncs take `percent` of their latency, or of a latency of the disk's own.
    pub fn set_slow(&mut self, percent: u32, latency: Option<Span>) {
        self.slow = ((percent, latency) != (100, None)).then_some((percent, latency));
    }

    /// How long a sync takes on this disk that takes `usual` on others.
    pub(in crate::sim) fn sync_latency(&self, usual: Span) -> Span {
        let Some((percent, latency)) = self.slow else {
            return usual;
        };
        let nanos = u128::from(latency.unwrap_or(usual).0) * u128::from(percent) / 100;
        Span(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    pub(in crate::sim) fn has_started(&self) -> bool {
        !self.started.is_empty()
    }

    /// The syncs that were asked since this was last called.
    pub(in crate::sim) fn take_started(&mut self) -> Vec<SyncId> {
        mem::take(&mut self.started)
    }

    /// A sync is complete: what its file held when it was asked is durable.
    pub(in crate::sim) fn complete_sync(&mut self, id: SyncId) {
        let Some(index) = self.pending.iter().position(|pending| pending.id == id) else {
            return;
        };
        let done = self.pending.remove(index);
        self.settle_changes(done.changes);
        if done.stale {
            return;
        }
        for other in self.pending.iter_mut().take(index) {
            other.stale |= other.file == done.file;
        }
        let Some(file) = self.file_mut(done.file) else {
            return;
        };
        match done.image {
            Some(image) => {
                file.synced = file.synced.max(done.common);
                file.durable = Durable::Image(image);
            }
            None => {
                let synced = match file.durable {
                    Durable::Prefix => file.synced.max(done.len),
                    _ => done.len,
                };
                (file.synced, file.durable) = (synced, Durable::Prefix);
            }
        }
        file.synced = file.synced.min(file.len);
        if file.synced >= file.whole {
            file.whole = 0;
        }
    }

    /// The power goes.
    pub(in crate::sim) fn power_off(&mut self, tail: Tail, draw: &mut impl Draw) {
        self.pending.clear();
        self.started.clear();
        let changes = self.journal.len() as u64;
        let undone = match tail {
            Tail::Kept => 0,
            Tail::Lost => changes,
            Tail::Torn | Tail::Drawn if changes == 0 => 0,
            Tail::Torn | Tail::Drawn => draw(Purpose::Undo, 0, 0..=changes),
        };
        (0..undone).for_each(|_| self.undo());
        self.settle_changes(self.journal.end());
        self.cut_files(tail, draw);
        let sizes = self.names.values().map(|file| self.len(*file));
        self.used = sizes.sum();
    }

    /// Before `file` is cut to `len` bytes: pending syncs remember what they were asked for.
    pub(super) fn keep_for_pending(&mut self, file: FileId, len: u64) {
        let Some(content) = self.files.get(file.index()) else {
            return;
        };
        for pending in self
            .pending
            .iter_mut()
            .filter(|pending| pending.file == file)
        {
            if pending.image.is_none() && pending.len > len {
                pending.image = Some(Box::new(content.image(pending.len)));
            }
            pending.common = pending.common.min(len);
        }
    }

    pub(super) fn ask(&mut self, id: SyncId, file: FileId) {
        let (len, changes) = (self.len(file), self.journal.end());
        let (common, image, stale) = (len, None, false);
        self.pending.push(Pending {
            id,
            file,
            len,
            image,
            common,
            changes,
            stale,
        });
    }

    fn settle_changes(&mut self, end: u64) {
        while let Some(change) = self.journal.settle_before(end) {
            self.settle(change);
        }
    }

    fn undo(&mut self) {
        let names = Arc::make_mut(&mut self.names);
        match self.journal.undo() {
            Some(Change::Created { path }) => {
                names.remove(&path);
            }
            Some(Change::Deleted { path, file }) => {
                names.insert(path, file);
            }
            Some(Change::Renamed { from, to, over }) => {
                if let Some(file) = names.remove(&to) {
                    names.insert(from, file);
                }
                if let Some(over) = over {
                    names.insert(to, over);
                }
            }
            None => {}
        }
    }

    /// Every file becomes what lies on the platter; files without a name are gone.
    fn cut_files(&mut self, tail: Tail, draw: &mut impl Draw) {
        let named: BTreeSet<FileId> = self.names.values().copied().collect();
        let mut absent = BTreeSet::new();
        for index in 0..self.files.len() {
            let id = FileId(index as u32);
            let named = named.contains(&id);
            let Some(file) = self.files.get(index) else {
                continue;
            };
            if named && file.is_dirty() {
                let (cut, there) = cut_file(file, index as u32, tail, draw);
                if !there {
                    absent.insert(id);
                }
                self.put(index, cut);
            } else if !named && file.len > 0 {
                self.put(index, File::default());
            }
        }
        if !absent.is_empty() {
            Arc::make_mut(&mut self.names).retain(|_, file| !absent.contains(file));
        }
    }

    fn put(&mut self, index: usize, file: File) {
        if let Some(place) = self.files.get_mut(index) {
            *place = file;
        }
    }
}

/// What a power-off leaves of a file, and whether it is there at all.
fn cut_file(file: &File, subject: u32, tail: Tail, draw: &mut impl Draw) -> (File, bool) {
    let tail = match tail {
        Tail::Drawn => match draw(Purpose::Tail, subject, 0..=2) {
            0 => Tail::Kept,
            1 => Tail::Lost,
            _ => Tail::Torn,
        },
        tail => tail,
    };
    let back = match (tail, &file.durable) {
        (Tail::Kept, _) | (Tail::Torn, Durable::Prefix) => false,
        (Tail::Lost, _) => true,
        (Tail::Torn | Tail::Drawn, _) => draw(Purpose::Tail, subject, 0..=1) == 1,
    };
    let mut there = true;
    let image = match (&file.durable, back) {
        (Durable::Prefix, true) => file.image(file.synced),
        (Durable::Image(image), true) => (**image).clone(),
        (Durable::Absent, true) => {
            there = false;
            Image::default()
        }
        (_, false) if tail == Tail::Torn => {
            let least = file.synced.max(file.whole).min(file.len);
            file.torn(draw(Purpose::Tear, subject, least..=file.len))
        }
        (_, false) => file.image(file.len),
    };
    let mut cut = File {
        chunks: image.chunks,
        len: image.len,
        ..File::default()
    };
    cut.settle();
    (cut, there)
}

#[cfg(test)]
impl Disk {
    /// For tests of what others keep on disks: every sync that was asked is complete.
    pub(crate) fn complete_all_syncs(&mut self) {
        let ids: Vec<SyncId> = self.pending.iter().map(|pending| pending.id).collect();
        ids.into_iter().for_each(|id| self.complete_sync(id));
    }

    /// The same: the power goes, and `draw` answers every draw.
    pub(crate) fn lose_power(
        &mut self,
        tail: Tail,
        mut draw: impl FnMut(RangeInclusive<u64>) -> u64,
    ) {
        self.power_off(tail, &mut |_, _, range| draw(range));
    }
}
