//! A scenario as the runner takes it: plain data, names resolved to indices.
//!
//! Positions ([`Pos`]) point into the file and never count in comparisons. Times are relative to
//! *ready* (scenario time 0).

mod cluster;
mod story;

pub use cluster::{
    Cluster, ConfigEntry, ConsumerSpec, Cost, LinkChange, LinkSpec, Network, NodeIdx, NodeSpec,
    ProducerSpec, Role, TopicSpec,
};
pub use story::{
    Ask, Choice, Claim, ClientRef, End, EndWhen, Expect, Fact, Focus, Place, Repeat, Rule, Step,
    StepIdx, Tell, Trigger, Until,
};

use super::expr::Operand;
use crate::lab::text::Said;

/// One file, or one branch of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The seed of all chance.
    pub seed: u64,
    /// The title.
    pub title: Text,
    /// The calendar at ready, in milliseconds since 1970.
    pub start_ms: i64,
    /// The machines.
    pub cluster: Cluster,
    /// The network.
    pub network: Network,
    /// Service times.
    pub cost: Cost,
    /// Topics that the admin client creates before ready.
    pub topics: Vec<TopicSpec>,
    /// Producers.
    pub producers: Vec<ProducerSpec>,
    /// Consumers.
    pub consumers: Vec<ConsumerSpec>,
    /// What happens.
    pub steps: Vec<Step>,
    /// Narration.
    pub tells: Vec<Tell>,
    /// Questions.
    pub asks: Vec<Ask>,
    /// What must hold.
    pub expects: Vec<Expect>,
    /// How it ends.
    pub end: End,
}

/// A text in two languages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Text {
    /// English.
    pub en: Template,
    /// Chinese; the English text where the file has none.
    pub zh: Template,
}

impl Text {
    /// What it says apart from its values.
    pub fn said(&self) -> Said {
        Said {
            en: self.en.literal(),
            zh: self.zh.literal(),
        }
    }
}

/// A text with values in it, as in `A new epoch starts at {orders-0.epoch_start}.`
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Template {
    /// The parts, in order.
    pub pieces: Vec<Piece>,
}

impl Template {
    /// The parts that stand as they are.
    pub fn literal(&self) -> String {
        let literal = |piece: &Piece| match piece {
            Piece::Literal(text) => text.clone(),
            Piece::Value(_) => String::new(),
        };
        self.pieces.iter().map(literal).collect()
    }
}

/// A part of a [`Template`].
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// As it stands.
    Literal(String),
    /// The value at the moment.
    Value(Operand),
}
