//! `random`: actions that the seed draws. Each action of a `random` step becomes a step of its own
//! that only a draw sets off, so that cuts, rules and sends belong to it as to any other step.

use super::Run;
use super::eval::Scope;
use super::script::Due;
use crate::lab::scenario::action::{Action as Deed, Random};
use crate::lab::scenario::model::{Scenario, Step, StepIdx, Trigger};
use crate::lab::scenario::write::action_text;
use crate::sim::{Span, TraceHash};

/// The scenario with a step for each action that may be drawn, behind its own steps.
pub(super) fn with_drawn_steps(mut scenario: Scenario) -> Scenario {
    let is_drawn = |step: &Step| matches!(step.trigger, Trigger::Drawn(_));
    if scenario.steps.iter().any(is_drawn) {
        return scenario;
    }
    let mut drawn = Vec::new();
    for (index, step) in scenario.steps.iter().enumerate() {
        let Some(Deed::Random(random)) = step.action.as_ref().map(|action| &action.it) else {
            continue;
        };
        drawn.extend(random.of.iter().map(|action| Step {
            id: None,
            trigger: Trigger::Drawn(StepIdx(index)),
            wait: Span::ZERO,
            repeat: None,
            note: None,
            optional: true,
            action: Some(action.clone()),
            ..step.clone()
        }));
    }
    scenario.steps.append(&mut drawn);
    scenario
}

/// A step, and the steps of the actions that it draws.
pub(super) fn with_options(scenario: &Scenario, step: StepIdx) -> Vec<StepIdx> {
    let steps = scenario.steps.iter().enumerate();
    let options = steps.filter(|(_, other)| other.trigger == Trigger::Drawn(step));
    let options = options.map(|(index, _)| StepIdx(index));
    std::iter::once(step).chain(options).collect()
}

/// A number below `below`, of the seed and of what it is for. It is no draw of the World: the
/// script is outside of it.
fn draw(seed: u64, label: [u64; 4], below: u64) -> u64 {
    let mut hash = TraceHash(seed);
    label.iter().for_each(|word| hash.word(*word));
    ((u128::from(hash.0) * u128::from(below)) >> 64) as u64
}

impl Run {
    /// Draws the actions of a `random` step and their moments.
    pub(super) fn draw_actions(&mut self, scope: &Scope<'_>, step: StepIdx, random: &Random) {
        let scenario = &scope.plan.scenario;
        let options = with_options(scenario, step);
        let [_, options @ ..] = &options[..] else {
            return;
        };
        let round = u64::from(self.script.steps[step.0].fired);
        let now = scope.view.world.now();
        for n in 0..u64::from(random.times) {
            let label = |what: u64| [step.0 as u64, round, n, what];
            let window = random.within.as_nanos() + 1;
            let at = now + Span::from_nanos(draw(scenario.seed, label(0), window));
            let choice = draw(scenario.seed, label(1), options.len() as u64);
            if let Some(option) = options.get(choice as usize) {
                self.last_timed = self.last_timed.max(at);
                self.script.push(at, Due::Act(*option));
            }
        }
    }

    /// Says what was drawn, if the step is one that only a draw sets off.
    pub(super) fn tell_draw(&mut self, scope: &Scope<'_>, step: StepIdx) {
        let scenario = &scope.plan.scenario;
        let spec = &scenario.steps[step.0];
        if let (Trigger::Drawn(_), Some(action)) = (&spec.trigger, &spec.action) {
            let text = action_text(scenario, &action.it);
            let (en, zh) = (format!("drawn: {text}"), format!("抽到：{text}"));
            self.script.say(scope, (en, zh), spec.focus.as_ref(), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_cover_their_range() {
        let mut seen = [0_u32; 5];
        for n in 0..1_000 {
            seen[draw(7, [0, 0, n, 1], 5) as usize] += 1;
        }
        assert!(seen.iter().all(|n| (120..280).contains(n)), "{seen:?}");
        assert_ne!(
            draw(7, [0, 0, 0, 0], u64::MAX),
            draw(8, [0, 0, 0, 0], u64::MAX)
        );
    }
}
