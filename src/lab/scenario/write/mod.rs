//! A scenario as a file again: what shrinking and the generators hand to a person.
//!
//! `parse(write(s)).main == s` for every scenario that [`parse`](super::parse) gave, unless it
//! compares itself with another branch, which a single file has not.

mod actions;
mod values;

use super::action::Action;
use super::model::{
    Ask, Claim, ConfigEntry, ConsumerSpec, Cost, End, EndWhen, Expect, Fact, LinkChange, LinkSpec,
    NodeSpec, ProducerSpec, Role, Rule, Scenario, Step, Tell, TopicSpec, Trigger, Until,
};
use super::read::RULES;
use super::words::calendar_text;
use crate::kafka::config::{ClientKind, IoModel, IsrAdmission, Sabotage, Semantics, Truncation};
use crate::sim::Span;
pub(super) use values::quoted;
use values::{Keys, Values, duration, list, range, ratio};

/// The scenario as TOML.
pub fn write(scenario: &Scenario) -> String {
    let values = Values(scenario);
    let mut file = File::default();
    file.line("format", "1".to_owned());
    file.line("kafka", quoted("4.3"));
    file.line("seed", scenario.seed.to_string());
    file.line("title", values.text(&scenario.title));
    if scenario.cost == Cost::Free {
        file.line("cost", quoted("free"));
    }
    file.header("[time]");
    file.line("start", quoted(&calendar_text(scenario.start_ms)));
    cluster(&mut file, scenario);
    network(&mut file, &values, scenario);
    workload(&mut file, &values, scenario);
    for step in &scenario.steps {
        self::step(&mut file, &values, step);
    }
    for tell in &scenario.tells {
        self::tell(&mut file, &values, tell);
    }
    for ask in &scenario.asks {
        self::ask(&mut file, &values, ask);
    }
    for expect in &scenario.expects {
        self::expect(&mut file, &values, expect);
    }
    end(&mut file, &values, &scenario.end);
    file.text
}

/// An operand as it is written in the file.
pub(super) fn operand_text(scenario: &Scenario, operand: &super::expr::Operand) -> String {
    Values(scenario).operand(operand)
}

/// The word of a step's action, as `crash`.
pub fn action_word(scenario: &Scenario, action: &Action) -> &'static str {
    actions::action(&Values(scenario), action).0
}

/// An action as it would be written: `crash = "broker-0"`.
pub fn action_text(scenario: &Scenario, action: &Action) -> String {
    let (word, value) = actions::action(&Values(scenario), action);
    format!("{word} = {value}")
}

/// The text so far.
#[derive(Default)]
struct File {
    text: String,
}

impl File {
    fn header(&mut self, header: &str) {
        self.text.push('\n');
        self.text.push_str(header);
        self.text.push('\n');
    }

    fn line(&mut self, key: &str, value: String) {
        self.text.push_str(key);
        self.text.push_str(" = ");
        self.text.push_str(&value);
        self.text.push('\n');
    }

    fn maybe(&mut self, key: &str, value: Option<String>) {
        if let Some(value) = value {
            self.line(key, value);
        }
    }

    fn flag(&mut self, key: &str, set: bool) {
        self.maybe(key, set.then(|| "true".to_owned()));
    }

    fn all(&mut self, keys: Keys) {
        for (key, value) in keys.0 {
            self.line(key, value);
        }
    }
}

fn configs(entries: &[ConfigEntry]) -> Option<String> {
    let pair = |entry: &ConfigEntry| format!("{} = {}", quoted(&entry.name), quoted(&entry.value));
    let pairs: Vec<_> = entries.iter().map(pair).collect();
    (!pairs.is_empty()).then(|| format!("{{ {} }}", pairs.join(", ")))
}

