//! The quorum's requests and answers, each for the one partition of `__cluster_metadata`
//! (`RaftUtil`), and what an answer says about leader and epoch.

mod epochs;
mod fetches;
mod votes;

pub(super) use epochs::*;
pub(super) use fetches::*;
pub(super) use votes::*;

use crate::kafka::protocol::messages::TopicName;
use crate::kafka::protocol::{ErrorCode, METADATA_TOPIC_NAME, StrBytes};

/// The versions in which the quorum of Kafka 4.3 speaks.
pub(super) const VOTE_VERSION: i16 = 2;
pub(super) const BEGIN_QUORUM_EPOCH_VERSION: i16 = 1;
pub(super) const END_QUORUM_EPOCH_VERSION: i16 = 1;
pub(super) const FETCH_VERSION: i16 = 18;

/// The controllers' port.
pub(super) const CONTROLLER_PORT: u16 = 9_093;
/// The name of the controllers' listener.
pub(super) const CONTROLLER_LISTENER: &str = "CONTROLLER";

/// What a node knows of the quorum, as its answers say it.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) leader: Option<i32>,
    pub(super) epoch: i32,
    /// Where the leader listens.
    pub(super) host: Option<String>,
}

impl Standing {
    fn leader_id(&self) -> i32 {
        self.leader.unwrap_or(-1)
    }

    /// The leader's id and host, if both are known.
    fn endpoint(&self) -> Option<(i32, StrBytes)> {
        let host = self.host.clone()?;
        Some((self.leader?, StrBytes::from_string(host)))
    }
}

/// The part that every answer of the quorum has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) error: ErrorCode,
    pub(super) leader: Option<i32>,
    pub(super) epoch: i32,
}

impl Verdict {
    fn new(error: i16, leader: i32, epoch: i32) -> Self {
        Verdict {
            error: ErrorCode(error),
            leader: Some(leader).filter(|id| *id >= 0),
            epoch,
        }
    }
}

pub(super) fn topic_name() -> TopicName {
    TopicName(StrBytes::from_static_str(METADATA_TOPIC_NAME))
}

/// The cluster id as it travels.
pub(super) fn cluster_id(id: &str) -> Option<StrBytes> {
    Some(StrBytes::from_string(id.to_owned()))
}

pub(super) fn is_metadata(topic: &TopicName, partition: i32) -> bool {
    *topic == topic_name() && partition == 0
}
