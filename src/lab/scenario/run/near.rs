//! The nearest miss: how near the run came to a trigger or a claim that never came true.

use super::eval::{Scope, Val, compare};
use super::{NoteCounts, matching};
use crate::kafka::vocabulary::{Note, Value};
use crate::lab::scenario::expr::{Expr, Op, Operand};
use crate::lab::scenario::matcher::{FieldValue, NoteMatcher};
use crate::lab::scenario::write::operand_text;
use crate::sim::NodeId;

/// How near the states came to an expression. Its comparisons, in the order of the text.
#[derive(Clone, Debug, Default)]
pub(super) struct Near {
    leaves: Vec<Seen>,
}

/// What one comparison has seen.
#[derive(Clone, Debug, Default)]
struct Seen {
    was_true: bool,
    low: Option<i64>,
    high: Option<i64>,
    last: Option<String>,
}

impl Near {
    /// Looks at a state in which the expression is not true.
    pub(super) fn look(&mut self, scope: &Scope<'_>, expr: &Expr) {
        let mut leaves = Vec::new();
        collect(expr, &mut leaves);
        self.leaves.resize_with(leaves.len(), Seen::default);
        for (leaf, seen) in leaves.iter().zip(&mut self.leaves) {
            seen.look(scope, leaf);
        }
    }

    /// `orders-0.hw reached 6, never 7`; none if nothing was looked at.
    pub(super) fn describe(&self, scope: &Scope<'_>, expr: &Expr) -> Option<String> {
        let mut leaves = Vec::new();
        collect(expr, &mut leaves);
        if leaves.is_empty() || leaves.len() != self.leaves.len() {
            return None;
        }
        let missed = leaves.iter().zip(&self.leaves).filter(|(_, s)| !s.was_true);
        let missed: Vec<_> = missed.map(|(leaf, s)| s.describe(scope, leaf)).collect();
        match missed.is_empty() {
            true if leaves.len() > 1 => Some("each part was true once, never all at once".into()),
            true => None,
            false => Some(missed.join("; ")),
        }
    }
}

/// The comparisons that must be true for the whole to be; what stands under `not` is left out.
fn collect<'e>(expr: &'e Expr, leaves: &mut Vec<&'e Expr>) {
    match expr {
        Expr::Or(all) | Expr::And(all) => all.iter().for_each(|part| collect(part, leaves)),
        Expr::Compare { .. } | Expr::Truth(_) => leaves.push(expr),
        Expr::Not(_) => {}
    }
}

/// The side that is looked up in the cluster, and the other one.
fn sides<'e>(left: &'e Operand, right: &'e Operand) -> (&'e Operand, &'e Operand) {
    match left.is_looked_up() || *left == Operand::Now {
        true => (left, right),
        false => (right, left),
    }
}

impl Seen {
    fn look(&mut self, scope: &Scope<'_>, leaf: &Expr) {
        if self.was_true {
            return;
        }
        match leaf {
            Expr::Compare {
                left, op, right, ..
            } => {
                let (a, b) = (scope.value(left), scope.value(right));
                self.was_true = compare(&a, *op, &b);
                let value = match left.is_looked_up() {
                    true => a,
                    false => b,
                };
                self.value(scope, &value);
            }
            Expr::Truth(operand) => {
                let value = scope.value(operand);
                self.was_true = value == Val::Bool(true);
                self.value(scope, &value);
            }
            _ => {}
        }
    }

    fn value(&mut self, scope: &Scope<'_>, value: &Val) {
        match value {
            Val::Int(n) => {
                self.low = Some(self.low.map_or(*n, |low| low.min(*n)));
                self.high = Some(self.high.map_or(*n, |high| high.max(*n)));
            }
            Val::None | Val::Log(_) => {}
            other => self.last = Some(other.describe(scope.plan)),
        }
    }

    fn describe(&self, scope: &Scope<'_>, leaf: &Expr) -> String {
        let scenario = &scope.plan.scenario;
        let (subject, op, wanted) = match leaf {
            Expr::Compare {
                left, op, right, ..
            } => {
                let (subject, wanted) = sides(left, right);
                let wanted_text = match scope.value(wanted) {
                    Val::Log(_) => operand_text(scenario, wanted),
                    value => value.describe(scope.plan),
                };
                (subject, *op, wanted_text)
            }
            Expr::Truth(operand) => (operand, Op::Eq, "true".to_owned()),
            _ => return String::new(),
        };
        let name = operand_text(scenario, subject);
        let number = wanted.parse::<i64>().ok();
        let never = match op {
            Op::Eq => wanted.clone(),
            _ => format!("{} {wanted}", op.word()),
        };
        match (self.low, self.high, number) {
            (_, Some(high), Some(n)) if high <= n => {
                format!("{name} reached {high}, never {never}")
            }
            (Some(low), _, Some(n)) if low >= n => {
                format!("{name} fell to {low}, never {never}")
            }
            (Some(low), Some(high), _) if low == high => {
                format!("{name} was {low}, never {never}")
            }
            (Some(low), Some(high), _) => {
                format!("{name} went from {low} to {high}, never {never}")
            }
            _ => match &self.last {
                Some(last) => format!("{name} was {last}, never {never}"),
                None => format!("{name} was never {never}"),
            },
        }
    }
}

/// How near the notes came to a matcher.
#[derive(Clone, Debug, Default)]
pub(super) struct NearNote {
    /// The one field in which a note differed from what is wanted: its place, and the number
    /// that it had.
    missed: Option<(usize, i64)>,
}

impl NearNote {
    /// Looks at a note that does not fit.
    pub(super) fn look(
        &mut self,
        scope: &Scope<'_>,
        matcher: &NoteMatcher,
        (node, note): (NodeId, &Note),
    ) {
        if note.kind() != matcher.note || !matching::is_at(scope, matcher.on.as_ref(), node) {
            return;
        }
        let mut values = Vec::new();
        note.for_each_field(|_, value| values.push(value));
        let unfit = matcher.fields.iter().filter(|(place, wanted)| {
            let value = values.get(*place);
            !value.is_some_and(|value| matching::fits(scope, node, value, wanted))
        });
        let unfit: Vec<_> = unfit.collect();
        let [(place, FieldValue::Int(wanted))] = unfit[..] else {
            return;
        };
        let Some(Value::Int(value)) = values.get(*place) else {
            return;
        };
        let nearer = |(_, best): (usize, i64)| value.abs_diff(*wanted) <= best.abs_diff(*wanted);
        if self.missed.is_none_or(nearer) {
            self.missed = Some((*place, *value));
        }
    }

    /// `HighWatermarkAdvanced came with to = 6, never with 7`.
    pub(super) fn describe(&self, matcher: &NoteMatcher, seen: u32, counts: &NoteCounts) -> String {
        let name = matcher.note.name();
        let wanted = |place: usize| {
            let field = matcher.fields.iter().find(|(at, _)| *at == place);
            match field {
                Some((_, FieldValue::Int(n))) => n.to_string(),
                _ => "what it waits for".to_owned(),
            }
        };
        match (counts.of(matcher.note), seen, self.missed) {
            (0, ..) => format!("no {name} was emitted"),
            (_, 1.., _) => format!("{name} matched {seen} times, not {}", matcher.nth),
            (_, 0, Some((place, value))) => {
                let field = matcher.note.fields().get(place).copied().unwrap_or("");
                let wanted = wanted(place);
                format!("{name} came with {field} = {value}, never with {wanted}")
            }
            (n, 0, None) => format!("{name} was emitted {n} times, never with these fields"),
        }
    }
}
