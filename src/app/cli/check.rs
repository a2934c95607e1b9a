//! `kafkalab check`: are the files sound, and can their expectations fail?

use super::progress::Progress;
use super::{BAD_INPUT, FAILED, PASSED, Surroundings, files};
use crate::lab::scenario::mutate::{Branches, Mutant, failing, mutants, mutated, run_all};
use crate::lab::scenario::{Parsed, Problem, line_and_column};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Arguments of `check`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  kafkalab check my.toml                      every problem of the file, with its place
  kafkalab check scenarios/*.toml             of many files
  kafkalab check my.toml --json               problems for programs: code, line, column, help
  kafkalab check --mutate 12-acks             is each fault noticed, can each expectation fail?

With --mutate each fault is left out, each setting that is not Kafka's is put back, and each known
bug is planted, one at a time; what fails then is listed.

Exit codes: 0 sound, 1 a fault matters to no expectation, 2 a bad file.")]
pub(super) struct CheckArguments {
    /// Scenarios: files, or names or numbers of built-in ones.
    #[arg(required = true, value_name = "SCENARIO")]
    files: Vec<PathBuf>,
    /// Run each scenario with one thing less or worse, in turn: expectations should fail.
    #[arg(long)]
    mutate: bool,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &CheckArguments, around: Surroundings) -> u8 {
    let mut objects = Vec::new();
    let mut code = PASSED;
    for path in &arguments.files {
        let (of_file, object) = match arguments.json {
            true => check_silently(arguments, path, around),
            false => (check_file(arguments, path, around), Value::Null),
        };
        code = code.max(of_file);
        objects.push(object);
    }
    if arguments.json {
        let whole = match objects.len() {
            1 => objects.remove(0),
            _ => json!({ "files": objects }),
        };
        println!("{whole:#}");
    }
    code
}

fn check_file(arguments: &CheckArguments, path: &Path, around: Surroundings) -> u8 {
    let (source, parsed) = match files::load_source(path, around) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    if !arguments.mutate {
        println!("{}: sound", source.name);
        return PASSED;
    }
    let outcome = mutate(&branches(parsed), around);
    tell(&source.name, &outcome);
    outcome.code()
}

/// The exit code of a file, and what a program wants to know of it.
fn check_silently(arguments: &CheckArguments, path: &Path, around: Surroundings) -> (u8, Value) {
    let name = path.display().to_string();
    let source = match files::resolve(path) {
        Ok(source) => source,
        Err(why) => {
            return (
                BAD_INPUT,
                json!({ "file": name, "sound": false, "error": why }),
            );
        }
    };
    let parsed = match source.parse() {
        Ok(parsed) => parsed,
        Err(problems) => {
            let problems = problems_of(&problems, &source.text);
            let object = json!({ "file": source.name, "sound": false, "problems": problems });
            return (BAD_INPUT, object);
        }
    };
    let problems = problems_of(&parsed.warnings, &source.text);
    let mut object = json!({ "file": source.name, "sound": true, "problems": problems });
    if !arguments.mutate {
        return (PASSED, object);
    }
    let outcome = mutate(&branches(parsed), around);
    object["mutations"] = outcome.tried.iter().map(mutation_object).collect();
    object["fails_as_it_is"] = pairs(&outcome.broken);
    object["expectations_that_nothing_failed"] = json!(outcome.unfailing);
    (outcome.code(), object)
}

fn problems_of(problems: &[Problem], source: &str) -> Value {
    let one = |problem: &Problem| {
        let (line, column) = line_and_column(source, problem.span.start);
        json!({
            "code": problem.code.word(),
            "severity": if problem.code.is_warning() { "warning" } else { "error" },
            "line": line,
            "column": column,
            "message": problem.message,
            "label": problem.label,
            "notes": problem.notes,
            "help": problem.help,
        })
    };
    problems.iter().map(one).collect()
}

fn pairs(failed: &[(String, String)]) -> Value {
    let one = |(branch, id): &(String, String)| json!({ "branch": branch, "expectation": id });
    failed.iter().map(one).collect()
}

fn mutation_object(tried: &Tried) -> Value {
    json!({
        "kind": tried.mutant.mutation.kind(),
        "what": tried.mutant.name,
        "fails": pairs(&tried.failed),
    })
}

fn branches(parsed: Parsed) -> Branches {
    let main = ("main".to_owned(), parsed.main);
    std::iter::once(main).chain(parsed.branches).collect()
}

/// A mutation, and what failed under it: branch and expectation.
struct Tried {
    mutant: Mutant,
    failed: Vec<(String, String)>,
}

/// All that was tried with a file.
struct Outcome {
    /// What fails without any mutation; nothing else is tried then.
    broken: Vec<(String, String)>,
    /// Branches that do not even pass as they are.
    broken_branches: Vec<String>,
    tried: Vec<Tried>,
    /// Expectations that held under every mutation, in every branch.
    unfailing: Vec<String>,
}

impl Outcome {
    fn code(&self) -> u8 {
        let unnoticed = |tried: &Tried| is_fault(tried) && tried.failed.is_empty();
        match self.broken_branches.is_empty() && !self.tried.iter().any(unnoticed) {
            true => PASSED,
            false => FAILED,
        }
    }
}

fn is_fault(tried: &Tried) -> bool {
    tried.mutant.mutation.kind() == "fault"
}

fn mutate(branches: &Branches, around: Surroundings) -> Outcome {
    let whole = run_all(branches);
    let not_passed = whole.iter().filter(|run| !run.report.passed());
    let broken_branches: Vec<_> = not_passed.map(|run| run.report.branch.clone()).collect();
    let mut outcome = Outcome {
        broken: failing(&whole),
        broken_branches,
        tried: Vec::new(),
        unfailing: Vec::new(),
    };
    if !outcome.broken_branches.is_empty() {
        return outcome;
    }
    let all = mutants(branches);
    let mut progress = Progress::new(all.len() as u64, around.progress);
    for (done, mutant) in all.into_iter().enumerate() {
        progress.at(done as u64, &mutant.name);
        let failed = failing(&run_all(&mutated(branches, &mutant.mutation)));
        outcome.tried.push(Tried { mutant, failed });
    }
    progress.done();
    let mut ids: Vec<String> = Vec::new();
    for judged in whole.iter().flat_map(|run| &run.report.expectations) {
        if !ids.contains(&judged.id) {
            ids.push(judged.id.clone());
        }
    }
    let fails = |id: &String| {
        let mut failed = outcome.tried.iter().flat_map(|tried| &tried.failed);
        failed.any(|(_, other)| other == id)
    };
    ids.retain(|id| !fails(id));
    outcome.unfailing = ids;
    outcome
}

/// Says it to a person. What failed is listed for faults and settings; of the sabotages only those
/// that somebody noticed are named.
fn tell(name: &str, outcome: &Outcome) {
    if let Some(branch) = outcome.broken_branches.first() {
        println!("{name}: fails as it is (branch {branch})");
        return;
    }
    let of_kind = |kind: &'static str| {
        let tried = outcome.tried.iter();
        tried.filter(move |tried| tried.mutant.mutation.kind() == kind)
    };
    for tried in of_kind("fault") {
        let what = &tried.mutant.name;
        match tried.failed.is_empty() {
            true => println!("{name}: without {what} every expectation comes out as before"),
            false => println!("{name}: without {what} fails {}", list(&tried.failed)),
        }
    }
    if of_kind("fault").next().is_none() {
        println!("{name}: has no fault to remove");
    }
    for tried in of_kind("setting") {
        let what = &tried.mutant.name;
        match tried.failed.is_empty() {
            true => println!("{name}: with Kafka's default instead of {what} nothing fails"),
            false => println!(
                "{name}: with Kafka's default instead of {what} fails {}",
                list(&tried.failed)
            ),
        }
    }
    let all = of_kind("sabotage").count();
    let noticed: Vec<_> = of_kind("sabotage")
        .filter(|tried| !tried.failed.is_empty())
        .collect();
    println!(
        "{name}: its expectations notice {} of {all} planted bugs",
        noticed.len()
    );
    for tried in noticed {
        println!(
            "{name}:   {} fails {}",
            tried.mutant.name,
            list(&tried.failed)
        );
    }
    for id in &outcome.unfailing {
        println!("{name}: nothing of all this can fail the expectation {id}");
    }
}

fn list(failed: &[(String, String)]) -> String {
    let one = |(branch, id): &(String, String)| format!("{id} ({branch})");
    failed.iter().map(one).collect::<Vec<_>>().join(", ")
}
