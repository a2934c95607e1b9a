//! Crash, power-off, start, halt, pause; disks and clocks of machines.

use super::bench::*;
use super::toy::*;
use crate::sim::*;

const NODE: NodeId = NodeId(1);

fn crash(node: NodeId) -> Fault {
    Fault::Crash { node }
}

fn start(node: NodeId) -> Fault {
    Fault::Start { node, wipe: false }
}

fn booted(bench: &Bench, node: u16) -> Vec<(Time, u64)> {
    let notes = bench.notes(node).into_iter();
    let journal = |(at, note)| match note {
        Note::Booted { journal } => Some((at, journal)),
        _ => None,
    };
    notes.filter_map(journal).collect()
}

#[test]
fn what_a_dead_node_had_sent_arrives_in_order_then_the_reset() {
    let mut bench = Bench::new(2);
    bench.call(0, 1, Call::Connect(NodeId(0)));
    bench.run_until(ms(9));
    for id in 1..=3 {
        bench.call(10, 1, Call::Send(0, Message::Shout { id }));
    }
    bench.fault(10, crash(NODE));
    bench.run();
    assert_eq!(
        (bench.heard(0), bench.resets(0)),
        (vec![1, 2, 3], vec![ms(11)])
    );
    assert!(!bench.world.is_up(NODE) && bench.world.node(NODE).is_none());
}

#[test]
fn an_answer_in_flight_to_a_node_that_rebooted_is_lost() {
    let mut bench = Bench::new(2);
    bench.call(0, 1, Call::Connect(NodeId(0)));
    bench.call(0, 1, Call::Send(0, echo(1)));
    bench.fault(1, crash(NODE));
    bench.fault(1, start(NODE));
    bench.run();
    assert_eq!(booted(&bench, 1), [(ms(0), 0), (ms(1), 0)]);
    assert_eq!(bench.lost(), [(ms(2), 1, LostReason::Dead)]);
    assert_eq!((bench.answers(1), bench.resets(1)), (vec![], vec![]));
    assert_eq!(bench.resets(0), [ms(2)]);
}

#[test]
fn requests_to_the_dead_are_lost_and_the_sender_is_reset_once() {
    let mut bench = Bench::new(2);
    bench.call(0, 0, Call::Connect(NODE));
    bench.fault(10, crash(NODE));
    bench.call(10, 0, Call::Send(0, echo(1)));
    bench.fault(10, start(NODE));
    bench.call(10, 0, Call::Send(0, echo(2)));
    bench.run();
    let dead = LostReason::Dead;
    assert_eq!(bench.lost(), [(ms(11), 1, dead), (ms(11), 2, dead)]);
    assert_eq!(bench.resets(0), [ms(11)]);
}

#[test]
fn a_half_open_connection_is_reset_by_the_next_message() {
    let mut bench = Bench::new(2);
    bench.call(0, 0, Call::Connect(NODE));
    let (from, to) = (vec![NODE], vec![NodeId(0)]);
    bench.fault(
        5,
        Fault::Cut(Cut {
            id: CutId(1),
            from,
            to,
            both: true,
        }),
    );
    bench.fault(6, crash(NODE));
    bench.fault(7, start(NODE));
    bench.fault(20, Fault::Heal { id: Some(CutId(1)) });
    bench.call(30, 0, Call::Send(0, echo(1)));
    bench.run();
    assert_eq!(bench.lost(), [(ms(31), 1, LostReason::Dead)]);
    assert_eq!(bench.resets(0), [ms(32)]);
}

#[test]
fn a_kill_before_the_departure_loses_what_had_not_departed() {
    let mut cost = CostModel::free();
    cost.set_rate(0, 1_000_000, 1);
    let mut bench = Bench::with_cost(2, cost);
    bench.call(0, 0, Call::Connect(NODE));
    bench.call(0, 0, Call::Send(0, Message::Echo { id: 1, work: 5 }));
    bench.call(0, 0, Call::Send(0, echo(2)));
    bench.fault(3, crash(NODE));
    bench.run();
    assert_eq!((bench.heard(1), bench.answers(0)), (vec![1], vec![]));
    assert_eq!(bench.lost(), [(ms(3), 2, LostReason::Dead)]);
    assert_eq!(bench.resets(0), [ms(4)]);
}

#[test]
fn what_waited_in_the_inbox_dies_with_the_program() {
    let mut bench = Bench::new(2);
    bench.call(0, 0, Call::Connect(NODE));
    bench.fault(0, Fault::Pause { node: NODE });
    bench.call(5, 0, Call::Send(0, echo(1)));
    let call = bench.call(6, 1, Call::Spend(1));
    bench.run_until(ms(10));
    assert!(bench.world.is_paused(NODE));
    assert_eq!(bench.world.in_flight().count(), 1);
    bench.fault(10, crash(NODE));
    bench.run();
    assert_eq!(bench.lost(), [(ms(10), 1, LostReason::Dead)]);
    let lost_call = bench
        .keeper
        .seen
        .iter()
        .filter(|seen| seen.call == Some(call));
    let kinds: Vec<_> = lost_call.map(|seen| seen.kind).collect();
    assert_eq!(kinds, [StepKind::Lost(LostReason::Dead)]);
}

