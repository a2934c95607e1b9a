//! Questions: from words in any order, English or Chinese, or from an expression, to what is
//! asked.
//!
//! Words that name something of the scenario (brokers, partitions, records, offsets) and words
//! that say what is asked are picked out; everything else is passed over.

use super::lexicon::{PASSED_OVER, PHRASES, Topic, WORDS, words};
use crate::kafka::protocol::TopicPartition;
use crate::lab::scenario::run::Plan;
use crate::sim::NodeId;
use std::fmt;

/// Which record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordRef {
    /// The one that was acknowledged there.
    At(TopicPartition, i64),
    /// The one with this value, of this producer if one is named.
    Value(String, Option<String>),
}

/// What is asked of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fatum {
    /// What became of it, why it is lost.
    Lost,
    /// Why it was not acknowledged, or so late.
    Acknowledged,
    /// Why it is in the log more than once.
    Twice,
    /// Why no consumer got it.
    Unseen,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Of a record.
    Record(RecordRef, Fatum),
    /// Why the high watermark of a partition is what it is, or this.
    HighWatermark(TopicPartition, Option<i64>),
    /// Why a broker leads, or why the leader is who it is.
    Leader(Option<TopicPartition>, Option<NodeId>),
    /// Why a broker is out of the ISR, or why the ISR is what it is.
    Isr(Option<TopicPartition>, Option<NodeId>),
}

/// A question that is not understood: why, and what can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unclear {
    /// What is missing or unknown.
    pub why: String,
    /// Questions of this scenario that would be answered.
    pub examples: Vec<String>,
}

impl fmt::Display for Unclear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.why)?;
        writeln!(f, "questions that can be asked:")?;
        let lines = self.examples.iter().map(|line| format!("  {line}"));
        f.write_str(&lines.collect::<Vec<_>>().join("\n"))
    }
}

#[derive(Default)]
struct Found {
    topics: Vec<Topic>,
    partition: Option<TopicPartition>,
    place: Option<(TopicPartition, i64)>,
    field: Option<Topic>,
    node: Option<NodeId>,
    producer: Option<String>,
    number: Option<i64>,
    negated: bool,
    /// Values of records that were sent.
    values: Vec<String>,
    others: Vec<String>,
}

impl Question {
    /// Reads a question about a run of `plan`. `values` tells which words are values of records
    /// that were sent.
    ///
    /// # Errors
    /// What is missing or unknown, with examples.
    pub fn parse(
        text: &str,
        plan: &Plan,
        values: &dyn Fn(&str) -> bool,
    ) -> Result<Question, Unclear> {
        let mut found = Found::default();
        for word in words(text) {
            found.take(&word, plan, values);
        }
        found.question(plan).map_err(|why| Unclear {
            why,
            examples: examples(plan),
        })
    }
}

impl Found {
    fn take(&mut self, word: &str, plan: &Plan, values: &dyn Fn(&str) -> bool) {
        if values(word) {
            return self.values.push(word.to_owned());
        }
        let lower = word.to_lowercase();
        if let Some(node) = node(plan, word) {
            self.node = Some(node);
        } else if let Some(producer) = producer(plan, word) {
            self.producer = Some(producer);
        } else if self.take_partition(word, plan) {
        } else if let Ok(number) = lower.parse() {
            self.number = Some(number);
        } else if let Some((topic, _)) = WORDS.iter().find(|(_, all)| all.contains(&&*lower)) {
            self.topics.push(*topic);
        } else if word.chars().all(|c| c >= '\u{2e80}') {
            self.take_chinese(word);
        } else if PASSED_OVER.contains(&&*lower) {
            self.negated |=
                ["not", "never", "nobody", "no", "didn't", "wasn't", "isn't"].contains(&&*lower);
        } else {
            self.others.push(word.to_owned());
        }
    }

    fn take_chinese(&mut self, word: &str) {
        let met = PHRASES
            .iter()
            .filter(|(_, all)| all.iter().any(|p| word.contains(p)));
        self.topics.extend(met.map(|(topic, _)| *topic));
        self.negated |= ["没", "不", "未"].iter().any(|no| word.contains(no));
    }

    /// `orders-0`, `orders-0:6`, `orders-0.hw`, `orders-0@broker-1.hw`.
    fn take_partition(&mut self, word: &str, plan: &Plan) -> bool {
        let (path, field) = match word.rsplit_once('.') {
            Some((path, field)) if partition(plan, base(path)).is_some() => (path, Some(field)),
            _ => (word, None),
        };
        let (name, offset) = match path.split_once(':') {
            Some((name, offset)) => (name, offset.parse::<i64>().ok()),
            None => (path, None),
        };
        let (name, at) = match name.split_once('@') {
            Some((name, at)) => (name, node(plan, at)),
            None => (name, None),
        };
        let Some(tp) = partition(plan, name) else {
            return false;
        };
        self.field = match field {
            Some("hw") => Some(Topic::HighWatermark),
            Some("leader" | "leader_epoch" | "role") => Some(Topic::Leader),
            Some("isr" | "elr") => Some(Topic::Isr),
            Some("acked") => Some(Topic::Acknowledged),
            Some(_) => return false,
            None => None,
        };
        self.node = self.node.or(at);
        self.place = offset.map(|offset| (tp.clone(), offset));
        self.partition = Some(tp);
        true
    }

