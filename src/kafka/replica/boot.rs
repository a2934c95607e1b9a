//! Start and stop of the replica manager: logs are opened, timers armed, logs closed.

use super::ReplicaManager;
use super::broker::Broker;
use super::checkpoints::Checkpoints;
use super::fetcher::Fetchers;
use super::io::Io;
use crate::kafka::config::{BrokerConfig, Sabotage};
use crate::kafka::metadata::MetadataImage;
use crate::kafka::network_client::Hosts;
use crate::kafka::protocol::METADATA_TOPIC_NAME;
use crate::kafka::storage::{Log, Recovery, parse_partition_folder, partition_folders};
use crate::kafka::vocabulary::{Kafka, Note, ReplicaTimer, Timer, Tp, Work};
use crate::sim::{Ctx, DiskError, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

impl ReplicaManager {
    /// Opens every partition folder on the disk but the metadata log's, with the checkpoints of
    /// the data directory, and arms the periodic timers. After an unclean stop logs are
    /// recovered. The logs wait for [`ReplicaManager::apply_metadata`] to claim them.
    pub fn boot(
        node_id: i32,
        config: BrokerConfig,
        hosts: Arc<Hosts>,
        clean: bool,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<Self, DiskError> {
        let mut manager = ReplicaManager {
            fetchers: Fetchers::new(&config),
            io: Io::new(config.semantics.io),
            broker: Broker {
                me: node_id,
                epoch: -1,
                config: Arc::new(config),
                hosts,
                image: MetadataImage::empty(),
                in_controlled_shutdown: false,
            },
            partitions: Default::default(),
            found: Default::default(),
            sessions: Default::default(),
            purgatory: Default::default(),
            alter_partition: Default::default(),
            failed: None,
        };
        manager.found = Arc::new(manager.open_logs(clean, ctx)?);
        manager.arm_periodic(ctx);
        Ok(manager)
    }

    fn open_logs(
        &self,
        clean: bool,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<BTreeMap<String, Log>, DiskError> {
        let checkpoints = Checkpoints::read(ctx.disk);
        let mut logs = BTreeMap::new();
        for (folder, partition) in partition_folders(ctx.disk) {
            if partition.topic == METADATA_TOPIC_NAME {
                continue;
            }
            let (recovery_point, log_start, high_watermark) =
                checkpoints.of(&partition.topic, partition.partition);
            let config = self.broker.config.topic_defaults.clone();
            let (mut log, recovery) = Log::open(
                ctx.disk,
                &folder,
                config,
                clean,
                recovery_point,
                log_start,
                high_watermark,
                ctx.wall_ms(),
            )?;
            note_recovery(&log, recovery, clean, ctx);
            self.maybe_lose_last_record(&mut log, ctx)?;
            logs.insert(folder, log);
        }
        Ok(logs)
    }

    fn maybe_lose_last_record(
        &self,
        log: &mut Log,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<(), DiskError> {
        if !self.broker.has(Sabotage::LoseLastRecordAtBoot) {
            return Ok(());
        }
        let last = log.offsets().log_end - 1;
        let batch = log.batches_from(ctx.disk, last).next();
        if let Some(base) = batch.map(|batch| batch.base_offset()) {
            log.truncate_to(ctx.disk, base, true, ctx.wall_ms())?;
        }
        Ok(())
    }

    fn arm_periodic(&self, ctx: &mut Ctx<'_, Kafka>) {
        let config = &self.broker.config;
        let first = [
            (ReplicaTimer::IsrShrink, self.isr_check_interval()),
            (
                ReplicaTimer::HighWatermarkCheckpoint,
                config.replica_high_watermark_checkpoint_interval,
            ),
            (
                ReplicaTimer::RecoveryPointCheckpoint,
                config.log_initial_task_delay,
            ),
            (
                ReplicaTimer::LogStartCheckpoint,
                config.log_initial_task_delay,
            ),
            (ReplicaTimer::Retention, config.log_initial_task_delay),
            (
                ReplicaTimer::ProducerExpiration,
                config.producer_id_expiration_check_interval,
            ),
        ];
        for (timer, after) in first {
            ctx.arm_after(after, Timer::Replica(timer));
        }
    }

    pub(super) fn isr_check_interval(&self) -> Span {
        Span(self.broker.config.replica_lag_time_max.0 / 2)
    }

    /// Closes all logs cleanly and writes the checkpoints.
    pub fn shutdown(&mut self, ctx: &mut Ctx<'_, Kafka>) -> Result<(), DiskError> {
        let now_ms = ctx.wall_ms();
        for no in self.partitions.numbers() {
            if let Some(partition) = self.partitions.get_mut(no) {
                partition.log_mut().close(ctx.disk, now_ms)?;
            }
        }
        for log in Arc::make_mut(&mut self.found).values_mut() {
            log.close(ctx.disk, now_ms)?;
        }
        self.checkpoint_recovery_points(ctx.disk)?;
        self.checkpoint_log_starts(ctx.disk)?;
        self.checkpoint_high_watermarks(ctx)
    }
}

fn note_recovery(log: &Log, recovery: Recovery, clean: bool, ctx: &mut Ctx<'_, Kafka>) {
    ctx.spend(Work::RecoveryBytes, recovery.scanned_bytes);
    if clean {
        return;
    }
    if let Some(partition) = tp_of(log) {
        ctx.note(Note::LogRecovered {
            partition,
            end: log.offsets().log_end,
            truncated: recovery.truncated_bytes as i64,
        });
    }
}

/// The partition of a log, by the id in its folder.
pub(super) fn tp_of(log: &Log) -> Option<Tp> {
    let (_, number) = key_of_folder(log.name())?;
    Some(Tp::new(log.topic_id()?, number))
}

/// Topic and partition of a folder's name.
pub(super) fn key_of_folder(folder: &str) -> Option<(String, i32)> {
    let partition = parse_partition_folder(folder.trim_end_matches('/'))?;
    Some((partition.topic, partition.partition))
}
