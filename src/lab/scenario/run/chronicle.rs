//! What happened to machines and logs, for explanations after the run.

use crate::kafka::vocabulary::{Kafka, Note, Tp};
use crate::sim::{Action, Fault, NodeId, StepNo, StepRecord, Time};
use std::sync::Arc;

/// More entries than this are not kept: explanations need the first faults and elections.
const ENTRIES_MAX: usize = 200_000;

/// Something worth remembering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A machine lost its process (true: its power).
    Down(bool),
    /// A machine was paused.
    Paused,
    /// A machine was started or resumed.
    Back,
    /// A leader appended [base, last] in an epoch.
    Appended(Tp, i64, i64, i32),
    /// A follower appended [base, last] in an epoch.
    Replicated(Tp, i64, i64, i32),
    /// A replica became the leader of an epoch that starts there.
    Leads(Tp, i32, i64),
    /// A replica cut its log from there to there.
    Truncated(Tp, i64, i64),
    /// The controller elected (true: uncleanly) this leader.
    Elected(Tp, i32, bool),
}

/// An event with its place in the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) at: Time,
    pub(super) step: StepNo,
    pub(super) node: NodeId,
    pub(super) event: Event,
}

/// The events of a run, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Chronicle {
    entries: Arc<Vec<Entry>>,
}

impl Chronicle {
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn after(&mut self, record: &StepRecord<'_, Kafka>) {
        let Some(node) = record.node else { return };
        let (at, step) = (record.at, record.no);
        let fault = match record.action {
            Some(Action::Fault(fault)) => fault_event(fault),
            _ => None,
        };
        let events = fault.into_iter().chain(record.notes.iter().filter_map(note_event));
        for event in events {
            if self.entries.len() < ENTRIES_MAX {
                Arc::make_mut(&mut self.entries).push(Entry { at, step, node, event });
            }
        }
    }
}

fn fault_event(fault: &Fault) -> Option<Event> {
    match fault {
        Fault::Crash { .. } => Some(Event::Down(false)),
        Fault::PowerOff { .. } => Some(Event::Down(true)),
        Fault::Pause { .. } => Some(Event::Paused),
        Fault::Start { .. } | Fault::Resume { .. } => Some(Event::Back),
        _ => None,
    }
}

fn note_event(note: &Note) -> Option<Event> {
    match *note {
        Note::Appended { partition, base, last, epoch } => {
            Some(Event::Appended(partition, base, last, epoch))
        }
        Note::Replicated { partition, base, last, epoch } => {
            Some(Event::Replicated(partition, base, last, epoch))
        }
        Note::BecameLeader { partition, epoch, start, .. } => {
            Some(Event::Leads(partition, epoch, start))
        }
        Note::LogTruncated { partition, from, to } => Some(Event::Truncated(partition, from, to)),
        Note::LeaderElected { partition, leader, unclean, .. } => {
            Some(Event::Elected(partition, leader.0, unclean))
        }
        _ => None,
    }
}
