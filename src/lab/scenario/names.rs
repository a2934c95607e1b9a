//! The names of a file, and what they stand for.

use super::codes::Code;
use super::cx::{Cx, shorten};
use super::model::{ClientRef, NodeIdx, Role, StepIdx};
use super::pos::Pos;
use super::problem::Problem;
use super::tree::Node;
use super::words::split_partition;
use crate::kafka::protocol::TopicPartition;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(super) struct Names {
    /// By place in `Cluster::nodes`.
    pub(super) nodes: Vec<NodeName>,
    /// Where the number of brokers stands.
    pub(super) brokers_at: Option<Pos>,
    /// Every topic that is declared or created by a step, with its partitions.
    pub(super) topics: BTreeMap<String, i32>,
    /// By place in `Scenario::producers`.
    pub(super) producers: Vec<String>,
    /// By place in `Scenario::consumers`.
    pub(super) consumers: Vec<String>,
    /// Ids of steps, with the place in `Scenario::steps`.
    pub(super) steps: BTreeMap<String, usize>,
    /// The names of all branches, `main` included.
    pub(super) branches: Vec<String>,
}

#[derive(Debug)]
pub(super) struct NodeName {
    pub(super) name: String,
    pub(super) id: i32,
    pub(super) role: Role,
    /// It comes with an `add-broker` step that was not read yet.
    pub(super) unclaimed: bool,
}

impl Names {
    /// The node of this name, or of this short name: b0 for broker-0, q0 for controller-0.
    pub(super) fn node(&self, name: &str) -> Option<NodeIdx> {
        let by = |name: &str| self.nodes.iter().position(|node| node.name == name);
        by(name).or_else(|| by(&long_name(name)?)).map(NodeIdx)
    }

    pub(super) fn node_of_id(&self, id: i64) -> Option<NodeIdx> {
        let at = (self.nodes.iter()).position(|node| i64::from(node.id) == id);
        at.map(NodeIdx)
    }

    pub(super) fn client(&self, name: &str) -> Option<ClientRef> {
        let at = |list: &[String]| list.iter().position(|item| item == name);
        let producer = at(&self.producers).map(ClientRef::Producer);
        let consumer = || at(&self.consumers).map(ClientRef::Consumer);
        let admin = || (name == "admin").then_some(ClientRef::Admin);
        producer.or_else(consumer).or_else(admin)
    }

    fn partition(&self, name: &str) -> Option<TopicPartition> {
        let (topic, partition) = split_partition(name)?;
        let partitions = *self.topics.get(topic)?;
        (partition < partitions).then(|| TopicPartition::new(topic, partition))
    }
}

fn long_name(short: &str) -> Option<String> {
    let digits = |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
    let (kind, rest) = (short.get(..1)?, short.get(1..)?);
    match kind {
        "b" if digits(rest) => Some(format!("broker-{rest}")),
        "q" if digits(rest) => Some(format!("controller-{rest}")),
        _ => None,
    }
}

