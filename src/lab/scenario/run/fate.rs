//! The fate of each record: kept or lost, and why, back to the fault or setting that decided it.

use super::Run;
use super::chronicle::{Entry, Event};
use super::eval::Scope;
use super::records::{Ending, Sent};
use crate::kafka::client::ClientSpec;
use crate::kafka::config::Acks;
use crate::kafka::vocabulary::Tp;
use crate::lab::check::LogEntry;
use crate::sim::{NodeId, Time};
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
            let fate = self.fate(scope, sent, copies, log_starts);
            let producer = &self.plan.scenario.producers[sent.producer];
            let acks = self.acks(sent.producer);
            RecordFate {
                producer: producer.name.clone(),
                acks,
                sent: sent.clone(),
                fate,
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

    fn fate(
        &self,
        scope: &Scope<'_>,
        sent: &Sent,
        copies: &[(i32, i64)],
        log_starts: &BTreeMap<(String, i32), i64>,
    ) -> Fate {
        match &sent.ending {
            Ending::Acknowledged { partition, offset } if *offset >= 0 => {
                if copies.contains(&(*partition, *offset)) {
                    return Fate::Kept;
                }
                let start = log_starts.get(&(sent.topic.clone(), *partition)).copied();
                if start.is_some_and(|start| *offset < start) {
                    return Fate::Expired;
                }
                Fate::Lost(self.why_lost(scope, sent, *partition, *offset))
            }
            Ending::Acknowledged { partition, .. } => match copies.is_empty() {
                false => Fate::Kept,
                true => Fate::Lost(self.why_never(scope, sent, *partition)),
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
        }
    }

    /// An offset was acknowledged: who held it, who died, who was elected without it.
    fn why_lost(&self, scope: &Scope<'_>, sent: &Sent, partition: i32, offset: i64) -> String {
        let Some(tp) = scope.view.partition(&sent.topic, partition) else {
            return "its topic is gone".to_owned();
        };
        let entries = self.chronicle.entries();
        let mut appended =
            entries
                .iter()
                .enumerate()
                .filter_map(|(index, entry)| match entry.event {
                    Event::Appended(p, base, last, epoch)
                        if p == tp && (base..=last).contains(&offset) =>
                    {
                        Some((index, entry.at, entry.node, epoch))
                    }
                    _ => None,
                });
        // The last append before the answer; with acks=0, whose send ends before a leader has
        // it, the first one after the record was sent.
        let until = sent.ended.map_or(Time::NEVER, |(at, _)| at);
        let appended = match self.acks(sent.producer) {
            Acks::None => appended.find(|(_, at, ..)| *at >= sent.at),
            _ => appended.rfind(|(_, at, ..)| *at <= until),
        };
        let Some((index, _, leader, epoch)) = appended else {
            return "no leader is known to have appended it".to_owned();
        };
        self.lost_after(scope, &entries[index..], tp, (leader, epoch, offset), sent)
    }

    fn lost_after(
        &self,
        scope: &Scope<'_>,
        later: &[Entry],
        tp: Tp,
        (leader, epoch, offset): (NodeId, i32, i64),
        sent: &Sent,
    ) -> String {
        let name = |node: NodeId| scope.plan.names.machine(node).to_owned();
        let acked = sent.ended.map_or(String::new(), |(at, _)| {
            format!(" at {}", seconds(scope, at))
        });
        let took_over = later.iter().position(|entry| {
            matches!(entry.event, Event::Leads(p, e, start) if p == tp && e > epoch && start <= offset)
        });
        let before = &later[..took_over.unwrap_or(later.len())];
        let holds = |entry: &&Entry| match entry.event {
            Event::Replicated(p, base, last, e) => {
                p == tp && e == epoch && (base..=last).contains(&offset)
            }
            _ => false,
        };
        let copies: Vec<String> = before
            .iter()
            .filter(holds)
            .map(|entry| name(entry.node))
            .collect();
        let mut parts = vec![match self.acks(sent.producer) {
            Acks::None => format!("{} appended it in leader epoch {epoch}", name(leader)),
            Acks::Leader => format!("{} acknowledged it{acked} with acks=1", name(leader)),
            Acks::All => format!("{} acknowledged it{acked} with acks=all", name(leader)),
        }];
        parts.push(match copies.is_empty() {
            true => "no follower had fetched it".to_owned(),
            false => format!("only {} had fetched it", copies.join(", ")),
        });
        parts.extend(went_down(scope, before, leader));
        if let Some(index) = took_over {
            parts.extend(took_over_how(scope, later, tp, later[index]));
        }
        parts.extend(was_cut(scope, later, tp, (leader, offset)));
        parts.join("; ")
    }

    /// acks=0: nobody may have heard of it.
    fn why_never(&self, scope: &Scope<'_>, sent: &Sent, partition: i32) -> String {
        let entries = self.chronicle.entries();
        if let Some(offset) = self.chronicle.offset_of(sent.digest) {
            return self.why_lost(scope, sent, partition, offset);
        }
        let down = entries.iter().rev().find(|entry| {
            entry.at <= sent.at && matches!(entry.event, Event::Down(_) | Event::Paused)
        });
        match down {
            Some(entry) => format!(
                "it was sent at {} when {} was down since {}; acks=0 hears no answer and does not \
                 send again",
                seconds(scope, sent.at),
                scope.plan.names.machine(entry.node),
                seconds(scope, entry.at)
            ),
            None => "it died on its way to the leader; acks=0 hears no answer and does not send \
                     again"
                .to_owned(),
        }
    }
}

/// How the leader ended, if it did.
fn went_down(scope: &Scope<'_>, before: &[Entry], leader: NodeId) -> Option<String> {
    let entry = before.iter().find(|entry| {
        entry.node == leader && matches!(entry.event, Event::Down(_) | Event::Paused)
    })?;
    let how = match entry.event {
        Event::Down(true) => "lost power",
        Event::Down(false) => "crashed",
        _ => "was paused",
    };
    let name = scope.plan.names.machine(leader);
    Some(format!("{name} {how} at {}", seconds(scope, entry.at)))
}

/// Who led next, and with how much of the log.
fn took_over_how(scope: &Scope<'_>, later: &[Entry], tp: Tp, entry: Entry) -> Option<String> {
    let Event::Leads(_, epoch, start) = entry.event else {
        return None;
    };
    let unclean = |entry: &Entry| matches!(entry.event, Event::Elected(p, _, true) if p == tp);
    let how = match later.iter().any(unclean) {
        true => " by an unclean election",
        false => "",
    };
    let name = scope.plan.names.machine(entry.node);
    let at = seconds(scope, entry.at);
    Some(format!(
        "{name} took over{how} in leader epoch {epoch} at {at} with a log that ended at {start}"
    ))
}

/// How the old leader lost its copy, if it came back.
fn was_cut(
    scope: &Scope<'_>,
    later: &[Entry],
    tp: Tp,
    (leader, offset): (NodeId, i64),
) -> Option<String> {
    later.iter().find_map(|entry| match entry.event {
        Event::Truncated(p, from, to) if p == tp && to <= offset && entry.node == leader => {
            let name = scope.plan.names.machine(leader);
            let at = seconds(scope, entry.at);
            Some(format!("{name} cut its log from {from} to {to} at {at}"))
        }
        _ => None,
    })
}

/// Scenario time in seconds, `12.340 s`.
pub(super) fn seconds(scope: &Scope<'_>, at: Time) -> String {
    let ms = at.since(scope.ready_at).as_millis();
    format!("{}.{:03} s", ms / 1_000, ms % 1_000)
}
