//! Mutations: a scenario with one thing less or worse. What a scenario expects should notice.
//!
//! A mutation goes through the file and all of its branches: what stands at one place of the file
//! is changed wherever it is used.

use super::action::Action;
use super::model::{ConfigEntry, NodeIdx, Scenario};
use super::run::{Finished, Options, compare_branches, run};
use super::write::action_word;
use crate::kafka::config::{
    ConfigError, ConsumerConfig, ProducerConfig, Sabotage, Semantics, topic_configs,
};

/// A scenario and its branches by name, `main` first.
pub type Branches = Vec<(String, Scenario)>;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// The fault of the step that begins at this byte of the file is left out.
    Fault(u32),
    /// The config whose value begins at this byte is left out, so that Kafka's default is back.
    Config(u32),
    /// The version switches are back at Kafka's.
    Semantics,
    /// This bug is planted.
    Sabotage(Sabotage),
}

/// A mutation in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// What is changed.
    pub mutation: Mutation,
    /// `trap (crash)`, `acks of p1`, `forget-vote`.
    pub name: String,
}

impl Mutation {
    /// `fault`, `setting` or `sabotage`.
    pub fn kind(&self) -> &'static str {
        match self {
            Mutation::Fault(_) => "fault",
            Mutation::Config(_) | Mutation::Semantics => "setting",
            Mutation::Sabotage(_) => "sabotage",
        }
    }
}

/// All mutations of a file: its faults, its settings that are not Kafka's, and every sabotage.
pub fn mutants(branches: &Branches) -> Vec<Mutant> {
    let mut all: Vec<Mutant> = Vec::new();
    for (_, scenario) in branches {
        let found = faults(scenario).chain(settings(scenario));
        for mutant in found.collect::<Vec<_>>() {
            if all.iter().all(|known| known.mutation != mutant.mutation) {
                all.push(mutant);
            }
        }
    }
    all.sort_by_key(|mutant| match mutant.mutation {
        Mutation::Fault(at) => (0, at),
        Mutation::Config(at) => (1, at),
        Mutation::Semantics => (2, 0),
        Mutation::Sabotage(_) => (3, 0),
    });
    let planted = |sabotage: &&Sabotage| {
        let has = |scenario: &Scenario| scenario.cluster.semantics.sabotage.has(**sabotage);
        branches.iter().any(|(_, scenario)| has(scenario))
    };
    let sabotages = Sabotage::ALL.iter().filter(|sabotage| !planted(sabotage));
    all.extend(sabotages.map(|sabotage| Mutant {
        mutation: Mutation::Sabotage(*sabotage),
        name: sabotage.word().to_owned(),
    }));
    all
}

fn faults(scenario: &Scenario) -> impl Iterator<Item = Mutant> + '_ {
    let steps = scenario.steps.iter().enumerate();
    steps.filter_map(|(index, step)| {
        let action: &Action = &step.action.as_ref()?.it;
        let id = || format!("step {}", index + 1);
        let name = step.id.clone().unwrap_or_else(id);
        action.is_fault().then(|| Mutant {
            mutation: Mutation::Fault(step.pos.start),
            name: format!("{name} ({})", action_word(scenario, action)),
        })
    })
}

/// Configs that change something, and version switches.
fn settings(scenario: &Scenario) -> impl Iterator<Item = Mutant> + '_ {
    let matters = |entry: &&(String, ConfigEntry)| {
        let mut without = scenario.clone();
        remove_config(&mut without, entry.1.pos.start);
        is_sound(&without) && differs(scenario, &without, &entry.1)
    };
    let configs = entries(scenario)
        .into_iter()
        .filter(move |entry| matters(&entry));
    let configs = configs.map(|(whose, entry)| Mutant {
        mutation: Mutation::Config(entry.pos.start),
        name: format!("{} = {} of {whose}", entry.name, entry.value),
    });
    let semantics = scenario.cluster.semantics;
    let switched = without_sabotage(semantics) != Semantics::default();
    configs.chain(switched.then(|| Mutant {
        mutation: Mutation::Semantics,
        name: "semantics".to_owned(),
    }))
}

