//! What a step does.

use super::matcher::MessageMatcher;
use super::model::{ClientRef, LinkSpec, NodeIdx, Place, StepIdx, TopicSpec};
use super::pos::At;
use crate::kafka::protocol::TopicPartition;
use crate::kafka::vocabulary::OffsetSpec;
use crate::sim::Span;
use bytes::Bytes;

/// An action. Topology and client actions are requests of a client through the network; the
/// others act from outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Send records.
    Send(Box<Send>),
    /// Send records at a rate.
    Load(Load),
    /// The producer sends what is buffered.
    Flush(ClientRef),
    /// Close a client.
    Close(ClientRef),
    /// The consumer (by place in `Scenario::consumers`) reads these from now on.
    Assign(usize, Vec<TopicPartition>),
    /// The consumer goes on from there.
    Seek(usize, TopicPartition, OffsetSpec),
    /// The consumer stops fetching these.
    PauseFetch(usize, Vec<TopicPartition>),
    /// The consumer fetches these again.
    ResumeFetch(usize, Vec<TopicPartition>),
    /// The consumer polls once.
    Poll(usize),
    /// The admin client creates a topic.
    CreateTopic(Box<TopicSpec>),
    /// The admin client deletes a topic.
    DeleteTopic(String),
    /// The admin client asks for an election; `unclean` or preferred.
    Elect {
        /// Of this partition.
        partition: TopicPartition,
        /// Any replica will do.
        unclean: bool,
    },
    /// A new broker is formatted and started: a node that is `added`.
    AddBroker(NodeIdx),
    /// The process is killed; what was written survives.
    Crash(Place),
    /// The process is asked to stop.
    Stop(Place),
    /// The process is started, with an empty disk if `wipe`.
    Start {
        /// Which.
        node: Place,
        /// The disk is formatted anew.
        wipe: bool,
    },
    /// The process stands still.
    Pause(Place),
    /// The process goes on.
    Resume(Place),
    /// The machine loses power.
    PowerOff {
        /// Which.
        node: Place,
        /// What becomes of bytes that were written and not synced.
        tail: Tail,
    },
    /// The machine is slower than it was.
    Slow {
        /// Which.
        node: Place,
        /// How much.
        by: Slowness,
    },
    /// The network is cut.
    Cut(Cut),
    /// Cuts end: those of that step, or all.
    Heal(Option<StepIdx>),
    /// Links change.
    Link(LinkSpec),
    /// Messages are tampered with.
    Tamper {
        /// How.
        how: Tamper,
        /// Those that match, from now on; none: the message that set the step off.
        rule: Option<Box<MessageMatcher>>,
    },
    /// Messages that the step held are let go, and its rule ends.
    Release(StepIdx),
    /// A disk fails.
    Disk(Disk),
    /// Some of these, drawn by the seed.
    Random(Random),
    /// A clock goes wrong.
    Clock {
        /// Whose.
        node: Place,
        /// The calendar jumps, in nanoseconds.
        jump_ns: i64,
        /// The clock runs fast, in parts in a million.
        drift_ppm: Option<i64>,
    },
}

impl Action {
    /// Whether it breaks something, so that a lesson may hang on it. What mends (heal, release,
    /// resume, start) and what clients ask for is no fault.
    pub fn is_fault(&self) -> bool {
        match self {
            Action::Crash(_)
            | Action::Stop(_)
            | Action::Pause(_)
            | Action::PowerOff { .. }
            | Action::Slow { .. }
            | Action::Cut(_)
            | Action::Link(_)
            | Action::Tamper { .. }
            | Action::Disk(_)
            | Action::Clock { .. } => true,
            Action::Elect { unclean, .. } => *unclean,
            Action::Random(random) => random.of.iter().any(|action| action.it.is_fault()),
            _ => false,
        }
    }
}

/// Records to send.
#[derive(Clone, Debug, PartialEq)]
pub struct Send {
    /// The producer, by place in `Scenario::producers`.
    pub from: usize,
    /// The topic.
    pub topic: String,
    /// The partition; the partitioner's choice if none.
    pub partition: Option<i32>,
    /// The key.
    pub key: Option<Payload>,
    /// The value; none is a tombstone.
    pub value: Option<Payload>,
    /// Headers.
    pub headers: Vec<(String, Payload)>,
    /// Milliseconds since 1970; the client's calendar if none.
    pub timestamp: Option<i64>,
    /// How many.
    pub count: u32,
    /// The time between two.
    pub every: Span,
}

/// Actions to draw.
#[derive(Clone, Debug, PartialEq)]
pub struct Random {
    /// What may happen. None of them is `random` itself or brings a name.
    pub of: Vec<At<Action>>,
    /// How many are drawn.
    pub times: u32,
    /// The window in which they act.
    pub within: Span,
}

/// Bytes of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// UTF-8, with `{n}` for the record's number from 0.
    Text(String),
    /// Bytes.
    Hex(Vec<u8>),
}

impl Payload {
    /// The bytes of the record number `n`.
    pub fn bytes(&self, n: u64) -> Bytes {
        match self {
            Payload::Text(text) => Bytes::from(text.replace("{n}", &n.to_string())),
            Payload::Hex(bytes) => Bytes::copy_from_slice(bytes),
        }
    }
}

/// Records at a rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// The producer, by place in `Scenario::producers`.
    pub from: usize,
    /// The topic.
    pub topic: String,
    /// The time between two records.
    pub every: Span,
    /// How long.
    pub lasts: Span,
    /// The keys.
    pub keys: Keys,
    /// Bytes of a value.
    pub size: u32,
}

impl Load {
    /// How many records it sends.
    pub fn count(&self) -> u64 {
        self.lasts.as_nanos() / self.every.as_nanos().max(1)
    }
}

/// The keys of a load.
#[derive(Clone, Debug, PartialEq)]
pub enum Keys {
    /// No keys.
    None,
    /// `key-0` and so on, so many, drawn uniformly.
    Count(u32),
    /// These, in turn.
    List(Vec<String>),
}

/// What a power-off leaves of unsynced bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// All of them.
    Kept,
    /// None.
    Lost,
    /// Half of the last chunk.
    Torn,
    /// A draw decides.
    Drawn,
}

/// How slow a machine gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slowness {
    /// Every cost so many times as high; 1 is normal.
    Factor(u32),
    /// Every step takes so much longer.
    Each(Span),
}

/// Who no longer hears whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    /// These …
    pub from: Place,
    /// … from those.
    pub to: Place,
    /// In both directions.
    pub both: bool,
}

/// What happens to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tamper {
    /// It is held until a release.
    Hold,
    /// It is held so long.
    HoldFor(Span),
    /// It is held until that step has acted.
    HoldUntil(StepIdx),
    /// It is lost.
    Drop,
    /// It arrives twice.
    Duplicate,
    /// It arrives so much later.
    Delay(Span),
}

/// What is wrong with a disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Disk {
    /// Whose.
    pub node: Place,
    /// Full, or no longer full.
    pub full: Option<bool>,
    /// A sync takes so much longer.
    pub slow: Option<Span>,
    /// Bytes rot.
    pub corrupt: Option<Corrupt>,
}

/// Rot in a segment's file.
#[derive(Clone, Debug, PartialEq)]
pub struct Corrupt {
    /// The partition.
    pub partition: TopicPartition,
    /// The segment's base offset; none is the active one.
    pub segment: Option<i64>,
    /// The first byte of the file.
    pub at: i64,
    /// How many.
    pub bytes: i64,
}
