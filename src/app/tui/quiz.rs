//! Questions: a prediction is asked before the step that decides it. No question holds anything
//! up: whoever goes on leaves it unanswered.

use super::scout::Coming;
use super::session::Session;
use crate::lab::text::Lang;
use crate::sim::StepNo;
use std::collections::BTreeMap;

/// How a question was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The first choice, and whether it was right.
    Chosen(usize, bool),
    /// Skipped, or passed by.
    Skipped,
}

/// A choice of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    text: (String, String),
    why_wrong: Option<(String, String)>,
    pub(super) right: bool,
}

impl Choice {
    pub(super) fn text(&self, lang: Lang) -> &str {
        lang.pick(&self.text.0, &self.text.1)
    }

    pub(super) fn why_wrong(&self, lang: Lang) -> Option<&str> {
        let why = self.why_wrong.as_ref()?;
        Some(lang.pick(&why.0, &why.1))
    }
}

/// A question that stands open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its place in the scenario.
    pub ask: usize,
    text: (String, String),
    pub(super) choices: Vec<Choice>,
    /// The step that decides it.
    pub(super) fires: StepNo,
    /// It is asked before that step.
    pub(super) before: bool,
    /// What was chosen, in order.
    pub(super) tried: Vec<usize>,
}

impl Asked {
    /// The question.
    pub fn text(&self, lang: Lang) -> &str {
        lang.pick(&self.text.0, &self.text.1)
    }

    /// How many answers there are to choose from.
    pub fn choices(&self) -> usize {
        self.choices.len()
    }

    /// The right answer was found.
    pub fn is_solved(&self) -> bool {
        let right = |index: &usize| self.choices.get(*index).is_some_and(|choice| choice.right);
        self.tried.iter().any(right)
    }
}

/// All questions of a run: which one is open, and what was answered.
#[derive(Clone, Debug, Default)]
pub struct Quiz {
    pub(super) open: Option<Asked>,
    answers: BTreeMap<usize, Answer>,
}

impl Quiz {
    /// The question that stands open.
    pub fn open(&self) -> Option<&Asked> {
        self.open.as_ref()
    }

    /// How a question was answered.
    pub fn answer(&self, ask: usize) -> Option<Answer> {
        self.answers.get(&ask).copied()
    }

    /// Right answers at the first try, and questions that were asked.
    pub fn score(&self) -> (usize, usize) {
        let right = |answer: &&Answer| matches!(answer, Answer::Chosen(_, true));
        let right = self.answers.values().filter(right).count();
        (right, self.answers.len())
    }

    /// The first question on the way from `now` to `target` that was not asked yet, and the step
    /// after which it is asked.
    pub(super) fn on_the_way(
        &self,
        coming: &[Coming],
        now: StepNo,
        target: StepNo,
    ) -> Option<(Coming, StepNo)> {
        let ahead = coming.iter().filter(|c| c.fires > now && c.fires <= target);
        let mut ahead = ahead.filter(|coming| self.answer(coming.ask).is_none());
        let first = *ahead.next()?;
        let stop = match first.before {
            true => StepNo(first.fires.0 - 1).max(now),
            false => first.fires,
        };
        Some((first, stop))
    }

    /// Asks; the session stands where the question is asked.
    pub(super) fn ask(&mut self, session: &Session, coming: Coming) {
        let Some(spec) = session.scenario().asks.get(coming.ask) else {
            return;
        };
        let both = |text: &crate::lab::scenario::Text| {
            let say = |lang| session.render(text, lang);
            (say(Lang::En), say(Lang::Zh))
        };
        let choices = spec.choose.iter().map(|choice| Choice {
            text: both(&choice.text),
            why_wrong: choice.wrong.as_ref().map(both),
            right: choice.right,
        });
        self.open = Some(Asked {
            ask: coming.ask,
            text: both(&spec.text),
            choices: choices.collect(),
            fires: coming.fires,
            before: coming.before,
            tried: Vec::new(),
        });
    }

    /// Chooses an answer; none if there is no such choice. Only the first choice counts.
    pub(super) fn choose(&mut self, choice: usize) -> Option<bool> {
        let open = self.open.as_mut()?;
        let right = open.choices.get(choice)?.right;
        if open.is_solved() {
            return None;
        }
        if !open.tried.contains(&choice) {
            open.tried.push(choice);
        }
        let first = Answer::Chosen(choice, right);
        let skipped = self.answers.get(&open.ask) == Some(&Answer::Skipped);
        let answer = self.answers.entry(open.ask).or_insert(first);
        if skipped {
            *answer = first;
        }
        Some(right)
    }

    /// Leaves the open question, if any, as it is.
    pub(super) fn leave(&mut self) {
        if let Some(open) = self.open.take() {
            self.answers.entry(open.ask).or_insert(Answer::Skipped);
        }
    }

    /// The screen went elsewhere: a question that was not answered may be asked again.
    pub(super) fn forget(&mut self) {
        self.open = None;
    }
}
