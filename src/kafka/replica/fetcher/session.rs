//! [`ClientSession`]: a fetcher's side of its fetch session (`FetchSessionHandler`, KIP-227).

use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::messages::FetchResponse;
use crate::kafka::replica::fetch_session::INITIAL_EPOCH;
use crate::kafka::replica::table::PartitionNo;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What a fetcher wants of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) topic_id: Uuid,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) log_start: i64,
    pub(super) max_bytes: i32,
    pub(super) leader_epoch: i32,
    pub(super) last_fetched_epoch: Option<i32>,
}

/// What goes into the next request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SessionRequest {
    pub(super) session_id: i32,
    pub(super) session_epoch: i32,
    /// Partitions that are new or asked for otherwise than before; all of them in a full request.
    pub(super) send: Vec<Wanted>,
    pub(super) forget: Vec<Wanted>,
}

/// The session with one leader broker.
#[derive(Clone, Debug, Default)]
pub(super) struct ClientSession {
    id: i32,
    next_epoch: i32,
    partitions: BTreeMap<PartitionNo, Wanted>,
}

impl ClientSession {
    /// The partitions of the session: what the request in flight asks for.
    pub(super) fn partitions(&self) -> &BTreeMap<PartitionNo, Wanted> {
        &self.partitions
    }

    /// The next request for exactly `next`; none if there is nothing to ask and to forget.
    pub(super) fn build(&mut self, next: BTreeMap<PartitionNo, Wanted>) -> Option<SessionRequest> {
        let (send, forget) = if self.next_epoch == INITIAL_EPOCH {
            (next.values().copied().collect(), Vec::new())
        } else {
            self.differences(&next)
        };
        if next.is_empty() && forget.is_empty() {
            return None;
        }
        self.partitions = next;
        Some(SessionRequest {
            session_id: self.id,
            session_epoch: self.next_epoch,
            send,
            forget,
        })
    }

    fn differences(&self, next: &BTreeMap<PartitionNo, Wanted>) -> (Vec<Wanted>, Vec<Wanted>) {
        let changed = |(no, wanted): &(&PartitionNo, &Wanted)| {
            self.partitions.get(no).is_none_or(|known| known != *wanted)
        };
        let send = next.iter().filter(changed).map(|(_, wanted)| *wanted);
        let gone = |(no, _): &(&PartitionNo, &Wanted)| !next.contains_key(no);
        let forget = self.partitions.iter().filter(gone).map(|(_, known)| *known);
        (send.collect(), forget.collect())
    }

    /// Takes an answer; false if nothing in it may be used, the next request is full then.
    pub(super) fn handle_response(&mut self, response: &FetchResponse) -> bool {
        if response.error_code != 0 {
            if response.error_code == ErrorCode::FETCH_SESSION_ID_NOT_FOUND.0 {
                self.id = 0;
            }
            self.next_epoch = INITIAL_EPOCH;
            return false;
        }
        let valid = if self.next_epoch == INITIAL_EPOCH {
            self.is_complete(response)
        } else {
            self.has_no_strangers(response)
        };
        if !valid {
            self.next_epoch = INITIAL_EPOCH;
            return false;
        }
        if response.session_id == 0 {
            self.id = 0;
            self.next_epoch = INITIAL_EPOCH;
        } else {
            self.id = response.session_id;
            self.next_epoch = match self.next_epoch {
                i32::MAX => 1,
                epoch => epoch + 1,
            };
        }
        true
    }

    /// A request got no answer: the next one closes the session and opens another.
    pub(super) fn handle_error(&mut self) {
        self.next_epoch = INITIAL_EPOCH;
    }

    fn is_complete(&self, response: &FetchResponse) -> bool {
        let answered = response_keys(response);
        answered.len() == self.partitions.len() && self.has_no_strangers(response)
    }

    fn has_no_strangers(&self, response: &FetchResponse) -> bool {
        let mut known: Vec<(Uuid, i32)> = self
            .partitions
            .values()
            .map(|wanted| (wanted.topic_id, wanted.partition))
            .collect();
        known.sort_unstable();
        response_keys(response)
            .iter()
            .all(|key| known.binary_search(key).is_ok())
    }
}

fn response_keys(response: &FetchResponse) -> Vec<(Uuid, i32)> {
    let keys = response.responses.iter().flat_map(|topic| {
        let id = topic.topic_id;
        topic
            .partitions
            .iter()
            .map(move |partition| (id, partition.partition_index))
    });
    let mut keys: Vec<(Uuid, i32)> = keys.collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}
