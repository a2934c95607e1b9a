//! Every config that something here reads, by name: type, default, range and doc, as in Kafka
//! 4.3.1; and the names of all the others, so that a real config is told from a misspelt one.

use super::ConfigError;
use super::rows::ROWS;
use std::fmt;

/// Whose config it is. The same name may stand in several scopes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Scope {
    /// A broker's or controller's.
    Broker,
    /// A topic's.
    Topic,
    /// A producer's.
    Producer,
    /// A consumer's.
    Consumer,
}

impl Scope {
    /// The word in messages and in the list of names.
    pub fn word(self) -> &'static str {
        match self {
            Scope::Broker => "broker",
            Scope::Topic => "topic",
            Scope::Producer => "producer",
            Scope::Consumer => "consumer",
        }
    }
}

/// The type of a config (`ConfigDef.Type`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A 32-bit integer.
    Int,
    /// A 64-bit integer.
    Long,
    /// True or false.
    Bool,
    /// Text.
    Str,
    /// Words between commas.
    List,
    /// The name of a Java class.
    Class,
}

impl Kind {
    /// Kafka's name of the type.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Int => "int",
            Kind::Long => "long",
            Kind::Bool => "boolean",
            Kind::Str => "string",
            Kind::List => "list",
            Kind::Class => "class",
        }
    }
}

/// Which values of the type are valid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Valid {
    /// All.
    Any,
    /// Numbers from here on.
    AtLeast(i64),
    /// Numbers within these bounds.
    Between(i64, i64),
    /// These words; of a list, each item.
    OneOf(&'static [&'static str]),
}

impl fmt::Display for Valid {
    /// As Kafka prints a validator: `[1,...]`, `[all, -1, 0, 1]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Valid::Any => Ok(()),
            Valid::AtLeast(low) => write!(f, "[{low},...]"),
            Valid::Between(low, high) => write!(f, "[{low},...,{high}]"),
            Valid::OneOf(words) => write!(f, "[{}]", words.join(", ")),
        }
    }
}

/// One config that something here reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConfigDef {
    /// Kafka's name.
    pub name: &'static str,
    /// Whose it is.
    pub scope: Scope,
    /// Its type.
    pub kind: Kind,
    /// Kafka's default as text; none where Kafka's is null.
    pub default: Option<&'static str>,
    /// The valid values.
    pub valid: Valid,
    /// What it does.
    pub doc: &'static str,
}

/// A value that fits its config.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ConfigValue {
    /// Of an int or a long.
    Int(i64),
    /// Of a boolean.
    Bool(bool),
    /// Of a string or a class.
    Str(String),
    /// Of a list.
    List(Vec<String>),
}

impl ConfigDef {
    /// Reads and checks a value as Kafka does (`ConfigDef.parseType` and the validators).
    pub fn parse(&self, value: &str) -> Result<ConfigValue, ConfigError> {
        let parsed = self.parse_kind(value.trim());
        let checked = parsed.and_then(|parsed| self.check(&parsed).map(|()| parsed));
        checked.map_err(|reason| ConfigError::new(self.name, value, reason))
    }

    fn parse_kind(&self, value: &str) -> Result<ConfigValue, String> {
        let number = |kind: &str| format!("Not a number of type {kind}");
        match self.kind {
            Kind::Int => (value.parse::<i32>())
                .map(|n| ConfigValue::Int(i64::from(n)))
                .map_err(|_| number("INT")),
            Kind::Long => (value.parse().map(ConfigValue::Int)).map_err(|_| number("LONG")),
            Kind::Bool if value.eq_ignore_ascii_case("true") => Ok(ConfigValue::Bool(true)),
            Kind::Bool if value.eq_ignore_ascii_case("false") => Ok(ConfigValue::Bool(false)),
            Kind::Bool => Err("Expected value to be either true or false".to_owned()),
            Kind::Str | Kind::Class => Ok(ConfigValue::Str(value.to_owned())),
            Kind::List => Ok(ConfigValue::List(words(value))),
        }
    }

    fn check(&self, value: &ConfigValue) -> Result<(), String> {
        match (self.valid, value) {
            (Valid::AtLeast(low) | Valid::Between(low, _), ConfigValue::Int(n)) if *n < low => {
                Err(format!("Value must be at least {low}"))
            }
            (Valid::Between(_, high), ConfigValue::Int(n)) if *n > high => {
                Err(format!("Value must be no more than {high}"))
            }
            (Valid::OneOf(known), ConfigValue::Str(word)) => check_word(known, word),
            (Valid::OneOf(known), ConfigValue::List(list)) => {
                list.iter().try_for_each(|word| check_word(known, word))
            }
            _ => Ok(()),
        }
    }
}

fn words(value: &str) -> Vec<String> {
    let items = value.split(',').map(str::trim);
    items
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
}

fn check_word(known: &[&str], word: &str) -> Result<(), String> {
    match known.contains(&word) {
        true => Ok(()),
        false => Err(format!("String must be one of: {}", known.join(", "))),
    }
}

/// Every config that something here reads, by scope and name.
pub fn configs() -> &'static [ConfigDef] {
    ROWS
}

/// The config `name` of `scope`, if something here reads it.
pub fn find_config(scope: Scope, name: &str) -> Option<&'static ConfigDef> {
    ROWS.iter()
        .find(|def| def.scope == scope && def.name == name)
}

const KNOWN: &str = include_str!("known_configs.txt");

/// The names of all configs of `scope` in Kafka 4.3.1, read here or not, in alphabetical order.
pub fn known_configs(scope: Scope) -> impl Iterator<Item = &'static str> {
    let heading = move |line: &&str| {
        line.strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
            == Some(scope.word())
    };
    KNOWN
        .lines()
        .skip_while(move |line| !heading(line))
        .skip(1)
        .take_while(|line| !line.starts_with('['))
}
