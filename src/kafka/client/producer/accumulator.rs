//! Records that wait to be sent, in batches by partition (`RecordAccumulator`, `BufferPool`).
//!
//! A batch lives here from its first record to its end, queued or in flight. A queue holds the
//! batches of one partition in the order in which they must be sent.

use super::batch::{BatchId, PendingRecord, ProducerBatch};
use crate::kafka::protocol::TopicPartition;
use crate::sim::Time;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Batches, queues and buffer memory of one producer.
#[derive(Clone, Debug)]
pub(crate) struct Accumulator {
    batches: BTreeMap<BatchId, ProducerBatch>,
    /// The batches by the time of their creation, the oldest first.
    by_creation: BTreeSet<(Time, BatchId)>,
    queues: BTreeMap<TopicPartition, VecDeque<BatchId>>,
    /// The batches that are in a queue.
    queued: BTreeSet<BatchId>,
    /// Partitions with a request in flight that must stay alone (max.in.flight = 1).
    pub(crate) muted: BTreeSet<TopicPartition>,
    next_id: u32,
    batch_size: usize,
    most_records: usize,
    total_memory: i64,
    available_memory: i64,
}

/// Bytes were appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Appended {
    /// How many, with the header of a new batch.
    pub(crate) bytes: usize,
}

impl Accumulator {
    pub(crate) fn new(batch_size: i32, most_records: i32, buffer_memory: i64) -> Self {
        Accumulator {
            batches: BTreeMap::new(),
            by_creation: BTreeSet::new(),
            queues: BTreeMap::new(),
            queued: BTreeSet::new(),
            muted: BTreeSet::new(),
            next_id: 0,
            batch_size: batch_size.max(1) as usize,
            most_records: most_records.max(1) as usize,
            total_memory: buffer_memory,
            available_memory: buffer_memory,
        }
    }

    pub(crate) fn batch(&self, id: BatchId) -> Option<&ProducerBatch> {
        self.batches.get(&id)
    }

    pub(crate) fn batch_mut(&mut self, id: BatchId) -> Option<&mut ProducerBatch> {
        self.batches.get_mut(&id)
    }

    /// Every batch that has no answer yet.
    pub(crate) fn incomplete(&self) -> impl Iterator<Item = (BatchId, &ProducerBatch)> {
        self.batches.iter().map(|(id, batch)| (*id, batch))
    }

    /// When the oldest batch was created.
    pub(crate) fn oldest(&self) -> Option<Time> {
        self.by_creation.first().map(|(created, _)| *created)
    }

