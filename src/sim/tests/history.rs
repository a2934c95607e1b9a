//! Histories: determinism, hashes, snapshots, rewinding, observers, streams of chance.

use super::bench::*;
use super::chaos::*;
use super::toy::*;
use crate::sim::*;
use proptest::prelude::*;

/// Counts steps, and hashes what it sees.
#[derive(Default)]
struct Witness {
    steps: u64,
    messages: u64,
}

impl Observer<Program> for Witness {
    fn see(&mut self, world: &World<Program>, record: &StepRecord<'_, Toy>) {
        self.steps += 1;
        self.messages += u64::from(record.message.is_some());
        assert_eq!(world.step_no(), record.no);
    }

    fn watches(&self, _: &Envelope<Toy>) -> bool {
        true
    }
}

fn hashes(bench: &Bench) -> (u64, u64) {
    (bench.world.trace_hash(), bench.world.state_hash())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_same_seed_gives_the_same_history(story in story(), seed: u64) {
        let (mut one, mut other) = (stage(&story, seed, None), stage(&story, seed, None));
        one.run_until(ms(60));
        other.run_until(ms(60));
        prop_assert_eq!(hashes(&one), hashes(&other));
        prop_assert_eq!(one.keeper.seen, other.keeper.seen);
    }

    #[test]
    fn a_fork_goes_its_own_way_and_leaves_the_original_alone(story in story(), at in 0u64..50) {
        let mut whole = stage(&story, 5, None);
        whole.run_until(ms(60));
        let mut bench = stage(&story, 5, None);
        bench.run_until(ms(at));
        let mut fork = bench.clone();
        fork.fault(at, Fault::PowerOff { node: NodeId(0), tail: Tail::Lost });
        fork.call(at, 1, Call::Append(b"other bytes"));
        fork.run_until(ms(60));
        bench.run_until(ms(60));
        prop_assert_eq!(hashes(&bench), hashes(&whole));
    }

    #[test]
    fn observers_change_nothing(story in story(), seed: u64) {
        let mut alone = stage(&story, seed, None);
        alone.run_until(ms(60));
        let mut watched = stage(&story, seed, None);
        let (mut witness, mut act) = (Witness::default(), Vec::new());
        let Bench { world, oracle, keeper, .. } = &mut watched;
        let before = world.step_no().0;
        while world.step_until(ms(60), oracle, keeper, &mut act, &mut witness) {}
        world.advance_to(ms(60));
        prop_assert_eq!(hashes(&watched), hashes(&alone));
        prop_assert_eq!(witness.steps + before, alone.world.step_no().0);
        let heads = alone.keeper.seen.iter().filter(|step| step.head.is_some()).count();
        prop_assert_eq!(witness.messages, heads as u64);
    }

    #[test]
    fn rewinding_and_replaying_are_equal(
        story in story(), seed: u64, backs in prop::collection::vec(0u64..400, 1..5),
        explored: bool,
    ) {
        let explore = explored.then_some(Explore { window: MS, width: 3, faults: true });
        let Bench { world, mut oracle, keeper, .. } = stage(&story, seed, explore);
        let mut plain = (world.clone(), keeper.clone());
        let mut trail = vec![(plain.0.trace_hash(), plain.0.state_hash())];
        let begin = plain.0.step_no().0;
        let mut act = Vec::new();
        while plain.0.step_until(ms(60), &mut oracle, &mut plain.1, &mut act, &mut ()) {
            trail.push((plain.0.trace_hash(), plain.0.state_hash()));
        }
        let budget = SnapshotBudget { every: 16, count: 5, ..SnapshotBudget::default() };
        let mut timeline = Timeline::with_budget(world, keeper, budget);
        while timeline.forward(ms(60), &mut oracle, &mut ()) {}
        for back in &backs {
            let step = begin + back % trail.len() as u64;
            prop_assert!(timeline.back_to(StepNo(step), &mut oracle));
            let world = timeline.world();
            let expected = trail[(step - begin) as usize];
            prop_assert_eq!((world.trace_hash(), world.state_hash()), expected);
            prop_assert_eq!(timeline.driver().seen.len() as u64, step);
            while timeline.forward(ms(60), &mut oracle, &mut ()) {}
            prop_assert_eq!(timeline.world().trace_hash(), plain.0.trace_hash());
            prop_assert_eq!(&timeline.driver().seen, &plain.1.seen);
        }
        // Anywhere from anywhere, back or forth. What happens without a step behind the last one
        // has happened already: from the beginning, then.
        prop_assert!(timeline.back_to(StepNo(begin), &mut oracle));
        for goal in &backs {
            let step = begin + goal % trail.len() as u64;
            prop_assert!(timeline.go_to(StepNo(step), &mut oracle));
            let world = timeline.world();
            let expected = trail[(step - begin) as usize];
            prop_assert_eq!((world.trace_hash(), world.state_hash()), expected);
            prop_assert_eq!(timeline.driver().seen.len() as u64, step);
        }
        prop_assert!(timeline.snapshot_steps().count() <= 5);
    }

    #[test]
    fn a_recorded_schedule_replays_the_history(story in story(), seed: u64, other: u64) {
        let explore = Some(Explore { window: MS, width: 3, faults: true });
        let Bench { mut world, mut keeper, .. } = stage(&story, seed, explore);
        let (mut again, mut second) = (world.clone(), keeper.clone());
        let mut act = Vec::new();
        let mut recording = RecordingOracle::new(seed, Whim(SeededOracle::new(other)));
        while world.step_until(ms(60), &mut recording, &mut keeper, &mut act, &mut ()) {}
        let mut replay = ReplayOracle::new(recording.schedule().clone());
        while again.step_until(ms(60), &mut replay, &mut second, &mut act, &mut ()) {}
        prop_assert_eq!(world.trace_hash(), again.trace_hash());
    }
}

