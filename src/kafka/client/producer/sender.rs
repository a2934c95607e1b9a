//! The sender (`Sender`): which batches go now, and in which requests.

use super::answers::PartitionAnswer;
use super::batch::{BatchId, ProducerBatch};
use super::idempotence::State;
use super::{NodeLatency, Producer, SentBatch, Token};
use crate::kafka::client::error_text::error_text;
use crate::kafka::client::metadata::wire_name;
use crate::kafka::config::Acks;
use crate::kafka::protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use crate::kafka::protocol::messages::{
    InitProducerIdRequest, InitProducerIdResponse, ProduceRequest,
};
use crate::kafka::protocol::{ApiKey, ErrorCode, TopicPartition};
use crate::kafka::vocabulary::{Kafka, Note};
use crate::sim::{Ctx, NodeId, Span, Time};
use std::collections::BTreeSet;

impl Producer {
    /// Asks for a producer id, resolves sequences of unknown fate, bumps the epoch.
    pub(super) fn run_idempotence(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let Some(idempotence) = self.idempotence.as_mut() else {
            return;
        };
        idempotence.maybe_resolve_sequences();
        if idempotence.maybe_bump_epoch(&mut self.accumulator) {
            ctx.note(Note::ProducerEpochBumped {
                client: self.no,
                producer_id: idempotence.id(),
                epoch: i32::from(idempotence.epoch()),
            });
        }
        match idempotence.state().clone() {
            State::Uninitialized => self.maybe_send_init_producer_id(ctx),
            State::Fatal(error, text) => self.abort_batches(error, &text, ctx),
            State::Initializing | State::Ready => {}
        }
    }

    fn maybe_send_init_producer_id(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        if ctx.mono() < self.init_allowed_at {
            return;
        }
        let Some(node) = self.link.any_node(ctx) else {
            return;
        };
        let Some(idempotence) = self.idempotence.as_mut() else {
            return;
        };
        let Some(version) = self.link.version(node, ApiKey::InitProducerId) else {
            let error = ErrorCode::UNSUPPORTED_VERSION;
            idempotence.transition_to_fatal(error, error_text(error, None));
            return;
        };
        idempotence.transition_to_initializing();
        let mut request = InitProducerIdRequest::default();
        request.transactional_id = None;
        request.transaction_timeout_ms = i32::MAX;
        self.link
            .send(node, version, request, Token::InitProducerId, ctx);
    }

    /// InitProducerId failed: again after a back-off.
    pub(super) fn retry_init_producer_id(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        if let Some(idempotence) = self.idempotence.as_mut() {
            idempotence.transition_to_uninitialized();
        }
        self.init_allowed_at = ctx.mono() + self.backoff.delay(self.init_failures, ctx);
        self.init_failures += 1;
    }

    pub(super) fn handle_init_producer_id(
        &mut self,
        response: &InitProducerIdResponse,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let error = ErrorCode(response.error_code);
        let Some(idempotence) = self.idempotence.as_mut() else {
            return;
        };
        if error.is_none() {
            self.init_failures = 0;
            idempotence.transition_to_ready(response.producer_id.0, response.producer_epoch);
            ctx.note(Note::ProducerIdAssigned {
                client: self.no,
                producer_id: response.producer_id.0,
                epoch: i32::from(response.producer_epoch),
            });
        } else if error.is_retriable() {
            self.retry_init_producer_id(ctx);
        } else {
            idempotence.transition_to_fatal(error, error_text(error, None));
        }
    }

    fn abort_batches(&mut self, error: ErrorCode, text: &str, ctx: &mut Ctx<'_, Kafka>) {
        let all: Vec<BatchId> = self.accumulator.incomplete().map(|(id, _)| id).collect();
        for id in all {
            let mut answer = PartitionAnswer::of(error);
            answer.message = Some(text.to_owned());
            self.fail_batch(id, &answer, false, ctx);
        }
    }

    /// Fails the batches whose time is up (P8), in queues and in flight.
    pub(super) fn expire_batches(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let (now, timeout) = (ctx.mono(), self.config.delivery_timeout);
        let Some(until) = now.0.checked_sub(timeout.0) else {
            return;
        };
        let expired: Vec<BatchId> = self.accumulator.created_until(Time(until)).collect();
        for id in expired {
            self.expire_batch(id, now, ctx);
        }
    }

