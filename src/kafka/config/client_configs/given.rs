//! Values of configs as text, and what they must be (`ConfigDef`).

use crate::kafka::config::{Acks, ConfigError, OffsetReset, PartitionerKind};
use crate::sim::Span;

/// A value as it was given, under the name that was used.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a str,
}

impl Given<'_> {
    fn error(self, reason: impl Into<String>) -> ConfigError {
        ConfigError::new(self.name, self.value, reason)
    }

    pub(super) fn int(self, least: i32) -> Result<i32, ConfigError> {
        let value = self.value.trim().parse();
        let value = value.map_err(|_| self.error("Not a number of type INT"))?;
        if value < least {
            return Err(self.error(format!("Value must be at least {least}")));
        }
        Ok(value)
    }

    pub(super) fn long(self, least: i64) -> Result<i64, ConfigError> {
        let value = self.value.trim().parse();
        let value = value.map_err(|_| self.error("Not a number of type LONG"))?;
        if value < least {
            return Err(self.error(format!("Value must be at least {least}")));
        }
        Ok(value)
    }

    pub(super) fn int_millis(self) -> Result<Span, ConfigError> {
        Ok(Span::from_millis(self.int(0)? as u64))
    }

    pub(super) fn long_millis(self) -> Result<Span, ConfigError> {
        Ok(Span::from_millis(self.long(0)? as u64))
    }

    pub(super) fn boolean(self) -> Result<bool, ConfigError> {
        match self.value.trim().to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(self.error("Expected value to be either true or false")),
        }
    }

    pub(super) fn acks(self) -> Result<Acks, ConfigError> {
        match self.value.trim() {
            "all" | "-1" | "WaitForAll" => Ok(Acks::All),
            "0" | "NoResponse" => Ok(Acks::None),
            "1" | "WaitForLocal" => Ok(Acks::Leader),
            _ => Err(self.error("String must be one of: all, -1, 0, 1")),
        }
    }

    pub(super) fn isolation_level(self) -> Result<bool, ConfigError> {
        match self.value.trim() {
            "read_committed" => Ok(true),
            "read_uncommitted" => Ok(false),
            _ => Err(self.error("String must be one of: read_committed, read_uncommitted")),
        }
    }

    pub(super) fn offset_reset(self) -> Result<OffsetReset, ConfigError> {
        match self.value.trim().to_ascii_lowercase().as_str() {
            "earliest" => Ok(OffsetReset::Earliest),
            "latest" => Ok(OffsetReset::Latest),
            "none" => Ok(OffsetReset::None),
            other => Err(self.error(format!(
                "Invalid value `{other}` for configuration auto.offset.reset. The value must be \
                 either 'earliest', 'latest', 'none' or of the format \
                 'by_duration:<PnDTnHnMn.nS.>'."
            ))),
        }
    }

    pub(super) fn partitioner(self) -> Result<PartitionerKind, ConfigError> {
        let simple = self.value.trim().rsplit('.').next().unwrap_or_default();
        Ok(match simple {
            "null" | "" => PartitionerKind::BuiltIn,
            "RoundRobinPartitioner" => PartitionerKind::RoundRobin,
            "consistent_random" => PartitionerKind::ConsistentRandom,
            "murmur2_random" => PartitionerKind::Murmur2Random,
            "fnv1a_random" => PartitionerKind::Fnv1aRandom,
            "random" | "NewRandomPartitioner" => PartitionerKind::Random,
            "NewHashPartitioner" => PartitionerKind::SaramaHash,
            "NewReferenceHashPartitioner" => PartitionerKind::SaramaReferenceHash,
            "NewRoundRobinPartitioner" => PartitionerKind::SaramaRoundRobin,
            "NewManualPartitioner" => PartitionerKind::Manual,
            _ => return Err(self.error(format!("Class {} could not be found.", self.value))),
        })
    }
}
