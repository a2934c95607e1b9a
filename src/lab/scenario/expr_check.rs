//! Raw expressions with the file's names put in and their types checked.

use super::codes::Code;
use super::cx::{Cx, shorten};
use super::expr::{Expr, Field, Op, Operand, Path, Subject, SubjectKind, Type};
use super::expr_lex::Bad;
use super::expr_parse::{self, NAMED, RawExpr, RawKind, RawPath, RawSubject, RawValue, Word};
use super::pos::Pos;
use super::problem::Problem;
use super::tree::Node;
use std::ops::Range;

/// Where a text stands in the file, so that places within it can be shown.
#[derive(Clone, Copy)]
pub(super) struct Within {
    whole: Pos,
    /// Where the text itself begins; none if it is written with escapes.
    start: Option<usize>,
}

impl Within {
    pub(super) fn of(cx: &Cx<'_>, pos: Pos, text: &str) -> Self {
        let written = cx.source.get(pos.range());
        let inside = written.and_then(|written| written.find(text));
        Within {
            whole: pos,
            start: inside.map(|at| pos.start as usize + at),
        }
    }

    /// The same for a part of the text.
    pub(super) fn from(self, offset: usize) -> Self {
        Within {
            start: self.start.map(|start| start + offset),
            ..self
        }
    }

    pub(super) fn pos(self, span: &Range<usize>) -> Pos {
        match self.start {
            Some(start) => Pos::of(start + span.start..start + span.end),
            None => self.whole,
        }
    }
}

impl Cx<'_> {
    /// A text that is an expression.
    pub(super) fn expr(&mut self, node: &Node) -> Option<Expr> {
        let text = self.text(node)?;
        let within = Within::of(self, node.pos, text);
        match expr_parse::expression(text) {
            Ok(raw) => check(self, within, &raw),
            Err(bad) => {
                self.bad_expression(within, bad);
                None
            }
        }
    }

    /// A text that is one value, such as a path.
    pub(super) fn operand(&mut self, text: &str, within: Within) -> Option<Operand> {
        match expr_parse::value(text) {
            Ok(raw) => {
                let kind = type_of(self, within, &raw)?;
                resolve(self, within, &raw, kind)
            }
            Err(bad) => {
                self.bad_expression(within, bad);
                None
            }
        }
    }

    fn bad_expression(&mut self, within: Within, bad: Bad) {
        let problem = Problem::new(
            Code::BadExpression,
            within.pos(&bad.span),
            "this is not an expression",
        );
        self.push(problem.label(bad.why));
    }
}

fn check(cx: &mut Cx<'_>, within: Within, raw: &RawExpr) -> Option<Expr> {
    match raw {
        RawExpr::Or(parts) => check_all(cx, within, parts).map(Expr::Or),
        RawExpr::And(parts) => check_all(cx, within, parts).map(Expr::And),
        RawExpr::Not(inner) => Some(Expr::Not(Box::new(check(cx, within, inner)?))),
        RawExpr::Truth(value) => {
            let operand = resolve_path_first(cx, within, value, Type::Bool)?;
            Some(Expr::Truth(operand))
        }
        RawExpr::Compare {
            left,
            op,
            op_span,
            right,
        } => {
            let (left_operand, right_operand) = compare(cx, within, left, (*op, op_span), right)?;
            Some(Expr::Compare {
                left: left_operand,
                op: *op,
                right: right_operand,
                pos: within.pos(&(left.span.start..right.span.end)),
            })
        }
    }
}

/// All parts are checked, so that all problems are found.
fn check_all(cx: &mut Cx<'_>, within: Within, parts: &[RawExpr]) -> Option<Vec<Expr>> {
    let checked: Vec<_> = parts.iter().map(|part| check(cx, within, part)).collect();
    checked.into_iter().collect()
}

fn resolve_path_first(
    cx: &mut Cx<'_>,
    within: Within,
    value: &RawValue,
    wanted: Type,
) -> Option<Operand> {
    if let RawKind::Name(name) = &value.kind {
        let message = format!("\"{}\" alone is neither true nor false", shorten(name));
        let label = "a comparison is expected, or a field that is true or false";
        let problem = Problem::new(Code::Mismatch, within.pos(&value.span), message);
        cx.push(problem.label(label));
        return None;
    }
    resolve(cx, within, value, wanted)
}

