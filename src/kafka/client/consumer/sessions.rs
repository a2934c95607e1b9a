//! Fetch sessions, the client's side (`FetchSessionHandler`, behaviour.md 2.19): what was sent
//! before is not sent again.

use crate::kafka::client::metadata::wire_name;
use crate::kafka::protocol::messages::FetchRequest;
use crate::kafka::protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use crate::kafka::protocol::{ErrorCode, TopicPartition};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What a session knows of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionPartition {
    pub(crate) topic_id: Uuid,
    pub(crate) offset: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) max_bytes: i32,
}

/// The session with one broker. Id 0: none. Epoch 0: the next request is a full one.
#[derive(Clone, Debug, Default)]
pub(crate) struct FetchSession {
    id: i32,
    epoch: i32,
    partitions: BTreeMap<TopicPartition, SessionPartition>,
}

impl FetchSession {
    /// What the last request asked of a partition.
    pub(crate) fn partition(&self, tp: &TopicPartition) -> Option<&SessionPartition> {
        self.partitions.get(tp)
    }

    /// The partition of an answer: by topic id from version 13, by name before.
    pub(crate) fn find(
        &self,
        version: i16,
        name: &str,
        id: Uuid,
        partition: i32,
    ) -> Option<TopicPartition> {
        let same = |(tp, known): &(&TopicPartition, &SessionPartition)| {
            let topic = if version >= 13 {
                known.topic_id == id
            } else {
                tp.topic == name
            };
            topic && tp.partition == partition
        };
        self.partitions.iter().find(same).map(|(tp, _)| tp.clone())
    }

    /// Fills session, partitions and forgotten ones of a request for these partitions.
    pub(crate) fn build(
        &mut self,
        next: BTreeMap<TopicPartition, SessionPartition>,
        version: i16,
        request: &mut FetchRequest,
    ) {
        request.session_id = self.id;
        request.session_epoch = self.epoch;
        let full = self.epoch == 0;
        let before = std::mem::replace(&mut self.partitions, next);
        for (tp, known) in &self.partitions {
            if full || before.get(tp) != Some(known) {
                add_partition(request, version, tp, known);
            }
        }
        if full {
            return;
        }
        for (tp, old) in &before {
            // A topic that was deleted and made again has another id: the old one is forgotten.
            let kept = self.partitions.get(tp);
            if kept.is_none_or(|new| version >= 13 && new.topic_id != old.topic_id) {
                forget_partition(request, version, tp, old.topic_id);
            }
        }
    }

    /// Takes in the session of an answer; false if the answer can not be used.
    pub(crate) fn handle_response(&mut self, error: ErrorCode, session_id: i32) -> bool {
        if error == ErrorCode::FETCH_SESSION_ID_NOT_FOUND {
            (self.id, self.epoch) = (0, 0);
            return false;
        }
        if !error.is_none() {
            self.epoch = 0;
            return false;
        }
        (self.id, self.epoch) = match (session_id, self.epoch) {
            (0, _) => (0, 0),
            (id, 0) => (id, 1),
            (id, i32::MAX) => (id, 1),
            (id, epoch) => (id, epoch + 1),
        };
        true
    }

    /// No answer came: the next request closes the session and opens another.
    pub(crate) fn handle_error(&mut self) {
        self.epoch = 0;
    }

    /// The request that ends the session, if there is one.
    pub(crate) fn close(&mut self) -> Option<FetchRequest> {
        if self.id == 0 {
            return None;
        }
        let mut request = FetchRequest::default();
        request.session_id = self.id;
        request.session_epoch = -1;
        Some(request)
    }
}

