//! Matchers against messages and notes.

use super::eval::Scope;
use crate::kafka::vocabulary::{Kafka, Note, Value};
use crate::lab::scenario::matcher::{FieldValue, MessageMatcher, NoteMatcher};
use crate::lab::scenario::model::Place;
use crate::sim::{Envelope, NodeId};

pub(super) fn is_at(scope: &Scope<'_>, place: Option<&Place>, node: NodeId) -> bool {
    place.is_none_or(|place| scope.plan.resolve(place, scope.view).contains(&node))
}

/// Whether a message that is about to be delivered fits, counting aside.
pub(super) fn message(
    scope: &Scope<'_>,
    matcher: &MessageMatcher,
    envelope: &Envelope<Kafka>,
) -> bool {
    let body = &envelope.body;
    if body.name() != matcher.message
        || !is_at(scope, matcher.from.as_ref(), envelope.from)
        || !is_at(scope, matcher.to.as_ref(), envelope.to)
    {
        return false;
    }
    if matcher.error.is_some_and(|error| !body.has_error(error)) {
        return false;
    }
    if matcher.partition.is_none() && matcher.offset.is_none() && matcher.epoch.is_none() {
        return true;
    }
    let wanted = matcher.partition.as_ref();
    let topic_id = wanted.and_then(|tp| {
        scope
            .view
            .truth()
            .and_then(|image| image.topic(&tp.topic))
            .map(|topic| topic.id)
    });
    body.partitions().iter().any(|facts| {
        let here = wanted.is_none_or(|tp| {
            let named = facts.topic.as_deref() == Some(&tp.topic);
            let by_id = facts.topic_id.is_some() && facts.topic_id == topic_id;
            facts.partition == tp.partition && (named || by_id)
        });
        here && matcher
            .offset
            .is_none_or(|offset| facts.offset == Some(offset))
            && matcher
                .epoch
                .is_none_or(|epoch| facts.epoch.map(i64::from) == Some(epoch))
    })
}

/// Whether a note fits, counting aside.
pub(super) fn note(scope: &Scope<'_>, matcher: &NoteMatcher, node: NodeId, note: &Note) -> bool {
    if note.kind() != matcher.note || !is_at(scope, matcher.on.as_ref(), node) {
        return false;
    }
    let mut values = Vec::new();
    note.for_each_field(|_, value| values.push(value));
    matcher.fields.iter().all(|(index, wanted)| {
        values
            .get(*index)
            .is_some_and(|value| fits(scope, node, value, wanted))
    })
}

pub(super) fn fits(scope: &Scope<'_>, node: NodeId, value: &Value, wanted: &FieldValue) -> bool {
    let plan = scope.plan;
    match (value, wanted) {
        (Value::Int(a), FieldValue::Int(b)) => a == b,
        (Value::Bool(a), FieldValue::Bool(b)) => a == b,
        (Value::Error(a), FieldValue::Error(b)) => a == b,
        (Value::Node(id), FieldValue::Node(wanted)) => plan.by_kafka_id(*id) == *wanted,
        (Value::Nodes(set), FieldValue::Nodes(wanted)) => {
            let have: Vec<_> = set.iter().filter_map(|id| plan.by_kafka_id(id)).collect();
            have.len() == wanted.len() && wanted.iter().all(|node| have.contains(node))
        }
        (Value::Partition(tp), FieldValue::Partition(wanted)) => {
            plan.tp(wanted, scope.view) == Some(*tp)
        }
        (Value::Topic(tag), FieldValue::Topic(name)) => {
            scope.view.topic_name(*tag) == Some(name.as_str())
        }
        (Value::Client(client), FieldValue::Client(wanted)) => plan
            .client(*wanted)
            .is_some_and(|seat| seat.node == node && seat.client == *client),
        _ => false,
    }
}
