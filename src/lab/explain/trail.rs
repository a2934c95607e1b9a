//! [`Trail`]: what a run left behind, step by step: who, when, because of which step, and what was
//! noted. Small enough to keep a whole run; a longer one is kept up to a limit.

use crate::kafka::vocabulary::{Kafka, Note};
use crate::lab::cluster::{KafkaWorld, Names, Node, TopicNames, View};
use crate::sim::{
    Action, Envelope, Fault, Head, LostReason, NodeId, Observer, StepKind, StepNo, StepRecord,
    Time, Verdict,
};

/// Steps kept, and notes kept.
const STEPS_MAX: usize = 4_000_000;
const NOTES_MAX: usize = 16_000_000;

/// One step.
#[derive(Clone, Debug)]
pub struct TrailStep {
    /// When it began.
    pub at: Time,
    /// The machine.
    pub node: Option<NodeId>,
    /// What kind.
    pub kind: StepKind<Kafka>,
    /// The step that sent the message or armed the timer; 0 for none.
    pub cause: StepNo,
    /// Of a response: the step that read the request.
    pub request: StepNo,
    /// Sender and receiver of its message.
    pub link: Option<(NodeId, NodeId)>,
    /// The api of a message: `Fetch`, `FetchResponse`.
    pub message: Option<&'static str>,
    /// What was done to a message.
    pub verdict: Verdict,
    notes_end: usize,
}

/// Something that was done to the cluster from outside.
#[derive(Clone, Debug)]
pub enum Deed {
    /// A fault.
    Fault(Fault),
    /// SIGTERM.
    Shutdown(NodeId),
    /// A message of this link was held, dropped, doubled or delayed.
    Message(Verdict, NodeId, NodeId, Option<&'static str>),
}

/// What a run left behind.
#[derive(Clone, Debug)]
pub struct Trail {
    names: Names,
    topics: TopicNames,
    steps: Vec<TrailStep>,
    notes: Vec<Note>,
    deeds: Vec<(StepNo, Deed)>,
    whole: bool,
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

impl Trail {
    /// An empty trail of a cluster.
    pub fn new(names: Names) -> Self {
        Trail {
            names,
            topics: TopicNames::default(),
            steps: Vec::new(),
            notes: Vec::new(),
            deeds: Vec::new(),
            whole: true,
        }
    }

    /// Learns the names of the topics that there are in the end.
    pub fn learn(&mut self, view: View<'_>) {
        self.topics.learn(view);
    }

    /// The names of topics, also of those that are gone.
    pub fn topics(&self) -> &TopicNames {
        &self.topics
    }

    /// Whether no step had to be left out.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// The number of the last step that was kept.
    pub fn last(&self) -> StepNo {
        StepNo(self.steps.len() as u64)
    }

    /// A step by its number.
    pub fn step(&self, no: StepNo) -> Option<&TrailStep> {
        self.steps.get(usize::try_from(no.0.checked_sub(1)?).ok()?)
    }

    /// All steps from `from` on, in order.
    pub fn steps_from(&self, from: StepNo) -> impl Iterator<Item = (StepNo, &TrailStep)> {
        let first = from.0.max(1);
        let skip = usize::try_from(first - 1).unwrap_or(usize::MAX);
        let steps = self.steps.iter().skip(skip);
        steps.zip(first..).map(|(step, no)| (StepNo(no), step))
    }

    /// The notes of a step, in order.
    pub fn notes_of(&self, no: StepNo) -> &[Note] {
        let end = self.step(no).map_or(0, |step| step.notes_end);
        let before = StepNo(no.0.saturating_sub(1));
        let start = self.step(before).map_or(0, |step| step.notes_end);
        self.notes.get(start..end).unwrap_or_default()
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
        (from.0.max(1)..=to.0.min(self.last().0)).flat_map(move |no| {
            let step = StepNo(no);
            let place = self.step(step).and_then(|s| Some((s.at, s.node?)));
            let notes = match place {
                Some(_) => self.notes_of(step),
                None => &[],
            };
            let (at, node) = place.unwrap_or((Time::ZERO, NodeId(0)));
            notes.iter().map(move |note| Noted {
                step,
                at,
                node,
                note: *note,
            })
        })
    }

    /// What was done from outside, in order.
    pub fn deeds(&self) -> &[(StepNo, Deed)] {
        &self.deeds
    }

    /// The first step that `cause` led to with a message of this name.
    pub fn effect(&self, cause: StepNo, message: &str) -> Option<(StepNo, &TrailStep)> {
        self.steps_from(StepNo(cause.0 + 1)).find(|(_, step)| {
            step.cause == cause
                && step.message == Some(message)
                && matches!(step.kind, StepKind::Deliver | StepKind::Lost(_))
        })
    }

    /// The step that answered the request which `read` read.
    pub fn answer_to(&self, read: StepNo) -> Option<(StepNo, &TrailStep)> {
        self.steps_from(StepNo(read.0 + 1)).find(|(_, step)| {
            step.request == read && matches!(step.kind, StepKind::Deliver | StepKind::Lost(_))
        })
    }
}

impl Observer<Node> for Trail {
    fn see(&mut self, world: &KafkaWorld, record: &StepRecord<'_, Kafka>) {
        let next = self.steps.len() as u64 + 1;
        let full = self.steps.len() >= STEPS_MAX || self.notes.len() >= NOTES_MAX;
        if full || record.no.0 != next {
            self.whole = false;
            return;
        }
        if let Some(deed) = deed(record) {
            self.deeds.push((record.no, deed));
        }
        let created = |note: &Note| matches!(note, Note::TopicCreated { .. });
        if record.notes.iter().any(created) {
            self.topics.learn(View::new(world, &self.names));
        }
        self.notes.extend_from_slice(record.notes);
        self.steps.push(TrailStep {
            at: record.at,
            node: record.node,
            kind: record.kind,
            cause: record.cause,
            request: record.request,
            link: record.head.map(|head: Head| (head.from, head.to)),
            message: record.message.map(|message| message.body.name()),
            verdict: record.verdict,
            notes_end: self.notes.len(),
        });
    }

    fn watches(&self, _: &Envelope<Kafka>) -> bool {
        self.whole
    }
}

fn deed(record: &StepRecord<'_, Kafka>) -> Option<Deed> {
    let stops = |note: &Note| matches!(note, Note::BrokerStopping { .. });
    match (&record.kind, record.action) {
        _ if record.notes.iter().any(stops) => record.node.map(Deed::Shutdown),
        (StepKind::Action, Some(Action::Fault(fault))) => Some(Deed::Fault(fault.clone())),
        (StepKind::Action, None) if record.verdict != Verdict::Deliver => {
            let head = record.head?;
            let name = record.message.map(|message| message.body.name());
            Some(Deed::Message(record.verdict, head.from, head.to, name))
        }
        (StepKind::Lost(LostReason::Dropped), _) => {
            let head = record.head?;
            let name = record.message.map(|message| message.body.name());
            Some(Deed::Message(Verdict::Drop, head.from, head.to, name))
        }
        _ => None,
    }
}
