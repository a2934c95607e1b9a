//! A scenario as the runner takes it: plain data, names resolved to indices.
//!
//! Positions ([`Pos`]) point into the file and never count in comparisons. Times are relative to
//! *ready* (scenario time 0).

use super::action::Action;
use super::expr::{Expr, Operand};
use super::matcher::{MessageMatcher, NoteMatcher};
use super::pos::{At, Pos};
use super::words::SpanRange;
use crate::kafka::config::{BrokerConfig, ClientKind, Semantics};
use crate::kafka::protocol::TopicPartition;
use crate::kafka::vocabulary::Work;
use crate::sim::Span;

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

/// A text with values in it, as in `A new epoch starts at {orders-0.epoch_start}.`
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Template {
    /// The parts, in order.
    pub pieces: Vec<Piece>,
}

/// A part of a [`Template`].
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// As it stands.
    Literal(String),
    /// The value at the moment.
    Value(Operand),
}

/// The machines of the cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Brokers and controllers; those that an `add-broker` step adds come last.
    pub nodes: Vec<NodeSpec>,
    /// Configs of every node.
    pub config: Vec<ConfigEntry>,
    /// Version switches and planted bugs.
    pub semantics: Semantics,
    /// Encode, decode and compare every message.
    pub wire_roundtrip: bool,
    /// Show the boot: the story begins at power-on.
    pub cold_start: bool,
}

/// Brokers and controllers, by place in [`Cluster::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeIdx(pub usize);

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A broker.
    Broker,
    /// A controller.
    Controller,
    /// Both in one process.
    Combined,
}

impl Role {
    /// Whether it hosts replicas.
    pub fn is_broker(self) -> bool {
        self != Role::Controller
    }

    /// Whether it votes in the quorum.
    pub fn is_controller(self) -> bool {
        self != Role::Broker
    }
}

/// A broker or controller.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeSpec {
    /// Its name.
    pub name: String,
    /// Its Kafka node id. Unique among nodes that are not `added`.
    pub id: i32,
    /// What it is.
    pub role: Role,
    /// Its rack.
    pub rack: Option<String>,
    /// Configs that override the cluster's.
    pub config: Vec<ConfigEntry>,
    /// It is not there at the start: an `add-broker` step adds it.
    pub added: bool,
    /// Where it stands.
    pub pos: Pos,
}

/// A config by name. Name and value are valid; some names are read by nothing yet.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigEntry {
    /// Kafka's name.
    pub name: String,
    /// The value as text.
    pub value: String,
    /// Where the value stands.
    pub pos: Pos,
}

impl Cluster {
    /// The config of one node: Kafka's defaults under the cluster's configs under its own.
    pub fn broker_config(&self, node: NodeIdx) -> BrokerConfig {
        let mut config = BrokerConfig {
            semantics: self.semantics,
            ..BrokerConfig::default()
        };
        let spec = self.nodes.get(node.0);
        let own = spec.map_or(&[][..], |spec| &spec.config);
        for entries in [&self.config[..], own] {
            let pairs = entries.iter().map(|e| (e.name.as_str(), e.value.as_str()));
            let applied = config.apply_all(pairs);
            debug_assert!(applied.is_ok(), "configs were checked: {applied:?}");
        }
        if let Some(rack) = spec.and_then(|spec| spec.rack.as_ref()) {
            config.rack = Some(rack.clone());
        }
        config
    }

    /// The node of this name.
    pub fn node(&self, name: &str) -> Option<NodeIdx> {
        let at = self.nodes.iter().position(|node| node.name == name);
        at.map(NodeIdx)
    }
}

/// The network between all machines.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Network {
    /// How every link behaves.
    pub defaults: LinkChange,
    /// Links that differ; a later one wins.
    pub links: Vec<LinkSpec>,
}

/// How a link behaves; none keeps what was.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct LinkChange {
    /// Time on the way, drawn uniformly.
    pub latency: Option<SpanRange>,
    /// Share of messages lost, in parts in a million.
    pub loss: Option<u32>,
    /// Share of messages that arrive twice, in parts in a million.
    pub duplicate: Option<u32>,
    /// Share of messages that later ones overtake, in parts in a million.
    pub reorder: Option<u32>,
    /// Bytes a second.
    pub bandwidth: Option<i64>,
}

