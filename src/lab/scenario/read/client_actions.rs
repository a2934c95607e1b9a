//! Actions of producers and consumers.

use super::actions::OnMessage;
use super::workload::partitions;
use crate::kafka::protocol::TopicPartition;
use crate::kafka::vocabulary::OffsetSpec;
use crate::lab::scenario::action::{Action, Keys, Load, Payload, Send};
use crate::lab::scenario::codes::Code;
use crate::lab::scenario::cx::Cx;
use crate::lab::scenario::fields::Fields;
use crate::lab::scenario::limits::{MAX_RECORD_BYTES, MAX_TIMES};
use crate::lab::scenario::model::ClientRef;
use crate::lab::scenario::problem::Problem;
use crate::lab::scenario::tree::{Node, Value};
use crate::lab::scenario::{shapes, words};
use crate::sim::Span;

pub(super) fn send(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    let mut fields = Fields::of(cx, node, &shapes::SEND)?;
    let from = required_producer(cx, &mut fields);
    let (topic, partition) = target(cx, &mut fields);
    let key = fields.node("key").and_then(|node| payload(cx, node));
    let value = value(cx, &mut fields);
    let headers = fields.node("headers").and_then(|node| headers(cx, node));
    let timestamp = fields.int(cx, "timestamp", 0..=i64::MAX);
    let count = fields.int(cx, "count", 1..=MAX_TIMES).unwrap_or(1);
    let every = fields.duration(cx, "every").unwrap_or(Span::ZERO);
    if fields.node("txn").is_some() {
        let pos = fields.key_pos("txn");
        cx.problem(Code::NotBuilt, pos, "transactions are not built yet");
    }
    fields.finish(cx);
    Some(Action::Send(Box::new(Send {
        from: from?,
        topic: topic?,
        partition,
        key,
        value: value?,
        headers: headers.unwrap_or_default(),
        timestamp,
        count: count as u32,
        every,
    })))
}

fn required_producer(cx: &mut Cx<'_>, fields: &mut Fields<'_>) -> Option<usize> {
    let node = fields.required(cx, "from")?;
    cx.producer(node)
}

/// The topic, and the partition if one is given.
fn target(cx: &mut Cx<'_>, fields: &mut Fields<'_>) -> (Option<String>, Option<i32>) {
    let topic = fields.required(cx, "topic").and_then(|node| cx.topic(node));
    let Some(node) = fields.node("partition") else {
        return (topic, None);
    };
    let partition = match &node.value {
        Value::Int(n) => {
            let name = topic.as_ref().map(|topic| format!("{topic}-{n}"));
            let pos = node.pos;
            name.and_then(|name| cx.partition_named(&name, pos))
                .map(|p| p.partition)
        }
        _ => {
            cx.wrong_type(node, "the number of a partition");
            None
        }
    };
    (topic, partition)
}

/// None inside: a tombstone.
fn value(cx: &mut Cx<'_>, fields: &mut Fields<'_>) -> Option<Option<Payload>> {
    let value_at = fields.node("value");
    let tombstone = fields.node("tombstone");
    match (value_at, tombstone) {
        (Some(_), Some(_)) => {
            let pos = fields.key_pos("tombstone");
            cx.problem(Code::Exclusive, pos, "a tombstone has no value");
            None
        }
        (Some(node), None) => payload(cx, node).map(Some),
        (None, Some(node)) => cx.just_true(node).map(|()| None),
        (None, None) => Some(Some(Payload::Text("{n}".to_owned()))),
    }
}

/// A text, or `{ hex = "…" }`.
fn payload(cx: &mut Cx<'_>, node: &Node) -> Option<Payload> {
    match &node.value {
        Value::Str(text) => Some(Payload::Text(text.clone())),
        Value::Table(_) => {
            let mut fields = Fields::of(cx, node, &shapes::BYTES)?;
            let hex = fields.required(cx, "hex");
            let bytes = hex.and_then(|node| cx.quantity(node, Code::BadQuantity, hex_bytes));
            fields.finish(cx);
            bytes.map(Payload::Hex)
        }
        _ => {
            cx.wrong_type(node, "a text or { hex = \"…\" }");
            None
        }
    }
}

fn hex_bytes(text: &str) -> Result<Vec<u8>, String> {
    let digit = |b: u8| (b as char).to_digit(16).map(|d| d as u8);
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(pair).collect();
    bytes.ok_or_else(|| "bytes are pairs of the digits 0-9 and a-f".to_owned())
}

/// `[["k", "v"], …]`.
fn headers(cx: &mut Cx<'_>, node: &Node) -> Option<Vec<(String, Payload)>> {
    cx.each(node, |cx, item| match cx.list(item)? {
        [key, value] => {
            let key = cx.text(key).map(str::to_owned);
            let value = payload(cx, value);
            key.zip(value)
        }
        _ => {
            cx.wrong_type(item, "a pair [key, value]");
            None
        }
    })
}

