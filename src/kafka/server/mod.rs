//! Server processes: hosting, dispatch, lifecycle. The only composer of Kafka's rooms; it has no
//! protocol rule of its own.
//!
//! One process has a [`RaftNode`] (a voter if it is a controller, else an observer) and, by its
//! roles, a [`ControllerServer`], a [`BrokerServer`], or both. After every input `settle` moves
//! what the quorum committed into both, follows leadership and sends what is due.

mod broker_server;
mod config;
mod controller_channel;
mod controller_server;
mod data_dir;
mod error_response;
mod forwarding;
mod lifecycle;
mod metadata_api;
mod producer_ids;

pub use broker_server::BrokerServer;
pub use config::{BROKER_PORT, CONTROLLER_PORT, ServerConfig};
pub use controller_server::ControllerServer;
pub use data_dir::format_disk;
pub use lifecycle::BrokerState;

use super::protocol::api_versions;
use super::protocol::messages::FetchRequest;
use super::protocol::{ApiKey, ErrorCode, METADATA_TOPIC_ID, Message};
use super::raft::{RaftConfig, RaftNode};
use super::replica::Requester;
use super::vocabulary::{Call, Kafka, NodeId as NoteNode, Note, Timer, Work};
use crate::sim::{Ctx, DiskError, Envelope, Input, MessageKind, NodeId};
use data_dir::DataDir;
use std::sync::Arc;

/// Why a process could not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartError {
    /// The data directory is not formatted or not readable; what is wrong.
    DataDir(String),
    /// The disk refused.
    Disk(DiskError),
}

impl From<DiskError> for StartError {
    fn from(error: DiskError) -> Self {
        StartError::Disk(error)
    }
}

/// A process with `process.roles` broker, controller or both.
#[derive(Clone, Debug)]
pub struct KafkaServer {
    config: Arc<ServerConfig>,
    raft: RaftNode,
    controller: Option<ControllerServer>,
    broker: Option<BrokerServer>,
    stopping: bool,
    broker_ended: bool,
    halted: bool,
}

impl KafkaServer {
    /// Starts the process on its disk. A data directory that is not formatted or can not be
    /// written ends it at once.
    pub fn boot(config: &Arc<ServerConfig>, ctx: &mut Ctx<'_, Kafka>) -> Result<Self, StartError> {
        let data_dir = DataDir::load(ctx.disk).map_err(StartError::DataDir)?;
        let raft_config = RaftConfig {
            node_id: config.node_id,
            cluster_id: data_dir.cluster_id.clone(),
            directory_id: data_dir.directory_id,
            voters: config.voters.clone(),
            quorum: config.broker.quorum.clone(),
            semantics: config.broker.semantics,
        };
        let raft = RaftNode::boot(raft_config, &config.hosts, ctx)?;
        let controller = config.is_controller.then(|| {
            ControllerServer::boot(
                config,
                &data_dir.cluster_id,
                data_dir.bootstrap.clone(),
                ctx,
            )
        });
        let broker = match config.is_broker {
            true => Some(BrokerServer::boot(config.clone(), data_dir, ctx)?),
            false => None,
        };
        let mut server = KafkaServer {
            config: config.clone(),
            raft,
            controller,
            broker,
            stopping: false,
            broker_ended: false,
            halted: false,
        };
        server.settle(ctx);
        Ok(server)
    }

    /// `node.id`.
    pub fn node_id(&self) -> i32 {
        self.config.node_id
    }

    /// What it was started with.
    pub fn config(&self) -> &ServerConfig {
        &self.config
    }

    /// The node's part in the quorum.
    pub fn raft(&self) -> &RaftNode {
        &self.raft
    }

    /// The controller role.
    pub fn controller(&self) -> Option<&ControllerServer> {
        self.controller.as_ref()
    }

    /// The broker role.
    pub fn broker(&self) -> Option<&BrokerServer> {
        self.broker.as_ref()
    }

