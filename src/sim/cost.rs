//! Service takes time: what an input costs, and counters of the work done.

use super::Span;

/// How much work of each kind a node has done, by the vocabulary's fixed codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    units: Vec<u64>,
}

impl Counters {
    /// Counts `units` of `work`.
    pub fn add(&mut self, work: u8, units: u64) {
        let index = usize::from(work);
        if self.units.len() <= index {
            self.units.resize(index + 1, 0);
        }
        self.units[index] += units;
    }

    /// The units of `work` counted so far.
    pub fn get(&self, work: u8) -> u64 {
        self.units.get(usize::from(work)).copied().unwrap_or(0)
    }
}

/// What a node is busy with: each kind of input has its own base cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// The start of a program.
    Boot,
    /// A request was read.
    Request,
    /// A response arrived.
    Response,
    /// A timer was due.
    Timer,
    /// Bytes are durable.
    Synced,
    /// A call from outside.
    Call,
    /// A connection is gone.
    Reset,
}

/// Nanoseconds for a number of units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rate {
    nanos: u64,
    per: u64,
}

/// The stated cost of service: a base by kind of input, and a rate by kind of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostModel {
    base: [Span; 7],
    rates: Vec<Rate>,
    free: bool,
}

impl Default for CostModel {
    fn default() -> Self {
        CostModel::free()
    }
}

impl CostModel {
    /// Everything takes no time.
    pub fn free() -> Self {
        CostModel {
            base: [Span::ZERO; 7],
            rates: Vec::new(),
            free: true,
        }
    }

    /// Every input of `kind` costs `span` at least.
    pub fn set_base(&mut self, kind: InputKind, span: Span) {
        self.base[kind as usize] = span;
        self.free = false;
    }

    /// `per` units of `work` (at least 1) cost `nanos` nanoseconds; a remainder in proportion,
    /// rounded down for each spending.
    pub fn set_rate(&mut self, work: u8, nanos: u64, per: u64) {
        let index = usize::from(work);
        if self.rates.len() <= index {
            self.rates.resize(index + 1, Rate { nanos: 0, per: 1 });
        }
        self.rates[index] = Rate {
            nanos,
            per: per.max(1),
        };
        self.free = false;
    }

    /// What an input of `kind` costs that took this work (code and units).
    pub fn cost(&self, kind: InputKind, work: &[(u8, u64)]) -> Span {
        if self.free {
            return Span::ZERO;
        }
        let rated = work.iter().map(|&(code, units)| self.rated(code, units));
        self.base[kind as usize] + Span(rated.fold(0, u64::saturating_add))
    }

    fn rated(&self, code: u8, units: u64) -> u64 {
        match self.rates.get(usize::from(code)) {
            Some(rate) => units.saturating_mul(rate.nanos) / rate.per,
            None => 0,
        }
    }
}

/// How much slower than the cost model a machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slowness {
    /// Service takes this many percent of the model's time.
    pub percent: u32,
    /// Every input takes this much longer.
    pub each: Span,
}

impl Default for Slowness {
    fn default() -> Self {
        Slowness {
            percent: 100,
            each: Span::ZERO,
        }
    }
}

impl Slowness {
    /// The time a slow machine takes for what costs `span`.
    pub fn apply(&self, span: Span) -> Span {
        if *self == Slowness::default() {
            return span;
        }
        let scaled = u128::from(span.0) * u128::from(self.percent) / 100;
        Span(u64::try_from(scaled).unwrap_or(u64::MAX)) + self.each
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_is_base_and_work() {
        let mut model = CostModel::free();
        model.set_base(InputKind::Request, Span(50));
        model.set_rate(3, 1, 4);
        assert_eq!(
            model.cost(InputKind::Request, &[(3, 9), (3, 3), (7, 100)]),
            Span(52)
        );
        assert_eq!(model.cost(InputKind::Timer, &[]), Span::ZERO);
    }

    #[test]
    fn a_slow_machine_takes_a_multiple_and_more() {
        let slow = Slowness {
            percent: 250,
            each: Span(7),
        };
        assert_eq!(slow.apply(Span(10)), Span(32));
        assert_eq!(Slowness::default().apply(Span(10)), Span(10));
    }
}
