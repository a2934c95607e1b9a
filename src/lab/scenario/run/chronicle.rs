//! What happened to machines and logs, for explanations after the run.

use crate::kafka::client::record_digest;
use crate::kafka::vocabulary::{Kafka, Note, Tp};
use crate::lab::cluster::View;
use crate::sim::{Action, Fault, NodeId, StepNo, StepRecord, Time};
use std::collections::BTreeMap;
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
    /// The first offset at which a leader appended the record with this digest.
    offsets: Arc<BTreeMap<i64, i64>>,
}

impl Chronicle {
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Where a leader first appended the record with this digest.
    pub(super) fn offset_of(&self, digest: i64) -> Option<i64> {
        self.offsets.get(&digest).copied()
    }

    /// Remembers what leaders append: with acks=0 no answer tells where a record went.
    pub(super) fn remember_appends(&mut self, view: View<'_>, record: &StepRecord<'_, Kafka>) {
        let Some(node) = record.node else { return };
        for note in record.notes {
            let Note::Appended {
                partition, base, ..
            } = *note
            else {
                continue;
            };
            let (Some(replica), Some(disk)) =
                (view.replica(node, partition), view.world.disk(node))
            else {
                continue;
            };
            let batch = replica.partition.log().batches_from(disk, base).next();
            let records = batch
                .and_then(|batch| batch.records().ok())
                .unwrap_or_default();
            let offsets = Arc::make_mut(&mut self.offsets);
            for record in records {
                let digest = record_digest(record.key.as_deref(), record.value.as_deref());
                offsets.entry(digest).or_insert(record.offset);
            }
        }
    }

    pub(super) fn after(&mut self, record: &StepRecord<'_, Kafka>) {
        let Some(node) = record.node else { return };
        let (at, step) = (record.at, record.no);
        let fault = match record.action {
            Some(Action::Fault(fault)) => fault_event(fault),
            _ => None,
        };
        let events = fault
            .into_iter()
            .chain(record.notes.iter().filter_map(note_event));
        for event in events {
            if self.entries.len() < ENTRIES_MAX {
                Arc::make_mut(&mut self.entries).push(Entry {
                    at,
                    step,
                    node,
                    event,
                });
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
        Note::Appended {
            partition,
            base,
            last,
            epoch,
        } => Some(Event::Appended(partition, base, last, epoch)),
        Note::Replicated {
            partition,
            base,
            last,
            epoch,
        } => Some(Event::Replicated(partition, base, last, epoch)),
        Note::BecameLeader {
            partition,
            epoch,
            start,
            ..
        } => Some(Event::Leads(partition, epoch, start)),
        Note::LogTruncated {
            partition,
            from,
            to,
        } => Some(Event::Truncated(partition, from, to)),
        Note::LeaderElected {
            partition,
            leader,
            unclean,
            ..
        } => Some(Event::Elected(partition, leader.0, unclean)),
        _ => None,
    }
}
