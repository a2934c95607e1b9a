//! What can be selected, and what one thing is in full: the inspector.

use super::model::{Model, Screen};
use super::picture::{Flight, NodeLook, ReplicaLook};
use crate::kafka::vocabulary::Tp;
use crate::lab::cluster::View;
use crate::lab::text::{Lang, fault_sentence, sentence};
use crate::sim::{Action, NodeId, StepNo};

/// So many messages can be selected.
const FLIGHTS: usize = 20;
/// So many records of a replica are listed, the newest.
const RECORDS: i64 = 50;
/// A value is shown up to this length.
const VALUE_CHARS: usize = 200;

/// Something that can be inspected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// A machine.
    Node(NodeId),
    /// A replica.
    Replica(Tp, NodeId),
    /// A message, by its place among those in flight.
    Message(usize),
    /// A record of a replica.
    Record(Tp, NodeId, i64),
    /// The present step.
    Step,
}

impl Item {
    /// The machine that it belongs to.
    pub(super) fn node(self) -> Option<NodeId> {
        match self {
            Item::Node(node) | Item::Replica(_, node) | Item::Record(_, node, _) => Some(node),
            Item::Message(_) | Item::Step => None,
        }
    }
}

/// Names of fields in Chinese; those that are Kafka's words stay.
const NAMES: &[(&str, &str)] = &[
    ("machine", "机器"),
    ("state", "状态"),
    ("starts", "启动次数"),
    ("metadata offset", "元数据 offset"),
    ("busy for", "忙碌"),
    ("bytes on disk", "磁盘字节数"),
    ("quorum role", "quorum 角色"),
    ("quorum epoch", "quorum 纪元"),
    ("follows", "跟随"),
    ("voted for", "投票给"),
    ("metadata log end", "元数据日志末端"),
    ("durable up to", "已落盘至"),
    ("metadata high watermark", "元数据高水位"),
    ("log end the leader knows", "领导者所知的末端"),
    ("replica", "副本"),
    ("client state", "客户端状态"),
    ("producer id", "producer id"),
    ("records sent", "已发送"),
    ("acknowledged", "已应答"),
    ("failed", "失败"),
    ("in flight", "在途"),
    ("waiting", "等待"),
    ("retries", "重试"),
    ("processed", "已处理"),
    ("by the controller", "控制器的记录"),
    ("it believes", "它自己认为"),
    ("read from", "读自"),
    ("log start", "日志起点"),
    ("last stable offset", "最后稳定位移"),
    ("high watermark", "高水位"),
    ("high watermark written down", "落盘的高水位"),
    ("log end", "日志末端"),
    ("epoch", "纪元"),
    ("segment", "段"),
    ("record", "记录"),
    ("key", "键"),
    ("value", "值"),
    ("timestamp", "时间戳"),
    ("header", "头"),
    ("committed (as it knows)", "已提交（据它所知）"),
    ("leader epoch", "领导者纪元"),
    ("batch", "批次"),
    ("bytes of the batch", "批次字节数"),
    ("sequences", "序列号"),
    ("message", "消息"),
    ("from", "发送方"),
    ("to", "接收方"),
    ("api version", "api 版本"),
    ("bytes", "字节"),
    ("left at", "发出于"),
    ("arrives at", "到达于"),
    ("sent by step", "由哪一步发出"),
    ("lost", "丢失"),
    ("error", "错误"),
    ("of node", "所属节点"),
    ("epoch of the node", "节点纪元"),
    ("fetch session", "fetch 会话"),
    ("partition", "分区"),
    ("step", "步"),
    ("at", "时刻"),
    ("caused by step", "由哪一步引起"),
    ("request read in step", "在哪一步读到请求"),
    ("fault", "故障"),
    ("changed", "变化"),
];

/// A line of the inspector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) value: String,
    /// What Enter opens.
    pub(super) opens: Option<Item>,
}

