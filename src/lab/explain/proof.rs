//! What would have been: the same scenario and seed without a fault, or with another setting.

use super::answer::{Decider, Proof};
use super::case::{clock, lasted};
use super::question::Fatum;
use crate::kafka::config::Acks;
use crate::kafka::protocol::TopicPartition;
use crate::lab::scenario::run::{Ending, Fate, Finished, Options, RecordFate, Session};
use crate::lab::scenario::{Scenario, Setting};
use crate::lab::text::{Both, Said, causes};
use crate::sim::{NodeId, Span, Time};

/// A record that another history does not have at all answers nothing.
const UNSENT: &str = "unsent";

/// What is looked at in the other history.
#[derive(Clone, Debug)]
pub(super) enum Look {
    /// The same send of the same producer.
    Record {
        producer: usize,
        send: usize,
        label: String,
        fatum: Fatum,
    },
    /// A partition so long after ready.
    HighWatermark(TopicPartition, Span),
    Leader(TopicPartition, Span),
    Isr(TopicPartition, Span),
}

/// What is seen there: comparable, and in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    key: String,
    said: Said,
}

/// The scenario without a decider.
pub(super) fn without(scenario: &Scenario, decider: &Decider) -> Result<Scenario, String> {
    match decider {
        Decider::Fault { step, .. } => {
            let mut other = scenario.clone();
            if let Some(step) = other.steps.get_mut(step.0) {
                step.action = None;
            }
            Ok(other)
        }
        Decider::Setting { instead, .. } => {
            let settings = std::slice::from_ref(instead);
            Setting::apply(settings, scenario).map_err(|error| error.text)
        }
    }
}

impl Look {
    /// Looks at a run that is over, for what can be seen there.
    pub(super) fn in_finished(&self, finished: &Finished) -> Option<Seen> {
        match self {
            Look::Record {
                producer,
                send,
                label,
                fatum,
            } => {
                let records = finished.report.records.iter();
                let mut mine = records.filter(|record| record.sent.producer == *producer);
                Some(record(finished, mine.nth(*send), label, *fatum))
            }
            _ => None,
        }
    }

    /// Runs a scenario and looks.
    pub(super) fn at(&self, scenario: &Scenario, seed: u64) -> Seen {
        let options = Options {
            seed: Some(seed),
            check: false,
            round_trip: false,
        };
        let mut session = Session::new(scenario, &options);
        match self {
            Look::Record { label, .. } => {
                while session.step(&mut ()) {}
                let seen = self.in_finished(&session.finish(""));
                seen.unwrap_or_else(|| unsent(label))
            }
            Look::HighWatermark(tp, after) => {
                run_to(&mut session, *after);
                let value = leader(&session, tp).map(|(_, hw)| hw.to_string());
                state(
                    causes::O_HW,
                    "value",
                    value.unwrap_or("-".to_owned()),
                    *after,
                )
            }
            Look::Leader(tp, after) => {
                run_to(&mut session, *after);
                state(causes::O_LEADER, "node", leader_name(&session, tp), *after)
            }
            Look::Isr(tp, after) => {
                run_to(&mut session, *after);
                state(causes::O_ISR, "nodes", isr(&session, tp), *after)
            }
        }
    }
}

fn run_to(session: &mut Session, after: Span) {
    loop {
        let ready = session.run().ready_at();
        let limit = match ready == Time::NEVER {
            true => Time::NEVER,
            false => ready + after,
        };
        if !session.step_until(limit, &mut ()) {
            return;
        }
    }
}

fn state(text: Both, name: &str, value: String, after: Span) -> Seen {
    Seen {
        said: Said::new(text, &[(name, value.clone()), ("at", lasted(after))]),
        key: value,
    }
}

fn leader(session: &Session, tp: &TopicPartition) -> Option<(NodeId, i64)> {
    let view = session.run().scope(session.world()).view;
    let tp = view.partition(&tp.topic, tp.partition)?;
    let leader = view.leader(tp)?;
    Some((leader.node, leader.offsets().high_watermark))
}

fn leader_name(session: &Session, tp: &TopicPartition) -> String {
    let view = session.run().scope(session.world()).view;
    let tp = view.partition(&tp.topic, tp.partition);
    let id = tp.and_then(|tp| view.registration(tp)).map(|r| r.leader);
    view.names.server(id.unwrap_or(-1))
}

fn isr(session: &Session, tp: &TopicPartition) -> String {
    let view = session.run().scope(session.world()).view;
    let tp = view.partition(&tp.topic, tp.partition);
    let isr = tp.and_then(|tp| view.registration(tp));
    let isr = isr.map_or(Vec::new(), |partition| partition.isr.clone());
    let names: Vec<String> = isr.iter().map(|id| view.names.server(*id)).collect();
    names.join(" ")
}