fn without_sabotage(semantics: Semantics) -> Semantics {
    Semantics {
        sabotage: Semantics::default().sabotage,
        ..semantics
    }
}

/// Every config entry, with the name of what it belongs to.
fn entries(scenario: &Scenario) -> Vec<(String, ConfigEntry)> {
    let mut all = Vec::new();
    let mut add = |whose: &str, entries: &[ConfigEntry]| {
        all.extend(
            entries
                .iter()
                .map(|entry| (whose.to_owned(), entry.clone())),
        );
    };
    add("the cluster", &scenario.cluster.config);
    for node in &scenario.cluster.nodes {
        add(&node.name, &node.config);
    }
    for topic in &scenario.topics {
        add(&topic.name, &topic.config);
    }
    for producer in &scenario.producers {
        add(&producer.name, &producer.config);
    }
    for consumer in &scenario.consumers {
        add(&consumer.name, &consumer.config);
    }
    all
}

/// Whether the clients take their configs.
fn is_sound(scenario: &Scenario) -> bool {
    scenario
        .producers
        .iter()
        .all(|p| p.producer_config().is_ok())
        && scenario
            .consumers
            .iter()
            .all(|c| c.consumer_config().is_ok())
}

/// Whether leaving an entry out changes what anybody reads. A topic's own config counts as a
/// change if it is not the broker's default.
fn differs(with: &Scenario, without: &Scenario, entry: &ConfigEntry) -> bool {
    let brokers = (0..with.cluster.nodes.len()).map(NodeIdx);
    let mut nodes = brokers.map(|n| {
        (
            with.cluster.broker_config(n),
            without.cluster.broker_config(n),
        )
    });
    let clients = (with.producers.iter().zip(&without.producers))
        .any(|(a, b)| effective(a.producer_config()) != effective(b.producer_config()))
        || (with.consumers.iter().zip(&without.consumers))
            .any(|(a, b)| consumed(a.consumer_config()) != consumed(b.consumer_config()));
    let of_topic = with.topics.iter().any(|topic| topic.config.contains(entry));
    nodes.any(|(a, b)| a != b) || clients || of_topic && !is_topic_default(with, entry)
}

/// What a producer does, whether it was asked for by name or not.
fn effective(config: Result<ProducerConfig, ConfigError>) -> Option<ProducerConfig> {
    let explicit = Default::default();
    config
        .ok()
        .map(|config| ProducerConfig { explicit, ..config })
}

/// The same of a consumer.
fn consumed(config: Result<ConsumerConfig, ConfigError>) -> Option<ConsumerConfig> {
    let explicit = Default::default();
    config
        .ok()
        .map(|config| ConsumerConfig { explicit, ..config })
}

fn is_topic_default(scenario: &Scenario, entry: &ConfigEntry) -> bool {
    let broker = scenario.cluster.broker_config(NodeIdx(0));
    let mut own = broker.topic_defaults.clone();
    let applied = topic_configs::apply(&mut own, &entry.name, &entry.value);
    applied.is_err() || own == broker.topic_defaults
}

fn remove_config(scenario: &mut Scenario, at: u32) {
    let away = |entries: &mut Vec<ConfigEntry>| entries.retain(|entry| entry.pos.start != at);
    away(&mut scenario.cluster.config);
    scenario
        .cluster
        .nodes
        .iter_mut()
        .for_each(|node| away(&mut node.config));
    scenario
        .topics
        .iter_mut()
        .for_each(|topic| away(&mut topic.config));
    scenario
        .producers
        .iter_mut()
        .for_each(|client| away(&mut client.config));
    scenario
        .consumers
        .iter_mut()
        .for_each(|client| away(&mut client.config));
}

