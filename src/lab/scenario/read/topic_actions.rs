//! Actions of the admin client: requests that travel and can time out.

use super::actions::OnMessage;
use super::workload::topic_fields;
use crate::lab::scenario::action::Action;
use crate::lab::scenario::cx::Cx;
use crate::lab::scenario::fields::Fields;
use crate::lab::scenario::shapes;
use crate::lab::scenario::tree::{Node, Value};

/// `by = "admin"`, the only client that administers.
fn by(cx: &mut Cx<'_>, fields: &mut Fields<'_>) {
    fields.and(&shapes::BY);
    if let Some(node) = fields.node("by") {
        cx.word(node, "clients that administer", &[("admin", ())]);
    }
}

pub(super) fn create_topic(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    let mut fields = Fields::of(cx, node, &shapes::TOPIC).map(|f| f.called("create-topic"))?;
    by(cx, &mut fields);
    let spec = topic_fields(cx, &mut fields);
    fields.finish(cx);
    spec.map(|spec| Action::CreateTopic(Box::new(spec)))
}

pub(super) fn delete_topic(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    if let Value::Str(_) = node.value {
        return cx.topic(node).map(Action::DeleteTopic);
    }
    let mut fields = Fields::of(cx, node, &shapes::DELETE_TOPIC)?;
    by(cx, &mut fields);
    let topic = fields.required(cx, "name").and_then(|node| cx.topic(node));
    fields.finish(cx);
    topic.map(Action::DeleteTopic)
}

pub(super) fn elect(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    let mut fields = Fields::of(cx, node, &shapes::ELECT)?;
    by(cx, &mut fields);
    let partition = fields.required(cx, "partition");
    let partition = partition.and_then(|node| cx.partition(node));
    let mode = fields.required(cx, "mode");
    let modes = [("preferred", false), ("unclean", true)];
    let unclean = mode.and_then(|node| cx.word(node, "elections", &modes));
    fields.finish(cx);
    Some(Action::Elect {
        partition: partition?,
        unclean: unclean?,
    })
}
