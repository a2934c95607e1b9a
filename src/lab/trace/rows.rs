//! A trace as rows of a sequence diagram, for those who draw it.

use super::entries::Entry;
use super::recorder::{Telling, Trace};
use super::step::Step;
use crate::lab::text::{Lang, Speaker};
use crate::sim::{Action, MessageKind, NodeId, Span, StepKind, Time};
use std::collections::BTreeSet;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// Nothing happened for so long.
    Idle(Span),
    /// A message.
    Arrow(Arrow),
    /// Something on one machine.
    Note(Time, NodeId, String),
    /// Something about all of them.
    Wide(Time, String),
    /// Narration; true for a question.
    Told(Time, String, bool),
}

/// A message between two machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arrow {
    pub(super) at: Time,
    pub(super) from: NodeId,
    pub(super) to: NodeId,
    pub(super) label: String,
    pub(super) is_answer: bool,
    pub(super) is_lost: bool,
}

/// The machines that take part, in their order, and the rows.
pub(super) struct Rows {
    pub(super) lanes: Vec<NodeId>,
    pub(super) rows: Vec<Row>,
}

impl Rows {
    pub(super) fn of(trace: &Trace, lang: Lang) -> Self {
        let mut rows = Vec::new();
        let voice = trace.voice().short();
        for entry in trace.entries() {
            match entry {
                Entry::Idle(span) => rows.push(Row::Idle(span)),
                Entry::Told(telling) => rows.push(told_row(telling, lang)),
                Entry::Step(step) => push_step(&mut rows, trace, step, &voice, lang),
            }
        }
        let mut lanes = lanes(&rows);
        // Clients stand before the servers that they ask.
        lanes.sort_by_key(|lane| (trace.names.kafka_id(*lane).is_some(), *lane));
        Rows { lanes, rows }
    }
}

fn told_row(telling: &Telling, lang: Lang) -> Row {
    Row::Told(
        telling.at,
        telling.text.of(lang).to_owned(),
        telling.is_question,
    )
}

fn push_step(rows: &mut Vec<Row>, trace: &Trace, step: &Step, voice: &dyn Speaker, lang: Lang) {
    let arrow = arrow(step, voice);
    let is_arrow = arrow.is_some();
    rows.extend(arrow.map(Row::Arrow));
    let lines = match is_arrow {
        true => step.note_sentences(trace.salience, voice, lang),
        false => step.story(trace.salience, voice, lang),
    };
    let wide = matches!(&step.action, Some(Action::Fault(fault)) if fault.node().is_none());
    for line in lines {
        rows.push(match step.node.filter(|_| !wide) {
            Some(node) => Row::Note(step.at, node, line),
            None => Row::Wide(step.at, line),
        });
    }
}

fn arrow(step: &Step, voice: &dyn Speaker) -> Option<Arrow> {
    let head = step.head.as_ref()?;
    let is_lost = matches!(step.kind, StepKind::Lost(_));
    if !is_lost && !matches!(step.kind, StepKind::Deliver) {
        return None;
    }
    let label = step.message.as_ref().map(|message| message.label(voice));
    Some(Arrow {
        at: step.at,
        from: head.from,
        to: head.to,
        label: label.unwrap_or_default(),
        is_answer: head.kind == MessageKind::Response,
        is_lost,
    })
}

fn lanes(rows: &[Row]) -> Vec<NodeId> {
    let mut lanes = BTreeSet::new();
    for row in rows {
        match row {
            Row::Arrow(arrow) => lanes.extend([arrow.from, arrow.to]),
            Row::Note(_, node, _) => {
                lanes.insert(*node);
            }
            Row::Idle(_) | Row::Wide(..) | Row::Told(..) => {}
        }
    }
    lanes.into_iter().collect()
}
