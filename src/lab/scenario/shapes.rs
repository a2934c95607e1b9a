//! The tables of the language: which keys each of them takes. The readers refuse what is not
//! here, and the reference page is printed from here.

/// A table of the language.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// What it is, as problems call it.
    pub what: &'static str,
    /// How it is written.
    pub title: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
}

/// A key of a table.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The key.
    pub word: &'static str,
    /// What its value looks like.
    pub value: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// When it may stand there.
    pub when: When,
}

/// When a key stands in its table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// Always.
    Must,
    /// If one likes.
    May,
    /// Only beside certain other keys.
    Beside,
}

impl Shape {
    /// The key of this word.
    pub fn key(&self, word: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.word == word)
    }
}

macro_rules! shapes {
    (@ must) => { When::Must };
    (@ may) => { When::May };
    (@ beside) => { When::Beside };
    ($($name:ident $what:literal $title:literal $doc:literal {
        $($when:ident $word:literal $value:literal $key_doc:literal;)*
    })*) => {
        $(
            #[doc = $doc]
            pub(super) const $name: Shape = Shape {
                what: $what,
                title: $title,
                doc: $doc,
                keys: &[$(Key {
                    word: $word,
                    value: $value,
                    doc: $key_doc,
                    when: shapes!(@ $when),
                },)*],
            };
        )*

        /// Every table, in the order of the reference page.
        pub const SHAPES: &[&Shape] = &[$(&$name,)*];
    };
}

