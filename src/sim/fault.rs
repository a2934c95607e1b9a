//! What acts on a World from outside: process, network, disk and clock faults, and calls.

use super::{
    CallId, Canonical, Cut, CutId, HoldId, LinkChange, NodeId, Span, Tail, TraceHash, Vocabulary,
};

/// A deed of a driver: a step of its own (a call becomes one when the node hears it).
#[derive(Clone, Debug)]
pub enum Action<V: Vocabulary> {
    /// Something happens to a machine, a link, a disk or a clock.
    Fault(Fault),
    /// Asks something of a node's program. It waits while the node is busy or paused; a node
    /// that is down never hears it, which is a step `Lost`.
    Call {
        /// The node.
        node: NodeId,
        /// Comes back with the outcome.
        id: CallId,
        /// What is asked.
        call: V::Call,
    },
}

impl<V: Vocabulary> From<Fault> for Action<V> {
    fn from(fault: Fault) -> Self {
        Action::Fault(fault)
    }
}

/// Something that happens to a machine, a link, a disk or a clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The program dies; what it wrote is kept (the page cache survives).
    Crash {
        /// The machine.
        node: NodeId,
    },
    /// The machine loses power; what it wrote and did not sync is in danger.
    PowerOff {
        /// The machine.
        node: NodeId,
        /// What becomes of unsynced bytes.
        tail: Tail,
    },
    /// A machine that is down boots.
    Start {
        /// The machine.
        node: NodeId,
        /// With the disk it had when it was added to the World.
        wipe: bool,
    },
    /// The program stops until it is resumed; its connections stay.
    Pause {
        /// The machine.
        node: NodeId,
    },
    /// A paused program goes on.
    Resume {
        /// The machine.
        node: NodeId,
    },
    /// Links carry nothing more.
    Cut(Cut),
    /// Links carry again: those of one cut, or all.
    Heal {
        /// The cut; `None` for all.
        id: Option<CutId>,
    },
    /// A link changes its settings.
    SetLink {
        /// The sender.
        from: NodeId,
        /// The receiver.
        to: NodeId,
        /// What changes.
        change: LinkChange,
        /// The other direction too.
        both: bool,
    },
    /// Service takes longer.
    Slow {
        /// The machine.
        node: NodeId,
        /// Percent of the cost model's time; 100 is normal.
        percent: u32,
        /// More for every input.
        each: Span,
    },
    /// The disk has no space left, or has again.
    DiskFull {
        /// The machine.
        node: NodeId,
        /// Whether it is full.
        full: bool,
    },
    /// The disk holds so many bytes.
    DiskCapacity {
        /// The machine.
        node: NodeId,
        /// `None` for no limit.
        bytes: Option<u64>,
    },
    /// Syncs take longer.
    DiskSlow {
        /// The machine.
        node: NodeId,
        /// Percent of the usual latency; 100 is normal.
        percent: u32,
        /// A latency of its own instead of the World's.
        latency: Option<Span>,
    },
    /// Bytes of a file rot.
    DiskCorrupt {
        /// The machine.
        node: NodeId,
        /// The file.
        path: String,
        /// The position of the first byte.
        at: u64,
        /// What is there now.
        bytes: Vec<u8>,
    },
    /// The calendar jumps.
    ClockJump {
        /// The machine.
        node: NodeId,
        /// By so many milliseconds.
        ms: i64,
    },
    /// The clocks run fast or slow.
    ClockDrift {
        /// The machine.
        node: NodeId,
        /// Parts in a million above the true rate.
        ppm: i32,
    },
    /// Messages that were held go on.
    Release {
        /// Those held under this name; `None` for all.
        id: Option<HoldId>,
    },
}

