//! [`Model`]: the state of the screen.

use super::card;
use super::find::Hits;
use super::inspect::{self, Item};
use super::keys::Command;
use super::picture::PartitionLook;
use super::quiz::Quiz;
use super::session::{Address, Session};
use crate::kafka::vocabulary::Salience;
use crate::lab::scenario::Focus;
use crate::lab::text::Lang;
use crate::sim::{NodeId, StepNo};

/// Colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Light text on a dark ground.
    #[default]
    Dark,
    /// Dark text on a light ground.
    Light,
    /// No colour at all: bold, dim and reversed text only.
    Mono,
}

/// How things are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The language.
    pub lang: Lang,
    /// Nothing but ASCII.
    pub ascii: bool,
    /// Colours.
    pub theme: Theme,
    /// A beat is a step with a note at or above this.
    pub filter: Salience,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            lang: Lang::En,
            ascii: false,
            theme: Theme::Dark,
            filter: Salience::Story,
        }
    }
}

/// A view, by the number of its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Screen {
    /// Logs of replicas, messages in flight.
    #[default]
    Log,
    /// The controllers and their log.
    Quorum,
    /// Producers and consumers.
    Clients,
}

impl Screen {
    /// All views.
    pub const ALL: [Screen; 3] = [Screen::Log, Screen::Quorum, Screen::Clients];

    /// The key.
    pub fn number(self) -> u8 {
        match self {
            Screen::Log => 1,
            Screen::Quorum => 4,
            Screen::Clients => 5,
        }
    }

    /// The name.
    pub fn name(self, lang: Lang) -> &'static str {
        match self {
            Screen::Log => lang.pick("Log", "日志"),
            Screen::Quorum => lang.pick("Quorum", "控制器"),
            Screen::Clients => lang.pick("Clients", "客户端"),
        }
    }
}

/// What is in front.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Overlay {
    /// Nothing.
    #[default]
    None,
    /// The keys, those that match a filter.
    Help {
        /// The filter.
        filter: String,
        /// Rows scrolled away.
        scroll: usize,
    },
    /// One thing in full; what it was reached from lies below it.
    Inspect {
        /// From the first one opened to the one shown.
        path: Vec<Item>,
        /// The selected line.
        line: usize,
    },
    /// A text is typed for `/`.
    Find(String),
    /// A text is typed for `:`.
    Command(String),
    /// The end card.
    Card {
        /// Rows scrolled away.
        scroll: usize,
    },
}

/// What a model is in short, for those who drive it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The story goes on by itself.
    pub playing: bool,
    /// The scout has not seen the end.
    pub looking_ahead: bool,
    /// The end card is in front.
    pub at_card: bool,
}

/// The state of the screen.
#[derive(Clone)]
pub struct Model {
    pub(super) session: Session,
    pub(super) quiz: Quiz,
    pub(super) settings: Settings,
    pub(super) screen: Screen,
    pub(super) overlay: Overlay,
    pub(super) selected: usize,
    pub(super) partition: usize,
    pub(super) playing: bool,
    /// Beats a second are 2 to the power of this and one.
    pub(super) speed: i8,
    /// Time since the last beat of the play, in milliseconds.
    pub(super) waited_ms: u64,
    /// A word about the last key.
    pub(super) word: Option<String>,
    pub(super) hits: Option<Hits>,
    /// Where to go as soon as the scout knows where that is.
    pub(super) goal: Option<Address>,
}

impl Model {
    /// A screen at the beginning of a session; it goes to `goal` as soon as that is known.
    pub fn new(session: Session, settings: Settings, goal: Option<Address>) -> Self {
        Model {
            session,
            quiz: Quiz::default(),
            settings,
            screen: Screen::Log,
            overlay: Overlay::None,
            selected: 0,
            partition: 0,
            playing: false,
            speed: 0,
            waited_ms: 0,
            word: None,
            hits: None,
            goal,
        }
    }

    /// What it does, in short.
    pub fn look(&self) -> Look {
        Look {
            playing: self.playing,
            looking_ahead: !self.session.is_known(),
            at_card: matches!(self.overlay, Overlay::Card { .. }),
        }
    }

    /// The session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The session, to move it without the screen.
    pub fn session_mut(&mut self) -> &mut Session {
        &mut self.session
    }

    /// The questions.
    pub fn quiz(&self) -> &Quiz {
        &self.quiz
    }

    /// How things are shown.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// What is in front.
    pub fn overlay(&self) -> &Overlay {
        &self.overlay
    }

    /// The view.
    pub fn screen(&self) -> Screen {
        self.screen
    }

    pub(super) fn lang(&self) -> Lang {
        self.settings.lang
    }

    /// A beat as the present filter has it.
    pub(super) fn is_beat(&self, beat: &super::scout::Beat) -> bool {
        beat.salience >= self.settings.filter
    }

    /// The partition whose log is shown.
    pub(super) fn shown_partition(&self) -> Option<&PartitionLook> {
        let all = &self.session.picture().partitions;
        all.get(self.partition.min(all.len().saturating_sub(1)))
    }

    /// What can be selected on this screen, in order.
    pub(super) fn items(&self) -> Vec<Item> {
        inspect::items(self)
    }