#[test]
fn a_call_to_a_machine_that_is_down_is_lost() {
    let mut bench = Bench::new(2);
    bench.fault(1, crash(NODE));
    let call = bench.call(2, 1, Call::Spend(1));
    bench.run();
    let last = bench.keeper.seen.last().expect("there were steps");
    assert_eq!(
        (last.kind, last.call),
        (StepKind::Lost(LostReason::Dead), Some(call))
    );
}

#[test]
fn a_paused_node_goes_on_where_it_was() {
    let mut bench = Bench::new(2);
    bench.call(0, 0, Call::Connect(NODE));
    bench.call(0, 1, Call::Arm(Span::from_millis(6), 1));
    bench.fault(3, Fault::Pause { node: NODE });
    bench.call(4, 0, Call::Send(0, Message::Shout { id: 1 }));
    bench.call(6, 0, Call::Send(0, Message::Shout { id: 2 }));
    bench.fault(20, Fault::Resume { node: NODE });
    bench.run();
    let conn = ConnId(1);
    let notes = [
        (ms(20), Note::Heard { conn, id: 1 }),
        (
            ms(20),
            Note::Rang {
                timer: 1,
                mono: ms(20),
            },
        ),
        (ms(20), Note::Heard { conn, id: 2 }),
    ];
    assert_eq!(bench.notes(1)[1..], notes);
    assert!(bench.answers(0).is_empty());
}

#[test]
fn a_crash_empties_the_timers_and_keeps_what_was_written() {
    let mut bench = Bench::new(2);
    bench.call(1, 1, Call::Arm(Span::from_millis(50), 1));
    bench.call(2, 1, Call::Append(b"abcd"));
    bench.fault(3, crash(NODE));
    bench.fault(10, start(NODE));
    bench.run();
    assert_eq!(bench.notes(1)[1..], [(ms(10), Note::Booted { journal: 4 })]);
    assert_eq!(bench.world.incarnation(NODE), 2);
}

#[test]
fn a_power_off_keeps_what_was_synced_when_it_was_asked() {
    for (tail, left) in [(Tail::Lost, 4), (Tail::Kept, 12)] {
        let mut bench = Bench::new(2);
        bench.call(1, 1, Call::Append(b"abcd"));
        bench.call(2, 1, Call::Sync(1));
        bench.call(2, 1, Call::Append(b"efgh"));
        bench.call(4, 1, Call::Sync(2));
        bench.call(4, 1, Call::Append(b"ijkl"));
        bench.fault(4, Fault::PowerOff { node: NODE, tail });
        bench.fault(9, start(NODE));
        bench.run();
        let notes = [
            (ms(3), Note::Durable { id: 1 }),
            (ms(9), Note::Booted { journal: left }),
        ];
        assert_eq!(bench.notes(1)[1..], notes);
    }
}

#[test]
fn a_torn_tail_lies_between_synced_and_written_and_depends_on_the_seed() {
    let left = |seed, tail| {
        let mut bench = Bench::with(2, seed, WorldConfig::default());
        bench.call(1, 1, Call::Append(b"abcd"));
        bench.call(1, 1, Call::Sync(1));
        bench.call(4, 1, Call::Append(b"efghijklmnopqrst"));
        bench.fault(5, Fault::PowerOff { node: NODE, tail });
        bench.fault(9, start(NODE));
        bench.run();
        booted(&bench, 1)[1].1
    };
    for tail in [Tail::Torn, Tail::Drawn] {
        let lengths: Vec<u64> = (0..12).map(|seed| left(seed, tail)).collect();
        assert!(
            lengths.iter().all(|len| (4..=20).contains(len)),
            "{lengths:?}"
        );
        assert!(lengths.iter().any(|len| *len != lengths[0]), "{lengths:?}");
        assert_eq!(left(3, tail), left(3, tail));
    }
}

#[test]
fn a_wiped_machine_has_the_disk_it_came_with() {
    let mut bench = Bench::new(1);
    let mut disk = Disk::new();
    let file = disk.create(JOURNAL).expect("there is room");
    let bytes = bytes::Bytes::from_static(b"new");
    disk.append(
        file,
        Chunk {
            bytes,
            sound: false,
        },
    )
    .expect("there is room");
    bench.world.add_node((), disk);
    bench.call(1, 1, Call::Append(b"more"));
    bench.call(1, 1, Call::Sync(1));
    bench.fault(1, crash(NODE));
    bench.fault(
        1,
        Fault::Start {
            node: NODE,
            wipe: true,
        },
    );
    bench.call(1, 1, Call::Append(b"again"));
    let (percent, latency) = (700, None);
    bench.fault(
        1,
        Fault::DiskSlow {
            node: NODE,
            percent,
            latency,
        },
    );
    bench.call(1, 1, Call::Sync(2));
    bench.run_until(ms(7));
    assert_eq!(booted(&bench, 1), [(ms(0), 3), (ms(1), 3)]);
    let marks = |bench: &Bench| {
        let disk = bench.world.disk(NODE)?;
        let file = disk.open(JOURNAL)?;
        Some((disk.len(file), disk.synced_len(file)))
    };
    assert_eq!(marks(&bench), Some((8, 3)), "the old sync is nothing to it");
    bench.run();
    assert_eq!(marks(&bench), Some((8, 8)));
    assert_eq!(
        bench.notes(1).last(),
        Some(&(ms(8), Note::Durable { id: 2 }))
    );
}

