//! The command line: a file a subcommand.
//!
//! Exit codes: 0 what was asked for holds, 1 an expectation or an invariant failed, 2 a bad file
//! or a bad argument, 3 the machine refused (a file could not be written).

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::float_arithmetic,
    reason = "a command reads files and clocks and talks to a terminal"
)]

mod arguments;
mod bench;
mod book;
mod check;
mod completions;
mod describe;
mod diff;
mod doctor;
mod explain;
mod export;
mod file_runs;
mod files;
mod fmt;
mod json;
mod list;
mod logs;
mod new;
mod output;
mod partition;
mod play;
mod progress;
mod reference;
mod run;
mod subject;
mod sweep;
mod verdict;
mod why;

use clap::{Parser, Subcommand, ValueEnum};
use std::io::IsTerminal;
use std::process::ExitCode;

/// Everything held.
pub(super) const PASSED: u8 = 0;
/// An expectation or an invariant failed.
pub(super) const FAILED: u8 = 1;
/// A bad file or a bad argument.
pub(super) const BAD_INPUT: u8 = 2;
/// A file could not be read or written.
pub(super) const REFUSED: u8 = 3;

/// A deterministic simulator and teaching lab of Apache Kafka.
#[derive(Parser)]
#[command(name = "kafkalab", version, about, long_about = ABOUT, after_help = EXAMPLES)]
struct Arguments {
    /// Without one: the tour.
    #[command(subcommand)]
    command: Option<Command>,
    /// When to use colours.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, env = "KAFKALAB_COLOR")]
    color: Color,
}

const ABOUT: &str = "\
A deterministic simulator and teaching lab of Apache Kafka 4.3.

Brokers, KRaft controllers, producers and consumers run as state machines on a virtual clock, \
network and disk. A scenario and a seed give one history, on every machine, for ever.";

const EXAMPLES: &str = "\
Examples:
  kafkalab                            the tour
  kafkalab list                       the scenarios that are built in
  kafkalab play 12                    step through one, forward and back
  kafkalab run 12-acks                a leader failure under acks 0, 1 and all
  kafkalab run 12-acks --seeds 20     the same with twenty seeds
  kafkalab run 12-acks --json         one JSON object for programs
  kafkalab why 12#acks-1 why was rec-6 lost   the chain of causes, and what decided it
  kafkalab diff 12 12#acks-1          the first difference of two runs
  kafkalab new my-lesson              a scenario of your own to begin with
  kafkalab export 06 --as svg --out 06.svg    one run as a sequence diagram
  kafkalab describe 06 --at 4s        topics and quorum as they are then
  kafkalab check --mutate my.toml     does each fault matter to an expectation?
  kafkalab bench                      how fast, as ratios";

/// When to use colours.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    /// If the output is a terminal and NO_COLOR is not set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Subcommand)]
enum Command {
    /// Step through a scenario, forward and back: the visualiser.
    Play(play::PlayArguments),
    /// Run scenarios and say what was acknowledged, what was lost and why.
    Run(run::RunArguments),
    /// Read scenarios, report every problem, and with --mutate test their expectations.
    Check(check::CheckArguments),
    /// Compare two runs: the first difference, and what followed.
    Diff(diff::DiffArguments),
    /// Answer a question about a run: why was a record lost, who leads, what holds it back?
    Why(why::WhyArguments),
    /// Write a run as a story, a trace or a picture.
    Export(export::ExportArguments),
    /// Show topics and quorum at any moment, as Kafka's own tools would.
    Describe(describe::DescribeArguments),
    /// Say what a problem of a scenario file means, with an example.
    Explain(explain::ExplainArguments),
    /// List the scenarios that are built in.
    List(list::ListArguments),
    /// Write a scenario to begin with.
    New(new::NewArguments),
    /// Bring scenario files into one form.
    Fmt(fmt::FmtArguments),
    /// Say which partition a key gets, for each family of clients.
    Partition(partition::PartitionArguments),
    /// Look at the terminal, the locale and the program itself.
    Doctor(doctor::DoctorArguments),
    /// Print a completion script for a shell.
    Completions(completions::CompletionsArguments),
    /// Hold the generated parts of the book against the engine.
    Book(book::BookArguments),
    /// Print the reference page of the scenario language.
    #[command(hide = true)]
    Reference,
    /// Measure speed, as ratios taken in one run.
    Bench(bench::BenchArguments),
}

/// What every subcommand knows of its surroundings.
#[derive(Clone, Copy)]
struct Surroundings {
    /// Use colours on standard output.
    color: bool,
    /// Show progress on standard error.
    progress: bool,
}

/// Parses the arguments and runs the subcommand they name.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let terminal = std::io::stdout().is_terminal();
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let color = match arguments.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && !no_color,
    };
    let around = Surroundings {
        color,
        progress: std::io::stderr().is_terminal(),
    };
    let code = match arguments.command {
        None => play::tour(around),
        Some(Command::Play(arguments)) => play::run(&arguments, around),
        Some(Command::Run(arguments)) => run::run(&arguments, around),
        Some(Command::Check(arguments)) => check::run(&arguments, around),
        Some(Command::Export(arguments)) => export::run(&arguments, around),
        Some(Command::Describe(arguments)) => describe::run(&arguments, around),
        Some(Command::Diff(arguments)) => diff::run(&arguments, around),
        Some(Command::Why(arguments)) => why::run(&arguments, around),
        Some(Command::Explain(arguments)) => explain::run(&arguments),
        Some(Command::List(arguments)) => list::run(&arguments),
        Some(Command::New(arguments)) => new::run(&arguments),
        Some(Command::Fmt(arguments)) => fmt::run(&arguments, around),
        Some(Command::Partition(arguments)) => partition::run(&arguments),
        Some(Command::Doctor(arguments)) => doctor::run(&arguments, around),
        Some(Command::Completions(arguments)) => completions::run(&arguments),
        Some(Command::Book(arguments)) => book::run(&arguments),
        Some(Command::Reference) => reference::run(),
        Some(Command::Bench(arguments)) => bench::run(&arguments),
    };
    ExitCode::from(code)
}
