//! What breaks, when, and when it is mended. Each fault is one to three steps of a scenario.

use super::dice::Dice;
use super::shape::Shape;
use super::workload::WORK_MS;
use crate::lab::scenario::builder::{self, Link, Step, Value};

/// Faults of a schedule, at least and at most.
pub(super) const FAULTS: (usize, usize) = (3, 7);

/// Something that breaks, and is mended later. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The scenario time at which it breaks; a role or a replica may make it later.
    pub at: u32,
    /// After how long it is mended.
    pub lasts: u32,
    /// What breaks.
    pub what: Breaks,
}

/// Machines of a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `broker-0` and so on.
    Broker(u32),
    /// `controller-0` and so on.
    Controller(u32),
    /// All brokers.
    AllBrokers,
    /// All controllers.
    AllControllers,
    /// All brokers and controllers.
    AllServers,
    /// The first producer.
    Producer,
    /// The first consumer.
    Consumer,
    /// Whoever leads the partition when the fault is due.
    Leader(String),
}

/// What breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Breaks {
    /// A process is killed.
    Crash(Target),
    /// A process is asked to stop.
    Stop(Target),
    /// A machine loses power; what becomes of unsynced bytes: `lost`, `torn`, `kept`, `drawn`.
    PowerOff(Target, &'static str),
    /// A process stands still.
    Pause(Target),
    /// Machines no longer hear each other.
    Cut {
        /// These …
        from: Target,
        /// … are not heard by those.
        to: Target,
        /// In both directions.
        both: bool,
    },
    /// The links between two machines get bad.
    Link(Target, Target, Weather),
    /// A calendar jumps there and back.
    Clock(Target, &'static str, &'static str),
    /// A disk is full. The broker of it halts at its next write, and is started when there is room.
    DiskFull(Target),
    /// Syncs take so many milliseconds longer.
    DiskSlow(Target, u32),
    /// Bytes of a partition's active segment rot on a broker that has it; later the disk is
    /// replaced by an empty one.
    Rot {
        /// The broker.
        broker: u32,
        /// The partition.
        partition: String,
        /// The first byte of the file.
        at: u32,
    },
    /// An admin asks for the preferred leader.
    Elect(String),
    /// An admin creates a topic, and deletes it.
    LateTopic,
}

/// How links get bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// They lose messages, in percent.
    Loss(u32),
    /// They are slow.
    Slow,
    /// They double messages, in percent.
    Duplicate(u32),
    /// Messages overtake each other, in percent.
    Reorder(u32),
}

impl Fault {
    pub(super) fn draw(dice: &mut Dice, shape: &Shape) -> Self {
        let at = dice.range(500, u64::from(WORK_MS) - 4_000) as u32;
        let lasts = dice.one([200, 1_000, 2_500, 4_000, 8_000]);
        Fault {
            at,
            lasts: dice.range(lasts / 2, lasts) as u32,
            what: Breaks::draw(dice, shape),
        }
    }

    /// The steps of the fault `id`; those that mend have ids that begin with `id-end`.
    pub(super) fn steps(&self, id: &str) -> Vec<Step> {
        let mut steps = vec![self.what.breaks(self.begin().id(id).mark())];
        steps.extend(self.what.mends(self.end(id), id));
        steps
    }

    /// A role is waited for: nobody may have it at the time.
    fn begin(&self) -> Step {
        let at = self.at;
        match self.what.waits_for() {
            Some(what) => builder::when(format!("now >= {at}ms and {what}")).optional(),
            None => builder::at(format!("{at}ms")),
        }
    }

    fn end(&self, id: &str) -> Step {
        let step = match self.what.waits_for() {
            Some(_) => builder::after_by(id, format!("{}ms", self.lasts)).optional(),
            None => builder::at(format!("{}ms", self.at + self.lasts)),
        };
        step.id(&format!("{id}-end"))
    }
}

