//! One total order of events, the same whatever the machine, and none of them lost.

use super::bench::*;
use super::chaos::*;
use super::toy::*;
use crate::sim::*;
use proptest::prelude::*;

#[test]
fn at_one_instant_actions_come_first_then_disks_then_deliveries_then_timers_by_node() {
    let mut bench = Bench::new(3);
    bench.call(0, 0, Call::Connect(NodeId(1)));
    // All of these fall due at 10 ms.
    bench.call(0, 2, Call::Arm(Span::from_millis(10), 5));
    bench.call(0, 1, Call::Arm(Span::from_millis(10), 8));
    bench.call(0, 1, Call::Arm(Span::from_millis(10), 4));
    bench.call(9, 0, Call::Send(0, Message::Shout { id: 1 }));
    bench.call(9, 2, Call::Sync(3));
    bench.run_until(ms(9));
    let before = bench.keeper.seen.len();
    bench.fault(10, Fault::Heal { id: None });
    bench.run();
    let kinds: Vec<_> = bench.keeper.seen[before..]
        .iter()
        .map(|s| (s.kind, s.node))
        .collect();
    let node = |id| Some(NodeId(id));
    let expected = [
        (StepKind::Action, None),
        (StepKind::Synced(SyncId(1)), node(2)),
        (StepKind::Deliver, node(1)),
        (StepKind::Timer(Timer(8)), node(1)),
        (StepKind::Timer(Timer(4)), node(1)),
        (StepKind::Timer(Timer(5)), node(2)),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn what_a_driver_does_comes_before_all_that_is_due() {
    let mut bench = Bench::new(2);
    bench.fault(1, Fault::Heal { id: None });
    bench.fault(1, Fault::Crash { node: NodeId(1) });
    let call = Action::Call {
        node: NodeId(0),
        id: CallId(50),
        call: Call::Spend(1),
    };
    bench
        .keeper
        .acts
        .push((StepNo(3), Fault::Pause { node: NodeId(1) }.into()));
    bench.keeper.acts.push((StepNo(3), call));
    bench
        .keeper
        .acts
        .push((StepNo(4), Fault::Resume { node: NodeId(1) }.into()));
    bench.run();
    let steps: Vec<_> = bench.keeper.seen[2..]
        .iter()
        .map(|s| (s.kind, s.cause))
        .collect();
    let expected = [
        (StepKind::Action, StepNo(0)),
        (StepKind::Action, StepNo(3)),
        (StepKind::Call(CallId(50)), StepNo(3)),
        (StepKind::Action, StepNo(4)),
        (StepKind::Action, StepNo(0)),
    ];
    assert_eq!(steps, expected);
}

#[test]
fn a_timer_remembers_the_step_that_armed_it() {
    let mut bench = Bench::new(1);
    bench.call(1, 0, Call::Tick(MS, 1));
    bench.run_until(ms(3));
    let causes: Vec<_> = bench.keeper.seen.iter().map(|seen| seen.cause.0).collect();
    assert_eq!(causes, [0, 0, 2, 3]);
}

#[test]
fn a_cancelled_timer_is_not_heard() {
    let mut bench = Bench::new(1);
    bench.call(1, 0, Call::Arm(Span::from_millis(5), 1));
    bench.call(1, 0, Call::Arm(Span::from_millis(5), 2));
    bench.call(2, 0, Call::Arm(Span::from_millis(9), 2));
    let cancelled = bench.call(3, 0, Call::Cancel(1));
    bench.run();
    assert_eq!(
        bench.notes(0)[1..],
        [(
            ms(11),
            Note::Rang {
                timer: 2,
                mono: ms(11)
            }
        )]
    );
    assert!(
        bench
            .keeper
            .seen
            .iter()
            .any(|seen| seen.outcomes == [(cancelled, 1)])
    );
}

#[test]
fn next_time_is_when_the_next_step_may_begin() {
    let mut bench = Bench::new(1);
    assert_eq!(bench.world.next_time(), None);
    bench.call(7, 0, Call::Arm(Span::from_millis(5), 1));
    assert_eq!(bench.world.next_time(), Some(ms(7)));
    bench.run_until(ms(8));
    assert_eq!(
        (bench.world.now(), bench.world.next_time()),
        (ms(8), Some(ms(12)))
    );
    bench.world.advance_to(ms(20));
    assert_eq!(
        bench.world.now(),
        ms(12),
        "a clock does not pass what is due"
    );
}

/// Lets everything that is held back go, and takes the steps that are left.
fn settle(bench: &mut Bench) {
    bench.run_until(ms(60));
    for node in 0..3 {
        bench.fault(60, Fault::Resume { node: NodeId(node) });
    }
    for at in (60..160).step_by(4) {
        bench.fault(at, Fault::Release { id: None });
    }
    for node in 0..3 {
        bench.call(75, node, Call::AnswerAll);
    }
    bench.run_until(ms(200));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Every message that left was delivered or lost, once for each copy; none comes from
    /// nowhere, none from a connection's other incarnation, and streams keep their order.
    #[test]
    fn no_event_is_lost_and_time_does_not_go_back(story in story(), seed: u64, explored: bool) {
        let explore = explored.then_some(Explore { window: MS, width: 4, faults: false });
        let mut bench = stage(&story, seed, explore);
        settle(&mut bench);
        let seen = &bench.keeper.seen;
        prop_assert!(seen.iter().map(|step| step.no.0).eq(1..=seen.len() as u64));
        prop_assert!(seen.is_sorted_by_key(|step| step.at));
        prop_assert!(seen.iter().all(|step| step.cause < step.no && step.departs >= step.at));
        let parked = bench.world.in_flight().filter(|(place, _)| *place != InFlight::Muted);
        prop_assert_eq!(parked.count(), 0, "all that was sent has arrived");
        for step in seen.iter().filter(|step| step.head.is_some()) {
            let sender = &seen[step.cause.0 as usize - 1];
            let head = step.head.expect("filtered");
            prop_assert_eq!((sender.node, sender.departs), (Some(head.from), head.departs));
            prop_assert!(head.departs <= step.at);
        }
    }

    #[test]
    fn every_message_ends_once_on_faultless_links(
        story in story().prop_map(only_messages), seed: u64,
    ) {
        let mut bench = stage(&story, seed, None);
        settle(&mut bench);
        let ends = |kind| {
            let heads = bench.keeper.seen.iter().filter_map(|step| step.head);
            let heads = heads.filter(move |head| head.kind == kind);
            let mut keys: Vec<_> = heads.map(|head| (head.from, head.conn, head.corr)).collect();
            keys.sort_unstable();
            keys
        };
        let requests = ends(MessageKind::Request);
        let muted = bench.world.in_flight().count();
        let mut unique = requests.clone();
        unique.dedup();
        prop_assert_eq!(&requests, &unique, "a request ends once");
        // Requests have the numbers 1, 2, 3 … of their node: none is missing.
        for node in 0..3 {
            let corrs = requests.iter().filter(|(from, ..)| *from == NodeId(node));
            let last = corrs.clone().map(|(_, _, corr)| corr.0).max().unwrap_or(0);
            prop_assert!(corrs.count() + muted >= last as usize);
        }
    }

    #[test]
    fn a_stream_keeps_its_order(story in story().prop_map(only_messages), seed: u64, at: bool) {
        let explore = at.then_some(Explore { window: MS, width: 3, faults: false });
        let mut bench = stage(&story, seed, explore);
        settle(&mut bench);
        let mut last = std::collections::BTreeMap::new();
        for head in bench.keeper.seen.iter().filter_map(|step| step.head) {
            if head.kind == MessageKind::Request {
                let before = last.insert(head.conn, head.corr);
                prop_assert!(before < Some(head.corr));
            }
        }
    }
}

/// Leaves out faults and verdicts, and what makes the bookkeeping of requests hard.
fn only_messages(story: Vec<(u64, Chaos)>) -> Vec<(u64, Chaos)> {
    let plain =
        |chaos: &Chaos| !matches!(chaos, Chaos::Fault(_) | Chaos::Judge(..) | Chaos::Close(..));
    story
        .into_iter()
        .filter(|(_, chaos)| plain(chaos))
        .collect()
}
