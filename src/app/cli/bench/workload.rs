//! The workloads that are measured: scenarios like any other.

use crate::kafka::vocabulary::{Kafka, Salience};
use crate::lab::cluster::{KafkaWorld, Node, View, Voice};
use crate::lab::scenario::run::{Finished, Options, Plan, Run, Session};
use crate::lab::scenario::{Scenario, parse};
use crate::lab::text::{Lang, sentence};
use crate::sim::{Observer, SeededOracle, StepNo, StepRecord, Time, Timeline, TraceHash};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

/// A leader failure: what a person runs first.
pub(super) const SMALL: &str = r#"
format = 1
kafka = "4.3"
seed = 1
title = { en = "bench", zh = "bench" }
[cluster]
brokers = 3
controllers = 3
[[topic]]
name = "t"
partitions = 1
replication = 3
[[producer]]
name = "p"
[[step]]
at = "100ms"
send = { from = "p", topic = "t", value = "r{n}", count = 20, every = "50ms" }
[[step]]
id = "crash"
at = "600ms"
crash = { leader = "t-0" }
[[expect]]
always = "acked-not-lost"
"#;

/// What a producer of the bench asks for: a request, its replication and its answer take about
/// 2.2 ms of virtual time, and a broker reads one request of a connection at a time.
const REQUESTS_PER_SECOND: u32 = 400;

/// What a run took.
pub(super) struct Measured {
    steps: u64,
    records: u64,
    virtual_seconds: f64,
    pub(super) seconds: f64,
}

impl Measured {
    pub(super) fn steps_per_second(&self) -> f64 {
        self.steps as f64 / self.seconds
    }

    pub(super) fn records_per_second(&self) -> f64 {
        self.records as f64 / self.seconds
    }

    pub(super) fn virtual_per_second(&self) -> f64 {
        self.virtual_seconds / self.seconds
    }
}

/// The workloads.
pub(super) struct Bench;

impl Bench {
    /// `records` of 100 bytes, `batch` a request, acks=all, invariants on.
    pub(super) fn produce(records: u32, batch: u32) -> Measured {
        Self::produce_with(records, batch, true, false)
    }

    pub(super) fn produce_with(
        records: u32,
        batch: u32,
        check: bool,
        round_trip: bool,
    ) -> Measured {
        let text = producing(records, batch);
        measure(
            &text,
            &Options {
                check,
                round_trip,
                ..Options::default()
            },
        )
    }

    /// The run of `produce` while every step is hashed a second time, and while its notes are put
    /// into words.
    pub(super) fn watched(records: u32) -> (Measured, Measured) {
        let (text, options) = (producing(records, 1), Options::default());
        let plan = Plan::new(parsed(&text));
        (
            observed(&text, &options, &mut Hashing::default()),
            observed(&text, &options, &mut Telling(plan)),
        )
    }

    /// Nothing but heartbeats and empty fetches.
    pub(super) fn idle(seconds: u32) -> Measured {
        let text = scenario(&format!("[end]\nat = \"{seconds}s\"\n"));
        measure(&text, &Options::default())
    }

    /// So many records a second.
    pub(super) fn rate(per_second: u32, seconds: u32) -> Measured {
        let text = scenario(&format!(
            "[[producer]]\nname = \"p\"\n[[step]]\nat = \"10ms\"\n\
             load = {{ from = \"p\", topic = \"t\", rate = \"{per_second}/s\", \
             for = \"{seconds}s\", size = 100 }}\n"
        ));
        measure(&text, &Options::default())
    }

    /// Microseconds to copy a World with its driver, and to make the first step of the copy.
    pub(super) fn fork() -> (f64, f64) {
        let (mut timeline, mut oracle) = timeline();
        while timeline.world().step_no() < StepNo(20_000)
            && timeline.forward(Time::NEVER, &mut oracle, &mut ())
        {}
        let times = 200;
        let began = Instant::now();
        let copies: Vec<_> = (0..times)
            .map(|_| (timeline.world().clone(), timeline.driver().clone()))
            .collect();
        let fork = began.elapsed().as_secs_f64() * 1e6 / f64::from(times);
        let began = Instant::now();
        for (mut world, mut driver) in copies {
            world.step(&mut oracle, &mut driver, &mut Vec::new());
        }
        (fork, began.elapsed().as_secs_f64() * 1e6 / f64::from(times))
    }

