//! [`Trail`]: the recorded steps of a run, with what explanations look up in them: notes by step,
//! what a step led to, and what was done from outside.

use crate::kafka::vocabulary::Note;
use crate::lab::cluster::Voice;
use crate::lab::trace::{Step, Trace};
use crate::sim::{Action, Fault, LostReason, NodeId, StepKind, StepNo, Time, Verdict};

/// Something that was done to the cluster from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A fault.
    Fault(Fault),
    /// SIGTERM.
    Shutdown(NodeId),
    /// A message of this link was held, dropped, doubled or delayed.
    Message(Verdict, NodeId, NodeId, Option<&'static str>),
}

/// A note with its place.
#[derive(Clone, Copy, Debug)]
pub struct Noted {
    /// The step.
    pub step: StepNo,
    /// When.
    pub at: Time,
    /// The machine that noted it.
    pub node: NodeId,
    /// The note.
    pub note: Note,
}

/// What a run left behind.
#[derive(Clone, Debug)]
pub struct Trail {
    trace: Trace,
    deeds: Vec<(StepNo, Deed)>,
}

impl Trail {
    /// Of a trace that holds every step from the first on.
    pub fn new(trace: Trace) -> Self {
        let deeds = trace.steps.iter().filter_map(|step| {
            let deed = deed(step)?;
            Some((step.no, deed))
        });
        Trail {
            deeds: deeds.collect(),
            trace,
        }
    }

    /// The recorded steps.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Speaks of machines, topics and clients by their names.
    pub fn voice(&self) -> Voice<'_> {
        self.trace.voice()
    }

    /// The number of the last step that was kept.
    pub fn last(&self) -> StepNo {
        self.trace.steps.last().map_or(StepNo(0), |step| step.no)
    }

    /// A step by its number.
    pub fn step(&self, no: StepNo) -> Option<&Step> {
        self.trace
            .steps
            .get(usize::try_from(no.0.checked_sub(1)?).ok()?)
    }

    /// All steps from `from` on, in order.
    pub fn steps_from(&self, from: StepNo) -> impl Iterator<Item = &Step> {
        let skip = from.0.saturating_sub(1);
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        self.trace.steps.iter().skip(skip)
    }

    /// The notes of a step, in order.
    pub fn notes_of(&self, no: StepNo) -> &[Note] {
        self.step(no).map_or(&[], |step| &step.notes)
    }

    /// Every note, in order.
    pub fn notes(&self) -> impl DoubleEndedIterator<Item = Noted> + '_ {
        self.notes_in(StepNo(1), self.last())
    }

    /// The notes of the steps `from` to `to`, both included, in order.
    pub fn notes_in(
        &self,
        from: StepNo,
        to: StepNo,
    ) -> impl DoubleEndedIterator<Item = Noted> + '_ {
        let steps = (from.0.max(1)..=to.0.min(self.last().0)).filter_map(|no| {
            let step = self.step(StepNo(no))?;
            Some((step, step.node?))
        });
        steps.flat_map(|(step, node)| {
            step.notes.iter().map(move |note| Noted {
                step: step.no,
                at: step.at,
                node,
                note: *note,
            })
        })
    }

    /// What was done from outside, in order.
    pub fn deeds(&self) -> &[(StepNo, Deed)] {
        &self.deeds
    }

    /// The step in which the answer to the request that `read` read arrived or died.
    pub fn answer_to(&self, read: StepNo) -> Option<&Step> {
        self.steps_from(StepNo(read.0 + 1)).find(|step| {
            step.request == read && matches!(step.kind, StepKind::Deliver | StepKind::Lost(_))
        })
    }
}

fn deed(step: &Step) -> Option<Deed> {
    let message = |verdict: Verdict| {
        let head = step.head?;
        let name = step.message.as_ref().map(|message| message.name);
        Some(Deed::Message(verdict, head.from, head.to, name))
    };
    let stops = |note: &Note| matches!(note, Note::BrokerStopping { .. });
    match (step.kind, &step.action) {
        _ if step.notes.iter().any(stops) => step.node.map(Deed::Shutdown),
        (StepKind::Action, Some(Action::Fault(fault))) => Some(Deed::Fault(fault.clone())),
        (StepKind::Action, None) if step.verdict != Verdict::Deliver => message(step.verdict),
        (StepKind::Lost(LostReason::Dropped), _) => message(Verdict::Drop),
        _ => None,
    }
}
