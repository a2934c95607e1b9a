//! [`PartitionTable`]: the partitions on this broker by dense numbers.

use super::Partition;
use crate::kafka::vocabulary::{TopicTag, Tp};
use std::sync::Arc;
use uuid::Uuid;

/// A partition's place in the table; never used again within one run of the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PartitionNo(pub(super) u32);

/// The hosted partitions, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(super) struct PartitionTable {
    slots: Vec<Option<Arc<Partition>>>,
    /// By topic id; per partition its number.
    topics: Vec<TopicSlots>,
}

#[derive(Clone, Debug)]
struct TopicSlots {
    id: Uuid,
    numbers: Arc<Vec<Option<PartitionNo>>>,
}

impl PartitionTable {
    pub(super) fn find(&self, topic: Uuid, partition: i32) -> Option<PartitionNo> {
        let at = self.topics.binary_search_by_key(&topic, |topic| topic.id);
        let numbers = &self.topics.get(at.ok()?)?.numbers;
        *numbers.get(usize::try_from(partition).ok()?)?
    }

    /// By the tag that notes use; a broker has few topics.
    pub(super) fn find_tagged(&self, tp: Tp) -> Option<PartitionNo> {
        let topic = self
            .topics
            .iter()
            .find(|topic| TopicTag::from(topic.id) == tp.topic)?;
        *topic.numbers.get(usize::try_from(tp.partition).ok()?)?
    }

    pub(super) fn get(&self, no: PartitionNo) -> Option<&Partition> {
        self.slots.get(no.0 as usize)?.as_deref()
    }

    /// To change a partition; it is copied if another copy of the table still refers to it.
    pub(super) fn get_mut(&mut self, no: PartitionNo) -> Option<&mut Partition> {
        self.slots
            .get_mut(no.0 as usize)?
            .as_mut()
            .map(Arc::make_mut)
    }

    pub(super) fn insert(&mut self, partition: Partition) -> Option<PartitionNo> {
        let index = usize::try_from(partition.number()).ok()?;
        let no = PartitionNo(u32::try_from(self.slots.len()).ok()?);
        let numbers = self.numbers_mut(partition.topic_id());
        if numbers.len() <= index {
            numbers.resize(index + 1, None);
        }
        numbers[index] = Some(no);
        self.slots.push(Some(Arc::new(partition)));
        Some(no)
    }

    fn numbers_mut(&mut self, id: Uuid) -> &mut Vec<Option<PartitionNo>> {
        let found = self.topics.binary_search_by_key(&id, |topic| topic.id);
        let at = found.unwrap_or_else(|at| {
            let numbers = Arc::default();
            self.topics.insert(at, TopicSlots { id, numbers });
            at
        });
        Arc::make_mut(&mut self.topics[at].numbers)
    }

    pub(super) fn remove(&mut self, no: PartitionNo) -> Option<Partition> {
        let partition = self.slots.get_mut(no.0 as usize)?.take()?;
        let partition = Arc::unwrap_or_clone(partition);
        let index = usize::try_from(partition.number()).ok()?;
        let numbers = self.numbers_mut(partition.topic_id());
        if let Some(number) = numbers.get_mut(index) {
            *number = None;
        }
        Some(partition)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (PartitionNo, &Partition)> {
        let numbered = (0..).map(PartitionNo).zip(&self.slots);
        numbered.filter_map(|(no, slot)| Some((no, &**slot.as_ref()?)))
    }

    pub(super) fn numbers(&self) -> Vec<PartitionNo> {
        self.iter().map(|(no, _)| no).collect()
    }
}
