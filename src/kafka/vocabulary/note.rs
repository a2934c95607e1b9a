//! Notes: small facts named in Kafka's words, emitted by the logic, formatted elsewhere.

use super::{ClientNo, NodeSet, TopicTag, Tp};
use crate::kafka::protocol::ErrorCode;
use crate::sim::{Canonical, TraceHash};

/// How much a note matters to a reader.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Salience {
    /// Happens all the time: empty fetches, heartbeats.
    Background,
    /// Worth seeing on a closer look.
    Detail,
    /// Part of any telling of what happened.
    Story,
}

/// A field's value, for matchers and formatting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value {
    /// A number: offset, epoch, count, milliseconds.
    Int(i64),
    /// A Kafka node id, -1 for none.
    Node(i32),
    /// A set of Kafka node ids.
    Nodes(NodeSet),
    /// A partition.
    Partition(Tp),
    /// A topic.
    Topic(TopicTag),
    /// A client of the process.
    Client(ClientNo),
    /// An error code.
    Error(ErrorCode),
    /// A word.
    Word(&'static str),
    /// Yes or no.
    Bool(bool),
}

/// A type that a note's field may have.
pub trait Field: Copy {
    /// The value for matchers.
    fn value(self) -> Value;
    /// The canonical words.
    fn hash_into(self, hash: &mut TraceHash);
}

macro_rules! fields {
    ($($type:ty, $v:ident => $value:expr, $($word:expr),+;)*) => {$(
        impl Field for $type {
            fn value(self) -> Value {
                let $v = self;
                $value
            }
            fn hash_into(self, hash: &mut TraceHash) {
                let $v = self;
                $(hash.word($word);)+
            }
        }
    )*};
}

fields! {
    i64, v => Value::Int(v), v as u64;
    i32, v => Value::Int(i64::from(v)), v as u64;
    u32, v => Value::Int(i64::from(v)), u64::from(v);
    bool, v => Value::Bool(v), u64::from(v);
    ErrorCode, v => Value::Error(v), v.0 as u64;
    Tp, v => Value::Partition(v), v.topic.0, v.partition as u64;
    TopicTag, v => Value::Topic(v), v.0;
    ClientNo, v => Value::Client(v), u64::from(v.0);
    NodeSet, v => Value::Nodes(v), v.words()[0], v.words()[1];
    NodeId, v => Value::Node(v.0), v.0 as u64;
}

/// A Kafka node id in a note (-1: none).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct NodeId(pub i32);

macro_rules! notes {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal $salience:ident $source:literal
        { $($field:ident: $type:ty),* $(,)? })*) => {
        /// A fact of the protocol. `Copy` and at most 40 bytes.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[allow(missing_docs, reason = "the fields are Kafka's words")]
        pub enum Note {
            $($(#[doc = $doc])* $name { $($field: $type),* },)*
        }

        /// The kinds of notes.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[allow(missing_docs, reason = "see the note of the same name")]
        pub enum NoteKind { $($name = $code,)* }

        impl NoteKind {
            /// Every kind.
            pub const ALL: &'static [NoteKind] = &[$(NoteKind::$name,)*];

            /// The kind's name, as scenarios use it.
            pub fn name(self) -> &'static str {
                match self { $(NoteKind::$name => stringify!($name),)* }
            }

            /// How much it matters.
            pub fn salience(self) -> Salience {
                match self { $(NoteKind::$name => Salience::$salience,)* }
            }

            /// The row or section of the behaviour that it tells of.
            pub fn source(self) -> &'static str {
                match self { $(NoteKind::$name => $source,)* }
            }

            /// What it says.
            pub fn doc(self) -> &'static str {
                match self { $(NoteKind::$name => concat!($($doc,)*),)* }
            }

            /// The names of its fields.
            pub fn fields(self) -> &'static [&'static str] {
                match self { $(NoteKind::$name => &[$(stringify!($field),)*],)* }
            }

            /// The Rust types of its fields, in the same order.
            pub fn field_types(self) -> &'static [&'static str] {
                match self { $(NoteKind::$name => &[$(stringify!($type),)*],)* }
            }
        }

        impl Note {
            /// The note's kind.
            pub fn kind(&self) -> NoteKind {
                match self { $(Note::$name { .. } => NoteKind::$name,)* }
            }

            /// Calls `each` with every field's name and value.
            pub fn for_each_field(&self, mut each: impl FnMut(&'static str, Value)) {
                match *self {
                    $(Note::$name { $($field),* } => { $(each(stringify!($field), Field::value($field));)* })*
                }
            }
        }

        impl Canonical for Note {
            fn canonical(&self, hash: &mut TraceHash) {
                match *self {
                    $(Note::$name { $($field),* } => {
                        hash.word($code);
                        $(Field::hash_into($field, hash);)*
                    })*
                }
            }
        }
    };
}