#[test]
fn a_program_that_ends_by_itself_answers_and_syncs() {
    let mut cost = CostModel::free();
    cost.set_base(InputKind::Call, Span::from_millis(2));
    let mut bench = Bench::with_cost(2, cost);
    bench.call(0, 0, Call::Connect(NODE));
    bench.call(0, 0, Call::Send(0, park(1)));
    bench.call(10, 1, Call::Append(b"abcd"));
    bench.call(20, 1, Call::AnswerAll);
    bench.call(30, 1, Call::Halt);
    bench.fault(
        40,
        Fault::PowerOff {
            node: NODE,
            tail: Tail::Lost,
        },
    );
    bench.fault(50, start(NODE));
    bench.run();
    assert_eq!(bench.answers(0), [1]);
    assert_eq!(bench.resets(0), [ms(33)]);
    let halts = bench
        .keeper
        .seen
        .iter()
        .filter(|seen| seen.kind == StepKind::Halt);
    assert_eq!(halts.map(|seen| seen.at).collect::<Vec<_>>(), [ms(32)]);
    assert_eq!(booted(&bench, 1).last(), Some(&(ms(50), 4)));
}

#[test]
fn an_answer_that_waits_for_its_sync_is_slow_on_a_slow_disk() {
    let mut bench = Bench::new(2);
    bench.call(0, 0, Call::Connect(NODE));
    bench.call(0, 0, Call::Send(0, Message::Store { id: 1 }));
    bench.fault(
        5,
        Fault::DiskSlow {
            node: NODE,
            percent: 500,
            latency: None,
        },
    );
    bench.call(10, 0, Call::Send(0, Message::Store { id: 2 }));
    bench.fault(
        20,
        Fault::DiskFull {
            node: NODE,
            full: true,
        },
    );
    bench.call(20, 0, Call::Send(0, Message::Store { id: 3 }));
    bench.run();
    let conn = ConnId(1);
    let answered = [(3, 1), (17, 2), (27, 3)].map(|(at, id)| (ms(at), Note::Answered { conn, id }));
    assert_eq!(bench.notes(0)[1..], answered);
    assert!(bench.notes(1).contains(&(ms(21), Note::Full)));
    let disk = bench.world.disk(NODE).expect("the machine is there");
    assert_eq!(
        disk.open(JOURNAL).map(|file| disk.synced_len(file)),
        Some(16)
    );
}

#[test]
fn rot_is_found_by_who_reads() {
    let mut bench = Bench::new(2);
    bench.call(1, 1, Call::Append(b"abcd"));
    let (path, bytes) = (JOURNAL.to_owned(), vec![b'?']);
    bench.fault(
        2,
        Fault::DiskCorrupt {
            node: NODE,
            path,
            at: 1,
            bytes,
        },
    );
    bench.run();
    let disk = bench.world.disk(NODE).expect("the machine is there");
    let exported: Vec<_> = disk.export().collect();
    assert_eq!(exported, [(JOURNAL, bytes::Bytes::from_static(b"a?cd"))]);
}

#[test]
fn clocks_drift_jump_and_begin_anew_at_boot() {
    let mut bench = Bench::new(2);
    bench.call(100, 1, Call::Arm(Span::from_millis(100), 1));
    bench.call(100, 0, Call::Arm(Span::from_millis(100), 1));
    bench.fault(
        100,
        Fault::ClockDrift {
            node: NODE,
            ppm: 250_000,
        },
    );
    bench.fault(
        150,
        Fault::ClockJump {
            node: NODE,
            ms: -5_000,
        },
    );
    bench.run_until(ms(500));
    assert_eq!(
        bench.notes(1)[1..],
        [(
            ms(180),
            Note::Rang {
                timer: 1,
                mono: ms(200)
            }
        )]
    );
    assert_eq!(
        bench.notes(0)[1..],
        [(
            ms(200),
            Note::Rang {
                timer: 1,
                mono: ms(200)
            }
        )]
    );
    let wall = bench
        .world
        .clock(NODE)
        .expect("the machine is there")
        .wall_ms(ms(500));
    assert_eq!(wall, 1_767_225_600_000 + 600 - 5_000);
    bench.fault(500, crash(NODE));
    bench.fault(600, start(NODE));
    bench.call(600, 1, Call::Arm(Span::from_millis(10), 2));
    bench.run();
    assert_eq!(
        bench.notes(1).last(),
        Some(&(
            ms(608),
            Note::Rang {
                timer: 2,
                mono: ms(10)
            }
        ))
    );
}
