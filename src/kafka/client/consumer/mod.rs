//! The consumer of assigned partitions (`KafkaConsumer` with `assign`, behaviour.md 1.5) and its
//! application's loop: poll, work on what came, poll again.
//!
//! ```text
//! Idle       -> Polling      the loop begins, or a step asks for one poll
//! Polling    -> Processing   records came, and the application takes time for each
//! Polling    -> Idle         the one poll ended: records, an error, or nothing in time
//! Processing -> Polling      all are worked on (Idle if polls are asked for by steps)
//! any        -> Closed
//! ```
//! Fetches are sent while the application polls, and once more as a poll returns, so that the
//! next records travel while it works.

mod application;
mod fetcher;
mod offsets;
mod position;
mod sessions;

use super::backoff::Backoff;
use super::link::{Answer, Link, LinkConfig, LostRequests, rearm};
use crate::kafka::config::{ConsumerConfig, OffsetReset};
use crate::kafka::network_client::Hosts;
use crate::kafka::protocol::{ApiKey, ErrorCode, Message, TopicPartition};
use crate::kafka::vocabulary::{ClientNo, ClientOp, ClientTimer, Kafka, Note, OffsetSpec, Outcome};
use crate::sim::{CallId, ConnId, Ctx, Envelope, NodeId, Span, Time, TraceHash};
use fetcher::CompletedFetch;
pub(super) use offsets::{add_list_offsets, find_listed, list_offsets_timestamp};
use position::{Assignment, FetchState, Position};
use sessions::FetchSession;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// How long a poll that a step asks for waits for records.
const POLL_TIMEOUT: Span = Span::from_millis(1_000);

/// The fingerprint of a record's key and value in [`Note::RecordReceived`]: the trace hash over
/// both, each after a word that says whether it is there.
pub fn record_digest(key: Option<&[u8]>, value: Option<&[u8]>) -> i64 {
    let mut hash = TraceHash::new();
    for part in [key, value] {
        hash.word(u64::from(part.is_some()));
        hash.bytes(part.unwrap_or_default());
    }
    hash.0 as i64
}

/// What the consumer wants back with an answer.
#[derive(Clone, Debug)]
enum Token {
    Fetch,
    ListOffsets(Vec<(TopicPartition, OffsetSpec)>),
    OffsetForLeaderEpoch(Vec<(TopicPartition, Position)>),
    CloseSession,
}

/// What the application is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Application {
    Idle,
    Polling {
        /// The step that asked for it; none in a loop.
        call: Option<CallId>,
        deadline: Time,
    },
    Processing {
        records: u64,
        until: Time,
        /// A poll that was asked for meanwhile.
        next: Option<CallId>,
    },
    Closed,
}

/// One consumer of a client process.
#[derive(Clone, Debug)]
pub struct Consumer {
    no: ClientNo,
    name: String,
    config: ConsumerConfig,
    link: Link<Token>,
    backoff: Backoff,
    metadata_version: u32,
    assignment: Assignment,
    sessions: BTreeMap<NodeId, FetchSession>,
    /// Machines with a fetch in flight.
    fetching: BTreeSet<NodeId>,
    buffer: VecDeque<CompletedFetch>,
    application: Application,
    poll_loop: bool,
    process: Span,
    /// What the next poll throws.
    error: Option<(ErrorCode, String)>,
    processed: u64,
}