fn cluster(file: &mut File, scenario: &Scenario) {
    let cluster = &scenario.cluster;
    let nodes = &cluster.nodes;
    let named = |at: usize, kind: &str, n: usize| {
        let node = nodes.get(at);
        node.is_some_and(|node| !node.added && node.name == format!("{kind}-{n}"))
    };
    let brokers = (0..nodes.len())
        .take_while(|n| named(*n, "broker", *n))
        .count();
    let controllers = (0..nodes.len())
        .take_while(|n| named(brokers + n, "controller", *n))
        .count();
    let combined = controllers == 0 && nodes.first().is_some_and(|n| n.role == Role::Combined);
    file.header("[cluster]");
    file.line("brokers", brokers.to_string());
    let number = || controllers.to_string();
    let combined_word = combined.then(|| quoted("combined"));
    file.line("controllers", combined_word.unwrap_or_else(number));
    file.maybe("config", configs(&cluster.config));
    file.maybe("wire", cluster.wire_roundtrip.then(|| quoted("roundtrip")));
    file.maybe("start", cluster.cold_start.then(|| quoted("cold")));
    file.maybe("semantics", semantics(&cluster.semantics));
    for (at, node) in nodes.iter().enumerate().filter(|(_, node)| !node.added) {
        let numbered = match at {
            _ if at < brokers => Some((at, combined_or_broker(combined))),
            _ if at < brokers + controllers => Some((100 + at - brokers, Role::Controller)),
            _ => None,
        };
        let plain = node.rack.is_none() && node.config.is_empty();
        let as_numbered = numbered == Some((node.id as usize, node.role));
        if !(plain && as_numbered) {
            self::node(file, node);
        }
    }
}

fn combined_or_broker(combined: bool) -> Role {
    match combined {
        true => Role::Combined,
        false => Role::Broker,
    }
}

fn node(file: &mut File, node: &NodeSpec) {
    file.header("[[node]]");
    file.line("name", quoted(&node.name));
    file.line("id", node.id.to_string());
    let role = match node.role {
        Role::Broker => "broker",
        Role::Controller => "controller",
        Role::Combined => "combined",
    };
    file.line("roles", quoted(role));
    file.maybe("rack", node.rack.as_deref().map(quoted));
    file.maybe("config", configs(&node.config));
}

fn semantics(semantics: &Semantics) -> Option<String> {
    let kafka = Semantics::default();
    let mut keys = Keys::default();
    if semantics.truncation == Truncation::HighWatermark {
        keys.put("truncation", quoted("hw"));
    }
    if semantics.isr_admission == IsrAdmission::HighWatermark {
        keys.put("isr-admission", quoted("hw"));
    }
    let flags = [
        (
            "stale-broker-epoch-check",
            semantics.stale_broker_epoch_check,
            kafka.stale_broker_epoch_check,
        ),
        (
            "eligible-leader-replicas",
            semantics.eligible_leader_replicas,
            kafka.eligible_leader_replicas,
        ),
        (
            "min-isr-gates-hw",
            semantics.min_isr_gates_high_watermark,
            kafka.min_isr_gates_high_watermark,
        ),
    ];
    for (key, value, default) in flags {
        if value != default {
            keys.put(key, value.to_string());
        }
    }
    io_model(&mut keys, &semantics.io);
    let planted = Sabotage::ALL.iter().filter(|s| semantics.sabotage.has(**s));
    let planted: Vec<_> = planted.map(|s| quoted(s.word())).collect();
    if !planted.is_empty() {
        keys.put("sabotage", list(planted));
    }
    (!keys.0.is_empty()).then(|| keys.table())
}

fn io_model(keys: &mut Keys, io: &IoModel) {
    if !io.sequential_writes {
        keys.put("writes", quoted("in-place"));
    }
    match io.page_cache {
        Some(0) => keys.put("page-cache", quoted("off")),
        Some(bytes) => keys.put("page-cache", quoted(&format!("{bytes}B"))),
        None => {}
    }
    if !io.zero_copy {
        keys.put("zero-copy", "false".to_owned());
    }
}

fn network(file: &mut File, values: &Values<'_>, scenario: &Scenario) {
    let network = &scenario.network;
    if network.defaults != LinkChange::default() {
        file.header("[network]");
        file.all(link_change(&network.defaults));
    }
    for link in &network.links {
        file.header("[[link]]");
        file.all(self::link(values, link));
    }
    match &scenario.cost {
        Cost::Prices(prices) if !prices.is_empty() => {
            file.header("[cost]");
            for (work, price) in prices {
                file.line(work.word(), duration(*price));
            }
        }
        _ => {}
    }
}

fn link_change(change: &LinkChange) -> Keys {
    let mut keys = Keys::default();
    keys.maybe("latency", change.latency.map(range));
    keys.maybe("loss", change.loss.map(ratio));
    keys.maybe("duplicate", change.duplicate.map(ratio));
    keys.maybe("reorder", change.reorder.map(ratio));
    keys.maybe(
        "bandwidth",
        change.bandwidth.map(|n| quoted(&format!("{n}B/s"))),
    );
    keys
}

