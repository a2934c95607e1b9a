//! Meters and histograms: what Kafka marks when requests are answered, records appended, ISRs
//! changed, and what its clients count.

use super::metrics::Metrics;
use crate::kafka::protocol::Message;
use crate::kafka::vocabulary::{ClientNo, Kafka, Note, Tp};
use crate::lab::cluster::{ClientRef, View};
use crate::sim::{MessageKind, NodeId, Span, StepKind, StepNo, StepRecord, Time};
use std::collections::BTreeMap;

/// What is counted, by machine.
#[derive(Clone, Debug, Default)]
pub(super) struct Meters {
    counts: BTreeMap<(NodeId, String), i64>,
    /// Requests by the step that read them.
    open: BTreeMap<StepNo, Request>,
    /// Milliseconds and how often, by machine and request.
    times: BTreeMap<(NodeId, &'static str), BTreeMap<i64, i64>>,
    /// ISR changes that were proposed and are not committed.
    proposed: BTreeMap<(NodeId, Tp), &'static str>,
    /// Records of the batches that were sent, by client, partition and first record.
    batches: BTreeMap<(NodeId, ClientNo, Tp, u32), i64>,
    unclean: i64,
}

/// A request that a server has read.
#[derive(Clone, Debug)]
struct Request {
    at: Time,
    names: Vec<&'static str>,
    version: i16,
}

impl Meters {
    pub(super) fn see(&mut self, view: View<'_>, record: &StepRecord<'_, Kafka>) {
        self.see_message(view, record);
        let Some(node) = record.node else { return };
        for note in record.notes {
            self.see_broker_note(view, node, note);
            self.see_client_note(view, node, note);
        }
    }

    fn see_message(&mut self, view: View<'_>, record: &StepRecord<'_, Kafka>) {
        let (Some(head), Some(node)) = (&record.head, record.node) else {
            return;
        };
        match (head.kind, record.kind) {
            (MessageKind::Request, StepKind::Deliver) => {
                let Some(envelope) = record
                    .message
                    .filter(|_| view.names.kafka_id(node).is_some())
                else {
                    return;
                };
                let request = Request {
                    at: record.at,
                    names: metric_names(&envelope.body),
                    version: head.api_version,
                };
                match envelope.body.facts().acks {
                    Some(0) => self.answered(node, &request, record.departs),
                    _ => drop(self.open.insert(record.no, request)),
                }
            }
            (MessageKind::Response, StepKind::Deliver | StepKind::Lost(_)) => {
                if let Some(request) = self.open.remove(&record.request) {
                    self.answered(head.from, &request, head.departs);
                }
            }
            _ => {}
        }
    }

    /// `RequestChannel.Metrics`: counted and timed when the answer leaves.
    fn answered(&mut self, server: NodeId, request: &Request, left: Time) {
        let ms = rounded_ms(left.since(request.at));
        for name in &request.names {
            *self
                .times
                .entry((server, name))
                .or_default()
                .entry(ms)
                .or_default() += 1;
            let version = request.version;
            let meter = format!(
                "kafka.network:type=RequestMetrics,name=RequestsPerSec,request={name},version={version}"
            );
            self.count(server, meter, 1);
        }
    }

    fn count(&mut self, node: NodeId, name: String, by: i64) {
        *self.counts.entry((node, name)).or_default() += by;
    }

