//! What a leader knows of its epoch and of its replicas (`LeaderState`).

use super::quorum_state::VoterKey;
use crate::sim::{Span, Time};
use uuid::Uuid;

/// An observer that has not fetched for this long is forgotten.
const OBSERVER_SESSION_TIMEOUT: Span = Span::from_secs(300);

/// The leader of one epoch.
#[derive(Clone, Debug)]
pub(super) struct Leader {
    pub(super) epoch: i32,
    /// The offset of the control record that begins the epoch.
    pub(super) epoch_start: i64,
    /// Who voted for it.
    pub(super) granting: Vec<i32>,
    /// Unknown until a record of this epoch is committed.
    pub(super) high_watermark: Option<i64>,
    /// The voters by id, the leader among them.
    pub(super) voters: Vec<ReplicaState>,
    /// Others that fetch, by id.
    pub(super) observers: Vec<ReplicaState>,
    /// Voters that fetched since a majority last had.
    pub(super) fetched: Vec<i32>,
    /// Voters that are to be told of the epoch.
    pub(super) to_tell: Vec<i32>,
}

/// A replica as the leader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReplicaState {
    pub(super) id: i32,
    pub(super) directory: Uuid,
    /// Its log end: of the leader what is durable, of others where they last fetched.
    pub(super) end: Option<i64>,
    /// When it last fetched, by the leader's mono clock.
    pub(super) last_fetch: Option<Time>,
    /// The same by the calendar, -1 for never.
    pub(super) last_fetch_ms: i64,
    /// The leader's log end when it last fetched.
    last_fetch_leader_end: i64,
    /// When it last had all of the log, by the calendar, -1 for never.
    pub(super) last_caught_up_ms: i64,
}

/// The moment of a fetch and the leader's log end then.
#[derive(Clone, Copy, Debug)]
pub(super) struct FetchMoment {
    pub(super) mono: Time,
    pub(super) wall_ms: i64,
    pub(super) leader_end: i64,
}

impl Leader {
    pub(super) fn new(epoch: i32, epoch_start: i64, granting: Vec<i32>, voters: &[i32]) -> Self {
        let voter = |id: &i32| ReplicaState::new(*id, Uuid::nil());
        Leader {
            epoch,
            epoch_start,
            granting,
            high_watermark: None,
            voters: voters.iter().map(voter).collect(),
            observers: Vec::new(),
            fetched: Vec::new(),
            to_tell: Vec::new(),
        }
    }

    pub(super) fn is_voter(&self, id: i32) -> bool {
        self.voters.iter().any(|voter| voter.id == id)
    }

    pub(super) fn voter_mut(&mut self, id: i32) -> Option<&mut ReplicaState> {
        self.voters.iter_mut().find(|voter| voter.id == id)
    }

    /// The replica with this key; an observer that is not known yet is added.
    pub(super) fn replica_mut(&mut self, key: VoterKey) -> &mut ReplicaState {
        if let Some(index) = self.voters.iter().position(|voter| voter.id == key.id) {
            return &mut self.voters[index];
        }
        let directory = key.directory.unwrap_or_default();
        let place = (key.id, directory);
        let found = self
            .observers
            .binary_search_by_key(&place, |observer| (observer.id, observer.directory));
        let index = found.unwrap_or_else(|index| {
            let observer = ReplicaState::new(key.id, directory);
            self.observers.insert(index, observer);
            index
        });
        &mut self.observers[index]
    }

    /// Notes that a voter fetched; true if a majority, the leader counted, now has.
    pub(super) fn record_fetch_of_voter(&mut self, id: i32) -> bool {
        if self.is_voter(id) && !self.fetched.contains(&id) {
            self.fetched.push(id);
        }
        let is_majority = self.fetched.len() >= self.voters.len() / 2;
        if is_majority {
            self.fetched.clear();
        }
        is_majority
    }

    /// The log ends of the voters, largest first, unknown ones last.
    pub(super) fn ends_descending(&self) -> Vec<Option<i64>> {
        let mut ends: Vec<_> = self.voters.iter().map(|voter| voter.end).collect();
        ends.sort_by(|a, b| b.cmp(a));
        ends
    }

