//! Machines: by name, in lists, or by a role that is resolved when the step acts.

use crate::lab::scenario::codes::Code;
use crate::lab::scenario::cx::Cx;
use crate::lab::scenario::fields::Fields;
use crate::lab::scenario::model::Place;
use crate::lab::scenario::problem::Problem;
use crate::lab::scenario::shapes;
use crate::lab::scenario::tree::{Node, Table, Value};

const ROLES: &[&str] = &["leader", "follower", "controller", "coordinator", "owner"];

/// Whether a table names a role rather than an action with more to say.
pub(super) fn is_role(table: &Table) -> bool {
    ROLES.iter().any(|role| table.node(role).is_some())
}

/// A node position.
pub(super) fn place(cx: &mut Cx<'_>, node: &Node) -> Option<Place> {
    match &node.value {
        Value::Str(name) => named(cx, name, node),
        Value::Array(items) => {
            if items.is_empty() {
                cx.problem(Code::UnknownNode, node.pos, "the list is empty");
            }
            // Lists do not nest.
            let read = |cx: &mut Cx<'_>, item: &Node| match item.value {
                Value::Array(_) => {
                    cx.wrong_type(item, "a node");
                    None
                }
                _ => place(cx, item),
            };
            let places = cx.each(node, read)?;
            (places.len() == items.len() && !items.is_empty()).then_some(Place::List(places))
        }
        Value::Table(_) => role(cx, node),
        _ => {
            cx.wrong_type(node, "a node");
            None
        }
    }
}

fn named(cx: &mut Cx<'_>, name: &str, node: &Node) -> Option<Place> {
    match name {
        "all brokers" => return Some(Place::AllBrokers),
        "all controllers" => return Some(Place::AllControllers),
        _ => {}
    }
    match cx.names.client(name) {
        Some(client) if cx.names.node(name).is_none() => Some(Place::Client(client)),
        _ => cx.node_ref(node).map(Place::Node),
    }
}

fn role(cx: &mut Cx<'_>, node: &Node) -> Option<Place> {
    let mut fields = Fields::of(cx, node, &shapes::PLACE)?;
    let given = fields.present(ROLES);
    let place = match given[..] {
        ["leader"] => {
            let partition = fields.node("leader").and_then(|node| cx.partition(node));
            partition.map(Place::Leader)
        }
        ["follower"] => {
            let partition = fields.node("follower").and_then(|node| cx.partition(node));
            let nth = fields.int(cx, "nth", 1..=127).unwrap_or(1) as u32;
            partition.map(|partition| Place::Follower(partition, nth))
        }
        ["controller"] => {
            let yes = fields
                .node("controller")
                .and_then(|node| cx.just_true(node));
            yes.map(|()| Place::ActiveController)
        }
        [word @ ("coordinator" | "owner")] | ["owner", word] | [word, "owner"] => {
            let pos = fields.key_pos(word);
            cx.problem(
                Code::NotBuilt,
                pos,
                format!("the position `{word}` is not built yet"),
            );
            return None;
        }
        _ => {
            let problem = Problem::new(Code::MissingKey, node.pos, "this names no node");
            let label = "a name, a list, \"all brokers\", or { leader = \"orders-0\" }";
            cx.push(problem.label(label));
            return None;
        }
    };
    fields.finish(cx);
    place
}
