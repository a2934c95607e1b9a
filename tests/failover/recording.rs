//! What was recorded and what a run shows, in one form.

use kafkalab::lab::scenario::run::{Ending, Sent};
use serde_json::{Map, Value, json};

/// ISR, ELR and offline replicas are sets.
pub(crate) fn sorted(mut state: Value) -> Value {
    for field in ["isr", "elr", "last_known_elr", "offline"] {
        if let Some(ids) = state[field].as_array_mut() {
            ids.sort_by_key(Value::as_i64);
        }
    }
    state
}

/// Counts, offsets and errors of sends as the recording has them.
pub(crate) fn tally(sends: &[&Sent]) -> Value {
    let mut offsets = Vec::new();
    let mut errors: Map<String, Value> = Map::new();
    let mut pending = 0;
    for sent in sends {
        match &sent.ending {
            Ending::Pending => pending += 1,
            Ending::Acknowledged { offset, .. } => offsets.push(*offset),
            Ending::Failed { error, message } => {
                // The recording leaves out which partition and for how long.
                let text = message
                    .split_once(" for ")
                    .map_or(message.as_str(), |(text, _)| text);
                let key = format!("({} {}): {text}", error.name(), error.0);
                let count = errors.get(&key).and_then(Value::as_i64).unwrap_or(0);
                errors.insert(key, json!(count + 1));
            }
        }
    }
    let mut all = json!({
        "sent": sends.len(), "acknowledged": offsets.len(), "pending": pending, "errors": errors,
    });
    if let (Some(first), Some(last)) = (offsets.iter().min(), offsets.iter().max()) {
        all["first_offset"] = json!(first);
        all["last_offset"] = json!(last);
    }
    all
}

/// A recorded tally without the names of Java's classes and without a measured time.
pub(crate) fn normal(recorded: &Value) -> Value {
    let mut normal = recorded.clone();
    let errors = recorded["errors"].as_object().expect("by error");
    let short = errors.iter().map(|(text, count)| {
        let text = text.split_once(' ').map_or(text.as_str(), |(_, rest)| rest);
        let text = text.split_once(" for ").map_or(text, |(text, _)| text);
        (text.to_owned(), count.clone())
    });
    normal["errors"] = Value::Object(short.collect());
    normal.as_object_mut().expect("a table").remove("waited_ms");
    normal
}
