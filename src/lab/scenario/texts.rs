//! Texts in two languages with values in them.

use super::codes::Code;
use super::cx::Cx;
use super::expr_check::Within;
use super::fields::Fields;
use super::model::{Piece, Template, Text};
use super::problem::Problem;
use super::shapes;
use super::tree::{Node, Value};

/// `{ en = "…", zh = "…" }`, or one text for both languages.
pub(super) fn text(cx: &mut Cx<'_>, node: &Node) -> Option<Text> {
    match &node.value {
        Value::Str(_) => {
            let en = template(cx, node)?;
            Some(Text { zh: en.clone(), en })
        }
        Value::Table(_) => {
            let mut fields = Fields::of(cx, node, &shapes::TEXT)?;
            let text = languages(cx, &mut fields);
            fields.finish(cx);
            text
        }
        _ => {
            cx.wrong_type(node, "a text or a table { en, zh }");
            None
        }
    }
}

/// The keys `en` and `zh` of a table that may have others.
pub(super) fn languages(cx: &mut Cx<'_>, fields: &mut Fields<'_>) -> Option<Text> {
    let en = fields.required(cx, "en").map(|node| template(cx, node));
    let zh = fields.node("zh").map(|node| template(cx, node));
    let en = en??;
    let zh = zh.flatten().unwrap_or_else(|| en.clone());
    Some(Text { en, zh })
}

fn template(cx: &mut Cx<'_>, node: &Node) -> Option<Template> {
    let source = cx.text(node)?;
    let within = Within::of(cx, node.pos, source);
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut at = 0;
    let mut sound = true;
    while let Some(c) = source[at..].chars().next() {
        let rest = &source[at..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            literal.push(c);
            at += 2;
        } else if c == '{' {
            let Some(end) = rest.find('}') else {
                unclosed(cx, within, at);
                return None;
            };
            let inner = &rest[1..end];
            match cx.operand(inner, within.from(at + 1)) {
                Some(value) => {
                    push_literal(&mut pieces, &mut literal);
                    pieces.push(Piece::Value(value));
                }
                None => sound = false,
            }
            at += end + 1;
        } else if c == '}' {
            unclosed(cx, within, at);
            return None;
        } else {
            literal.push(c);
            at += c.len_utf8();
        }
    }
    push_literal(&mut pieces, &mut literal);
    sound.then_some(Template { pieces })
}

fn push_literal(pieces: &mut Vec<Piece>, literal: &mut String) {
    if !literal.is_empty() {
        pieces.push(Piece::Literal(std::mem::take(literal)));
    }
}

fn unclosed(cx: &mut Cx<'_>, within: Within, at: usize) {
    let message = "this brace has no partner";
    let problem = Problem::new(Code::BadText, within.pos(&(at..at + 1)), message);
    cx.push(problem.label("a brace of its own is written twice"));
}
