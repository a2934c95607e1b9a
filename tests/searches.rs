//! Random schedules of faults over random clusters: nothing that must hold may break, nothing
//! promised may be lost, and everything comes to rest once it is healed.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "reads scenario files and how long to search, and writes what fails"
)]

use kafkalab::kafka::config::{Sabotage, Sabotages};
use kafkalab::lab::explore::{
    Outcome, Schedule, SearchReport, Trouble, run_one, search, shrink, strategies,
};
use kafkalab::lab::scenario::{Scenario, parse, render, write};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use std::cell::RefCell;

/// Schedules of the sample that every test run looks at.
const SAMPLE: u32 = 60;

/// A search of so many schedules leads to every note of the story …
const EVERYTHING: u64 = 400;

/// … but for these: clusters, clients and faults of schedules do not lead to them.
const UNREACHED: &[&str] = &[];

/// Runs of a shrinking, after proptest's own.
const SHRINKING: u32 = 400;

fn run_file(file: &str) -> (Scenario, Outcome) {
    let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
    let source = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{file}: {why}"));
    let scenario = match parse(&source) {
        Ok(parsed) => parsed.main,
        Err(problems) => panic!("{}", render(&problems, &source, file, false)),
    };
    let outcome = run_one(&scenario);
    (scenario, outcome)
}

/// Schedules that once went wrong, or seemed to; the first comment of each says how.
#[test]
fn schedules_that_once_went_wrong_go_well() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/schedules");
    let files = std::fs::read_dir(folder).expect("they are beside the tests");
    let mut names: Vec<_> = files
        .map(|file| file.expect("it is readable").file_name())
        .collect();
    names.sort();
    assert!(!names.is_empty());
    for name in names {
        let name = name.to_string_lossy();
        let (_, outcome) = run_file(&format!("tests/data/schedules/{name}"));
        assert!(outcome.is_clean(), "{name}: {:?}", outcome.troubles);
    }
}

/// Runs the schedules that the strategies draw from one seed. One that fails is shrunk, by
/// proptest and then step by step, to a scenario file.
fn property(cases: u32) -> SearchReport {
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 100,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[43; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let report = RefCell::new(SearchReport::default());
    let result = runner.run(&strategies::schedules(), |schedule| {
        let outcome = run_one(&schedule.scenario().expect("it was drawn"));
        let trouble = outcome.troubles.first().map(|(trouble, _)| *trouble);
        report.borrow_mut().add(outcome);
        trouble.map_or(Ok(()), |trouble| {
            Err(TestCaseError::fail(trouble.to_string()))
        })
    });
    if let Err(TestError::Fail(_, schedule)) = &result {
        panic!("{}", smallest(schedule));
    }
    assert!(result.is_ok(), "{result:?}");
    report.into_inner()
}

/// What is left of a schedule that fails, where it was written, and how it fails alone.
fn smallest(schedule: &Schedule) -> String {
    let scenario = schedule.scenario().expect("it was drawn");
    let trouble = |scenario: &Scenario| -> Option<Trouble> {
        let outcome = run_one(scenario);
        outcome.troubles.first().map(|(trouble, _)| *trouble)
    };
    let wanted = trouble(&scenario).expect("one seed, one history");
    let small = shrink(&scenario, SHRINKING, |smaller| run_one(smaller).has(wanted));
    let file = write(&small);
    let alone = parse(&file).expect("it was written").main;
    assert!(run_one(&alone).has(wanted), "it does not fail alone");
    let path = format!("{}/failed-{}.toml", env!("CARGO_TARGET_TMPDIR"), small.seed);
    std::fs::write(&path, &file).expect("the build's folder is writable");
    let why = run_one(&alone).troubles;
    format!("{wanted}: kafkalab run {path}\n{why:?}\n{file}")
}

#[test]
fn a_sample_of_schedules_goes_well() {
    let report = property(SAMPLE);
    println!("{report}");
    assert!(report.acknowledged > 500, "{report}");
}

/// `KAFKALAB_SEARCH_SEED` says where to begin, `KAFKALAB_SEARCH_COUNT` how many to run.
#[test]
#[ignore = "runs long"]
fn a_search_finds_nothing() {
    let number = |name: &str, default| {
        let value = std::env::var(name).ok();
        value.map_or(default, |value| value.parse().expect("a number"))
    };
    let from = number("KAFKALAB_SEARCH_SEED", 1_000_000);
    let count = number("KAFKALAB_SEARCH_COUNT", EVERYTHING);
    let report = search(from, count, None);
    println!("{report}");
    if let Some(failure) = report.failures.first() {
        panic!(
            "{report}\n{}",
            smallest(&Schedule::draw(failure.outcome.seed))
        );
    }
    let never = report.never().map(|kind| kind.name());
    let never: Vec<_> = never.filter(|name| !UNREACHED.contains(name)).collect();
    assert!(
        count < EVERYTHING || never.is_empty(),
        "no schedule led to {never:?}"
    );
}

/// Every planted bug has a schedule that shows it: the invariant that it names fails, and the same
/// schedule without the bug is clean.
#[test]
fn every_sabotage_trips_its_invariant_and_nothing_else_does() {
    for sabotage in Sabotage::ALL {
        let (word, invariant) = (sabotage.word(), sabotage.invariant());
        let file = format!("scenarios/sabotage/{word}.toml");
        let (mut sound, outcome) = run_file(&file);
        let planted = &mut sound.cluster.semantics.sabotage;
        let only = Sabotages::default().with(*sabotage);
        assert_eq!(*planted, only, "{file} plants something else");
        let mut violations = outcome.violations.iter();
        assert!(
            violations.any(|violation| violation.invariant.id() == invariant),
            "{file} does not violate {invariant}: {:?}",
            outcome.troubles
        );
        *planted = Sabotages::default();
        let outcome = run_one(&sound);
        assert!(
            outcome.is_clean(),
            "{file} without its sabotage: {:?}",
            outcome.troubles
        );
    }
}
