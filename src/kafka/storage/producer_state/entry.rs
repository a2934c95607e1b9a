//! One producer of one log (`ProducerStateEntry`).

use super::check::EndTxnMarker;
use super::decrement_sequence;
use crate::kafka::protocol::record_batch::{
    NO_PRODUCER_EPOCH, NO_SEQUENCE, NO_TIMESTAMP, RecordBatch,
};

/// How many batches are remembered: a producer has at most so many requests in flight.
const BATCHES_TO_RETAIN: usize = 5;

/// A batch that a producer wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(in crate::kafka::storage) struct BatchMetadata {
    /// The sequence of the last record.
    pub(in crate::kafka::storage) last_sequence: i32,
    /// The last offset.
    pub(in crate::kafka::storage) last_offset: i64,
    /// Last offset less first offset.
    pub(in crate::kafka::storage) offset_delta: i32,
    /// The batch's largest timestamp.
    pub(in crate::kafka::storage) timestamp: i64,
}

impl BatchMetadata {
    /// The first offset.
    pub(in crate::kafka::storage) fn first_offset(&self) -> i64 {
        self.last_offset - i64::from(self.offset_delta)
    }

    fn first_sequence(&self) -> i32 {
        decrement_sequence(self.last_sequence, self.offset_delta)
    }
}

/// What is known of one producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kafka::storage) struct ProducerEntry {
    /// The producer's epoch, or -1.
    pub(in crate::kafka::storage) epoch: i16,
    /// The epoch of the transaction coordinator that wrote the last marker, or -1.
    pub(in crate::kafka::storage) coordinator_epoch: i32,
    /// The largest timestamp of the last batch or marker.
    pub(in crate::kafka::storage) last_timestamp: i64,
    /// Where the open transaction began.
    pub(in crate::kafka::storage) current_txn_first_offset: Option<i64>,
    pub(super) batches: [BatchMetadata; BATCHES_TO_RETAIN],
    pub(super) len: usize,
}

impl Default for ProducerEntry {
    /// A producer of which nothing is known.
    fn default() -> Self {
        ProducerEntry {
            epoch: NO_PRODUCER_EPOCH,
            coordinator_epoch: -1,
            last_timestamp: NO_TIMESTAMP,
            current_txn_first_offset: None,
            batches: Default::default(),
            len: 0,
        }
    }
}

impl ProducerEntry {
    /// The remembered batches, oldest first.
    pub(super) fn batches(&self) -> &[BatchMetadata] {
        &self.batches[..self.len]
    }

    /// The last sequence, or -1.
    pub(super) fn last_sequence(&self) -> i32 {
        let last = self.batches().last();
        last.map_or(NO_SEQUENCE, |batch| batch.last_sequence)
    }

    /// The remembered batch with the epoch and exactly the sequences of `batch`.
    pub(super) fn find_duplicate(&self, batch: &RecordBatch) -> Option<BatchMetadata> {
        let same = |known: &&BatchMetadata| {
            known.first_sequence() == batch.base_sequence()
                && known.last_sequence == batch.last_sequence()
        };
        let epoch = batch.producer_epoch() == self.epoch;
        self.batches().iter().find(same).copied().filter(|_| epoch)
    }

    pub(super) fn add_batch(&mut self, batch: &RecordBatch) {
        self.update_epoch(batch.producer_epoch());
        self.push(BatchMetadata {
            last_sequence: batch.last_sequence(),
            last_offset: batch.last_offset(),
            offset_delta: batch.last_offset_delta(),
            timestamp: batch.max_timestamp(),
        });
        self.last_timestamp = batch.max_timestamp();
    }

    /// Remembers a batch, and forgets the oldest of more than five.
    pub(super) fn push(&mut self, batch: BatchMetadata) {
        if self.len == BATCHES_TO_RETAIN {
            self.batches.rotate_left(1);
            self.len -= 1;
        }
        self.batches[self.len] = batch;
        self.len += 1;
    }

    fn update_epoch(&mut self, epoch: i16) {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.len = 0;
        }
    }

    /// Ends the open transaction and tells where it began.
    pub(super) fn end_transaction(&mut self, marker: &EndTxnMarker) -> Option<i64> {
        self.update_epoch(marker.producer_epoch);
        self.coordinator_epoch = marker.coordinator_epoch;
        self.last_timestamp = marker.timestamp;
        self.current_txn_first_offset.take()
    }
}