fn busy_bench(seed: u64) -> Bench {
    let mut bench = Bench::with(3, seed, WorldConfig::default());
    for node in 0..2 {
        bench.call(0, node, Call::Connect(NodeId(2)));
        for id in 0..20 {
            bench.call(id, node, Call::Send(0, echo(id)));
        }
    }
    bench
}

#[test]
fn another_seed_gives_another_history() {
    let hash = |seed| {
        let mut bench = busy_bench(seed);
        bench.run();
        bench.world.trace_hash()
    };
    assert_ne!(hash(1), hash(2));
    assert_eq!(hash(1), hash(1));
}

#[test]
fn a_draw_of_a_new_purpose_or_subject_changes_no_other() {
    let story = |extra: bool| {
        let mut bench = busy_bench(7);
        for at in 0..20 {
            if extra {
                bench.call(
                    at,
                    0,
                    Call::Draw {
                        purpose: 65,
                        subject: 0,
                    },
                );
                bench.call(
                    at,
                    0,
                    Call::Draw {
                        purpose: 64,
                        subject: 9,
                    },
                );
            }
            bench.call(
                at,
                0,
                Call::Draw {
                    purpose: 64,
                    subject: 0,
                },
            );
        }
        bench.run();
        let drawn = bench
            .notes(0)
            .into_iter()
            .filter_map(|(at, note)| match note {
                Note::Drew { value } => Some((at, value)),
                _ => None,
            });
        let drawn: Vec<_> = drawn.collect();
        let messages = bench
            .keeper
            .seen
            .iter()
            .filter_map(|seen| Some((seen.at, seen.head?)));
        (drawn, messages.collect::<Vec<_>>())
    };
    let (drawn, messages) = story(false);
    let (with_extra, same_messages) = story(true);
    assert_eq!(messages, same_messages);
    let kept: Vec<_> = with_extra.iter().skip(2).step_by(3).copied().collect();
    assert_eq!(drawn, kept);
}

#[test]
fn another_machine_changes_no_draw_of_the_others() {
    let arrivals = |nodes| {
        let mut bench = Bench::with(nodes, 3, WorldConfig::default());
        bench.call(0, 0, Call::Connect(NodeId(1)));
        (0..9).for_each(|id| {
            bench.call(id, 0, Call::Send(0, echo(id)));
        });
        if nodes > 2 {
            bench.call(0, 2, Call::Connect(NodeId(1)));
            bench.call(3, 2, Call::Send(0, echo(99)));
        }
        bench.run();
        bench.notes(0)[1..]
            .iter()
            .map(|(at, _)| *at)
            .collect::<Vec<_>>()
    };
    assert_eq!(arrivals(2), arrivals(3));
}

