//! A run of a scenario: the [`Driver`] that takes a cluster to ready, fires what the script says,
//! judges what it claims, lets the run settle, and tells what happened.
//!
//! ```text
//! Prelude --ready--> Running --the end of the scenario--> Settling --quiet, or time is up--> Done
//!    `-- not ready in time, a place that is nobody --> Failed
//! ```
//!
//! | file | concern |
//! |---|---|
//! | `plan` | from a scenario to machines |
//! | `script` | which steps, narrations and questions are armed, and when they fire |
//! | `act` | what a step does |
//! | `tamper` | messages that are held, dropped, doubled, delayed |
//! | `draws` | `random`: what the seed draws |
//! | `eval`, `matching` | expressions and matchers |
//! | `near` | how near a trigger came that never fired |
//! | `expect` | expectations |
//! | `settle` | healing, quiet, the end |
//! | `counts` | how often each kind of note was emitted |
//! | `records`, `chronicle` | what applications did, what happened |
//! | `fate`, `loss` | what became of records; why they were lost |
//! | `availability` | how long partitions had no leader at work |
//! | `traced` | runs under the eyes of an observer; traces |
//! | `report`, `runner` | the outcome; running files, branches, seeds |

mod act;
mod availability;
mod chronicle;
mod counts;
mod draws;
mod eval;
mod expect;
mod fate;
mod loss;
mod matching;
mod near;
mod plan;
mod records;
mod report;
mod runner;
mod script;
mod sends;
mod settle;
mod tamper;
mod traced;

pub use counts::NoteCounts;
pub use eval::{Scope, Val};
pub use expect::Judged;
pub use fate::{Fate, RecordFate};
pub use loss::{Loss, LossFact, LossKind, acks_word};
pub use plan::Plan;
pub use records::{Ending, Received, Records, Sent};
pub use report::{PartitionEnd, Report};
pub use runner::{Finished, Options, Session, compare_branches, run, start};
pub use script::{Acted, Told};
pub use traced::{Moment, run_observed};

use crate::kafka::config::Acks;
use crate::kafka::vocabulary::{ClientNo, Kafka, NewTopic, Note};
use crate::lab::check::Checker;
use crate::lab::cluster::{ClientRef, KafkaWorld, Node, Prelude, Progress, View};
use crate::lab::scenario::model::EndWhen;
use crate::sim::{
    Action, CallId, Driver, Envelope, Fault, NodeId, Span, StepRecord, Time, Verdict,
};
use availability::Availability;
use chronicle::Chronicle;
use expect::Expectations;
use script::{Due, Script};
use std::sync::Arc;
use tamper::Rules;

/// Without an `[end]` a run goes on for this long after the last timed step.
const AFTER_LAST_STEP: Span = Span::from_secs(10);
/// A trigger that has not fired this long after the last timed step never will.
const PATIENCE: Span = Span::from_secs(120);

/// Where a run is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The cluster boots.
    Prelude,
    /// The script runs.
    Running,
    /// Faults are healed; the cluster comes to rest.
    Settling,
    /// Over.
    Done,
    /// It could not go on; why.
    Failed(String),
}

/// The driver of a run. Part of every snapshot.
#[derive(Clone)]
pub struct Run {
    plan: Arc<Plan>,
    phase: Phase,
    prelude: Prelude,
    ready_at: Time,
    ready_step: u64,
    last_timed: Time,
    ends_at: Option<Time>,
    /// The state was seen that the scenario ends with.
    end_was_reached: bool,
    settled: Option<bool>,
    next_call: u32,
    script: Script,
    rules: Rules,
    expectations: Expectations,
    records: Records,
    checker: Checker,
    notes: NoteCounts,
    chronicle: Chronicle,
    /// Bytes of all records that steps have sent.
    payload: u64,
    availability: Availability,
    /// Some producer has acks=0.
    promises_nothing: bool,
    /// Some trigger waits for a message.
    waits_for_messages: bool,
    /// Something in the script depends on states or notes.
    watches: bool,
    check: bool,
}

