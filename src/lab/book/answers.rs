//! Holds the answers of a quiz against the engine.

use super::quiz::{Choice, Kind};
use super::runs::Runs;
use super::target::Target;

/// The error says where the author and the engine disagree.
pub(super) fn check(runs: &mut Runs<'_>, kind: &Kind) -> Result<(), String> {
    match kind {
        Kind::Choice { at: None, .. } => Ok(()),
        Kind::Choice {
            at: Some(at),
            choose,
        } => choice(runs, at, choose),
        Kind::Short { at, value, answer } => same(runs, &Target::of(at)?, value, answer),
        Kind::State { at, values } => {
            let at = Target::of(at)?;
            values
                .iter()
                .try_for_each(|[of, is]| same(runs, &at, of, is))
        }
        Kind::Order { run, steps } => order(runs, run, steps),
        Kind::Event {
            run,
            becomes,
            choose,
        } => event(runs, run, becomes, choose),
    }
}

fn same(runs: &mut Runs<'_>, at: &Target, value: &str, answer: &str) -> Result<(), String> {
    let found = runs.value(at, value)?;
    match found == answer {
        true => Ok(()),
        false => Err(format!("{value} is {found}, the author says {answer}")),
    }
}

fn choice(runs: &mut Runs<'_>, at: &str, choose: &[Choice]) -> Result<(), String> {
    let at = Target::of(at)?;
    for choice in choose {
        let that = choice.that.as_deref().unwrap_or_default();
        let holds = runs.holds(&at, that)?;
        if holds != choice.right {
            let word = if holds { "true" } else { "not true" };
            return Err(format!(
                "{that} is {word} at {}: \"{}\"",
                at.moment, choice.text
            ));
        }
    }
    Ok(())
}

fn order(runs: &mut Runs<'_>, run: &str, steps: &[[String; 2]]) -> Result<(), String> {
    let notes: Vec<String> = steps.iter().map(|[_, note]| note.clone()).collect();
    let (held, seen) = runs.in_order(&Target::of(run)?, &notes)?;
    match held {
        true => Ok(()),
        false => Err(format!("the engine finds another order: {seen}")),
    }
}

/// The right event is the one after whose step the expression is true for the first time.
fn event(runs: &mut Runs<'_>, run: &str, becomes: &str, choose: &[Choice]) -> Result<(), String> {
    let moment = |moment: String| Target::of(&format!("{run}#{moment}"));
    let first = runs.step_of(&moment(format!("when:{becomes}"))?)?;
    for choice in choose {
        let note = choice.event.as_deref();
        let note = note.ok_or_else(|| format!("\"{}\" has no `event`", choice.text))?;
        let step = runs.step_of(&moment(format!("note:{note}"))?)?;
        if (step == first) != choice.right {
            return Err(format!(
                "{becomes} from step {first} on; \"{}\" is step {step}",
                choice.text
            ));
        }
    }
    Ok(())
}
