//! Physics: virtual time, chance, network, disks and the event loop. No word of Kafka.

mod cost;
mod ctx;
mod disk;
mod hash;
mod ids;
mod oracle;
mod stand;
mod time;
mod timers;
mod vocabulary;

pub use cost::Counters;
pub use ctx::{Ctx, Effect, Outbox};
pub use disk::{Chunk, Disk, DiskError};
pub use hash::TraceHash;
pub use ids::{CallId, ConnId, Corr, FileId, NodeId, StepNo, SyncId};
pub use oracle::{DrawCounters, Label, Oracle, SeededOracle};
pub use stand::Stand;
pub use time::{Span, Time};
pub use timers::TimerQueue;
pub use vocabulary::{Canonical, Envelope, Input, MessageKind, StateMachine, Vocabulary};
