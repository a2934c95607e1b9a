//! Which replicas have lost bytes that they had acknowledged, and for which partitions so many
//! lost them at once that nothing was promised: as many as the effective min.insync.replicas.
//!
//! A replica counts from a power-off with unsynced bytes, a rotten or a wiped disk until it comes
//! back into the ISR of that partition, for which it must have fetched all that was committed.
//!
//! What partitions there are is remembered, as the fault may take down the last server that knew.

use super::Glance;
use crate::kafka::metadata::{MetadataImage, PartitionImage};
use crate::kafka::vocabulary::Tp;
use crate::lab::cluster::View;
use crate::sim::{Action, Fault, NodeId, Tail};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of a partition, by the truth when it was last seen.
#[derive(Clone, Debug)]
struct Known {
    replicas: Vec<i32>,
    isr: Vec<i32>,
    partition_epoch: i32,
    effective_min_isr: usize,
    lossy: BTreeSet<i32>,
    excused: bool,
}

/// The losses of every partition.
#[derive(Clone, Debug, Default)]
pub(super) struct Losses {
    /// The offset of the image that `partitions` was taken from.
    seen: Option<i64>,
    partitions: BTreeMap<Tp, Known>,
}

impl Losses {
    /// Whether so many copies were lost at once that nothing was promised of the partition.
    pub(super) fn is_excused(&self, tp: Tp) -> bool {
        self.partitions.get(&tp).is_some_and(|known| known.excused)
    }

    /// Whether a broker has lost bytes of the partition and is not back in its ISR since.
    pub(super) fn is_lossy(&self, tp: Tp, broker: i32) -> bool {
        let known = self.partitions.get(&tp);
        known.is_some_and(|known| known.lossy.contains(&broker))
    }

    pub(super) fn after(&mut self, glance: &Glance<'_>) {
        let names = glance.view.names;
        if let Some(Action::Fault(fault)) = glance.record.action
            && let Some(broker) = lossy_node(fault).and_then(|node| names.kafka_id(node))
        {
            self.lose(broker);
        }
        self.refresh(glance.view);
    }

    fn lose(&mut self, broker: i32) {
        for known in self.partitions.values_mut() {
            if known.replicas.contains(&broker) {
                known.lossy.insert(broker);
                known.excused |= known.lossy.len() >= known.effective_min_isr;
            }
        }
    }

    fn refresh(&mut self, view: View<'_>) {
        let Some(truth) = view.truth() else { return };
        if self.seen.replace(truth.offset) != Some(truth.offset) {
            self.take(truth);
        }
    }

    fn take(&mut self, truth: &MetadataImage) {
        for topic in truth.topics.values() {
            let config = truth.topic_config(&topic.name, &Default::default());
            let min_isr = usize::try_from(config.min_insync_replicas).unwrap_or(1);
            for (number, image) in &topic.partitions {
                let known = self.partitions.entry(Tp::new(topic.id, *number));
                let known = known.or_insert_with(|| Known::new(image));
                known.update(image, min_isr);
            }
        }
    }
}

impl Known {
    fn new(image: &PartitionImage) -> Self {
        Known {
            replicas: image.replicas.clone(),
            isr: image.isr.clone(),
            partition_epoch: image.partition_epoch,
            effective_min_isr: 1,
            lossy: BTreeSet::new(),
            excused: false,
        }
    }

    /// A server that boots may know only the past of a partition: that is no news.
    fn update(&mut self, image: &PartitionImage, min_isr: usize) {
        if image.partition_epoch < self.partition_epoch {
            return;
        }
        for broker in &image.isr {
            if !self.isr.contains(broker) {
                self.lossy.remove(broker);
            }
        }
        self.lossy.retain(|broker| image.replicas.contains(broker));
        self.replicas.clone_from(&image.replicas);
        self.isr.clone_from(&image.isr);
        self.partition_epoch = image.partition_epoch;
        self.effective_min_isr = min_isr.min(image.replicas.len());
    }
}

/// The machine whose disk has fewer of its bytes, or other ones, by a fault.
fn lossy_node(fault: &Fault) -> Option<NodeId> {
    match *fault {
        Fault::PowerOff { node, tail } if tail != Tail::Kept => Some(node),
        Fault::Start { node, wipe: true } | Fault::DiskCorrupt { node, .. } => Some(node),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const TP: i32 = 0;

    fn image(isr: &[i32], partition_epoch: i32) -> PartitionImage {
        PartitionImage {
            replicas: vec![0, 1, 2],
            isr: isr.to_vec(),
            partition_epoch,
            ..PartitionImage::default()
        }
    }

    /// Three replicas, two of which are needed for an acknowledgement.
    fn losses() -> (Losses, Tp) {
        let (mut losses, tp) = (Losses::default(), Tp::new(Uuid::from_u128(7), TP));
        losses
            .partitions
            .insert(tp, Known::new(&image(&[0, 1, 2], 0)));
        see(&mut losses, tp, &[0, 1, 2], 0);
        (losses, tp)
    }

    fn see(losses: &mut Losses, tp: Tp, isr: &[i32], partition_epoch: i32) {
        let known = losses.partitions.get_mut(&tp).expect("it was put there");
        known.update(&image(isr, partition_epoch), 2);
    }

    #[test]
    fn as_many_losses_at_once_as_copies_are_needed_excuse() {
        let (mut losses, tp) = losses();
        losses.lose(0);
        assert!(losses.is_lossy(tp, 0) && !losses.is_excused(tp));
        losses.lose(0);
        losses.lose(9);
        assert!(!losses.is_excused(tp), "one replica lost, twice");
        losses.lose(1);
        assert!(losses.is_excused(tp));
    }

    #[test]
    fn a_replica_that_comes_back_into_the_isr_has_everything_again() {
        let (mut losses, tp) = losses();
        losses.lose(0);
        see(&mut losses, tp, &[1, 2], 1);
        see(&mut losses, tp, &[0, 1, 2], 2);
        losses.lose(1);
        assert!(!losses.is_lossy(tp, 0) && !losses.is_excused(tp));
    }

    #[test]
    fn a_replica_that_never_left_the_isr_has_fetched_nothing() {
        let (mut losses, tp) = losses();
        losses.lose(0);
        see(&mut losses, tp, &[0, 1], 1);
        assert!(losses.is_lossy(tp, 0));
        losses.lose(1);
        assert!(losses.is_excused(tp));
    }

    #[test]
    fn a_server_that_boots_tells_no_news() {
        let (mut losses, tp) = losses();
        see(&mut losses, tp, &[1, 2], 3);
        losses.lose(0);
        see(&mut losses, tp, &[1], 1);
        see(&mut losses, tp, &[0, 1, 2], 2);
        assert!(losses.is_lossy(tp, 0), "an ISR of before the loss");
    }
}
