//! [`Scout`]: runs ahead of what is shown and finds the beats, the marks and the questions. It is
//! a clone of the beginning, so what it sees is what will be shown.

use super::seen::{rank, step_salience, tell};
use crate::kafka::vocabulary::{Kafka, Note, Salience};
use crate::lab::cluster::{KafkaWorld, Names, Node, TopicNames, View};
use crate::lab::scenario::run::{Phase, Report, Run};
use crate::lab::scenario::{StepIdx, Trigger};
use crate::lab::text::{Happening, Lang, Speaker, sentence};
use crate::lab::trace::Step;
use crate::sim::{Action, NodeId, Observer, SeededOracle, StepNo, StepRecord, Time};

/// A run that has not ended after so many steps is given up.
const STEPS_MAX: u64 = 50_000_000;
/// More beats than this are not listed: nobody steps through them one by one.
const BEATS_MAX: usize = 400_000;

/// What a beat is about.
#[derive(Clone, Debug)]
pub(super) enum Gist {
    /// The note that matters most.
    Note(Note),
    /// A step that matters by itself: a fault, a halt.
    Step(Box<Step>),
    /// Something was told.
    Told,
}

/// A step worth stopping at.
#[derive(Clone, Debug)]
pub struct Beat {
    /// The step's number.
    pub step: StepNo,
    /// When it began.
    pub at: Time,
    /// The machine.
    pub node: Option<NodeId>,
    /// How much it matters.
    pub salience: Salience,
    pub(super) gist: Gist,
}

impl Beat {
    /// What happened, in a sentence; empty for a beat that is only narration.
    pub fn tell(&self, names: &dyn Speaker, lang: Lang) -> String {
        match (&self.gist, self.node) {
            (Gist::Note(note), Some(node)) => sentence(note, node, names, lang),
            (Gist::Step(seen), _) => tell(seen, names, lang),
            _ => String::new(),
        }
    }
}

/// A place of the story with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The first step that shows it.
    pub step: StepNo,
    /// The scenario's step.
    pub of: StepIdx,
}

/// A question of the scenario and when it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Coming {
    /// By place in the scenario.
    pub(super) ask: usize,
    /// By place in what was told.
    pub(super) told: usize,
    /// The step on which its trigger fires.
    pub(super) fires: StepNo,
    /// It is asked before that step.
    pub(super) before: bool,
}

/// How far a scout is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// The cluster boots.
    Prelude,
    /// Ready after that step.
    Story,
    /// Nothing comes after that step.
    Over,
}

/// Runs ahead.
#[derive(Clone)]
pub struct Scout {
    world: KafkaWorld,
    run: Run,
    oracle: SeededOracle,
    act: Vec<Action<Kafka>>,
    topics: TopicNames,
    beats: Vec<Beat>,
    marks: Vec<Mark>,
    coming: Vec<Coming>,
    told: usize,
    acted: usize,
    reach: Reach,
    /// The story begins at power-on.
    cold: bool,
}

impl Scout {
    pub(super) fn new(world: KafkaWorld, run: Run) -> Self {
        let oracle = SeededOracle::new(run.plan().scenario.seed);
        let cold = run.plan().scenario.cluster.cold_start;
        Scout {
            world,
            run,
            oracle,
            act: Vec::new(),
            topics: TopicNames::default(),
            beats: Vec::new(),
            marks: Vec::new(),
            coming: Vec::new(),
            told: 0,
            acted: 0,
            reach: if cold { Reach::Story } else { Reach::Prelude },
            cold,
        }
    }

    pub(super) fn world(&self) -> &KafkaWorld {
        &self.world
    }

    pub(super) fn run(&self) -> &Run {
        &self.run
    }

    pub(super) fn reach(&self) -> Reach {
        self.reach
    }

    pub(super) fn topics(&self) -> &TopicNames {
        &self.topics
    }

    /// The beats found so far, of every salience but Background.
    pub fn beats(&self) -> &[Beat] {
        &self.beats
    }

    /// The marks found so far.
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    pub(super) fn coming(&self) -> &[Coming] {
        &self.coming
    }

    pub(super) fn is_over(&self) -> bool {
        self.reach == Reach::Over
    }

