//! The keys of `semantics` that say how logs are read and written.

use crate::kafka::config::IoModel;
use crate::lab::scenario::codes::Code;
use crate::lab::scenario::cx::Cx;
use crate::lab::scenario::fields::Fields;
use crate::lab::scenario::tree::{Node, Value};
use crate::lab::scenario::words;

pub(super) fn io_model(cx: &mut Cx<'_>, fields: &mut Fields<'_>) -> IoModel {
    let kafka = IoModel::default();
    let writes = fields.node("writes").and_then(|node| {
        let words = [("append", true), ("in-place", false)];
        cx.word(node, "ways to write", &words)
    });
    let page_cache = fields.node("page-cache");
    let zero_copy = fields.node("zero-copy").and_then(|node| cx.boolean(node));
    IoModel {
        sequential_writes: writes.unwrap_or(kafka.sequential_writes),
        page_cache: page_cache.and_then(|node| cache_bytes(cx, node)),
        zero_copy: zero_copy.unwrap_or(kafka.zero_copy),
    }
}

/// A size, or "off".
fn cache_bytes(cx: &mut Cx<'_>, node: &Node) -> Option<u64> {
    match &node.value {
        Value::Str(word) if word == "off" => Some(0),
        _ => {
            let bytes = cx.quantity(node, Code::BadQuantity, words::size)?;
            u64::try_from(bytes).ok()
        }
    }
}
