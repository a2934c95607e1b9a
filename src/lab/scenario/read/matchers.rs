//! Matchers of messages and notes: inline tables.

use super::places::place;
use crate::kafka::protocol::{ErrorCode, Message};
use crate::kafka::vocabulary::NoteKind;
use crate::lab::scenario::codes::Code;
use crate::lab::scenario::cx::{Cx, shorten};
use crate::lab::scenario::fields::Fields;
use crate::lab::scenario::limits::MAX_TIMES;
use crate::lab::scenario::matcher::{FieldValue, MessageMatcher, NoteMatcher};
use crate::lab::scenario::problem::Problem;
use crate::lab::scenario::shapes;
use crate::lab::scenario::tree::{Node, Value};

/// The keys of a message matcher beside those of the action that may share its table.
pub(super) fn message(cx: &mut Cx<'_>, fields: &mut Fields<'_>) -> Option<MessageMatcher> {
    let name = fields.required(cx, "message");
    let name = name.and_then(|node| message_name(cx, node));
    let from = fields.node("from").map(|node| place(cx, node));
    let to = fields.node("to").map(|node| place(cx, node));
    let partition = fields.node("partition").map(|node| cx.partition(node));
    for key in ["group", "member", "txn"] {
        if fields.node(key).is_some() {
            let pos = fields.key_pos(key);
            let message = format!("matching by {key} is not built yet");
            cx.problem(Code::NotBuilt, pos, message);
        }
    }
    let error = fields.node("error").map(|node| error_code(cx, node));
    let offset = fields.int(cx, "offset", 0..=i64::MAX);
    let epoch = fields.int(cx, "epoch", -1..=i64::from(i32::MAX));
    let nth = nth(cx, fields);
    let count = count(cx, fields);
    Some(MessageMatcher {
        message: name?,
        from: given(from)?,
        to: given(to)?,
        partition: given(partition)?,
        offset,
        epoch,
        error: given(error)?,
        nth,
        count,
        pos: fields.pos,
    })
}

/// None if a key is there and cannot be read.
fn given<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        None => Some(None),
        Some(None) => None,
        Some(value) => Some(value),
    }
}

fn nth(cx: &mut Cx<'_>, fields: &mut Fields<'_>) -> u32 {
    fields.int(cx, "nth", 1..=MAX_TIMES).unwrap_or(1) as u32
}

/// `count = 1`, the default, or `"all"`.
fn count(cx: &mut Cx<'_>, fields: &mut Fields<'_>) -> Option<u32> {
    let Some(node) = fields.node("count") else {
        return Some(1);
    };
    match node.value {
        Value::Str(_) => {
            cx.word(node, "words", &[("all", ())]);
            None
        }
        _ => cx.int(node, 1..=MAX_TIMES).map(|n| n as u32),
    }
}

fn message_name(cx: &mut Cx<'_>, node: &Node) -> Option<&'static str> {
    let text = cx.text(node)?;
    let found = Message::NAMES.iter().find(|name| **name == text);
    if found.is_none() {
        let message = format!("no message \"{}\"", shorten(text));
        let problem = Problem::new(Code::UnknownMessage, node.pos, message);
        cx.push(problem.among(text, "messages", Message::NAMES.iter().copied()));
    }
    found.copied()
}

/// An error by name or number.
fn error_code(cx: &mut Cx<'_>, node: &Node) -> Option<ErrorCode> {
    if let Value::Int(_) = node.value {
        let code = cx.int(node, -1..=i64::from(i16::MAX))?;
        return Some(ErrorCode(code as i16));
    }
    let text = cx.text(node)?;
    let found = ErrorCode::from_name(text);
    if found.is_none() {
        let message = format!("no error \"{}\"", shorten(text));
        let codes = (-1..=i16::MAX).map(ErrorCode).take(200);
        let known = codes.map(ErrorCode::name).filter(|name| *name != "UNKNOWN");
        let problem = Problem::new(Code::UnknownWord, node.pos, message);
        cx.push(problem.among(text, "errors", known));
    }
    found
}

/// A table with the key `note` and the note's own fields.
pub(super) fn note(cx: &mut Cx<'_>, node: &Node) -> Option<NoteMatcher> {
    let mut fields = Fields::of(cx, node, &shapes::NOTE)?;
    let matcher = note_fields(cx, &mut fields);
    if matcher.is_some() {
        fields.finish(cx);
    }
    matcher
}

/// The same in a table that may have other keys. Without a kind no field is known, so nothing
/// more is said then.
pub(super) fn note_fields(cx: &mut Cx<'_>, fields: &mut Fields<'_>) -> Option<NoteMatcher> {
    let kind = fields.required(cx, "note");
    let kind = kind.and_then(|node| note_kind(cx, node))?;
    let on = fields.node("on").and_then(|node| place(cx, node));
    let nth = nth(cx, fields);
    let types = kind.field_types();
    fields.and_words(kind.fields().iter().copied());
    let mut values = Vec::new();
    for (at, (key, wanted)) in kind.fields().iter().zip(types).enumerate() {
        if let Some(node) = fields.node(key) {
            values.extend(field_value(cx, node, wanted).map(|value| (at, value)));
        }
    }
    Some(NoteMatcher {
        note: kind,
        on,
        fields: values,
        nth,
        pos: fields.pos,
    })
}

fn note_kind(cx: &mut Cx<'_>, node: &Node) -> Option<NoteKind> {
    let text = cx.text(node)?;
    let found = NoteKind::ALL.iter().find(|kind| kind.name() == text);
    if found.is_none() {
        let message = format!("no note \"{}\"", shorten(text));
        let names = NoteKind::ALL.iter().map(|kind| kind.name());
        cx.push(Problem::new(Code::UnknownNote, node.pos, message).among(text, "notes", names));
    }
    found.copied()
}

/// A value of the type that the note's field has in Rust.
fn field_value(cx: &mut Cx<'_>, node: &Node, wanted: &str) -> Option<FieldValue> {
    match wanted {
        "bool" => cx.boolean(node).map(FieldValue::Bool),
        "ErrorCode" => error_code(cx, node).map(FieldValue::Error),
        "Tp" => cx.partition(node).map(FieldValue::Partition),
        "TopicTag" => cx.topic(node).map(FieldValue::Topic),
        "ClientNo" => cx.client(node).map(FieldValue::Client),
        "NodeId" if matches!(&node.value, Value::Str(s) if s == "none") => {
            Some(FieldValue::Node(None))
        }
        "NodeId" => cx.node_ref(node).map(|node| FieldValue::Node(Some(node))),
        "NodeSet" => {
            let listed = cx.list(node)?.len();
            let nodes = cx.each(node, |cx, item| cx.node_ref(item))?;
            (nodes.len() == listed).then_some(FieldValue::Nodes(nodes))
        }
        _ => cx.int(node, i64::MIN..=i64::MAX).map(FieldValue::Int),
    }
}
