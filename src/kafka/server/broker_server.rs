//! A broker process: its image of the metadata, its replicas, its life, and the requests that it
//! passes on to the controller.

use super::config::{BROKER_PORT, ServerConfig};
use super::controller_channel::ControllerChannel;
use super::controller_server::draw_uuid;
use super::data_dir::DataDir;
use super::forwarding::{self, ENVELOPE_VERSION};
use super::lifecycle::{BrokerState, Lifecycle, Turn};
use super::producer_ids::{self, ProducerIds};
use crate::kafka::config::Sabotage;
use crate::kafka::metadata::{MetadataDelta, MetadataImage};
use crate::kafka::protocol::messages::{
    AllocateProducerIdsRequest, ApiKey, BrokerId, CreateTopicsRequest, InitProducerIdRequest,
    InitProducerIdResponse, ProducerId, TopicName, create_topics_request,
};
use crate::kafka::protocol::metadata_record::{LogEntry, MetadataRecord, PartitionChange};
use crate::kafka::protocol::{ErrorCode, Message, StrBytes};
use crate::kafka::raft::CommittedBatch;
use crate::kafka::replica::{ReplicaManager, Requester};
use crate::kafka::vocabulary::{
    BrokerTimer, Kafka, NodeId as NoteNode, Note, ReplicaTimer, Timer, Work,
};
use crate::sim::{ConnId, Corr, Ctx, DiskError, NodeId, Time};
use std::collections::BTreeSet;
use std::sync::Arc;

const BROKER_REGISTRATION_VERSION: i16 = 4;
const BROKER_HEARTBEAT_VERSION: i16 = 1;
const ALTER_PARTITION_VERSION: i16 = 3;
const ALLOCATE_PRODUCER_IDS_VERSION: i16 = 0;
const CREATE_TOPICS_VERSION: i16 = 7;

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

/// What a request to the controller was for.
#[derive(Clone, Debug)]
enum ToController {
    Registration,
    Heartbeat,
    AlterPartition,
    ProducerIds,
    AutoCreate(Vec<String>),
    Forward {
        from: Requester,
        api: ApiKey,
        request: Box<Message>,
    },
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

    pub(super) fn handle_request(
        &mut self,
        from: Requester,
        request: Message,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        if self.publishing {
            self.serve(from, request, ctx);
        } else {
            self.held.push(Held { from, request });
        }
    }

    fn serve(&mut self, from: Requester, request: Message, ctx: &mut Ctx<'_, Kafka>) {
        use super::metadata_api;
        let version = from.api_version;
        match request {
            Message::ProduceRequest(request) => {
                self.replicas
                    .handle_produce(from, request, &self.image, ctx);
            }
            Message::FetchRequest(request) => {
                self.replicas.handle_fetch(from, request, &self.image, ctx);
            }
            Message::ListOffsetsRequest(request) => {
                self.replicas
                    .handle_list_offsets(from, request, &self.image, ctx);
            }
            Message::OffsetForLeaderEpochRequest(request) => {
                self.replicas
                    .handle_offset_for_leader_epoch(from, request, &self.image, ctx);
            }
            Message::MetadataRequest(request) => {
                let cluster = &self.data_dir.cluster_id;
                let (response, unknown) =
                    metadata_api::metadata(&request, version, &self.image, cluster);
                if version < 4 || request.allow_auto_topic_creation {
                    self.auto_create(unknown);
                }
                ctx.respond(from.conn, from.corr, version, response.into());
            }
            Message::DescribeClusterRequest(request) => {
                let cluster = &self.data_dir.cluster_id;
                let response =
                    metadata_api::describe_cluster(&request, version, &self.image, cluster);
                ctx.respond(from.conn, from.corr, version, response.into());
            }
            Message::DescribeTopicPartitionsRequest(request) => {
                let response = metadata_api::describe_topic_partitions(&request, &self.image);
                ctx.respond(from.conn, from.corr, version, response.into());
            }
            Message::InitProducerIdRequest(request) => {
                let response = self.init_producer_id(&request);
                ctx.respond(from.conn, from.corr, version, response.into());
            }
            request @ (Message::CreateTopicsRequest(_)
            | Message::DeleteTopicsRequest(_)
            | Message::ElectLeadersRequest(_)) => self.forward(from, request, ctx),
            // Kafka closes the connection on an api that the listener does not serve.
            _ => ctx.close(from.conn),
        }
    }

    fn init_producer_id(&mut self, request: &InitProducerIdRequest) -> InitProducerIdResponse {
        let refused = |code: ErrorCode| {
            InitProducerIdResponse::default()
                .with_error_code(code.0)
                .with_producer_id(ProducerId(-1))
                .with_producer_epoch(-1)
        };
        let transactional_id = request.transactional_id.as_ref().map(|id| id.as_str());
        if let Some(error) = producer_ids::refusal(transactional_id) {
            return refused(error);
        }
        match self.producer_ids.generate() {
            Some(id) => InitProducerIdResponse::default()
                .with_producer_id(ProducerId(id))
                .with_producer_epoch(0),
            None => refused(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS),
        }
    }

