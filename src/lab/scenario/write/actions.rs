//! Actions as TOML: the word and its value.

use super::values::{Keys as Table, Values, duration, list, quoted};
use super::{configs, link, topic};
use crate::kafka::protocol::TopicPartition;
use crate::kafka::vocabulary::OffsetSpec;
use crate::lab::scenario::action::{
    Action, Cut, Disk, Keys, Load, Payload, Random, Send, Slowness, Tail, Tamper,
};
use crate::lab::scenario::matcher::MessageMatcher;
use crate::lab::scenario::model::{ClientRef, NodeIdx, Place};
use crate::sim::Span;

/// The word of an action and its value.
pub(super) fn action(values: &Values<'_>, action: &Action) -> (&'static str, String) {
    let place = |place: &Place| values.place(place);
    match action {
        Action::Send(send) => ("send", self::send(values, send)),
        Action::Load(load) => ("load", self::load(values, load)),
        Action::Flush(client) => ("flush", quoted(values.client(*client))),
        Action::Close(client) => ("close", quoted(values.client(*client))),
        Action::Poll(client) => ("poll", consumer(values, *client)),
        Action::Assign(client, tps) => ("assign", reading(values, *client, tps)),
        Action::PauseFetch(client, tps) => ("pause-fetch", reading(values, *client, tps)),
        Action::ResumeFetch(client, tps) => ("resume-fetch", reading(values, *client, tps)),
        Action::Seek(client, partition, to) => ("seek", seek(values, *client, partition, *to)),
        Action::CreateTopic(spec) => ("create-topic", topic(values, spec).table()),
        Action::DeleteTopic(name) => ("delete-topic", quoted(name)),
        Action::Elect { partition, unclean } => ("elect", elect(partition, *unclean)),
        Action::AddBroker(node) => ("add-broker", add_broker(values, *node)),
        Action::Crash(node) => ("crash", place(node)),
        Action::Stop(node) => ("stop", place(node)),
        Action::Start { node, wipe: false } => ("start", place(node)),
        Action::Start { node, wipe: true } => (
            "start",
            format!("{{ node = {}, wipe = true }}", place(node)),
        ),
        Action::Pause(node) => ("pause", place(node)),
        Action::Resume(node) => ("resume", place(node)),
        Action::PowerOff { node, tail } => ("power-off", power_off(values, node, *tail)),
        Action::Slow { node, by } => ("slow", slow(values, node, *by)),
        Action::Cut(cut) => ("cut", self::cut(values, cut)),
        Action::Heal(None) => ("heal", quoted("all")),
        Action::Heal(Some(step)) => ("heal", quoted(&values.step(*step))),
        Action::Link(spec) => ("link", link(values, spec).table()),
        Action::Tamper { how, rule } => tamper(values, *how, rule.as_deref()),
        Action::Release(step) => ("release", quoted(&values.step(*step))),
        Action::Disk(disk) => ("disk", self::disk(values, disk)),
        Action::Random(random) => ("random", self::random(values, random)),
        Action::Clock {
            node,
            jump_ns,
            drift_ppm,
        } => ("clock", clock(values, node, *jump_ns, *drift_ppm)),
    }
}

fn consumer(values: &Values<'_>, at: usize) -> String {
    quoted(values.client(ClientRef::Consumer(at)))
}

fn payload(payload: &Payload) -> String {
    match payload {
        Payload::Text(text) => quoted(text),
        Payload::Hex(bytes) => {
            let digits: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
            format!("{{ hex = {} }}", quoted(&digits))
        }
    }
}

fn send(values: &Values<'_>, send: &Send) -> String {
    let mut keys = Table::default();
    let from = values.client(ClientRef::Producer(send.from));
    keys.put("from", quoted(from));
    keys.put("topic", quoted(&send.topic));
    keys.maybe("partition", send.partition.map(|n| n.to_string()));
    keys.maybe("key", send.key.as_ref().map(payload));
    keys.maybe("value", send.value.as_ref().map(payload));
    keys.flag("tombstone", send.value.is_none());
    let header = |(name, value): &(String, Payload)| list(vec![quoted(name), payload(value)]);
    if !send.headers.is_empty() {
        keys.put("headers", list(send.headers.iter().map(header).collect()));
    }
    keys.maybe("timestamp", send.timestamp.map(|n| n.to_string()));
    keys.maybe("count", (send.count != 1).then(|| send.count.to_string()));
    keys.maybe(
        "every",
        (send.every != Span::ZERO).then(|| duration(send.every)),
    );
    keys.table()
}

fn load(values: &Values<'_>, load: &Load) -> String {
    let mut keys = Table::default();
    let from = values.client(ClientRef::Producer(load.from));
    keys.put("from", quoted(from));
    keys.put("topic", quoted(&load.topic));
    let a_second = 1_000_000_000 / load.every.as_nanos().max(1);
    keys.put("rate", quoted(&format!("{a_second}/s")));
    keys.put("for", duration(load.lasts));
    match &load.keys {
        Keys::None => {}
        Keys::Count(n) => keys.put("keys", n.to_string()),
        Keys::List(names) => keys.put("keys", list(names.iter().map(|k| quoted(k)).collect())),
    }
    keys.put("size", load.size.to_string());
    keys.table()
}

