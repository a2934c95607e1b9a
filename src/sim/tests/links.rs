//! Links: latency, loss, duplication, reordering, bandwidth, cuts.

use super::bench::*;
use super::toy::*;
use crate::sim::*;

const A: NodeId = NodeId(0);
const B: NodeId = NodeId(1);

fn with_link(change: LinkChange) -> Bench {
    let mut bench = Bench::new(2);
    bench.fault(
        0,
        Fault::SetLink {
            from: A,
            to: B,
            change,
            both: false,
        },
    );
    bench.call(0, 0, Call::Connect(B));
    bench
}

fn shout(bench: &mut Bench, at: u64, id: u64) {
    bench.call(at, 0, Call::Send(0, Message::Shout { id }));
}

fn cut(id: u32, from: NodeId, to: NodeId, both: bool) -> Fault {
    Fault::Cut(Cut {
        id: CutId(id),
        from: vec![from],
        to: vec![to],
        both,
    })
}

fn arrivals(bench: &Bench) -> Vec<(Time, u64)> {
    let notes = bench.notes(1).into_iter();
    let id = |(at, note)| {
        if let Note::Heard { id, .. } = note {
            Some((at, id))
        } else {
            None
        }
    };
    notes.filter_map(id).collect()
}

#[test]
fn latency_is_drawn_within_its_range_and_keeps_the_order_of_a_connection() {
    let latency = Some((Span::from_millis(1), Span::from_millis(9)));
    let mut bench = with_link(LinkChange {
        latency,
        ..LinkChange::default()
    });
    (0..40).for_each(|id| shout(&mut bench, 20 + id, id));
    bench.run();
    let arrived = arrivals(&bench);
    assert!(arrived.iter().map(|(_, id)| *id).eq(0..40));
    assert!(arrived.is_sorted());
    for (at, id) in &arrived {
        let took = at.since(ms(20 + id));
        assert!(
            (Span::from_millis(1)..=Span::from_millis(9)).contains(&took),
            "{id} took {took}"
        );
    }
    let distinct: std::collections::BTreeSet<_> = arrived
        .iter()
        .map(|(at, id)| at.since(ms(20 + id)))
        .collect();
    assert!(distinct.len() > 10);
}

#[test]
fn a_lost_message_leaves_a_gap_behind_which_the_stream_hangs() {
    let mut bench = with_link(LinkChange {
        loss: Some(1_000_000),
        ..LinkChange::default()
    });
    shout(&mut bench, 10, 1);
    let whole = LinkChange {
        loss: Some(0),
        ..LinkChange::default()
    };
    bench.fault(
        15,
        Fault::SetLink {
            from: A,
            to: B,
            change: whole,
            both: false,
        },
    );
    shout(&mut bench, 20, 2);
    bench.call(30, 0, Call::Close(0));
    bench.call(30, 0, Call::Connect(B));
    bench.call(30, 0, Call::Send(1, Message::Shout { id: 3 }));
    bench.run();
    assert_eq!(
        bench.lost(),
        [(ms(11), 1, LostReason::Loss), (ms(21), 2, LostReason::Gap)]
    );
    assert_eq!((bench.heard(1), bench.resets(1)), (vec![3], vec![ms(31)]));
}

#[test]
fn every_message_arrives_twice_on_a_doubling_link() {
    let mut bench = with_link(LinkChange {
        duplicate: Some(1_000_000),
        ..LinkChange::default()
    });
    for id in 1..=2 {
        bench.call(10, 0, Call::Send(0, echo(id)));
    }
    bench.run();
    assert_eq!(bench.heard(1), [1, 1, 2, 2]);
    assert_eq!(bench.answers(0), [1, 1, 2, 2]);
}

