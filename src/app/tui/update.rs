//! What events do to the model.

use super::card;
use super::command;
use super::find;
use super::inspect;
use super::keys::{Command, Key, command};
use super::model::{Model, Overlay, Screen, Theme};
use super::session::Address;
use crate::lab::text::Lang;
use crate::sim::StepNo;

/// The scout makes so many steps at a time when a key has to wait for it.
const SLICE: usize = 4_096;
/// A key waits for so many slices; then the screen says that the scout is still under way.
const SLICES_MAX: usize = 64;
/// One beat takes so long at speed 1.
const BEAT_MS: u64 = 500;
/// Rows of a page.
const PAGE: usize = 10;

/// What happens to a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A key.
    Key(Key),
    /// So many milliseconds have passed.
    Elapsed(u64),
    /// Nothing else is to do: the scout may make so many steps.
    Idle(usize),
}

/// What the one who drives a screen has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Draw.
    Draw,
    /// Nothing.
    Nothing,
    /// Put this into the clipboard, and draw.
    Copy(String),
    /// Go on in plain text.
    Plain,
    /// Leave; the last picture stays in the terminal if asked to.
    Quit {
        /// It stays.
        keep: bool,
    },
}

impl Model {
    /// Takes in an event.
    pub fn update(&mut self, event: Event) -> Effect {
        match event {
            Event::Key(key) => self.key(key),
            Event::Elapsed(ms) => self.elapsed(ms),
            Event::Idle(steps) => self.idle(steps),
        }
    }

    fn idle(&mut self, steps: usize) -> Effect {
        if self.session.is_known() {
            return Effect::Nothing;
        }
        self.session.look_ahead(steps);
        self.seek();
        Effect::Draw
    }

    /// Goes where `--at` asked to, once it is known where that is.
    fn seek(&mut self) {
        let Some(goal) = &self.goal else { return };
        if let Some(step) = self.session.find(goal) {
            self.goal = None;
            self.jump(step);
        } else if self.session.is_known() {
            let lang = self.lang();
            self.word = Some(nowhere(goal, lang));
            self.goal = None;
        }
    }

    fn elapsed(&mut self, ms: u64) -> Effect {
        if !self.playing {
            return Effect::Nothing;
        }
        self.waited_ms = self.waited_ms.saturating_add(ms);
        let wait = match self.speed {
            speed @ 0.. => BEAT_MS >> speed.min(6),
            speed => BEAT_MS << speed.unsigned_abs().min(4),
        };
        if self.waited_ms < wait.max(1) {
            return Effect::Nothing;
        }
        self.waited_ms = 0;
        self.next_beat();
        if self.session.is_at_end() || self.quiz.open().is_some() {
            self.playing = false;
        }
        Effect::Draw
    }

    fn key(&mut self, key: Key) -> Effect {
        self.word = None;
        if key == Key::Ctrl('c') {
            return Effect::Quit { keep: false };
        }
        if self.types(key) {
            return Effect::Draw;
        }
        // Whoever presses a key has other plans than to wait for a goal.
        self.goal = None;
        let Some(asked) = command(key) else {
            self.word = Some(
                self.lang()
                    .pick("no such key; ? shows all", "没有这个键；? 列出全部")
                    .to_owned(),
            );
            return Effect::Draw;
        };
        if !self.works(asked) {
            self.word = Some(self.why_not(asked));
            return Effect::Draw;
        }
        self.obey(asked)
    }

    /// A key that is typed into a text.
    fn types(&mut self, key: Key) -> bool {
        let (text, finding) = match &mut self.overlay {
            Overlay::Help { filter, .. } => (filter, None),
            Overlay::Find(text) => (text, Some(true)),
            Overlay::Command(text) => (text, Some(false)),
            _ => return false,
        };
        match key {
            Key::Char(c) if !c.is_control() => text.push(c),
            Key::Backspace => {
                if text.pop().is_none() {
                    self.overlay = Overlay::None;
                }
            }
            Key::Enter => {
                let text = std::mem::take(text);
                self.overlay = Overlay::None;
                match finding {
                    Some(true) => find::find(self, &text),
                    Some(false) => command::run(self, &text),
                    None => {}
                }
            }
            Key::Esc => self.overlay = Overlay::None,
            _ => return false,
        }
        true
    }

