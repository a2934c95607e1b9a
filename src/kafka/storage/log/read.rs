//! Reading whole batches (`LocalLog.read`). As in Kafka, one read never goes past the end of a
//! segment: the next fetch gets the next one.

use super::super::batch_index::BatchEntry;
use super::super::segment::Segment;
use super::{FetchData, Isolation, Log};
use crate::kafka::protocol::ErrorCode;
use crate::sim::Disk;

impl Log {
    /// Reads whole batches from the one that holds `offset`, at most `max_bytes` together but
    /// at least one batch if `min_one`, below the bound of `isolation`. An offset outside
    /// [LSTART, LEO] is refused with OFFSET_OUT_OF_RANGE.
    pub fn read(
        &self,
        disk: &Disk,
        offset: i64,
        max_bytes: u64,
        min_one: bool,
        isolation: Isolation,
    ) -> Result<FetchData, ErrorCode> {
        let offsets = self.offsets();
        let bound = match isolation {
            Isolation::LogEnd => offsets.log_end,
            Isolation::HighWatermark => offsets.high_watermark,
            Isolation::LastStable => offsets.last_stable,
        };
        self.read_below(disk, offset, max_bytes, min_one, bound)
    }

    /// As [`Log::read`] with an explicit upper bound (exclusive offset).
    pub fn read_below(
        &self,
        disk: &Disk,
        offset: i64,
        max_bytes: u64,
        min_one: bool,
        bound: i64,
    ) -> Result<FetchData, ErrorCode> {
        if offset < self.log_start || offset > self.log_end {
            return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
        }
        let mut data = FetchData::default();
        let Some((segment, from)) = self.locate(offset) else {
            return Ok(data);
        };
        for (n, batch) in (from..).zip(segment.batches().iter_from(from)) {
            let size = u64::from(batch.size);
            let fits = data.bytes + size <= max_bytes || (min_one && data.chunks.is_empty());
            if batch.last_offset >= bound || !fits {
                break;
            }
            data.chunks.push(segment.chunk_of(disk, n, batch));
            data.bytes += size;
        }
        Ok(data)
    }

    /// The base offset of the segment that holds `offset` and the byte position of `offset`'s
    /// batch in it, for delayed fetches (2.25 F and G). The log end is after the last batch of
    /// the active segment; outside of [LSTART, LEO] there is none.
    pub fn position_of(&self, _disk: &Disk, offset: i64) -> Option<(i64, u64)> {
        if offset < self.log_start || offset > self.log_end {
            return None;
        }
        let end = (self.active.base_offset(), self.active.size());
        // The most frequent question, of appends and of fetches that wait, needs no search.
        if offset == self.log_end {
            return Some(end);
        }
        let found = self.locate(offset).and_then(|(segment, n)| {
            let batch = segment.batches().get(n)?;
            Some((segment.base_offset(), u64::from(batch.position)))
        });
        Some(found.unwrap_or(end))
    }

    /// The bytes of batches from `offset` to the bound `upper` (exclusive), or more than `cap`.
    pub fn bytes_between(&self, _disk: &Disk, offset: i64, upper: i64, cap: u64) -> u64 {
        let mut bytes = 0;
        for n in self.floor_segment(offset)..=self.closed.len() {
            let Some(segment) = self.segment(n).filter(|s| s.base_offset() < upper) else {
                break;
            };
            bytes += bytes_below(segment, upper).saturating_sub(bytes_below(segment, offset));
            if bytes > cap {
                break;
            }
        }
        bytes
    }

    /// How a broker finds `offset` in its files (2.23): the base offset of the segment, the entry
    /// of its offset index with the greatest offset that is not above (offset, position), and the
    /// position of the batch that a scan from there ends at. For people: [`Log::read`] has every
    /// batch in memory.
    pub fn index_lookup(&self, disk: &Disk, offset: i64) -> Option<(i64, (i64, u32), u64)> {
        let (segment, n) = self.locate(offset)?;
        let batch = segment.batches().get(n)?;
        let entry = segment.offset_index.lookup(disk, offset);
        Some((segment.base_offset(), entry, u64::from(batch.position)))
    }

    /// The same for a timestamp: the base offset of the first segment that has a record so late,
    /// and the entry of its time index with the greatest timestamp that is not above (timestamp,
    /// offset).
    pub fn time_index_lookup(&self, disk: &Disk, timestamp: i64) -> Option<(i64, (i64, i64))> {
        let late = |segment: &&Segment| segment.largest_timestamp() >= timestamp;
        let segment = self.all_segments().find(late)?;
        let entry = segment.time_index.lookup(disk, timestamp);
        Some((segment.base_offset(), entry))
    }

    /// The segment and number of the first batch that ends at `offset` or later.
    pub(super) fn locate(&self, offset: i64) -> Option<(&Segment, usize)> {
        let segments =
            (self.floor_segment(offset)..=self.closed.len()).map_while(|n| self.segment(n));
        let mut found = segments.map(|segment| (segment, segment.batches().find(offset)));
        found.find(|(segment, n)| *n < segment.batches().len())
    }
}

/// The bytes of the batches that end below `offset`.
fn bytes_below(segment: &Segment, offset: i64) -> u64 {
    let batches = segment.batches().find(offset).checked_sub(1);
    let last = batches.and_then(|n| segment.batches().get(n));
    last.map_or(0, BatchEntry::end)
}