#[test]
fn an_intervention_is_taken_again_and_begins_another_future() {
    let Bench {
        world,
        mut oracle,
        keeper,
        ..
    } = busy_bench(1);
    let budget = SnapshotBudget {
        every: 4,
        ..SnapshotBudget::default()
    };
    let mut timeline = Timeline::with_budget(world, keeper, budget);
    while timeline.forward(Time::NEVER, &mut oracle, &mut ()) {}
    let (end, first) = (timeline.world().step_no(), timeline.world().trace_hash());
    assert!(timeline.back_to(StepNo(20), &mut oracle));
    timeline.intervene(Fault::Crash { node: NodeId(2) });
    assert!(timeline.forward(Time::NEVER, &mut oracle, &mut ()));
    assert!(!timeline.world().is_up(NodeId(2)));
    while timeline.forward(Time::NEVER, &mut oracle, &mut ()) {}
    let second = timeline.world().trace_hash();
    assert_ne!(first, second);
    assert!(timeline.back_to(StepNo(10), &mut oracle));
    assert!(timeline.world().is_up(NodeId(2)));
    while timeline.forward(Time::NEVER, &mut oracle, &mut ()) {}
    assert_eq!(timeline.world().trace_hash(), second);
    assert!(!timeline.back_to(StepNo(1_000_000), &mut oracle));
    assert!(
        !timeline.back_to(StepNo(0), &mut oracle),
        "the timeline began after the boots"
    );
    assert!(end > StepNo(20));
}

#[test]
fn an_intervention_that_makes_no_step_is_taken_once() {
    let Bench {
        mut world,
        mut oracle,
        ..
    } = Bench::new(1);
    let node = NodeId(0);
    world.schedule(ms(1), Fault::Pause { node });
    world.schedule(ms(9), Fault::Resume { node });
    let mut timeline = Timeline::new(world, Keeper::default());
    assert!(timeline.forward(ms(5), &mut oracle, &mut ()));
    let call = Call::Draw {
        purpose: 64,
        subject: 0,
    };
    timeline.intervene(Action::Call {
        node,
        id: CallId(1),
        call,
    });
    for _ in 0..3 {
        assert!(!timeline.forward(ms(5), &mut oracle, &mut ()));
    }
    while timeline.forward(Time::NEVER, &mut oracle, &mut ()) {}
    let calls = timeline
        .driver()
        .seen
        .iter()
        .filter(|seen| !seen.outcomes.is_empty());
    assert_eq!(calls.map(|seen| seen.at).collect::<Vec<_>>(), [ms(9)]);
}

/// Hashes are compared across releases: an encoding that gives this history another hash needs
/// another `TraceHash::VERSION`. The value was taken from version 1 itself.
#[test]
fn the_trace_hash_of_a_known_history_is_known() {
    let mut bench = busy_bench(42);
    bench.call(3, 2, Call::Arm(MS, 1));
    bench.call(5, 2, Call::Sync(1));
    bench.fault(8, Fault::Crash { node: NodeId(1) });
    bench.run();
    assert_eq!(
        (TraceHash::VERSION, bench.world.trace_hash()),
        (1, 0x5f73613302b9af17)
    );
}

#[test]
fn snapshots_thin_out_towards_the_past() {
    let Bench {
        mut world,
        mut oracle,
        ..
    } = Bench::new(1);
    let call = Action::Call {
        node: NodeId(0),
        id: CallId(1),
        call: Call::Tick(MS, 1),
    };
    world.schedule(Time::ZERO, call);
    let budget = SnapshotBudget {
        every: 8,
        count: 10,
        bytes: 1 << 30,
    };
    let mut timeline = Timeline::with_budget(world.clone(), (), budget);
    assert!(timeline.forward_to(StepNo(4_000), &mut oracle));
    let steps: Vec<u64> = timeline.snapshot_steps().map(|step| step.0).collect();
    assert_eq!((steps.len(), steps[0], steps[9]), (10, 1, 4_000));
    assert!(steps[9] - steps[8] < steps[2] - steps[1], "{steps:?}");
    let budget = SnapshotBudget {
        every: 8,
        count: 1_000,
        bytes: 20_000,
    };
    let mut small = Timeline::with_budget(world, (), budget);
    assert!(small.forward_to(StepNo(4_000), &mut oracle));
    assert!(small.snapshot_bytes() <= 20_000 && small.snapshot_steps().count() > 2);
}

#[test]
fn the_state_hash_forgets_how_and_when() {
    let state = |at: u64, noisy: bool| {
        let mut bench = Bench::new(2);
        if noisy {
            bench.call(
                at,
                0,
                Call::Draw {
                    purpose: 64,
                    subject: 0,
                },
            );
        }
        bench.call(at, 0, Call::Arm(Span::from_millis(30), 1));
        bench.run_until(ms(at));
        bench.world.state_hash()
    };
    assert_eq!(state(5, false), state(9, true));
    let mut bench = Bench::new(2);
    let before = bench.world.state_hash();
    bench.call(0, 0, Call::Append(b"x"));
    bench.run();
    assert_ne!(bench.world.state_hash(), before);
}