fn record(finished: &Finished, fate: Option<&RecordFate>, label: &str, fatum: Fatum) -> Seen {
    let Some(fate) = fate else {
        return unsent(label);
    };
    let name = ("record", label.to_owned());
    match fatum {
        Fatum::Lost => kept(fate, name),
        Fatum::Acknowledged => acknowledged(fate, name),
        Fatum::Twice => copies(finished, fate, name),
        Fatum::Unseen => readers(finished, fate, name),
    }
}

fn unsent(label: &str) -> Seen {
    Seen {
        key: UNSENT.to_owned(),
        said: Said::new(causes::O_UNKNOWN, &[("record", label.to_owned())]),
    }
}

fn kept(fate: &RecordFate, name: (&str, String)) -> Seen {
    let place = match fate.sent.ending {
        Ending::Acknowledged { partition, offset } if offset >= 0 => {
            format!("{}-{partition}:{offset}", fate.sent.topic)
        }
        Ending::Acknowledged { partition, .. } => format!("{}-{partition}", fate.sent.topic),
        _ => fate.sent.topic.clone(),
    };
    let (key, text) = match fate.fate {
        Fate::Kept | Fate::Expired => ("kept", causes::O_KEPT),
        Fate::Lost(_) => ("lost", causes::O_LOST),
        Fate::Written(_) => ("written", causes::O_WRITTEN),
        Fate::Refused(_) => ("refused", causes::O_REFUSED),
    };
    Seen {
        key: key.to_owned(),
        said: Said::new(text, &[name, ("place", place)]),
    }
}

/// Answers are as late as each other if one takes less than twice as long.
fn acknowledged(fate: &RecordFate, name: (&str, String)) -> Seen {
    match (&fate.sent.ending, fate.sent.ended) {
        (Ending::Acknowledged { .. }, Some((at, _))) => {
            let waited = at.since(fate.sent.at);
            let octave = (waited.as_millis() / 100).checked_ilog2().unwrap_or(0);
            let key = match fate.acks {
                Acks::None => "handed over".to_owned(),
                _ => format!("acknowledged, {octave}"),
            };
            let values = [name, ("waited", lasted(waited))];
            Seen {
                key,
                said: Said::new(causes::O_ACKED, &values),
            }
        }
        _ => Seen {
            key: "not".to_owned(),
            said: Said::new(causes::O_UNACKED, &[name]),
        },
    }
}

fn copies(finished: &Finished, fate: &RecordFate, name: (&str, String)) -> Seen {
    let log = finished.run.log(&finished.world);
    let same = log
        .iter()
        .filter(|entry| entry.topic == fate.sent.topic && entry.digest == fate.sent.digest);
    let count = same.count().to_string();
    Seen {
        said: Said::new(causes::O_COPIES, &[name, ("count", count.clone())]),
        key: count,
    }
}

fn readers(finished: &Finished, fate: &RecordFate, name: (&str, String)) -> Seen {
    let mut received = finished.run.records().received();
    let got = received
        .find(|got| got.partition.topic == fate.sent.topic && got.digest == fate.sent.digest);
    match got {
        Some(got) => {
            let at = clock(got.at, finished.run.ready_at());
            Seen {
                key: "seen".to_owned(),
                said: Said::new(causes::O_SEEN, &[name, ("at", at)]),
            }
        }
        None => Seen {
            key: "unseen".to_owned(),
            said: Said::new(causes::O_UNSEEN, &[name]),
        },
    }
}

/// Tries a history without a decider; `is` was seen in the one that there was.
pub(super) fn prove(
    scenario: &Scenario,
    seed: u64,
    decider: &Decider,
    (look, is): (&Look, &Seen),
) -> Proof {
    let (changes, outcome) = match without(scenario, decider) {
        Ok(other) => {
            let seen = look.at(&other, seed);
            (seen.key != is.key && seen.key != UNSENT, seen.said)
        }
        Err(why) => (false, Said::new(causes::UNTRIED, &[("why", why)])),
    };
    let said = Said::by(|lang| {
        let outcome = ("outcome", outcome.of(lang).to_owned());
        match decider {
            Decider::Fault { at, name, .. } => {
                let name = ("name", name.of(lang).to_owned());
                let values = [name, ("step", at.0.to_string()), outcome];
                Said::new(causes::WITHOUT, &values).of(lang).to_owned()
            }
            Decider::Setting { instead, old } => {
                let values = [
                    ("key", instead.key.clone()),
                    ("value", instead.value.clone()),
                    ("old", old.clone()),
                    outcome,
                ];
                Said::new(causes::INSTEAD, &values).of(lang).to_owned()
            }
        }
    });
    Proof {
        decider: decider.clone(),
        changes,
        said,
    }
}
