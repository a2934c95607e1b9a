//! The closed table of actions: every word of the language, with its reader if it is built.

use super::{client_actions as client, node_actions as node, random, topic_actions as topic};
use crate::lab::scenario::action::Action;
use crate::lab::scenario::codes::Code;
use crate::lab::scenario::cx::Cx;
use crate::lab::scenario::fields::Fields;
use crate::lab::scenario::pos::At;
use crate::lab::scenario::problem::Problem;
use crate::lab::scenario::tree::Node;

/// A word for what a step does.
#[derive(Clone, Copy, Debug)]
pub struct ActionDoc {
    /// The word.
    pub word: &'static str,
    /// The shape of its value.
    pub value: &'static str,
    /// What it does.
    pub doc: &'static str,
    #[allow(clippy::type_complexity, reason = "a reader, once in a table")]
    read: Option<fn(&mut Cx<'_>, &Node, OnMessage) -> Option<Action>>,
}

/// Whether the step's trigger is a message matcher.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct OnMessage(pub(super) bool);

impl ActionDoc {
    /// Whether the simulation does it.
    pub fn is_built(&self) -> bool {
        self.read.is_some()
    }
}

macro_rules! actions {
    ($($word:literal $value:literal $doc:literal $read:expr;)*) => {
        /// Every action word, in the order of the reference page.
        pub const ACTIONS: &[ActionDoc] = &[$(ActionDoc {
            word: $word,
            value: $value,
            doc: $doc,
            read: $read,
        },)*];
    };
}

actions! {
    "send" "{ from, topic, partition?, key?, value?, tombstone?, headers?, timestamp?, count?, every? }"
        "A producer sends records; {n} in a key or value counts from 0." Some(client::send);
    "load" "{ from, topic, rate, for, keys?, size }"
        "A producer sends records at a rate." Some(client::load);
    "poll" "consumer, or { client }" "A consumer that polls by steps polls once." Some(client::poll);
    "flush" "producer, or { client }" "A producer sends what is buffered." Some(client::flush);
    "close" "client, or { client }" "A client is closed." Some(client::close);
    "subscribe" "{ client, topics }" "A consumer subscribes to topics." None;
    "assign" "{ client, partitions }"
        "A consumer reads these partitions from now on." Some(client::assign);
    "commit" "{ client, mode, offsets? }" "A consumer commits offsets." None;
    "seek" "{ client, partition, to = int, \"begin\" or \"end\" }"
        "A consumer goes on from there." Some(client::seek);
    "pause-fetch" "{ client, partitions }"
        "A consumer stops fetching partitions." Some(client::pause_fetch);
    "resume-fetch" "{ client, partitions }"
        "A consumer fetches partitions again." Some(client::resume_fetch);
    "begin" "producer" "A transaction begins." None;
    "commit-txn" "producer" "A transaction is committed." None;
    "abort-txn" "producer" "A transaction is aborted." None;
    "send-offsets" "{ producer, group, consumer }" "Offsets join a transaction." None;
    "acknowledge" "{ client, partition, offset, as }" "A share consumer answers a record." None;
    "create-topic" "a topic's table" "A topic is created." Some(topic::create_topic);
    "delete-topic" "name, or { name }" "A topic is deleted." Some(topic::delete_topic);
    "add-partitions" "{ topic, to }" "A topic gets more partitions." None;
    "reassign" "{ partition, to = [nodes] }" "Replicas move." None;
    "elect" "{ partition, mode = \"preferred\" or \"unclean\" }"
        "An election is asked for." Some(topic::elect);
    "set-config" "table" "A config is changed." None;
    "set-feature" "table" "A feature level is changed." None;
    "add-voter" "table" "The quorum gets a voter." None;
    "remove-voter" "table" "The quorum loses a voter." None;
    "join" "table" "A member joins a group." None;
    "leave" "table" "A member leaves a group." None;
    "add-broker" "{ name, id?, rack?, config? }"
        "A new broker is formatted and started." Some(node::add_broker);
    "crash" "node position"
        "A process is killed; what it has written survives." Some(node::crash);
    "stop" "node position" "A process is asked to stop: a controlled shutdown." Some(node::stop);
    "start" "node position, or { node, wipe? }" "A process is started." Some(node::start);
    "pause" "node position" "A process stands still." Some(node::pause);
    "resume" "node position" "A process goes on." Some(node::resume);
    "power-off" "{ node, tail = \"kept\", \"lost\", \"torn\" or \"drawn\" }"
        "A machine loses power; tail says what becomes of unsynced bytes." Some(node::power_off);
    "slow" "{ node, factor } or { node, each }" "A machine gets slow." Some(node::slow);
    "cut" "{ between = [[a], [b]] } or { from, to }"
        "Machines no longer hear each other, in both directions or one." Some(node::cut);
    "heal" "\"all\", or the id of a cut" "A cut ends." Some(node::heal);
    "link" "{ from, to, latency?, loss?, duplicate?, reorder?, bandwidth?, both? }"
        "A link changes." Some(node::link);
    "hold" "true, { for } or { until = step }; or a matcher with them"
        "Messages are held." Some(node::hold);
    "drop" "true, or a matcher" "Messages are lost." Some(node::drop);
    "duplicate" "true, or a matcher" "Messages arrive twice." Some(node::duplicate);
    "delay" "{ for }, or a matcher with it" "Messages arrive later." Some(node::delay);
    "release" "step id" "What a step holds is let go." Some(node::release);
    "disk" "{ node, full?, slow?, corrupt? { partition, segment?, at, bytes } }"
        "A disk fails." Some(node::disk);
    "clock" "{ node, jump?, drift? }" "A clock goes wrong." Some(node::clock);
    "random" "{ of = [actions], times, within }" "Actions are drawn." Some(random::random);
}

/// Reads the action of a step.
pub(super) fn action(
    cx: &mut Cx<'_>,
    fields: &mut Fields<'_>,
    on_message: bool,
) -> Option<At<Action>> {
    let given = fields.given(ACTIONS.iter().map(|row| row.word));
    if let [(first, _), (second, _), ..] = given[..] {
        let message = format!("two actions: {first} and {second}");
        let problem = Problem::new(Code::Exclusive, fields.key_pos(second), message);
        cx.push(problem.label("a step does one thing; make a second step"));
    }
    // All are read, so that all problems are found.
    let read: Vec<_> = given
        .iter()
        .map(|(word, node)| one(cx, fields, word, node, on_message))
        .collect();
    read.into_iter().flatten().next()
}

fn one(
    cx: &mut Cx<'_>,
    fields: &Fields<'_>,
    word: &str,
    node: &Node,
    on_message: bool,
) -> Option<At<Action>> {
    let row = ACTIONS.iter().find(|row| row.word == word)?;
    let Some(read) = row.read else {
        let pos = fields.key_pos(word);
        let message = format!("`{word}` is not built yet");
        cx.problem(Code::NotBuilt, pos, message);
        return None;
    };
    let action = read(cx, node, OnMessage(on_message))?;
    Some(At::new(action, node.pos))
}