fn add_partition(
    request: &mut FetchRequest,
    version: i16,
    tp: &TopicPartition,
    known: &SessionPartition,
) {
    let mut partition = FetchPartition::default();
    partition.partition = tp.partition;
    partition.current_leader_epoch = known.leader_epoch;
    partition.fetch_offset = known.offset;
    partition.partition_max_bytes = known.max_bytes;
    let name = wire_name(&tp.topic);
    let same = |topic: &&mut FetchTopic| match version {
        13.. => topic.topic_id == known.topic_id,
        _ => topic.topic == name,
    };
    if let Some(topic) = request.topics.iter_mut().find(same) {
        topic.partitions.push(partition);
        return;
    }
    let mut topic = FetchTopic::default();
    match version {
        13.. => topic.topic_id = known.topic_id,
        _ => topic.topic = name,
    }
    topic.partitions.push(partition);
    request.topics.push(topic);
}

fn forget_partition(request: &mut FetchRequest, version: i16, tp: &TopicPartition, id: Uuid) {
    let name = wire_name(&tp.topic);
    let same = |topic: &&mut ForgottenTopic| match version {
        13.. => topic.topic_id == id,
        _ => topic.topic == name,
    };
    if let Some(topic) = request.forgotten_topics_data.iter_mut().find(same) {
        topic.partitions.push(tp.partition);
        return;
    }
    let mut topic = ForgottenTopic::default();
    match version {
        13.. => topic.topic_id = id,
        _ => topic.topic = name,
    }
    topic.partitions.push(tp.partition);
    request.forgotten_topics_data.push(topic);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(offsets: &[(i32, i64)]) -> BTreeMap<TopicPartition, SessionPartition> {
        let partition = |&(partition, offset): &(i32, i64)| {
            let known = SessionPartition {
                topic_id: Uuid::from_u128(9),
                offset,
                leader_epoch: 3,
                max_bytes: 100,
            };
            (TopicPartition::new("t", partition), known)
        };
        offsets.iter().map(partition).collect()
    }

    fn build(session: &mut FetchSession, offsets: &[(i32, i64)]) -> FetchRequest {
        let mut request = FetchRequest::default();
        session.build(wanted(offsets), 17, &mut request);
        request
    }

    fn asked(request: &FetchRequest) -> Vec<i32> {
        let topics = request.topics.iter();
        topics
            .flat_map(|t| t.partitions.iter().map(|p| p.partition))
            .collect()
    }

    #[test]
    fn only_what_changed_is_asked_for_again() {
        let mut session = FetchSession::default();
        let full = build(&mut session, &[(0, 5), (1, 6)]);
        assert_eq!((full.session_id, full.session_epoch), (0, 0));
        assert_eq!(asked(&full), [0, 1]);
        assert!(session.handle_response(ErrorCode::NONE, 77));
        let same = build(&mut session, &[(0, 5), (1, 6)]);
        assert_eq!((same.session_id, same.session_epoch), (77, 1));
        assert!(asked(&same).is_empty());
        assert!(session.handle_response(ErrorCode::NONE, 77));
        let moved = build(&mut session, &[(0, 8), (2, 0)]);
        assert_eq!(moved.session_epoch, 2);
        assert_eq!(asked(&moved), [0, 2]);
        assert_eq!(moved.forgotten_topics_data[0].partitions, [1]);
    }

    #[test]
    fn errors_lead_back_to_a_full_request() {
        let mut session = FetchSession::default();
        build(&mut session, &[(0, 5)]);
        session.handle_response(ErrorCode::NONE, 77);
        assert!(!session.handle_response(ErrorCode::INVALID_FETCH_SESSION_EPOCH, 0));
        let again = build(&mut session, &[(0, 5)]);
        assert_eq!((again.session_id, again.session_epoch), (77, 0));
        assert_eq!(asked(&again), [0]);
        session.handle_response(ErrorCode::FETCH_SESSION_ID_NOT_FOUND, 0);
        let again = build(&mut session, &[(0, 5)]);
        assert_eq!((again.session_id, again.session_epoch), (0, 0));
    }

    #[test]
    fn a_broker_without_room_for_sessions_gets_full_requests() {
        let mut session = FetchSession::default();
        for _ in 0..2 {
            let request = build(&mut session, &[(0, 5)]);
            assert_eq!((request.session_id, request.session_epoch), (0, 0));
            assert!(session.handle_response(ErrorCode::NONE, 0));
        }
    }
}
