//! Kinds of work and purposes of draws. Codes are fixed for ever: they are part of traces.

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum $name {
            $($(#[$vdoc])* $variant = $code,)*
        }

        impl $name {
            /// All of them, by code.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The word used in scenario files and reports.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }
        }

        impl From<$name> for u8 {
            fn from(code: $name) -> u8 {
                code as u8
            }
        }
    };
}

codes! {
    /// What a node spends time on; `[cost]` gives each a price.
    Work {
        /// A request handled.
        Request = 0 "request",
        /// Bytes appended to a log.
        AppendBytes = 1 "append-byte",
        /// Records appended.
        AppendRecords = 2 "append-record",
        /// Bytes run through a checksum.
        ChecksumBytes = 3 "checksum-byte",
        /// Bytes read from a log.
        ReadBytes = 4 "read-byte",
        /// Segments looked into.
        SegmentLookups = 5 "segment-lookup",
        /// Metadata records replayed.
        ReplayRecords = 6 "replay-record",
        /// Bytes read again at recovery.
        RecoveryBytes = 7 "recovery-byte",
        /// Records put into a producer's batch.
        ProduceRecords = 8 "produce-record",
        /// Records given to a consumer's application.
        ConsumeRecords = 9 "consume-record",
        /// Produce requests handled.
        ProduceRequests = 10 "produce-request",
        /// Bytes of fetch answers copied through the broker's own memory: none with zero copy.
        CopiedBytes = 11 "copied-byte",
        /// Bytes of partition logs read from the disk because the page cache did not hold them.
        DiskReadBytes = 12 "disk-read-byte",
        /// Times that the disk went on at another place of the partition logs than where it was.
        DiskSeeks = 13 "disk-seek",
    }
}

codes! {
    /// What a draw is for.
    Purpose {
        /// A Raft election timeout.
        ElectionTimeout = 64 "election-timeout",
        /// Replica placement.
        Placement = 65 "placement",
        /// A topic id's halves.
        TopicId = 66 "topic-id",
        /// A directory or incarnation id's halves.
        Incarnation = 67 "incarnation",
        /// A producer's partition choice.
        Partition = 68 "partition",
        /// A retry or reconnect back-off.
        Backoff = 69 "backoff",
        /// A fetch session's id.
        FetchSession = 70 "fetch-session",
        /// A segment's jitter.
        SegmentJitter = 71 "segment-jitter",
        /// Which broker a client asks.
        Bootstrap = 72 "bootstrap",
        /// Broker heartbeat and registration back-off.
        Heartbeat = 73 "heartbeat",
        /// Which voter a node asks.
        Voter = 74 "voter",
    }
}
