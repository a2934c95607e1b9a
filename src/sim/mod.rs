//! Physics: virtual time, chance, network, disks and the event loop. No word of Kafka.

mod clock;
mod connection;
mod cost;
mod ctx;
mod disk;
mod driver;
mod fault;
mod hash;
mod ids;
mod network;
mod oracle;
mod plist;
mod queue;
mod record;
mod stand;
#[cfg(test)]
mod tests;
mod time;
mod timeline;
mod timers;
mod tournament;
mod vocabulary;
mod world;

pub use clock::NodeClock;
pub use connection::{EndState, Side};
pub use cost::{CostModel, Counters, InputKind, Slowness};
pub use ctx::{Ctx, Effect, Outbox};
pub use disk::{Chunk, Disk, DiskError, Tail};
pub use driver::{Driver, Observer};
pub use fault::{Action, Fault};
pub use hash::TraceHash;
pub use ids::{CallId, ConnId, Corr, FileId, NodeId, StepNo, SyncId};
pub use network::{Cut, CutId, LinkChange, LinkSettings};
pub use oracle::{
    DrawCounters, Label, Oracle, Purpose, RecordingOracle, ReplayOracle, Schedule, SeededOracle,
};
pub use plist::PList;
pub use record::{Head, HoldId, LostReason, StepKind, StepRecord, Verdict};
pub use stand::Stand;
pub use time::{Span, Time};
pub use timeline::{SnapshotBudget, Timeline};
pub use timers::TimerQueue;
pub use vocabulary::{Canonical, Envelope, Input, MessageKind, StateMachine, Vocabulary};
pub use world::{ConnectionView, Explore, InFlight, RoundTripError, Seat, World, WorldConfig};
