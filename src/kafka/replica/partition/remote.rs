//! [`RemoteReplica`]: what a leader knows of one follower (`Replica`, `ReplicaState`).

use crate::kafka::metadata::MetadataImage;
use crate::sim::{Span, Time};

/// A follower in its leader's eyes. All of it comes from the follower's own fetches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteReplica {
    /// The broker.
    pub id: i32,
    /// Its log start, -1 before its first fetch.
    pub log_start: i64,
    /// Its log end: the offset of its last fetch, -1 before the first.
    pub log_end: i64,
    /// The leader's log end at its last fetch.
    pub leader_end_at_last_fetch: i64,
    /// When it last fetched; none long ago.
    pub last_fetch: Option<Time>,
    /// When it was last known to have all of the log; none long ago.
    pub last_caught_up: Option<Time>,
    /// The broker epoch of its last fetch (-1: it sent none), none before the first.
    pub broker_epoch: Option<i64>,
}

impl RemoteReplica {
    pub(super) fn new(id: i32) -> Self {
        RemoteReplica {
            id,
            log_start: -1,
            log_end: -1,
            leader_end_at_last_fetch: 0,
            last_fetch: None,
            last_caught_up: None,
            broker_epoch: None,
        }
    }

    /// Whether it has all of the log or had it not longer than `lag_max` ago.
    pub fn is_caught_up(&self, leader_end: i64, now: Time, lag_max: Span) -> bool {
        self.log_end == leader_end
            || self
                .last_caught_up
                .is_some_and(|at| now.since(at) <= lag_max)
    }

    /// Whether it may be in the ISR: alive, not leaving, and the same run of the broker that
    /// fetched (KIP-841, KIP-903).
    pub fn is_eligible(&self, image: &MetadataImage) -> bool {
        let Some(registered) = image.brokers.get(&self.id) else {
            return false;
        };
        let same_run = self
            .broker_epoch
            .is_some_and(|epoch| epoch == -1 || epoch == registered.epoch);
        !registered.fenced && !registered.in_controlled_shutdown && same_run
    }

    /// Takes in a fetch from `offset` while the leader's log ended at `leader_end`. A fetch at
    /// the log end counts as caught up now; one that reached the end of the previous fetch counts
    /// as caught up then.
    pub(super) fn fetched(
        &mut self,
        offset: i64,
        log_start: i64,
        leader_end: i64,
        broker_epoch: i64,
        now: Time,
    ) {
        if offset >= leader_end {
            self.last_caught_up = self.last_caught_up.max(Some(now));
        } else if offset >= self.leader_end_at_last_fetch {
            self.last_caught_up = self.last_caught_up.max(self.last_fetch);
        }
        self.log_start = log_start;
        self.log_end = offset;
        self.leader_end_at_last_fetch = leader_end.max(self.leader_end_at_last_fetch);
        self.last_fetch = Some(now);
        self.broker_epoch = Some(broker_epoch);
    }

    /// A new leader epoch (R22): members of the ISR get a period of grace, others none.
    pub(super) fn reset(&mut self, leader_end: i64, new_leader: bool, in_isr: bool, now: Time) {
        let grace = in_isr.then_some(now);
        self.last_caught_up = grace;
        if new_leader {
            self.log_start = -1;
            self.log_end = -1;
            self.leader_end_at_last_fetch = -1;
            self.last_fetch = None;
            self.broker_epoch = None;
        } else {
            self.leader_end_at_last_fetch = leader_end;
            self.last_fetch = grace;
        }
    }
}
