//! `kafkalab run`: scenarios, their branches, many seeds.

use super::arguments::lang;
use super::file_runs::{FileRuns, Records};
use super::progress::Progress;
use super::sweep::{self, Axis, Sweep, axis};
use super::{FAILED, PASSED, REFUSED, Surroundings, files, json, logs, output, subject, verdict};
use crate::kafka::vocabulary::Salience;
use crate::lab::cluster::Names;
use crate::lab::scenario::run::{
    Finished, Options, compare_branches, run as run_scenario, run_observed,
};
use crate::lab::scenario::{Parsed, Scenario, Setting};
use crate::lab::text::{Lang, Said};
use crate::lab::trace::{Metrics, MetricsRecorder, Recorder, jsonl};
use clap::Args;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Arguments of `run`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  kafkalab run 12-acks                                the built-in scenario, and so does 12
  kafkalab run my.toml                                a file of your own
  kafkalab run scenarios/*.toml                       many files, a line each
  kafkalab run 12 --branch acks-1 --records lost      one branch; main is the file itself
  kafkalab run 12 --set producer.p1.config.acks=1     with another value of something in the file
  kafkalab run 12 --branch main --seeds 20 \\
      --set producer.p1.config.acks=0,1,all \\
      --set topic.orders.config.min.insync.replicas=1,2
                                                      a table: settings against what came out
  kafkalab run 13-segments --export-logs /tmp/logs    the brokers' folders as Kafka has them

With several values or seeds, --set makes a table of medians with least and most: records sent,
acknowledged, acknowledged and lost, twice in the log; \"no leader\" is the time from ready to the
end in which some partition had no leader at work (a broker that is up, not paused, and has begun
the newest leader epoch that the controller has given it); \"longest wait\" is the longest that a
record waited for its answer, or for the end. A table ends with exit code 0.

Exit codes: 0 every expectation came out as the scenario says, 1 one did not, 2 a bad file.")]
pub(super) struct RunArguments {
    /// Scenarios: files, or names or numbers of built-in ones. Several are told in a line each.
    #[arg(required = true, value_name = "SCENARIO")]
    files: Vec<PathBuf>,
    /// Only this branch; `main` is the file itself.
    #[arg(long)]
    branch: Option<String>,
    /// Instead of the file's seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Run this many seeds, from the file's (or --seed) on.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    seeds: u32,
    /// Other values for something in the file: topic.orders.config.min.insync.replicas=1,2. Names
    /// are those of branches; it wins over branches. Again for a second dimension.
    #[arg(long, value_name = "KEY=V1,V2", value_parser = axis)]
    set: Vec<Axis>,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// Which records to list.
    #[arg(long, value_enum, default_value_t = Records::Auto)]
    records: Records,
    /// The language of the scenario's own texts.
    #[arg(long, value_parser = lang(), default_value = "en")]
    lang: Lang,
    /// Write every broker's folders as they are in the end into DIR/BRANCH/BROKER.
    #[arg(long, value_name = "DIR")]
    export_logs: Option<PathBuf>,
    /// Write every step as JSON lines (docs/trace.schema.json), run after run.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Run each twice and compare the hashes.
    #[arg(long)]
    twice: bool,
    /// Encode, decode and compare every message that is delivered.
    #[arg(long)]
    round_trip: bool,
    /// Leave the invariants out.
    #[arg(long)]
    no_check: bool,
}

impl RunArguments {
    /// Several values, or several seeds with settings.
    fn is_table(&self) -> bool {
        let many = self.set.iter().any(|axis| !axis.is_one());
        many || (self.seeds > 1 && !self.set.is_empty())
    }

    fn sweep<'a>(&'a self, name: &'a str, source: &'a str, parsed: &Parsed) -> Sweep<'a> {
        Sweep {
            name,
            source,
            axes: &self.set,
            branch: self.branch.as_deref(),
            first_seed: self.seed.unwrap_or(parsed.main.seed),
            seeds: self.seeds,
            check: !self.no_check,
            json: self.json,
        }
    }
}

pub(super) fn run(arguments: &RunArguments, around: Surroundings) -> u8 {
    let mut code = PASSED;
    let mut objects = Vec::new();
    let mut traces = match &arguments.trace {
        Some(path) => match output::create(path) {
            Ok(file) => Some(file),
            Err(code) => return code,
        },
        None => None,
    };
    for path in &arguments.files {
        match run_file(arguments, path, &mut traces, around) {
            Ok((passed, object)) => {
                objects.extend(object);
                code = code.max(if passed { PASSED } else { FAILED });
            }
            Err(bad) => code = code.max(bad),
        }
    }
    if arguments.json {
        json::print(objects, arguments.files.len());
    }
    code
}

fn run_file(
    arguments: &RunArguments,
    path: &Path,
    traces: &mut Option<File>,
    around: Surroundings,
) -> Result<(bool, Option<serde_json::Value>), u8> {
    let (source, mut parsed) = files::load_source(path, around)?;
    let name = source.name.clone();
    if arguments.is_table() {
        let sweep = arguments.sweep(&name, &source.text, &parsed);
        return Ok((true, sweep::run(&sweep, around)?));
    }
    if !arguments.set.is_empty() {
        let settings: Vec<Setting> = arguments.set.iter().map(Axis::setting).collect();
        parsed = subject::with_settings(&source.text, &settings)?;
    }
    let branches = files::branches(&parsed, arguments.branch.as_deref(), &name)?;
    let title = parsed.main.title.said();
    let (runs, metrics) = run_all(
        arguments,
        &parsed,
        &branches,
        (&name, &title),
        traces,
        around,
    )?;
    if let Some(dir) = &arguments.export_logs {
        logs::export(dir, &runs).map_err(|why| {
            eprintln!("error: {why}");
            REFUSED
        })?;
    }
    let title = title.of(arguments.lang).to_owned();
    let passed = runs.iter().all(|run| run.report.passed());
    let file = FileRuns {
        name,
        title,
        runs,
        metrics,
    };
    Ok((passed, tell(arguments, &file, around)))
}

/// Prints what came out, or returns it as an object.
fn tell(
    arguments: &RunArguments,
    file: &FileRuns,
    around: Surroundings,
) -> Option<serde_json::Value> {
    if arguments.json {
        return Some(json::file(file));
    }
    if arguments.seeds > 1 {
        verdict::print_table(file, around);
    } else if arguments.files.len() > 1 {
        verdict::print_line(file, around);
    } else {
        verdict::print(file, arguments.records, arguments.lang, around);
    }
    None
}

/// Every branch with every seed, each seed's branches compared.
fn run_all(
    arguments: &RunArguments,
    parsed: &Parsed,
    branches: &[(String, Scenario)],
    (name, title): (&str, &Said),
    traces: &mut Option<File>,
    around: Surroundings,
) -> Result<(Vec<Finished>, Vec<Option<Metrics>>), u8> {
    let mut progress = Progress::new(
        u64::from(arguments.seeds) * branches.len() as u64,
        around.progress,
    );
    let (mut runs, mut metrics) = (Vec::new(), Vec::new());
    for number in 0..arguments.seeds {
        let first = arguments.seed.unwrap_or(parsed.main.seed);
        let seed = first.wrapping_add(u64::from(number));
        let mut finished = Vec::new();
        for (branch, scenario) in branches {
            progress.at((runs.len() + finished.len()) as u64, branch);
            let observed = run_once(arguments, branch, scenario, seed, name)?;
            if let (Some(file), Some(recorder)) = (traces.as_mut(), observed.recorder) {
                let trace = observed.finished.trace(recorder, name, title.clone());
                output::write(file, &jsonl(&trace, arguments.lang))?;
            }
            finished.push(observed.finished);
            metrics.push(observed.metrics);
        }
        compare_branches(&mut finished);
        runs.append(&mut finished);
    }
    progress.done();
    Ok((runs, metrics))
}

/// A run with what its observers made of it.
struct Observed {
    finished: Finished,
    metrics: Option<Metrics>,
    recorder: Option<Recorder>,
}

fn run_once(
    arguments: &RunArguments,
    branch: &str,
    scenario: &Scenario,
    seed: u64,
    file: &str,
) -> Result<Observed, u8> {
    let options = Options {
        seed: Some(seed),
        check: !arguments.no_check,
        round_trip: arguments.round_trip,
    };
    let observers = |names: &Names| {
        let metrics = arguments.json.then(|| MetricsRecorder::new(names));
        let trace = arguments.trace.is_some();
        let recorder = trace.then(|| Recorder::new(names, Salience::Background));
        (metrics, recorder)
    };
    let (finished, (metrics, recorder)) = run_observed(branch, scenario, &options, observers);
    if arguments.twice {
        let second = run_scenario(branch, scenario, &options, &mut |_| {});
        if finished.report.trace_hash != second.report.trace_hash {
            eprintln!("error: {file}, branch {branch}: two runs of seed {seed} differ");
            return Err(FAILED);
        }
    }
    let metrics = metrics.map(|metrics| metrics.finish(&finished.world));
    Ok(Observed {
        finished,
        metrics,
        recorder,
    })
}
