//! Metrics of a run under Kafka's own names, as integers.
//!
//! A node has metrics, a metric has attributes, as in JMX: a meter `Count`, a gauge `Value`, a
//! histogram `Count`, `Min`, `Max` and percentiles (nearest rank, milliseconds). Where Kafka
//! gives a rate, which depends on when one looks, the count stands alone; of the producer's and
//! consumer's metrics those that count (`-total`). `Peak`, the highest value that a gauge had,
//! is no attribute of Kafka's.

use super::gauges::gauges;
use super::meters::Meters;
use crate::kafka::vocabulary::{Kafka, NoteKind};
use crate::lab::cluster::{KafkaWorld, Names, Node, View};
use crate::sim::{Envelope, MessageKind, Observer, StepKind, StepRecord};
use std::collections::BTreeMap;

/// Attributes by metric by node or client process.
pub type Metrics = BTreeMap<String, BTreeMap<String, BTreeMap<&'static str, i64>>>;

/// Counts while it looks on.
#[derive(Clone, Debug)]
pub struct MetricsRecorder {
    names: Names,
    meters: Meters,
    peaks: BTreeMap<(usize, String), i64>,
}

impl MetricsRecorder {
    /// For a cluster with these names.
    pub fn new(names: &Names) -> Self {
        MetricsRecorder {
            names: names.clone(),
            meters: Meters::default(),
            peaks: BTreeMap::new(),
        }
    }

    /// The metrics, now that the run is over. A machine that is down has no gauges.
    pub fn finish(mut self, world: &KafkaWorld) -> Metrics {
        self.look(world);
        let names = &self.names;
        let mut metrics = Metrics::new();
        let view = View::new(world, names);
        self.meters.write(view, &mut metrics);
        for node in names.machines() {
            let of_node = metrics.entry(names.machine(node).to_owned()).or_default();
            for (name, value) in gauges(view, node) {
                of_node.entry(name).or_default().insert("Value", value);
            }
        }
        for ((node, name), peak) in self.peaks {
            let Some(node) = names.machines().nth(node) else {
                continue;
            };
            let of_node = metrics.entry(names.machine(node).to_owned()).or_default();
            of_node.entry(name).or_default().insert("Peak", peak);
        }
        metrics.retain(|_, metrics| !metrics.is_empty());
        metrics
    }

    /// Gauges as they are now.
    fn look(&mut self, world: &KafkaWorld) {
        let view = View::new(world, &self.names);
        for node in self.names.machines() {
            for (name, value) in gauges(view, node) {
                let peak = self.peaks.entry((node.index(), name)).or_insert(value);
                *peak = value.max(*peak);
            }
        }
    }
}

/// After these notes a gauge may have another value.
const CHANGES: [NoteKind; 10] = [
    NoteKind::BecameLeader,
    NoteKind::BecameFollower,
    NoteKind::IsrCommitted,
    NoteKind::IsrChanged,
    NoteKind::LeaderElected,
    NoteKind::ControllerActivated,
    NoteKind::BrokerFenced,
    NoteKind::BrokerUnfenced,
    NoteKind::TopicCreated,
    NoteKind::TopicDeleted,
];

impl Observer<Node> for MetricsRecorder {
    fn see(&mut self, world: &KafkaWorld, record: &StepRecord<'_, Kafka>) {
        self.meters.see(View::new(world, &self.names), record);
        let changes = record
            .notes
            .iter()
            .any(|note| CHANGES.contains(&note.kind()));
        if changes || matches!(record.kind, StepKind::Action) {
            self.look(world);
        }
    }

    /// Requests: an answer says by its step which request it answers.
    fn watches(&self, envelope: &Envelope<Kafka>) -> bool {
        envelope.kind == MessageKind::Request
    }
}
