//! A controller process: the committed image, and while this is the active controller the image
//! of all that was appended, with the answers that wait for their records to commit.
//!
//! ```text
//! standby --(raft leader, its epoch's first entry committed)--> active
//! active  --(raft says another leads)-----------------------> standby: the speculative image
//!                                                             and the waiting answers are gone
//! ```

use super::config::{CONTROLLER_PORT, ServerConfig};
use super::controller_channel::ControllerChannel;
use super::error_response::error_response;
use super::forwarding;
use crate::kafka::controller::{self, ControllerConfig, ControllerState};
use crate::kafka::metadata::{MetadataDelta, MetadataImage};
use crate::kafka::protocol::api_versions::SUPPORTED_FEATURES;
use crate::kafka::protocol::messages::{
    ControllerRegistrationRequest, EnvelopeResponse, controller_registration_request,
};
use crate::kafka::protocol::metadata_record::{LogEntry, MetadataRecord};
use crate::kafka::protocol::{ErrorCode, Message, StrBytes};
use crate::kafka::raft::{CommittedBatch, RaftNode};
use crate::kafka::vocabulary::{ControllerTimer, Kafka, Note, Purpose, Timer};
use crate::sim::{ConnId, Corr, Ctx, NodeId, Span};
use std::collections::VecDeque;
use uuid::Uuid;

/// The version in which a controller registers.
const CONTROLLER_REGISTRATION_VERSION: i16 = 0;
/// Between attempts to register.
const REGISTRATION_RETRY: Span = Span::from_millis(100);

/// The controller role of a process.
#[derive(Clone, Debug)]
pub struct ControllerServer {
    config: ControllerConfig,
    bootstrap: Vec<MetadataRecord>,
    committed: MetadataImage,
    active: Option<Active>,
    incarnation: Uuid,
    endpoint_host: String,
    registration: ControllerChannel<()>,
}

#[derive(Clone, Debug)]
struct Active {
    epoch: i32,
    state: ControllerState,
    image: MetadataImage,
    waiting: VecDeque<Waiting>,
}

/// An answer that leaves when the record at `offset` is committed.
#[derive(Clone, Debug)]
struct Waiting {
    offset: i64,
    to: Asker,
    response: Message,
}

/// Who asked, and in which wrapping.
#[derive(Clone, Copy, Debug)]
struct Asker {
    conn: ConnId,
    corr: Corr,
    api_version: i16,
    /// The version of the request inside an Envelope.
    enveloped: Option<i16>,
}

