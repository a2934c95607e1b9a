//! `kafkalab export`: a run as a story, a trace or a picture.

use super::arguments::{duration, lang};
use super::{Surroundings, files, output};
use crate::kafka::vocabulary::Salience;
use crate::lab::scenario::MAIN;
use crate::lab::scenario::run::{Options, run_observed};
use crate::lab::text::Lang;
use crate::lab::trace::{
    Recorder, Trace, Window, jsonl, listing, mermaid, perfetto, svg, transcript,
};
use crate::sim::{Span, Time};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Arguments of `export`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  kafkalab export 07 --as transcript                      the story, a line an event
  kafkalab export 07 --as transcript --lang zh            the same in Chinese
  kafkalab export 07 --as svg --to 2s --out 07.svg        its first two seconds as a picture
  kafkalab export 12 --branch acks-1 --as mermaid         for a page that renders Mermaid
  kafkalab export 07 --as perfetto --out 07.json          open it in https://ui.perfetto.dev
  kafkalab export 07 --as text --from 12s --to 12500ms    every step of half a second
  kafkalab export my.toml --as jsonl | jq .kind           every step as JSON (docs/trace.schema.json)

Times are scenario time: 0 is when the cluster is ready.")]
pub(super) struct ExportArguments {
    /// A scenario: a file, a name or a number.
    scenario: PathBuf,
    /// The format.
    #[arg(long = "as", value_enum, value_name = "FORMAT")]
    format: Format,
    /// Which branch; `main` is the file itself.
    #[arg(long, default_value = MAIN)]
    branch: String,
    /// Instead of the scenario's seed.
    #[arg(long)]
    seed: Option<u64>,
    /// The language.
    #[arg(long, value_parser = lang(), default_value = "en")]
    lang: Lang,
    /// Leave out what happened before.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    from: Option<Span>,
    /// Leave out what happened later.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    to: Option<Span>,
    /// Also how the cluster came up, before time 0.
    #[arg(long, conflicts_with = "from")]
    prelude: bool,
    /// How much a step must matter; each format has its own default.
    #[arg(long, value_enum)]
    salience: Option<Level>,
    /// Write to this file instead of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The story as text, with narration and questions.
    Transcript,
    /// Versioned JSON lines for programs.
    Jsonl,
    /// A Mermaid sequence diagram.
    Mermaid,
    /// A sequence diagram in one SVG file.
    Svg,
    /// A trace for Perfetto and chrome://tracing.
    Perfetto,
    /// Every step as a line of text.
    Text,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    /// What any telling would tell.
    Story,
    /// A closer look.
    Detail,
    /// All, heartbeats and empty fetches too.
    Background,
}

impl Level {
    fn salience(self) -> Salience {
        match self {
            Level::Story => Salience::Story,
            Level::Detail => Salience::Detail,
            Level::Background => Salience::Background,
        }
    }
}

impl Format {
    fn salience(self) -> Salience {
        match self {
            Format::Transcript | Format::Mermaid | Format::Svg => Salience::Story,
            Format::Jsonl | Format::Perfetto | Format::Text => Salience::Background,
        }
    }

    fn write(self, trace: &Trace, lang: Lang) -> String {
        match self {
            Format::Transcript => transcript(trace, lang),
            Format::Jsonl => jsonl(trace, lang),
            Format::Mermaid => mermaid(trace, lang),
            Format::Svg => svg(trace, lang),
            Format::Perfetto => perfetto(trace, lang),
            Format::Text => listing(trace, lang),
        }
    }
}

pub(super) fn run(arguments: &ExportArguments, around: Surroundings) -> u8 {
    match trace(arguments, around) {
        Ok(trace) => {
            let text = arguments.format.write(&trace, arguments.lang);
            output::put(arguments.out.as_deref(), &text)
        }
        Err(code) => code,
    }
}

fn trace(arguments: &ExportArguments, around: Surroundings) -> Result<Trace, u8> {
    let (source, parsed) = files::load_source(&arguments.scenario, around)?;
    let scenario = files::branch(&parsed, &arguments.branch, &source.name)?;
    let given = arguments.salience.map(Level::salience);
    let salience = given.unwrap_or(arguments.format.salience());
    let options = Options {
        seed: arguments.seed,
        check: false,
        ..Options::default()
    };
    let recorder = |names: &_| Recorder::new(names, salience);
    let (finished, recorder) = run_observed(&arguments.branch, &scenario, &options, recorder);
    if let Some(why) = &finished.report.failure {
        eprintln!("warning: the run could not go on: {why}");
    }
    let trace = finished.trace(recorder, &source.name, parsed.main.title.said());
    let window = window(arguments, salience, finished.run.ready_at());
    Ok(trace.within(window))
}

fn window(arguments: &ExportArguments, salience: Salience, ready: Time) -> Window {
    if ready == Time::NEVER {
        return Window::from(salience, Time::ZERO);
    }
    let from = match arguments.prelude {
        true => Time::ZERO,
        false => ready + arguments.from.unwrap_or(Span::ZERO),
    };
    let to = arguments.to.map_or(Time::NEVER, |to| ready + to);
    Window { salience, from, to }
}
