//! Steps: when something happens, and what.

use super::cluster::Topic;
use super::value::{Table, Value};
use super::workload::Send;

/// One trigger, one action, any modifiers: `[[step]]`.
#[derive(Clone, Debug)]
pub struct Step(pub(super) Table);

/// A step at a scenario time.
pub fn at(time: impl Into<Value>) -> Step {
    Step(Table::default().with("at", time))
}

/// A step right after that step has acted.
pub fn after(step: &str) -> Step {
    Step(Table::default().with("after", step))
}

/// A step so long after that step has acted.
pub fn after_by(step: &str, time: impl Into<Value>) -> Step {
    let after = Table::default().with("step", step).with("wait", time);
    Step(Table::default().with("after", after))
}

/// A step when an expression becomes true, or on a [`note`](super::note) or
/// [`message`](super::message).
pub fn when(what: impl Into<Value>) -> Step {
    Step(Table::default().with("when", what))
}

/// An action without a trigger, for [`Step::random`].
pub fn drawn() -> Step {
    Step(Table::default())
}

macro_rules! on_a_place {
    ($($(#[$doc:meta])* $name:ident;)*) => { $(
        $(#[$doc])*
        pub fn $name(self, node: impl Into<Value>) -> Self {
            self.with(stringify!($name), node)
        }
    )* };
}

/// Modifiers.
impl Step {
    fn with(self, key: &str, value: impl Into<Value>) -> Self {
        Step(self.0.with(key, value))
    }

    /// Its name.
    pub fn id(self, id: &str) -> Self {
        self.with("id", id)
    }

    /// The delay between the trigger and the action.
    pub fn wait(self, time: impl Into<Value>) -> Self {
        self.with("wait", time)
    }

    /// Again and again, with so long between.
    pub fn every(self, time: impl Into<Value>) -> Self {
        self.with("every", time)
    }

    /// How often in all.
    pub fn times(self, number: u32) -> Self {
        self.with("times", number)
    }

    /// Repeated until a scenario time, or until an expression is true.
    pub fn until(self, what: impl Into<Value>) -> Self {
        self.with("until", what)
    }

    /// A mark in the story.
    pub fn mark(self) -> Self {
        self.with("mark", true)
    }

    /// What to look at: a partition, a node or a client.
    pub fn focus(self, what: &str) -> Self {
        self.with("focus", what)
    }

    /// A word about it.
    pub fn note(self, text: impl Into<Value>) -> Self {
        self.with("note", text)
    }

    /// That it never fires is no error.
    pub fn optional(self) -> Self {
        self.with("optional", true)
    }
}

/// What chance does.
impl Step {
    /// So many actions of these, each [`drawn`], within a time.
    pub fn random(self, of: Vec<Step>, times: u32, within: impl Into<Value>) -> Self {
        let of: Vec<Table> = of.into_iter().map(|step| step.0).collect();
        let table = Table::default().with("of", of).with("times", times);
        self.with("random", table.with("within", within))
    }
}

/// What clients do.
impl Step {
    /// A producer sends records.
    pub fn send(self, records: Send) -> Self {
        self.with("send", records)
    }

    /// A producer sends records of `size` bytes at a rate, as `100/s`, for so long.
    pub fn load(self, from: &str, topic: &str, rate: &str, lasts: &str, size: u32) -> Self {
        let table = Table::default().with("from", from).with("topic", topic);
        let table = table.with("rate", rate).with("for", lasts);
        self.with("load", table.with("size", size))
    }

    on_a_place! {
        /// A consumer that polls by steps polls once.
        poll;
        /// A producer sends what is buffered.
        flush;
        /// A client is closed.
        close;
    }

    /// A consumer reads these partitions from now on.
    pub fn assign(self, client: &str, partitions: impl Into<Value>) -> Self {
        self.with("assign", reading(client, partitions))
    }

    /// A consumer goes on from an offset, `begin` or `end`.
    pub fn seek(self, client: &str, partition: &str, to: impl Into<Value>) -> Self {
        let table = Table::default().with("client", client);
        self.with("seek", table.with("partition", partition).with("to", to))
    }

    /// A consumer stops fetching partitions.
    pub fn pause_fetch(self, client: &str, partitions: impl Into<Value>) -> Self {
        self.with("pause-fetch", reading(client, partitions))
    }

    /// A consumer fetches partitions again.
    pub fn resume_fetch(self, client: &str, partitions: impl Into<Value>) -> Self {
        self.with("resume-fetch", reading(client, partitions))
    }

    /// The admin client creates a topic.
    pub fn create_topic(self, topic: Topic) -> Self {
        self.with("create-topic", topic.table())
    }

    /// The admin client deletes a topic.
    pub fn delete_topic(self, name: &str) -> Self {
        self.with("delete-topic", name)
    }

    /// The admin client asks for an election, `preferred` or `unclean`.
    pub fn elect(self, partition: &str, mode: &str) -> Self {
        let table = Table::default().with("partition", partition);
        self.with("elect", table.with("mode", mode))
    }
}

fn reading(client: &str, partitions: impl Into<Value>) -> Table {
    let table = Table::default().with("client", client);
    table.with("partitions", partitions)
}

fn of_node(node: impl Into<Value>) -> Table {
    Table::default().with("node", node)
}

/// Processes, machines, disks and clocks.
impl Step {
    on_a_place! {
        /// A process is killed; what it has written survives.
        crash;
        /// A process is asked to stop: a controlled shutdown.
        stop;
        /// A process is started.
        start;
        /// A process stands still.
        pause;
        /// A process goes on.
        resume;
    }

    /// A process is started with an empty disk.
    pub fn start_wiped(self, node: impl Into<Value>) -> Self {
        self.with("start", of_node(node).with("wipe", true))
    }

    /// A new broker is formatted and started.
    pub fn add_broker(self, broker: super::Node) -> Self {
        self.with("add-broker", broker.table())
    }

    /// A machine loses power; `kept`, `lost`, `torn` or `drawn` says what becomes of bytes that
    /// were not synced.
    pub fn power_off(self, node: impl Into<Value>, tail: &str) -> Self {
        self.with("power-off", of_node(node).with("tail", tail))
    }

    /// Everything costs a machine so many times as much; 1 is normal.
    pub fn slow(self, node: impl Into<Value>, factor: u32) -> Self {
        self.with("slow", of_node(node).with("factor", factor))
    }

    /// Every step takes a machine so much longer.
    pub fn slow_each(self, node: impl Into<Value>, time: impl Into<Value>) -> Self {
        self.with("slow", of_node(node).with("each", time))
    }

    /// A disk is full, or no longer.
    pub fn disk_full(self, node: impl Into<Value>, full: bool) -> Self {
        self.with("disk", of_node(node).with("full", full))
    }

    /// A sync of the disk takes so much longer.
    pub fn disk_slow(self, node: impl Into<Value>, time: impl Into<Value>) -> Self {
        self.with("disk", of_node(node).with("slow", time))
    }

    /// Bytes of the active segment of a partition rot.
    pub fn disk_corrupt(
        self,
        node: impl Into<Value>,
        partition: &str,
        at: i64,
        bytes: i64,
    ) -> Self {
        let rot = Table::default().with("partition", partition);
        let rot = rot.with("at", at).with("bytes", bytes);
        self.with("disk", of_node(node).with("corrupt", rot))
    }

    /// A calendar jumps, as `+1h` or `-30s`.
    pub fn clock_jump(self, node: impl Into<Value>, jump: &str) -> Self {
        self.with("clock", of_node(node).with("jump", jump))
    }

    /// A clock runs fast by so many parts in a million, or slow.
    pub fn clock_drift(self, node: impl Into<Value>, drift: i64) -> Self {
        self.with("clock", of_node(node).with("drift", drift))
    }
}

/// The network.
impl Step {
    /// Two sides no longer hear each other.
    pub fn cut(self, one: impl Into<Value>, other: impl Into<Value>) -> Self {
        let sides: [Value; 2] = [one.into(), other.into()];
        self.with("cut", Table::default().with("between", sides))
    }

    /// One side is no longer heard by the other.
    pub fn cut_one_way(self, from: impl Into<Value>, to: impl Into<Value>) -> Self {
        self.with("cut", Table::default().with("from", from).with("to", to))
    }

    /// The cut of that step ends, or `all` do.
    pub fn heal(self, step: &str) -> Self {
        self.with("heal", step)
    }

    /// Links change.
    pub fn link(self, link: Link) -> Self {
        self.with("link", link.0)
    }

    /// Messages are held: `true` for that of the trigger, or those that match a
    /// [`message`](super::message); with the keys `for` or `until`.
    pub fn hold(self, what: impl Into<Value>) -> Self {
        self.with("hold", what)
    }

    /// What that step holds is let go.
    pub fn release(self, step: &str) -> Self {
        self.with("release", step)
    }

    /// Messages are lost: `true` for that of the trigger, or those that match.
    pub fn drop(self, what: impl Into<Value>) -> Self {
        self.with("drop", what)
    }

    /// Messages arrive twice: `true` for that of the trigger, or those that match.
    pub fn duplicate(self, what: impl Into<Value>) -> Self {
        self.with("duplicate", what)
    }

    /// Messages arrive later: a table or a matcher with the key `for`.
    pub fn delay(self, what: Table) -> Self {
        self.with("delay", what)
    }
}

/// How messages fare from some machines to others: `[[link]]`, and the value of a `link` step.
#[derive(Clone, Debug)]
pub struct Link(pub(super) Table);

/// The links from these machines to those.
pub fn link(from: impl Into<Value>, to: impl Into<Value>) -> Link {
    Link(Table::default().with("from", from).with("to", to))
}

/// Every link: the value of `[network]`.
pub fn all_links() -> Link {
    Link(Table::default())
}

impl Link {
    fn with(self, key: &str, value: impl Into<Value>) -> Self {
        Link(self.0.with(key, value))
    }

    /// The way back as well.
    pub fn both_ways(self) -> Self {
        self.with("both", true)
    }

    /// Time on the way, as `1ms..6ms`.
    pub fn latency(self, range: &str) -> Self {
        self.with("latency", range)
    }

    /// Share of messages lost, as `5%`.
    pub fn loss(self, share: &str) -> Self {
        self.with("loss", share)
    }

    /// Share of messages that arrive twice, as `5%`.
    pub fn duplicate(self, share: &str) -> Self {
        self.with("duplicate", share)
    }

    /// Share of messages that later ones overtake, as `5%`.
    pub fn reorder(self, share: &str) -> Self {
        self.with("reorder", share)
    }

    /// Bytes a second, as `1MiB/s`.
    pub fn bandwidth(self, bandwidth: &str) -> Self {
        self.with("bandwidth", bandwidth)
    }
}