    pub(super) fn selected_item(&self) -> Option<Item> {
        let items = self.items();
        items
            .get(self.selected.min(items.len().saturating_sub(1)))
            .copied()
    }

    /// The machine that N and P follow: of the selection, else of the present step.
    pub(super) fn followed(&self) -> Option<NodeId> {
        let own = self.session.seen().and_then(|seen| seen.node);
        self.selected_item().and_then(Item::node).or(own)
    }

    /// Marks, hits of a search instead if there are some, and questions: places to jump to.
    pub(super) fn marks(&self) -> Vec<StepNo> {
        if let Some(hits) = &self.hits {
            return hits.steps.clone();
        }
        let marks = self.session.scout().marks().iter().map(|mark| mark.step);
        let coming = self.session.scout().coming().iter();
        let asked = coming.map(|coming| match coming.before {
            true => StepNo(coming.fires.0 - 1),
            false => coming.fires,
        });
        let mut steps: Vec<StepNo> = marks.chain(asked).collect();
        steps.sort_unstable();
        steps.dedup();
        steps
    }

    /// Looks at what the last narration is about, if it says so.
    pub(super) fn follow_focus(&mut self) {
        let told = self.session.run().told();
        let now = self.session.now().0;
        let fresh = told.iter().rev().take_while(|told| told.step.0 + 1 >= now);
        let focus = fresh.filter_map(|told| told.focus.clone()).next();
        if let Some(Focus::Partition(tp)) = focus {
            let wanted = tp.to_string();
            let all = &self.session.picture().partitions;
            if let Some(at) = all.iter().position(|look| look.name == wanted) {
                self.partition = at;
            }
        }
    }

    /// Whether a command does something now. The footer shows what does.
    pub fn works(&self, command: Command) -> bool {
        if let Overlay::None = self.overlay {
            return self.works_in_front(command);
        }
        let card = matches!(self.overlay, Overlay::Card { .. });
        let leaves = matches!(
            command,
            Command::Back | Command::Quit | Command::QuitKeeping
        );
        let moves = matches!(
            command,
            Command::PreviousBeat | Command::PreviousStep | Command::PreviousMark | Command::First
        );
        let inspects = match (&self.overlay, command) {
            (Overlay::Inspect { path, line }, Command::Inspect) => {
                inspect::target(self, path, *line).is_some()
            }
            _ => false,
        };
        let sets = matches!(
            command,
            Command::Language | Command::Theme | Command::Copy | Command::Plain | Command::Help
        );
        leaves || self.scrolls(command) || inspects || card && (sets || moves && self.can_go_back())
    }

    /// Whether a command moves what stands in front.
    fn scrolls(&self, command: Command) -> bool {
        let (at, rows) = match &self.overlay {
            Overlay::Inspect { path, line } => (*line, inspect::lines(self, path).len()),
            Overlay::Card { scroll } => (*scroll, card::length(self)),
            Overlay::Help { .. } => return true,
            _ => return false,
        };
        match command {
            Command::Down | Command::PageDown => at + 1 < rows,
            Command::Up | Command::PageUp => at > 0,
            _ => false,
        }
    }

    /// Whether a command would do something if nothing stood in front.
    pub(super) fn works_closed(&self, command: Command) -> bool {
        self.works_in_front(command)
    }

    fn can_go_back(&self) -> bool {
        self.session.has_begun() && self.session.now() > self.session.begin()
    }

    fn can_go_on(&self) -> bool {
        self.session.has_begun() && !self.session.is_at_end()
    }

    fn works_in_front(&self, command: Command) -> bool {
        let begun = self.session.has_begun();
        match command {
            Command::Answer(choice) => self
                .quiz
                .open()
                .is_some_and(|open| usize::from(choice) < open.choices() && !open.is_solved()),
            Command::Skip => self.quiz.open().is_some_and(|open| !open.is_solved()),
            Command::NextBeat | Command::Last | Command::Play => begun && !self.session.is_at_end(),
            Command::NextStep => self.can_go_on(),
            Command::PreviousBeat | Command::PreviousStep | Command::First => self.can_go_back(),
            Command::NextSame => self.can_go_on() && self.followed().is_some(),
            Command::PreviousSame => self.can_go_back() && self.followed().is_some(),
            Command::NextMark => {
                let now = self.session.now();
                begun && self.marks().iter().any(|mark| *mark > now)
            }
            Command::PreviousMark => {
                let now = self.session.now();
                begun && self.marks().iter().any(|mark| *mark < now)
            }
            Command::Faster | Command::Slower => self.playing,
            Command::NextPartition | Command::PreviousPartition => {
                self.session.picture().partitions.len() > 1 && self.screen == Screen::Log
            }
            Command::Inspect => !self.items().is_empty(),
            Command::Down | Command::PageDown => self.selected + 1 < self.items().len(),
            Command::Up | Command::PageUp => self.selected > 0,
            Command::View(number) => self.screen.number() != number,
            // At the end the card comes back.
            Command::Back => self.session.is_at_end() || self.hits.is_some(),
            Command::Language => !self.settings.ascii,
            Command::Find | Command::CommandLine | Command::Copy => begun,
            _ => true,
        }
    }
}
