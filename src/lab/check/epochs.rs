//! Logs as lists of (epoch, start): two logs that agree on these agree on their records, because
//! I6 holds.

use crate::kafka::storage::Log;

/// The part of an epoch that a log holds: [start, end).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EpochRange {
    pub(super) epoch: i32,
    pub(super) start: i64,
    pub(super) end: i64,
}

/// The epochs of a log within [from, to).
pub(super) fn ranges(log: &Log, from: i64, to: i64) -> impl Iterator<Item = EpochRange> + '_ {
    let to = to.min(log.offsets().log_end);
    let entries = log.epochs();
    let starts = entries.iter().map(|(_, start)| *start).skip(1);
    let ends = starts.chain([i64::MAX]);
    let clipped = entries
        .iter()
        .zip(ends)
        .map(move |((epoch, start), end)| EpochRange {
            epoch: *epoch,
            start: (*start).max(from),
            end: end.min(to),
        });
    clipped.filter(|range| range.start < range.end)
}

/// The first offset below `to` at which two logs differ, where both hold records.
pub(super) fn first_difference(a: &Log, b: &Log, to: i64) -> Option<i64> {
    let from = a.offsets().log_start.max(b.offsets().log_start);
    let (mut left, mut right) = (ranges(a, from, to), ranges(b, from, to));
    loop {
        match (left.next(), right.next()) {
            (Some(l), Some(r)) if (l.epoch, l.start) != (r.epoch, r.start) => {
                return Some(l.start.min(r.start));
            }
            (Some(l), Some(r)) if l.end != r.end => return Some(l.end.min(r.end)),
            (Some(_), Some(_)) => {}
            (longer, None) | (None, longer) => return longer.map(|range| range.start),
        }
    }
}

/// Whether a log holds [start, end) in `epoch`, as far as it is not below the log start.
pub(super) fn holds(log: &Log, range: EpochRange) -> bool {
    let start = range.start.max(log.offsets().log_start);
    if start >= range.end {
        return true;
    }
    ranges(log, start, range.end).next() == Some(EpochRange { start, ..range })
}
