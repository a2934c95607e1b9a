//! What runs on a machine: a server process or a client process.

use crate::kafka::client::{ClientProcess, ClientProcessConfig};
use crate::kafka::server::{KafkaServer, ServerConfig};
use crate::kafka::vocabulary::Kafka;
use crate::sim::{Ctx, Input, StateMachine};
use std::sync::Arc;

/// A process of a Kafka cluster.
#[derive(Clone, Debug)]
pub enum Node {
    /// A broker, a controller, or both.
    Server(Box<KafkaServer>),
    /// Clients with their application.
    Client(Box<ClientProcess>),
    /// A server that could not start: its disk refused.
    Failed,
}

/// What a process is started with.
#[derive(Clone, Debug)]
pub enum NodeConfig {
    /// A broker, a controller, or both.
    Server(Arc<ServerConfig>),
    /// Clients.
    Client(Arc<ClientProcessConfig>),
}

impl Node {
    /// The server, if it is one.
    pub fn server(&self) -> Option<&KafkaServer> {
        match self {
            Node::Server(server) => Some(server),
            _ => None,
        }
    }

    /// The client process, if it is one.
    pub fn client(&self) -> Option<&ClientProcess> {
        match self {
            Node::Client(client) => Some(client),
            _ => None,
        }
    }
}

impl StateMachine for Node {
    type V = Kafka;
    type Config = NodeConfig;

    fn boot(config: &NodeConfig, ctx: &mut Ctx<'_, Kafka>) -> Self {
        match config {
            NodeConfig::Server(config) => match KafkaServer::boot(config, ctx) {
                Ok(server) => Node::Server(Box::new(server)),
                Err(_) => Node::Failed,
            },
            NodeConfig::Client(config) => Node::Client(Box::new(ClientProcess::boot(config, ctx))),
        }
    }

    fn handle(&mut self, input: Input<Kafka>, ctx: &mut Ctx<'_, Kafka>) {
        match self {
            Node::Server(server) => server.handle(input, ctx),
            Node::Client(client) => client.handle(input, ctx),
            Node::Failed => {}
        }
    }

    fn halted(&self) -> bool {
        match self {
            Node::Server(server) => server.halted(),
            Node::Client(_) => false,
            Node::Failed => true,
        }
    }
}
