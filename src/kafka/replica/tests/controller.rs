//! The controller's side of a [`Cluster`]: metadata, and answers to ISR proposals.

use super::cluster::{Cluster, NAME, TOPIC};
use crate::kafka::metadata::{BrokerImage, MetadataDelta, PartitionImage, TopicImage};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::messages::alter_partition_response::{
    PartitionData as AlteredPartition, TopicData as AlteredTopic,
};
use crate::kafka::protocol::messages::{AlterPartitionRequest, AlterPartitionResponse, BrokerId};
use crate::kafka::protocol::metadata_record::Endpoint;
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

impl Cluster {
    pub(super) fn edit_broker(&mut self, id: i32, edit: impl FnOnce(&mut BrokerImage)) {
        let brokers = Arc::make_mut(&mut self.image.brokers);
        edit(Arc::make_mut(brokers.get_mut(&id).expect("a broker")));
    }

    pub(super) fn broker_epoch(&self, id: i32) -> i64 {
        self.image.brokers[&id].epoch
    }

    pub(super) fn create_topic(&mut self, replicas: &[i32]) {
        let state = PartitionImage {
            replicas: replicas.to_vec(),
            isr: replicas.to_vec(),
            leader: replicas[0],
            ..Default::default()
        };
        self.add_topic(TOPIC, NAME, state);
        self.publish();
    }

    pub(super) fn add_topic(&mut self, id: Uuid, name: &str, state: PartitionImage) {
        let topic = TopicImage {
            name: name.to_owned(),
            id,
            partitions: BTreeMap::from([(0, Arc::new(state))]),
        };
        Arc::make_mut(&mut self.image.topics).insert(id, Arc::new(topic));
        Arc::make_mut(&mut self.image.topic_ids).insert(name.to_owned(), id);
    }

    /// Changes the partition in the image, one partition epoch on; not published yet.
    pub(super) fn edit(&mut self, edit: impl FnOnce(&mut PartitionImage)) {
        let topics = Arc::make_mut(&mut self.image.topics);
        let topic = Arc::make_mut(topics.get_mut(&TOPIC).expect("the topic"));
        let state = Arc::make_mut(topic.partitions.get_mut(&0).expect("the partition"));
        state.partition_epoch += 1;
        edit(state);
    }

    /// Another leader in a new leader epoch, not published yet.
    pub(super) fn elect(&mut self, leader: i32, isr: &[i32]) {
        self.edit(|state| {
            state.leader = leader;
            state.leader_epoch += 1;
            state.isr = isr.to_vec();
        });
    }

    pub(super) fn state(&self) -> &PartitionImage {
        self.image.partition(TOPIC, 0).expect("the partition")
    }

    /// Everybody who is not silent hears of the image.
    pub(super) fn publish(&mut self) {
        let delta = one_partition();
        for id in self.nodes.keys().copied().collect::<Vec<_>>() {
            if !self.silent.contains(&id) {
                self.publish_to(id, &delta);
            }
        }
    }

    pub(super) fn publish_to(&mut self, id: i32, delta: &MetadataDelta) {
        let image = self.image.clone();
        self.with(id, |manager, ctx| {
            manager.apply_metadata(&image, delta, ctx).expect("apply");
        });
    }

    /// The proposal of a broker to the controller, if it has one.
    pub(super) fn proposal(&mut self, of: i32) -> Option<AlterPartitionRequest> {
        let epoch = self.broker_epoch(of);
        self.with(of, |manager, _| manager.take_alter_partition(epoch))
    }

    /// Accepts a proposal as the controller would: into the image, and an answer; published later.
    pub(super) fn accept(&mut self, of: i32, request: &AlterPartitionRequest) {
        let asked = &request.topics[0].partitions[0];
        assert_eq!(asked.partition_epoch, self.state().partition_epoch);
        let isr: Vec<i32> = asked
            .new_isr_with_epochs
            .iter()
            .map(|it| it.broker_id.0)
            .collect();
        self.edit(|state| state.isr.clone_from(&isr));
        let state = self.state().clone();
        let mut data = AlteredPartition::default();
        data.leader_id = BrokerId(state.leader);
        data.leader_epoch = state.leader_epoch;
        data.isr = isr.into_iter().map(BrokerId).collect();
        data.partition_epoch = state.partition_epoch;
        self.answer_proposal(of, data);
    }

    pub(super) fn refuse(&mut self, of: i32, error: ErrorCode) {
        let mut data = AlteredPartition::default();
        data.error_code = error.0;
        self.answer_proposal(of, data);
    }

    fn answer_proposal(&mut self, of: i32, data: AlteredPartition) {
        let mut topic = AlteredTopic::default();
        topic.topic_id = TOPIC;
        topic.partitions.push(data);
        let mut response = AlterPartitionResponse::default();
        response.topics.push(topic);
        self.with(of, |manager, ctx| {
            manager.handle_alter_partition_response(Ok(response), ctx);
        });
    }

    /// Sets `min.insync.replicas` of the topic and tells everybody.
    pub(super) fn image_min_isr(&mut self, n: i32) {
        let config = BTreeMap::from([("min.insync.replicas".to_owned(), n.to_string())]);
        let configs = Arc::make_mut(&mut self.image.configs);
        configs.insert((2, NAME.to_owned()), Arc::new(config));
        self.publish_config();
    }

    pub(super) fn publish_config(&mut self) {
        let delta = MetadataDelta {
            topic_configs: vec![NAME.to_owned()],
            ..Default::default()
        };
        for id in self.nodes.keys().copied().collect::<Vec<_>>() {
            self.publish_to(id, &delta);
        }
    }
}

pub(super) fn broker(id: i32) -> Arc<BrokerImage> {
    Arc::new(BrokerImage {
        id,
        epoch: 100 + i64::from(id),
        incarnation_id: Uuid::from_u128(id as u128),
        endpoints: vec![Endpoint {
            name: "PLAINTEXT".into(),
            host: format!("b{id}"),
            port: 9092,
            security_protocol: 0,
        }],
        rack: None,
        fenced: false,
        in_controlled_shutdown: false,
        log_dirs: Vec::new(),
    })
}

pub(super) fn one_partition() -> MetadataDelta {
    MetadataDelta {
        partitions: vec![(TOPIC, 0)],
        ..Default::default()
    }
}
