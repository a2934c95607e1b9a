//! `kafkalab bench`: speed as ratios taken in one run. Figures are medians of several passes;
//! every pass measures the yardstick, a bare heap-and-ChaCha event loop, beside the engine.

mod rawloop;
mod workload;

use super::{FAILED, PASSED};
use clap::Args;
use serde_json::json;
use std::time::{Duration, Instant};
use workload::{Bench, Measured};

/// Arguments of `bench`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  kafkalab bench                 a minute of measuring
  kafkalab bench --passes 9      steadier medians
  kafkalab bench --json          for programs

Every figure is a median over the passes of this run; compare ratios, not figures of other days.")]
pub(super) struct BenchArguments {
    /// How often everything is measured.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=99))]
    passes: u32,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// Only this: records through three replicas, one number a line (for loops of benches).
    #[arg(long, value_name = "RECORDS")]
    produce: Option<u32>,
    /// With --produce: records a request.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    batch: u32,
}

/// One figure over the passes.
struct Figure {
    name: &'static str,
    unit: &'static str,
    goal: &'static str,
    values: Vec<f64>,
}

impl Figure {
    fn median(&self) -> f64 {
        let mut sorted = self.values.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn range(&self) -> (f64, f64) {
        let low = self.values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self
            .values
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        (low, high)
    }
}

const FIGURES: [(&str, &str, &str); 16] = [
    ("raw event loop", "events/s", "the yardstick"),
    ("3 brokers acks=all, hash and invariants", "steps/s", ""),
    (
        "the same over the raw loop",
        "ratio",
        "floor 0.06, aim 0.12",
    ),
    ("idle cluster", "virtual s/s", "floor 5000, aim 20000"),
    ("100 records a second", "virtual s/s", "floor 500, aim 2000"),
    ("1 record a request, 3 replicas", "records/s", ""),
    ("100 records a request, 3 replicas", "records/s", ""),
    ("cost of one more hash of every step", "% of a run", ""),
    ("cost of telling every note in words", "% of a run", ""),
    ("cost of invariants", "% of a run", ""),
    ("cost of round trip", "% of a run", ""),
    ("snapshot (fork) of a cluster", "us", ""),
    ("first step after a fork", "us", ""),
    ("step back, worst of 20", "ms", "floor 20, aim 5"),
    ("scenario, cold process", "ms", ""),
    ("scenario, warm process", "ms", ""),
];

pub(super) fn run(arguments: &BenchArguments) -> u8 {
    if let Some(records) = arguments.produce {
        let measured = Bench::produce(records, arguments.batch);
        println!(
            "kafkalab_records_per_s {:.1}",
            measured.records_per_second()
        );
        return PASSED;
    }
    let mut figures: Vec<Figure> = FIGURES
        .iter()
        .map(|(name, unit, goal)| Figure {
            name,
            unit,
            goal,
            values: Vec::new(),
        })
        .collect();
    for pass in 0..arguments.passes {
        if !arguments.json {
            eprintln!("pass {} of {}", pass + 1, arguments.passes);
        }
        let Some(values) = one_pass() else {
            eprintln!("error: a workload did not come to its end");
            return FAILED;
        };
        figures
            .iter_mut()
            .zip(values)
            .for_each(|(figure, value)| figure.values.push(value));
    }
    match arguments.json {
        true => print_json(&figures, arguments.passes),
        false => print_text(&figures),
    }
    PASSED
}

fn one_pass() -> Option<[f64; 16]> {
    let raw = rawloop::events_per_second(Duration::from_millis(700));
    // The first workload of a process touches memory that the others find warm.
    Bench::produce(20_000, 1);
    let checked = Bench::produce(20_000, 1);
    let unchecked = Bench::produce_with(20_000, 1, false, false);
    let round_trip = Bench::produce_with(20_000, 1, false, true);
    let batched = Bench::produce(200_000, 100);
    let idle = Bench::idle(600);
    let hundred = Bench::rate(100, 120);
    let (hashed, told) = Bench::watched(20_000);
    let (fork, first_step) = Bench::fork();
    let back = Bench::step_back()?;
    let (cold, warm) = processes()?;
    let percent = |slow: &Measured, fast: &Measured| (slow.seconds / fast.seconds - 1.0) * 100.0;
    Some([
        raw,
        checked.steps_per_second(),
        checked.steps_per_second() / raw,
        idle.virtual_per_second(),
        hundred.virtual_per_second(),
        checked.records_per_second(),
        batched.records_per_second(),
        percent(&hashed, &checked),
        percent(&told, &checked),
        percent(&checked, &unchecked),
        percent(&round_trip, &unchecked),
        fork,
        first_step,
        back,
        cold,
        warm,
    ])
}

/// A small scenario in a fresh process, the first time and again.
fn processes() -> Option<(f64, f64)> {
    let program = std::env::current_exe().ok()?;
    let file = std::env::temp_dir().join(format!("kafkalab-bench-{}.toml", std::process::id()));
    std::fs::write(&file, workload::SMALL).ok()?;
    let once = || {
        let began = Instant::now();
        let status = std::process::Command::new(&program)
            .args(["run", "--json"])
            .arg(&file)
            .stdout(std::process::Stdio::null())
            .status();
        status
            .is_ok_and(|s| s.success())
            .then(|| began.elapsed().as_secs_f64() * 1_000.0)
    };
    let times = (once(), once());
    let _ = std::fs::remove_file(&file);
    Some((times.0?, times.1?))
}

fn print_text(figures: &[Figure]) {
    println!(
        "{:<44} {:>14} {:>14} {:>14}  unit",
        "figure", "median", "min", "max"
    );
    for figure in figures {
        let (low, high) = figure.range();
        let (median, goal) = (figure.median(), figure.goal);
        let note = if goal.is_empty() {
            String::new()
        } else {
            format!("  ({goal})")
        };
        println!(
            "{:<44} {median:>14.3} {low:>14.3} {high:>14.3}  {}{note}",
            figure.name, figure.unit
        );
    }
}

fn print_json(figures: &[Figure], passes: u32) {
    let figures = figures.iter().map(|figure| {
        let (low, high) = figure.range();
        json!({
            "name": figure.name, "unit": figure.unit, "goal": figure.goal,
            "median": figure.median(), "min": low, "max": high,
        })
    });
    println!(
        "{:#}",
        json!({ "passes": passes, "figures": figures.collect::<Vec<_>>() })
    );
}
