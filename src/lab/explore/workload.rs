//! Random work: clients, what they send, where they read.

use super::dice::Dice;
use super::shape::Shape;
use crate::lab::scenario::builder::{self, Client, Step};

/// Scenario time of the last send, in milliseconds.
pub const WORK_MS: u32 = 24_000;
/// Records of a series, at most.
const SERIES: u32 = 60;

/// The clients of a cluster and what they do. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// `p0` and so on.
    pub producers: Vec<ProducerShape>,
    /// `c0` and so on; each reads every partition.
    pub consumers: Vec<ConsumerShape>,
    /// What is sent.
    pub series: Vec<Series>,
}

/// The settings of a producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerShape {
    /// `acks`.
    pub acks: &'static str,
    /// `linger.ms`.
    pub linger: u32,
    /// `delivery.timeout.ms`.
    pub delivery_timeout: u32,
}

/// What a consumer does about offsets that are not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerShape {
    /// `auto.offset.reset`. With `none` its application hears of it; it begins with a seek to 0.
    pub reset: &'static str,
    /// A time and an offset to go to, in every partition.
    pub seeks: Option<(u32, i64)>,
}

/// Records of one producer to one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// By place in [`Workload::producers`].
    pub producer: usize,
    /// The topic.
    pub topic: String,
    /// The partition; the partitioner chooses if none.
    pub partition: Option<u32>,
    /// When the first one is sent.
    pub from: u32,
    /// The time between two.
    pub every: u32,
    /// How many.
    pub count: u32,
}

impl Workload {
    pub(super) fn draw(dice: &mut Dice, shape: &Shape) -> Self {
        let producers = dice.range(1, 2) as usize;
        let consumers = dice.range(1, 2);
        let mut series = Vec::new();
        for producer in 0..producers {
            let number = dice.range(1, 3);
            series.extend((0..number).filter_map(|_| Series::draw(dice, shape, producer)));
        }
        if let Some(first) = series.first_mut() {
            first.spread();
        }
        Workload {
            producers: (0..producers).map(|_| ProducerShape::draw(dice)).collect(),
            consumers: (0..consumers).map(|_| ConsumerShape::draw(dice)).collect(),
            series,
        }
    }

    pub(super) fn clients(&self, shape: &Shape) -> Vec<Client> {
        let producers = self.producers.iter().enumerate();
        let producers = producers.map(|(number, producer)| producer.client(number));
        let consumers = self.consumers.iter().enumerate();
        let consumers = consumers.map(|(number, consumer)| consumer.client(number, shape));
        producers.chain(consumers).collect()
    }

    pub(super) fn steps(&self, shape: &Shape) -> Vec<Step> {
        let series = self.series.iter().enumerate();
        let series = series.map(|(number, series)| series.step(number));
        let consumers = self.consumers.iter().enumerate();
        let seeks = consumers.flat_map(|(number, consumer)| consumer.steps(number, shape));
        series.chain(seeks).collect()
    }
}

impl ProducerShape {
    fn draw(dice: &mut Dice) -> Self {
        ProducerShape {
            acks: dice.one(["all", "all", "all", "all", "1"]),
            linger: dice.one([0, 0, 5, 50]),
            delivery_timeout: dice.one([8_000, 20_000, 60_000]),
        }
    }

    fn client(&self, number: usize) -> Client {
        builder::producer(&format!("p{number}"))
            .config("acks", self.acks)
            .config("linger.ms", self.linger)
            .config("request.timeout.ms", 3_000)
            .config("delivery.timeout.ms", self.delivery_timeout)
            .config("metadata.max.age.ms", 5_000)
    }
}

impl ConsumerShape {
    fn draw(dice: &mut Dice) -> Self {
        let seeks = dice.percent(15);
        let time = dice.range(1_000, u64::from(WORK_MS)) as u32;
        ConsumerShape {
            reset: dice.one(["earliest", "earliest", "earliest", "none"]),
            seeks: seeks.then(|| (time, dice.one([0, 10, 1_000_000]))),
        }
    }

    fn client(&self, number: usize, shape: &Shape) -> Client {
        builder::consumer(&format!("c{number}"), shape.partitions())
            .config("auto.offset.reset", self.reset)
            .config("metadata.max.age.ms", 5_000)
    }

    fn steps(&self, number: usize, shape: &Shape) -> Vec<Step> {
        let begins = (self.reset == "none").then_some((0, 0));
        let seek = move |(time, to): (u32, i64)| {
            let partitions = shape.partitions();
            let step = move |partition: String| {
                let at = builder::at(format!("{time}ms"));
                at.seek(&format!("c{number}"), &partition, to)
            };
            partitions.into_iter().map(step)
        };
        begins
            .into_iter()
            .chain(self.seeks)
            .flat_map(seek)
            .collect()
    }
}

impl Series {
    fn draw(dice: &mut Dice, shape: &Shape, producer: usize) -> Option<Self> {
        let topic = dice.pick(&shape.topics)?;
        let from = dice.range(0, u64::from(WORK_MS) / 3) as u32;
        let every = dice.one([100, 300, 700, 1_500]);
        let lasts = dice.range(u64::from(WORK_MS) / 3, u64::from(WORK_MS - from)) as u32;
        let partition = dice.range(0, u64::from(topic.partitions) - 1) as u32;
        Some(Series {
            producer,
            topic: topic.name,
            partition: dice.percent(70).then_some(partition),
            from,
            every,
            count: (lasts / every).clamp(5, SERIES),
        })
    }

    /// Lasts until the end of the work: whatever breaks, breaks while records flow.
    fn spread(&mut self) {
        self.every = self.every.max((WORK_MS - self.from).div_ceil(SERIES));
        self.count = (WORK_MS - self.from) / self.every;
    }

    fn step(&self, number: usize) -> Step {
        let records = builder::records(&format!("p{}", self.producer), &self.topic)
            .value(&format!("s{number}-{{n}}"))
            .count(self.count)
            .every(format!("{}ms", self.every));
        let records = match self.partition {
            Some(partition) => records.partition(i32::try_from(partition).unwrap_or(0)),
            None => records,
        };
        let step = builder::at(format!("{}ms", self.from));
        step.id(&format!("s{number}")).send(records)
    }
}
