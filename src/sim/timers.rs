//! The timers of one seat: armed and cancelled by key, in mono time.

use super::Time;
use std::collections::BTreeMap;

/// Armed timers, ordered by deadline, then by arming.
#[derive(Clone, Debug)]
pub struct TimerQueue<T: Copy + Ord> {
    by_key: BTreeMap<T, (Time, u64)>,
    by_time: BTreeMap<(Time, u64), T>,
    armed: u64,
}

impl<T: Copy + Ord> Default for TimerQueue<T> {
    fn default() -> Self {
        TimerQueue {
            by_key: BTreeMap::new(),
            by_time: BTreeMap::new(),
            armed: 0,
        }
    }
}

impl<T: Copy + Ord> TimerQueue<T> {
    /// Arms `timer` for `at`; a timer already armed is moved.
    pub fn arm(&mut self, at: Time, timer: T) {
        self.cancel(timer);
        self.armed += 1;
        self.by_key.insert(timer, (at, self.armed));
        self.by_time.insert((at, self.armed), timer);
    }

    /// Cancels `timer`; false if it was not armed.
    pub fn cancel(&mut self, timer: T) -> bool {
        match self.by_key.remove(&timer) {
            Some(place) => self.by_time.remove(&place).is_some(),
            None => false,
        }
    }

    /// When `timer` is due, if it is armed.
    pub fn deadline(&self, timer: T) -> Option<Time> {
        self.by_key.get(&timer).map(|(at, _)| *at)
    }

    /// The earliest deadline.
    pub fn next_deadline(&self) -> Option<Time> {
        self.by_time.first_key_value().map(|((at, _), _)| *at)
    }

    /// Removes the earliest timer if it is due at `now`.
    pub fn pop_due(&mut self, now: Time) -> Option<(Time, T)> {
        let (&(at, armed), &timer) = self.by_time.first_key_value()?;
        if at > now {
            return None;
        }
        self.by_time.remove(&(at, armed));
        self.by_key.remove(&timer);
        Some((at, timer))
    }

    /// Forgets every timer.
    pub fn clear(&mut self) {
        self.by_key.clear();
        self.by_time.clear();
    }
}
