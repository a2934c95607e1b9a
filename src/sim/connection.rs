//! Connections: TCP-like, between one incarnation of each end.
//!
//! An end is
//!
//! | state    | meaning                                           | left by            |
//! |----------|---------------------------------------------------|--------------------|
//! | Opening  | the server has not seen the connection            | accepted, refused  |
//! | Open     | messages are delivered and sent                   | closed             |
//! | Closed   | closed by the node, by a `Reset`, or by its death | never              |
//!
//! A message that dies on its way leaves a gap: TCP would send it again for ever, so nothing
//! behind it is delivered in that direction ("silent until a timeout"); the client closes the
//! connection and opens another one. The end of a connection (`Reset`) passes a gap, but dies in a
//! cut: the other end is then half open until it sends something, which the machine that no longer
//! knows the connection answers with a `Reset`. A machine that loses power is reset like one whose
//! program is killed.
//!
//! A server reads the next request when the answer to the last one has left. What arrives meanwhile
//! waits behind the mute: requests, and behind them the end of the connection. A server that closes
//! drops what waits. A connection of a node to itself takes the loopback; closing it closes the
//! client's end, and the node gets the `Reset` of the server's.

use super::{ConnId, Corr, Envelope, MessageKind, NodeId, StepNo, Time, Vocabulary};
use std::collections::VecDeque;
use std::sync::Arc;

/// Which end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one that opened it and sends requests.
    Client = 0,
    /// The one that answers.
    Server = 1,
}

impl Side {
    /// The other end.
    pub fn other(self) -> Side {
        match self {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        }
    }

    /// The end that receives messages of `kind`.
    pub(super) fn receiving(kind: MessageKind) -> Side {
        match kind {
            MessageKind::Request => Side::Server,
            MessageKind::Response => Side::Client,
        }
    }
}

/// The state of one end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndState {
    /// The server has not seen the connection.
    Opening,
    /// In use.
    Open,
    /// Gone.
    Closed,
}

/// One end of a connection, and the stream of messages towards it.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) node: NodeId,
    pub(super) incarnation: u32,
    pub(super) state: EndState,
    /// The latest arrival so far: in order means not before it.
    pub(super) last_arrival: Time,
    /// A delayed message arrives then: nothing before it.
    pub(super) floor: Time,
    /// A message towards this end died.
    pub(super) gap: bool,
    /// How many messages towards this end are held.
    pub(super) held: u32,
    /// The messages towards this end that were put off and are on their way again, by number.
    pub(super) ahead: Vec<u32>,
    /// How many messages were sent towards this end.
    pub(super) sent: u32,
}

impl End {
    fn new(node: NodeId, incarnation: u32, state: EndState) -> Self {
        let (last_arrival, floor) = (Time::ZERO, Time::ZERO);
        End {
            node,
            incarnation,
            state,
            last_arrival,
            floor,
            gap: false,
            held: 0,
            ahead: Vec::new(),
            sent: 0,
        }
    }
}

/// What waits behind a mute.
#[derive(Clone, Debug)]
pub(super) enum Parked<V: Vocabulary> {
    Request(Envelope<V>),
    /// The other end is gone; caused by that step.
    Reset(StepNo),
}

/// One connection.
#[derive(Clone, Debug)]
pub(super) struct Connection<V: Vocabulary> {
    pub(super) ends: [End; 2],
    /// The request that the server has not answered.
    muted: Option<Corr>,
    /// When the last answer leaves.
    muted_until: Time,
    /// The step that read the request which is being served.
    read: StepNo,
    pub(super) parked: VecDeque<Parked<V>>,
}

impl<V: Vocabulary> Connection<V> {
    fn new(client: (NodeId, u32), server: NodeId) -> Self {
        Connection {
            ends: [
                End::new(client.0, client.1, EndState::Open),
                End::new(server, 0, EndState::Opening),
            ],
            muted: None,
            muted_until: Time::ZERO,
            read: StepNo(0),
            parked: VecDeque::new(),
        }
    }

    pub(super) fn end(&self, side: Side) -> &End {
        &self.ends[side as usize]
    }

    pub(super) fn end_mut(&mut self, side: Side) -> &mut End {
        &mut self.ends[side as usize]
    }

    pub(super) fn is_open(&self, side: Side) -> bool {
        self.end(side).state == EndState::Open
    }

    /// True if nothing can happen on it any more, apart from what is in flight.
    fn is_over(&self) -> bool {
        self.ends.iter().all(|end| end.state == EndState::Closed) && self.parked.is_empty()
    }

    /// True if the server would read a request that arrives now.
    pub(super) fn can_read(&self, now: Time) -> bool {
        self.muted.is_none() && self.parked.is_empty() && self.muted_until <= now
    }

