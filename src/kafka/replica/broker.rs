//! [`Broker`]: what every partition of a broker needs to know of the broker and the cluster.

use crate::kafka::config::{BrokerConfig, Sabotage};
use crate::kafka::metadata::{BrokerImage, MetadataImage};
use crate::kafka::network_client::Hosts;
use crate::kafka::protocol::ErrorCode;
use crate::sim::NodeId;
use std::sync::Arc;
use uuid::Uuid;

/// This broker and the cluster's metadata as of the last [`super::ReplicaManager::apply_metadata`].
#[derive(Clone, Debug)]
pub(super) struct Broker {
    pub(super) me: i32,
    /// The broker epoch, -1 before the registration.
    pub(super) epoch: i64,
    pub(super) config: Arc<BrokerConfig>,
    pub(super) hosts: Arc<Hosts>,
    pub(super) image: MetadataImage,
    pub(super) in_controlled_shutdown: bool,
}

impl Broker {
    pub(super) fn has(&self, sabotage: Sabotage) -> bool {
        self.config.semantics.sabotage.has(sabotage)
    }

    /// The machine on which a registered broker listens.
    pub(super) fn node_of(&self, broker: i32) -> Option<NodeId> {
        let registered = self.image.brokers.get(&broker)?;
        self.hosts.resolve(&registered.endpoints.first()?.host)
    }
}

/// The error for a partition that is not hosted here (`getPartitionOrError`): elsewhere or nowhere.
pub(super) fn not_hosted(image: &MetadataImage, topic_id: Uuid, partition: i32) -> ErrorCode {
    if image.partition(topic_id, partition).is_some() {
        ErrorCode::NOT_LEADER_OR_FOLLOWER
    } else {
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
    }
}

/// A registered broker that is not fenced.
pub(super) fn alive(image: &MetadataImage, broker: i32) -> Option<&BrokerImage> {
    let registered = image.brokers.get(&broker)?;
    (!registered.fenced).then_some(&**registered)
}
