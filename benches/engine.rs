//! What the engine costs: a step, a snapshot, a fork, a way back, on nodes that do next to
//! nothing, beside the bare loop that is the yardstick (`kafkalab bench` tells the ratio).
//!
//! The nodes ask each other without end: a request with a draw, a timer and a note, an answer.
//! `cargo bench --bench engine`.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    missing_docs,
    reason = "measures real time; the macros of the harness have no docs"
)]

#[allow(
    clippy::float_arithmetic,
    dead_code,
    unused_imports,
    reason = "the harness keeps the time itself, and runs no unit tests"
)]
#[path = "../src/app/cli/bench/rawloop.rs"]
mod rawloop;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use kafkalab::sim::{
    Canonical, ConnId, CostModel, Ctx, Disk, Envelope, Input, InputKind, LinkSettings, MessageKind,
    NodeId, SeededOracle, Span, StateMachine, TraceHash, Vocabulary, World, WorldConfig,
};
use rawloop::RawLoop;
use std::hint::black_box;

const NODES: u16 = 8;
/// Requests that each node has under way on each of its connections.
const PIPELINE: u64 = 2;
const STEPS: u64 = 1_024;
/// Steps between two snapshots, as a timeline takes them.
const SNAPSHOT_EVERY: u64 = 2_048;

#[derive(Clone, Copy, Debug)]
struct Words;

/// About as large as an event of the bare loop.
#[derive(Clone, Debug)]
struct Message {
    id: u64,
    payload: [u64; 12],
}

#[derive(Clone, Copy, Debug)]
struct Heard(u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Timeout;

#[derive(Clone, Copy)]
struct Code(u8);

impl From<Code> for u8 {
    fn from(code: Code) -> u8 {
        code.0
    }
}

impl Canonical for Heard {
    fn canonical(&self, hash: &mut TraceHash) {
        hash.word(self.0);
    }
}

impl Canonical for Timeout {
    fn canonical(&self, hash: &mut TraceHash) {
        hash.word(0);
    }
}

impl Vocabulary for Words {
    type Message = Message;
    type Call = ();
    type Outcome = ();
    type Note = Heard;
    type Timer = Timeout;
    type Purpose = Code;
    type Work = Code;

    fn digest(message: &Message) -> u64 {
        message.id
    }

    fn size(_: &Message, _: i16) -> u64 {
        104
    }

    fn round_trip(_: &Message, _: i16) -> Result<(), String> {
        Ok(())
    }
}

/// A node that asks and answers.
#[derive(Clone)]
struct Peer {
    conns: Vec<ConnId>,
    words: [u64; 16],
}

impl Peer {
    fn ask(&self, message: Message, ctx: &mut Ctx<'_, Words>) {
        let last = self.conns.len() as u64 - 1;
        let conn = ctx.draw(Code(64), 0, 0..=last) as usize;
        ctx.request(self.conns[conn], 0, message);
        ctx.arm_after(Span::from_millis(100), Timeout);
    }

    fn hear(&mut self, envelope: Envelope<Words>, ctx: &mut Ctx<'_, Words>) {
        let Message { id, mut payload } = *envelope.body;
        let word = &mut self.words[id as usize % 16];
        *word = word.wrapping_add(payload[0]).rotate_left(5) ^ id;
        payload[0] = *word;
        ctx.note(Heard(id));
        match envelope.kind {
            MessageKind::Request => {
                ctx.spend(Code(0), 104);
                ctx.respond(envelope.conn, envelope.corr, 0, Message { id, payload });
            }
            MessageKind::Response => self.ask(
                Message {
                    id: id + 1,
                    payload,
                },
                ctx,
            ),
        }
    }
}

impl StateMachine for Peer {
    type V = Words;
    type Config = ();

    fn boot((): &(), ctx: &mut Ctx<'_, Words>) -> Self {
        let me = ctx.node();
        let others = (0..NODES).map(NodeId).filter(|node| *node != me);
        let conns = others.map(|node| ctx.connect(node)).collect();
        let peer = Peer {
            conns,
            words: [0; 16],
        };
        for id in 0..PIPELINE * u64::from(NODES - 1) {
            let id = u64::from(me.0) << 32 | id << 24;
            peer.ask(
                Message {
                    id,
                    payload: [id; 12],
                },
                ctx,
            );
        }
        peer
    }

    fn handle(&mut self, input: Input<Words>, ctx: &mut Ctx<'_, Words>) {
        if let Input::Deliver(envelope) = input {
            self.hear(envelope, ctx);
        }
    }
}

/// A World and its oracle.
#[derive(Clone)]
struct Bench {
    world: World<Peer>,
    oracle: SeededOracle,
}

impl Bench {
    fn new() -> Self {
        let mut cost = CostModel::free();
        cost.set_base(InputKind::Request, Span::from_micros(5));
        cost.set_rate(0, 1, 4);
        let link = LinkSettings::latency(Span::from_micros(500), Span::from_micros(1_500));
        let mut world = World::new(WorldConfig {
            link,
            cost,
            ..WorldConfig::default()
        });
        for _ in 0..NODES {
            world.add_node((), Disk::new());
        }
        let oracle = SeededOracle::new(7);
        let mut bench = Bench { world, oracle };
        bench.run(10_000);
        bench
    }

    fn run(&mut self, steps: u64) -> u64 {
        let mut act = Vec::new();
        for _ in 0..steps {
            let stepped = self.world.step(&mut self.oracle, &mut (), &mut act);
            assert!(stepped, "the nodes ask without end");
        }
        self.world.trace_hash()
    }
}

fn step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("step");
    group.throughput(Throughput::Elements(STEPS));
    let mut bench = Bench::new();
    group.bench_function("engine", |bencher| bencher.iter(|| bench.run(STEPS)));
    let mut raw = RawLoop::new(7);
    group.bench_function("bare-loop", |bencher| bencher.iter(|| raw.run(STEPS)));
    group.finish();
}

fn snapshot(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("snapshot");
    let mut bench = Bench::new();
    group.bench_function("take", |bencher| bencher.iter(|| black_box(bench.clone())));
    // The snapshot is kept while the run goes on, so that what changes is copied.
    group.throughput(Throughput::Elements(SNAPSHOT_EVERY));
    group.bench_function("every-2048-steps", |bencher| {
        bencher.iter(|| {
            let kept = bench.clone();
            bench.run(SNAPSHOT_EVERY);
            kept
        });
    });
    group.finish();
}

fn fork(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fork");
    let bench = Bench::new();
    for steps in [1, 64] {
        group.bench_function(format!("and-{steps}-steps"), |bencher| {
            let fork = || bench.clone();
            bencher.iter_batched(fork, |mut fork| fork.run(steps), BatchSize::SmallInput);
        });
    }
    group.finish();
}

/// Back by one step from the worst place: the last step before the next snapshot.
fn rewind(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rewind");
    let snapshot = Bench::new();
    let target = snapshot.clone().run(SNAPSHOT_EVERY - 2);
    group.bench_function("one-step-at-worst", |bencher| {
        bencher.iter(|| {
            let mut back = snapshot.clone();
            assert_eq!(
                back.run(SNAPSHOT_EVERY - 2),
                target,
                "the way back is the way there"
            );
            back
        });
    });
    group.finish();
}

criterion_group!(benches, step, snapshot, fork, rewind);
criterion_main!(benches);
