//! What a broker's coming and going does to partitions: ISR and leader changes in bulk
//! (`ReplicationControlManager.generateLeaderAndIsrUpdates` and its callers).

use super::ControllerConfig;
use super::elections::{Election, NO_LEADER, PartitionChangeBuilder, change_record};
use crate::kafka::config::Sabotage;
use crate::kafka::metadata::{BrokerImage, MetadataImage, PartitionImage, TopicImage};
use crate::kafka::protocol::metadata_record::{
    BrokerRegistrationChange, MetadataRecord, PartitionChange,
};
use uuid::Uuid;

/// The feature that switches ELR on.
pub(super) const ELR_FEATURE: &str = "eligible.leader.replicas.version";
/// `DirectoryId.LOST`.
const LOST_DIRECTORY: Uuid = Uuid::from_u128(2);

/// The metadata as elections look at it.
#[derive(Clone, Copy)]
pub(super) struct Cluster<'a> {
    pub(super) image: &'a MetadataImage,
    pub(super) config: &'a ControllerConfig,
}

/// Brokers whose part in ISRs changes with the records being made.
#[derive(Clone, Copy, Default)]
struct Change {
    /// Fenced, or shutting down: leaves the ISR, may not lead.
    remove: Option<i32>,
    /// About to be unfenced: may lead.
    add: Option<i32>,
    /// Restarted uncleanly: leaves ISR and ELR, may not lead.
    unclean: Option<i32>,
    /// Keeps `remove` in the ISR all the same: a planted bug.
    stays: bool,
}

impl Change {
    fn leaves_isr(self, id: i32) -> bool {
        (Some(id) == self.remove && !self.stays) || Some(id) == self.unclean
    }
}

