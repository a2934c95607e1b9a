//! Service takes time: busy nodes, departures, what waits and in which order.

use super::bench::*;
use super::toy::*;
use crate::sim::*;

const CONN: ConnId = ConnId(1);

/// A unit of work costs 1 ms.
fn costly(nodes: u16) -> Bench {
    let mut cost = CostModel::free();
    cost.set_rate(0, 1_000_000, 1);
    Bench::with_cost(nodes, cost)
}

#[test]
fn what_falls_due_at_a_busy_node_is_served_in_due_order() {
    let mut bench = costly(2);
    bench.call(0, 0, Call::Connect(NodeId(1)));
    for (after, timer) in [(4, 1), (6, 2), (7, 3)] {
        bench.call(0, 1, Call::Arm(Span::from_millis(after), timer));
    }
    bench.call(0, 0, Call::Connect(NodeId(1)));
    bench.call(3, 1, Call::Spend(10));
    bench.call(4, 0, Call::Send(0, Message::Shout { id: 1 }));
    bench.call(6, 0, Call::Send(1, Message::Shout { id: 2 }));
    bench.run();
    let rang = |timer| {
        (
            ms(13),
            Note::Rang {
                timer,
                mono: ms(13),
            },
        )
    };
    let heard = |id| {
        (
            ms(13),
            Note::Heard {
                conn: ConnId(id as u32),
                id,
            },
        )
    };
    // At 7 both a delivery and a timer fall due: the delivery first.
    assert_eq!(
        bench.notes(1)[1..],
        [rang(1), heard(1), rang(2), heard(2), rang(3)]
    );
}

#[test]
fn a_timer_that_waited_goes_before_what_arrives_when_the_node_is_free() {
    let mut bench = costly(2);
    bench.call(0, 0, Call::Connect(NodeId(1)));
    bench.call(0, 1, Call::Arm(Span::from_millis(5), 1));
    bench.call(3, 1, Call::Spend(7));
    bench.call(9, 0, Call::Send(0, Message::Shout { id: 1 }));
    bench.run();
    let notes = [
        (
            ms(10),
            Note::Rang {
                timer: 1,
                mono: ms(10),
            },
        ),
        (ms(10), Note::Heard { conn: CONN, id: 1 }),
    ];
    assert_eq!(bench.notes(1)[1..], notes);
}

#[test]
fn a_reply_departs_when_its_service_is_over_and_the_node_is_busy_until_then() {
    let mut bench = costly(3);
    for node in [0, 2] {
        bench.call(0, node, Call::Connect(NodeId(1)));
        bench.call(
            0,
            node,
            Call::Send(
                0,
                Message::Echo {
                    id: u64::from(node),
                    work: 4,
                },
            ),
        );
    }
    bench.run_until(ms(3));
    assert_eq!(bench.world.busy_until(NodeId(1)), ms(5));
    bench.run();
    let steps = bench
        .keeper
        .seen
        .iter()
        .filter(|seen| seen.node == Some(NodeId(1)));
    let served: Vec<_> = steps.skip(1).map(|seen| (seen.at, seen.departs)).collect();
    assert_eq!(served, [(ms(1), ms(5)), (ms(5), ms(9))]);
    assert_eq!(
        bench.notes(0)[1..],
        [(ms(6), Note::Answered { conn: CONN, id: 0 })]
    );
    assert_eq!(
        bench.notes(2)[1..],
        [(
            ms(10),
            Note::Answered {
                conn: ConnId(2),
                id: 2
            }
        )]
    );
    assert_eq!(
        bench
            .world
            .counters(NodeId(1))
            .map(|counters| counters.get(0)),
        Some(8)
    );
}

#[test]
fn actions_do_not_wait_for_a_busy_node_but_calls_do() {
    let mut bench = costly(1);
    bench.call(1, 0, Call::Spend(10));
    let call = bench.call(
        2,
        0,
        Call::Draw {
            purpose: 64,
            subject: 0,
        },
    );
    bench.fault(
        3,
        Fault::Slow {
            node: NodeId(0),
            percent: 100,
            each: Span::ZERO,
        },
    );
    bench.run();
    let last = bench
        .keeper
        .seen
        .iter()
        .map(|seen| (seen.at, seen.kind))
        .skip(2);
    let expected = [(ms(3), StepKind::Action), (ms(11), StepKind::Call(call))];
    assert_eq!(last.collect::<Vec<_>>(), expected);
}

#[test]
fn a_slow_machine_takes_longer() {
    let mut bench = costly(2);
    bench.call(0, 0, Call::Connect(NodeId(1)));
    bench.fault(
        0,
        Fault::Slow {
            node: NodeId(1),
            percent: 300,
            each: Span::from_millis(2),
        },
    );
    bench.call(0, 0, Call::Send(0, Message::Echo { id: 1, work: 2 }));
    bench.run();
    assert_eq!(
        bench.notes(0)[1..],
        [(ms(10), Note::Answered { conn: CONN, id: 1 })]
    );
}

#[test]
fn a_busy_broker_does_not_starve_its_timers() {
    let mut bench = costly(2);
    bench.call(0, 0, Call::Connect(NodeId(1)));
    bench.call(0, 1, Call::Tick(Span::from_millis(3), 1));
    for id in 0..50 {
        bench.call(id, 0, Call::Send(0, Message::Echo { id, work: 2 }));
    }
    bench.run_until(ms(100));
    let rings = bench
        .notes(1)
        .into_iter()
        .filter(|(_, note)| matches!(note, Note::Rang { .. }));
    assert!(
        rings.count() >= 24,
        "a tick every 3 ms waits for one request of 2 ms at most"
    );
}

#[test]
fn a_request_is_due_when_the_answer_before_it_has_left() {
    let mut bench = costly(2);
    bench.call(0, 0, Call::Connect(NodeId(1)));
    bench.call(0, 0, Call::Send(0, Message::Echo { id: 1, work: 5 }));
    bench.call(2, 0, Call::Send(0, Message::Shout { id: 2 }));
    bench.call(0, 1, Call::Arm(Span::from_millis(4), 1));
    bench.run();
    let notes = [
        (ms(1), Note::Heard { conn: CONN, id: 1 }),
        (
            ms(6),
            Note::Rang {
                timer: 1,
                mono: ms(6),
            },
        ),
        (ms(6), Note::Heard { conn: CONN, id: 2 }),
    ];
    assert_eq!(bench.notes(1)[1..], notes);
}
