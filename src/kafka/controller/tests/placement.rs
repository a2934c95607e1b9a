//! Properties of replica placement.

use crate::kafka::controller::placement::{UsableBroker, place};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// No broker twice in a partition; each run of as many partitions as there are brokers has each
/// broker as leader once, and so many replicas on each as the replication factor. For one rack of
/// unfenced brokers.
pub(super) fn check_constraints(partitions: &[Vec<i32>], brokers: usize) {
    for replicas in partitions {
        let distinct: BTreeSet<&i32> = replicas.iter().collect();
        assert_eq!(distinct.len(), replicas.len(), "{replicas:?}");
    }
    for run in partitions.chunks_exact(brokers) {
        let leaders: BTreeSet<i32> = run.iter().map(|replicas| replicas[0]).collect();
        assert_eq!(leaders.len(), brokers, "{run:?}");
        let mut counts: BTreeMap<i32, usize> = BTreeMap::new();
        for id in run.iter().flatten() {
            *counts.entry(*id).or_default() += 1;
        }
        assert!(
            counts.values().all(|count| *count == run[0].len()),
            "{run:?}"
        );
    }
}

/// A small generator, so that a failing case is found again from its seed.
fn draws(mut seed: u64) -> impl FnMut(usize) -> usize {
    move |n| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((seed >> 33) as usize) % n
    }
}

fn broker(id: i32, rack: Option<u8>, fenced: bool) -> UsableBroker {
    let rack = rack.map(|rack| format!("rack-{rack}"));
    UsableBroker { id, rack, fenced }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn one_rack_is_spread_evenly(
        brokers in 1..7_i32, factor in 1..7_i16, partitions in 1..30_i32, seed: u64,
    ) {
        let usable: Vec<UsableBroker> = (1..=brokers).map(|id| broker(id, None, false)).collect();
        let placed = place(partitions, factor, &usable, &mut draws(seed));
        if i32::from(factor) > brokers {
            let text = format!(
                "Unable to replicate the partition {factor} time(s): The target replication \
                 factor of {factor} cannot be reached because only {brokers} broker(s) are \
                 registered or some brokers have all their log directories cordoned."
            );
            prop_assert_eq!(placed.unwrap_err().message, text);
        } else {
            let placed = placed.unwrap();
            prop_assert_eq!(placed.len(), partitions as usize);
            prop_assert!(placed.iter().all(|replicas| replicas.len() == factor as usize));
            check_constraints(&placed, brokers as usize);
        }
    }

    #[test]
    fn any_racks_and_fenced_brokers_give_sound_partitions(
        kinds in prop::collection::vec((prop::option::of(0..3_u8), any::<bool>()), 1..8),
        factor in 1..8_i16, partitions in 1..40_i32, seed: u64,
    ) {
        let usable: Vec<UsableBroker> = (1..).zip(&kinds)
            .map(|(id, (rack, fenced))| broker(id, *rack, *fenced)).collect();
        let unfenced: Vec<i32> = usable.iter().filter(|b| !b.fenced).map(|b| b.id).collect();
        let Ok(placed) = place(partitions, factor, &usable, &mut draws(seed)) else {
            prop_assert!(unfenced.is_empty() || factor as usize > usable.len());
            return Ok(());
        };
        for replicas in placed {
            let distinct: BTreeSet<&i32> = replicas.iter().collect();
            prop_assert_eq!(distinct.len(), factor as usize);
            prop_assert!(unfenced.contains(&replicas[0]), "a fenced leader");
        }
    }

    /// With as many racks as replicas and all brokers unfenced, no rack holds two of them.
    #[test]
    fn replicas_lie_on_different_racks(per_rack in 1..4_i32, seed: u64) {
        let usable: Vec<UsableBroker> = (0..3 * per_rack)
            .map(|id| broker(id, Some((id % 3) as u8), false)).collect();
        for replicas in place(12, 3, &usable, &mut draws(seed)).unwrap() {
            let racks: BTreeSet<i32> = replicas.iter().map(|id| id % 3).collect();
            prop_assert_eq!(racks.len(), 3);
        }
    }
}

#[test]
fn refusals_come_in_kafkas_order() {
    let refusal = |factor, brokers: &[UsableBroker]| {
        place(1, factor, brokers, &mut draws(1))
            .unwrap_err()
            .message
    };
    let fenced = [broker(1, None, true)];
    assert_eq!(
        refusal(0, &fenced),
        "Unable to replicate the partition 0 time(s): Invalid replication factor 0: \
         the replication factor must be positive."
    );
    assert_eq!(
        refusal(5, &fenced),
        "Unable to replicate the partition 5 time(s): All brokers are currently fenced, \
         or have all their log directories cordoned."
    );
}

/// The first placements of Kafka's own example: three racks of three, all offsets zero.
#[test]
fn stripes_run_diagonally_over_racks() {
    let usable: Vec<UsableBroker> = (0..9)
        .map(|id| broker(id, Some((id / 3) as u8), false))
        .collect();
    let placed = place(3, 3, &usable, &mut |_| 0).unwrap();
    assert_eq!(placed, [[0, 3, 6], [4, 7, 1], [8, 2, 5]]);
}
