//! `send`, step by step (P1): metadata, partition, size, a place in a batch. A call that must
//! wait for metadata or for buffer memory blocks the application's thread: the calls after it
//! wait behind it, each for `max.block.ms` at most.

use super::Producer;
use super::batch::{PendingRecord, size_upper_bound};
use super::partitioner::Choice;
use crate::kafka::protocol::record_batch::Record;
use crate::kafka::protocol::{ErrorCode, TopicPartition};
use crate::kafka::vocabulary::{Kafka, Note, Outcome, SendRecord, Work};
use crate::sim::{CallId, Ctx, Time};

/// A call to `send` that has not put its record into a batch yet.
#[derive(Clone, Debug)]
pub(super) struct WaitingSend {
    send: u32,
    call: CallId,
    pub(super) since: Time,
    record: SendRecord,
    /// The partitioner's choice, once made.
    choice: Option<Choice>,
}

/// Where a call to `send` stands.
enum Progress {
    /// The record is in a batch.
    Appended,
    /// It waits: why, should it wait too long.
    Blocked(String),
    /// It can not be sent.
    Refused(ErrorCode, String),
}

impl Producer {
    pub(super) fn send(&mut self, call: CallId, record: SendRecord, ctx: &mut Ctx<'_, Kafka>) {
        let send = self.next_send;
        self.next_send += 1;
        if self.closed || self.closing.is_some() {
            let message = "Cannot perform operation after producer has been closed";
            self.refuse(
                send,
                call,
                TopicPartition::new(record.topic, record.partition.unwrap_or(-1)),
                ErrorCode::UNKNOWN_SERVER_ERROR,
                message.to_owned(),
                ctx,
            );
            return;
        }
        self.outstanding.insert(send);
        self.waiting.push_back(WaitingSend {
            send,
            call,
            since: ctx.mono(),
            record,
            choice: None,
        });
    }

    /// Serves the calls that wait, oldest first, until one must go on waiting.
    pub(super) fn append_waiting(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        self.memory_exhausted = false;
        while let Some(mut waiting) = self.waiting.pop_front() {
            match self.try_send(&mut waiting, ctx) {
                Progress::Appended => {}
                Progress::Refused(error, message) => {
                    self.refuse_waiting(waiting, error, message, ctx)
                }
                Progress::Blocked(message) => {
                    if ctx.mono() >= waiting.since + self.config.max_block {
                        let error = ErrorCode::REQUEST_TIMED_OUT;
                        self.refuse_waiting(waiting, error, message, ctx);
                        continue;
                    }
                    self.waiting.push_front(waiting);
                    return;
                }
            }
        }
    }

    fn refuse_waiting(
        &mut self,
        waiting: WaitingSend,
        error: ErrorCode,
        message: String,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let chosen = match waiting.choice {
            Some(Choice::Partition(partition)) => partition,
            _ => waiting.record.partition.unwrap_or(-1),
        };
        let tp = TopicPartition::new(waiting.record.topic, chosen);
        self.refuse(waiting.send, waiting.call, tp, error, message, ctx);
    }

    fn refuse(
        &mut self,
        send: u32,
        call: CallId,
        tp: TopicPartition,
        error: ErrorCode,
        message: String,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        ctx.note(Note::RecordFailed {
            client: self.no,
            partition: self.link.metadata.tp(&tp),
            send,
            error,
        });
        self.finish_send(send, call, Outcome::Failed { error, message }, ctx);
    }

    fn try_send(&mut self, waiting: &mut WaitingSend, ctx: &mut Ctx<'_, Kafka>) -> Progress {
        if let Some(progress) = self.wait_on_metadata(&waiting.record, ctx.mono()) {
            return progress;
        }
        let choice = match waiting.choice {
            Some(choice) => choice,
            None => self.partition(&waiting.record, ctx),
        };
        waiting.choice = Some(choice);
        let record = to_record(&waiting.record, ctx.wall_ms());
        let upper_bound = size_upper_bound(&record);
        if let Some(refused) = self.ensure_valid_record_size(upper_bound) {
            return refused;
        }
        let pending = PendingRecord {
            send: waiting.send,
            call: waiting.call,
            record,
        };
        self.append(&waiting.record.topic, choice, pending, upper_bound, ctx)
    }

