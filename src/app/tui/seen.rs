//! What the screen says of one step, and how much it matters there.

use crate::kafka::vocabulary::{Kafka, NoteKind, Salience};
use crate::lab::cluster::{KafkaWorld, Node};
use crate::lab::text::{Happening, Lang, Speaker, sentence};
use crate::lab::trace::Step;
use crate::sim::{Action, Envelope, Fault, Observer, StepKind, StepRecord};

/// So many sentences tell of one step; what is more is for the inspector.
const SENTENCES_MAX: usize = 3;

/// What happened, in a sentence or a few: the notes that matter most, or the step itself.
pub(super) fn tell(step: &Step, names: &dyn Speaker, lang: Lang) -> String {
    let most = step.notes.iter().map(|note| note.kind().salience()).max();
    let (Some(most), Some(node)) = (most, step.node) else {
        return step.sentence(names, lang);
    };
    if step_salience(&step.happening()) > most {
        return step.sentence(names, lang);
    }
    let told = step
        .notes
        .iter()
        .filter(|note| note.kind().salience() == most);
    let said: Vec<String> = told
        .map(|note| sentence(note, node, names, lang))
        .take(SENTENCES_MAX)
        .collect();
    said.join(lang.pick("; ", "；"))
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
    pub(super) seen: Option<Step>,
}

impl Observer<Node> for Eye {
    fn see(&mut self, _: &KafkaWorld, record: &StepRecord<'_, Kafka>) {
        self.seen = Some(Step::of(record));
    }

    fn watches(&self, _: &Envelope<Kafka>) -> bool {
        true
    }
}
