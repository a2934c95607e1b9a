//! `kafkalab diff`: two runs side by side.

use super::progress::Progress;
use super::subject::{Subject, setting};
use super::{FAILED, PASSED, Surroundings, arguments};
use crate::lab::explain::clock;
use crate::lab::explain::diff::{Beat, Diff, First, Moved, Row};
use crate::lab::scenario::Setting;
use crate::lab::text::{Lang, harmless};
use crate::sim::Time;
use clap::Args;
use serde_json::{Value, json};

/// Differences of the stories that are shown unless all are asked for.
const SHOWN: usize = 20;

/// Arguments of `diff`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  kafkalab diff 12-acks 12-acks#acks-1                  two branches
  kafkalab diff 12 --branch-b acks-0                    the same, shorter
  kafkalab diff 19 --seed-b 7                           two seeds
  kafkalab diff 12 --set-b producer.p1.config.acks=1    one setting
  kafkalab diff mine.toml yours.toml --all              two files, every difference
  kafkalab diff 12#acks-1 12#acks-0 --json              for programs

Exit codes: 0 one and the same history, 1 they differ, 2 a bad file or argument.")]
pub(super) struct DiffArguments {
    /// A scenario, with #BRANCH for a branch of it.
    #[arg(value_name = "A[#BRANCH]")]
    a: String,
    /// The other one; the same scenario if it is left out.
    #[arg(value_name = "B[#BRANCH]")]
    b: Option<String>,
    /// The branch of A.
    #[arg(long, value_name = "NAME")]
    branch_a: Option<String>,
    /// The branch of B.
    #[arg(long, value_name = "NAME")]
    branch_b: Option<String>,
    /// The seed of both, instead of the scenarios' own.
    #[arg(long)]
    seed: Option<u64>,
    /// The seed of A.
    #[arg(long, value_name = "SEED")]
    seed_a: Option<u64>,
    /// The seed of B.
    #[arg(long, value_name = "SEED")]
    seed_b: Option<u64>,
    /// Another value in A, as `run --set` takes it.
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting)]
    set_a: Vec<Setting>,
    /// Another value in B.
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting)]
    set_b: Vec<Setting>,
    /// Every difference of the stories, not only the first ones.
    #[arg(long)]
    all: bool,
    /// The language of the stories.
    #[arg(long, default_value = "en", value_parser = arguments::lang())]
    lang: Lang,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &DiffArguments, around: Surroundings) -> u8 {
    match compare(arguments, around) {
        Ok(true) => PASSED,
        Ok(false) => FAILED,
        Err(code) => code,
    }
}

fn compare(arguments: &DiffArguments, around: Surroundings) -> Result<bool, u8> {
    let (a, b) = (&arguments.a, arguments.b.as_ref().unwrap_or(&arguments.a));
    let a = Subject::load(a, arguments.branch_a.as_deref(), &arguments.set_a, around)?;
    let b = Subject::load(b, arguments.branch_b.as_deref(), &arguments.set_b, around)?;
    let mut progress = Progress::new(2, around.progress);
    let sides = [
        a.side(arguments.seed_a.or(arguments.seed)),
        b.side(arguments.seed_b.or(arguments.seed)),
    ];
    let diff = Diff::new(sides, &mut |_: Time| progress.at(1, "steps"));
    progress.done();
    let subjects = [a, b];
    match arguments.json {
        true => println!("{:#}", object(&subjects, &diff)),
        false => Printer {
            diff: &diff,
            subjects: &subjects,
            lang: arguments.lang,
            color: around.color,
        }
        .print(if arguments.all { usize::MAX } else { SHOWN }),
    }
    Ok(diff.is_empty())
}

struct Printer<'a> {
    diff: &'a Diff,
    subjects: &'a [Subject; 2],
    lang: Lang,
    color: bool,
}