    fn auto_create(&mut self, names: Vec<String>) {
        if !self.config.broker.auto_create_topics_enable {
            return;
        }
        let fresh: Vec<String> = names
            .into_iter()
            .filter(|name| self.creating.insert(name.clone()))
            .collect();
        if fresh.is_empty() {
            return;
        }
        let (partitions, replicas) = (
            self.config.broker.num_partitions,
            self.config.broker.default_replication_factor,
        );
        let topic = |name: &String| {
            create_topics_request::CreatableTopic::default()
                .with_name(TopicName(StrBytes::from_string(name.clone())))
                .with_num_partitions(partitions)
                .with_replication_factor(replicas)
        };
        let request = CreateTopicsRequest::default()
            .with_topics(fresh.iter().map(topic).collect())
            .with_timeout_ms(self.config.broker.request_timeout.as_millis() as i32);
        if let Ok(envelope) = forwarding::wrap(&request.into(), CREATE_TOPICS_VERSION) {
            self.forwards
                .enqueue(ToController::AutoCreate(fresh), ENVELOPE_VERSION, envelope);
        }
    }

    fn forward(&mut self, from: Requester, request: Message, ctx: &mut Ctx<'_, Kafka>) {
        match forwarding::wrap(&request, from.api_version) {
            Ok(envelope) => {
                let api = request.api_key();
                let token = ToController::Forward {
                    from,
                    api,
                    request: Box::new(request),
                };
                self.forwards.enqueue(token, ENVELOPE_VERSION, envelope);
            }
            Err(_) => ctx.close(from.conn),
        }
    }

