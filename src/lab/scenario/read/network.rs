//! `[network]`, `[[link]]`, `[cost]`, and links in steps.

use super::places::place;
use super::{items, name};
use crate::kafka::vocabulary::Work;
use crate::lab::scenario::codes::Code;
use crate::lab::scenario::cx::Cx;
use crate::lab::scenario::fields::Fields;
use crate::lab::scenario::model::{Cost, LinkChange, LinkSpec, Network};
use crate::lab::scenario::problem::Problem;
use crate::lab::scenario::tree::{Node, Value};
use crate::lab::scenario::{shapes, words};
use crate::sim::Span;

pub(super) fn network(cx: &mut Cx<'_>, fields: &mut Fields<'_>) -> Network {
    let defaults = fields.node("network").and_then(|node| {
        let mut fields = Fields::of(cx, node, &shapes::NETWORK)?;
        let change = change(cx, &mut fields);
        fields.finish(cx);
        Some(change)
    });
    Network {
        defaults: defaults.unwrap_or_default(),
        links: items(cx, fields, "link", own_link),
    }
}

fn change(cx: &mut Cx<'_>, fields: &mut Fields<'_>) -> LinkChange {
    let ratio = |cx: &mut Cx<'_>, fields: &mut Fields<'_>, key: &'static str| {
        let node = fields.node(key)?;
        cx.quantity(node, Code::BadQuantity, words::ratio)
    };
    let latency = fields.node("latency");
    let latency = latency.and_then(|node| cx.quantity(node, Code::BadDuration, words::span_range));
    let loss = ratio(cx, fields, "loss");
    let duplicate = ratio(cx, fields, "duplicate");
    let reorder = ratio(cx, fields, "reorder");
    let bandwidth = fields.node("bandwidth");
    let bandwidth =
        bandwidth.and_then(|node| cx.quantity(node, Code::BadQuantity, words::bandwidth));
    LinkChange {
        latency,
        loss,
        duplicate,
        reorder,
        bandwidth,
    }
}

/// `[[link]]`; the id is for branches only.
fn own_link(cx: &mut Cx<'_>, node: &Node) -> Option<LinkSpec> {
    let mut fields = Fields::of(cx, node, &shapes::LINK)?;
    fields.node("id").and_then(|node| name(cx, node));
    link_fields(cx, fields)
}

/// The value of a `link` step.
pub(super) fn link(cx: &mut Cx<'_>, node: &Node) -> Option<LinkSpec> {
    let fields = Fields::of(cx, node, &shapes::LINK)?;
    link_fields(cx, fields)
}

fn link_fields(cx: &mut Cx<'_>, mut fields: Fields<'_>) -> Option<LinkSpec> {
    let from = fields.required(cx, "from").and_then(|node| place(cx, node));
    let to = fields.required(cx, "to").and_then(|node| place(cx, node));
    let both = fields.flag(cx, "both");
    let changes = ["latency", "loss", "duplicate", "reorder", "bandwidth"];
    if fields.present(&changes).is_empty() {
        let problem = Problem::new(Code::MissingKey, fields.pos, "nothing changes on this link");
        cx.push(problem.label(format!("give one of {}", changes.join(", "))));
    }
    let change = change(cx, &mut fields);
    fields.finish(cx);
    Some(LinkSpec {
        from: from?,
        to: to?,
        both,
        change,
    })
}

/// `[cost]`, or `cost = "free"`.
pub(super) fn cost(cx: &mut Cx<'_>, fields: &mut Fields<'_>) -> Cost {
    let Some(node) = fields.node("cost") else {
        return Cost::Prices(Vec::new());
    };
    if let Value::Str(_) = node.value {
        let free = cx.word(node, "words", &[("free", ())]);
        return free.map_or(Cost::Prices(Vec::new()), |()| Cost::Free);
    }
    let Some(mut fields) = Fields::of(cx, node, &shapes::COST) else {
        return Cost::Prices(Vec::new());
    };
    fields.and_words(Work::ALL.iter().map(|work| work.word()));
    let mut prices = Vec::new();
    for work in Work::ALL {
        if let Some(node) = fields.node(work.word()) {
            prices.extend(price(cx, node).map(|span| (*work, span)));
        }
    }
    fields.finish(cx);
    Cost::Prices(prices)
}

fn price(cx: &mut Cx<'_>, node: &Node) -> Option<Span> {
    match &node.value {
        Value::Str(text) if text == "free" => Some(Span::ZERO),
        _ => cx.duration(node),
    }
}