    /// None when the record's topic and partition are known.
    fn wait_on_metadata(&mut self, record: &SendRecord, now: Time) -> Option<Progress> {
        let topic = record.topic.as_str();
        let max_block = self.config.max_block.as_millis();
        self.link.metadata.add(topic, now);
        let error = self.link.metadata.error(topic);
        if error == ErrorCode::INVALID_TOPIC_EXCEPTION {
            let message = format!("Invalid topics: [{topic}]");
            return Some(Progress::Refused(error, message));
        }
        if error == ErrorCode::TOPIC_AUTHORIZATION_FAILED {
            let message = format!("Not authorized to access topics: [{topic}]");
            return Some(Progress::Refused(error, message));
        }
        let known = self.link.metadata.topic(topic);
        let count = known.map(|known| known.partitions.len() as i32);
        match (count.filter(|count| *count > 0), record.partition) {
            (None, _) => {
                self.link.metadata.request_update();
                Some(Progress::Blocked(format!(
                    "Topic {topic} not present in metadata after {max_block} ms."
                )))
            }
            (Some(_), Some(partition)) if partition < 0 => {
                let message = format!(
                    "Invalid partition: {partition}. Partition number should always be \
                     non-negative or null."
                );
                Some(Progress::Refused(ErrorCode::UNKNOWN_SERVER_ERROR, message))
            }
            (Some(count), Some(partition)) if partition >= count => {
                self.link.metadata.request_update();
                Some(Progress::Blocked(format!(
                    "Partition {partition} of topic {topic} with partition count {count} is not \
                     present in metadata after {max_block} ms."
                )))
            }
            _ => None,
        }
    }

    fn partition(&mut self, record: &SendRecord, ctx: &mut Ctx<'_, Kafka>) -> Choice {
        if let Some(partition) = record.partition {
            return Choice::Partition(partition);
        }
        let key = record.key.as_deref();
        match self.link.metadata.topic(&record.topic) {
            Some(known) => self.partitioner.choose(&record.topic, key, known, ctx),
            None => Choice::Partition(0),
        }
    }

    fn ensure_valid_record_size(&self, size: usize) -> Option<Progress> {
        let most = i64::from(self.config.max_request_size);
        let what = if size as i64 > most {
            format!("{most}, which is the value of the max.request.size configuration.")
        } else if size as i64 > self.config.buffer_memory {
            "the total memory buffer you have configured with the buffer.memory configuration."
                .to_owned()
        } else {
            return None;
        };
        let message =
            format!("The message is {size} bytes when serialized which is larger than {what}");
        Some(Progress::Refused(ErrorCode::MESSAGE_TOO_LARGE, message))
    }

    fn append(
        &mut self,
        topic: &str,
        choice: Choice,
        pending: PendingRecord,
        upper_bound: usize,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Progress {
        let tp = match choice {
            Choice::Partition(partition) => TopicPartition::new(topic, partition),
            Choice::Sticky => self.sticky_partition(topic, ctx),
        };
        let send = pending.send;
        match self
            .accumulator
            .append(&tp, pending, upper_bound, ctx.mono())
        {
            Err(_) => {
                self.memory_exhausted = true;
                Progress::Blocked(self.exhausted_message(upper_bound))
            }
            Ok(appended) => {
                if choice == Choice::Sticky {
                    self.update_sticky(&tp, appended.bytes, ctx);
                }
                ctx.spend(Work::ProduceRecords, 1);
                ctx.note(Note::RecordBuffered {
                    client: self.no,
                    partition: self.link.metadata.tp(&tp),
                    send,
                });
                Progress::Appended
            }
        }
    }

    /// The sticky partition; a switch that was put off because its batch had room is made up
    /// at once if the batch is complete.
    fn sticky_partition(&mut self, topic: &str, ctx: &mut Ctx<'_, Kafka>) -> TopicPartition {
        let Some(known) = self.link.metadata.topic(topic) else {
            return TopicPartition::new(topic, 0);
        };
        let sticky = self.partitioner.sticky(topic, known, ctx);
        let tp = TopicPartition::new(topic, sticky);
        if self.accumulator.all_batches_full(&tp)
            && self.partitioner.update_sticky(topic, 0, true, known, ctx)
        {
            let sticky = self.partitioner.sticky(topic, known, ctx);
            return TopicPartition::new(topic, sticky);
        }
        tp
    }

    fn update_sticky(&mut self, tp: &TopicPartition, bytes: usize, ctx: &mut Ctx<'_, Kafka>) {
        let enable_switch = self.accumulator.all_batches_full(tp);
        if let Some(known) = self.link.metadata.topic(&tp.topic) {
            self.partitioner
                .update_sticky(&tp.topic, bytes, enable_switch, known, ctx);
        }
    }

    fn exhausted_message(&self, upper_bound: usize) -> String {
        format!(
            "Failed to allocate {} bytes within the configured max blocking time {} ms. Total \
             memory: {} bytes. Available memory: {} bytes. Poolable size: {} bytes",
            self.accumulator.allocation(upper_bound),
            self.config.max_block.as_millis(),
            self.accumulator.total_memory(),
            self.accumulator.available_memory(),
            self.config.batch_size.max(1),
        )
    }
}

fn to_record(record: &SendRecord, now_ms: i64) -> Record {
    Record {
        offset: 0,
        timestamp: record.timestamp.unwrap_or(now_ms),
        key: record.key.clone(),
        value: record.value.clone(),
        headers: record.headers.clone(),
    }
}