    /// Takes an answer of the controller or of a leader; false if it is not the broker's.
    pub(super) fn handle_response(
        &mut self,
        conn: ConnId,
        corr: Corr,
        response: Message,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> bool {
        let channels = [
            &mut self.heartbeats,
            &mut self.alter_partitions,
            &mut self.forwards,
        ];
        let token = channels
            .into_iter()
            .find_map(|channel| channel.take(conn, corr));
        match token {
            Some(token) => self.heard(token, response, ctx),
            None => return self.replicas.handle_response(conn, corr, response, ctx),
        }
        true
    }

    fn heard(&mut self, token: ToController, response: Message, ctx: &mut Ctx<'_, Kafka>) {
        let now = ctx.mono();
        match (token, response) {
            (ToController::Registration, Message::BrokerRegistrationResponse(response)) => {
                let turn = self.lifecycle.registered(&response, now);
                self.turn(turn, ctx);
            }
            (ToController::Heartbeat, Message::BrokerHeartbeatResponse(response)) => {
                let turn = self.lifecycle.heard(&response, now);
                self.turn(turn, ctx);
            }
            (ToController::AlterPartition, Message::AlterPartitionResponse(response)) => {
                let refused = response.error_code == ErrorCode::NOT_CONTROLLER.0;
                let answer = if refused { Err(()) } else { Ok(response) };
                self.replicas.handle_alter_partition_response(answer, ctx);
            }
            (ToController::ProducerIds, Message::AllocateProducerIdsResponse(response)) => {
                let granted = response.error_code == ErrorCode::NONE.0;
                let block = (response.producer_id_start.0, response.producer_id_len);
                self.producer_ids.received(granted.then_some(block));
            }
            (token, Message::EnvelopeResponse(response)) => {
                self.heard_envelope(token, response.error_code, response.response_data, ctx);
            }
            _ => {}
        }
    }

    fn heard_envelope(
        &mut self,
        token: ToController,
        error: i16,
        data: Option<bytes::Bytes>,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        match token {
            ToController::AutoCreate(names) => {
                names.iter().for_each(|name| {
                    self.creating.remove(name);
                });
            }
            ToController::Forward { from, api, request } => {
                if error == ErrorCode::NOT_CONTROLLER.0 {
                    if let Ok(envelope) = forwarding::wrap(&request, from.api_version) {
                        let token = ToController::Forward { from, api, request };
                        self.forwards
                            .retry(token, ENVELOPE_VERSION, envelope.into(), ctx);
                    }
                    return;
                }
                let answer = data.and_then(|bytes| {
                    forwarding::unwrap_response(api, from.api_version, bytes).ok()
                });
                match answer {
                    Some(answer) => ctx.respond(from.conn, from.corr, from.api_version, answer),
                    None => ctx.close(from.conn),
                }
            }
            _ => {}
        }
    }

    fn turn(&mut self, turn: Turn, ctx: &mut Ctx<'_, Kafka>) {
        let broker = NoteNode(self.config.node_id);
        match turn {
            Turn::Registered(epoch) => self.replicas.set_broker_epoch(epoch),
            Turn::CaughtUp => self.start_publishing(ctx),
            Turn::Unfenced => {
                ctx.note(Note::BrokerReady {
                    broker,
                    broker_epoch: self.lifecycle.epoch(),
                });
            }
            Turn::Same | Turn::FencedAgain | Turn::MayStop => {}
        }
    }

    /// The logs follow the image from now on; what was asked meanwhile is served.
    fn start_publishing(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        self.publishing = true;
        let delta = MetadataDelta::whole(&self.image);
        self.apply(&delta, ctx);
        self.replicas.remove_strays(ctx);
        for held in std::mem::take(&mut self.held) {
            self.serve(held.from, held.request, ctx);
        }
    }

    fn apply(&mut self, delta: &MetadataDelta, ctx: &mut Ctx<'_, Kafka>) {
        // A failing disk is kept by the replica manager and ends the broker after this step.
        let _ = self.replicas.apply_metadata(&self.image, delta, ctx);
    }

    /// Takes in what the quorum committed.
    pub(super) fn replay(&mut self, batch: &CommittedBatch, ctx: &mut Ctx<'_, Kafka>) {
        let mut delta = MetadataDelta::default();
        if let LogEntry::Data(records) = &batch.entry {
            ctx.spend(Work::ReplayRecords, records.len() as u64);
            for (offset, record) in (batch.base_offset..).zip(records) {
                let record = self.sabotaged(record);
                // A record that can not be replayed was refused by the controller's own replay.
                let _ = self.image.replay(&record, offset, batch.epoch, &mut delta);
            }
        }
        self.image.offset = batch.last_offset;
        self.image.epoch = batch.epoch;
        ctx.note(Note::MetadataReplayed {
            offset: batch.last_offset,
        });
        if self.publishing {
            self.apply(&delta, ctx);
        }
    }

    fn sabotaged(&self, record: &MetadataRecord) -> MetadataRecord {
        let skip = self
            .config
            .broker
            .semantics
            .sabotage
            .has(Sabotage::SkipIsrReplay);
        match record {
            MetadataRecord::PartitionChange(change) if skip => {
                let change = PartitionChange {
                    isr: None,
                    ..change.clone()
                };
                MetadataRecord::PartitionChange(change)
            }
            record => record.clone(),
        }
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

    /// Sends what is due to the controller and arms the timer for the rest.
    pub(super) fn talk_to_controller(
        &mut self,
        controller: Option<NodeId>,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        self.enqueue_due(ctx);
        self.heartbeats.pump(controller, ctx);
        self.alter_partitions.pump(controller, ctx);
        self.forwards.pump(controller, ctx);
        let now = ctx.mono();
        let next = [
            self.heartbeats.next_deadline(controller, now),
            self.alter_partitions.next_deadline(controller, now),
            self.forwards.next_deadline(controller, now),
        ];
        match next.into_iter().flatten().min() {
            Some(at) => ctx.arm(at, Timer::Broker(BrokerTimer::ControllerChannel)),
            None => {
                ctx.cancel(Timer::Broker(BrokerTimer::ControllerChannel));
            }
        }
    }

    fn enqueue_due(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let now = ctx.mono();
        if self.heartbeats.is_idle() && self.lifecycle.state() != BrokerState::Stopped {
            if self.lifecycle.next_send() <= now {
                self.enqueue_life_sign();
                self.lifecycle.sent(now);
            }
            ctx.arm(
                self.lifecycle.next_send(),
                Timer::Broker(BrokerTimer::Heartbeat),
            );
        }
        if let Some(request) = self.replicas.take_alter_partition(self.lifecycle.epoch()) {
            let token = ToController::AlterPartition;
            self.alter_partitions
                .enqueue(token, ALTER_PARTITION_VERSION, request);
        }
        if self.publishing && self.producer_ids.should_ask() {
            let request = AllocateProducerIdsRequest::default()
                .with_broker_id(BrokerId(self.config.node_id))
                .with_broker_epoch(self.lifecycle.epoch());
            let token = ToController::ProducerIds;
            self.forwards
                .enqueue(token, ALLOCATE_PRODUCER_IDS_VERSION, request);
        }
    }

    fn enqueue_life_sign(&mut self) {
        if self.lifecycle.state() == BrokerState::Registering {
            let request = self.lifecycle.registration(
                &self.data_dir.cluster_id,
                &self.config.host,
                BROKER_PORT,
                self.config.broker.rack.as_deref(),
                self.data_dir.directory_id,
            );
            let token = ToController::Registration;
            self.heartbeats
                .enqueue(token, BROKER_REGISTRATION_VERSION, request);
        } else {
            let request = self.lifecycle.heartbeat(self.image.offset);
            self.heartbeats
                .enqueue(ToController::Heartbeat, BROKER_HEARTBEAT_VERSION, request);
        }
    }

    pub(super) fn handle_replica_timer(&mut self, timer: ReplicaTimer, ctx: &mut Ctx<'_, Kafka>) {
        self.replicas.handle_timer(timer, ctx);
    }
}
