//! Why a config was refused.

use std::fmt;

/// A config that Kafka or a client refuses (`ConfigException`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The config's name; empty if the rule is about several configs or an unknown one.
    pub name: String,
    /// The value that was refused.
    pub value: String,
    /// Why, in Kafka's words.
    pub reason: String,
}

impl ConfigError {
    /// `value` is refused for `name`.
    pub fn new(name: &str, value: impl fmt::Display, reason: impl Into<String>) -> Self {
        ConfigError {
            name: name.to_owned(),
            value: value.to_string(),
            reason: reason.into(),
        }
    }

    /// A whole sentence, about no single value.
    pub fn rule(reason: impl Into<String>) -> Self {
        ConfigError::new("", "", reason)
    }
}

impl fmt::Display for ConfigError {
    /// `Invalid value abc for configuration num.partitions: Not a number of type INT`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() {
            return f.write_str(&self.reason);
        }
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
