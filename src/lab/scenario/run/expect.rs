//! Expectations: what a scenario claims, watched while it runs and judged at the end.

use super::eval::{Scope, Val};
use super::matching;
use super::near::Near;
use super::script::{Due, Script};
use crate::kafka::vocabulary::Kafka;
use crate::lab::check::{Anomalies, Invariant, Violation};
use crate::lab::scenario::expr::{Expr, Op};
use crate::lab::scenario::model::{Claim, Expect, Fact, Rule, Scenario, StepIdx};
use crate::lab::scenario::write::operand_text;
use crate::sim::{StepRecord, Time};

/// How an expectation came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Its name, or its number from 1.
    pub id: String,
    /// The scenario wants the claim to hold.
    pub wanted: bool,
    /// Whether it held.
    pub held: bool,
    /// What was seen.
    pub reason: String,
}

impl Judged {
    /// Whether it came out as wanted.
    pub fn passed(&self) -> bool {
        self.wanted == self.held
    }
}

/// What is known of one expectation.
#[derive(Clone, Debug, Default)]
struct State {
    /// Decided, and why.
    decided: Option<(bool, String)>,
    /// Notes that matched, or how far an order is.
    count: usize,
    /// The step whose `within` it is has acted.
    running: bool,
    /// How near the run came to what was not seen yet.
    near: Near,
}

/// All expectations of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Expectations {
    states: Vec<State>,
}

impl Expectations {
    pub(super) fn new(scenario: &Scenario) -> Self {
        Expectations {
            states: vec![State::default(); scenario.expects.len()],
        }
    }

    pub(super) fn arm(&mut self, scenario: &Scenario, ready: Time, script: &mut Script) {
        for (index, expect) in scenario.expects.iter().enumerate() {
            if let Claim::At(at, _) = expect.claim {
                script.push(ready + at, Due::Expect(index));
            }
        }
    }

    pub(super) fn acted(
        &mut self,
        scenario: &Scenario,
        step: StepIdx,
        now: Time,
        script: &mut Script,
    ) {
        for (index, expect) in scenario.expects.iter().enumerate() {
            match &expect.claim {
                Claim::Within { of, time, .. } if *of == step => {
                    self.states[index].running = true;
                    script.push(now + *time, Due::Expect(index));
                }
                _ => {}
            }
        }
    }

    /// A moment that an expectation speaks of has come.
    pub(super) fn due(&mut self, scope: &Scope<'_>, index: usize) {
        let expect = &scope.plan.scenario.expects[index];
        let state = &mut self.states[index];
        if state.decided.is_some() {
            return;
        }
        match &expect.claim {
            Claim::At(_, expr) => state.decided = Some((scope.holds(expr), explain(scope, expr))),
            Claim::Within { that, .. } => {
                let held = scope.holds(that);
                state.decided = Some((held, explain(scope, that)));
            }
            _ => {}
        }
    }

    pub(super) fn after(&mut self, scope: &Scope<'_>, record: Option<&StepRecord<'_, Kafka>>) {
        let expects = &scope.plan.scenario.expects;
        for (expect, state) in expects.iter().zip(&mut self.states) {
            if state.decided.is_none() {
                watch(scope, expect, state, record);
            }
        }
    }

    /// Judges what is judged before the run settles.
    pub(super) fn end(&mut self, scope: &Scope<'_>) {
        for (expect, state) in scope.plan.scenario.expects.iter().zip(&mut self.states) {
            if state.decided.is_some() {
                continue;
            }
            state.decided = match &expect.claim {
                Claim::Always(Fact::Expr(_)) => Some((true, "after every step".into())),
                Claim::Never(Fact::Expr(_)) => Some((true, "after no step".into())),
                Claim::Sometimes(Fact::Expr(expr)) => {
                    let near = state.near.describe(scope, expr);
                    let near =
                        near.unwrap_or_else(|| format!("at the end {}", explain(scope, expr)));
                    Some((false, format!("after no step; {near}")))
                }
                Claim::At(..) => Some((false, "the run ended before".into())),
                Claim::Within { .. } => Some((false, "the step has not acted in time".into())),
                Claim::Count { op, n, .. } => {
                    let count = state.count as i64;
                    Some((holds_count(count, *op, *n), format!("{count} times")))
                }
                Claim::Order(matchers) => {
                    let met = state.count == matchers.len();
                    Some((
                        met,
                        format!("{} of {} in order", state.count, matchers.len()),
                    ))
                }
                _ => None,
            };
        }
    }

    /// Judges the rest, when the run has settled. Claims about another branch stay open.
    pub(super) fn judge(
        &self,
        scope: &Scope<'_>,
        anomalies: &Anomalies,
        lost: &dyn Fn(bool) -> Vec<String>,
        violations: &[Violation],
    ) -> Vec<Judged> {
        let expects = scope
            .plan
            .scenario
            .expects
            .iter()
            .zip(&self.states)
            .enumerate();
        let judged = expects.map(|(index, (expect, state))| {
            let (held, reason) = state
                .decided
                .clone()
                .unwrap_or_else(|| match &expect.claim {
                    Claim::Finally(Fact::Expr(expr)) => (scope.holds(expr), explain(scope, expr)),
                    Claim::Always(Fact::Rule(rule)) | Claim::Finally(Fact::Rule(rule)) => {
                        judge_rule(*rule, anomalies, lost, violations)
                    }
                    Claim::Never(Fact::Rule(rule)) | Claim::Sometimes(Fact::Rule(rule)) => {
                        let (held, reason) = judge_rule(*rule, anomalies, lost, violations);
                        (!held, reason)
                    }
                    Claim::SameAs { branch, .. } => (true, format!("compared with {branch}")),
                    _ => (false, "the run did not come that far".into()),
                });
            let id = expect.id.clone().unwrap_or_else(|| (index + 1).to_string());
            Judged {
                id,
                wanted: expect.holds,
                held,
                reason,
            }
        });
        judged.collect()
    }
}

