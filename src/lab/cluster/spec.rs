//! [`ClusterSpec`]: the machines of a cluster before power-on.

use super::{ClientRef, KafkaWorld, Names, NodeConfig};
use crate::kafka::client::{ClientProcessConfig, ClientSpec};
use crate::kafka::config::BrokerConfig;
use crate::kafka::network_client::Hosts;
use crate::kafka::protocol::metadata_record::DEFAULT_FEATURES;
use crate::kafka::server::{ServerConfig, format_disk};
use crate::kafka::vocabulary::{ClientNo, NewTopic};
use crate::sim::{Disk, NodeId, TraceHash, World, WorldConfig};
use std::sync::Arc;
use uuid::Uuid;

/// The id of every simulated cluster: 16 bytes in Kafka's base64.
pub const CLUSTER_ID: &str = "a2Fma2FsYWItY2x1c3Rlcg";

/// A server's machine.
#[derive(Clone, Debug)]
pub struct ServerSpec {
    /// The machine's name and host name.
    pub name: String,
    /// `node.id`, 0–127. Two machines may have the same: the second one is refused.
    pub node_id: i32,
    /// A broker.
    pub is_broker: bool,
    /// A voter of the quorum.
    pub is_controller: bool,
    /// Its `server.properties`.
    pub config: BrokerConfig,
    /// Powered on with the others; else it waits for a start.
    pub powered: bool,
}

/// A machine with clients.
#[derive(Clone, Debug)]
pub struct ProcessSpec {
    /// The machine's name.
    pub name: String,
    /// Its clients.
    pub clients: Vec<ClientSpec>,
}

/// A cluster, its clients and its topics.
#[derive(Clone)]
pub struct ClusterSpec {
    /// Servers in order of their machines.
    pub servers: Vec<ServerSpec>,
    /// Client processes after them.
    pub processes: Vec<ProcessSpec>,
    /// Topics that the prelude creates, through the client named `admin`.
    pub topics: Vec<NewTopic>,
    /// Network, disks, costs.
    pub world: WorldConfig,
}

impl ClusterSpec {
    /// `brokers` brokers and `controllers` controllers of their own (0: combined nodes), with
    /// Kafka's defaults and no clients but `admin`.
    pub fn new(brokers: usize, controllers: usize) -> Self {
        let server = |name: String, node_id, is_broker, is_controller| ServerSpec {
            name,
            node_id,
            is_broker,
            is_controller,
            config: BrokerConfig::default(),
            powered: true,
        };
        let voters = (0..controllers)
            .map(|i| server(format!("controller-{i}"), 100 + i as i32, false, true));
        let combined = controllers == 0;
        let nodes = (0..brokers).map(|i| server(format!("broker-{i}"), i as i32, true, combined));
        let admin = ClientSpec::Admin {
            name: "admin".into(),
        };
        ClusterSpec {
            servers: nodes.chain(voters).collect(),
            processes: vec![ProcessSpec {
                name: "admin".into(),
                clients: vec![admin],
            }],
            topics: Vec::new(),
            world: WorldConfig::default(),
        }
    }

    /// Puts the machines into a World and powers them on, all but consumers: their first request
    /// for metadata would create the topics that the prelude is to create.
    pub fn build(&self) -> (KafkaWorld, Names) {
        let names = self.names();
        let mut hosts = Hosts::default();
        for server in &self.servers {
            if let Some(node) = names.find(&server.name) {
                hosts.insert(server.name.clone(), node);
            }
        }
        let hosts = Arc::new(hosts);
        let mut world = World::new(self.world.clone());
        for (index, server) in self.servers.iter().enumerate() {
            let config = NodeConfig::Server(Arc::new(self.server_config(server, &hosts)));
            let disk = formatted_disk(server.node_id, index, self.world.wall_start_ms);
            add(&mut world, config, disk, server.powered);
        }
        for process in &self.processes {
            let config = NodeConfig::Client(Arc::new(ClientProcessConfig {
                bootstrap: self.brokers().map(|broker| broker.name.clone()).collect(),
                hosts: hosts.clone(),
                clients: process.clients.clone(),
            }));
            let consumes = process
                .clients
                .iter()
                .any(|c| matches!(c, ClientSpec::Consumer { .. }));
            add(&mut world, config, Disk::new(), !consumes);
        }
        (world, names)
    }

    /// Who is who once [`ClusterSpec::build`] has run.
    pub fn names(&self) -> Names {
        let mut names = Names::default();
        for server in &self.servers {
            names.push(&server.name, Some(server.node_id));
        }
        for process in &self.processes {
            let node = names.push(&process.name, None);
            for (index, client) in process.clients.iter().enumerate() {
                names.push_client(
                    client.name(),
                    ClientRef {
                        node,
                        client: ClientNo(index as u16),
                    },
                );
            }
        }
        names
    }

    fn brokers(&self) -> impl Iterator<Item = &ServerSpec> {
        self.servers
            .iter()
            .filter(|server| server.is_broker && server.powered)
    }

    fn server_config(&self, server: &ServerSpec, hosts: &Arc<Hosts>) -> ServerConfig {
        let voters = self.servers.iter().filter(|server| server.is_controller);
        ServerConfig {
            node_id: server.node_id,
            is_broker: server.is_broker,
            is_controller: server.is_controller,
            host: server.name.clone(),
            voters: voters
                .map(|voter| (voter.node_id, voter.name.clone()))
                .collect(),
            hosts: hosts.clone(),
            broker: server.config.clone(),
        }
    }
}

fn add(world: &mut KafkaWorld, config: NodeConfig, disk: Disk, powered: bool) -> NodeId {
    match powered {
        true => world.add_node(config, disk),
        false => world.add_node_off(config, disk),
    }
}

/// A freshly formatted disk, as `kafka-storage format` leaves it. The directory id is a fixed
/// function of the machine's place: formatting is not part of the simulated history.
fn formatted_disk(node_id: i32, machine: usize, now_ms: i64) -> Disk {
    let word = |salt: u64| {
        let mut hash = TraceHash::new();
        hash.word(salt);
        hash.word(machine as u64);
        hash.0
    };
    let directory_id = Uuid::from_u64_pair(word(1), word(2));
    let disk = format_disk(CLUSTER_ID, node_id, directory_id, &DEFAULT_FEATURES, now_ms);
    disk.expect("a new disk has no limit")
}
