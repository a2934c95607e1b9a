//! The fate of each record: kept or lost, and why, back to the fault or setting that decided it.

use super::Run;
use super::eval::Scope;
use super::loss::Loss;
use super::records::{Ending, Sent};
use crate::kafka::client::ClientSpec;
use crate::kafka::config::Acks;
use crate::lab::check::LogEntry;
use std::collections::BTreeMap;

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Acknowledged and in the log.
    Kept,
    /// Acknowledged and not in the log.
    Lost(String),
    /// Not acknowledged, and in the log all the same.
    Written(String),
    /// Not acknowledged and not in the log.
    Refused(String),
    /// Deleted by retention.
    Expired,
}

/// One record's story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordFate {
    /// The producer's name.
    pub producer: String,
    /// The producer's `acks`.
    pub acks: Acks,
    /// The record.
    pub sent: Sent,
    /// What became of it.
    pub fate: Fate,
    /// Of a lost record: the facts that the fate tells of.
    pub loss: Option<Loss>,
}

impl Run {
    /// The fate of every record, given what the logs hold in the end.
    pub(super) fn fates(
        &self,
        scope: &Scope<'_>,
        log: &[LogEntry],
        log_starts: &BTreeMap<(String, i32), i64>,
    ) -> Vec<RecordFate> {
        let mut places: BTreeMap<(&str, i64), Vec<(i32, i64)>> = BTreeMap::new();
        for entry in log {
            let place = (entry.partition, entry.offset);
            places
                .entry((&entry.topic, entry.digest))
                .or_default()
                .push(place);
        }
        let story = |sent: &Sent| {
            let copies = places.get(&(sent.topic.as_str(), sent.digest));
            let copies = copies.map_or(&[][..], Vec::as_slice);
            let (fate, loss) = match self.fate(scope, sent, copies, log_starts) {
                Ok(fate) => (fate, None),
                Err(loss) => (Fate::Lost(loss.text(scope)), Some(loss)),
            };
            let producer = &self.plan.scenario.producers[sent.producer];
            let acks = self.acks(sent.producer);
            RecordFate {
                producer: producer.name.clone(),
                acks,
                sent: sent.clone(),
                fate,
                loss,
            }
        };
        self.records.sent().map(story).collect()
    }

    /// The `acks` of a producer, as its configs came out.
    /// The `acks` of a producer, by place in the scenario.
    pub fn acks(&self, producer: usize) -> Acks {
        let processes = &self.plan.cluster.processes;
        match processes
            .get(producer)
            .and_then(|process| process.clients.first())
        {
            Some(ClientSpec::Producer { config, .. }) => config.acks,
            _ => Acks::All,
        }
    }

    /// What became of a record; an error if it is lost.
    fn fate(
        &self,
        scope: &Scope<'_>,
        sent: &Sent,
        copies: &[(i32, i64)],
        log_starts: &BTreeMap<(String, i32), i64>,
    ) -> Result<Fate, Loss> {
        Ok(match &sent.ending {
            Ending::Acknowledged { partition, offset } if *offset >= 0 => {
                if copies.contains(&(*partition, *offset)) {
                    return Ok(Fate::Kept);
                }
                let start = log_starts.get(&(sent.topic.clone(), *partition)).copied();
                if start.is_some_and(|start| *offset < start) {
                    return Ok(Fate::Expired);
                }
                return Err(self.why_lost(scope, sent, *partition, *offset));
            }
            Ending::Acknowledged { partition, .. } => match copies.is_empty() {
                false => Fate::Kept,
                true => return Err(self.why_never(scope, sent, *partition)),
            },
            Ending::Failed { error, message } => {
                let what = format!("{}: {message}", error.name());
                match copies.is_empty() {
                    true => Fate::Refused(what),
                    false => Fate::Written(what),
                }
            }
            Ending::Pending => match copies.is_empty() {
                true => Fate::Refused("no answer yet".to_owned()),
                false => Fate::Written("no answer yet".to_owned()),
            },
        })
    }
}
