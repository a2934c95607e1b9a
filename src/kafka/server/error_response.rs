//! The answer with which a request as a whole is refused.

use crate::kafka::protocol::messages::*;
use crate::kafka::protocol::{ErrorCode, FetchAnswer, Message};

/// The response of the request's api that carries `error` at the place where the api has one;
/// none for an api that has no such place.
pub(super) fn error_response(request: &Message, error: ErrorCode) -> Option<Message> {
    let code = error.0;
    Some(match request {
        Message::BrokerRegistrationRequest(_) => BrokerRegistrationResponse::default()
            .with_error_code(code)
            .into(),
        Message::BrokerHeartbeatRequest(_) => BrokerHeartbeatResponse::default()
            .with_error_code(code)
            .into(),
        Message::AlterPartitionRequest(_) => AlterPartitionResponse::default()
            .with_error_code(code)
            .into(),
        Message::AllocateProducerIdsRequest(_) => AllocateProducerIdsResponse::default()
            .with_error_code(code)
            .into(),
        Message::ControllerRegistrationRequest(_) => ControllerRegistrationResponse::default()
            .with_error_code(code)
            .into(),
        Message::EnvelopeRequest(_) => EnvelopeResponse::default().with_error_code(code).into(),
        Message::ApiVersionsRequest(_) => {
            ApiVersionsResponse::default().with_error_code(code).into()
        }
        Message::ElectLeadersRequest(_) => {
            ElectLeadersResponse::default().with_error_code(code).into()
        }
        Message::VoteRequest(_) => VoteResponse::default().with_error_code(code).into(),
        Message::BeginQuorumEpochRequest(_) => BeginQuorumEpochResponse::default()
            .with_error_code(code)
            .into(),
        Message::EndQuorumEpochRequest(_) => EndQuorumEpochResponse::default()
            .with_error_code(code)
            .into(),
        Message::FetchSnapshotRequest(_) => FetchSnapshotResponse::default()
            .with_error_code(code)
            .into(),
        Message::DescribeQuorumRequest(_) => DescribeQuorumResponse::default()
            .with_error_code(code)
            .into(),
        Message::DescribeClusterRequest(_) => DescribeClusterResponse::default()
            .with_error_code(code)
            .into(),
        Message::InitProducerIdRequest(_) => InitProducerIdResponse::default()
            .with_error_code(code)
            .into(),
        Message::FetchRequest(_) => {
            FetchAnswer::empty(FetchResponse::default().with_error_code(code)).into()
        }
        Message::CreateTopicsRequest(request) => create_topics(request, code).into(),
        Message::DeleteTopicsRequest(request) => delete_topics(request, code).into(),
        _ => return None,
    })
}

fn create_topics(request: &CreateTopicsRequest, code: i16) -> CreateTopicsResponse {
    let refused = |topic: &create_topics_request::CreatableTopic| {
        create_topics_response::CreatableTopicResult::default()
            .with_name(topic.name.clone())
            .with_error_code(code)
    };
    CreateTopicsResponse::default().with_topics(request.topics.iter().map(refused).collect())
}

fn delete_topics(request: &DeleteTopicsRequest, code: i16) -> DeleteTopicsResponse {
    let refused = |topic: &delete_topics_request::DeleteTopicState| {
        delete_topics_response::DeletableTopicResult::default()
            .with_name(topic.name.clone())
            .with_topic_id(topic.topic_id)
            .with_error_code(code)
    };
    DeleteTopicsResponse::default().with_responses(request.topics.iter().map(refused).collect())
}
