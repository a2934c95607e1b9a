//! The timers of one seat: armed and cancelled by key, in mono time.
//!
//! A binary heap of deadlines over a slab of entries, and the slots sorted by key: arming again,
//! cancelling and popping cost a logarithm, a clone copies four flat vectors.

use super::{StepNo, Time};

/// Armed timers, ordered by deadline, then by arming.
#[derive(Clone, Debug)]
pub struct TimerQueue<T: Copy + Ord> {
    entries: Vec<Entry<T>>,
    free: Vec<u32>,
    heap: Vec<Due>,
    by_key: Vec<u32>,
    armed: u64,
    step: StepNo,
}

#[derive(Clone, Copy, Debug)]
struct Entry<T> {
    timer: T,
    /// The step that armed it.
    step: StepNo,
    /// Where the heap holds it.
    place: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    at: Time,
    armed: u64,
    slot: u32,
}

impl<T: Copy + Ord> Default for TimerQueue<T> {
    fn default() -> Self {
        TimerQueue {
            entries: Vec::new(),
            free: Vec::new(),
            heap: Vec::new(),
            by_key: Vec::new(),
            armed: 0,
            step: StepNo(0),
        }
    }
}

impl<T: Copy + Ord> TimerQueue<T> {
    /// How many timers are armed.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// True if no timer is armed.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// When `timer` is due, if it is armed.
    pub fn deadline(&self, timer: T) -> Option<Time> {
        let slot = self.by_key[self.find(timer).ok()?];
        Some(self.heap[self.entries[slot as usize].place as usize].at)
    }

    /// The earliest deadline.
    pub fn next_deadline(&self) -> Option<Time> {
        self.heap.first().map(|due| due.at)
    }

    /// The armed timers by key, with their deadlines.
    pub fn iter(&self) -> impl Iterator<Item = (T, Time)> + '_ {
        self.by_key.iter().map(|&slot| {
            let entry = &self.entries[slot as usize];
            (entry.timer, self.heap[entry.place as usize].at)
        })
    }

    /// Timers armed from here on remember `step` as their cause.
    pub(super) fn begin(&mut self, step: StepNo) {
        self.step = step;
    }

    /// Arms `timer` for `at`; a timer already armed is moved.
    pub fn arm(&mut self, at: Time, timer: T) {
        self.armed += 1;
        match self.find(timer) {
            Ok(index) => self.rearm(self.by_key[index], at),
            Err(index) => self.insert(index, at, timer),
        }
    }

    /// Cancels `timer`; false if it was not armed.
    pub fn cancel(&mut self, timer: T) -> bool {
        let Ok(index) = self.find(timer) else {
            return false;
        };
        let slot = self.by_key[index];
        self.remove(self.entries[slot as usize].place as usize, index);
        true
    }

    /// Removes the earliest timer if it is due at `now`.
    pub fn pop_due(&mut self, now: Time) -> Option<(Time, T)> {
        self.pop_due_with_step(now)
            .map(|(at, timer, _)| (at, timer))
    }

    /// Removes the earliest timer if it is due at `now`; with the step that armed it.
    pub(super) fn pop_due_with_step(&mut self, now: Time) -> Option<(Time, T, StepNo)> {
        let due = *self.heap.first()?;
        if due.at > now {
            return None;
        }
        let Entry { timer, step, .. } = self.entries[due.slot as usize];
        let index = self.find(timer).ok()?;
        self.remove(0, index);
        Some((due.at, timer, step))
    }

    /// Forgets every timer.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.free.clear();
        self.heap.clear();
        self.by_key.clear();
    }

    fn find(&self, timer: T) -> Result<usize, usize> {
        self.by_key
            .binary_search_by(|&slot| self.entries[slot as usize].timer.cmp(&timer))
    }

    fn rearm(&mut self, slot: u32, at: Time) {
        let entry = &mut self.entries[slot as usize];
        entry.step = self.step;
        let place = entry.place as usize;
        self.heap[place] = Due {
            at,
            armed: self.armed,
            slot,
        };
        self.settle(place);
    }

    fn insert(&mut self, index: usize, at: Time, timer: T) {
        let place = self.heap.len();
        let entry = Entry {
            timer,
            step: self.step,
            place: place as u32,
        };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.entries[slot as usize] = entry;
                slot
            }
            None => {
                self.entries.push(entry);
                self.entries.len() as u32 - 1
            }
        };
        self.by_key.insert(index, slot);
        self.heap.push(Due {
            at,
            armed: self.armed,
            slot,
        });
        self.settle(place);
    }

    fn remove(&mut self, place: usize, index: usize) {
        let slot = self.by_key.remove(index);
        self.free.push(slot);
        self.heap.swap_remove(place);
        if place < self.heap.len() {
            self.settle(place);
        }
    }

    /// Moves the entry at `place` up or down to where it belongs.
    fn settle(&mut self, mut place: usize) {
        let due = self.heap[place];
        while place > 0 && due < self.heap[(place - 1) / 2] {
            self.put(place, self.heap[(place - 1) / 2]);
            place = (place - 1) / 2;
        }
        while let Some(child) = self
            .lesser_child(place)
            .filter(|&child| self.heap[child] < due)
        {
            self.put(place, self.heap[child]);
            place = child;
        }
        self.put(place, due);
    }

    fn lesser_child(&self, place: usize) -> Option<usize> {
        let (left, right) = (2 * place + 1, 2 * place + 2);
        let right_is_less = right < self.heap.len() && self.heap[right] < self.heap[left];
        (left < self.heap.len()).then_some(if right_is_less { right } else { left })
    }

    fn put(&mut self, place: usize, due: Due) {
        self.heap[place] = due;
        self.entries[due.slot as usize].place = place as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The plainest queue that could be right: a list searched from end to end.
    #[derive(Default)]
    struct Model {
        armed: Vec<(Time, u64, u8)>,
        count: u64,
    }

    impl Model {
        fn arm(&mut self, at: Time, timer: u8) {
            self.cancel(timer);
            self.count += 1;
            self.armed.push((at, self.count, timer));
        }

        fn cancel(&mut self, timer: u8) -> bool {
            let before = self.armed.len();
            self.armed.retain(|(_, _, other)| *other != timer);
            before != self.armed.len()
        }

        fn pop_due(&mut self, now: Time) -> Option<(Time, u8)> {
            let &(at, count, timer) = self.armed.iter().min()?;
            if at > now {
                return None;
            }
            self.armed.retain(|(_, other, _)| *other != count);
            Some((at, timer))
        }
    }

    proptest! {
        #[test]
        fn behaves_like_the_model(
            ops in prop::collection::vec((0u8..4, 0u8..12, 0u64..20), 0..200),
        ) {
            let (mut queue, mut model) = (TimerQueue::default(), Model::default());
            for (op, timer, at) in ops {
                match op {
                    0 | 1 => {
                        queue.arm(Time(at), timer);
                        model.arm(Time(at), timer);
                    }
                    2 => prop_assert_eq!(queue.cancel(timer), model.cancel(timer)),
                    _ => prop_assert_eq!(queue.pop_due(Time(at)), model.pop_due(Time(at))),
                }
                let deadline = model.armed.iter().find(|(_, _, t)| *t == timer).map(|a| a.0);
                prop_assert_eq!(queue.deadline(timer), deadline);
                prop_assert_eq!(queue.next_deadline(), model.armed.iter().min().map(|a| a.0));
                prop_assert_eq!(queue.iter().count(), model.armed.len());
            }
        }
    }
}
