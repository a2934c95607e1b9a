//! `[[topic]]`, `[[producer]]`, `[[consumer]]`.

use super::configs::{Whose, config};
use super::name;
use crate::kafka::config::ClientKind;
use crate::kafka::protocol::TopicPartition;
use crate::lab::scenario::codes::Code;
use crate::lab::scenario::cx::{Cx, shorten};
use crate::lab::scenario::fields::Fields;
use crate::lab::scenario::limits::MAX_PARTITIONS_PER_TOPIC;
use crate::lab::scenario::model::{ConsumerSpec, NodeIdx, ProducerSpec, TopicSpec};
use crate::lab::scenario::problem::Problem;
use crate::lab::scenario::shapes;
use crate::lab::scenario::tree::{Entry, Node};
use crate::lab::scenario::words::is_topic_name;
use crate::sim::Span;

/// `[[topic]]`, and the value of `create-topic`.
pub(super) fn topic(cx: &mut Cx<'_>, node: &Node) -> Option<TopicSpec> {
    let mut fields = Fields::of(cx, node, &shapes::TOPIC)?;
    let spec = topic_fields(cx, &mut fields);
    fields.finish(cx);
    spec
}

/// The keys of a topic, in a table that may have others.
pub(super) fn topic_fields(cx: &mut Cx<'_>, fields: &mut Fields<'_>) -> Option<TopicSpec> {
    let name_at = fields.required(cx, "name");
    let name = name_at.and_then(|node| topic_name(cx, node));
    let partitions = fields.int(cx, "partitions", 1..=MAX_PARTITIONS_PER_TOPIC);
    let replication = fields.int(cx, "replication", 1..=i64::from(i16::MAX));
    let config = config(cx, fields, Whose::Topic);
    let place = fields.node("place");
    let known = name.as_ref().and_then(|name| cx.names.topics.get(name));
    let count = partitions.or(known.map(|n| i64::from(*n))).unwrap_or(1);
    let place = place.and_then(|node| placement(cx, node, count, replication));
    Some(TopicSpec {
        name: name?,
        partitions: partitions.map(|n| n as i32),
        replication: replication.map(|n| n as i16),
        config,
        place: place.unwrap_or_default(),
        pos: name_at.map_or(fields.pos, |node| node.pos),
    })
}

fn topic_name(cx: &mut Cx<'_>, node: &Node) -> Option<String> {
    let text = cx.text(node)?;
    if is_topic_name(text) {
        return Some(text.to_owned());
    }
    let message = format!("\"{}\" is not a topic name", shorten(text));
    cx.problem(Code::BadName, node.pos, message);
    None
}

/// `{ 0 = ["broker-0", …], … }`, for all partitions.
fn placement(
    cx: &mut Cx<'_>,
    node: &Node,
    partitions: i64,
    replication: Option<i64>,
) -> Option<Vec<(i32, Vec<NodeIdx>)>> {
    let table = cx.table(node)?;
    let entries = table.entries.iter();
    let placed: Vec<_> = entries
        .filter_map(|entry| placed(cx, entry, partitions, replication))
        .collect();
    let complete = placed.len() == table.entries.len();
    if complete && placed.len() as i64 != partitions {
        let message = format!("{} of {partitions} partitions are placed", placed.len());
        let problem = Problem::new(Code::BadPlace, node.pos, message);
        cx.push(problem.label("place all of them, or none"));
    }
    complete.then_some(placed)
}

fn placed(
    cx: &mut Cx<'_>,
    entry: &Entry,
    partitions: i64,
    replication: Option<i64>,
) -> Option<(i32, Vec<NodeIdx>)> {
    let number = entry.key.parse::<i32>().ok();
    let number = number.filter(|n| (0..partitions).contains(&i64::from(*n)));
    if number.is_none() {
        let message = format!("no partition \"{}\"", shorten(&entry.key));
        let label = format!("partitions are 0 to {}", partitions - 1);
        cx.push(Problem::new(Code::BadPlace, entry.key_pos, message).label(label));
    }
    let listed = cx.list(&entry.node)?.len();
    let nodes = cx.each(&entry.node, |cx, item| cx.broker_ref(item))?;
    if nodes.len() != listed {
        return None;
    }
    let pos = entry.node.pos;
    let repeats = (1..nodes.len()).any(|at| nodes[..at].contains(&nodes[at]));
    if repeats || nodes.is_empty() {
        cx.problem(
            Code::BadPlace,
            pos,
            "replicas are on different brokers, at least one",
        );
        return None;
    }
    if replication.is_some_and(|wanted| wanted != nodes.len() as i64) {
        let wanted = replication.unwrap_or_default();
        let message = format!("{} replicas; replication is {wanted}", nodes.len());
        cx.problem(Code::BadPlace, pos, message);
        return None;
    }
    Some((number?, nodes))
}

fn client_name(cx: &mut Cx<'_>, fields: &mut Fields<'_>) -> Option<String> {
    let node = fields.required(cx, "name")?;
    let name = name(cx, node)?;
    if name == "admin" || cx.names.node(&name).is_some() {
        let message = format!("\"{name}\" is the name of something else");
        cx.problem(Code::Duplicate, node.pos, message);
    }
    Some(name)
}

fn client_kind(cx: &mut Cx<'_>, fields: &mut Fields<'_>) -> ClientKind {
    let words = [
        ("java", ClientKind::Java),
        ("librdkafka", ClientKind::Librdkafka),
        ("sarama", ClientKind::Sarama),
    ];
    let node = fields.node("client");
    let kind = node.and_then(|node| cx.word(node, "clients", &words));
    kind.unwrap_or_default()
}

pub(super) fn producer(cx: &mut Cx<'_>, node: &Node) -> Option<ProducerSpec> {
    let mut fields = Fields::of(cx, node, &shapes::PRODUCER)?;
    let name = client_name(cx, &mut fields).unwrap_or_default();
    let client = client_kind(cx, &mut fields);
    let spec = ProducerSpec {
        name,
        client,
        config: config(cx, &mut fields, Whose::Producer(client)),
        pos: fields.pos,
    };
    fields.finish(cx);
    Some(spec)
}

pub(super) fn consumer(cx: &mut Cx<'_>, node: &Node) -> Option<ConsumerSpec> {
    let mut fields = Fields::of(cx, node, &shapes::CONSUMER)?;
    for key in ["group", "topics"] {
        if fields.node(key).is_some() {
            let pos = fields.key_pos(key);
            let problem = Problem::new(Code::NotBuilt, pos, "groups are not built yet");
            cx.push(problem.label("give partitions = [\"orders-0\"] instead"));
        }
    }
    let poll = fields.node("poll");
    let words = [("by-steps", true), ("loop", false)];
    let polls_by_steps = poll.and_then(|node| cx.word(node, "ways to poll", &words));
    let name = client_name(cx, &mut fields).unwrap_or_default();
    let client = client_kind(cx, &mut fields);
    let spec = ConsumerSpec {
        name,
        client,
        partitions: partitions(cx, &mut fields).unwrap_or_default(),
        process: fields.duration(cx, "process").unwrap_or(Span::ZERO),
        polls_by_steps: polls_by_steps.unwrap_or(false),
        config: config(cx, &mut fields, Whose::Consumer(client)),
        pos: fields.pos,
    };
    fields.finish(cx);
    Some(spec)
}

/// The key `partitions`: names in a list.
pub(super) fn partitions(cx: &mut Cx<'_>, fields: &mut Fields<'_>) -> Option<Vec<TopicPartition>> {
    let node = fields.node("partitions")?;
    cx.each(node, |cx, item| cx.partition(item))
}
