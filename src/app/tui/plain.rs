//! The same without a screen: lines of text for screen readers, logs and pipes. Same events, same
//! questions.

use super::card;
use super::cells::shown;
use super::keys::Command;
use super::model::{Model, Overlay};
use super::picture::{Life, PartitionLook, Standing};
use super::quiz::Asked;
use super::seen::tell;
use super::update::Effect;
use super::{command, find};
use crate::kafka::vocabulary::Salience;
use crate::lab::text::Lang;
use crate::sim::StepNo;

/// The width of the card's lines.
const CARD_WIDTH: usize = 100;
/// The scout makes so many slices of steps before the first line, so that the beats are counted.
const SLICES_MAX: usize = 256;
/// So many changes are named.
const CHANGES_MAX: usize = 6;

/// What became of a line that was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Say this.
    Say(String),
    /// The end.
    Quit,
}

/// A model that speaks in lines.
pub struct Plain {
    model: Model,
    carded: bool,
}

impl Plain {
    /// Speaks for a model.
    pub fn new(model: Model) -> Self {
        let carded = false;
        Plain { model, carded }
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The prompt.
    pub fn prompt(&self) -> &'static str {
        match self.model.quiz.open() {
            Some(open) if !open.is_solved() => "  ? ",
            _ => "> ",
        }
    }

    /// The first lines: what this is, and where it stands.
    pub fn begin(&mut self) -> String {
        for _ in 0..SLICES_MAX {
            if !self.model.session.look_ahead(4_096) {
                break;
            }
        }
        while self.model.goal.is_some() {
            if self.model.update(super::update::Event::Idle(4_096)) == Effect::Nothing {
                break;
            }
        }
        let lang = self.model.lang();
        let session = &self.model.session;
        let title = session.render(&session.scenario().title, lang);
        let mut lines = vec![
            format!(
                "{title}  ({}, {})",
                session.source().name,
                session.source().branch
            ),
            lang.pick(
                "n next, p back, 1 2 3 answer, s skip, h help, q quit",
                "n 下一步，p 上一步，1 2 3 回答，s 跳过，h 帮助，q 退出",
            )
            .to_owned(),
        ];
        lines.extend(self.moment());
        self.lines(&lines)
    }

    /// The whole story at once, as for a pipe without commands: what is told, the questions with
    /// their right answers, and the card.
    pub fn story(&mut self) -> String {
        while self.model.session.look_ahead(4_096) {}
        let lang = self.model.lang();
        let session = &self.model.session;
        let run = session.scout().run();
        let mut lines = vec![
            session.render(&session.scenario().title, lang),
            String::new(),
        ];
        for told in run.told() {
            let clock = seconds(told.at.since(session.ready_at()).as_millis());
            let text = lang.pick(&told.en, &told.zh);
            match told.ask {
                None => lines.push(format!("{clock:>9}  {text}")),
                Some(ask) => {
                    lines.push(format!("{clock:>9}  ? {text}"));
                    let spec = session.scenario().asks.get(ask);
                    let choices = spec.map_or(&[][..], |ask| &ask.choose);
                    for (index, choice) in choices.iter().enumerate() {
                        let sign = if choice.right { '*' } else { ' ' };
                        let text = session.render(&choice.text, lang);
                        lines.push(format!("           {sign} {} {text}", index + 1));
                    }
                }
            }
        }
        lines.push(String::new());
        lines.extend(
            card::rows(&self.model, CARD_WIDTH)
                .iter()
                .map(super::cells::Row::text),
        );
        self.lines(&lines)
    }

    /// A line that was typed.
    pub fn hear(&mut self, line: &str) -> Heard {
        let line = line.trim();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if let Some(needle) = line.strip_prefix('/') {
            find::find(&mut self.model, needle);
            return self.say_moment();
        }
        if let Some(text) = line.strip_prefix(':') {
            command::run(&mut self.model, text);
            return self.say_moment();
        }
        if let Ok(number) = word.parse::<usize>()
            && number > 0
        {
            return self.answer(number - 1);
        }
        let asked = match word {
            "q" | "quit" => return Heard::Quit,
            "" | "n" | "next" => Command::NextBeat,
            "p" | "back" => Command::PreviousBeat,
            "." => Command::NextStep,
            "," => Command::PreviousStep,
            "]" => Command::NextMark,
            "[" => Command::PreviousMark,
            "g" => Command::First,
            "G" => Command::Last,
            "s" | "skip" => Command::Skip,
            "L" => Command::Language,
            "y" => return Heard::Say(self.lines(&[self.model.return_command()])),
            "w" | "where" => return self.say_moment(),
            "h" | "?" | "help" => return Heard::Say(self.help()),
            _ => return Heard::Say(self.unknown(word, rest)),
        };
        self.model.overlay = Overlay::None;
        self.model.word = None;
        match self.model.works(asked) {
            true => self.model.obey(asked),
            false => self.model.update(super::update::Event::Key(key_of(asked))),
        };
        self.say_moment()
    }

    fn unknown(&self, word: &str, rest: &str) -> String {
        let lang = self.model.lang();
        let text = lang.pick("is no command; h lists them", "不是命令；h 列出全部");
        self.lines(&[format!("\"{} {rest}\" {text}", word.trim()).replace(" \"", "\"")])
    }

    fn help(&self) -> String {
        let rows = match self.model.lang() {
            Lang::En => [
                "n or Enter   next beat            p  previous beat",
                ". ,          next, previous step of the engine",
                "] [          next, previous mark  g G  beginning, end",
                "1 2 3        answer the question  s  skip it",
                "/text        find                 :t 12.3  :step 10432  :mark ID",
                "w            where am I           y  a command that comes back here",
                "L            中文                  q  quit",
            ],
            Lang::Zh => [
                "n 或回车     下一拍               p  上一拍",
                ". ,          下一、上一引擎步",
                "] [          下一、上一标记       g G  开头、结尾",
                "1 2 3        回答问题             s  跳过",
                "/文字        查找                 :t 12.3  :step 10432  :mark ID",
                "w            现在何处             y  回到此处的命令",
                "L            English              q  退出",
            ],
        };
        self.lines(&rows.map(str::to_owned))
    }

