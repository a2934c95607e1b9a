//! The yardstick: the least that any discrete-event simulation does for an event.
//!
//! Pop the earliest of about 1,024 outstanding events from a heap of small keys, take its 128
//! bytes from a pool, touch one word of the receiving node, draw a latency from a ChaCha stream,
//! push one successor. No network, no disk, no hash, no program. What a step of the engine costs
//! is told as a multiple of this, measured in the same minute on the same machine: seconds of
//! different machines can not be compared, the ratio can.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

const OUTSTANDING: u64 = 1_024;
const NODES: usize = 8;
const WORDS: usize = 1_024;
/// Events between two looks at the clock.
const CHUNK: u64 = 65_536;

/// 128 bytes.
#[derive(Clone, Copy)]
struct Event {
    at: u64,
    sequence: u64,
    from: u16,
    to: u16,
    kind: u32,
    word: u64,
    payload: [u64; 12],
}

/// A heap, a pool and eight nodes.
pub(crate) struct RawLoop {
    /// Time, sequence, place in the pool; the earliest first.
    queue: BinaryHeap<Reverse<(u64, u64, u32)>>,
    pool: Vec<Event>,
    free: Vec<u32>,
    nodes: Vec<[u64; WORDS]>,
    rng: ChaCha8Rng,
    sequence: u64,
}

impl RawLoop {
    /// A loop with its outstanding events, from a seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut raw = RawLoop {
            queue: BinaryHeap::new(),
            pool: Vec::new(),
            free: Vec::new(),
            nodes: vec![[0; WORDS]; NODES],
            rng: ChaCha8Rng::seed_from_u64(seed),
            sequence: 0,
        };
        for number in 0..OUTSTANDING {
            let draw = raw.rng.next_u64();
            raw.push(Event {
                at: draw % 1_000_000,
                sequence: number,
                from: (number % NODES as u64) as u16,
                to: ((number + 1) % NODES as u64) as u16,
                kind: (draw >> 60) as u32,
                word: draw >> 20,
                payload: [number; 12],
            });
        }
        raw
    }

    /// Handles so many events; the virtual time in nanoseconds and a sum over the nodes after it.
    pub(crate) fn run(&mut self, events: u64) -> (u64, u64) {
        let mut now = 0;
        for _ in 0..events {
            let Some(event) = self.pop() else { break };
            now = event.at;
            self.handle(event);
        }
        let words = self.nodes.iter().flatten();
        (now, words.fold(0, |sum, word| sum.rotate_left(1) ^ word))
    }

    fn handle(&mut self, event: Event) {
        let word = &mut self.nodes[usize::from(event.to) % NODES][event.word as usize % WORDS];
        *word = word.wrapping_add(event.payload[0]).rotate_left(5) ^ event.sequence;
        let value = *word;
        let draw = self.rng.next_u64();
        // 50 to 1,050 microseconds.
        let latency = 50_000 + (((draw & 0xFFFF_FFFF) * 1_000_000) >> 32);
        let mut payload = event.payload;
        payload[0] = value;
        self.push(Event {
            at: event.at + latency,
            sequence: self.sequence,
            from: event.to,
            to: (draw >> 40) as u16 % NODES as u16,
            kind: (draw >> 44) as u32 & 15 ^ u32::from(event.from) ^ event.kind & 1,
            word: value ^ (draw >> 32),
            payload,
        });
    }

    fn push(&mut self, event: Event) {
        let key = (event.at, event.sequence);
        let place = match self.free.pop() {
            Some(place) => {
                self.pool[place as usize] = event;
                place
            }
            None => {
                self.pool.push(event);
                self.pool.len() as u32 - 1
            }
        };
        self.queue.push(Reverse((key.0, key.1, place)));
        self.sequence += 1;
    }

    fn pop(&mut self) -> Option<Event> {
        let Reverse((_, _, place)) = self.queue.pop()?;
        self.free.push(place);
        Some(self.pool[place as usize])
    }
}

/// Runs a loop for about `duration` of real time, after a short warm-up; its events a second.
pub(crate) fn events_per_second(duration: Duration) -> f64 {
    let mut raw = RawLoop::new(7);
    std::hint::black_box(raw.run(CHUNK));
    let start = Instant::now();
    let mut events = 0_u64;
    loop {
        std::hint::black_box(raw.run(CHUNK));
        events += CHUNK;
        let elapsed = start.elapsed();
        if elapsed >= duration && !elapsed.is_zero() {
            return events as f64 / elapsed.as_secs_f64();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_128_bytes() {
        assert_eq!(size_of::<Event>(), 128);
    }

    #[test]
    fn events_stay_outstanding_and_time_goes_on_by_the_mean_latency() {
        let mut raw = RawLoop::new(1);
        let events = 100 * OUTSTANDING;
        let (now, _) = raw.run(events);
        assert_eq!(raw.queue.len() as u64, OUTSTANDING);
        assert_eq!(raw.pool.len() as u64, OUTSTANDING);
        // Every event is handled some 100 times, each 550 microseconds after the last on average.
        assert!((52_000_000..58_000_000).contains(&now), "{now}");
    }

    #[test]
    fn one_seed_is_one_history_in_parts_or_whole() {
        let mut parts = RawLoop::new(3);
        parts.run(1_000);
        let whole = RawLoop::new(3).run(5_000);
        assert_eq!(parts.run(4_000), whole);
        assert_ne!(RawLoop::new(4).run(5_000), whole);
    }

    #[test]
    fn the_rate_is_a_rate() {
        assert!(events_per_second(Duration::from_millis(1)) > 1_000.0);
    }
}