pub(super) fn load(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    let mut fields = Fields::of(cx, node, &shapes::LOAD)?;
    let from = required_producer(cx, &mut fields);
    let topic = fields.required(cx, "topic").and_then(|node| cx.topic(node));
    let every = fields
        .required(cx, "rate")
        .and_then(|node| cx.quantity(node, Code::BadQuantity, words::rate));
    let lasts = fields
        .required(cx, "for")
        .and_then(|node| cx.duration(node));
    let keys = fields.node("keys").and_then(|node| keys(cx, node));
    let size = fields
        .required(cx, "size")
        .and_then(|node| record_size(cx, node));
    fields.finish(cx);
    Some(Action::Load(Load {
        from: from?,
        topic: topic?,
        every: every?,
        lasts: lasts?,
        keys: keys.unwrap_or(Keys::None),
        size: size?,
    }))
}

fn record_size(cx: &mut Cx<'_>, node: &Node) -> Option<u32> {
    let bytes = match node.value {
        Value::Int(n) => n,
        _ => cx.quantity(node, Code::BadQuantity, words::size)?,
    };
    if (0..=MAX_RECORD_BYTES).contains(&bytes) {
        return Some(bytes as u32);
    }
    let label = format!("at most {MAX_RECORD_BYTES} bytes");
    cx.push(Problem::new(Code::OutOfRange, node.pos, "too large for a record").label(label));
    None
}

/// A number of keys, or the keys.
fn keys(cx: &mut Cx<'_>, node: &Node) -> Option<Keys> {
    match node.value {
        Value::Int(_) => cx.int(node, 1..=MAX_TIMES).map(|n| Keys::Count(n as u32)),
        _ => {
            let keys = cx.each(node, |cx, item| cx.text(item).map(str::to_owned))?;
            match keys.is_empty() {
                false => Some(Keys::List(keys)),
                true => {
                    cx.problem(Code::OutOfRange, node.pos, "the list is empty");
                    None
                }
            }
        }
    }
}

/// `"c1"`, or `{ client = "c1" }`.
fn alone_or_named<T>(
    cx: &mut Cx<'_>,
    node: &Node,
    of: &mut dyn FnMut(&mut Cx<'_>, &Node) -> Option<T>,
) -> Option<T> {
    let Value::Table(_) = node.value else {
        return of(cx, node);
    };
    let mut fields = Fields::of(cx, node, &shapes::CLIENT)?;
    let client = fields.required(cx, "client").and_then(|node| of(cx, node));
    fields.finish(cx);
    client
}

pub(super) fn flush(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    let mut of = |cx: &mut Cx<'_>, node: &Node| cx.producer(node);
    let producer = alone_or_named(cx, node, &mut of)?;
    Some(Action::Flush(ClientRef::Producer(producer)))
}

pub(super) fn close(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    let mut of = |cx: &mut Cx<'_>, node: &Node| cx.client(node);
    match alone_or_named(cx, node, &mut of)? {
        ClientRef::Admin => {
            cx.problem(Code::UnknownClient, node.pos, "the admin client stays open");
            None
        }
        client => Some(Action::Close(client)),
    }
}

pub(super) fn poll(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    let mut of = |cx: &mut Cx<'_>, node: &Node| cx.consumer(node);
    alone_or_named(cx, node, &mut of).map(Action::Poll)
}

/// `{ client, partitions }`.
fn client_and_partitions(
    cx: &mut Cx<'_>,
    node: &Node,
    what: &'static str,
) -> Option<(usize, Vec<TopicPartition>)> {
    let mut fields = Fields::of(cx, node, &shapes::READING).map(|f| f.called(what))?;
    let client = fields
        .required(cx, "client")
        .and_then(|node| cx.consumer(node));
    fields.required(cx, "partitions");
    let partitions = partitions(cx, &mut fields);
    fields.finish(cx);
    client.zip(partitions)
}

pub(super) fn assign(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    let (client, partitions) = client_and_partitions(cx, node, "assign")?;
    Some(Action::Assign(client, partitions))
}

pub(super) fn pause_fetch(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    let (client, partitions) = client_and_partitions(cx, node, "pause-fetch")?;
    Some(Action::PauseFetch(client, partitions))
}

pub(super) fn resume_fetch(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    let (client, partitions) = client_and_partitions(cx, node, "resume-fetch")?;
    Some(Action::ResumeFetch(client, partitions))
}

pub(super) fn seek(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    let mut fields = Fields::of(cx, node, &shapes::SEEK)?;
    let client = fields
        .required(cx, "client")
        .and_then(|node| cx.consumer(node));
    let partition = fields
        .required(cx, "partition")
        .and_then(|node| cx.partition(node));
    let to = fields.required(cx, "to").and_then(|node| match node.value {
        Value::Int(_) => cx.int(node, 0..=i64::MAX).map(OffsetSpec::At),
        _ => {
            let words = [("begin", OffsetSpec::Earliest), ("end", OffsetSpec::Latest)];
            cx.word(node, "positions", &words)
        }
    });
    fields.finish(cx);
    Some(Action::Seek(client?, partition?, to?))
}
