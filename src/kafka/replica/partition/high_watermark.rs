//! The leader's high watermark (behaviour.md 2.1, `Partition.maybeIncrementLeaderHW`).

use super::{LeaderState, Partition};
use crate::kafka::config::Sabotage;
use crate::kafka::replica::Broker;
use crate::kafka::vocabulary::{Kafka, Note};
use crate::sim::{Ctx, Time};

impl Partition {
    /// Advances the high watermark to the smallest log end of all who count, if that is further;
    /// true if it moved. Called after every change of the ISR and of anybody's log end.
    pub(super) fn maybe_increment_high_watermark(
        &mut self,
        broker: &Broker,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> bool {
        let Some(target) = self.high_watermark_target(broker, ctx.mono()) else {
            return false;
        };
        let from = self.log.offsets().high_watermark;
        let Some(to) = self.log.maybe_increment_high_watermark(target) else {
            return false;
        };
        let partition = self.tp;
        ctx.note(Note::HighWatermarkAdvanced {
            partition,
            from,
            to,
        });
        true
    }

    fn high_watermark_target(&self, broker: &Broker, now: Time) -> Option<i64> {
        let leader = self.leader_state()?;
        let gated = broker.config.semantics.min_isr_gates_high_watermark;
        if gated && leader.isr.committed().len() < self.effective_min_isr() {
            return None;
        }
        let log_end = self.log.offsets().log_end;
        if broker.has(Sabotage::LeaderIgnoresIsr) {
            return Some(log_end);
        }
        Some(leader.smallest_log_end(log_end, broker, now))
    }
}

impl LeaderState {
    /// Over the leader, the maximal ISR, and those who are about to join it: a caught-up replica
    /// that the high watermark left behind could never join.
    fn smallest_log_end(&self, log_end: i64, broker: &Broker, now: Time) -> i64 {
        let lag_max = broker.config.replica_lag_time_max;
        let counts = |remote: &&super::RemoteReplica| {
            self.isr.maximal_contains(remote.id)
                || remote.is_caught_up(log_end, now, lag_max) && remote.is_eligible(&broker.image)
        };
        self.remotes
            .iter()
            .filter(counts)
            .map(|remote| remote.log_end)
            .fold(log_end, i64::min)
    }
}
