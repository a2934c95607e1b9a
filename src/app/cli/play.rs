//! `kafkalab play`: the visualiser, or the same in plain text.

use super::arguments::lang;
use super::{BAD_INPUT, PASSED, REFUSED, Surroundings, files};
use crate::app::tui::{Address, Heard, Model, Plain, Session, Settings, Source, Theme};
use crate::lab::scenario::{MAIN, Parsed, Scenario, library};
use crate::lab::text::Lang;
use clap::Args;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// What opens without a word.
const TOUR: &str = "00-tour";

/// Arguments of `play`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  kafkalab play 12                            the built-in scenario 12-acks
  kafkalab play my.toml --branch acks-1       a branch of a file of your own
  kafkalab play 12 --at step:2921             from there; y in the visualiser gives this command
  kafkalab play 12 --at 10.8s --lang zh       scenario time, in Chinese
  printf 'n\\nn\\nq\\n' | kafkalab play 12 --plain   lines of text, through pipes

--at takes step:N, a time (12.3s, 500ms) or the id of a step of the scenario.")]
pub(super) struct PlayArguments {
    /// The scenario: a file, or the name or number of a built-in one. Without it the tour.
    #[arg(value_name = "SCENARIO", default_value = TOUR)]
    scenario: PathBuf,
    /// Where to begin.
    #[arg(long, value_name = "MOMENT", value_parser = Address::parse)]
    at: Option<Address>,
    /// Another branch than the file itself.
    #[arg(long)]
    branch: Option<String>,
    /// The language.
    #[arg(long, value_parser = lang(), default_value = "en")]
    lang: Lang,
    /// Lines of text instead of a screen: for screen readers, logs and pipes.
    #[arg(long)]
    plain: bool,
    /// Nothing but ASCII, in English; so it is where the locale is not UTF-8.
    #[arg(long)]
    ascii: bool,
    /// Instead of the file's seed.
    #[arg(long)]
    seed: Option<u64>,
}

/// Without a subcommand: the tour, on a screen if there is one, else its story.
pub(super) fn tour(around: Surroundings) -> u8 {
    let arguments = PlayArguments {
        scenario: TOUR.into(),
        at: None,
        branch: None,
        lang: Lang::En,
        plain: false,
        ascii: false,
        seed: None,
    };
    if has_terminal() {
        return run(&arguments, around);
    }
    match model(&arguments, around) {
        Ok(model) => say(&Plain::new(model).story()),
        Err(code) => code,
    }
}

pub(super) fn run(arguments: &PlayArguments, around: Surroundings) -> u8 {
    let model = match model(arguments, around) {
        Ok(model) => model,
        Err(code) => return code,
    };
    if arguments.plain || !has_terminal() {
        return talk(model);
    }
    visit(model)
}

fn has_terminal() -> bool {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal() && !dumb
}

fn model(arguments: &PlayArguments, around: Surroundings) -> Result<Model, u8> {
    let (source, parsed) = files::load_source(&arguments.scenario, around)?;
    let branch = arguments.branch.as_deref().unwrap_or(MAIN);
    let scenario = scenario(&parsed, branch, &arguments.scenario)?;
    let ascii = arguments.ascii || !is_utf8();
    let settings = Settings {
        lang: if ascii { Lang::En } else { arguments.lang },
        ascii,
        theme: if around.color {
            Theme::Dark
        } else {
            Theme::Mono
        },
        ..Settings::default()
    };
    let others = parsed.branches.iter().map(|(name, _)| name.clone());
    let source = Source {
        next: next(&source.name),
        name: source.name,
        branch: branch.to_owned(),
        seed: arguments.seed,
        branches: std::iter::once(MAIN.to_owned()).chain(others).collect(),
    };
    let session = Session::new(scenario, source);
    Ok(Model::new(session, settings, arguments.at.clone()))
}

fn scenario<'a>(parsed: &'a Parsed, branch: &str, path: &Path) -> Result<&'a Scenario, u8> {
    parsed.branch(branch).ok_or_else(|| {
        let names: Vec<&str> = parsed
            .branches
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let (names, path) = (names.join(", "), path.display());
        eprintln!("error: {path}: no branch \"{branch}\"; branches are {MAIN}, {names}");
        BAD_INPUT
    })
}

/// The scenario after this one in the library.
fn next(name: &str) -> Option<String> {
    let at = library::LIBRARY
        .iter()
        .position(|(known, _)| *known == name)?;
    let (next, _) = library::LIBRARY.get(at + 1)?;
    Some((*next).to_owned())
}

/// As POSIX decides: the first of these that is set and not empty.
fn is_utf8() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter();
    let set = set
        .filter_map(std::env::var_os)
        .find(|value| !value.is_empty());
    set.is_some_and(|value| {
        let value = value.to_string_lossy().to_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    })
}

#[cfg(feature = "terminal")]
fn visit(model: Model) -> u8 {
    use crate::app::terminal::{Left, run};
    match run(model) {
        Ok(Left::Quit) => PASSED,
        Ok(Left::Plain(model)) => talk(*model),
        // As a shell reports it.
        Ok(Left::Signal(signal)) => 128_u8.saturating_add(signal.clamp(0, 127) as u8),
        Err(error) => {
            eprintln!("error: the terminal: {error}");
            REFUSED
        }
    }
}

#[cfg(not(feature = "terminal"))]
fn visit(model: Model) -> u8 {
    talk(model)
}

/// Plain text: a line in, lines out, until the end of either.
fn talk(model: Model) -> u8 {
    let mut plain = Plain::new(model);
    let prompts = std::io::stdin().is_terminal();
    let mut said = plain.begin();
    let mut input = std::io::stdin().lock();
    loop {
        if prompts {
            said.push_str(plain.prompt());
        }
        if say(&said) != PASSED {
            return PASSED;
        }
        let mut line = String::new();
        match input.read_line(&mut line) {
            Ok(0) => return PASSED,
            Ok(_) => {}
            Err(error) => {
                eprintln!("error: standard input: {error}");
                return REFUSED;
            }
        }
        match plain.hear(&line) {
            Heard::Say(text) => said = text,
            Heard::Quit => return PASSED,
        }
    }
}

/// A reader that has gone away ends the talk.
fn say(text: &str) -> u8 {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => PASSED,
        Err(_) => REFUSED,
    }
}