fn compare(
    cx: &mut Cx<'_>,
    within: Within,
    left: &RawValue,
    (op, op_span): (Op, &Range<usize>),
    right: &RawValue,
) -> Option<(Operand, Operand)> {
    match op {
        Op::In => {
            let kinds = element_and_set(cx, within, left, right)?;
            let left = resolve(cx, within, left, kinds.0);
            let right = resolve_set(cx, within, right, kinds.0);
            left.zip(right)
        }
        Op::Contains => {
            let kinds = element_and_set(cx, within, right, left)?;
            let right = resolve(cx, within, right, kinds.0);
            let left = resolve_set(cx, within, left, kinds.0);
            left.zip(right)
        }
        _ => {
            let kind = common_type(cx, within, left, right)?;
            if op.is_ordering() && !matches!(kind, Type::Int | Type::Time | Type::None) {
                let message = format!("{} has no order", kind.describe());
                let problem = Problem::new(Code::Mismatch, within.pos(op_span), message);
                cx.push(problem.label("== and != are possible"));
                return None;
            }
            let left = resolve(cx, within, left, kind);
            let right = resolve(cx, within, right, kind);
            left.zip(right)
        }
    }
}

/// The type that both sides must have: that of a side that has one of its own.
fn common_type(cx: &mut Cx<'_>, within: Within, left: &RawValue, right: &RawValue) -> Option<Type> {
    let sides = [left, right];
    let path = sides.iter().find(|v| matches!(v.kind, RawKind::Path(_)));
    let typed = |v: &&&RawValue| !matches!(v.kind, RawKind::Name(_) | RawKind::None);
    let typed = path.or_else(|| sides.iter().find(typed));
    type_of(cx, within, typed.copied().unwrap_or(left))
}

/// For `in` and `contains`: the type of an element. Whatever stands for the set must be one.
fn element_and_set(
    cx: &mut Cx<'_>,
    within: Within,
    element: &RawValue,
    set: &RawValue,
) -> Option<(Type, Type)> {
    let set_type = match &set.kind {
        RawKind::List(items) => {
            let of_element = match element.kind {
                RawKind::Name(_) | RawKind::None => items.first().unwrap_or(element),
                _ => element,
            };
            return Some((type_of(cx, within, of_element)?, Type::None));
        }
        _ => type_of(cx, within, set)?,
    };
    match set_type {
        Type::Nodes => Some((Type::Node, Type::Nodes)),
        Type::Partitions => Some((Type::Partition, Type::Partitions)),
        other => {
            let message = format!("{} has no elements", other.describe());
            let problem = Problem::new(Code::Mismatch, within.pos(&set.span), message);
            cx.push(problem.label("a list or a set is needed here"));
            None
        }
    }
}

fn resolve_set(
    cx: &mut Cx<'_>,
    within: Within,
    value: &RawValue,
    element: Type,
) -> Option<Operand> {
    match &value.kind {
        RawKind::List(items) => resolve_items(cx, within, items, element),
        _ if element == Type::Partition => resolve(cx, within, value, Type::Partitions),
        _ => resolve(cx, within, value, Type::Nodes),
    }
}

fn resolve_items(
    cx: &mut Cx<'_>,
    within: Within,
    items: &[RawValue],
    element: Type,
) -> Option<Operand> {
    let items: Vec<_> = (items.iter())
        .map(|item| resolve(cx, within, item, element))
        .collect();
    items
        .into_iter()
        .collect::<Option<Vec<_>>>()
        .map(Operand::List)
}

