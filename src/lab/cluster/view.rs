//! [`View`]: the truth of a cluster at one moment, and each replica's belief.

use super::{KafkaWorld, Names, Node};
use crate::kafka::client::ClientProcess;
use crate::kafka::metadata::{MetadataImage, PartitionImage};
use crate::kafka::replica::Partition;
use crate::kafka::server::{BrokerServer, KafkaServer};
use crate::kafka::storage::LogOffsets;
use crate::kafka::vocabulary::{TopicTag, Tp};
use crate::sim::NodeId;
use std::sync::Arc;
use uuid::Uuid;

/// Looks at a World with its names. Costs nothing to make.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The World.
    pub world: &'a KafkaWorld,
    /// Who is who.
    pub names: &'a Names,
}

/// What a replica believes to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It leads.
    Leader,
    /// It follows.
    Follower,
    /// It knows of no leader.
    Offline,
}

/// One replica as its broker sees it.
#[derive(Clone, Copy)]
pub struct ReplicaView<'a> {
    /// The machine.
    pub node: NodeId,
    /// The broker's `node.id`.
    pub broker: i32,
    /// The partition as the broker holds it.
    pub partition: &'a Partition,
}

impl ReplicaView<'_> {
    /// Its four offsets.
    pub fn offsets(&self) -> LogOffsets {
        self.partition.log().offsets()
    }
}

impl<'a> View<'a> {
    /// A view of `world`.
    pub fn new(world: &'a KafkaWorld, names: &'a Names) -> Self {
        View { world, names }
    }

    /// The server process on a machine, if it is up.
    pub fn server(&self, node: NodeId) -> Option<&'a KafkaServer> {
        self.world.node(node).and_then(Node::server)
    }

    /// The broker on a machine, if it is up.
    pub fn broker(&self, node: NodeId) -> Option<&'a BrokerServer> {
        self.server(node).and_then(KafkaServer::broker)
    }

    /// The client process on a machine, if it is up.
    pub fn client(&self, node: NodeId) -> Option<&'a ClientProcess> {
        self.world.node(node).and_then(Node::client)
    }

    /// Every server that is up.
    pub fn servers(&self) -> impl Iterator<Item = (NodeId, &'a KafkaServer)> + use<'a> {
        let view = *self;
        self.world
            .nodes()
            .filter_map(move |node| Some((node, view.server(node)?)))
    }

    /// The active controller: the one with the highest quorum epoch that says it is.
    pub fn active_controller(&self) -> Option<(NodeId, &'a KafkaServer)> {
        let active = self.servers().filter(|(_, server)| {
            server
                .controller()
                .is_some_and(|controller| controller.active_image().is_some())
        });
        active.max_by_key(|(_, server)| server.raft().leader().1)
    }

    /// The truth about metadata: the most advanced committed image that any server has.
    pub fn truth(&self) -> Option<&'a MetadataImage> {
        let images = self.servers().filter_map(|(_, server)| {
            let controller = server
                .controller()
                .map(|controller| controller.committed_image());
            let broker = server.broker().map(BrokerServer::image);
            [controller, broker]
                .into_iter()
                .flatten()
                .max_by_key(|image| image.offset)
        });
        images.max_by_key(|image| image.offset)
    }

    /// The full id of a topic by its tag.
    pub fn topic_id(&self, tag: TopicTag) -> Option<Uuid> {
        let image = self.truth()?;
        image
            .topics
            .keys()
            .copied()
            .find(|id| TopicTag::from(*id) == tag)
    }

    /// The name of a topic by its tag.
    pub fn topic_name(&self, tag: TopicTag) -> Option<&'a str> {
        let image = self.truth()?;
        let topic = image
            .topics
            .values()
            .find(|topic| TopicTag::from(topic.id) == tag)?;
        Some(topic.name.as_str())
    }

    /// A partition by its topic's name.
    pub fn partition(&self, topic: &str, partition: i32) -> Option<Tp> {
        let topic = self.truth()?.topic(topic)?;
        topic
            .partitions
            .contains_key(&partition)
            .then(|| Tp::new(topic.id, partition))
    }

    /// The controller's record of a partition.
    pub fn registration(&self, tp: Tp) -> Option<&'a Arc<PartitionImage>> {
        let image = self.truth()?;
        image.partition(self.topic_id(tp.topic)?, tp.partition)
    }

    /// A machine's replica of a partition, if its broker is up and hosts it.
    pub fn replica(&self, node: NodeId, tp: Tp) -> Option<ReplicaView<'a>> {
        let broker = self.names.kafka_id(node)?;
        let partition = self.broker(node)?.replicas().tagged(tp)?;
        Some(ReplicaView {
            node,
            broker,
            partition,
        })
    }

    /// Every replica of a partition on a broker that is up.
    pub fn replicas(&self, tp: Tp) -> impl Iterator<Item = ReplicaView<'a>> + use<'a> {
        let view = *self;
        self.world
            .nodes()
            .filter_map(move |node| view.replica(node, tp))
    }

    /// The replica that leads by the controller's record, if its broker is up.
    pub fn leader(&self, tp: Tp) -> Option<ReplicaView<'a>> {
        let leader = self.registration(tp)?.leader;
        self.replica_of(leader, tp)
    }

    /// The replica on the broker with this `node.id`, if it is up.
    pub fn replica_of(&self, broker: i32, tp: Tp) -> Option<ReplicaView<'a>> {
        self.replicas(tp).find(|replica| replica.broker == broker)
    }
}
