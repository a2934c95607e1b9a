//! The rooms' test stand: a client process on a hand-moved clock, against a naive cluster that
//! checks sequences as behaviour.md 2.14 says and does what a test's script tells it.

mod cluster;
mod partition;

pub(crate) use cluster::{Cluster, Fault, metadata_answer};

use super::{ClientProcess, ClientProcessConfig, ClientSpec};
use crate::kafka::network_client::Hosts;
use crate::kafka::protocol::Message;
use crate::kafka::vocabulary::{Call, ClientNo, ClientOp, Kafka, Note, Outcome, SendRecord, Timer};
use crate::sim::{
    CallId, ConnId, Corr, Effect, Envelope, Input, MessageKind, NodeId, Span, Stand, StepNo, Time,
};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One way on the wire.
pub(crate) const LATENCY: Span = Span::from_millis(1);

/// The first client of the process.
pub(crate) const FIRST: ClientNo = ClientNo(0);

enum Event {
    Arrive(ConnId, Corr, i16, Box<Message>),
    Answer(Envelope<Kafka>),
    Reset(ConnId),
}

/// A request that a client sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) at: Time,
    pub(crate) version: i16,
    pub(crate) message: Message,
}

/// A process, a cluster, and what happened between them.
pub(crate) struct Harness {
    pub(crate) stand: Stand<Kafka>,
    pub(crate) process: ClientProcess,
    pub(crate) cluster: Cluster,
    pub(crate) outcomes: BTreeMap<u32, Outcome>,
    pub(crate) notes: Vec<(Time, Note)>,
    pub(crate) requests: Vec<Sent>,
    events: BTreeMap<(Time, u64), Event>,
    sequence: u64,
    conns: BTreeMap<ConnId, NodeId>,
    dead: BTreeSet<ConnId>,
    last_answer: BTreeMap<ConnId, Time>,
    calls: u32,
}

impl Harness {
    pub(crate) fn new(cluster: Cluster, client: ClientSpec, seed: u64) -> Self {
        let mut stand = Stand::new(NodeId(0), seed);
        let mut hosts = Hosts::default();
        for broker in cluster.brokers() {
            hosts.insert(format!("broker-{broker}"), cluster.node(broker));
        }
        let config = ClientProcessConfig {
            bootstrap: vec!["broker-1:9092".to_owned()],
            hosts: Arc::new(hosts),
            clients: vec![client],
        };
        let process = ClientProcess::boot(&config, &mut stand.ctx());
        let mut harness = Harness {
            stand,
            process,
            cluster,
            outcomes: BTreeMap::new(),
            notes: Vec::new(),
            requests: Vec::new(),
            events: BTreeMap::new(),
            sequence: 0,
            conns: BTreeMap::new(),
            dead: BTreeSet::new(),
            last_answer: BTreeMap::new(),
            calls: 0,
        };
        harness.carry_out();
        harness
    }

    pub(crate) fn now(&self) -> Time {
        self.stand.mono
    }

    /// Calls the first client; gives back the call's number.
    pub(crate) fn call(&mut self, op: ClientOp) -> u32 {
        self.calls += 1;
        let input = Input::Call(CallId(self.calls), Call::Client(FIRST, op));
        self.input(input);
        self.calls
    }

    /// Sends a record to partition 0 of topic `t`.
    pub(crate) fn send(&mut self, value: &str) -> u32 {
        self.send_to(Some(0), None, value)
    }

    pub(crate) fn send_to(
        &mut self,
        partition: Option<i32>,
        key: Option<&str>,
        value: &str,
    ) -> u32 {
        self.call(ClientOp::Send(SendRecord {
            topic: "t".to_owned(),
            partition,
            key: key.map(|key| Bytes::from(key.to_owned())),
            value: Some(Bytes::from(value.to_owned())),
            ..SendRecord::default()
        }))
    }

    /// Lets `ms` milliseconds pass.
    pub(crate) fn run_ms(&mut self, ms: u64) {
        let end = self.now() + Span::from_millis(ms);
        let mut steps = 0;
        while self.step(end) {
            steps += 1;
            assert!(steps < 200_000, "the client spins at {}", self.now());
        }
        self.stand.mono = end;
    }

    /// Runs until every call has ended; panics after `ms` milliseconds.
    pub(crate) fn run_until_quiet(&mut self, ms: u64) {
        let end = self.now() + Span::from_millis(ms);
        while self.outcomes.len() < self.calls as usize {
            let open = self.calls as usize - self.outcomes.len();
            assert!(
                self.step(end),
                "{open} calls without an outcome at {}",
                self.now()
            );
        }
    }

