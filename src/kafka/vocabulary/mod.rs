//! What Kafka adds to physics: notes, calls, outcomes, timers, purposes of draws, kinds of work.

mod call;
mod ids;
mod note;
mod timer;
mod work;

pub use call::{Call, ClientOp, NewTopic, OffsetSpec, Outcome, SendRecord};
pub use ids::{ClientNo, NodeSet, TopicTag, Tp};
pub use note::{Field, NodeId, Note, NoteKind, Salience, Value};
pub use timer::{BrokerTimer, ClientTimer, ControllerTimer, RaftTimer, ReplicaTimer, Timer};
pub use work::{Purpose, Work};

use super::protocol::Message;
use crate::sim::Vocabulary;

/// Kafka's words.
#[derive(Clone, Copy, Debug)]
pub struct Kafka;

impl Vocabulary for Kafka {
    type Message = Message;
    type Call = Call;
    type Outcome = Outcome;
    type Note = Note;
    type Timer = Timer;
    type Purpose = Purpose;
    type Work = Work;

    fn digest(message: &Message) -> u64 {
        message.digest()
    }

    fn size(message: &Message, api_version: i16) -> u64 {
        message.size(api_version)
    }

    fn round_trip(message: &Message, api_version: i16) -> Result<(), String> {
        message.round_trip(api_version)
    }
}