impl Run {
    /// A run of a plan; `check` false leaves the invariants out.
    pub fn new(plan: Arc<Plan>, check: bool) -> Self {
        let cluster = &plan.cluster;
        let machines = cluster.servers.iter().enumerate();
        let brokers = machines.filter(|(_, server)| server.is_broker && server.powered);
        let brokers: Vec<NodeId> = brokers.map(|(index, _)| NodeId(index as u16)).collect();
        let topics: Vec<NewTopic> = cluster.topics.clone();
        let mut run = Run {
            phase: Phase::Prelude,
            prelude: Prelude::new(brokers, topics, CallId(1)),
            ready_at: Time::NEVER,
            ready_step: 0,
            last_timed: Time::ZERO,
            ends_at: None,
            end_was_reached: false,
            settled: None,
            next_call: 1,
            script: Script::new(&plan.scenario),
            rules: Rules::default(),
            expectations: Expectations::new(&plan.scenario),
            records: Records::default(),
            checker: Checker::default(),
            chronicle: Chronicle::default(),
            availability: Availability::default(),
            notes: NoteCounts::default(),
            payload: 0,
            promises_nothing: false,
            waits_for_messages: script::watches_messages(&plan.scenario),
            watches: script::watches(&plan.scenario),
            check,
            plan,
        };
        let producers = 0..run.plan.scenario.producers.len();
        run.promises_nothing = producers
            .into_iter()
            .any(|producer| run.acks(producer) == Acks::None);
        run
    }

    /// Where it is.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Whether there is nothing left to do.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Done | Phase::Failed(_))
    }

    fn fail(&mut self, why: String) {
        self.phase = Phase::Failed(why);
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// When the cluster was ready; scenario time 0.
    pub fn ready_at(&self) -> Time {
        self.ready_at
    }

    /// The first step after ready.
    pub fn ready_step(&self) -> u64 {
        self.ready_step
    }

    /// What applications did.
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// The invariants.
    pub fn checker(&self) -> &Checker {
        &self.checker
    }

    /// What was told so far.
    pub fn told(&self) -> &[Told] {
        self.script.told()
    }

    /// The scenario's steps that have acted, in order.
    pub fn acts(&self) -> &[Acted] {
        self.script.acts()
    }

    /// What an expression may look at now.
    pub fn scope<'a>(&'a self, world: &'a KafkaWorld) -> Scope<'a> {
        Scope {
            plan: &self.plan,
            view: View::new(world, &self.plan.names),
            records: &self.records,
            ready_at: self.ready_at,
        }
    }

    fn call(&mut self) -> CallId {
        let id = CallId(self.next_call);
        self.next_call += 1;
        id
    }

    fn hear(&mut self, world: &KafkaWorld, record: &StepRecord<'_, Kafka>) {
        for (id, outcome) in record.outcomes {
            self.records.ended(*id, outcome, record.at, record.no);
        }
        self.availability.after(record);
        let Some(node) = record.node else { return };
        for note in record.notes {
            self.notes.count(note);
            if let Note::RecordReceived {
                client,
                partition,
                offset,
                digest,
            } = *note
            {
                self.receive(world, (node, client), partition, offset, digest, record.at);
            }
        }
        self.chronicle.after(record);
        if self.promises_nothing {
            let view = View::new(world, &self.plan.names);
            self.chronicle.remember_appends(view, record);
        }
    }

    fn receive(
        &mut self,
        world: &KafkaWorld,
        (node, client): (NodeId, ClientNo),
        tp: crate::kafka::vocabulary::Tp,
        offset: i64,
        digest: i64,
        at: Time,
    ) {
        let view = View::new(world, &self.plan.names);
        let Some(topic) = view.topic_name(tp.topic) else {
            return;
        };
        let partition = crate::kafka::protocol::TopicPartition::new(topic, tp.partition);
        let seat = ClientRef { node, client };
        let consumer = self.plan.names.client_name(seat).unwrap_or("?").to_owned();
        self.records.got(Received {
            consumer,
            partition,
            offset,
            digest,
            at,
        });
    }

    fn begin(&mut self, world: &KafkaWorld, act: &mut Vec<Action<Kafka>>) {
        self.phase = Phase::Running;
        self.ready_at = world.now();
        self.ready_step = world.step_no().0;
        self.availability.begin(self.ready_at);
        self.next_call = self.prelude.next_call().0;
        self.last_timed = self.ready_at;
        self.set_calendars(world, act);
        let last = self.script.arm(&self.plan.scenario, self.ready_at);
        self.last_timed = self.last_timed.max(last);
        self.expectations
            .arm(&self.plan.scenario, self.ready_at, &mut self.script);
        self.ends_at = match &self.plan.scenario.end.when {
            Some(EndWhen::At(at)) => Some(self.ready_at + *at),
            _ => None,
        };
        self.script.push(self.end_check(), Due::EndCheck);
    }

    /// The scenario's calendar begins at ready, whenever that is.
    fn set_calendars(&self, world: &KafkaWorld, act: &mut Vec<Action<Kafka>>) {
        for node in world.nodes() {
            let Some(clock) = world.clock(node) else {
                continue;
            };
            let ms = self.plan.scenario.start_ms - clock.wall_ms(world.now());
            if ms != 0 {
                act.push(Fault::ClockJump { node, ms }.into());
            }
        }
    }

    /// When to look next whether the run ends.
    fn end_check(&self) -> Time {
        self.ends_at.unwrap_or(self.last_timed + AFTER_LAST_STEP)
    }

    /// Notes and states after a step of the engine: what fires, what is judged.
    fn running(
        &mut self,
        world: &KafkaWorld,
        record: &StepRecord<'_, Kafka>,
        act: &mut Vec<Action<Kafka>>,
    ) {
        let quiet = record.notes.is_empty() && record.outcomes.is_empty();
        if !self.watches || (quiet && record.action.is_none()) {
            return;
        }
        self.look(world, Some(record), act);
    }

    /// Evaluates everything that depends on the state of the cluster.
    fn look(
        &mut self,
        world: &KafkaWorld,
        record: Option<&StepRecord<'_, Kafka>>,
        act: &mut Vec<Action<Kafka>>,
    ) {
        let plan = self.plan.clone();
        let records = self.records.clone();
        let view = View::new(world, &plan.names);
        let scope = Scope {
            plan: &plan,
            view,
            records: &records,
            ready_at: self.ready_at,
        };
        let fired = self.script.after(&scope, record);
        self.expectations.after(&scope, record);
        for step in fired {
            self.fire(&scope, step, act);
        }
        if let Some(EndWhen::State(expr)) = &plan.scenario.end.when
            && self.phase == Phase::Running
        {
            match scope.holds(expr) {
                true => {
                    self.end_was_reached = true;
                    self.settle(world, act);
                }
                false => self.script.end_near.look(&scope, expr),
            }
        }
    }
}

