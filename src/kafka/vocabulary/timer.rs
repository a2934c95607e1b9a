//! The keys of every timer. A room arms only the timers of its own enum.

use super::ClientNo;
use crate::sim::{Canonical, TraceHash};

/// A timer of a Kafka node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Timer {
    /// The quorum's.
    Raft(RaftTimer),
    /// The active controller's.
    Controller(ControllerTimer),
    /// The broker's own life.
    Broker(BrokerTimer),
    /// The replica manager's.
    Replica(ReplicaTimer),
    /// A client's.
    Client(ClientNo, ClientTimer),
}

macro_rules! timers {
    ($($(#[$doc:meta])* $name:ident {
        $($(#[$vdoc:meta])* $variant:ident $(($arg:ident))? = $code:literal,)*
    })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum $name {
            $($(#[$vdoc])* $variant $(($arg))?,)*
        }

        impl $name {
            fn words(self) -> (u64, u64) {
                match self {
                    $(timers!(@pattern $variant arg $($arg)?) =>
                        ($code, timers!(@word arg $($arg)?)),)*
                }
            }
        }
    )*};
    (@pattern $variant:ident $arg:ident) => { Self::$variant };
    (@pattern $variant:ident $arg:ident $type:ident) => { Self::$variant($arg) };
    (@word $arg:ident) => { 0 };
    (@word $arg:ident $type:ident) => { u64::from($arg) };
}

timers! {
    /// Timers of `kafka::raft`.
    RaftTimer {
        /// The current state's own deadline: election, fetch or resign timeout, back-off.
        State = 1,
        /// The leader must have heard from a majority by now.
        CheckQuorum = 2,
        /// BeginQuorumEpoch is to be sent again.
        BeginQuorumEpoch = 3,
        /// Appended records have lingered long enough.
        AppendLinger = 4,
        /// A parked fetch is to be answered (the slot of the fetch).
        ParkedFetch(u32) = 5,
        /// A request has had no answer, or a back-off is over.
        Request = 6,
        /// Try the next fetch.
        Fetch = 7,
    }
    /// Timers of `kafka::controller`.
    ControllerTimer {
        /// A broker's session is over, the soonest.
        Session = 1,
        /// A no-op record is due.
        NoOp = 2,
        /// Preferred leaders are to be balanced.
        Balance = 3,
        /// Unclean elections are to be tried again.
        UncleanElection = 4,
        /// Register this controller with the active one, or try again.
        Registration = 5,
    }
    /// Timers of a broker's life in `kafka::server`.
    BrokerTimer {
        /// Register, or try again.
        Registration = 1,
        /// Send the next heartbeat.
        Heartbeat = 2,
        /// A request to the controller has had no answer, or a back-off is over.
        ControllerChannel = 3,
        /// The initial registration took too long.
        RegistrationTimeout = 4,
    }
    /// Timers of `kafka::replica`.
    ReplicaTimer {
        /// A delayed operation expires (its slot in the purgatory).
        Delayed(u32) = 1,
        /// Look for followers to take out of the ISR.
        IsrShrink = 2,
        /// A fetcher may try again (the leader's node id).
        Fetcher(u32) = 3,
        /// A fetcher's request has had no answer.
        FetcherRequest = 4,
        /// Write the high watermarks down.
        HighWatermarkCheckpoint = 5,
        /// Write the recovery points down.
        RecoveryPointCheckpoint = 6,
        /// Write the log start offsets down.
        LogStartCheckpoint = 7,
        /// Delete old segments.
        Retention = 8,
        /// Remove the files of deleted segments.
        FileDelete = 9,
        /// Forget producers that are long idle.
        ProducerExpiration = 10,
        /// Send AlterPartition again.
        AlterPartition = 11,
    }
    /// Timers of `kafka::client`.
    ClientTimer {
        /// The sender has something to do: linger, back-off, expiry, metadata.
        Sender = 1,
        /// A request has had no answer, or a connection may be tried again.
        Network = 2,
        /// The application's loop: the next poll, the end of processing.
        Application = 3,
        /// A call's own time-out (its slot).
        Call(u32) = 4,
        /// Metadata is old.
        Metadata = 5,
    }
}

impl Canonical for Timer {
    fn canonical(&self, hash: &mut TraceHash) {
        let (room, who, (code, arg)) = match *self {
            Timer::Raft(timer) => (1, 0, timer.words()),
            Timer::Controller(timer) => (2, 0, timer.words()),
            Timer::Broker(timer) => (3, 0, timer.words()),
            Timer::Replica(timer) => (4, 0, timer.words()),
            Timer::Client(client, timer) => (5, u64::from(client.0), timer.words()),
        };
        hash.word(room << 56 | who << 40 | code << 32 | arg);
    }
}
