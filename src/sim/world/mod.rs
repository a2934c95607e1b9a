//! [`World`]: the machines, the network between them and what is going to happen, as one value.
//!
//! | file        | concern                                                              |
//! |-------------|----------------------------------------------------------------------|
//! | `mod`       | the value, its settings, adding machines, scheduling actions          |
//! | `step`      | the loop: whose turn it is, recording the step                        |
//! | `run`       | a program handles an input, or the input waits                        |
//! | `send`      | what a program did departs: routes, mutes, openings and closings      |
//! | `arrive`    | what arrives: losses, verdicts, mutes                                 |
//! | `stream`    | streams keep their order: what is held or put off                     |
//! | `explore`   | the order of deliveries as a choice                                  |
//! | `lifecycle` | boot, crash, power-off, halt, pause and all other faults              |
//! | `inspect`   | getters, hashes, what is in flight                                    |
//!
//! A step begins at `now`. What the program did departs when its service time is over; until then
//! the node is busy, and what falls due meanwhile waits in the seat's inbox (inputs) or in its
//! timer queue, served in due order. Waiting is no step.

mod arrive;
mod explore;
mod inspect;
mod lifecycle;
mod run;
mod send;
mod step;
mod stream;

use super::connection::{Connections, Side};
use super::network::Network;
use super::queue::{Class, EventQueue};
use super::tournament::Tournament;
use super::{
    Action, CallId, ConnId, CostModel, Counters, Disk, DrawCounters, Envelope, HoldId,
    LinkSettings, NodeClock, NodeId, Outbox, Slowness, Span, StateMachine, StepNo, SyncId, Time,
    TimerQueue, TraceHash, Vocabulary,
};
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

pub use inspect::{ConnectionView, InFlight};

/// What a World is made with. Nothing in it changes later.
#[derive(Clone)]
pub struct WorldConfig {
    /// The calendar at World time zero, in milliseconds since 1970.
    pub wall_start_ms: i64,
    /// How links treat messages until a fault changes one.
    pub link: LinkSettings,
    /// The same for a machine's link to itself.
    pub loopback: LinkSettings,
    /// What service costs.
    pub cost: CostModel,
    /// How long a disk takes to make bytes durable.
    pub sync_latency: Span,
    /// Encode, decode and compare every message that is delivered.
    pub round_trip: bool,
    /// Ask the oracle for the order of deliveries; `None`: as they are due.
    pub explore: Option<Explore>,
}

impl Default for WorldConfig {
    fn default() -> Self {
        WorldConfig {
            wall_start_ms: 1_767_225_600_000,
            link: LinkSettings::default(),
            loopback: LinkSettings::latency(Span::from_micros(20), Span::from_micros(20)),
            cost: CostModel::free(),
            sync_latency: Span::from_millis(1),
            round_trip: false,
            explore: None,
        }
    }
}

/// Which choices a World offers to its oracle ([`super::Oracle::choose`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explore {
    /// Deliveries due within this time of the first one may go before it.
    pub window: Span,
    /// At most so many alternatives; fewer than 2 for no choice of order.
    pub width: u32,
    /// Whether each delivery may be dropped (choice 1) or doubled (choice 2) instead.
    pub faults: bool,
}

/// One machine. Copied on write.
#[derive(Clone)]
pub struct Seat<M: StateMachine> {
    config: Arc<M::Config>,
    node: Option<M>,
    disk: Disk,
    timers: TimerQueue<<M::V as Vocabulary>::Timer>,
    /// The disk it came with.
    fresh: Disk,
    clock: NodeClock,
    counters: Counters,
    draws: DrawCounters,
    /// Counts the boots, from 1.
    incarnation: u32,
    /// Between start and death; the program exists from the boot step on.
    powered: bool,
    paused: bool,
    busy_until: Time,
    slowness: Slowness,
    /// Inputs that wait, and since when.
    inbox: VecDeque<(Time, Waiting<M::V>)>,
    next_corr: u32,
    /// The hash of this seat's state; emptied by every change.
    state_hash: OnceLock<u64>,
}