/// The type that a value has by itself; a bare name is taken for a node.
fn type_of(cx: &mut Cx<'_>, within: Within, value: &RawValue) -> Option<Type> {
    Some(match &value.kind {
        RawKind::Int(_) | RawKind::Size(_) => Type::Int,
        RawKind::Time(_) | RawKind::Now => Type::Time,
        RawKind::Bool(_) => Type::Bool,
        RawKind::None => Type::None,
        RawKind::Name(_) => Type::Node,
        RawKind::List(_) => Type::Nodes,
        RawKind::Path(path) => find_field(cx, within, path)?.1,
    })
}

/// Puts names in; the value must fit the type.
fn resolve(cx: &mut Cx<'_>, within: Within, value: &RawValue, wanted: Type) -> Option<Operand> {
    let pos = within.pos(&value.span);
    let operand = match (&value.kind, wanted) {
        (RawKind::None, _) => Operand::None,
        (RawKind::Int(n), Type::Int) => Operand::Int(*n),
        (RawKind::Int(id), Type::Node) => Operand::Node(node_of_id(cx, *id, pos)?),
        (RawKind::Time(span), Type::Time) => Operand::Time(*span),
        (RawKind::Now, Type::Time) => Operand::Now,
        (RawKind::Bool(yes), Type::Bool) => Operand::Bool(*yes),
        (RawKind::Name(name), Type::Node) => Operand::Node(cx.node_named(name, pos)?),
        (RawKind::Name(name), Type::Partition) => {
            Operand::Partition(cx.partition_named(name, pos)?)
        }
        (RawKind::Name(name), Type::Word(words)) => state_word(cx, name, words, pos)?,
        (RawKind::Name(name), Type::Text) => Operand::Word(name.clone()),
        (RawKind::List(items), Type::Nodes) => {
            return resolve_items(cx, within, items, Type::Node);
        }
        (RawKind::List(items), Type::Partitions) => {
            return resolve_items(cx, within, items, Type::Partition);
        }
        (RawKind::Size(inner), Type::Int) => Operand::Size(Box::new(sized(cx, within, inner)?)),
        (RawKind::Path(path), _) => {
            let (field, kind) = find_field(cx, within, path)?;
            if kind != wanted {
                return mismatch(cx, pos, wanted, kind.describe());
            }
            Operand::Path(Box::new(resolve_path(cx, within, path, field, pos)?))
        }
        (kind, _) => return mismatch(cx, pos, wanted, describe(kind)),
    };
    Some(operand)
}

fn sized(cx: &mut Cx<'_>, within: Within, inner: &RawValue) -> Option<Operand> {
    let kind = type_of(cx, within, inner)?;
    match (&inner.kind, kind) {
        (RawKind::List(_) | RawKind::Path(_), Type::Nodes | Type::Partitions) => {
            resolve(cx, within, inner, kind)
        }
        _ => mismatch(cx, within.pos(&inner.span), Type::Nodes, kind.describe()),
    }
}

fn describe(kind: &RawKind) -> &'static str {
    match kind {
        RawKind::Int(_) | RawKind::Size(_) => "a number",
        RawKind::Time(_) | RawKind::Now => "a time",
        RawKind::Bool(_) => "true or false",
        RawKind::None => "none",
        RawKind::Name(_) => "a name",
        RawKind::List(_) => "a list",
        RawKind::Path(_) => "a field",
    }
}

fn mismatch(cx: &mut Cx<'_>, pos: Pos, wanted: Type, found: &str) -> Option<Operand> {
    let message = format!("{} is needed here", wanted.describe());
    let problem = Problem::new(Code::Mismatch, pos, message);
    cx.push(problem.label(format!("this is {found}")));
    None
}

fn node_of_id(cx: &mut Cx<'_>, id: i64, pos: Pos) -> Option<super::model::NodeIdx> {
    let found = cx.names.node_of_id(id);
    if found.is_none() {
        cx.problem(
            Code::UnknownNode,
            pos,
            format!("no node has the Kafka id {id}"),
        );
    }
    found
}

fn state_word(cx: &mut Cx<'_>, name: &str, words: &[&str], pos: Pos) -> Option<Operand> {
    if words.contains(&name) {
        return Some(Operand::Word(name.to_owned()));
    }
    let message = format!("no state \"{}\"", shorten(name));
    let problem = Problem::new(Code::UnknownWord, pos, message);
    cx.push(problem.among(name, "states", words.iter().copied()));
    None
}

