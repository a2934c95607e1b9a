//! Messages that are held, dropped, doubled or delayed on their way.

use super::eval::Scope;
use super::script::Due;
use super::{Run, matching};
use crate::kafka::vocabulary::Kafka;
use crate::lab::cluster::{KafkaWorld, View};
use crate::lab::scenario::action::{Action as Deed, Tamper};
use crate::lab::scenario::model::StepIdx;
use crate::sim::{Action, Envelope, Fault, HoldId, Span, Verdict};
use std::collections::BTreeMap;

/// A standing rule of a step.
#[derive(Clone, Debug)]
struct Rule {
    step: StepIdx,
    how: Tamper,
    seen: u32,
}

/// Standing rules, and how often each kind of message that somebody waits for was delivered.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    standing: Vec<Rule>,
    delivered: BTreeMap<&'static str, u64>,
}

impl Rules {
    pub(super) fn end(&mut self, step: StepIdx) {
        self.standing.retain(|rule| rule.step != step);
    }

    pub(super) fn clear(&mut self) {
        self.standing.clear();
    }

    /// How often a kind of message was about to be delivered.
    pub(super) fn delivered(&self, message: &str) -> u64 {
        self.delivered.get(message).copied().unwrap_or(0)
    }
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
        self.waits_for_messages || !self.rules.standing.is_empty()
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
        *(self.rules.delivered)
            .entry(envelope.body.name())
            .or_default() += 1;
        self.script.message(&scope, envelope);
        for (index, step) in plan.scenario.steps.iter().enumerate() {
            let armed = &mut self.script.steps[index];
            if !armed.is_meant(&scope, &step.trigger, envelope) {
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
        let spec = &scope.plan.scenario.steps[step.0];
        self.script.steps[step.0].fired += 1;
        if let Some(Deed::Tamper { how, rule: None }) = spec.action.as_ref().map(|a| &a.it) {
            self.script.push(now, Due::Tampered(step));
            return Some(verdict(step, *how));
        }
        self.script.push(now + spec.wait, Due::Act(step));
        (spec.wait == Span::ZERO).then_some(Verdict::Delay(Span(1)))
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
                if matcher.means(rule.seen) {
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
