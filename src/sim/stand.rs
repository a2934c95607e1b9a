//! A test stand: one [`Ctx`] without a World, for unit tests of a room.

use super::{
    Counters, Ctx, Disk, DrawCounters, NodeId, Outbox, SeededOracle, Span, Time, TimerQueue,
    Vocabulary,
};

/// Everything a [`Ctx`] borrows, owned, with a clock that the test moves by hand.
#[derive(Clone, Debug)]
pub struct Stand<V: Vocabulary> {
    /// The disk.
    pub disk: Disk,
    /// What the code under test did; take from it what the test wants to see.
    pub outbox: Outbox<V>,
    /// Armed timers.
    pub timers: TimerQueue<V::Timer>,
    /// Mono time.
    pub mono: Time,
    /// The calendar at mono time zero, in milliseconds since 1970.
    pub wall_base_ms: i64,
    node: NodeId,
    counters: Counters,
    draws: DrawCounters,
    oracle: SeededOracle,
    next_conn: u32,
    next_corr: u32,
}

impl<V: Vocabulary> Stand<V> {
    /// A stand for the machine `node`, with an empty disk and the given seed.
    pub fn new(node: NodeId, seed: u64) -> Self {
        Stand {
            disk: Disk::new(),
            outbox: Outbox::default(),
            timers: TimerQueue::default(),
            mono: Time::ZERO,
            wall_base_ms: 1_767_225_600_000,
            node,
            counters: Counters::default(),
            draws: DrawCounters::default(),
            oracle: SeededOracle::new(seed),
            next_conn: 0,
            next_corr: 0,
        }
    }

    /// A context for one step at the stand's present time.
    pub fn ctx(&mut self) -> Ctx<'_, V> {
        Ctx {
            disk: &mut self.disk,
            node: self.node,
            mono: self.mono,
            wall_ms: self.wall_base_ms + self.mono.as_millis() as i64,
            timers: &mut self.timers,
            outbox: &mut self.outbox,
            counters: &mut self.counters,
            draws: &mut self.draws,
            oracle: &mut self.oracle,
            next_conn: &mut self.next_conn,
            next_corr: &mut self.next_corr,
        }
    }

    /// Moves the clock.
    pub fn advance(&mut self, span: Span) {
        self.mono += span;
    }
}