notes! {
    // Raft, from 1. `epoch` is the quorum's epoch.
    /// A node became a prospective candidate and asks for pre-votes.
    BecameProspective = 1 Detail "2.8" { epoch: i32 }
    /// A node became a candidate in a new epoch.
    BecameCandidate = 2 Story "2.8" { epoch: i32 }
    /// A node won the quorum's election.
    BecameQuorumLeader = 3 Story "2.8" { epoch: i32, start: i64 }
    /// A node follows the quorum's leader.
    BecameQuorumFollower = 4 Detail "2.8" { epoch: i32, leader: NodeId }
    /// A node knows no leader of the epoch.
    BecameUnattached = 5 Detail "2.8" { epoch: i32 }
    /// A quorum leader gave up: it resigned or did not hear from a majority.
    ResignedQuorum = 6 Story "2.8" { epoch: i32 }
    /// A vote or pre-vote was answered.
    VoteAnswered = 7 Detail "2.8" { epoch: i32, candidate: NodeId, granted: bool, pre_vote: bool }
    /// The quorum leader's high watermark advanced.
    QuorumHighWatermarkAdvanced = 8 Background "C4" { epoch: i32, from: i64, to: i64 }
    /// A node cut its metadata log back to agree with the leader's.
    MetadataLogTruncated = 9 Story "C1" { from: i64, to: i64 }
    /// A node appended to its metadata log.
    MetadataLogAppended = 10 Background "C1" { base: i64, last: i64, epoch: i32 }

    // Controller, from 40.
    /// The active controller is ready to serve.
    ControllerActivated = 40 Story "C1" { epoch: i32, offset: i64 }
    /// A controller stopped being the active one.
    ControllerDeactivated = 41 Story "C1" { epoch: i32 }
    /// A broker registered.
    BrokerRegistered = 42 Detail "C9" { broker: NodeId, broker_epoch: i64 }
    /// A registration was refused.
    RegistrationRefused = 43 Story "C9" { broker: NodeId, error: ErrorCode }
    /// A broker was unfenced: it may lead and be in sync.
    BrokerUnfenced = 44 Story "C10" { broker: NodeId, broker_epoch: i64 }
    /// A broker was fenced: its session is over or it stopped.
    BrokerFenced = 45 Story "C10" { broker: NodeId, broker_epoch: i64 }
    /// A broker entered controlled shutdown.
    ControlledShutdownBegan = 46 Story "C11" { broker: NodeId, broker_epoch: i64 }
    /// A topic was created.
    TopicCreated = 47 Story "C14" { topic: TopicTag, partitions: i32 }
    /// A topic was deleted.
    TopicDeleted = 48 Story "C14" { topic: TopicTag }
    /// A partition got a leader (-1 none) and a leader epoch.
    LeaderElected = 49 Story "2.6" { partition: Tp, leader: NodeId, epoch: i32, unclean: bool }
    /// The controller's ISR of a partition changed.
    IsrChanged = 50 Story "2.3" { partition: Tp, isr: NodeSet, partition_epoch: i32 }
    /// The eligible leader replicas of a partition changed.
    ElrChanged = 51 Story "2.6" { partition: Tp, elr: NodeSet }
    /// An AlterPartition proposal was refused.
    AlterPartitionRefused = 52 Detail "2.3" { partition: Tp, broker: NodeId, error: ErrorCode }
    /// The controller refused a request of an admin.
    RequestRefused = 53 Story "L14" { error: ErrorCode }
    /// A block of producer ids was given out.
    ProducerIdsAllocated = 54 Detail "C16" { broker: NodeId, first: i64 }
    /// A heartbeat was answered.
    HeartbeatAnswered = 55 Background "C10" { broker: NodeId, fenced: bool }

    // Broker life, from 80.
    /// A broker process started; `clean` after a clean shutdown.
    BrokerStarted = 80 Story "L12" { broker: NodeId, clean: bool }
    /// A broker is ready: unfenced and caught up.
    BrokerReady = 81 Detail "C10" { broker: NodeId, broker_epoch: i64 }
    /// A broker is stopping.
    BrokerStopping = 82 Story "C11" { broker: NodeId }
    /// A broker ended by itself: a full or failing disk, a refused registration.
    BrokerHalted = 83 Story "L11" { broker: NodeId, error: ErrorCode }
    /// A broker replayed metadata up to this offset.
    MetadataReplayed = 84 Background "C15" { offset: i64 }

    // Replication, from 100.
    /// A replica became the leader of its partition.
    BecameLeader = 100 Story "R3" { partition: Tp, epoch: i32, start: i64, log_end: i64 }
    /// A replica became a follower.
    BecameFollower = 101 Story "R8" { partition: Tp, epoch: i32, leader: NodeId }
    /// The leader appended a batch.
    Appended = 102 Story "L1" { partition: Tp, base: i64, last: i64, epoch: i32 }
    /// A follower appended what it fetched.
    Replicated = 103 Story "R1" { partition: Tp, base: i64, last: i64, epoch: i32 }
    /// The leader's high watermark advanced.
    HighWatermarkAdvanced = 104 Story "2.1" { partition: Tp, from: i64, to: i64 }
    /// A follower heard of a high watermark.
    HighWatermarkHeard = 105 Detail "R4" { partition: Tp, from: i64, to: i64 }
    /// A replica cut its log back.
    LogTruncated = 106 Story "2.5" { partition: Tp, from: i64, to: i64 }
    /// A leader told a follower where their logs diverge.
    DivergingEpochAnswered = 107 Story "2.5" { partition: Tp, follower: NodeId, epoch: i32, end: i64 }
    /// A leader proposes a larger ISR.
    IsrExpandProposed = 108 Detail "2.2" { partition: Tp, replica: NodeId }
    /// A leader proposes a smaller ISR.
    IsrShrinkProposed = 109 Detail "2.2" { partition: Tp, removed: NodeSet }
    /// A leader committed its ISR.
    IsrCommitted = 110 Detail "2.3" { partition: Tp, isr: NodeSet, partition_epoch: i32 }
    /// A produce with acks=all waits for the ISR.
    ProduceParked = 111 Detail "2.25" { partition: Tp, last: i64 }
    /// A produce was answered.
    ProduceAnswered = 112 Story "R12"
        { partition: Tp, base: i64, last: i64, error: ErrorCode, acks: i32 }
    /// A produce was refused before the append.
    ProduceRefused = 113 Story "R11" { partition: Tp, error: ErrorCode }
    /// A batch was recognised as already written.
    DuplicateBatch = 114 Story "2.14" { partition: Tp, base: i64, sequence: i32 }
    /// A fetch was refused.
    FetchRefused = 115 Detail "R9" { partition: Tp, replica: NodeId, error: ErrorCode }
    /// A follower's fetch was answered with records.
    FetchAnswered = 116 Detail "R1" { partition: Tp, replica: NodeId, offset: i64, bytes: i64 }
    /// A follower asks from this offset.
    FollowerFetched = 117 Background "R2" { partition: Tp, replica: NodeId, offset: i64 }
    /// A segment was rolled.
    SegmentRolled = 118 Story "2.22" { partition: Tp, base: i64 }
    /// A segment was deleted.
    SegmentDeleted = 119 Story "2.21" { partition: Tp, base: i64 }
    /// The log start moved.
    LogStartAdvanced = 120 Story "2.21" { partition: Tp, from: i64, to: i64 }
    /// A log was recovered from its files.
    LogRecovered = 121 Story "L12" { partition: Tp, end: i64, truncated: i64 }
    /// A replica's log was created.
    LogCreated = 122 Detail "L13" { partition: Tp }
    /// A replica's log was deleted.
    LogDeleted = 123 Detail "L13" { partition: Tp }
    /// High watermarks were written down.
    HighWatermarkCheckpointed = 124 Background "L11" { partitions: i32 }
    /// A fetch session was opened.
    FetchSessionOpened = 125 Background "2.19" { session: i32 }
    /// LATEST or EARLIEST was answered.
    OffsetListed = 126 Detail "R20"
        { partition: Tp, offset: i64, error: ErrorCode, latest: bool }
    /// A delayed fetch was parked.
    FetchParked = 127 Background "2.25" { partition: Tp, offset: i64 }

    // Clients, from 160.
    /// A producer got its id.
    ProducerIdAssigned = 160 Detail "P10" { client: ClientNo, producer_id: i64, epoch: i32 }
    /// A producer put a record into a batch. `send` counts the producer's records from 0.
    RecordBuffered = 161 Detail "P1" { client: ClientNo, partition: Tp, send: u32 }
    /// A producer sent a batch. `first` is the number of its first record.
    BatchSent = 162 Story "P1" { client: ClientNo, partition: Tp, first: u32, count: i32, attempt: i32 }
    /// A record was acknowledged.
    RecordAcknowledged = 163 Story "P1" { client: ClientNo, partition: Tp, send: u32, offset: i64 }
    /// A record failed for good.
    RecordFailed = 164 Story "P8" { client: ClientNo, partition: Tp, send: u32, error: ErrorCode }
    /// A batch is to be sent again.
    BatchRetried = 165 Story "P8" { client: ClientNo, partition: Tp, first: u32, error: ErrorCode }
    /// A client learned who leads a partition.
    LeaderLearned = 166 Detail "C15" { client: ClientNo, partition: Tp, leader: NodeId, epoch: i32 }
    /// A consumer asked for records.
    ConsumerFetched = 167 Background "N1" { client: ClientNo, partition: Tp, offset: i64 }
    /// A consumer's application got a record. `digest` is of key and value.
    RecordReceived = 168 Story "N1" { client: ClientNo, partition: Tp, offset: i64, digest: i64 }
    /// A consumer's position was reset.
    PositionReset = 169 Story "N3" { client: ClientNo, partition: Tp, offset: i64 }
    /// A consumer met an error that its application hears of.
    ConsumerError = 170 Story "N10" { client: ClientNo, partition: Tp, error: ErrorCode }
    /// A producer gave itself a new epoch.
    ProducerEpochBumped = 171 Story "P11" { client: ClientNo, producer_id: i64, epoch: i32 }
    /// A request got no answer in time.
    RequestTimedOut = 172 Story "P8" { client: ClientNo, node: NodeId }
    /// A connection was lost.
    Disconnected = 173 Detail "P8" { client: ClientNo, node: NodeId }
}

const _: () = assert!(size_of::<Note>() <= 40, "a note is at most 40 bytes");