    /// When the server reads again, if it only waits for an answer to leave.
    pub(super) fn muted_until_only(&self, now: Time) -> Option<Time> {
        let waits = self.muted.is_none() && self.parked.is_empty() && self.muted_until > now;
        waits.then_some(self.muted_until)
    }

    /// The server reads a request: the mute begins.
    pub(super) fn mute(&mut self, corr: Corr) {
        self.muted = Some(corr);
    }

    /// The step in which the server's program handled the request.
    pub(super) fn set_read(&mut self, step: StepNo) {
        self.read = step;
    }

    /// The step that read the request which is being served.
    pub(super) fn read(&self) -> StepNo {
        self.read
    }

    /// The request that the server has not answered.
    pub(super) fn unanswered(&self) -> Option<Corr> {
        self.muted
    }

    /// The answer to `corr` leaves at `departs`; what the server reads then, if that waits. The
    /// connection is muted anew for a request.
    pub(super) fn unmute(&mut self, corr: Corr, departs: Time) -> Option<Parked<V>> {
        if self.muted != Some(corr) {
            return None;
        }
        self.muted = None;
        self.muted_until = departs;
        let next = self.parked.pop_front();
        if let Some(Parked::Request(envelope)) = &next {
            self.muted = Some(envelope.corr);
        }
        next
    }
}

const PAGE: usize = 32;

#[derive(Clone, Debug)]
struct Page<V: Vocabulary> {
    connections: Vec<Connection<V>>,
    /// How many of them are not over.
    live: usize,
}

/// All connections by id, in pages that are copied on write and dropped when all in them is over.
#[derive(Clone, Debug)]
pub(super) struct Connections<V: Vocabulary> {
    pages: Vec<Option<Arc<Page<V>>>>,
    opened: usize,
}

impl<V: Vocabulary> Default for Connections<V> {
    fn default() -> Self {
        Connections {
            pages: Vec::new(),
            opened: 0,
        }
    }
}

impl<V: Vocabulary> Connections<V> {
    /// Opens connection number `conn`: the ids come one after the other, from 1.
    pub(super) fn open(&mut self, conn: ConnId, client: (NodeId, u32), server: NodeId) {
        debug_assert_eq!(conn.index(), self.opened + 1, "connection ids are dense");
        if self.opened.is_multiple_of(PAGE) {
            let connections = Vec::with_capacity(PAGE);
            self.pages.push(Some(Arc::new(Page {
                connections,
                live: 0,
            })));
        }
        self.opened += 1;
        if let Some(Some(page)) = self.pages.last_mut() {
            let page = Arc::make_mut(page);
            page.connections.push(Connection::new(client, server));
            page.live += 1;
        }
    }

    /// A connection; `None` once it is over and forgotten.
    pub(super) fn get(&self, conn: ConnId) -> Option<&Connection<V>> {
        let (page, place) = place(conn)?;
        self.pages.get(page)?.as_ref()?.connections.get(place)
    }

    /// A connection, to change it; `None` once it is over and forgotten.
    pub(super) fn get_mut(&mut self, conn: ConnId) -> Option<&mut Connection<V>> {
        let (page, place) = place(conn)?;
        Arc::make_mut(self.pages.get_mut(page)?.as_mut()?)
            .connections
            .get_mut(place)
    }

    /// Closes one end. The other one learns of it by what the World sends.
    pub(super) fn close(&mut self, conn: ConnId, side: Side) {
        let Some(connection) = self.get_mut(conn) else {
            return;
        };
        if connection.end(side).state == EndState::Closed {
            return;
        }
        connection.end_mut(side).state = EndState::Closed;
        self.forget_if_over(conn);
    }

    /// Drops the page of a connection if all in it is over.
    pub(super) fn forget_if_over(&mut self, conn: ConnId) {
        let Some((number, place)) = place(conn) else {
            return;
        };
        let Some(Some(slot)) = self.pages.get_mut(number) else {
            return;
        };
        let page = Arc::make_mut(slot);
        page.live = page
            .connections
            .iter()
            .filter(|connection| !connection.is_over())
            .count();
        debug_assert!(
            place < page.connections.len(),
            "a connection that was opened has a place"
        );
        if page.live == 0 && page.connections.len() == PAGE {
            self.pages[number] = None;
        }
    }

    /// All connections that are not forgotten.
    pub(super) fn iter(&self) -> impl Iterator<Item = (ConnId, &Connection<V>)> + '_ {
        let pages = self.pages.iter().enumerate();
        let pages = pages.filter_map(|(number, page)| Some((number, page.as_ref()?)));
        pages.flat_map(|(number, page)| {
            let places = page.connections.iter().enumerate();
            places.map(move |(place, c)| (ConnId((number * PAGE + place + 1) as u32), c))
        })
    }
}

fn place(conn: ConnId) -> Option<(usize, usize)> {
    let index = conn.index().checked_sub(1)?;
    Some((index / PAGE, index % PAGE))
}
