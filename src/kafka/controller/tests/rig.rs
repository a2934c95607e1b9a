//! A controller with its metadata log: records are applied as soon as they are handed out.

use crate::kafka::config::{BrokerConfig, Semantics};
use crate::kafka::controller::{ControllerConfig, ControllerResult, ControllerState, notes_for};
use crate::kafka::metadata::{MetadataDelta, MetadataImage, PartitionImage};
use crate::kafka::protocol::Message;
use crate::kafka::protocol::messages::broker_registration_request::{Feature, Listener};
use crate::kafka::protocol::messages::create_topics_request::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use crate::kafka::protocol::messages::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerId, BrokerRegistrationRequest,
    BrokerRegistrationResponse, CreateTopicsResponse,
};
use crate::kafka::protocol::metadata_record::MetadataRecord;
use crate::kafka::protocol::{ErrorCode, StrBytes};
use crate::kafka::vocabulary::{Kafka, Note, Timer};
use crate::sim::{NodeId, Span, Stand};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The controller under test.
pub(super) struct Rig {
    pub(super) stand: Stand<Kafka>,
    pub(super) image: MetadataImage,
    pub(super) state: ControllerState,
    /// The brokers' epochs, as the brokers know them.
    pub(super) epochs: BTreeMap<i32, i64>,
    /// Notes of committed records and of requests, in order.
    pub(super) notes: Vec<Note>,
    incarnations: u128,
}

pub(super) fn str_bytes(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_string())
}

impl Rig {
    /// A controller with the features of behaviour.md 0.2 and no brokers.
    pub(super) fn empty(semantics: Semantics) -> Rig {
        let mut stand = Stand::new(NodeId(0), 7);
        let mut image = MetadataImage::empty();
        let broker = BrokerConfig {
            semantics,
            ..BrokerConfig::default()
        };
        let config = ControllerConfig {
            node_id: 1,
            cluster_id: Some("lab".into()),
            broker,
        };
        let features = [
            ("eligible.leader.replicas.version", 1),
            ("metadata.version", 29),
        ];
        let features = features.map(|(name, level)| (name.to_string(), level));
        let records = ControllerState::bootstrap_records(&image, &features);
        apply(&mut image, &records);
        let state = ControllerState::activate(config, &image, &mut stand.ctx());
        Rig {
            stand,
            image,
            state,
            epochs: BTreeMap::new(),
            notes: Vec::new(),
            incarnations: 1_000,
        }
    }

    /// A controller with this many unfenced brokers, from 1.
    pub(super) fn with_brokers(brokers: i32, semantics: Semantics) -> Rig {
        let mut rig = Rig::empty(semantics);
        for id in 1..=brokers {
            assert_eq!(rig.register(id, -1), ErrorCode::NONE);
            assert!(!rig.heartbeat(id).is_fenced);
        }
        rig
    }

    /// Hands a request over and applies what it leads to.
    pub(super) fn send(&mut self, request: impl Into<Message>, version: i16) -> ControllerResult {
        let next = self.image.offset + 1;
        let request = request.into();
        request
            .encode(version)
            .expect("the request fits its version");
        let mut ctx = self.stand.ctx();
        let result = self
            .state
            .handle(&self.image, next, &request, version, &mut ctx);
        let encoded = result.response.encode(version);
        encoded.expect("only fields of its version are filled");
        self.notes.extend(&result.notes);
        self.commit(&result.records);
        result
    }

    pub(super) fn commit(&mut self, records: &[MetadataRecord]) {
        self.notes.extend(notes_for(records, &self.image));
        apply(&mut self.image, records);
    }

    /// Moves the clock and lets the timers go off in their order.
    pub(super) fn advance(&mut self, span: Span) -> Vec<MetadataRecord> {
        let end = self.stand.mono + span;
        let mut all = Vec::new();
        while let Some(at) = self.stand.timers.next_deadline().filter(|at| *at <= end) {
            self.stand.mono = at.max(self.stand.mono);
            let Some((_, Timer::Controller(timer))) = self.stand.timers.pop_due(at) else {
                panic!("only timers of the controller are armed");
            };
            let mut ctx = self.stand.ctx();
            let records = self.state.handle_timer(&self.image, timer, &mut ctx);
            self.commit(&records);
            all.extend(records);
        }
        self.stand.mono = end;
        all
    }

