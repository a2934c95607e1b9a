//! Fetching from leaders: one [`ReplicaFetcher`] a leader broker (`ReplicaFetcherThread`).
//!
//! A fetcher has one request in flight. The phases of a partition:
//!
//! ```text
//! (added)      --log has leader epochs-->          Fetching     from the log end
//! (added)      --log has none-->                   Truncating   to the high watermark
//! Truncating   --cut-->                            Fetching
//! Fetching     --diverging epoch-->                Fetching     after a cut (2.5)
//! Fetching     --OFFSET_OUT_OF_RANGE-->            NeedsLatest  (R24)
//! NeedsLatest  --leader ends below us: cut-->      Fetching
//! NeedsLatest  --else-->                           NeedsEarliest
//! NeedsEarliest --leader starts above us: cut all--> Fetching
//! any          --error-->                          the same, delayed by replica.fetch.backoff.ms
//! any          --fenced in its own epoch-->        (removed) until the next leader epoch
//! ```

mod drive;
mod process;
mod reset;
mod session;
mod truncation;

use super::table::PartitionNo;
use crate::kafka::config::BrokerConfig;
use crate::kafka::network_client::NetworkClient;
use crate::sim::{Span, Time};
use session::{ClientSession, Wanted};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How a follower stands with its leader (`PartitionFetchState`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchState {
    /// The leader broker.
    pub leader: i32,
    /// The next offset to fetch.
    pub offset: i64,
    /// The leader epoch in which it fetches.
    pub leader_epoch: i32,
    /// The epoch of the last batch before the offset, sent along to find divergence; none if
    /// that is not looked for.
    pub last_fetched_epoch: Option<i32>,
    /// What it is about to do.
    pub phase: FetchPhase,
    /// Left alone until then, after an error.
    pub delayed_until: Option<Time>,
    /// Whether it looks for divergence by epochs.
    by_epoch: bool,
}

/// What a fetching follower is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchPhase {
    /// Cut its log to the fetch offset.
    Truncating,
    /// Fetch.
    Fetching,
    /// Ask the leader where its log ends.
    NeedsLatest,
    /// Ask the leader where its log starts.
    NeedsEarliest,
}

impl FetchState {
    fn is_delayed(&self, now: Time) -> bool {
        self.delayed_until.is_some_and(|until| until > now)
    }
}

/// What a fetcher sent.
#[derive(Clone, Debug)]
pub(super) enum Sent {
    /// A fetch; what it asked for is in the session.
    Fetch { leader: i32 },
    /// A question for an offset, after OFFSET_OUT_OF_RANGE.
    ListOffsets {
        leader: i32,
        no: PartitionNo,
        leader_epoch: i32,
        phase: FetchPhase,
    },
}

/// All that fetches from one leader broker.
#[derive(Clone, Debug, Default)]
pub(super) struct ReplicaFetcher {
    session: ClientSession,
    states: BTreeMap<PartitionNo, FetchState>,
}

/// All fetchers of a broker, by leader.
#[derive(Clone, Debug)]
pub(super) struct Fetchers {
    pub(super) network: NetworkClient<Sent>,
    by_leader: BTreeMap<i32, Arc<ReplicaFetcher>>,
    backoff: Span,
}

impl Fetchers {
    /// A fetcher's connection is tried again at once: its partitions wait instead.
    pub(super) fn new(config: &BrokerConfig) -> Self {
        Fetchers {
            network: NetworkClient::new(config.replica_socket_timeout, Span::ZERO, Span::ZERO),
            by_leader: BTreeMap::new(),
            backoff: config.replica_fetch_backoff,
        }
    }

    pub(super) fn state(&self, no: PartitionNo) -> Option<&FetchState> {
        self.by_leader
            .values()
            .find_map(|fetcher| fetcher.states.get(&no))
    }

    fn get_mut(&mut self, leader: i32) -> Option<&mut ReplicaFetcher> {
        self.by_leader.get_mut(&leader).map(Arc::make_mut)
    }

    fn state_mut(&mut self, leader: i32, no: PartitionNo) -> Option<&mut FetchState> {
        self.get_mut(leader)?.states.get_mut(&no)
    }

    pub(super) fn add(&mut self, no: PartitionNo, state: FetchState) {
        let fetcher = self.by_leader.entry(state.leader).or_default();
        Arc::make_mut(fetcher).states.insert(no, state);
    }

    /// Stops fetching a partition.
    pub(super) fn remove(&mut self, no: PartitionNo) {
        for fetcher in self.by_leader.values_mut() {
            if fetcher.states.contains_key(&no) {
                Arc::make_mut(fetcher).states.remove(&no);
            }
        }
    }

    pub(super) fn leaders(&self) -> Vec<i32> {
        self.by_leader.keys().copied().collect()
    }

    /// The leaders from which nothing is fetched any more; they are forgotten.
    pub(super) fn take_idle(&mut self) -> Vec<i32> {
        let idle = |(leader, fetcher): (&i32, &Arc<ReplicaFetcher>)| {
            fetcher.states.is_empty().then_some(*leader)
        };
        let idle: Vec<i32> = self.by_leader.iter().filter_map(idle).collect();
        for leader in &idle {
            self.by_leader.remove(leader);
        }
        idle
    }

    fn delay(&mut self, leader: i32, no: PartitionNo, now: Time) {
        let until = now + self.backoff;
        if let Some(state) = self.state_mut(leader, no)
            && !state.is_delayed(now)
        {
            state.delayed_until = Some(until);
        }
    }

    fn delay_all(&mut self, leader: i32, now: Time) {
        let states = self.by_leader.get(&leader).map(|fetcher| &fetcher.states);
        let all: Vec<PartitionNo> = states.into_iter().flatten().map(|(no, _)| *no).collect();
        for no in all {
            self.delay(leader, no, now);
        }
    }
}
