//! Expressions: the tree, and the tables of subjects and fields.

use super::model::NodeIdx;
use super::pos::Pos;
use crate::kafka::protocol::TopicPartition;
use crate::sim::Span;

/// Something true or false.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// One of them.
    Or(Vec<Expr>),
    /// All of them.
    And(Vec<Expr>),
    /// Not that.
    Not(Box<Expr>),
    /// A comparison. Both sides have one [`Type`]; one side may be `none`.
    Compare {
        /// The left side.
        left: Operand,
        /// How.
        op: Op,
        /// The right side.
        right: Operand,
        /// Where it stands.
        pos: Pos,
    },
    /// A boolean by itself.
    Truth(Operand),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "see `WORDS`")]
pub enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    Contains,
}

impl Op {
    pub(super) const WORDS: &'static [(&'static str, Op)] = &[
        ("==", Op::Eq),
        ("!=", Op::Ne),
        ("<=", Op::Le),
        (">=", Op::Ge),
        ("<", Op::Lt),
        (">", Op::Gt),
        ("in", Op::In),
        ("contains", Op::Contains),
    ];

    /// As it is written.
    pub fn word(self) -> &'static str {
        let row = Op::WORDS.iter().find(|(_, op)| *op == self);
        row.map_or("", |(word, _)| word)
    }

    /// Whether it asks for an order.
    pub fn is_ordering(self) -> bool {
        matches!(self, Op::Lt | Op::Le | Op::Gt | Op::Ge)
    }
}

/// A value, or where to find one.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A number.
    Int(i64),
    /// A duration; as a point in time, that long after ready.
    Time(Span),
    /// Yes or no.
    Bool(bool),
    /// Nothing. It equals only itself.
    None,
    /// A node.
    Node(NodeIdx),
    /// A partition.
    Partition(TopicPartition),
    /// A word of a state, or a text.
    Word(String),
    /// A set.
    List(Vec<Operand>),
    /// How many there are in it.
    Size(Box<Operand>),
    /// Scenario time.
    Now,
    /// A field of a subject.
    Path(Box<Path>),
}

impl Operand {
    /// Whether its value depends on the cluster.
    pub fn is_looked_up(&self) -> bool {
        match self {
            Operand::Path(_) => true,
            Operand::Size(inner) => inner.is_looked_up(),
            _ => false,
        }
    }
}

/// A field of a subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Whose.
    pub subject: Subject,
    /// Which.
    pub field: Field,
    /// The partition in parentheses, for fields that take one.
    pub of: Option<TopicPartition>,
    /// Where it stands.
    pub pos: Pos,
}

/// Whose field.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// The controller's record of it; hw, leo and lso of the current leader.
    Partition(TopicPartition),
    /// A replica's own view.
    Replica(TopicPartition, NodeIdx),
    /// A record, in the current leader's log or in a replica's.
    Record {
        /// The partition.
        partition: TopicPartition,
        /// The offset.
        offset: i64,
        /// The replica; none is the current leader.
        replica: Option<NodeIdx>,
    },
    /// By place in `Scenario::producers`.
    Producer(usize),
    /// By place in `Scenario::consumers`.
    Consumer(usize),
    /// A broker or controller.
    Broker(NodeIdx),
    /// A topic.
    Topic(String),
    /// The active controller.
    Controller,
}

/// What kind of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A number.
    Int,
    /// A length of time or a point in it.
    Time,
    /// Yes or no.
    Bool,
    /// A node, or none.
    Node,
    /// A set of nodes.
    Nodes,
    /// A set of partitions.
    Partitions,
    /// A partition.
    Partition,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A text, or none.
    Text,
    /// A replica's log: only equal or not to another log.
    Log,
    /// None, which fits all.
    None,
}

impl Type {
    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            Type::Int => "a number",
            Type::Time => "a time",
            Type::Bool => "true or false",
            Type::Node => "a node",
            Type::Nodes => "a set of nodes",
            Type::Partitions => "a set of partitions",
            Type::Partition => "a partition",
            Type::Word(_) => "a state",
            Type::Text => "a text",
            Type::Log => "a log",
            Type::None => "none",
        }
    }
}

