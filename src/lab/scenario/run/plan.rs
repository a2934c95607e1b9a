//! From a scenario to machines: [`Plan`] is what a run reads and never changes.

use crate::kafka::client::ClientSpec;
use crate::kafka::config::{ConsumerConfig, ProducerConfig};
use crate::kafka::protocol::TopicPartition;
use crate::kafka::vocabulary::{NewTopic, Tp};
use crate::lab::cluster::{ClientRef as Seat, ClusterSpec, Names, ProcessSpec, ServerSpec, View};
use crate::lab::scenario::model::{
    ClientRef, ConfigEntry, Cost, LinkChange, NodeIdx, Place, Scenario, TopicSpec,
};
use crate::sim::{
    CostModel, InputKind, LinkChange as SimLinkChange, LinkSettings, NodeId, Span, WorldConfig,
};

/// The price of handling one input under the default prices.
const INPUT_COST: Span = Span::from_micros(2);
/// Default prices: nanoseconds, units.
const PRICES: [(u8, u64, u64); 10] = [
    (0, 20_000, 1),    // a request
    (1, 1_000, 1_000), // an appended byte
    (2, 200, 1),
    (3, 300, 1_000), // a byte of a checksum
    (4, 500, 1_000), // a read byte
    (5, 500, 1),
    (6, 2_000, 1),
    (7, 1_000, 1_000),
    (8, 500, 1),
    (9, 500, 1),
];

/// A scenario with its cluster.
#[derive(Clone)]
pub struct Plan {
    /// The scenario.
    pub scenario: Scenario,
    /// Its machines.
    pub cluster: ClusterSpec,
    /// Who is who.
    pub names: Names,
}

impl Plan {
    /// Lays out the machines of a scenario: servers in the order of the file, then one process
    /// for each client, then `admin`.
    pub fn new(scenario: Scenario) -> Self {
        let scenario = super::draws::with_drawn_steps(scenario);
        let cluster = ClusterSpec {
            servers: servers(&scenario),
            processes: processes(&scenario),
            topics: scenario
                .topics
                .iter()
                .map(|topic| new_topic(&scenario, topic))
                .collect(),
            world: world_config(&scenario),
        };
        let names = cluster.names();
        Plan {
            scenario,
            cluster,
            names,
        }
    }

    /// The machine of a node of the file.
    pub fn machine(&self, node: NodeIdx) -> NodeId {
        NodeId(node.0 as u16)
    }

    /// The node of the file that a machine is.
    pub fn node_idx(&self, node: NodeId) -> Option<NodeIdx> {
        (node.index() < self.cluster.servers.len()).then_some(NodeIdx(node.index()))
    }

    /// The node with this Kafka node id.
    pub fn by_kafka_id(&self, id: i32) -> Option<NodeIdx> {
        self.names
            .by_kafka_id(id)
            .and_then(|node| self.node_idx(node))
    }

    /// A client's machine and place.
    pub fn client(&self, client: ClientRef) -> Option<Seat> {
        self.names.client(self.client_name(client))
    }

    /// A client's name.
    pub fn client_name(&self, client: ClientRef) -> &str {
        let scenario = &self.scenario;
        match client {
            ClientRef::Producer(index) => scenario.producers.get(index).map(|p| p.name.as_str()),
            ClientRef::Consumer(index) => scenario.consumers.get(index).map(|c| c.name.as_str()),
            ClientRef::Admin => Some("admin"),
        }
        .unwrap_or("admin")
    }

    /// The machines of a place, as things are now. Empty: nobody is there.
    pub fn resolve(&self, place: &Place, view: View<'_>) -> Vec<NodeId> {
        match place {
            Place::Node(node) => vec![self.machine(*node)],
            Place::Client(client) => self
                .client(*client)
                .map(|seat| seat.node)
                .into_iter()
                .collect(),
            Place::List(places) => places
                .iter()
                .flat_map(|place| self.resolve(place, view))
                .collect(),
            Place::AllBrokers => self.servers_that(|server| server.is_broker, view),
            Place::AllControllers => self.servers_that(|server| server.is_controller, view),
            Place::Leader(tp) => self.leader(tp, view).into_iter().collect(),
            Place::Follower(tp, nth) => self.follower(tp, *nth, view).into_iter().collect(),
            Place::ActiveController => view
                .active_controller()
                .map(|(node, _)| node)
                .into_iter()
                .collect(),
        }
    }

    fn servers_that(&self, wanted: impl Fn(&ServerSpec) -> bool, view: View<'_>) -> Vec<NodeId> {
        let servers = self.cluster.servers.iter().enumerate();
        let machines = servers.filter(|(_, server)| wanted(server));
        let machines = machines.map(|(index, server)| (NodeId(index as u16), server.powered));
        let there = machines.filter(|(node, powered)| *powered || view.world.is_up(*node));
        there.map(|(node, _)| node).collect()
    }

    fn leader(&self, tp: &TopicPartition, view: View<'_>) -> Option<NodeId> {
        let registration = view.registration(self.tp(tp, view)?)?;
        self.names.by_kafka_id(registration.leader)
    }

