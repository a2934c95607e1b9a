//! The gist of a message: small enough to keep, with what labels and lines show.

use super::{Lang, Speaker};
use crate::kafka::protocol::{ErrorCode, Message, MessageFacts, PartitionFacts};
use crate::kafka::vocabulary::{Kafka, TopicTag};
use crate::sim::{Envelope, NodeId};

/// More partitions than this are not named in a label.
const PARTITIONS_SHOWN: usize = 1;

/// What a message says, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageSummary {
    /// `Fetch` for the request, `FetchResponse` for the answer.
    pub name: &'static str,
    /// The version of the api.
    pub api_version: i16,
    /// How long the body is on a wire.
    pub bytes: u64,
    /// What it says beside its partitions.
    pub facts: MessageFacts,
    /// The partitions that it names.
    pub partitions: Vec<PartitionFacts>,
}

impl MessageSummary {
    /// Of a message on its way.
    pub fn of(envelope: &Envelope<Kafka>) -> Self {
        MessageSummary::of_body(&envelope.body, envelope.api_version)
    }

    /// Of a message in a version of its api.
    pub fn of_body(body: &Message, api_version: i16) -> Self {
        MessageSummary {
            name: body.name(),
            api_version,
            bytes: body.size(api_version),
            facts: body.facts(),
            partitions: body.partitions(),
        }
    }

    /// Whether it is a request.
    pub fn is_request(&self) -> bool {
        !self.name.ends_with("Response")
    }

    /// A few words, the same in every language: `Fetch orders-0 @8 e4`,
    /// `ProduceResponse orders-0 @6`, `VoteResponse NOT_LEADER_OR_FOLLOWER`.
    pub fn label(&self, names: &dyn Speaker) -> String {
        let mut label = self.name.to_owned();
        let error = self.facts.error.filter(|error| *error != ErrorCode::NONE);
        if let Some(error) = error {
            label.push_str(&format!(" {}", error.name()));
        }
        for partition in self.partitions.iter().take(PARTITIONS_SHOWN) {
            label.push(' ');
            label.push_str(&partition_label(partition, names));
        }
        let more = self.partitions.len().saturating_sub(PARTITIONS_SHOWN);
        if more > 0 {
            label.push_str(&format!(" +{more}"));
        }
        label
    }

    /// Who sends it to whom: `Fetch orders-0 @8 e4 from b1 to b0`.
    pub fn line(&self, from: NodeId, to: NodeId, names: &dyn Speaker, lang: Lang) -> String {
        let label = self.label(names);
        let (from, to) = (names.machine(from), names.machine(to));
        match lang {
            Lang::En => format!("{label} from {from} to {to}"),
            Lang::Zh => format!("{from} 发给 {to} 的 {label}"),
        }
    }
}

/// The name of the partition that a message speaks of.
pub(super) fn partition_name(partition: &PartitionFacts, names: &dyn Speaker) -> String {
    let topic = match (&partition.topic, partition.topic_id) {
        (Some(topic), _) => topic.clone(),
        (None, Some(id)) => names.topic(TopicTag::from(id)),
        (None, None) => "?".to_owned(),
    };
    format!("{topic}-{}", partition.partition)
}

fn partition_label(partition: &PartitionFacts, names: &dyn Speaker) -> String {
    let mut label = partition_name(partition, names);
    if let Some(error) = partition.error.filter(|error| *error != ErrorCode::NONE) {
        label.push_str(&format!(" {}", error.name()));
        return label;
    }
    if let Some(offset) = partition.offset {
        label.push_str(&format!(" @{offset}"));
    }
    if let Some(epoch) = partition.epoch {
        label.push_str(&format!(" e{epoch}"));
    }
    label
}

impl MessageSummary {
    /// The names of its partitions, in its order.
    pub fn partition_names(&self, names: &dyn Speaker) -> Vec<String> {
        let named = self.partitions.iter().map(|p| partition_name(p, names));
        named.collect()
    }
}
