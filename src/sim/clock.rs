//! The clocks of one machine: a monotonic one from zero at each boot, and a calendar.
//!
//! Both run at the machine's own rate (`drift_ppm` parts in a million fast or slow). The calendar
//! can jump; the monotonic clock can't. All arithmetic is on integers.

use super::Time;

const MILLION: i128 = 1_000_000;

/// The clocks of one machine as a function of World time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeClock {
    /// World time at which the two readings below were true.
    anchor: Time,
    mono: Time,
    /// Nanoseconds since 1970 on the machine's calendar.
    wall_ns: i128,
    drift_ppm: i32,
}

impl NodeClock {
    /// A clock that shows `wall_ms` at World time zero and runs true.
    pub fn new(wall_ms: i64) -> Self {
        let wall_ns = i128::from(wall_ms) * MILLION;
        NodeClock {
            anchor: Time::ZERO,
            mono: Time::ZERO,
            wall_ns,
            drift_ppm: 0,
        }
    }

    /// How fast it runs, in parts in a million above the true rate.
    pub fn drift_ppm(&self) -> i32 {
        self.drift_ppm
    }

    /// The monotonic clock at World time `at`.
    pub fn mono(&self, at: Time) -> Time {
        Time(self.mono.0.saturating_add(self.elapsed(at)))
    }

    /// The calendar at World time `at`, in milliseconds since 1970.
    pub fn wall_ms(&self, at: Time) -> i64 {
        if self.drift_ppm == 0 && self.wall_ns == i128::from(self.wall_ns as i64) {
            return (self.wall_ns as i64)
                .saturating_add(self.elapsed(at) as i64)
                .div_euclid(1_000_000);
        }
        (self.wall_ns + i128::from(self.elapsed(at))).div_euclid(MILLION) as i64
    }

    /// The first World time at which the monotonic clock shows `mono` or more.
    pub fn real(&self, mono: Time) -> Time {
        let ahead = mono.0.saturating_sub(self.mono.0);
        if mono == Time::NEVER {
            return Time::NEVER;
        }
        if self.drift_ppm == 0 {
            return Time(self.anchor.0.saturating_add(ahead));
        }
        let rate = MILLION + i128::from(self.drift_ppm);
        let real = (i128::from(ahead) * MILLION + rate - 1) / rate;
        Time(u64::try_from(i128::from(self.anchor.0) + real).unwrap_or(u64::MAX))
    }

    /// The machine boots: its monotonic clock begins at zero.
    pub fn boot(&mut self, at: Time) {
        self.settle(at);
        self.mono = Time::ZERO;
    }

    /// The calendar jumps by `ms`.
    pub fn jump(&mut self, ms: i64) {
        self.wall_ns += i128::from(ms) * MILLION;
    }

    /// From `at` on the clock runs `ppm` parts in a million fast (or slow, if negative; at most
    /// half the true rate either way).
    pub fn set_drift(&mut self, at: Time, ppm: i32) {
        self.settle(at);
        self.drift_ppm = ppm.clamp(-500_000, 500_000);
    }

    fn settle(&mut self, at: Time) {
        let elapsed = self.elapsed(at);
        self.mono = Time(self.mono.0.saturating_add(elapsed));
        self.wall_ns += i128::from(elapsed);
        self.anchor = at;
    }

    fn elapsed(&self, at: Time) -> u64 {
        let real = at.since(self.anchor).0;
        if self.drift_ppm == 0 {
            return real;
        }
        let rate = MILLION + i128::from(self.drift_ppm);
        u64::try_from(i128::from(real) * rate / MILLION).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn real_is_the_first_time_that_shows_the_deadline(
            ppm in -500_000i32..500_000, at in 0u64..1_000_000, mono in 0u64..3_000_000,
        ) {
            let mut clock = NodeClock::new(0);
            clock.set_drift(Time(at), ppm);
            let real = clock.real(Time(mono));
            prop_assert!(clock.mono(real) >= Time(mono));
            if real > Time(at) {
                prop_assert!(clock.mono(Time(real.0 - 1)) < Time(mono));
            }
        }

        #[test]
        fn a_change_of_drift_moves_no_reading(ppm in -500_000i32..500_000, at in 0u64..1 << 40) {
            let mut clock = NodeClock::new(1_000);
            clock.set_drift(Time(7), 250);
            let before = (clock.mono(Time(at)), clock.wall_ms(Time(at)));
            clock.set_drift(Time(at.max(7)), ppm);
            prop_assume!(at >= 7);
            prop_assert_eq!((clock.mono(Time(at)), clock.wall_ms(Time(at))), before);
        }
    }

    #[test]
    fn a_jump_moves_the_calendar_only() {
        let mut clock = NodeClock::new(5_000);
        clock.boot(Time::from_millis(100));
        clock.jump(-2_000);
        assert_eq!(clock.mono(Time::from_millis(150)), Time::from_millis(50));
        assert_eq!(clock.wall_ms(Time::from_millis(150)), 3_150);
    }
}
