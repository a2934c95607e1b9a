//! The replicas of a broker: appends, replication, the ISR, fetches and what waits for them
//! (`ReplicaManager`, `Partition`, `ReplicaFetcherThread`, `FetchSession`, purgatories).
//!
//! [`ReplicaManager`] is the only door. It answers requests itself or parks them; requests to
//! the controller (AlterPartition) it hands to its owner, because their connection is the owner's.
//!
//! | file | what |
//! | --- | --- |
//! | `partition/` | one replica: leader, follower, ISR, high watermark |
//! | `metadata.rs` | become leader or follower, create and delete logs |
//! | `produce.rs`, `fetch*.rs`, `list_offsets.rs`, `epochs.rs` | requests |
//! | `fetch_session.rs` | sessions of those who fetch from here |
//! | `fetcher/` | fetching from leaders, truncation |
//! | `purgatory.rs` | what waits |
//! | `alter_partition.rs` | ISR proposals on their way to the controller |
//! | `io.rs` | what reads and writes would ask of a disk, counted |
//! | `checkpoints.rs`, `boot.rs`, `background.rs` | files, start and stop, periodic work |

mod alter_partition;
mod background;
mod boot;
mod broker;
mod checkpoints;
mod epochs;
mod fetch;
mod fetch_answer;
mod fetch_request;
mod fetch_session;
mod fetcher;
mod io;
mod leader_hint;
mod list_offsets;
mod metadata;
mod partition;
mod produce;
mod purgatory;
mod table;
#[cfg(test)]
mod tests;

pub use fetcher::{FetchPhase, FetchState};
pub use partition::{IsrState, LeaderState, Partition, Proposal, RemoteReplica, Role};

use alter_partition::AlterPartitionManager;
use broker::{Broker, not_hosted};
use fetch_session::FetchSessionCache;
use fetcher::Fetchers;
use io::Io;
use purgatory::{Delayed, DelayedKind, Purgatory};
use table::{PartitionNo, PartitionTable};

use super::metadata::MetadataImage;
use super::protocol::{ErrorCode, Message};
use super::storage::Log;
use super::vocabulary::{Kafka, ReplicaTimer, Timer, Tp};
use crate::sim::{ConnId, Corr, Ctx, DiskError};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// Who asked: the connection, the request's number and its API version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requester {
    /// The connection.
    pub conn: ConnId,
    /// The request.
    pub corr: Corr,
    /// The version in which it came and in which the answer goes.
    pub api_version: i16,
}

impl Requester {
    fn respond(self, message: impl Into<Message>, ctx: &mut Ctx<'_, Kafka>) {
        ctx.respond(self.conn, self.corr, self.api_version, message.into());
    }
}

/// All replicas of one broker.
///
/// A disk that refuses sets [`ReplicaManager::failed`]; its owner is to halt the broker then, as
/// Kafka does when its last log directory fails.
#[derive(Clone, Debug)]
pub struct ReplicaManager {
    broker: Broker,
    partitions: PartitionTable,
    /// Logs found on the disk at boot that no metadata has claimed yet, by folder.
    found: Arc<BTreeMap<String, Log>>,
    sessions: Arc<FetchSessionCache>,
    purgatory: Purgatory,
    fetchers: Fetchers,
    io: Io,
    alter_partition: AlterPartitionManager,
    failed: Option<DiskError>,
}

impl ReplicaManager {
    /// The hosted partitions, in the order in which they came to this broker.
    pub fn partitions(&self) -> impl Iterator<Item = (Tp, &Partition)> {
        self.partitions
            .iter()
            .map(|(_, partition)| (partition.tp(), partition))
    }

    /// A hosted partition.
    pub fn partition(&self, topic_id: Uuid, partition: i32) -> Option<&Partition> {
        self.partitions
            .get(self.partitions.find(topic_id, partition)?)
    }

    /// A hosted partition by the name that notes give it.
    pub fn tagged(&self, tp: Tp) -> Option<&Partition> {
        self.partitions.get(self.partitions.find_tagged(tp)?)
    }

    /// How a hosted follower stands with its leader; none if it does not fetch.
    pub fn fetch_state(&self, topic_id: Uuid, partition: i32) -> Option<&FetchState> {
        let no = self.partitions.find(topic_id, partition)?;
        self.fetchers.state(no)
    }

    /// How many produce and fetch requests are parked.
    pub fn parked(&self) -> usize {
        self.purgatory.len()
    }

    /// The disk's error, if it refused something: the log directory is offline.
    pub fn failed(&self) -> Option<DiskError> {
        self.failed
    }

    /// Sets this broker's epoch after its registration.
    pub fn set_broker_epoch(&mut self, epoch: i64) {
        self.broker.epoch = epoch;
    }

