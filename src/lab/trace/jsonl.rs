//! A trace as JSON lines: a header, then a line a step and a line for what was told.
//!
//! `docs/trace.schema.json` describes the lines. Everything but ASCII that a terminal or a page
//! might obey is escaped within strings.

use super::entries::Entry;
use super::recorder::{Telling, Trace};
use super::step::Step;
use crate::kafka;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::vocabulary::{Kafka, Note, Outcome, Salience, Value};
use crate::lab::cluster::Voice;
use crate::lab::text::{Lang, MessageSummary, Speaker, is_harmless};
use crate::sim::{Action, CallId, NodeId, StepNo, Time};
use serde_json::{Map, Value as Json, json};

/// The number of the format; a change that readers must know changes it.
pub const FORMAT: u32 = 1;

/// The whole trace.
pub fn jsonl(trace: &Trace, lang: Lang) -> String {
    let voice = trace.voice();
    let mut text = line(&header(trace, lang));
    for entry in trace.entries() {
        match entry {
            Entry::Idle(_) => {}
            Entry::Told(telling) => text.push_str(&line(&told_line(telling, lang))),
            Entry::Step(step) => text.push_str(&line(&step_line(step, &voice, lang))),
        }
    }
    text
}

/// Valid JSON on one line with nothing that is obeyed where it is shown.
pub(super) fn line(value: &Json) -> String {
    let raw = value.to_string();
    let mut text = String::with_capacity(raw.len() + 1);
    for c in raw.chars() {
        if c != '<' && is_harmless(c) {
            text.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            text.push_str(&format!("\\u{unit:04x}"));
        }
    }
    text.push('\n');
    text
}

fn header(trace: &Trace, lang: Lang) -> Json {
    let origin = &trace.origin;
    let nodes = trace.names.machines().map(|node| {
        json!({
            "name": trace.names.machine(node),
            "id": trace.names.kafka_id(node),
        })
    });
    json!({
        "type": "header",
        "format": FORMAT,
        "kafka": kafka::VERSION,
        "scenario": origin.scenario,
        "title": origin.title.of(lang),
        "branch": origin.branch,
        "seed": origin.seed,
        "trace_hash": format!("{:016x}", origin.trace_hash),
        "ready_at_ns": (origin.ready_at != Time::NEVER).then_some(origin.ready_at.0),
        "salience": salience(trace.salience),
        "steps": trace.steps.len(),
        "left_out": trace.left_out,
        "nodes": nodes.collect::<Vec<_>>(),
    })
}

fn told_line(telling: &Telling, lang: Lang) -> Json {
    json!({
        "type": "told",
        "at_ns": telling.at.0,
        "after": telling.step.0,
        "question": telling.is_question,
        "text": telling.text.of(lang),
    })
}

fn step_line(step: &Step, voice: &Voice<'_>, lang: Lang) -> Json {
    let mut object = Map::new();
    let mut put = |key: &str, value: Json| object.insert(key.to_owned(), value);
    put("type", "step".into());
    put("no", step.no.0.into());
    put("at_ns", step.at.0.into());
    put("departs_ns", step.departs.0.into());
    put("node", step.node.map(|node| voice.machine(node)).into());
    put("kind", step.kind_word().into());
    put("lost", step.lost_word().into());
    put("cause", number(step.cause));
    put("request", number(step.request));
    put("text", step.sentence(voice, lang).into());
    put("message", message(step, voice));
    put("fault", fault(step, voice, lang));
    let notes = step.notes.iter().zip(step.node.into_iter().cycle());
    put(
        "notes",
        notes
            .map(|(note, node)| note_object(note, node, voice))
            .collect(),
    );
    put("outcomes", step.outcomes.iter().map(outcome).collect());
    Json::Object(object)
}

/// The number of a step; null for none.
fn number(no: StepNo) -> Json {
    (no.0 > 0).then_some(no.0).into()
}

fn fault(step: &Step, voice: &Voice<'_>, lang: Lang) -> Json {
    match &step.action {
        Some(Action::<Kafka>::Fault(_)) => step.sentence(voice, lang).into(),
        _ => Json::Null,
    }
}

fn message(step: &Step, voice: &Voice<'_>) -> Json {
    let Some(head) = &step.head else {
        return Json::Null;
    };
    let summary = step.message.as_ref();
    json!({
        "from": voice.machine(head.from),
        "to": voice.machine(head.to),
        "connection": head.conn.0,
        "correlation": head.corr.0,
        "departed_ns": head.departs.0,
        "api": summary.map(|summary| summary.name),
        "version": head.api_version,
        "bytes": summary.map(|summary| summary.bytes),
        "error": summary.and_then(|summary| error(summary.facts.error)),
        "acks": summary.and_then(|summary| summary.facts.acks),
        "partitions": summary.map_or(Vec::new(), |summary| partitions(summary, voice)),
    })
}

fn partitions(summary: &MessageSummary, voice: &Voice<'_>) -> Vec<Json> {
    let names = summary.partition_names(voice);
    let named = summary.partitions.iter().zip(names);
    let objects = named.map(|(partition, name)| {
        json!({
            "name": name,
            "offset": partition.offset,
            "epoch": partition.epoch,
            "error": error(partition.error),
        })
    });
    objects.collect()
}

fn error(code: Option<ErrorCode>) -> Option<&'static str> {
    code.filter(|code| *code != ErrorCode::NONE)
        .map(ErrorCode::name)
}

fn note_object(note: &Note, node: NodeId, voice: &Voice<'_>) -> Json {
    let mut fields = Map::new();
    note.for_each_field(|name, value| {
        fields.insert(name.to_owned(), field(value, node, voice));
    });
    let kind = note.kind();
    json!({ "kind": kind.name(), "salience": salience(kind.salience()), "fields": fields })
}

fn field(value: Value, node: NodeId, voice: &Voice<'_>) -> Json {
    match value {
        Value::Int(number) => number.into(),
        Value::Node(id) => (id >= 0).then(|| voice.server(id)).into(),
        Value::Nodes(set) => set.iter().map(|id| voice.server(id)).collect(),
        Value::Partition(tp) => voice.partition(tp).into(),
        Value::Topic(topic) => voice.topic(topic).into(),
        Value::Client(client) => voice.client(node, client).into(),
        Value::Error(error) => error.name().into(),
        Value::Word(word) => word.into(),
        Value::Bool(bool) => bool.into(),
    }
}

fn outcome((call, outcome): &(CallId, Outcome)) -> Json {
    match outcome {
        Outcome::Done => json!({ "call": call.0, "is": "done" }),
        Outcome::Sent { partition, offset } => {
            json!({ "call": call.0, "is": "sent", "partition": partition, "offset": offset })
        }
        Outcome::Offset(offset) => json!({ "call": call.0, "is": "offset", "offset": offset }),
        Outcome::Failed { error, message } => {
            json!({ "call": call.0, "is": "failed", "error": error.name(), "text": message })
        }
    }
}

fn salience(salience: Salience) -> &'static str {
    match salience {
        Salience::Background => "background",
        Salience::Detail => "detail",
        Salience::Story => "story",
    }
}