    fn see_broker_note(&mut self, view: View<'_>, node: NodeId, note: &Note) {
        match *note {
            Note::Appended {
                partition,
                base,
                last,
                ..
            } => {
                let bytes = batch_bytes(view, node, partition, base);
                self.topic_meter(view, node, partition, "MessagesInPerSec", last - base + 1);
                self.topic_meter(view, node, partition, "BytesInPerSec", bytes);
            }
            Note::Replicated {
                partition, base, ..
            } => {
                let bytes = batch_bytes(view, node, partition, base);
                self.count(node, broker_topic("ReplicationBytesInPerSec"), bytes);
            }
            Note::FetchAnswered { bytes, .. } => {
                self.count(node, broker_topic("ReplicationBytesOutPerSec"), bytes);
            }
            Note::IsrExpandProposed { partition, .. } => {
                self.proposed.insert((node, partition), "IsrExpandsPerSec");
            }
            Note::IsrShrinkProposed { partition, .. } => {
                self.proposed.insert((node, partition), "IsrShrinksPerSec");
            }
            Note::BecameLeader { partition, .. } | Note::BecameFollower { partition, .. } => {
                self.proposed.remove(&(node, partition));
            }
            Note::IsrCommitted { partition, .. } => {
                if let Some(meter) = self.proposed.remove(&(node, partition)) {
                    self.count(
                        node,
                        format!("kafka.server:type=ReplicaManager,name={meter}"),
                        1,
                    );
                }
            }
            Note::LeaderElected { unclean: true, .. } => self.unclean += 1,
            _ => {}
        }
    }

    /// All topics together, and the topic.
    fn topic_meter(&mut self, view: View<'_>, node: NodeId, tp: Tp, name: &str, by: i64) {
        self.count(node, broker_topic(name), by);
        if let Some(topic) = view.topic_name(tp.topic) {
            self.count(node, format!("{},topic={topic}", broker_topic(name)), by);
        }
    }

    fn see_client_note(&mut self, view: View<'_>, node: NodeId, note: &Note) {
        let (client, group, name, by) = match *note {
            Note::BatchSent {
                client,
                partition,
                first,
                count,
                ..
            } => {
                let count = i64::from(count);
                self.batches.insert((node, client, partition, first), count);
                (client, PRODUCER, "record-send-total", count)
            }
            Note::BatchRetried {
                client,
                partition,
                first,
                ..
            } => {
                let batch = self.batches.get(&(node, client, partition, first));
                (
                    client,
                    PRODUCER,
                    "record-retry-total",
                    batch.copied().unwrap_or(1),
                )
            }
            Note::RecordFailed { client, .. } => (client, PRODUCER, "record-error-total", 1),
            Note::RecordReceived { client, .. } => (client, CONSUMER, "records-consumed-total", 1),
            _ => return,
        };
        let id = view
            .names
            .client_name(ClientRef { node, client })
            .unwrap_or_default();
        let (kind, attribute) = (group, name);
        self.count(node, format!("{kind},client-id={id}\n{attribute}"), by);
    }

    /// Writes all that was counted.
    pub(super) fn write(&self, view: View<'_>, metrics: &mut Metrics) {
        let names = view.names;
        for ((node, name), count) in &self.counts {
            let of_node = metrics.entry(names.machine(*node).to_owned()).or_default();
            let (name, attribute) = match name.split_once('\n') {
                Some((name, attribute)) => (name, client_attribute(attribute)),
                None => (name.as_str(), "Count"),
            };
            of_node
                .entry(name.to_owned())
                .or_default()
                .insert(attribute, *count);
        }
        for ((node, request), times) in &self.times {
            let of_node = metrics.entry(names.machine(*node).to_owned()).or_default();
            let name =
                format!("kafka.network:type=RequestMetrics,name=TotalTimeMs,request={request}");
            of_node.insert(name, histogram(times));
        }
        for (node, server) in view.servers() {
            if server.broker().is_some() {
                let of_node = metrics.entry(names.machine(node).to_owned()).or_default();
                for name in always() {
                    of_node.entry(name).or_default().entry("Count").or_insert(0);
                }
            }
            if server.controller().is_some() {
                let of_node = metrics.entry(names.machine(node).to_owned()).or_default();
                let name =
                    "kafka.controller:type=ControllerStats,name=UncleanLeaderElectionsPerSec";
                of_node
                    .entry(name.to_owned())
                    .or_default()
                    .insert("Count", self.unclean);
            }
        }
    }
}

const PRODUCER: &str = "kafka.producer:type=producer-metrics";
const CONSUMER: &str = "kafka.consumer:type=consumer-fetch-manager-metrics";

const CLIENT_ATTRIBUTES: [&str; 4] = [
    "record-send-total",
    "record-retry-total",
    "record-error-total",
    "records-consumed-total",
];

fn client_attribute(name: &str) -> &'static str {
    CLIENT_ATTRIBUTES
        .into_iter()
        .find(|known| *known == name)
        .unwrap_or("Count")
}

