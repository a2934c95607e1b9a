//! [`MetadataImage`]: what the metadata log says up to an offset. Persistent: a clone is cheap,
//! and a change copies only the path to what changed.

use crate::kafka::config::{TopicConfig, topic_configs};
use crate::kafka::protocol::metadata_record::Endpoint;
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// The resource type of a topic's configs (`ConfigResource.Type.TOPIC`).
pub const TOPIC_RESOURCE: i8 = 2;

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
    #[allow(clippy::type_complexity, reason = "two maps, each shared when cloned")]
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
#[allow(missing_docs, reason = "the fields of Kafka's PartitionRecord")]
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

impl MetadataDelta {
    /// Everything that `image` holds, as if it had just been replayed.
    pub fn whole(image: &MetadataImage) -> Self {
        let partitions = image.topics.values().flat_map(|topic| {
            let numbers = topic.partitions.keys();
            numbers.map(|number| (topic.id, *number))
        });
        MetadataDelta {
            partitions: partitions.collect(),
            removed_topics: Vec::new(),
            brokers: image.brokers.keys().copied().collect(),
            topic_configs: image
                .topics
                .values()
                .map(|topic| topic.name.clone())
                .collect(),
        }
    }
}

impl MetadataImage {
    /// Before the first record.
    pub fn empty() -> Self {
        MetadataImage {
            offset: -1,
            ..Default::default()
        }
    }

    /// A topic by its name.
    pub fn topic(&self, name: &str) -> Option<&Arc<TopicImage>> {
        self.topics.get(self.topic_ids.get(name)?)
    }

    /// A partition by topic id.
    pub fn partition(&self, topic_id: Uuid, partition: i32) -> Option<&Arc<PartitionImage>> {
        self.topics.get(&topic_id)?.partitions.get(&partition)
    }

    /// Every partition with its topic, by topic id and number.
    pub fn all_partitions(
        &self,
    ) -> impl Iterator<Item = (&Arc<TopicImage>, i32, &Arc<PartitionImage>)> {
        self.topics.values().flat_map(|topic| {
            let partitions = topic.partitions.iter();
            partitions.map(move |(number, partition)| (topic, *number, partition))
        })
    }

    /// A registered broker that is not fenced; it may be in controlled shutdown.
    pub fn is_unfenced(&self, broker: i32) -> bool {
        self.brokers.get(&broker).is_some_and(|b| !b.fenced)
    }

    /// A broker that may lead: registered, not fenced and not in controlled shutdown
    /// (`ClusterControlManager.isActive`).
    pub fn is_active(&self, broker: i32) -> bool {
        let broker = self.brokers.get(&broker);
        broker.is_some_and(|b| !b.fenced && !b.in_controlled_shutdown)
    }

    /// The topic's config over the given defaults (broker-level configs first). What a topic's
    /// records say was validated when they were written; a value that can't be read is left out.
    pub fn topic_config(&self, name: &str, defaults: &TopicConfig) -> TopicConfig {
        let mut config = defaults.clone();
        if let Some(entries) = self.configs.get(&(TOPIC_RESOURCE, name.to_string())) {
            topic_configs::apply_valid(&mut config, entries);
        }
        config
    }
}