shapes! {
    SCENARIO "a scenario" "The file" "What stands at the top of the file, before the first table." {
        must "format" "`1`" "The format of the file.";
        may "kafka" "`\"4.3\"`" "The Kafka whose behaviour is followed.";
        may "seed" "whole number" "The seed of all chance; 0 by default.";
        must "title" "text" "What the lesson is called.";
        may "time" "table" "The calendar.";
        must "cluster" "table" "Brokers and controllers.";
        may "node" "list of tables" "Nodes that differ from the others, or more of them.";
        may "network" "table" "How every link behaves.";
        may "link" "list of tables" "Links that differ.";
        may "cost" "table, or `\"free\"`" "What work costs in time.";
        may "topic" "list of tables" "Topics that exist when the story begins.";
        may "producer" "list of tables" "Producers.";
        may "consumer" "list of tables" "Consumers.";
        may "group" "list of tables" "Consumer groups. Not built yet.";
        may "step" "list of tables" "What happens.";
        may "tell" "list of tables" "Narration.";
        may "ask" "list of tables" "Questions.";
        may "expect" "list of tables" "What must hold.";
        may "end" "table" "When the run ends.";
    }
    TIME "[time]" "`[time]`" "The calendar. Scenario time counts from ready, after a real boot." {
        may "start" "`2026-01-01T00:00:00Z`" "The calendar at ready.";
    }
    CLUSTER "[cluster]" "`[cluster]`"
        "Brokers are `broker-0` and so on (short `b0`), with the node ids 0, 1, 2 …; controllers are `controller-0` and so on (short `q0`), with node ids from 100." {
        must "brokers" "whole number" "How many brokers.";
        may "controllers" "whole number, or `\"combined\"`" "How many controllers, 3 by default; combined: every broker is one.";
        may "config" "table of Kafka's configs" "Configs of every node, by Kafka's names.";
        may "config-file" "path" "A real broker's `server.properties`, relative to the scenario. What the cluster itself decides (`node.id`, listeners, folders …) is left out; `config` wins.";
        may "semantics" "table" "Version switches and planted bugs.";
        may "wire" "`\"typed\"` or `\"roundtrip\"`" "Encode, decode and compare every message that is delivered.";
        may "start" "`\"ready\"` or `\"cold\"`" "Show the boot too.";
    }
    NODE "[[node]]" "`[[node]]`" "Changes a node of that name, or adds one." {
        must "name" "name" "The node.";
        may "id" "0 to 127" "Kafka's node id. Two nodes of a file cannot share one.";
        may "roles" "`\"broker\"`, `\"controller\"`, `\"combined\"`, or a list" "What it is.";
        may "rack" "text" "Its rack.";
        may "config" "table of Kafka's configs" "Configs of this node, over the cluster's.";
    }
    SEMANTICS "semantics" "`[cluster.semantics]`"
        "How Kafka behaved in another version, and bugs that are planted to see what notices them." {
        may "truncation" "`\"epoch\"` or `\"hw\"`" "Followers truncate by leader epoch (KIP-101), or to their high watermark as before.";
        may "isr-admission" "`\"hw-and-epoch-start\"` or `\"hw\"`" "What a follower must have fetched to join the ISR.";
        may "stale-broker-epoch-check" "true or false" "The controller refuses replicas of an old broker epoch in an ISR (KIP-903).";
        may "eligible-leader-replicas" "true or false" "Eligible leader replicas (KIP-966).";
        may "min-isr-gates-hw" "true or false" "The high watermark waits for min.insync.replicas (KIP-966).";
        may "writes" "`\"append\"` or `\"in-place\"`" "Batches go behind the last one of their file; or, as in a store sorted by key, each record costs a seek.";
        may "page-cache" "size, or `\"off\"`" "What of partition logs stays in memory; everything if it is not given.";
        may "zero-copy" "true or false" "Fetch answers go to the network without a copy through the broker. A real one loses this with TLS.";
        may "sabotage" "list of words" "Planted bugs.";
    }
    NETWORK "[network]" "`[network]`" "How every link behaves." {
        may "latency" "span" "Time on the way.";
        may "loss" "ratio" "Share of messages that are lost.";
        may "duplicate" "ratio" "Share of messages that arrive twice.";
        may "reorder" "ratio" "Share of messages that later ones overtake.";
        may "bandwidth" "size a second" "Bytes a second.";
    }
    LINK "a link" "`[[link]]`" "Links that differ from the others, and the value of a `link` step. A later one wins." {
        beside "id" "name" "Its name, for branches; not in a step.";
        must "from" "node position" "Senders.";
        must "to" "node position" "Receivers.";
        may "both" "true or false" "The way back as well.";
        may "latency" "span" "Time on the way.";
        may "loss" "ratio" "Share of messages that are lost.";
        may "duplicate" "ratio" "Share of messages that arrive twice.";
        may "reorder" "ratio" "Share of messages that later ones overtake.";
        may "bandwidth" "size a second" "Bytes a second.";
    }
    COST "[cost]" "`[cost]`" "What a unit of work costs: a duration or `\"free\"`. `cost = \"free\"` makes all work free. The keys are the kinds of work." {}
    TOPIC "a topic" "`[[topic]]`" "A topic that the admin client creates before ready; also the value of `create-topic`." {
        must "name" "topic name" "Its name.";
        may "partitions" "whole number" "Partitions; the broker's `num.partitions` by default.";
        may "replication" "whole number" "Replicas; the broker's `default.replication.factor` by default.";
        may "config" "table of Kafka's configs" "Its own configs.";
        may "place" "`{ 0 = [\"broker-0\", …], … }`" "The replicas of each partition, preferred leader first.";
    }
    PRODUCER "[[producer]]" "`[[producer]]`" "A producer, alone in its process." {
        must "name" "name" "What steps call it.";
        may "client" "`\"java\"`, `\"librdkafka\"` or `\"sarama\"`" "Whose defaults, partitioner and retry rules it has.";
        may "config" "table of Kafka's configs" "Its configs, by the client's own names.";
    }
    CONSUMER "[[consumer]]" "`[[consumer]]`" "A consumer, alone in its process." {
        must "name" "name" "What steps call it.";
        may "client" "`\"java\"`, `\"librdkafka\"` or `\"sarama\"`" "Whose defaults it has.";
        may "partitions" "list of partitions" "What it reads.";
        may "group" "name" "Its group. Not built yet.";
        may "topics" "list of topics" "What it subscribes to. Not built yet.";
        may "process" "duration" "The application's time for a record.";
        may "poll" "`\"loop\"` or `\"by-steps\"`" "It polls in a loop, or only in `poll` steps.";
        may "config" "table of Kafka's configs" "Its configs.";
    }
    STEP "a step" "`[[step]]`" "One trigger (`at`, `after` or `when`), one action, any modifiers. The key of the action is its word, see [actions](#actions)." {
        may "id" "name" "What other steps and branches call it.";
        may "at" "duration" "Trigger: scenario time.";
        may "after" "step id, or a table" "Trigger: that step has acted.";
        may "when" "expression, or a matcher" "Trigger: after the first step of the engine where the expression is true; the message that matches; the note that matches.";
        may "every" "duration" "Repeats an `at` or `after` step.";
        may "times" "whole number" "How often it repeats; beside an expression: how often it fires, armed again each time that the expression was false.";
        may "until" "duration, or expression" "When repeating stops.";
        may "wait" "duration" "The delay between trigger and action.";
        may "mark" "true or false" "A mark in the story.";
        may "focus" "partition, node or client" "What to look at.";
        may "note" "text" "A word about it.";
        may "optional" "true or false" "That it never fires is no error.";
    }
    AFTER "after" "`after = { … }`" "A step that has acted, and a delay." {
        must "step" "step id" "The step.";
        may "wait" "duration" "How long after it.";
    }
    MESSAGE "a message matcher" "`{ message = … }`" "Matches messages in the moment of their delivery; every given key must match." {
        must "message" "a message's name" "`\"Fetch\"` is the request, `\"FetchResponse\"` the answer.";
        may "from" "node position" "The sender.";
        may "to" "node position" "The receiver.";
        may "partition" "partition" "It speaks of this partition.";
        may "offset" "whole number" "With this offset.";
        may "epoch" "whole number" "With this leader epoch.";
        may "group" "name" "Of this group. Not built yet.";
        may "member" "name" "Of this member. Not built yet.";
        may "txn" "text" "Of this transaction. Not built yet.";
        may "error" "an error's name or number" "With this error.";
        may "nth" "whole number" "Beginning with the nth that matches; 1 by default.";
        may "count" "whole number, or `\"all\"`" "How many of them: 1 by default for a trigger, all for a standing rule.";
    }
    NOTE "a note matcher" "`{ note = … }`" "Matches notes, the facts that nodes emit; every given key must match. Each kind of note has fields of its own, see [notes](#notes)." {
        must "note" "a note's name" "The kind.";
        may "on" "node position" "The node that emits it.";
        may "nth" "whole number" "The nth that matches; 1 by default.";
    }
    PLACE "a node position" "Node position" "A name, a list of them, `\"all brokers\"`, `\"all controllers\"`, a client's name (its process), or a role in a table, resolved when the step acts; if nobody has the role then, the run fails and says so." {
        may "leader" "partition" "Its leader by the controller's record.";
        may "follower" "partition" "A follower of it.";
        beside "nth" "whole number" "Beside `follower`: the nth in the order of the replica list; 1 by default.";
        may "controller" "`true`" "The active controller.";
        may "coordinator" "group" "Its coordinator. Not built yet.";
        may "owner" "partition" "The member that owns it. Not built yet.";
        beside "group" "name" "Beside `owner`: the group. Not built yet.";
    }
    SEND "send" "`send`" "Records of a producer." {
        must "from" "producer" "The producer.";
        must "topic" "topic" "The topic.";
        may "partition" "whole number" "The partition; the partitioner's choice by default.";
        may "key" "text or bytes" "The key; none by default.";
        may "value" "text or bytes" "The value; `{n}` by default.";
        may "tombstone" "`true`" "No value.";
        may "headers" "`[[\"key\", \"value\"], …]`" "Headers.";
        may "timestamp" "milliseconds since 1970" "Its timestamp; the client's calendar by default.";
        may "count" "whole number" "How many; 1 by default. `{n}` in a key or value counts from 0.";
        may "every" "duration" "The time between two; all at once by default.";
        may "txn" "text" "The transaction. Not built yet.";
    }
    BYTES "bytes" "`{ hex = … }`" "Bytes for a key, a value or a header." {
        must "hex" "text of digit pairs" "`\"00ff\"` are two bytes.";
    }
    LOAD "load" "`load`" "Records of a producer at a rate." {
        must "from" "producer" "The producer.";
        must "topic" "topic" "The topic.";
        must "rate" "`\"100/s\"`" "Records a second.";
        must "for" "duration" "How long.";
        may "keys" "whole number, or list of texts" "So many keys, drawn uniformly; or these, in turn. Without it no keys.";
        must "size" "size, or bytes as a number" "Bytes of a value.";
    }
    CLIENT "a client" "`{ client = … }`" "The value of `poll`, `flush` and `close`, which also take the client alone." {
        must "client" "client" "The client.";
    }
    READING "partitions to read" "`{ client, partitions }`" "The value of `assign`, `pause-fetch` and `resume-fetch`." {
        must "client" "consumer" "The consumer.";
        must "partitions" "list of partitions" "The partitions.";
    }
    SEEK "seek" "`seek`" "Where a consumer goes on." {
        must "client" "consumer" "The consumer.";
        must "partition" "partition" "The partition.";
        must "to" "whole number, `\"begin\"` or `\"end\"`" "The offset.";
    }
    BY "a request" "`by`" "Topology actions are requests of a client through the network." {
        may "by" "`\"admin\"`" "The client that asks.";
    }
    DELETE_TOPIC "delete-topic" "`delete-topic`" "A topic to delete; a name alone will do." {
        must "name" "topic" "The topic.";
    }
    ELECT "elect" "`elect`" "An election." {
        must "partition" "partition" "The partition.";
        must "mode" "`\"preferred\"` or `\"unclean\"`" "The preferred leader if it is in sync; or any replica.";
    }
    ADD_BROKER "add-broker" "`add-broker`" "A broker that joins. A used id is allowed here: the controller refuses it." {
        must "name" "name" "What other steps call it.";
        may "id" "0 to 127" "Kafka's node id; the next free one by default.";
        may "rack" "text" "Its rack.";
        may "config" "table of Kafka's configs" "Its configs.";
    }
    START "start" "`start`" "A process to start; a node position alone will do." {
        must "node" "node position" "The node.";
        may "wipe" "true or false" "With an empty, freshly formatted disk.";
    }
    POWER_OFF "power-off" "`power-off`" "A machine loses power." {
        must "node" "node position" "The machine.";
        may "tail" "`\"kept\"`, `\"lost\"`, `\"torn\"` or `\"drawn\"`" "What becomes of bytes that were written and not synced: all survive, none, half of the last write, or a draw decides (by default).";
    }
    SLOW "slow" "`slow`" "A machine gets slow; `factor = 1` ends it." {
        must "node" "node position" "The machine.";
        may "factor" "whole number" "All work takes so many times as long.";
        may "each" "duration" "Or every input takes so much longer.";
    }
    CUT "cut" "`cut`" "Machines no longer hear each other." {
        may "between" "`[[a], [b]]`" "Two sides, in both directions.";
        may "from" "node position" "One way: messages of these …";
        may "to" "node position" "… to those are lost.";
    }
    HOLD "hold" "`hold`" "Messages wait. With the keys of a message matcher it is a standing rule." {
        may "for" "duration" "So long.";
        may "until" "step id" "Until that step has acted; without either, until a `release`.";
    }
    DROP "drop" "`drop`" "Messages are lost; `true`, or a message matcher as a standing rule." {}
    DUPLICATE "duplicate" "`duplicate`" "Messages arrive twice; `true`, or a message matcher as a standing rule." {}
    DELAY "delay" "`delay`" "Messages arrive later. With the keys of a message matcher it is a standing rule." {
        must "for" "duration" "So much later.";
    }
    DISK "disk" "`disk`" "A disk fails." {
        must "node" "node position" "Whose.";
        may "full" "true or false" "Full, or no longer full.";
        may "slow" "duration" "A sync takes so much longer.";
        may "corrupt" "table" "Bytes rot.";
    }
    CORRUPT "corrupt" "`corrupt = { … }`" "Rot in a segment's file." {
        must "partition" "partition" "The partition.";
        may "segment" "whole number" "The segment's base offset; the active one by default.";
        may "at" "whole number" "The first byte of the file; 0 by default.";
        may "bytes" "whole number" "How many; 1 by default.";
    }
    CLOCK "clock" "`clock`" "A clock goes wrong." {
        must "node" "node position" "Whose.";
        may "jump" "`\"+5s\"` or `\"-200ms\"`" "The calendar jumps.";
        may "drift" "parts in a million" "The clock runs fast, or slow if negative.";
    }
    RANDOM "random" "`random`" "Actions that the seed draws: each time one of them, at a moment of the window." {
        must "of" "list of tables with one action each" "What may happen.";
        may "times" "whole number" "How many are drawn; 1 by default.";
        may "within" "duration" "The window, from the moment at which the step acts; all at once by default.";
    }
    DRAWN "an action to draw" "`of = [{ … }]`" "A table with one action. `random` itself is none, nor are `add-broker` and `create-topic`, which bring names." {}
    TELL "a tell" "`[[tell]]`" "Narration, told when its trigger fires." {
        may "id" "name" "Its name, for branches.";
        may "at" "duration" "Trigger: scenario time.";
        may "after" "step id, or a table" "Trigger: that step has acted.";
        may "when" "expression, or a matcher" "Trigger: a state, a note.";
        beside "times" "whole number" "Beside an expression: how often it fires, armed again each time that the expression was false.";
        must "text" "text" "What is told.";
        may "focus" "partition, node or client" "What to look at.";
    }
    ASK "an ask" "`[[ask]]`" "A question. It never holds a run up." {
        may "id" "name" "Its name, for branches.";
        may "before" "expression, or a matcher" "Asked before the step of the engine on which it fires, so that the answer is a prediction.";
        may "at" "duration" "Trigger: scenario time.";
        may "after" "step id, or a table" "Trigger: that step has acted.";
        may "when" "expression, or a matcher" "Trigger: a state, a note.";
        beside "times" "whole number" "Beside an expression: how often it fires, armed again each time that the expression was false.";
        must "text" "text" "The question.";
        must "choose" "list of tables" "The answers, two or more.";
    }
    ANSWER "an answer" "`choose = [{ … }]`" "An answer to choose: right, or with the reason why it is wrong." {
        must "en" "text" "The answer in English.";
        may "zh" "text" "The answer in Chinese.";
        may "wrong" "text" "Why it is wrong.";
        may "right" "`true`" "It is right.";
    }
    TEXT "a text" "Text" "One text for both languages, or a table. `{orders-0.hw}` in it is replaced by the value; a brace of its own is written twice." {
        must "en" "text" "English.";
        may "zh" "text" "Chinese; the English text by default.";
    }
    EXPECT "an expectation" "`[[expect]]`" "One claim about the run. `always`, `never`, `sometimes` and `at` are judged until the end, `finally` after the run has settled." {
        may "id" "name" "Its name.";
        may "always" "rule, or expression" "After every step of the engine.";
        may "never" "rule, or expression" "After no step.";
        may "sometimes" "rule, or expression" "After at least one step.";
        may "finally" "rule, or expression" "After the run has settled.";
        may "at" "duration" "At that scenario time …";
        beside "that" "expression" "… this is true.";
        may "within" "table" "Soon enough after a step.";
        may "count" "a note matcher with `is`" "How many notes match.";
        may "order" "list of note matchers" "The first note that matches each follows the one before it.";
        may "same-as" "branch" "At the end as in another branch …";
        beside "on" "list of fields" "… in these fields.";
        may "acks" "`\"all\"` or `\"1\"`" "Beside the rule `acked-not-lost`: look at acks=1 as well.";
        may "outcome" "`\"holds\"` or `\"fails\"`" "This lesson wants the claim to hold (by default) or to fail.";
    }
    WITHIN "within" "`within = { … }`" "A time after a step." {
        must "of" "step id" "The step that has acted.";
        must "time" "duration" "How long after it at the latest …";
        must "that" "expression" "… this becomes true.";
    }
    COUNT "count" "`count = { … }`" "A note matcher and a comparison." {
        must "is" "`\"== 3\"`" "How many there are.";
    }
    END "[end]" "`[end]`" "When the run ends. Without it: 10 s after the last timed step, when no trigger is left that must fire. Then the run settles: cuts and rules end, paused nodes go on, clients stop sending, until nothing is in flight and all replicas agree." {
        may "at" "duration" "At that scenario time.";
        may "when" "expression" "When that is true.";
        may "settle" "duration" "How long settling may take; 60 s by default.";
        may "restart" "true or false" "Start what is down before settling.";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_table_has_a_key_twice() {
        for shape in SHAPES {
            let mut words: Vec<_> = shape.keys.iter().map(|key| key.word).collect();
            words.sort_unstable();
            let all = words.len();
            words.dedup();
            assert_eq!(words.len(), all, "{}", shape.title);
        }
    }
}
