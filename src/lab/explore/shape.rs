//! A random cluster: how many machines, which topics, which settings.

use super::dice::Dice;
use crate::lab::scenario::builder::{self, Cluster, Link, Topic};

/// The sizes and settings of a cluster. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// How many brokers.
    pub brokers: u32,
    /// Controllers of their own; none if the brokers are controllers too.
    pub controllers: u32,
    /// The topics that are there from the start.
    pub topics: Vec<TopicShape>,
    /// `replica.lag.time.max.ms`.
    pub replica_lag: u32,
    /// `replica.high.watermark.checkpoint.interval.ms`.
    pub checkpoint: u32,
    /// Whether a partition remembers who may lead once its ISR is empty (KIP-966).
    pub eligible_leader_replicas: bool,
    /// Shortest and longest time on the way.
    pub latency: (u32, u32),
    /// Share of messages that arrive twice, in percent.
    pub duplicate: u32,
    /// Share of messages that later ones overtake, in percent.
    pub reorder: u32,
}

/// The sizes and settings of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicShape {
    /// Its name.
    pub name: String,
    /// How many partitions.
    pub partitions: u32,
    /// How many replicas of each.
    pub replication: u32,
    /// `min.insync.replicas`.
    pub min_isr: u32,
    /// `unclean.leader.election.enable`.
    pub unclean: bool,
    /// Segments are rolled after a few records.
    pub small_segments: bool,
    /// `retention.bytes`, where old segments are deleted.
    pub retention_bytes: Option<u32>,
}

impl Shape {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let brokers = dice.one([1, 2, 2, 3, 3, 3, 3, 4, 5]);
        let controllers = dice.one([0, 1, 3, 3, 3, 5]);
        let names = ["orders", "clicks"];
        let count = dice.one([1, 1, 2]);
        let topics = names.into_iter().take(count);
        let topics = topics.map(|name| TopicShape::draw(dice, name, brokers));
        Shape {
            brokers,
            controllers,
            topics: topics.collect(),
            replica_lag: dice.one([1_500, 3_000, 10_000]),
            checkpoint: dice.one([500, 5_000]),
            eligible_leader_replicas: !dice.percent(20),
            latency: dice.one([(1, 3), (1, 3), (1, 20), (5, 80)]),
            duplicate: dice.one([0, 0, 0, 2]),
            reorder: dice.one([0, 0, 0, 5]),
        }
    }

    /// Every partition as scenarios write it.
    pub fn partitions(&self) -> Vec<String> {
        self.topics
            .iter()
            .flat_map(TopicShape::partitions)
            .collect()
    }

    pub(super) fn cluster(&self) -> Cluster {
        let cluster = builder::brokers(self.brokers)
            .config("broker.session.timeout.ms", 3_000)
            .config("broker.heartbeat.interval.ms", 500)
            .config("replica.lag.time.max.ms", self.replica_lag)
            .config(
                "replica.high.watermark.checkpoint.interval.ms",
                self.checkpoint,
            );
        let cluster = match self.controllers {
            0 => cluster.combined(),
            number => cluster.controllers(number),
        };
        let cluster = match self.topics.iter().any(|t| t.retention_bytes.is_some()) {
            true => cluster
                .config("log.initial.task.delay.ms", 1_000)
                .config("log.retention.check.interval.ms", 2_000),
            false => cluster,
        };
        match self.eligible_leader_replicas {
            true => cluster,
            false => cluster.semantics("eligible-leader-replicas", false),
        }
    }

    pub(super) fn network(&self) -> Link {
        let (least, most) = self.latency;
        let links = builder::all_links().latency(&format!("{least}ms..{most}ms"));
        let links = match self.duplicate {
            0 => links,
            percent => links.duplicate(&format!("{percent}%")),
        };
        match self.reorder {
            0 => links,
            percent => links.reorder(&format!("{percent}%")),
        }
    }
}

impl TopicShape {
    fn draw(dice: &mut Dice, name: &str, brokers: u32) -> Self {
        let replication = dice.range(u64::from(brokers.min(2)), u64::from(brokers.min(4)));
        let retains = dice.percent(20);
        TopicShape {
            name: name.to_owned(),
            partitions: dice.range(1, 3) as u32,
            replication: replication as u32,
            min_isr: dice.range(1, replication.div_ceil(2)) as u32,
            unclean: dice.percent(8),
            small_segments: retains || dice.percent(20),
            retention_bytes: retains.then(|| dice.one([1_200, 3_000])),
        }
    }

    fn partitions(&self) -> impl Iterator<Item = String> + use<'_> {
        (0..self.partitions).map(|number| format!("{}-{number}", self.name))
    }

    pub(super) fn topic(&self) -> Topic {
        let topic = builder::topic(&self.name)
            .partitions(i32::try_from(self.partitions).unwrap_or(i32::MAX))
            .replication(i16::try_from(self.replication).unwrap_or(i16::MAX))
            .config("min.insync.replicas", self.min_isr);
        let topic = match self.unclean {
            true => topic.config("unclean.leader.election.enable", true),
            false => topic,
        };
        let topic = match self.small_segments {
            true => topic.config("internal.segment.bytes", 600),
            false => topic,
        };
        match self.retention_bytes {
            Some(bytes) => topic
                .config("retention.bytes", bytes)
                .config("file.delete.delay.ms", 1_000),
            None => topic,
        }
    }
}