    fn asks(&self, topic: Topic) -> bool {
        self.field == Some(topic) || self.topics.contains(&topic)
    }

    fn question(self, plan: &Plan) -> Result<Question, String> {
        use Topic as T;
        let of_record = [T::Twice, T::Lost, T::Acknowledged, T::Unseen, T::Read]
            .into_iter()
            .find(|topic| self.asks(*topic));
        if let Some(topic) = of_record
            && (self.place.is_some() || !self.values.is_empty() || !self.others.is_empty())
        {
            let fatum = match topic {
                T::Twice => Fatum::Twice,
                T::Lost => Fatum::Lost,
                T::Acknowledged => Fatum::Acknowledged,
                _ => Fatum::Unseen,
            };
            return Ok(Question::Record(self.record()?, fatum));
        }
        if self.asks(T::HighWatermark) {
            return Ok(Question::HighWatermark(
                self.one_partition(plan)?,
                self.number,
            ));
        }
        if self.asks(T::Isr) {
            self.nothing_unknown()?;
            return Ok(Question::Isr(self.partition, self.node));
        }
        if self.asks(T::Leader) {
            self.nothing_unknown()?;
            return Ok(Question::Leader(self.partition, self.node));
        }
        if of_record.is_some() {
            return Err("which record? Name its value, or the place where it was \
                        acknowledged: orders-0:6"
                .to_owned());
        }
        if self.place.is_some() || !self.values.is_empty() {
            return Ok(Question::Record(self.record()?, Fatum::Lost));
        }
        Err(self.not_understood())
    }

    fn not_understood(&self) -> String {
        match self.others.first() {
            Some(word) => format!("\"{word}\": what is asked?"),
            None => "what is asked?".to_owned(),
        }
    }

    fn record(self) -> Result<RecordRef, String> {
        if let Some((tp, offset)) = self.place {
            return Ok(RecordRef::At(tp, offset));
        }
        let candidates = match self.values.is_empty() {
            true => self.others,
            false => self.values,
        };
        match &candidates[..] {
            [one] => Ok(RecordRef::Value(one.clone(), self.producer)),
            many => Err(format!(
                "which of these is the record: {}?",
                many.join(", ")
            )),
        }
    }

    fn nothing_unknown(&self) -> Result<(), String> {
        match self.others.first() {
            None => Ok(()),
            Some(word) => Err(format!("there is no \"{word}\" in this scenario")),
        }
    }

    fn one_partition(&self, plan: &Plan) -> Result<TopicPartition, String> {
        if let Some(tp) = &self.partition {
            return Ok(tp.clone());
        }
        self.nothing_unknown()?;
        let mut all = partitions(plan);
        match (all.pop(), all.is_empty()) {
            (Some(only), true) => Ok(only),
            (Some(last), false) => {
                all.push(last);
                let names: Vec<String> =
                    all.iter().take(8).map(TopicPartition::to_string).collect();
                Err(format!(
                    "of which partition? There are {}",
                    names.join(", ")
                ))
            }
            (None, _) => Err("this scenario has no partition".to_owned()),
        }
    }
}

fn base(path: &str) -> &str {
    let end = path.find([':', '@']).unwrap_or(path.len());
    &path[..end]
}

/// A server by its name, or by its short one: `b1`.
fn node(plan: &Plan, word: &str) -> Option<NodeId> {
    let mut servers = plan.names.servers().map(|(node, _)| node);
    servers.find(|node| plan.names.machine(*node) == word || plan.names.short(*node) == word)
}

fn producer(plan: &Plan, word: &str) -> Option<String> {
    let mut all = plan.scenario.producers.iter();
    let known = all.find(|producer| producer.name == word)?;
    Some(known.name.clone())
}

/// A partition of a topic that the scenario names.
fn partition(plan: &Plan, name: &str) -> Option<TopicPartition> {
    let (topic, number) = name.rsplit_once('-')?;
    let number: i32 = number.parse().ok()?;
    let known = |known: &str| known == topic;
    let declared = plan.scenario.topics.iter().any(|topic| known(&topic.name));
    let created = || {
        use crate::lab::scenario::Action;
        let actions = plan.scenario.steps.iter().filter_map(|s| s.action.as_ref());
        actions
            .into_iter()
            .any(|action| matches!(&action.it, Action::CreateTopic(topic) if known(&topic.name)))
    };
    (number >= 0 && (declared || created())).then(|| TopicPartition::new(topic, number))
}

