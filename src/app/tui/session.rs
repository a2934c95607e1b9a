//! [`Session`]: a run of a scenario that is stepped both ways.
//!
//! The timeline stands where the screen stands; the scout is ahead of it. Nothing is shown that
//! the scout has not seen, and the timeline makes the same history, because both begin with the
//! same World and the same oracle.

use super::picture::{Change, Picture, changes};
use super::scout::{Beat, Reach, Scout};
use super::seen::Eye;
use crate::kafka::vocabulary::Salience;
use crate::lab::cluster::{KafkaWorld, Node, Voice};
use crate::lab::scenario::run::{Options, Phase, Report, Run, Told, start};
use crate::lab::scenario::{Scenario, Text};
use crate::lab::text::Lang;
use crate::lab::trace::Step;
use crate::sim::{SeededOracle, SnapshotBudget, Span, StepNo, Time, Timeline};

/// Dense: a step back makes at most so many steps again.
const BUDGET: SnapshotBudget = SnapshotBudget {
    every: 64,
    count: 1_024,
    bytes: 256 << 20,
};

/// What a session shows and where it comes from.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// What `play` is called with: a name of the library, or a path.
    pub name: String,
    /// The branch; `main` for the file itself.
    pub branch: String,
    /// Instead of the scenario's own seed.
    pub seed: Option<u64>,
    /// The other branches of the file.
    pub branches: Vec<String>,
    /// What comes after this scenario in the course.
    pub next: Option<String>,
}

/// A moment of a run, as a person names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// After that step.
    Step(StepNo),
    /// So long after ready.
    At(Span),
    /// Where that step of the scenario acted.
    Mark(String),
    /// The end.
    End,
}

impl Address {
    /// `step:10432`, `12.3s`, `12.3`, `500ms`, or the id of a step of the scenario.
    ///
    /// # Errors
    /// Says what is wrong with a number.
    pub fn parse(word: &str) -> Result<Address, String> {
        let word = word.trim();
        if let Some(number) = word.strip_prefix("step:") {
            let number = number.trim().parse();
            let step = number.map_err(|_| format!("\"{word}\" is no step: step:10432"))?;
            return Ok(Address::Step(StepNo(step)));
        }
        match word.chars().next() {
            Some(first) if first.is_ascii_digit() => seconds(word)
                .map(Address::At)
                .ok_or_else(|| format!("\"{word}\" is no time: 12.3s, 500ms")),
            Some(_) => Ok(Address::Mark(word.to_owned())),
            None => Err("a time (12.3s), a step (step:10432) or a mark is missing".to_owned()),
        }
    }
}

/// `12.3s`, `12.3` or `500ms` in nanoseconds, without floating point.
fn seconds(word: &str) -> Option<Span> {
    if let Some(ms) = word.strip_suffix("ms") {
        return Some(Span::from_millis(ms.parse().ok()?));
    }
    let word = word.strip_suffix('s').unwrap_or(word);
    let (whole, part) = word.split_once('.').unwrap_or((word, ""));
    if part.len() > 9 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanos: u64 = format!("{part:0<9}").parse().ok()?;
    let whole = whole.parse::<u64>().ok()?.checked_mul(1_000_000_000)?;
    Some(Span(whole.checked_add(nanos)?))
}

/// What is shown: the World after the present step.
#[derive(Clone)]
struct Moment {
    seen: Option<Step>,
    picture: Picture,
    changes: Vec<Change>,
}

/// A run, its past and what the scout has seen of its future.
#[derive(Clone)]
pub struct Session {
    source: Source,
    line: Timeline<Node, Run>,
    oracle: SeededOracle,
    scout: Scout,
    /// The first moment of the story, once the cluster is ready.
    begin: Option<StepNo>,
    moment: Moment,
    report: Option<Report>,
}

