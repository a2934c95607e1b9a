//! Which replicas have lost bytes that they had acknowledged, and for which partitions so many
//! lost them at once that nothing is promised: as many as the effective min.insync.replicas.
//! Without eligible leader replicas one is enough, as the last in-sync replica leads on when it
//! comes back with fewer bytes (KIP-966).
//!
//! A replica counts from a power-off with unsynced bytes or a wiped disk until it comes back into
//! the ISR of that partition, for which it must have fetched all that was committed; or until new
//! promises begin, of which it has lost nothing. Rotten bytes may be missed at any later time: they
//! count until the disk is wiped.
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
    /// How many copies a promise rests on.
    copies: usize,
    /// Who has fewer bytes than it had acknowledged.
    lossy: BTreeSet<i32>,
    /// Those of them that lost something of what is promised now.
    counted: BTreeSet<i32>,
    rotten: BTreeSet<i32>,
}

/// How a disk lost bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    /// They are gone.
    Gone,
    /// All are gone, rotten ones too.
    Wiped,
    /// They are other ones, which may come out at any time.
    Rotten,
}

/// The losses of every partition.
#[derive(Clone, Debug, Default)]
pub(super) struct Losses {
    /// The offset of the image that `partitions` was taken from.
    seen: Option<i64>,
    partitions: BTreeMap<Tp, Known>,
}

impl Losses {
    /// Whether a broker has lost bytes of the partition and is not back in its ISR since.
    pub(super) fn is_lossy(&self, tp: Tp, broker: i32) -> bool {
        let known = self.partitions.get(&tp);
        known.is_some_and(|known| known.lossy.contains(&broker) || known.rotten.contains(&broker))
    }

    /// Whether so many copies have rotten bytes that nothing can be promised.
    pub(super) fn is_rotten(&self, tp: Tp) -> bool {
        let known = self.partitions.get(&tp);
        known.is_some_and(|known| known.rotten.len() >= known.copies)
    }

    /// New promises begin: who lost bytes before has lost none of what they are about.
    pub(super) fn begin_anew(&mut self, tp: Tp) {
        if let Some(known) = self.partitions.get_mut(&tp) {
            known.counted.clear();
        }
    }

    /// The partitions of which nothing is promised any more since this step.
    pub(super) fn after(&mut self, glance: &Glance<'_>) -> Vec<Tp> {
        let names = glance.view.names;
        let mut broken = Vec::new();
        if let Some(Action::Fault(fault)) = glance.record.action
            && let Some((node, loss)) = loss(fault)
            && let Some(broker) = names.kafka_id(node)
        {
            broken = self.lose(broker, loss);
        }
        self.refresh(glance.view);
        broken
    }

    fn lose(&mut self, broker: i32, loss: Loss) -> Vec<Tp> {
        let mut broken = Vec::new();
        for (tp, known) in &mut self.partitions {
            if known.replicas.contains(&broker) && known.lose(broker, loss) {
                broken.push(*tp);
            }
        }
        broken
    }

    fn refresh(&mut self, view: View<'_>) {
        let Some(truth) = view.truth() else { return };
        if self.seen.replace(truth.offset) != Some(truth.offset) {
            let mut servers = view.servers();
            let eligible = servers.next().is_none_or(|(_, server)| {
                let semantics = &server.config().broker.semantics;
                semantics.eligible_leader_replicas
            });
            self.take(truth, eligible);
        }
    }

