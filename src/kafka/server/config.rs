//! What a server process is started with.

use crate::kafka::config::BrokerConfig;
use crate::kafka::network_client::Hosts;
use std::sync::Arc;

/// The port on which brokers listen.
pub const BROKER_PORT: u16 = 9092;
/// The port on which controllers listen.
pub const CONTROLLER_PORT: u16 = 9093;

/// `server.properties` of one node, and the name service of its network.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// `node.id`.
    pub node_id: i32,
    /// `process.roles` contains broker.
    pub is_broker: bool,
    /// `process.roles` contains controller.
    pub is_controller: bool,
    /// The host name under which it is reached.
    pub host: String,
    /// `controller.quorum.voters`: node ids and host names.
    pub voters: Vec<(i32, String)>,
    /// Host names of the network.
    pub hosts: Arc<Hosts>,
    /// Everything else.
    pub broker: BrokerConfig,
}
