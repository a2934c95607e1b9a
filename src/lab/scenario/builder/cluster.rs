//! Machines and topics.

use super::value::{Table, Value};

/// The brokers and controllers of a cluster: `[cluster]`.
#[derive(Clone, Debug)]
pub struct Cluster {
    table: Table,
    semantics: Table,
    config: Table,
}

/// So many brokers, `broker-0` and so on, and three controllers unless more is said.
pub fn brokers(number: u32) -> Cluster {
    Cluster {
        table: Table::default().with("brokers", number),
        semantics: Table::default(),
        config: Table::default(),
    }
}

impl Cluster {
    /// So many controllers of their own, `controller-0` and so on.
    pub fn controllers(mut self, number: u32) -> Self {
        self.table = self.table.with("controllers", number);
        self
    }

    /// The brokers are the controllers.
    pub fn combined(mut self) -> Self {
        self.table = self.table.with("controllers", "combined");
        self
    }

    /// A config of every node, by Kafka's name.
    pub fn config(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.config = self.config.with(name, value);
        self
    }

    /// A version switch, as `eligible-leader-replicas`, or planted bugs under `sabotage`.
    pub fn semantics(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.semantics = self.semantics.with(name, value);
        self
    }

    /// Encodes, decodes and compares every message.
    pub fn wire_roundtrip(mut self) -> Self {
        self.table = self.table.with("wire", "roundtrip");
        self
    }

    pub(super) fn table(self) -> Table {
        let table = self.table.with_table("config", self.config);
        table.with_table("semantics", self.semantics)
    }
}

/// A node that differs from the others, or one more: `[[node]]`.
#[derive(Clone, Debug)]
pub struct Node {
    pub(super) table: Table,
    pub(super) config: Table,
}

/// The node of this name.
pub fn node(name: &str) -> Node {
    Node {
        table: Table::default().with("name", name),
        config: Table::default(),
    }
}

impl Node {
    /// Its Kafka node id.
    pub fn id(mut self, id: i32) -> Self {
        self.table = self.table.with("id", id);
        self
    }

    /// `broker`, `controller` or `combined`.
    pub fn roles(mut self, roles: &str) -> Self {
        self.table = self.table.with("roles", roles);
        self
    }

    /// Its rack.
    pub fn rack(mut self, rack: &str) -> Self {
        self.table = self.table.with("rack", rack);
        self
    }

    /// A config of its own, by Kafka's name.
    pub fn config(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.config = self.config.with(name, value);
        self
    }

    pub(super) fn table(self) -> Table {
        self.table.with_table("config", self.config)
    }
}

/// A topic: `[[topic]]`, and the value of `create-topic`.
#[derive(Clone, Debug)]
pub struct Topic {
    table: Table,
    place: Table,
    config: Table,
}

/// The topic of this name.
pub fn topic(name: &str) -> Topic {
    Topic {
        table: Table::default().with("name", name),
        place: Table::default(),
        config: Table::default(),
    }
}

impl Topic {
    /// How many partitions.
    pub fn partitions(mut self, number: i32) -> Self {
        self.table = self.table.with("partitions", number);
        self
    }

    /// How many replicas of each.
    pub fn replication(mut self, number: i16) -> Self {
        self.table = self.table.with("replication", number);
        self
    }

    /// A config of the topic, by Kafka's name.
    pub fn config(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.config = self.config.with(name, value);
        self
    }

    /// The brokers of a partition, preferred leader first. All partitions are placed, or none.
    pub fn place<const N: usize>(mut self, partition: i32, brokers: [&str; N]) -> Self {
        self.place = self.place.with(&partition.to_string(), brokers);
        self
    }

    pub(super) fn table(self) -> Table {
        let table = self.table.with_table("config", self.config);
        table.with_table("place", self.place)
    }
}
