//! Why a config was refused.

use std::fmt;

/// A config that Kafka refuses (`ConfigException`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The config's name.
    pub name: String,
    /// The value that was refused.
    pub value: String,
    /// Why, in Kafka's words.
    pub reason: String,
}

impl ConfigError {
    /// `value` is refused for `name`.
    pub fn new(name: &str, value: &str, reason: impl Into<String>) -> Self {
        ConfigError {
            name: name.to_owned(),
            value: value.to_owned(),
            reason: reason.into(),
        }
    }
}

impl fmt::Display for ConfigError {
    /// `Invalid value abc for configuration num.partitions: Not a number of type INT`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ConfigError {
            name,
            value,
            reason,
        } = self;
        write!(
            f,
            "Invalid value {value} for configuration {name}: {reason}"
        )
    }
}

impl std::error::Error for ConfigError {}
