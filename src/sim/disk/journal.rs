//! Changes of names that are not durable, oldest first. A power-off undoes some of the last ones.

use crate::sim::FileId;
use std::collections::VecDeque;

/// At most so many changes wait to become durable: the system writes older ones back.
const LIMIT: usize = 256;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Created {
        path: String,
    },
    Deleted {
        path: String,
        file: FileId,
    },
    Renamed {
        from: String,
        to: String,
        over: Option<FileId>,
    },
}

#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    changes: VecDeque<Change>,
    /// How many changes became durable before the first one here.
    settled: u64,
}

impl Journal {
    /// How many changes were made in all.
    pub(super) fn end(&self) -> u64 {
        self.settled + self.changes.len() as u64
    }

    pub(super) fn len(&self) -> usize {
        self.changes.len()
    }

    /// Adds a change; the one that becomes durable because too many wait.
    pub(super) fn push(&mut self, change: Change) -> Option<Change> {
        self.changes.push_back(change);
        (self.changes.len() > LIMIT)
            .then(|| self.settle_first())
            .flatten()
    }

    /// The oldest change, if it is among the first `end` ones: it is durable.
    pub(super) fn settle_before(&mut self, end: u64) -> Option<Change> {
        (self.settled < end).then(|| self.settle_first()).flatten()
    }

    /// Takes out the newest change to undo it.
    pub(super) fn undo(&mut self) -> Option<Change> {
        self.changes.pop_back()
    }

    fn settle_first(&mut self) -> Option<Change> {
        let change = self.changes.pop_front()?;
        self.settled += 1;
        Some(change)
    }
}
