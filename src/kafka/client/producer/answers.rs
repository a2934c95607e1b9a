//! What answers mean (`Sender.completeBatch`): a batch ends, is sent again, is split, or fails.

use super::batch::BatchId;
use super::{Producer, SentBatch, Token};
use crate::kafka::client::error_text::error_text;
use crate::kafka::client::link::{Answer, LostRequests};
use crate::kafka::protocol::messages::ProduceResponse;
use crate::kafka::protocol::messages::produce_response::PartitionProduceResponse;
use crate::kafka::protocol::{ErrorCode, Message, StrBytes, TopicPartition};
use crate::kafka::vocabulary::{Kafka, Note, Outcome};
use crate::sim::{Ctx, Time};
use uuid::Uuid;

/// What came back for one batch.
#[derive(Clone, Debug)]
pub(super) struct PartitionAnswer {
    pub(super) error: ErrorCode,
    base_offset: i64,
    log_start: i64,
    pub(super) message: Option<String>,
    record_errors: Vec<(i32, Option<String>)>,
    leader: (i32, i32),
}

impl PartitionAnswer {
    pub(super) fn of(error: ErrorCode) -> Self {
        PartitionAnswer {
            error,
            base_offset: -1,
            log_start: -1,
            message: None,
            record_errors: Vec::new(),
            leader: (-1, -1),
        }
    }

    fn read(response: &PartitionProduceResponse) -> Self {
        let text = |text: &Option<StrBytes>| text.as_ref().map(|text| text.to_string());
        let errors = response.record_errors.iter();
        PartitionAnswer {
            error: ErrorCode(response.error_code),
            base_offset: response.base_offset,
            log_start: response.log_start_offset,
            message: text(&response.error_message),
            record_errors: errors
                .map(|error| (error.batch_index, text(&error.batch_index_error_message)))
                .collect(),
            leader: (
                response.current_leader.leader_id.0,
                response.current_leader.leader_epoch,
            ),
        }
    }

    /// What the application hears about the record at this place of the batch.
    fn text_for(&self, index: usize) -> String {
        let whole = self.message.as_deref();
        if self.record_errors.is_empty() {
            return error_text(self.error, whole);
        }
        match self
            .record_errors
            .iter()
            .find(|(at, _)| *at == index as i32)
        {
            Some((_, own)) => error_text(self.error, own.as_deref().or(whole)),
            None => "Failed to append record because it was part of a batch which had one more \
                     more invalid records"
                .to_owned(),
        }
    }
}

impl Producer {
    pub(super) fn handle_answer(&mut self, answer: Answer<Token>, ctx: &mut Ctx<'_, Kafka>) {
        match (answer.token, &answer.message) {
            (Token::InitProducerId, Message::InitProducerIdResponse(response)) => {
                self.handle_init_producer_id(response, ctx);
            }
            (Token::Produce(batches), Message::ProduceResponse(response)) => {
                self.handle_produce_response(answer.version, &batches, response, ctx);
            }
            (Token::InitProducerId, _) => self.retry_init_producer_id(ctx),
            (Token::Produce(batches), _) => {
                let answer = PartitionAnswer::of(ErrorCode::UNKNOWN_SERVER_ERROR);
                for sent in batches {
                    self.complete_batch(sent.id, &answer, ctx);
                }
            }
        }
    }

    fn handle_produce_response(
        &mut self,
        version: i16,
        batches: &[SentBatch],
        response: &ProduceResponse,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        for endpoint in &response.node_endpoints {
            let host = endpoint.host.as_str();
            self.link.metadata.update_endpoint(endpoint.node_id.0, host);
        }
        for sent in batches {
            let batch = self.accumulator.batch(sent.id);
            let answer = batch.and_then(|b| find_answer(version, sent.topic_id, &b.tp, response));
            match answer {
                Some(answer) => self.complete_batch(sent.id, &answer, ctx),
                // Kafka leaves a batch that the answer does not name to its delivery timeout.
                None => {
                    self.on_the_wire.remove(&sent.id);
                }
            }
        }
    }

    pub(super) fn handle_lost_produce(
        &mut self,
        lost: &LostRequests<Token>,
        batches: &[SentBatch],
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let node = self.link.metadata.broker_of(lost.node);
        let (error, why) = match lost.timed_out {
            true => (ErrorCode::REQUEST_TIMED_OUT, " due to timeout"),
            false => (ErrorCode::NETWORK_EXCEPTION, ""),
        };
        let mut answer = PartitionAnswer::of(error);
        answer.message = Some(format!("Disconnected from node {node}{why}"));
        for sent in batches {
            self.complete_batch(sent.id, &answer, ctx);
        }
    }

    /// Ends, retries or splits a batch by its answer.
    pub(super) fn complete_batch(
        &mut self,
        id: BatchId,
        answer: &PartitionAnswer,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        self.on_the_wire.remove(&id);
        let Some(batch) = self.accumulator.batch(id) else {
            return;
        };
        let tp = batch.tp.clone();
        if answer.error == ErrorCode::MESSAGE_TOO_LARGE && batch.record_count() > 1 {
            self.split_batch(id, &tp);
        } else if answer.error.is_none() {
            self.acknowledge_batch(id, answer, ctx);
        } else {
            if self.can_retry(id, answer, ctx.mono()) {
                self.reenqueue_batch(id, answer.error, ctx);
            } else if answer.error == ErrorCode::DUPLICATE_SEQUENCE_NUMBER {
                self.acknowledge_batch(id, &PartitionAnswer::of(ErrorCode::NONE), ctx);
            } else {
                let adjust = self.attempts_left(id);
                self.fail_batch(id, answer, adjust, ctx);
            }
            self.update_metadata_after(&tp, answer, ctx);
        }
        self.accumulator.muted.remove(&tp);
    }

