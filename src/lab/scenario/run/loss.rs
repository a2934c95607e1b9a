//! Why a record is lost: the facts, in the order of the history. The verdict of a run and the
//! answers of `lab::explain` tell the same ones.

use super::Run;
use super::chronicle::{Entry, Event};
use super::eval::Scope;
use super::records::Sent;
use crate::kafka::config::Acks;
use crate::kafka::vocabulary::Tp;
use crate::lab::text::{Lang, Said, causes};
use crate::sim::{NodeId, StepNo, Time};

/// One thing that took part in a loss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LossKind {
    /// A leader appended it; with acks=0 that is all there is.
    Appended {
        /// In this leader epoch.
        epoch: i32,
    },
    /// The producer was told that it is stored.
    Promised {
        /// What the producer had asked for.
        acks: Acks,
    },
    /// Who else had it before somebody else led.
    Copies(Vec<NodeId>),
    /// The leader's process ended.
    Crashed,
    /// The leader's machine ended.
    LostPower,
    /// The leader stood still.
    Paused,
    /// Somebody else led, without it.
    TookOver {
        /// In this leader epoch.
        epoch: i32,
        /// From this offset on.
        start: i64,
        /// Out of sync.
        unclean: bool,
    },
    /// A copy was cut off.
    Cut {
        /// The log end before.
        from: i64,
        /// And after.
        to: i64,
    },
    /// acks=0, and the machine was down since then.
    SentToNobody {
        /// Since when.
        since: Time,
    },
    /// acks=0, and it never arrived.
    DiedOnItsWay,
    /// The topic was deleted.
    TopicGone,
    /// Nothing is known.
    NobodyAppended,
}

/// A fact of a loss with its place in the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LossFact {
    /// When.
    pub at: Time,
    /// In which step; 0 if it is no step.
    pub step: StepNo,
    /// Whose.
    pub node: Option<NodeId>,
    /// What.
    pub kind: LossKind,
}

/// Why a record is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// Where it stood, if a leader is known to have had it.
    pub place: Option<(Tp, i64)>,
    /// The leader that had it.
    pub leader: Option<NodeId>,
    /// The facts.
    pub facts: Vec<LossFact>,
}

impl Loss {
    fn of(fact: LossFact) -> Self {
        Loss {
            facts: vec![fact],
            ..Loss::default()
        }
    }

    /// All of it in a line of English.
    pub(super) fn text(&self, scope: &Scope<'_>) -> String {
        let facts = self.facts.iter();
        let said = facts.map(|fact| fact.said(scope, true).of(Lang::En).to_owned());
        said.collect::<Vec<_>>().join("; ")
    }
}

impl LossFact {
    /// The fact in words; `alone` with its time.
    pub fn said(&self, scope: &Scope<'_>, alone: bool) -> Said {
        let name = |node: NodeId| scope.plan.names.machine(node).to_owned();
        let node = self.node.map(name).unwrap_or_default();
        let at = if alone && self.step.0 > 0 {
            seconds(scope, self.at)
        } else {
            String::new()
        };
        let mut values = vec![("node", node), ("at", at)];
        let text = match &self.kind {
            LossKind::Appended { epoch } => {
                values.push(("epoch", epoch.to_string()));
                causes::APPENDED
            }
            LossKind::Promised { acks } => {
                values.push(("acks", acks_word(*acks).to_owned()));
                causes::PROMISED
            }
            LossKind::Copies(nodes) if nodes.is_empty() => causes::NO_COPY,
            LossKind::Copies(nodes) => {
                let nodes: Vec<String> = nodes.iter().copied().map(name).collect();
                values.push(("nodes", nodes.join(", ")));
                causes::COPIES
            }
            LossKind::Crashed => causes::CRASHED,
            LossKind::LostPower => causes::LOST_POWER,
            LossKind::Paused => causes::WAS_PAUSED,
            LossKind::TookOver {
                epoch,
                start,
                unclean,
            } => {
                let unclean = if *unclean { "unclean" } else { "" };
                values.push(("epoch", epoch.to_string()));
                values.push(("start", start.to_string()));
                values.push(("unclean", unclean.to_owned()));
                causes::TOOK_OVER
            }
            LossKind::Cut { from, to } => {
                values.push(("from", from.to_string()));
                values.push(("to", to.to_string()));
                causes::CUT
            }
            LossKind::SentToNobody { since } => {
                values.push(("since", seconds(scope, *since)));
                causes::SENT_TO_NOBODY
            }
            LossKind::DiedOnItsWay => causes::DIED_ON_ITS_WAY,
            LossKind::TopicGone => causes::TOPIC_GONE,
            LossKind::NobodyAppended => causes::NOBODY_APPENDED,
        };
        Said::new(text, &values)
    }
}

/// `0`, `1` or `all`, as a producer's config has it.
pub fn acks_word(acks: Acks) -> &'static str {
    match acks {
        Acks::None => "0",
        Acks::Leader => "1",
        Acks::All => "all",
    }
}