    fn why_not(&self, asked: Command) -> String {
        let lang = self.lang();
        let text = match asked {
            _ if !self.session.has_begun() => lang.pick("the cluster boots", "集群正在启动"),
            Command::PreviousBeat | Command::PreviousStep | Command::First => {
                lang.pick("this is the beginning", "已经是开头")
            }
            Command::NextBeat | Command::NextStep | Command::Last | Command::Play => {
                lang.pick("this is the end", "已经是结尾")
            }
            Command::NextMark | Command::PreviousMark => {
                lang.pick("no mark on that side", "那边没有标记")
            }
            Command::Answer(_) | Command::Skip => lang.pick("no question is open", "现在没有问题"),
            Command::Faster | Command::Slower => {
                lang.pick("nothing plays; space plays", "未在播放；按空格播放")
            }
            Command::Language => lang.pick("--ascii has English only", "--ascii 只有英文"),
            _ => lang.pick("not here; ? shows what works", "此处不可用；? 查看可用的键"),
        };
        text.to_owned()
    }

    /// Does what a command asks for.
    pub(super) fn obey(&mut self, asked: Command) -> Effect {
        match asked {
            Command::Quit => return Effect::Quit { keep: false },
            Command::QuitKeeping => return Effect::Quit { keep: true },
            Command::Plain => return Effect::Plain,
            Command::Copy => {
                let line = self.return_command();
                self.word = Some(line.clone());
                return Effect::Copy(line);
            }
            _ => {}
        }
        match asked {
            Command::Play => self.play(),
            Command::Faster => self.speed = (self.speed + 1).min(5),
            Command::Slower => self.speed = (self.speed - 1).max(-3),
            Command::Answer(choice) => self.answer(usize::from(choice)),
            Command::Skip => self.quiz.leave(),
            Command::Back => self.back(),
            Command::Inspect => self.inspect(),
            Command::Down => self.select(1),
            Command::Up => self.select(-1),
            Command::PageDown => self.select(PAGE as isize),
            Command::PageUp => self.select(-(PAGE as isize)),
            _ => return self.show(asked),
        }
        Effect::Draw
    }

    /// Commands that change what is looked at.
    fn show(&mut self, asked: Command) -> Effect {
        match asked {
            Command::View(number) => {
                let screen = Screen::ALL.into_iter().find(|s| s.number() == number);
                self.turn_to(screen.unwrap_or_default());
            }
            Command::NextView => self.turn(1),
            Command::PreviousView => self.turn(Screen::ALL.len() - 1),
            Command::NextPartition => self.change_partition(1),
            Command::PreviousPartition => {
                self.change_partition(self.session.picture().partitions.len().max(1) - 1);
            }
            Command::Find => self.overlay = Overlay::Find(String::new()),
            Command::CommandLine => self.overlay = Overlay::Command(String::new()),
            Command::Help => {
                let (filter, scroll) = (String::new(), 0);
                self.overlay = Overlay::Help { filter, scroll };
            }
            Command::Language => self.settings.lang = self.settings.lang.other(),
            Command::Theme => {
                self.settings.theme = match self.settings.theme {
                    Theme::Dark => Theme::Light,
                    Theme::Light => Theme::Mono,
                    Theme::Mono => Theme::Dark,
                };
            }
            moves => self.go_by(moves),
        }
        Effect::Draw
    }

    fn go_by(&mut self, asked: Command) {
        self.playing = false;
        let (now, begin) = (self.session.now(), self.session.begin());
        match asked {
            Command::NextBeat => self.next_beat(),
            Command::PreviousBeat => {
                let before = self.session.beat_before(now, |beat| self.is_beat(beat));
                let step = before.map_or(begin, |beat| beat.step);
                self.jump(step.max(begin));
            }
            Command::NextStep => self.forward_to(StepNo(now.0 + 1)),
            Command::PreviousStep => self.jump(StepNo(now.0.saturating_sub(1))),
            Command::NextSame | Command::PreviousSame => self.same_node(asked),
            Command::NextMark => self.mark(true),
            Command::PreviousMark => self.mark(false),
            Command::First => self.jump(begin),
            Command::Last => self.seek_to(Address::End),
            _ => {}
        }
    }

