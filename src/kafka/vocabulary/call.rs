//! What a driver asks of a Kafka process from outside, and how it ends.

use super::ClientNo;
use crate::kafka::protocol::ErrorCode;
use bytes::Bytes;

/// A call from outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// SIGTERM to a broker or controller: controlled shutdown, then the process ends.
    Shutdown,
    /// The application of a client process asks one of its clients.
    Client(ClientNo, ClientOp),
}

/// What an application asks of its client.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientOp {
    /// Producer: send one record.
    Send(SendRecord),
    /// Producer: send what is buffered; ends when all earlier sends have ended.
    Flush,
    /// Producer, consumer: close.
    Close,
    /// Consumer: read these partitions (topic, partition) from now on.
    Assign(Vec<(String, i32)>),
    /// Consumer: go on from there.
    Seek(String, i32, OffsetSpec),
    /// Consumer: stop fetching these partitions.
    Pause(Vec<(String, i32)>),
    /// Consumer: fetch them again.
    Resume(Vec<(String, i32)>),
    /// Consumer that polls by steps: one poll.
    Poll,
    /// Admin: create a topic.
    CreateTopic(NewTopic),
    /// Admin: delete a topic.
    DeleteTopic(String),
    /// Admin: elect a leader (true: unclean) for a partition.
    ElectLeader(String, i32, bool),
    /// Admin: where a partition's log begins or ends for a consumer.
    ListOffset(String, i32, OffsetSpec),
}

/// One record to send.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct SendRecord {
    /// The topic.
    pub topic: String,
    /// The partition; the partitioner's choice if none.
    pub partition: Option<i32>,
    /// The key.
    pub key: Option<Bytes>,
    /// The value; none is a tombstone.
    pub value: Option<Bytes>,
    /// Headers.
    pub headers: Vec<(String, Option<Bytes>)>,
    /// Milliseconds since 1970; the client's calendar if none.
    pub timestamp: Option<i64>,
}

/// A topic to create.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// Partitions, or -1 for the broker's default. Must be -1 with `assignments`.
    pub partitions: i32,
    /// Replicas, or -1 for the broker's default.
    pub replication_factor: i16,
    /// Replicas of each partition, if placed by hand.
    pub assignments: Vec<(i32, Vec<i32>)>,
    /// Topic configs.
    pub configs: Vec<(String, String)>,
}

/// A place in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetSpec {
    /// The log start.
    Earliest,
    /// The end as a consumer sees it.
    Latest,
    /// That offset.
    At(i64),
    /// The first record with that timestamp or a later one (ListOffsets only).
    Timestamp(i64),
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Done.
    Done,
    /// A record was acknowledged; the offset is -1 with acks=0.
    Sent {
        /// The partition that was chosen.
        partition: i32,
        /// Its offset there.
        offset: i64,
    },
    /// An offset was found (-1 none).
    Offset(i64),
    /// Refused or given up.
    Failed {
        /// The error; for the client's own ones the code that Kafka's client uses.
        error: ErrorCode,
        /// What the client says.
        message: String,
    },
}