fn watch(
    scope: &Scope<'_>,
    expect: &Expect,
    state: &mut State,
    record: Option<&StepRecord<'_, Kafka>>,
) {
    match &expect.claim {
        Claim::Always(Fact::Expr(expr)) if !scope.holds(expr) => {
            state.decided = Some((false, when(scope, explain(scope, expr))));
        }
        Claim::Never(Fact::Expr(expr)) if scope.holds(expr) => {
            state.decided = Some((false, when(scope, explain(scope, expr))));
        }
        Claim::Sometimes(Fact::Expr(expr)) if scope.holds(expr) => {
            state.decided = Some((true, when(scope, explain(scope, expr))));
        }
        Claim::Sometimes(Fact::Expr(expr)) => state.near.look(scope, expr),
        Claim::Within { that, .. } if state.running && scope.holds(that) => {
            state.decided = Some((true, when(scope, explain(scope, that))));
        }
        Claim::Count { note, .. } => {
            if let Some((record, node)) = record.and_then(|r| Some((r, r.node?))) {
                let hits = record
                    .notes
                    .iter()
                    .filter(|n| matching::note(scope, note, node, n));
                state.count += hits.count();
            }
        }
        Claim::Order(matchers) => {
            let Some((record, node)) = record.and_then(|r| Some((r, r.node?))) else {
                return;
            };
            for note in record.notes {
                let next = matchers.get(state.count);
                if next.is_some_and(|next| matching::note(scope, next, node, note)) {
                    state.count += 1;
                }
            }
        }
        _ => {}
    }
}

fn holds_count(count: i64, op: Op, n: i64) -> bool {
    match op {
        Op::Eq => count == n,
        Op::Ne => count != n,
        Op::Lt => count < n,
        Op::Le => count <= n,
        Op::Gt => count > n,
        Op::Ge => count >= n,
        Op::In | Op::Contains => false,
    }
}

fn when(scope: &Scope<'_>, what: String) -> String {
    let world = scope.view.world;
    let at = super::loss::seconds(scope, world.now());
    format!("at {at} (step {}): {what}", world.step_no().0)
}

/// The values on both sides of every comparison.
pub(super) fn explain(scope: &Scope<'_>, expr: &Expr) -> String {
    let mut parts = Vec::new();
    collect(scope, expr, &mut parts);
    parts.join(", ")
}

fn collect(scope: &Scope<'_>, expr: &Expr, parts: &mut Vec<String>) {
    match expr {
        Expr::Or(all) | Expr::And(all) => all.iter().for_each(|expr| collect(scope, expr, parts)),
        Expr::Not(expr) => collect(scope, expr, parts),
        Expr::Truth(operand) => {
            let value = scope.value(operand).describe(scope.plan);
            parts.push(format!(
                "{} is {value}",
                operand_text(&scope.plan.scenario, operand)
            ));
        }
        Expr::Compare { left, right, .. } => {
            for operand in [left, right] {
                let value = scope.value(operand);
                if operand.is_looked_up() && !matches!(value, Val::Log(_)) {
                    let name = operand_text(&scope.plan.scenario, operand);
                    parts.push(format!("{name} is {}", value.describe(scope.plan)));
                }
            }
        }
    }
}

fn judge_rule(
    rule: Rule,
    anomalies: &Anomalies,
    lost: &dyn Fn(bool) -> Vec<String>,
    violations: &[Violation],
) -> (bool, String) {
    let broken = |wanted: &[Invariant]| {
        let first = violations
            .iter()
            .find(|violation| wanted.contains(&violation.invariant));
        match first {
            Some(violation) => (false, violation.text.clone()),
            None => (true, "after every step".to_owned()),
        }
    };
    let none = |found: usize, what: &str| match found {
        0 => (true, format!("no record is {what}")),
        n => (false, format!("{n} records are {what}")),
    };
    match rule {
        Rule::AckedNotLost { widened } => {
            let lost = lost(widened);
            match lost.first() {
                None => broken(&[Invariant::I2]),
                Some(first) => (
                    false,
                    format!("{} acknowledged and lost: {first} …", lost.len()),
                ),
            }
        }
        Rule::OneLeaderPerEpoch => broken(&[Invariant::I7]),
        Rule::LogsAgreeBelowHw => broken(&[Invariant::I4, Invariant::I5]),
        Rule::NoAckBelowMinIsr => broken(&[Invariant::I13]),
        Rule::HwNotBackwards => broken(&[Invariant::I9]),
        Rule::ReadsRepeat => broken(&[Invariant::I10]),
        Rule::NoDuplicate => none(anomalies.duplicated.len(), "in the log twice"),
        Rule::OrderPerProducer => none(anomalies.reordered.len(), "behind a later one"),
    }
}
