//! Small `Copy` names for notes.

use crate::sim::{Canonical, TraceHash};
use std::fmt;
use uuid::Uuid;

/// The first eight bytes of a topic id; enough to tell the topics of one cluster apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TopicTag(pub u64);

impl From<Uuid> for TopicTag {
    fn from(id: Uuid) -> Self {
        // The metadata topic's id differs from zero only in its low half.
        let (high, low) = id.as_u64_pair();
        TopicTag(if high == 0 { low } else { high })
    }
}

impl fmt::Debug for TopicTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "topic:{:016x}", self.0)
    }
}

/// A partition by its topic's tag.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tp {
    /// The topic.
    pub topic: TopicTag,
    /// The partition's number.
    pub partition: i32,
}

impl Tp {
    /// The partition `partition` of the topic with this id.
    pub fn new(topic_id: Uuid, partition: i32) -> Self {
        Tp {
            topic: topic_id.into(),
            partition,
        }
    }
}

impl fmt::Debug for Tp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}-{}", self.topic, self.partition)
    }
}

/// A client of a client process: its place in the process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct ClientNo(pub u16);

/// A set of Kafka node ids from 0 to 127.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct NodeSet([u64; 2]);

impl NodeSet {
    /// The largest node id that a simulated node may have.
    pub const MAX_ID: i32 = 127;

    /// The set of `ids`; ids outside 0–127 are left out.
    pub fn of(ids: &[i32]) -> Self {
        let mut set = NodeSet::default();
        ids.iter().for_each(|id| set.insert(*id));
        set
    }

    /// Adds `id`.
    pub fn insert(&mut self, id: i32) {
        if (0..=Self::MAX_ID).contains(&id) {
            self.0[id as usize / 64] |= 1 << (id % 64);
        }
    }

    /// Whether `id` is in the set.
    pub fn contains(self, id: i32) -> bool {
        (0..=Self::MAX_ID).contains(&id) && self.0[id as usize / 64] & 1 << (id % 64) != 0
    }

    /// The ids in ascending order.
    pub fn iter(self) -> impl Iterator<Item = i32> {
        (0..=Self::MAX_ID).filter(move |id| self.contains(*id))
    }

    /// How many ids.
    pub fn len(self) -> usize {
        (self.0[0].count_ones() + self.0[1].count_ones()) as usize
    }

    /// No id at all.
    pub fn is_empty(self) -> bool {
        self.0 == [0, 0]
    }

    pub(super) fn words(self) -> [u64; 2] {
        self.0
    }
}

impl fmt::Debug for NodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Canonical for Tp {
    fn canonical(&self, hash: &mut TraceHash) {
        hash.word(self.topic.0);
        hash.word(self.partition as u64);
    }
}
