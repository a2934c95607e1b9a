//! `[cluster]` and `[[node]]`: who is there.

use super::configs::{Whose, config};
use super::io_model::io_model;
use super::name;
use crate::kafka::config::{IsrAdmission, Sabotage, Sabotages, Semantics, Truncation};
use crate::lab::scenario::codes::Code;
use crate::lab::scenario::cx::Cx;
use crate::lab::scenario::fields::Fields;
use crate::lab::scenario::limits::{MAX_NODE_ID, MAX_NODES};
use crate::lab::scenario::model::{Cluster, NodeIdx, NodeSpec, Role};
use crate::lab::scenario::names::NodeName;
use crate::lab::scenario::pos::Pos;
use crate::lab::scenario::properties::config_file;
use crate::lab::scenario::shapes;
use crate::lab::scenario::tree::{Node, Table, Value};

const FIRST_CONTROLLER_ID: i32 = 100;

/// Reads the cluster and enters its nodes, and those that steps add, among the names.
pub(super) fn cluster(cx: &mut Cx<'_>, fields: &mut Fields<'_>, root: &Table) -> Cluster {
    let mut cluster = Cluster {
        nodes: Vec::new(),
        config: Vec::new(),
        semantics: Semantics::default(),
        wire_roundtrip: false,
        cold_start: false,
    };
    if let Some(node) = fields.required(cx, "cluster") {
        own_table(cx, node, &mut cluster);
    }
    if let Some(node) = fields.node("node") {
        let nodes = cx.list(node).unwrap_or(&[]);
        nodes
            .iter()
            .for_each(|node| extra_node(cx, node, &mut cluster.nodes));
    }
    check_ids(cx, &cluster.nodes);
    added_nodes(cx, root, &mut cluster.nodes);
    if cluster.nodes.len() > MAX_NODES {
        let n = cluster.nodes.len();
        let message = format!("{n} brokers and controllers; the limit is {MAX_NODES}");
        let pos = cluster.nodes[MAX_NODES].pos;
        cx.problem(Code::TooLarge, pos, message);
        cluster.nodes.truncate(MAX_NODES);
    }
    cx.names.nodes = (cluster.nodes.iter())
        .map(|node| NodeName {
            name: node.name.clone(),
            id: node.id,
            role: node.role,
            unclaimed: node.added,
        })
        .collect();
    cluster
}

fn own_table(cx: &mut Cx<'_>, node: &Node, cluster: &mut Cluster) {
    let Some(mut fields) = Fields::of(cx, node, &shapes::CLUSTER) else {
        return;
    };
    let combined = numbered_nodes(cx, &mut fields, &mut cluster.nodes);
    if let (Some(pos), true) = (combined, cluster.nodes.is_empty()) {
        cx.problem(
            Code::MissingKey,
            pos,
            "combined nodes need a number of brokers",
        );
    }
    cluster.config = config(cx, &mut fields, Whose::Broker);
    if let Some(node) = fields.node("semantics") {
        cluster.semantics = semantics(cx, node).unwrap_or_default();
    }
    if let Some(node) = fields.node("wire") {
        let words = [("roundtrip", true), ("typed", false)];
        cluster.wire_roundtrip = cx.word(node, "words", &words).unwrap_or(false);
    }
    if let Some(node) = fields.node("start") {
        let words = [("cold", true), ("ready", false)];
        cluster.cold_start = cx.word(node, "words", &words).unwrap_or(false);
    }
    if let Some(node) = fields.node("config-file") {
        let mut under = config_file(cx, node);
        under.retain(|entry| cluster.config.iter().all(|own| own.name != entry.name));
        under.append(&mut cluster.config);
        cluster.config = under;
    }
    fields.finish(cx);
}