impl Session {
    /// A run from power-on. Nothing has happened yet; see [`Session::look_ahead`].
    pub fn new(scenario: &Scenario, source: Source) -> Self {
        let options = Options {
            seed: source.seed,
            ..Options::default()
        };
        let (world, run) = start(scenario, &options);
        let oracle = SeededOracle::new(run.plan().scenario.seed);
        let picture = Picture::of(&world, &run);
        let begin = run.plan().scenario.cluster.cold_start.then_some(StepNo(0));
        Session {
            source,
            line: Timeline::with_budget(world.clone(), run.clone(), BUDGET),
            oracle,
            scout: Scout::new(world, run),
            begin,
            moment: Moment {
                seen: None,
                picture,
                changes: Vec::new(),
            },
            report: None,
        }
    }

    /// Lets the scout make so many steps; false if it has seen the end.
    pub fn look_ahead(&mut self, steps: usize) -> bool {
        for _ in 0..steps {
            if !self.scout.step() {
                break;
            }
            if self.begin.is_none() && self.scout.reach() != Reach::Prelude {
                self.arrive();
            }
        }
        if self.scout.is_over() && self.report.is_none() {
            if self.begin.is_none() {
                self.arrive();
            }
            self.report = self.scout.report(&self.source.branch);
        }
        !self.scout.is_over()
    }

    /// The cluster is ready, or never will be: the story begins here.
    fn arrive(&mut self) {
        let (world, run) = (self.scout.world().clone(), self.scout.run().clone());
        self.begin = Some(world.step_no());
        self.moment = Moment {
            seen: None,
            picture: Picture::of(&world, &run),
            changes: Vec::new(),
        };
        self.line = Timeline::with_budget(world, run, BUDGET);
    }

    /// Goes to the moment after a step, or as near as the story has come. True if that moves.
    pub fn go(&mut self, step: StepNo) -> bool {
        let Some(begin) = self.begin else {
            return false;
        };
        let step = step.clamp(begin, self.scout.world().step_no().max(begin));
        if step == self.now() {
            return false;
        }
        if step == begin {
            self.line.go_to(step, &mut self.oracle);
            self.moment = self.look(None, None);
            return true;
        }
        let before = StepNo(step.0 - 1);
        if self.now() != before {
            self.line.go_to(before, &mut self.oracle);
            self.moment.picture = Picture::of(self.line.world(), self.line.driver());
        }
        let mut eye = Eye::default();
        self.line.forward(Time::NEVER, &mut self.oracle, &mut eye);
        let before = std::mem::take(&mut self.moment.picture);
        self.moment = self.look(eye.seen, Some(before));
        true
    }

    fn look(&self, seen: Option<Step>, before: Option<Picture>) -> Moment {
        let picture = Picture::of(self.line.world(), self.line.driver());
        let changes = before.map_or_else(Vec::new, |before| changes(&before, &picture));
        Moment {
            seen,
            picture,
            changes,
        }
    }

    /// The step that an address means; none if the story, as far as it is known, has no such
    /// moment.
    pub fn find(&self, address: &Address) -> Option<StepNo> {
        match address {
            Address::Step(step) => {
                let inside = self.begin? <= *step && *step <= self.frontier();
                inside.then_some(*step)
            }
            Address::At(span) => {
                let at = self.ready_at() + *span;
                let known = self.scout.is_over() || self.scout.world().now() >= at;
                let after = self.beats().partition_point(|beat| beat.at <= at);
                let step = match after.checked_sub(1) {
                    Some(index) => self.beats()[index].step,
                    None => self.begin?,
                };
                known.then_some(step)
            }
            Address::End => self.is_known().then(|| self.frontier()),
            Address::Mark(id) => {
                let run = self.scout.run();
                let steps = &run.plan().scenario.steps;
                let is = |step: &crate::lab::scenario::StepIdx| {
                    steps.get(step.0).and_then(|step| step.id.as_ref()) == Some(id)
                };
                let acted = run.acts().iter().find(|acted| is(&acted.step))?;
                let step = StepNo(acted.no.0 + 1);
                Some(step.min(self.frontier()))
            }
        }
    }
}

impl Session {
    /// Where it comes from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The scenario.
    pub fn scenario(&self) -> &Scenario {
        &self.line.driver().plan().scenario
    }