impl Fault {
    /// The machine it happens to; `None` for the network.
    pub fn node(&self) -> Option<NodeId> {
        match *self {
            Fault::Crash { node }
            | Fault::PowerOff { node, .. }
            | Fault::Start { node, .. }
            | Fault::Pause { node }
            | Fault::Resume { node }
            | Fault::Slow { node, .. }
            | Fault::DiskFull { node, .. }
            | Fault::DiskCapacity { node, .. }
            | Fault::DiskSlow { node, .. }
            | Fault::DiskCorrupt { node, .. }
            | Fault::ClockJump { node, .. }
            | Fault::ClockDrift { node, .. } => Some(node),
            Fault::Cut(_) | Fault::Heal { .. } | Fault::SetLink { .. } | Fault::Release { .. } => {
                None
            }
        }
    }

    /// Its fixed code.
    pub fn code(&self) -> u64 {
        match self {
            Fault::Crash { .. } => 1,
            Fault::PowerOff { .. } => 2,
            Fault::Start { .. } => 3,
            Fault::Pause { .. } => 4,
            Fault::Resume { .. } => 5,
            Fault::Cut(_) => 6,
            Fault::Heal { .. } => 7,
            Fault::SetLink { .. } => 8,
            Fault::Slow { .. } => 9,
            Fault::DiskFull { .. } => 10,
            Fault::DiskCapacity { .. } => 11,
            Fault::DiskSlow { .. } => 12,
            Fault::DiskCorrupt { .. } => 13,
            Fault::ClockJump { .. } => 14,
            Fault::ClockDrift { .. } => 15,
            Fault::Release { .. } => 16,
        }
    }
}

impl Canonical for Fault {
    fn canonical(&self, hash: &mut TraceHash) {
        hash.word(self.code());
        hash.word(self.node().map_or(u64::MAX, |node| u64::from(node.0)));
        match self {
            Fault::PowerOff { tail, .. } => hash.word(*tail as u64),
            Fault::Start { wipe, .. } => hash.word(u64::from(*wipe)),
            Fault::Cut(cut) => cut.canonical(hash),
            Fault::Heal { id } => hash.word(id.map_or(u64::MAX, |id| u64::from(id.0))),
            Fault::Release { id } => hash.word(id.map_or(u64::MAX, |id| u64::from(id.0))),
            Fault::SetLink {
                from,
                to,
                change,
                both,
            } => {
                hash.word(u64::from(from.0) << 32 | u64::from(to.0) << 1 | u64::from(*both));
                change.canonical(hash);
            }
            Fault::Slow { percent, each, .. } => {
                hash.word(u64::from(*percent));
                hash.word(each.0);
            }
            Fault::DiskFull { full, .. } => hash.word(u64::from(*full)),
            Fault::DiskCapacity { bytes, .. } => hash.word(bytes.unwrap_or(u64::MAX)),
            Fault::DiskSlow {
                percent, latency, ..
            } => {
                hash.word(u64::from(*percent));
                hash.word(latency.map_or(u64::MAX, |span| span.0));
            }
            Fault::DiskCorrupt {
                path, at, bytes, ..
            } => {
                hash.bytes(path.as_bytes());
                hash.word(*at);
                hash.bytes(bytes);
            }
            Fault::ClockJump { ms, .. } => hash.word(*ms as u64),
            Fault::ClockDrift { ppm, .. } => hash.word(*ppm as u64),
            Fault::Crash { .. } | Fault::Pause { .. } | Fault::Resume { .. } => {}
        }
    }
}

impl Canonical for Cut {
    fn canonical(&self, hash: &mut TraceHash) {
        hash.word(u64::from(self.id.0) << 1 | u64::from(self.both));
        for side in [&self.from, &self.to] {
            hash.word(side.len() as u64);
            side.iter().for_each(|node| hash.word(u64::from(node.0)));
        }
    }
}

impl Canonical for LinkChange {
    fn canonical(&self, hash: &mut TraceHash) {
        let (min, max) = self
            .latency
            .map_or((u64::MAX, u64::MAX), |(min, max)| (min.0, max.0));
        hash.word(min);
        hash.word(max);
        for ratio in [self.loss, self.duplicate, self.reorder] {
            hash.word(ratio.map_or(u64::MAX, u64::from));
        }
        hash.word(self.bandwidth.unwrap_or(u64::MAX));
    }
}
