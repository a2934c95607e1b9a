//! Two runs side by side: what was set differently, the first step that differs, the stories
//! aligned, and what came of it.
//!
//! | file | concern |
//! |---|---|
//! | `lockstep` | both Worlds step together until their histories part |
//! | `align` | which beats of two stories are the same |
//! | `outcome` | records, expectations, counts and partitions that came out differently |

mod align;
mod lockstep;
mod outcome;

pub use align::{Beat, Row};
pub use lockstep::{First, Moved};
pub use outcome::{Contrast, RecordContrast};

use super::case::lasted;
use crate::lab::scenario::run::{Finished, Options};
use crate::lab::scenario::{Scenario, write};
use crate::sim::{Span, Time};

/// One of the two runs, before it ran.
pub struct Side<'a> {
    /// The branch.
    pub branch: &'a str,
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The seed, if it is not the scenario's own.
    pub seed: Option<u64>,
}

/// Two runs and what differs.
pub struct Diff {
    /// The runs.
    pub runs: [Finished; 2],
    /// Lines of the scenario that only one of them has.
    pub settings: [Vec<String>; 2],
    /// The first step that differs; none if the histories are the same.
    pub first: Option<First>,
    /// Beats of the stories that only one of them has, or has otherwise, the earliest first.
    pub story: Vec<Row>,
    /// Beats that the stories share.
    pub shared: usize,
    /// Beats that were too many to be compared.
    pub left_out: usize,
    /// Numbers and verdicts that differ.
    pub outcomes: Vec<Contrast>,
    /// Records that fared differently.
    pub records: Vec<RecordContrast>,
}

impl Diff {
    /// Runs both sides in lockstep and compares them. `progress` hears the virtual time.
    pub fn new(sides: [Side<'_>; 2], progress: &mut dyn FnMut(Time)) -> Self {
        let settings = settings(sides[0].scenario, sides[1].scenario);
        let pair = lockstep::run(&sides, progress);
        let [one, other] = &pair.traces;
        let aligned = align::align(one, other);
        let runs = pair.runs;
        Diff {
            settings,
            first: pair.first,
            story: aligned.rows,
            shared: aligned.shared,
            left_out: aligned.left_out,
            outcomes: outcome::contrasts(&runs),
            records: outcome::records(&runs),
            runs,
        }
    }

    /// Whether the two are one history.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }
}

impl Side<'_> {
    fn options(&self) -> Options {
        Options {
            seed: self.seed,
            ..Options::default()
        }
    }
}

/// The lines that only one of two scenarios has, texts and expectations aside.
fn settings(one: &Scenario, other: &Scenario) -> [Vec<String>; 2] {
    let lines = |scenario: &Scenario| {
        let mut bare = scenario.clone();
        bare.title = Default::default();
        bare.tells.clear();
        bare.asks.clear();
        bare.expects.clear();
        bare.steps.iter_mut().for_each(|step| step.note = None);
        let text = write(&bare);
        let mut section = String::new();
        let mut lines = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match line.starts_with('[') {
                true => section = format!("{line} "),
                false => lines.push(format!("{section}{line}")),
            }
        }
        lines
    };
    let (one, other) = (lines(one), lines(other));
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        let lacks = |line: &&String| !those.contains(line);
        these.iter().filter(lacks).cloned().collect()
    };
    [only(&one, &other), only(&other, &one)]
}

fn millis(span: Span) -> String {
    lasted(span)
}
