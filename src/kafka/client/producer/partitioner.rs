//! Which partition a record goes to (behaviour.md 2.12 and 2.13; librdkafka's and sarama's own
//! partitioners).

use crate::kafka::client::metadata::TopicMetadata;
use crate::kafka::config::{PartitionerKind, ProducerConfig};
use crate::kafka::protocol::hashes;
use crate::kafka::vocabulary::{ClientNo, Kafka, Purpose};
use crate::sim::{Ctx, Span, Time};
use std::collections::BTreeMap;

/// How the choice ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// That partition.
    Partition(i32),
    /// The accumulator decides: the partition that records without a key stick to.
    Sticky,
}

/// A producer's partitioner with what it remembers of each topic.
#[derive(Clone, Debug)]
pub(crate) struct Partitioner {
    client: ClientNo,
    kind: PartitionerKind,
    ignore_keys: bool,
    batch_size: i64,
    sticky_linger: Span,
    topics: BTreeMap<String, TopicState>,
}

#[derive(Clone, Debug, Default)]
struct TopicState {
    sticky: Option<StickyPartition>,
    load: Option<PartitionLoad>,
    counter: u32,
    sticky_random: Option<(i32, Time)>,
}

#[derive(Clone, Copy, Debug)]
struct StickyPartition {
    partition: i32,
    produced: i64,
}

/// Cumulative weights of the partitions by the length of their queues.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PartitionLoad {
    cumulative: Vec<u64>,
    partitions: Vec<i32>,
}

/// The partition of `partitions` (at least one) that a producer with this config sends every
/// record with this key to; none if its choice does not depend on the key.
pub fn partition_of_key(config: &ProducerConfig, key: &[u8], partitions: u32) -> Option<u32> {
    match config.partitioner {
        PartitionerKind::BuiltIn if config.partitioner_ignore_keys => None,
        kind => by_key(kind, key, partitions.max(1)),
    }
}

/// What a kind of partitioner makes of a key; none if it does not look at this one.
fn by_key(kind: PartitionerKind, key: &[u8], n: u32) -> Option<u32> {
    use PartitionerKind as Kind;
    match kind {
        Kind::BuiltIn | Kind::Murmur2Random => Some(hashes::java_partition(key, n)),
        // librdkafka's default takes an empty key for none; its other ones hash it.
        Kind::ConsistentRandom if key.is_empty() => None,
        Kind::ConsistentRandom => Some(hashes::librdkafka_consistent(key, n)),
        Kind::Fnv1aRandom => Some(hashes::librdkafka_fnv1a(key, n)),
        Kind::SaramaHash => Some(hashes::sarama_hash(key, n)),
        Kind::SaramaReferenceHash => Some(hashes::sarama_reference(key, n)),
        _ => None,
    }
}

impl Partitioner {
    pub(crate) fn new(client: ClientNo, config: &ProducerConfig) -> Self {
        Partitioner {
            client,
            kind: config.partitioner,
            ignore_keys: config.partitioner_ignore_keys,
            batch_size: i64::from(config.batch_size.max(1)),
            sticky_linger: config.sticky_partitioning_linger,
            topics: BTreeMap::new(),
        }
    }