    /// The step after which the screen stands.
    pub fn now(&self) -> StepNo {
        self.line.world().step_no()
    }

    /// The World there.
    pub fn world(&self) -> &KafkaWorld {
        self.line.world()
    }

    /// The driver there.
    pub fn run(&self) -> &Run {
        self.line.driver()
    }

    /// When the cluster was ready: scenario time 0. With a cold start, power-on.
    pub fn ready_at(&self) -> Time {
        match self.scout.run().ready_at() {
            Time::NEVER => Time::ZERO,
            at => at,
        }
    }

    /// Scenario time: since ready.
    pub fn clock(&self) -> Span {
        self.line.world().now().since(self.ready_at())
    }

    /// Whether the story can be told: the cluster is ready, or failed to be.
    pub fn has_begun(&self) -> bool {
        self.begin.is_some()
    }

    /// The first moment.
    pub fn begin(&self) -> StepNo {
        self.begin.unwrap_or(StepNo(0))
    }

    /// The last step that the scout has seen.
    pub fn frontier(&self) -> StepNo {
        self.scout.world().step_no()
    }

    /// Whether the scout has seen the end.
    pub fn is_known(&self) -> bool {
        self.scout.is_over()
    }

    /// Whether the screen stands at the end of the story.
    pub fn is_at_end(&self) -> bool {
        self.has_begun() && self.is_known() && self.now() == self.frontier()
    }

    /// Why the run could not go on, if so, where the screen stands.
    pub fn failure(&self) -> Option<&str> {
        match self.run().phase() {
            Phase::Failed(why) => Some(why),
            _ => None,
        }
    }

    /// All beats that are known, of Story and Detail.
    pub fn beats(&self) -> &[Beat] {
        self.scout.beats()
    }

    /// The scout.
    pub fn scout(&self) -> &Scout {
        &self.scout
    }

    /// What is there now.
    pub fn picture(&self) -> &Picture {
        &self.moment.picture
    }

    /// The present step; none at the beginning.
    pub fn seen(&self) -> Option<&Step> {
        self.moment.seen.as_ref()
    }

    /// What the present step changed.
    pub fn changes(&self) -> &[Change] {
        &self.moment.changes
    }

    /// The outcome, once the scout has seen the end.
    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }

    /// What has been told up to now, without questions.
    pub fn told(&self) -> impl DoubleEndedIterator<Item = &Told> {
        let told = self.run().told().iter();
        told.filter(|told| told.ask.is_none())
    }

    /// A text of the scenario with the values of now.
    pub fn render(&self, text: &Text, lang: Lang) -> String {
        let scope = self.run().scope(self.world());
        scope.render(lang.pick(&text.en, &text.zh))
    }

    /// Names of machines, topics and clients, short.
    pub fn voice(&self) -> Voice<'_> {
        Voice::new(&self.run().plan().names, self.scout.topics()).short()
    }

    /// The number of beats at or above `filter` up to and including `step`, and in all.
    pub fn count_beats(&self, filter: Salience, step: StepNo) -> (usize, usize) {
        let counted = self.beats().iter().filter(|beat| beat.salience >= filter);
        let (mut past, mut all) = (0, 0);
        for beat in counted {
            all += 1;
            past += usize::from(beat.step <= step);
        }
        (past, all)
    }

    /// The first beat after `step` that `wanted` accepts.
    pub fn beat_after(&self, step: StepNo, wanted: impl Fn(&Beat) -> bool) -> Option<&Beat> {
        let from = self.beats().partition_point(|beat| beat.step <= step);
        self.beats()[from..].iter().find(|beat| wanted(beat))
    }

    /// The last beat before `step` that `wanted` accepts.
    pub fn beat_before(&self, step: StepNo, wanted: impl Fn(&Beat) -> bool) -> Option<&Beat> {
        let to = self.beats().partition_point(|beat| beat.step < step);
        self.beats()[..to].iter().rev().find(|beat| wanted(beat))
    }
}
