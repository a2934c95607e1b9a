use super::*;
use crate::kafka::config::Sabotage;
use crate::lab::check::Invariant;
use crate::lab::scenario::{Action, Code, Scenario, parse, write};

#[test]
fn a_seed_makes_one_schedule_and_one_history() {
    assert_eq!(generate(7), generate(7));
    assert_ne!(generate(7), generate(8));
    assert_eq!(run_seed(7, None).trace_hash, run_seed(7, None).trace_hash);
}

#[test]
fn every_schedule_is_a_file_that_reads_back_as_it_is() {
    for seed in 0..300 {
        let scenario = generate(seed);
        let again = parse(&write(&scenario)).expect("it was written");
        assert_eq!(again.main, scenario, "seed {seed}");
        let mut warnings = again.warnings.iter();
        // Two or four combined nodes are an even quorum.
        let other = warnings.find(|problem| problem.code != Code::EvenQuorum);
        assert_eq!(other, None, "seed {seed}");
        assert!(generated_faults(&scenario) >= 3, "seed {seed}");
    }
}

fn generated_faults(scenario: &Scenario) -> usize {
    scenario.steps.iter().filter(|step| step.mark).count()
}

#[test]
fn records_flow_while_things_break() {
    for seed in 0..300 {
        let schedule = Schedule::draw(seed);
        let lasts = |s: &Series| s.from..=s.from + s.every * s.count.saturating_sub(1);
        for fault in &schedule.faults {
            let mut series = schedule.workload.series.iter();
            let flows = series.any(|s| *lasts(s).end() >= fault.at);
            assert!(flows, "seed {seed}: nothing is sent after {} ms", fault.at);
        }
    }
}

#[test]
fn what_fails_shrinks_to_a_file_that_fails_alone() {
    let trouble = Trouble::Violated(Invariant::I13);
    let mut seeds = 0..50;
    let found = seeds.find(|seed| run_seed(*seed, Some(Sabotage::AckAtLeaderAppend)).has(trouble));
    let mut scenario = generate(found.expect("acknowledging at the append trips I13"));
    let planted = &mut scenario.cluster.semantics.sabotage;
    *planted = planted.with(Sabotage::AckAtLeaderAppend);
    let small = shrink(&scenario, 60, |smaller| run_one(smaller).has(trouble));
    assert!(small.steps.len() < scenario.steps.len());
    let alone = parse(&write(&small)).expect("it was written").main;
    assert!(run_one(&alone).has(trouble));
    let mut sound = alone;
    sound.cluster.semantics.sabotage = Default::default();
    assert!(!run_one(&sound).has(trouble));
}

#[test]
fn what_mends_goes_with_what_it_mends_and_not_before() {
    let is_a_mend = |action: &Action| matches!(action, Action::Heal(Some(_)) | Action::Resume(_));
    let mends = |scenario: &Scenario| {
        let actions = scenario
            .steps
            .iter()
            .filter_map(|step| step.action.as_ref());
        actions.filter(|action| is_a_mend(&action.it)).count()
    };
    let mut seeds = (0..100).map(generate);
    let scenario = seeds.find(|scenario| mends(scenario) >= 2);
    let scenario = scenario.expect("cuts and pauses are common");
    // Everything may go as long as one mend is there.
    let small = shrink(&scenario, 400, |smaller| mends(smaller) >= 1);
    assert_eq!(small.steps.len(), 2, "{}", write(&small));
    assert_eq!(generated_faults(&small), 1);
}
