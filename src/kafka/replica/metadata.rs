//! Metadata made real: replicas become leaders or followers, logs come and go
//! (`ReplicaManager.applyDelta`).

use super::ReplicaManager;
use super::fetcher::FetchState;
use super::partition::Partition;
use super::table::PartitionNo;
use crate::kafka::metadata::{MetadataDelta, MetadataImage, PartitionImage, TopicImage};
use crate::kafka::protocol::TopicPartition;
use crate::kafka::storage::Log;
use crate::kafka::vocabulary::{Kafka, Note, Tp};
use crate::sim::{Ctx, DiskError};
use std::sync::Arc;
use uuid::Uuid;

impl ReplicaManager {
    /// Takes newer metadata. `delta` must name every partition that changed since the last call;
    /// since boot, for the first one. Deletions come first, then leaders, then followers.
    pub fn apply_metadata(
        &mut self,
        image: &MetadataImage,
        delta: &MetadataDelta,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<(), DiskError> {
        self.broker.image = image.clone();
        let applied = self.apply(image, delta, ctx);
        if let Err(error) = applied {
            self.fail(error);
        }
        self.drive_all_fetchers(ctx);
        applied
    }

    fn apply(
        &mut self,
        image: &MetadataImage,
        delta: &MetadataDelta,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<(), DiskError> {
        self.apply_deletes(image, delta, ctx);
        self.apply_configs(image, &delta.topic_configs);
        let mine = self.local_changes(image, delta);
        let (leaders, followers): (Vec<_>, Vec<_>) = mine
            .into_iter()
            .partition(|(_, _, state)| state.leader == self.broker.me);
        for (topic, number, state) in leaders {
            self.apply_leader(&topic, number, &state, ctx)?;
        }
        let mut stepped_down = Vec::new();
        for (topic, number, state) in followers {
            stepped_down.extend(self.apply_follower(&topic, number, &state, ctx)?);
        }
        for no in stepped_down {
            self.complete_all_delayed(no, ctx);
        }
        Ok(())
    }

    /// Deletes logs that were found at boot and that the metadata does not place here
    /// (KAFKA-15556: strays). To be called once, when the metadata has been replayed up to the
    /// quorum's high watermark: before that, a log may seem to be nobody's.
    pub fn remove_strays(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        for (_, log) in std::mem::take(Arc::make_mut(&mut self.found)) {
            note_deleted(&log, ctx);
            log.delete(ctx.disk);
        }
    }

    fn local_changes(
        &self,
        image: &MetadataImage,
        delta: &MetadataDelta,
    ) -> Vec<(Arc<TopicImage>, i32, Arc<PartitionImage>)> {
        let placed_here = |(id, number): &(Uuid, i32)| {
            let topic = image.topics.get(id)?;
            let state = topic.partitions.get(number)?;
            state
                .replicas
                .contains(&self.broker.me)
                .then(|| (topic.clone(), *number, state.clone()))
        };
        delta.partitions.iter().filter_map(placed_here).collect()
    }

    fn apply_deletes(
        &mut self,
        image: &MetadataImage,
        delta: &MetadataDelta,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        for (id, _, numbers) in &delta.removed_topics {
            for number in numbers {
                self.delete_partition(*id, *number, ctx);
            }
        }
        for (id, number) in &delta.partitions {
            let here = image
                .partition(*id, *number)
                .is_some_and(|state| state.replicas.contains(&self.broker.me));
            if !here {
                self.delete_partition(*id, *number, ctx);
            }
        }
    }

    fn delete_partition(&mut self, id: Uuid, number: i32, ctx: &mut Ctx<'_, Kafka>) {
        let Some(no) = self.partitions.find(id, number) else {
            return;
        };
        self.fetchers.remove(no);
        let Some(partition) = self.partitions.remove(no) else {
            return;
        };
        let log = partition.into_log();
        ctx.note(Note::LogDeleted {
            partition: Tp::new(id, number),
        });
        log.delete(ctx.disk);
        self.complete_all_delayed(no, ctx);
    }

    fn apply_configs(&mut self, image: &MetadataImage, topics: &[String]) {
        for name in topics {
            let config = image.topic_config(name, &self.broker.config.topic_defaults);
            for no in self.partitions.numbers() {
                let Some(partition) = self.partitions.get(no) else {
                    continue;
                };
                if partition.topic() == name
                    && let Some(partition) = self.partitions.get_mut(no)
                {
                    partition.set_config(config.clone());
                }
            }
        }
    }

    fn apply_leader(
        &mut self,
        topic: &TopicImage,
        number: i32,
        state: &PartitionImage,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<(), DiskError> {
        let Some(no) = self.get_or_create(topic, number, ctx)? else {
            return Ok(());
        };
        self.fetchers.remove(no);
        let broker = &self.broker;
        if let Some(partition) = self.partitions.get_mut(no)
            && partition.make_leader(state, broker, ctx)?
        {
            self.complete_all_delayed(no, ctx);
        }
        Ok(())
    }

    /// The partition's number if it follows in a new leader epoch: fetching starts anew, and
    /// what waits for it as a leader is answered.
    fn apply_follower(
        &mut self,
        topic: &TopicImage,
        number: i32,
        state: &PartitionImage,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<Option<PartitionNo>, DiskError> {
        let Some(no) = self.get_or_create(topic, number, ctx)? else {
            return Ok(None);
        };
        let broker = &self.broker;
        let Some(partition) = self.partitions.get_mut(no) else {
            return Ok(None);
        };
        let new_epoch = partition.make_follower(state, broker, ctx);
        let leaving = broker.in_controlled_shutdown
            && (state.leader == -1 || !state.isr.contains(&broker.me));
        if leaving {
            self.fetchers.remove(no);
            return Ok(Some(no));
        }
        if new_epoch {
            self.fetchers.remove(no);
            if let Some(state) = self.start_fetching(no) {
                self.fetchers.add(no, state);
            }
        }
        Ok(new_epoch.then_some(no))
    }

    /// Where to fetch from; nowhere without a leader, or if the leader is not registered.
    fn start_fetching(&self, no: PartitionNo) -> Option<FetchState> {
        let partition = self.partitions.get(no)?;
        self.broker.node_of(partition.leader())?;
        Some(self.initial_fetch_state(partition))
    }

    fn get_or_create(
        &mut self,
        topic: &TopicImage,
        number: i32,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<Option<PartitionNo>, DiskError> {
        if let Some(no) = self.partitions.find(topic.id, number) {
            return Ok(Some(no));
        }
        let log = self.claim_or_create_log(topic, number, ctx)?;
        let name = Arc::from(topic.name.as_str());
        let partition = Partition::new(name, topic.id, number, self.broker.me, log);
        Ok(self.partitions.insert(partition))
    }

    /// The log found at boot if it is this topic's, else a new one. A log of an older topic with
    /// the same name goes.
    fn claim_or_create_log(
        &mut self,
        topic: &TopicImage,
        number: i32,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<Log, DiskError> {
        let folder = TopicPartition::new(topic.name.as_str(), number).to_string();
        let defaults = &self.broker.config.topic_defaults;
        let config = self.broker.image.topic_config(&topic.name, defaults);
        if let Some(mut log) = Arc::make_mut(&mut self.found).remove(&folder) {
            if log.topic_id().is_none_or(|id| id == topic.id) {
                log.set_config(config);
                return Ok(log);
            }
            note_deleted(&log, ctx);
            log.delete(ctx.disk);
        }
        let now_ms = ctx.wall_ms();
        let log = Log::create(ctx.disk, &folder, topic.id, config, now_ms)?;
        ctx.note(Note::LogCreated {
            partition: Tp::new(topic.id, number),
        });
        Ok(log)
    }
}

fn note_deleted(log: &Log, ctx: &mut Ctx<'_, Kafka>) {
    if let Some(partition) = super::boot::tp_of(log) {
        ctx.note(Note::LogDeleted { partition });
    }
}
