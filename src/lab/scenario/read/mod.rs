//! From the tree of a file to a [`Scenario`]: one file a part. Every problem goes to the
//! [`Cx`]; what cannot be read is left out, so that the rest is still looked at.

mod actions;
mod client_actions;
mod cluster;
mod configs;
mod declare;
mod expects;
mod io_model;
mod matchers;
mod network;
mod node_actions;
mod places;
mod random;
mod steps;
mod tells;
mod topic_actions;
mod workload;

pub use actions::{ACTIONS, ActionDoc};
pub use expects::{RULES, RuleDoc};

use super::codes::Code;
use super::cx::Cx;
use super::fields::Fields;
use super::limits::MAX_STEPS;
use super::model::{End, EndWhen, Scenario};
use super::pos::Pos;
use super::tree::{Node, Table, Value};
use super::words::calendar;
use super::{shapes, texts, words};

/// 2026-01-01T00:00:00Z.
const DEFAULT_START_MS: i64 = 1_767_225_600_000;

/// Reads a whole file or a merged branch.
pub(super) fn scenario(cx: &mut Cx<'_>, root: &Table) -> Scenario {
    let mut fields = Fields::new(root, Pos::default(), &shapes::SCENARIO);
    header(cx, &mut fields);
    let seed = fields.int(cx, "seed", 0..=i64::MAX).unwrap_or(0);
    let title = fields.required(cx, "title");
    let title = title.and_then(|node| texts::text(cx, node));
    let start_ms = fields.node("time").and_then(|node| time(cx, node));
    let cluster = cluster::cluster(cx, &mut fields, root);
    declare::workload(cx, root, &cluster);
    let network = network::network(cx, &mut fields);
    let cost = network::cost(cx, &mut fields);
    let topics = items(cx, &mut fields, "topic", workload::topic);
    let producers = items(cx, &mut fields, "producer", workload::producer);
    let consumers = items(cx, &mut fields, "consumer", workload::consumer);
    not_built(cx, &mut fields, "group");
    let steps = items(cx, &mut fields, "step", steps::step);
    let tells = items(cx, &mut fields, "tell", tells::tell);
    let asks = items(cx, &mut fields, "ask", tells::ask);
    let expects = items(cx, &mut fields, "expect", expects::expect);
    let end = fields.node("end").and_then(|node| end(cx, node));
    fields.finish(cx);
    Scenario {
        seed: seed as u64,
        title: title.unwrap_or_default(),
        start_ms: start_ms.unwrap_or(DEFAULT_START_MS),
        cluster,
        network,
        cost,
        topics,
        producers,
        consumers,
        steps,
        tells,
        asks,
        expects,
        end: end.unwrap_or_default(),
    }
}

fn header(cx: &mut Cx<'_>, fields: &mut Fields<'_>) {
    if let Some(node) = fields.required(cx, "format")
        && !matches!(node.value, Value::Int(1))
    {
        cx.problem(Code::BadFormat, node.pos, "only format 1 is known");
    }
    if let Some(node) = fields.node("kafka") {
        let version = cx.text(node);
        if version.is_some_and(|v| v != "4.3" && v != "4.3.1") {
            cx.problem(Code::BadFormat, node.pos, "only Kafka 4.3 is followed");
        }
    }
}

fn time(cx: &mut Cx<'_>, node: &Node) -> Option<i64> {
    let mut fields = Fields::of(cx, node, &shapes::TIME)?;
    let start = fields.node("start").and_then(|node| moment(cx, node));
    fields.finish(cx);
    start
}

fn moment(cx: &mut Cx<'_>, node: &Node) -> Option<i64> {
    let (Value::Date(text) | Value::Str(text)) = &node.value else {
        cx.wrong_type(node, "a point in time");
        return None;
    };
    let ms = calendar(text);
    if ms.is_none() {
        let message = "a time like 2026-01-01T00:00:00Z is needed here";
        cx.problem(Code::BadCalendar, node.pos, message);
    }
    ms
}

/// Reads every item of `[[key]]`; items that cannot be read are left out.
fn items<T>(
    cx: &mut Cx<'_>,
    fields: &mut Fields<'_>,
    key: &'static str,
    read: fn(&mut Cx<'_>, &Node) -> Option<T>,
) -> Vec<T> {
    let Some(node) = fields.node(key) else {
        return Vec::new();
    };
    let Value::Array(nodes) = &node.value else {
        let message = format!("{key} is a list: write [[{key}]]");
        cx.problem(Code::WrongType, node.pos, message);
        return Vec::new();
    };
    if nodes.len() > MAX_STEPS {
        let message = format!("{} items; the limit is {MAX_STEPS}", nodes.len());
        cx.problem(Code::TooLarge, nodes[MAX_STEPS].pos, message);
    }
    let nodes = nodes.iter().take(MAX_STEPS);
    nodes.filter_map(|node| read(cx, node)).collect()
}

fn not_built(cx: &mut Cx<'_>, fields: &mut Fields<'_>, key: &'static str) {
    if fields.node(key).is_some() {
        let pos = fields.key_pos(key);
        cx.problem(Code::NotBuilt, pos, format!("`{key}` is not built yet"));
    }
}

fn end(cx: &mut Cx<'_>, node: &Node) -> Option<End> {
    let mut fields = Fields::of(cx, node, &shapes::END)?;
    if fields.present(&["at", "when"]).len() > 1 {
        let pos = fields.key_pos("when");
        cx.problem(
            Code::Exclusive,
            pos,
            "the end is at a time or when something is true",
        );
    }
    let at = fields.duration(cx, "at").map(EndWhen::At);
    let when = fields.node("when").and_then(|node| cx.expr(node));
    let end = End {
        when: at.or(when.map(EndWhen::State)),
        settle: (fields.duration(cx, "settle")).unwrap_or_else(|| End::default().settle),
        restart: fields.flag(cx, "restart"),
    };
    fields.finish(cx);
    Some(end)
}

/// A name of the language.
fn name(cx: &mut Cx<'_>, node: &Node) -> Option<String> {
    let text = cx.text(node)?;
    if words::is_name(text) {
        return Some(text.to_owned());
    }
    let message = format!("\"{}\" is not a name", super::cx::shorten(text));
    cx.problem(Code::BadName, node.pos, message);
    None
}