    /// Makes one step; false if there is none.
    pub(super) fn step(&mut self) -> bool {
        if self.is_over() {
            return false;
        }
        let mut glance = Glance::default();
        let (run, act) = (&mut self.run, &mut self.act);
        let made = (self.world).step_until(Time::NEVER, &mut self.oracle, run, act, &mut glance);
        if !made || self.run.is_over() || self.world.step_no().0 >= STEPS_MAX {
            self.reach = Reach::Over;
        }
        if !made {
            return false;
        }
        if self.reach == Reach::Prelude && *self.run.phase() != Phase::Prelude {
            self.reach = Reach::Story;
            self.topics
                .learn(View::new(&self.world, &self.run.plan().names));
            return true;
        }
        if self.cold || self.reach != Reach::Prelude {
            self.keep(glance);
        }
        true
    }

    fn keep(&mut self, glance: Glance) {
        let told = self.hear();
        self.mark();
        let gist = match (glance.gist, told) {
            (Some(gist), _) => gist,
            (None, true) => Gist::Told,
            (None, false) => return,
        };
        if let Gist::Note(Note::TopicCreated { .. } | Note::BecameLeader { .. }) = gist {
            self.learn();
        }
        let salience = if told {
            Salience::Story
        } else {
            glance.salience
        };
        if self.beats.len() < BEATS_MAX {
            self.beats.push(Beat {
                step: self.world.step_no(),
                at: glance.at,
                node: glance.node,
                salience,
                gist,
            });
        }
    }

    fn learn(&mut self) {
        let names: &Names = &self.run.plan().names;
        self.topics.learn(View::new(&self.world, names));
    }

    /// Whether the step told or asked something new.
    fn hear(&mut self) -> bool {
        let fires = self.world.step_no();
        let told = self.run.told();
        let from = std::mem::replace(&mut self.told, told.len());
        let scenario = &self.run.plan().scenario;
        for (place, told) in told.iter().enumerate().skip(from) {
            let Some(ask) = told.ask else { continue };
            let spec = scenario.asks.get(ask);
            let by_step = spec.is_some_and(|ask| {
                ask.before && !matches!(ask.trigger, Trigger::At(_) | Trigger::After(..))
            });
            self.coming.push(Coming {
                ask,
                told: place,
                fires,
                before: by_step,
            });
        }
        from < told.len()
    }

    fn mark(&mut self) {
        let acts = self.run.acts();
        let steps = &self.run.plan().scenario.steps;
        for acted in &acts[self.acted.min(acts.len())..] {
            if steps.get(acted.step.0).is_some_and(|step| step.mark) {
                // What it does is the next step of the engine.
                let (step, of) = (StepNo(acted.no.0 + 1), acted.step);
                self.marks.push(Mark { step, of });
            }
        }
        self.acted = acts.len();
    }

    /// The outcome, once the run is over.
    pub(super) fn report(&self, branch: &str) -> Option<Report> {
        let over = self.is_over();
        over.then(|| self.run.report(&self.world, branch))
    }
}

/// A cheap look at every step.
struct Glance {
    at: Time,
    node: Option<NodeId>,
    salience: Salience,
    gist: Option<Gist>,
}

impl Default for Glance {
    fn default() -> Self {
        Glance {
            at: Time::ZERO,
            node: None,
            salience: Salience::Background,
            gist: None,
        }
    }
}

impl Observer<Node> for Glance {
    fn see(&mut self, _: &KafkaWorld, record: &StepRecord<'_, Kafka>) {
        (self.at, self.node) = (record.at, record.node);
        let own = step_salience(&Happening::of(record, None));
        let key = |note: &&Note| (note.kind().salience(), rank(note.kind()));
        let most = record.notes.iter().rev().max_by_key(key);
        let noted = most.map_or(Salience::Background, |note| note.kind().salience());
        self.salience = own.max(noted);
        if self.salience == Salience::Background {
            return;
        }
        self.gist = match most {
            Some(note) if noted >= own => Some(Gist::Note(*note)),
            _ => Some(Gist::Step(Box::new(Step::of(record)))),
        };
    }
}
