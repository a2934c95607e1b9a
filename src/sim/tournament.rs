//! One entry a seat: when it next has something to do by itself (a timer, or an input that
//! waited while it was busy). The earliest wins, on a tie the lower node id.

use super::{NodeId, Time};

/// A tournament tree over seats.
#[derive(Clone, Debug, Default)]
pub(super) struct Tournament {
    times: Vec<Time>,
    /// Winners of the inner games, the final at 1; `times.len()` is a power of two.
    winners: Vec<u16>,
}

impl Tournament {
    /// Makes room for `seats` seats; new ones never.
    pub(super) fn grow(&mut self, seats: usize) {
        let leaves = seats.next_power_of_two();
        if leaves <= self.times.len() {
            return;
        }
        self.times.resize(leaves, Time::NEVER);
        self.winners = vec![0; leaves];
        for game in (1..leaves).rev() {
            self.winners[game] = self.play(game);
        }
    }

    /// The seat that is next, and when; `None` if all of them never.
    pub(super) fn first(&self) -> Option<(Time, NodeId)> {
        let winner = if self.times.len() > 1 {
            self.winners[1]
        } else {
            0
        };
        let at = *self.times.get(usize::from(winner))?;
        (at != Time::NEVER).then_some((at, NodeId(winner)))
    }

    /// Sets when a seat is next.
    pub(super) fn set(&mut self, node: NodeId, at: Time) {
        if self.times[node.index()] == at {
            return;
        }
        self.times[node.index()] = at;
        let mut game = (self.times.len() + node.index()) / 2;
        while game > 0 {
            self.winners[game] = self.play(game);
            game /= 2;
        }
    }

    fn play(&self, game: usize) -> u16 {
        let (left, right) = (self.entrant(2 * game), self.entrant(2 * game + 1));
        if self.times[usize::from(right)] < self.times[usize::from(left)] {
            right
        } else {
            left
        }
    }

    fn entrant(&self, place: usize) -> u16 {
        match place.checked_sub(self.times.len()) {
            Some(leaf) => leaf as u16,
            None => self.winners[place],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_first_is_the_least(sets in prop::collection::vec((0u16..11, 0u64..5), 1..80)) {
            let mut tree = Tournament::default();
            let mut times = vec![];
            for (node, at) in sets {
                let at = if at == 4 { Time::NEVER } else { Time(at) };
                if times.len() <= usize::from(node) {
                    times.resize(usize::from(node) + 1, Time::NEVER);
                    tree.grow(times.len());
                }
                times[usize::from(node)] = at;
                tree.set(NodeId(node), at);
                let least = (0..times.len()).map(|i| (times[i], NodeId(i as u16))).min();
                prop_assert_eq!(tree.first(), least.filter(|(at, _)| *at != Time::NEVER));
            }
        }
    }

    #[test]
    fn an_empty_tree_has_no_first() {
        assert_eq!(Tournament::default().first(), None);
    }
}
