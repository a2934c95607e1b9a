//! What happens, what is told and asked about it, and what must hold.

use super::{NodeIdx, Text};
use crate::kafka::protocol::TopicPartition;
use crate::lab::scenario::action::Action;
use crate::lab::scenario::expr::{Expr, Op, Operand};
use crate::lab::scenario::matcher::{MessageMatcher, NoteMatcher};
use crate::lab::scenario::pos::{At, Pos};
use crate::sim::Span;

/// A client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientRef {
    /// By place in [`super::Scenario::producers`].
    Producer(usize),
    /// By place in [`super::Scenario::consumers`].
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

/// By place in [`super::Scenario::steps`].
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
    /// The `random` step has drawn this one. Only [`crate::lab::scenario::run::Plan`] makes such
    /// steps.
    Drawn(StepIdx),
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
        op: Op,
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