/// The kind of a subject, for the table of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is what it says")]
pub enum SubjectKind {
    Partition,
    Replica,
    Record,
    Producer,
    Consumer,
    Broker,
    Topic,
    Controller,
}

impl SubjectKind {
    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            SubjectKind::Partition => "a partition",
            SubjectKind::Replica => "a replica",
            SubjectKind::Record => "a record",
            SubjectKind::Producer => "a producer",
            SubjectKind::Consumer => "a consumer",
            SubjectKind::Broker => "a broker",
            SubjectKind::Topic => "a topic",
            SubjectKind::Controller => "the controller",
        }
    }
}

const BROKER_STATES: &[&str] = &["off", "starting", "fenced", "active", "stopping", "paused"];
const CLIENT_STATES: &[&str] = &["off", "active", "paused", "closed", "failed"];
const ROLES: &[&str] = &["leader", "follower", "offline"];

macro_rules! fields {
    ($($name:ident $word:literal { $($kind:ident $type:expr, $of:literal;)* })*) => {
        /// A field. One name may belong to several kinds of subject.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "see the table")]
        pub enum Field { $($name,)* }

        impl Field {
            /// As it is written.
            pub fn word(self) -> &'static str {
                match self { $(Field::$name => $word,)* }
            }

            /// Every field of a kind of subject: the field, its type, whether it takes a
            /// partition in parentheses.
            pub fn table() -> &'static [(SubjectKind, Field, Type, bool)] {
                &[$($((SubjectKind::$kind, Field::$name, $type, $of),)*)*]
            }
        }
    };
}

fields! {
    Leader "leader" { Partition Type::Node, false; Controller Type::Node, false; }
    LeaderEpoch "leader_epoch" { Partition Type::Int, false; Replica Type::Int, false; }
    PartitionEpoch "partition_epoch" { Partition Type::Int, false; }
    EpochStart "epoch_start" { Partition Type::Int, false; }
    Replicas "replicas" { Partition Type::Nodes, false; }
    Isr "isr" { Partition Type::Nodes, false; }
    Elr "elr" { Partition Type::Nodes, false; }
    Adding "adding" { Partition Type::Nodes, false; }
    Removing "removing" { Partition Type::Nodes, false; }
    Hw "hw" { Partition Type::Int, false; Replica Type::Int, false; Controller Type::Int, false; }
    Leo "leo" { Partition Type::Int, false; Replica Type::Int, false; }
    Lso "lso" { Partition Type::Int, false; Replica Type::Int, false; }
    LogStart "log_start" { Partition Type::Int, false; Replica Type::Int, false; }
    Role "role" { Replica Type::Word(ROLES), false; }
    LastEpoch "last_epoch" { Replica Type::Int, false; }
    Log "log" { Replica Type::Log, false; }
    Segments "segments" { Replica Type::Int, false; }
    Exists "exists" { Record Type::Bool, false; Topic Type::Bool, false; }
    Epoch "epoch" {
        Record Type::Int, false; Producer Type::Int, false; Broker Type::Int, false;
        Controller Type::Int, false;
    }
    Acked "acked" { Record Type::Bool, false; Producer Type::Int, false; }
    Value "value" { Record Type::Text, false; }
    Sent "sent" { Producer Type::Int, false; }
    Failed "failed" { Producer Type::Int, false; }
    InFlight "in_flight" { Producer Type::Int, false; }
    Buffered "buffered" { Producer Type::Int, false; }
    Retries "retries" { Producer Type::Int, false; }
    State "state" {
        Producer Type::Word(CLIENT_STATES), false; Consumer Type::Word(CLIENT_STATES), false;
        Broker Type::Word(BROKER_STATES), false;
    }
    Assigned "assigned" { Consumer Type::Partitions, false; }
    Position "position" { Consumer Type::Int, true; }
    Received "received" { Consumer Type::Int, true; }
    Processed "processed" { Consumer Type::Int, false; }
    Partitions "partitions" { Topic Type::Int, false; }
    Requests "requests" { Broker Type::Int, false; }
    ProduceRequests "produce_requests" { Broker Type::Int, false; }
    BytesCopied "bytes_copied" { Broker Type::Int, false; }
    BytesFromDisk "bytes_from_disk" { Broker Type::Int, false; }
    DiskSeeks "disk_seeks" { Broker Type::Int, false; }
}