    fn step(&mut self, end: Time) -> bool {
        let event = self.events.first_key_value().map(|((at, _), _)| *at);
        let timer = self.stand.timers.next_deadline();
        let Some(next) = event.into_iter().chain(timer).min().filter(|at| *at <= end) else {
            return false;
        };
        self.stand.mono = self.stand.mono.max(next);
        if timer.is_some_and(|at| at <= next) {
            if let Some((_, timer)) = self.stand.timers.pop_due(next) {
                self.input(Input::Timer(timer));
            }
        } else if let Some((_, event)) = self.events.pop_first() {
            self.happen(event);
        }
        true
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrive(conn, corr, version, body) => self.arrive(conn, corr, version, *body),
            Event::Answer(envelope) if !self.dead.contains(&envelope.conn) => {
                self.input(Input::Deliver(envelope));
            }
            Event::Reset(conn) if self.dead.insert(conn) => self.input(Input::Reset(conn)),
            Event::Answer(_) | Event::Reset(_) => {}
        }
    }

    fn arrive(&mut self, conn: ConnId, corr: Corr, version: i16, body: Message) {
        let Some(node) = self.conns.get(&conn).copied() else {
            return;
        };
        if self.cluster.is_cut(conn) {
            return;
        }
        let now = self.now();
        let wait = |message: &Message| match message {
            Message::FetchRequest(fetch) => Span::from_millis(fetch.max_wait_ms as u64),
            _ => Span::ZERO,
        };
        let wait = wait(&body);
        let verdict = self.cluster.handle(node, conn, version, body);
        let Some((message, delay)) = verdict else {
            if self.cluster.is_cut(conn) {
                self.push(now + LATENCY, Event::Reset(conn));
            }
            return;
        };
        let empty = matches!(&message, Message::FetchResponse(answer)
            if answer.record_bytes() == 0
                && answer.response.responses.iter().all(|t| t.partitions.iter().all(|p| p.error_code == 0)));
        let mut at = now + LATENCY + delay;
        if empty {
            at += wait;
        }
        let last = self.last_answer.get(&conn).copied().unwrap_or_default();
        let at = at.max(last);
        self.last_answer.insert(conn, at);
        let envelope = Envelope {
            conn,
            corr,
            kind: MessageKind::Response,
            api_version: version,
            from: node,
            to: NodeId(0),
            departs: now,
            cause: StepNo(0),
            request: StepNo(0),
            body: Box::new(message),
        };
        self.push(at, Event::Answer(envelope));
    }

    fn push(&mut self, at: Time, event: Event) {
        self.sequence += 1;
        self.events.insert((at, self.sequence), event);
    }

    fn input(&mut self, input: Input<Kafka>) {
        if let Input::Timer(timer) = &input {
            assert!(matches!(timer, Timer::Client(..)));
        }
        self.process.handle(input, &mut self.stand.ctx());
        self.carry_out();
    }

    fn carry_out(&mut self) {
        let now = self.now();
        let notes = std::mem::take(&mut self.stand.outbox.notes);
        self.notes.extend(notes.into_iter().map(|note| (now, note)));
        for effect in std::mem::take(&mut self.stand.outbox.effects) {
            match effect {
                Effect::Connect { conn, to } => {
                    self.conns.insert(conn, to);
                    if self.cluster.is_down(to) {
                        self.cluster.cut(conn);
                        self.push(now + Span(2 * LATENCY.0), Event::Reset(conn));
                    }
                }
                Effect::Close { conn } => {
                    self.dead.insert(conn);
                }
                Effect::Request {
                    conn,
                    corr,
                    api_version,
                    body,
                } => {
                    body.round_trip(api_version)
                        .expect("only fields of that version are filled");
                    self.requests.push(Sent {
                        at: now,
                        version: api_version,
                        message: (*body).clone(),
                    });
                    self.push(now + LATENCY, Event::Arrive(conn, corr, api_version, body));
                }
                Effect::Complete { id, outcome } => {
                    let twice = self.outcomes.insert(id.0, outcome);
                    assert!(twice.is_none(), "call {id:?} ended twice");
                }
                Effect::Respond { .. } | Effect::NoResponse { .. } => {
                    panic!("a client answers nothing")
                }
            }
        }
    }

    /// The notes of a kind, in order.
    pub(crate) fn noted<T>(&self, pick: impl Fn(&Note) -> Option<T>) -> Vec<T> {
        self.notes
            .iter()
            .filter_map(|(_, note)| pick(note))
            .collect()
    }

    /// The sizes of the batches that were sent, in order: first send, count, attempt.
    pub(crate) fn batches_sent(&self) -> Vec<(u32, i32, i32)> {
        self.noted(|note| match note {
            Note::BatchSent {
                first,
                count,
                attempt,
                ..
            } => Some((*first, *count, *attempt)),
            _ => None,
        })
    }

    /// The values in a partition's log.
    pub(crate) fn log(&self, partition: i32) -> Vec<String> {
        self.cluster.log("t", partition)
    }
}
