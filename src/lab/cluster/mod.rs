//! A simulated cluster: [`Node`] puts Kafka's processes on sim's machines, [`ClusterSpec`] says
//! which there are, [`Prelude`] takes the cluster from power-on to ready, [`View`] looks at it.

mod names;
mod node;
mod prelude;
mod spec;
mod view;
mod voice;

pub use names::{ClientRef, Names};
pub use node::{Node, NodeConfig};
pub use prelude::{Prelude, Progress};
pub use spec::{CLUSTER_ID, ClusterSpec, ProcessSpec, ServerSpec};
pub use view::{ReplicaView, Role, View};
pub use voice::{TopicNames, Voice};

/// The World of a Kafka cluster.
pub type KafkaWorld = crate::sim::World<Node>;
