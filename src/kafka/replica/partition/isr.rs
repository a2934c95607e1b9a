//! The ISR in the leader's eyes and its changes (KIP-497, behaviour.md 2.2 and 2.3).
//!
//! ```text
//! Committed      --maybe_expand_isr-->   PendingExpand   the joining replica counts at once
//! Committed      --maybe_shrink_isr-->   PendingShrink   the leaving ones count until committed
//! Pending*       --answer, no error-->   Committed       unless the answer is older than we are
//! Pending*       --certainly refused-->  Committed       as it was before
//! Pending*       --outcome unknown-->    Pending*        until the metadata log says
//! Pending*       --any other error-->    Pending*        and the same proposal is sent again
//! any            --metadata, make_leader--> Committed
//! ```

use super::{LeaderState, Partition, Role};
use crate::kafka::config::IsrAdmission;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::replica::Broker;
use crate::kafka::vocabulary::{Kafka, NodeId, NodeSet, Note};
use crate::sim::{Ctx, Time};

/// The in-sync replicas, with a change that the controller has not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IsrState {
    /// No change in flight.
    Committed(Vec<i32>),
    /// A replica is proposed to join.
    PendingExpand {
        /// The ISR before.
        committed: Vec<i32>,
        /// Who joins.
        joining: i32,
        /// What was proposed.
        proposal: Proposal,
    },
    /// Replicas are proposed to leave.
    PendingShrink {
        /// The ISR before.
        committed: Vec<i32>,
        /// What was proposed.
        proposal: Proposal,
    },
}

/// A proposed ISR, as AlterPartition carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The leader epoch of the proposing leader.
    pub leader_epoch: i32,
    /// The partition epoch on which it builds.
    pub partition_epoch: i32,
    /// The members with their broker epochs (-1 unknown).
    pub isr: Vec<(i32, i64)>,
}

/// What the controller made of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kafka::replica) struct AlterResult {
    pub(in crate::kafka::replica) leader_epoch: i32,
    pub(in crate::kafka::replica) partition_epoch: i32,
    pub(in crate::kafka::replica) isr: Vec<i32>,
}

/// What becomes of a proposal after the controller's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kafka::replica) enum AlterOutcome {
    /// Nothing to do: done, or overtaken, or to be settled by the metadata log.
    Settled,
    /// Committed, and the high watermark advanced with it.
    HighWatermarkAdvanced,
    /// The same proposal is to be sent again.
    Retry,
}

impl IsrState {
    /// The ISR that the controller is known to have committed.
    pub fn committed(&self) -> &[i32] {
        match self {
            IsrState::Committed(isr) => isr,
            IsrState::PendingExpand { committed, .. }
            | IsrState::PendingShrink { committed, .. } => committed,
        }
    }

    /// The largest ISR that may be true: with a joining replica, and still with leaving ones.
    pub fn maximal(&self) -> Vec<i32> {
        let mut isr = self.committed().to_vec();
        if let IsrState::PendingExpand { joining, .. } = self {
            isr.push(*joining);
        }
        isr
    }

    /// What waits for the controller's answer.
    pub fn proposal(&self) -> Option<&Proposal> {
        match self {
            IsrState::Committed(_) => None,
            IsrState::PendingExpand { proposal, .. } | IsrState::PendingShrink { proposal, .. } => {
                Some(proposal)
            }
        }
    }

    pub(super) fn maximal_contains(&self, id: i32) -> bool {
        let joins = matches!(self, IsrState::PendingExpand { joining, .. } if *joining == id);
        joins || self.committed().contains(&id)
    }

    pub(super) fn maximal_len(&self) -> usize {
        let joining = usize::from(matches!(self, IsrState::PendingExpand { .. }));
        self.committed().len() + joining
    }
}

impl LeaderState {
    /// Members with the broker epochs of their last fetches; a member that has not fetched yet
    /// may pass unchecked, because its crash would change the partition epoch.
    fn with_broker_epochs(&self, isr: &[i32], broker: &Broker) -> Vec<(i32, i64)> {
        let epoch_of = |id: i32| {
            if id == broker.me {
                return broker.epoch;
            }
            self.remote(id)
                .and_then(|remote| remote.broker_epoch)
                .unwrap_or(-1)
        };
        isr.iter().map(|id| (*id, epoch_of(*id))).collect()
    }
}

