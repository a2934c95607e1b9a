//! Reading a segment's file from its start (`LogSegment.recover`).

use super::super::segment::{Segment, batch_at};
use crate::kafka::protocol::record_batch::RecordBatch;
use crate::sim::Disk;

/// Takes the batches of the segment's file into its batch index, up to the first one that is cut
/// short, has a bad header, does not follow the one before or, with `verify`, has a wrong
/// checksum. The bytes from there to the end of the file.
pub(super) fn load_batches(disk: &Disk, segment: &mut Segment, verify: bool) -> u64 {
    let len = disk.len(segment.log());
    let mut position = 0;
    while let Some(batch) = valid_batch_at(disk, segment, position, verify) {
        segment.note_batch(&batch, position as u32);
        position += batch.size() as u64;
    }
    len - position
}

fn valid_batch_at(
    disk: &Disk,
    segment: &Segment,
    position: u64,
    verify: bool,
) -> Option<RecordBatch> {
    u32::try_from(position).ok()?;
    let (batch, sound) = batch_at(disk, segment.log(), position).ok()?;
    let (first, last) = (batch.base_offset(), batch.last_offset());
    let follows = first >= segment.next_offset() && last >= first;
    let near = || i32::try_from(last - segment.base_offset()).is_ok();
    let intact = || !verify || sound || batch.verify_checksum().is_ok();
    (follows && near() && intact()).then_some(batch)
}