    fn take(&mut self, truth: &MetadataImage, eligible: bool) {
        for topic in truth.topics.values() {
            let config = truth.topic_config(&topic.name, &Default::default());
            let min_isr = usize::try_from(config.min_insync_replicas).unwrap_or(1);
            let copies = if eligible { min_isr } else { 1 };
            for (number, image) in &topic.partitions {
                let known = self.partitions.entry(Tp::new(topic.id, *number));
                let known = known.or_insert_with(|| Known::new(image));
                known.update(image, copies);
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
            copies: 1,
            lossy: BTreeSet::new(),
            counted: BTreeSet::new(),
            rotten: BTreeSet::new(),
        }
    }

    /// Whether nothing is promised any more.
    fn lose(&mut self, broker: i32, loss: Loss) -> bool {
        match loss {
            Loss::Rotten => self.rotten.insert(broker),
            Loss::Wiped => self.rotten.remove(&broker),
            Loss::Gone => false,
        };
        if loss != Loss::Rotten {
            self.lossy.insert(broker);
            self.counted.insert(broker);
        }
        self.counted.union(&self.rotten).count() >= self.copies
    }

    /// A server that boots may know only the past of a partition: that is no news.
    fn update(&mut self, image: &PartitionImage, copies: usize) {
        if image.partition_epoch < self.partition_epoch {
            return;
        }
        for broker in &image.isr {
            if !self.isr.contains(broker) {
                self.lossy.remove(broker);
                self.counted.remove(broker);
            }
        }
        for losers in [&mut self.lossy, &mut self.counted, &mut self.rotten] {
            losers.retain(|broker| image.replicas.contains(broker));
        }
        self.replicas.clone_from(&image.replicas);
        self.isr.clone_from(&image.isr);
        self.partition_epoch = image.partition_epoch;
        self.copies = copies.min(image.replicas.len());
    }
}

/// The machine whose disk has fewer of its bytes, or other ones, by a fault.
fn loss(fault: &Fault) -> Option<(NodeId, Loss)> {
    match *fault {
        Fault::PowerOff { node, tail } if tail != Tail::Kept => Some((node, Loss::Gone)),
        Fault::Start { node, wipe: true } => Some((node, Loss::Wiped)),
        Fault::DiskCorrupt { node, .. } => Some((node, Loss::Rotten)),
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

    fn gone(losses: &mut Losses, broker: i32) -> bool {
        !losses.lose(broker, Loss::Gone).is_empty()
    }

    #[test]
    fn as_many_losses_at_once_as_copies_are_needed_end_promises() {
        let (mut losses, tp) = losses();
        assert!(!gone(&mut losses, 0) && losses.is_lossy(tp, 0));
        assert!(!gone(&mut losses, 0), "one replica lost, twice");
        assert!(!gone(&mut losses, 9), "it has no replica");
        assert!(gone(&mut losses, 1));
    }

    #[test]
    fn a_replica_that_comes_back_into_the_isr_has_everything_again() {
        let (mut losses, tp) = losses();
        gone(&mut losses, 0);
        see(&mut losses, tp, &[1, 2], 1);
        see(&mut losses, tp, &[0, 1, 2], 2);
        assert!(!losses.is_lossy(tp, 0) && !gone(&mut losses, 1));
    }

    #[test]
    fn a_replica_that_never_left_the_isr_has_fetched_nothing() {
        let (mut losses, tp) = losses();
        gone(&mut losses, 0);
        see(&mut losses, tp, &[0, 1], 1);
        assert!(losses.is_lossy(tp, 0) && gone(&mut losses, 1));
    }

    #[test]
    fn of_new_promises_nothing_is_lost_yet() {
        let (mut losses, tp) = losses();
        gone(&mut losses, 0);
        losses.begin_anew(tp);
        assert!(losses.is_lossy(tp, 0) && !gone(&mut losses, 1));
        assert!(gone(&mut losses, 2));
    }

    #[test]
    fn rot_stays_until_the_disk_is_wiped() {
        let (mut losses, tp) = losses();
        assert!(losses.lose(0, Loss::Rotten).is_empty());
        losses.begin_anew(tp);
        see(&mut losses, tp, &[1, 2], 1);
        see(&mut losses, tp, &[0, 1, 2], 2);
        assert_eq!(losses.lose(1, Loss::Rotten), [tp]);
        assert!(losses.is_rotten(tp));
        losses.lose(0, Loss::Wiped);
        assert!(!losses.is_rotten(tp) && losses.is_lossy(tp, 0) && losses.is_lossy(tp, 1));
    }

    #[test]
    fn a_server_that_boots_tells_no_news() {
        let (mut losses, tp) = losses();
        see(&mut losses, tp, &[1, 2], 3);
        gone(&mut losses, 0);
        see(&mut losses, tp, &[1], 1);
        see(&mut losses, tp, &[0, 1, 2], 2);
        assert!(losses.is_lossy(tp, 0), "an ISR of before the loss");
    }
}
