//! What is going to happen: std's heap of small keys over a slab of payloads.
//!
//! Order: time, then class (action 0, disk 1, delivery 2), then the order of pushing. A seat's
//! timers are not here: they come after everything of one instant, see `tournament`.

use super::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Which of the events of one instant come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Action = 0,
    Disk = 1,
    Delivery = 2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    at: Time,
    /// The class in the top two bits, the order of pushing below.
    order: u64,
    slot: u32,
}

/// A priority queue of payloads.
#[derive(Clone, Debug)]
pub(super) struct EventQueue<P> {
    heap: BinaryHeap<Reverse<Key>>,
    slots: Vec<Option<P>>,
    free: Vec<u32>,
    pushed: u64,
}

impl<P> Default for EventQueue<P> {
    fn default() -> Self {
        EventQueue {
            heap: BinaryHeap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            pushed: 0,
        }
    }
}

impl<P> EventQueue<P> {
    /// When the next payload is due.
    pub(super) fn next_time(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse(key)| key.at)
    }

    /// Adds a payload.
    pub(super) fn push(&mut self, at: Time, class: Class, payload: P) {
        self.pushed += 1;
        let order = (class as u64) << 62 | self.pushed;
        let slot = self.store(payload);
        self.heap.push(Reverse(Key { at, order, slot }));
    }

    fn store(&mut self, payload: P) -> u32 {
        match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = Some(payload);
                slot
            }
            None => {
                self.slots.push(Some(payload));
                self.slots.len() as u32 - 1
            }
        }
    }

    /// Removes the first payload; `None` inside for one that was revoked.
    pub(super) fn pop(&mut self) -> Option<(Time, Option<P>)> {
        let Reverse(key) = self.heap.pop()?;
        self.free.push(key.slot);
        Some((key.at, self.slots[key.slot as usize].take()))
    }

    /// Takes out the payloads that `wanted` accepts, first ones first; their places stay empty.
    pub(super) fn extract(&mut self, mut wanted: impl FnMut(&P) -> bool) -> Vec<P> {
        let keys = self.sorted_keys();
        let slots = keys.iter().map(|key| key.slot as usize);
        let taken = slots.filter_map(|slot| {
            let slot = &mut self.slots[slot];
            slot.as_ref()
                .is_some_and(&mut wanted)
                .then(|| slot.take())?
        });
        taken.collect()
    }

    fn sorted_keys(&self) -> Vec<Key> {
        let mut keys: Vec<Key> = self.heap.iter().map(|Reverse(key)| *key).collect();
        keys.sort_unstable();
        keys
    }

    /// Everything that waits, in the order in which it will be popped.
    pub(super) fn sorted(&self) -> Vec<(Time, &P)> {
        let keys = self.sorted_keys();
        let payload = |key: Key| Some((key.at, self.slots[key.slot as usize].as_ref()?));
        keys.into_iter().filter_map(payload).collect()
    }

    /// How many payloads wait.
    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }

    /// The payload that is next; `None` also if that one was revoked.
    pub(super) fn peek(&self) -> Option<&P> {
        let Reverse(key) = self.heap.peek()?;
        self.slots[key.slot as usize].as_ref()
    }

    /// Takes the payloads that `wanted` accepts among those due up to `until`, first ones first,
    /// at most `limit`; the rest stays as it was.
    pub(super) fn take_matching(
        &mut self,
        until: Time,
        limit: usize,
        mut wanted: impl FnMut(&P) -> bool,
    ) -> Vec<Taken<P>> {
        let mut keys = self.sorted_keys();
        keys.retain(|key| key.at <= until);
        let mut taken = Vec::new();
        for key in keys {
            let slot = &mut self.slots[key.slot as usize];
            if taken.len() < limit
                && slot.as_ref().is_some_and(&mut wanted)
                && let Some(payload) = slot.take()
            {
                let (at, order) = (key.at, key.order);
                taken.push(Taken { at, order, payload });
            }
        }
        let orders: Vec<u64> = taken.iter().map(|one| one.order).collect();
        let free = &mut self.free;
        self.heap.retain(|Reverse(key)| {
            let gone = orders.contains(&key.order);
            if gone {
                free.push(key.slot);
            }
            !gone
        });
        taken
    }

    /// Puts back what [`EventQueue::take_matching`] took, in its old turn.
    pub(super) fn put_back(&mut self, taken: Taken<P>) {
        let slot = self.store(taken.payload);
        self.heap.push(Reverse(Key {
            at: taken.at,
            order: taken.order,
            slot,
        }));
    }
}

/// A payload taken out of its turn.
#[derive(Debug)]
pub(super) struct Taken<P> {
    pub(super) at: Time,
    order: u64,
    pub(super) payload: P,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn class(code: u8) -> Class {
        [Class::Action, Class::Disk, Class::Delivery][usize::from(code)]
    }

    proptest! {
        #[test]
        fn pops_like_a_stable_sort(events in prop::collection::vec((0u64..8, 0u8..3), 0..60)) {
            let mut queue = EventQueue::default();
            for (i, &(at, code)) in events.iter().enumerate() {
                queue.push(Time(at), class(code), i);
            }
            let mut expected: Vec<usize> = (0..events.len()).collect();
            expected.sort_by_key(|&i| events[i]);
            let popped: Vec<usize> =
                std::iter::from_fn(|| queue.pop()).filter_map(|(_, p)| p).collect();
            prop_assert_eq!(popped, expected);
        }
    }

    #[test]
    fn a_revoked_payload_leaves_an_empty_place() {
        let mut queue = EventQueue::default();
        queue.push(Time(1), Class::Delivery, 'a');
        queue.push(Time(2), Class::Delivery, 'b');
        assert_eq!(queue.extract(|payload| *payload == 'a'), ['a']);
        assert_eq!(queue.pop(), Some((Time(1), None)));
        assert_eq!(queue.pop(), Some((Time(2), Some('b'))));
        assert_eq!(queue.pop(), None);
    }

    #[test]
    fn what_is_put_back_keeps_its_turn() {
        let mut queue = EventQueue::default();
        for (at, name) in [(1, 'a'), (1, 'b'), (2, 'c')] {
            queue.push(Time(at), Class::Delivery, name);
        }
        let mut taken = queue.take_matching(Time(2), 9, |name| *name != 'b');
        assert_eq!(
            taken.iter().map(|one| one.payload).collect::<String>(),
            "ac"
        );
        let c = taken.pop().expect("two were taken");
        let a = taken.pop().expect("two were taken");
        queue.put_back(a);
        queue.put_back(c);
        let names: String = std::iter::from_fn(|| queue.pop())
            .filter_map(|(_, p)| p)
            .collect();
        assert_eq!(names, "abc");
    }
}
