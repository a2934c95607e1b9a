//! Clients: producer, consumer and admin of a client process, with the application's own loop.
//!
//! Clients of one process share a machine, crash and pause together, and have connections of
//! their own. Each does all that it can after every input, then arms its timers for what is to
//! come.

mod admin;
mod backoff;
mod consumer;
mod error_text;
mod link;
mod metadata;
mod producer;
mod versions;

pub use admin::Admin;
pub use consumer::{Consumer, record_digest};
pub use producer::{Producer, partition_of_key};

use super::config::{ConsumerConfig, ProducerConfig};
use super::network_client::Hosts;
use super::protocol::ErrorCode;
use super::vocabulary::{Call, ClientNo, ClientOp, Kafka, Outcome, Timer};
use crate::sim::{CallId, ConnId, Ctx, Envelope, Input, Span};
use std::sync::Arc;

/// What a client process is started with.
#[derive(Clone, Debug)]
pub struct ClientProcessConfig {
    /// Host names of brokers to begin with (a port after a colon is ignored).
    pub bootstrap: Vec<String>,
    /// The name service.
    pub hosts: Arc<Hosts>,
    /// The clients, numbered in this order.
    pub clients: Vec<ClientSpec>,
}

/// One client of a process.
#[derive(Clone, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "few clients, each used all the time"
)]
pub enum ClientSpec {
    /// A producer.
    Producer {
        /// Its name in the scenario.
        name: String,
        /// Its configs.
        config: ProducerConfig,
    },
    /// A consumer of assigned partitions.
    Consumer {
        /// Its name in the scenario.
        name: String,
        /// Its configs.
        config: ConsumerConfig,
        /// The partitions to read from the start.
        assigned: Vec<(String, i32)>,
        /// Polls in a loop; otherwise each poll is a call.
        poll_loop: bool,
        /// The application's time for a record.
        process: Span,
    },
    /// An admin client.
    Admin {
        /// Its name in the scenario.
        name: String,
    },
}

impl ClientSpec {
    /// The client's name.
    pub fn name(&self) -> &str {
        match self {
            ClientSpec::Producer { name, .. }
            | ClientSpec::Consumer { name, .. }
            | ClientSpec::Admin { name } => name,
        }
    }
}

/// A process that hosts clients and their application.
#[derive(Clone, Debug)]
pub struct ClientProcess {
    clients: Vec<Client>,
}

#[derive(Clone, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "few clients, each used all the time"
)]
enum Client {
    Producer(Producer),
    Consumer(Consumer),
    Admin(Admin),
}

/// Calls the same method of whichever client it is.
macro_rules! each {
    ($client:expr, $inner:ident => $body:expr) => {
        match $client {
            Client::Producer($inner) => $body,
            Client::Consumer($inner) => $body,
            Client::Admin($inner) => $body,
        }
    };
}

impl ClientProcess {
    /// The producer with this number.
    pub fn producer(&self, no: ClientNo) -> Option<&Producer> {
        match self.clients.get(usize::from(no.0)) {
            Some(Client::Producer(producer)) => Some(producer),
            _ => None,
        }
    }

    /// The consumer with this number.
    pub fn consumer(&self, no: ClientNo) -> Option<&Consumer> {
        match self.clients.get(usize::from(no.0)) {
            Some(Client::Consumer(consumer)) => Some(consumer),
            _ => None,
        }
    }

    /// The admin client with this number.
    pub fn admin(&self, no: ClientNo) -> Option<&Admin> {
        match self.clients.get(usize::from(no.0)) {
            Some(Client::Admin(admin)) => Some(admin),
            _ => None,
        }
    }

    /// The number of the client with this name.
    pub fn named(&self, name: &str) -> Option<ClientNo> {
        let named = |client: &Client| each!(client, inner => inner.name() == name);
        let index = self.clients.iter().position(named)?;
        Some(ClientNo(index as u16))
    }

    /// Starts the process: every client begins to connect.
    pub fn boot(config: &ClientProcessConfig, ctx: &mut Ctx<'_, Kafka>) -> Self {
        let mut clients = Vec::new();
        for (no, spec) in (0..).zip(&config.clients) {
            clients.push(Client::boot(ClientNo(no), spec, config, ctx));
        }
        ClientProcess { clients }
    }

    /// Handles one input.
    pub fn handle(&mut self, input: Input<Kafka>, ctx: &mut Ctx<'_, Kafka>) {
        match input {
            Input::Deliver(envelope) => self.deliver(envelope, ctx),
            Input::Reset(conn) => {
                if let Some(client) = self.owner(conn) {
                    each!(client, inner => inner.reset(conn, ctx));
                }
            }
            Input::Timer(Timer::Client(no, _)) => {
                if let Some(client) = self.clients.get_mut(usize::from(no.0)) {
                    each!(client, inner => inner.timer(ctx));
                }
            }
            Input::Call(id, Call::Client(no, op)) => self.call(id, no, op, ctx),
            Input::Call(id, Call::Shutdown) => ctx.complete(id, Outcome::Done),
            Input::Timer(_) | Input::Synced(_) => {}
        }
    }

    fn deliver(&mut self, envelope: Envelope<Kafka>, ctx: &mut Ctx<'_, Kafka>) {
        if let Some(client) = self.owner(envelope.conn) {
            each!(client, inner => inner.deliver(envelope, ctx));
        }
    }

    fn call(&mut self, id: CallId, no: ClientNo, op: ClientOp, ctx: &mut Ctx<'_, Kafka>) {
        match self.clients.get_mut(usize::from(no.0)) {
            Some(client) => each!(client, inner => inner.call(id, op, ctx)),
            None => ctx.complete(
                id,
                Outcome::Failed {
                    error: ErrorCode::INVALID_REQUEST,
                    message: format!("This process has no client {}.", no.0),
                },
            ),
        }
    }

    fn owner(&mut self, conn: ConnId) -> Option<&mut Client> {
        let owns = |client: &&mut Client| each!(client, inner => inner.owns(conn));
        self.clients.iter_mut().find(owns)
    }
}

impl Client {
    fn boot(
        no: ClientNo,
        spec: &ClientSpec,
        process: &ClientProcessConfig,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Self {
        let (bootstrap, hosts) = (&process.bootstrap, &process.hosts);
        match spec {
            ClientSpec::Producer { name, config } => {
                Client::Producer(Producer::boot(no, name, config, bootstrap, hosts, ctx))
            }
            ClientSpec::Consumer {
                name,
                config,
                assigned,
                poll_loop,
                process,
            } => Client::Consumer(Consumer::boot(
                no, name, config, assigned, *poll_loop, *process, bootstrap, hosts, ctx,
            )),
            ClientSpec::Admin { name } => {
                Client::Admin(Admin::boot(no, name, bootstrap, hosts, ctx))
            }
        }
    }
}

#[cfg(test)]
mod testing;
