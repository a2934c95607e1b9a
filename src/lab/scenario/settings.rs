//! Values of a scenario that somebody outside the file sets: `producer.p1.config.acks=1`.

use super::branches;
use super::codes::Code;
use super::model::Scenario;
use super::pos::Pos;
use super::problem::Problems;
use super::tree::{self, Table, Value};
use super::write::write;
use super::{Problem, parse, parse_with};
use crate::kafka::config::{Scope, known_configs};
use std::fmt;

/// A value for a place in a scenario.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Setting {
    /// The place, as branches and `remove` name it: `topic.orders.config.min.insync.replicas`.
    pub key: String,
    /// The value as TOML; a text needs no quotes.
    pub value: String,
}

/// A setting that the scenario does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingError {
    /// What is wrong, in a line or two.
    pub text: String,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

impl Setting {
    /// `value` at `key`.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Setting {
            key: key.into(),
            value: value.into(),
        }
    }

    /// The first of the problems that settings gave a file which was sound without them.
    pub fn error(problems: &[Problem]) -> SettingError {
        let Some(first) = problems.first() else {
            return SettingError {
                text: String::new(),
            };
        };
        let mut text = first.message.clone();
        if !first.label.is_empty() {
            text.push_str(&format!(" ({})", first.label));
        }
        for more in first.notes.iter().chain(&first.help) {
            text.push_str(&format!("; {more}"));
        }
        SettingError { text }
    }

    /// The scenario with these settings. Narration, questions and expectations stay behind.
    ///
    /// # Errors
    /// The first setting that it does not take, and why.
    pub fn apply(settings: &[Setting], scenario: &Scenario) -> Result<Scenario, SettingError> {
        let mut bare = scenario.clone();
        bare.tells.clear();
        bare.asks.clear();
        bare.expects.clear();
        let source = write(&bare);
        let sound = parse(&source).map_err(|problems| Setting::error(&problems))?;
        match settings.is_empty() {
            true => Ok(sound.main),
            false => parse_with(&source, settings)
                .map(|parsed| parsed.main)
                .map_err(|problems| Setting::error(&problems)),
        }
    }

    fn node(&self) -> Value {
        let mut problems = Problems::default();
        let table = tree::read(&format!("v = {}", self.value), &mut problems);
        match table.node("v") {
            Some(node) if problems.len() == 0 && table.entries.len() == 1 => node.value.clone(),
            _ => Value::Str(self.value.clone()),
        }
    }
}

/// The file, or a branch merged into it, with all settings.
pub(super) fn applied(mut root: Table, settings: &[Setting], problems: &mut Problems) -> Table {
    for setting in settings {
        if let Some(problem) = nobodys_config(&root, &setting.key) {
            problems.push(problem);
            continue;
        }
        branches::set(&mut root, &setting.key, &setting.node(), problems);
    }
    root
}

