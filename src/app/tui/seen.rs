//! [`Seen`]: one step, kept after it was made.

use crate::kafka::vocabulary::{Kafka, Note, NoteKind, Salience};
use crate::lab::cluster::{KafkaWorld, Node};
use crate::lab::text::{Happening, Lang, MessageSummary, Speaker, sentence, step_sentence};
use crate::sim::{
    Action, Envelope, Fault, Head, NodeId, Observer, StepKind, StepNo, StepRecord, Time, Verdict,
};

/// So many sentences tell of one step; what is more is for the inspector.
const SENTENCES_MAX: usize = 3;

/// What a step was.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its number.
    pub no: StepNo,
    /// When it began.
    pub at: Time,
    /// The machine.
    pub node: Option<NodeId>,
    /// What kind of step.
    pub kind: StepKind<Kafka>,
    /// The step that caused it.
    pub cause: StepNo,
    /// Of a response: the step that read the request.
    pub request: StepNo,
    /// The outside of the message that it is about.
    pub head: Option<Head>,
    /// The message itself, where it was looked at.
    pub message: Option<MessageSummary>,
    /// The fault or call.
    pub action: Option<Action<Kafka>>,
    /// What was done to a message.
    pub verdict: Verdict,
    /// What the logic noted.
    pub notes: Vec<Note>,
}

impl Seen {
    pub(super) fn of(record: &StepRecord<'_, Kafka>) -> Self {
        Seen {
            no: record.no,
            at: record.at,
            node: record.node,
            kind: record.kind,
            cause: record.cause,
            request: record.request,
            head: record.head,
            message: record.message.map(MessageSummary::of),
            action: record.action.cloned(),
            verdict: record.verdict,
            notes: record.notes.to_vec(),
        }
    }

    /// The step apart from its notes.
    pub(super) fn happening(&self) -> Happening<'_> {
        Happening {
            kind: self.kind,
            node: self.node,
            head: self.head.as_ref(),
            message: self.message.as_ref(),
            action: self.action.as_ref(),
            verdict: self.verdict,
        }
    }

    /// How much it matters.
    pub fn salience(&self) -> Salience {
        let notes = self.notes.iter().map(|note| note.kind().salience());
        let step = step_salience(&self.happening());
        notes.chain([step]).max().unwrap_or(step)
    }

    /// What happened, in a sentence or a few: the notes that matter most, or the step itself.
    pub fn tell(&self, names: &dyn Speaker, lang: Lang) -> String {
        let most = self.notes.iter().map(|note| note.kind().salience()).max();
        let step = self.happening();
        let (Some(most), Some(node)) = (most, self.node) else {
            return step_sentence(&step, names, lang);
        };
        if step_salience(&step) > most {
            return step_sentence(&step, names, lang);
        }
        let told = self
            .notes
            .iter()
            .filter(|note| note.kind().salience() == most);
        let said: Vec<String> = told
            .map(|note| sentence(note, node, names, lang))
            .take(SENTENCES_MAX)
            .collect();
        said.join(lang.pick("; ", "；"))
    }
}

/// How much the step itself matters. Calendars are set when the cluster is ready: that is no part
/// of the story.
pub(super) fn step_salience(step: &Happening<'_>) -> Salience {
    match step.action {
        Some(Action::Fault(Fault::ClockJump { .. })) => Salience::Detail,
        // A boot says so by a note of its own.
        _ if matches!(step.kind, StepKind::Boot) => Salience::Detail,
        _ => step.salience(),
    }
}

/// Which of the notes of one step names it on the ruler: the one that changes most.
pub(super) fn rank(kind: NoteKind) -> u8 {
    match kind {
        NoteKind::LeaderElected | NoteKind::BecameQuorumLeader | NoteKind::LogTruncated => 9,
        NoteKind::BecameLeader | NoteKind::BrokerFenced | NoteKind::RecordFailed => 8,
        NoteKind::HighWatermarkAdvanced | NoteKind::DuplicateBatch => 7,
        NoteKind::IsrChanged | NoteKind::BrokerUnfenced | NoteKind::BrokerStarted => 6,
        NoteKind::RecordAcknowledged | NoteKind::RecordReceived => 5,
        NoteKind::Appended | NoteKind::Replicated | NoteKind::BecameFollower => 4,
        _ => 3,
    }
}

/// Looks at one step closely.
#[derive(Default)]
pub(super) struct Eye {
    pub(super) seen: Option<Seen>,
}

impl Observer<Node> for Eye {
    fn see(&mut self, _: &KafkaWorld, record: &StepRecord<'_, Kafka>) {
        self.seen = Some(Seen::of(record));
    }

    fn watches(&self, _: &Envelope<Kafka>) -> bool {
        true
    }
}