/// An input that a node has not handled.
#[derive(Clone, Debug)]
enum Waiting<V: Vocabulary> {
    Message(Envelope<V>),
    Synced(SyncId, StepNo),
    Call {
        id: CallId,
        call: V::Call,
        cause: StepNo,
    },
    Reset {
        conn: ConnId,
        side: Side,
        cause: StepNo,
    },
}

/// A message on a link.
#[derive(Clone, Debug)]
struct Flight<V: Vocabulary> {
    envelope: Envelope<V>,
    /// The link will lose it.
    lost: bool,
    /// It may be overtaken.
    unordered: bool,
    /// The driver has given its verdict.
    judged: bool,
    /// Its place in its stream.
    number: u32,
    /// Its end lists it among those ahead.
    put_off: bool,
    /// The oracle has chosen it among those that could be next.
    chosen: bool,
}

/// What is going to happen.
#[derive(Clone, Debug)]
enum Event<V: Vocabulary> {
    Act {
        action: Box<Action<V>>,
        cause: StepNo,
    },
    Boot {
        node: NodeId,
        incarnation: u32,
        cause: StepNo,
    },
    Halt {
        node: NodeId,
        incarnation: u32,
        cause: StepNo,
    },
    Synced {
        node: NodeId,
        incarnation: u32,
        sync: SyncId,
        cause: StepNo,
    },
    Opening {
        conn: ConnId,
        from: NodeId,
        departs: Time,
        cause: StepNo,
    },
    Flight(Flight<V>),
    /// A request that waited behind a mute is read.
    Read(Envelope<V>),
    Reset {
        conn: ConnId,
        side: Side,
        departs: Time,
        cause: StepNo,
        local: bool,
    },
    /// A message dies where it is.
    Dead {
        envelope: Envelope<V>,
        reason: super::LostReason,
    },
    /// A call dies with the program that had not heard it.
    DeadCall {
        node: NodeId,
        id: CallId,
        call: V::Call,
        cause: StepNo,
    },
}

/// Something that a driver holds back.
#[derive(Clone, Debug)]
struct Held<V: Vocabulary> {
    /// `None` for what only waits behind a held message.
    id: Option<HoldId>,
    conn: ConnId,
    side: Side,
    event: Event<V>,
}

/// What steps reuse; no part of the value.
#[derive(Debug)]
struct Scratch<V: Vocabulary> {
    outbox: Outbox<V>,
    outcomes: Vec<(CallId, V::Outcome)>,
}

impl<V: Vocabulary> Default for Scratch<V> {
    fn default() -> Self {
        Scratch {
            outbox: Outbox::default(),
            outcomes: Vec::new(),
        }
    }
}

impl<V: Vocabulary> Clone for Scratch<V> {
    fn clone(&self) -> Self {
        Scratch::default()
    }
}

/// A message whose encoding lost something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoundTripError {
    /// The step that delivered it.
    pub step: StepNo,
    /// Who received it.
    pub node: NodeId,
    /// What was lost.
    pub text: String,
}

/// Machines, network and what is going to happen. A value: clone it to take a snapshot or to
/// fork it, step it, hash it, compare it.
#[derive(Clone)]
pub struct World<M: StateMachine> {
    config: Arc<WorldConfig>,
    now: Time,
    step_no: StepNo,
    hash: TraceHash,
    seats: Vec<Arc<Seat<M>>>,
    queue: EventQueue<Event<M::V>>,
    /// Actions of the driver: before anything else.
    urgent: VecDeque<(Box<Action<M::V>>, StepNo)>,
    tournament: Tournament,
    network: Network,
    connections: Connections<M::V>,
    held: Vec<Held<M::V>>,
    next_conn: u32,
    choices: u32,
    round_trip_error: Option<RoundTripError>,
    scratch: Scratch<M::V>,
}

impl<M: StateMachine> World<M> {
    /// A World without machines.
    pub fn new(config: WorldConfig) -> Self {
        World {
            network: Network::new(config.link, config.loopback),
            config: Arc::new(config),
            now: Time::ZERO,
            step_no: StepNo(0),
            hash: TraceHash::new(),
            seats: Vec::new(),
            queue: EventQueue::default(),
            urgent: VecDeque::new(),
            tournament: Tournament::default(),
            connections: Connections::default(),
            held: Vec::new(),
            next_conn: 0,
            choices: 0,
            round_trip_error: None,
            scratch: Scratch::default(),
        }
    }

