//! What clients and brokers ask: held until the logs follow the metadata, served by the replicas or
//! from the image, or passed on to the controller.

use super::to_controller::ToController;
use super::{BrokerServer, Held};
use crate::kafka::protocol::messages::{
    CreateTopicsRequest, InitProducerIdRequest, InitProducerIdResponse, ProducerId, TopicName,
    create_topics_request,
};
use crate::kafka::protocol::{ErrorCode, Message, StrBytes};
use crate::kafka::replica::Requester;
use crate::kafka::server::forwarding::{self, ENVELOPE_VERSION};
use crate::kafka::server::{metadata_api, producer_ids};
use crate::kafka::vocabulary::Kafka;
use crate::sim::Ctx;

const CREATE_TOPICS_VERSION: i16 = 7;

impl BrokerServer {
    pub(in crate::kafka::server) fn handle_request(
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

    pub(super) fn serve(&mut self, from: Requester, request: Message, ctx: &mut Ctx<'_, Kafka>) {
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
}
