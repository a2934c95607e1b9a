//! Building the answer of a fetch: partition data, the session's omissions, leader hints.

use super::ReplicaManager;
use super::fetch::FetchResult;
use super::fetch_request::FetchParams;
use super::fetch_session::{FetchContext, SessionKey, TopicRef};
use super::partition::FetchSpec;
use crate::kafka::protocol::messages::fetch_response::{
    FetchableTopicResponse, NodeEndpoint, PartitionData,
};
use crate::kafka::protocol::messages::{BrokerId, FetchResponse, TopicName};
use crate::kafka::protocol::{ErrorCode, FetchAnswer, StrBytes};
use crate::kafka::vocabulary::{Kafka, Note};
use crate::sim::{Chunk, Ctx};
use std::sync::Arc;
use uuid::Uuid;

/// From this version on an answer says who leads (KIP-951).
const LEADER_HINT_SINCE: i16 = 16;

/// One partition of an answer before the session has its say.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) key: SessionKey,
    pub(super) spec: FetchSpec,
    pub(super) topic_id: Uuid,
    pub(super) data: PartitionData,
    pub(super) chunks: Vec<Chunk>,
}

impl Reply {
    /// Whether it carries records.
    pub(super) fn has_records(&self) -> bool {
        self.chunks.iter().any(|chunk| !chunk.bytes.is_empty())
    }

    pub(super) fn is_diverging(&self) -> bool {
        self.data.diverging_epoch.end_offset != -1
    }
}

impl ReplicaManager {
    pub(super) fn fetch_answer(
        &mut self,
        version: i16,
        params: &FetchParams,
        context: FetchContext,
        results: Vec<FetchResult>,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> FetchAnswer {
        let mut endpoints = Vec::new();
        let mut replies = Vec::with_capacity(results.len());
        for result in results {
            let mut reply = reply_of(result, params);
            if version >= LEADER_HINT_SINCE {
                self.hint_fetch_leader(&mut reply, &mut endpoints);
            }
            replies.push(reply);
        }
        let capacity = self.broker.config.max_incremental_fetch_session_cache_slots;
        let sessions = Arc::make_mut(&mut self.sessions);
        let answered = sessions.answer(context, replies, capacity, ctx);
        if let Some(session) = answered.opened {
            ctx.note(Note::FetchSessionOpened { session });
        }
        let mut response = FetchResponse::default();
        response.error_code = answered.error.0;
        response.session_id = answered.session_id;
        response.node_endpoints = endpoints;
        assemble(response, answered.replies, version)
    }

    fn hint_fetch_leader(&self, reply: &mut Reply, endpoints: &mut Vec<NodeEndpoint>) {
        let code = ErrorCode(reply.data.error_code);
        let misdirected = [
            ErrorCode::NOT_LEADER_OR_FOLLOWER,
            ErrorCode::FENCED_LEADER_EPOCH,
        ];
        if !misdirected.contains(&code) {
            return;
        }
        let hint = self.leader_hint(&self.broker.image, reply.topic_id, reply.key.partition);
        reply.data.current_leader.leader_id = BrokerId(hint.leader);
        reply.data.current_leader.leader_epoch = hint.epoch;
        let Some(at) = hint.endpoint else { return };
        if endpoints.iter().all(|known| known.node_id.0 != hint.leader) {
            let mut endpoint = NodeEndpoint::default();
            endpoint.node_id = BrokerId(hint.leader);
            endpoint.host = at.host;
            endpoint.port = at.port;
            endpoint.rack = at.rack;
            endpoints.push(endpoint);
        }
    }
}

fn reply_of(result: FetchResult, params: &FetchParams) -> Reply {
    let mut data = PartitionData::default();
    data.partition_index = result.item.key.partition;
    let mut chunks = Vec::new();
    match result.read {
        Err(error) => {
            data.error_code = error.0;
            data.high_watermark = -1;
            // A partition that was never asked has an empty list, a refused one has none.
            data.aborted_transactions = result.unknown.then(Vec::new);
        }
        Ok(info) => {
            data.high_watermark = info.offsets.high_watermark;
            data.last_stable_offset = info.offsets.last_stable;
            data.log_start_offset = info.offsets.log_start;
            data.aborted_transactions = params.read_committed.then(Vec::new);
            if let Some((epoch, end)) = info.diverging {
                data.diverging_epoch.epoch = epoch;
                data.diverging_epoch.end_offset = end;
            }
            chunks = info.chunks;
        }
    }
    Reply {
        key: result.item.key,
        spec: result.item.spec,
        topic_id: result.item.topic_id,
        data,
        chunks,
    }
}

/// Puts the replies into the answer; neighbours of one topic share an entry, as in Kafka.
fn assemble(response: FetchResponse, replies: Vec<Reply>, version: i16) -> FetchAnswer {
    let mut answer = FetchAnswer::empty(response);
    let mut last: Option<TopicRef> = None;
    for mut reply in replies {
        only_in_version(&mut reply.data, version);
        if last.as_ref() != Some(&reply.key.topic) {
            let mut topic = FetchableTopicResponse::default();
            match &reply.key.topic {
                TopicRef::Id(id) => topic.topic_id = *id,
                TopicRef::Name(name) => {
                    topic.topic = TopicName(StrBytes::from_string(name.to_string()));
                }
            }
            answer.response.responses.push(topic);
            last = Some(reply.key.topic);
        }
        if let Some(topic) = answer.response.responses.last_mut() {
            topic.partitions.push(reply.data);
            answer.records.push(reply.chunks);
        }
    }
    answer
}

/// Older versions have no place for some fields.
fn only_in_version(data: &mut PartitionData, version: i16) {
    if version < 12 {
        data.diverging_epoch = Default::default();
    }
    if version < 5 {
        data.log_start_offset = -1;
    }
}
