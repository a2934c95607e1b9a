//! What the parts of a scenario say to each other: limits on the whole, replicas against
//! brokers, producers against Kafka's own rules, steps that wait for each other.

use super::action::{Action, Payload};
use super::codes::Code;
use super::cx::Cx;
use super::limits::{
    MAX_CLIENTS, MAX_PARTITIONS, MAX_PAYLOAD_BYTES, MAX_RECORDS, MAX_TIMES, MAX_TOPICS,
};
use super::model::{
    Claim, ConfigEntry, EndWhen, Fact, NodeIdx, ProducerSpec, Rule, Scenario, Step, StepIdx,
    TopicSpec, Trigger, Until,
};
use super::pos::{At, Pos};
use super::problem::Problem;
use crate::kafka::config::{Acks, TopicConfig};

pub(super) fn validate(cx: &mut Cx<'_>, scenario: &Scenario) {
    sizes(cx, scenario);
    quorum(cx, scenario);
    let broker = scenario.cluster.broker_config(NodeIdx(0));
    let defaults = &broker.topic_defaults;
    for topic in &scenario.topics {
        replication(cx, scenario, topic, broker.default_replication_factor);
        min_isr(cx, topic, broker.default_replication_factor, defaults);
    }
    for producer in &scenario.producers {
        clashes(cx, producer);
    }
    rules(cx, scenario);
    cycles(cx, scenario);
    after_the_end(cx, scenario);
}

fn sizes(cx: &mut Cx<'_>, scenario: &Scenario) {
    let clients = scenario.producers.len() + scenario.consumers.len();
    if clients > MAX_CLIENTS {
        let pos = scenario.consumers.last().map(|c| c.pos);
        let pos = pos.or(scenario.producers.last().map(|p| p.pos));
        too_large(cx, pos, clients as u64, "clients", MAX_CLIENTS as u64);
    }
    let last_topic = scenario.topics.last().map(|topic| topic.pos);
    if scenario.topics.len() > MAX_TOPICS {
        let n = scenario.topics.len() as u64;
        too_large(cx, last_topic, n, "topics", MAX_TOPICS as u64);
    }
    let partitions: i64 = cx.names.topics.values().map(|n| i64::from(*n)).sum();
    if partitions > MAX_PARTITIONS {
        let n = partitions as u64;
        too_large(cx, last_topic, n, "partitions", MAX_PARTITIONS as u64);
    }
    let (mut records, mut bytes) = (0_u64, 0_u64);
    for step in &scenario.steps {
        let pos = step.action.as_ref().map(|action| action.pos);
        let times = times(step);
        let (count, size) = step.action.as_ref().map_or((0, 0), |a| sent(&a.it));
        too_often(cx, step, times);
        let before = (records, bytes);
        records = records.saturating_add(count.saturating_mul(times));
        bytes = bytes.saturating_add(count.saturating_mul(times).saturating_mul(size));
        if records > MAX_RECORDS && before.0 <= MAX_RECORDS {
            too_large(cx, pos, records, "records up to here", MAX_RECORDS);
        } else if bytes > MAX_PAYLOAD_BYTES && before.1 <= MAX_PAYLOAD_BYTES {
            too_large(cx, pos, bytes, "bytes up to here", MAX_PAYLOAD_BYTES);
        }
    }
}

/// Refuses a step that acts too often, draws counted.
fn too_often(cx: &mut Cx<'_>, step: &Step, times: u64) {
    let (draws, pos) = match &step.action {
        Some(At {
            it: Action::Random(random),
            pos,
        }) => (u64::from(random.times), *pos),
        Some(action) => (1, action.pos),
        None => (1, step.pos),
    };
    let all = times.saturating_mul(draws);
    let most = MAX_TIMES as u64;
    if all > most {
        too_large(cx, Some(pos), all, "actions of one step", most);
    }
}

/// How often a step acts, as far as the file says.
fn times(step: &Step) -> u64 {
    match (&step.repeat, &step.trigger) {
        (Some(repeat), trigger) => {
            let from = match trigger {
                Trigger::At(at) => at.as_nanos(),
                _ => 0,
            };
            let by_time = match repeat.until {
                Some(Until::Time(until)) => {
                    let lasts = until.as_nanos().saturating_sub(from);
                    lasts / repeat.every.as_nanos().max(1) + 1
                }
                _ => u64::MAX,
            };
            match repeat.times {
                Some(times) => by_time.min(u64::from(times)),
                None if by_time == u64::MAX => 1,
                None => by_time,
            }
        }
        (None, Trigger::State(_, times)) => u64::from(*times),
        _ => 1,
    }
}

/// How many records an action sends, and the bytes of one of them at most.
fn sent(action: &Action) -> (u64, u64) {
    let size = |payload: &Option<Payload>| payload.as_ref().map_or(0, |p| p.bytes(0).len() as u64);
    match action {
        Action::Send(send) => (u64::from(send.count), size(&send.key) + size(&send.value)),
        Action::Load(load) => (load.count(), u64::from(load.size)),
        Action::Random(random) => {
            let all = random.of.iter().map(|action| sent(&action.it));
            let (count, bytes) = all.fold((0, 0), |a, b| (a.0.max(b.0), a.1.max(b.1)));
            (count.saturating_mul(u64::from(random.times)), bytes)
        }
        _ => (0, 0),
    }
}

fn too_large(cx: &mut Cx<'_>, pos: Option<Pos>, n: u64, what: &str, limit: u64) {
    let message = format!("{n} {what}; the limit is {limit}");
    cx.problem(Code::TooLarge, pos.unwrap_or_default(), message);
}