    /// Whether the process has ended by itself.
    pub fn halted(&self) -> bool {
        self.halted
    }

    /// Handles one input.
    pub fn handle(&mut self, input: Input<Kafka>, ctx: &mut Ctx<'_, Kafka>) {
        match input {
            Input::Deliver(envelope) => self.deliver(envelope, ctx),
            Input::Timer(timer) => self.timer(timer, ctx),
            Input::Synced(sync) => {
                self.raft.handle_synced(sync, ctx);
            }
            Input::Call(id, Call::Shutdown) => {
                self.begin_shutdown(ctx);
                ctx.complete(id, super::vocabulary::Outcome::Done);
            }
            Input::Call(_, Call::Client(..)) => {}
            Input::Reset(conn) => {
                let controller = self.controller.as_mut();
                let ours = self.raft.handle_reset(conn, ctx)
                    || controller.is_some_and(|controller| controller.handle_reset(conn, ctx));
                if let (false, Some(broker)) = (ours, &mut self.broker) {
                    broker.handle_reset(conn, ctx);
                }
            }
        }
        self.settle(ctx);
    }

    fn deliver(&mut self, envelope: Envelope<Kafka>, ctx: &mut Ctx<'_, Kafka>) {
        let (conn, corr) = (envelope.conn, envelope.corr);
        if envelope.kind == MessageKind::Request {
            ctx.spend(Work::Request, 1);
            let from = Requester {
                conn,
                corr,
                api_version: envelope.api_version,
            };
            return self.request(from, *envelope.body, ctx);
        }
        let response = *envelope.body;
        let raft = &mut self.raft;
        if raft.owns(conn) {
            raft.handle_response(conn, corr, response, ctx);
        } else if self
            .controller
            .as_mut()
            .is_some_and(|c| c.handle_response(conn, corr))
        {
            // A registration's answer says nothing that the metadata log will not say.
        } else if let Some(broker) = &mut self.broker {
            broker.handle_response(conn, corr, response, ctx);
        }
    }

    fn request(&mut self, from: Requester, request: Message, ctx: &mut Ctx<'_, Kafka>) {
        let Requester {
            conn,
            corr,
            api_version,
        } = from;
        match &request {
            Message::ApiVersionsRequest(_) => self.api_versions(from, ctx),
            Message::VoteRequest(_)
            | Message::BeginQuorumEpochRequest(_)
            | Message::EndQuorumEpochRequest(_)
            | Message::FetchSnapshotRequest(_)
            | Message::DescribeQuorumRequest(_) => {
                self.raft
                    .handle_request(conn, corr, api_version, request, ctx);
            }
            Message::FetchRequest(fetch) if asks_for_metadata(fetch) => {
                self.raft
                    .handle_request(conn, corr, api_version, request, ctx);
            }
            Message::BrokerRegistrationRequest(_)
            | Message::BrokerHeartbeatRequest(_)
            | Message::AlterPartitionRequest(_)
            | Message::AllocateProducerIdsRequest(_)
            | Message::ControllerRegistrationRequest(_)
            | Message::EnvelopeRequest(_) => match &mut self.controller {
                Some(controller) => {
                    let raft = &mut self.raft;
                    controller.handle_request(conn, corr, api_version, &request, raft, ctx);
                }
                None => ctx.close(conn),
            },
            _ => match &mut self.broker {
                Some(broker) => broker.handle_request(from, request, ctx),
                None => ctx.close(conn),
            },
        }
    }