/// A change of the links from some machines to others.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkSpec {
    /// Senders.
    pub from: Place,
    /// Receivers.
    pub to: Place,
    /// The way back as well.
    pub both: bool,
    /// What changes.
    pub change: LinkChange,
}

/// Service times.
#[derive(Clone, Debug, PartialEq)]
pub enum Cost {
    /// Nothing takes time.
    Free,
    /// The default prices, with these instead (one unit each).
    Prices(Vec<(Work, Span)>),
}

/// A topic to create.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// Partitions; the broker's `num.partitions` if none.
    pub partitions: Option<i32>,
    /// Replicas; the broker's `default.replication.factor` if none.
    pub replication: Option<i16>,
    /// Its own configs.
    pub config: Vec<ConfigEntry>,
    /// Replicas of partitions that are placed by hand, preferred leader first. Then all are.
    pub place: Vec<(i32, Vec<NodeIdx>)>,
    /// Where it stands.
    pub pos: Pos,
}

/// A producer, alone in its process.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducerSpec {
    /// Its name.
    pub name: String,
    /// Whose client it is.
    pub client: ClientKind,
    /// Its configs, by Kafka's names.
    pub config: Vec<ConfigEntry>,
    /// Where it stands.
    pub pos: Pos,
}

/// A consumer with partitions of its own, alone in its process.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerSpec {
    /// Its name.
    pub name: String,
    /// Whose client it is.
    pub client: ClientKind,
    /// What it reads from the start.
    pub partitions: Vec<TopicPartition>,
    /// The application's time for a record.
    pub process: Span,
    /// It polls only when a `poll` step says so.
    pub polls_by_steps: bool,
    /// Its configs, by Kafka's names.
    pub config: Vec<ConfigEntry>,
    /// Where it stands.
    pub pos: Pos,
}

/// A client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientRef {
    /// By place in [`Scenario::producers`].
    Producer(usize),
    /// By place in [`Scenario::consumers`].
    Consumer(usize),
    /// The admin client.
    Admin,
}

/// Machines of a fault; roles are resolved when it acts.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// This node.
    Node(NodeIdx),
    /// The process of this client.
    Client(ClientRef),
    /// All of these.
    List(Vec<Place>),
    /// All brokers that are in the cluster then.
    AllBrokers,
    /// All controllers.
    AllControllers,
    /// The leader by the controller's record.
    Leader(TopicPartition),
    /// The `nth` follower (from 1) in the order of the replica list.
    Follower(TopicPartition, u32),
    /// The active controller.
    ActiveController,
}

/// By place in [`Scenario::steps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StepIdx(pub usize);

/// One trigger, one action, any modifiers.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its name.
    pub id: Option<String>,
    /// What sets it off.
    pub trigger: Trigger,
    /// The delay before it acts.
    pub wait: Span,
    /// Again and again.
    pub repeat: Option<Repeat>,
    /// A mark in the story.
    pub mark: bool,
    /// What to look at.
    pub focus: Option<Focus>,
    /// A word about it.
    pub note: Option<Text>,
    /// That it never fires is no error.
    pub optional: bool,
    /// What it does; none only marks, shows or says something.
    pub action: Option<At<Action>>,
    /// Where it stands.
    pub pos: Pos,
}

/// What sets a step, a narration or a question off.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// Scenario time.
    At(Span),
    /// That step has acted, and then so long.
    After(StepIdx, Span),
    /// After the first step of the engine where the expression is true, so many times: it is
    /// armed again after it was false.
    State(Expr, u32),
    /// A message that is about to be delivered.
    Message(Box<MessageMatcher>),
    /// A note that was emitted.
    Note(Box<NoteMatcher>),
}

/// How an `at` or `after` step repeats.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeat {
    /// The time between.
    pub every: Span,
    /// How often in all.
    pub times: Option<u32>,
    /// When to stop.
    pub until: Option<Until>,
}

