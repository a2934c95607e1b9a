//! `[[step]]`: one trigger, one action, any modifiers.

use super::actions::{self, ACTIONS};
use super::{matchers, name};
use crate::lab::scenario::action::Action;
use crate::lab::scenario::codes::Code;
use crate::lab::scenario::cx::{Cx, shorten};
use crate::lab::scenario::fields::Fields;
use crate::lab::scenario::limits::MAX_TIMES;
use crate::lab::scenario::model::{Focus, Repeat, Step, StepIdx, Trigger, Until};
use crate::lab::scenario::problem::Problem;
use crate::lab::scenario::tree::{Node, Value};
use crate::lab::scenario::words::split_partition;
use crate::lab::scenario::{shapes, texts};
use crate::sim::Span;

const TRIGGERS: &[&str] = &["at", "after", "when"];

pub(super) fn step(cx: &mut Cx<'_>, node: &Node) -> Option<Step> {
    let mut fields = Fields::of(cx, node, &shapes::STEP)?;
    fields.and_words(ACTIONS.iter().map(|row| row.word));
    let id = fields.node("id").and_then(|node| name(cx, node));
    let trigger = trigger(cx, &mut fields, TRIGGERS);
    let repeat = repeat(cx, &mut fields, trigger.as_ref());
    let wait = fields.duration(cx, "wait").unwrap_or(Span::ZERO);
    let mark = fields.flag(cx, "mark");
    let focus = fields.node("focus").and_then(|node| focus(cx, node));
    let note = fields.node("note").and_then(|node| texts::text(cx, node));
    let optional = fields.flag(cx, "optional");
    let on_message = fields.node("when").is_some_and(is_message);
    let action = actions::action(cx, &mut fields, on_message);
    let has_action = ACTIONS
        .iter()
        .any(|row| !fields.present(&[row.word]).is_empty());
    let silent = !mark && focus.is_none() && note.is_none();
    if !has_action && silent {
        let problem = Problem::new(Code::NoEffect, fields.pos, "this step has no action");
        cx.push(problem.label("give it one, or mark, focus or note"));
    }
    let on_its_way = matches!(
        action.as_ref().map(|action| &action.it),
        Some(Action::Tamper { rule: None, .. })
    );
    if on_its_way && wait != Span::ZERO {
        let pos = fields.key_pos("wait");
        let problem = Problem::new(Code::Exclusive, pos, "the message does not wait");
        cx.push(problem.label("it is there when the step fires; hold or delay it"));
    }
    let pos = fields.pos;
    fields.finish(cx);
    // A step that cannot be read keeps its place, since others are called by theirs.
    Some(Step {
        id,
        trigger: trigger.unwrap_or(Trigger::At(Span::ZERO)),
        wait,
        repeat,
        mark,
        focus,
        note,
        optional,
        action,
        pos,
    })
}

