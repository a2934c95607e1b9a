//! Stories in which anything may happen to a World of three toys.

use super::bench::*;
use super::toy::*;
use crate::sim::*;
use proptest::prelude::*;

/// What may happen to a World of three toys.
#[derive(Clone, Debug)]
pub(super) enum Chaos {
    Connect(u16, u16),
    Send(u16, usize, Message),
    Close(u16, usize),
    Answer(u16),
    Tick(u16),
    Append(u16),
    Fault(Fault),
    Judge(u64, Verdict),
}

fn node() -> impl Strategy<Value = u16> {
    0u16..3
}

fn message() -> impl Strategy<Value = Message> {
    let id = 0u64..30;
    (id, 0u8..4).prop_map(|(id, kind)| match kind {
        0 => Message::Echo { id, work: id % 3 },
        1 => Message::Park { id },
        2 => Message::Shout { id },
        _ => Message::Store { id },
    })
}

fn fault() -> impl Strategy<Value = Fault> {
    let node = || node().prop_map(NodeId);
    prop_oneof![
        node().prop_map(|node| Fault::Crash { node }),
        node().prop_map(|node| Fault::PowerOff {
            node,
            tail: Tail::Drawn
        }),
        (node(), any::<bool>()).prop_map(|(node, wipe)| Fault::Start { node, wipe }),
        node().prop_map(|node| Fault::Pause { node }),
        node().prop_map(|node| Fault::Resume { node }),
        (node(), node(), any::<bool>()).prop_map(|(from, to, both)| {
            Fault::Cut(Cut {
                id: CutId(1),
                from: vec![from],
                to: vec![to],
                both,
            })
        }),
        Just(Fault::Heal { id: None }),
        (node(), -9_000i64..9_000).prop_map(|(node, ms)| Fault::ClockJump { node, ms }),
        (node(), -90_000i32..90_000).prop_map(|(node, ppm)| Fault::ClockDrift { node, ppm }),
        Just(Fault::Release { id: None }),
        (node(), node(), 0u32..200_000).prop_map(|(from, to, ratio)| {
            let latency = Some((Span::from_micros(10), Span::from_millis(4)));
            let ratio = Some(ratio);
            let change = LinkChange {
                latency,
                loss: ratio,
                duplicate: ratio,
                reorder: ratio,
                bandwidth: Some(700_000),
            };
            Fault::SetLink {
                from,
                to,
                change,
                both: false,
            }
        }),
        (node(), 50u32..400).prop_map(|(node, percent)| {
            Fault::Slow {
                node,
                percent,
                each: Span::from_micros(5),
            }
        }),
    ]
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        Just(Verdict::Drop),
        Just(Verdict::Hold(HoldId(1))),
        Just(Verdict::Duplicate),
        Just(Verdict::Delay(Span::from_millis(3))),
    ]
}

fn chaos() -> impl Strategy<Value = Chaos> {
    prop_oneof![
        3 => (node(), node()).prop_map(|(a, b)| Chaos::Connect(a, b)),
        9 => (node(), 0usize..4, message()).prop_map(|(a, c, m)| Chaos::Send(a, c, m)),
        1 => (node(), 0usize..4).prop_map(|(a, c)| Chaos::Close(a, c)),
        2 => node().prop_map(Chaos::Answer),
        1 => node().prop_map(Chaos::Tick),
        1 => node().prop_map(Chaos::Append),
        3 => fault().prop_map(Chaos::Fault),
        1 => (0u64..30, verdict()).prop_map(|(id, verdict)| Chaos::Judge(id, verdict)),
    ]
}

pub(super) fn story() -> impl Strategy<Value = Vec<(u64, Chaos)>> {
    prop::collection::vec((0u64..40, chaos()), 0..80)
}

pub(super) fn stage(story: &[(u64, Chaos)], seed: u64, explore: Option<Explore>) -> Bench {
    let mut cost = CostModel::free();
    cost.set_rate(0, 700_000, 1);
    cost.set_base(InputKind::Request, Span::from_micros(50));
    let mut bench = Bench::with(
        3,
        seed,
        WorldConfig {
            cost,
            explore,
            ..WorldConfig::default()
        },
    );
    for (at, chaos) in story.iter().cloned() {
        match chaos {
            Chaos::Connect(node, to) => {
                bench.call(at, node, Call::Connect(NodeId(to)));
            }
            Chaos::Send(node, conn, message) => {
                bench.call(at, node, Call::Send(conn, message));
            }
            Chaos::Close(node, conn) => {
                bench.call(at, node, Call::Close(conn));
            }
            Chaos::Answer(node) => {
                bench.call(at, node, Call::AnswerAll);
            }
            Chaos::Tick(node) => {
                bench.call(at, node, Call::Tick(MS, 1));
            }
            Chaos::Append(node) => {
                bench.call(at, node, Call::Append(b"bytes"));
            }
            Chaos::Fault(fault) => bench.fault(at, fault),
            Chaos::Judge(id, verdict) => {
                bench
                    .keeper
                    .verdicts
                    .push((id, MessageKind::Request, verdict));
            }
        }
    }
    bench
}
