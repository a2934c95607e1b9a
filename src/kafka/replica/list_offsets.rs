//! ListOffsets: where a log starts, ends, or has a timestamp (`Partition.fetchOffsetForTimestamp`).
//!
//! A leader whose high watermark has not reached the start of its epoch does not tell its end:
//! the leader before it may have shown more (KIP-207).

use super::partition::Partition;
use super::{ReplicaManager, Requester};
use crate::kafka::config::Sabotage;
use crate::kafka::metadata::MetadataImage;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::messages::list_offsets_request::ListOffsetsPartition;
use crate::kafka::protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use crate::kafka::protocol::messages::{ListOffsetsRequest, ListOffsetsResponse};
use crate::kafka::storage::Isolation;
use crate::kafka::vocabulary::{Kafka, Note, Tp};
use crate::sim::{Ctx, Disk};
use uuid::Uuid;

/// Asks for the end.
pub(super) const LATEST_TIMESTAMP: i64 = -1;
/// Asks for the start.
pub(super) const EARLIEST_TIMESTAMP: i64 = -2;
/// Asks for the record with the largest timestamp.
const MAX_TIMESTAMP: i64 = -3;
/// Asks for the start of what is on the broker's own disk.
const EARLIEST_LOCAL_TIMESTAMP: i64 = -4;
/// Asks for the end of what is in tiered storage.
const LATEST_TIERED_TIMESTAMP: i64 = -5;

/// A consumer in `replica_id`.
const CONSUMER_REPLICA_ID: i32 = -1;
/// A debugging tool in `replica_id`, which may ask any replica.
const DEBUGGING_REPLICA_ID: i32 = -2;
/// Clients of older versions do not know OFFSET_NOT_AVAILABLE.
const OFFSET_NOT_AVAILABLE_SINCE: i16 = 5;
/// From this version on an answer has a leader epoch.
const LEADER_EPOCH_SINCE: i16 = 4;

/// An offset that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Found {
    timestamp: i64,
    offset: i64,
    epoch: Option<i32>,
}

impl Found {
    /// What stands in an answer when there is none.
    const NOTHING: Found = Found {
        timestamp: -1,
        offset: -1,
        epoch: None,
    };
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asker {
    version: i16,
    replica: i32,
    isolation: Isolation,
}

impl Asker {
    /// Consumers see no more than the high watermark, and are owed KIP-207.
    fn is_consumer(&self) -> bool {
        self.replica == CONSUMER_REPLICA_ID
    }
}

impl ReplicaManager {
    /// Answers a ListOffsets request.
    pub fn handle_list_offsets(
        &mut self,
        from: Requester,
        request: ListOffsetsRequest,
        image: &MetadataImage,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let asker = Asker {
            version: from.api_version,
            replica: request.replica_id.0,
            isolation: match (request.replica_id.0, request.isolation_level) {
                (CONSUMER_REPLICA_ID, 1) => Isolation::LastStable,
                (CONSUMER_REPLICA_ID, _) => Isolation::HighWatermark,
                _ => Isolation::LogEnd,
            },
        };
        let repeated = repeated_partitions(&request);
        let mut response = ListOffsetsResponse::default();
        for topic in &request.topics {
            let name = topic.name.as_str();
            let id = image.topic(name).map_or(Uuid::nil(), |topic| topic.id);
            let mut answer = ListOffsetsTopicResponse::default();
            answer.name = topic.name.clone();
            for asked in &topic.partitions {
                let found = if repeated.contains(&(name, asked.partition_index)) {
                    Err(ErrorCode::INVALID_REQUEST)
                } else {
                    self.list_offset(id, asked, asker, image, ctx.disk)
                };
                let tp = Tp::new(id, asked.partition_index);
                note_listed(tp, asked.timestamp, found, ctx);
                let partition = asked.partition_index;
                answer
                    .partitions
                    .push(partition_response(partition, found, asker.version));
            }
            response.topics.push(answer);
        }
        from.respond(response, ctx);
    }

    fn list_offset(
        &self,
        id: Uuid,
        asked: &ListOffsetsPartition,
        asker: Asker,
        image: &MetadataImage,
        disk: &Disk,
    ) -> Result<Found, ErrorCode> {
        if !is_supported(asked.timestamp, asker.version) {
            return Err(ErrorCode::UNSUPPORTED_VERSION);
        }
        let no = self.hosted(image, id, asked.partition_index)?;
        let partition = self.partitions.get(no);
        let partition = partition.ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        let epoch = Some(asked.current_leader_epoch).filter(|epoch| *epoch != -1);
        partition.check_epoch(epoch, asker.replica != DEBUGGING_REPLICA_ID)?;
        self.offset_for(partition, asked.timestamp, asker, disk)
    }

