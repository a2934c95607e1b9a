//! The way of one record: from the application to the leader and back, try by try.

use super::answer::Link;
use super::case::Case;
use super::question::RecordRef;
use super::trail::Noted;
use crate::kafka::protocol::PartitionFacts;
use crate::kafka::vocabulary::{Note, TopicTag, Tp};
use crate::lab::cluster::ClientRef as Seat;
use crate::lab::scenario::ClientRef;
use crate::lab::scenario::run::{Ending, Fate, RecordFate};
use crate::lab::text::{MessageSummary, Said, Speaker, causes, lost_reason};
use crate::lab::trace::Step;
use crate::sim::{StepKind, StepNo};

/// A record that is asked about.
pub(super) struct Record<'a> {
    /// What became of it.
    pub(super) fate: &'a RecordFate,
    /// Its place among the producer's sends, from 0.
    pub(super) send: u32,
    /// The producer's client.
    pub(super) seat: Seat,
    /// Where it was appended, as far as is known.
    pub(super) tp: Option<Tp>,
}

/// What a record went through.
#[derive(Default)]
pub(super) struct Journey {
    pub(super) chain: Vec<Link>,
    /// The steps in which a request with it was sent.
    pub(super) sent: Vec<StepNo>,
    /// Leaders' appends of it.
    pub(super) appended: Vec<Noted>,
    /// Appends that were recognised as known.
    pub(super) recognised: Vec<Noted>,
    /// Refusals.
    pub(super) refused: Vec<Noted>,
    /// Waits for the high watermark.
    pub(super) parked: Vec<Noted>,
}

