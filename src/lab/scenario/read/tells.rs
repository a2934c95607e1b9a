//! `[[tell]]` and `[[ask]]`: what a learner reads and answers.

use super::steps::{focus, trigger};
use super::{matchers, name};
use crate::lab::scenario::codes::Code;
use crate::lab::scenario::cx::Cx;
use crate::lab::scenario::fields::Fields;
use crate::lab::scenario::model::{Ask, Choice, Tell, Trigger};
use crate::lab::scenario::problem::Problem;
use crate::lab::scenario::tree::{Node, Value};
use crate::lab::scenario::{shapes, texts};

pub(super) fn tell(cx: &mut Cx<'_>, node: &Node) -> Option<Tell> {
    let mut fields = Fields::of(cx, node, &shapes::TELL)?;
    let id = fields.node("id").and_then(|node| name(cx, node));
    let trigger = trigger(cx, &mut fields, &["at", "after", "when"]);
    let text = fields.required(cx, "text");
    let text = text.and_then(|node| texts::text(cx, node));
    let focus = fields.node("focus").and_then(|node| focus(cx, node));
    let pos = fields.pos;
    fields.finish(cx);
    Some(Tell {
        id,
        trigger: trigger?,
        text: text?,
        focus,
        pos,
    })
}

pub(super) fn ask(cx: &mut Cx<'_>, node: &Node) -> Option<Ask> {
    let mut fields = Fields::of(cx, node, &shapes::ASK)?;
    let id = fields.node("id").and_then(|node| name(cx, node));
    let before = fields.node("before");
    let trigger = match before {
        Some(node) => {
            if let Some(key) = fields.present(&["at", "after", "when"]).first() {
                let pos = fields.key_pos(key);
                let message = format!("two triggers: before and {key}");
                cx.problem(Code::Exclusive, pos, message);
            }
            before_what(cx, node)
        }
        None => trigger(cx, &mut fields, &["before", "at", "after", "when"]),
    };
    let text = fields.required(cx, "text");
    let text = text.and_then(|node| texts::text(cx, node));
    let choose = fields.required(cx, "choose");
    let choose = choose.and_then(|node| choices(cx, node));
    let pos = fields.pos;
    fields.finish(cx);
    Some(Ask {
        id,
        trigger: trigger?,
        before: before.is_some(),
        text: text?,
        choose: choose?,
        pos,
    })
}

/// A matcher, or an expression: the question comes before the step that makes it true.
fn before_what(cx: &mut Cx<'_>, node: &Node) -> Option<Trigger> {
    let Value::Table(table) = &node.value else {
        return cx.expr(node).map(|expr| Trigger::State(expr, 1));
    };
    if table.node("note").is_some() {
        return matchers::note(cx, node).map(|m| Trigger::Note(Box::new(m)));
    }
    let mut fields = Fields::of(cx, node, &shapes::MESSAGE)?;
    let matcher = matchers::message(cx, &mut fields);
    fields.finish(cx);
    matcher.map(|m| Trigger::Message(Box::new(m)))
}

fn choices(cx: &mut Cx<'_>, node: &Node) -> Option<Vec<Choice>> {
    let listed = cx.list(node)?.len();
    let choices = cx.each(node, choice)?;
    if choices.len() != listed {
        return None;
    }
    if choices.len() < 2 || !choices.iter().any(|choice| choice.right) {
        let problem = Problem::new(
            Code::BadQuestion,
            node.pos,
            "the question cannot be answered",
        );
        cx.push(problem.label("at least two answers, one with right = true"));
        return None;
    }
    Some(choices)
}

fn choice(cx: &mut Cx<'_>, node: &Node) -> Option<Choice> {
    let mut fields = Fields::of(cx, node, &shapes::ANSWER)?;
    let text = texts::languages(cx, &mut fields);
    let wrong_at = fields.node("wrong");
    let wrong = wrong_at.and_then(|node| texts::text(cx, node));
    let right = fields.flag(cx, "right");
    let pos = fields.pos;
    fields.finish(cx);
    if right == wrong_at.is_some() {
        let message = "an answer is either right, or says why it is wrong";
        cx.problem(Code::BadQuestion, pos, message);
        return None;
    }
    Some(Choice {
        text: text?,
        wrong,
        right,
    })
}
