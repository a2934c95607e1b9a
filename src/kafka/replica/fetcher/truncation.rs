//! Where a follower cuts its log when its leader says that they diverge (behaviour.md 2.5,
//! `AbstractFetcherThread.getOffsetTruncationState`).

use crate::kafka::replica::partition::Partition;

/// The offset to cut to, given the leader's answer (`epoch`, `end`), -1 each if unknown.
/// `fetch_offset` is where fetching stands; the next fetch tells whether the cut was enough.
pub(super) fn truncation_offset(
    partition: &Partition,
    (epoch, end): (i32, i64),
    fetch_offset: i64,
) -> i64 {
    let log_end = partition.log().offsets().log_end;
    if end == -1 {
        return fetch_offset;
    }
    if epoch == -1 {
        return end.min(log_end);
    }
    match partition.end_offset_for(epoch) {
        None => end.min(log_end),
        Some((own_epoch, own_end)) if own_epoch != epoch => own_end.min(log_end),
        Some((_, own_end)) => own_end.min(end).min(log_end),
    }
}