fn quorum(cx: &mut Cx<'_>, scenario: &Scenario) {
    let voters = || (scenario.cluster.nodes.iter()).filter(|n| n.role.is_controller() && !n.added);
    let count = voters().count();
    if let (true, Some(last)) = (count.is_multiple_of(2), voters().next_back()) {
        let message = format!(
            "a quorum of {count} survives no more failures than one of {}",
            count - 1
        );
        cx.problem(Code::EvenQuorum, last.pos, message);
    }
}

fn replicas_of(topic: &TopicSpec, default: i16) -> i16 {
    let placed = topic.place.first().map(|(_, nodes)| nodes.len() as i16);
    topic.replication.or(placed).unwrap_or(default)
}

fn replication(cx: &mut Cx<'_>, scenario: &Scenario, topic: &TopicSpec, default: i16) {
    let nodes = scenario.cluster.nodes.iter();
    let brokers = nodes.filter(|n| n.role.is_broker() && !n.added).count();
    let replicas = replicas_of(topic, default);
    if replicas as usize > brokers {
        let message = format!(
            "{replicas} replicas of \"{}\" on {brokers} brokers",
            topic.name
        );
        cx.problem(Code::TooManyReplicas, topic.pos, message);
    }
}

fn min_isr(cx: &mut Cx<'_>, topic: &TopicSpec, default: i16, defaults: &TopicConfig) {
    let own = last(&topic.config, "min.insync.replicas");
    let pos = own.map_or(topic.pos, |entry| entry.pos);
    let wanted = own.and_then(|entry| entry.value.trim().parse().ok());
    let wanted = wanted.unwrap_or(defaults.min_insync_replicas);
    let replicas = i32::from(replicas_of(topic, default));
    if wanted > replicas {
        let message = format!(
            "min.insync.replicas = {wanted} has no effect on topic \"{}\"",
            topic.name
        );
        let label =
            format!("replication is {replicas}, Kafka uses min({wanted}, {replicas}) = {replicas}");
        cx.push(Problem::new(Code::MinIsrAboveReplication, pos, message).label(label));
    }
}

fn last<'e>(entries: &'e [ConfigEntry], name: &str) -> Option<&'e ConfigEntry> {
    entries.iter().rev().find(|entry| entry.name == name)
}

fn acks(producer: &ProducerSpec) -> Acks {
    producer
        .producer_config()
        .map_or(Acks::All, |config| config.acks)
}

/// The rules between configs of one client, at the config without which they would hold.
fn clashes(cx: &mut Cx<'_>, producer: &ProducerSpec) {
    let Err(error) = producer.producer_config() else {
        return;
    };
    let without = |at: usize| {
        let mut fewer = producer.clone();
        fewer.config.remove(at);
        fewer.producer_config().is_ok()
    };
    let culprit = (0..producer.config.len()).find(|at| without(*at));
    let pos = culprit.map_or(producer.pos, |at| producer.config[at].pos);
    cx.problem(Code::ConfigsClash, pos, error.to_string());
}

fn rules(cx: &mut Cx<'_>, scenario: &Scenario) {
    for expect in &scenario.expects {
        let (Claim::Always(fact)
        | Claim::Never(fact)
        | Claim::Sometimes(fact)
        | Claim::Finally(fact)) = &expect.claim
        else {
            continue;
        };
        let Fact::Rule(Rule::AckedNotLost { widened }) = fact else {
            continue;
        };
        let looked_at = |producer: &ProducerSpec| match acks(producer) {
            Acks::All => true,
            Acks::Leader => *widened,
            Acks::None => false,
        };
        if !scenario.producers.iter().any(looked_at) {
            let message = "acked-not-lost looks at no producer here";
            cx.problem(Code::VacuousRule, expect.pos, message);
        }
    }
}

/// The step that a step comes after.
fn comes_after(scenario: &Scenario, step: usize) -> Option<usize> {
    match scenario.steps.get(step)?.trigger {
        Trigger::After(StepIdx(before), _) => Some(before),
        _ => None,
    }
}

fn cycles(cx: &mut Cx<'_>, scenario: &Scenario) {
    // The number of the walk that first saw a step: a walk that meets itself has found a circle.
    let mut seen = vec![usize::MAX; scenario.steps.len()];
    for start in 0..scenario.steps.len() {
        let mut at = start;
        while seen[at] == usize::MAX {
            seen[at] = start;
            match comes_after(scenario, at) {
                Some(before) if before < seen.len() => at = before,
                _ => break,
            }
        }
        let met_itself = seen[at] == start && comes_after(scenario, at).is_some();
        if met_itself && is_on_circle(scenario, at) {
            let step = &scenario.steps[at];
            let id = step.id.as_deref().unwrap_or("");
            let message = format!("step \"{id}\" comes after itself");
            cx.problem(Code::Cycle, step.pos, message);
        }
    }
}

fn is_on_circle(scenario: &Scenario, step: usize) -> bool {
    let mut at = step;
    for _ in 0..scenario.steps.len() {
        match comes_after(scenario, at) {
            Some(before) if before == step => return true,
            Some(before) => at = before,
            None => return false,
        }
    }
    false
}

fn after_the_end(cx: &mut Cx<'_>, scenario: &Scenario) {
    let Some(EndWhen::At(end)) = scenario.end.when else {
        return;
    };
    for step in &scenario.steps {
        let Trigger::At(time) = step.trigger else {
            continue;
        };
        let due = time + step.wait;
        if due > end && !step.optional {
            let message = format!("this step is due at {due}, the end is at {end}");
            cx.problem(Code::AfterTheEnd, step.pos, message);
        }
    }
    for expect in &scenario.expects {
        if let Claim::At(time, _) = expect.claim
            && time > end
        {
            let message = format!("{time} is after the end at {end}");
            cx.problem(Code::AfterTheEnd, expect.pos, message);
        }
    }
}