fn partitions(plan: &Plan) -> Vec<TopicPartition> {
    let topics = plan.scenario.topics.iter();
    let of = |topic: &crate::lab::scenario::TopicSpec| {
        let placed = topic.place.len() as i32;
        let count = topic.partitions.unwrap_or(1).max(placed);
        let name = topic.name.clone();
        (0..count).map(move |number| TopicPartition::new(name.clone(), number))
    };
    topics.flat_map(of).collect()
}

/// Questions about this scenario.
fn examples(plan: &Plan) -> Vec<String> {
    let tp = partitions(plan).first().map(TopicPartition::to_string);
    let tp = tp.unwrap_or_else(|| "orders-0".to_owned());
    let broker = plan.cluster.servers.iter().rfind(|server| server.is_broker);
    let broker = broker.map_or("broker-0", |server| server.name.as_str());
    vec![
        format!("why was {tp}:6 lost                      {tp}:6"),
        "why was VALUE lost                         by the record's value".to_owned(),
        "why was VALUE not acknowledged             or: acknowledged so late".to_owned(),
        "why is VALUE in the log twice".to_owned(),
        "why was VALUE not read".to_owned(),
        format!("why is the high watermark of {tp} 6      {tp}.hw"),
        format!("why did {broker} become leader            {tp}.leader"),
        format!("why is {broker} out of the ISR            {tp}.isr"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::scenario::parse;

    fn plan() -> Plan {
        let source = include_str!("../../../scenarios/12-acks.toml");
        Plan::new(parse(source).expect("sound").main)
    }

    fn asked(text: &str) -> Result<Question, Unclear> {
        Question::parse(text, &plan(), &|word| word.starts_with("rec-"))
    }

    fn tp() -> TopicPartition {
        TopicPartition::new("orders", 0)
    }

    #[test]
    fn the_order_of_words_and_the_language_do_not_matter() {
        let lost = |r| Question::Record(r, Fatum::Lost);
        let rec = || RecordRef::Value("rec-6".into(), None);
        for text in [
            "why was rec-6 lost",
            "rec-6 lost?",
            "lost: rec-6, why",
            "rec-6",
            "what became of rec-6?",
            "rec-6 为什么丢了？",
            "为什么rec-6丢失",
        ] {
            assert_eq!(asked(text), Ok(lost(rec())), "{text}");
        }
        for text in ["orders-0:6", "why was orders-0:6 lost", "why orders-0:6"] {
            assert_eq!(asked(text), Ok(lost(RecordRef::At(tp(), 6))), "{text}");
        }
        let of_p1 = RecordRef::Value("rec-6".into(), Some("p1".into()));
        assert_eq!(asked("why was rec-6 of p1 lost"), Ok(lost(of_p1)));
    }

    #[test]
    fn records_high_watermarks_leaders_and_isrs() {
        let rec = || RecordRef::Value("rec-6".into(), None);
        let cases = [
            (
                "why was rec-6 not acknowledged",
                Question::Record(rec(), Fatum::Acknowledged),
            ),
            (
                "why was rec-6 acknowledged twice",
                Question::Record(rec(), Fatum::Twice),
            ),
            (
                "why is rec-6 unseen",
                Question::Record(rec(), Fatum::Unseen),
            ),
            (
                "why did nobody read rec-6",
                Question::Record(rec(), Fatum::Unseen),
            ),
            (
                "why is the high watermark 6",
                Question::HighWatermark(tp(), Some(6)),
            ),
            (
                "why is the high watermark of orders-0 6",
                Question::HighWatermark(tp(), Some(6)),
            ),
            ("orders-0.hw", Question::HighWatermark(tp(), None)),
            (
                "orders-0 的高水位为什么是 6",
                Question::HighWatermark(tp(), Some(6)),
            ),
            (
                "why did broker-1 become leader",
                Question::Leader(None, Some(NodeId(1))),
            ),
            (
                "why b1 became the leader of orders-0",
                Question::Leader(Some(tp()), Some(NodeId(1))),
            ),
            ("orders-0.leader", Question::Leader(Some(tp()), None)),
            (
                "broker-1 为什么成为领导者",
                Question::Leader(None, Some(NodeId(1))),
            ),
            (
                "why is broker-2 out of the ISR",
                Question::Isr(None, Some(NodeId(2))),
            ),
            (
                "orders-0@broker-2.isr",
                Question::Isr(Some(tp()), Some(NodeId(2))),
            ),
        ];
        for (text, question) in cases {
            assert_eq!(asked(text), Ok(question), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_answered_with_examples() {
        for (text, part) in [
            ("", "what is asked"),
            ("why", "what is asked"),
            ("why was it lost", "which record"),
            ("why is broker-9 out of the ISR", "\"broker-9\""),
            (
                "why is the high watermark of invoices-0 6",
                "\"invoices-0\"",
            ),
            ("why was rec-1 rec-2 lost", "rec-1, rec-2"),
            ("\u{1b}[31m", "what is asked"),
        ] {
            let unclear = asked(text).expect_err(text);
            assert!(unclear.why.contains(part), "{text}: {}", unclear.why);
            assert!(unclear.examples.iter().any(|e| e.contains("orders-0.hw")));
        }
    }
}