impl Printer<'_> {
    fn print(&self, shown: usize) {
        self.header();
        let Some(first) = &self.diff.first else {
            let same = "one and the same history";
            println!("{}", self.lang.pick(same, "完全相同的历史"));
            return;
        };
        self.settings();
        self.first(first);
        self.outcomes();
        self.records(shown);
        self.story(shown);
    }

    fn paint(&self, code: &str, text: &str) -> String {
        match self.color {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }

    fn title(&self, en: &str, zh: &str) {
        println!("\n{}", self.paint("1", self.lang.pick(en, zh)));
    }

    fn header(&self) {
        for (letter, (subject, run)) in ["A", "B"]
            .iter()
            .zip(self.subjects.iter().zip(&self.diff.runs))
        {
            let report = &run.report;
            let line = format!(
                "{letter}  {}, seed {}, {} steps, trace {:016x}",
                subject.title(),
                report.seed,
                report.steps.0,
                report.trace_hash
            );
            println!("{}", harmless(&line));
        }
    }

    fn settings(&self) {
        if self.diff.settings.iter().all(Vec::is_empty) {
            return;
        }
        self.title("set differently", "不同的设置");
        for (letter, lines) in ["A", "B"].iter().zip(&self.diff.settings) {
            for line in lines {
                println!("  {letter}  {}", harmless(line));
            }
        }
    }

    fn first(&self, first: &First) {
        self.title("first difference", "最早的差异");
        let same = match self.lang {
            Lang::En => format!("{} steps are the same, then", first.same),
            Lang::Zh => format!("前 {} 步相同，然后", first.same),
        };
        println!("  {same}");
        for (index, moved) in first.moved.iter().enumerate() {
            let letter = ["A", "B"][index];
            match moved {
                Some(moved) => self.moved(letter, index, moved),
                None => println!(
                    "  {letter}  {}",
                    self.lang.pick("nothing more", "没有下一步")
                ),
            }
        }
    }

    fn moved(&self, letter: &str, side: usize, moved: &Moved) {
        let ready = self.diff.runs[side].run.ready_at();
        let place = format!("step {} {:>11}", moved.step.0, clock(moved.at, ready));
        for (index, said) in moved.said.iter().enumerate() {
            let place = match index {
                0 => self.paint("2", &place),
                _ => " ".repeat(place.len()),
            };
            println!("  {letter}  {place}  {}", harmless(said.of(self.lang)));
        }
    }

    fn outcomes(&self) {
        if self.diff.outcomes.is_empty() {
            return;
        }
        self.title("what came of it", "结果");
        let names = self.diff.outcomes.iter().map(|c| c.what.chars().count());
        let width = names.max().unwrap_or(0);
        for contrast in &self.diff.outcomes {
            let [a, b] = &contrast.values;
            println!(
                "  != {:<width$}  A {}",
                harmless(&contrast.what),
                harmless(a)
            );
            println!("     {:<width$}  B {}", "", harmless(b));
        }
    }

    fn records(&self, shown: usize) {
        if self.diff.records.is_empty() {
            return;
        }
        self.title("what the producers were told", "生产者得到的应答");
        for record in self.diff.records.iter().take(shown) {
            let [a, b] = &record.fared;
            let what = harmless(&record.what);
            println!("  != {what:<16}  A {}", harmless(a.of(self.lang)));
            println!("     {:<16}  B {}", "", harmless(b.of(self.lang)));
        }
        self.more(self.diff.records.len().saturating_sub(shown));
    }

    fn more(&self, count: usize) {
        if count > 0 {
            match self.lang {
                Lang::En => println!("     {count} more (--all)"),
                Lang::Zh => println!("     还有 {count} 处（--all）"),
            }
        }
    }

    fn story(&self, shown: usize) {
        match self.lang {
            Lang::En => self.title(
                &format!(
                    "story: {} beats are shared, {} differ, earliest first",
                    self.diff.shared,
                    self.diff.story.len()
                ),
                "",
            ),
            Lang::Zh => self.title(
                "",
                &format!(
                    "经过：{} 处相同，{} 处不同，由早到晚",
                    self.diff.shared,
                    self.diff.story.len()
                ),
            ),
        }
        for (index, row) in self.diff.story.iter().take(shown).enumerate() {
            self.row(index + 1, row);
        }
        self.more(self.diff.story.len().saturating_sub(shown));
        if self.diff.left_out > 0 {
            println!("     {} beats were not compared", self.diff.left_out);
        }
        if let Some(play) = self.play() {
            println!("\n{}: {play}", self.lang.pick("see it", "去看"));
        }
    }

    fn row(&self, number: usize, row: &Row) {
        for (index, beat) in row.beats.iter().enumerate() {
            let mark = match index {
                0 => format!("#{number}"),
                _ => String::new(),
            };
            let letter = ["A", "B"][index];
            match beat {
                Some(beat) => println!("  {mark:<5}{letter}  {}", self.beat(index, beat)),
                None => println!("  {mark:<5}{letter}  -"),
            }
        }
    }

    fn beat(&self, side: usize, beat: &Beat) -> String {
        let ready = self.diff.runs[side].run.ready_at();
        let place = format!("step {:<6} {:>11}", beat.step.0, clock(beat.at, ready));
        format!(
            "{}  {}",
            self.paint("2", &place),
            harmless(beat.said.of(self.lang))
        )
    }

    /// The first place where the stories differ.
    fn play(&self) -> Option<String> {
        let row = self.diff.story.first()?;
        let (side, beat) = match &row.beats {
            [Some(beat), _] => (0, beat),
            [None, other] => (1, other.as_ref()?),
        };
        let own = self.subjects[side].scenario.seed;
        let seed = self.diff.runs[side].report.seed;
        let seed = (seed != own).then_some(seed);
        Some(self.subjects[side].play(seed, beat.step.0))
    }
}

