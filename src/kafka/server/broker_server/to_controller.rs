//! What the broker asks the controller, and what it does with the answers.

use super::BrokerServer;
use crate::kafka::protocol::messages::{AllocateProducerIdsRequest, ApiKey, BrokerId};
use crate::kafka::protocol::{ErrorCode, Message};
use crate::kafka::replica::Requester;
use crate::kafka::server::config::BROKER_PORT;
use crate::kafka::server::forwarding::{self, ENVELOPE_VERSION};
use crate::kafka::server::lifecycle::{BrokerState, Turn};
use crate::kafka::vocabulary::{BrokerTimer, Kafka, NodeId as NoteNode, Note, Timer};
use crate::sim::{ConnId, Corr, Ctx, NodeId};

const BROKER_REGISTRATION_VERSION: i16 = 4;
const BROKER_HEARTBEAT_VERSION: i16 = 1;
const ALTER_PARTITION_VERSION: i16 = 3;
const ALLOCATE_PRODUCER_IDS_VERSION: i16 = 0;

/// What a request to the controller was for.
#[derive(Clone, Debug)]
pub(super) enum ToController {
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
    /// Takes an answer of the controller or of a leader; false if it is not the broker's.
    pub(in crate::kafka::server) fn handle_response(
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

    /// Sends what is due to the controller and arms the timer for the rest.
    pub(in crate::kafka::server) fn talk_to_controller(
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
}