impl Cx<'_> {
    pub(super) fn node_named(&mut self, name: &str, pos: Pos) -> Option<NodeIdx> {
        let found = self.names.node(name);
        if found.is_none() {
            self.unknown_node(name, pos);
        }
        found
    }

    fn unknown_node(&mut self, name: &str, pos: Pos) {
        if self.problems.is_full() {
            return;
        }
        let controller = name.starts_with("controller") || name.starts_with('q');
        let what = if controller { "controller" } else { "broker" };
        let fits = |role: Role| match controller {
            true => role.is_controller(),
            false => role.is_broker(),
        };
        let message = format!("no {what} \"{}\" in this cluster", shorten(name));
        let nodes = self.names.nodes.iter();
        let of_kind = nodes
            .filter(|node| fits(node.role))
            .map(|n| n.name.as_str());
        let plural = if controller { "controllers" } else { "brokers" };
        let problem = Problem::new(Code::UnknownNode, pos, message);
        let mut problem = problem.among(name, plural, of_kind);
        if let (false, Some(at)) = (controller, self.names.brokers_at) {
            let line = self.line(at);
            problem.label += &format!("  (cluster.brokers, line {line})");
        }
        self.push(problem);
    }

    pub(super) fn node_ref(&mut self, node: &Node) -> Option<NodeIdx> {
        let name = self.text(node)?;
        self.node_named(name, node.pos)
    }

    pub(super) fn broker_ref(&mut self, node: &Node) -> Option<NodeIdx> {
        let found = self.node_ref(node)?;
        if self.names.nodes[found.0].role.is_broker() {
            return Some(found);
        }
        let message = "a controller cannot hold replicas";
        self.problem(Code::UnknownNode, node.pos, message);
        None
    }

    pub(super) fn partition_named(&mut self, name: &str, pos: Pos) -> Option<TopicPartition> {
        let found = self.names.partition(name);
        if found.is_none() && !self.problems.is_full() {
            let problem = self.unknown_partition(name, pos);
            self.push(problem);
        }
        found
    }

    fn unknown_partition(&self, name: &str, pos: Pos) -> Problem {
        let Some((topic, _)) = split_partition(name) else {
            let message = format!("\"{}\" is not a partition", shorten(name));
            let label = "a partition is a topic, a dash and a number: orders-0";
            return Problem::new(Code::UnknownPartition, pos, message).label(label);
        };
        let message = format!("no partition \"{}\"", shorten(name));
        let problem = Problem::new(Code::UnknownPartition, pos, message);
        match self.names.topics.get(topic) {
            Some(count) => {
                let last = count - 1;
                problem.label(format!(
                    "{topic} has partitions {topic}-0 to {topic}-{last}"
                ))
            }
            None => problem.among(
                topic,
                "topics",
                self.names.topics.keys().map(String::as_str),
            ),
        }
    }

    pub(super) fn partition(&mut self, node: &Node) -> Option<TopicPartition> {
        let name = self.text(node)?;
        self.partition_named(name, node.pos)
    }

    pub(super) fn topic_named(&mut self, name: &str, pos: Pos) -> Option<String> {
        if self.names.topics.contains_key(name) {
            return Some(name.to_owned());
        }
        if !self.problems.is_full() {
            let message = format!("no topic \"{}\"", shorten(name));
            let known = self.names.topics.keys().map(String::as_str);
            let problem = Problem::new(Code::UnknownPartition, pos, message);
            let problem = problem.among(name, "topics", known);
            self.push(problem);
        }
        None
    }

    pub(super) fn topic(&mut self, node: &Node) -> Option<String> {
        let name = self.text(node)?;
        self.topic_named(name, node.pos)
    }

    pub(super) fn producer_named(&mut self, name: &str, pos: Pos) -> Option<usize> {
        let found = self.names.producers.iter().position(|p| p == name);
        if found.is_none() {
            self.unknown_client("producer", name, pos);
        }
        found
    }

    pub(super) fn consumer_named(&mut self, name: &str, pos: Pos) -> Option<usize> {
        let found = self.names.consumers.iter().position(|c| c == name);
        if found.is_none() {
            self.unknown_client("consumer", name, pos);
        }
        found
    }

    fn unknown_client(&mut self, kind: &'static str, name: &str, pos: Pos) {
        if self.problems.is_full() {
            return;
        }
        let (known, what) = match kind {
            "producer" => (&self.names.producers, "producers"),
            _ => (&self.names.consumers, "consumers"),
        };
        let message = format!("no {kind} \"{}\"", shorten(name));
        let problem = Problem::new(Code::UnknownClient, pos, message);
        let problem = problem.among(name, what, known.iter().map(String::as_str));
        self.push(problem);
    }

    pub(super) fn producer(&mut self, node: &Node) -> Option<usize> {
        let name = self.text(node)?;
        self.producer_named(name, node.pos)
    }

    pub(super) fn consumer(&mut self, node: &Node) -> Option<usize> {
        let name = self.text(node)?;
        self.consumer_named(name, node.pos)
    }

    pub(super) fn client(&mut self, node: &Node) -> Option<ClientRef> {
        let name = self.text(node)?;
        let found = self.names.client(name);
        if found.is_none() && !self.problems.is_full() {
            let message = format!("no client \"{}\"", shorten(name));
            let clients = self.names.producers.iter().chain(&self.names.consumers);
            let problem = Problem::new(Code::UnknownClient, node.pos, message);
            let problem = problem.among(name, "clients", clients.map(String::as_str));
            self.push(problem);
        }
        found
    }

    pub(super) fn step(&mut self, node: &Node) -> Option<StepIdx> {
        let name = self.text(node)?;
        let found = self.names.steps.get(name).map(|at| StepIdx(*at));
        if found.is_none() && !self.problems.is_full() {
            let message = format!("no step \"{}\"", shorten(name));
            let known = self.names.steps.keys().map(String::as_str);
            let problem = Problem::new(Code::UnknownStep, node.pos, message);
            let problem = problem.among(name, "step ids", known);
            self.push(problem);
        }
        found
    }
}
