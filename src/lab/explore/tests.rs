use super::*;
use crate::kafka::config::Sabotage;
use crate::lab::check::Invariant;
use crate::lab::scenario::{parse, write};

#[test]
fn a_seed_makes_one_schedule_and_one_history() {
    assert_eq!(text(7), text(7));
    assert_ne!(text(7), text(8));
    assert_eq!(run_seed(7, None).trace_hash, run_seed(7, None).trace_hash);
}

#[test]
fn every_schedule_is_a_file_that_reads_back_as_it_is() {
    for seed in 0..300 {
        let scenario = generate(seed);
        let again = parse(&write(&scenario)).expect("it was written");
        assert_eq!(again.main, scenario, "seed {seed}");
        let faults = scenario.steps.iter().filter(|step| step.mark).count();
        assert!(faults >= 3, "seed {seed} has {faults} faults");
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
    let small = shrink(&scenario, trouble, 60);
    assert!(small.steps.len() < scenario.steps.len());
    let alone = parse(&write(&small)).expect("it was written").main;
    assert!(run_one(&alone).has(trouble));
    let mut sound = alone;
    sound.cluster.semantics.sabotage = Default::default();
    assert!(!run_one(&sound).has(trouble));
}
