//! Producer id, epoch and sequences of an idempotent producer (the part of `TransactionManager`
//! that does not need transactions, and `TxnPartitionMap`).
//!
//! ```text
//! Uninitialized -> Initializing   InitProducerId was sent
//! Initializing  -> Ready          it was answered
//! Initializing  -> Uninitialized  it failed and is to be tried again
//! Ready         -> Uninitialized  the epoch is used up (32767)
//! any           -> Fatal          the cluster refuses idempotence
//! ```

use super::accumulator::Accumulator;
use super::batch::{BatchId, ProducerBatch, ProducerState};
use crate::kafka::protocol::record_batch::increment_sequence;
use crate::kafka::protocol::{ErrorCode, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};

/// Where the producer stands with its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Uninitialized,
    Initializing,
    Ready,
    /// Nothing can be sent any more: the error and its text.
    Fatal(ErrorCode, String),
}

/// The ids and sequences of one producer.
#[derive(Clone, Debug)]
pub(crate) struct Idempotence {
    state: State,
    id: i64,
    epoch: i16,
    partitions: BTreeMap<TopicPartition, Sequences>,
    /// Partitions with a batch that ended with its fate unknown, and the sequence after it.
    unresolved: BTreeMap<TopicPartition, i32>,
    rewrite: BTreeSet<TopicPartition>,
    epoch_bump_required: bool,
}

#[derive(Clone, Debug)]
struct Sequences {
    id: i64,
    epoch: i16,
    next: i32,
    last_acked: i32,
    last_acked_offset: i64,
    /// Sorted by id, epoch, sequence of the batches.
    in_flight: Vec<BatchId>,
}

impl Sequences {
    fn new() -> Self {
        Sequences {
            id: -1,
            epoch: -1,
            next: 0,
            last_acked: -1,
            last_acked_offset: -1,
            in_flight: Vec::new(),
        }
    }
}

impl Idempotence {
    pub(crate) fn new() -> Self {
        Idempotence {
            state: State::Uninitialized,
            id: -1,
            epoch: -1,
            partitions: BTreeMap::new(),
            unresolved: BTreeMap::new(),
            rewrite: BTreeSet::new(),
            epoch_bump_required: false,
        }
    }

    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    pub(crate) fn id(&self) -> i64 {
        self.id
    }

    pub(crate) fn epoch(&self) -> i16 {
        self.epoch
    }

    pub(crate) fn transition_to_initializing(&mut self) {
        self.state = State::Initializing;
    }

    /// InitProducerId is to be tried again.
    pub(crate) fn transition_to_uninitialized(&mut self) {
        self.state = State::Uninitialized;
    }

    pub(crate) fn transition_to_ready(&mut self, id: i64, epoch: i16) {
        self.state = State::Ready;
        (self.id, self.epoch) = (id, epoch);
    }

    pub(crate) fn transition_to_fatal(&mut self, error: ErrorCode, text: String) {
        self.state = State::Fatal(error, text);
    }

    fn sequences(&mut self, tp: &TopicPartition) -> &mut Sequences {
        self.partitions
            .entry(tp.clone())
            .or_insert_with(Sequences::new)
    }

    fn has_in_flight(&self, tp: &TopicPartition) -> bool {
        let known = self.partitions.get(tp);
        known.is_some_and(|known| !known.in_flight.is_empty())
    }

    fn is_stale(&self, tp: &TopicPartition) -> bool {
        let known = self.partitions.get(tp);
        known.is_none_or(|known| (known.id, known.epoch) != (self.id, self.epoch))
    }

    /// Whether the first batch of a partition must wait (P13): a batch in retry goes only if it
    /// holds the first sequence in flight; a new one not while old ones are under another epoch
    /// or of unknown fate.
    pub(crate) fn should_stop_drain(&self, first: &ProducerBatch, batches: &Accumulator) -> bool {
        if self.state != State::Ready {
            return true;
        }
        let tp = &first.tp;
        if !first.has_sequence() {
            return (self.has_in_flight(tp) && self.is_stale(tp))
                || self.unresolved.contains_key(tp);
        }
        let first_in_flight = self.partitions.get(tp).and_then(|p| p.in_flight.first());
        let first_in_flight = first_in_flight.and_then(|id| batches.batch(*id));
        first_in_flight.is_some_and(|other| other.base_sequence() != first.base_sequence())
    }

    /// Gives a batch that is drained for the first time its id, epoch and sequence.
    pub(crate) fn assign(&mut self, id: BatchId, batches: &mut Accumulator) {
        let (producer, epoch) = (self.id, self.epoch);
        let Some(batch) = batches.batch_mut(id).filter(|batch| !batch.has_sequence()) else {
            return;
        };
        let tp = batch.tp.clone();
        let sequences = self.sequences(&tp);
        if (sequences.id, sequences.epoch) != (producer, epoch) && sequences.in_flight.is_empty() {
            *sequences = Sequences {
                id: producer,
                epoch,
                last_acked_offset: sequences.last_acked_offset,
                ..Sequences::new()
            };
        }
        batch.producer = Some(ProducerState {
            id: producer,
            epoch,
            base_sequence: sequences.next,
        });
        sequences.next = increment_sequence(sequences.next, batch.record_count());
        self.add_in_flight(&tp, id, batches);
    }

    /// Follows a batch that has a sequence.
    pub(crate) fn add_in_flight(
        &mut self,
        tp: &TopicPartition,
        id: BatchId,
        batches: &Accumulator,
    ) {
        let in_flight = &mut self.sequences(tp).in_flight;
        in_flight.push(id);
        in_flight.sort_by_key(|id| batches.batch(*id).and_then(|batch| batch.producer));
    }

