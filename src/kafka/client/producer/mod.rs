//! The producer (`KafkaProducer`, behaviour.md 1.4): `send` puts a record into a batch (`send.rs`),
//! the sender drains batches into requests (`sender.rs`) and completes, retries, splits or fails
//! them by their answers (`answers.rs`).
//!
//! Everything that can be done is done in [`Producer::poll`], which runs after every input, as
//! one round of Kafka's sender thread.

mod accumulator;
mod answers;
mod batch;
mod idempotence;
mod partitioner;
mod send;
mod sender;

use super::backoff::Backoff;
use super::link::{Link, LinkConfig, LostRequests, rearm};
use crate::kafka::config::{Acks, ProducerConfig};
use crate::kafka::network_client::Hosts;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::TopicPartition;
use crate::kafka::vocabulary::{ClientNo, ClientOp, ClientTimer, Kafka, Outcome};
use crate::sim::{CallId, ConnId, Ctx, Envelope, Time};
use accumulator::Accumulator;
use batch::BatchId;
use idempotence::{Idempotence, State};
pub use partitioner::partition_of_key;

use partitioner::Partitioner;
use send::WaitingSend;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use uuid::Uuid;

/// What the producer wants back with an answer.
#[derive(Clone, Debug)]
enum Token {
    InitProducerId,
    Produce(Vec<SentBatch>),
}

/// A batch in a request, under the topic's id at that time.
#[derive(Clone, Copy, Debug)]
struct SentBatch {
    id: BatchId,
    topic_id: Uuid,
}

/// One producer of a client process.
#[derive(Clone, Debug)]
pub struct Producer {
    no: ClientNo,
    name: String,
    config: ProducerConfig,
    link: Link<Token>,
    backoff: Backoff,
    accumulator: Accumulator,
    partitioner: Partitioner,
    idempotence: Option<Idempotence>,
    init_failures: u32,
    init_allowed_at: Time,
    /// Calls to `send` that block, oldest first: one application thread.
    waiting: VecDeque<WaitingSend>,
    memory_exhausted: bool,
    flushes: Vec<(CallId, u32)>,
    closing: Option<CallId>,
    closed: bool,
    /// Batches with a request on its way.
    on_the_wire: BTreeSet<BatchId>,
    drain_index: BTreeMap<i32, usize>,
    node_latency: BTreeMap<i32, NodeLatency>,
    /// Sends without an outcome.
    outstanding: BTreeSet<u32>,
    next_send: u32,
    acked: u64,
    failed: u64,
    retries: u64,
}

/// When a broker last had batches, and when it last could take them.
#[derive(Clone, Copy, Debug)]
struct NodeLatency {
    ready: Time,
    drained: Time,
}

impl Producer {
    /// Whether it numbers its batches (`enable.idempotence`, as its configs came out).
    pub fn is_idempotent(&self) -> bool {
        self.config.enable_idempotence
    }

    /// How many records the application gave to `send`.
    pub fn sent(&self) -> u64 {
        u64::from(self.next_send)
    }

    /// How many of them were acknowledged.
    pub fn acked(&self) -> u64 {
        self.acked
    }

    /// How many failed for good.
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// How many records travel in requests that have no answer yet.
    pub fn in_flight(&self) -> u64 {
        let batches = self.on_the_wire.iter();
        let counts = batches.filter_map(|id| self.accumulator.batch(*id));
        counts.map(|batch| batch.records.len() as u64).sum()
    }

    /// How many records wait: in batches to be sent, or in calls that block.
    pub fn buffered(&self) -> u64 {
        (self.accumulator.buffered() + self.waiting.len()) as u64
    }

    /// How many times a batch was put back to be sent again.
    pub fn retries(&self) -> u64 {
        self.retries
    }

    /// The producer's epoch, -1 without one.
    pub fn epoch(&self) -> i16 {
        self.idempotence.as_ref().map_or(-1, Idempotence::epoch)
    }

    /// The producer's id, -1 without one.
    pub fn producer_id(&self) -> i64 {
        self.idempotence.as_ref().map_or(-1, Idempotence::id)
    }

