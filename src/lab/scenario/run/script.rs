//! Which steps, narrations and questions are armed, and when they fire.

use super::eval::Scope;
use super::matching;
use super::near::{Near, NearNote};
use crate::kafka::vocabulary::Kafka;
use crate::lab::scenario::limits::MAX_TIMES;
use crate::lab::scenario::model::{Claim, EndWhen, Fact, Focus, Repeat, Scenario, StepIdx};
use crate::lab::scenario::model::{Text, Trigger, Until};
use crate::sim::{Envelope, Span, StepNo, StepRecord, Time};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Something to do at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// A step's trigger is due.
    Fire(StepIdx),
    /// A step acts after its wait.
    Act(StepIdx),
    /// A step has tampered with the message that set it off.
    Tampered(StepIdx),
    /// The next record of a `send` or a `load`.
    Next(StepIdx, u32),
    /// A narration.
    Tell(usize),
    /// A question.
    Ask(usize),
    /// An expectation about a moment, or the end of its time.
    Expect(usize),
    /// Is this the end?
    EndCheck,
    /// The run has had its time to settle.
    SettleCheck,
}

/// A narration or a question that was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// When.
    pub at: Time,
    /// After which step.
    pub step: StepNo,
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
    /// The question's place in the scenario; none for narration.
    pub ask: Option<usize>,
    /// What to look at.
    pub focus: Option<Focus>,
}

/// A step of the scenario that has acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acted {
    /// Which.
    pub step: StepIdx,
    /// When.
    pub at: Time,
    /// After which step of the engine.
    pub no: StepNo,
}

/// How far a trigger is.
#[derive(Clone, Debug, Default)]
pub(super) struct Armed {
    /// How often it has fired.
    pub(super) fired: u32,
    /// How many matches were seen.
    pub(super) seen: u32,
    /// A state trigger: it was true when last looked at.
    was_true: bool,
    /// A state trigger that has not fired: how near it came.
    pub(super) near: Near,
    /// The same for a note trigger.
    pub(super) near_note: NearNote,
}

impl Armed {
    /// Whether a message is one that a message trigger means.
    pub(super) fn is_meant(
        &mut self,
        scope: &Scope<'_>,
        trigger: &Trigger,
        envelope: &Envelope<Kafka>,
    ) -> bool {
        let Trigger::Message(matcher) = trigger else {
            return false;
        };
        if !matching::message(scope, matcher, envelope) {
            return false;
        }
        self.seen += 1;
        matcher.means(self.seen)
    }
}

/// The script's state.
#[derive(Clone, Debug)]
pub(super) struct Script {
    due: BTreeMap<(Time, u64), Due>,
    pushed: u64,
    pub(super) steps: Vec<Armed>,
    tells: Vec<Armed>,
    asks: Vec<Armed>,
    told: Arc<Vec<Told>>,
    acts: Arc<Vec<Acted>>,
    /// How near the end came that waits for a state.
    pub(super) end_near: Near,
}

