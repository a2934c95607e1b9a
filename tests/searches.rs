//! Random schedules of faults over random clusters: nothing that must hold may break, nothing
//! promised may be lost, and everything comes to rest once it is healed.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "reads scenario files and how long to search"
)]

use kafkalab::lab::explore::search;

/// Schedules of the sample that every test run looks at.
const SAMPLE: u64 = 40;

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