    pub(super) fn registration(&mut self, id: i32, previous: i64) -> BrokerRegistrationRequest {
        self.incarnations += 1;
        let listener = Listener::default()
            .with_name(str_bytes("PLAINTEXT"))
            .with_host(str_bytes("localhost"))
            .with_port(9092);
        let feature = |name, max| {
            Feature::default()
                .with_name(name)
                .with_max_supported_version(max)
        };
        let features = vec![
            feature(str_bytes("metadata.version"), 29).with_min_supported_version(7),
            feature(str_bytes("eligible.leader.replicas.version"), 1),
        ];
        BrokerRegistrationRequest::default()
            .with_broker_id(BrokerId(id))
            .with_cluster_id(str_bytes("lab"))
            .with_incarnation_id(Uuid::from_u128(self.incarnations))
            .with_listeners(vec![listener])
            .with_features(features)
            .with_rack(None)
            .with_log_dirs(vec![Uuid::from_u128(100_000 + id as u128)])
            .with_previous_broker_epoch(previous)
    }

    /// Registers a new incarnation.
    pub(super) fn register(&mut self, id: i32, previous: i64) -> ErrorCode {
        let request = self.registration(id, previous);
        let response = self.send_registration(request);
        ErrorCode(response.error_code)
    }

    pub(super) fn send_registration(
        &mut self,
        request: BrokerRegistrationRequest,
    ) -> BrokerRegistrationResponse {
        let id = request.broker_id.0;
        match self.send(request, 4).response {
            Message::BrokerRegistrationResponse(response) => {
                if response.error_code == 0 {
                    self.epochs.insert(id, response.broker_epoch);
                }
                response
            }
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn heartbeat_request(&self, id: i32) -> BrokerHeartbeatRequest {
        BrokerHeartbeatRequest::default()
            .with_broker_id(BrokerId(id))
            .with_broker_epoch(self.epochs.get(&id).copied().unwrap_or(-1))
            .with_current_metadata_offset(self.image.offset)
    }

    /// A heartbeat of a broker that has read everything and wants to be unfenced.
    pub(super) fn heartbeat(&mut self, id: i32) -> BrokerHeartbeatResponse {
        let request = self.heartbeat_request(id);
        self.send_heartbeat(request)
    }

    pub(super) fn send_heartbeat(
        &mut self,
        request: BrokerHeartbeatRequest,
    ) -> BrokerHeartbeatResponse {
        match self.send(request, 1).response {
            Message::BrokerHeartbeatResponse(response) => response,
            other => panic!("{other:?}"),
        }
    }

    /// Lets the session of `id` pass while the others go on.
    pub(super) fn fall_silent(&mut self, id: i32) {
        for _ in 0..5 {
            self.advance(Span::from_secs(2));
            let others: Vec<i32> = self.epochs.keys().copied().filter(|b| *b != id).collect();
            for other in others {
                if self.image.is_unfenced(other) {
                    self.heartbeat(other);
                }
            }
        }
    }

    pub(super) fn create(&mut self, topic: CreatableTopic) -> CreateTopicsResponse {
        self.create_topics(CreateTopicsRequest::default().with_topics(vec![topic]))
    }

    pub(super) fn create_topics(&mut self, request: CreateTopicsRequest) -> CreateTopicsResponse {
        match self.send(request, 7).response {
            Message::CreateTopicsResponse(response) => response,
            other => panic!("{other:?}"),
        }
    }

    /// Creates a topic that must succeed.
    pub(super) fn topic(
        &mut self,
        name: &str,
        partitions: i32,
        factor: i16,
        configs: &[(&str, &str)],
    ) {
        let response = self.create(new_topic(name, partitions, factor, configs));
        assert_eq!(response.topics[0].error_code, 0, "{response:?}");
    }

    pub(super) fn partition(&self, name: &str, number: i32) -> &PartitionImage {
        let topic = self.image.topic(name).expect("the topic was created");
        &topic.partitions[&number]
    }
}

pub(super) fn new_topic(
    name: &str,
    partitions: i32,
    factor: i16,
    configs: &[(&str, &str)],
) -> CreatableTopic {
    let configs = configs.iter().map(|(name, value)| {
        CreatableTopicConfig::default()
            .with_name(str_bytes(name))
            .with_value(Some(str_bytes(value)))
    });
    CreatableTopic::default()
        .with_name(str_bytes(name).into())
        .with_num_partitions(partitions)
        .with_replication_factor(factor)
        .with_configs(configs.collect())
}

fn apply(image: &mut MetadataImage, records: &[MetadataRecord]) {
    let mut delta = MetadataDelta::default();
    for record in records {
        let offset = image.offset + 1;
        let replayed = image.replay(record, offset, 1, &mut delta);
        replayed.expect("the controller writes records that make sense");
    }
}