    fn answer(&mut self, choice: usize) -> Heard {
        let lang = self.model.lang();
        let chosen = self.model.quiz.choose(choice);
        let lines = match (chosen, self.model.quiz.open()) {
            (Some(right), Some(open)) => {
                let mut text = super::update::verdict(right, lang).to_owned();
                let why = open
                    .choices
                    .get(choice)
                    .and_then(|choice| choice.why_wrong(lang));
                if let Some(why) = why {
                    text.push_str(&format!(": {why}"));
                }
                vec![format!("  {text}")]
            }
            _ => vec![
                lang.pick("no such answer now", "现在没有这个答案")
                    .to_owned(),
            ],
        };
        Heard::Say(self.lines(&lines))
    }

    fn say_moment(&mut self) -> Heard {
        let mut lines = self.moment();
        if let Some(word) = self.model.word.take() {
            lines.push(format!("  {word}"));
        }
        if self.model.session.is_at_end() && self.model.quiz.open().is_none() && !self.carded {
            self.carded = true;
            lines.push(String::new());
            lines.extend(
                card::rows(&self.model, CARD_WIDTH)
                    .iter()
                    .map(super::cells::Row::text),
            );
        }
        Heard::Say(self.lines(&lines))
    }

    /// What happened in the present step, what is there now, and the question if one is open.
    fn moment(&self) -> Vec<String> {
        let (session, lang) = (&self.model.session, self.model.lang());
        let (past, all) = session.count_beats(self.model.settings.filter, session.now());
        let clock = seconds(session.clock().as_millis());
        let said = match session.seen() {
            Some(seen) => tell(seen, &session.voice(), lang),
            None => lang.pick("the cluster is ready", "集群就绪").to_owned(),
        };
        let more = if session.is_known() { "" } else { "+" };
        let mut lines = vec![format!("{past}/{all}{more}  {clock}  {said}")];
        for partition in &session.picture().partitions {
            lines.push(format!(
                "  {} {}",
                lang.pick("now:", "现状："),
                state(partition, lang)
            ));
        }
        let changes = session.changes().iter().take(CHANGES_MAX);
        let changes: Vec<String> = changes.map(|c| format!("{} {}", c.of, c.what)).collect();
        if !changes.is_empty() {
            lines.push(format!(
                "  {} {}",
                lang.pick("changed:", "变化："),
                changes.join(", ")
            ));
        }
        let now = session.now();
        let fresh = session.told().filter(|told| StepNo(told.step.0 + 1) >= now);
        for told in fresh {
            lines.push(format!(
                "  {} {}",
                lang.pick("told:", "讲解："),
                lang.pick(&told.en, &told.zh)
            ));
        }
        if let Some(why) = session.failure() {
            lines.push(format!("  {} {why}", lang.pick("failed:", "失败：")));
        }
        if let Some(open) = self.model.quiz.open() {
            lines.extend(question(open, lang));
        }
        lines
    }

    fn lines(&self, lines: &[String]) -> String {
        let ascii = self.model.settings.ascii;
        let mut text = String::new();
        for line in lines {
            text.push_str(&shown(line, ascii));
            text.push('\n');
        }
        text
    }
}

/// A key for a command that does not work here: the model says why.
fn key_of(asked: Command) -> super::keys::Key {
    let rows = super::keys::ROWS.iter().flat_map(|row| row.keys);
    let known = rows.into_iter().find(|(_, command)| *command == asked);
    known.map_or(super::keys::Key::Esc, |(key, _)| *key)
}

fn question(open: &Asked, lang: Lang) -> Vec<String> {
    let ask = lang.pick("question:", "问题：");
    let mut lines = vec![format!("  {ask} {}", open.text(lang))];
    for (index, choice) in open.choices.iter().enumerate() {
        lines.push(format!("    {} {}", index + 1, choice.text(lang)));
    }
    lines
}

/// A partition in one line.
fn state(partition: &PartitionLook, lang: Lang) -> String {
    let leader = partition
        .leader
        .as_deref()
        .unwrap_or(lang.pick("none", "无"));
    let mut parts = vec![format!(
        "{} {} {leader} {} {}",
        partition.name,
        lang.pick("leader", "领导者"),
        lang.pick("epoch", "纪元"),
        partition.epoch
    )];
    for replica in &partition.replicas {
        let state = match (replica.life, replica.standing) {
            (Life::Down, _) => lang.pick("down", "宕机"),
            (Life::Paused, _) => lang.pick("paused", "暂停"),
            (_, Standing::Leader) => lang.pick("leads", "领导"),
            (_, Standing::InSync) => lang.pick("in sync", "同步"),
            (_, Standing::Out) => lang.pick("out of sync", "不同步"),
        };
        let offsets = match replica.offsets {
            Some(offsets) => format!("HW {} LEO {}", offsets.high_watermark, offsets.log_end),
            None => lang.pick("no log", "无日志").to_owned(),
        };
        parts.push(format!("{} {state} {offsets}", replica.name));
    }
    parts.join(".  ")
}

/// `12.340`.
pub(super) fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}

/// The word of a filter.
pub(super) fn filter_word(filter: Salience, lang: Lang) -> &'static str {
    match filter {
        Salience::Story => "",
        Salience::Detail => lang.pick("detail", "细节"),
        Salience::Background => lang.pick("all", "全部"),
    }
}
