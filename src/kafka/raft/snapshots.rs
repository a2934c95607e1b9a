//! FetchSnapshot (KIP-630). No snapshot is ever taken here, so the log starts at offset 0, no
//! fetch is answered with a snapshot id, and every snapshot that is asked for is missing.

use super::RaftNode;
use super::messages;
use crate::kafka::protocol::messages::{FetchSnapshotRequest, FetchSnapshotResponse};
use crate::kafka::protocol::{ErrorCode, Message};

impl RaftNode {
    pub(super) fn handle_fetch_snapshot_request(&self, request: &FetchSnapshotRequest) -> Message {
        let refuse = |error: ErrorCode| {
            FetchSnapshotResponse::default()
                .with_error_code(error.0)
                .into()
        };
        if !self.has_valid_cluster_id(request.cluster_id.as_deref()) {
            return refuse(ErrorCode::INCONSISTENT_CLUSTER_ID);
        }
        let [topic] = &request.topics[..] else {
            return refuse(ErrorCode::INVALID_REQUEST);
        };
        let [partition] = &topic.partitions[..] else {
            return refuse(ErrorCode::INVALID_REQUEST);
        };
        let error = if !messages::is_metadata(&topic.name, partition.partition) {
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        } else {
            match self.validate_leader_only_request(partition.current_leader_epoch) {
                ErrorCode::NONE => ErrorCode::SNAPSHOT_NOT_FOUND,
                error => error,
            }
        };
        messages::fetch_snapshot_response(error, &self.standing())
    }
}