impl Driver<Node> for Run {
    fn after(
        &mut self,
        world: &KafkaWorld,
        record: &StepRecord<'_, Kafka>,
        act: &mut Vec<Action<Kafka>>,
    ) {
        self.hear(world, record);
        if self.check {
            self.checker
                .after(View::new(world, &self.plan.names), record);
        }
        match self.phase {
            Phase::Prelude => match self.prelude.after(world, &self.plan.names, record, act) {
                Progress::Ready => self.begin(world, act),
                Progress::Failed(why) => self.phase = Phase::Failed(why),
                Progress::Waiting(_) => {}
            },
            Phase::Running => self.running(world, record, act),
            Phase::Settling => self.settling(world, record),
            Phase::Done | Phase::Failed(_) => {}
        }
    }

    fn on_deliver(&mut self, world: &KafkaWorld, envelope: &Envelope<Kafka>) -> Verdict {
        if self.phase != Phase::Running || !self.watches_messages() {
            return Verdict::Deliver;
        }
        self.judge_message(world, envelope)
    }

    fn next_wake(&self) -> Time {
        match self.phase {
            Phase::Running | Phase::Settling => self.script.next_due(),
            _ => Time::NEVER,
        }
    }

    fn wake(&mut self, world: &KafkaWorld, act: &mut Vec<Action<Kafka>>) {
        while let Some(due) = self.script.pop_due(world.now()) {
            self.do_due(world, due, act);
        }
        if self.phase == Phase::Running && self.watches {
            self.look(world, None, act);
        }
    }
}
