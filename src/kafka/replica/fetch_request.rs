//! What a fetch request asks: its parameters, its session, its partitions.

use super::fetch_session::{FetchContext, SessionKey, TopicRef};
use super::partition::{FetchSpec, Reader};
use super::{ReplicaManager, Requester};
use crate::kafka::config::Sabotage;
use crate::kafka::metadata::MetadataImage;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::messages::FetchRequest;
use crate::kafka::protocol::messages::fetch_request::FetchPartition;
use crate::kafka::storage::Isolation;
use crate::kafka::vocabulary::{Kafka, Tp};
use crate::sim::{Ctx, Span};
use std::sync::Arc;
use uuid::Uuid;

/// From this version on topics are named by their ids.
const TOPIC_IDS_SINCE: i16 = 13;
/// From this version on the follower's id stands in `replica_state`.
const REPLICA_STATE_SINCE: i16 = 15;
/// From this version on a consumer may read from a follower (KIP-392).
const FOLLOWER_READS_SINCE: i16 = 11;

/// What holds for the whole of a fetch (`FetchParams`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FetchParams {
    pub(super) replica: i32,
    broker_epoch: i64,
    pub(super) max_wait: Span,
    pub(super) min_bytes: u64,
    pub(super) max_bytes: u64,
    pub(super) isolation: Isolation,
    pub(super) read_committed: bool,
    pub(super) only_leader: bool,
}

impl FetchParams {
    pub(super) fn reader(&self, limit: u64, min_one: bool) -> Reader {
        Reader {
            replica: self.replica,
            broker_epoch: self.broker_epoch,
            isolation: self.isolation,
            only_leader: self.only_leader,
            limit,
            min_one,
        }
    }

    pub(super) fn is_follower(&self) -> bool {
        self.replica >= 0
    }
}

/// One partition of a fetch, as asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FetchItem {
    pub(super) key: SessionKey,
    /// The topic's id, nil if its name is unknown.
    pub(super) topic_id: Uuid,
    pub(super) spec: FetchSpec,
}

impl FetchItem {
    pub(super) fn tp(&self) -> Tp {
        Tp::new(self.topic_id, self.key.partition)
    }
}

impl ReplicaManager {
    pub(super) fn fetch_params(&self, request: &FetchRequest, version: i16) -> FetchParams {
        let (replica, epoch) = if version >= REPLICA_STATE_SINCE {
            let state = &request.replica_state;
            (state.replica_id.0, state.replica_epoch)
        } else {
            (request.replica_id.0, -1)
        };
        let checks_epoch = self.broker.config.semantics.stale_broker_epoch_check;
        let max_bytes = request.max_bytes.min(self.broker.config.fetch_max_bytes);
        let read_committed = request.isolation_level == 1;
        FetchParams {
            replica,
            broker_epoch: if checks_epoch { epoch } else { -1 },
            max_wait: Span::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0)),
            min_bytes: u64::try_from(request.min_bytes.min(max_bytes)).unwrap_or(0),
            max_bytes: u64::try_from(max_bytes).unwrap_or(0),
            isolation: self.isolation(replica, read_committed),
            read_committed,
            only_leader: replica >= 0 || version < FOLLOWER_READS_SINCE,
        }
    }

    fn isolation(&self, replica: i32, read_committed: bool) -> Isolation {
        if replica >= 0 || self.broker.has(Sabotage::ExposeUncommitted) {
            Isolation::LogEnd
        } else if read_committed {
            Isolation::LastStable
        } else {
            Isolation::HighWatermark
        }
    }

    /// The fetch's session and the partitions that it asks for, with what the session remembers.
    pub(super) fn fetch_context(
        &mut self,
        request: &FetchRequest,
        from: Requester,
        params: &FetchParams,
        image: &MetadataImage,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> (FetchContext, Vec<FetchItem>) {
        let uses_ids = from.api_version >= TOPIC_IDS_SINCE;
        let asked = asked_partitions(request, uses_ids);
        let forgotten = forgotten_partitions(request, uses_ids);
        let (context, specs) = Arc::make_mut(&mut self.sessions).context(
            (request.session_id, request.session_epoch),
            uses_ids,
            params.is_follower(),
            asked,
            &forgotten,
            ctx.mono(),
        );
        let item = |(key, spec): (SessionKey, FetchSpec)| FetchItem {
            topic_id: topic_id_of(&key.topic, image),
            key,
            spec,
        };
        (context, specs.into_iter().map(item).collect())
    }
}

pub(super) fn unknown_error(item: &FetchItem, image: &MetadataImage) -> Option<ErrorCode> {
    let named_by_id = matches!(item.key.topic, TopicRef::Id(_));
    if named_by_id && !image.topics.contains_key(&item.topic_id) {
        return Some(ErrorCode::UNKNOWN_TOPIC_ID);
    }
    let known = image.partition(item.topic_id, item.key.partition).is_some();
    (!known).then_some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
}

fn topic_id_of(topic: &TopicRef, image: &MetadataImage) -> Uuid {
    match topic {
        TopicRef::Id(id) => *id,
        TopicRef::Name(name) => image.topic(name).map_or(Uuid::nil(), |topic| topic.id),
    }
}

fn asked_partitions(request: &FetchRequest, uses_ids: bool) -> Vec<(SessionKey, FetchSpec)> {
    let mut asked = Vec::new();
    for topic in &request.topics {
        let named = TopicRef::new(topic.topic_id, &topic.topic, uses_ids);
        for partition in &topic.partitions {
            let key = SessionKey {
                topic: named.clone(),
                partition: partition.partition,
            };
            asked.push((key, spec_of(partition)));
        }
    }
    asked
}

fn forgotten_partitions(request: &FetchRequest, uses_ids: bool) -> Vec<SessionKey> {
    let mut forgotten = Vec::new();
    for topic in &request.forgotten_topics_data {
        let named = TopicRef::new(topic.topic_id, &topic.topic, uses_ids);
        forgotten.extend(topic.partitions.iter().map(|partition| SessionKey {
            topic: named.clone(),
            partition: *partition,
        }));
    }
    forgotten
}

fn spec_of(partition: &FetchPartition) -> FetchSpec {
    let present = |epoch: i32| (epoch != -1).then_some(epoch);
    FetchSpec {
        offset: partition.fetch_offset,
        log_start: partition.log_start_offset,
        max_bytes: partition.partition_max_bytes,
        current_leader_epoch: present(partition.current_leader_epoch),
        last_fetched_epoch: present(partition.last_fetched_epoch),
    }
}