fn random(values: &Values<'_>, random: &Random) -> String {
    let mut keys = Table::default();
    let of = random.of.iter().map(|at| {
        let (word, value) = action(values, &at.it);
        format!("{{ {word} = {value} }}")
    });
    keys.put("of", list(of.collect()));
    keys.maybe(
        "times",
        (random.times != 1).then(|| random.times.to_string()),
    );
    keys.maybe(
        "within",
        (random.within != Span::ZERO).then(|| duration(random.within)),
    );
    keys.table()
}

fn reading(values: &Values<'_>, client: usize, partitions: &[TopicPartition]) -> String {
    let mut keys = Table::default();
    keys.put("client", consumer(values, client));
    keys.put("partitions", values.partitions(partitions));
    keys.table()
}

fn seek(values: &Values<'_>, client: usize, partition: &TopicPartition, to: OffsetSpec) -> String {
    let mut keys = Table::default();
    keys.put("client", consumer(values, client));
    keys.put("partition", quoted(&partition.to_string()));
    let to = match to {
        OffsetSpec::Earliest => quoted("begin"),
        OffsetSpec::Latest => quoted("end"),
        OffsetSpec::At(offset) | OffsetSpec::Timestamp(offset) => offset.to_string(),
    };
    keys.put("to", to);
    keys.table()
}

fn elect(partition: &TopicPartition, unclean: bool) -> String {
    let mut keys = Table::default();
    keys.put("partition", quoted(&partition.to_string()));
    let mode = if unclean { "unclean" } else { "preferred" };
    keys.put("mode", quoted(mode));
    keys.table()
}

fn add_broker(values: &Values<'_>, node: NodeIdx) -> String {
    let mut keys = Table::default();
    keys.put("name", quoted(values.node(node)));
    if let Some(spec) = values.0.cluster.nodes.get(node.0) {
        keys.put("id", spec.id.to_string());
        keys.maybe("rack", spec.rack.as_deref().map(quoted));
        keys.maybe("config", configs(&spec.config));
    }
    keys.table()
}

fn power_off(values: &Values<'_>, node: &Place, tail: Tail) -> String {
    let mut keys = Table::default();
    keys.put("node", values.place(node));
    let word = match tail {
        Tail::Kept => "kept",
        Tail::Lost => "lost",
        Tail::Torn => "torn",
        Tail::Drawn => "drawn",
    };
    keys.put("tail", quoted(word));
    keys.table()
}

fn slow(values: &Values<'_>, node: &Place, by: Slowness) -> String {
    let mut keys = Table::default();
    keys.put("node", values.place(node));
    match by {
        Slowness::Factor(factor) => keys.put("factor", factor.to_string()),
        Slowness::Each(span) => keys.put("each", duration(span)),
    }
    keys.table()
}

fn cut(values: &Values<'_>, cut: &Cut) -> String {
    let (from, to) = (values.place(&cut.from), values.place(&cut.to));
    match cut.both {
        true => format!("{{ between = [{from}, {to}] }}"),
        false => format!("{{ from = {from}, to = {to} }}"),
    }
}

fn tamper(
    values: &Values<'_>,
    how: Tamper,
    rule: Option<&MessageMatcher>,
) -> (&'static str, String) {
    let mut keys = match rule {
        Some(matcher) => {
            let mut keys = values.message(matcher);
            keys.maybe("count", matcher.count.map(|n| n.to_string()));
            keys
        }
        None => Table::default(),
    };
    let word = match how {
        Tamper::Hold | Tamper::HoldFor(_) | Tamper::HoldUntil(_) => "hold",
        Tamper::Drop => "drop",
        Tamper::Duplicate => "duplicate",
        Tamper::Delay(_) => "delay",
    };
    match how {
        Tamper::HoldFor(span) | Tamper::Delay(span) => keys.put("for", duration(span)),
        Tamper::HoldUntil(step) => keys.put("until", quoted(&values.step(step))),
        Tamper::Hold | Tamper::Drop | Tamper::Duplicate => {}
    }
    match keys.0.is_empty() {
        true => (word, "true".to_owned()),
        false => (word, keys.table()),
    }
}

fn disk(values: &Values<'_>, disk: &Disk) -> String {
    let mut keys = Table::default();
    keys.put("node", values.place(&disk.node));
    keys.maybe("full", disk.full.map(|full| full.to_string()));
    keys.maybe("slow", disk.slow.map(duration));
    if let Some(rot) = &disk.corrupt {
        let mut inner = Table::default();
        inner.put("partition", quoted(&rot.partition.to_string()));
        inner.maybe("segment", rot.segment.map(|n| n.to_string()));
        inner.put("at", rot.at.to_string());
        inner.put("bytes", rot.bytes.to_string());
        keys.put("corrupt", inner.table());
    }
    keys.table()
}

fn clock(values: &Values<'_>, node: &Place, jump_ns: i64, drift_ppm: Option<i64>) -> String {
    let mut keys = Table::default();
    keys.put("node", values.place(node));
    if jump_ns != 0 || drift_ppm.is_none() {
        let sign = if jump_ns < 0 { '-' } else { '+' };
        let size = Span::from_nanos(jump_ns.unsigned_abs());
        keys.put("jump", quoted(&format!("{sign}{size}")));
    }
    keys.maybe("drift", drift_ppm.map(|ppm| ppm.to_string()));
    keys.table()
}
