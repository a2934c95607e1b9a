//! A smaller scenario that goes wrong in the same way: parts are taken away and numbers halved
//! for as long as the trouble stays.

use crate::lab::scenario::{Action, Claim, Scenario, Step, StepIdx, Tamper, Trigger, parse, write};

/// Makes a scenario smaller while it fails, with at most `runs` runs. What comes back fails alone
/// when it is written to a file.
pub fn shrink(scenario: &Scenario, runs: u32, fails: impl Fn(&Scenario) -> bool) -> Scenario {
    // As a file has it.
    let fails = |candidate: &Scenario| {
        let read = parse(&write(candidate));
        read.is_ok_and(|parsed| fails(&parsed.main))
    };
    let mut best = scenario.clone();
    let mut left = runs;
    loop {
        let before = left;
        let mut smaller = false;
        for candidate_of in [fewer_steps, halved_sends, fewer_clients, fewer_topics] {
            let mut place = 0;
            while left > 0 {
                let Some(candidate) = candidate_of(&best, place) else {
                    break;
                };
                left -= 1;
                match fails(&candidate) {
                    true => {
                        best = candidate;
                        smaller = true;
                    }
                    false => place += 1,
                }
            }
        }
        if !smaller || left == 0 || left == before {
            return best;
        }
    }
}

/// Without the step at `place` of those that may go, and without those that hang on it.
fn fewer_steps(scenario: &Scenario, place: usize) -> Option<Scenario> {
    // The last steps first: they matter least.
    let may_go = (0..scenario.steps.len()).rev();
    let place = may_go.filter(|step| !mends(scenario, *step)).nth(place)?;
    let mut smaller = scenario.clone();
    remove_step(&mut smaller, place);
    drop_menders(&mut smaller);
    Some(smaller)
}

/// What a step that mends is called after the step that breaks.
const MENDS: &str = "-end";

/// The step that a step mends, by their ids.
fn mended(step: &Step) -> Option<&str> {
    let (breaks, _) = step.id.as_deref()?.split_once(MENDS)?;
    Some(breaks)
}

/// Whether a step mends what another one breaks: without it the scenario would fail as nothing was
/// healed.
fn mends(scenario: &Scenario, step: usize) -> bool {
    let breaks = scenario.steps.get(step).and_then(mended);
    let mut ids = scenario.steps.iter().map(|step| step.id.as_deref());
    breaks.is_some_and(|breaks| ids.any(|id| id == Some(breaks)))
}

/// Takes away what mends nothing.
fn drop_menders(scenario: &mut Scenario) {
    let lonely = |scenario: &Scenario| {
        let mut steps = 0..scenario.steps.len();
        let is_mender = |step: &usize| scenario.steps.get(*step).and_then(mended).is_some();
        steps.find(|step| is_mender(step) && !mends(scenario, *step))
    };
    while let Some(step) = lonely(scenario) {
        remove_step(scenario, step);
    }
}

fn remove_step(scenario: &mut Scenario, place: usize) {
    scenario.steps.remove(place);
    scenario
        .expects
        .retain(|expect| !matches!(expect.claim, Claim::Within { of, .. } if of.0 == place));
    let mut orphans = Vec::new();
    for (index, step) in scenario.steps.iter_mut().enumerate() {
        let mut hangs = false;
        let mut moved = |step: &mut StepIdx| {
            hangs |= step.0 == place;
            step.0 -= usize::from(step.0 > place);
        };
        if let Trigger::After(step, _) = &mut step.trigger {
            moved(step);
        }
        match step.action.as_mut().map(|action| &mut action.it) {
            Some(Action::Heal(Some(step)) | Action::Release(step)) => moved(step),
            Some(Action::Tamper {
                how: Tamper::HoldUntil(step),
                ..
            }) => moved(step),
            _ => {}
        }
        if hangs {
            orphans.push(index);
        }
    }
    for expect in &mut scenario.expects {
        if let Claim::Within { of, .. } = &mut expect.claim {
            of.0 -= usize::from(of.0 > place);
        }
    }
    for orphan in orphans.into_iter().rev() {
        if orphan < scenario.steps.len() {
            remove_step(scenario, orphan);
        }
    }
}

/// The series of sends at `place` is half as long.
fn halved_sends(scenario: &Scenario, place: usize) -> Option<Scenario> {
    let mut smaller = scenario.clone();
    let mut sends =
        smaller
            .steps
            .iter_mut()
            .filter_map(|step| match &mut step.action.as_mut()?.it {
                Action::Send(send) if send.count > 1 => Some(&mut send.count),
                _ => None,
            });
    *sends.nth(place)? /= 2;
    Some(smaller)
}

/// Without the client at `place` that no step names; places count consumers first.
fn fewer_clients(scenario: &Scenario, place: usize) -> Option<Scenario> {
    let consumers = scenario.consumers.len();
    if place < consumers {
        let mut smaller = scenario.clone();
        smaller.consumers.pop();
        let last = consumers - 1;
        smaller
            .steps
            .retain(|step| !names_consumer(step.action.as_ref().map(|a| &a.it), last));
        // Steps that others hang on would leave a hole; then the file does not parse.
        return Some(smaller);
    }
    let last = scenario.producers.len().checked_sub(1)?;
    let sends = scenario.steps.iter().any(|step| {
        matches!(step.action.as_ref().map(|a| &a.it), Some(Action::Send(send)) if send.from == last)
    });
    if place > consumers || sends {
        return None;
    }
    let mut smaller = scenario.clone();
    smaller.producers.pop();
    Some(smaller)
}

fn names_consumer(action: Option<&Action>, consumer: usize) -> bool {
    match action {
        Some(Action::Assign(who, _) | Action::Poll(who)) => *who == consumer,
        Some(Action::Seek(who, _, _)) => *who == consumer,
        _ => false,
    }
}

/// The topic at `place` has one partition less, or is gone.
fn fewer_topics(scenario: &Scenario, place: usize) -> Option<Scenario> {
    let mut smaller = scenario.clone();
    let topic = smaller.topics.get_mut(place)?;
    let name = topic.name.clone();
    let left = topic.partitions.unwrap_or(1) - 1;
    topic.partitions = Some(left);
    topic.place.retain(|(number, _)| *number < left);
    if left == 0 {
        smaller.topics.remove(place);
    }
    for consumer in &mut smaller.consumers {
        consumer
            .partitions
            .retain(|tp| tp.topic != name || tp.partition < left);
    }
    Some(smaller)
}
