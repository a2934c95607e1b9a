//! Names of machines: the name service of the simulated network.

use crate::sim::NodeId;
use std::collections::BTreeMap;

/// Which machine answers to which host name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts {
    by_name: BTreeMap<String, NodeId>,
}

impl Hosts {
    /// Gives `node` the name `host`.
    pub fn insert(&mut self, host: impl Into<String>, node: NodeId) {
        self.by_name.insert(host.into(), node);
    }

    /// The machine named `host`.
    pub fn resolve(&self, host: &str) -> Option<NodeId> {
        self.by_name.get(host).copied()
    }
}
