//! For every code a piece of a file that has the problem, and the piece as it is right.

use super::codes::Code::{self, *};

/// A problem in a file, and the way out. Both are pieces of a file that has brokers 0 to 2, the
/// topic `orders` with two partitions and three replicas, the producer `p1` with acks=all and the
/// consumer `c1`, and ends after an hour.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// Whose.
    pub code: Code,
    /// With the problem.
    pub wrong: &'static str,
    /// Without it.
    pub right: &'static str,
}

impl Code {
    /// An example of the problem.
    pub fn example(self) -> Option<&'static Example> {
        EXAMPLES.iter().find(|example| example.code == self)
    }
}

macro_rules! examples {
    ($($code:ident $wrong:literal $right:literal;)*) => {
        const EXAMPLES: &[Example] = &[$(Example {
            code: $code,
            wrong: $wrong,
            right: $right,
        },)*];
    };
}

examples! {
    Syntax
        r#"[network]
latency = 5ms"#
        r#"[network]
latency = "5ms""#;
    UnknownKey
        r#"[[step]]
at = "1s"
chrash = "broker-0"
mark = true"#
        r#"[[step]]
at = "1s"
crash = "broker-0"
mark = true"#;
    MissingKey
        r#"[[step]]
crash = "broker-0""#
        r#"[[step]]
at = "1s"
crash = "broker-0""#;
    WrongType
        r#"[[step]]
at = 1
crash = "broker-0""#
        r#"[[step]]
at = "1s"
crash = "broker-0""#;
    BadDuration
        r#"[[step]]
at = "5"
crash = "broker-0""#
        r#"[[step]]
at = "5s"
crash = "broker-0""#;
    BadQuantity
        r#"[network]
loss = "0.5""#
        r#"[network]
loss = "0.5%""#;
    OutOfRange
        r#"[[step]]
at = "1s"
send = { from = "p1", topic = "orders", count = 0 }"#
        r#"[[step]]
at = "1s"
send = { from = "p1", topic = "orders", count = 1 }"#;
    BadFormat "format = 2" "format = 1";
    Duplicate
        r#"[[topic]]
name = "orders""#
        r#"[[topic]]
name = "payments""#;
    UnknownWord
        r#"[[step]]
at = "1s"
power-off = { node = "broker-0", tail = "gone" }"#
        r#"[[step]]
at = "1s"
power-off = { node = "broker-0", tail = "lost" }"#;
    Exclusive
        r#"[[step]]
at = "1s"
crash = "broker-0"
start = "broker-0""#
        r#"[[step]]
at = "1s"
crash = "broker-0"

[[step]]
at = "9s"
start = "broker-0""#;
    NotBuilt
        r#"[[step]]
at = "1s"
begin = "p1""#
        r#"[[step]]
at = "1s"
send = { from = "p1", topic = "orders" }"#;
    UnknownConfig
        r#"[[producer]]
name = "p2"
config = { ack = "all" }"#
        r#"[[producer]]
name = "p2"
config = { acks = "all" }"#;
    UnknownNode
        r#"[[step]]
at = "1s"
crash = "broker-4""#
        r#"[[step]]
at = "1s"
crash = "broker-2""#;
    UnknownPartition
        r#"[[step]]
at = "1s"
crash = { leader = "orders-9" }"#
        r#"[[step]]
at = "1s"
crash = { leader = "orders-1" }"#;
    UnknownClient
        r#"[[step]]
at = "1s"
send = { from = "p7", topic = "orders" }"#
        r#"[[step]]
at = "1s"
send = { from = "p1", topic = "orders" }"#;
    UnknownStep
        r#"[[step]]
id = "trap"
at = "1s"
crash = "broker-0"

[[step]]
after = "tarp"
start = "broker-0""#
        r#"[[step]]
id = "trap"
at = "1s"
crash = "broker-0"

[[step]]
after = "trap"
start = "broker-0""#;
    BadConfig
        r#"[[producer]]
name = "p2"
config = { acks = "2" }"#
        r#"[[producer]]
name = "p2"
config = { acks = "1" }"#;
    BadExpression
        r#"[[expect]]
finally = "orders-0.hw = 3""#
        r#"[[expect]]
finally = "orders-0.hw == 3""#;
    UnknownField
        r#"[[expect]]
finally = "orders-0.how == 3""#
        r#"[[expect]]
finally = "orders-0.hw == 3""#;
    Mismatch
        r#"[[expect]]
finally = "orders-0.hw == 5ms""#
        r#"[[expect]]
finally = "orders-0.hw == 5""#;
    UnknownMessage
        r#"[[step]]
when = { message = "Fecth" }
drop = true"#
        r#"[[step]]
when = { message = "Fetch" }
drop = true"#;
    UnknownNote
        r#"[[step]]
when = { note = "HighWatermarkAdvance" }
crash = "broker-0""#
        r#"[[step]]
when = { note = "HighWatermarkAdvanced" }
crash = "broker-0""#;
    UnknownRule
        r#"[[expect]]
always = "acked-not-lots""#
        r#"[[expect]]
always = "acked-not-lost""#;
    UnknownBranch
        r#"[[expect]]
same-as = "other"
on = ["orders-0.hw"]"#
        r#"[[expect]]
same-as = "main"
on = ["orders-0.hw"]"#;
    NoSuchItem
        r#"[branch.acks-1]
producer.p7.config.acks = "1""#
        r#"[branch.acks-1]
producer.p1.config.acks = "1""#;
    NeedsMessage
        r#"[[step]]
at = "1s"
drop = true"#
        r#"[[step]]
at = "1s"
drop = { message = "Fetch" }"#;
    TooLarge
        r#"[[step]]
at = "1s"
every = "1s"
times = 1000
send = { from = "p1", topic = "orders", count = 1000000 }"#
        r#"[[step]]
at = "1s"
every = "1s"
times = 10
send = { from = "p1", topic = "orders", count = 1000 }"#;
    BadPlace
        r#"[[topic]]
name = "t"
partitions = 2
place = { 0 = ["broker-0"] }"#
        r#"[[topic]]
name = "t"
partitions = 2
place = { 0 = ["broker-0"], 1 = ["broker-1"] }"#;
    BadText
        r#"[[tell]]
at = "1s"
text = "the high watermark is {orders-0.hw""#
        r#"[[tell]]
at = "1s"
text = "the high watermark is {orders-0.hw}""#;
    Cycle
        r#"[[step]]
id = "a"
after = "b"
crash = "broker-0"

[[step]]
id = "b"
after = "a"
start = "broker-0""#
        r#"[[step]]
id = "a"
at = "1s"
crash = "broker-0"

[[step]]
id = "b"
after = "a"
start = "broker-0""#;
    BadQuestion
        r#"[[ask]]
at = "1s"
text = "Who leads?"
choose = [{ en = "broker-0", right = true }]"#
        r#"[[ask]]
at = "1s"
text = "Who leads?"
choose = [{ en = "broker-0", right = true }, { en = "broker-1", wrong = "It follows." }]"#;
    TooManyReplicas
        r#"[[topic]]
name = "t"
replication = 4"#
        r#"[[topic]]
name = "t"
replication = 3"#;
    BadName
        r#"[[topic]]
name = "a/b""#
        r#"[[topic]]
name = "a.b""#;
    BadCalendar
        r#"[time]
start = "yesterday""#
        r#"[time]
start = "2026-01-01T00:00:00Z""#;
    NoEffect
        r#"[[step]]
at = "1s""#
        r#"[[step]]
at = "1s"
mark = true"#;
    ConfigsClash
        r#"[[producer]]
name = "p2"
config = { acks = "1", "enable.idempotence" = true }"#
        r#"[[producer]]
name = "p2"
config = { acks = "all", "enable.idempotence" = true }"#;
    ConfigFile
        r#"[cluster]
config-file = "no-such-file.properties""#
        r#"[cluster]
config = { "num.partitions" = 3 }"#;
    ConfigNotRead
        r#"[[node]]
name = "broker-0"
config = { "num.io.threads" = 8 }"#
        r#"[[node]]
name = "broker-0"
config = { "num.partitions" = 8 }"#;
    MinIsrAboveReplication
        r#"[[topic]]
name = "audit"
replication = 1
config = { "min.insync.replicas" = 3 }"#
        r#"[[topic]]
name = "audit"
replication = 3
config = { "min.insync.replicas" = 3 }"#;
    EvenQuorum
        r#"[[node]]
name = "controller-3"
id = 103
roles = "controller""#
        r#"[[node]]
name = "controller-3"
id = 103
roles = "controller"

[[node]]
name = "controller-4"
id = 104
roles = "controller""#;
    AfterTheEnd
        r#"[[step]]
at = "2h"
crash = "broker-0""#
        r#"[[step]]
at = "59m"
crash = "broker-0""#;
    VacuousRule
        r#"[branch.acks-1]
producer.p1.config.acks = "1"
expect.no-loss.always = "acked-not-lost""#
        r#"[branch.acks-1]
producer.p1.config.acks = "1"
expect.no-loss.acks = "1""#;
    UnknownInFile
        r#"[cluster]
config-file = "server.properties"   # it has the line: confluent.metrics.enable=true"#
        r#"[cluster]
config-file = "server.properties"   # without that line"#;
}
