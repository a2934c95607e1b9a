//! A trace in the order in which it is told.

use super::recorder::{Telling, Trace};
use super::step::Step;
use crate::sim::{Span, Time};

/// A pause of this length is worth a word.
const IDLE: Span = Span::from_millis(500);

/// What comes next.
pub(super) enum Entry<'a> {
    /// Nothing happened for so long.
    Idle(Span),
    /// The scenario says something.
    Told(&'a Telling),
    /// Something happened.
    Step(&'a Step),
}

impl Trace {
    /// Steps, each followed by what was told after it, and long pauses between them.
    pub(super) fn entries(&self) -> Vec<Entry<'_>> {
        let mut entries = Vec::with_capacity(self.steps.len() + self.told.len());
        let mut last = None;
        let mut told = self.told.iter().peekable();
        for step in &self.steps {
            while let Some(telling) = told.next_if(|telling| telling.step < step.no) {
                push(&mut entries, &mut last, telling.at, Entry::Told(telling));
            }
            push(&mut entries, &mut last, step.at, Entry::Step(step));
        }
        for telling in told {
            push(&mut entries, &mut last, telling.at, Entry::Told(telling));
        }
        entries
    }
}

fn push<'a>(entries: &mut Vec<Entry<'a>>, last: &mut Option<Time>, at: Time, entry: Entry<'a>) {
    let idle = last.map(|last| at.since(last));
    entries.extend(idle.filter(|idle| *idle >= IDLE).map(Entry::Idle));
    *last = Some(at);
    entries.push(entry);
}
