//! [`Recorder`]: an observer that keeps the steps of a run.

use super::step::Step;
use crate::kafka::vocabulary::{Kafka, Note, Salience, TopicTag, Value};
use crate::lab::cluster::{KafkaWorld, Names, Node, TopicNames, View, Voice};
use crate::lab::text::Said;
use crate::sim::{Envelope, Observer, StepNo, StepRecord, Time};

/// More steps than this are counted, not kept.
const STEPS_MAX: usize = 1_000_000;

/// Keeps the steps that matter at least so much.
#[derive(Clone, Debug)]
pub struct Recorder {
    names: Names,
    salience: Salience,
    steps: Vec<Step>,
    topics: TopicNames,
    left_out: u64,
}

/// Where a trace comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The scenario's name or path.
    pub scenario: String,
    /// Its title.
    pub title: Said,
    /// The branch, `main` for the file itself.
    pub branch: String,
    /// The seed.
    pub seed: u64,
    /// The hash of the whole history.
    pub trace_hash: u64,
    /// When the cluster was ready; [`Time::NEVER`] if it never was.
    pub ready_at: Time,
}

/// A narration or a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    /// When.
    pub at: Time,
    /// After which step.
    pub step: StepNo,
    /// What.
    pub text: Said,
    /// It asks.
    pub is_question: bool,
}

/// The kept steps of a run.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Where it comes from.
    pub origin: Origin,
    /// Machines and clients.
    pub names: Names,
    /// Topics.
    pub topics: TopicNames,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// What was told, in order.
    pub told: Vec<Telling>,
    /// The least that a kept step matters.
    pub salience: Salience,
    /// How many steps were too many to keep.
    pub left_out: u64,
}

impl Trace {
    /// Speaks of the cluster by whole names.
    pub fn voice(&self) -> Voice<'_> {
        Voice::new(&self.names, &self.topics)
    }
}

impl Recorder {
    /// Keeps steps of a cluster with these names.
    pub fn new(names: &Names, salience: Salience) -> Self {
        Recorder {
            names: names.clone(),
            salience,
            steps: Vec::new(),
            topics: TopicNames::default(),
            left_out: 0,
        }
    }

    /// The trace, now that the run is over.
    pub fn finish(mut self, world: &KafkaWorld, origin: Origin, told: Vec<Telling>) -> Trace {
        self.topics.learn(View::new(world, &self.names));
        Trace {
            origin,
            names: self.names,
            topics: self.topics,
            steps: self.steps,
            told,
            salience: self.salience,
            left_out: self.left_out,
        }
    }

    /// A topic may be gone when the trace is written: its name is learnt when it is noted.
    fn learn_topics(&mut self, world: &KafkaWorld, notes: &[Note]) {
        let is_known = |note: &Note| topic_of(note).is_none_or(|tag| self.topics.knows(tag));
        if !notes.iter().all(is_known) {
            self.topics.learn(View::new(world, &self.names));
        }
    }
}

/// The topic that a note speaks of.
fn topic_of(note: &Note) -> Option<TopicTag> {
    let mut found = None;
    note.for_each_field(|_, value| match value {
        Value::Partition(tp) => found = Some(tp.topic),
        Value::Topic(tag) => found = Some(tag),
        _ => {}
    });
    found
}

impl Observer<Node> for Recorder {
    fn see(&mut self, world: &KafkaWorld, record: &StepRecord<'_, Kafka>) {
        self.learn_topics(world, record.notes);
        let step = Step::of(record);
        if step.salience() < self.salience {
            return;
        }
        match self.steps.len() < STEPS_MAX {
            true => self.steps.push(step),
            false => self.left_out += 1,
        }
    }

    fn watches(&self, _: &Envelope<Kafka>) -> bool {
        true
    }
}
