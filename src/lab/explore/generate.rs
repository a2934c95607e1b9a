//! A random cluster with random work, as the text of a scenario file.

use super::dice::Dice;
use super::faults;
use crate::lab::scenario::{Scenario, parse};
use std::fmt::Write;

/// Scenario time of the last send, in milliseconds.
pub(super) const WORK_MS: u64 = 24_000;
/// Scenario time of the end, in milliseconds: everything is healed and started then.
const END_MS: u64 = 32_000;

/// The sizes of a cluster.
pub(super) struct Shape {
    pub(super) brokers: u64,
    /// Controllers of their own; none if the brokers are controllers too.
    pub(super) controllers: u64,
    pub(super) topics: Vec<TopicShape>,
    pub(super) producers: u64,
}

/// The sizes of a topic.
pub(super) struct TopicShape {
    pub(super) name: &'static str,
    pub(super) partitions: u64,
    replication: u64,
    min_isr: u64,
    unclean: bool,
    small_segments: bool,
}

impl Shape {
    fn draw(dice: &mut Dice) -> Self {
        let brokers = dice.one([1, 2, 2, 3, 3, 3, 3, 4, 5]);
        let controllers = dice.one([0, 1, 3, 3, 3, 5]);
        let count = dice.one([1, 1, 2]);
        let topic = |name| {
            let replication = dice.range(brokers.min(2), brokers.min(4));
            TopicShape {
                name,
                partitions: dice.range(1, 3),
                replication,
                min_isr: dice.range(1, replication.div_ceil(2)),
                unclean: dice.percent(8),
                small_segments: dice.percent(20),
            }
        };
        let topics = ["orders", "clicks"]
            .into_iter()
            .take(count)
            .map(topic)
            .collect();
        Shape {
            brokers,
            controllers,
            topics,
            producers: dice.range(1, 2),
        }
    }

    /// Every partition as scenarios write it.
    pub(super) fn partitions(&self) -> Vec<String> {
        let of = |topic: &TopicShape| {
            let name = topic.name;
            (0..topic.partitions).map(move |number| format!("{name}-{number}"))
        };
        self.topics.iter().flat_map(of).collect()
    }
}

/// The scenario of a seed.
pub fn generate(seed: u64) -> Scenario {
    let parsed = parse(&text(seed)).expect("the generator writes what the reader reads");
    parsed.main
}

/// The scenario of a seed as a file.
pub fn text(seed: u64) -> String {
    let mut dice = Dice::new(seed);
    let shape = Shape::draw(&mut dice);
    let mut file = String::new();
    let mut line = |text: String| {
        file.push_str(&text);
        file.push('\n');
    };
    line("format = 1\nkafka = \"4.3\"".into());
    line(format!("seed = {seed}\ntitle = \"Schedule {seed}\""));
    line(cluster(&mut dice, &shape));
    shape.topics.iter().for_each(|topic| line(topic.text()));
    for number in 0..shape.producers {
        line(producer(&mut dice, number));
    }
    line(consumers(&mut dice, &shape));
    line(sends(&mut dice, &shape));
    line(faults::text(&mut dice, &shape));
    line(format!(
        "[end]\nat = \"{END_MS}ms\"\nsettle = \"150s\"\nrestart = true"
    ));
    file
}

fn cluster(dice: &mut Dice, shape: &Shape) -> String {
    let controllers = match shape.controllers {
        0 => "\"combined\"".to_owned(),
        number => number.to_string(),
    };
    let lag = dice.one([1_500, 3_000, 10_000]);
    let elr = match dice.percent(20) {
        true => "[cluster.semantics]\neligible-leader-replicas = false\n\n",
        false => "",
    };
    let latency = dice.one(["1ms..3ms", "1ms..3ms", "1ms..20ms", "5ms..80ms"]);
    let trouble = dice.one(["", "", "", "duplicate = \"2%\"\n", "reorder = \"5%\"\n"]);
    let checkpoint = dice.one([500, 5_000]);
    format!(
        "\n[cluster]\nbrokers = {}\ncontrollers = {controllers}\nconfig = {{ \
         \"broker.session.timeout.ms\" = 3000, \"broker.heartbeat.interval.ms\" = 500, \
         \"replica.lag.time.max.ms\" = {lag}, \
         \"replica.high.watermark.checkpoint.interval.ms\" = {checkpoint} }}\n\n\
         {elr}[network]\nlatency = \"{latency}\"\n{trouble}",
        shape.brokers
    )
}

impl TopicShape {
    fn text(&self) -> String {
        let mut config = format!("\"min.insync.replicas\" = {}", self.min_isr);
        if self.unclean {
            config.push_str(", \"unclean.leader.election.enable\" = true");
        }
        if self.small_segments {
            config.push_str(", \"internal.segment.bytes\" = 600");
        }
        format!(
            "[[topic]]\nname = \"{}\"\npartitions = {}\nreplication = {}\nconfig = {{ {config} }}\n",
            self.name, self.partitions, self.replication
        )
    }
}

fn producer(dice: &mut Dice, number: u64) -> String {
    let acks = dice.one(["all", "all", "all", "all", "1"]);
    let delivery = dice.one([8_000, 20_000, 60_000]);
    let linger = dice.one([0, 0, 5, 50]);
    format!(
        "[[producer]]\nname = \"p{number}\"\nconfig = {{ acks = \"{acks}\", \"linger.ms\" = \
         {linger}, \"request.timeout.ms\" = 3000, \"delivery.timeout.ms\" = {delivery}, \
         \"metadata.max.age.ms\" = 5000 }}\n"
    )
}

fn consumers(dice: &mut Dice, shape: &Shape) -> String {
    let partitions = shape.partitions();
    let quoted: Vec<String> = partitions
        .iter()
        .map(|name| format!("\"{name}\""))
        .collect();
    let mut text = String::new();
    for number in 0..dice.range(1, 2) {
        let _ = writeln!(
            text,
            "[[consumer]]\nname = \"c{number}\"\npartitions = [{}]\nconfig = {{ \
             \"auto.offset.reset\" = \"earliest\", \"metadata.max.age.ms\" = 5000 }}\n",
            quoted.join(", ")
        );
    }
    text
}

/// A few series for each producer, spread over the whole time.
fn sends(dice: &mut Dice, shape: &Shape) -> String {
    let mut text = String::new();
    for producer in 0..shape.producers {
        for series in 0..dice.range(1, 3) {
            let Some(topic) = dice.pick(&shape.partitions()) else {
                continue;
            };
            let Some((topic, number)) = topic.rsplit_once('-') else {
                continue;
            };
            let from = dice.range(0, WORK_MS / 3);
            let every = dice.one([100, 300, 700, 1_500]);
            let count = (dice.range(WORK_MS / 3, WORK_MS - from) / every).clamp(5, 60);
            let partition = match dice.percent(70) {
                true => format!("partition = {number}, "),
                false => String::new(),
            };
            let _ = writeln!(
                text,
                "[[step]]\nid = \"s{producer}-{series}\"\nat = \"{from}ms\"\nsend = {{ from = \
                 \"p{producer}\", topic = \"{topic}\", {partition}value = \
                 \"p{producer}-{series}-{{n}}\", count = {count}, every = \"{every}ms\" }}\n"
            );
        }
    }
    text
}
