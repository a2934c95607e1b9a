//! One recorded experiment beside its run: the recorded steps are taken in their order, and the
//! run goes on until it shows the same, or until it is too late for that.

use crate::recording::{normal, sorted, tally};
use kafkalab::kafka::vocabulary::{Kafka, Outcome, Tp};
use kafkalab::lab::cluster::{KafkaWorld, Node, View};
use kafkalab::lab::scenario::run::{Ending, Plan, Run, Sent};
use kafkalab::lab::scenario::{Scenario, parse};
use kafkalab::sim::{
    Action, Driver, Envelope, NodeId, SeededOracle, Span, StepRecord, Time, Verdict,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// No two sends of these experiments end so far apart while the partition has a leader.
const GAP: Span = Span::from_secs(1);

/// The run of a scenario, and how the admin client's calls ended.
#[derive(Clone)]
struct Watched {
    run: Run,
    admin: NodeId,
    answers: Vec<Outcome>,
}

impl Driver<Node> for Watched {
    fn after(
        &mut self,
        world: &KafkaWorld,
        record: &StepRecord<'_, Kafka>,
        act: &mut Vec<Action<Kafka>>,
    ) {
        if record.node == Some(self.admin) {
            self.answers
                .extend(record.outcomes.iter().map(|(_, outcome)| outcome.clone()));
        }
        self.run.after(world, record, act);
    }

    fn on_deliver(&mut self, world: &KafkaWorld, envelope: &Envelope<Kafka>) -> Verdict {
        self.run.on_deliver(world, envelope)
    }

    fn next_wake(&self) -> Time {
        self.run.next_wake()
    }

    fn wake(&mut self, world: &KafkaWorld, act: &mut Vec<Action<Kafka>>) {
        self.run.wake(world, act);
    }
}

/// A recorded experiment and its run.
pub(crate) struct Lab {
    world: KafkaWorld,
    watched: Watched,
    oracle: SeededOracle,
    act: Vec<Action<Kafka>>,
    steps: Vec<Value>,
    next: usize,
    counted: usize,
    acknowledged: BTreeSet<usize>,
}

impl Lab {
    /// The experiment of this name, its scenario at ready. Which node becomes the active
    /// controller is chance; the recorded ones say node 3 wherever they say it, so the first seed
    /// from the scenario's own on is taken that chooses it.
    pub(crate) fn new(name: &str, scenario: &str) -> Self {
        let file: Value =
            serde_json::from_str(include_str!("../data/failover.json")).expect("JSON");
        let experiments = file["experiments"].as_array().expect("a list");
        let experiment = experiments
            .iter()
            .find(|it| it["experiment"] == name)
            .expect("recorded");
        let steps = experiment["steps"].as_array().expect("a list");
        let parsed = parse(scenario).unwrap_or_else(|problems| panic!("{name}: {problems:#?}"));
        let labs = (0..64).map(|more| {
            let mut scenario = parsed.main.clone();
            scenario.seed += more;
            Lab::at_ready(scenario, steps.clone())
        });
        let mut labs = labs.filter(|lab| lab.active_controller() == Some(lab.node(3)));
        labs.next().expect("one seed in three does")
    }

    fn at_ready(scenario: Scenario, steps: Vec<Value>) -> Self {
        let plan = Arc::new(Plan::new(scenario));
        let (world, names) = plan.cluster.build();
        let mut lab = Lab {
            world,
            oracle: SeededOracle::new(plan.scenario.seed),
            watched: Watched {
                run: Run::new(plan, true),
                admin: names.find("admin").expect("every cluster has one"),
                answers: Vec::new(),
            },
            act: Vec::new(),
            steps,
            next: 0,
            counted: 0,
            acknowledged: BTreeSet::new(),
        };
        lab.until(60_000, "ready", |lab| {
            lab.watched.run.ready_at() != Time::NEVER
        });
        lab.watched.answers.clear();
        lab
    }

    fn active_controller(&self) -> Option<NodeId> {
        self.view().active_controller().map(|(node, _)| node)
    }

    /// Goes on until `there` is true; the milliseconds that took.
    fn until(&mut self, within_ms: u64, what: &str, there: impl Fn(&Lab) -> bool) -> u64 {
        let from = self.world.now();
        while !there(self) {
            let late = self.world.now() > from + Span::from_millis(within_ms);
            assert!(
                !late,
                "{what}: not within {within_ms} ms; now {}",
                self.whereabouts()
            );
            let more = self
                .world
                .step(&mut self.oracle, &mut self.watched, &mut self.act);
            assert!(
                more && !self.watched.run.is_over(),
                "{what}: the run is over"
            );
        }
        self.world.now().since(from).as_millis()
    }

    /// Goes on for so long.
    pub(crate) fn wait(&mut self, ms: u64) {
        let to = self.world.now() + Span::from_millis(ms);
        self.until(ms + 60_000, "time", |lab| lab.world.now() >= to);
    }

    fn whereabouts(&self) -> String {
        let counts: Vec<_> = self.sent().iter().map(|sent| &sent.ending).collect();
        let ended = counts
            .iter()
            .filter(|ending| ***ending != Ending::Pending)
            .count();
        let since = self.world.now().since(self.watched.run.ready_at());
        let epochs: Vec<_> = (1..4).map(|id| self.epochs(id)).collect();
        format!(
            "{since} after ready: {}, {ended} of {} sends ended, {:?}, {:?}",
            self.state(),
            counts.len(),
            self.watched.run.phase(),
            epochs
        )
    }

    /// The next recorded step that begins so.
    fn recorded(&mut self, what: &str) -> Value {
        let rest = self.steps[self.next..].iter();
        let is_it = |step: &Value| step["what"].as_str().is_some_and(|it| it.starts_with(what));
        let at = rest.clone().position(is_it);
        let at = at.unwrap_or_else(|| panic!("no step {what:?} after number {}", self.next));
        let between: Vec<&Value> = rest.take(at).map(|step| &step["what"]).collect();
        let needless = |what: &&Value| {
            what.as_str()
                .is_some_and(|it| !(it.starts_with("node ") || it == "leader to kill"))
        };
        assert!(!between.iter().any(needless), "passed over: {between:?}");
        self.next += at + 1;
        self.steps[self.next - 1]["seen"].clone()
    }

    /// All recorded steps were compared.
    pub(crate) fn done(mut self) {
        self.steps.push(json!({"what": "the end"}));
        self.recorded("the end");
        assert_eq!(self.watched.run.checker().violations(), &[]);
    }

    fn view(&self) -> View<'_> {
        self.watched.run.scope(&self.world).view
    }

    fn node(&self, id: i32) -> NodeId {
        self.view().names.by_kafka_id(id).expect("nodes 1 to 3")
    }

    fn tp(&self) -> Tp {
        self.view().partition("t", 0).expect("the topic")
    }

    /// The answer to DescribeTopicPartitions, sets in order.
    fn state(&self) -> Value {
        let view = self.view();
        let (Some(image), Some(it)) = (view.truth(), view.registration(self.tp())) else {
            return Value::Null;
        };
        let offline = it.replicas.iter().filter(|id| !image.is_unfenced(**id));
        sorted(json!({
            "leader": it.leader, "leader_epoch": it.leader_epoch, "replicas": it.replicas,
            "isr": it.isr, "elr": it.elr, "last_known_elr": it.last_known_elr,
            "offline": offline.collect::<Vec<_>>(), "error_code": 0,
        }))
    }

    /// The partition comes into the recorded state; the milliseconds that took.
    pub(crate) fn state_within(&mut self, what: &str, within_ms: u64) -> u64 {
        let recorded = sorted(self.recorded(what));
        self.until(within_ms, &format!("{what}: {recorded}"), |lab| {
            lab.state() == recorded
        })
    }

    /// The partition is in the recorded state.
    pub(crate) fn state_is(&mut self, what: &str) {
        let recorded = sorted(self.recorded(what));
        assert_eq!(self.state(), recorded, "{what}");
    }

    /// The active controller is the recorded one.
    pub(crate) fn controller(&mut self) {
        let recorded = self.recorded("active controller");
        assert_eq!(
            self.active_controller(),
            Some(self.node(recorded.as_i64().expect("an id") as i32))
        );
    }

    /// The node goes down (or is paused) within this time.
    pub(crate) fn falls_within(&mut self, id: i32, within_ms: u64) {
        let node = self.node(id);
        let fallen = |lab: &Lab| !lab.world.is_up(node) || lab.world.is_paused(node);
        self.until(within_ms, &format!("node {id} falls"), fallen);
    }

    /// The node runs again within this time.
    pub(crate) fn rises_within(&mut self, id: i32, within_ms: u64) {
        let node = self.node(id);
        let risen = |lab: &Lab| lab.world.is_up(node) && !lab.world.is_paused(node);
        self.until(within_ms, &format!("node {id} rises"), risen);
    }

    /// A recorded time and ours are both within these bounds.
    pub(crate) fn both_within(&mut self, what: &str, ours: u64, bounds: (u64, u64)) {
        let seen = self.recorded(what);
        let recorded = seen["ms_since_kill"]
            .as_u64()
            .or(seen.as_u64())
            .expect("milliseconds");
        for (who, ms) in [("recorded", recorded), ("ours", ours)] {
            assert!(
                (bounds.0..=bounds.1).contains(&ms),
                "{what}, {who}: {ms} ms not in {bounds:?}"
            );
        }
    }

    fn sent(&self) -> Vec<&Sent> {
        self.watched.run.records().sent().collect()
    }

    /// The next recorded sends end, or do not, as recorded, within this time; the milliseconds
    /// between the call and the end of the last one that ended.
    pub(crate) fn sends(&mut self, what: &str, within_ms: u64) -> u64 {
        let recorded = self.recorded(what);
        let number = recorded["sent"].as_u64().expect("a count") as usize;
        let range = self.counted..self.counted + number;
        self.counted = range.end;
        self.until(60_000, what, |lab| lab.sent().len() >= range.end);
        let deadline = self.world.now() + Span::from_millis(within_ms);
        self.until(within_ms + 10_000, what, |lab| {
            let pending = |sent: &&Sent| sent.ending == Ending::Pending;
            lab.world.now() >= deadline || !lab.sent()[range.clone()].iter().any(pending)
        });
        let all = self.sent();
        let slice = &all[range.clone()];
        let ours = tally(slice);
        let acknowledged = |n: &usize| matches!(all[*n].ending, Ending::Acknowledged { .. });
        let known: Vec<usize> = range.clone().filter(acknowledged).collect();
        let ended = slice
            .iter()
            .filter_map(|sent| Some(sent.ended?.0.since(sent.at).as_millis()));
        let longest = ended.max().unwrap_or(0);
        self.acknowledged.extend(known);
        assert_eq!(ours, normal(&recorded), "{what}");
        longest
    }

    /// Every record that was sent until now counts.
    pub(crate) fn count_all(&mut self) {
        let all = self.sent();
        let (counted, all) = (all.len(), all.iter().enumerate());
        let known = all.filter(|(_, sent)| matches!(sent.ending, Ending::Acknowledged { .. }));
        let acknowledged = known.map(|(n, _)| n).collect();
        (self.counted, self.acknowledged) = (counted, acknowledged);
    }

    /// All of so many sends have ended within this time.
    pub(crate) fn all_end(&mut self, number: usize, within_ms: u64) {
        self.until(within_ms, "all sends end", |lab| {
            let sent = lab.sent();
            sent.len() == number && sent.iter().all(|sent| sent.ending != Ending::Pending)
        });
    }

    /// The kill starts now. The first send that is acknowledged after the gap that follows, more
    /// than a second later, is the recorded one.
    pub(crate) fn first_after_gap(&mut self, bounds: (u64, u64)) {
        let killed = self.world.now();
        let step = self.steps[self.next..].iter().find_map(|step| {
            step["what"]
                .as_str()
                .filter(|what| what.starts_with("first send that succeeds"))
        });
        let what = step.expect("recorded").to_owned();
        let ended = |sent: &Sent| sent.ended.map(|(at, _)| at).filter(|at| *at > killed + GAP);
        self.until(bounds.1 + 5_000, &what, |lab| {
            lab.sent().iter().any(|s| ended(s).is_some())
        });
        let first = self
            .sent()
            .iter()
            .position(|sent| ended(sent).is_some())
            .expect("just seen");
        assert_eq!(
            what,
            format!("first send that succeeds after the gap: v{first}")
        );
        let ours = self.world.now().since(killed).as_millis();
        self.both_within(&what, ours, bounds);
    }

    /// What a consumer can read, against what was acknowledged.
    pub(crate) fn log(&mut self, what: &str) {
        let recorded = self.recorded(what);
        let log = self.readable();
        let labels: Vec<String> = self.sent().iter().map(|sent| sent.label()).collect();
        let distinct: BTreeSet<&String> = log.iter().collect();
        let lost = self
            .acknowledged
            .iter()
            .filter(|n| !distinct.contains(&labels[**n]));
        let lost: Vec<usize> = lost.copied().collect();
        let mut ours = json!({
            "in_log": log.len(), "acknowledged": self.acknowledged.len(),
            "acknowledged_but_lost": lost.len(), "duplicates": log.len() - distinct.len(),
        });
        if let (Some(first), Some(last)) = (lost.first(), lost.last()) {
            assert_eq!(last - first + 1, lost.len(), "a range: {lost:?}");
            ours["lost"] = json!(format!("v{first} .. v{last}"));
        }
        assert_eq!(ours, recorded, "{what}");
    }

    fn readable(&self) -> Vec<String> {
        let leader = self.view().leader(self.tp()).expect("a leader");
        let disk = self.world.disk(leader.node).expect("a disk");
        let end = leader.offsets().high_watermark;
        let batches = leader.partition.log().batches_from(disk, 0);
        let records = batches.flat_map(|batch| batch.records().expect("sound records"));
        let records = records.filter(|record| record.offset < end);
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        records
            .map(|record| text(&record.value.expect("a value")))
            .collect()
    }

    /// The end of the log as a consumer sees it.
    pub(crate) fn latest(&mut self, what: &str) {
        let recorded = self.recorded(what);
        let leader = self.view().leader(self.tp()).expect("a leader");
        assert_eq!(json!(leader.offsets().high_watermark), recorded, "{what}");
    }

    fn epochs(&self, id: i32) -> Vec<String> {
        let disk = self.world.disk(self.node(id)).expect("a disk");
        let Some(file) = disk.open("t-0/leader-epoch-checkpoint") else {
            return Vec::new();
        };
        let bytes = disk.read(file, 0, disk.len(file));
        String::from_utf8_lossy(&bytes)
            .lines()
            .map(str::to_owned)
            .collect()
    }

    /// The leader epoch checkpoints on the disks of all replicas.
    pub(crate) fn checkpoints(&mut self) {
        let recorded = self.recorded("leader-epoch-checkpoint");
        let nodes = recorded.as_object().expect("by node").keys();
        let ours: Map<String, Value> = nodes
            .map(|name| {
                let id = name.trim_start_matches("node").parse().expect("a number");
                (name.clone(), json!(self.epochs(id)))
            })
            .collect();
        assert_eq!(Value::Object(ours), recorded);
    }

    /// The next answer to the admin client is the recorded one.
    pub(crate) fn election(&mut self, what: &str, within_ms: u64) {
        let recorded = self.recorded(what);
        self.until(within_ms, what, |lab| !lab.watched.answers.is_empty());
        let ours = match self.watched.answers.remove(0) {
            Outcome::Done => "none".to_owned(),
            Outcome::Failed { error, message } => {
                format!("({} {}): {message}", error.name(), error.0)
            }
            other => panic!("{what}: {other:?}"),
        };
        let text = recorded.as_str().expect("text");
        assert_eq!(
            ours,
            text.split_once(' ').map_or(text, |(_, rest)| rest),
            "{what}"
        );
    }

    /// The recorded default of replica.lag.time.max.ms, which the scenario does not change.
    pub(crate) fn setting(&mut self, what: &str) {
        let recorded = self.recorded(what);
        let text = recorded.as_str().expect("text");
        assert!(text.starts_with("30000 (default; broker.session.timeout.ms 9000 default)"));
        let config = kafkalab::kafka::config::BrokerConfig::default();
        let spans = (config.replica_lag_time_max, config.broker_session_timeout);
        assert_eq!(spans, (Span::from_millis(30_000), Span::from_millis(9_000)));
    }

    /// A duration on the recording's machine that no bound of Kafka's speaks of.
    pub(crate) fn skip_time(&mut self, what: &str) {
        assert!(self.recorded(what).is_u64());
    }

    /// Whether the node's disk has this file.
    pub(crate) fn has_file(&self, id: i32, path: &str) -> bool {
        self.world
            .disk(self.node(id))
            .is_some_and(|disk| disk.open(path).is_some())
    }
}
