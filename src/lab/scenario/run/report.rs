//! The outcome of one run.

use super::expect::Judged;
use super::fate::{Fate, RecordFate};
use super::{NoteCounts, Phase, Run, Scope, Told};
use crate::kafka::client::record_digest;
use crate::kafka::config::Acks;
use crate::kafka::vocabulary::Tp;
use crate::lab::check::{
    Anomalies, ClientHistory, LogEntry, Read, Send, SendOutcome, Violation, judge,
};
use crate::lab::cluster::{KafkaWorld, View};
use crate::lab::scenario::expr::Expr;
use crate::lab::scenario::model::{EndWhen, Expect, StepIdx, Trigger};
use crate::sim::{Span, Time};
use std::collections::BTreeMap;

/// A partition in the end, as the controller has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionEnd {
    /// `web_log-0`.
    pub name: String,
    /// The leader's name, or `none`.
    pub leader: String,
    /// The leader epoch.
    pub leader_epoch: i32,
    /// Names of the in-sync replicas.
    pub isr: Vec<String>,
    /// Names of the eligible leader replicas.
    pub elr: Vec<String>,
    /// The leader's high watermark and log end, if it is up.
    pub offsets: Option<(i64, i64)>,
}

/// All that a run tells.
#[derive(Clone, Debug)]
pub struct Report {
    /// The file's branch, `main` for the file itself.
    pub branch: String,
    /// The seed.
    pub seed: u64,
    /// The hash of the whole history.
    pub trace_hash: u64,
    /// Steps in all, and before ready.
    pub steps: (u64, u64),
    /// Virtual milliseconds from ready to the end, and from power-on to ready.
    pub virtual_ms: (u64, u64),
    /// How long, from ready to the end, some partition had no leader at work: no broker that was
    /// up and not paused had begun the newest leader epoch that the controller had given it.
    pub unavailable: Span,
    /// The longest time that a record waited for its answer, or for the end of the run; records
    /// of producers with acks=0 wait for none.
    pub longest_wait: Span,
    /// Why the run could not go on.
    pub failure: Option<String>,
    /// Every expectation.
    pub expectations: Vec<Judged>,
    /// Invariants that did not hold.
    pub violations: Vec<Violation>,
    /// How often checks paused for an unclean election, or because too many copies lost bytes.
    pub suspensions: u64,
    /// How often a leader took a batch of a producer that it knew nothing of.
    pub strangers: u64,
    /// What the client history shows.
    pub anomalies: Anomalies,
    /// Every record.
    pub records: Vec<RecordFate>,
    /// How many records consumers got.
    pub received: usize,
    /// Narration and questions, in order.
    pub told: Vec<Told>,
    /// Partitions in the end.
    pub partitions: Vec<PartitionEnd>,
    /// What was not at rest when the run ended.
    pub unrest: Option<String>,
    /// How often each kind of note was emitted.
    pub notes: NoteCounts,
    /// Steps that never fired, with what was nearest.
    pub unfired: Vec<String>,
}

impl Report {
    /// Whether the run came out as its scenario says.
    pub fn passed(&self) -> bool {
        self.failure.is_none()
            && self.unfired.is_empty()
            && self.expectations.iter().all(Judged::passed)
            && self.violations.is_empty()
    }

    /// Records that were acknowledged and lost.
    pub fn lost(&self) -> impl Iterator<Item = &RecordFate> {
        self.records
            .iter()
            .filter(|record| matches!(record.fate, Fate::Lost(_)))
    }
}

