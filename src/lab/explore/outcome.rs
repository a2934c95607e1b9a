//! One run of a schedule, and what is wrong with it.

use super::schedule::generate;
use crate::kafka::config::{Acks, Sabotage};
use crate::lab::check::{Invariant, Violation};
use crate::lab::scenario::run::{Fate, NoteCounts, Options, Report, run};
use crate::lab::scenario::{Action, Place, Scenario, Tail};
use std::collections::BTreeSet;
use std::fmt;

/// Something that must not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// An invariant did not hold.
    Violated(Invariant),
    /// A record that was acknowledged to acks=all is gone, though fewer copies lost bytes than
    /// min.insync.replicas and no election was unclean.
    Lost,
    /// A record is stored twice, or behind a later one, though its producer is idempotent.
    Disordered,
    /// With everything healed and running, something did not come to rest.
    Unrest,
    /// The run could not go on.
    Failed,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Violated(invariant) => write!(f, "{invariant} violated"),
            Trouble::Lost => f.write_str("acknowledged records lost"),
            Trouble::Disordered => f.write_str("records doubled or out of order"),
            Trouble::Unrest => f.write_str("not at rest"),
            Trouble::Failed => f.write_str("could not go on"),
        }
    }
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// Violations, in order.
    pub violations: Vec<Violation>,
    /// Each kind of trouble once, with the first that was seen of it.
    pub troubles: Vec<(Trouble, String)>,
    /// How often each note was emitted.
    pub notes: NoteCounts,
    /// Records that were acknowledged.
    pub acknowledged: usize,
    /// The hash of the history.
    pub trace_hash: u64,
    /// Steps of the engine.
    pub steps: u64,
}

impl Outcome {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.troubles.is_empty()
    }

    /// Whether it went wrong like this.
    pub fn has(&self, trouble: Trouble) -> bool {
        self.troubles.iter().any(|(seen, _)| *seen == trouble)
    }
}

/// Runs the schedule of a seed, with a bug planted or none.
pub fn run_seed(seed: u64, sabotage: Option<Sabotage>) -> Outcome {
    let mut scenario = generate(seed);
    if let Some(sabotage) = sabotage {
        let planted = &mut scenario.cluster.semantics.sabotage;
        *planted = planted.with(sabotage);
    }
    run_one(&scenario)
}

/// Runs a scenario and judges it by what must never happen; its own expectations do not count.
pub fn run_one(scenario: &Scenario) -> Outcome {
    let finished = run("main", scenario, &Options::default(), &mut |_| {});
    let report = finished.report;
    Outcome {
        seed: scenario.seed,
        troubles: troubles(scenario, &report),
        acknowledged: report
            .records
            .iter()
            .filter(|r| is_acknowledged(&r.fate))
            .count(),
        trace_hash: report.trace_hash,
        steps: report.steps.0,
        notes: report.notes,
        violations: report.violations,
    }
}

fn is_acknowledged(fate: &Fate) -> bool {
    matches!(fate, Fate::Kept | Fate::Lost(_) | Fate::Expired)
}

fn troubles(scenario: &Scenario, report: &Report) -> Vec<(Trouble, String)> {
    let mut troubles: Vec<(Trouble, String)> = Vec::new();
    let mut add = |trouble, text: String| {
        if !troubles.iter().any(|(seen, _)| *seen == trouble) {
            troubles.push((trouble, text));
        }
    };
    for violation in &report.violations {
        add(
            Trouble::Violated(violation.invariant),
            violation.text.clone(),
        );
    }
    if let Some(why) = &report.failure {
        add(Trouble::Failed, why.clone());
    }
    let promised = may_not_lose(scenario) && report.suspensions == 0;
    let lost = report.lost().find(|record| record.acks == Acks::All);
    if let (true, Some(lost)) = (promised, lost) {
        add(
            Trouble::Lost,
            format!("{} of {}", lost.sent.label(), lost.producer),
        );
    }
    if let (true, Some(text)) = (promised, disorder(scenario, report)) {
        add(Trouble::Disordered, text);
    }
    if let Some(text) = unrest(scenario, report) {
        add(Trouble::Unrest, text);
    }
    troubles
}

/// Whether fewer machines lost bytes than any topic has in-sync copies at least; without eligible
/// leader replicas there may be one copy only.
fn may_not_lose(scenario: &Scenario) -> bool {
    let steps = scenario.steps.iter().enumerate();
    let lossy: BTreeSet<String> = steps
        .filter_map(|(number, step)| match lossy(&step.action.as_ref()?.it)? {
            Place::Node(node) => Some(format!("node {}", node.0)),
            // A role may be another machine each time.
            _ => Some(format!("step {number}")),
        })
        .collect();
    let nodes = &scenario.cluster.nodes;
    let voters = nodes.iter().filter(|node| node.role.is_controller());
    let copies = match scenario.cluster.semantics.eligible_leader_replicas {
        true => least_min_isr(scenario),
        false => 1,
    };
    lossy.len() < copies && !(voters.count() < 3 && wipes_a_voter(scenario))
}

/// The machine whose disk has fewer of its bytes, or other ones, by an action.
fn lossy(action: &Action) -> Option<&Place> {
    match action {
        Action::PowerOff { node, tail } if *tail != Tail::Kept => Some(node),
        Action::Start { node, wipe: true } => Some(node),
        Action::Disk(disk) if disk.corrupt.is_some() => Some(&disk.node),
        _ => None,
    }
}

fn wipes_a_voter(scenario: &Scenario) -> bool {
    let may_vote = |place: &Place| match place {
        Place::Node(node) => {
            let node = scenario.cluster.nodes.get(node.0);
            node.is_some_and(|node| node.role.is_controller())
        }
        _ => true,
    };
    scenario.steps.iter().any(|step| {
        let action = step.action.as_ref().map(|action| &action.it);
        matches!(action, Some(Action::Start { node, wipe: true }) if may_vote(node))
    })
}

fn least_min_isr(scenario: &Scenario) -> usize {
    let min_isr = |topic: &crate::lab::scenario::TopicSpec| {
        let own = topic
            .config
            .iter()
            .find(|entry| entry.name == "min.insync.replicas");
        own.and_then(|entry| entry.value.parse().ok()).unwrap_or(1)
    };
    scenario.topics.iter().map(min_isr).min().unwrap_or(1)
}

/// A record of an idempotent producer that stands twice, or behind a later one where order was
/// promised.
fn disorder(scenario: &Scenario, report: &Report) -> Option<String> {
    let (twice, behind) = (&report.anomalies.duplicated, &report.anomalies.reordered);
    let behind = behind.iter().filter(|_| report.strangers == 0);
    let wrong = twice.iter().chain(behind);
    let idempotent = |record: &&crate::lab::scenario::run::RecordFate| {
        record.acks == Acks::All
            && scenario
                .producers
                .get(record.sent.producer)
                .is_some_and(|producer| {
                    producer
                        .config
                        .iter()
                        .all(|e| e.name != "enable.idempotence" || e.value == "true")
                })
    };
    let mut records = wrong.filter_map(|index| report.records.get(*index));
    let record = records.find(idempotent)?;
    Some(format!("{} of {}", record.sent.label(), record.producer))
}

/// What is not at rest: a record without an answer, a replica behind, no leader.
fn unrest(scenario: &Scenario, report: &Report) -> Option<String> {
    if report.failure.is_some() || !scenario.end.restart {
        return None;
    }
    let leaderless = || {
        let partition = report
            .partitions
            .iter()
            .find(|partition| partition.leader == "none")?;
        Some(format!("{} has no leader", partition.name))
    };
    report.unrest.clone().or_else(leaderless)
}
