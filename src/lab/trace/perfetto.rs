//! A trace for trace viewers (Perfetto, chrome://tracing): the Trace Event Format.
//!
//! A process a node; a step is a span as long as the node was busy, a note is an instant in it,
//! a message is an arrow from the step that sent it to the step that read it. Times are
//! microseconds since power-on.

use super::jsonl::line;
use super::recorder::Trace;
use super::step::Step;
use crate::lab::cluster::Voice;
use crate::lab::text::{Lang, Speaker, sentence};
use crate::sim::{NodeId, StepKind, StepNo, Time};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// The whole trace.
pub fn perfetto(trace: &Trace, lang: Lang) -> String {
    let voice = trace.voice();
    let places: BTreeMap<StepNo, &Step> = trace.steps.iter().map(|step| (step.no, step)).collect();
    let mut events: Vec<Json> = trace
        .names
        .machines()
        .map(|node| process(node, &voice))
        .collect();
    for step in &trace.steps {
        events.push(span(step, &voice, lang));
        events.extend(instants(step, &voice, lang));
        events.extend(arrows(step, &places));
    }
    let origin = &trace.origin;
    let mut text = String::from("{\"displayTimeUnit\":\"ms\",\"otherData\":");
    text.push_str(
        line(&json!({
            "scenario": origin.scenario,
            "title": origin.title.of(lang),
            "branch": origin.branch,
            "seed": origin.seed.to_string(),
            "trace_hash": format!("{:016x}", origin.trace_hash),
        }))
        .trim_end(),
    );
    text.push_str(",\"traceEvents\":[\n");
    let lines: Vec<String> = events
        .iter()
        .map(|event| line(event).trim_end().to_owned())
        .collect();
    text.push_str(&lines.join(",\n"));
    text.push_str("\n]}\n");
    text
}

/// Process 1 is the network, or nobody; the first machine is 2.
fn pid(node: Option<NodeId>) -> u64 {
    node.map_or(1, |node| u64::from(node.0) + 2)
}

fn micros(at: Time) -> u64 {
    at.0 / 1_000
}

fn process(node: NodeId, voice: &Voice<'_>) -> Json {
    json!({
        "ph": "M", "name": "process_name", "pid": pid(Some(node)), "tid": 1,
        "args": { "name": voice.machine(node) },
    })
}

fn span(step: &Step, voice: &Voice<'_>, lang: Lang) -> Json {
    let label = match (&step.message, step.kind) {
        (Some(message), StepKind::Deliver) => message.label(voice),
        _ => step.kind_word().to_owned(),
    };
    let busy = step.departs.since(step.at).as_nanos() / 1_000;
    json!({
        "ph": "X", "cat": step.kind_word(), "name": label,
        "pid": pid(step.node), "tid": 1, "ts": micros(step.at), "dur": busy.max(1),
        "args": {
            "step": step.no.0,
            "cause": step.cause.0,
            "request": step.request.0,
            "text": step.sentence(voice, lang),
        },
    })
}

fn instants(step: &Step, voice: &Voice<'_>, lang: Lang) -> Vec<Json> {
    let Some(node) = step.node else {
        return Vec::new();
    };
    let instants = step.notes.iter().map(|note| {
        json!({
            "ph": "i", "s": "t", "cat": "note", "name": note.kind().name(),
            "pid": pid(step.node), "tid": 1, "ts": micros(step.at),
            "args": { "text": sentence(note, node, voice, lang) },
        })
    });
    instants.collect()
}

/// From the step that sent the message, if it is in the trace.
fn arrows(step: &Step, places: &BTreeMap<StepNo, &Step>) -> Vec<Json> {
    let (Some(head), Some(sender)) = (&step.head, places.get(&step.cause)) else {
        return Vec::new();
    };
    let end = |phase: &str, node: Option<NodeId>, at: Time| {
        json!({
            "ph": phase, "cat": "message", "name": "message", "id": step.no.0, "bp": "e",
            "pid": pid(node), "tid": 1, "ts": micros(at),
        })
    };
    let from = end("s", Some(head.from), sender.at);
    vec![from, end("f", step.node, step.at)]
}