fn object(subjects: &[Subject; 2], diff: &Diff) -> Value {
    let said = |said: &crate::lab::text::Said| json!({ "en": said.en, "zh": said.zh });
    let side = |index: usize| {
        let report = &diff.runs[index].report;
        json!({
            "scenario": subjects[index].name,
            "branch": subjects[index].branch,
            "seed": report.seed,
            "steps": report.steps.0,
            "trace_hash": format!("{:016x}", report.trace_hash),
            "only_here": diff.settings[index],
        })
    };
    let ms = |side: usize, at: Time| at.since(diff.runs[side].run.ready_at()).as_millis();
    let moved = |side: usize, moved: &Option<Moved>| {
        moved.as_ref().map(|moved| {
            json!({
                "step": moved.step.0,
                "ms": ms(side, moved.at),
                "cause": moved.cause.0,
                "text": moved.said.iter().map(said).collect::<Vec<_>>(),
            })
        })
    };
    let beat = |side: usize, beat: &Option<Beat>| {
        beat.as_ref().map(|beat| {
            json!({
                "step": beat.step.0,
                "ms": ms(side, beat.at),
                "text": said(&beat.said),
            })
        })
    };
    let row = |row: &Row| json!({ "a": beat(0, &row.beats[0]), "b": beat(1, &row.beats[1]) });
    json!({
        "equal": diff.is_empty(),
        "a": side(0),
        "b": side(1),
        "same_steps": diff.first.as_ref().map(|first| first.same),
        "first": diff.first.as_ref().map(|first| json!({
            "a": moved(0, &first.moved[0]),
            "b": moved(1, &first.moved[1]),
        })),
        "outcomes": diff.outcomes.iter().map(|c| json!({
            "what": c.what, "a": c.values[0], "b": c.values[1],
        })).collect::<Vec<_>>(),
        "records": diff.records.iter().map(|r| json!({
            "what": r.what, "a": said(&r.fared[0]), "b": said(&r.fared[1]),
        })).collect::<Vec<_>>(),
        "story_shared": diff.shared,
        "story": diff.story.iter().map(row).collect::<Vec<_>>(),
        "left_out": diff.left_out,
    })
}
