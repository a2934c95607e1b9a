//! [`Step`]: a step of a run that is kept.

use crate::kafka::vocabulary::{Kafka, Note, Outcome, Salience};
use crate::lab::text::{Happening, Lang, MessageSummary, Speaker, sentence, step_sentence};
use crate::sim::{
    Action, CallId, Head, LostReason, NodeId, StepKind, StepNo, StepRecord, Time, Verdict,
};

/// A step with all that it said; the message only in short.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its number.
    pub no: StepNo,
    /// When it began.
    pub at: Time,
    /// When what it sent left.
    pub departs: Time,
    /// The machine; none for the network.
    pub node: Option<NodeId>,
    /// What kind of step.
    pub kind: StepKind<Kafka>,
    /// The step that led to it; 0 for none.
    pub cause: StepNo,
    /// Of a response: the step that read the request; 0 for none.
    pub request: StepNo,
    /// The outside of its message.
    pub head: Option<Head>,
    /// The gist of its message.
    pub message: Option<MessageSummary>,
    /// The fault or call.
    pub action: Option<Action<Kafka>>,
    /// What was done to its message.
    pub verdict: Verdict,
    /// What the logic noted.
    pub notes: Vec<Note>,
    /// Calls that ended.
    pub outcomes: Vec<(CallId, Outcome)>,
}

impl Step {
    /// Keeps a step.
    pub fn of(record: &StepRecord<'_, Kafka>) -> Self {
        Step {
            no: record.no,
            at: record.at,
            departs: record.departs,
            node: record.node,
            kind: record.kind,
            cause: record.cause,
            request: record.request,
            head: record.head,
            message: record.message.map(MessageSummary::of),
            action: record.action.cloned(),
            verdict: record.verdict,
            notes: record.notes.to_vec(),
            outcomes: record.outcomes.to_vec(),
        }
    }

    /// The step without its notes.
    pub fn happening(&self) -> Happening<'_> {
        Happening {
            kind: self.kind,
            node: self.node,
            head: self.head.as_ref(),
            message: self.message.as_ref(),
            action: self.action.as_ref(),
            verdict: self.verdict,
        }
    }

    /// How much it matters: the most that itself or one of its notes does.
    pub fn salience(&self) -> Salience {
        let notes = self.notes.iter().map(|note| note.kind().salience());
        notes.fold(self.happening().salience(), Salience::max)
    }

    /// What the step itself was.
    pub fn sentence(&self, names: &dyn Speaker, lang: Lang) -> String {
        step_sentence(&self.happening(), names, lang)
    }

    /// What its notes at or above a salience say.
    pub fn note_sentences(&self, from: Salience, names: &dyn Speaker, lang: Lang) -> Vec<String> {
        let Some(node) = self.node else {
            return Vec::new();
        };
        let notes = self.notes.iter();
        let notes = notes.filter(|note| note.kind().salience() >= from);
        notes
            .map(|note| sentence(note, node, names, lang))
            .collect()
    }

    /// The sentences of a story: the step itself where that matters, then its notes.
    pub fn story(&self, from: Salience, names: &dyn Speaker, lang: Lang) -> Vec<String> {
        let notes = self.note_sentences(from, names, lang);
        let own = self.happening().salience() >= from && !self.is_told_by(&notes);
        let own = own.then(|| self.sentence(names, lang));
        own.into_iter().chain(notes).collect()
    }

    /// A boot or a halt says no more than its own notes do.
    fn is_told_by(&self, notes: &[String]) -> bool {
        matches!(
            self.kind,
            StepKind::Boot | StepKind::Halt | StepKind::Deliver
        ) && !notes.is_empty()
    }

    /// The word for its kind in exports.
    pub fn kind_word(&self) -> &'static str {
        match self.kind {
            StepKind::Action => "action",
            StepKind::Boot => "boot",
            StepKind::Deliver => "deliver",
            StepKind::Lost(_) => "lost",
            StepKind::Timer(_) => "timer",
            StepKind::Synced(_) => "synced",
            StepKind::Call(_) => "call",
            StepKind::Reset(_) => "reset",
            StepKind::Halt => "halt",
        }
    }

    /// The word for why its message died, if it did.
    pub fn lost_word(&self) -> Option<&'static str> {
        let StepKind::Lost(reason) = self.kind else {
            return None;
        };
        Some(match reason {
            LostReason::Loss => "loss",
            LostReason::Cut => "cut",
            LostReason::Dropped => "dropped",
            LostReason::Gap => "gap",
            LostReason::Dead => "dead",
            LostReason::Closed => "closed",
            LostReason::Refused => "refused",
        })
    }
}