impl Run {
    /// Judges the run. Call it when it is over.
    pub fn report(&self, world: &KafkaWorld, branch: &str) -> Report {
        let scope = self.scope(world);
        let (log, log_starts) = final_log(scope.view);
        let records = self.fates(&scope, &log, &log_starts);
        let anomalies = judge(&self.history(log, log_starts));
        let lost = |widened: bool| lost_labels(&records, widened);
        let violations = self.checker.violations();
        let failure = match &self.phase {
            Phase::Failed(why) => Some(why.clone()),
            _ => world.round_trip_error().map(|error| error.text.clone()),
        };
        Report {
            branch: branch.to_owned(),
            seed: self.plan.scenario.seed,
            trace_hash: world.trace_hash(),
            steps: (world.step_no().0, self.ready_step),
            virtual_ms: (
                world.now().since(self.ready_at).as_millis(),
                self.ready_ms(),
            ),
            unavailable: self.unavailable(world),
            longest_wait: longest_wait(&records, world.now()),
            expectations: self
                .expectations
                .judge(&scope, &anomalies, &lost, violations),
            violations: violations.to_vec(),
            suspensions: self.checker.suspensions(),
            strangers: self.checker.strangers(),
            received: self.records.received_count(),
            told: self.told().to_vec(),
            notes: self.notes.clone(),
            partitions: partitions(scope.view),
            unrest: if self.settled == Some(false) {
                self.unrest(world, false)
            } else {
                None
            },
            unfired: self.unfired(&scope, failure.is_some()),
            failure,
            anomalies,
            records,
        }
    }

    fn unavailable(&self, world: &KafkaWorld) -> Span {
        match self.ready_step {
            0 => Span::ZERO,
            _ => self.availability.unavailable(world.now()),
        }
    }

    /// The records below each leader's high watermark.
    pub fn log(&self, world: &KafkaWorld) -> Vec<LogEntry> {
        final_log(self.scope(world).view).0
    }

    fn ready_ms(&self) -> u64 {
        match self.ready_step {
            0 => 0,
            _ => self.ready_at.as_millis(),
        }
    }

    fn unfired(&self, scope: &Scope<'_>, failed: bool) -> Vec<String> {
        if failed {
            return Vec::new();
        }
        let describe = |StepIdx(index): StepIdx| {
            let step = &scope.plan.scenario.steps[index];
            let name = step
                .id
                .clone()
                .unwrap_or_else(|| format!("step {}", index + 1));
            match self.miss(scope, index, &step.trigger) {
                Some(why) => format!("{name} never fired: {why}"),
                None => format!("{name} never fired"),
            }
        };
        let unfired = self.script.unfired(&scope.plan.scenario).map(describe);
        let end = match &scope.plan.scenario.end.when {
            Some(EndWhen::State(expr)) if !self.end_was_reached => {
                let near = self.script.end_near.describe(scope, expr);
                let why = near.unwrap_or_else(|| at_the_end(scope, expr));
                Some(format!("the end never came: {why}"))
            }
            _ => None,
        };
        unfired.chain(end).collect()
    }

    /// How near the run came to a trigger that has not fired.
    fn miss(&self, scope: &Scope<'_>, step: usize, trigger: &Trigger) -> Option<String> {
        let armed = self.script.steps.get(step)?;
        match trigger {
            Trigger::State(expr, _) => {
                let near = armed.near.describe(scope, expr);
                Some(near.unwrap_or_else(|| at_the_end(scope, expr)))
            }
            Trigger::Note(matcher) => {
                let near = &armed.near_note;
                Some(near.describe(matcher, armed.seen, &self.notes))
            }
            Trigger::Message(matcher) => {
                let name = matcher.message;
                Some(match (self.rules.delivered(name), armed.seen) {
                    (0, _) => format!("no {name} was delivered"),
                    (n, 0) => format!("{n} {name} were delivered, none like this"),
                    (_, seen) => format!("{name} matched {seen} times, not {}", matcher.nth),
                })
            }
            Trigger::After(before, _) => {
                let spec = scope.plan.scenario.steps.get(before.0)?;
                let id = spec.id.as_deref().unwrap_or("");
                Some(match self.script.steps.get(before.0).map(|a| a.fired) {
                    Some(0) => format!("it comes after {id}, which never fired"),
                    _ => format!("the run ended too soon after {id}"),
                })
            }
            Trigger::At(at) => Some(format!("it was due at {at}, after the end")),
            Trigger::Drawn(_) => None,
        }
    }