fn link(values: &Values<'_>, link: &LinkSpec) -> Keys {
    let mut keys = Keys::default();
    keys.put("from", values.place(&link.from));
    keys.put("to", values.place(&link.to));
    keys.flag("both", link.both);
    keys.0.extend(link_change(&link.change).0);
    keys
}

fn workload(file: &mut File, values: &Values<'_>, scenario: &Scenario) {
    for topic in &scenario.topics {
        file.header("[[topic]]");
        file.all(self::topic(values, topic));
    }
    for producer in &scenario.producers {
        self::producer(file, producer);
    }
    for consumer in &scenario.consumers {
        self::consumer(file, values, consumer);
    }
}

fn topic(values: &Values<'_>, topic: &TopicSpec) -> Keys {
    let mut keys = Keys::default();
    keys.put("name", quoted(&topic.name));
    keys.maybe("partitions", topic.partitions.map(|n| n.to_string()));
    keys.maybe("replication", topic.replication.map(|n| n.to_string()));
    keys.maybe("config", configs(&topic.config));
    let placed = |(partition, nodes): &(i32, Vec<_>)| {
        let nodes = nodes.iter().map(|node| quoted(values.node(*node)));
        format!("{partition} = {}", list(nodes.collect()))
    };
    let place: Vec<_> = topic.place.iter().map(placed).collect();
    let place = (!place.is_empty()).then(|| format!("{{ {} }}", place.join(", ")));
    keys.maybe("place", place);
    keys
}

fn client_kind(kind: ClientKind) -> Option<String> {
    match kind {
        ClientKind::Java => None,
        ClientKind::Librdkafka => Some(quoted("librdkafka")),
        ClientKind::Sarama => Some(quoted("sarama")),
    }
}

fn producer(file: &mut File, producer: &ProducerSpec) {
    file.header("[[producer]]");
    file.line("name", quoted(&producer.name));
    file.maybe("client", client_kind(producer.client));
    file.maybe("config", configs(&producer.config));
}

fn consumer(file: &mut File, values: &Values<'_>, consumer: &ConsumerSpec) {
    file.header("[[consumer]]");
    file.line("name", quoted(&consumer.name));
    file.maybe("client", client_kind(consumer.client));
    file.line("partitions", values.partitions(&consumer.partitions));
    if consumer.process != Span::ZERO {
        file.line("process", duration(consumer.process));
    }
    file.maybe("poll", consumer.polls_by_steps.then(|| quoted("by-steps")));
    file.maybe("config", configs(&consumer.config));
}

fn trigger(file: &mut File, values: &Values<'_>, trigger: &Trigger, when: &str) {
    match trigger {
        Trigger::At(time) => file.line("at", duration(*time)),
        Trigger::After(step, Span::ZERO) => file.line("after", quoted(&values.step(*step))),
        Trigger::After(step, wait) => {
            let mut keys = Keys::default();
            keys.put("step", quoted(&values.step(*step)));
            keys.put("wait", duration(*wait));
            file.line("after", keys.table());
        }
        Trigger::State(expr, times) => {
            file.line(when, quoted(&values.expr(expr)));
            file.maybe("times", (*times != 1).then(|| times.to_string()));
        }
        Trigger::Message(matcher) => {
            let mut keys = values.message(matcher);
            match matcher.count {
                Some(1) => {}
                Some(n) => keys.put("count", n.to_string()),
                None => keys.put("count", quoted("all")),
            }
            file.line(when, keys.table());
        }
        Trigger::Note(matcher) => file.line(when, values.note(matcher).table()),
        // Such a step is part of the one that draws it.
        Trigger::Drawn(_) => {}
    }
}

fn step(file: &mut File, values: &Values<'_>, step: &Step) {
    if let Trigger::Drawn(_) = step.trigger {
        return;
    }
    file.header("[[step]]");
    file.maybe("id", step.id.as_deref().map(quoted));
    trigger(file, values, &step.trigger, "when");
    if let Some(repeat) = &step.repeat {
        file.line("every", duration(repeat.every));
        file.maybe("times", repeat.times.map(|n| n.to_string()));
        let until = repeat.until.as_ref().map(|until| match until {
            Until::Time(time) => duration(*time),
            Until::State(expr) => quoted(&values.expr(expr)),
        });
        file.maybe("until", until);
    }
    file.maybe(
        "wait",
        (step.wait != Span::ZERO).then(|| duration(step.wait)),
    );
    file.flag("mark", step.mark);
    file.maybe(
        "focus",
        step.focus.as_ref().map(|focus| values.focus(focus)),
    );
    file.maybe("note", step.note.as_ref().map(|note| values.text(note)));
    file.flag("optional", step.optional);
    if let Some(action) = &step.action {
        self::action(file, values, &action.it);
    }
}