    /// Goes there now, or as soon as the scout knows where that is.
    pub(super) fn seek_to(&mut self, goal: Address) {
        self.goal = Some(goal);
        for _ in 0..SLICES_MAX {
            self.seek();
            if self.goal.is_none() {
                return;
            }
            self.session.look_ahead(SLICE);
        }
        self.word = Some(self.lang().pick("looking ahead", "正在向前搜索").to_owned());
    }

    /// Forward to the next beat; a question on the way is asked before it is decided.
    pub(super) fn next_beat(&mut self) {
        let now = self.session.now();
        for _ in 0..SLICES_MAX {
            let next = self.session.beat_after(now, |beat| self.is_beat(beat));
            if let Some(step) = next.map(|beat| beat.step) {
                return self.forward_to(step);
            }
            if self.session.is_known() {
                return self.forward_to(self.session.frontier());
            }
            self.session.look_ahead(SLICE);
        }
        self.word = Some(
            self.lang()
                .pick("still looking ahead", "仍在向前搜索")
                .to_owned(),
        );
    }

    fn forward_to(&mut self, target: StepNo) {
        while self.session.frontier() < target && self.session.look_ahead(SLICE) {}
        let now = self.session.now();
        self.quiz.leave();
        let coming = self.session.scout().coming();
        if let Some((coming, stop)) = self.quiz.on_the_way(coming, now, target) {
            self.session.go(stop);
            self.quiz.ask(&self.session, coming);
        } else {
            self.session.go(target);
        }
        self.arrived();
    }

    /// Goes anywhere without asking anything.
    pub(super) fn jump(&mut self, step: StepNo) {
        self.quiz.forget();
        self.session.go(step);
        self.arrived();
    }

    fn arrived(&mut self) {
        self.follow_focus();
        match (&self.overlay, self.session.is_at_end()) {
            (Overlay::None, true) if self.quiz.open().is_none() => {
                self.overlay = Overlay::Card { scroll: 0 };
            }
            (Overlay::Card { .. }, false) => self.overlay = Overlay::None,
            _ => {}
        }
    }

    fn same_node(&mut self, asked: Command) {
        let Some(node) = self.followed() else { return };
        let now = self.session.now();
        let wanted = |beat: &super::scout::Beat| self.is_beat(beat) && beat.node == Some(node);
        let found = match asked {
            Command::NextSame => self.session.beat_after(now, wanted),
            _ => self.session.beat_before(now, wanted),
        };
        match found.map(|beat| beat.step) {
            Some(step) if asked == Command::NextSame => self.forward_to(step),
            Some(step) => self.jump(step),
            None => {
                let name = self
                    .session
                    .picture()
                    .node(node)
                    .map(|look| look.name.clone());
                let none = self.lang().pick("no such beat of", "那边没有这一拍：");
                self.word = Some(format!("{none} {}", name.unwrap_or_default()));
            }
        }
    }

    fn mark(&mut self, forward: bool) {
        let now = self.session.now();
        let marks = self.marks();
        let found = match forward {
            true => marks.into_iter().find(|mark| *mark > now),
            false => marks.into_iter().rev().find(|mark| *mark < now),
        };
        let Some(step) = found else { return };
        self.jump(step);
        // A question whose place this is, is asked.
        let coming = self.session.scout().coming().iter();
        let here = coming.copied().find(|coming| match coming.before {
            true => coming.fires.0 == step.0 + 1,
            false => coming.fires == step,
        });
        if let Some(coming) = here
            && self.quiz.answer(coming.ask).is_none()
        {
            self.quiz.ask(&self.session, coming);
        }
    }