    fn split_batch(&mut self, id: BatchId, tp: &TopicPartition) {
        if let Some(idempotence) = self.idempotence.as_mut() {
            idempotence.remove_in_flight(tp, id);
        }
        for part in self.accumulator.split_and_reenqueue(id) {
            if let Some(idempotence) = self.idempotence.as_mut() {
                idempotence.add_in_flight(tp, part, &self.accumulator);
            }
        }
    }

    fn attempts_left(&self, id: BatchId) -> bool {
        let attempts = self.accumulator.batch(id).map_or(0, |batch| batch.attempts);
        i64::from(attempts) < i64::from(self.config.retries)
    }

    fn can_retry(&mut self, id: BatchId, answer: &PartitionAnswer, now: Time) -> bool {
        let Some(batch) = self.accumulator.batch(id) else {
            return false;
        };
        let expired = batch.created + self.config.delivery_timeout <= now;
        if expired || !self.attempts_left(id) {
            return false;
        }
        match self.idempotence.as_mut() {
            Some(idempotence) => idempotence.can_retry(batch, answer.error, answer.log_start),
            None => answer.error.is_retriable(),
        }
    }

    fn reenqueue_batch(&mut self, id: BatchId, error: ErrorCode, ctx: &mut Ctx<'_, Kafka>) {
        let attempts = self.accumulator.batch(id).map_or(0, |batch| batch.attempts);
        let retry_at = ctx.mono() + self.backoff.delay(attempts, ctx);
        let Some(batch) = self.accumulator.batch_mut(id) else {
            return;
        };
        batch.reenqueued(ctx.mono(), retry_at);
        ctx.note(Note::BatchRetried {
            client: self.no,
            partition: self.link.metadata.tp(&batch.tp),
            first: batch.records.first().map_or(0, |record| record.send),
            error,
        });
        self.retries += 1;
        self.accumulator.reenqueue(id);
    }

    fn update_metadata_after(
        &mut self,
        tp: &TopicPartition,
        answer: &PartitionAnswer,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        if !is_invalid_metadata(answer.error) {
            return;
        }
        if matches!(
            answer.error,
            ErrorCode::NOT_LEADER_OR_FOLLOWER | ErrorCode::FENCED_LEADER_EPOCH
        ) {
            let (leader, epoch) = answer.leader;
            self.link.metadata.update_leader(tp, leader, epoch, ctx);
        }
        self.link.metadata.request_update();
    }

    fn acknowledge_batch(
        &mut self,
        id: BatchId,
        answer: &PartitionAnswer,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let Some(batch) = self.accumulator.remove(id) else {
            return;
        };
        if let Some(idempotence) = self.idempotence.as_mut() {
            idempotence.handle_completed(id, &batch, answer.base_offset);
        }
        let tp = self.link.metadata.tp(&batch.tp);
        for (index, pending) in (0..).zip(batch.records) {
            let offset = match answer.base_offset {
                base if base < 0 => -1,
                base => base + index,
            };
            ctx.note(Note::RecordAcknowledged {
                client: self.no,
                partition: tp,
                send: pending.send,
                offset,
            });
            let partition = batch.tp.partition;
            let outcome = Outcome::Sent { partition, offset };
            self.finish_send(pending.send, pending.call, outcome, ctx);
        }
    }

    pub(super) fn fail_batch(
        &mut self,
        id: BatchId,
        answer: &PartitionAnswer,
        adjust: bool,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        self.on_the_wire.remove(&id);
        let Some(batch) = self.accumulator.remove(id) else {
            return;
        };
        let error = answer.error;
        if let Some(idempotence) = self.idempotence.as_mut() {
            let text = error_text(error, answer.message.as_deref());
            idempotence.handle_failed(id, &batch, error, &text, adjust);
        }
        self.accumulator.muted.remove(&batch.tp);
        let tp = self.link.metadata.tp(&batch.tp);
        for (index, pending) in batch.records.into_iter().enumerate() {
            ctx.note(Note::RecordFailed {
                client: self.no,
                partition: tp,
                send: pending.send,
                error,
            });
            let message = answer.text_for(index);
            let outcome = Outcome::Failed { error, message };
            self.finish_send(pending.send, pending.call, outcome, ctx);
        }
    }
}

fn find_answer(
    version: i16,
    topic_id: Uuid,
    tp: &TopicPartition,
    response: &ProduceResponse,
) -> Option<PartitionAnswer> {
    let topic = response.responses.iter().find(|topic| match version {
        13.. => topic.topic_id == topic_id,
        _ => topic.name.0.as_str() == tp.topic,
    })?;
    let partitions = &topic.partition_responses;
    let partition = partitions.iter().find(|p| p.index == tp.partition)?;
    Some(PartitionAnswer::read(partition))
}

/// Errors after which what is known of the cluster can not be right (`InvalidMetadataException`).
fn is_invalid_metadata(error: ErrorCode) -> bool {
    matches!(
        error,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
            | ErrorCode::LEADER_NOT_AVAILABLE
            | ErrorCode::NOT_LEADER_OR_FOLLOWER
            | ErrorCode::REPLICA_NOT_AVAILABLE
            | ErrorCode::NETWORK_EXCEPTION
            | ErrorCode::KAFKA_STORAGE_ERROR
            | ErrorCode::LISTENER_NOT_FOUND
            | ErrorCode::FENCED_LEADER_EPOCH
            | ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE
            | ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE
            | ErrorCode::ELECTION_NOT_NEEDED
            | ErrorCode::UNKNOWN_TOPIC_ID
            | ErrorCode::INCONSISTENT_TOPIC_ID
    )
}
