//! `kafkalab check`: are the files sound, and does each fault matter to an expectation?

use super::progress::Progress;
use super::{FAILED, PASSED, Surroundings, files};
use crate::lab::scenario::run::{Finished, Options, compare_branches, run as run_scenario};
use crate::lab::scenario::{Scenario, action_word};
use clap::Args;
use std::path::{Path, PathBuf};

/// Arguments of `check`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  kafkalab check scenarios/*.toml             every problem of every file
  kafkalab check --mutate scenarios/*.toml    without each fault, does an expectation fail?

Exit codes: 0 sound, 1 a fault matters to no expectation, 2 a bad file.")]
pub(super) struct CheckArguments {
    /// Scenario files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Run each file without each of its faults in turn: at least one expectation must fail.
    #[arg(long)]
    mutate: bool,
}

pub(super) fn run(arguments: &CheckArguments, around: Surroundings) -> u8 {
    let codes = arguments
        .files
        .iter()
        .map(|path| check_file(arguments, path, around));
    codes.max().unwrap_or(PASSED)
}

fn check_file(arguments: &CheckArguments, path: &Path, around: Surroundings) -> u8 {
    let parsed = match files::load(path, around) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    let name = path.display();
    if !arguments.mutate {
        println!("{name}: sound");
        return PASSED;
    }
    let main = ("main".to_owned(), parsed.main.clone());
    let branches: Vec<_> = std::iter::once(main).chain(parsed.branches).collect();
    mutate(&name.to_string(), &branches, around)
}

/// A fault of a file: the same step in every branch that has it.
fn faults(branches: &[(String, Scenario)]) -> Vec<(usize, String)> {
    let main = &branches[0].1;
    let steps = main.steps.iter().enumerate();
    let faults = steps.filter(|(_, step)| {
        step.action
            .as_ref()
            .is_some_and(|action| action.it.is_fault())
    });
    faults
        .map(|(index, step)| {
            let word = step
                .action
                .as_ref()
                .map_or("", |action| action_word(main, &action.it));
            let name = step
                .id
                .clone()
                .unwrap_or_else(|| format!("step {}", index + 1));
            (index, format!("{name} ({word})"))
        })
        .collect()
}

fn mutate(name: &str, branches: &[(String, Scenario)], around: Surroundings) -> u8 {
    let whole = run_all(branches);
    if let Some(broken) = whole.iter().find(|run| !run.report.passed()) {
        println!("{name}: fails as it is (branch {})", broken.report.branch);
        return FAILED;
    }
    let faults = faults(branches);
    let mut progress = Progress::new(faults.len() as u64, around.progress);
    let mut code = PASSED;
    for (done, (index, what)) in faults.iter().enumerate() {
        progress.at(done as u64, what);
        let failing = failing_without(branches, *index);
        if failing.is_empty() {
            code = FAILED;
            println!("{name}: without {what} every expectation comes out as before");
        } else {
            println!("{name}: without {what} fails {}", failing.join(", "));
        }
    }
    progress.done();
    if faults.is_empty() {
        println!("{name}: has no fault to remove");
    }
    code
}

/// The expectations that fail when a step of the file does nothing. Steps that wait for it and
/// never fire do not count: only what the file claims does.
fn failing_without(branches: &[(String, Scenario)], step: usize) -> Vec<String> {
    let id = branches[0].1.steps[step].id.clone();
    let without = branches.iter().map(|(name, scenario)| {
        let mut scenario = scenario.clone();
        let place = match &id {
            Some(id) => scenario
                .steps
                .iter()
                .position(|step| step.id.as_ref() == Some(id)),
            None => Some(step),
        };
        if let Some(step) = place.and_then(|place| scenario.steps.get_mut(place)) {
            step.action = None;
        }
        (name.clone(), scenario)
    });
    let runs = run_all(&without.collect::<Vec<_>>());
    let failing = runs.iter().flat_map(|run| {
        let failed = run
            .report
            .expectations
            .iter()
            .filter(|judged| !judged.passed());
        failed.map(|judged| format!("{} ({})", judged.id, run.report.branch))
    });
    failing.collect()
}

fn run_all(branches: &[(String, Scenario)]) -> Vec<Finished> {
    let runs = branches
        .iter()
        .map(|(name, scenario)| run_scenario(name, scenario, &Options::default(), &mut |_| {}));
    let mut runs: Vec<_> = runs.collect();
    compare_branches(&mut runs);
    runs
}
