//! Refusals: an error code with Kafka's text (`ApiError`).

use crate::kafka::protocol::{ErrorCode, StrBytes};

/// Why a request, or a part of it, was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) code: ErrorCode,
    pub(super) message: String,
}

impl ApiError {
    /// A refusal with its own text.
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let message = message.into();
        ApiError { code, message }
    }

    /// A refusal with the text that Kafka keeps for the code (`Errors.message`).
    pub(super) fn of(code: ErrorCode) -> Self {
        let text = match code {
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => {
                "This server does not host this topic-partition."
            }
            ErrorCode::UNKNOWN_TOPIC_ID => "This server does not host this topic ID.",
            ErrorCode::ELECTION_NOT_NEEDED => "Leader election not needed for topic partition.",
            ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE => "The preferred leader was not available.",
            ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE => {
                "Eligible topic partition leaders are not available."
            }
            code => code.name(),
        };
        ApiError::new(code, text)
    }

    /// The text as it travels.
    pub(super) fn text(&self) -> Option<StrBytes> {
        Some(StrBytes::from_string(self.message.clone()))
    }
}