impl Script {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let fresh = |n: usize| vec![Armed::default(); n];
        Script {
            due: BTreeMap::new(),
            pushed: 0,
            steps: fresh(scenario.steps.len()),
            tells: fresh(scenario.tells.len()),
            asks: fresh(scenario.asks.len()),
            told: Arc::default(),
            acts: Arc::default(),
            end_near: Near::default(),
        }
    }

    pub(super) fn acts(&self) -> &[Acted] {
        &self.acts
    }

    pub(super) fn told(&self) -> &[Told] {
        &self.told
    }

    pub(super) fn next_due(&self) -> Time {
        self.due
            .first_key_value()
            .map_or(Time::NEVER, |((at, _), _)| *at)
    }

    pub(super) fn push(&mut self, at: Time, due: Due) {
        self.pushed += 1;
        self.due.insert((at, self.pushed), due);
    }

    pub(super) fn pop_due(&mut self, now: Time) -> Option<Due> {
        let first = self
            .due
            .first_entry()
            .filter(|first| first.key().0 <= now)?;
        Some(first.remove())
    }

    /// Nothing of the script is left to do.
    pub(super) fn clear_due(&mut self) {
        self.due.clear();
    }

    /// Schedules what has a time; the last of these times.
    pub(super) fn arm(&mut self, scenario: &Scenario, ready: Time) -> Time {
        let mut last = ready;
        for (index, step) in scenario.steps.iter().enumerate() {
            if let Trigger::At(at) = step.trigger {
                self.push(ready + at, Due::Fire(StepIdx(index)));
                last = last.max(ready + at + step.wait);
            }
        }
        for (index, tell) in scenario.tells.iter().enumerate() {
            if let Trigger::At(at) = tell.trigger {
                self.push(ready + at, Due::Tell(index));
            }
        }
        for (index, ask) in scenario.asks.iter().enumerate() {
            if let Trigger::At(at) = ask.trigger {
                self.push(ready + at, Due::Ask(index));
            }
        }
        last
    }

    /// A step has acted: what waits for it is scheduled.
    pub(super) fn acted(&mut self, scenario: &Scenario, step: StepIdx, now: Time, no: StepNo) {
        let at = now;
        Arc::make_mut(&mut self.acts).push(Acted { step, at, no });
        let after = |trigger: &Trigger| match trigger {
            Trigger::After(of, wait) if *of == step => Some(now + *wait),
            _ => None,
        };
        for (index, other) in scenario.steps.iter().enumerate() {
            if let Some(at) = after(&other.trigger) {
                self.push(at, Due::Fire(StepIdx(index)));
            }
        }
        for (index, tell) in scenario.tells.iter().enumerate() {
            if let Some(at) = after(&tell.trigger) {
                self.push(at, Due::Tell(index));
            }
        }
        for (index, ask) in scenario.asks.iter().enumerate() {
            if let Some(at) = after(&ask.trigger) {
                self.push(at, Due::Ask(index));
            }
        }
    }

    /// Counts the firing of a timed step and schedules its repetition.
    pub(super) fn fired(&mut self, scope: &Scope<'_>, step: StepIdx) {
        let armed = &mut self.steps[step.0];
        armed.fired += 1;
        let fired = armed.fired;
        let now = scope.view.world.now();
        let Some(Repeat {
            every,
            times,
            until,
        }) = &scope.plan.scenario.steps[step.0].repeat
        else {
            return;
        };
        let enough = i64::from(fired) >= MAX_TIMES
            || times.is_some_and(|times| fired >= times)
            || match until {
                Some(Until::Time(at)) => now + *every > scope.ready_at + *at,
                Some(Until::State(expr)) => scope.holds(expr),
                None => false,
            };
        if !enough {
            self.push(now + (*every).max(Span(1)), Due::Fire(step));
        }
    }

    /// The steps whose triggers fire now; narrations and questions are told.
    pub(super) fn after(
        &mut self,
        scope: &Scope<'_>,
        record: Option<&StepRecord<'_, Kafka>>,
    ) -> Vec<StepIdx> {
        let scenario = &scope.plan.scenario;
        let mut fired = Vec::new();
        for (index, step) in scenario.steps.iter().enumerate() {
            let armed = &mut self.steps[index];
            if fires(armed, &step.trigger, scope, record) {
                fired.push(StepIdx(index));
            } else if armed.fired == 0 && !step.optional {
                look_how_near(armed, &step.trigger, scope, record);
            }
        }
        // Questions first: what is told of the same step may be the answer.
        for (index, ask) in scenario.asks.iter().enumerate() {
            if fires(&mut self.asks[index], &ask.trigger, scope, record) {
                self.tell(scope, (&ask.text, None), Some(index));
            }
        }
        for (index, tell) in scenario.tells.iter().enumerate() {
            if fires(&mut self.tells[index], &tell.trigger, scope, record) {
                self.tell(scope, (&tell.text, tell.focus.as_ref()), None);
            }
        }
        fired
    }

    pub(super) fn tell(
        &mut self,
        scope: &Scope<'_>,
        (text, focus): (&Text, Option<&Focus>),
        ask: Option<usize>,
    ) {
        let texts = (scope.render(&text.en), scope.render(&text.zh));
        self.say(scope, texts, focus, ask);
    }

    /// Tells a text of which all values are in place.
    pub(super) fn say(
        &mut self,
        scope: &Scope<'_>,
        (en, zh): (String, String),
        focus: Option<&Focus>,
        ask: Option<usize>,
    ) {
        let world = scope.view.world;
        let told = Told {
            at: world.now(),
            step: world.step_no(),
            en,
            zh,
            ask,
            focus: focus.cloned(),
        };
        Arc::make_mut(&mut self.told).push(told);
    }

    /// A message is about to be delivered: narrations and questions that wait for it are told.
    pub(super) fn message(&mut self, scope: &Scope<'_>, envelope: &Envelope<Kafka>) {
        let scenario = &scope.plan.scenario;
        for (index, ask) in scenario.asks.iter().enumerate() {
            if self.asks[index].is_meant(scope, &ask.trigger, envelope) {
                self.ask_due(scope, index);
            }
        }
        for (index, tell) in scenario.tells.iter().enumerate() {
            if self.tells[index].is_meant(scope, &tell.trigger, envelope) {
                self.tell_due(scope, index);
            }
        }
    }

    pub(super) fn tell_due(&mut self, scope: &Scope<'_>, index: usize) {
        self.tells[index].fired += 1;
        let tell = &scope.plan.scenario.tells[index];
        self.tell(scope, (&tell.text, tell.focus.as_ref()), None);
    }

    pub(super) fn ask_due(&mut self, scope: &Scope<'_>, index: usize) {
        self.asks[index].fired += 1;
        let ask = &scope.plan.scenario.asks[index];
        self.tell(scope, (&ask.text, None), Some(index));
    }

    /// Steps that must fire and have not.
    pub(super) fn unfired<'a>(
        &'a self,
        scenario: &'a Scenario,
    ) -> impl Iterator<Item = StepIdx> + 'a {
        let steps = scenario.steps.iter().zip(&self.steps).enumerate();
        let left = steps.filter(|(_, (step, armed))| !step.optional && armed.fired == 0);
        left.map(|(index, _)| StepIdx(index))
    }
}