    /// From now on a follower that is out of the ISR or has no leader stops fetching.
    pub fn begin_controlled_shutdown(&mut self) {
        self.broker.in_controlled_shutdown = true;
    }

    /// Takes an answer to a fetcher's request; false if it is not one.
    pub fn handle_response(
        &mut self,
        conn: ConnId,
        corr: Corr,
        response: Message,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> bool {
        let Some((_, sent)) = self.fetchers.network.take(conn, corr) else {
            return false;
        };
        self.handle_fetcher_response(sent, response, ctx);
        true
    }

    /// A connection is gone; false if it was not a fetcher's.
    pub fn handle_reset(&mut self, conn: ConnId, ctx: &mut Ctx<'_, Kafka>) -> bool {
        let Some(lost) = self.fetchers.network.reset(conn, ctx) else {
            return false;
        };
        self.handle_lost(lost, ctx);
        true
    }

    /// A requester's connection is gone: what it parked is forgotten. Fetch sessions stay.
    pub fn handle_connection_closed(&mut self, conn: ConnId, ctx: &mut Ctx<'_, Kafka>) {
        for slot in self.purgatory.of_connection(conn) {
            self.purgatory.take(slot);
            ctx.cancel(Timer::Replica(ReplicaTimer::Delayed(slot)));
        }
    }

    /// Handles one of this room's timers.
    pub fn handle_timer(&mut self, timer: ReplicaTimer, ctx: &mut Ctx<'_, Kafka>) {
        match timer {
            ReplicaTimer::Delayed(slot) => self.expire_delayed(slot, ctx),
            ReplicaTimer::IsrShrink => self.shrink_isrs(ctx),
            ReplicaTimer::Fetcher(leader) => self.drive_fetcher(leader as i32, ctx),
            ReplicaTimer::FetcherRequest => self.expire_fetcher_requests(ctx),
            ReplicaTimer::AlterPartition => self.alter_partition.end_backoff(),
            ReplicaTimer::HighWatermarkCheckpoint
            | ReplicaTimer::RecoveryPointCheckpoint
            | ReplicaTimer::LogStartCheckpoint
            | ReplicaTimer::Retention
            | ReplicaTimer::FileDelete
            | ReplicaTimer::ProducerExpiration => self.handle_background(timer, ctx),
        }
    }

    /// The number of a hosted partition, or the error that its absence is answered with.
    fn hosted(
        &self,
        image: &MetadataImage,
        topic: Uuid,
        partition: i32,
    ) -> Result<PartitionNo, ErrorCode> {
        if self.failed.is_some() {
            return Err(ErrorCode::KAFKA_STORAGE_ERROR);
        }
        self.partitions
            .find(topic, partition)
            .ok_or_else(|| not_hosted(image, topic, partition))
    }

    /// Looks again at what waits for a partition, `kinds` in that order.
    fn complete_delayed(
        &mut self,
        no: PartitionNo,
        kinds: &[DelayedKind],
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        for kind in kinds {
            for slot in self.purgatory.watching(no, *kind) {
                self.try_complete(slot, ctx);
            }
        }
    }

    /// After a change that is no append: the high watermark moved with a follower or the ISR,
    /// or the leader changed.
    fn complete_all_delayed(&mut self, no: PartitionNo, ctx: &mut Ctx<'_, Kafka>) {
        self.complete_delayed(no, &[DelayedKind::Fetch, DelayedKind::Produce], ctx);
    }

    fn try_complete(&mut self, slot: u32, ctx: &mut Ctx<'_, Kafka>) {
        let done = match self.purgatory.get(slot) {
            None => false,
            Some(Delayed::Fetch(fetch)) => self.can_complete_fetch(fetch, ctx.disk),
            Some(Delayed::Produce(_)) => self.settle_parked_produce(slot),
        };
        if done {
            ctx.cancel(Timer::Replica(ReplicaTimer::Delayed(slot)));
            self.finish_delayed(slot, ctx);
        }
    }

    fn expire_delayed(&mut self, slot: u32, ctx: &mut Ctx<'_, Kafka>) {
        self.finish_delayed(slot, ctx);
    }

    fn finish_delayed(&mut self, slot: u32, ctx: &mut Ctx<'_, Kafka>) {
        match self.purgatory.take(slot) {
            None => {}
            Some(Delayed::Fetch(fetch)) => self.complete_fetch(fetch, ctx),
            Some(Delayed::Produce(produce)) => self.complete_produce(produce, ctx),
        }
    }

    fn fail(&mut self, error: DiskError) {
        self.failed.get_or_insert(error);
    }
}
