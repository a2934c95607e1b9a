//! Every scenario has one history: its trace hash is stored as data, and is the same in debug and
//! release, with observers, snapshots, invariants and round trips on and off.
//!
//! `KAFKALAB_WRITE_HASHES=1 cargo test --test trace_hashes` writes the file anew; read the diff.

#![allow(
    clippy::disallowed_methods,
    reason = "reads the scenarios and the stored hashes"
)]

use kafkalab::lab::cluster::Node;
use kafkalab::lab::scenario::run::{Options, Plan, Run, run};
use kafkalab::lab::scenario::{Scenario, parse};
use kafkalab::sim::{Observer, SeededOracle, SnapshotBudget, StepRecord, Time, Timeline, World};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

const STORED: &str = "tests/data/trace-hashes.json";

/// Every branch of every scenario, as `12-acks.toml main`.
fn scenarios() -> Vec<(String, Scenario)> {
    let mut files: Vec<_> = std::fs::read_dir("scenarios")
        .expect("the scenarios are beside the sources")
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    files.iter().flat_map(|path| branches(path)).collect()
}

fn branches(path: &Path) -> Vec<(String, Scenario)> {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let text = std::fs::read_to_string(path).expect("a scenario is text");
    let parsed = parse(&text).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
    assert!(parsed.warnings.is_empty(), "{name}: {:?}", parsed.warnings);
    let main = ("main".to_owned(), parsed.main);
    let all = std::iter::once(main).chain(parsed.branches);
    all.map(|(branch, scenario)| (format!("{name} {branch}"), scenario))
        .collect()
}

fn hash(scenario: &Scenario, options: &Options) -> String {
    let finished = run("any", scenario, options, &mut |_| {});
    format!("{:016x}", finished.report.trace_hash)
}

#[test]
fn histories_are_as_stored() {
    let hashes: BTreeMap<String, String> = scenarios()
        .into_iter()
        .map(|(name, scenario)| (name, hash(&scenario, &Options::default())))
        .collect();
    if std::env::var_os("KAFKALAB_WRITE_HASHES").is_some() {
        let text = serde_json::to_string_pretty(&hashes).expect("strings");
        std::fs::write(STORED, text + "\n").expect("the data folder is writable");
        return;
    }
    let text = std::fs::read_to_string(STORED).expect("hashes are stored");
    let stored: BTreeMap<String, String> = serde_json::from_str(&text).expect("a JSON object");
    assert_eq!(hashes, stored);
}

#[test]
fn invariants_and_round_trips_change_nothing() {
    for (name, scenario) in scenarios() {
        let plain = hash(
            &scenario,
            &Options {
                check: false,
                ..Options::default()
            },
        );
        let checked = run(
            "any",
            &scenario,
            &Options {
                round_trip: true,
                ..Options::default()
            },
            &mut |_| {},
        );
        assert_eq!(checked.report.failure, None, "{name}");
        assert_eq!(
            format!("{:016x}", checked.report.trace_hash),
            plain,
            "{name}"
        );
    }
}

/// Counts steps; must have no influence.
struct Counter(u64);

impl Observer<Node> for Counter {
    fn see(&mut self, _: &World<Node>, _: &StepRecord<'_, kafkalab::kafka::vocabulary::Kafka>) {
        self.0 += 1;
    }
}

#[test]
fn snapshots_observers_and_going_back_change_nothing() {
    for (name, scenario) in scenarios()
        .into_iter()
        .filter(|(name, _)| name.ends_with("main"))
    {
        let plan = Arc::new(Plan::new(scenario.clone()));
        let mut oracle = SeededOracle::new(scenario.seed);
        let (world, _) = plan.cluster.build();
        let budget = SnapshotBudget {
            every: 256,
            ..SnapshotBudget::default()
        };
        let mut timeline = Timeline::with_budget(world, Run::new(plan, true), budget);
        let mut counter = Counter(0);
        while timeline.world().step_no().0 < 3_000 {
            assert!(
                timeline.forward(Time::NEVER, &mut oracle, &mut counter),
                "{name} ended early"
            );
        }
        assert_eq!(counter.0, 3_000);
        let seen = (
            timeline.world().trace_hash(),
            timeline.driver().told().to_vec(),
        );
        let end = timeline.world().step_no();
        for back in [2_999, 2_500, 1_234, 1] {
            assert!(
                timeline.back_to(kafkalab::sim::StepNo(back), &mut oracle),
                "{name}"
            );
            assert_eq!(timeline.world().step_no().0, back, "{name}");
            assert!(timeline.forward_to(end, &mut oracle), "{name}");
            let again = (
                timeline.world().trace_hash(),
                timeline.driver().told().to_vec(),
            );
            assert_eq!(again, seen, "{name}, from step {back}");
        }
    }
}
