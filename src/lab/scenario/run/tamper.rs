//! Messages that are held, dropped, doubled or delayed on their way.

use super::eval::Scope;
use super::script::Due;
use super::{Run, matching};
use crate::kafka::vocabulary::Kafka;
use crate::lab::cluster::{KafkaWorld, View};
use crate::lab::scenario::action::{Action as Deed, Tamper};
use crate::lab::scenario::matcher::MessageMatcher;
use crate::lab::scenario::model::{StepIdx, Trigger};
use crate::sim::{Action, Envelope, Fault, HoldId, Span, Verdict};

/// A standing rule of a step.
#[derive(Clone, Debug)]
struct Rule {
    step: StepIdx,
    how: Tamper,
    seen: u32,
}

/// Standing rules, and how many messages each message trigger has seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    standing: Vec<Rule>,
    seen: Vec<u32>,
}

impl Rules {
    pub(super) fn end(&mut self, step: StepIdx) {
        self.standing.retain(|rule| rule.step != step);
    }

    pub(super) fn clear(&mut self) {
        self.standing.clear();
    }
}

/// Whether the match number `seen` (from 1) is one that a matcher means.
fn is_meant(matcher: &MessageMatcher, seen: u32) -> bool {
    let last = matcher.count.map(|count| matcher.nth.saturating_add(count));
    seen >= matcher.nth && last.is_none_or(|last| seen < last)
}

fn verdict(step: StepIdx, how: Tamper) -> Verdict {
    match how {
        Tamper::Hold | Tamper::HoldUntil(_) => Verdict::Hold(HoldId(step.0 as u32)),
        Tamper::HoldFor(span) | Tamper::Delay(span) => Verdict::Delay(span),
        Tamper::Drop => Verdict::Drop,
        Tamper::Duplicate => Verdict::Duplicate,
    }
}

impl Run {
    /// Whether any message matters to the script now.
    pub(super) fn watches_messages(&self) -> bool {
        let is_message = |trigger: &Trigger| matches!(trigger, Trigger::Message(_));
        !self.rules.standing.is_empty()
            || self
                .plan
                .scenario
                .steps
                .iter()
                .any(|step| is_message(&step.trigger))
    }

    pub(super) fn judge_message(
        &mut self,
        world: &KafkaWorld,
        envelope: &Envelope<Kafka>,
    ) -> Verdict {
        let plan = self.plan.clone();
        let records = self.records.clone();
        let view = View::new(world, &plan.names);
        let scope = Scope {
            plan: &plan,
            view,
            records: &records,
            ready_at: self.ready_at,
        };
        self.rules.seen.resize(plan.scenario.steps.len(), 0);
        for (index, step) in plan.scenario.steps.iter().enumerate() {
            let Trigger::Message(matcher) = &step.trigger else {
                continue;
            };
            if !matching::message(&scope, matcher, envelope) {
                continue;
            }
            self.rules.seen[index] += 1;
            if !is_meant(matcher, self.rules.seen[index]) {
                continue;
            }
            if let Some(verdict) = self.trigger(&scope, StepIdx(index)) {
                return verdict;
            }
        }
        self.apply_rules(&scope, envelope)
    }

    /// A message has set a step off: it is tampered with, or the step acts just before it is
    /// delivered.
    fn trigger(&mut self, scope: &Scope<'_>, step: StepIdx) -> Option<Verdict> {
        let now = scope.view.world.now();
        let action = scope.plan.scenario.steps[step.0].action.as_ref();
        if let Some(Deed::Tamper { how, rule: None }) = action.map(|action| &action.it) {
            self.script.steps[step.0].fired += 1;
            let no = scope.view.world.step_no();
            self.script.acted(&scope.plan.scenario, step, now, no);
            return Some(verdict(step, *how));
        }
        if self.script.steps[step.0].fired > 0 {
            return None;
        }
        self.script.steps[step.0].fired += 1;
        let wait = scope.plan.scenario.steps[step.0].wait;
        self.script.push(now + wait, Due::Act(step));
        (wait == Span::ZERO).then_some(Verdict::Delay(Span(1)))
    }

    fn apply_rules(&mut self, scope: &Scope<'_>, envelope: &Envelope<Kafka>) -> Verdict {
        for rule in &mut self.rules.standing {
            let action = scope.plan.scenario.steps[rule.step.0].action.as_ref();
            let Some(Deed::Tamper {
                rule: Some(matcher),
                ..
            }) = action.map(|a| &a.it)
            else {
                continue;
            };
            if matching::message(scope, matcher, envelope) {
                rule.seen += 1;
                if is_meant(matcher, rule.seen) {
                    return verdict(rule.step, rule.how);
                }
            }
        }
        Verdict::Deliver
    }

    pub(super) fn add_rule(&mut self, step: StepIdx, how: Tamper) {
        self.rules.standing.push(Rule { step, how, seen: 0 });
    }

    /// A step has acted: what was held until then goes on.
    pub(super) fn release_until(&mut self, step: StepIdx, act: &mut Vec<Action<Kafka>>) {
        for (index, other) in self.plan.scenario.steps.iter().enumerate() {
            let action = other.action.as_ref().map(|action| &action.it);
            if matches!(action, Some(Deed::Tamper { how: Tamper::HoldUntil(of), .. }) if *of == step)
            {
                self.rules.end(StepIdx(index));
                act.push(
                    Fault::Release {
                        id: Some(HoldId(index as u32)),
                    }
                    .into(),
                );
            }
        }
    }
}