impl Breaks {
    fn draw(dice: &mut Dice, shape: &Shape) -> Self {
        match dice.range(0, 99) {
            0..16 => Breaks::Crash(Target::process(dice, shape)),
            16..30 => {
                let tail = dice.one(["lost", "torn", "kept", "drawn"]);
                Breaks::PowerOff(Target::server(dice, shape), tail)
            }
            30..38 => Breaks::Pause(Target::process(dice, shape)),
            38..64 => Breaks::cut(dice, shape),
            64..75 => Breaks::link(dice, shape),
            75..79 => {
                let (there, back) = dice.one([("+1h", "-1h"), ("-30s", "+30s"), ("+5s", "-5s")]);
                Breaks::Clock(Target::server(dice, shape), there, back)
            }
            79..83 => Breaks::Stop(Target::server(dice, shape)),
            83..87 => Breaks::Elect(dice.pick(&shape.partitions()).unwrap_or_default()),
            87..90 => Breaks::LateTopic,
            90..94 => Breaks::DiskFull(Target::broker(dice, shape)),
            94..97 => Breaks::DiskSlow(Target::server(dice, shape), dice.one([20, 300])),
            _ => Breaks::rot(dice, shape),
        }
    }

    /// One side of a cut is a broker or a leader; the other brokers, controllers or clients.
    fn cut(dice: &mut Dice, shape: &Shape) -> Self {
        let one = match dice.percent(30) {
            true => Target::leader(dice, shape),
            false => Target::broker(dice, shape),
        };
        let others = match dice.range(0, 5) {
            0 if shape.controllers > 0 => Target::AllControllers,
            1 if shape.controllers > 0 => Target::AllServers,
            2 => Target::broker(dice, shape),
            3 => Target::Producer,
            _ => Target::AllBrokers,
        };
        let (from, to, both) = match dice.range(0, 2) {
            0 => (one, others, true),
            1 => (one, others, false),
            _ => (others, one, false),
        };
        Breaks::Cut { from, to, both }
    }

    fn link(dice: &mut Dice, shape: &Shape) -> Self {
        let from = Target::server(dice, shape);
        let to = match dice.range(0, 2) {
            0 => Target::AllBrokers,
            1 => Target::Producer,
            _ => Target::Consumer,
        };
        let weather = dice.one([
            Weather::Loss(5),
            Weather::Loss(60),
            Weather::Slow,
            Weather::Duplicate(30),
            Weather::Reorder(30),
        ]);
        Breaks::Link(from, to, weather)
    }

    /// Only a broker that is no controller gets an empty disk: a voter without its vote is no
    /// voter of this quorum.
    fn rot(dice: &mut Dice, shape: &Shape) -> Self {
        let Some(partition) = dice.pick(&shape.partitions()) else {
            return Breaks::LateTopic;
        };
        if shape.controllers == 0 {
            return Breaks::DiskFull(Target::broker(dice, shape));
        }
        Breaks::Rot {
            broker: dice.range(0, u64::from(shape.brokers) - 1) as u32,
            partition,
            at: dice.one([0, 70, 150]),
        }
    }

    /// What must be so that the fault can act, beside the time.
    fn waits_for(&self) -> Option<String> {
        let role = |target: &Target| match target {
            Target::Leader(partition) => Some(format!("{partition}.leader != none")),
            _ => None,
        };
        match self {
            Breaks::Crash(target) | Breaks::Pause(target) => role(target),
            Breaks::Cut { from, to, .. } => role(from).or_else(|| role(to)),
            Breaks::Rot {
                broker, partition, ..
            } => Some(format!("{partition}@broker-{broker}.leo > 0")),
            _ => None,
        }
    }

    fn breaks(&self, step: Step) -> Step {
        match self {
            Breaks::Crash(node) => step.crash(node),
            Breaks::Stop(node) => step.stop(node),
            Breaks::PowerOff(node, tail) => step.power_off(node, tail),
            Breaks::Pause(node) => step.pause(node),
            Breaks::Cut { from, to, both } => match both {
                true => step.cut(from, to),
                false => step.cut_one_way(from, to),
            },
            Breaks::Link(from, to, weather) => {
                let link = builder::link(from, to).both_ways();
                step.link(weather.on(link, true))
            }
            Breaks::Clock(node, there, _) => step.clock_jump(node, there),
            Breaks::DiskFull(node) => step.disk_full(node, true),
            Breaks::DiskSlow(node, ms) => step.disk_slow(node, format!("{ms}ms")),
            Breaks::Rot {
                broker,
                partition,
                at,
            } => step.disk_corrupt(&Target::Broker(*broker), partition, i64::from(*at), ROT),
            Breaks::Elect(partition) => step.elect(partition, "preferred"),
            Breaks::LateTopic => step.create_topic(late_topic()),
        }
    }