fn action(file: &mut File, values: &Values<'_>, action: &Action) {
    let (word, value) = actions::action(values, action);
    file.line(word, value);
}

fn tell(file: &mut File, values: &Values<'_>, tell: &Tell) {
    file.header("[[tell]]");
    file.maybe("id", tell.id.as_deref().map(quoted));
    trigger(file, values, &tell.trigger, "when");
    file.maybe(
        "focus",
        tell.focus.as_ref().map(|focus| values.focus(focus)),
    );
    file.line("text", values.text(&tell.text));
}

fn ask(file: &mut File, values: &Values<'_>, ask: &Ask) {
    file.header("[[ask]]");
    file.maybe("id", ask.id.as_deref().map(quoted));
    let when = if ask.before { "before" } else { "when" };
    trigger(file, values, &ask.trigger, when);
    file.line("text", values.text(&ask.text));
    let choice = |choice: &super::model::Choice| {
        let mut keys = Keys::default();
        keys.put("en", quoted(&values.template(&choice.text.en)));
        keys.put("zh", quoted(&values.template(&choice.text.zh)));
        keys.flag("right", choice.right);
        keys.maybe(
            "wrong",
            choice.wrong.as_ref().map(|wrong| values.text(wrong)),
        );
        keys.table()
    };
    file.line("choose", list(ask.choose.iter().map(choice).collect()));
}

fn expect(file: &mut File, values: &Values<'_>, expect: &Expect) {
    file.header("[[expect]]");
    file.maybe("id", expect.id.as_deref().map(quoted));
    match &expect.claim {
        Claim::Always(fact) => self::fact(file, values, "always", fact),
        Claim::Never(fact) => self::fact(file, values, "never", fact),
        Claim::Sometimes(fact) => self::fact(file, values, "sometimes", fact),
        Claim::Finally(fact) => self::fact(file, values, "finally", fact),
        Claim::At(time, that) => {
            file.line("at", duration(*time));
            file.line("that", quoted(&values.expr(that)));
        }
        Claim::Within { of, time, that } => {
            let mut keys = Keys::default();
            keys.put("of", quoted(&values.step(*of)));
            keys.put("time", duration(*time));
            keys.put("that", quoted(&values.expr(that)));
            file.line("within", keys.table());
        }
        Claim::Count { note, op, n } => {
            let mut keys = values.note(note);
            keys.put("is", quoted(&format!("{} {n}", op.word())));
            file.line("count", keys.table());
        }
        Claim::Order(notes) => {
            let notes = notes.iter().map(|note| values.note(note).table());
            file.line("order", list(notes.collect()));
        }
        Claim::SameAs { branch, on } => {
            file.line("same-as", quoted(branch));
            let on = on.iter().map(|path| quoted(&values.operand(path)));
            file.line("on", list(on.collect()));
        }
    }
    file.maybe("outcome", (!expect.holds).then(|| quoted("fails")));
}

fn fact(file: &mut File, values: &Values<'_>, key: &str, fact: &Fact) {
    match fact {
        Fact::Expr(expr) => file.line(key, quoted(&values.expr(expr))),
        Fact::Rule(rule) => {
            let widened = *rule == Rule::AckedNotLost { widened: true };
            let plain = match widened {
                true => Rule::AckedNotLost { widened: false },
                false => *rule,
            };
            let row = RULES.iter().find(|row| row.rule == Some(plain));
            file.line(key, quoted(row.map_or("", |row| row.word)));
            file.maybe("acks", widened.then(|| quoted("1")));
        }
    }
}

fn end(file: &mut File, values: &Values<'_>, end: &End) {
    if *end == End::default() {
        return;
    }
    file.header("[end]");
    match &end.when {
        Some(EndWhen::At(time)) => file.line("at", duration(*time)),
        Some(EndWhen::State(expr)) => file.line("when", quoted(&values.expr(expr))),
        None => {}
    }
    file.line("settle", duration(end.settle));
    file.flag("restart", end.restart);
}