    fn offset_for(
        &self,
        partition: &Partition,
        timestamp: i64,
        asker: Asker,
        disk: &Disk,
    ) -> Result<Found, ErrorCode> {
        let end = partition.bound(asker.isolation);
        let lagging = asker.is_consumer() && self.hides_its_end(partition);
        match timestamp {
            LATEST_TIMESTAMP if lagging => Err(not_available(asker.version)),
            LATEST_TIMESTAMP => Ok(Found {
                timestamp: -1,
                offset: end,
                epoch: Some(partition.leader_epoch()),
            }),
            EARLIEST_TIMESTAMP | EARLIEST_LOCAL_TIMESTAMP => Ok(earliest(partition)),
            LATEST_TIERED_TIMESTAMP => Ok(Found::NOTHING),
            _ => match by_timestamp(partition, timestamp, disk) {
                Some(found) if found.offset < end => Ok(found),
                _ if lagging => Err(not_available(asker.version)),
                _ => Ok(Found::NOTHING),
            },
        }
    }

    fn hides_its_end(&self, partition: &Partition) -> bool {
        let high_watermark = partition.log().offsets().high_watermark;
        let lagging = partition
            .epoch_start()
            .is_some_and(|start| start > high_watermark);
        lagging && !self.broker.has(Sabotage::LatestBeforeEpochStart)
    }
}

fn not_available(version: i16) -> ErrorCode {
    if version >= OFFSET_NOT_AVAILABLE_SINCE {
        ErrorCode::OFFSET_NOT_AVAILABLE
    } else {
        ErrorCode::LEADER_NOT_AVAILABLE
    }
}

/// The log start, with the first cached epoch if it covers it.
fn earliest(partition: &Partition) -> Found {
    let offset = partition.log().offsets().log_start;
    let epochs = partition.log().epochs();
    let covering = epochs.first().filter(|(_, start)| *start <= offset);
    Found {
        timestamp: -1,
        offset,
        epoch: covering.map(|(epoch, _)| *epoch),
    }
}

fn by_timestamp(partition: &Partition, timestamp: i64, disk: &Disk) -> Option<Found> {
    let found = if timestamp == MAX_TIMESTAMP {
        partition.log().offset_of_max_timestamp(disk)
    } else {
        partition.log().offset_for_timestamp(disk, timestamp)
    };
    found.map(|(offset, timestamp, epoch)| Found {
        timestamp,
        offset,
        epoch: (epoch != -1).then_some(epoch),
    })
}

/// Negative timestamps are questions; each came with a version (`timestampMinSupportedVersion`).
fn is_supported(timestamp: i64, version: i16) -> bool {
    match timestamp {
        LATEST_TIMESTAMP | EARLIEST_TIMESTAMP => version >= 1,
        MAX_TIMESTAMP => version >= 7,
        EARLIEST_LOCAL_TIMESTAMP => version >= 8,
        LATEST_TIERED_TIMESTAMP => version >= 9,
        other => other >= 0,
    }
}

fn repeated_partitions(request: &ListOffsetsRequest) -> Vec<(&str, i32)> {
    let mut all: Vec<(&str, i32)> = request
        .topics
        .iter()
        .flat_map(|topic| {
            let name = topic.name.as_str();
            topic
                .partitions
                .iter()
                .map(move |it| (name, it.partition_index))
        })
        .collect();
    all.sort_unstable();
    let twice = all.windows(2).filter(|pair| pair[0] == pair[1]);
    twice.map(|pair| pair[0]).collect()
}

fn partition_response(
    partition: i32,
    found: Result<Found, ErrorCode>,
    version: i16,
) -> ListOffsetsPartitionResponse {
    let mut response = ListOffsetsPartitionResponse::default();
    response.partition_index = partition;
    match found {
        Err(error) => response.error_code = error.0,
        Ok(found) => {
            response.timestamp = found.timestamp;
            response.offset = found.offset;
            if version >= LEADER_EPOCH_SINCE {
                response.leader_epoch = found.epoch.unwrap_or(-1);
            }
        }
    }
    response
}

fn note_listed(
    partition: Tp,
    timestamp: i64,
    found: Result<Found, ErrorCode>,
    ctx: &mut Ctx<'_, Kafka>,
) {
    ctx.note(Note::OffsetListed {
        partition,
        offset: found.map_or(-1, |found| found.offset),
        error: found.err().unwrap_or(ErrorCode::NONE),
        latest: timestamp == LATEST_TIMESTAMP,
    });
}
