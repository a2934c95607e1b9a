//! [`Speaker`]: who names machines, topics and clients.

use crate::kafka::vocabulary::{ClientNo, TopicTag, Tp};
use crate::sim::NodeId;

/// Gives names to what notes and steps hold as numbers.
pub trait Speaker {
    /// A machine.
    fn machine(&self, node: NodeId) -> String;

    /// The server with this `node.id`, which is not negative.
    fn server(&self, id: i32) -> String;

    /// A topic.
    fn topic(&self, tag: TopicTag) -> String;

    /// A client of the process on a machine.
    fn client(&self, node: NodeId, client: ClientNo) -> String;

    /// A partition: `orders-0`.
    fn partition(&self, tp: Tp) -> String {
        format!("{}-{}", self.topic(tp.topic), tp.partition)
    }
}