    fn follower(&self, tp: &TopicPartition, nth: u32, view: View<'_>) -> Option<NodeId> {
        let registration = view.registration(self.tp(tp, view)?)?;
        let leader = registration.leader;
        let mut followers = registration.replicas.iter().filter(|id| **id != leader);
        self.names
            .by_kafka_id(*followers.nth(nth.checked_sub(1)? as usize)?)
    }

    /// A partition of the file as notes name it; none before its topic exists.
    pub fn tp(&self, tp: &TopicPartition, view: View<'_>) -> Option<Tp> {
        view.partition(&tp.topic, tp.partition)
    }
}

/// A topic of the file as the admin client asks for it.
pub(super) fn new_topic(scenario: &Scenario, topic: &TopicSpec) -> NewTopic {
    let id = |node: &NodeIdx| {
        scenario
            .cluster
            .nodes
            .get(node.0)
            .map_or(-1, |node| node.id)
    };
    let placed = !topic.place.is_empty();
    NewTopic {
        name: topic.name.clone(),
        partitions: if placed {
            -1
        } else {
            topic.partitions.unwrap_or(-1)
        },
        replication_factor: if placed {
            -1
        } else {
            topic.replication.unwrap_or(-1)
        },
        assignments: topic
            .place
            .iter()
            .map(|(partition, nodes)| (*partition, nodes.iter().map(id).collect()))
            .collect(),
        configs: pairs(&topic.config),
    }
}

fn pairs(config: &[ConfigEntry]) -> Vec<(String, String)> {
    config
        .iter()
        .map(|entry| (entry.name.clone(), entry.value.clone()))
        .collect()
}

fn servers(scenario: &Scenario) -> Vec<ServerSpec> {
    let nodes = scenario.cluster.nodes.iter().enumerate();
    nodes
        .map(|(index, node)| ServerSpec {
            name: node.name.clone(),
            node_id: node.id,
            is_broker: node.role.is_broker(),
            is_controller: node.role.is_controller(),
            config: scenario.cluster.broker_config(NodeIdx(index)),
            powered: !node.added,
        })
        .collect()
}

fn processes(scenario: &Scenario) -> Vec<ProcessSpec> {
    let producers = scenario.producers.iter().map(|producer| {
        let config = producer.producer_config();
        debug_assert!(config.is_ok(), "configs were checked: {config:?}");
        let config = config.unwrap_or_else(|_| ProducerConfig::defaults(producer.client));
        one_client(
            &producer.name,
            ClientSpec::Producer {
                name: producer.name.clone(),
                config,
            },
        )
    });
    let consumers = scenario.consumers.iter().map(|consumer| {
        let config = consumer.consumer_config();
        debug_assert!(config.is_ok(), "configs were checked: {config:?}");
        let config = config.unwrap_or_else(|_| ConsumerConfig::defaults(consumer.client));
        let assigned = consumer
            .partitions
            .iter()
            .map(|tp| (tp.topic.clone(), tp.partition));
        let spec = ClientSpec::Consumer {
            name: consumer.name.clone(),
            config,
            assigned: assigned.collect(),
            poll_loop: !consumer.polls_by_steps,
            process: consumer.process,
        };
        one_client(&consumer.name, spec)
    });
    let admin = one_client(
        "admin",
        ClientSpec::Admin {
            name: "admin".into(),
        },
    );
    producers.chain(consumers).chain([admin]).collect()
}

fn one_client(name: &str, client: ClientSpec) -> ProcessSpec {
    ProcessSpec {
        name: name.to_owned(),
        clients: vec![client],
    }
}

fn world_config(scenario: &Scenario) -> WorldConfig {
    let mut link = LinkSettings::default();
    apply(&mut link, &scenario.network.defaults);
    WorldConfig {
        wall_start_ms: scenario.start_ms,
        link,
        cost: cost(&scenario.cost),
        round_trip: scenario.cluster.wire_roundtrip,
        ..WorldConfig::default()
    }
}

fn apply(link: &mut LinkSettings, change: &LinkChange) {
    if let Some(latency) = change.latency {
        (link.latency_min, link.latency_max) = (latency.min, latency.max);
    }
    link.loss = change.loss.unwrap_or(link.loss);
    link.duplicate = change.duplicate.unwrap_or(link.duplicate);
    link.reorder = change.reorder.unwrap_or(link.reorder);
    link.bandwidth = change
        .bandwidth
        .map_or(link.bandwidth, |bytes| bytes.max(0) as u64);
}

/// The same change in sim's words.
pub(super) fn sim_change(change: &LinkChange) -> SimLinkChange {
    SimLinkChange {
        latency: change.latency.map(|latency| (latency.min, latency.max)),
        loss: change.loss,
        duplicate: change.duplicate,
        reorder: change.reorder,
        bandwidth: change.bandwidth.map(|bytes| bytes.max(0) as u64),
    }
}

fn cost(cost: &Cost) -> CostModel {
    let mut model = CostModel::free();
    let Cost::Prices(own) = cost else {
        return model;
    };
    for kind in [
        InputKind::Request,
        InputKind::Response,
        InputKind::Timer,
        InputKind::Call,
    ] {
        model.set_base(kind, INPUT_COST);
    }
    PRICES
        .iter()
        .for_each(|(work, nanos, per)| model.set_rate(*work, *nanos, *per));
    own.iter()
        .for_each(|(work, price)| model.set_rate((*work).into(), price.0, 1));
    model
}
