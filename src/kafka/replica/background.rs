//! Periodic work: the ISR check, checkpoints, retention, expiration of producers.

use super::ReplicaManager;
use super::table::PartitionNo;
use crate::kafka::vocabulary::{Kafka, Note, ReplicaTimer, Timer};
use crate::sim::{Ctx, DiskError, Span};

impl ReplicaManager {
    /// Looks for followers to take out of the ISR, twice within `replica.lag.time.max.ms`: a
    /// removal happens between one and one and a half of it (R5).
    pub(super) fn shrink_isrs(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        for no in self.partitions.numbers() {
            let broker = &self.broker;
            let Some(partition) = self.partitions.get(no) else {
                continue;
            };
            if !partition.is_leader() {
                continue;
            }
            let Some(partition) = self.partitions.get_mut(no) else {
                continue;
            };
            if let Some(proposal) = partition.maybe_shrink_isr(broker, ctx) {
                self.submit_alter_partition(no, proposal, ctx);
            }
        }
        let next = self.isr_check_interval();
        ctx.arm_after(next, Timer::Replica(ReplicaTimer::IsrShrink));
    }

    pub(super) fn handle_background(&mut self, timer: ReplicaTimer, ctx: &mut Ctx<'_, Kafka>) {
        let done = match timer {
            ReplicaTimer::HighWatermarkCheckpoint => self.checkpoint_high_watermarks(ctx),
            ReplicaTimer::RecoveryPointCheckpoint => self.checkpoint_recovery_points(ctx.disk),
            ReplicaTimer::LogStartCheckpoint => self.checkpoint_log_starts(ctx.disk),
            ReplicaTimer::Retention => self.delete_old_segments(ctx),
            ReplicaTimer::ProducerExpiration => {
                self.expire_producers(ctx);
                Ok(())
            }
            _ => {
                self.remove_deleted_files(ctx);
                Ok(())
            }
        };
        if let Err(error) = done {
            return self.fail(error);
        }
        if let Some(interval) = self.interval_of(timer) {
            ctx.arm_after(interval, Timer::Replica(timer));
        }
    }

    fn interval_of(&self, timer: ReplicaTimer) -> Option<Span> {
        let config = &self.broker.config;
        match timer {
            ReplicaTimer::HighWatermarkCheckpoint => {
                Some(config.replica_high_watermark_checkpoint_interval)
            }
            ReplicaTimer::RecoveryPointCheckpoint => {
                Some(config.log_flush_offset_checkpoint_interval)
            }
            ReplicaTimer::LogStartCheckpoint => {
                Some(config.log_flush_start_offset_checkpoint_interval)
            }
            ReplicaTimer::Retention => Some(config.log_retention_check_interval),
            ReplicaTimer::ProducerExpiration => Some(config.producer_id_expiration_check_interval),
            _ => None,
        }
    }

    fn delete_old_segments(&mut self, ctx: &mut Ctx<'_, Kafka>) -> Result<(), DiskError> {
        for no in self.partitions.numbers() {
            self.delete_segments_of(no, ctx)?;
        }
        self.remove_deleted_files(ctx);
        Ok(())
    }

    fn delete_segments_of(
        &mut self,
        no: PartitionNo,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<(), DiskError> {
        let Some(partition) = self.partitions.get_mut(no) else {
            return Ok(());
        };
        let (tp, now_ms) = (partition.tp(), ctx.wall_ms());
        let from = partition.log().offsets().log_start;
        let deleted = partition.log_mut().delete_old_segments(ctx.disk, now_ms)?;
        let to = partition.log().offsets().log_start;
        for base in deleted {
            ctx.note(Note::SegmentDeleted {
                partition: tp,
                base,
            });
        }
        if to > from {
            ctx.note(Note::LogStartAdvanced {
                partition: tp,
                from,
                to,
            });
        }
        Ok(())
    }

    fn remove_deleted_files(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let now_ms = ctx.wall_ms();
        let mut next: Option<i64> = None;
        for no in self.partitions.numbers() {
            if let Some(partition) = self.partitions.get_mut(no) {
                let due = partition.log_mut().remove_deleted(ctx.disk, now_ms);
                next = next.into_iter().chain(due).min();
            }
        }
        if let Some(due) = next {
            let after = Span::from_millis(u64::try_from(due - now_ms).unwrap_or(0).max(1));
            ctx.arm_after(after, Timer::Replica(ReplicaTimer::FileDelete));
        }
    }

    fn expire_producers(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let expiration_ms = self.broker.config.producer_id_expiration.as_millis() as i64;
        let now_ms = ctx.wall_ms();
        for no in self.partitions.numbers() {
            if let Some(partition) = self.partitions.get_mut(no) {
                partition.log_mut().expire_producers(now_ms, expiration_ms);
            }
        }
    }
}
