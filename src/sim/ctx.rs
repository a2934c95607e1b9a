//! [`Ctx`]: all that a node may see or do within one step.

use super::{
    CallId, ConnId, Corr, Counters, Disk, DrawCounters, NodeId, Oracle, Span, Time, TimerQueue,
    Vocabulary,
};
use std::ops::RangeInclusive;

/// Something a node did within a step, carried out by the World when the step ends.
#[derive(Clone, Debug)]
pub enum Effect<V: Vocabulary> {
    /// Opens a connection.
    Connect {
        /// The new connection.
        conn: ConnId,
        /// The machine to reach.
        to: NodeId,
    },
    /// Closes a connection; the other end gets `Reset` after what was sent before.
    Close {
        /// The connection.
        conn: ConnId,
    },
    /// Sends a request.
    Request {
        /// The connection.
        conn: ConnId,
        /// The request's number.
        corr: Corr,
        /// The version it is encoded in.
        api_version: i16,
        /// The request.
        body: Box<V::Message>,
    },
    /// Answers a request.
    Respond {
        /// The connection.
        conn: ConnId,
        /// The request's number.
        corr: Corr,
        /// The version it is encoded in.
        api_version: i16,
        /// The answer.
        body: Box<V::Message>,
    },
    /// Says that a request gets no answer, so that the next one may be read.
    NoResponse {
        /// The connection.
        conn: ConnId,
        /// The request's number.
        corr: Corr,
    },
    /// Ends a call.
    Complete {
        /// The call.
        id: CallId,
        /// Its outcome.
        outcome: V::Outcome,
    },
}

/// What one step produced. Scratch: emptied and reused by the World.
#[derive(Clone, Debug)]
pub struct Outbox<V: Vocabulary> {
    /// What the node did, in order.
    pub effects: Vec<Effect<V>>,
    /// The facts it noted, in order.
    pub notes: Vec<V::Note>,
    /// The work it spent: code and units.
    pub work: Vec<(u8, u64)>,
}

impl<V: Vocabulary> Default for Outbox<V> {
    fn default() -> Self {
        Outbox {
            effects: Vec::new(),
            notes: Vec::new(),
            work: Vec::new(),
        }
    }
}

/// A node's window on the World for the length of one step.
pub struct Ctx<'a, V: Vocabulary> {
    /// The machine's own disk.
    pub disk: &'a mut Disk,
    pub(super) node: NodeId,
    pub(super) mono: Time,
    pub(super) wall_ms: i64,
    pub(super) timers: &'a mut TimerQueue<V::Timer>,
    pub(super) outbox: &'a mut Outbox<V>,
    pub(super) counters: &'a mut Counters,
    pub(super) draws: &'a mut DrawCounters,
    pub(super) oracle: &'a mut dyn Oracle,
    pub(super) next_conn: &'a mut u32,
    pub(super) next_corr: &'a mut u32,
}

impl<V: Vocabulary> Ctx<'_, V> {
    /// The machine this is.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// The node's own monotonic clock, from zero at each boot, as the step began.
    pub fn mono(&self) -> Time {
        self.mono
    }

    /// The node's own calendar in milliseconds since 1970, as the step began; it may jump.
    pub fn wall_ms(&self) -> i64 {
        self.wall_ms
    }

    /// A random value within `range`. `subject` is a dense id within this node, or 0.
    pub fn draw(&mut self, purpose: V::Purpose, subject: u32, range: RangeInclusive<u64>) -> u64 {
        debug_assert!(
            subject < 1 << 16,
            "a subject of a draw is a dense id below 65,536"
        );
        let label = self
            .draws
            .next(purpose.into(), u32::from(self.node.0) << 16 | subject);
        self.oracle.draw(label, range)
    }

    /// Arms a timer for `at` in mono time; arming it again moves it.
    pub fn arm(&mut self, at: Time, timer: V::Timer) {
        self.timers.arm(at, timer);
    }

    /// Arms a timer for `after` from now.
    pub fn arm_after(&mut self, after: Span, timer: V::Timer) {
        self.timers.arm(self.mono + after, timer);
    }

    /// Cancels a timer; false if it was not armed.
    pub fn cancel(&mut self, timer: V::Timer) -> bool {
        self.timers.cancel(timer)
    }

    /// When a timer is due, if it is armed.
    pub fn deadline(&self, timer: V::Timer) -> Option<Time> {
        self.timers.deadline(timer)
    }

    /// Opens a connection; requests may be sent on it at once. If the other end is down, a
    /// `Reset` comes after one round trip.
    pub fn connect(&mut self, to: NodeId) -> ConnId {
        *self.next_conn += 1;
        let conn = ConnId(*self.next_conn);
        self.outbox.effects.push(Effect::Connect { conn, to });
        conn
    }

    /// Closes a connection. This end gets no `Reset` for it, the other one does, behind what was
    /// sent before; of a connection of a node to itself the server's end does.
    pub fn close(&mut self, conn: ConnId) {
        self.outbox.effects.push(Effect::Close { conn });
    }

    /// Sends a request on a connection that this node opened.
    pub fn request(&mut self, conn: ConnId, api_version: i16, message: V::Message) -> Corr {
        *self.next_corr += 1;
        let corr = Corr(*self.next_corr);
        let body = Box::new(message);
        self.outbox.effects.push(Effect::Request {
            conn,
            corr,
            api_version,
            body,
        });
        corr
    }

    /// Answers a request that was read on a connection.
    pub fn respond(&mut self, conn: ConnId, corr: Corr, api_version: i16, message: V::Message) {
        let body = Box::new(message);
        self.outbox.effects.push(Effect::Respond {
            conn,
            corr,
            api_version,
            body,
        });
    }

    /// Says that a request gets no answer (a produce with acks=0).
    pub fn no_response(&mut self, conn: ConnId, corr: Corr) {
        self.outbox.effects.push(Effect::NoResponse { conn, corr });
    }

    /// Counts work; the cost model turns it into busy time.
    pub fn spend(&mut self, work: V::Work, units: u64) {
        let code = work.into();
        self.counters.add(code, units);
        self.outbox.work.push((code, units));
    }

    /// Ends a call with its outcome.
    pub fn complete(&mut self, id: CallId, outcome: V::Outcome) {
        self.outbox.effects.push(Effect::Complete { id, outcome });
    }

    /// Notes a fact.
    pub fn note(&mut self, note: V::Note) {
        self.outbox.notes.push(note);
    }
}
