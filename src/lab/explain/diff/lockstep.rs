//! Two Worlds that step together. As long as their hashes agree they have one history; from then
//! on each goes its own way and keeps its story.

use super::Side;
use crate::kafka::vocabulary::{Kafka, Salience};
use crate::lab::cluster::{KafkaWorld, Node};
use crate::lab::scenario::run::{Finished, Session};
use crate::lab::text::Said;
use crate::lab::trace::{Recorder, Step, Trace};
use crate::sim::{Envelope, Observer, StepNo, StepRecord, Time};

/// Steps between two words about progress.
const BATCH: usize = 4_096;

/// A step of one side, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its number.
    pub step: StepNo,
    /// When.
    pub at: Time,
    /// The step that led to it.
    pub cause: StepNo,
    /// What it was and what was noted.
    pub said: Vec<Said>,
}

/// The first step that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct First {
    /// The number of steps before it, the same on both sides.
    pub same: u64,
    /// It on each side; none where the run was over.
    pub moved: [Option<Moved>; 2],
}

pub(super) struct Pair {
    pub(super) runs: [Finished; 2],
    pub(super) traces: [Trace; 2],
    pub(super) first: Option<First>,
}

/// Keeps the story, and the last step while it may be the first that differs.
struct Eyes {
    recorder: Recorder,
    last: Option<Step>,
    together: bool,
}

impl Observer<Node> for Eyes {
    fn see(&mut self, world: &KafkaWorld, record: &StepRecord<'_, Kafka>) {
        if self.together {
            self.last = Some(Step::of(record));
        }
        self.recorder.see(world, record);
    }

    fn watches(&self, envelope: &Envelope<Kafka>) -> bool {
        self.together && self.recorder.watches(envelope)
    }
}

struct One {
    session: Session,
    eyes: Eyes,
}

impl One {
    fn new(side: &Side<'_>) -> Self {
        let session = Session::new(side.scenario, &side.options());
        let names = &session.run().plan().names;
        let recorder = Recorder::new(names, Salience::Story);
        let eyes = Eyes {
            recorder,
            last: None,
            together: true,
        };
        One { session, eyes }
    }

    fn step(&mut self) -> bool {
        self.eyes.last = None;
        self.session.step(&mut self.eyes)
    }

    /// Goes on alone.
    fn finish(mut self, branch: &str, progress: &mut dyn FnMut(Time)) -> (Finished, Trace) {
        self.eyes.together = false;
        'run: loop {
            for _ in 0..BATCH {
                if !self.step() {
                    break 'run;
                }
            }
            progress(self.session.world().now());
        }
        let finished = self.session.finish(branch);
        let trace = finished.trace(self.eyes.recorder, branch, Said::default());
        (finished, trace)
    }
}

pub(super) fn run(sides: &[Side<'_>; 2], progress: &mut dyn FnMut(Time)) -> Pair {
    let mut one = One::new(&sides[0]);
    let mut other = One::new(&sides[1]);
    let mut parted = None;
    for count in 0.. {
        let went = [one.step(), other.step()];
        if went == [false, false] {
            break;
        }
        let hashes = [&one, &other].map(|side| side.session.world().trace_hash());
        if went[0] != went[1] || hashes[0] != hashes[1] {
            parted = Some((count, [one.eyes.last.take(), other.eyes.last.take()]));
            break;
        }
        if count % BATCH as u64 == 0 {
            progress(one.session.world().now());
        }
    }
    let one = one.finish(sides[0].branch, progress);
    let other = other.finish(sides[1].branch, progress);
    let traces = [one.1, other.1];
    let first = parted.map(|(same, [a, b])| First {
        same,
        moved: [moved(a, &traces[0]), moved(b, &traces[1])],
    });
    Pair {
        runs: [one.0, other.0],
        traces,
        first,
    }
}

fn moved(step: Option<Step>, trace: &Trace) -> Option<Moved> {
    let step = step?;
    let voice = trace.voice();
    let own = Said::by(|lang| step.sentence(&voice, lang));
    let notes = (0..step.notes.len()).map(|index| {
        Said::by(|lang| {
            let all = step.note_sentences(Salience::Background, &voice, lang);
            all.get(index).cloned().unwrap_or_default()
        })
    });
    Some(Moved {
        step: step.no,
        at: step.at,
        cause: step.cause,
        said: std::iter::once(own).chain(notes).collect(),
    })
}
