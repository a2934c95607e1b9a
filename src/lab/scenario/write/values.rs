//! Values as TOML, and expressions as text.

use crate::kafka::protocol::TopicPartition;
use crate::lab::scenario::expr::{Expr, Op, Operand, Path, Subject};
use crate::lab::scenario::matcher::{FieldValue, MessageMatcher, NoteMatcher};
use crate::lab::scenario::model::{
    ClientRef, Focus, NodeIdx, Piece, Place, Scenario, StepIdx, Template, Text,
};
use crate::lab::scenario::words::{SpanRange, is_name};
use crate::sim::Span;

/// Keys and values of a table, in order.
#[derive(Default)]
pub(super) struct Keys(pub(super) Vec<(&'static str, String)>);

impl Keys {
    pub(super) fn put(&mut self, key: &'static str, value: String) {
        self.0.push((key, value));
    }

    pub(super) fn maybe(&mut self, key: &'static str, value: Option<String>) {
        self.0.extend(value.map(|value| (key, value)));
    }

    pub(super) fn flag(&mut self, key: &'static str, set: bool) {
        self.maybe(key, set.then(|| "true".to_owned()));
    }

    pub(super) fn table(&self) -> String {
        let pair = |(key, value): &(&str, String)| format!("{key} = {value}");
        let pairs: Vec<_> = self.0.iter().map(pair).collect();
        format!("{{ {} }}", pairs.join(", "))
    }
}

/// A TOML text.
pub(in crate::lab::scenario) fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

pub(super) fn list(items: Vec<String>) -> String {
    format!("[{}]", items.join(", "))
}

pub(super) fn duration(span: Span) -> String {
    quoted(&span.to_string())
}

pub(super) fn range(range: SpanRange) -> String {
    quoted(&format!("{}..{}", range.min, range.max))
}

/// Parts in a million as a percentage.
pub(super) fn ratio(parts: u32) -> String {
    quoted(&format!("{}.{:04}%", parts / 10_000, parts % 10_000))
}

/// Writes values with the names of a scenario.
pub(super) struct Values<'s>(pub(super) &'s Scenario);

/// Words that an expression takes for something else than a name.
const TAKEN: &[&str] = &[
    "and",
    "or",
    "not",
    "in",
    "contains",
    "true",
    "false",
    "none",
    "size",
    "now",
    "controller",
];

/// A name in an expression, in quotes if it needs them.
fn bare(name: &str) -> String {
    match is_name(name) && !TAKEN.contains(&name) {
        true => name.to_owned(),
        false => format!("'{name}'"),
    }
}

impl Values<'_> {
    pub(super) fn node(&self, node: NodeIdx) -> &str {
        let spec = self.0.cluster.nodes.get(node.0);
        spec.map_or("", |node| &node.name)
    }

    fn producer(&self, at: usize) -> &str {
        self.0.producers.get(at).map_or("", |p| &p.name)
    }

    fn consumer(&self, at: usize) -> &str {
        self.0.consumers.get(at).map_or("", |c| &c.name)
    }

    pub(super) fn client(&self, client: ClientRef) -> &str {
        match client {
            ClientRef::Producer(at) => self.producer(at),
            ClientRef::Consumer(at) => self.consumer(at),
            ClientRef::Admin => "admin",
        }
    }

    /// The id of a step. A step that others call by name has one.
    pub(super) fn step(&self, step: StepIdx) -> String {
        let id = self.0.steps.get(step.0).and_then(|step| step.id.clone());
        id.unwrap_or_default()
    }

    pub(super) fn partitions(&self, partitions: &[TopicPartition]) -> String {
        list(partitions.iter().map(|p| quoted(&p.to_string())).collect())
    }

    pub(super) fn place(&self, place: &Place) -> String {
        match place {
            Place::Node(node) => quoted(self.node(*node)),
            Place::Client(client) => quoted(self.client(*client)),
            Place::List(places) => list(places.iter().map(|p| self.place(p)).collect()),
            Place::AllBrokers => quoted("all brokers"),
            Place::AllControllers => quoted("all controllers"),
            Place::Leader(partition) => {
                format!("{{ leader = {} }}", quoted(&partition.to_string()))
            }
            Place::Follower(partition, nth) => {
                let partition = quoted(&partition.to_string());
                format!("{{ follower = {partition}, nth = {nth} }}")
            }
            Place::ActiveController => "{ controller = true }".to_owned(),
        }
    }

    pub(super) fn focus(&self, focus: &Focus) -> String {
        match focus {
            Focus::Partition(partition) => quoted(&partition.to_string()),
            Focus::Node(node) => quoted(self.node(*node)),
            Focus::Client(client) => quoted(self.client(*client)),
        }
    }

    pub(super) fn text(&self, text: &Text) -> String {
        let en = quoted(&self.template(&text.en));
        let zh = quoted(&self.template(&text.zh));
        match en == zh {
            true => en,
            false => format!("{{ en = {en}, zh = {zh} }}"),
        }
    }

    pub(super) fn template(&self, template: &Template) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Literal(text) => text.replace('{', "{{").replace('}', "}}"),
            Piece::Value(operand) => format!("{{{}}}", self.operand(operand)),
        };
        template.pieces.iter().map(piece).collect()
    }

    /// All keys but `count`, whose default depends on the place.
    pub(super) fn message(&self, matcher: &MessageMatcher) -> Keys {
        let mut keys = Keys::default();
        keys.put("message", quoted(matcher.message));
        keys.maybe("from", matcher.from.as_ref().map(|from| self.place(from)));
        keys.maybe("to", matcher.to.as_ref().map(|to| self.place(to)));
        let partition = matcher.partition.as_ref();
        keys.maybe("partition", partition.map(|p| quoted(&p.to_string())));
        keys.maybe("offset", matcher.offset.map(|n| n.to_string()));
        keys.maybe("epoch", matcher.epoch.map(|n| n.to_string()));
        keys.maybe("error", matcher.error.map(|error| error.0.to_string()));
        keys.maybe("nth", (matcher.nth != 1).then(|| matcher.nth.to_string()));
        keys
    }

    pub(super) fn note(&self, matcher: &NoteMatcher) -> Keys {
        let mut keys = Keys::default();
        keys.put("note", quoted(matcher.note.name()));
        keys.maybe("on", matcher.on.as_ref().map(|on| self.place(on)));
        let names = matcher.note.fields();
        for (at, value) in &matcher.fields {
            if let Some(name) = names.get(*at) {
                keys.put(name, self.field_value(value));
            }
        }
        keys.maybe("nth", (matcher.nth != 1).then(|| matcher.nth.to_string()));
        keys
    }

    fn field_value(&self, value: &FieldValue) -> String {
        match value {
            FieldValue::Int(n) => n.to_string(),
            FieldValue::Bool(yes) => yes.to_string(),
            FieldValue::Node(None) => quoted("none"),
            FieldValue::Node(Some(node)) => quoted(self.node(*node)),
            FieldValue::Nodes(nodes) => {
                list(nodes.iter().map(|node| quoted(self.node(*node))).collect())
            }
            FieldValue::Partition(partition) => quoted(&partition.to_string()),
            FieldValue::Topic(topic) => quoted(topic),
            FieldValue::Client(client) => quoted(self.client(*client)),
            FieldValue::Error(error) => error.0.to_string(),
        }
    }

    /// The expression as it is written.
    pub(super) fn expr(&self, expr: &Expr) -> String {
        let in_marks = |inner: &Expr| format!("({})", self.expr(inner));
        match expr {
            Expr::Or(parts) => {
                let part = |part: &Expr| match part {
                    Expr::Or(_) => in_marks(part),
                    _ => self.expr(part),
                };
                parts.iter().map(part).collect::<Vec<_>>().join(" or ")
            }
            Expr::And(parts) => {
                let part = |part: &Expr| match part {
                    Expr::Or(_) | Expr::And(_) => in_marks(part),
                    _ => self.expr(part),
                };
                parts.iter().map(part).collect::<Vec<_>>().join(" and ")
            }
            Expr::Not(inner) => match **inner {
                Expr::Compare { .. } | Expr::Truth(_) => format!("not {}", self.expr(inner)),
                _ => format!("not {}", in_marks(inner)),
            },
            Expr::Compare {
                left, op, right, ..
            } => self.compare(left, *op, right),
            Expr::Truth(operand) => self.operand(operand),
        }
    }

    fn compare(&self, left: &Operand, op: Op, right: &Operand) -> String {
        let (left, right) = (self.operand(left), self.operand(right));
        format!("{left} {} {right}", op.word())
    }

    pub(super) fn operand(&self, operand: &Operand) -> String {
        match operand {
            Operand::Int(n) => n.to_string(),
            Operand::Time(span) => span.to_string(),
            Operand::Bool(yes) => yes.to_string(),
            Operand::None => "none".to_owned(),
            Operand::Node(node) => bare(self.node(*node)),
            Operand::Partition(partition) => bare(&partition.to_string()),
            Operand::Word(word) => bare(word),
            Operand::List(items) => {
                let items = items.iter().map(|item| self.operand(item));
                list(items.collect())
            }
            Operand::Size(inner) => format!("size({})", self.operand(inner)),
            Operand::Now => "now".to_owned(),
            Operand::Path(path) => self.path(path),
        }
    }

    fn path(&self, path: &Path) -> String {
        let of = path.of.as_ref();
        let of = of.map_or_else(String::new, |of| format!("({})", bare(&of.to_string())));
        format!("{}.{}{of}", self.subject(&path.subject), path.field.word())
    }

    fn subject(&self, subject: &Subject) -> String {
        let at = |node: NodeIdx| format!("@{}", bare(self.node(node)));
        match subject {
            Subject::Partition(partition) => bare(&partition.to_string()),
            Subject::Replica(partition, node) => {
                format!("{}{}", bare(&partition.to_string()), at(*node))
            }
            Subject::Record {
                partition,
                offset,
                replica,
            } => {
                let replica = replica.map_or_else(String::new, at);
                format!("{}:{offset}{replica}", bare(&partition.to_string()))
            }
            Subject::Producer(p) => format!("producer.{}", bare(self.producer(*p))),
            Subject::Consumer(c) => format!("consumer.{}", bare(self.consumer(*c))),
            Subject::Broker(node) => format!("broker.{}", bare(self.node(*node))),
            Subject::Topic(topic) => format!("topic.{}", bare(topic)),
            Subject::Controller => "controller".to_owned(),
        }
    }
}