    /// The other voters by log end, the largest first: the best successors.
    pub(super) fn other_voters_by_descending_end(&self, own: i32) -> Vec<i32> {
        let mut others: Vec<_> = self.voters.iter().filter(|v| v.id != own).collect();
        others.sort_by_key(|voter| (std::cmp::Reverse(voter.end), voter.id));
        others.iter().map(|voter| voter.id).collect()
    }

    /// The other voters that have not fetched for `silence`.
    pub(super) fn silent_voters(&self, own: i32, now: Time, silence: Span) -> Vec<i32> {
        let is_silent = |voter: &&ReplicaState| {
            voter.id != own && voter.last_fetch.is_none_or(|at| at + silence <= now)
        };
        self.voters.iter().filter(is_silent).map(|v| v.id).collect()
    }

    /// Forgets observers that have been silent for long.
    pub(super) fn clear_inactive_observers(&mut self, now: Time) {
        self.observers.retain(|observer| {
            observer
                .last_fetch
                .is_some_and(|at| now < at + OBSERVER_SESSION_TIMEOUT)
        });
    }
}

impl ReplicaState {
    fn new(id: i32, directory: Uuid) -> Self {
        ReplicaState {
            id,
            directory,
            end: None,
            last_fetch: None,
            last_fetch_ms: -1,
            last_fetch_leader_end: -1,
            last_caught_up_ms: -1,
        }
    }

    /// It fetched from `offset`: all below is durable there.
    pub(super) fn update_follower_state(&mut self, offset: i64, moment: FetchMoment) {
        let caught_up_ms = if offset >= moment.leader_end {
            moment.wall_ms
        } else if self.last_fetch_leader_end > 0 && offset >= self.last_fetch_leader_end {
            self.last_fetch_ms
        } else {
            -1
        };
        self.last_caught_up_ms = self.last_caught_up_ms.max(caught_up_ms);
        self.last_fetch_leader_end = moment.leader_end;
        self.last_fetch_ms = self.last_fetch_ms.max(moment.wall_ms);
        self.last_fetch = Some(moment.mono);
        self.end = Some(offset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64, leader_end: i64) -> FetchMoment {
        FetchMoment {
            mono: Time::from_millis(ms),
            wall_ms: 1_000_000 + ms as i64,
            leader_end,
        }
    }

    #[test]
    fn a_majority_of_fetches_counts_the_leader() {
        let mut leader = Leader::new(3, 0, vec![1, 2, 3], &[1, 2, 3, 4, 5]);
        assert!(!leader.record_fetch_of_voter(2));
        assert!(!leader.record_fetch_of_voter(2), "one voter is one");
        assert!(!leader.record_fetch_of_voter(9), "an observer is none");
        assert!(leader.record_fetch_of_voter(4));
        assert!(leader.fetched.is_empty(), "the count starts again");
    }

    #[test]
    fn the_best_successor_has_the_longest_log() {
        let mut leader = Leader::new(3, 0, vec![1], &[1, 2, 3, 4]);
        leader.replica_mut(VoterKey::of(3, Uuid::nil())).end = Some(9);
        leader.replica_mut(VoterKey::of(2, Uuid::nil())).end = Some(5);
        assert_eq!(leader.other_voters_by_descending_end(1), vec![3, 2, 4]);
        assert_eq!(leader.ends_descending(), vec![Some(9), Some(5), None, None]);
    }

    #[test]
    fn caught_up_is_as_of_the_last_fetch_that_reached_an_older_end() {
        let mut replica = ReplicaState::new(2, Uuid::nil());
        replica.update_follower_state(3, at(10, 5));
        assert_eq!(replica.last_caught_up_ms, -1);
        replica.update_follower_state(5, at(20, 8));
        assert_eq!(
            replica.last_caught_up_ms, 1_000_010,
            "it has what was there at 10 ms"
        );
        replica.update_follower_state(8, at(30, 8));
        assert_eq!(replica.last_caught_up_ms, 1_000_030);
    }

    #[test]
    fn observers_are_forgotten_after_five_minutes() {
        let mut leader = Leader::new(1, 0, vec![1], &[1]);
        let key = VoterKey::of(7, Uuid::nil());
        leader
            .replica_mut(key)
            .update_follower_state(0, at(1_000, 4));
        leader.clear_inactive_observers(Time::from_millis(300_999));
        assert_eq!(leader.observers.len(), 1);
        leader.clear_inactive_observers(Time::from_millis(301_000));
        assert!(leader.observers.is_empty());
    }
}