    fn expire_batch(&mut self, id: BatchId, now: Time, ctx: &mut Ctx<'_, Kafka>) {
        let Some(batch) = self.accumulator.batch(id) else {
            return;
        };
        let mut answer = PartitionAnswer::of(ErrorCode::REQUEST_TIMED_OUT);
        answer.message = Some(format!(
            "Expiring {} record(s) for {}:{} ms has passed since batch creation",
            batch.record_count(),
            batch.tp,
            now.since(batch.created).as_millis(),
        ));
        let unresolved = batch.in_retry.then(|| batch.clone());
        self.fail_batch(id, &answer, false, ctx);
        if let (Some(batch), Some(idempotence)) = (unresolved, self.idempotence.as_mut())
            && batch.has_sequence()
        {
            idempotence.mark_unresolved(&batch);
        }
    }

    /// Sends what is ready; gives back when more will be.
    pub(super) fn send_producer_data(&mut self, ctx: &mut Ctx<'_, Kafka>) -> Option<Time> {
        let (brokers, next_ready) = self.ready(ctx.mono());
        for broker in brokers {
            let Some(node) = self.link.metadata.node(broker) else {
                self.link.metadata.request_update();
                continue;
            };
            let mut room =
                self.link.ready(node, ctx) && self.link.in_flight(node) < self.config.max_in_flight;
            self.update_node_latency(broker, room, ctx.mono());
            // One request takes one batch of a partition: as many as there is room for.
            while room && self.drain_and_send(broker, node, ctx) {
                room = self.link.in_flight(node) < self.config.max_in_flight
                    && self.ready(ctx.mono()).0.contains(&broker);
            }
        }
        next_ready
    }

    fn update_node_latency(&mut self, broker: i32, can_drain: bool, now: Time) {
        if self.config.partitioner_availability_timeout == Span::ZERO {
            return;
        }
        let latency = self.node_latency.entry(broker).or_insert(NodeLatency {
            ready: now,
            drained: now,
        });
        latency.ready = now;
        if can_drain {
            latency.drained = now;
        }
    }

    /// The brokers with a batch to send, and when the next one will have one (P2).
    fn ready(&mut self, now: Time) -> (BTreeSet<i32>, Option<Time>) {
        let (mut brokers, mut next) = (BTreeSet::new(), None::<Time>);
        let sendable = self.memory_exhausted || self.is_flushing();
        let mut leaderless = false;
        let mut topics = BTreeSet::new();
        let firsts: Vec<(TopicPartition, BatchId, usize)> = self
            .accumulator
            .queues()
            .filter_map(|(tp, queue)| Some((tp.clone(), *queue.front()?, queue.len())))
            .collect();
        for (tp, first, length) in firsts {
            topics.insert(tp.topic.clone());
            let epoch = self.link.metadata.leader_epoch(&tp);
            let muted = self.is_muted(&tp);
            let Some(batch) = self.accumulator.batch_mut(first) else {
                continue;
            };
            batch.maybe_update_leader_epoch(epoch);
            let Some((leader, _)) = self.link.metadata.leader(&tp) else {
                leaderless = true;
                continue;
            };
            if brokers.contains(&leader) || muted {
                continue;
            }
            let full = length > 1 || batch.is_full();
            let backing_off = batch.is_backing_off(now);
            let due = match backing_off {
                true => batch.retry_at,
                false if full || sendable => now,
                false => batch.last_attempt + self.config.linger,
            };
            if due <= now {
                brokers.insert(leader);
            } else {
                next = Some(next.map_or(due, |next| next.min(due)));
            }
        }
        if leaderless {
            self.link.metadata.request_update();
        }
        topics.iter().for_each(|topic| self.update_load(topic));
        (brokers, next)
    }

    /// Tells the partitioner how long the queues of a topic are.
    fn update_load(&mut self, topic: &str) {
        if !self.config.partitioner_adaptive {
            return;
        }
        let Some(known) = self.link.metadata.topic(topic) else {
            return;
        };
        let lengths = self.accumulator.queue_lengths(topic);
        if lengths.len() < known.partitions.len() {
            self.partitioner.update_load(topic, None, 0);
            return;
        }
        let timeout = self.config.partitioner_availability_timeout;
        let slow = |broker: i32| {
            let latency = self.node_latency.get(&broker);
            latency.is_some_and(|l| timeout > Span::ZERO && l.ready.since(l.drained) > timeout)
        };
        let usable: Vec<(i32, usize)> = lengths
            .iter()
            .filter(|(partition, _)| {
                let tp = TopicPartition::new(topic, *partition);
                let leader = self.link.metadata.leader(&tp);
                leader.is_some_and(|(leader, _)| !slow(leader))
            })
            .copied()
            .collect();
        let all = lengths.len();
        self.partitioner.update_load(topic, Some(&usable), all);
    }