impl ControllerServer {
    pub(super) fn boot(
        config: &ServerConfig,
        cluster_id: &str,
        bootstrap: Vec<MetadataRecord>,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Self {
        let incarnation = draw_uuid(ctx);
        ctx.arm_after(
            REGISTRATION_RETRY,
            Timer::Controller(ControllerTimer::Registration),
        );
        ControllerServer {
            config: ControllerConfig {
                node_id: config.node_id,
                cluster_id: Some(cluster_id.to_owned()),
                broker: config.broker.clone(),
            },
            bootstrap,
            committed: MetadataImage::empty(),
            active: None,
            incarnation,
            endpoint_host: config.host.clone(),
            registration: ControllerChannel::new(config.broker.request_timeout),
        }
    }

    /// The image of what is committed, as this controller knows it.
    pub fn committed_image(&self) -> &MetadataImage {
        &self.committed
    }

    /// The image of all that was appended, while this is the active controller.
    pub fn active_image(&self) -> Option<&MetadataImage> {
        self.active.as_ref().map(|active| &active.image)
    }

    pub(super) fn handle_request(
        &mut self,
        conn: ConnId,
        corr: Corr,
        api_version: i16,
        request: &Message,
        raft: &mut RaftNode,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let to = Asker {
            conn,
            corr,
            api_version,
            enveloped: None,
        };
        let Message::EnvelopeRequest(envelope) = request else {
            return self.serve(to, request, api_version, raft, ctx);
        };
        if self.active.is_none() {
            return respond_error(to, request, ErrorCode::NOT_CONTROLLER, ctx);
        }
        match forwarding::unwrap(envelope) {
            Ok((inner, version)) => {
                let to = Asker {
                    enveloped: Some(version),
                    ..to
                };
                self.serve(to, &inner, version, raft, ctx);
            }
            Err(_) => respond_error(to, request, ErrorCode::INVALID_REQUEST, ctx),
        }
    }

    fn serve(
        &mut self,
        to: Asker,
        request: &Message,
        version: i16,
        raft: &mut RaftNode,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let Some(active) = &mut self.active else {
            return respond_error(to, request, ErrorCode::NOT_CONTROLLER, ctx);
        };
        let next_offset = raft.log_end();
        let result = active
            .state
            .handle(&active.image, next_offset, request, version, ctx);
        result.notes.iter().for_each(|note| ctx.note(*note));
        let response = result.response;
        // Without records of its own the answer may tell of what was appended before it.
        let offset = match result.records.is_empty() {
            true => Some(next_offset - 1),
            false => active.append(&result.records, raft, ctx),
        };
        match offset {
            Some(offset) if offset <= self.committed.offset => respond(to, response, ctx),
            Some(offset) => active.waiting.push_back(Waiting {
                offset,
                to,
                response,
            }),
            None => respond_error(to, request, ErrorCode::NOT_CONTROLLER, ctx),
        }
    }

    pub(super) fn handle_timer(
        &mut self,
        timer: ControllerTimer,
        raft: &mut RaftNode,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        if timer == ControllerTimer::Registration {
            self.registration.expire(ctx);
            return;
        }
        let Some(active) = &mut self.active else {
            return;
        };
        let records = active.state.handle_timer(&active.image, timer, ctx);
        if !records.is_empty() {
            active.append(&records, raft, ctx);
        }
    }

    /// Takes in what the quorum committed.
    pub(super) fn replay(&mut self, batch: &CommittedBatch, ctx: &mut Ctx<'_, Kafka>) {
        let mut delta = MetadataDelta::default();
        if let LogEntry::Data(records) = &batch.entry {
            if self.active.is_some() {
                let notes = controller::notes_for(records, &self.committed);
                notes.into_iter().for_each(|note| ctx.note(note));
            }
            for (offset, record) in (batch.base_offset..).zip(records) {
                // A record that can not be replayed was refused when it was appended.
                let _ = self
                    .committed
                    .replay(record, offset, batch.epoch, &mut delta);
            }
        }
        self.committed.offset = batch.last_offset;
        self.committed.epoch = batch.epoch;
    }

    /// Follows the quorum's leadership and sends the answers whose records are committed.
    pub(super) fn catch_up(&mut self, raft: &mut RaftNode, ctx: &mut Ctx<'_, Kafka>) {
        let (_, epoch) = raft.leader();
        let leads = raft.is_leader();
        if self
            .active
            .as_ref()
            .is_some_and(|active| !leads || active.epoch != epoch)
        {
            self.deactivate(ctx);
        }
        if self.active.is_none() && leads && self.committed.offset + 1 == raft.log_end() {
            self.activate(epoch, raft, ctx);
        }
        if let Some(active) = &mut self.active {
            active.answer_committed(self.committed.offset, ctx);
        }
    }

    fn activate(&mut self, epoch: i32, raft: &mut RaftNode, ctx: &mut Ctx<'_, Kafka>) {
        let image = self.committed.clone();
        let state = ControllerState::activate(self.config.clone(), &image, ctx);
        let mut active = Active {
            epoch,
            state,
            image,
            waiting: VecDeque::new(),
        };
        ctx.note(Note::ControllerActivated {
            epoch,
            offset: active.image.offset,
        });
        if active.image.features.is_empty() && !self.bootstrap.is_empty() {
            active.append(&self.bootstrap, raft, ctx);
        }
        self.active = Some(active);
    }

    fn deactivate(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        if let Some(active) = self.active.take() {
            ctx.note(Note::ControllerDeactivated {
                epoch: active.epoch,
            });
            active.state.deactivate(ctx);
            // The askers hear nothing of records that may or may not survive: they ask again.
            active
                .waiting
                .iter()
                .for_each(|waiting| ctx.close(waiting.to.conn));
        }
    }

    /// Registers this controller until the committed image knows its incarnation.
    pub(super) fn register(&mut self, leader: Option<NodeId>, ctx: &mut Ctx<'_, Kafka>) {
        let known = self.committed.controllers.get(&self.config.node_id);
        if known.is_some_and(|known| known.incarnation_id == self.incarnation) {
            self.registration.clear_waiting();
            ctx.cancel(Timer::Controller(ControllerTimer::Registration));
            return;
        }
        if self.registration.is_idle() && !self.committed.features.is_empty() {
            let request = self.registration_request();
            self.registration
                .enqueue((), CONTROLLER_REGISTRATION_VERSION, request);
        }
        self.registration.pump(leader, ctx);
        let soonest = ctx.mono() + REGISTRATION_RETRY;
        let at = self
            .registration
            .next_deadline(leader, ctx.mono())
            .unwrap_or(soonest);
        ctx.arm(
            at.max(soonest),
            Timer::Controller(ControllerTimer::Registration),
        );
    }

    pub(super) fn handle_response(&mut self, conn: ConnId, corr: Corr) -> bool {
        self.registration.take(conn, corr).is_some()
    }

    pub(super) fn handle_reset(&mut self, conn: ConnId, ctx: &mut Ctx<'_, Kafka>) -> bool {
        if let Some(active) = &mut self.active {
            active.waiting.retain(|waiting| waiting.to.conn != conn);
        }
        self.registration.reset(conn, ctx)
    }

    fn registration_request(&self) -> ControllerRegistrationRequest {
        let listener = controller_registration_request::Listener::default()
            .with_name(StrBytes::from_static_str("CONTROLLER"))
            .with_host(StrBytes::from_string(self.endpoint_host.clone()))
            .with_port(CONTROLLER_PORT);
        let features = SUPPORTED_FEATURES.iter().map(|(name, min, max)| {
            controller_registration_request::Feature::default()
                .with_name(StrBytes::from_static_str(name))
                .with_min_supported_version(*min)
                .with_max_supported_version(*max)
        });
        ControllerRegistrationRequest::default()
            .with_controller_id(self.config.node_id)
            .with_incarnation_id(self.incarnation)
            .with_listeners(vec![listener])
            .with_features(features.collect())
    }
}

impl Active {
    /// Appends records to the metadata log and replays them on the speculative image; the last
    /// record's offset, none if this node leads no more.
    fn append(
        &mut self,
        records: &[MetadataRecord],
        raft: &mut RaftNode,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Option<i64> {
        let last = raft.append(records, ctx).ok()?;
        let base = last + 1 - records.len() as i64;
        let mut delta = MetadataDelta::default();
        for (offset, record) in (base..).zip(records) {
            let replayed = self.image.replay(record, offset, self.epoch, &mut delta);
            debug_assert!(
                replayed.is_ok(),
                "the controller wrote a senseless record: {replayed:?}"
            );
        }
        Some(last)
    }

    fn answer_committed(&mut self, committed: i64, ctx: &mut Ctx<'_, Kafka>) {
        while self
            .waiting
            .front()
            .is_some_and(|waiting| waiting.offset <= committed)
        {
            if let Some(done) = self.waiting.pop_front() {
                respond(done.to, done.response, ctx);
            }
        }
    }
}

fn respond(to: Asker, response: Message, ctx: &mut Ctx<'_, Kafka>) {
    let Some(inner_version) = to.enveloped else {
        return ctx.respond(to.conn, to.corr, to.api_version, response);
    };
    let envelope = match forwarding::wrap_response(&response, inner_version) {
        Ok(bytes) => EnvelopeResponse::default().with_response_data(Some(bytes)),
        Err(_) => EnvelopeResponse::default().with_error_code(ErrorCode::UNKNOWN_SERVER_ERROR.0),
    };
    ctx.respond(to.conn, to.corr, to.api_version, envelope.into());
}

fn respond_error(to: Asker, request: &Message, error: ErrorCode, ctx: &mut Ctx<'_, Kafka>) {
    match error_response(request, error) {
        Some(response) => respond(to, response, ctx),
        None => ctx.close(to.conn),
    }
}

/// A random id of a process's start.
pub(super) fn draw_uuid(ctx: &mut Ctx<'_, Kafka>) -> Uuid {
    let high = ctx.draw(Purpose::Incarnation, 0, 0..=u64::MAX);
    let low = ctx.draw(Purpose::Incarnation, 0, 0..=u64::MAX);
    Uuid::from_u64_pair(high, low)
}