    /// What mends it: the first step is given its trigger, a second one comes right after.
    fn mends(&self, first: Step, id: &str) -> Vec<Step> {
        let second = || {
            let step = builder::after(&format!("{id}-end"));
            step.id(&format!("{id}-end-2")).optional()
        };
        match self {
            Breaks::Crash(Target::Leader(_)) => vec![first.start(&Target::AllBrokers)],
            Breaks::Crash(node) | Breaks::Stop(node) | Breaks::PowerOff(node, _) => {
                vec![first.start(node)]
            }
            Breaks::Pause(Target::Leader(_)) => vec![first.resume(&Target::AllBrokers)],
            Breaks::Pause(node) => vec![first.resume(node)],
            Breaks::Cut { .. } => vec![first.heal(id)],
            Breaks::Link(from, to, weather) => {
                let link = builder::link(from, to).both_ways();
                vec![first.link(weather.on(link, false))]
            }
            Breaks::Clock(node, _, back) => vec![first.clock_jump(node, back)],
            Breaks::DiskFull(node) => vec![first.disk_full(node, false), second().start(node)],
            Breaks::DiskSlow(node, _) => vec![first.disk_slow(node, "0ms")],
            Breaks::Rot { broker, .. } => {
                let broker = Target::Broker(*broker);
                vec![first.crash(&broker), second().start_wiped(&broker)]
            }
            Breaks::Elect(_) => Vec::new(),
            Breaks::LateTopic => vec![first.delete_topic(LATE)],
        }
    }
}

/// Bytes that rot.
const ROT: i64 = 8;
/// The topic that comes and goes.
const LATE: &str = "late";

fn late_topic() -> builder::Topic {
    builder::topic(LATE).partitions(1).replication(1)
}

impl Weather {
    /// The link in this weather, or in a fair one again.
    fn on(self, link: Link, bad: bool) -> Link {
        let share = |percent: u32| format!("{}%", if bad { percent } else { 0 });
        match self {
            Weather::Loss(percent) => link.loss(&share(percent)),
            Weather::Duplicate(percent) => link.duplicate(&share(percent)),
            Weather::Reorder(percent) => link.reorder(&share(percent)),
            Weather::Slow if bad => link.latency("200ms..900ms"),
            Weather::Slow => link.latency("1ms..3ms"),
        }
    }
}

impl Target {
    fn broker(dice: &mut Dice, shape: &Shape) -> Self {
        Target::Broker(dice.range(0, u64::from(shape.brokers) - 1) as u32)
    }

    /// A broker, or a controller.
    fn server(dice: &mut Dice, shape: &Shape) -> Self {
        match shape.controllers > 0 && dice.percent(25) {
            true => Target::Controller(dice.range(0, u64::from(shape.controllers) - 1) as u32),
            false => Target::broker(dice, shape),
        }
    }

    /// A server, or the leader of a partition.
    fn process(dice: &mut Dice, shape: &Shape) -> Self {
        match dice.percent(15) {
            true => Target::leader(dice, shape),
            false => Target::server(dice, shape),
        }
    }

    fn leader(dice: &mut Dice, shape: &Shape) -> Self {
        match dice.pick(&shape.partitions()) {
            Some(partition) => Target::Leader(partition),
            None => Target::broker(dice, shape),
        }
    }
}

impl From<&Target> for Value {
    fn from(target: &Target) -> Self {
        match target {
            Target::Broker(number) => format!("broker-{number}").into(),
            Target::Controller(number) => format!("controller-{number}").into(),
            Target::AllBrokers => "all brokers".into(),
            Target::AllControllers => "all controllers".into(),
            Target::AllServers => ["all brokers", "all controllers"].into(),
            Target::Producer => "p0".into(),
            Target::Consumer => "c0".into(),
            Target::Leader(partition) => builder::leader(partition),
        }
    }
}