/// What can be selected on the present screen, in order.
pub(super) fn items(model: &Model) -> Vec<Item> {
    let picture = model.session.picture();
    let mut items = Vec::new();
    match model.screen {
        Screen::Log => {
            if let Some(partition) = model.shown_partition() {
                let tp = partition.tp;
                let nodes = partition.replicas.iter().filter_map(|replica| replica.node);
                items.extend(nodes.map(|node| Item::Replica(tp, node)));
            }
            items.extend((0..picture.flights.len().min(FLIGHTS)).map(Item::Message));
        }
        Screen::Quorum => {
            let servers = picture.nodes.iter().filter(|node| node.id.is_some());
            let (voters, others): (Vec<_>, Vec<_>) = servers.partition(|node| node.is_controller);
            items.extend(
                voters
                    .iter()
                    .chain(&others)
                    .map(|look| Item::Node(look.node)),
            );
        }
        Screen::Clients => {
            items.extend(picture.clients.iter().map(|client| Item::Node(client.node)));
        }
    }
    if model.session.seen().is_some() {
        items.push(Item::Step);
    }
    items
}

/// What a line of the inspector opens.
pub(super) fn target(model: &Model, path: &[Item], line: usize) -> Option<Item> {
    lines(model, path).get(line)?.opens
}

/// What the inspector is headed with.
pub(super) fn title(model: &Model, path: &[Item]) -> String {
    let picture = model.session.picture();
    let name = |node: NodeId| picture.node(node).map_or("?", |look| look.name.as_str());
    let partition = |tp: Tp| picture.partition(tp).map_or("?", |look| look.name.as_str());
    match path.last() {
        Some(Item::Node(node)) => name(*node).to_owned(),
        Some(Item::Replica(tp, node)) => format!("{} {}", name(*node), partition(*tp)),
        Some(Item::Record(tp, node, offset)) => {
            format!("{} {}:{offset}", name(*node), partition(*tp))
        }
        Some(Item::Message(index)) => picture
            .flights
            .get(*index)
            .map_or("?".to_owned(), |flight| flight.label.clone()),
        Some(Item::Step) => format!("step:{}", model.session.now().0),
        None => String::new(),
    }
}

/// Everything that is known of the last item of a path.
pub(super) fn lines(model: &Model, path: &[Item]) -> Vec<Line> {
    let mut sheet = Sheet {
        model,
        lang: model.lang(),
        lines: Vec::new(),
    };
    match path.last() {
        Some(Item::Node(node)) => sheet.node(*node),
        Some(Item::Replica(tp, node)) => sheet.replica(*tp, *node),
        Some(Item::Record(tp, node, offset)) => sheet.record(*tp, *node, *offset),
        Some(Item::Message(index)) => {
            if let Some(flight) = model.session.picture().flights.get(*index) {
                sheet.message(flight);
            }
        }
        Some(Item::Step) => sheet.step(),
        None => {}
    }
    sheet.lines
}

struct Sheet<'a> {
    model: &'a Model,
    lang: Lang,
    lines: Vec<Line>,
}

impl<'a> Sheet<'a> {
    fn say(&mut self, name: &str, value: impl std::fmt::Display) {
        let (name, value, opens) = (self.named(name), value.to_string(), None);
        self.lines.push(Line { name, value, opens });
    }

    /// The name of a field in the present language; what is no word of ours stays as it is.
    fn named(&self, name: &str) -> String {
        let known = NAMES.iter().find(|(en, _)| *en == name);
        let name = known.map_or(name, |(en, zh)| self.lang.pick(*en, *zh));
        name.to_owned()
    }