/// One of `keys` (and of the keys of triggers).
pub(super) fn trigger(
    cx: &mut Cx<'_>,
    fields: &mut Fields<'_>,
    keys: &[&'static str],
) -> Option<Trigger> {
    let nodes = fields.given(keys.iter().copied());
    match nodes[..] {
        [(key, node)] => one_trigger(cx, fields, key, node),
        [] => {
            let problem = Problem::new(Code::MissingKey, fields.pos, "there is no trigger");
            cx.push(problem.label(format!("one of {} is needed", keys.join(", "))));
            None
        }
        [(first, _), (second, _), ..] => {
            let message = format!("two triggers: {first} and {second}");
            let pos = fields.key_pos(second);
            cx.problem(Code::Exclusive, pos, message);
            None
        }
    }
}

fn is_message(when: &Node) -> bool {
    matches!(&when.value, Value::Table(table) if table.node("message").is_some())
}

fn one_trigger(
    cx: &mut Cx<'_>,
    fields: &mut Fields<'_>,
    key: &str,
    node: &Node,
) -> Option<Trigger> {
    match key {
        "at" => cx.duration(node).map(Trigger::At),
        "after" => after(cx, node),
        _ => when(cx, fields, node),
    }
}

fn after(cx: &mut Cx<'_>, node: &Node) -> Option<Trigger> {
    if let Value::Str(_) = node.value {
        return cx.step(node).map(|step| Trigger::After(step, Span::ZERO));
    }
    let mut fields = Fields::of(cx, node, &shapes::AFTER)?;
    let step = fields.required(cx, "step").and_then(|node| cx.step(node));
    let wait = fields.duration(cx, "wait").unwrap_or(Span::ZERO);
    fields.finish(cx);
    Some(Trigger::After(step?, wait))
}

/// An expression, or a matcher in a table.
fn when(cx: &mut Cx<'_>, fields: &mut Fields<'_>, node: &Node) -> Option<Trigger> {
    let Value::Table(table) = &node.value else {
        let expr = cx.expr(node);
        let times = match fields.has("every") {
            true => None,
            false => fields.int(cx, "times", 1..=MAX_TIMES),
        };
        return Some(Trigger::State(expr?, times.unwrap_or(1) as u32));
    };
    if table.node("note").is_some() {
        return matchers::note(cx, node).map(|m| Trigger::Note(Box::new(m)));
    }
    if table.node("message").is_none() {
        let problem = Problem::new(Code::MissingKey, node.pos, "this matches nothing");
        cx.push(problem.label("give the key message or note"));
        return None;
    }
    let mut fields = Fields::of(cx, node, &shapes::MESSAGE)?;
    let matcher = matchers::message(cx, &mut fields);
    fields.finish(cx);
    matcher.map(|m| Trigger::Message(Box::new(m)))
}

fn repeat(cx: &mut Cx<'_>, fields: &mut Fields<'_>, trigger: Option<&Trigger>) -> Option<Repeat> {
    let every_at = fields.node("every");
    let until_at = fields.node("until");
    let Some(every_at) = every_at else {
        let lonely = match trigger {
            Some(Trigger::State(..)) => fields.present(&["until"]),
            _ => fields.present(&["times", "until"]),
        };
        fields.node("times");
        if let Some(key) = lonely.first() {
            let pos = fields.key_pos(key);
            cx.problem(Code::Exclusive, pos, format!("`{key}` needs `every`"));
        }
        return None;
    };
    let times = fields.int(cx, "times", 1..=MAX_TIMES).map(|n| n as u32);
    let until = until_at.and_then(|node| until(cx, node));
    let timed = matches!(trigger, Some(Trigger::At(_) | Trigger::After(..)) | None);
    if !timed {
        let pos = fields.key_pos("every");
        cx.problem(
            Code::Exclusive,
            pos,
            "`every` repeats `at` and `after` steps",
        );
        return None;
    }
    let every = cx.duration(every_at)?;
    if every == Span::ZERO {
        cx.problem(
            Code::OutOfRange,
            every_at.pos,
            "the time between is more than 0",
        );
        return None;
    }
    if times.is_none() && until_at.is_none() {
        let pos = fields.key_pos("every");
        cx.problem(Code::MissingKey, pos, "`every` needs `times` or `until`");
        return None;
    }
    Some(Repeat {
        every,
        times,
        until,
    })
}

/// A duration, or an expression.
fn until(cx: &mut Cx<'_>, node: &Node) -> Option<Until> {
    match &node.value {
        Value::Str(text) if text.starts_with(|c: char| c.is_ascii_digit()) => {
            cx.duration(node).map(Until::Time)
        }
        _ => cx.expr(node).map(Until::State),
    }
}

/// What to look at: a partition, a node or a client, by name.
pub(super) fn focus(cx: &mut Cx<'_>, node: &Node) -> Option<Focus> {
    let name = cx.text(node)?;
    if let Some(found) = cx.names.node(name) {
        return Some(Focus::Node(found));
    }
    if let Some(client) = cx.names.client(name) {
        return Some(Focus::Client(client));
    }
    if split_partition(name).is_some() {
        return cx.partition(node).map(Focus::Partition);
    }
    let message = format!("nothing is called \"{}\"", shorten(name));
    let problem = Problem::new(Code::UnknownWord, node.pos, message);
    cx.push(problem.label("a partition, a node or a client"));
    None
}

/// The step of an id, for actions.
pub(super) fn step_ref(cx: &mut Cx<'_>, node: &Node) -> Option<StepIdx> {
    cx.step(node)
}
