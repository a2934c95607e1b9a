//! `kafkalab run --set KEY=V1,V2 --seeds N`: every combination of values with every seed, as a
//! table of what came out.
//!
//! Runs share nothing, so that they go to all cores; the table does not depend on which ends first.

use super::progress::Progress;
use super::subject::{refuse, with_settings};
use super::{Surroundings, files};
use crate::lab::scenario::run::{Ending, Finished, Options, compare_branches, run as run_scenario};
use crate::lab::scenario::{Scenario, Setting};
use crate::lab::text::harmless;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// More combinations than this are refused.
const COMBINATIONS_MAX: usize = 1_000;

/// A key and the values that it takes in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    key: String,
    values: Vec<String>,
}

impl Axis {
    /// Whether there is anything to compare.
    pub(super) fn is_one(&self) -> bool {
        self.values.len() == 1
    }

    /// Its first value.
    pub(super) fn setting(&self) -> Setting {
        let first = self.values.first();
        Setting::new(&self.key, first.map_or("", String::as_str))
    }
}

/// `KEY=V1,V2`; commas in quotes and brackets belong to a value.
pub(super) fn axis(text: &str) -> Result<Axis, String> {
    let usage = "KEY=V1,V2, as in producer.p1.config.acks=0,1,all";
    let (key, values) = text.split_once('=').ok_or(usage)?;
    let (mut depth, mut quoted) = (0_u32, false);
    let mut all = vec![String::new()];
    for c in values.chars() {
        match c {
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                all.push(String::new());
                continue;
            }
            _ => {}
        }
        all.last_mut().into_iter().for_each(|value| value.push(c));
    }
    let values: Vec<String> = all.iter().map(|value| value.trim().to_owned()).collect();
    let key = key.trim().to_owned();
    if key.is_empty() || values.iter().any(String::is_empty) {
        return Err(usage.to_owned());
    }
    Ok(Axis { key, values })
}

/// What is to be run.
pub(super) struct Sweep<'a> {
    pub(super) name: &'a str,
    pub(super) source: &'a str,
    pub(super) axes: &'a [Axis],
    pub(super) branch: Option<&'a str>,
    pub(super) first_seed: u64,
    pub(super) seeds: u32,
    pub(super) check: bool,
    pub(super) json: bool,
}

/// One combination of values, read.
struct Combination {
    settings: Vec<Setting>,
    branches: Vec<(String, Scenario)>,
}

/// What came out of one run.
#[derive(Clone, Debug, Default)]
struct Outcome {
    /// By [`COLUMNS`].
    numbers: [u64; 6],
    failed: Vec<String>,
    passed: bool,
}

/// The columns; the last two are milliseconds.
const COLUMNS: [&str; 6] = [
    "sent",
    "acknowledged",
    "lost",
    "duplicated",
    "unavailable_ms",
    "longest_wait_ms",
];

/// Runs it all; prints the table, or returns it as an object. What expectations say is no failure:
/// they were written for other settings. An error, which was told, is an exit code.
pub(super) fn run(sweep: &Sweep<'_>, around: Surroundings) -> Result<Option<Value>, u8> {
    let combinations = combinations(sweep)?;
    let outcomes = run_all(sweep, &combinations, around);
    if sweep.json {
        return Ok(Some(object(sweep, &combinations, &outcomes)));
    }
    print(sweep, &combinations, &outcomes, around);
    Ok(None)
}

fn combinations(sweep: &Sweep<'_>) -> Result<Vec<Combination>, u8> {
    let mut all: Vec<Vec<Setting>> = vec![Vec::new()];
    for axis in sweep.axes {
        let count = all.len().saturating_mul(axis.values.len());
        if count > COMBINATIONS_MAX {
            let why = format!("more than {COMBINATIONS_MAX} combinations");
            return Err(refuse("--set", &why));
        }
        let with = |settings: &Vec<Setting>| {
            let settings = settings.clone();
            axis.values.iter().map(move |value| {
                let mut settings = settings.clone();
                settings.push(Setting::new(&axis.key, value));
                settings
            })
        };
        all = all.iter().flat_map(with).collect();
    }
    all.into_iter().map(|s| combination(sweep, s)).collect()
}

fn combination(sweep: &Sweep<'_>, settings: Vec<Setting>) -> Result<Combination, u8> {
    let parsed = with_settings(sweep.source, &settings)?;
    let branches = files::branches(&parsed, sweep.branch, sweep.name)?;
    Ok(Combination { settings, branches })
}

