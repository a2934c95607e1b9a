//! Partition changes against an independent model of the rules of behaviour.md 2.6, over sets.

use crate::kafka::controller::elections::{Election, PartitionChangeBuilder};
use crate::kafka::metadata::PartitionImage;
use proptest::prelude::*;
use std::collections::BTreeSet;
use uuid::Uuid;

#[derive(Clone, Debug)]
struct Case {
    partition: PartitionImage,
    wanted: BTreeSet<i32>,
    acceptable: BTreeSet<i32>,
    min_isr: usize,
    elr: bool,
    election: Election,
    unclean_shutdown: Option<i32>,
}

fn subset() -> impl Strategy<Value = BTreeSet<i32>> {
    prop::collection::btree_set(1..=3_i32, 0..=3)
}

/// Partitions that obey I12, and an ISR that only loses members.
fn case() -> impl Strategy<Value = Case> {
    let elections = prop_oneof![
        Just(Election::Preferred),
        Just(Election::Online),
        Just(Election::Unclean)
    ];
    let state = (
        subset(),
        subset(),
        0..4_usize,
        prop::option::of(1..=3_i32),
        any::<bool>(),
    );
    let ask = (subset(), subset(), 1..=3_usize, any::<bool>(), elections);
    let replicas = Just(vec![1, 2, 3]).prop_shuffle();
    (replicas, state, ask, prop::option::of(1..=3_i32)).prop_map(
        |(replicas, (isr, elr, leader, last, recovering), ask, unclean_shutdown)| {
            let (keep, acceptable, min_isr, elr_on, election) = ask;
            let elr: BTreeSet<i32> = match elr_on && isr.len() < min_isr {
                true => elr.difference(&isr).copied().collect(),
                false => BTreeSet::new(),
            };
            let leader = isr.iter().nth(leader).copied().unwrap_or(-1);
            let isr_list: Vec<i32> = isr.iter().copied().collect();
            let wanted = isr.intersection(&keep).copied().collect();
            let partition = PartitionImage {
                replicas,
                isr: isr_list,
                elr: elr.into_iter().collect(),
                last_known_elr: last
                    .filter(|_| leader == -1 && elr_on)
                    .into_iter()
                    .collect(),
                leader,
                leader_epoch: 5,
                partition_epoch: 9,
                recovering,
                ..PartitionImage::default()
            };
            Case {
                partition,
                wanted,
                acceptable,
                min_isr,
                elr: elr_on,
                election,
                unclean_shutdown,
            }
        },
    )
}

/// What the rules make of a partition, told with sets.
struct Outcome {
    leader: i32,
    isr: BTreeSet<i32>,
    elr: BTreeSet<i32>,
    last_known: Vec<i32>,
    recovering: bool,
}

fn model(case: &Case) -> Outcome {
    let was = &case.partition;
    let old_isr: BTreeSet<i32> = was.isr.iter().copied().collect();
    let mut isr = case.wanted.clone();
    let mut elr: BTreeSet<i32> = BTreeSet::new();
    if case.elr && isr.len() < case.min_isr {
        elr = was.elr.iter().copied().chain(old_isr.clone()).collect();
        elr.retain(|id| !isr.contains(id) && Some(*id) != case.unclean_shutdown);
    }
    let pool = if isr.is_empty() { &elr } else { &isr };
    let valid: BTreeSet<i32> = pool.intersection(&case.acceptable).copied().collect();
    let mut order = vec![was.leader];
    order.extend(&was.replicas);
    if case.election == Election::Preferred {
        order.insert(0, was.replicas[0]);
    }
    let clean = order.into_iter().find(|id| valid.contains(id));
    let last = match (
        &was.last_known_elr[..],
        case.elr && isr.is_empty() && elr.is_empty(),
    ) {
        ([id], true) => Some(*id).filter(|id| case.acceptable.contains(id)),
        _ => None,
    };
    let anyone = was
        .replicas
        .iter()
        .copied()
        .find(|id| case.acceptable.contains(id));
    let dirty = last.or(anyone.filter(|_| case.election == Election::Unclean));
    let leader = clean.or(dirty).unwrap_or(-1);
    let mut recovering = was.recovering;
    if leader != was.leader && clean.is_some() && isr.is_empty() {
        elr.remove(&leader);
        isr = BTreeSet::from([leader]);
    }
    let unclean = leader != was.leader && clean.is_none() && leader != -1;
    if unclean {
        elr.clear();
        isr = BTreeSet::from([leader]);
        recovering = true;
    }
    if isr.is_empty() && !case.elr {
        isr = old_isr.clone();
    }
    let emptied = isr.is_empty() && !old_isr.is_empty();
    let last_known = match () {
        _ if !case.elr => was.last_known_elr.clone(),
        _ if leader != -1 => Vec::new(),
        _ if emptied && was.leader != -1 => vec![was.leader],
        _ => was.last_known_elr.clone(),
    };
    Outcome {
        leader,
        isr,
        elr,
        last_known,
        recovering,
    }
}

fn built(case: &Case) -> PartitionImage {
    let acceptable = |id| case.acceptable.contains(&id);
    let wanted = case.partition.isr.iter().copied();
    let wanted = wanted.filter(|id| case.wanted.contains(id)).collect();
    let change = PartitionChangeBuilder::new(&case.partition, &acceptable, case.min_isr, case.elr)
        .election(case.election)
        .unclean_shutdown(case.unclean_shutdown)
        .target_isr(wanted)
        .build(Uuid::from_u128(1), 0);
    match change {
        Some(change) => case.partition.merge(&change),
        None => case.partition.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn changes_are_those_of_the_model(case in case()) {
        // A leader that leaves the ISR is never acceptable (fencing, shutdown, restart).
        let leader = case.partition.leader;
        prop_assume!(case.wanted.contains(&leader) || !case.acceptable.contains(&leader));
        prop_assume!(case.unclean_shutdown.is_none_or(|id| !case.wanted.contains(&id)));
        let (after, expected) = (built(&case), model(&case));
        prop_assert_eq!(after.leader, expected.leader);
        prop_assert_eq!(after.isr.iter().copied().collect::<BTreeSet<_>>(), expected.isr);
        prop_assert_eq!(after.elr.iter().copied().collect::<BTreeSet<_>>(), expected.elr);
        prop_assert_eq!(&after.last_known_elr, &expected.last_known);
        prop_assert_eq!(after.recovering, expected.recovering);
        let moved = after.leader != leader;
        prop_assert_eq!(after.leader_epoch, 5 + i32::from(moved));
        let changed = after != case.partition;
        prop_assert_eq!(after.partition_epoch, 9 + i32::from(changed));
        prop_assert!(after.leader == -1 || after.isr.contains(&after.leader));
        prop_assert!(after.isr.iter().all(|id| !after.elr.contains(id)));
    }
}
