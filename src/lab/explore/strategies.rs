//! Strategies for property tests with [`proptest`]: clusters, work, faults, and schedules of all
//! three. What they draw is drawn as [`Schedule::draw`] does it.
//!
//! A failing case shrinks by leaving out faults and series of records, and prints its scenario
//! file. [`shrink`](super::shrink) goes on from there, with the whole scenario.
//!
//! ```
//! use kafkalab::lab::explore::{Breaks, strategies};
//! use proptest::prelude::*;
//!
//! // Schedules of this cluster in which no disk ever lost a byte.
//! let kept = strategies::schedules().prop_filter("a disk fails", |schedule| {
//!     let mut faults = schedule.faults.iter();
//!     !faults.any(|fault| matches!(fault.what, Breaks::PowerOff(..) | Breaks::Rot { .. }))
//! });
//! # let _ = kept;
//! ```

use super::dice::Dice;
use super::faults::{FAULTS, Fault};
use super::schedule::Schedule;
use super::shape::Shape;
use super::workload::Workload;
use proptest::collection::vec;
use proptest::prelude::*;
use std::ops::RangeInclusive;

fn dice() -> impl Strategy<Value = u64> + Clone {
    // A smaller seed is not a smaller case.
    any::<u64>().no_shrink()
}

/// Clusters.
pub fn shapes() -> impl Strategy<Value = Shape> {
    dice().prop_map(|seed| Shape::draw(&mut Dice::new(seed)))
}

/// Work for a cluster: one or two producers and consumers. Records flow from the first third of
/// the time until [`WORK_MS`](super::WORK_MS).
pub fn workloads(shape: &Shape) -> impl Strategy<Value = Workload> + use<> {
    let shape = shape.clone();
    let drawn = dice().prop_map(move |seed| Workload::draw(&mut Dice::new(seed), &shape));
    // The first series is the one that lasts.
    let kept = drawn.prop_flat_map(|workload| {
        let places: Vec<usize> = (1..workload.series.len()).collect();
        let all = places.len();
        let kept = proptest::sample::subsequence(places, 0..=all);
        (Just(workload), kept)
    });
    kept.prop_map(|(mut workload, kept)| {
        let series = std::mem::take(&mut workload.series);
        let stays = |place: &usize| *place == 0 || kept.contains(place);
        let series = series.into_iter().enumerate();
        let series = series.filter(|(place, _)| stays(place));
        workload.series = series.map(|(_, series)| series).collect();
        workload
    })
}

/// Single faults of a cluster.
pub fn faults(shape: &Shape) -> impl Strategy<Value = Fault> + use<> {
    let shape = shape.clone();
    dice().prop_map(move |seed| Fault::draw(&mut Dice::new(seed), &shape))
}

/// Schedules of so many faults of a cluster, in any order.
pub fn fault_schedules(
    shape: &Shape,
    number: RangeInclusive<usize>,
) -> impl Strategy<Value = Vec<Fault>> + use<> {
    vec(faults(shape), number)
}

/// Clusters that work while three to seven faults come and go.
pub fn schedules() -> impl Strategy<Value = Schedule> {
    let parts = shapes().prop_flat_map(|shape| {
        let work = workloads(&shape);
        let faults = fault_schedules(&shape, FAULTS.0..=FAULTS.1);
        (dice(), Just(shape), work, faults)
    });
    parts.prop_map(|(seed, shape, workload, faults)| Schedule {
        seed: seed & (u64::MAX >> 1),
        shape,
        workload,
        faults,
    })
}
