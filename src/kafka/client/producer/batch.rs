//! One batch of a producer (`ProducerBatch`, `MemoryRecordsBuilder`): records of one partition
//! that are sent, retried and answered together.

use crate::kafka::protocol::TopicPartition;
use crate::kafka::protocol::record_batch::{
    BATCH_HEADER_BYTES, BatchBuilder, NO_SEQUENCE, Record, increment_sequence,
};
use crate::sim::{CallId, Time};
use bytes::Bytes;

/// The most that length, attributes and deltas of a record can take
/// (`DefaultRecord.MAX_RECORD_OVERHEAD`).
const MAX_RECORD_OVERHEAD: usize = 21;

/// A batch's number within its producer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct BatchId(pub(crate) u32);

/// A record on its way, with the call that waits for it.
#[derive(Clone, Debug)]
pub(crate) struct PendingRecord {
    /// The number of the send within its producer.
    pub(crate) send: u32,
    pub(crate) call: CallId,
    /// Its offset is its place in the batch.
    pub(crate) record: Record,
}

/// The producer's id, epoch and first sequence that a batch was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ProducerState {
    pub(crate) id: i64,
    pub(crate) epoch: i16,
    pub(crate) base_sequence: i32,
}

/// A batch from its first record to its answer.
#[derive(Clone, Debug)]
pub(crate) struct ProducerBatch {
    pub(crate) tp: TopicPartition,
    pub(crate) records: Vec<PendingRecord>,
    /// Set when the batch is drained for the first time; kept by its retries.
    pub(crate) producer: Option<ProducerState>,
    /// The sequence was rewritten after an epoch bump.
    pub(crate) sequence_has_been_reset: bool,
    /// Made by splitting a batch that was too large: takes no buffer memory.
    pub(crate) is_split: bool,
    pub(crate) created: Time,
    /// When it was created or put back.
    pub(crate) last_attempt: Time,
    /// When it may be sent again.
    pub(crate) retry_at: Time,
    pub(crate) attempts: u32,
    /// Put back at least once.
    pub(crate) in_retry: bool,
    size: usize,
    max_record_size: usize,
    write_limit: usize,
    most_records: usize,
    closed: bool,
    leader_epoch: i32,
    attempts_when_leader_last_changed: Option<u32>,
}

impl ProducerBatch {
    /// An empty batch that takes up to `write_limit` bytes; the first record always fits.
    pub(crate) fn new(
        tp: TopicPartition,
        write_limit: usize,
        most_records: usize,
        now: Time,
    ) -> Self {
        ProducerBatch {
            tp,
            records: Vec::new(),
            producer: None,
            sequence_has_been_reset: false,
            is_split: false,
            created: now,
            last_attempt: now,
            retry_at: now,
            attempts: 0,
            in_retry: false,
            size: BATCH_HEADER_BYTES,
            max_record_size: 0,
            write_limit,
            most_records,
            closed: false,
            leader_epoch: -1,
            attempts_when_leader_last_changed: None,
        }
    }

    pub(crate) fn record_count(&self) -> i32 {
        self.records.len() as i32
    }

    /// The bytes that the batch takes.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// The buffer memory that it holds.
    pub(crate) fn memory(&self) -> i64 {
        if self.is_split {
            0
        } else {
            self.write_limit as i64
        }
    }

    /// No further record is taken.
    pub(crate) fn is_full(&self) -> bool {
        self.closed
            || (!self.records.is_empty() && self.size >= self.write_limit)
            || self.records.len() >= self.most_records
    }

    /// Takes the record and says how many bytes were added; gives it back and closes the batch
    /// if there is no room.
    pub(crate) fn try_append(
        &mut self,
        mut pending: PendingRecord,
    ) -> Result<usize, PendingRecord> {
        pending.record.offset = self.records.len() as i64;
        let size = self.size_of(&pending.record);
        let room = self.records.is_empty() || self.size + size <= self.write_limit;
        if self.closed || !room || self.records.len() >= self.most_records {
            self.closed = true;
            return Err(pending);
        }
        let before = if self.records.is_empty() {
            0
        } else {
            self.size
        };
        self.size += size;
        let upper_bound = record_size_upper_bound(&pending.record);
        self.max_record_size = self.max_record_size.max(upper_bound);
        self.records.push(pending);
        Ok(self.size - before)
    }