#[test]
fn a_reordering_link_lets_messages_overtake() {
    let latency = Some((Span::from_millis(1), Span::from_millis(2)));
    let change = LinkChange {
        latency,
        reorder: Some(300_000),
        ..LinkChange::default()
    };
    let mut bench = with_link(change);
    (0..60).for_each(|id| {
        bench.call(20, 0, Call::Send(0, Message::Shout { id }));
    });
    bench.run();
    let mut heard = bench.heard(1);
    assert!(!heard.is_sorted());
    heard.sort_unstable();
    assert!(heard.into_iter().eq(0..60));
}

#[test]
fn bandwidth_is_shared_by_what_a_link_carries() {
    // A toy's message is 1,000 bytes: 2 ms each.
    let mut bench = with_link(LinkChange {
        bandwidth: Some(500_000),
        ..LinkChange::default()
    });
    (1..=3).for_each(|id| shout(&mut bench, 10, id));
    shout(&mut bench, 30, 4);
    bench.run();
    assert_eq!(
        arrivals(&bench),
        [(ms(13), 1), (ms(15), 2), (ms(17), 3), (ms(33), 4)]
    );
}

#[test]
fn a_cut_is_silent_and_takes_what_is_under_way() {
    let mut bench = Bench::new(2);
    bench.call(0, 0, Call::Connect(B));
    shout(&mut bench, 9, 1);
    // Under way from 10 to 11 while the link is cut and healed again.
    shout(&mut bench, 20, 2);
    bench.world.schedule(ms(20) + Span(5), cut(1, A, B, false));
    bench
        .world
        .schedule(ms(20) + Span(6), Fault::Heal { id: Some(CutId(1)) });
    shout(&mut bench, 30, 3);
    bench.run();
    assert_eq!(bench.heard(1), [1]);
    assert_eq!(
        bench.lost(),
        [(ms(21), 2, LostReason::Cut), (ms(31), 3, LostReason::Gap)]
    );
    assert_eq!((bench.resets(0), bench.resets(1)), (vec![], vec![]));
}

#[test]
fn a_cut_one_way_lets_the_other_through() {
    let mut bench = Bench::new(2);
    bench.call(0, 0, Call::Connect(B));
    bench.call(0, 1, Call::Connect(A));
    bench.fault(5, cut(1, B, A, false));
    bench.call(10, 0, Call::Send(0, echo(1)));
    bench.call(10, 1, Call::Send(0, echo(2)));
    bench.run();
    assert_eq!((bench.heard(1), bench.answers(0)), (vec![1], vec![]));
    assert!(bench.heard(0).is_empty());
    assert!(bench.world.is_cut(B, A) && !bench.world.is_cut(A, B));
}

#[test]
fn cuts_are_healed_one_by_one_or_all() {
    let mut bench = Bench::new(2);
    bench.fault(1, cut(1, A, B, true));
    bench.fault(2, cut(2, A, B, false));
    bench.fault(3, Fault::Heal { id: Some(CutId(1)) });
    bench.run_until(ms(4));
    assert!(bench.world.is_cut(A, B) && !bench.world.is_cut(B, A));
    assert_eq!(bench.world.cuts().len(), 1);
    bench.fault(5, cut(2, B, A, false));
    bench.run_until(ms(6));
    assert!(!bench.world.is_cut(A, B) && bench.world.is_cut(B, A));
    bench.fault(7, Fault::Heal { id: None });
    bench.call(8, 0, Call::Connect(B));
    bench.call(8, 0, Call::Send(0, echo(1)));
    bench.run();
    assert_eq!(bench.answers(0), [1]);
}

#[test]
fn an_opening_that_meets_a_cut_is_silent() {
    let mut bench = Bench::new(2);
    bench.fault(1, cut(1, A, B, true));
    bench.call(2, 0, Call::Connect(B));
    bench.fault(5, Fault::Heal { id: None });
    shout(&mut bench, 10, 1);
    bench.run();
    assert_eq!(bench.lost(), [(ms(11), 1, LostReason::Refused)]);
    assert_eq!((bench.heard(1), bench.resets(0)), (vec![], vec![]));
}
