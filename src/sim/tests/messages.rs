//! Single messages held, dropped, doubled and delayed by a driver; choices of the oracle.

use super::bench::*;
use super::toy::*;
use crate::sim::*;

use MessageKind::{Request, Response};

fn connected() -> Bench {
    let mut bench = Bench::new(2);
    bench.call(0, 0, Call::Connect(NodeId(1)));
    bench
}

fn shout(bench: &mut Bench, at: u64, id: u64) {
    bench.call(at, 0, Call::Send(0, Message::Shout { id }));
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
fn a_held_message_and_those_behind_it_wait_for_the_release() {
    let mut bench = connected();
    bench.call(0, 0, Call::Connect(NodeId(1)));
    bench
        .keeper
        .verdicts
        .push((1, Request, Verdict::Hold(HoldId(9))));
    shout(&mut bench, 10, 1);
    shout(&mut bench, 12, 2);
    bench.call(12, 0, Call::Send(1, Message::Shout { id: 7 }));
    bench.run_until(ms(15));
    let held = bench
        .world
        .in_flight()
        .map(|(place, _)| place)
        .collect::<Vec<_>>();
    assert_eq!(
        held,
        [InFlight::Held(Some(HoldId(9))), InFlight::Held(None)]
    );
    bench.fault(
        20,
        Fault::Release {
            id: Some(HoldId(8)),
        },
    );
    bench.fault(
        30,
        Fault::Release {
            id: Some(HoldId(9)),
        },
    );
    shout(&mut bench, 40, 3);
    bench.run();
    assert_eq!(
        arrivals(&bench),
        [(ms(13), 7), (ms(30), 1), (ms(30), 2), (ms(41), 3)]
    );
    let verdicts = bench
        .keeper
        .seen
        .iter()
        .filter(|seen| seen.verdict != Verdict::Deliver);
    let steps: Vec<_> = verdicts.map(|seen| (seen.at, seen.kind)).collect();
    assert_eq!(steps, [(ms(11), StepKind::Action)]);
}

#[test]
fn two_holds_of_one_stream_are_released_in_its_order() {
    let mut bench = connected();
    for id in [1, 2] {
        bench
            .keeper
            .verdicts
            .push((id, Request, Verdict::Hold(HoldId(id as u32))));
    }
    (1..=3).for_each(|id| shout(&mut bench, 10, id));
    bench.fault(
        20,
        Fault::Release {
            id: Some(HoldId(2)),
        },
    );
    bench.run_until(ms(25));
    assert!(bench.heard(1).is_empty());
    bench.fault(
        30,
        Fault::Release {
            id: Some(HoldId(1)),
        },
    );
    bench.fault(40, Fault::Release { id: None });
    bench.run();
    // The second was behind the first when it came: it is judged when the first has gone.
    assert_eq!(arrivals(&bench), [(ms(30), 1), (ms(40), 2), (ms(40), 3)]);
}

#[test]
fn a_delayed_message_and_those_behind_it_come_later_in_order() {
    let mut bench = connected();
    bench
        .keeper
        .verdicts
        .push((1, Request, Verdict::Delay(Span::from_millis(5))));
    shout(&mut bench, 10, 1);
    shout(&mut bench, 11, 2);
    shout(&mut bench, 18, 3);
    bench.run();
    assert_eq!(arrivals(&bench), [(ms(16), 1), (ms(16), 2), (ms(19), 3)]);
}

#[test]
fn what_arrives_at_the_very_instant_does_not_overtake() {
    let mut bench = connected();
    bench
        .keeper
        .verdicts
        .push((1, Request, Verdict::Delay(Span::from_millis(5))));
    bench
        .keeper
        .verdicts
        .push((3, Request, Verdict::Hold(HoldId(1))));
    shout(&mut bench, 10, 1);
    bench.run_until(ms(10));
    let latency = Some((Span::from_millis(6), Span::from_millis(6)));
    let change = LinkChange {
        latency,
        ..LinkChange::default()
    };
    let (from, to) = (NodeId(0), NodeId(1));
    bench.fault(
        10,
        Fault::SetLink {
            from,
            to,
            change,
            both: false,
        },
    );
    shout(&mut bench, 10, 2);
    shout(&mut bench, 20, 3);
    shout(&mut bench, 24, 4);
    bench.fault(30, Fault::Release { id: None });
    bench.run();
    assert_eq!(
        arrivals(&bench),
        [(ms(16), 1), (ms(16), 2), (ms(30), 3), (ms(30), 4)]
    );
}

#[test]
fn a_dropped_answer_leaves_the_client_waiting_and_the_server_reading() {
    let mut bench = connected();
    bench.keeper.verdicts.push((1, Response, Verdict::Drop));
    for id in 1..=2 {
        bench.call(10, 0, Call::Send(0, echo(id)));
    }
    bench.run();
    assert_eq!((bench.heard(1), bench.answers(0)), (vec![1, 2], vec![]));
    let lost = [
        (ms(12), 1, LostReason::Dropped),
        (ms(12), 2, LostReason::Gap),
    ];
    assert_eq!(bench.lost(), lost);
}

#[test]
fn a_doubled_request_is_served_twice() {
    let mut bench = connected();
    bench.keeper.verdicts.push((1, Request, Verdict::Duplicate));
    bench.call(10, 0, Call::Send(0, echo(1)));
    bench.run();
    assert_eq!((bench.heard(1), bench.answers(0)), (vec![1, 1], vec![1, 1]));
}

#[test]
fn a_held_message_of_a_dead_receiver_is_lost_when_released() {
    let mut bench = connected();
    bench
        .keeper
        .verdicts
        .push((1, Request, Verdict::Hold(HoldId(1))));
    shout(&mut bench, 10, 1);
    bench.fault(20, Fault::Crash { node: NodeId(1) });
    bench.fault(
        30,
        Fault::Start {
            node: NodeId(1),
            wipe: false,
        },
    );
    bench.fault(40, Fault::Release { id: None });
    bench.run();
    assert_eq!(bench.lost(), [(ms(40), 1, LostReason::Dead)]);
    assert!(bench.heard(1).is_empty());
}

#[test]
fn a_reset_stays_behind_a_held_message() {
    let mut bench = connected();
    bench
        .keeper
        .verdicts
        .push((1, Request, Verdict::Hold(HoldId(1))));
    shout(&mut bench, 10, 1);
    bench.call(12, 0, Call::Close(0));
    bench.fault(40, Fault::Release { id: None });
    bench.run();
    assert_eq!(
        (arrivals(&bench), bench.resets(1)),
        (vec![(ms(40), 1)], vec![ms(40)])
    );
}

#[test]
fn a_message_that_does_not_survive_its_encoding_is_reported() {
    let config = WorldConfig {
        round_trip: true,
        ..WorldConfig::default()
    };
    let mut bench = Bench::with(2, 1, config);
    bench.call(0, 0, Call::Connect(NodeId(1)));
    shout(&mut bench, 10, 5);
    bench.run_until(ms(19));
    assert_eq!(bench.world.round_trip_error(), None);
    shout(&mut bench, 20, 666);
    shout(&mut bench, 30, 666);
    bench.run();
    let error = bench
        .world
        .round_trip_error()
        .expect("666 does not survive");
    let step = bench
        .keeper
        .seen
        .iter()
        .find(|seen| seen.no == error.step)
        .expect("a step");
    assert_eq!(
        (error.node, step.head.map(|head| head.digest)),
        (NodeId(1), Some(666))
    );
    assert!(step.at < ms(30));
}

/// Answers every choice with the same number.
struct Always(u32, SeededOracle);

impl Oracle for Always {
    fn draw(&mut self, label: Label, range: std::ops::RangeInclusive<u64>) -> u64 {
        self.1.draw(label, range)
    }

    fn choose(&mut self, _: Label, n: u32) -> u32 {
        self.0.min(n - 1)
    }
}

fn explored(choice: u32, explore: Explore) -> Bench {
    let link = LinkSettings::latency(MS, MS);
    let config = WorldConfig {
        link,
        explore: Some(explore),
        ..WorldConfig::default()
    };
    let mut bench = Bench::with(3, 1, config);
    for node in [0, 1] {
        bench.call(0, node, Call::Connect(NodeId(2)));
        for id in 1..=2 {
            let id = u64::from(node) * 10 + id;
            bench.call(10, node, Call::Send(0, Message::Shout { id }));
        }
    }
    let mut oracle = Always(choice, SeededOracle::new(1));
    let (mut act, world, keeper) = (Vec::new(), &mut bench.world, &mut bench.keeper);
    while world.step(&mut oracle, keeper, &mut act) {}
    bench
}

#[test]
fn the_oracle_chooses_the_order_of_deliveries_but_not_within_a_stream() {
    let explore = Explore {
        window: MS,
        width: 2,
        faults: false,
    };
    assert_eq!(explored(0, explore).heard(2), [1, 2, 11, 12]);
    assert_eq!(explored(1, explore).heard(2), [11, 1, 12, 2]);
    let narrow = Explore {
        width: 1,
        ..explore
    };
    assert_eq!(explored(1, narrow).heard(2), [1, 2, 11, 12]);
}

#[test]
fn the_oracle_may_drop_and_double_messages() {
    let explore = Explore {
        window: Span::ZERO,
        width: 0,
        faults: true,
    };
    assert!(explored(1, explore).heard(2).is_empty());
    let doubled = explored(2, explore).heard(2);
    assert_eq!(doubled.len(), 8);
}
