//! Scenarios from Rust: clusters, workloads and faults in the words of the scenario language.
//!
//! A builder writes the file, and [`build`](Draft::build) reads it: names are resolved, configs
//! checked and everything validated by the code that reads scenario files, so that the language
//! and the builder are one. What can be built is a file, too ([`to_toml`](Draft::to_toml)).
//!
//! ```
//! use kafkalab::lab::scenario::builder::*;
//!
//! let lesson = scenario("The leader dies")
//!     .cluster(brokers(3).controllers(3))
//!     .topic(topic("orders").partitions(1).replication(3).config("min.insync.replicas", 2))
//!     .client(producer("p1").config("acks", "all"))
//!     .step(at("1s").send(records("p1", "orders").count(10).every("100ms")))
//!     .step(when("orders-0.hw == 4").id("kill").crash(leader("orders-0")))
//!     .step(after_by("kill", "20s").start("all brokers"))
//!     .expect(always("acked-not-lost"))
//!     .end(ends_at("40s"))
//!     .build()?;
//! assert_eq!(lesson.steps.len(), 3);
//! # Ok::<(), BuildError>(())
//! ```
//!
//! | file | concern |
//! |---|---|
//! | `value` | values, roles, matchers |
//! | `cluster` | nodes and topics |
//! | `workload` | clients and records |
//! | `steps` | triggers, actions, links |
//! | `claims` | expectations and the end |

mod claims;
mod cluster;
mod steps;
mod value;
mod workload;

#[cfg(test)]
mod tests;

pub use claims::{
    Claim, End, always, count, ends_at, ends_when, finally, holds_at, in_order, never, sometimes,
    within,
};
pub use cluster::{Cluster, Node, Topic, brokers, node, topic};
pub use steps::{Link, Step, after, after_by, all_links, at, drawn, link, when};
pub use value::{Table, Value, active_controller, follower, leader, message, note, text};
pub use workload::{Client, Send, consumer, producer, records};

use super::model::Scenario;
use super::problem::Problem;
use super::{parse, render};
use std::fmt::{self, Write};

/// A scenario that is being built.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    head: Table,
    /// Header and content of every other table, in order.
    tables: Vec<(&'static str, Table)>,
}

/// A scenario with this title.
pub fn scenario(title: impl Into<Value>) -> Draft {
    let head = Table::default().with("format", 1).with("kafka", "4.3");
    Draft {
        head: head.with("title", title),
        tables: Vec::new(),
    }
}

impl Draft {
    fn table(mut self, header: &'static str, table: Table) -> Self {
        self.tables.push((header, table));
        self
    }

    /// The seed of all chance, below 2^63; 0 if nothing is said.
    pub fn seed(mut self, seed: u64) -> Self {
        self.head = self.head.with("seed", seed);
        self
    }

    /// The brokers and controllers. Every scenario has them once.
    pub fn cluster(self, cluster: Cluster) -> Self {
        self.table("[cluster]", cluster.table())
    }

    /// A node that differs from the others, or one more.
    pub fn node(self, node: Node) -> Self {
        self.table("[[node]]", node.table())
    }

    /// How every link behaves.
    pub fn network(self, links: Link) -> Self {
        self.table("[network]", links.0)
    }

    /// Links that differ; a later one wins.
    pub fn link(self, link: Link) -> Self {
        self.table("[[link]]", link.0)
    }

    /// Nothing takes a machine time.
    pub fn free_of_cost(mut self) -> Self {
        self.head = self.head.with("cost", "free");
        self
    }

    /// A topic that is there from the start.
    pub fn topic(self, topic: Topic) -> Self {
        self.table("[[topic]]", topic.table())
    }

    /// A producer or consumer.
    pub fn client(self, client: Client) -> Self {
        let header = match client.list {
            "producer" => "[[producer]]",
            _ => "[[consumer]]",
        };
        self.table(header, client.table())
    }

    /// What happens.
    pub fn step(self, step: Step) -> Self {
        self.table("[[step]]", step.0)
    }

    /// What is told, and when: the trigger of a step without an action.
    pub fn tell(self, when: Step, text: impl Into<Value>) -> Self {
        self.table("[[tell]]", when.0.with("text", text))
    }

    /// What must hold.
    pub fn expect(self, claim: Claim) -> Self {
        self.table("[[expect]]", claim.0)
    }

    /// How it ends; without this, 10 s after the last timed step.
    pub fn end(self, end: End) -> Self {
        self.table("[end]", end.0)
    }

    /// The scenario as a file, right or wrong.
    pub fn to_toml(&self) -> String {
        let mut file = self.head.to_string();
        for (header, table) in &self.tables {
            let _ = write!(file, "\n{header}\n{table}");
        }
        file
    }

    /// The scenario.
    ///
    /// # Errors
    /// Every problem that the reader of scenario files finds.
    pub fn build(&self) -> Result<Scenario, BuildError> {
        let source = self.to_toml();
        match parse(&source) {
            Ok(parsed) => Ok(parsed.main),
            Err(problems) => Err(BuildError { problems, source }),
        }
    }
}

/// What is wrong with a draft.
#[derive(Clone, PartialEq, Eq)]
pub struct BuildError {
    /// Every problem, by its place in `source`.
    pub problems: Vec<Problem>,
    /// The draft as a file.
    pub source: String,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&render(&self.problems, &self.source, "draft", false))
    }
}

/// As [`Display`](fmt::Display), for `unwrap` and `?` in tests.
impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for BuildError {}
