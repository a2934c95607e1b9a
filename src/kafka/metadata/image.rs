//! [`MetadataImage`]: what the metadata log says up to an offset. Persistent: a clone is cheap.

use crate::kafka::config::TopicConfig;
use crate::kafka::protocol::metadata_record::{Endpoint, MetadataRecord};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// The state of the metadata log after the record at `offset`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetadataImage {
    /// The last record's offset, -1 before the first.
    pub offset: i64,
    /// The quorum epoch of the last record.
    pub epoch: i32,
    /// Registered brokers by id.
    pub brokers: Arc<BTreeMap<i32, Arc<BrokerImage>>>,
    /// Registered controllers by id.
    pub controllers: Arc<BTreeMap<i32, Arc<ControllerImage>>>,
    /// Topics by id.
    pub topics: Arc<BTreeMap<Uuid, Arc<TopicImage>>>,
    /// Topic ids by name.
    pub topic_ids: Arc<BTreeMap<String, Uuid>>,
    /// Configs by (resource type, resource name): 2 a topic, 4 a broker.
    pub configs: Arc<BTreeMap<(i8, String), Arc<BTreeMap<String, String>>>>,
    /// Feature levels.
    pub features: Arc<BTreeMap<String, i16>>,
    /// The next producer id to give out.
    pub next_producer_id: i64,
}

/// A registered broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerImage {
    /// Its id.
    pub id: i32,
    /// Its epoch.
    pub epoch: i64,
    /// Its incarnation.
    pub incarnation_id: Uuid,
    /// Where it listens.
    pub endpoints: Vec<Endpoint>,
    /// Its rack.
    pub rack: Option<String>,
    /// Fenced.
    pub fenced: bool,
    /// In controlled shutdown.
    pub in_controlled_shutdown: bool,
    /// Its log directories.
    pub log_dirs: Vec<Uuid>,
}

/// A registered controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControllerImage {
    /// Its id.
    pub id: i32,
    /// Its incarnation.
    pub incarnation_id: Uuid,
    /// Where it listens.
    pub endpoints: Vec<Endpoint>,
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicImage {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: Uuid,
    /// Its partitions by number.
    pub partitions: BTreeMap<i32, Arc<PartitionImage>>,
}

/// A partition (`PartitionRegistration`).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct PartitionImage {
    pub replicas: Vec<i32>,
    pub directories: Vec<Uuid>,
    pub isr: Vec<i32>,
    pub elr: Vec<i32>,
    pub last_known_elr: Vec<i32>,
    pub removing: Vec<i32>,
    pub adding: Vec<i32>,
    /// -1: none.
    pub leader: i32,
    pub leader_epoch: i32,
    pub partition_epoch: i32,
    /// After an unclean election, until the ISR was written by its leader.
    pub recovering: bool,
}

/// What a run of replayed records changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetadataDelta {
    /// Partitions created or changed.
    pub partitions: Vec<(Uuid, i32)>,
    /// Topics removed, with their names and the partitions they had.
    pub removed_topics: Vec<(Uuid, String, Vec<i32>)>,
    /// Brokers registered or changed.
    pub brokers: Vec<i32>,
    /// Topics whose configs changed.
    pub topic_configs: Vec<String>,
}

#[allow(unused_variables)]
impl MetadataImage {
    /// Before the first record.
    pub fn empty() -> Self {
        MetadataImage {
            offset: -1,
            ..Default::default()
        }
    }

    /// Takes in the record at `offset` and adds what it changed to `delta`. A record that makes
    /// no sense (an unknown topic) is an error: the log is not what a controller wrote.
    pub fn replay(
        &mut self,
        record: &MetadataRecord,
        offset: i64,
        epoch: i32,
        delta: &mut MetadataDelta,
    ) -> Result<(), String> {
        todo!()
    }

    /// The whole state as records, for a snapshot.
    pub fn to_records(&self) -> Vec<MetadataRecord> {
        todo!()
    }

    /// A topic by its name.
    pub fn topic(&self, name: &str) -> Option<&Arc<TopicImage>> {
        todo!()
    }

    /// A partition by topic id.
    pub fn partition(&self, topic_id: Uuid, partition: i32) -> Option<&Arc<PartitionImage>> {
        todo!()
    }

    /// A broker that may lead: registered, not fenced.
    pub fn is_active(&self, broker: i32) -> bool {
        todo!()
    }

    /// The topic's config over the given defaults (broker-level configs first).
    pub fn topic_config(&self, name: &str, defaults: &TopicConfig) -> TopicConfig {
        todo!()
    }

    /// A hash over the whole image in canonical order (I32).
    pub fn digest(&self) -> u64 {
        todo!()
    }
}
