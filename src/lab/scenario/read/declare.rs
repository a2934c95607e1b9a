//! Enters the names of topics, clients and steps before anything that may speak of them is
//! read. Reports names that stand twice; the readers report the rest.

use crate::lab::scenario::codes::Code;
use crate::lab::scenario::cx::{Cx, shorten};
use crate::lab::scenario::limits::{MAX_PARTITIONS_PER_TOPIC, MAX_TOPICS};
use crate::lab::scenario::model::{Cluster, NodeIdx};
use crate::lab::scenario::pos::Pos;
use crate::lab::scenario::problem::Problem;
use crate::lab::scenario::tree::{Table, Value};
use std::collections::BTreeMap;

/// Enters all names but those of nodes and branches.
pub(super) fn workload(cx: &mut Cx<'_>, root: &Table, cluster: &Cluster) {
    let default = cluster.broker_config(NodeIdx(0)).num_partitions;
    topics(cx, root, default);
    created_topics(cx, root, default);
    let mut seen = BTreeMap::new();
    cx.names.producers = clients(cx, root, "producer", &mut seen);
    cx.names.consumers = clients(cx, root, "consumer", &mut seen);
    steps(cx, root);
    for list in ["tell", "ask", "expect"] {
        let mut seen = BTreeMap::new();
        for table in tables(root, list) {
            single(cx, table, "id", list, &mut seen);
        }
    }
}

/// The tables of `[[key]]`.
fn tables<'t>(root: &'t Table, key: &str) -> impl Iterator<Item = &'t Table> {
    let items = match root.node(key).map(|node| &node.value) {
        Some(Value::Array(items)) => items.as_slice(),
        _ => &[],
    };
    items.iter().filter_map(|item| match &item.value {
        Value::Table(table) => Some(table),
        _ => None,
    })
}

/// The name under `key`, unless another one has it.
fn single<'t>(
    cx: &mut Cx<'_>,
    table: &'t Table,
    key: &str,
    what: &str,
    seen: &mut BTreeMap<&'t str, Pos>,
) -> Option<&'t str> {
    let name = table.text(key)?;
    let pos = table.node(key).map(|node| node.pos)?;
    if let Some(first) = seen.get(name) {
        let line = cx.line(*first);
        let message = format!("there is a {what} \"{}\" already", shorten(name));
        let problem = Problem::new(Code::Duplicate, pos, message);
        cx.push(problem.label(format!("the first one is in line {line}")));
        return None;
    }
    seen.insert(name, pos);
    Some(name)
}

fn topics(cx: &mut Cx<'_>, root: &Table, default: i32) {
    let mut seen = BTreeMap::new();
    for table in tables(root, "topic") {
        if let Some(name) = single(cx, table, "name", "topic", &mut seen) {
            enter_topic(cx, table, name, default);
        }
    }
}

/// A topic may be created after one of its name was deleted, so names may repeat here.
fn created_topics(cx: &mut Cx<'_>, root: &Table, default: i32) {
    for step in tables(root, "step") {
        if let Some(Value::Table(table)) = step.node("create-topic").map(|node| &node.value)
            && let Some(name) = table.text("name")
        {
            enter_topic(cx, table, name, default);
        }
    }
}

fn enter_topic(cx: &mut Cx<'_>, table: &Table, name: &str, default: i32) {
    let partitions = match table.node("partitions").map(|node| &node.value) {
        Some(Value::Int(n)) => (*n).clamp(1, MAX_PARTITIONS_PER_TOPIC) as i32,
        _ => default,
    };
    if cx.names.topics.len() >= MAX_TOPICS && !cx.names.topics.contains_key(name) {
        return;
    }
    let entry = cx.names.topics.entry(name.to_owned()).or_insert(0);
    *entry = partitions.max(*entry);
}

/// Producers and consumers share one space of names.
fn clients<'t>(
    cx: &mut Cx<'_>,
    root: &'t Table,
    key: &'static str,
    seen: &mut BTreeMap<&'t str, Pos>,
) -> Vec<String> {
    let mut names = Vec::new();
    for table in tables(root, key) {
        let name = single(cx, table, "name", "client", seen);
        // A place is kept for every table that has a name, so that places stay in step.
        if table.text("name").is_some() {
            names.push(name.unwrap_or("").to_owned());
        }
    }
    names
}

fn steps(cx: &mut Cx<'_>, root: &Table) {
    let mut seen = BTreeMap::new();
    for (at, table) in tables(root, "step").enumerate() {
        if let Some(id) = single(cx, table, "id", "step", &mut seen) {
            cx.names.steps.insert(id.to_owned(), at);
        }
    }
}