    pub(crate) fn remove_in_flight(&mut self, tp: &TopicPartition, id: BatchId) {
        if let Some(known) = self.partitions.get_mut(tp) {
            known.in_flight.retain(|other| *other != id);
        }
    }

    /// A batch was acknowledged.
    pub(crate) fn handle_completed(&mut self, id: BatchId, batch: &ProducerBatch, base: i64) {
        if let Some(known) = self.partitions.get_mut(&batch.tp) {
            known.last_acked = known.last_acked.max(batch.last_sequence());
            if base >= 0 {
                let last = base + i64::from(batch.record_count()) - 1;
                known.last_acked_offset = known.last_acked_offset.max(last);
            }
        }
        self.remove_in_flight(&batch.tp, id);
    }

    /// A batch failed for good. `adjust` if it did not use up its retries: then the broker never
    /// saw its sequences, and the ones after it need a new epoch.
    pub(crate) fn handle_failed(
        &mut self,
        id: BatchId,
        batch: &ProducerBatch,
        error: ErrorCode,
        text: &str,
        adjust: bool,
    ) {
        self.remove_in_flight(&batch.tp, id);
        if matches!(
            error,
            ErrorCode::CLUSTER_AUTHORIZATION_FAILED
                | ErrorCode::PRODUCER_FENCED
                | ErrorCode::UNSUPPORTED_VERSION
        ) {
            self.transition_to_fatal(error, text.to_owned());
        }
        if matches!(self.state, State::Fatal(..)) {
            return;
        }
        if error == ErrorCode::UNKNOWN_PRODUCER_ID {
            self.partitions.remove(&batch.tp);
            self.unresolved.remove(&batch.tp);
        } else if adjust || error == ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER {
            self.request_epoch_bump(&batch.tp);
        }
    }

    fn request_epoch_bump(&mut self, tp: &TopicPartition) {
        self.epoch_bump_required = true;
        self.rewrite.insert(tp.clone());
    }

    /// A batch in retry expired: whether the broker has it can not be known.
    pub(crate) fn mark_unresolved(&mut self, batch: &ProducerBatch) {
        let next = increment_sequence(batch.last_sequence(), 1);
        let known = self.unresolved.entry(batch.tp.clone()).or_insert(next);
        *known = (*known).max(next);
    }

    /// Partitions of unknown fate with nothing left in flight: either everything was
    /// acknowledged after all, or a new epoch is needed.
    pub(crate) fn maybe_resolve_sequences(&mut self) {
        let unresolved = std::mem::take(&mut self.unresolved);
        for (tp, next) in unresolved {
            if self.has_in_flight(&tp) {
                self.unresolved.insert(tp, next);
                continue;
            }
            let sequence = self.sequences(&tp).next;
            if !self.is_next_sequence(&tp, sequence) {
                self.request_epoch_bump(&tp);
            }
        }
    }

    fn is_next_sequence(&self, tp: &TopicPartition, sequence: i32) -> bool {
        let last = self.partitions.get(tp).map_or(-1, |known| known.last_acked);
        sequence.wrapping_sub(last) == 1
    }

    /// Whether a batch that was refused with this error may be sent again.
    pub(crate) fn can_retry(
        &mut self,
        batch: &ProducerBatch,
        error: ErrorCode,
        log_start: i64,
    ) -> bool {
        let tp = &batch.tp;
        match error {
            ErrorCode::UNKNOWN_PRODUCER_ID => {
                if log_start >= 0 && !batch.sequence_has_been_reset {
                    self.request_epoch_bump(tp);
                }
                true
            }
            ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER => {
                let unresolved = self.unresolved.get(tp).copied();
                let is_next = self.is_next_sequence(tp, batch.base_sequence());
                if unresolved.is_none() && (batch.sequence_has_been_reset || !is_next) {
                    // The batch before it is still to come.
                    return true;
                }
                if unresolved.is_none_or(|next| next == batch.base_sequence()) {
                    self.request_epoch_bump(tp);
                }
                true
            }
            _ => error.is_retriable(),
        }
    }

    /// Gives the producer a new epoch if a partition needs one; true if it did. Sequences of
    /// those partitions start at 0 again, also those of batches in flight.
    pub(crate) fn maybe_bump_epoch(&mut self, batches: &mut Accumulator) -> bool {
        if !self.epoch_bump_required || self.state != State::Ready {
            return false;
        }
        if self.epoch == i16::MAX {
            self.state = State::Uninitialized;
            (self.id, self.epoch) = (-1, -1);
        } else {
            self.epoch += 1;
        }
        for tp in std::mem::take(&mut self.rewrite) {
            self.start_sequences_at_beginning(&tp, batches);
            self.unresolved.remove(&tp);
        }
        self.epoch_bump_required = false;
        true
    }

    fn start_sequences_at_beginning(&mut self, tp: &TopicPartition, batches: &mut Accumulator) {
        let (producer, epoch) = (self.id, self.epoch);
        let Some(known) = self.partitions.get_mut(tp) else {
            return;
        };
        let mut sequence = 0;
        for id in &known.in_flight {
            let Some(batch) = batches.batch_mut(*id) else {
                continue;
            };
            batch.producer = Some(ProducerState {
                id: producer,
                epoch,
                base_sequence: sequence,
            });
            batch.sequence_has_been_reset = true;
            sequence = increment_sequence(sequence, batch.record_count());
        }
        (known.id, known.epoch, known.next) = (producer, epoch, sequence);
        known.last_acked = -1;
    }
}
