//! The records of `__cluster_metadata`, typed. Their bytes are in Kafka's own schemas
//! (`metadata/src/main/resources/common/metadata/*.json`).

mod batches;
mod codec;
#[cfg(test)]
mod tests;
mod wire;

pub use batches::{
    CONTROL_ABORT, CONTROL_COMMIT, CONTROL_LEADER_CHANGE, CONTROL_SNAPSHOT_FOOTER,
    CONTROL_SNAPSHOT_HEADER, DEFAULT_FEATURES, LogEntry, bootstrap_checkpoint, control_type,
    leader_change_batch, metadata_batch, snapshot_bytes, snapshot_footer_batch,
    snapshot_header_batch,
};

use uuid::Uuid;

/// One record of the metadata log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataRecord {
    /// A broker registered (or registered again).
    RegisterBroker(RegisterBroker),
    /// A broker was unregistered.
    UnregisterBroker {
        /// The broker.
        broker_id: i32,
        /// Its epoch.
        broker_epoch: i64,
    },
    /// A topic was created.
    Topic {
        /// Its name.
        name: String,
        /// Its id.
        topic_id: Uuid,
    },
    /// A partition was created, or written whole into a snapshot.
    Partition(PartitionRecord),
    /// A partition changed.
    PartitionChange(PartitionChange),
    /// A topic was deleted.
    RemoveTopic {
        /// Its id.
        topic_id: Uuid,
    },
    /// A config was set (`value`) or removed (none).
    Config {
        /// 2 a topic, 4 a broker.
        resource_type: i8,
        /// The topic's name or the broker's id; empty for all brokers.
        resource_name: String,
        /// The config's name.
        name: String,
        /// Its new value.
        value: Option<String>,
    },
    /// A feature has this level from here on.
    FeatureLevel {
        /// The feature.
        name: String,
        /// Its level.
        level: i16,
    },
    /// A broker was given a block of producer ids.
    ProducerIds {
        /// The broker.
        broker_id: i32,
        /// Its epoch.
        broker_epoch: i64,
        /// The first id of the next block.
        next_producer_id: i64,
    },
    /// A broker was fenced, unfenced, or put into controlled shutdown.
    BrokerRegistrationChange(BrokerRegistrationChange),
    /// A controller registered.
    RegisterController(RegisterController),
    /// Nothing; measures liveness.
    NoOp,
}

/// Where a node listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The listener's name, `PLAINTEXT` or `CONTROLLER`.
    pub name: String,
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// 0 is PLAINTEXT.
    pub security_protocol: i16,
}

/// A range of levels of a feature that a node supports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupportedFeature {
    /// The feature.
    pub name: String,
    /// The lowest level.
    pub min: i16,
    /// The highest level.
    pub max: i16,
}

/// `RegisterBrokerRecord`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterBroker {
    /// The broker.
    pub broker_id: i32,
    /// A new one at each start of the broker.
    pub incarnation_id: Uuid,
    /// The broker's epoch: the offset of this record.
    pub broker_epoch: i64,
    /// Where it listens.
    pub endpoints: Vec<Endpoint>,
    /// What it supports.
    pub features: Vec<SupportedFeature>,
    /// Its rack.
    pub rack: Option<String>,
    /// Fenced until it has caught up.
    pub fenced: bool,
    /// In controlled shutdown.
    pub in_controlled_shutdown: bool,
    /// The ids of its log directories.
    pub log_dirs: Vec<Uuid>,
}

/// `PartitionRecord`. A `leader` of -1 is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionRecord {
    /// The partition's number.
    pub partition_id: i32,
    /// The topic.
    pub topic_id: Uuid,
    /// Replicas, the preferred leader first.
    pub replicas: Vec<i32>,
    /// Replicas in sync.
    pub isr: Vec<i32>,
    /// Replicas being removed by a reassignment.
    pub removing_replicas: Vec<i32>,
    /// Replicas being added by a reassignment.
    pub adding_replicas: Vec<i32>,
    /// The leader.
    pub leader: i32,
    /// 0 recovered, 1 recovering from an unclean election.
    pub leader_recovery_state: i8,
    /// The leader epoch.
    pub leader_epoch: i32,
    /// The partition epoch.
    pub partition_epoch: i32,
    /// The log directory of each replica.
    pub directories: Vec<Uuid>,
    /// Eligible leader replicas (KIP-966).
    pub eligible_leader_replicas: Vec<i32>,
    /// The last known eligible leader replicas.
    pub last_known_elr: Vec<i32>,
}

/// `PartitionChangeRecord`: only what changes is present.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PartitionChange {
    /// The partition's number.
    pub partition_id: i32,
    /// The topic.
    pub topic_id: Uuid,
    /// The new ISR.
    pub isr: Option<Vec<i32>>,
    /// The new leader (-1 none); its presence bumps the leader epoch.
    pub leader: Option<i32>,
    /// New replicas.
    pub replicas: Option<Vec<i32>>,
    /// New removing replicas.
    pub removing_replicas: Option<Vec<i32>>,
    /// New adding replicas.
    pub adding_replicas: Option<Vec<i32>>,
    /// 0 recovered, 1 recovering.
    pub leader_recovery_state: Option<i8>,
    /// New directories.
    pub directories: Option<Vec<Uuid>>,
    /// New eligible leader replicas.
    pub eligible_leader_replicas: Option<Vec<i32>>,
    /// New last known ones.
    pub last_known_elr: Option<Vec<i32>>,
}

/// `BrokerRegistrationChangeRecord`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerRegistrationChange {
    /// The broker.
    pub broker_id: i32,
    /// Its epoch.
    pub broker_epoch: i64,
    /// Newly fenced (true) or unfenced (false).
    pub fenced: Option<bool>,
    /// Newly in controlled shutdown.
    pub in_controlled_shutdown: Option<bool>,
    /// New log directories.
    pub log_dirs: Vec<Uuid>,
}

/// `RegisterControllerRecord`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterController {
    /// The controller.
    pub controller_id: i32,
    /// A new one at each start.
    pub incarnation_id: Uuid,
    /// Where it listens.
    pub endpoints: Vec<Endpoint>,
    /// What it supports.
    pub features: Vec<SupportedFeature>,
}