    /// The batches that were created at `until` or before.
    pub(crate) fn created_until(&self, until: Time) -> impl Iterator<Item = BatchId> + '_ {
        let old = self.by_creation.iter();
        old.take_while(move |(created, _)| *created <= until)
            .map(|(_, id)| *id)
    }

    /// The queues that are not empty.
    pub(crate) fn queues(&self) -> impl Iterator<Item = (&TopicPartition, &VecDeque<BatchId>)> {
        self.queues.iter().filter(|(_, queue)| !queue.is_empty())
    }

    /// The partitions of a topic that ever had a queue, with its length.
    pub(crate) fn queue_lengths(&self, topic: &str) -> Vec<(i32, usize)> {
        let from = TopicPartition::new(topic, 0);
        self.queues
            .range(from..)
            .take_while(|(tp, _)| tp.topic == topic)
            .map(|(tp, queue)| (tp.partition, queue.len()))
            .collect()
    }

    pub(crate) fn first(&self, tp: &TopicPartition) -> Option<BatchId> {
        self.queues.get(tp)?.front().copied()
    }

    pub(crate) fn total_memory(&self) -> i64 {
        self.total_memory
    }

    pub(crate) fn available_memory(&self) -> i64 {
        self.available_memory
    }

    /// How many records wait in queues.
    pub(crate) fn buffered(&self) -> usize {
        let queued = self.queues.values().flatten();
        queued
            .filter_map(|id| self.batches.get(id))
            .map(|batch| batch.records.len())
            .sum()
    }

    /// Whether the last batch of a partition takes no further record (`allBatchesFull`).
    pub(crate) fn all_batches_full(&self, tp: &TopicPartition) -> bool {
        let last = self.queues.get(tp).and_then(VecDeque::back);
        let last = last.and_then(|id| self.batches.get(id));
        last.is_none_or(ProducerBatch::is_full)
    }

    /// The memory that a new batch for a record of this size takes.
    pub(crate) fn allocation(&self, upper_bound: usize) -> usize {
        self.batch_size.max(upper_bound)
    }

    /// Appends to the partition's last batch, or to a new one; gives the record back if there is
    /// no memory for a new one.
    pub(crate) fn append(
        &mut self,
        tp: &TopicPartition,
        pending: PendingRecord,
        upper_bound: usize,
        now: Time,
    ) -> Result<Appended, PendingRecord> {
        let pending = match self.try_append_to_last(tp, pending) {
            Ok(bytes) => return Ok(Appended { bytes }),
            Err(pending) => pending,
        };
        let limit = self.allocation(upper_bound);
        if limit as i64 > self.available_memory {
            return Err(pending);
        }
        let mut batch = ProducerBatch::new(tp.clone(), limit, self.most_records, now);
        let bytes = batch.try_append(pending)?;
        self.available_memory -= limit as i64;
        let id = self.insert(batch);
        self.queue(tp).push_back(id);
        self.queued.insert(id);
        Ok(Appended { bytes })
    }

    fn try_append_to_last(
        &mut self,
        tp: &TopicPartition,
        pending: PendingRecord,
    ) -> Result<usize, PendingRecord> {
        let last = self.queues.get(tp).and_then(|queue| queue.back().copied());
        match last.and_then(|id| self.batches.get_mut(&id)) {
            Some(batch) => batch.try_append(pending),
            None => Err(pending),
        }
    }

    fn insert(&mut self, batch: ProducerBatch) -> BatchId {
        let id = BatchId(self.next_id);
        self.next_id += 1;
        self.by_creation.insert((batch.created, id));
        self.batches.insert(id, batch);
        id
    }

    fn queue(&mut self, tp: &TopicPartition) -> &mut VecDeque<BatchId> {
        self.queues.entry(tp.clone()).or_default()
    }

    /// Takes the first batch of a partition out of its queue, closed.
    pub(crate) fn poll_first(&mut self, tp: &TopicPartition) -> Option<BatchId> {
        let id = self.queues.get_mut(tp)?.pop_front()?;
        self.queued.remove(&id);
        self.batches.get_mut(&id)?.close();
        Some(id)
    }

    /// Puts a batch back: at the front, or at its place by sequence if it has one.
    pub(crate) fn reenqueue(&mut self, id: BatchId) {
        let Some(batch) = self.batches.get(&id) else {
            return;
        };
        let (tp, sequence) = (batch.tp.clone(), batch.base_sequence());
        let earlier = |other: &&BatchId| {
            let other = self.batches.get(other);
            other.is_some_and(|b| b.has_sequence() && b.base_sequence() < sequence)
        };
        let place = match (batch.has_sequence(), self.queues.get(&tp)) {
            (true, Some(queue)) => queue.iter().take_while(earlier).count(),
            _ => 0,
        };
        self.queue(&tp).insert(place, id);
        self.queued.insert(id);
    }

    /// Replaces a batch that was too large by its parts, which are queued in order.
    pub(crate) fn split_and_reenqueue(&mut self, id: BatchId) -> Vec<BatchId> {
        let batch_size = self.batch_size;
        let Some(batch) = self.remove(id) else {
            return Vec::new();
        };
        let parts = batch.split(batch_size);
        let ids: Vec<BatchId> = parts.into_iter().map(|part| self.insert(part)).collect();
        for part in ids.iter().rev() {
            self.reenqueue(*part);
        }
        ids
    }

    /// Ends a batch: takes it out of everything and frees its memory.
    pub(crate) fn remove(&mut self, id: BatchId) -> Option<ProducerBatch> {
        let batch = self.batches.remove(&id)?;
        self.by_creation.remove(&(batch.created, id));
        // Most batches have left their queue when they end.
        if self.queued.remove(&id)
            && let Some(queue) = self.queues.get_mut(&batch.tp)
        {
            queue.retain(|queued| *queued != id);
        }
        self.available_memory += batch.memory();
        Some(batch)
    }
}