impl Partition {
    /// Proposes that `follower` joins the ISR if it may.
    pub(in crate::kafka::replica) fn maybe_expand_isr(
        &mut self,
        follower: i32,
        broker: &Broker,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Option<Proposal> {
        if !self.needs_expand(follower, broker) {
            return None;
        }
        let leader = self.leader_state()?;
        let committed = leader.isr.committed().to_vec();
        let mut isr = committed.clone();
        isr.push(follower);
        let proposal = self.propose(&isr, broker)?;
        self.set_isr(IsrState::PendingExpand {
            committed,
            joining: follower,
            proposal: proposal.clone(),
        });
        let (partition, replica) = (self.tp, NodeId(follower));
        ctx.note(Note::IsrExpandProposed { partition, replica });
        Some(proposal)
    }

    fn needs_expand(&self, follower: i32, broker: &Broker) -> bool {
        let Some(leader) = self.leader_state() else {
            return false;
        };
        let IsrState::Committed(isr) = &leader.isr else {
            return false;
        };
        let Some(remote) = leader.remote(follower) else {
            return false;
        };
        !isr.contains(&follower)
            && remote.is_eligible(&broker.image)
            && remote.log_end >= self.admission_bound(leader, broker)
    }

    /// The offset that a follower must have reached. With the high watermark alone a follower
    /// could join and be elected without committed records that lie between the high watermark
    /// and the start of this epoch (KAFKA-7128).
    fn admission_bound(&self, leader: &LeaderState, broker: &Broker) -> i64 {
        let high_watermark = self.log.offsets().high_watermark;
        match broker.config.semantics.isr_admission {
            IsrAdmission::HighWatermark => high_watermark,
            IsrAdmission::HighWatermarkAndEpochStart => leader
                .epoch_start
                .map_or(i64::MAX, |start| start.max(high_watermark)),
        }
    }

    /// Proposes that followers which are not caught up leave the ISR.
    pub(in crate::kafka::replica) fn maybe_shrink_isr(
        &mut self,
        broker: &Broker,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Option<Proposal> {
        let leader = self.leader_state()?;
        let IsrState::Committed(committed) = &leader.isr else {
            return None;
        };
        let committed = committed.clone();
        let (kept, removed) = self.split_by_lag(leader, &committed, broker, ctx.mono());
        if removed.is_empty() {
            return None;
        }
        let proposal = self.propose(&kept, broker)?;
        self.set_isr(IsrState::PendingShrink {
            committed,
            proposal: proposal.clone(),
        });
        let removed = NodeSet::of(&removed);
        let partition = self.tp;
        ctx.note(Note::IsrShrinkProposed { partition, removed });
        Some(proposal)
    }

    fn split_by_lag(
        &self,
        leader: &LeaderState,
        isr: &[i32],
        broker: &Broker,
        now: Time,
    ) -> (Vec<i32>, Vec<i32>) {
        let log_end = self.log.offsets().log_end;
        let lag_max = broker.config.replica_lag_time_max;
        let in_sync = |id: &i32| {
            *id == broker.me
                || leader
                    .remote(*id)
                    .is_some_and(|remote| remote.is_caught_up(log_end, now, lag_max))
        };
        isr.iter().copied().partition(in_sync)
    }

    fn propose(&self, isr: &[i32], broker: &Broker) -> Option<Proposal> {
        let isr = self.leader_state()?.with_broker_epochs(isr, broker);
        Some(Proposal {
            leader_epoch: self.leader_epoch,
            partition_epoch: self.partition_epoch,
            isr,
        })
    }

    fn set_isr(&mut self, isr: IsrState) {
        if let Role::Leader(leader) = &mut self.role {
            leader.isr = isr;
        }
    }

    /// Takes the controller's answer to `proposal`.
    pub(in crate::kafka::replica) fn handle_alter_partition(
        &mut self,
        proposal: &Proposal,
        result: Result<AlterResult, ErrorCode>,
        broker: &Broker,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> AlterOutcome {
        let pending = self.leader_state().and_then(|leader| leader.isr.proposal());
        if pending != Some(proposal) {
            return AlterOutcome::Settled;
        }
        match result {
            Ok(result) => self.commit_isr(result, broker, ctx),
            Err(error) => self.handle_alter_partition_error(error),
        }
    }

    fn commit_isr(
        &mut self,
        result: AlterResult,
        broker: &Broker,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> AlterOutcome {
        let stale = result.leader_epoch != self.leader_epoch
            || result.partition_epoch < self.partition_epoch;
        if stale {
            return AlterOutcome::Settled;
        }
        self.partition_epoch = result.partition_epoch;
        ctx.note(Note::IsrCommitted {
            partition: self.tp,
            isr: NodeSet::of(&result.isr),
            partition_epoch: result.partition_epoch,
        });
        self.set_isr(IsrState::Committed(result.isr));
        if self.maybe_increment_high_watermark(broker, ctx) {
            AlterOutcome::HighWatermarkAdvanced
        } else {
            AlterOutcome::Settled
        }
    }

    fn handle_alter_partition_error(&mut self, error: ErrorCode) -> AlterOutcome {
        match error {
            ErrorCode::INELIGIBLE_REPLICA | ErrorCode::OPERATION_NOT_ATTEMPTED => {
                let committed = self.isr().to_vec();
                self.set_isr(IsrState::Committed(committed));
                AlterOutcome::Settled
            }
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
            | ErrorCode::UNKNOWN_TOPIC_ID
            | ErrorCode::FENCED_LEADER_EPOCH
            | ErrorCode::INVALID_UPDATE_VERSION
            | ErrorCode::INVALID_REQUEST
            | ErrorCode::NEW_LEADER_ELECTED => AlterOutcome::Settled,
            _ => AlterOutcome::Retry,
        }
    }
}
