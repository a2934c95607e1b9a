//! A partition's log as a vector, with sequences checked as behaviour.md 2.14 says.

use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::record_batch::{BatchBuilder, Record, RecordBatch, increment_sequence};
use crate::sim::Chunk;
use std::collections::{BTreeMap, VecDeque};

#[derive(Clone, Debug)]
pub(crate) struct LogEntry {
    pub(crate) record: Record,
    pub(crate) epoch: i32,
}

#[derive(Clone, Debug, Default)]
struct ProducerEntry {
    epoch: i16,
    batches: VecDeque<(i32, i32, i64)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Partition {
    pub(crate) leader: i32,
    pub(crate) epoch: i32,
    pub(crate) start: i64,
    pub(crate) log: Vec<LogEntry>,
    producers: BTreeMap<i64, ProducerEntry>,
}

impl Partition {
    pub(super) fn new(leader: i32) -> Self {
        Partition {
            leader,
            epoch: 0,
            start: 0,
            log: Vec::new(),
            producers: BTreeMap::new(),
        }
    }

    pub(crate) fn end(&self) -> i64 {
        self.start + self.log.len() as i64
    }

    pub(super) fn check_leader(&self, broker: i32, epoch: i32) -> ErrorCode {
        if self.leader != broker {
            ErrorCode::NOT_LEADER_OR_FOLLOWER
        } else if epoch >= 0 && epoch < self.epoch {
            ErrorCode::FENCED_LEADER_EPOCH
        } else if epoch > self.epoch {
            ErrorCode::UNKNOWN_LEADER_EPOCH
        } else {
            ErrorCode::NONE
        }
    }

    pub(super) fn append(&mut self, batch: &RecordBatch, remembered: usize) -> i64 {
        let base = self.end();
        let records = batch.records().expect("the records can be read");
        assert_eq!(records.len(), batch.record_count() as usize);
        for (offset, record) in (base..).zip(records) {
            let (record, epoch) = (Record { offset, ..record }, self.epoch);
            self.log.push(LogEntry { record, epoch });
        }
        if batch.producer_id() >= 0 {
            let entry = self.producers.entry(batch.producer_id()).or_default();
            if entry.epoch != batch.producer_epoch() {
                entry.batches.clear();
                entry.epoch = batch.producer_epoch();
            }
            let (first, last) = (batch.base_sequence(), batch.last_sequence());
            entry.batches.push_back((first, last, base));
            if entry.batches.len() > remembered {
                entry.batches.pop_front();
            }
        }
        base
    }

    /// behaviour.md 2.14: the offset of a duplicate, or an error.
    pub(super) fn check_sequence(&self, batch: &RecordBatch) -> Result<Option<i64>, ErrorCode> {
        let Some(entry) = self.producers.get(&batch.producer_id()) else {
            return Ok(None);
        };
        let (epoch, first, last) = (
            batch.producer_epoch(),
            batch.base_sequence(),
            batch.last_sequence(),
        );
        if epoch < entry.epoch {
            return Err(ErrorCode::INVALID_PRODUCER_EPOCH);
        }
        if epoch > entry.epoch {
            return match first {
                0 => Ok(None),
                _ => Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER),
            };
        }
        let same = entry
            .batches
            .iter()
            .find(|(f, l, _)| (*f, *l) == (first, last));
        if let Some((_, _, base)) = same {
            return Ok(Some(*base));
        }
        let newest = entry.batches.back().map(|(_, last, _)| *last);
        match newest {
            Some(newest) if increment_sequence(newest, 1) != first => {
                Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
            }
            _ => Ok(None),
        }
    }

    /// The records from `offset`, in batches of three, the first one whole.
    pub(super) fn chunks(&self, offset: i64) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        let skip = (offset - self.start) as usize / 3;
        for entries in self.log.chunks(3).skip(skip).take(4) {
            if entries
                .last()
                .is_none_or(|last| last.record.offset < offset)
            {
                continue;
            }
            let mut builder = BatchBuilder::new(entries[0].record.offset);
            builder.leader_epoch = entries.iter().map(|e| e.epoch).max().unwrap_or(0);
            entries
                .iter()
                .for_each(|entry| builder.push(entry.record.clone()));
            let (bytes, sound) = (builder.build().bytes().clone(), false);
            chunks.push(Chunk { bytes, sound });
        }
        chunks
    }

    pub(super) fn end_of(&self, epoch: i32) -> (i32, i64) {
        if epoch > self.epoch {
            return (-1, -1);
        }
        let within = self.log.iter().filter(|entry| entry.epoch <= epoch);
        match within.last() {
            Some(last) => (last.epoch, last.record.offset + 1),
            None => (epoch, self.start),
        }
    }
}
