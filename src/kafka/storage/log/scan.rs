//! Reading a segment's file from its start (`LogSegment.recover`). A chunk that is one batch and
//! whose checksum was found right is marked as sound, so that later readers need not.

use super::super::segment::{Segment, batch_at};
use crate::kafka::protocol::record_batch::RecordBatch;
use crate::sim::{Chunk, Disk};

/// Takes the batches of the segment's file into its batch index, up to the first one that is cut
/// short, has a bad header, does not follow the one before or, with `verify`, has a wrong
/// checksum. The bytes from there to the end of the file.
pub(super) fn load_batches(disk: &mut Disk, segment: &mut Segment, verify: bool) -> u64 {
    let len = disk.len(segment.log());
    let mut position = 0;
    while let Some(batch) = valid_batch_at(disk, segment, position, verify) {
        segment.note_batch(&batch, position as u32);
        position += batch.size() as u64;
    }
    len - position
}

fn valid_batch_at(
    disk: &mut Disk,
    segment: &Segment,
    position: u64,
    verify: bool,
) -> Option<RecordBatch> {
    u32::try_from(position).ok()?;
    let (batch, sound) = batch_at(disk, segment.log(), position).ok()?;
    let (first, last) = (batch.base_offset(), batch.last_offset());
    let follows = first >= segment.next_offset() && last >= first;
    let near = || i32::try_from(last - segment.base_offset()).is_ok();
    if !follows || !near() {
        return None;
    }
    if verify && !sound {
        batch.verify_checksum().ok()?;
        mark_sound(disk, segment, position, batch.size() as u64);
    }
    Some(batch)
}

fn mark_sound(disk: &mut Disk, segment: &Segment, position: u64, size: u64) {
    let file = segment.log();
    let number = disk.chunk_number_at(file, position);
    let chunk = number.and_then(|number| disk.chunk(file, number));
    let whole = |(at, chunk): (u64, Chunk)| at == position && chunk.bytes.len() as u64 == size;
    if let Some(number) = number.filter(|_| chunk.is_some_and(whole)) {
        disk.mark_sound(file, number);
    }
}
