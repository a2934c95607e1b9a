//! OffsetForLeaderEpoch: where an epoch ends in this log (KIP-101, KIP-320).

use super::{ReplicaManager, Requester};
use crate::kafka::metadata::MetadataImage;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::messages::offset_for_leader_epoch_request::OffsetForLeaderPartition;
use crate::kafka::protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderTopicResult,
};
use crate::kafka::protocol::messages::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};
use crate::kafka::vocabulary::Kafka;
use crate::sim::Ctx;
use uuid::Uuid;

impl ReplicaManager {
    /// Answers an OffsetForLeaderEpoch request.
    pub fn handle_offset_for_leader_epoch(
        &mut self,
        from: Requester,
        request: OffsetForLeaderEpochRequest,
        image: &MetadataImage,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let mut response = OffsetForLeaderEpochResponse::default();
        for topic in request.topics {
            let known = image.topic(topic.topic.as_str());
            let id = known.map_or(Uuid::nil(), |topic| topic.id);
            let mut answer = OffsetForLeaderTopicResult::default();
            answer.topic = topic.topic;
            for asked in &topic.partitions {
                let mut end = EpochEndOffset::default();
                end.partition = asked.partition;
                match self.epoch_end(id, asked, image) {
                    Err(error) => end.error_code = error.0,
                    Ok(None) => {}
                    Ok(Some((epoch, offset))) => {
                        end.leader_epoch = epoch;
                        end.end_offset = offset;
                    }
                }
                answer.partitions.push(end);
            }
            response.topics.push(answer);
        }
        from.respond(response, ctx);
    }

    fn epoch_end(
        &self,
        id: Uuid,
        asked: &OffsetForLeaderPartition,
        image: &MetadataImage,
    ) -> Result<Option<(i32, i64)>, ErrorCode> {
        let no = self.hosted(image, id, asked.partition)?;
        let partition = self.partitions.get(no);
        let partition = partition.ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        let epoch = Some(asked.current_leader_epoch).filter(|epoch| *epoch != -1);
        partition.check_epoch(epoch, true)?;
        Ok(partition.end_offset_for(asked.leader_epoch))
    }
}
