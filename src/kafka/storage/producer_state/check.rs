//! May a producer's batch be appended? (`ProducerAppendInfo`, behaviour.md 2.14.)

use super::{BatchMetadata, ProducerEntry, ProducerState};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::record_batch::{NO_PRODUCER_EPOCH, RecordBatch};
use crate::kafka::storage::ProducerAppend;

/// What is to be done with a producer's batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kafka::storage) enum Verdict {
    /// It is new and in sequence.
    Append,
    /// It was written before: answer with the old offsets.
    Duplicate(BatchMetadata),
    /// It is refused with this code and text.
    Refuse(ErrorCode, String),
}

/// The record of a control batch that ends a transaction.
#[derive(Clone, Copy, Debug)]
pub(in crate::kafka::storage) struct EndTxnMarker {
    /// The producer's epoch.
    pub(super) producer_epoch: i16,
    /// The transaction coordinator's epoch.
    pub(super) coordinator_epoch: i32,
    /// When it was written.
    pub(super) timestamp: i64,
}

impl EndTxnMarker {
    /// The marker in `batch`; none if the batch was emptied by compaction or holds no marker.
    pub(super) fn of(batch: &RecordBatch) -> Option<EndTxnMarker> {
        let records = batch.records().ok()?;
        let record = records.first()?;
        // The value is a version (i16) and the coordinator's epoch (i32).
        let epoch = record.value.as_ref()?.get(2..6)?;
        Some(EndTxnMarker {
            producer_epoch: batch.producer_epoch(),
            coordinator_epoch: i32::from_be_bytes(epoch.try_into().ok()?),
            timestamp: record.timestamp,
        })
    }
}

impl ProducerState {
    /// Judges a batch of a client that is stamped with its offsets, before it is written to the
    /// log of `folder`. A batch without a producer id is not judged.
    pub(in crate::kafka::storage) fn check(
        &self,
        batch: &RecordBatch,
        folder: &str,
        switches: ProducerAppend,
    ) -> Verdict {
        if !batch.has_producer_id() {
            return Verdict::Append;
        }
        let unknown = ProducerEntry::default();
        let entry = self.producer(batch.producer_id()).unwrap_or(&unknown);
        let look = !batch.is_control() && !switches.skip_duplicate_check;
        if let Some(duplicate) = entry.find_duplicate(batch).filter(|_| look) {
            return Verdict::Duplicate(duplicate);
        }
        let refusal = Check {
            entry,
            batch,
            folder,
        }
        .refusal(switches.skip_sequence_check);
        refusal.map_or(Verdict::Append, |(code, text)| Verdict::Refuse(code, text))
    }
}

/// One batch against what is known of its producer.
struct Check<'a> {
    entry: &'a ProducerEntry,
    batch: &'a RecordBatch,
    folder: &'a str,
}

impl Check<'_> {
    fn refusal(&self, skip_sequence: bool) -> Option<(ErrorCode, String)> {
        if self.batch.is_control() {
            return self.stale_epoch().or_else(|| self.stale_coordinator());
        }
        let sequence = || (!skip_sequence).then(|| self.out_of_order()).flatten();
        self.stale_epoch()
            .or_else(sequence)
            .or_else(|| self.outside_transaction())
    }

    fn stale_epoch(&self) -> Option<(ErrorCode, String)> {
        let (epoch, current) = (self.batch.producer_epoch(), self.entry.epoch);
        let text = || {
            format!(
                "Epoch of producer {} at offset {} in {} is {epoch}, which is smaller than the \
                 last seen epoch {current}",
                self.batch.producer_id(),
                self.batch.base_offset(),
                self.folder
            )
        };
        (epoch < current).then(|| (ErrorCode::INVALID_PRODUCER_EPOCH, text()))
    }

    fn out_of_order(&self) -> Option<(ErrorCode, String)> {
        // With no state at all, perhaps because the producer's records were deleted, any
        // sequence may begin.
        if self.entry.epoch == NO_PRODUCER_EPOCH {
            return None;
        }
        let text = if self.batch.producer_epoch() != self.entry.epoch {
            self.bad_first_of_epoch()?
        } else {
            self.bad_next()?
        };
        Some((ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, text))
    }

    fn bad_first_of_epoch(&self) -> Option<String> {
        let sequence = self.batch.base_sequence();
        // Kafka's text lacks the space before "at".
        let text = || {
            format!(
                "Invalid sequence number for new epoch of producer {}at offset {} in partition \
                 {}: {} (request epoch), {sequence} (seq. number), {} (current producer epoch)",
                self.batch.producer_id(),
                self.batch.base_offset(),
                self.folder,
                self.batch.producer_epoch(),
                self.entry.epoch
            )
        };
        (sequence != 0).then(text)
    }

    fn bad_next(&self) -> Option<String> {
        let (last, next) = (self.entry.last_sequence(), self.batch.base_sequence());
        let follows = i64::from(next) == i64::from(last) + 1 || (next == 0 && last == i32::MAX);
        let text = || {
            format!(
                "Out of order sequence number for producer {} at offset {} in partition {}: \
                 {next} (incoming seq. number), {last} (current end sequence number)",
                self.batch.producer_id(),
                self.batch.base_offset(),
                self.folder
            )
        };
        (!follows).then(text)
    }

    fn outside_transaction(&self) -> Option<(ErrorCode, String)> {
        let open = self.entry.current_txn_first_offset.is_some();
        let text = || {
            format!(
                "Expected transactional write from producer {} at offset {} in partition {}",
                self.batch.producer_id(),
                self.batch.base_offset(),
                self.folder
            )
        };
        (open && !self.batch.is_transactional()).then(|| (ErrorCode::INVALID_TXN_STATE, text()))
    }

    fn stale_coordinator(&self) -> Option<(ErrorCode, String)> {
        let current = self.entry.coordinator_epoch;
        let marker = EndTxnMarker::of(self.batch)?;
        let text = || {
            format!(
                "Invalid coordinator epoch for producerId {} at offset {} in partition {}: {} \
                 (zombie), {current} (current)",
                self.batch.producer_id(),
                self.batch.base_offset(),
                self.folder,
                marker.coordinator_epoch
            )
        };
        (marker.coordinator_epoch < current)
            .then(|| (ErrorCode::TRANSACTION_COORDINATOR_FENCED, text()))
    }
}