/// A config's name alone does not say whose it is.
fn nobodys_config(root: &Table, key: &str) -> Option<Problem> {
    let scopes = [
        (Scope::Producer, "producer"),
        (Scope::Topic, "topic"),
        (Scope::Broker, "cluster"),
        (Scope::Consumer, "consumer"),
    ];
    if root.node(key).is_some() {
        return None;
    }
    let known = |(scope, _): &&(Scope, &str)| known_configs(*scope).any(|name| name == key);
    let (scope, list) = scopes.iter().find(known)?;
    let first = match root.node(list).map(|node| &node.value) {
        Some(Value::Array(items)) => items.first().and_then(|item| match &item.value {
            Value::Table(table) => table.text("name"),
            _ => None,
        }),
        _ => None,
    };
    let place = match (*list, first) {
        ("cluster", _) => "cluster.config".to_owned(),
        (list, first) => format!("{list}.{}.config", first.unwrap_or("NAME")),
    };
    let word = scope.word();
    let message = format!("{key} is a {word} config: say whose");
    let problem = Problem::new(Code::NoSuchItem, Pos::default(), message);
    Some(problem.help(format!("did you mean \"{place}.{key}\"?")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::scenario::library::LIBRARY;

    const ACKS: &str = include_str!("../../../scenarios/12-acks.toml");

    fn with(key: &str, value: &str) -> Result<super::super::Parsed, String> {
        parse_with(ACKS, &[Setting::new(key, value)])
            .map_err(|problems| Setting::error(&problems).text)
    }

    fn config(entries: &[super::super::ConfigEntry], name: &str) -> Option<String> {
        let entry = entries.iter().find(|entry| entry.name == name);
        entry.map(|entry| entry.value.clone())
    }

    #[test]
    fn a_setting_wins_over_the_file_and_over_its_branches() {
        let parsed = with("producer.p1.config.acks", "1").expect("sound");
        let acks = |s: &Scenario| config(&s.producers[0].config, "acks");
        assert_eq!(acks(&parsed.main).as_deref(), Some("1"));
        for (name, branch) in &parsed.branches {
            assert_eq!(acks(branch).as_deref(), Some("1"), "{name}");
        }
    }

    #[test]
    fn names_of_configs_keep_their_dots_with_and_without_quotes() {
        for key in [
            "cluster.config.broker.session.timeout.ms",
            "cluster.config.\"broker.session.timeout.ms\"",
        ] {
            let parsed = with(key, "12000").expect("sound");
            let set = config(&parsed.main.cluster.config, "broker.session.timeout.ms");
            assert_eq!(set.as_deref(), Some("12000"), "{key}");
        }
        let parsed = with("topic.orders.config.min.insync.replicas", "1").expect("sound");
        let set = config(&parsed.main.topics[0].config, "min.insync.replicas");
        assert_eq!(set.as_deref(), Some("1"));
    }

    #[test]
    fn other_values_of_a_file_can_be_set_as_well() {
        let parsed = with("network.latency", "7ms").expect("sound");
        let latency = parsed.main.network.defaults.latency.expect("set");
        assert_eq!(latency.min.as_millis(), 7);
        assert_eq!(
            with("cluster.brokers", "5")
                .expect("sound")
                .main
                .cluster
                .nodes
                .len(),
            8
        );
        let parsed = with("step.cut.at", "2s").expect("sound");
        let step = parsed
            .main
            .steps
            .iter()
            .find(|s| s.id.as_deref() == Some("cut"));
        let at = &step.expect("there").trigger;
        assert_eq!(
            *at,
            super::super::Trigger::At(crate::sim::Span::from_secs(2))
        );
    }

    #[test]
    fn what_is_unknown_is_refused_with_what_may_be_meant() {
        for (key, value, part) in [
            ("producer.p2.config.acks", "1", "p1"),
            ("producer.p1.config.ackss", "1", "\"acks\""),
            ("producer.p1.config.acks", "7", "acks"),
            (
                "topic.orders.config.min.insync.replica",
                "1",
                "min.insync.replicas",
            ),
            ("acks", "1", "producer.p1.config.acks"),
            ("retention.ms", "1", "topic.orders.config.retention.ms"),
            ("clutser.brokers", "3", "\"cluster\""),
            ("producer", "3", "name the producer"),
            ("producer.p1", "3", "name what to set"),
            ("seed.x", "3", "not a table"),
            ("", "3", ""),
        ] {
            let error = with(key, value).expect_err(key);
            assert!(error.contains(part), "{key}: {error}");
        }
    }

    #[test]
    fn a_scenario_alone_takes_settings_too() {
        for (name, source) in LIBRARY {
            let parsed = parse(source).expect("of the library");
            let again = Setting::apply(&[Setting::new("seed", "5")], &parsed.main);
            let again = again.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(again.seed, 5);
            assert_eq!(again.steps, parsed.main.steps, "{name}");
            assert_eq!(again.cluster, parsed.main.cluster, "{name}");
        }
    }
}