impl Cluster<'_> {
    /// Whether eligible leader replicas are in use.
    pub(super) fn elr_enabled(&self) -> bool {
        let level = self.image.features.get(ELR_FEATURE);
        self.config.broker.semantics.eligible_leader_replicas && level.is_some_and(|l| *l >= 1)
    }

    /// min.insync.replicas, but never more than there are replicas.
    fn effective_min_isr(&self, topic: &TopicImage) -> usize {
        let defaults = &self.config.broker.topic_defaults;
        let min_isr = self
            .image
            .topic_config(&topic.name, defaults)
            .min_insync_replicas;
        let first = topic.partitions.values().next();
        let replicas = first.map_or(1, |partition| partition.replicas.len());
        replicas.min(usize::try_from(min_isr).unwrap_or(1))
    }

    /// The election that a topic's config allows when nobody asks for one.
    pub(super) fn topic_election(&self, topic: &TopicImage) -> Election {
        let defaults = &self.config.broker.topic_defaults;
        let config = self.image.topic_config(&topic.name, defaults);
        match config.unclean_leader_election_enable {
            true => Election::Unclean,
            false => Election::Online,
        }
    }

    /// Builds a change of one partition of `topic`; `adjust` says what is wanted.
    pub(super) fn change_partition(
        &self,
        topic: &TopicImage,
        number: i32,
        partition: &PartitionImage,
        adjust: impl FnOnce(PartitionChangeBuilder<'_>) -> PartitionChangeBuilder<'_>,
    ) -> Option<(PartitionChange, MetadataRecord)> {
        self.build(topic, number, partition, Change::default(), adjust)
    }

    fn build(
        &self,
        topic: &TopicImage,
        number: i32,
        partition: &PartitionImage,
        change: Change,
        adjust: impl FnOnce(PartitionChangeBuilder<'_>) -> PartitionChangeBuilder<'_>,
    ) -> Option<(PartitionChange, MetadataRecord)> {
        let acceptable = |id: i32| self.is_acceptable_leader(id, partition, change);
        let min_isr = self.effective_min_isr(topic);
        let builder =
            PartitionChangeBuilder::new(partition, &acceptable, min_isr, self.elr_enabled());
        let built = adjust(builder).build(topic.id, number)?;
        let sabotage = self.config.broker.semantics.sabotage;
        Some((built.clone(), change_record(partition, built, sabotage)))
    }

    fn is_acceptable_leader(&self, id: i32, partition: &PartitionImage, change: Change) -> bool {
        if Some(id) == change.remove || Some(id) == change.unclean {
            return false;
        }
        let active = Some(id) == change.add || self.image.is_active(id);
        active && self.is_directory_online(id, partition)
    }

    fn is_directory_online(&self, id: i32, partition: &PartitionImage) -> bool {
        let place = partition.replicas.iter().position(|replica| *replica == id);
        let directory = place.and_then(|place| partition.directories.get(place));
        match (self.image.brokers.get(&id), directory) {
            (Some(broker), Some(directory)) => has_online_dir(broker, *directory),
            _ => place.is_some(),
        }
    }

    fn generate_leader_and_isr_updates(
        &self,
        change: Change,
        concerns: impl Fn(&PartitionImage) -> bool,
        records: &mut Vec<MetadataRecord>,
    ) {
        let concerned = self.image.all_partitions();
        for (topic, number, partition) in concerned.filter(|(_, _, p)| concerns(p)) {
            let isr = partition.isr.iter().copied();
            let isr = isr.filter(|id| !change.leaves_isr(*id));
            let built = self.build(topic, number, partition, change, |builder| {
                builder
                    .election(self.topic_election(topic))
                    .unclean_shutdown(change.unclean)
                    .target_isr(isr.collect())
            });
            records.extend(built.map(|(_, record)| record));
        }
    }

    /// A broker is fenced: it leaves every ISR, its leaderships move, then it is marked.
    pub(super) fn handle_broker_fenced(&self, broker: &BrokerImage) -> Vec<MetadataRecord> {
        let mut records = Vec::new();
        let sabotage = self.config.broker.semantics.sabotage;
        let stays = sabotage.has(Sabotage::FencedStaysInIsr);
        self.remove_from_isrs(broker.id, stays, &mut records);
        records.push(registration_change(broker, Some(true), None));
        records
    }

    /// A broker is unfenced: it is marked, then leads what has no leader and may be led by it.
    pub(super) fn handle_broker_unfenced(&self, broker: &BrokerImage) -> Vec<MetadataRecord> {
        let mut records = vec![registration_change(broker, Some(false), None)];
        let add = Some(broker.id);
        let change = Change {
            add,
            ..Change::default()
        };
        self.generate_leader_and_isr_updates(change, |p| p.leader == NO_LEADER, &mut records);
        records
    }

    /// A broker enters controlled shutdown: it is marked, leaves every ISR, its leaderships move.
    pub(super) fn handle_broker_in_controlled_shutdown(
        &self,
        broker: &BrokerImage,
    ) -> Vec<MetadataRecord> {
        let mut records = Vec::new();
        if !broker.in_controlled_shutdown {
            records.push(registration_change(broker, None, Some(true)));
        }
        self.remove_from_isrs(broker.id, false, &mut records);
        records
    }

    /// A broker registers anew. After a clean shutdown it leaves the ISR as when fenced; after an
    /// unclean one it may have lost records and leaves the ELR too (KIP-966).
    pub(super) fn handle_broker_shutdown(&self, id: i32, clean: bool) -> Vec<MetadataRecord> {
        let mut records = Vec::new();
        if clean || !self.elr_enabled() {
            self.remove_from_isrs(id, false, &mut records);
            return records;
        }
        let unclean = Some(id);
        let change = Change {
            unclean,
            ..Change::default()
        };
        self.generate_leader_and_isr_updates(change, |p| p.isr.contains(&id), &mut records);
        self.generate_leader_and_isr_updates(change, |p| p.elr.contains(&id), &mut records);
        records
    }

    fn remove_from_isrs(&self, id: i32, stays: bool, records: &mut Vec<MetadataRecord>) {
        let remove = Some(id);
        let change = Change {
            remove,
            stays,
            ..Change::default()
        };
        self.generate_leader_and_isr_updates(change, |p| p.isr.contains(&id), records);
    }
}

/// Reserved ids name no real directory; a lost one is offline, the others are not known yet.
fn has_online_dir(broker: &BrokerImage, directory: Uuid) -> bool {
    if directory.as_u128() < 100 {
        return directory != LOST_DIRECTORY;
    }
    broker.log_dirs.is_empty() || broker.log_dirs.contains(&directory)
}

fn registration_change(
    broker: &BrokerImage,
    fenced: Option<bool>,
    in_controlled_shutdown: Option<bool>,
) -> MetadataRecord {
    MetadataRecord::BrokerRegistrationChange(BrokerRegistrationChange {
        broker_id: broker.id,
        broker_epoch: broker.epoch,
        fenced,
        in_controlled_shutdown,
        log_dirs: Vec::new(),
    })
}