/// By combination, branch and seed.
fn run_all(
    sweep: &Sweep<'_>,
    combinations: &[Combination],
    around: Surroundings,
) -> Vec<Vec<Vec<Outcome>>> {
    let seeds = sweep.seeds as usize;
    let jobs = combinations.len() * seeds;
    let next = AtomicUsize::new(0);
    let done = Mutex::new(vec![None; jobs]);
    let ended = AtomicUsize::new(0);
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let work = || {
        loop {
            let job = next.fetch_add(1, Ordering::Relaxed);
            let Some(combination) = combinations.get(job / seeds).filter(|_| job < jobs) else {
                return;
            };
            let outcome = run_one(sweep, combination, (job % seeds) as u64);
            if let Ok(mut done) = done.lock() {
                done[job] = Some(outcome);
            }
            ended.fetch_add(1, Ordering::Relaxed);
        }
    };
    let mut progress = Progress::new(jobs as u64, around.progress);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores.min(jobs)).map(|_| scope.spawn(work)).collect();
        while workers.iter().any(|worker| !worker.is_finished()) {
            progress.at(ended.load(Ordering::Relaxed) as u64, "runs");
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    progress.done();
    let done = done.into_inner().unwrap_or_default();
    let mut all: Vec<Vec<Vec<Outcome>>> = Vec::new();
    for (index, combination) in combinations.iter().enumerate() {
        let of_branch = |branch: usize| {
            let jobs = done[index * seeds..(index + 1) * seeds].iter().flatten();
            jobs.filter_map(|job| job.get(branch).cloned()).collect()
        };
        all.push((0..combination.branches.len()).map(of_branch).collect());
    }
    all
}

/// All branches with one seed.
fn run_one(sweep: &Sweep<'_>, combination: &Combination, number: u64) -> Vec<Outcome> {
    let options = Options {
        seed: Some(sweep.first_seed.wrapping_add(number)),
        check: sweep.check,
        round_trip: false,
    };
    let runs = combination.branches.iter();
    let runs = runs.map(|(name, scenario)| run_scenario(name, scenario, &options, &mut |_| {}));
    let mut runs: Vec<Finished> = runs.collect();
    compare_branches(&mut runs);
    runs.iter().map(outcome).collect()
}

fn outcome(finished: &Finished) -> Outcome {
    let report = &finished.report;
    let acked = report.records.iter();
    let acked = acked.filter(|r| matches!(r.sent.ending, Ending::Acknowledged { .. }));
    let failed = report.expectations.iter().filter(|judged| !judged.passed());
    Outcome {
        numbers: [
            report.records.len() as u64,
            acked.count() as u64,
            report.lost().count() as u64,
            report.anomalies.duplicated.len() as u64,
            report.unavailable.as_millis(),
            report.longest_wait.as_millis(),
        ],
        failed: failed.map(|judged| judged.id.clone()).collect(),
        passed: report.passed(),
    }
}

/// Least, middle (the lower of two) and most.
fn spread(outcomes: &[Outcome], column: usize) -> [u64; 3] {
    let mut all: Vec<u64> = outcomes.iter().map(|o| o.numbers[column]).collect();
    all.sort_unstable();
    let middle = all.get(all.len().saturating_sub(1) / 2);
    [all.first(), middle, all.last()].map(|value| value.copied().unwrap_or(0))
}

/// How many runs failed each expectation.
fn failures(outcomes: &[Outcome]) -> BTreeMap<&str, usize> {
    let mut failures = BTreeMap::new();
    for id in outcomes.iter().flat_map(|outcome| &outcome.failed) {
        *failures.entry(id.as_str()).or_default() += 1;
    }
    failures
}

fn print(
    sweep: &Sweep<'_>,
    combinations: &[Combination],
    outcomes: &[Vec<Vec<Outcome>>],
    around: Surroundings,
) {
    let last = sweep.first_seed.wrapping_add(u64::from(sweep.seeds) - 1);
    let seeds = match sweep.seeds {
        1 => format!("seed {last}"),
        n => format!(
            "{n} seeds from {} on: median (least-most)",
            sweep.first_seed
        ),
    };
    println!("{}, {seeds}", harmless(sweep.name));
    let mut rows = vec![head(sweep)];
    for (combination, by_branch) in combinations.iter().zip(outcomes) {
        for ((branch, _), outcomes) in combination.branches.iter().zip(by_branch) {
            rows.push(row(combination, branch, outcomes));
        }
    }
    let columns = rows[0].len();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|c| width(c).unwrap_or(0)).collect();
    for (number, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths);
        let line: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        let line = line.join("  ");
        match (number, around.color) {
            (0, true) => println!("\x1b[2m{}\x1b[0m", line.trim_end()),
            _ => println!("{}", line.trim_end()),
        }
    }
}

