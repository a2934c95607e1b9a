//! The machines, the network and who works on them.

use super::Place;
use crate::kafka::config::{
    BrokerConfig, ClientKind, ConfigError, ConsumerConfig, ProducerConfig, Semantics,
};
use crate::kafka::protocol::TopicPartition;
use crate::kafka::vocabulary::Work;
use crate::lab::scenario::pos::Pos;
use crate::lab::scenario::words::SpanRange;
use crate::sim::Span;

/// The machines of the cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Brokers and controllers; those that an `add-broker` step adds come last.
    pub nodes: Vec<NodeSpec>,
    /// Configs of every node.
    pub config: Vec<ConfigEntry>,
    /// Version switches and planted bugs.
    pub semantics: Semantics,
    /// Encode, decode and compare every message.
    pub wire_roundtrip: bool,
    /// Show the boot: the story begins at power-on.
    pub cold_start: bool,
}

/// Brokers and controllers, by place in [`Cluster::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeIdx(pub usize);

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A broker.
    Broker,
    /// A controller.
    Controller,
    /// Both in one process.
    Combined,
}

impl Role {
    /// Whether it hosts replicas.
    pub fn is_broker(self) -> bool {
        self != Role::Controller
    }

    /// Whether it votes in the quorum.
    pub fn is_controller(self) -> bool {
        self != Role::Broker
    }
}

/// A broker or controller.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeSpec {
    /// Its name.
    pub name: String,
    /// Its Kafka node id. Unique among nodes that are not `added`.
    pub id: i32,
    /// What it is.
    pub role: Role,
    /// Its rack.
    pub rack: Option<String>,
    /// Configs that override the cluster's.
    pub config: Vec<ConfigEntry>,
    /// It is not there at the start: an `add-broker` step adds it.
    pub added: bool,
    /// Where it stands.
    pub pos: Pos,
}

/// A config by name. Name and value are valid; some names are read by nothing yet.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigEntry {
    /// Kafka's name.
    pub name: String,
    /// The value as text.
    pub value: String,
    /// Where the value stands.
    pub pos: Pos,
}

impl Cluster {
    /// The config of one node: Kafka's defaults under the cluster's configs under its own.
    pub fn broker_config(&self, node: NodeIdx) -> BrokerConfig {
        let mut config = BrokerConfig {
            semantics: self.semantics,
            ..BrokerConfig::default()
        };
        let spec = self.nodes.get(node.0);
        let own = spec.map_or(&[][..], |spec| &spec.config);
        for entries in [&self.config[..], own] {
            let pairs = entries.iter().map(|e| (e.name.as_str(), e.value.as_str()));
            let applied = config.apply_all(pairs);
            debug_assert!(applied.is_ok(), "configs were checked: {applied:?}");
        }
        if let Some(rack) = spec.and_then(|spec| spec.rack.as_ref()) {
            config.rack = Some(rack.clone());
        }
        config
    }

    /// The node of this name.
    pub fn node(&self, name: &str) -> Option<NodeIdx> {
        let at = self.nodes.iter().position(|node| node.name == name);
        at.map(NodeIdx)
    }
}

/// The network between all machines.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Network {
    /// How every link behaves.
    pub defaults: LinkChange,
    /// Links that differ; a later one wins.
    pub links: Vec<LinkSpec>,
}

/// How a link behaves; none keeps what was.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct LinkChange {
    /// Time on the way, drawn uniformly.
    pub latency: Option<SpanRange>,
    /// Share of messages lost, in parts in a million.
    pub loss: Option<u32>,
    /// Share of messages that arrive twice, in parts in a million.
    pub duplicate: Option<u32>,
    /// Share of messages that later ones overtake, in parts in a million.
    pub reorder: Option<u32>,
    /// Bytes a second.
    pub bandwidth: Option<i64>,
}

/// A change of the links from some machines to others.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkSpec {
    /// Senders.
    pub from: Place,
    /// Receivers.
    pub to: Place,
    /// The way back as well.
    pub both: bool,
    /// What changes.
    pub change: LinkChange,
}

/// Service times.
#[derive(Clone, Debug, PartialEq)]
pub enum Cost {
    /// Nothing takes time.
    Free,
    /// The default prices, with these instead (one unit each).
    Prices(Vec<(Work, Span)>),
}

/// A topic to create.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// Partitions; the broker's `num.partitions` if none.
    pub partitions: Option<i32>,
    /// Replicas; the broker's `default.replication.factor` if none.
    pub replication: Option<i16>,
    /// Its own configs.
    pub config: Vec<ConfigEntry>,
    /// Replicas of partitions that are placed by hand, preferred leader first. Then all are.
    pub place: Vec<(i32, Vec<NodeIdx>)>,
    /// Where it stands.
    pub pos: Pos,
}

/// A producer, alone in its process.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducerSpec {
    /// Its name.
    pub name: String,
    /// Whose client it is.
    pub client: ClientKind,
    /// Its configs, by Kafka's names.
    pub config: Vec<ConfigEntry>,
    /// Where it stands.
    pub pos: Pos,
}

impl ProducerSpec {
    /// The defaults of the client under its own configs; those that nothing reads yet are left
    /// out.
    ///
    /// # Errors
    /// The rule between configs that is broken.
    pub fn producer_config(&self) -> Result<ProducerConfig, ConfigError> {
        let mut config = ProducerConfig::defaults(self.client);
        for entry in &self.config {
            if ProducerConfig::reads(self.client, &entry.name) {
                config.apply(&entry.name, &entry.value)?;
            }
        }
        config.finish().map(|()| config)
    }
}

/// A consumer with partitions of its own, alone in its process.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerSpec {
    /// Its name.
    pub name: String,
    /// Whose client it is.
    pub client: ClientKind,
    /// What it reads from the start.
    pub partitions: Vec<TopicPartition>,
    /// The application's time for a record.
    pub process: Span,
    /// It polls only when a `poll` step says so.
    pub polls_by_steps: bool,
    /// Its configs, by Kafka's names.
    pub config: Vec<ConfigEntry>,
    /// Where it stands.
    pub pos: Pos,
}

impl ConsumerSpec {
    /// The defaults of the client under its own configs; those that nothing reads yet are left
    /// out.
    ///
    /// # Errors
    /// The rule between configs that is broken.
    pub fn consumer_config(&self) -> Result<ConsumerConfig, ConfigError> {
        let mut config = ConsumerConfig::defaults(self.client);
        for entry in &self.config {
            if ConsumerConfig::reads(self.client, &entry.name) {
                config.apply(&entry.name, &entry.value)?;
            }
        }
        config.finish().map(|()| config)
    }
}