/// When repeating stops.
#[derive(Clone, Debug, PartialEq)]
pub enum Until {
    /// At that scenario time.
    Time(Span),
    /// When that is true.
    State(Expr),
}

/// What to look at.
#[derive(Clone, Debug, PartialEq)]
pub enum Focus {
    /// A partition.
    Partition(TopicPartition),
    /// A node.
    Node(NodeIdx),
    /// A client.
    Client(ClientRef),
}

/// Narration.
#[derive(Clone, Debug, PartialEq)]
pub struct Tell {
    /// Its name, for branches.
    pub id: Option<String>,
    /// When it is told.
    pub trigger: Trigger,
    /// What is told.
    pub text: Text,
    /// What to look at.
    pub focus: Option<Focus>,
    /// Where it stands.
    pub pos: Pos,
}

/// A question. It never holds a run up.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// Its name, for branches.
    pub id: Option<String>,
    /// When it is asked.
    pub trigger: Trigger,
    /// The question is asked before the step of the engine that the trigger fires on, so that
    /// the answer is a prediction.
    pub before: bool,
    /// The question.
    pub text: Text,
    /// The answers to choose from.
    pub choose: Vec<Choice>,
    /// Where it stands.
    pub pos: Pos,
}

/// An answer to choose.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The answer.
    pub text: Text,
    /// Why it is wrong; none if it is right.
    pub wrong: Option<Text>,
    /// Whether it is right.
    pub right: bool,
}

/// An expectation.
#[derive(Clone, Debug, PartialEq)]
pub struct Expect {
    /// Its name.
    pub id: Option<String>,
    /// What is claimed.
    pub claim: Claim,
    /// False: this lesson wants the claim to fail.
    pub holds: bool,
    /// Where the claim stands.
    pub pos: Pos,
}

/// What an expectation claims.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// After every step of the engine.
    Always(Fact),
    /// After no step.
    Never(Fact),
    /// After at least one step.
    Sometimes(Fact),
    /// After the run has settled.
    Finally(Fact),
    /// At that scenario time.
    At(Span, Expr),
    /// At the latest so long after that step has acted.
    Within {
        /// The step.
        of: StepIdx,
        /// How long.
        time: Span,
        /// What becomes true.
        that: Expr,
    },
    /// How many notes match.
    Count {
        /// Which.
        note: Box<NoteMatcher>,
        /// The comparison.
        op: super::expr::Op,
        /// With this.
        n: i64,
    },
    /// The first note that matches each follows the one before it.
    Order(Vec<NoteMatcher>),
    /// At the end these values are as in another branch (`main` is the file itself).
    SameAs {
        /// The branch.
        branch: String,
        /// The values.
        on: Vec<Operand>,
    },
}

/// Something that holds or not.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A rule.
    Rule(Rule),
    /// An expression.
    Expr(Expr),
}

/// Rules that know the whole history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// What a producer was promised stays readable.
    AckedNotLost {
        /// Look at acks=1 as well.
        widened: bool,
    },
    /// A leader epoch of a partition has one leader.
    OneLeaderPerEpoch,
    /// Replicas agree below their high watermarks.
    LogsAgreeBelowHw,
    /// Nothing is acknowledged with acks=all by fewer than min.insync.replicas.
    NoAckBelowMinIsr,
    /// What a consumer sees never goes back (I9).
    HwNotBackwards,
    /// What was read at an offset is read there again.
    ReadsRepeat,
    /// No record is stored twice.
    NoDuplicate,
    /// A producer's records are stored in the order in which they were sent.
    OrderPerProducer,
}

/// How a scenario ends.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// When; none: 10 s after the last timed step, once no trigger is left that must fire.
    pub when: Option<EndWhen>,
    /// How long the run may take to settle.
    pub settle: Span,
    /// Start what is down before settling.
    pub restart: bool,
}

/// The moment of the end.
#[derive(Clone, Debug, PartialEq)]
pub enum EndWhen {
    /// Scenario time.
    At(Span),
    /// When that is true.
    State(Expr),
}

impl Default for End {
    fn default() -> Self {
        End {
            when: None,
            settle: Span::from_secs(60),
            restart: false,
        }
    }
}
