//! Clients and what they send.

use super::value::{Table, Value};

/// A producer or a consumer: `[[producer]]`, `[[consumer]]`.
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) list: &'static str,
    table: Table,
    config: Table,
}

fn client(list: &'static str, name: &str) -> Client {
    Client {
        list,
        table: Table::default().with("name", name),
        config: Table::default(),
    }
}

/// A producer with Kafka's defaults.
pub fn producer(name: &str) -> Client {
    client("producer", name)
}

/// A consumer of these partitions, as `orders-0`, with Kafka's defaults.
pub fn consumer(name: &str, partitions: impl Into<Value>) -> Client {
    let client = client("consumer", name);
    Client {
        table: client.table.with("partitions", partitions),
        ..client
    }
}

impl Client {
    /// Whose client it is: `java`, `librdkafka` or `sarama`.
    pub fn client(mut self, family: &str) -> Self {
        self.table = self.table.with("client", family);
        self
    }

    /// A config, by the name that its family of clients has for it.
    pub fn config(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.config = self.config.with(name, value);
        self
    }

    /// The time that a consumer's application takes for a record.
    pub fn process(mut self, time: impl Into<Value>) -> Self {
        self.table = self.table.with("process", time);
        self
    }

    /// The consumer polls only when a `poll` step says so.
    pub fn polls_by_steps(mut self) -> Self {
        self.table = self.table.with("poll", "by-steps");
        self
    }

    pub(super) fn table(self) -> Table {
        self.table.with_table("config", self.config)
    }
}

/// Records to send: the value of a `send` step.
#[derive(Clone, Debug)]
pub struct Send(Table);

/// One record `{n}`, unless more is said.
pub fn records(from: &str, topic: &str) -> Send {
    let table = Table::default().with("from", from);
    Send(table.with("topic", topic))
}

impl Send {
    fn with(self, key: &str, value: impl Into<Value>) -> Self {
        Send(self.0.with(key, value))
    }

    /// To this partition; else the partitioner chooses.
    pub fn partition(self, number: i32) -> Self {
        self.with("partition", number)
    }

    /// With this key; `{n}` is the record's number from 0.
    pub fn key(self, key: &str) -> Self {
        self.with("key", key)
    }

    /// With this value; `{n}` is the record's number from 0.
    pub fn value(self, value: &str) -> Self {
        self.with("value", value)
    }

    /// Without a value.
    pub fn tombstone(self) -> Self {
        self.with("tombstone", true)
    }

    /// So many.
    pub fn count(self, number: u32) -> Self {
        self.with("count", number)
    }

    /// The time between two.
    pub fn every(self, time: impl Into<Value>) -> Self {
        self.with("every", time)
    }
}

impl From<Send> for Value {
    fn from(send: Send) -> Self {
        send.0.into()
    }
}