    /// Drains one request's worth for a broker and sends it; false if there is nothing.
    fn drain_and_send(&mut self, broker: i32, node: NodeId, ctx: &mut Ctx<'_, Kafka>) -> bool {
        let Some(version) = self.link.version(node, ApiKey::Produce) else {
            return false;
        };
        let batches = self.drain_batches_for_one_node(broker, ctx.mono());
        if batches.is_empty() {
            return false;
        }
        self.send_produce_request(node, version, &batches, ctx);
        true
    }

    fn drain_batches_for_one_node(&mut self, broker: i32, now: Time) -> Vec<BatchId> {
        let parts = self.link.metadata.partitions_of(broker);
        let (mut ready, mut size) = (Vec::new(), 0);
        if parts.is_empty() {
            return ready;
        }
        let start = self.drain_index.get(&broker).copied().unwrap_or(0) % parts.len();
        for step in 0..parts.len() {
            let index = (start + step) % parts.len();
            self.drain_index.insert(broker, index);
            let tp = &parts[index];
            if self.is_muted(tp) {
                continue;
            }
            let Some(first) = self.accumulator.first(tp) else {
                continue;
            };
            let Some(batch) = self.accumulator.batch(first) else {
                continue;
            };
            if batch.is_backing_off(now) {
                continue;
            }
            let most = self.config.max_request_size as usize;
            if (size + batch.size() > most && !ready.is_empty()) || self.should_stop_drain(batch) {
                break;
            }
            size += batch.size();
            if let Some(drained) = self.accumulator.poll_first(tp) {
                self.assign(drained);
                ready.push(drained);
            }
        }
        ready
    }

    fn should_stop_drain(&self, first: &ProducerBatch) -> bool {
        let idempotence = self.idempotence.as_ref();
        idempotence.is_some_and(|i| i.should_stop_drain(first, &self.accumulator))
    }

    fn assign(&mut self, id: BatchId) {
        if let Some(idempotence) = self.idempotence.as_mut() {
            idempotence.assign(id, &mut self.accumulator);
        }
        if let Some(batch) = self.accumulator.batch_mut(id) {
            batch.sequence_has_been_reset = false;
            if self.config.max_in_flight == 1 {
                let tp = batch.tp.clone();
                self.accumulator.muted.insert(tp);
            }
        }
    }

    fn send_produce_request(
        &mut self,
        node: NodeId,
        version: i16,
        batches: &[BatchId],
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let mut request = ProduceRequest::default();
        request.transactional_id = None;
        request.acks = self.config.acks.code();
        let timeout = self.config.produce_timeout;
        let timeout = timeout.unwrap_or(self.config.request_timeout).as_millis();
        request.timeout_ms = i32::try_from(timeout).unwrap_or(i32::MAX);
        for id in batches {
            if let Some(batch) = self.accumulator.batch(*id) {
                self.add_to_request(&mut request, version, batch);
                self.note_sent(batch, ctx);
            }
        }
        if self.config.acks == Acks::None {
            self.link.send_one_way(node, version, request, ctx);
            for id in batches {
                self.complete_batch(*id, &PartitionAnswer::of(ErrorCode::NONE), ctx);
            }
            return;
        }
        self.on_the_wire.extend(batches);
        let sent = |id: &BatchId| {
            let batch = self.accumulator.batch(*id)?;
            let topic_id = self.link.metadata.topic_id(&batch.tp.topic);
            Some(SentBatch { id: *id, topic_id })
        };
        let token = Token::Produce(batches.iter().filter_map(sent).collect());
        self.link.send(node, version, request, token, ctx);
    }

    fn add_to_request(&self, request: &mut ProduceRequest, version: i16, batch: &ProducerBatch) {
        let mut data = PartitionProduceData::default();
        data.index = batch.tp.partition;
        data.records = Some(batch.encode());
        let id = self.link.metadata.topic_id(&batch.tp.topic);
        let name = wire_name(&batch.tp.topic);
        let same = |topic: &&mut TopicProduceData| match version {
            13.. => topic.topic_id == id,
            _ => topic.name == name,
        };
        if let Some(topic) = request.topic_data.iter_mut().find(same) {
            topic.partition_data.push(data);
            return;
        }
        let mut topic = TopicProduceData::default();
        match version {
            13.. => topic.topic_id = id,
            _ => topic.name = name,
        }
        topic.partition_data.push(data);
        request.topic_data.push(topic);
    }

    fn note_sent(&self, batch: &ProducerBatch, ctx: &mut Ctx<'_, Kafka>) {
        ctx.note(Note::BatchSent {
            client: self.no,
            partition: self.link.metadata.tp(&batch.tp),
            first: batch.records.first().map_or(0, |record| record.send),
            count: batch.record_count(),
            attempt: batch.attempts as i32 + 1,
        });
    }
}