fn head(sweep: &Sweep<'_>) -> Vec<String> {
    let keys = sweep.axes.iter().map(|axis| harmless(&axis.key));
    let fixed = [
        "branch",
        "sent",
        "acked",
        "lost",
        "dup",
        "no leader s",
        "longest wait s",
        "failed expectations",
    ];
    keys.chain(fixed.map(str::to_owned)).collect()
}

fn row(combination: &Combination, branch: &str, outcomes: &[Outcome]) -> Vec<String> {
    let values = combination.settings.iter().map(|s| harmless(&s.value));
    let mut row: Vec<String> = values.chain([branch.to_owned()]).collect();
    for column in 0..COLUMNS.len() {
        let shown = spread(outcomes, column).map(|value| match column {
            0..4 => value.to_string(),
            _ => format!("{}.{:03}", value / 1_000, value % 1_000),
        });
        let [least, middle, most] = shown;
        row.push(match least == most {
            true => middle,
            false => format!("{middle} ({least}-{most})"),
        });
    }
    let failed = failures(outcomes).into_iter();
    let failed: Vec<String> = failed
        .map(|(id, count)| match outcomes.len() {
            1 => harmless(id),
            n => format!("{} {count}/{n}", harmless(id)),
        })
        .collect();
    row.push(match failed.is_empty() {
        true => "none".to_owned(),
        false => failed.join(" "),
    });
    row
}

fn object(
    sweep: &Sweep<'_>,
    combinations: &[Combination],
    outcomes: &[Vec<Vec<Outcome>>],
) -> Value {
    let mut rows = Vec::new();
    for (combination, by_branch) in combinations.iter().zip(outcomes) {
        for ((branch, _), outcomes) in combination.branches.iter().zip(by_branch) {
            rows.push(row_object(combination, branch, outcomes));
        }
    }
    json!({
        "scenario": sweep.name,
        "first_seed": sweep.first_seed,
        "seeds": sweep.seeds,
        "rows": rows,
    })
}

fn row_object(combination: &Combination, branch: &str, outcomes: &[Outcome]) -> Value {
    let settings = combination.settings.iter();
    let settings: Map<String, Value> = settings
        .map(|setting| (setting.key.clone(), json!(setting.value)))
        .collect();
    let mut row = json!({ "settings": settings, "branch": branch });
    for (column, name) in COLUMNS.iter().enumerate() {
        let [least, middle, most] = spread(outcomes, column);
        row[*name] = json!({ "min": least, "median": middle, "max": most });
    }
    row["passed"] = json!(outcomes.iter().filter(|outcome| outcome.passed).count());
    row["failed_expectations"] = json!(failures(outcomes));
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_parted_by_commas_outside_of_brackets_and_quotes() {
        let values = |text: &str| axis(text).map(|axis| axis.values);
        assert_eq!(
            values("a.b=0,1, all"),
            Ok(vec!["0".into(), "1".into(), "all".into()])
        );
        assert_eq!(
            values("a=[1,2],[3]"),
            Ok(vec!["[1,2]".into(), "[3]".into()])
        );
        assert_eq!(
            values("a=\"x,y\",z"),
            Ok(vec!["\"x,y\"".into(), "z".into()])
        );
        for bad in ["a", "=1", "a=", "a=1,,2"] {
            assert!(axis(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_middle_of_an_even_number_is_the_lower_one() {
        let outcome = |lost: u64| Outcome {
            numbers: [0, 0, lost, 0, 0, 0],
            ..Outcome::default()
        };
        let spread_of = |all: &[u64]| {
            let all: Vec<Outcome> = all.iter().copied().map(outcome).collect();
            spread(&all, 2)
        };
        assert_eq!(spread_of(&[4, 1, 3]), [1, 3, 4]);
        assert_eq!(spread_of(&[4, 1, 3, 2]), [1, 2, 4]);
        assert_eq!(spread_of(&[7]), [7, 7, 7]);
    }
}
