//! What a simulated system brings: its messages, notes, timers, and its state machine.

use super::{CallId, ConnId, Corr, Ctx, NodeId, StepNo, SyncId, Time, TraceHash};
use std::fmt::Debug;

/// Writes itself into the trace hash with fixed codes, the same on every machine and for ever.
pub trait Canonical {
    /// Feeds the words of this value into `hash`.
    fn canonical(&self, hash: &mut TraceHash);
}

/// The words in which a simulated system speaks. A unit struct implements it.
pub trait Vocabulary: Copy + Debug + 'static {
    /// What travels between nodes.
    type Message: Clone + Debug;
    /// What a driver asks of a node from outside.
    type Call: Clone + Debug;
    /// How a call ended.
    type Outcome: Clone + Debug;
    /// A fact of the protocol, emitted by the logic, formatted elsewhere.
    type Note: Copy + Debug + Canonical;
    /// A timer's key.
    type Timer: Copy + Ord + Debug + Canonical;
    /// What a draw is for: a fixed code from 64.
    type Purpose: Copy + Into<u8>;
    /// A kind of work: a fixed code from 0, at most 63.
    type Work: Copy + Into<u8>;

    /// The api and the fields that matchers use; cheap, hashed at delivery.
    fn digest(message: &Self::Message) -> u64;

    /// The bytes the message takes on a wire, for bandwidth.
    fn size(message: &Self::Message, api_version: i16) -> u64;

    /// Encodes and decodes the message and compares; an error says what was lost.
    fn round_trip(message: &Self::Message, api_version: i16) -> Result<(), String>;
}

/// What a message is to its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// Asks.
    Request,
    /// Answers the request with the same correlation.
    Response,
}

/// A message on its way.
#[derive(Clone, Debug)]
pub struct Envelope<V: Vocabulary> {
    /// The connection it travels on.
    pub conn: ConnId,
    /// Which request, or the request that this answers.
    pub corr: Corr,
    /// Request or response.
    pub kind: MessageKind,
    /// The version of the api in which it is encoded.
    pub api_version: i16,
    /// The sender.
    pub from: NodeId,
    /// The receiver.
    pub to: NodeId,
    /// When it left the sender.
    pub departs: Time,
    /// The step that sent it.
    pub cause: StepNo,
    /// Of a response: the step that read the request.
    pub request: StepNo,
    /// The message itself.
    pub body: Box<V::Message>,
}

/// What a node is told. One input a step.
#[derive(Clone, Debug)]
pub enum Input<V: Vocabulary> {
    /// A message arrived.
    Deliver(Envelope<V>),
    /// A timer is due.
    Timer(V::Timer),
    /// The bytes of that sync are durable.
    Synced(SyncId),
    /// A driver asks something.
    Call(CallId, V::Call),
    /// The connection is gone: requests on it that have no answer get none.
    Reset(ConnId),
}

/// A simulated machine's program. The value is lost at a crash; the disk stays.
pub trait StateMachine: Clone {
    /// The words it speaks.
    type V: Vocabulary;
    /// What it is started with.
    type Config: Clone;

    /// Starts the program on a disk; it reads its files, also on the first boot.
    fn boot(config: &Self::Config, ctx: &mut Ctx<'_, Self::V>) -> Self;
    /// Handles one input.
    fn handle(&mut self, input: Input<Self::V>, ctx: &mut Ctx<'_, Self::V>);
    /// True when the program has ended by itself (a controlled shutdown, a fatal error): the
    /// World turns the machine off after the step.
    fn halted(&self) -> bool {
        false
    }
    /// About how many bytes a copy of the program takes that it does not share with the original,
    /// for the budget of snapshots.
    fn weight(&self) -> u64 {
        size_of_val(self) as u64
    }
}
