//! Where a consumer stands in each partition (`SubscriptionState`, N3, N4, N8).
//!
//! ```text
//! Initializing     -> AwaitReset        no position yet, a reset policy exists
//! AwaitReset       -> Fetching          ListOffsets answered
//! Fetching         -> AwaitValidation   a new leader, and the epoch of the last record is known
//! AwaitValidation  -> Fetching          OffsetsForLeaderEpoch answered: no truncation, or moved
//! AwaitValidation  -> AwaitReset        truncated, and the leader can not say where
//! Fetching         -> AwaitReset        out of range, a reset policy exists
//! any              -> Fetching          seek to an offset
//! any              -> AwaitReset        seek to the beginning or end
//! any              -> Stopped           an error that the application must solve by a seek
//! ```

use crate::kafka::protocol::TopicPartition;
use crate::kafka::vocabulary::OffsetSpec;
use crate::sim::Time;
use std::collections::BTreeMap;

/// The offset to fetch next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) offset: i64,
    /// The leader epoch of the record before it, -1 if unknown.
    pub(crate) offset_epoch: i32,
    /// The leader's broker id and epoch by which the position was last checked, -1 if unknown.
    pub(crate) leader: i32,
    pub(crate) leader_epoch: i32,
}

/// What a partition waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FetchState {
    Initializing,
    Fetching,
    AwaitReset(OffsetSpec),
    AwaitValidation,
    Stopped,
}

/// One assigned partition.
#[derive(Clone, Debug)]
pub(crate) struct PartitionState {
    pub(crate) state: FetchState,
    pub(crate) position: Option<Position>,
    pub(crate) paused: bool,
    /// Requests about it are put off until then.
    pub(crate) retry_at: Time,
    /// A ListOffsets or OffsetsForLeaderEpoch is on its way.
    pub(crate) pending: bool,
    pub(crate) received: u64,
}

impl PartitionState {
    fn new() -> Self {
        PartitionState {
            state: FetchState::Initializing,
            position: None,
            paused: false,
            retry_at: Time::ZERO,
            pending: false,
            received: 0,
        }
    }

    /// Whether records of it are wanted now.
    pub(crate) fn is_fetchable(&self) -> bool {
        self.state == FetchState::Fetching && !self.paused && self.position.is_some()
    }

    pub(crate) fn transition_to_fetching(&mut self, position: Position) {
        self.state = FetchState::Fetching;
        self.position = Some(position);
        self.retry_at = Time::ZERO;
    }

    pub(crate) fn transition_to_await_reset(&mut self, to: OffsetSpec) {
        self.state = FetchState::AwaitReset(to);
        self.retry_at = Time::ZERO;
    }

    pub(crate) fn transition_to_stopped(&mut self) {
        self.state = FetchState::Stopped;
    }

    /// The leader changed: the position must be checked if the epoch of its record is known.
    pub(crate) fn maybe_validate_position(&mut self, leader: i32, leader_epoch: i32) {
        if !matches!(
            self.state,
            FetchState::Fetching | FetchState::AwaitValidation
        ) {
            return;
        }
        let Some(position) = self.position.as_mut() else {
            return;
        };
        if (position.leader, position.leader_epoch) == (leader, leader_epoch) {
            return;
        }
        (position.leader, position.leader_epoch) = (leader, leader_epoch);
        self.retry_at = Time::ZERO;
        let checked = position.offset_epoch >= 0 && leader_epoch >= 0;
        self.state = match checked {
            true => FetchState::AwaitValidation,
            false => FetchState::Fetching,
        };
    }
}

/// How a check of a position ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validation {
    /// The position is still part of the log.
    Valid,
    /// The log was cut; it goes on from there.
    TruncatedTo {
        /// The first offset that differs.
        offset: i64,
        /// The leader epoch of the record before it.
        epoch: i32,
    },
    /// The log was cut, and the leader knows nothing of that epoch.
    Unknown,
}

/// Compares a position with the leader's answer (`maybeCompleteValidation`).
pub(crate) fn compare_with_leader(position: &Position, epoch: i32, end: i64) -> Validation {
    if end < 0 || epoch < 0 {
        Validation::Unknown
    } else if end < position.offset {
        Validation::TruncatedTo { offset: end, epoch }
    } else {
        Validation::Valid
    }
}

/// The partitions that a consumer reads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Assignment {
    partitions: BTreeMap<TopicPartition, PartitionState>,
}

impl Assignment {
    /// Reads exactly these from now on; what is known of those that stay is kept.
    pub(crate) fn assign(&mut self, partitions: impl Iterator<Item = TopicPartition>) {
        let mut before = std::mem::take(&mut self.partitions);
        for tp in partitions {
            let state = before.remove(&tp).unwrap_or_else(PartitionState::new);
            self.partitions.insert(tp, state);
        }
    }

    pub(crate) fn state(&self, tp: &TopicPartition) -> Option<&PartitionState> {
        self.partitions.get(tp)
    }

    pub(crate) fn state_mut(&mut self, tp: &TopicPartition) -> Option<&mut PartitionState> {
        self.partitions.get_mut(tp)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&TopicPartition, &PartitionState)> {
        self.partitions.iter()
    }

    pub(crate) fn iter_mut(
        &mut self,
    ) -> impl Iterator<Item = (&TopicPartition, &mut PartitionState)> {
        self.partitions.iter_mut()
    }

    pub(crate) fn is_fetchable(&self, tp: &TopicPartition) -> bool {
        self.state(tp).is_some_and(PartitionState::is_fetchable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(offset: i64, offset_epoch: i32) -> Position {
        Position {
            offset,
            offset_epoch,
            leader: 1,
            leader_epoch: 4,
        }
    }

    #[test]
    fn the_leaders_answer_decides_about_a_position() {
        let at = position(10, 3);
        assert_eq!(compare_with_leader(&at, 3, 10), Validation::Valid);
        assert_eq!(compare_with_leader(&at, 3, 11), Validation::Valid);
        let (offset, epoch) = (9, 2);
        let truncated = Validation::TruncatedTo { offset, epoch };
        assert_eq!(compare_with_leader(&at, 2, 9), truncated);
        assert_eq!(compare_with_leader(&at, -1, -1), Validation::Unknown);
    }

    #[test]
    fn a_new_leader_asks_for_validation_only_if_the_epoch_is_known() {
        let mut state = PartitionState::new();
        state.transition_to_fetching(position(10, -1));
        state.maybe_validate_position(2, 5);
        assert_eq!(state.state, FetchState::Fetching);
        state.transition_to_fetching(position(10, 4));
        state.maybe_validate_position(1, 4);
        assert_eq!(state.state, FetchState::Fetching, "nothing changed");
        state.maybe_validate_position(2, 5);
        assert_eq!(state.state, FetchState::AwaitValidation);
        assert_eq!(
            state.position.map(|p| (p.leader, p.leader_epoch)),
            Some((2, 5))
        );
    }

    #[test]
    fn a_partition_that_stays_assigned_keeps_its_position_and_pause() {
        let tp = |partition| TopicPartition::new("t", partition);
        let mut assignment = Assignment::default();
        assignment.assign([tp(0), tp(1)].into_iter());
        let state = assignment.state_mut(&tp(0)).expect("assigned");
        state.transition_to_fetching(position(7, 1));
        state.paused = true;
        assignment.assign([tp(0), tp(2)].into_iter());
        let kept = assignment.state(&tp(0)).expect("assigned");
        assert!(kept.paused && kept.position == Some(position(7, 1)));
        assert!(assignment.state(&tp(1)).is_none());
    }
}
