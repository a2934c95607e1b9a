//! Looking at a World from outside.

use super::{Event, Explore, RoundTripError, Seat, Waiting, World, WorldConfig};
use crate::sim::connection::{EndState, Parked, Side};
use crate::sim::{
    Canonical, ConnId, Corr, Counters, Cut, Disk, Envelope, HoldId, LinkSettings, NodeClock,
    NodeId, StateMachine, StepNo, Time, TraceHash, Vocabulary,
};
use std::sync::Arc;

/// What a message takes in memory, about.
const MESSAGE_BYTES: usize = 512;

/// Where a message is that was sent and not handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InFlight {
    /// On its way; it arrives then.
    Link(Time),
    /// Its receiver is busy or paused.
    Inbox,
    /// Behind an unanswered request of its connection.
    Muted,
    /// Held by a driver; `None` for what waits behind a held message.
    Held(Option<HoldId>),
}

/// A connection as an observer sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionView {
    /// Its id.
    pub conn: ConnId,
    /// Who opened it, and the state of that end.
    pub client: (NodeId, EndState),
    /// Who answers, and the state of that end.
    pub server: (NodeId, EndState),
    /// The request that the server has not answered.
    pub unanswered: Option<Corr>,
    /// How many requests wait behind it.
    pub parked: usize,
}

impl<M: StateMachine> World<M> {
    /// What it was made with.
    pub fn config(&self) -> &WorldConfig {
        &self.config
    }

    /// The present time: when the last step began.
    pub fn now(&self) -> Time {
        self.now
    }

    /// The number of the last step.
    pub fn step_no(&self) -> StepNo {
        self.step_no
    }

    /// The hash of the whole history.
    pub fn trace_hash(&self) -> u64 {
        self.hash.0
    }

    /// How many machines there are; their ids are 0 and on.
    pub fn node_count(&self) -> usize {
        self.seats.len()
    }

    /// The ids of all machines.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<M> {
        (0..self.seats.len()).map(|index| NodeId(index as u16))
    }

    /// The program of a machine, if it is up.
    pub fn node(&self, node: NodeId) -> Option<&M> {
        self.seat(node)?.node.as_ref()
    }

    /// The disk of a machine.
    pub fn disk(&self, node: NodeId) -> Option<&Disk> {
        Some(&self.seat(node)?.disk)
    }

    /// The configuration a machine boots with.
    pub fn node_config(&self, node: NodeId) -> Option<&M::Config> {
        Some(&self.seat(node)?.config)
    }

    /// The clocks of a machine.
    pub fn clock(&self, node: NodeId) -> Option<&NodeClock> {
        Some(&self.seat(node)?.clock)
    }

    /// The work that a machine has done since it was added.
    pub fn counters(&self, node: NodeId) -> Option<&Counters> {
        Some(&self.seat(node)?.counters)
    }

    /// How often a machine was started.
    pub fn incarnation(&self, node: NodeId) -> u32 {
        self.seat(node).map_or(0, |seat| seat.incarnation)
    }

    /// True from a machine's start to its death.
    pub fn is_up(&self, node: NodeId) -> bool {
        self.seat(node).is_some_and(|seat| seat.powered)
    }

    /// True while a machine is paused.
    pub fn is_paused(&self, node: NodeId) -> bool {
        self.seat(node).is_some_and(|seat| seat.paused)
    }

    /// Until when a machine is busy; past if it is not.
    pub fn busy_until(&self, node: NodeId) -> Time {
        self.seat(node).map_or(Time::ZERO, |seat| seat.busy_until)
    }

    /// The armed timers of a machine, by key, with their deadlines in mono time.
    pub fn timers(
        &self,
        node: NodeId,
    ) -> impl Iterator<Item = (<M::V as Vocabulary>::Timer, Time)> + '_ {
        self.seat(node)
            .into_iter()
            .flat_map(|seat| seat.timers.iter())
    }

    /// How a link treats messages.
    pub fn link(&self, from: NodeId, to: NodeId) -> LinkSettings {
        self.network.settings(from, to)
    }

    /// True if the link carries nothing.
    pub fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        self.network.is_cut(from, to)
    }

    /// The cuts in force.
    pub fn cuts(&self) -> &[Cut] {
        self.network.cuts()
    }

    /// The connections of which one end is open at least.
    pub fn connections(&self) -> impl Iterator<Item = ConnectionView> + '_ {
        let views = self.connections.iter().map(|(conn, connection)| {
            let [client, server] = &connection.ends;
            ConnectionView {
                conn,
                client: (client.node, client.state),
                server: (server.node, server.state),
                unanswered: connection.unanswered(),
                parked: connection.parked.len(),
            }
        });
        views.filter(|view| view.client.1 == EndState::Open || view.server.1 == EndState::Open)
    }

    /// Every message that was sent and not handled: first those on links, in the order in which
    /// they arrive, then those that wait at their receivers, then those that are held.
    pub fn in_flight(&self) -> impl Iterator<Item = (InFlight, &Envelope<M::V>)> + '_ {
        let links = self
            .queue
            .sorted()
            .into_iter()
            .filter_map(|(at, event)| match event {
                Event::Flight(flight) => Some((InFlight::Link(at), &flight.envelope)),
                Event::Read(envelope) => Some((InFlight::Muted, envelope)),
                Event::Dead { envelope, .. } => Some((InFlight::Link(at), envelope)),
                _ => None,
            });
        let inboxes = self.seats.iter().flat_map(|seat| seat.inbox.iter());
        let inboxes = inboxes.filter_map(|(_, waiting)| match waiting {
            Waiting::Message(envelope) => Some((InFlight::Inbox, envelope)),
            _ => None,
        });
        let parked = self
            .connections
            .iter()
            .flat_map(|(_, connection)| connection.parked.iter());
        let parked = parked.filter_map(|parked| match parked {
            Parked::Request(envelope) => Some((InFlight::Muted, envelope)),
            Parked::Reset(_) => None,
        });
        let held = self.held.iter().filter_map(|held| match &held.event {
            Event::Flight(flight) => Some((InFlight::Held(held.id), &flight.envelope)),
            _ => None,
        });
        links.chain(inboxes).chain(parked).chain(held)
    }

    /// The first message whose encoding lost something, if any did.
    pub fn round_trip_error(&self) -> Option<&RoundTripError> {
        self.round_trip_error.as_ref()
    }

    /// The choices offered to the oracle.
    pub fn explore(&self) -> Option<Explore> {
        self.config.explore
    }
}