    fn maybe(&mut self, name: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            self.say(name, value);
        }
    }

    fn link(&mut self, name: &str, value: String, item: Item) {
        let (name, opens) = (self.named(name), Some(item));
        self.lines.push(Line { name, value, opens });
    }

    fn look(&self, node: NodeId) -> Option<&'a NodeLook> {
        self.model.session.picture().node(node)
    }

    fn node(&mut self, node: NodeId) {
        let Some(look) = self.look(node) else { return };
        let world = self.model.session.world();
        let name = self.model.session.run().plan().names.machine(node);
        self.say("machine", name);
        self.maybe("node.id", look.id);
        self.say("state", format!("{:?}", look.life).to_lowercase());
        self.say("starts", world.incarnation(node));
        self.maybe("metadata offset", look.metadata);
        let busy = world.busy_until(node);
        if busy > world.now() {
            self.say("busy for", busy.since(world.now()));
        }
        if let Some(disk) = world.disk(node) {
            self.say("bytes on disk", disk.used());
        }
        let picture = self.model.session.picture();
        let voter = picture.quorum.iter().find(|voter| voter.node == node);
        if let Some(voter) = voter {
            self.maybe("quorum role", voter.role);
            self.say("quorum epoch", voter.epoch);
            self.maybe("follows", voter.leader.as_ref());
            self.maybe("voted for", voter.voted.as_ref());
            self.say("metadata log end", voter.log_end);
            self.say("durable up to", voter.durable);
            self.maybe("metadata high watermark", voter.high_watermark);
            self.maybe("log end the leader knows", voter.known);
        }
        self.client(node);
        for partition in &picture.partitions {
            let here = |replica: &&ReplicaLook| replica.node == Some(node);
            if let Some(replica) = partition.replicas.iter().find(here) {
                let item = Item::Replica(partition.tp, node);
                self.link(
                    "replica",
                    format!("{} {:?}", partition.name, replica.standing),
                    item,
                );
            }
        }
    }

    fn client(&mut self, node: NodeId) {
        let clients = &self.model.session.picture().clients;
        let Some(client) = clients.iter().find(|client| client.node == node) else {
            return;
        };
        self.maybe("client state", client.state);
        if let Some(producer) = &client.producer {
            self.say("acks", acks(producer.acks));
            self.say("enable.idempotence", producer.idempotent);
            self.say(
                "producer id",
                format!("{} epoch {}", producer.id.0, producer.id.1),
            );
            self.say("records sent", producer.sent);
            self.say("acknowledged", producer.acked);
            self.say("failed", producer.failed);
            self.say("in flight", producer.in_flight);
            self.say("waiting", producer.buffered);
            self.say("retries", producer.retries);
        }
        if let Some(consumer) = &client.consumer {
            for (partition, position, received, lag) in &consumer.reads {
                let number = |n: &Option<i64>| n.map_or("?".to_owned(), |n| n.to_string());
                let text = format!(
                    "position {} received {received} lag {}",
                    number(position),
                    number(lag)
                );
                self.say(partition, text);
            }
            self.say("processed", consumer.processed);
        }
    }

    fn replica(&mut self, tp: Tp, node: NodeId) {
        let Some(partition) = self.model.session.picture().partition(tp) else {
            return;
        };
        let here = |replica: &&ReplicaLook| replica.node == Some(node);
        let Some(replica) = partition.replicas.iter().find(here) else {
            return;
        };
        self.say("by the controller", format!("{:?}", replica.standing));
        match (replica.leads_in, replica.epoch) {
            (Some(epoch), _) => self.say("it believes", format!("leader, epoch {epoch}")),
            (None, Some(epoch)) => self.say("it believes", format!("follower, epoch {epoch}")),
            (None, None) => self.say("it believes", "nothing: no process"),
        }
        if replica.from_disk {
            self.say("read from", self.lang.pick("its disk", "它的磁盘"));
        }
        if let Some(offsets) = replica.offsets {
            self.say("log start", offsets.log_start);
            self.say("last stable offset", offsets.last_stable);
            let hw = match replica.from_disk {
                true => "high watermark written down",
                false => "high watermark",
            };
            self.say(hw, offsets.high_watermark);
            self.say("log end", offsets.log_end);
        }
        self.maybe("log end the leader knows", replica.known);
        for (epoch, start) in &replica.epochs {
            self.say("epoch", format!("{epoch} from offset {start}"));
        }
        self.link("machine", replica.name.clone(), Item::Node(node));
        self.records(tp, node);
    }

    fn records(&mut self, tp: Tp, node: NodeId) {
        let session = &self.model.session;
        let names = &session.run().plan().names;
        let view = View::new(session.world(), names);
        let (Some(replica), Some(disk)) = (view.replica(node, tp), session.world().disk(node))
        else {
            return;
        };
        let log = replica.partition.log();
        let offsets = log.offsets();
        for (base, bytes) in log.segments() {
            self.say("segment", format!("from offset {base}, {bytes} bytes"));
        }
        let from = (offsets.log_end - RECORDS).max(offsets.log_start);
        for batch in log.batches_from(disk, from) {
            for record in batch.records().unwrap_or_default() {
                let offset = record.offset;
                let value = format!(
                    "{offset} e{} {}",
                    batch.leader_epoch(),
                    bytes(&record.value)
                );
                self.link("record", value, Item::Record(tp, node, offset));
            }
        }
    }

    fn record(&mut self, tp: Tp, node: NodeId, offset: i64) {
        let session = &self.model.session;
        let names = &session.run().plan().names;
        let view = View::new(session.world(), names);
        let (Some(replica), Some(disk)) = (view.replica(node, tp), session.world().disk(node))
        else {
            return;
        };
        let Some(batch) = replica.partition.log().batches_from(disk, offset).next() else {
            return;
        };
        let records = batch.records().unwrap_or_default();
        let Some(record) = records.iter().find(|record| record.offset == offset) else {
            return;
        };
        self.say("offset", record.offset);
        self.say("key", bytes(&record.key));
        self.say("value", bytes(&record.value));
        self.say("timestamp", record.timestamp);
        for (name, value) in &record.headers {
            self.say("header", format!("{name}: {}", bytes(value)));
        }
        let high_watermark = replica.offsets().high_watermark;
        let committed = if offset < high_watermark {
            "yes"
        } else {
            "not yet"
        };
        self.say("committed (as it knows)", committed);
        self.say("leader epoch", batch.leader_epoch());
        self.say(
            "batch",
            format!("{}..{}", batch.base_offset(), batch.last_offset()),
        );
        self.say("bytes of the batch", batch.size());
        if batch.has_producer_id() {
            let (id, epoch) = (batch.producer_id(), batch.producer_epoch());
            self.say("producer id", format!("{id} epoch {epoch}"));
            let (first, last) = (batch.base_sequence(), batch.last_sequence());
            self.say("sequences", format!("{first}..{last}"));
        }
    }

    fn message(&mut self, flight: &Flight) {
        let ready = self.model.session.ready_at();
        self.say("message", flight.summary.name);
        self.say("from", &flight.ends.0);
        self.say("to", &flight.ends.1);
        self.say("api version", flight.summary.api_version);
        self.say("bytes", flight.summary.bytes);
        self.say("left at", flight.departs.since(ready));
        self.maybe("arrives at", flight.arrives.map(|at| at.since(ready)));
        self.say("sent by step", flight.cause.0);
        if flight.receiver_down {
            self.say("lost", "its receiver is down");
        } else if flight.cut {
            self.say("lost", "the link is cut");
        }
        let facts = &flight.summary.facts;
        self.maybe("acks", facts.acks.map(acks));
        self.maybe("error", facts.error.map(|error| error.name()));
        self.maybe("of node", facts.node);
        self.maybe("epoch of the node", facts.node_epoch);
        self.maybe(
            "fetch session",
            facts
                .session
                .map(|(id, epoch)| format!("{id} epoch {epoch}")),
        );
        let voice = self.model.session.voice();
        let names = flight.summary.partition_names(&voice);
        for (partition, name) in flight.summary.partitions.iter().zip(names) {
            let mut parts = vec![name];
            parts.extend(partition.offset.map(|offset| format!("offset {offset}")));
            parts.extend(partition.epoch.map(|epoch| format!("epoch {epoch}")));
            parts.extend(partition.error.map(|error| error.name().to_owned()));
            self.say("partition", parts.join(" "));
        }
    }

    fn step(&mut self) {
        let session = &self.model.session;
        let Some(seen) = session.seen() else { return };
        let voice = session.voice();
        self.say("step", seen.no.0);
        self.say("at", seen.at.since(session.ready_at()));
        self.maybe(
            "machine",
            seen.node
                .and_then(|node| self.look(node))
                .map(|look| &look.name),
        );
        if seen.cause > StepNo(0) {
            self.say("caused by step", seen.cause.0);
        }
        if seen.request > StepNo(0) {
            self.say("request read in step", seen.request.0);
        }
        if let Some(Action::Fault(fault)) = &seen.action {
            self.say("fault", fault_sentence(fault, &voice, self.lang));
        }
        if let Some(message) = &seen.message {
            self.say("message", message.label(&voice));
            self.say("bytes", message.bytes);
        }
        for note in &seen.notes {
            let node = seen.node.unwrap_or(NodeId(0));
            self.say(note.kind().name(), sentence(note, node, &voice, self.lang));
        }
        for change in session.changes() {
            self.say("changed", format!("{} {}", change.of, change.what));
        }
    }
}

/// `acks` as configs write it.
pub(super) fn acks(acks: i16) -> String {
    match acks {
        -1 => "all".to_owned(),
        other => other.to_string(),
    }
}

/// Bytes as text, shortened.
fn bytes(value: &Option<bytes::Bytes>) -> String {
    let Some(value) = value else {
        return "(none)".to_owned();
    };
    let text = String::from_utf8_lossy(value);
    let mut short: String = text.chars().take(VALUE_CHARS).collect();
    if text.chars().nth(VALUE_CHARS).is_some() {
        short.push_str("...");
    }
    format!("\"{short}\"")
}
