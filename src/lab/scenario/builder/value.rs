//! Values as a scenario file writes them, and tables of them.

use crate::lab::scenario::write::quoted;
use crate::sim::Span;
use std::fmt;

/// A value of the language: a name, a duration, an expression, a number, a list, a table.
///
/// Texts become TOML texts, whatever is in them. What a value means, and whether it means anything
/// at its place, is for the reader of scenario files to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value(String);

impl Value {
    /// The value in TOML.
    pub fn as_toml(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value(quoted(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value(quoted(&text))
    }
}

/// A duration, in the units of the language.
impl From<Span> for Value {
    fn from(span: Span) -> Self {
        Value(quoted(&span.to_string()))
    }
}

macro_rules! plain_values {
    ($($type:ty)*) => { $(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Value(value.to_string())
            }
        }
    )* };
}

plain_values! { bool i16 i32 i64 u16 u32 u64 }

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        let items: Vec<String> = items.into_iter().map(|item| item.into().0).collect();
        Value(format!("[{}]", items.join(", ")))
    }
}

impl<T: Into<Value>, const N: usize> From<[T; N]> for Value {
    fn from(items: [T; N]) -> Self {
        Value::from(Vec::from(items))
    }
}

impl From<Table> for Value {
    fn from(table: Table) -> Self {
        let pair = |(key, value): &(String, Value)| format!("{} = {}", quoted(key), value.0);
        let pairs: Vec<String> = table.0.iter().map(pair).collect();
        Value(format!("{{ {} }}", pairs.join(", ")))
    }
}

/// Keys and values, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table(Vec<(String, Value)>);

impl Table {
    /// One more key.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.push((key.to_owned(), value.into()));
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The table with another table in it, if that one has keys.
    pub(super) fn with_table(self, key: &str, table: Table) -> Self {
        match table.is_empty() {
            true => self,
            false => self.with(key, table),
        }
    }
}

/// A line for each key.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (key, value) in &self.0 {
            match key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
                true => writeln!(f, "{key} = {}", value.0)?,
                false => writeln!(f, "{} = {}", quoted(key), value.0)?,
            }
        }
        Ok(())
    }
}

/// The leader of a partition by the controller's record, at the moment when it is needed.
pub fn leader(partition: &str) -> Value {
    Table::default().with("leader", partition).into()
}

/// A follower of a partition, from 1 in the order of its replicas.
pub fn follower(partition: &str, nth: u32) -> Value {
    let table = Table::default().with("follower", partition);
    table.with("nth", nth).into()
}

/// The active controller, at the moment when it is needed.
pub fn active_controller() -> Value {
    Table::default().with("controller", true).into()
}

/// Matches notes of this name; [`Table::with`] adds fields.
pub fn note(name: &str) -> Table {
    Table::default().with("note", name)
}

/// Matches messages of this name, as `Fetch`; [`Table::with`] adds `from`, `to` and other keys.
pub fn message(name: &str) -> Table {
    Table::default().with("message", name)
}

/// A text in English and Chinese.
pub fn text(en: &str, zh: &str) -> Value {
    Table::default().with("en", en).with("zh", zh).into()
}
