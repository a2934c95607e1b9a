//! The order of deliveries as a choice of the oracle.
//!
//! Candidates are the first messages of their streams that are due within a window of the next
//! one. Choosing a later one delays those before it until then; nothing arrives earlier than its
//! link allows, and a stream keeps its order.

use super::{Event, Explore, World};
use crate::sim::connection::Side;
use crate::sim::queue::Taken;
use crate::sim::{ConnId, Label, Oracle, Purpose, StateMachine};

impl<M: StateMachine> World<M> {
    /// If a delivery is next: lets the oracle choose which one. True if that put another thing
    /// in its place.
    pub(super) fn choose_next(&mut self, oracle: &mut dyn Oracle) -> bool {
        let Some(Explore { window, width, .. }) = self.config.explore else {
            return false;
        };
        let next_is_open = matches!(self.queue.peek(), Some(Event::Flight(next)) if !next.chosen);
        let Some(first) = self.queue.next_time().filter(|_| width > 1 && next_is_open) else {
            return false;
        };
        let mut streams: Vec<(ConnId, Side)> = Vec::new();
        let candidates = self
            .queue
            .take_matching(first + window, width as usize, |event| {
                let Event::Flight(flight) = event else {
                    return false;
                };
                let stream = (flight.envelope.conn, flight.side());
                let first = !streams.contains(&stream);
                streams.push(stream);
                first
            });
        let chosen = self.ask_for_order(candidates.len(), oracle);
        self.delay_before(candidates, chosen);
        chosen > 0
    }

    fn ask_for_order(&mut self, candidates: usize, oracle: &mut dyn Oracle) -> usize {
        if candidates < 2 {
            return 0;
        }
        let label = Label {
            purpose: Purpose::Order as u8,
            subject: 0,
            n: self.choices,
        };
        self.choices += 1;
        let choice = oracle.choose(label, candidates as u32) as usize;
        choice.min(candidates - 1)
    }

    fn delay_before(&mut self, candidates: Vec<Taken<Event<M::V>>>, chosen: usize) {
        let Some(until) = candidates.get(chosen).map(|taken| taken.at) else {
            return;
        };
        for (index, mut taken) in candidates.into_iter().enumerate() {
            if index >= chosen {
                if let (Event::Flight(flight), true) = (&mut taken.payload, index == chosen) {
                    flight.chosen = true;
                }
                self.queue.put_back(taken);
                continue;
            }
            if let Event::Flight(flight) = taken.payload {
                self.put_off(flight, until);
            }
        }
    }
}
