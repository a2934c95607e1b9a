//! Work done by nodes, counted by kind.

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