impl<M: StateMachine> World<M> {
    /// About how many bytes of this World are not shared with `other`, an earlier one of the same
    /// history.
    pub fn bytes_beyond(&self, other: &World<M>) -> u64 {
        let seats = self.seats.iter().enumerate().filter(|(index, seat)| {
            let same = other.seats.get(*index);
            same.is_none_or(|same| !Arc::ptr_eq(same, seat))
        });
        let seats: u64 = seats.map(|(_, seat)| seat.bytes()).sum();
        let queued = self.queue.len() * (size_of::<Event<M::V>>() + MESSAGE_BYTES);
        seats + (queued + size_of::<Self>()) as u64
    }
}

impl<M: StateMachine> Seat<M> {
    fn bytes(&self) -> u64 {
        let timers = self.timers.len() * 64;
        let inbox = self.inbox.len() * (size_of::<Waiting<M::V>>() + MESSAGE_BYTES);
        let node = self.node.as_ref().map_or(0, M::weight);
        node + (size_of::<Self>() + timers + inbox) as u64
    }
}

impl<M: StateMachine + Canonical> World<M> {
    /// A hash of what the World is, apart from how it came there: programs, disks, timers and
    /// messages in flight, with times relative to now.
    pub fn state_hash(&self) -> u64 {
        let mut hash = TraceHash::new();
        for seat in &self.seats {
            hash.word(*seat.state_hash.get_or_init(|| seat.hash()));
            let mono = seat.clock.mono(self.now);
            for (timer, at) in seat.timers.iter() {
                timer.canonical(&mut hash);
                hash.word(at.0.wrapping_sub(mono.0));
            }
            hash.word(seat.busy_until.since(self.now).0);
        }
        for (place, envelope) in self.in_flight() {
            let (code, at) = match place {
                InFlight::Link(at) => (1, at.since(self.now).0),
                InFlight::Inbox => (2, 0),
                InFlight::Muted => (3, 0),
                InFlight::Held(id) => (4, id.map_or(u64::MAX, |id| u64::from(id.0))),
            };
            hash.word(code);
            hash.word(at);
            hash.word(u64::from(envelope.from.0) << 16 | u64::from(envelope.to.0));
            hash.word(M::V::digest(&envelope.body));
        }
        for view in self.connections() {
            hash.word(u64::from(view.client.0.0) << 16 | u64::from(view.server.0.0));
            hash.word((view.client.1 as u64) << 8 | view.server.1 as u64);
        }
        hash.0
    }
}

impl<M: StateMachine + Canonical> Seat<M> {
    fn hash(&self) -> u64 {
        let mut hash = TraceHash::new();
        hash.word(u64::from(self.powered) << 1 | u64::from(self.paused));
        if let Some(node) = &self.node {
            node.canonical(&mut hash);
        }
        self.disk.canonical(&mut hash);
        hash.0
    }
}

impl<M: StateMachine> World<M> {
    /// The state of one end of a connection; `None` once it is over and forgotten.
    pub fn end_state(&self, conn: ConnId, side: Side) -> Option<EndState> {
        Some(self.connections.get(conn)?.end(side).state)
    }
}