    /// Its name in the scenario.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `UNINITIALIZED` and `INITIALIZING` (no producer id yet), `READY`, `FATAL_ERROR`,
    /// `CLOSING`, `CLOSED`.
    pub fn state(&self) -> &'static str {
        if self.closed {
            return "CLOSED";
        }
        if self.closing.is_some() {
            return "CLOSING";
        }
        match self.idempotence.as_ref().map(Idempotence::state) {
            None | Some(State::Ready) => "READY",
            Some(State::Uninitialized) => "UNINITIALIZED",
            Some(State::Initializing) => "INITIALIZING",
            Some(State::Fatal(..)) => "FATAL_ERROR",
        }
    }

    pub(super) fn boot(
        no: ClientNo,
        name: &str,
        config: &ProducerConfig,
        bootstrap: &[String],
        hosts: &Arc<Hosts>,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Self {
        let link = LinkConfig {
            client: no,
            kind: config.client,
            bootstrap: bootstrap.to_vec(),
            hosts: Arc::clone(hosts),
            request_timeout: config.request_timeout,
            reconnect_backoff: config.reconnect_backoff,
            reconnect_backoff_max: config.reconnect_backoff_max,
            retry_backoff: config.retry_backoff,
            retry_backoff_max: config.retry_backoff_max,
            metadata_max_age: config.metadata_max_age,
            allow_auto_topic_creation: true,
        };
        let mut producer = Producer {
            no,
            name: name.to_owned(),
            backoff: link.backoff(),
            link: Link::new(&link),
            accumulator: Accumulator::new(
                config.batch_size,
                config.batch_num_messages,
                config.buffer_memory,
            ),
            partitioner: Partitioner::new(no, config),
            idempotence: config.enable_idempotence.then(Idempotence::new),
            config: config.clone(),
            init_failures: 0,
            init_allowed_at: Time::ZERO,
            waiting: VecDeque::new(),
            memory_exhausted: false,
            flushes: Vec::new(),
            closing: None,
            closed: false,
            on_the_wire: BTreeSet::new(),
            drain_index: BTreeMap::new(),
            node_latency: BTreeMap::new(),
            outstanding: BTreeSet::new(),
            next_send: 0,
            acked: 0,
            failed: 0,
            retries: 0,
        };
        producer.poll(ctx);
        producer
    }

    pub(super) fn owns(&self, conn: ConnId) -> bool {
        self.link.owns(conn)
    }

    pub(super) fn call(&mut self, id: CallId, op: ClientOp, ctx: &mut Ctx<'_, Kafka>) {
        match op {
            ClientOp::Send(record) => self.send(id, record, ctx),
            ClientOp::Flush => self.flushes.push((id, self.next_send)),
            ClientOp::Close => self.close(id, ctx),
            _ => ctx.complete(
                id,
                Outcome::Failed {
                    error: ErrorCode::INVALID_REQUEST,
                    message: "A producer can send, flush and close.".to_owned(),
                },
            ),
        }
        self.poll(ctx);
    }

    fn close(&mut self, id: CallId, ctx: &mut Ctx<'_, Kafka>) {
        if self.closed || self.closing.is_some() {
            ctx.complete(id, Outcome::Done);
        } else {
            self.closing = Some(id);
        }
    }

    pub(super) fn deliver(&mut self, envelope: Envelope<Kafka>, ctx: &mut Ctx<'_, Kafka>) {
        if let Some(answer) = self.link.deliver(envelope, ctx) {
            self.handle_answer(answer, ctx);
        }
        self.poll(ctx);
    }

    pub(super) fn reset(&mut self, conn: ConnId, ctx: &mut Ctx<'_, Kafka>) {
        if let Some(lost) = self.link.reset(conn, ctx) {
            self.handle_lost(lost, ctx);
        }
        self.poll(ctx);
    }

    pub(super) fn timer(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        self.poll(ctx);
    }

    /// One round of the sender.
    fn poll(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        if self.closed {
            return;
        }
        for lost in self.link.expire(ctx) {
            self.handle_lost(lost, ctx);
        }
        self.expire_batches(ctx);
        let next_ready = self.append_and_send(ctx);
        self.finish_flushes(ctx);
        if !self.closed {
            self.link.poll_metadata(ctx);
            self.arm(next_ready, ctx);
        }
    }

    /// Appends and sends; again if sending without acks freed the memory that a call waits for.
    fn append_and_send(&mut self, ctx: &mut Ctx<'_, Kafka>) -> Option<Time> {
        loop {
            let waiting = self.waiting.len();
            self.append_waiting(ctx);
            self.run_idempotence(ctx);
            let next_ready = self.send_producer_data(ctx);
            let freed = self.config.acks == Acks::None && self.waiting.len() < waiting;
            if !freed || self.waiting.is_empty() {
                return next_ready;
            }
        }
    }

    /// Calls of `flush` and `close` end when every earlier send has.
    fn finish_flushes(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let oldest = self.outstanding.first().copied().unwrap_or(u32::MAX);
        self.flushes.retain(|(id, upto)| {
            let open = oldest < *upto;
            if !open {
                ctx.complete(*id, Outcome::Done);
            }
            open
        });
        if self.outstanding.is_empty()
            && let Some(id) = self.closing.take()
        {
            self.closed = true;
            ctx.complete(id, Outcome::Done);
            self.link.close_all(ctx);
            for timer in [
                ClientTimer::Sender,
                ClientTimer::Network,
                ClientTimer::Metadata,
            ] {
                rearm(self.no, timer, None, ctx);
            }
        }
    }

    fn arm(&mut self, next_ready: Option<Time>, ctx: &mut Ctx<'_, Kafka>) {
        let timeout = self.config.delivery_timeout;
        let expiry = self.accumulator.oldest().map(|created| created + timeout);
        let blocked = self.waiting.front();
        let blocked = blocked.map(|waiting| waiting.since + self.config.max_block);
        let init = self.idempotence.as_ref().map(Idempotence::state);
        let init = (init == Some(&State::Uninitialized)).then_some(self.init_allowed_at);
        let init = init.filter(|at| *at > ctx.mono());
        let soonest = [next_ready, expiry, blocked, init];
        let at = soonest.into_iter().flatten().min();
        rearm(self.no, ClientTimer::Sender, at, ctx);
        self.link.arm(ctx);
    }

    fn handle_lost(&mut self, lost: LostRequests<Token>, ctx: &mut Ctx<'_, Kafka>) {
        for token in &lost.tokens {
            match token {
                Token::InitProducerId => self.retry_init_producer_id(ctx),
                Token::Produce(batches) => self.handle_lost_produce(&lost, batches, ctx),
            }
        }
    }

    fn is_flushing(&self) -> bool {
        !self.flushes.is_empty() || self.closing.is_some()
    }

    /// Ends one send.
    fn finish_send(&mut self, send: u32, call: CallId, outcome: Outcome, ctx: &mut Ctx<'_, Kafka>) {
        self.outstanding.remove(&send);
        match outcome {
            Outcome::Failed { .. } => self.failed += 1,
            _ => self.acked += 1,
        }
        ctx.complete(call, outcome);
    }

    fn is_muted(&self, tp: &TopicPartition) -> bool {
        self.accumulator.muted.contains(tp)
    }
}

#[cfg(test)]
mod tests;
