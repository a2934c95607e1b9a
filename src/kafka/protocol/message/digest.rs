//! What of a message goes into the trace hash.

use super::Message;
use super::facts::View;
use crate::kafka::protocol::record_batch::RecordBatch;
use crate::sim::TraceHash;
use kafka_protocol::messages::TopicName;

/// So many partitions are hashed whole; of the others only their number counts.
const PARTITIONS_HASHED: u64 = 8;

impl Message {
    /// The api, request or response, and the fields that matchers use, with offsets and checksum
    /// of the first batch of each partition; cheap, since it is taken at every delivery.
    pub fn digest(&self) -> u64 {
        let mut hash = TraceHash::new();
        let api = self.api_key() as i16;
        hash.word(u64::from(api as u16) << 1 | u64::from(self.is_request()));
        self.hash_facts(&mut hash);
        self.hash_rest(&mut hash);
        let mut partitions = 0;
        self.each_partition(&mut |view| {
            if partitions < PARTITIONS_HASHED {
                hash_partition(&view, &mut hash);
            }
            partitions += 1;
        });
        hash.word(partitions);
        hash.0
    }

    fn hash_facts(&self, hash: &mut TraceHash) {
        let facts = self.facts();
        let session = facts.session.unwrap_or((-1, -1));
        for value in [
            facts.node.map(i64::from),
            facts.node_epoch,
            facts.error.map(|code| i64::from(code.0)),
            facts.acks.map(i64::from),
            Some(i64::from(session.0)),
            Some(i64::from(session.1)),
        ] {
            hash_option(value, hash);
        }
    }

    /// Fields that no matcher names and that yet tell one history from another.
    fn hash_rest(&self, hash: &mut TraceHash) {
        match self {
            Message::CreateTopicsRequest(m) => {
                m.topics
                    .iter()
                    .for_each(|topic| hash.bytes(topic.name.as_bytes()));
            }
            Message::CreateTopicsResponse(m) => m.topics.iter().for_each(|topic| {
                hash.bytes(topic.name.as_bytes());
                hash_option(Some(topic.error_code.into()), hash);
            }),
            Message::DeleteTopicsRequest(m) => {
                m.topic_names
                    .iter()
                    .for_each(|name| hash.bytes(name.as_bytes()));
                m.topics
                    .iter()
                    .for_each(|topic| hash_name(&topic.name, hash));
            }
            Message::DeleteTopicsResponse(m) => m.responses.iter().for_each(|topic| {
                hash_name(&topic.name, hash);
                hash_option(Some(topic.error_code.into()), hash);
            }),
            Message::VoteRequest(m) => m.topics.iter().flat_map(|t| &t.partitions).for_each(|p| {
                hash_option(Some(p.replica_id.0.into()), hash);
                hash_option(Some(p.pre_vote.into()), hash);
            }),
            Message::VoteResponse(m) => m.topics.iter().flat_map(|t| &t.partitions).for_each(|p| {
                hash_option(Some(p.vote_granted.into()), hash);
            }),
            Message::BrokerHeartbeatRequest(m) => {
                hash_option(Some(m.current_metadata_offset), hash);
                hash_option(
                    Some(i64::from(m.want_fence) << 1 | i64::from(m.want_shut_down)),
                    hash,
                );
            }
            Message::AllocateProducerIdsResponse(m) => {
                hash_option(Some(m.producer_id_start.0), hash);
            }
            Message::InitProducerIdResponse(m) => {
                hash_option(Some(m.producer_id.0), hash);
                hash_option(Some(m.producer_epoch.into()), hash);
            }
            _ => {}
        }
    }
}

fn hash_partition(view: &View<'_>, hash: &mut TraceHash) {
    match (view.topic, view.topic_id) {
        (Some(name), _) => hash.bytes(name.as_bytes()),
        (None, Some(id)) => hash.bytes(id.as_bytes()),
        (None, None) => hash.word(0),
    }
    hash_option(Some(i64::from(view.partition)), hash);
    hash_option(view.offset, hash);
    hash_option(view.epoch.map(i64::from), hash);
    hash_option(view.error.map(|code| i64::from(code.0)), hash);
    let first = view.records.and_then(|bytes| RecordBatch::read(bytes).ok());
    match first {
        None => hash.word(view.records.map_or(0, |bytes| bytes.len() as u64)),
        Some((batch, _)) => {
            hash_option(Some(batch.base_offset()), hash);
            hash_option(Some(batch.last_offset()), hash);
            hash.word(u64::from(batch.checksum()));
        }
    }
}

fn hash_name(name: &Option<TopicName>, hash: &mut TraceHash) {
    hash.bytes(name.as_ref().map_or(b"", |name| name.as_bytes()));
}

/// One word; none is the value that no offset, epoch, id or code has.
fn hash_option(value: Option<i64>, hash: &mut TraceHash) {
    hash.word(value.unwrap_or(i64::MIN) as u64);
}
