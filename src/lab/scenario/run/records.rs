//! What applications did: the sends of a run and how they ended, what consumers received.

use crate::kafka::protocol::{ErrorCode, TopicPartition};
use crate::kafka::vocabulary::Outcome;
use crate::lab::text::value_label;
use crate::sim::{CallId, PList, StepNo, Time};
use bytes::Bytes;
use std::collections::BTreeMap;

/// How a send ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Not yet.
    Pending,
    /// Acknowledged; the offset is -1 where the client does not know it.
    Acknowledged {
        /// The partition.
        partition: i32,
        /// The offset.
        offset: i64,
    },
    /// Given up.
    Failed {
        /// The error.
        error: ErrorCode,
        /// What the client said.
        message: String,
    },
}

/// One record that a producer of the scenario sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The producer, by place in the scenario.
    pub producer: usize,
    /// The topic.
    pub topic: String,
    /// The partition, if the step gave one.
    pub partition: Option<i32>,
    /// The value; none is a tombstone.
    pub value: Option<Bytes>,
    /// Of key and value.
    pub digest: i64,
    /// When the application called.
    pub at: Time,
    /// When it ended, and the step that ended it.
    pub ended: Option<(Time, StepNo)>,
    /// How.
    pub ending: Ending,
}

impl Sent {
    /// The value as a person may read it: control characters are escaped, long ones are cut.
    pub fn label(&self) -> String {
        value_label(self.value.as_deref())
    }
}

/// One record that a consumer's application got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The consumer's name.
    pub consumer: String,
    /// The partition.
    pub partition: TopicPartition,
    /// The offset.
    pub offset: i64,
    /// Of key and value.
    pub digest: i64,
    /// When.
    pub at: Time,
}

/// How many sends of a producer stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Called.
    pub sent: i64,
    /// Acknowledged.
    pub acknowledged: i64,
    /// Failed.
    pub failed: i64,
}

/// A set of offsets, a bit each: they are dense.
#[derive(Clone, Debug, Default)]
struct Offsets(PList<u64>);

impl Offsets {
    fn insert(&mut self, offset: i64) {
        let Ok(offset) = usize::try_from(offset) else {
            return;
        };
        while self.0.len() <= offset / 64 {
            self.0.push(0);
        }
        if let Some(word) = self.0.get_mut(offset / 64) {
            *word |= 1 << (offset % 64);
        }
    }

    fn contains(&self, offset: i64) -> bool {
        let word = usize::try_from(offset)
            .ok()
            .and_then(|o| self.0.get(o / 64));
        word.is_some_and(|word| word >> (offset % 64) & 1 == 1)
    }
}

/// All sends and receipts, in persistent lists: a copy shares them.
#[derive(Clone, Debug, Default)]
pub struct Records {
    sent: PList<Sent>,
    received: PList<Received>,
    /// By call number: the place in `sent`; none for a call that is no send.
    calls: PList<Option<usize>>,
    /// By topic and partition.
    acknowledged: BTreeMap<TopicPartition, Offsets>,
    counts: BTreeMap<usize, Counts>,
}

impl Records {
    /// Every send, in the order of the calls.
    pub fn sent(&self) -> impl Iterator<Item = &Sent> {
        self.sent.iter()
    }

    /// Every receipt, in order.
    pub fn received(&self) -> impl Iterator<Item = &Received> {
        self.received.iter()
    }

    /// How many sends.
    pub fn sent_count(&self) -> usize {
        self.sent.len()
    }

    /// How many receipts.
    pub fn received_count(&self) -> usize {
        self.received.len()
    }

    /// How many sends wait for an answer.
    pub fn pending(&self) -> i64 {
        self.counts
            .values()
            .map(|c| c.sent - c.acknowledged - c.failed)
            .sum()
    }

    /// The counts of a producer.
    pub fn counts(&self, producer: usize) -> Counts {
        self.counts.get(&producer).copied().unwrap_or_default()
    }

    /// Whether some send was acknowledged at this offset.
    pub fn is_acknowledged(&self, tp: &TopicPartition, offset: i64) -> bool {
        let of_partition = self.acknowledged.get(tp);
        of_partition.is_some_and(|offsets| offsets.contains(offset))
    }

    pub(super) fn called(&mut self, id: CallId, sent: Sent) {
        self.counts.entry(sent.producer).or_default().sent += 1;
        while self.calls.len() < id.index() {
            self.calls.push(None);
        }
        self.calls.push(Some(self.sent.len()));
        self.sent.push(sent);
    }

    /// A call has ended; not every call is a send.
    pub(super) fn ended(&mut self, id: CallId, outcome: &Outcome, at: Time, step: StepNo) {
        let Some(index) = self.calls.get(id.index()).copied().flatten() else {
            return;
        };
        let ending = match outcome {
            Outcome::Sent { partition, offset } => Ending::Acknowledged {
                partition: *partition,
                offset: *offset,
            },
            Outcome::Failed { error, message } => Ending::Failed {
                error: *error,
                message: message.clone(),
            },
            Outcome::Done | Outcome::Offset(_) => return,
        };
        let Some(sent) = self.sent.get_mut(index) else {
            return;
        };
        let counts = self.counts.entry(sent.producer).or_default();
        match ending {
            Ending::Acknowledged { partition, offset } => {
                counts.acknowledged += 1;
                let tp = TopicPartition::new(&*sent.topic, partition);
                self.acknowledged.entry(tp).or_default().insert(offset);
            }
            _ => counts.failed += 1,
        }
        (sent.ending, sent.ended) = (ending, Some((at, step)));
    }

    pub(super) fn got(&mut self, received: Received) {
        self.received.push(received);
    }
}