fn broker_topic(name: &str) -> String {
    format!("kafka.server:type=BrokerTopicMetrics,name={name}")
}

/// Meters that a broker has from its start.
fn always() -> impl Iterator<Item = String> {
    let manager = ["IsrShrinksPerSec", "IsrExpandsPerSec"];
    let manager = manager.map(|name| format!("kafka.server:type=ReplicaManager,name={name}"));
    let topics = [
        "MessagesInPerSec",
        "BytesInPerSec",
        "ReplicationBytesInPerSec",
        "ReplicationBytesOutPerSec",
    ];
    manager.into_iter().chain(topics.map(broker_topic))
}

/// A fetch counts under its own name and under who fetches.
fn metric_names(message: &Message) -> Vec<&'static str> {
    let name = message.name();
    match (name, message.facts().node) {
        ("Fetch", Some(_)) => vec!["FetchFollower", name],
        ("Fetch", None) => vec!["FetchConsumer", name],
        _ => vec![name],
    }
}

/// The bytes of the batch that a replica has just appended.
fn batch_bytes(view: View<'_>, node: NodeId, tp: Tp, base: i64) -> i64 {
    let (Some(replica), Some(disk)) = (view.replica(node, tp), view.world.disk(node)) else {
        return 0;
    };
    let log = replica.partition.log();
    let batch = log.batches_from(disk, base).next();
    batch.map_or(0, |batch| batch.size() as i64)
}

/// Kafka takes times down to the microsecond and rounds them to milliseconds.
fn rounded_ms(span: Span) -> i64 {
    let micros = span.as_nanos() / 1_000;
    ((micros + 500) / 1_000) as i64
}

fn histogram(times: &BTreeMap<i64, i64>) -> BTreeMap<&'static str, i64> {
    let count: i64 = times.values().sum();
    let percentiles = [
        ("50thPercentile", 500),
        ("75thPercentile", 750),
        ("95thPercentile", 950),
        ("98thPercentile", 980),
        ("99thPercentile", 990),
        ("999thPercentile", 999),
    ];
    let mut attributes: BTreeMap<&'static str, i64> = BTreeMap::new();
    for (name, per_mille) in percentiles {
        attributes.insert(name, rank(times, (count * per_mille + 999) / 1_000));
    }
    attributes.insert("Count", count);
    attributes.insert("Min", times.keys().next().copied().unwrap_or(0));
    attributes.insert("Max", times.keys().next_back().copied().unwrap_or(0));
    attributes
}

/// The `rank`-th smallest value, from 1.
fn rank(times: &BTreeMap<i64, i64>, rank: i64) -> i64 {
    let mut seen = 0;
    let place = times.iter().find(|(_, count)| {
        seen += **count;
        seen >= rank
    });
    place.map_or(0, |(ms, _)| *ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_as_kafka_rounds_them() {
        let ms = |nanos| rounded_ms(Span::from_nanos(nanos));
        assert_eq!(
            [
                ms(0),
                ms(499_999),
                ms(500_000),
                ms(1_499_999),
                ms(2_500_000)
            ],
            [0, 0, 1, 1, 3]
        );
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let times: BTreeMap<i64, i64> = (1..=100).map(|ms| (ms, 1)).collect();
        let got = histogram(&times);
        let of = |name| got.get(name).copied();
        assert_eq!(
            [of("Count"), of("Min"), of("Max")],
            [Some(100), Some(1), Some(100)]
        );
        assert_eq!(
            [of("50thPercentile"), of("95thPercentile")],
            [Some(50), Some(95)]
        );
        assert_eq!(
            [of("99thPercentile"), of("999thPercentile")],
            [Some(99), Some(100)]
        );
        let one = histogram(&BTreeMap::from([(7, 1)]));
        assert!(
            one.iter()
                .all(|(name, value)| *name == "Count" || *value == 7)
        );
    }
}