    /// Adds a machine with its disk, as it comes from the factory, and powers it on: it boots
    /// now. Node ids are given in order, from 0.
    ///
    /// # Panics
    /// If there are 65,535 machines already.
    pub fn add_node(&mut self, config: M::Config, disk: Disk) -> NodeId {
        let node = self.add_node_off(config, disk);
        self.power_on(node, StepNo(0));
        node
    }

    /// Adds a machine that stays off until a `Fault::Start`.
    ///
    /// # Panics
    /// If there are 65,535 machines already.
    pub fn add_node_off(&mut self, config: M::Config, mut disk: Disk) -> NodeId {
        let number = u16::try_from(self.seats.len())
            .ok()
            .filter(|number| *number < u16::MAX);
        let node = NodeId(number.expect("a World has less than 65,535 machines"));
        disk.mark_synced();
        self.seats.push(Arc::new(Seat {
            config: Arc::new(config),
            node: None,
            fresh: disk.clone(),
            disk,
            timers: TimerQueue::default(),
            clock: NodeClock::new(self.config.wall_start_ms),
            counters: Counters::default(),
            draws: DrawCounters::default(),
            incarnation: 0,
            powered: false,
            paused: false,
            busy_until: Time::ZERO,
            slowness: Slowness::default(),
            inbox: VecDeque::new(),
            next_corr: 0,
            state_hash: OnceLock::new(),
        }));
        self.tournament.grow(self.seats.len());
        node
    }

    /// Lets `action` happen at `at`, or now if that is past. Actions of one instant come in the
    /// order in which they were scheduled, before all else that is due then.
    pub fn schedule(&mut self, at: Time, action: impl Into<Action<M::V>>) {
        let event = Event::Act {
            action: Box::new(action.into()),
            cause: StepNo(0),
        };
        self.queue.push(at.max(self.now), Class::Action, event);
    }

    /// Moves the clock on to `at`, or as far as nothing is due.
    pub fn advance_to(&mut self, at: Time) {
        let free = self.next_time().unwrap_or(Time::NEVER).min(at);
        self.now = self.now.max(free);
    }

    fn seat(&self, node: NodeId) -> Option<&Seat<M>> {
        self.seats.get(node.index()).map(|seat| &**seat)
    }

    fn seat_mut(&mut self, node: NodeId) -> Option<&mut Seat<M>> {
        let seat = Arc::make_mut(self.seats.get_mut(node.index())?);
        seat.state_hash.take();
        Some(seat)
    }
}

impl<M: StateMachine> Seat<M> {
    /// When it next has something to do by itself.
    fn next_turn(&self) -> Time {
        if self.node.is_none() || self.paused {
            return Time::NEVER;
        }
        match self.inbox_due().min(self.timer_due()) {
            Time::NEVER => Time::NEVER,
            due => due.max(self.busy_until),
        }
    }

    fn inbox_due(&self) -> Time {
        self.inbox.front().map_or(Time::NEVER, |(due, _)| *due)
    }

    /// When the next timer is due, in World time.
    fn timer_due(&self) -> Time {
        self.timers
            .next_deadline()
            .map_or(Time::NEVER, |mono| self.clock.real(mono))
    }

    /// True if an input that arrives now is handled now: nothing older waits.
    fn is_ready(&self, now: Time) -> bool {
        self.node.is_some()
            && !self.paused
            && self.busy_until <= now
            && self.inbox.is_empty()
            && self.timer_due() >= now
    }
}

impl<V: Vocabulary> Flight<V> {
    fn side(&self) -> Side {
        Side::receiving(self.envelope.kind)
    }
}

impl<M: StateMachine> Seat<M> {
    /// True if `incarnation` of the program is the one that runs.
    fn runs(&self, incarnation: u32) -> bool {
        self.powered && self.incarnation == incarnation
    }
}
