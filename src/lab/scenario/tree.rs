//! The TOML tree with the position of every key and value, and all syntax errors at once.

use super::codes::Code;
use super::pos::Pos;
use super::problem::{Problem, Problems};
use toml::de::{DeTable, DeValue};

/// A value with its position.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) pos: Pos,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Str(String),
    Int(i64),
    /// Its text: floats are never computed with.
    Float(String),
    Bool(bool),
    /// Its text.
    Date(String),
    Array(Vec<Node>),
    Table(Table),
}

impl Value {
    /// The type in words.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Str(_) => "a text",
            Value::Int(_) => "a whole number",
            Value::Float(_) => "a decimal number",
            Value::Bool(_) => "true or false",
            Value::Date(_) => "a date",
            Value::Array(_) => "a list",
            Value::Table(_) => "a table",
        }
    }
}

/// A table's entries in the order of the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_pos: Pos,
    pub(super) node: Node,
}

impl Table {
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub(super) fn node(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    pub(super) fn node_mut(&mut self, key: &str) -> Option<&mut Node> {
        let entry = self.entries.iter_mut().find(|entry| entry.key == key);
        entry.map(|entry| &mut entry.node)
    }

    /// The text under `key`.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match &self.node(key)?.value {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }
}

/// Reads the file; what cannot be read is a problem and is left out.
pub(super) fn read(source: &str, problems: &mut Problems) -> Table {
    let (root, errors) = DeTable::parse_recoverable(source);
    for error in errors {
        let span = error.span().unwrap_or(source.len()..source.len());
        let message = error.message().to_owned();
        problems.push(Problem::new(Code::Syntax, Pos::of(span), message));
    }
    table(root.get_ref(), problems)
}

fn table(source: &DeTable<'_>, problems: &mut Problems) -> Table {
    let mut entries: Vec<Entry> = (source.iter())
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_pos: Pos::of(key.span()),
            node: node(value.get_ref(), Pos::of(value.span()), problems),
        })
        .collect();
    entries.sort_by_key(|entry| entry.key_pos.start);
    Table { entries }
}

/// The depth is bounded by the reader's own limit.
fn node(source: &DeValue<'_>, pos: Pos, problems: &mut Problems) -> Node {
    let value = match source {
        DeValue::String(text) => Value::Str(text.to_string()),
        DeValue::Integer(n) => {
            let parsed = i64::from_str_radix(n.as_str(), n.radix());
            if parsed.is_err() {
                let message = "the number does not fit into 64 bits";
                problems.push(Problem::new(Code::OutOfRange, pos, message));
            }
            Value::Int(parsed.unwrap_or(0))
        }
        DeValue::Float(n) => Value::Float(n.as_str().to_owned()),
        DeValue::Boolean(yes) => Value::Bool(*yes),
        DeValue::Datetime(date) => Value::Date(date.to_string()),
        DeValue::Array(items) => {
            let item = |item: &toml::Spanned<DeValue<'_>>| {
                node(item.get_ref(), Pos::of(item.span()), problems)
            };
            Value::Array(items.iter().map(item).collect())
        }
        DeValue::Table(inner) => Value::Table(table(inner, problems)),
    };
    Node { value, pos }
}