    /// Chooses for a record with this key.
    pub(crate) fn choose(
        &mut self,
        topic: &str,
        key: Option<&[u8]>,
        known: &TopicMetadata,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Choice {
        let n = known.partitions.len() as u32;
        if self.kind == PartitionerKind::BuiltIn && (self.ignore_keys || key.is_none()) {
            return Choice::Sticky;
        }
        let hashed = key.and_then(|key| by_key(self.kind, key, n));
        if let Some(partition) = hashed {
            return Choice::Partition(partition as i32);
        }
        Choice::Partition(self.choose_keyless(topic, known, ctx))
    }

    fn choose_keyless(
        &mut self,
        topic: &str,
        known: &TopicMetadata,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> i32 {
        use PartitionerKind as Kind;
        match self.kind {
            Kind::RoundRobin | Kind::SaramaRoundRobin => self.round_robin(topic, known),
            Kind::ConsistentRandom | Kind::Murmur2Random | Kind::Fnv1aRandom => {
                self.sticky_random(topic, known, ctx)
            }
            // sarama's manual partitioner takes the message's own field, which is 0 if not set.
            Kind::Manual => 0,
            _ => self.random(known, ctx),
        }
    }

    fn round_robin(&mut self, topic: &str, known: &TopicMetadata) -> i32 {
        let state = topic_state(&mut self.topics, topic);
        let available = available(known);
        let n = available.len() as u32;
        if self.kind == PartitionerKind::SaramaRoundRobin && state.counter >= n {
            state.counter = 0;
        }
        let index = state.counter % n.max(1);
        state.counter = state.counter.wrapping_add(1);
        available.get(index as usize).copied().unwrap_or(0)
    }

    fn sticky_random(
        &mut self,
        topic: &str,
        known: &TopicMetadata,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> i32 {
        let now = ctx.mono();
        let available = available(known);
        let state = topic_state(&mut self.topics, topic);
        if let Some((partition, until)) = state.sticky_random
            && now < until
            && available.contains(&partition)
        {
            return partition;
        }
        let partition = self.random(known, ctx);
        let until = now + self.sticky_linger;
        topic_state(&mut self.topics, topic).sticky_random = Some((partition, until));
        partition
    }

    fn random(&self, known: &TopicMetadata, ctx: &mut Ctx<'_, Kafka>) -> i32 {
        let available = available(known);
        let drawn = draw_below(available.len() as u64, self.client, ctx);
        available.get(drawn as usize).copied().unwrap_or(0)
    }

    /// The partition that records without a key stick to now.
    pub(crate) fn sticky(
        &mut self,
        topic: &str,
        known: &TopicMetadata,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> i32 {
        let state = topic_state(&mut self.topics, topic);
        if let Some(sticky) = state.sticky {
            return sticky.partition;
        }
        self.switch(topic, known, ctx)
    }

    /// Counts `bytes` that were appended to the sticky partition and switches to another one if
    /// it has had its share: `batch.size` when its batches are complete, twice that otherwise.
    pub(crate) fn update_sticky(
        &mut self,
        topic: &str,
        bytes: usize,
        enable_switch: bool,
        known: &TopicMetadata,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> bool {
        let batch_size = self.batch_size;
        let Some(sticky) = topic_state(&mut self.topics, topic).sticky.as_mut() else {
            return false;
        };
        sticky.produced += bytes as i64;
        let produced = sticky.produced;
        if (produced >= batch_size && enable_switch) || produced >= 2 * batch_size {
            self.switch(topic, known, ctx);
            return true;
        }
        false
    }

    fn switch(&mut self, topic: &str, known: &TopicMetadata, ctx: &mut Ctx<'_, Kafka>) -> i32 {
        let client = self.client;
        let state = topic_state(&mut self.topics, topic);
        let partition = match &state.load {
            Some(load) => load.pick(client, ctx),
            None => {
                let available = available(known);
                let drawn = draw_below(available.len() as u64, client, ctx);
                available.get(drawn as usize).copied().unwrap_or(0)
            }
        };
        state.sticky = Some(StickyPartition {
            partition,
            produced: 0,
        });
        partition
    }

    /// Takes the lengths of the queues of a topic's partitions with a leader; none if not every
    /// partition has had a record yet. `all` counts the partitions that were looked at.
    pub(crate) fn update_load(&mut self, topic: &str, queues: Option<&[(i32, usize)]>, all: usize) {
        let load = queues.and_then(|queues| PartitionLoad::of(queues, all));
        if let Some(state) = self.topics.get_mut(topic) {
            state.load = load;
        }
    }
}

impl PartitionLoad {
    fn of(queues: &[(i32, usize)], all: usize) -> Option<Self> {
        let longest = queues.iter().map(|(_, length)| *length).max()?;
        let equal = queues.iter().all(|(_, length)| *length == longest);
        if all < 2 || (equal && queues.len() == all) {
            return None;
        }
        let mut sum = 0;
        let mut cumulative = Vec::with_capacity(queues.len());
        for (_, length) in queues {
            sum += (longest + 1 - length) as u64;
            cumulative.push(sum);
        }
        Some(PartitionLoad {
            cumulative,
            partitions: queues.iter().map(|(partition, _)| *partition).collect(),
        })
    }

    fn pick(&self, client: ClientNo, ctx: &mut Ctx<'_, Kafka>) -> i32 {
        let sum = self.cumulative.last().copied().unwrap_or(0);
        let drawn = draw_below(sum, client, ctx);
        let index = self.cumulative.partition_point(|weight| *weight <= drawn);
        self.partitions.get(index).copied().unwrap_or(0)
    }
}

fn topic_state<'a>(
    topics: &'a mut BTreeMap<String, TopicState>,
    topic: &str,
) -> &'a mut TopicState {
    if !topics.contains_key(topic) {
        topics.insert(topic.to_owned(), TopicState::default());
    }
    topics.entry(topic.to_owned()).or_default()
}

/// The partitions with a leader, or all if there is none.
fn available(known: &TopicMetadata) -> Vec<i32> {
    let led: Vec<i32> = (0..)
        .zip(&known.partitions)
        .filter(|(_, partition)| partition.leader >= 0)
        .map(|(index, _)| index)
        .collect();
    if led.is_empty() {
        return (0..known.partitions.len() as i32).collect();
    }
    led
}

fn draw_below(n: u64, client: ClientNo, ctx: &mut Ctx<'_, Kafka>) -> u64 {
    if n <= 1 {
        return 0;
    }
    ctx.draw(Purpose::Partition, u32::from(client.0), 0..=n - 1)
}

#[cfg(test)]
mod tests;
