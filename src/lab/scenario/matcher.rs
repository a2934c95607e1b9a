//! Which messages and which notes: matchers as the runner takes them.

use super::model::{ClientRef, NodeIdx, Place};
use super::pos::Pos;
use crate::kafka::protocol::{ErrorCode, TopicPartition};
use crate::kafka::vocabulary::NoteKind;

/// Matches messages at the moment of delivery; every given field must match.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageMatcher {
    /// One of `Message::NAMES`.
    pub message: &'static str,
    /// The sender.
    pub from: Option<Place>,
    /// The receiver.
    pub to: Option<Place>,
    /// The message speaks of this partition.
    pub partition: Option<TopicPartition>,
    /// With this offset (of that partition, if one is given).
    pub offset: Option<i64>,
    /// With this leader epoch.
    pub epoch: Option<i64>,
    /// With this error.
    pub error: Option<ErrorCode>,
    /// Beginning with the `nth` that matches, from 1.
    pub nth: u32,
    /// How many of them; none is all.
    pub count: Option<u32>,
    /// Where it stands.
    pub pos: Pos,
}

impl MessageMatcher {
    /// Whether the match number `seen` (from 1) is one that it means.
    pub fn means(&self, seen: u32) -> bool {
        let last = self.count.map(|count| self.nth.saturating_add(count));
        seen >= self.nth && last.is_none_or(|last| seen < last)
    }
}

/// Matches notes; every given field must match.
#[derive(Clone, Debug, PartialEq)]
pub struct NoteMatcher {
    /// The kind.
    pub note: NoteKind,
    /// The node that emits it.
    pub on: Option<Place>,
    /// The note's own fields, by place in `NoteKind::fields`.
    pub fields: Vec<(usize, FieldValue)>,
    /// The `nth` that matches, from 1.
    pub nth: u32,
    /// Where it stands.
    pub pos: Pos,
}

/// What a note's field must be.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue {
    /// A number.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// A node; none is -1.
    Node(Option<NodeIdx>),
    /// A set of nodes.
    Nodes(Vec<NodeIdx>),
    /// A partition.
    Partition(TopicPartition),
    /// A topic.
    Topic(String),
    /// A client.
    Client(ClientRef),
    /// An error.
    Error(ErrorCode),
}
