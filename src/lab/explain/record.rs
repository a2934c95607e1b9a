//! Answers about a record: lost, not acknowledged, twice in the log, unseen.

use super::answer::{Answer, Decider, Link};
use super::case::{Case, lasted};
use super::journey::{Journey, Record};
use super::question::Fatum;
use super::trail::Noted;
use crate::kafka::config::Acks;
use crate::kafka::protocol::TopicPartition;
use crate::kafka::vocabulary::{Note, Tp};
use crate::lab::scenario::run::{Ending, Fate, LossKind, Received};
use crate::lab::text::{Both, Said, Speaker, causes};
use crate::sim::{NodeId, Span, StepNo};

/// An answer that came later than this is worth asking about.
const LATE: Span = Span::from_millis(500);

impl Case<'_> {
    pub(super) fn answer_record(&self, record: &Record<'_>, fatum: Fatum) -> Answer {
        match fatum {
            Fatum::Lost => self.lost(record),
            Fatum::Acknowledged => self.acknowledged(record),
            Fatum::Twice => self.twice(record),
            Fatum::Unseen => self.unseen(record),
        }
        .sorted()
    }

    fn said(&self, record: &Record<'_>, text: Both, more: &[(&str, String)]) -> Said {
        let mut values = vec![
            ("record", record.fate.sent.label().to_owned()),
            ("producer", record.fate.producer.clone()),
        ];
        values.extend(more.iter().cloned());
        Said::new(text, &values)
    }

    fn place(&self, record: &Record<'_>) -> String {
        match record.fate.sent.ending {
            Ending::Acknowledged { partition, offset } if offset >= 0 => {
                format!("{}-{partition}:{offset}", record.fate.sent.topic)
            }
            _ => match record.tp {
                Some(tp) => self.voice().partition(tp),
                None => record.fate.sent.topic.clone(),
            },
        }
    }

    fn lost(&self, record: &Record<'_>) -> Answer {
        let place = [("place", self.place(record))];
        let because = |why: &str| [("why", why.to_owned())];
        let verdict = match &record.fate.fate {
            Fate::Lost(_) if record.fate.acks == Acks::None => {
                self.said(record, causes::IS_LOST_UNPROMISED, &[])
            }
            Fate::Lost(_) => self.said(record, causes::IS_LOST, &place),
            Fate::Kept => self.said(record, causes::IS_KEPT, &place),
            Fate::Expired => self.said(record, causes::IS_EXPIRED, &[]),
            Fate::Written(why) => self.said(record, causes::IS_WRITTEN, &because(why)),
            Fate::Refused(why) => self.said(record, causes::IS_REFUSED, &because(why)),
        };
        let journey = self.journey(record);
        let mut answer = Answer {
            verdict,
            chain: journey.chain.clone(),
            ..Answer::default()
        };
        match &record.fate.loss {
            Some(_) => self.why_lost(record, &mut answer),
            None => self.hindered(record, &journey, &mut answer),
        }
        answer
    }

    /// The facts of a loss, the settings that made the promise weak, who else could have had it.
    fn why_lost(&self, record: &Record<'_>, answer: &mut Answer) {
        let Some(loss) = &record.fate.loss else {
            return;
        };
        let scope = self.scope();
        let mut death = None;
        let mut promise = None;
        for fact in &loss.facts {
            let link = self.event(fact.step, fact.at, fact.node, fact.said(&scope, false));
            match fact.kind {
                LossKind::Promised { .. } | LossKind::Appended { .. } => {
                    // Told already by whoever appended or heard of it.
                    answer.chain.retain(|other| other.step != link.step);
                    promise = Some(link.clone());
                }
                LossKind::Crashed | LossKind::LostPower | LossKind::Paused => {
                    // The fault itself is told as a trouble.
                    death = Some(fact.step);
                    continue;
                }
                _ => {}
            }
            answer.chain.push(link);
        }
        if let Some(promise) = &promise {
            self.weak_promise(record, promise, answer);
        }
        if let (Some(leader), Some((tp, _))) = (loss.leader, loss.place) {
            let until = death.unwrap_or_else(|| self.took_over(record).unwrap_or(StepNo(0)));
            self.who_could_not(leader, tp, until, answer);
            if let Some(step) = self.took_over(record) {
                self.before_election(tp, leader, step, answer);
            }
        } else if let Some(at) = promise.map(|link| link.step) {
            let troubles = self.trail.troubles(at);
            self.blame(&troubles, &mut answer.chain, &mut answer.deciders);
        }
    }

    /// The step in which somebody else led without the record.
    fn took_over(&self, record: &Record<'_>) -> Option<StepNo> {
        let facts = &record.fate.loss.as_ref()?.facts;
        let fact = facts
            .iter()
            .find(|fact| matches!(fact.kind, LossKind::TookOver { .. }))?;
        Some(fact.step)
    }

    /// What was wrong with the leader, and with the ways between it and its followers.
    fn who_could_not(&self, leader: NodeId, tp: Tp, until: StepNo, answer: &mut Answer) {
        let mut troubles = self.trail.troubles_of(until, leader, None);
        troubles.retain(|trouble| {
            !matches!(&trouble.deed, super::trail::Deed::Fault(fault) if fault.node().is_none())
        });
        for id in self.replicas(tp) {
            let Some(follower) = self.node_of(id).filter(|node| *node != leader) else {
                continue;
            };
            troubles.extend(self.trail.troubles_of(until, follower, Some(leader)));
        }
        troubles.sort_by_key(|trouble| trouble.step);
        troubles.dedup_by_key(|trouble| trouble.step);
        self.blame(&troubles, &mut answer.chain, &mut answer.deciders);
    }

    fn weak_promise(&self, record: &Record<'_>, promise: &Link, answer: &mut Answer) {
        let producer = &record.fate.producer;
        let acks = |old: &str| self.producer_setting(producer, "acks", old, "all");
        match record.fate.acks {
            Acks::None => {
                let said = Said::new(causes::WORD_OF_NOBODY, &[]);
                answer.chain.push(self.setting(promise, said));
                answer.deciders.push(acks("0"));
            }
            Acks::Leader => {
                let said = Said::new(causes::WORD_OF_ONE, &[]);
                answer.chain.push(self.setting(promise, said));
                answer.deciders.push(acks("1"));
            }
            Acks::All => self.promise_of_few(record, promise, answer),
        }
    }

    /// acks=all with one in-sync replica.
    fn promise_of_few(&self, record: &Record<'_>, promise: &Link, answer: &mut Answer) {
        let Some(tp) = record.tp else { return };
        let Some(isr) = self.isr_at(tp, promise.step) else {
            return;
        };
        let topic = &record.fate.sent.topic;
        let name = "min.insync.replicas";
        let min = self.topic_config(topic, name).unwrap_or("1".to_owned());
        if isr.len() >= self.replicas(tp).len() {
            return;
        }
        let values = [
            ("partition", self.voice().partition(tp)),
            ("nodes", self.servers(isr.iter())),
            ("min", min.clone()),
        ];
        let said = Said::new(causes::WORD_OF_ALONE, &values);
        answer.chain.push(self.setting(promise, said));
        let more = (isr.len() + 1).to_string();
        answer
            .deciders
            .push(self.topic_setting(topic, name, &min, &more));
    }

    fn acknowledged(&self, record: &Record<'_>) -> Answer {
        let sent = &record.fate.sent;
        let verdict = match (&sent.ending, sent.ended) {
            (Ending::Acknowledged { .. }, _) if record.fate.acks == Acks::None => {
                self.said(record, causes::IS_HANDED_OVER, &[])
            }
            (Ending::Acknowledged { .. }, Some((at, _))) => {
                let waited = lasted(at.since(sent.at));
                let values = [("at", self.time(at)), ("waited", waited)];
                self.said(record, causes::IS_ACKED, &values)
            }
            (Ending::Failed { error, message }, Some((at, _))) => {
                let why = format!("{}: {message}", error.name());
                let values = [("at", self.time(at)), ("why", why)];
                self.said(record, causes::IS_FAILED, &values)
            }
            _ => self.said(record, causes::IS_PENDING, &[("at", self.time(sent.at))]),
        };
        let journey = self.journey(record);
        let mut answer = Answer {
            verdict,
            chain: journey.chain.clone(),
            ..Answer::default()
        };
        self.hindered(record, &journey, &mut answer);
        answer
    }

    /// What stood in the way of a record and of its answer.
    fn hindered(&self, record: &Record<'_>, journey: &Journey, answer: &mut Answer) {
        let Some(tp) = record.tp else { return };
        let sent = &record.fate.sent;
        let quick = sent.ended.is_some_and(|(at, _)| at.since(sent.at) < LATE);
        if quick && matches!(sent.ending, Ending::Acknowledged { .. }) {
            return;
        }
        let mut troubles = Vec::new();
        for step in &journey.sent {
            // What strikes while the request is under way counts too.
            let until = self.next_move(*step, record);
            troubles.extend(self.trail.troubles_of(until, record.seat.node, None));
            for id in self.replicas(tp) {
                let node = self.node_of(id);
                troubles.extend(
                    node.map(|node| self.trail.troubles_of(until, node, None))
                        .into_iter()
                        .flatten(),
                );
            }
        }
        troubles.sort_by_key(|trouble| trouble.step);
        troubles.dedup_by_key(|trouble| trouble.step);
        self.blame(&troubles, &mut answer.chain, &mut answer.deciders);
        for parked in &journey.parked {
            self.waits_for(tp, parked, record, answer);
        }
        self.too_few(record, journey, answer);
    }

    /// The last step before the producer's next try, its answer, or the end.
    fn next_move(&self, step: StepNo, record: &Record<'_>) -> StepNo {
        let end = record.fate.sent.ended.map_or(self.trail.last(), |(_, s)| s);
        let later = self.trail.notes_in(StepNo(step.0 + 1), end);
        let mine = |noted: &Noted| noted.node == record.seat.node;
        let again = later.filter(mine).find(|noted| {
            matches!(
                noted.note,
                Note::BatchRetried { .. } | Note::RecordFailed { .. }
            )
        });
        again.map_or(end, |noted| noted.step)
    }

    /// A produce that waits for the high watermark: who has not asked for more.
    fn waits_for(&self, tp: Tp, parked: &Noted, record: &Record<'_>, answer: &mut Answer) {
        let Note::ProduceParked { last, .. } = parked.note else {
            return;
        };
        let end = self.next_move(parked.step, record);
        let passed = self.trail.notes_in(parked.step, end).any(|noted| {
            noted.node == parked.node
                && matches!(noted.note, Note::HighWatermarkAdvanced { partition, to, .. }
                    if partition == tp && to > last)
        });
        if !passed {
            self.known_ends(tp, parked.node, end, answer);
        }
    }

    /// NOT_ENOUGH_REPLICAS: the setting that refuses.
    fn too_few(&self, record: &Record<'_>, journey: &Journey, answer: &mut Answer) {
        use crate::kafka::protocol::ErrorCode;
        let few = journey.refused.iter().find(|noted| {
            matches!(noted.note, Note::ProduceRefused { error, .. }
                if error == ErrorCode::NOT_ENOUGH_REPLICAS)
        });
        let (Some(few), Some(tp)) = (few, record.tp) else {
            return;
        };
        let topic = &record.fate.sent.topic;
        let name = "min.insync.replicas";
        let min = self.topic_config(topic, name).unwrap_or("1".to_owned());
        let isr = self.isr_at(tp, few.step);
        let few_enough = isr.map_or(1, |isr| isr.len()).to_string();
        answer
            .deciders
            .push(self.topic_setting(topic, name, &min, &few_enough));
    }

    fn twice(&self, record: &Record<'_>) -> Answer {
        let sent = &record.fate.sent;
        let places = self.copies(record);
        let journey = self.journey(record);
        let values = [
            ("count", places.len().to_string()),
            ("places", places.join(" ")),
        ];
        let tries = [
            ("count", journey.sent.len().to_string()),
            ("places", places.join(" ")),
        ];
        let verdict = match places.len() {
            0 => self.said(record, causes::IS_NOWHERE, &tries),
            1 => self.said(record, causes::IS_ONCE, &tries),
            _ => self.said(record, causes::IS_TWICE, &values),
        };
        let mut answer = Answer {
            verdict,
            chain: journey.chain.clone(),
            ..Answer::default()
        };
        let config = self.plan().scenario.producers.get(sent.producer);
        let idempotent = config
            .and_then(|producer| producer.producer_config().ok())
            .is_some_and(|config| config.enable_idempotence);
        self.hindered(record, &journey, &mut answer);
        if journey.sent.len() < 2 {
            return answer;
        }
        let second = journey.appended.get(1).or(journey.recognised.first());
        let Some(link) = second.map(|noted| self.link(noted)) else {
            return answer;
        };
        let text = match idempotent {
            true => causes::IDEMPOTENT,
            false => causes::NOT_IDEMPOTENT,
        };
        answer.chain.push(self.setting(&link, Said::new(text, &[])));
        let (old, other) = match idempotent {
            true => ("true", "false"),
            false => ("false", "true"),
        };
        let name = "enable.idempotence";
        let setting = self.producer_setting(&record.fate.producer, name, old, other);
        answer.deciders.insert(0, setting);
        answer
    }

    /// Where the record stands in the end, below the high watermarks.
    fn copies(&self, record: &Record<'_>) -> Vec<String> {
        let sent = &record.fate.sent;
        let log = self.run().log(&self.finished.world);
        let mine = log
            .iter()
            .filter(|entry| entry.topic == sent.topic && entry.digest == sent.digest);
        mine.map(|entry| format!("{}-{}:{}", entry.topic, entry.partition, entry.offset))
            .collect()
    }

    /// Who got the record.
    pub(super) fn readers(&self, record: &Record<'_>) -> Vec<&Received> {
        let sent = &record.fate.sent;
        let received = self.run().records().received();
        received
            .filter(|got| got.partition.topic == sent.topic && got.digest == sent.digest)
            .collect()
    }

    fn unseen(&self, record: &Record<'_>) -> Answer {
        let readers = self.readers(record);
        if let Some(first) = readers.first() {
            let names: Vec<&str> = readers.iter().map(|got| got.consumer.as_str()).collect();
            let values = [("nodes", names.join(" ")), ("at", self.time(first.at))];
            return Answer {
                verdict: self.said(record, causes::IS_SEEN, &values),
                chain: self.journey(record).chain,
                ..Answer::default()
            };
        }
        let topic = &record.fate.sent.topic;
        let consumers = &self.plan().scenario.consumers;
        let reads = |tp: &TopicPartition| tp.topic == *topic;
        let read = consumers.iter().any(|c| c.partitions.iter().any(reads))
            || self
                .run()
                .records()
                .received()
                .any(|got| got.partition.topic == *topic);
        if !read {
            let verdict = Said::new(causes::NOBODY_READS, &[("topic", topic.clone())]);
            return Answer {
                verdict,
                ..Answer::default()
            };
        }
        // Not in the log, or nobody came so far: both are told.
        let mut answer = self.lost(record);
        let why = answer.verdict.clone();
        answer.verdict = self.said(record, causes::IS_UNSEEN, &[]);
        let kept = matches!(record.fate.fate, Fate::Kept | Fate::Written(_));
        let end = self.event(self.trail.last(), self.finished.world.now(), None, why);
        answer.chain.push(match kept {
            true => end,
            false => {
                let said = Said::by(|lang| {
                    let why = end.said.of(lang).to_owned();
                    Said::new(causes::NOT_IN_LOG, &[("why", why)])
                        .of(lang)
                        .to_owned()
                });
                super::answer::Link { said, ..end }
            }
        });
        self.positions(record, &mut answer);
        answer
    }

    /// Where the consumers of the record's partition stand in the end.
    fn positions(&self, record: &Record<'_>, answer: &mut Answer) {
        use crate::lab::scenario::ClientRef;
        let (Some(tp), Ending::Acknowledged { partition, offset }) =
            (record.tp, &record.fate.sent.ending)
        else {
            return;
        };
        let topic = &record.fate.sent.topic;
        let view = self.scope().view;
        let mut troubles = Vec::new();
        for (index, spec) in self.plan().scenario.consumers.iter().enumerate() {
            let Some(seat) = self.plan().client(ClientRef::Consumer(index)) else {
                continue;
            };
            let client = view.client(seat.node);
            let position = client
                .and_then(|client| client.consumer(seat.client))
                .and_then(|consumer| consumer.position(topic, *partition));
            let Some(position) = position else { continue };
            let values = [
                ("node", spec.name.clone()),
                ("position", position.to_string()),
                ("partition", self.voice().partition(tp)),
                ("offset", offset.to_string()),
            ];
            let said = Said::new(causes::POSITION, &values);
            let (step, at) = (self.trail.last(), self.finished.world.now());
            answer
                .chain
                .push(self.event(step, at, Some(seat.node), said));
            troubles.extend(self.trail.troubles_of(step, seat.node, None));
        }
        self.blame(&troubles, &mut answer.chain, &mut answer.deciders);
    }
}

/// A decider that stands for a setting, first.
pub(super) fn settings_first(deciders: &mut [Decider]) {
    deciders.sort_by_key(|decider| matches!(decider, Decider::Fault { .. }));
}
