//! Names at the edges: machines, Kafka node ids, clients.

use crate::kafka::vocabulary::ClientNo;
use crate::sim::NodeId;
use std::collections::BTreeMap;

/// A client: the machine of its process and its place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientRef {
    /// The machine.
    pub node: NodeId,
    /// The client's place in the process.
    pub client: ClientNo,
}

/// Who is who in a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    machines: Vec<String>,
    kafka_ids: Vec<Option<i32>>,
    by_name: BTreeMap<String, NodeId>,
    clients: BTreeMap<String, ClientRef>,
}

impl Names {
    /// Names the next machine; `kafka_id` is its `node.id` if it is a server.
    pub(super) fn push(&mut self, name: &str, kafka_id: Option<i32>) -> NodeId {
        let node = NodeId(self.machines.len() as u16);
        self.machines.push(name.to_owned());
        self.kafka_ids.push(kafka_id);
        self.by_name.insert(name.to_owned(), node);
        node
    }

    /// Names a client of a process.
    pub(super) fn push_client(&mut self, name: &str, client: ClientRef) {
        self.clients.insert(name.to_owned(), client);
    }

    /// A machine's name.
    pub fn machine(&self, node: NodeId) -> &str {
        self.machines.get(node.index()).map_or("?", String::as_str)
    }

    /// A machine's name in little space: `b0` for `broker-0`, `q1` for `controller-1`, unless
    /// another machine is called so; else the whole name.
    pub fn short(&self, node: NodeId) -> String {
        let name = self.machine(node);
        let initials = [("broker-", "b"), ("controller-", "q")];
        let short = initials.iter().find_map(|(long, initial)| {
            let number = name.strip_prefix(long)?;
            let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| format!("{initial}{number}"))
        });
        short
            .filter(|short| !self.by_name.contains_key(short))
            .unwrap_or_else(|| name.to_owned())
    }

    /// The machine with this name.
    pub fn find(&self, name: &str) -> Option<NodeId> {
        self.by_name.get(name).copied()
    }

    /// A machine's `node.id`, if it is a server.
    pub fn kafka_id(&self, node: NodeId) -> Option<i32> {
        self.kafka_ids.get(node.index()).copied().flatten()
    }

    /// Every machine.
    pub fn machines(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.machines.len()).map(|index| NodeId(index as u16))
    }

    /// The first machine with this `node.id`.
    pub fn by_kafka_id(&self, id: i32) -> Option<NodeId> {
        let index = self.kafka_ids.iter().position(|known| *known == Some(id))?;
        Some(NodeId(index as u16))
    }

    /// The name of the server with this `node.id`; `none` for -1.
    pub fn server(&self, id: i32) -> String {
        match self.by_kafka_id(id) {
            Some(node) => self.machine(node).to_owned(),
            None if id < 0 => "none".to_owned(),
            None => format!("node-{id}"),
        }
    }

    /// All servers: machine and `node.id`, in order of the machines.
    pub fn servers(&self) -> impl Iterator<Item = (NodeId, i32)> + '_ {
        let known = self.kafka_ids.iter().enumerate();
        known.filter_map(|(index, id)| Some((NodeId(index as u16), (*id)?)))
    }

    /// The client with this name.
    pub fn client(&self, name: &str) -> Option<ClientRef> {
        self.clients.get(name).copied()
    }

    /// All clients by name.
    pub fn clients(&self) -> impl Iterator<Item = (&str, ClientRef)> {
        self.clients
            .iter()
            .map(|(name, client)| (name.as_str(), *client))
    }

    /// The name of a client.
    pub fn client_name(&self, client: ClientRef) -> Option<&str> {
        self.clients()
            .find(|(_, known)| *known == client)
            .map(|(name, _)| name)
    }
}