    /// Milliseconds to go one step back, the worst of twenty places in 100,000 steps.
    pub(super) fn step_back() -> Option<f64> {
        let (mut timeline, mut oracle) = timeline();
        while timeline.world().step_no() < StepNo(100_000)
            && timeline.forward(Time::NEVER, &mut oracle, &mut ())
        {}
        let end = timeline.world().step_no().0;
        let mut worst: f64 = 0.0;
        for place in (1..=20).rev() {
            let target = StepNo(end * place / 20 - 1);
            let began = Instant::now();
            if !timeline.back_to(target, &mut oracle) {
                return None;
            }
            worst = worst.max(began.elapsed().as_secs_f64() * 1e3);
        }
        Some(worst)
    }
}

fn scenario(rest: &str) -> String {
    format!(
        "format = 1\nkafka = \"4.3\"\nseed = 1\ntitle = {{ en = \"bench\", zh = \"bench\" }}\n\
         [cluster]\nbrokers = 3\ncontrollers = 3\n[cost]\nrequest = \"0ns\"\n\
         [[topic]]\nname = \"t\"\npartitions = 1\nreplication = 3\n{rest}"
    )
}

fn producing(records: u32, batch: u32) -> String {
    // The rate is a little below what one connection carries, so that no queue grows: memory
    // first touched is no part of a step. A batch holds `batch` records of 100 bytes.
    let bytes = if batch == 1 { 1 } else { 61 + batch * 110 };
    let rate = REQUESTS_PER_SECOND * batch;
    let ms = u64::from(records) * 1_000 / u64::from(rate);
    scenario(&format!(
        "[[producer]]\nname = \"p\"\nconfig = {{ \"batch.size\" = {bytes}, \"linger.ms\" = 1000 }}\n\
         [[step]]\nat = \"10ms\"\n\
         load = {{ from = \"p\", topic = \"t\", rate = \"{rate}/s\", for = \"{ms}ms\", \
         size = 100 }}\n"
    ))
}

fn parsed(text: &str) -> Scenario {
    match parse(text) {
        Ok(parsed) => parsed.main,
        Err(problems) => unreachable!("a workload of the bench is sound: {problems:?}"),
    }
}

fn measure(text: &str, options: &Options) -> Measured {
    observed(text, options, &mut ())
}

/// From power-on to the end of the run; the judgement after it is no part of the workload.
fn observed(text: &str, options: &Options, observer: &mut dyn Observer<Node>) -> Measured {
    let began = Instant::now();
    let mut session = Session::new(&parsed(text), options);
    while session.step(observer) {}
    let seconds = began.elapsed().as_secs_f64();
    let Finished { run, report, .. } = session.finish("main");
    Measured {
        steps: report.steps.0,
        records: run.records().sent_count() as u64,
        virtual_seconds: (report.virtual_ms.0 + report.virtual_ms.1) as f64 / 1e3,
        seconds,
    }
}

/// Hashes every step once more.
#[derive(Default)]
struct Hashing(TraceHash);

impl Observer<Node> for Hashing {
    fn see(&mut self, _: &KafkaWorld, record: &StepRecord<'_, Kafka>) {
        record.canonical(&mut self.0);
    }
}

/// Says every note at or above `Detail` in words, as a story does, and keeps none.
struct Telling(Plan);

impl Observer<Node> for Telling {
    fn see(&mut self, world: &KafkaWorld, record: &StepRecord<'_, Kafka>) {
        let Some(node) = record.node else { return };
        let voice = Voice::now(View::new(world, &self.0.names));
        for note in record.notes {
            if note.kind().salience() >= Salience::Detail {
                black_box(sentence(note, node, &voice, Lang::En));
            }
        }
    }
}

fn timeline() -> (Timeline<Node, Run>, SeededOracle) {
    let text = scenario(
        "[[producer]]\nname = \"p\"\n[[step]]\nat = \"10ms\"\n\
         load = { from = \"p\", topic = \"t\", rate = \"100/s\", for = \"600s\", size = 100 }\n",
    );
    let plan = Arc::new(Plan::new(parsed(&text)));
    let oracle = SeededOracle::new(plan.scenario.seed);
    let (world, _) = plan.cluster.build();
    (Timeline::new(world, Run::new(plan, true)), oracle)
}
