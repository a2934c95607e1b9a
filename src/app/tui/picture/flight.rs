//! Messages that were sent and not handled.

use crate::lab::cluster::{View, Voice};
use crate::lab::text::MessageSummary;
use crate::sim::{Envelope, InFlight, NodeId, StepNo, Time};

/// More messages than this are not copied; the rest is counted.
pub(in crate::app::tui) const FLIGHTS_MAX: usize = 500;

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On its way: how far, in parts of 1,000.
    Way(u16),
    /// Its receiver is busy or paused.
    Inbox,
    /// Behind an unanswered request of its connection.
    Muted,
    /// Held by the scenario.
    Held,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flight {
    /// The sender.
    pub from: NodeId,
    /// The receiver.
    pub to: NodeId,
    /// Their short names.
    pub ends: (String, String),
    /// Its gist, in Kafka's words.
    pub label: String,
    /// Where it is.
    pub place: Place,
    /// When it left.
    pub departs: Time,
    /// When it arrives, if that is known.
    pub arrives: Option<Time>,
    /// The step that sent it.
    pub cause: StepNo,
    /// The receiver is down: it can not arrive.
    pub receiver_down: bool,
    /// The link is cut: it can not arrive unless the cut heals first.
    pub cut: bool,
    /// What it says, for the inspector.
    pub summary: MessageSummary,
}

pub(super) fn flights(view: View<'_>) -> Vec<Flight> {
    let all = view.world.in_flight().take(FLIGHTS_MAX);
    all.map(|(place, envelope)| flight(view, place, envelope))
        .collect()
}

fn flight(
    view: View<'_>,
    place: InFlight,
    envelope: &Envelope<crate::kafka::vocabulary::Kafka>,
) -> Flight {
    let now = view.world.now();
    let (from, to) = (envelope.from, envelope.to);
    let summary = MessageSummary::of(envelope);
    let arrives = match place {
        InFlight::Link(at) => Some(at),
        _ => None,
    };
    let place = match place {
        InFlight::Link(at) => Place::Way(progress(envelope.departs, now, at)),
        InFlight::Inbox => Place::Inbox,
        InFlight::Muted => Place::Muted,
        InFlight::Held(_) => Place::Held,
    };
    Flight {
        from,
        to,
        ends: (view.names.short(from), view.names.short(to)),
        label: summary.label(&Voice::now(view).short()),
        place,
        departs: envelope.departs,
        arrives,
        cause: envelope.cause,
        receiver_down: !view.world.is_up(to),
        cut: view.world.is_cut(from, to),
        summary,
    }
}

/// How far between departure and arrival, in parts of 1,000.
fn progress(departs: Time, now: Time, arrives: Time) -> u16 {
    let whole = u128::from(arrives.since(departs).0).max(1);
    let gone = u128::from(now.since(departs).0) * 1_000 / whole;
    gone.min(1_000) as u16
}