impl<'a> Case<'a> {
    /// The record that is meant; of several a lost one, else the first.
    pub(super) fn record(&self, of: &RecordRef) -> Result<Record<'a>, String> {
        let records = &self.finished.report.records;
        let fits = |fate: &&RecordFate| match of {
            RecordRef::Value(value, producer) => {
                fate.sent.label() == *value && producer.as_ref().is_none_or(|p| *p == fate.producer)
            }
            RecordRef::At(tp, offset) => {
                let there = |t: i32, o: i64| t == tp.partition && o == *offset;
                let acked = matches!(fate.sent.ending, Ending::Acknowledged { partition, offset }
                    if there(partition, offset));
                let place = fate.loss.as_ref().and_then(|loss| loss.place);
                let lost = place.is_some_and(|(t, o)| there(t.partition, o));
                fate.sent.topic == tp.topic && (acked || lost)
            }
        };
        let lost = |fate: &&&RecordFate| matches!(fate.fate, Fate::Lost(_));
        let all: Vec<&RecordFate> = records.iter().filter(fits).collect();
        let found = all.iter().find(lost).or(all.first()).copied();
        let fate = found.ok_or_else(|| match of {
            RecordRef::Value(value, _) => format!("no record \"{value}\" was sent in this run"),
            RecordRef::At(tp, offset) => {
                format!("no record was acknowledged at {tp}:{offset} in this run")
            }
        })?;
        let before = records
            .iter()
            .take_while(|other| !std::ptr::eq(*other, fate));
        let send = before
            .filter(|r| r.sent.producer == fate.sent.producer)
            .count();
        let seat = self.plan().client(ClientRef::Producer(fate.sent.producer));
        let seat = seat.ok_or("its producer is no client of this cluster")?;
        let send = u32::try_from(send).unwrap_or(u32::MAX);
        let tp = self.partition_of(fate, seat, send);
        Ok(Record {
            fate,
            send,
            seat,
            tp,
        })
    }

    fn partition_of(&self, fate: &RecordFate, seat: Seat, send: u32) -> Option<Tp> {
        let buffered = self.trail.notes().find_map(|noted| match noted.note {
            Note::RecordBuffered {
                client,
                partition,
                send: of,
            } if noted.node == seat.node && client == seat.client && of == send => Some(partition),
            _ => None,
        });
        buffered.or_else(|| fate.loss.as_ref()?.place.map(|(tp, _)| tp))
    }

    /// Everything that happened to a record on its way.
    pub(super) fn journey(&self, record: &Record<'_>) -> Journey {
        let mut journey = Journey::default();
        let Some(tp) = record.tp else { return journey };
        let mut first = record.send;
        let sent = record.fate.sent.at;
        for noted in self.trail.notes() {
            if noted.node != record.seat.node || noted.at < sent {
                continue;
            }
            let mine = match noted.note {
                Note::RecordBuffered {
                    send, partition, ..
                } if send == record.send => {
                    journey.chain.push(self.buffered(&noted, record, partition));
                    false
                }
                Note::BatchSent {
                    partition,
                    first: from,
                    count,
                    ..
                } if partition == tp && holds(from, count, record.send) => {
                    first = from;
                    journey.chain.push(self.link(&noted));
                    journey.sent.push(noted.step);
                    let place = self.place_of_batch(&noted, tp, from);
                    self.arrivals(&noted, place, record, &mut journey);
                    false
                }
                Note::BatchRetried {
                    partition,
                    first: from,
                    ..
                } => partition == tp && from == first && !journey.sent.is_empty(),
                Note::RecordAcknowledged { send, .. } | Note::RecordFailed { send, .. } => {
                    send == record.send
                }
                _ => false,
            };
            if mine {
                journey.chain.push(self.link(&noted));
            }
        }
        journey
    }

    fn buffered(&self, noted: &Noted, record: &Record<'_>, tp: Tp) -> Link {
        let values = [
            ("producer", record.fate.producer.clone()),
            ("record", record.fate.sent.label().to_owned()),
            ("topic", self.voice().partition(tp)),
        ];
        let said = Said::new(causes::SENT, &values);
        self.event(noted.step, noted.at, Some(noted.node), said)
    }

    /// Which of the partition's batches of its step a batch is, from 0.
    fn place_of_batch(&self, sent: &Noted, tp: Tp, of: u32) -> usize {
        let batches = self.trail.notes_of(sent.step).iter();
        let firsts = batches.filter_map(|note| match *note {
            Note::BatchSent {
                partition, first, ..
            } if partition == tp => Some(first),
            _ => None,
        });
        firsts.take_while(|first| *first != of).count()
    }

    /// What became of a request: refused, appended, parked, answered, or never there.
    fn arrivals(&self, sent: &Noted, place: usize, record: &Record<'_>, journey: &mut Journey) {
        let Some(tp) = record.tp else { return };
        let topic = self.voice().topic(tp.topic);
        let mine = |step: &&Step| {
            let names = |message: &MessageSummary| {
                let here = |p: &PartitionFacts| {
                    let named = p.topic.as_ref().is_some_and(|name| *name == topic);
                    let by_id = p.topic_id.is_some_and(|id| TopicTag::from(id) == tp.topic);
                    p.partition == tp.partition && (named || by_id)
                };
                message.name == "Produce" && message.partitions.iter().any(here)
            };
            step.cause == sent.step
                && step.head.is_some_and(|head| head.from == sent.node)
                && matches!(step.kind, StepKind::Deliver | StepKind::Lost(_))
                && step.message.as_ref().is_some_and(names)
        };
        // Requests of one step stay in order on their connection, a batch of a partition each.
        let later = self.trail.steps_from(StepNo(sent.step.0 + 1));
        let Some(read) = later.filter(mine).nth(place) else {
            return;
        };
        if let StepKind::Lost(reason) = read.kind {
            let to = read.head.map(|head| self.name(head.to));
            let to = to.unwrap_or_default();
            let said = Said::by(|lang| {
                let why = lost_reason(reason).of(lang).to_owned();
                let values = [("node", to.clone()), ("why", why)];
                let said = Said::new(causes::NEVER_ARRIVED, &values);
                said.of(lang).to_owned()
            });
            let link = self.event(read.no, read.at, read.node, said);
            return journey.chain.push(link);
        }
        self.handled(read.no, tp, journey);
        self.answered(read.no, tp, record, journey);
    }

    fn handled(&self, step: StepNo, tp: Tp, journey: &mut Journey) {
        for noted in self.trail.notes_in(step, step) {
            let list = match noted.note {
                Note::Appended { partition, .. } if partition == tp => &mut journey.appended,
                Note::DuplicateBatch { partition, .. } if partition == tp => {
                    &mut journey.recognised
                }
                Note::ProduceRefused { partition, .. } if partition == tp => &mut journey.refused,
                Note::ProduceParked { partition, .. } if partition == tp => &mut journey.parked,
                _ => continue,
            };
            list.push(noted);
            journey.chain.push(self.link(&noted));
        }
    }

    /// The answer to a request that arrived: when the leader gave it, and whether it was lost.
    fn answered(&self, read: StepNo, tp: Tp, record: &Record<'_>, journey: &mut Journey) {
        let Some(node) = self.trail.step(read).and_then(|step| step.node) else {
            return;
        };
        let last = journey.parked.last().filter(|noted| noted.step == read);
        if let Some(Note::ProduceParked { last, .. }) = last.map(|noted| noted.note) {
            let later = self.trail.notes_in(read, self.trail.last());
            let answer = later.filter(|n| n.node == node).find(|noted| {
                matches!(noted.note, Note::ProduceAnswered { partition, last: to, .. }
                    if partition == tp && to == last)
            });
            journey.chain.extend(answer.map(|noted| self.link(&noted)));
        }
        let Some(answer) = self.trail.answer_to(read) else {
            return;
        };
        if let StepKind::Lost(reason) = answer.kind {
            let said = Said::by(|lang| {
                let why = lost_reason(reason).of(lang).to_owned();
                let values = [("node", self.name(node)), ("why", why)];
                Said::new(causes::ANSWER_DIED, &values).of(lang).to_owned()
            });
            let to = Some(record.seat.node);
            journey
                .chain
                .push(self.event(answer.no, answer.at, to, said));
        }
    }
}

fn holds(first: u32, count: i32, send: u32) -> bool {
    let count = u32::try_from(count).unwrap_or(0);
    send >= first && send - first < count
}
