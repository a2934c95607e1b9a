//! Deletion of topics (`ControllerApis.deleteTopics`, `ReplicationControlManager.deleteTopics`).
//! The answers come in the order of the request; Kafka shuffles them.

use super::errors::ApiError;
use super::topics::MAX_RECORDS_PER_USER_OP;
use super::{ControllerResult, ControllerState};
use crate::kafka::metadata::MetadataImage;
use crate::kafka::protocol::messages::TopicName;
use crate::kafka::protocol::messages::delete_topics_request::DeleteTopicsRequest;
use crate::kafka::protocol::messages::delete_topics_response::{
    DeletableTopicResult, DeleteTopicsResponse,
};
use crate::kafka::protocol::metadata_record::MetadataRecord;
use crate::kafka::protocol::{ErrorCode, StrBytes};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A topic as a request names it.
#[derive(Clone, Debug, PartialEq)]
enum Named {
    Name(TopicName),
    Id(Uuid),
    Nothing,
    Both(TopicName, Uuid),
}

impl ControllerState {
    pub(super) fn handle_delete_topics(
        &self,
        image: &MetadataImage,
        request: &DeleteTopicsRequest,
        api_version: i16,
    ) -> ControllerResult {
        let named = topics_of(request);
        let mut records = Vec::new();
        let mut results: Vec<DeletableTopicResult> = Vec::new();
        let mut deleted = BTreeSet::new();
        for (place, topic) in named.iter().enumerate() {
            if named.iter().take(place).any(|before| before == topic) {
                continue;
            }
            let twice = named.iter().filter(|other| *other == topic).count() > 1;
            let found = find(image, topic, twice, &mut deleted);
            if let Ok(topic_id) = &found {
                let topic_id = *topic_id;
                records.push(MetadataRecord::RemoveTopic { topic_id });
            }
            results.push(result(image, topic, found, api_version));
        }
        if records.len() > MAX_RECORDS_PER_USER_OP {
            // A request that is too large is refused as a whole.
            records.clear();
            let too_large = ErrorCode::POLICY_VIOLATION.0;
            results
                .iter_mut()
                .for_each(|result| result.error_code = too_large);
        }
        let errors: Vec<i16> = results.iter().map(|result| result.error_code).collect();
        let response = DeleteTopicsResponse::default().with_responses(results);
        ControllerResult::new(records, response).with_refusals(errors)
    }
}

fn topics_of(request: &DeleteTopicsRequest) -> Vec<Named> {
    let names = request.topic_names.iter().cloned().map(Named::Name);
    let topics = request
        .topics
        .iter()
        .map(|topic| match (&topic.name, topic.topic_id.is_nil()) {
            (None, true) => Named::Nothing,
            (None, false) => Named::Id(topic.topic_id),
            (Some(name), true) => Named::Name(name.clone()),
            (Some(name), false) => Named::Both(name.clone(), topic.topic_id),
        });
    names.chain(topics).collect()
}

/// The id of the topic to delete.
fn find(
    image: &MetadataImage,
    topic: &Named,
    twice: bool,
    deleted: &mut BTreeSet<Uuid>,
) -> Result<Uuid, ApiError> {
    let invalid = |text: &str| ApiError::new(ErrorCode::INVALID_REQUEST, text);
    let id = match topic {
        Named::Nothing => return Err(invalid("Neither topic name nor id were specified.")),
        Named::Both(..) => {
            return Err(invalid("You may not specify both topic name and topic id."));
        }
        Named::Name(_) if twice => return Err(invalid("Duplicate topic name.")),
        Named::Id(_) if twice => return Err(invalid("Duplicate topic id.")),
        Named::Name(name) => *image
            .topic_ids
            .get(name.as_str())
            .ok_or_else(|| ApiError::of(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION))?,
        Named::Id(id) if image.topics.contains_key(id) => *id,
        Named::Id(_) => return Err(ApiError::of(ErrorCode::UNKNOWN_TOPIC_ID)),
    };
    match deleted.insert(id) {
        true => Ok(id),
        false => Err(invalid(
            "The provided topic name maps to an ID that was already supplied.",
        )),
    }
}

fn result(
    image: &MetadataImage,
    topic: &Named,
    found: Result<Uuid, ApiError>,
    api_version: i16,
) -> DeletableTopicResult {
    let (name, id) = match topic {
        Named::Nothing => (None, Uuid::nil()),
        Named::Name(name) => (Some(name.clone()), Uuid::nil()),
        Named::Id(id) => (None, *id),
        Named::Both(name, id) => (Some(name.clone()), *id),
    };
    let mut result = DeletableTopicResult::default()
        .with_name(name)
        .with_topic_id(id)
        .with_error_message(None);
    match found {
        Ok(id) => {
            let name = image.topics.get(&id).map(|topic| topic.name.clone());
            result.name = name.map(|name| TopicName(StrBytes::from_string(name)));
            result.topic_id = id;
        }
        Err(error) => {
            result.error_code = error.code.0;
            result.error_message = error.text().filter(|_| api_version >= 5);
        }
    }
    if api_version < 6 {
        result.topic_id = Uuid::nil();
    }
    result
}