    fn api_versions(&self, from: Requester, ctx: &mut Ctx<'_, Kafka>) {
        let Requester {
            conn,
            corr,
            api_version,
        } = from;
        let table = match self.broker {
            Some(_) => api_versions::broker(),
            None => api_versions::controller(),
        };
        if !api_versions::is_served(&table, ApiKey::ApiVersions, api_version) {
            // KIP-511: an unknown version is answered in version 0.
            let response = api_versions::unsupported_version();
            return ctx.respond(conn, corr, 0, response.into());
        }
        let broker = self.broker.as_ref().map(BrokerServer::image);
        let controller = self
            .controller
            .as_ref()
            .map(ControllerServer::committed_image);
        let response = match broker.or(controller) {
            Some(image) => {
                let levels = image.features.iter();
                let levels: Vec<_> = levels
                    .map(|(name, level)| (name.as_str(), *level))
                    .collect();
                api_versions::response(&table, api_version, &levels, image.offset)
            }
            None => api_versions::response(&table, api_version, &[], -1),
        };
        ctx.respond(conn, corr, api_version, response.into());
    }

    fn timer(&mut self, timer: Timer, ctx: &mut Ctx<'_, Kafka>) {
        match timer {
            Timer::Raft(timer) => self.raft.handle_timer(timer, ctx),
            Timer::Controller(timer) => {
                if let Some(controller) = &mut self.controller {
                    controller.handle_timer(timer, &mut self.raft, ctx);
                }
            }
            Timer::Broker(timer) => {
                if let Some(broker) = &mut self.broker {
                    broker.handle_timer(timer, ctx);
                }
            }
            Timer::Replica(timer) => {
                if let Some(broker) = &mut self.broker {
                    broker.handle_replica_timer(timer, ctx);
                }
            }
            Timer::Client(..) => {}
        }
    }

    /// Brings every role up to what the quorum committed, follows leadership, sends what is due.
    fn settle(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        loop {
            let committed = self.raft.take_committed(ctx);
            for batch in &committed {
                if let Some(controller) = &mut self.controller {
                    controller.replay(batch, ctx);
                }
                if let Some(broker) = &mut self.broker {
                    broker.replay(batch, ctx);
                }
            }
            if let Some(controller) = &mut self.controller {
                controller.catch_up(&mut self.raft, ctx);
            }
            if committed.is_empty() {
                break;
            }
        }
        let leader = self.active_controller();
        if let Some(controller) = &mut self.controller {
            controller.register(leader, ctx);
        }
        if let Some(broker) = &mut self.broker {
            broker.talk_to_controller(leader, ctx);
        }
        self.end_if_due(ctx);
    }

    /// The machine of the quorum's leader, as far as this node knows.
    fn active_controller(&self) -> Option<NodeId> {
        let leader = self.raft.leader().0?;
        let (_, host) = self.config.voters.iter().find(|(id, _)| *id == leader)?;
        self.config.hosts.resolve(host)
    }

    fn begin_shutdown(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        self.stopping = true;
        match &mut self.broker {
            Some(broker) => broker.begin_shutdown(ctx),
            None => self.raft.begin_shutdown(ctx),
        }
    }

    fn end_if_due(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        if let Some(broker) = &mut self.broker {
            if let Some(error) = broker.failure(ctx.mono()) {
                ctx.note(Note::BrokerHalted {
                    broker: NoteNode(self.config.node_id),
                    error,
                });
                self.halted = true;
            } else if self.stopping && !self.broker_ended && broker.may_end() {
                // A disk that fails now leaves no mark of a clean shutdown: the next start
                // recovers.
                let _ = broker.shutdown(ctx);
                self.raft.begin_shutdown(ctx);
                self.broker_ended = true;
            }
        }
        if self.raft.fault().is_some() {
            let error = ErrorCode::KAFKA_STORAGE_ERROR;
            ctx.note(Note::BrokerHalted {
                broker: NoteNode(self.config.node_id),
                error,
            });
            self.halted = true;
        }
        let broker_ended = self.broker.is_none() || self.broker_ended;
        self.halted |= self.stopping && broker_ended && self.raft.is_shutdown_complete();
    }
}

fn asks_for_metadata(fetch: &FetchRequest) -> bool {
    fetch
        .topics
        .iter()
        .any(|topic| topic.topic_id == METADATA_TOPIC_ID)
}
