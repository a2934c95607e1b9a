//! Random schedules of faults over random clusters: nothing that must hold may break, nothing
//! promised may be lost, and everything comes to rest once it is healed.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "reads scenario files and how long to search"
)]

use kafkalab::kafka::config::{Sabotage, Sabotages};
use kafkalab::lab::explore::{run_one, search};
use kafkalab::lab::scenario::{parse, render};

/// Schedules of the sample that every test run looks at.
const SAMPLE: u64 = 40;

/// Schedules that once went wrong.
///
/// 760: an answer counts a follower whose joining of the ISR is not committed yet.
/// 1671: without eligible leader replicas, the last in-sync replica loses its unsynced bytes.
/// 9303: the only server loses its unsynced bytes; no other one knows the partitions then.
const REGRESSIONS: &[u64] = &[760, 1671, 9303];

#[test]
fn schedules_that_once_went_wrong_go_well() {
    for seed in REGRESSIONS {
        let report = search(*seed, 1, None);
        assert!(report.failures.is_empty(), "{report}");
    }
}

#[test]
fn a_sample_of_schedules_goes_well() {
    let report = search(1, SAMPLE, None);
    println!("{report}");
    assert!(report.failures.is_empty(), "{report}");
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
    let report = search(from, number("KAFKALAB_SEARCH_COUNT", 200), None);
    println!("{report}");
    assert!(report.failures.is_empty(), "{report}");
}

/// Every planted bug has a schedule that shows it: the invariant that it names fails, and the same
/// schedule without the bug is clean.
#[test]
fn every_sabotage_trips_its_invariant_and_nothing_else_does() {
    for sabotage in Sabotage::ALL {
        let (word, invariant) = (sabotage.word(), sabotage.invariant());
        let file = format!(
            "{}/scenarios/sabotage/{word}.toml",
            env!("CARGO_MANIFEST_DIR")
        );
        let source = std::fs::read_to_string(&file).unwrap_or_else(|why| panic!("{file}: {why}"));
        let planted = match parse(&source) {
            Ok(parsed) => parsed.main,
            Err(problems) => panic!("{}", render(&problems, &source, &file, false)),
        };
        let only = Sabotages::default().with(*sabotage);
        assert_eq!(
            planted.cluster.semantics.sabotage, only,
            "{file} plants something else"
        );
        let outcome = run_one(&planted);
        let tripped = outcome
            .violations
            .iter()
            .any(|v| v.invariant.id() == invariant);
        assert!(
            tripped,
            "{file} does not violate {invariant}: {:?}",
            outcome.troubles
        );
        let mut sound = planted;
        sound.cluster.semantics.sabotage = Sabotages::default();
        let outcome = run_one(&sound);
        assert!(
            outcome.is_clean(),
            "{file} without its sabotage: {:?}",
            outcome.troubles
        );
    }
}