fn subject_kind(cx: &mut Cx<'_>, within: Within, path: &RawPath) -> Option<SubjectKind> {
    Some(match &path.subject {
        RawSubject::Partition {
            offset: Some(_), ..
        } => SubjectKind::Record,
        RawSubject::Partition { replica: None, .. } => SubjectKind::Partition,
        RawSubject::Partition { .. } => SubjectKind::Replica,
        RawSubject::Controller => SubjectKind::Controller,
        RawSubject::Named { kind, .. } => match kind.text.as_str() {
            "producer" => SubjectKind::Producer,
            "consumer" => SubjectKind::Consumer,
            "broker" => SubjectKind::Broker,
            "topic" => SubjectKind::Topic,
            other => {
                debug_assert!(NAMED.contains(&other), "the parser knows these kinds");
                let message = format!("subjects of the kind `{other}` are not built yet");
                cx.problem(Code::NotBuilt, within.pos(&kind.span), message);
                return None;
            }
        },
    })
}

fn find_field(cx: &mut Cx<'_>, within: Within, path: &RawPath) -> Option<(Field, Type)> {
    let kind = subject_kind(cx, within, path)?;
    let rows = || (Field::table().iter()).filter(|row| row.0 == kind);
    let found = rows().find(|(_, field, ..)| field.word() == path.field.text);
    let Some((_, field, value, takes_partition)) = found else {
        let name = &path.field.text;
        let message = format!("{} has no field \"{}\"", kind.describe(), shorten(name));
        let pos = within.pos(&path.field.span);
        let known = rows().map(|(_, field, ..)| field.word());
        cx.push(Problem::new(Code::UnknownField, pos, message).among(name, "fields", known));
        return None;
    };
    if path.args.len() != usize::from(*takes_partition) {
        let word = field.word();
        let message = match takes_partition {
            true => format!("{word} takes one partition in parentheses"),
            false => format!("{word} takes nothing in parentheses"),
        };
        cx.problem(Code::UnknownField, within.pos(&path.field.span), message);
        return None;
    }
    Some((*field, *value))
}

fn resolve_path(
    cx: &mut Cx<'_>,
    within: Within,
    path: &RawPath,
    field: Field,
    pos: Pos,
) -> Option<Path> {
    let subject = resolve_subject(cx, within, &path.subject);
    let of = match path.args.first() {
        Some(word) => Some(cx.partition_named(&word.text, within.pos(&word.span))?),
        None => None,
    };
    Some(Path {
        subject: subject?,
        field,
        of,
        pos,
    })
}

fn resolve_subject(cx: &mut Cx<'_>, within: Within, subject: &RawSubject) -> Option<Subject> {
    match subject {
        RawSubject::Controller => Some(Subject::Controller),
        RawSubject::Named { kind, name } => {
            let pos = within.pos(&name.span);
            match kind.text.as_str() {
                "producer" => cx.producer_named(&name.text, pos).map(Subject::Producer),
                "consumer" => cx.consumer_named(&name.text, pos).map(Subject::Consumer),
                "topic" => cx.topic_named(&name.text, pos).map(Subject::Topic),
                _ => cx.node_named(&name.text, pos).map(Subject::Broker),
            }
        }
        RawSubject::Partition {
            name,
            offset,
            replica,
        } => {
            let partition = cx.partition_named(&name.text, within.pos(&name.span));
            let replica = match replica {
                Some(word) => Some(replica_node(cx, within, word)?),
                None => None,
            };
            let partition = partition?;
            Some(match (offset, replica) {
                (Some(offset), replica) => Subject::Record {
                    partition,
                    offset: *offset,
                    replica,
                },
                (None, Some(node)) => Subject::Replica(partition, node),
                (None, None) => Subject::Partition(partition),
            })
        }
    }
}

fn replica_node(cx: &mut Cx<'_>, within: Within, word: &Word) -> Option<super::model::NodeIdx> {
    cx.node_named(&word.text, within.pos(&word.span))
}