    fn play(&mut self) {
        self.playing = !self.playing;
        self.waited_ms = 0;
        if self.playing {
            self.quiz.leave();
        }
    }

    fn answer(&mut self, choice: usize) {
        let lang = self.lang();
        let right = self.quiz.choose(choice);
        self.word = right.map(|right| verdict(right, lang).to_owned());
    }

    fn back(&mut self) {
        match &mut self.overlay {
            Overlay::Inspect { path, line } if path.len() > 1 => {
                path.pop();
                *line = 0;
            }
            Overlay::None if self.session.is_at_end() => {
                self.overlay = Overlay::Card { scroll: 0 };
            }
            Overlay::None => self.hits = None,
            _ => self.overlay = Overlay::None,
        }
    }

    fn inspect(&mut self) {
        match &self.overlay {
            Overlay::Inspect { path, line } => {
                if let Some(item) = inspect::target(self, path, *line) {
                    let mut path = path.clone();
                    path.push(item);
                    self.overlay = Overlay::Inspect { path, line: 0 };
                }
            }
            _ => {
                if let Some(item) = self.selected_item() {
                    let path = vec![item];
                    self.overlay = Overlay::Inspect { path, line: 0 };
                }
            }
        }
    }

    fn select(&mut self, by: isize) {
        let moved = |at: usize, last: usize| at.saturating_add_signed(by).min(last);
        let last = match &self.overlay {
            Overlay::Inspect { path, .. } => inspect::lines(self, path).len(),
            Overlay::None => self.items().len(),
            Overlay::Card { .. } => card::length(self),
            _ => usize::MAX,
        };
        let last = last.saturating_sub(1);
        match &mut self.overlay {
            Overlay::Inspect { line, .. } => *line = moved(*line, last),
            Overlay::Help { scroll, .. } => *scroll = moved(*scroll, super::keys::ROWS.len()),
            Overlay::Card { scroll } => *scroll = moved(*scroll, last),
            _ => self.selected = moved(self.selected.min(last), last),
        }
    }

    fn turn(&mut self, by: usize) {
        let all = Screen::ALL;
        let at = all
            .iter()
            .position(|screen| *screen == self.screen)
            .unwrap_or(0);
        self.turn_to(all[(at + by) % all.len()]);
    }

    fn turn_to(&mut self, screen: Screen) {
        if self.screen != screen {
            (self.screen, self.selected) = (screen, 0);
        }
    }

    fn change_partition(&mut self, by: usize) {
        let count = self.session.picture().partitions.len().max(1);
        self.partition = (self.partition + by) % count;
        self.selected = 0;
    }

    /// A command that comes back to this very step.
    pub(super) fn return_command(&self) -> String {
        let source = self.session.source();
        let mut line = format!("kafkalab play {}", quoted(&source.name));
        if source.branch != crate::lab::scenario::MAIN {
            line.push_str(&format!(" --branch {}", quoted(&source.branch)));
        }
        if let Some(seed) = source.seed {
            line.push_str(&format!(" --seed {seed}"));
        }
        line.push_str(&format!(" --at step:{}", self.session.now().0));
        line
    }
}

/// Right or wrong.
pub(super) fn verdict(right: bool, lang: Lang) -> &'static str {
    match right {
        true => lang.pick("right", "正确"),
        false => lang.pick("not so", "不对"),
    }
}

/// Says that there is no such moment.
fn nowhere(address: &Address, lang: Lang) -> String {
    let what = match address {
        Address::Step(step) => format!("step:{}", step.0),
        Address::At(span) => span.to_string(),
        Address::Mark(id) => id.clone(),
        Address::End => "end".to_owned(),
    };
    match lang {
        Lang::En => format!("the story has no moment {what}"),
        Lang::Zh => format!("故事里没有这个时刻：{what}"),
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_come_out_of_a_shell_as_they_went_in() {
        assert_eq!(quoted("12-acks"), "12-acks");
        assert_eq!(quoted("my file.toml"), "'my file.toml'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted("$(rm)"), "'$(rm)'");
    }
}
