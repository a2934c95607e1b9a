//! Connections: order, pipelining, mutes, openings, ends.

use super::bench::*;
use super::toy::*;
use crate::sim::*;

fn connected() -> Bench {
    let mut bench = Bench::new(2);
    bench.call(0, 0, Call::Connect(NodeId(1)));
    bench
}

#[test]
fn a_request_and_its_answer_take_a_round_trip() {
    let mut bench = connected();
    bench.call(0, 0, Call::Send(0, echo(7)));
    bench.run();
    let conn = ConnId(1);
    let heard = [
        (ms(0), Note::Booted { journal: 0 }),
        (ms(1), Note::Heard { conn, id: 7 }),
    ];
    assert_eq!(bench.notes(1), heard);
    assert_eq!(
        bench.notes(0)[1..],
        [(ms(2), Note::Answered { conn, id: 7 })]
    );
    let steps = &bench.keeper.seen;
    let (request, answer) = (&steps[4], &steps[5]);
    assert_eq!(
        (request.kind, request.cause),
        (StepKind::Deliver, StepNo(4))
    );
    assert_eq!((answer.cause, answer.request), (request.no, request.no));
    assert!(bench.world.next_time().is_none());
}

#[test]
fn a_server_reads_the_next_request_when_the_answer_has_left() {
    let mut bench = connected();
    for id in 1..=3 {
        bench.call(0, 0, Call::Send(0, park(id)));
    }
    bench.call(10, 1, Call::AnswerAll);
    bench.call(20, 1, Call::AnswerAll);
    bench.run_until(ms(5));
    assert_eq!(bench.heard(1), [1]);
    let muted = bench
        .world
        .in_flight()
        .filter(|(place, _)| *place == InFlight::Muted);
    assert_eq!(muted.count(), 2);
    let view = bench.world.connections().next().expect("it is open");
    assert_eq!((view.unanswered, view.parked), (Some(Corr(1)), 2));
    bench.run_until(ms(15));
    assert_eq!(bench.heard(1), [1, 2]);
    bench.run();
    assert_eq!(
        (bench.heard(1), bench.answers(0)),
        (vec![1, 2, 3], vec![1, 2])
    );
}

#[test]
fn the_mute_lasts_until_the_answer_leaves_the_busy_server() {
    let mut cost = CostModel::free();
    cost.set_rate(0, 1_000_000, 1);
    let mut bench = Bench::with_cost(2, cost);
    bench.call(0, 0, Call::Connect(NodeId(1)));
    bench.call(0, 0, Call::Send(0, Message::Echo { id: 1, work: 5 }));
    bench.call(0, 0, Call::Send(0, echo(2)));
    bench.call(3, 0, Call::Send(0, echo(3)));
    bench.run();
    let conn = ConnId(1);
    let heard = [(1, 1), (6, 2), (6, 3)].map(|(at, id)| (ms(at), Note::Heard { conn, id }));
    assert_eq!(bench.notes(1)[1..], heard);
    let answered = [(7, 1), (7, 2), (7, 3)].map(|(at, id)| (ms(at), Note::Answered { conn, id }));
    assert_eq!(bench.notes(0)[1..], answered);
}

#[test]
fn a_request_without_answer_lets_the_next_one_in() {
    let mut bench = connected();
    for id in 1..=3 {
        bench.call(0, 0, Call::Send(0, Message::Shout { id }));
    }
    bench.run();
    assert_eq!((bench.heard(1), bench.answers(0)), (vec![1, 2, 3], vec![]));
}

#[test]
fn connections_do_not_mute_each_other() {
    let mut bench = connected();
    bench.call(0, 0, Call::Connect(NodeId(1)));
    bench.call(0, 0, Call::Send(0, park(1)));
    bench.call(0, 0, Call::Send(1, echo(2)));
    bench.run();
    assert_eq!((bench.heard(1), bench.answers(0)), (vec![1, 2], vec![2]));
}

#[test]
fn connecting_to_a_machine_that_is_down_is_reset_after_a_round_trip() {
    let mut bench = Bench::new(2);
    bench.fault(5, Fault::Crash { node: NodeId(1) });
    bench.call(10, 0, Call::Connect(NodeId(1)));
    bench.call(10, 0, Call::Send(0, echo(1)));
    bench.call(20, 0, Call::Connect(NodeId(77)));
    bench.call(30, 0, Call::Send(0, echo(2)));
    bench.run();
    assert_eq!(bench.resets(0), [ms(12), ms(22)]);
    let lost = [
        (ms(11), 1, LostReason::Refused),
        (ms(30), 2, LostReason::Closed),
    ];
    assert_eq!(bench.lost(), lost);
}