/// Whether any trigger of a scenario waits for a message.
pub(super) fn watches_messages(scenario: &Scenario) -> bool {
    triggers(scenario).any(|trigger| matches!(trigger, Trigger::Message(_)))
}

/// The triggers of steps, narrations and questions.
fn triggers(scenario: &Scenario) -> impl Iterator<Item = &Trigger> {
    let steps = scenario.steps.iter().map(|step| &step.trigger);
    let tells = scenario.tells.iter().map(|tell| &tell.trigger);
    let asks = scenario.asks.iter().map(|ask| &ask.trigger);
    steps.chain(tells).chain(asks)
}

/// Whether anything in a scenario depends on states of the cluster or on notes.
pub(super) fn watches(scenario: &Scenario) -> bool {
    let mut triggers = triggers(scenario);
    let by_state = matches!(scenario.end.when, Some(EndWhen::State(_)));
    by_state
        || triggers.any(|trigger| matches!(trigger, Trigger::State(..) | Trigger::Note(_)))
        || scenario.expects.iter().any(|expect| match &expect.claim {
            Claim::Always(fact) | Claim::Never(fact) | Claim::Sometimes(fact) => {
                matches!(fact, Fact::Expr(_))
            }
            Claim::Within { .. } | Claim::Count { .. } | Claim::Order(_) => true,
            Claim::Finally(_) | Claim::At(..) | Claim::SameAs { .. } => false,
        })
}

/// Remembers how near the run came to a trigger that has not fired.
fn look_how_near(
    armed: &mut Armed,
    trigger: &Trigger,
    scope: &Scope<'_>,
    record: Option<&StepRecord<'_, Kafka>>,
) {
    match trigger {
        Trigger::State(expr, _) => armed.near.look(scope, expr),
        Trigger::Note(matcher) => {
            let Some((record, node)) = record.and_then(|r| Some((r, r.node?))) else {
                return;
            };
            for note in record.notes {
                armed.near_note.look(scope, matcher, (node, note));
            }
        }
        _ => {}
    }
}

/// Whether a state or note trigger fires. Timed and message triggers fire elsewhere.
fn fires(
    armed: &mut Armed,
    trigger: &Trigger,
    scope: &Scope<'_>,
    record: Option<&StepRecord<'_, Kafka>>,
) -> bool {
    match trigger {
        Trigger::State(expr, times) => {
            if armed.fired >= *times {
                return false;
            }
            let is_true = scope.holds(expr);
            let rose = is_true && !armed.was_true;
            armed.was_true = is_true;
            armed.fired += u32::from(rose);
            rose
        }
        Trigger::Note(matcher) => {
            let Some((record, node)) = record.and_then(|r| Some((r, r.node?))) else {
                return false;
            };
            let hit = |note: &&_| matching::note(scope, matcher, node, note);
            let hits = record.notes.iter().filter(hit).count() as u32;
            let before = armed.seen;
            armed.seen += hits;
            let reached = before < matcher.nth && armed.seen >= matcher.nth;
            armed.fired += u32::from(reached);
            reached
        }
        Trigger::At(_) | Trigger::After(..) | Trigger::Message(_) | Trigger::Drawn(_) => false,
    }
}