    fn history(
        &self,
        log: Vec<LogEntry>,
        log_starts: BTreeMap<(String, i32), i64>,
    ) -> ClientHistory {
        use super::Ending;
        let send = |sent: &super::Sent| Send {
            producer: self.plan.scenario.producers[sent.producer].name.clone(),
            topic: sent.topic.clone(),
            digest: sent.digest,
            outcome: match sent.ending {
                Ending::Acknowledged { partition, offset } => {
                    SendOutcome::Acknowledged { partition, offset }
                }
                Ending::Failed { .. } => SendOutcome::Failed,
                Ending::Pending => SendOutcome::Pending,
            },
        };
        let read = |received: &super::Received| Read {
            consumer: received.consumer.clone(),
            topic: received.partition.topic.clone(),
            partition: received.partition.partition,
            offset: received.offset,
            digest: received.digest,
        };
        ClientHistory {
            sends: self.records.sent().map(send).collect(),
            reads: self.records.received().map(read).collect(),
            log,
            log_starts,
        }
    }
}

fn at_the_end(scope: &Scope<'_>, expr: &Expr) -> String {
    format!("at the end {}", super::expect::explain(scope, expr))
}

fn longest_wait(records: &[RecordFate], now: Time) -> Span {
    let waits = records.iter().filter(|record| record.acks != Acks::None);
    let waits = waits.map(|record| {
        let until = record.sent.ended.map_or(now, |(at, _)| at);
        until.since(record.sent.at)
    });
    waits.max().unwrap_or(Span::ZERO)
}

fn lost_labels(records: &[RecordFate], widened: bool) -> Vec<String> {
    let counts = |record: &&RecordFate| match record.acks {
        Acks::All => true,
        Acks::Leader => widened,
        Acks::None => false,
    };
    let lost = records
        .iter()
        .filter(counts)
        .filter(|r| matches!(r.fate, Fate::Lost(_)));
    lost.map(|record| format!("{} of {}", record.sent.label(), record.producer))
        .collect()
}

/// The records below each leader's high watermark, and where each log begins.
fn final_log(view: View<'_>) -> (Vec<LogEntry>, BTreeMap<(String, i32), i64>) {
    let (mut log, mut starts) = (Vec::new(), BTreeMap::new());
    let Some(truth) = view.truth() else {
        return (log, starts);
    };
    for topic in truth.topics.values() {
        for number in topic.partitions.keys() {
            let tp = Tp::new(topic.id, *number);
            let Some(replica) = best_replica(view, tp) else {
                continue;
            };
            let Some(disk) = view.world.disk(replica.node) else {
                continue;
            };
            let offsets = replica.offsets();
            starts.insert((topic.name.clone(), *number), offsets.log_start);
            for batch in replica
                .partition
                .log()
                .batches_from(disk, offsets.log_start)
            {
                let Ok(records) = batch.records() else {
                    continue;
                };
                let visible = records
                    .into_iter()
                    .filter(|r| r.offset < offsets.high_watermark);
                log.extend(visible.map(|record| LogEntry {
                    topic: topic.name.clone(),
                    partition: *number,
                    offset: record.offset,
                    digest: record_digest(record.key.as_deref(), record.value.as_deref()),
                }));
            }
        }
    }
    (log, starts)
}

/// The leader's replica; without a leader the one that holds most.
fn best_replica<'a>(view: View<'a>, tp: Tp) -> Option<crate::lab::cluster::ReplicaView<'a>> {
    view.leader(tp).or_else(|| {
        view.replicas(tp)
            .max_by_key(|replica| replica.offsets().high_watermark)
    })
}

fn partitions(view: View<'_>) -> Vec<PartitionEnd> {
    let Some(truth) = view.truth() else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for topic in truth.topics.values() {
        for (number, partition) in &topic.partitions {
            let tp = Tp::new(topic.id, *number);
            let names = |ids: &[i32]| ids.iter().map(|id| view.names.server(*id)).collect();
            let offsets = view.leader(tp).map(|leader| leader.offsets());
            all.push(PartitionEnd {
                name: format!("{}-{number}", topic.name),
                leader: view.names.server(partition.leader),
                leader_epoch: partition.leader_epoch,
                isr: names(&partition.isr),
                elr: names(&partition.elr),
                offsets: offsets.map(|offsets| (offsets.high_watermark, offsets.log_end)),
            });
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// The expectation that a judgement belongs to.
pub(super) fn expect_of<'a>(scope: &Scope<'a>, index: usize) -> Option<&'a Expect> {
    scope.plan.scenario.expects.get(index)
}