impl Run {
    /// An offset was acknowledged: who held it, who died, who was elected without it.
    pub(super) fn why_lost(
        &self,
        scope: &Scope<'_>,
        sent: &Sent,
        partition: i32,
        offset: i64,
    ) -> Loss {
        let Some(tp) = scope.view.partition(&sent.topic, partition) else {
            return Loss::of(unplaced(LossKind::TopicGone));
        };
        let entries = self.chronicle.entries();
        let mut appended = entries.iter().enumerate().filter(|(_, entry)| {
            matches!(entry.event, Event::Appended(p, base, last, _)
                if p == tp && (base..=last).contains(&offset))
        });
        // The last append before the answer; with acks=0, whose send ends before a leader has
        // it, the first one after the record was sent.
        let until = sent.ended.map_or(Time::NEVER, |(at, _)| at);
        let appended = match self.acks(sent.producer) {
            Acks::None => appended.find(|(_, entry)| entry.at >= sent.at),
            _ => appended.rfind(|(_, entry)| entry.at <= until),
        };
        let Some((index, entry)) = appended else {
            return Loss::of(unplaced(LossKind::NobodyAppended));
        };
        let facts = self.lost_after(*entry, &entries[index..], (tp, offset), sent);
        Loss {
            place: Some((tp, offset)),
            leader: Some(entry.node),
            facts,
        }
    }

    fn lost_after(
        &self,
        appended: Entry,
        later: &[Entry],
        (tp, offset): (Tp, i64),
        sent: &Sent,
    ) -> Vec<LossFact> {
        let leader = appended.node;
        let epoch = match appended.event {
            Event::Appended(.., epoch) => epoch,
            _ => 0,
        };
        let took_over = later.iter().position(|entry| {
            matches!(entry.event, Event::Leads(p, e, start) if p == tp && e > epoch && start <= offset)
        });
        let before = &later[..took_over.unwrap_or(later.len())];
        let mut facts = vec![self.promise(appended, epoch, sent)];
        facts.push(LossFact {
            node: None,
            ..appended.fact(LossKind::Copies(copies(before, tp, epoch, offset)))
        });
        facts.extend(went_down(before, leader));
        if let Some(index) = took_over {
            facts.extend(took_over_how(later, tp, later[index]));
        }
        facts.extend(was_cut(later, tp, leader, offset));
        facts
    }

    fn promise(&self, appended: Entry, epoch: i32, sent: &Sent) -> LossFact {
        match (self.acks(sent.producer), sent.ended) {
            (Acks::None, _) => appended.fact(LossKind::Appended { epoch }),
            (acks, Some((at, step))) => LossFact {
                at,
                step,
                ..appended.fact(LossKind::Promised { acks })
            },
            (acks, None) => LossFact {
                step: StepNo(0),
                ..appended.fact(LossKind::Promised { acks })
            },
        }
    }

    /// acks=0: nobody may have heard of it.
    pub(super) fn why_never(&self, scope: &Scope<'_>, sent: &Sent, partition: i32) -> Loss {
        if let Some(offset) = self.chronicle.offset_of(sent.digest) {
            return self.why_lost(scope, sent, partition, offset);
        }
        let entries = self.chronicle.entries().iter().rev();
        let mut down = entries.filter(|entry| {
            entry.at <= sent.at && matches!(entry.event, Event::Down(_) | Event::Paused)
        });
        Loss::of(match down.next() {
            Some(entry) => LossFact {
                at: sent.at,
                ..entry.fact(LossKind::SentToNobody { since: entry.at })
            },
            None => unplaced(LossKind::DiedOnItsWay),
        })
    }
}

impl Entry {
    fn fact(&self, kind: LossKind) -> LossFact {
        LossFact {
            at: self.at,
            step: self.step,
            node: Some(self.node),
            kind,
        }
    }
}

fn unplaced(kind: LossKind) -> LossFact {
    LossFact {
        at: Time::ZERO,
        step: StepNo(0),
        node: None,
        kind,
    }
}

/// The followers that had the record in the epoch in which it was appended.
fn copies(before: &[Entry], tp: Tp, epoch: i32, offset: i64) -> Vec<NodeId> {
    let holds = |entry: &&Entry| match entry.event {
        Event::Replicated(p, base, last, e) => {
            p == tp && e == epoch && (base..=last).contains(&offset)
        }
        _ => false,
    };
    before
        .iter()
        .filter(holds)
        .map(|entry| entry.node)
        .collect()
}

/// How the leader ended, if it did.
fn went_down(before: &[Entry], leader: NodeId) -> Option<LossFact> {
    before.iter().find_map(|entry| {
        let kind = match entry.event {
            Event::Down(true) => LossKind::LostPower,
            Event::Down(false) => LossKind::Crashed,
            Event::Paused => LossKind::Paused,
            _ => return None,
        };
        (entry.node == leader).then(|| entry.fact(kind))
    })
}

/// Who led next, and with how much of the log.
fn took_over_how(later: &[Entry], tp: Tp, entry: Entry) -> Option<LossFact> {
    let Event::Leads(_, epoch, start) = entry.event else {
        return None;
    };
    let unclean = |entry: &Entry| matches!(entry.event, Event::Elected(p, _, true) if p == tp);
    Some(entry.fact(LossKind::TookOver {
        epoch,
        start,
        unclean: later.iter().any(unclean),
    }))
}

/// How the old leader lost its copy, if it came back.
fn was_cut(later: &[Entry], tp: Tp, leader: NodeId, offset: i64) -> Option<LossFact> {
    later.iter().find_map(|entry| match entry.event {
        Event::Truncated(p, from, to) if p == tp && to <= offset && entry.node == leader => {
            Some(entry.fact(LossKind::Cut { from, to }))
        }
        _ => None,
    })
}

/// Scenario time in seconds, `12.340 s`.
pub(super) fn seconds(scope: &Scope<'_>, at: Time) -> String {
    let ms = at.since(scope.ready_at).as_millis();
    format!("{}.{:03} s", ms / 1_000, ms % 1_000)
}