/// The nodes that are given by number; where it says "combined", if it does.
fn numbered_nodes(
    cx: &mut Cx<'_>,
    fields: &mut Fields<'_>,
    nodes: &mut Vec<NodeSpec>,
) -> Option<Pos> {
    let brokers_at = fields.required(cx, "brokers");
    let brokers = brokers_at.and_then(|node| cx.int(node, 0..=MAX_NODES as i64));
    let brokers = brokers.unwrap_or(0) as i32;
    let pos = brokers_at.map_or(fields.pos, |node| node.pos);
    cx.names.brokers_at = brokers_at.map(|node| node.pos);
    let controllers = fields.node("controllers");
    let combined = controllers.filter(|node| matches!(node.value, Value::Str(_)));
    if let Some(node) = combined {
        cx.word(node, "words", &[("combined", ())]);
    }
    let role = match combined {
        Some(_) => Role::Combined,
        None => Role::Broker,
    };
    nodes.extend((0..brokers).map(|id| plain_node(format!("broker-{id}"), id, role, pos)));
    if combined.is_none() {
        let most = MAX_NODE_ID - i64::from(FIRST_CONTROLLER_ID) + 1;
        let number = controllers.map_or(Some(3), |node| cx.int(node, 0..=most));
        let pos = controllers.map_or(pos, |node| node.pos);
        let controller = |n: i32| {
            let id = FIRST_CONTROLLER_ID + n;
            plain_node(format!("controller-{n}"), id, Role::Controller, pos)
        };
        nodes.extend((0..number.unwrap_or(0) as i32).map(controller));
    }
    combined.map(|node| node.pos)
}

fn plain_node(name: String, id: i32, role: Role, pos: Pos) -> NodeSpec {
    NodeSpec {
        name,
        id,
        role,
        rack: None,
        config: Vec::new(),
        added: false,
        pos,
    }
}

/// `[[node]]`: changes a node that the numbers gave, or adds one.
fn extra_node(cx: &mut Cx<'_>, node: &Node, nodes: &mut Vec<NodeSpec>) {
    let Some(mut fields) = Fields::of(cx, node, &shapes::NODE) else {
        return;
    };
    let own_name = fields.required(cx, "name").and_then(|node| name(cx, node));
    let id = fields.int(cx, "id", 0..=MAX_NODE_ID).map(|id| id as i32);
    let roles_at = fields.node("roles");
    let roles = roles_at.and_then(|node| role(cx, node));
    let rack = fields.text(cx, "rack").map(str::to_owned);
    let entries = config(cx, &mut fields, Whose::Broker);
    let pos = fields.pos;
    fields.finish(cx);
    let Some(own_name) = own_name else {
        return;
    };
    let at = nodes.iter().position(|node| node.name == own_name);
    let at = at.unwrap_or_else(|| {
        let free = (0..=MAX_NODE_ID as i32).find(|id| nodes.iter().all(|node| node.id != *id));
        let role = roles.unwrap_or(Role::Broker);
        nodes.push(plain_node(own_name, free.unwrap_or(0), role, pos));
        nodes.len() - 1
    });
    let spec = &mut nodes[at];
    spec.pos = pos;
    spec.id = id.unwrap_or(spec.id);
    spec.role = roles.unwrap_or(spec.role);
    spec.rack = rack;
    spec.config.extend(entries);
}

/// `"broker"`, or `["broker", "controller"]`.
fn role(cx: &mut Cx<'_>, node: &Node) -> Option<Role> {
    let words = [
        ("broker", Role::Broker),
        ("controller", Role::Controller),
        ("combined", Role::Combined),
    ];
    let Value::Array(items) = &node.value else {
        return cx.word(node, "roles", &words);
    };
    let mut roles = items
        .iter()
        .filter_map(|item| cx.word(item, "roles", &words));
    let first = roles.next()?;
    Some(roles.fold(first, |all, one| match all == one {
        true => all,
        false => Role::Combined,
    }))
}

fn check_ids(cx: &mut Cx<'_>, nodes: &[NodeSpec]) {
    for (at, node) in nodes.iter().enumerate() {
        if let Some(other) = nodes[..at].iter().find(|other| other.id == node.id) {
            let message = format!("{} and {} share the id {}", other.name, node.name, node.id);
            cx.problem(Code::Duplicate, node.pos, message);
        }
    }
    if !nodes.iter().any(|node| node.role.is_controller()) && !nodes.is_empty() {
        let message = "a cluster needs at least one controller";
        cx.problem(Code::MissingKey, nodes[0].pos, message);
    }
}

