//! A broker's life as its operator sees it: a clean stop and what it leaves on the disk, a kill
//! beside it, an id that is taken.
//!
//! `data/life` holds the scenarios with their expectations (KIP-631, controlled shutdown). What a
//! scenario cannot say is asked of the disks here.

use kafkalab::lab::cluster::View;
use kafkalab::lab::scenario::parse;
use kafkalab::lab::scenario::run::{Finished, Options, run};
use std::collections::BTreeMap;

/// Runs a file and all of its branches; every expectation has its outcome.
fn pass(source: &str) -> BTreeMap<String, Finished> {
    let parsed = parse(source).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let main = [("main".to_owned(), parsed.main.clone())];
    let all = main.into_iter().chain(parsed.branches.clone());
    all.map(|(name, scenario)| {
        let finished = run(&name, &scenario, &Options::default(), &mut |_| {});
        let report = &finished.report;
        let wrong: Vec<_> = report
            .expectations
            .iter()
            .filter(|it| !it.passed())
            .collect();
        assert!(
            report.passed(),
            "{name}: {wrong:#?} {:?} {:?} {:?}",
            report.failure,
            report.unfired,
            report.violations
        );
        (name, finished)
    })
    .collect()
}

/// Whether a machine's disk has this file.
fn has_file(finished: &Finished, machine: &str, path: &str) -> bool {
    let plan = finished.run.plan();
    let view = View::new(&finished.world, &plan.names);
    let node = plan.names.find(machine).expect("in the cluster");
    view.world
        .disk(node)
        .is_some_and(|disk| disk.open(path).is_some())
}

#[test]
fn a_clean_stop_of_a_leader_hands_over_and_a_kill_does_not() {
    let runs = pass(include_str!("data/life/stop-leader.toml"));
    assert_eq!(runs.len(), 2);
    for finished in runs.values() {
        assert!(
            !has_file(finished, "broker-0", ".kafka_cleanshutdown"),
            "good for one start"
        );
    }
}

#[test]
fn a_clean_stop_leaves_its_mark() {
    let source = include_str!("data/life/stop-leader.toml");
    let (before, after) = source.split_once("[branch.killed]").expect("a branch");
    assert!(!after.is_empty());
    let stays = before
        .replace("wait = \"6s\"", "wait = \"60s\"")
        .replace("id = \"back\"", "id = \"back\"\noptional = true");
    let parsed = parse(&stays).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let finished = run("main", &parsed.main, &Options::default(), &mut |_| {});
    assert!(has_file(&finished, "broker-0", ".kafka_cleanshutdown"));
    assert!(
        !has_file(&finished, "broker-1", ".kafka_cleanshutdown"),
        "it runs"
    );
}

#[test]
fn a_clean_stop_of_a_follower_lets_nobody_wait() {
    pass(include_str!("data/life/stop-follower.toml"));
}

#[test]
fn a_used_id_is_refused_and_changes_nothing() {
    pass(include_str!("data/life/used-id.toml"));
}

#[test]
fn the_id_of_a_dead_broker_is_free_when_its_session_is_over() {
    pass(include_str!("data/life/used-id-of-the-dead.toml"));
}

#[test]
fn an_eligible_replica_is_elected_cleanly_and_records_of_one_are_lost() {
    pass(include_str!("data/life/elr.toml"));
}