/// The branches with a mutation in each.
pub fn mutated(branches: &Branches, mutation: &Mutation) -> Branches {
    let mut mutated = branches.clone();
    for (_, scenario) in &mut mutated {
        match mutation {
            Mutation::Fault(at) => {
                let step = scenario.steps.iter_mut().find(|step| step.pos.start == *at);
                if let Some(step) = step {
                    step.action = None;
                }
            }
            Mutation::Config(at) => {
                let mut without = scenario.clone();
                remove_config(&mut without, *at);
                // A branch may only be sound with it: there it stays.
                if is_sound(&without) {
                    *scenario = without;
                }
            }
            Mutation::Semantics => {
                let semantics = &mut scenario.cluster.semantics;
                let sabotage = semantics.sabotage;
                *semantics = Semantics {
                    sabotage,
                    ..Semantics::default()
                };
            }
            Mutation::Sabotage(sabotage) => {
                let semantics = &mut scenario.cluster.semantics;
                semantics.sabotage = semantics.sabotage.with(*sabotage);
            }
        }
    }
    mutated
}

/// Runs the file and its branches.
pub fn run_all(branches: &Branches) -> Vec<Finished> {
    let runs = branches
        .iter()
        .map(|(name, scenario)| run(name, scenario, &Options::default(), &mut |_| {}));
    let mut runs: Vec<_> = runs.collect();
    compare_branches(&mut runs);
    runs
}

/// The expectations that did not come out as wanted: branch and name. Steps that wait for what is
/// no longer there and never fire do not count: only what the file claims does.
pub fn failing(runs: &[Finished]) -> Vec<(String, String)> {
    let failing = runs.iter().flat_map(|run| {
        let failed = run
            .report
            .expectations
            .iter()
            .filter(|judged| !judged.passed());
        failed.map(|judged| (run.report.branch.clone(), judged.id.clone()))
    });
    failing.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::scenario::{library, parse};

    fn acks() -> Branches {
        let (_, text) = library::find("12-acks").expect("built in");
        let parsed = parse(text).expect("sound");
        let main = ("main".to_owned(), parsed.main);
        [main].into_iter().chain(parsed.branches).collect()
    }

    fn of_kind(all: &[Mutant], kind: &str) -> Vec<String> {
        let found = all.iter().filter(|mutant| mutant.mutation.kind() == kind);
        found.map(|mutant| mutant.name.clone()).collect()
    }

    #[test]
    fn faults_settings_and_sabotages_are_found() {
        let all = mutants(&acks());
        assert_eq!(of_kind(&all, "fault"), ["cut (cut)", "trap (crash)"]);
        // broker.session.timeout.ms = 9000 and acks = all are Kafka's defaults.
        let settings = [
            "min.insync.replicas = 2 of orders",
            "acks = 1 of p1",
            "acks = 0 of p1",
        ];
        assert_eq!(of_kind(&all, "setting"), settings);
        assert_eq!(of_kind(&all, "sabotage").len(), Sabotage::ALL.len());
    }

    #[test]
    fn a_setting_that_is_gone_is_kafkas_again() {
        let branches = acks();
        let all = mutants(&branches);
        let mutant = all.iter().find(|mutant| mutant.name == "acks = 0 of p1");
        let mutated = mutated(&branches, &mutant.expect("found").mutation);
        for ((name, before), (_, after)) in branches.iter().zip(&mutated) {
            let acks =
                |scenario: &Scenario| scenario.producers[0].producer_config().map(|c| c.acks);
            let changed = acks(before) != acks(after);
            assert_eq!(changed, name == "acks-0", "{name}");
        }
    }

    #[test]
    fn what_is_mutated_can_fail() {
        let branches = acks();
        assert_eq!(failing(&run_all(&branches)), []);
        let all = mutants(&branches);
        let crash = all
            .iter()
            .find(|mutant| mutant.name == "trap (crash)")
            .expect("found");
        let failing = failing(&run_all(&mutated(&branches, &crash.mutation)));
        assert!(
            failing.contains(&("main".to_owned(), "fails-over".to_owned())),
            "{failing:?}"
        );
    }
}
