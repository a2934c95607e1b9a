//! [`StepRecord`]: what a step was, for drivers, observers, traces and the hash.

use super::{
    Action, CallId, Canonical, ConnId, Corr, Envelope, MessageKind, NodeId, Span, StepNo, SyncId,
    Time, TraceHash, Vocabulary,
};

/// Names messages that are held until they are released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HoldId(pub u32);

/// What a driver does with a message that is about to be delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// Lets it pass.
    #[default]
    Deliver,
    /// Lets it die: a step `Lost`.
    Drop,
    /// Holds it, and what follows it on the same connection, until it is released.
    Hold(HoldId),
    /// Delivers it and a copy.
    Duplicate,
    /// Holds it, and what follows it on the same connection, for a time.
    Delay(Span),
}

/// Why a message died.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LostReason {
    /// The link lost it.
    Loss = 1,
    /// The link was cut while it was under way.
    Cut = 2,
    /// A driver dropped it.
    Dropped = 3,
    /// An earlier message of the same direction was lost: the stream hangs behind the gap.
    Gap = 4,
    /// The receiver, or the incarnation of it that the connection belonged to, is no more.
    Dead = 5,
    /// The connection was closed.
    Closed = 6,
    /// The connection was never accepted: the receiver was down, or the opening was cut.
    Refused = 7,
}

/// What kind of step it was.
#[derive(Clone, Copy, Debug)]
pub enum StepKind<V: Vocabulary> {
    /// A fault, or a verdict that held, delayed or doubled a message.
    Action,
    /// A program started.
    Boot,
    /// A message was handled.
    Deliver,
    /// A message or a call died.
    Lost(LostReason),
    /// A timer was due.
    Timer(V::Timer),
    /// Bytes became durable.
    Synced(SyncId),
    /// A call was handled.
    Call(CallId),
    /// A node learnt that a connection is gone.
    Reset(ConnId),
    /// A program ended by itself.
    Halt,
}

impl<V: Vocabulary> StepKind<V> {
    /// The fixed code of the kind, and the number that goes with it.
    fn code(&self) -> (u64, u64) {
        match *self {
            StepKind::Action => (1, 0),
            StepKind::Boot => (2, 0),
            StepKind::Deliver => (3, 0),
            StepKind::Lost(reason) => (4, reason as u64),
            StepKind::Timer(_) => (5, 0),
            StepKind::Synced(id) => (6, u64::from(id.0)),
            StepKind::Call(id) => (7, u64::from(id.0)),
            StepKind::Reset(conn) => (8, u64::from(conn.0)),
            StepKind::Halt => (9, 0),
        }
    }

    fn canonical(&self, node: Option<NodeId>, hash: &mut TraceHash) {
        let (code, detail) = self.code();
        let node = u64::from(node.map_or(u16::MAX, |node| node.0));
        hash.word(code << 56 | node << 32 | detail);
        if let StepKind::Timer(timer) = self {
            timer.canonical(hash);
        }
    }
}

impl<V: Vocabulary> PartialEq for StepKind<V> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (StepKind::Timer(one), StepKind::Timer(other)) => one == other,
            _ => self.code() == other.code(),
        }
    }
}

/// The outside of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The connection it travelled on.
    pub conn: ConnId,
    /// The request's number.
    pub corr: Corr,
    /// Request or response.
    pub kind: MessageKind,
    /// The version of the api.
    pub api_version: i16,
    /// The sender.
    pub from: NodeId,
    /// The receiver.
    pub to: NodeId,
    /// When it left the sender.
    pub departs: Time,
    /// [`Vocabulary::digest`] of the message.
    pub digest: u64,
}

impl Head {
    /// The outside of `envelope`.
    pub fn of<V: Vocabulary>(envelope: &Envelope<V>) -> Self {
        Head {
            conn: envelope.conn,
            corr: envelope.corr,
            kind: envelope.kind,
            api_version: envelope.api_version,
            from: envelope.from,
            to: envelope.to,
            departs: envelope.departs,
            digest: V::digest(&envelope.body),
        }
    }

    fn canonical(&self, hash: &mut TraceHash) {
        hash.word(u64::from(self.conn.0) << 32 | u64::from(self.corr.0));
        let ends = u64::from(self.from.0) << 16 | u64::from(self.to.0);
        hash.word((self.kind as u64) << 48 | ends << 16 | u64::from(self.api_version as u16));
        hash.word(self.digest);
    }
}

/// One step of a World's history. Borrows what the World keeps as scratch.
#[derive(Clone, Copy, Debug)]
pub struct StepRecord<'a, V: Vocabulary> {
    /// Its number, from 1.
    pub no: StepNo,
    /// When it began.
    pub at: Time,
    /// When what it sent leaves; the node is busy until then.
    pub departs: Time,
    /// The machine: of a message its receiver, of a fault of the network `None`.
    pub node: Option<NodeId>,
    /// What kind of step.
    pub kind: StepKind<V>,
    /// The step that sent the message, armed the timer, asked for the sync, acted or closed the
    /// connection; 0 if nothing in this history did.
    pub cause: StepNo,
    /// Of a response: the step that read the request.
    pub request: StepNo,
    /// The outside of the message delivered, lost, held, delayed or doubled.
    pub head: Option<Head>,
    /// The message itself: for a delivery only if the driver watches it.
    pub message: Option<&'a Envelope<V>>,
    /// What a driver did; of a call, too, that died.
    pub action: Option<&'a Action<V>>,
    /// Of an action on a message: what was done to it.
    pub verdict: Verdict,
    /// What the logic noted, in order.
    pub notes: &'a [V::Note],
    /// The calls that ended, in order.
    pub outcomes: &'a [(CallId, V::Outcome)],
}

impl<V: Vocabulary> StepRecord<'_, V> {
    /// Feeds the canonical encoding of the step into `hash`.
    pub fn canonical(&self, hash: &mut TraceHash) {
        hash.word(self.no.0);
        hash.word(self.at.0);
        self.kind.canonical(self.node, hash);
        hash.word(self.cause.0);
        hash.word(self.request.0);
        if let Some(head) = &self.head {
            head.canonical(hash);
        }
        if let Some(action) = self.action {
            canonical_action(action, hash);
        }
        self.verdict.canonical(hash);
        hash.word((self.notes.len() as u64) << 32 | self.outcomes.len() as u64);
        for note in self.notes {
            note.canonical(hash);
        }
        for (id, _) in self.outcomes {
            hash.word(u64::from(id.0));
        }
    }
}

fn canonical_action<V: Vocabulary>(action: &Action<V>, hash: &mut TraceHash) {
    match action {
        Action::Fault(fault) => fault.canonical(hash),
        Action::Call { node, id, .. } => hash.word(u64::from(node.0) << 32 | u64::from(id.0)),
    }
}

impl Canonical for Verdict {
    fn canonical(&self, hash: &mut TraceHash) {
        match *self {
            Verdict::Deliver => {}
            Verdict::Drop => hash.word(1),
            Verdict::Hold(id) => hash.word(2 << 32 | u64::from(id.0)),
            Verdict::Duplicate => hash.word(3),
            Verdict::Delay(span) => {
                hash.word(4);
                hash.word(span.0);
            }
        }
    }
}