    fn size_of(&self, record: &Record) -> usize {
        let base = self
            .records
            .first()
            .map_or(record.timestamp, |first| first.record.timestamp);
        record.size_in_batch(record.offset as i32, record.timestamp.wrapping_sub(base))
    }

    /// No further record is taken: it is sent now.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    pub(crate) fn base_sequence(&self) -> i32 {
        self.producer
            .map_or(NO_SEQUENCE, |state| state.base_sequence)
    }

    pub(crate) fn has_sequence(&self) -> bool {
        self.producer.is_some()
    }

    pub(crate) fn last_sequence(&self) -> i32 {
        match self.producer {
            Some(state) => increment_sequence(state.base_sequence, self.record_count() - 1),
            None => NO_SEQUENCE,
        }
    }

    /// Counts a failed attempt; the batch waits until `retry_at`.
    pub(crate) fn reenqueued(&mut self, now: Time, retry_at: Time) {
        self.attempts += 1;
        self.last_attempt = now;
        self.retry_at = retry_at;
        self.in_retry = true;
    }

    /// Remembers at which attempt the leader changed last.
    pub(crate) fn maybe_update_leader_epoch(&mut self, latest: i32) {
        if latest > self.leader_epoch {
            self.attempts_when_leader_last_changed = Some(self.attempts);
            self.leader_epoch = latest;
        }
    }

    /// Whether the batch waits after a failed attempt. A new leader ends the wait (KIP-951).
    pub(crate) fn is_backing_off(&self, now: Time) -> bool {
        let leader_changed = self.attempts_when_leader_last_changed == Some(self.attempts);
        self.attempts > 0 && now < self.retry_at && !leader_changed
    }

    /// The batch as it travels.
    pub(crate) fn encode(&self) -> Bytes {
        let mut builder = BatchBuilder::new(0);
        if let Some(state) = self.producer {
            builder.producer_id = state.id;
            builder.producer_epoch = state.epoch;
            builder.base_sequence = state.base_sequence;
        }
        for pending in &self.records {
            builder.push_next(pending.record.clone());
        }
        builder.build().bytes().clone()
    }

    /// Cuts a batch that the broker found too large. A batch that was split before is halved
    /// (KAFKA-8350), as `batch_size` did not help.
    pub(crate) fn split(self, batch_size: usize) -> Vec<ProducerBatch> {
        let limit = match self.is_split {
            true => self.max_record_size.max(self.size / 2),
            false => batch_size,
        };
        let mut parts: Vec<ProducerBatch> = Vec::new();
        let mut sequence = self.base_sequence();
        let (tp, created, most) = (&self.tp, self.created, self.most_records);
        for pending in self.records {
            let rest = match parts.last_mut() {
                Some(part) => part.try_append(pending).err(),
                None => Some(pending),
            };
            if let Some(pending) = rest {
                let limit = limit.max(size_upper_bound(&pending.record));
                let mut part = ProducerBatch::new(tp.clone(), limit, most, created);
                part.is_split = true;
                let appended = part.try_append(pending);
                debug_assert!(appended.is_ok(), "the first record of a batch always fits");
                parts.push(part);
            }
        }
        for part in &mut parts {
            part.closed = true;
            part.attempts = self.attempts;
            part.in_retry = self.in_retry;
            if let Some(state) = self.producer {
                part.producer = Some(ProducerState {
                    base_sequence: sequence,
                    ..state
                });
                sequence = increment_sequence(sequence, part.record_count());
            }
        }
        parts
    }
}

/// The most that a batch with this one record can take
/// (`AbstractRecords.estimateSizeInBytesUpperBound`).
pub(crate) fn size_upper_bound(record: &Record) -> usize {
    BATCH_HEADER_BYTES + record_size_upper_bound(record)
}

fn record_size_upper_bound(record: &Record) -> usize {
    let field = |bytes: Option<&Bytes>| bytes.map_or(1, |b| varint_size(b.len()) + b.len());
    let header = |(name, value): &(String, Option<Bytes>)| {
        varint_size(name.len()) + name.len() + field(value.as_ref())
    };
    MAX_RECORD_OVERHEAD
        + field(record.key.as_ref())
        + field(record.value.as_ref())
        + varint_size(record.headers.len())
        + record.headers.iter().map(header).sum::<usize>()
}

fn varint_size(value: usize) -> usize {
    let mut zigzag = (value as u64) << 1;
    let mut size = 1;
    while zigzag >= 0x80 {
        zigzag >>= 7;
        size += 1;
    }
    size
}
