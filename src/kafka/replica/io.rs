//! [`Io`]: what reads and writes of partition logs would ask of a real disk, counted as work.
//!
//! The disk works at one place; where it goes on somewhere else it seeks. Appends are counted at
//! once, though a real page cache gathers them: the number of seeks is an upper bound. Reads go to
//! the disk only for pages that the page cache does not hold (least recently used goes first).
//! Indexes, checkpoints and the metadata log are not counted.

use super::table::PartitionNo;
use crate::kafka::config::IoModel;
use crate::kafka::vocabulary::{Kafka, Work};
use crate::sim::Ctx;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes of a page.
const PAGE: u64 = 4_096;

/// A segment's file: partition and base offset.
type File = (PartitionNo, i64);

/// The disk's place and the page cache of one broker.
#[derive(Clone, Debug)]
pub(super) struct Io {
    model: IoModel,
    /// Where the disk stopped.
    head: Option<(File, u64)>,
    pages: Arc<PageCache>,
}

impl Io {
    pub(super) fn new(model: IoModel) -> Self {
        Io {
            model,
            head: None,
            pages: Arc::new(PageCache::default()),
        }
    }

    /// Whether it matters where a read lies.
    pub(super) fn may_miss(&self) -> bool {
        self.model.page_cache.is_some()
    }

    /// `bytes` that end at `end` of a segment's file were appended.
    pub(super) fn appended(
        &mut self,
        (file, end): (File, u64),
        bytes: u64,
        records: u64,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        if bytes == 0 {
            return;
        }
        let start = end.saturating_sub(bytes);
        if self.model.sequential_writes {
            self.work_at(file, start..end, ctx);
        } else {
            ctx.spend(Work::DiskSeeks, records);
            self.head = None;
        }
        if let Some(capacity) = self.model.page_cache.filter(|bytes| *bytes > 0) {
            let pages = Arc::make_mut(&mut self.pages);
            for page in pages_of(start, bytes) {
                pages.touch((file, page), capacity);
            }
        }
    }

    /// `bytes` go into a fetch answer.
    pub(super) fn served(&self, bytes: u64, ctx: &mut Ctx<'_, Kafka>) {
        if !self.model.zero_copy {
            ctx.spend(Work::CopiedBytes, bytes);
        }
    }

    /// `bytes` from `start` of a segment's file are read.
    pub(super) fn read(
        &mut self,
        (file, start): (File, u64),
        bytes: u64,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        match self.model.page_cache {
            None => {}
            Some(0) => self.read_from_disk(file, start..start.saturating_add(bytes), ctx),
            Some(capacity) => {
                for page in pages_of(start, bytes) {
                    let pages = Arc::make_mut(&mut self.pages);
                    if !pages.touch((file, page), capacity) {
                        self.read_from_disk(file, page * PAGE..(page + 1) * PAGE, ctx);
                    }
                }
            }
        }
    }

    fn read_from_disk(
        &mut self,
        file: File,
        range: std::ops::Range<u64>,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        ctx.spend(Work::DiskReadBytes, range.end - range.start);
        self.work_at(file, range, ctx);
    }

    fn work_at(&mut self, file: File, range: std::ops::Range<u64>, ctx: &mut Ctx<'_, Kafka>) {
        if self.head != Some((file, range.start)) {
            ctx.spend(Work::DiskSeeks, 1);
        }
        self.head = Some((file, range.end));
    }
}

fn pages_of(start: u64, bytes: u64) -> std::ops::Range<u64> {
    start / PAGE..start.saturating_add(bytes).div_ceil(PAGE)
}

/// Which pages are in memory, and since when each was last used.
#[derive(Clone, Debug, Default)]
struct PageCache {
    used: u64,
    by_page: BTreeMap<(File, u64), u64>,
    by_use: BTreeMap<u64, (File, u64)>,
}

impl PageCache {
    /// Uses a page and keeps at most `capacity` bytes, at least one page. False: it was not there.
    fn touch(&mut self, page: (File, u64), capacity: u64) -> bool {
        self.used += 1;
        let before = self.by_page.insert(page, self.used);
        if let Some(before) = before {
            self.by_use.remove(&before);
        }
        self.by_use.insert(self.used, page);
        while self.by_page.len() as u64 > (capacity / PAGE).max(1) {
            if let Some((_, oldest)) = self.by_use.pop_first() {
                self.by_page.remove(&oldest);
            }
        }
        before.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{NodeId, Stand};

    const LOG: File = (PartitionNo(0), 0);
    const OTHER: File = (PartitionNo(1), 0);

    fn counted(model: IoModel, run: impl FnOnce(&mut Io, &mut Ctx<'_, Kafka>)) -> [u64; 3] {
        let mut stand = Stand::new(NodeId(1), 1);
        run(&mut Io::new(model), &mut stand.ctx());
        [Work::DiskSeeks, Work::DiskReadBytes, Work::CopiedBytes].map(|work| {
            let spent = stand.outbox.work.iter();
            let of_kind = spent.filter(|(code, _)| *code == u8::from(work));
            of_kind.map(|(_, units)| units).sum()
        })
    }

    #[test]
    fn appends_to_one_file_seek_once() {
        let writes = |io: &mut Io, ctx: &mut Ctx<'_, Kafka>| {
            io.appended((LOG, 100), 100, 10, ctx);
            io.appended((LOG, 250), 150, 15, ctx);
            io.appended((OTHER, 50), 50, 5, ctx);
            io.appended((LOG, 300), 50, 5, ctx);
        };
        assert_eq!(counted(IoModel::default(), writes), [3, 0, 0]);
        let in_place = IoModel {
            sequential_writes: false,
            ..IoModel::default()
        };
        assert_eq!(counted(in_place, writes), [35, 0, 0]);
    }

    #[test]
    fn reads_miss_what_the_page_cache_has_lost() {
        let two_pages = |page_cache| IoModel {
            page_cache,
            ..IoModel::default()
        };
        let run = |io: &mut Io, ctx: &mut Ctx<'_, Kafka>| {
            io.appended((LOG, 4 * PAGE), 4 * PAGE, 1, ctx);
            io.read((LOG, 3 * PAGE), PAGE, ctx);
            io.read((LOG, 0), PAGE + 1, ctx);
            io.read((LOG, PAGE), 10, ctx);
        };
        assert_eq!(counted(two_pages(None), run), [1, 0, 0]);
        assert_eq!(counted(two_pages(Some(2 * PAGE)), run), [2, 2 * PAGE, 0]);
        assert_eq!(
            counted(two_pages(Some(0)), run),
            [4, 2 * PAGE + 1 + 10, 0],
            "each read is where the last one did not stop"
        );
    }

    #[test]
    fn without_zero_copy_every_byte_is_copied() {
        let copies = IoModel {
            zero_copy: false,
            ..IoModel::default()
        };
        let served = |io: &mut Io, ctx: &mut Ctx<'_, Kafka>| io.served(77, ctx);
        assert_eq!(counted(copies, served), [0, 0, 77]);
        assert_eq!(counted(IoModel::default(), served), [0, 0, 0]);
    }
}
