//! `07-acks-all`, `12-acks/acks-1`, `12-acks/acks-1#after:trap`: a scenario, a branch of it, and
//! a moment of its run.

use crate::lab::scenario::run::Moment;
use crate::lab::scenario::{MAIN, duration};

/// What a mark or a question looks at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    pub(super) scenario: String,
    pub(super) branch: String,
    pub(super) moment: String,
}

/// How to get to a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// To the end of the run.
    End,
    /// To a step or a time.
    Step(Moment),
    /// Until this trigger, in the words of a scenario file, has fired.
    Trigger(String),
}

impl Target {
    /// Reads a target; without a moment it is the end.
    pub(super) fn of(text: &str) -> Result<Self, String> {
        let (run, moment) = text.split_once('#').unwrap_or((text, "end"));
        let (scenario, branch) = run.split_once('/').unwrap_or((run, MAIN));
        let parts = [scenario, branch, moment];
        if parts.iter().any(|part| part.trim().is_empty()) {
            return Err(format!(
                "\"{text}\" is no run; write 12-acks, 12-acks/acks-1 or 12-acks/acks-1#after:trap"
            ));
        }
        let [scenario, branch, moment] = parts.map(|part| part.trim().to_owned());
        Ok(Target {
            scenario,
            branch,
            moment,
        })
    }

    /// The run without the moment, as an argument of the command.
    pub(super) fn run(&self) -> String {
        match self.branch.as_str() {
            MAIN => self.scenario.clone(),
            branch => format!("{} --branch {branch}", self.scenario),
        }
    }

    /// How to get there: `end`, `3s`, `step:N`, `after:STEP`, `when:EXPRESSION`,
    /// `note:{ note = "…" }`.
    pub(super) fn way(&self) -> Result<Way, String> {
        let moment = self.moment.as_str();
        let quoted = |text: &str| toml_edit::Value::from(text).to_string();
        if moment == "end" {
            return Ok(Way::End);
        }
        Ok(match moment.split_once(':') {
            Some(("after", step)) => Way::Trigger(format!("after = {}", quoted(step))),
            Some(("when", expr)) => Way::Trigger(format!("when = {}", quoted(expr))),
            Some(("note", matcher)) => Way::Trigger(format!("when = {matcher}")),
            Some(("step", _)) => Way::Step(moment.parse()?),
            Some((word, _)) => {
                return Err(format!(
                    "no moment begins with \"{word}:\"; write after, when, note or step"
                ));
            }
            None => Way::Step(Moment::At(duration(moment)?)),
        })
    }
}
