//! A broker process: its image of the metadata, its replicas and its life.
//!
//! | file | concern |
//! |---|---|
//! | `requests` | what clients and brokers ask |
//! | `to_controller` | what it asks the controller |
//! | `publishing` | the image follows the quorum, the logs follow the image |

mod publishing;
mod requests;
mod to_controller;

use crate::kafka::metadata::MetadataImage;
use crate::kafka::protocol::{ErrorCode, Message};
use crate::kafka::replica::{ReplicaManager, Requester};
use crate::kafka::server::config::ServerConfig;
use crate::kafka::server::controller_channel::ControllerChannel;
use crate::kafka::server::controller_server::draw_uuid;
use crate::kafka::server::data_dir::DataDir;
use crate::kafka::server::lifecycle::{BrokerState, Lifecycle};
use crate::kafka::server::producer_ids::ProducerIds;
use crate::kafka::vocabulary::{BrokerTimer, Kafka, NodeId as NoteNode, Note, ReplicaTimer};
use crate::sim::{ConnId, Ctx, DiskError, Time};
use std::collections::BTreeSet;
use std::sync::Arc;
use to_controller::ToController;

/// The broker role of a process.
#[derive(Clone, Debug)]
pub struct BrokerServer {
    config: Arc<ServerConfig>,
    data_dir: DataDir,
    image: MetadataImage,
    /// The logs follow the image.
    publishing: bool,
    replicas: ReplicaManager,
    lifecycle: Lifecycle,
    heartbeats: ControllerChannel<ToController>,
    alter_partitions: ControllerChannel<ToController>,
    forwards: ControllerChannel<ToController>,
    producer_ids: ProducerIds,
    creating: BTreeSet<String>,
    held: Vec<Held>,
}

/// A request that came before the broker was ready to serve.
#[derive(Clone, Debug)]
struct Held {
    from: Requester,
    request: Message,
}

impl BrokerServer {
    pub(super) fn boot(
        config: Arc<ServerConfig>,
        data_dir: DataDir,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<Self, DiskError> {
        let clean = data_dir.clean_broker_epoch.is_some();
        let node_id = config.node_id;
        ctx.note(Note::BrokerStarted {
            broker: NoteNode(node_id),
            clean,
        });
        let hosts = config.hosts.clone();
        let replicas = ReplicaManager::boot(node_id, config.broker.clone(), hosts, clean, ctx)?;
        let incarnation = draw_uuid(ctx);
        let previous_epoch = data_dir.clean_broker_epoch.unwrap_or(-1);
        let lifecycle = Lifecycle::new(
            node_id,
            incarnation,
            previous_epoch,
            &config.broker,
            ctx.mono(),
        );
        let timeout = config.broker.request_timeout;
        // A heartbeat that waits longer than a session helps nobody.
        let heartbeat_timeout = timeout.min(config.broker.broker_session_timeout);
        Ok(BrokerServer {
            image: MetadataImage::empty(),
            publishing: false,
            replicas,
            lifecycle,
            heartbeats: ControllerChannel::new(heartbeat_timeout),
            alter_partitions: ControllerChannel::new(timeout),
            forwards: ControllerChannel::new(timeout),
            producer_ids: ProducerIds::default(),
            creating: BTreeSet::new(),
            held: Vec::new(),
            data_dir,
            config,
        })
    }

    /// Where in its life the broker is.
    pub fn state(&self) -> BrokerState {
        self.lifecycle.state()
    }

    /// The broker's epoch, -1 before it is registered.
    pub fn epoch(&self) -> i64 {
        self.lifecycle.epoch()
    }

    /// What the broker knows of the cluster.
    pub fn image(&self) -> &MetadataImage {
        &self.image
    }

    /// The broker's replicas.
    pub fn replicas(&self) -> &ReplicaManager {
        &self.replicas
    }

    /// Whether it serves clients: caught up with the metadata and unfenced at least once.
    pub fn is_running(&self) -> bool {
        self.lifecycle.state() == BrokerState::Running
    }

    pub(super) fn begin_shutdown(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        ctx.note(Note::BrokerStopping {
            broker: NoteNode(self.config.node_id),
        });
        self.replicas.begin_controlled_shutdown();
        let now = ctx.mono();
        self.lifecycle
            .begin_shutdown(now, self.config.broker.controlled_shutdown_enable);
    }

    /// Whether the process may end now.
    pub(super) fn may_end(&self) -> bool {
        self.lifecycle.state() == BrokerState::Stopped
    }

    /// Closes the logs and leaves the mark of a clean shutdown.
    pub(super) fn shutdown(&mut self, ctx: &mut Ctx<'_, Kafka>) -> Result<(), DiskError> {
        self.replicas.shutdown(ctx)?;
        DataDir::mark_clean_shutdown(ctx.disk, self.lifecycle.epoch())
    }

    /// The reason why the broker can not go on, if there is one.
    pub(super) fn failure(&self, now: Time) -> Option<ErrorCode> {
        if self.replicas.failed().is_some() {
            return Some(ErrorCode::KAFKA_STORAGE_ERROR);
        }
        self.lifecycle
            .gave_up(now)
            .then_some(ErrorCode::DUPLICATE_BROKER_REGISTRATION)
    }

    pub(super) fn handle_reset(&mut self, conn: ConnId, ctx: &mut Ctx<'_, Kafka>) {
        self.held.retain(|held| held.from.conn != conn);
        let ours = self.heartbeats.reset(conn, ctx)
            || self.forwards.reset(conn, ctx)
            || self.alter_partitions.reset(conn, ctx)
            || self.replicas.handle_reset(conn, ctx);
        if !ours {
            self.replicas.handle_connection_closed(conn, ctx);
        }
    }

    pub(super) fn handle_timer(&mut self, timer: BrokerTimer, ctx: &mut Ctx<'_, Kafka>) {
        if timer == BrokerTimer::ControllerChannel {
            self.heartbeats.expire(ctx);
            self.alter_partitions.expire(ctx);
            self.forwards.expire(ctx);
        }
    }

    pub(super) fn handle_replica_timer(&mut self, timer: ReplicaTimer, ctx: &mut Ctx<'_, Kafka>) {
        self.replicas.handle_timer(timer, ctx);
    }
}