impl Consumer {
    /// `IDLE`, `POLLING`, `PROCESSING` or `CLOSED`.
    pub fn state(&self) -> &'static str {
        match self.application {
            Application::Idle => "IDLE",
            Application::Polling { .. } => "POLLING",
            Application::Processing { .. } => "PROCESSING",
            Application::Closed => "CLOSED",
        }
    }

    /// The partitions that it reads, in order.
    pub fn assigned(&self) -> Vec<TopicPartition> {
        self.assignment.iter().map(|(tp, _)| tp.clone()).collect()
    }

    /// The offset of the next record of a partition; none if it is not assigned or not known.
    pub fn position(&self, topic: &str, partition: i32) -> Option<i64> {
        let state = self
            .assignment
            .state(&TopicPartition::new(topic, partition))?;
        let lost = matches!(
            state.state,
            FetchState::AwaitReset(_) | FetchState::Initializing
        );
        state
            .position
            .filter(|_| !lost)
            .map(|position| position.offset)
    }

    /// How many records of a partition polls have returned since it was assigned.
    pub fn received(&self, topic: &str, partition: i32) -> u64 {
        let state = self
            .assignment
            .state(&TopicPartition::new(topic, partition));
        state.map_or(0, |state| state.received)
    }

    /// How many records the application is done with.
    pub fn processed(&self) -> u64 {
        self.processed
    }

    /// Its name in the scenario.
    pub fn name(&self) -> &str {
        &self.name
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "the fields of one ClientSpec and of its process"
    )]
    pub(super) fn boot(
        no: ClientNo,
        name: &str,
        config: &ConsumerConfig,
        assigned: &[(String, i32)],
        poll_loop: bool,
        process: Span,
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
        let polling = Application::Polling {
            call: None,
            deadline: Time::NEVER,
        };
        let mut consumer = Consumer {
            no,
            name: name.to_owned(),
            config: config.clone(),
            backoff: link.backoff(),
            link: Link::new(&link),
            metadata_version: 0,
            assignment: Assignment::default(),
            sessions: BTreeMap::new(),
            fetching: BTreeSet::new(),
            buffer: VecDeque::new(),
            application: if poll_loop {
                polling
            } else {
                Application::Idle
            },
            poll_loop,
            process,
            error: None,
            processed: 0,
        };
        consumer.assign(assigned, ctx);
        consumer.poll(ctx);
        consumer
    }

    pub(super) fn owns(&self, conn: ConnId) -> bool {
        self.link.owns(conn)
    }

    pub(super) fn call(&mut self, id: CallId, op: ClientOp, ctx: &mut Ctx<'_, Kafka>) {
        if self.application == Application::Closed && op != ClientOp::Close {
            fail(id, "This consumer has already been closed.", ctx);
            return;
        }
        match op {
            ClientOp::Assign(partitions) => {
                self.assign(&partitions, ctx);
                ctx.complete(id, Outcome::Done);
            }
            ClientOp::Seek(topic, partition, to) => {
                self.seek(id, &TopicPartition::new(topic, partition), to, ctx);
            }
            ClientOp::Pause(partitions) => self.set_paused(id, &partitions, true, ctx),
            ClientOp::Resume(partitions) => self.set_paused(id, &partitions, false, ctx),
            ClientOp::Poll => self.start_poll(id, ctx),
            ClientOp::Close => self.close(id, ctx),
            _ => fail(
                id,
                "A consumer can assign, seek, pause, resume, poll and close.",
                ctx,
            ),
        }
        self.poll(ctx);
    }

    fn assign(&mut self, partitions: &[(String, i32)], ctx: &mut Ctx<'_, Kafka>) {
        let tps = partitions
            .iter()
            .map(|(topic, p)| TopicPartition::new(topic.clone(), *p));
        self.assignment.assign(tps);
        let topics = partitions.iter().map(|(topic, _)| topic.as_str());
        self.link.metadata.retain(topics, ctx.mono());
        self.initialize_positions(ctx);
    }

    fn seek(&mut self, id: CallId, tp: &TopicPartition, to: OffsetSpec, ctx: &mut Ctx<'_, Kafka>) {
        let leader = self.link.metadata.leader(tp).unwrap_or((-1, -1));
        let Some(state) = self.assignment.state_mut(tp) else {
            fail(
                id,
                &format!("No current assignment for partition {tp}"),
                ctx,
            );
            return;
        };
        match to {
            OffsetSpec::At(offset) if offset < 0 => {
                fail(id, "seek offset must not be a negative number", ctx);
                return;
            }
            OffsetSpec::At(offset) => state.transition_to_fetching(Position {
                offset,
                offset_epoch: -1,
                leader: leader.0,
                leader_epoch: leader.1,
            }),
            to => state.transition_to_await_reset(to),
        }
        ctx.complete(id, Outcome::Done);
    }

    fn set_paused(
        &mut self,
        id: CallId,
        partitions: &[(String, i32)],
        paused: bool,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let tps = partitions
            .iter()
            .map(|(topic, p)| TopicPartition::new(topic.clone(), *p));
        for tp in tps {
            let Some(state) = self.assignment.state_mut(&tp) else {
                fail(
                    id,
                    &format!("No current assignment for partition {tp}"),
                    ctx,
                );
                return;
            };
            state.paused = paused;
        }
        ctx.complete(id, Outcome::Done);
    }

    fn close(&mut self, id: CallId, ctx: &mut Ctx<'_, Kafka>) {
        if let Application::Polling {
            call: Some(poll), ..
        } = self.application
        {
            fail(poll, "This consumer has already been closed.", ctx);
        }
        let sessions = std::mem::take(&mut self.sessions);
        for (node, mut session) in sessions {
            let version = self.link.version(node, ApiKey::Fetch);
            if let (true, Some(version)) = (self.link.is_ready(node), version)
                && let Some(request) = session.close()
            {
                let token = Token::CloseSession;
                self.link.send(node, version, request, token, ctx);
            }
        }
        self.link.close_all(ctx);
        self.buffer.clear();
        self.application = Application::Closed;
        for timer in [
            ClientTimer::Application,
            ClientTimer::Network,
            ClientTimer::Metadata,
        ] {
            rearm(self.no, timer, None, ctx);
        }
        ctx.complete(id, Outcome::Done);
    }

    pub(super) fn deliver(&mut self, envelope: Envelope<Kafka>, ctx: &mut Ctx<'_, Kafka>) {
        if let Some(answer) = self.link.deliver(envelope, ctx) {
            self.handle_answer(answer, ctx);
        }
        self.poll(ctx);
    }

    fn handle_answer(&mut self, answer: Answer<Token>, ctx: &mut Ctx<'_, Kafka>) {
        let (node, version) = (answer.node, answer.version);
        match (answer.token, answer.message) {
            (Token::Fetch, Message::FetchResponse(response)) => {
                self.handle_fetch_answer(node, version, &response, ctx);
            }
            (Token::ListOffsets(asked), Message::ListOffsetsResponse(response)) => {
                self.handle_list_offsets(&asked, &response, ctx);
            }
            (
                Token::OffsetForLeaderEpoch(asked),
                Message::OffsetForLeaderEpochResponse(response),
            ) => self.handle_offset_for_leader_epoch(&asked, &response, ctx),
            (token, _) => self.lose(node, &token, ctx),
        }
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

    fn handle_lost(&mut self, lost: LostRequests<Token>, ctx: &mut Ctx<'_, Kafka>) {
        for token in &lost.tokens {
            self.lose(lost.node, token, ctx);
        }
    }

    fn lose(&mut self, node: NodeId, token: &Token, ctx: &mut Ctx<'_, Kafka>) {
        match token {
            Token::Fetch => self.handle_fetch_failure(node),
            Token::ListOffsets(asked) => {
                for (tp, _) in asked {
                    self.retry_offset_request(tp, ctx);
                }
            }
            Token::OffsetForLeaderEpoch(asked) => {
                for (tp, _) in asked {
                    self.retry_offset_request(tp, ctx);
                }
            }
            Token::CloseSession => {}
        }
    }

    /// Everything that can be done now.
    fn poll(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        if self.application == Application::Closed {
            return;
        }
        for lost in self.link.expire(ctx) {
            self.handle_lost(lost, ctx);
        }
        self.maybe_validate_positions();
        self.send_offset_requests(ctx);
        let returned = self.run_application(ctx);
        if returned || matches!(self.application, Application::Polling { .. }) {
            self.send_fetches(ctx);
        }
        self.link.poll_metadata(ctx);
        self.arm(ctx);
    }

    /// The application hears of an error, and the partition waits for a seek.
    fn stop(
        &mut self,
        tp: &TopicPartition,
        error: ErrorCode,
        text: String,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        if let Some(state) = self.assignment.state_mut(tp) {
            state.transition_to_stopped();
        }
        ctx.note(Note::ConsumerError {
            client: self.no,
            partition: self.link.metadata.tp(tp),
            error,
        });
        self.error.get_or_insert((error, text));
    }

    /// Requests about a partition wait for `retry.backoff.ms`.
    fn back_off(&mut self, tp: &TopicPartition, ctx: &mut Ctx<'_, Kafka>) {
        let retry_at = ctx.mono() + self.backoff.delay(0, ctx);
        if let Some(state) = self.assignment.state_mut(tp) {
            state.retry_at = retry_at;
        }
    }

    fn reset_policy(&self) -> Option<OffsetSpec> {
        match self.config.auto_offset_reset {
            OffsetReset::Earliest => Some(OffsetSpec::Earliest),
            OffsetReset::Latest => Some(OffsetSpec::Latest),
            OffsetReset::None => None,
        }
    }

    fn arm(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let application = match self.application {
            Application::Polling { deadline, .. } => Some(deadline),
            Application::Processing { until, .. } => Some(until),
            Application::Idle | Application::Closed => None,
        };
        let now = ctx.mono();
        let retries = self.assignment.iter().map(|(_, state)| state.retry_at);
        let retries = retries.filter(|at| *at > now);
        let at = application.into_iter().chain(retries).min();
        rearm(self.no, ClientTimer::Application, at, ctx);
        self.link.arm(ctx);
    }
}

fn fail(id: CallId, message: &str, ctx: &mut Ctx<'_, Kafka>) {
    let message = message.to_owned();
    let error = ErrorCode::UNKNOWN_SERVER_ERROR;
    ctx.complete(id, Outcome::Failed { error, message });
}

#[cfg(test)]
mod tests;
