//! Configs by Kafka's names.

use crate::kafka::config::{
    BrokerConfig, ClientKind, ConfigError, ConsumerConfig, ProducerConfig, Scope, TopicConfig,
    find_config, known_configs, topic_configs,
};
use crate::lab::scenario::codes::Code;
use crate::lab::scenario::cx::{Cx, shorten};
use crate::lab::scenario::fields::Fields;
use crate::lab::scenario::model::ConfigEntry;
use crate::lab::scenario::problem::Problem;
use crate::lab::scenario::tree::{Entry, Node, Value};

/// Whose configs.
#[derive(Clone, Copy)]
pub(super) enum Whose {
    Broker,
    Topic,
    Producer(ClientKind),
    Consumer(ClientKind),
}

impl Whose {
    fn scope(self) -> Scope {
        match self {
            Whose::Broker => Scope::Broker,
            Whose::Topic => Scope::Topic,
            Whose::Producer(_) => Scope::Producer,
            Whose::Consumer(_) => Scope::Consumer,
        }
    }

    fn is_read(self, name: &str) -> bool {
        match self {
            Whose::Producer(client) => ProducerConfig::reads(client, name),
            Whose::Consumer(client) => ConsumerConfig::reads(client, name),
            Whose::Broker | Whose::Topic => find_config(self.scope(), name).is_some(),
        }
    }

    /// Kafka's own name, or a name that another client family has for a config that is read.
    fn is_known(self, name: &str) -> bool {
        let java = matches!(
            self,
            Whose::Producer(ClientKind::Java) | Whose::Consumer(ClientKind::Java)
        );
        known_configs(self.scope()).any(|known| known == name) || (!java && self.is_read(name))
    }

    fn check(self, name: &str, value: &str) -> Result<(), ConfigError> {
        match self {
            Whose::Broker => (BrokerConfig::default().apply(name, value)).map(|_| ()),
            Whose::Topic => topic_configs::apply(&mut TopicConfig::default(), name, value),
            Whose::Producer(client) => ProducerConfig::defaults(client).apply(name, value),
            Whose::Consumer(client) => ConsumerConfig::defaults(client).apply(name, value),
        }
    }
}

/// The key `config` of a table.
pub(super) fn config(cx: &mut Cx<'_>, fields: &mut Fields<'_>, whose: Whose) -> Vec<ConfigEntry> {
    let Some(node) = fields.node("config") else {
        return Vec::new();
    };
    let Some(table) = cx.table(node) else {
        return Vec::new();
    };
    let entries = table.entries.iter();
    entries
        .filter_map(|entry| config_entry(cx, entry, whose))
        .collect()
}

fn config_entry(cx: &mut Cx<'_>, entry: &Entry, whose: Whose) -> Option<ConfigEntry> {
    let name = entry.key.as_str();
    if !whose.is_known(name) {
        unknown(cx, entry, whose.scope());
        return None;
    }
    let value = value(cx, &entry.node)?;
    if !whose.is_read(name) {
        let word = whose.scope().word();
        let message = format!("nothing reads the {word} config {name} yet");
        cx.problem(Code::ConfigNotRead, entry.key_pos, message);
    } else if let Err(error) = whose.check(name, &value) {
        let problem = Problem::new(Code::BadConfig, entry.node.pos, error.to_string());
        cx.push(problem.label(range(whose.scope(), name)));
        return None;
    }
    Some(ConfigEntry {
        name: name.to_owned(),
        value,
        pos: entry.node.pos,
    })
}

/// The type, range and default of a config.
fn range(scope: Scope, name: &str) -> String {
    let Some(def) = find_config(scope, name) else {
        return String::new();
    };
    let default = def.default.unwrap_or("null");
    format!("{} {} default {default}", def.kind.word(), def.valid)
}

/// The value as Kafka's own text.
fn value(cx: &mut Cx<'_>, node: &Node) -> Option<String> {
    match &node.value {
        Value::Str(text) | Value::Float(text) => Some(text.clone()),
        Value::Int(n) => Some(n.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Array(_) => {
            let words = cx.each(node, |cx, item| cx.text(item).map(str::to_owned))?;
            Some(words.join(","))
        }
        Value::Table(_) => {
            let problem = Problem::new(Code::WrongType, node.pos, "a value is needed here");
            cx.push(problem.label("a config name with dots stands in quotes"));
            None
        }
        Value::Date(_) => {
            cx.wrong_type(node, "a value");
            None
        }
    }
}

fn unknown(cx: &mut Cx<'_>, entry: &Entry, scope: Scope) {
    if cx.problems.is_full() {
        return;
    }
    let name = entry.key.as_str();
    if let Value::Table(_) = entry.node.value {
        value(cx, &entry.node);
        return;
    }
    let others = [
        Scope::Topic,
        Scope::Broker,
        Scope::Producer,
        Scope::Consumer,
    ];
    let home = (others.iter()).find(|other| known_configs(**other).any(|known| known == name));
    let word = scope.word();
    let message = format!("Kafka has no {word} config \"{}\"", shorten(name));
    let problem = Problem::new(Code::UnknownConfig, entry.key_pos, message);
    let problem = problem.among(name, "configs", known_configs(scope));
    let problem = match home {
        Some(other) => problem.help(format!("it is a {} config", other.word())),
        None => problem,
    };
    cx.push(problem);
}
