//! `random`: actions that the seed draws.

use super::actions::{self, ACTIONS, OnMessage};
use crate::lab::scenario::action::{Action, Random};
use crate::lab::scenario::codes::Code;
use crate::lab::scenario::cx::Cx;
use crate::lab::scenario::fields::Fields;
use crate::lab::scenario::limits::{MAX_DRAWN, MAX_TIMES};
use crate::lab::scenario::pos::At;
use crate::lab::scenario::problem::Problem;
use crate::lab::scenario::shapes;
use crate::lab::scenario::tree::Node;
use crate::sim::Span;

/// Actions that cannot be drawn: a draw of draws, and those that bring names which the rest of
/// the file speaks of.
const NOT_DRAWN: [&str; 3] = ["random", "add-broker", "create-topic"];

pub(super) fn random(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    let mut fields = Fields::of(cx, node, &shapes::RANDOM)?;
    let of = fields.required(cx, "of").and_then(|node| all(cx, node));
    let times = fields.int(cx, "times", 1..=MAX_TIMES).unwrap_or(1) as u32;
    let within = fields.duration(cx, "within").unwrap_or(Span::ZERO);
    fields.finish(cx);
    Some(Action::Random(Random {
        of: of?,
        times,
        within,
    }))
}

fn all(cx: &mut Cx<'_>, node: &Node) -> Option<Vec<At<Action>>> {
    let listed = cx.list(node)?.len();
    if !(1..=MAX_DRAWN).contains(&listed) {
        let label = format!("from 1 to {MAX_DRAWN}");
        let message = format!("{listed} actions to draw from");
        cx.push(Problem::new(Code::OutOfRange, node.pos, message).label(label));
        return None;
    }
    let actions = cx.each(node, one)?;
    (actions.len() == listed).then_some(actions)
}

fn one(cx: &mut Cx<'_>, node: &Node) -> Option<At<Action>> {
    let mut fields = Fields::of(cx, node, &shapes::DRAWN)?;
    fields.and_words(ACTIONS.iter().map(|row| row.word));
    if let Some(word) = NOT_DRAWN.iter().find(|word| fields.has(word)) {
        let pos = fields.key_pos(word);
        cx.problem(Code::Exclusive, pos, format!("`{word}` cannot be drawn"));
        return None;
    }
    let action = actions::action(cx, &mut fields, false);
    if !ACTIONS.iter().any(|row| fields.has(row.word)) {
        let problem = Problem::new(Code::NoEffect, node.pos, "this does nothing");
        cx.push(problem.label("give one action: { crash = \"broker-0\" }"));
    }
    fields.finish(cx);
    action
}