/// The nodes of `add-broker` steps. The step's own reader reports what is wrong with a name.
fn added_nodes(cx: &mut Cx<'_>, root: &Table, nodes: &mut Vec<NodeSpec>) {
    let Some(Value::Array(steps)) = root.node("step").map(|node| &node.value) else {
        return;
    };
    for step in steps {
        let Value::Table(step) = &step.value else {
            continue;
        };
        let Some(Node {
            value: Value::Table(table),
            pos,
        }) = step.node("add-broker")
        else {
            continue;
        };
        let mut fields = Fields::new(table, *pos, &shapes::ADD_BROKER);
        let name = table.text("name").unwrap_or("");
        if name.is_empty() || nodes.iter().any(|node| node.name == name) {
            continue;
        }
        let id = fields.int(cx, "id", 0..=MAX_NODE_ID).map(|id| id as i32);
        let id = id.unwrap_or_else(|| next_broker_id(nodes));
        let mut spec = plain_node(name.to_owned(), id, Role::Broker, *pos);
        spec.added = true;
        spec.rack = fields.text(cx, "rack").map(str::to_owned);
        spec.config = config(cx, &mut fields, Whose::Broker);
        nodes.push(spec);
    }
}

fn next_broker_id(nodes: &[NodeSpec]) -> i32 {
    let brokers = nodes.iter().filter(|node| node.role.is_broker());
    let last = brokers.map(|node| node.id).max();
    last.map_or(0, |id| (id + 1).min(MAX_NODE_ID as i32))
}

fn semantics(cx: &mut Cx<'_>, node: &Node) -> Option<Semantics> {
    let mut fields = Fields::of(cx, node, &shapes::SEMANTICS)?;
    let kafka = Semantics::default();
    let flag = |cx: &mut Cx<'_>, fields: &mut Fields<'_>, key: &'static str| {
        fields.node(key).and_then(|node| cx.boolean(node))
    };
    let stale = flag(cx, &mut fields, "stale-broker-epoch-check");
    let elr = flag(cx, &mut fields, "eligible-leader-replicas");
    let gate = flag(cx, &mut fields, "min-isr-gates-hw");
    let truncation = fields.node("truncation").and_then(|node| {
        let words = [
            ("epoch", Truncation::Epoch),
            ("hw", Truncation::HighWatermark),
        ];
        cx.word(node, "ways to truncate", &words)
    });
    let admission = fields.node("isr-admission").and_then(|node| {
        let words = [
            (
                "hw-and-epoch-start",
                IsrAdmission::HighWatermarkAndEpochStart,
            ),
            ("hw", IsrAdmission::HighWatermark),
        ];
        cx.word(node, "ways into the ISR", &words)
    });
    let io = io_model(cx, &mut fields);
    let sabotage = fields.node("sabotage").and_then(|node| sabotages(cx, node));
    fields.finish(cx);
    Some(Semantics {
        truncation: truncation.unwrap_or(kafka.truncation),
        isr_admission: admission.unwrap_or(kafka.isr_admission),
        stale_broker_epoch_check: stale.unwrap_or(kafka.stale_broker_epoch_check),
        eligible_leader_replicas: elr.unwrap_or(kafka.eligible_leader_replicas),
        min_isr_gates_high_watermark: gate.unwrap_or(kafka.min_isr_gates_high_watermark),
        io,
        sabotage: sabotage.unwrap_or_default(),
    })
}

fn sabotages(cx: &mut Cx<'_>, node: &Node) -> Option<Sabotages> {
    let words: Vec<_> = Sabotage::ALL.iter().map(|s| (s.word(), *s)).collect();
    let planted = cx.each(node, |cx, item| cx.word(item, "sabotages", &words))?;
    let none = Sabotages::default();
    Some(planted.into_iter().fold(none, Sabotages::with))
}

/// `add-broker`: the node that [`cluster`] made for it, which is read there.
pub(super) fn add_broker(cx: &mut Cx<'_>, node: &Node) -> Option<NodeIdx> {
    let mut fields = Fields::of(cx, node, &shapes::ADD_BROKER)?;
    let name_at = fields.required(cx, "name");
    for key in ["id", "rack", "config"] {
        fields.node(key);
    }
    fields.finish(cx);
    let own = name_at.and_then(|node| name(cx, node))?;
    let named = |node: &NodeName| node.name == own;
    let at = cx.names.nodes.iter().position(named)?;
    if std::mem::take(&mut cx.names.nodes[at].unclaimed) {
        return Some(NodeIdx(at));
    }
    let pos = name_at.map_or(node.pos, |node| node.pos);
    let message = format!("there is a node \"{own}\" already");
    cx.problem(Code::Duplicate, pos, message);
    None
}