#[test]
fn a_close_reaches_the_other_end_behind_what_was_sent() {
    let mut bench = connected();
    bench.call(0, 0, Call::Send(0, Message::Shout { id: 1 }));
    bench.call(0, 0, Call::Send(0, Message::Shout { id: 2 }));
    bench.call(0, 0, Call::Close(0));
    bench.run();
    let conn = ConnId(1);
    let notes = [
        (ms(1), Note::Heard { conn, id: 1 }),
        (ms(1), Note::Heard { conn, id: 2 }),
        (ms(1), Note::Gone { conn }),
    ];
    assert_eq!(bench.notes(1)[1..], notes);
    assert_eq!(bench.resets(0), []);
    assert_eq!(bench.world.connections().count(), 0);
}

#[test]
fn a_reset_finds_a_parked_request_and_its_answer_is_lost() {
    let mut bench = connected();
    bench.call(0, 0, Call::Send(0, park(1)));
    bench.call(5, 0, Call::Close(0));
    bench.call(10, 1, Call::AnswerAll);
    bench.run();
    assert_eq!(bench.resets(1), [ms(6)]);
    assert_eq!(bench.lost(), [(ms(10), 1, LostReason::Closed)]);
}

#[test]
fn requests_behind_the_mute_are_read_before_the_reset() {
    let mut bench = connected();
    bench.call(0, 0, Call::Send(0, park(1)));
    bench.call(0, 0, Call::Send(0, Message::Shout { id: 2 }));
    bench.call(5, 0, Call::Close(0));
    bench.call(10, 1, Call::AnswerAll);
    bench.run();
    assert_eq!(bench.heard(1), [1, 2]);
    assert_eq!(bench.resets(1), [ms(10)]);
    assert_eq!(bench.lost(), [(ms(11), 1, LostReason::Closed)]);
}

#[test]
fn a_server_that_closes_drops_what_waits_behind_the_mute() {
    let mut bench = connected();
    for id in 1..=3 {
        bench.call(0, 0, Call::Send(0, park(id)));
    }
    bench.call(5, 1, Call::CloseConn(ConnId(1)));
    bench.call(7, 0, Call::Send(0, echo(4)));
    bench.run();
    assert_eq!((bench.heard(1), bench.resets(0)), (vec![1], vec![ms(6)]));
    let closed = LostReason::Closed;
    assert_eq!(
        bench.lost(),
        [(ms(5), 2, closed), (ms(5), 3, closed), (ms(7), 4, closed)]
    );
}

#[test]
fn a_node_that_talks_to_itself_takes_the_loopback() {
    let mut bench = Bench::new(1);
    bench.call(0, 0, Call::Connect(NodeId(0)));
    bench.call(0, 0, Call::Send(0, echo(1)));
    bench.call(1, 0, Call::Close(0));
    bench.run();
    let conn = ConnId(1);
    let us = |us| Time::ZERO + Span::from_micros(us);
    let notes = [
        (us(20), Note::Heard { conn, id: 1 }),
        (us(40), Note::Answered { conn, id: 1 }),
        (us(1_020), Note::Gone { conn }),
    ];
    assert_eq!(bench.notes(0)[1..], notes);
}

#[test]
fn connection_ids_are_never_reused_and_old_ones_are_forgotten() {
    let mut bench = Bench::new(2);
    for round in 0..100 {
        bench.call(round * 10, 0, Call::Connect(NodeId(1)));
        bench.call(round * 10 + 5, 0, Call::Close(round as usize));
    }
    bench.run();
    let steps = bench
        .keeper
        .seen
        .iter()
        .filter(|seen| seen.node == Some(NodeId(0)));
    let outcomes = steps.flat_map(|seen| seen.outcomes.iter().map(|outcome| outcome.1));
    let ids: Vec<u64> = outcomes.filter(|outcome| *outcome > 0).collect();
    assert_eq!(ids, (1..=100).collect::<Vec<u64>>());
    assert_eq!(bench.world.end_state(ConnId(1), Side::Client), None);
    assert_eq!(
        bench.world.end_state(ConnId(100), Side::Client),
        Some(EndState::Closed)
    );
}
