//! A naive cluster: logs as vectors, sequences as behaviour.md 2.14, faults by script.

use super::partition::{LogEntry, Partition};
use crate::kafka::client::metadata::wire_name;
use crate::kafka::protocol::messages::api_versions_response::ApiVersion;
use crate::kafka::protocol::messages::create_topics_response::CreatableTopicResult;
use crate::kafka::protocol::messages::fetch_request::FetchPartition;
use crate::kafka::protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use crate::kafka::protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use crate::kafka::protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use crate::kafka::protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderTopicResult,
};
use crate::kafka::protocol::messages::produce_response::{
    PartitionProduceResponse, TopicProduceResponse,
};
use crate::kafka::protocol::messages::*;
use crate::kafka::protocol::record_batch::{Record, RecordBatch};
use crate::kafka::protocol::{ErrorCode, FetchAnswer, Message, StrBytes};
use crate::sim::{Chunk, ConnId, NodeId, Span};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use uuid::Uuid;

/// What goes wrong with one produce request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// The connection breaks before the append.
    LoseRequest,
    /// The connection breaks after the append.
    LoseAnswer,
    /// The append happens, the answer never comes.
    Silence,
    /// Refused with this code, nothing is appended.
    Refuse(i16),
    /// Appended, but answered with this code; a duplicate is answered as ever.
    AppendAndRefuse(i16),
    /// Answered late, in milliseconds.
    Delay(u64),
}

/// Some brokers, some topics.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    brokers: Vec<i32>,
    topics: BTreeMap<String, (Uuid, Vec<Partition>)>,
    down: BTreeSet<NodeId>,
    cut: BTreeSet<ConnId>,
    silent: BTreeSet<ConnId>,
    sessions: BTreeMap<i32, BTreeMap<(Uuid, i32), FetchPartition>>,
    next_session: i32,
    next_producer: i64,
    pub(crate) faults: VecDeque<Fault>,
    pub(crate) init_errors: VecDeque<i16>,
    pub(crate) admin_errors: VecDeque<i16>,
    pub(crate) fetch_errors: VecDeque<i16>,
    pub(crate) most_bytes: usize,
    pub(crate) names_leader: bool,
    /// How many batches of a producer a partition remembers; a real one remembers five.
    pub(crate) remembered: usize,
    duplicates: u32,
}

impl Cluster {
    /// `brokers` brokers and a topic `t` whose partitions they lead in turn.
    pub(crate) fn new(brokers: i32, partitions: i32) -> Self {
        let mut cluster = Cluster {
            brokers: (1..=brokers).collect(),
            topics: BTreeMap::new(),
            down: BTreeSet::new(),
            cut: BTreeSet::new(),
            silent: BTreeSet::new(),
            sessions: BTreeMap::new(),
            next_session: 100,
            next_producer: 4_000,
            faults: VecDeque::new(),
            init_errors: VecDeque::new(),
            admin_errors: VecDeque::new(),
            fetch_errors: VecDeque::new(),
            most_bytes: usize::MAX,
            names_leader: false,
            remembered: 5,
            duplicates: 0,
        };
        cluster.create("t", partitions);
        cluster
    }

    pub(crate) fn create(&mut self, topic: &str, partitions: i32) {
        let brokers = self.brokers.len() as i32;
        let partition = |index: i32| Partition::new(index % brokers + 1);
        let partitions = (0..partitions).map(partition).collect();
        let id = Uuid::from_u128(0x1000 + self.topics.len() as u128 + (7 << 64));
        self.topics.insert(topic.to_owned(), (id, partitions));
    }

    pub(crate) fn delete(&mut self, topic: &str) {
        self.topics.remove(topic);
    }

    pub(crate) fn brokers(&self) -> Vec<i32> {
        self.brokers.clone()
    }

    pub(crate) fn node(&self, broker: i32) -> NodeId {
        NodeId(10 + broker as u16)
    }

    pub(crate) fn set_down(&mut self, broker: i32, down: bool) {
        let node = self.node(broker);
        if down {
            self.down.insert(node);
        } else {
            self.down.remove(&node);
        }
    }

    pub(crate) fn is_down(&self, node: NodeId) -> bool {
        self.down.contains(&node)
    }

    pub(crate) fn cut(&mut self, conn: ConnId) {
        self.cut.insert(conn);
    }

    pub(crate) fn is_cut(&self, conn: ConnId) -> bool {
        self.cut.contains(&conn)
    }

    pub(crate) fn partition_mut(&mut self, partition: i32) -> &mut Partition {
        let (_, partitions) = self.topics.get_mut("t").expect("the topic exists");
        &mut partitions[partition as usize]
    }

    /// Gives a partition another leader in the next epoch.
    pub(crate) fn move_leader(&mut self, partition: i32, to: i32) {
        let partition = self.partition_mut(partition);
        partition.leader = to;
        partition.epoch += 1;
    }

    /// Appends records as some producer would have, in the present epoch.
    pub(crate) fn fill(&mut self, partition: i32, values: std::ops::Range<i32>) {
        let partition = self.partition_mut(partition);
        for value in values {
            let record = Record {
                offset: partition.end(),
                timestamp: 1,
                value: Some(format!("v{value}").into()),
                ..Record::default()
            };
            let epoch = partition.epoch;
            partition.log.push(LogEntry { record, epoch });
        }
    }

    pub(crate) fn log(&self, topic: &str, partition: i32) -> Vec<String> {
        let entries = &self.topics[topic].1[partition as usize].log;
        let value = |entry: &LogEntry| {
            let value = entry.record.value.clone().unwrap_or_default();
            String::from_utf8_lossy(&value).into_owned()
        };
        entries.iter().map(value).collect()
    }

    /// The answer and by how much it is late; none if there is none.
    pub(crate) fn handle(
        &mut self,
        node: NodeId,
        conn: ConnId,
        version: i16,
        message: Message,
    ) -> Option<(Message, Span)> {
        // A server reads on when it has answered.
        if self.silent.contains(&conn) {
            return None;
        }
        let broker = i32::from(node.0) - 10;
        let answer = match message {
            Message::ApiVersionsRequest(_) => api_versions().into(),
            Message::MetadataRequest(request) => self.metadata(&request).into(),
            Message::InitProducerIdRequest(_) => self.init_producer_id().into(),
            Message::ProduceRequest(request) => {
                return self.produce(broker, conn, version, &request);
            }
            Message::FetchRequest(request) => self.fetch(broker, version, &request).into(),
            Message::ListOffsetsRequest(request) => self.list_offsets(broker, &request).into(),
            Message::OffsetForLeaderEpochRequest(request) => {
                self.offset_for_leader_epoch(broker, &request).into()
            }
            Message::CreateTopicsRequest(request) => self.create_topics(&request).into(),
            other => panic!("the naive cluster does not know {}", other.name()),
        };
        Some((answer, Span::ZERO))
    }

    fn metadata(&self, request: &MetadataRequest) -> MetadataResponse {
        let mut response = MetadataResponse::default();
        response.controller_id = self.brokers[0].into();
        for id in &self.brokers {
            let mut broker = MetadataResponseBroker::default();
            broker.node_id = (*id).into();
            broker.host = StrBytes::from_string(format!("broker-{id}"));
            broker.port = 9092;
            response.brokers.push(broker);
        }
        for topic in request.topics.iter().flatten() {
            let name = topic.name.clone().expect("topics are asked for by name");
            let mut answer = MetadataResponseTopic::default();
            match self.topics.get(name.0.as_str()) {
                Some((id, partitions)) => {
                    answer.topic_id = *id;
                    answer.partitions = (0..).zip(partitions).map(metadata_partition).collect();
                }
                None => answer.error_code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.0,
            }
            answer.name = Some(name);
            response.topics.push(answer);
        }
        response
    }

    fn init_producer_id(&mut self) -> InitProducerIdResponse {
        let mut response = InitProducerIdResponse::default();
        response.error_code = self.init_errors.pop_front().unwrap_or(0);
        if response.error_code == 0 {
            response.producer_id = self.next_producer.into();
            self.next_producer += 1;
        }
        response
    }

    fn produce(
        &mut self,
        broker: i32,
        conn: ConnId,
        version: i16,
        request: &ProduceRequest,
    ) -> Option<(Message, Span)> {
        let fault = self.faults.pop_front().unwrap_or(Fault::None);
        if fault == Fault::LoseRequest {
            self.cut(conn);
            return None;
        }
        let mut response = ProduceResponse::default();
        for topic in &request.topic_data {
            let mut answer = TopicProduceResponse::default();
            answer.name = topic.name.clone();
            answer.topic_id = topic.topic_id;
            for data in &topic.partition_data {
                let mut partition = PartitionProduceResponse::default();
                partition.index = data.index;
                let bytes = data.records.clone().unwrap_or_default();
                let duplicates = self.duplicates;
                let result = match fault {
                    Fault::Refuse(code) => Err(ErrorCode(code)),
                    _ => self.append(broker, version, topic, data.index, &bytes),
                };
                match result {
                    Ok(base) => partition.base_offset = base,
                    Err(error) => {
                        partition.base_offset = -1;
                        partition.error_code = error.0;
                        self.name_leader(&mut partition);
                    }
                }
                let appended = partition.error_code == 0 && self.duplicates == duplicates;
                if let (Fault::AppendAndRefuse(code), true) = (fault, appended) {
                    partition.error_code = code;
                }
                answer.partition_responses.push(partition);
            }
            response.responses.push(answer);
        }
        if fault == Fault::LoseAnswer {
            self.cut(conn);
            return None;
        }
        if fault == Fault::Silence {
            self.silent.insert(conn);
            return None;
        }
        if request.acks == 0 {
            return None;
        }
        let delay = match fault {
            Fault::Delay(ms) => Span::from_millis(ms),
            _ => Span::ZERO,
        };
        Some((response.into(), delay))
    }

    fn name_leader(&mut self, answer: &mut PartitionProduceResponse) {
        if self.names_leader && answer.error_code == ErrorCode::NOT_LEADER_OR_FOLLOWER.0 {
            let partition = self.partition_mut(answer.index);
            answer.current_leader.leader_id = partition.leader.into();
            answer.current_leader.leader_epoch = partition.epoch;
        }
    }

    #[allow(
        clippy::panic_in_result_fn,
        reason = "a producer that sends two batches fails the test"
    )]
    fn append(
        &mut self,
        broker: i32,
        version: i16,
        topic: &produce_request::TopicProduceData,
        index: i32,
        bytes: &bytes::Bytes,
    ) -> Result<i64, ErrorCode> {
        let known = self
            .topics
            .iter_mut()
            .find(|(name, (id, _))| match version {
                13.. => topic.topic_id == *id,
                _ => topic.name.0.as_str() == name.as_str(),
            });
        let (_, (_, partitions)) = known.ok_or(ErrorCode::UNKNOWN_TOPIC_ID)?;
        let partition = &mut partitions[index as usize];
        if partition.leader != broker {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        }
        if bytes.len() > self.most_bytes {
            return Err(ErrorCode::MESSAGE_TOO_LARGE);
        }
        let batches = RecordBatch::read_all(bytes).expect("the batch can be read");
        let [batch] = &batches[..] else {
            panic!("one batch a partition, got {}", batches.len());
        };
        batch.verify_checksum().expect("the checksum is right");
        if batch.producer_id() >= 0
            && let Some(known) = partition.check_sequence(batch)?
        {
            self.duplicates += 1;
            return Ok(known);
        }
        let remembered = self.remembered;
        Ok(partition.append(batch, remembered))
    }

    fn fetch(&mut self, broker: i32, version: i16, request: &FetchRequest) -> FetchAnswer {
        assert!(version >= 13, "the naive cluster knows topics by id");
        let mut response = FetchResponse::default();
        if let Some(code) = self.fetch_errors.pop_front() {
            response.error_code = code;
            return FetchAnswer::empty(response);
        }
        if request.session_epoch == -1 {
            self.sessions.remove(&request.session_id);
            return FetchAnswer::empty(response);
        }
        let session = match request.session_epoch {
            0 => {
                self.next_session += 1;
                self.sessions.remove(&request.session_id);
                self.next_session
            }
            _ => request.session_id,
        };
        let known = self.sessions.entry(session).or_default();
        for topic in &request.forgotten_topics_data {
            for partition in &topic.partitions {
                known.remove(&(topic.topic_id, *partition));
            }
        }
        for topic in &request.topics {
            for partition in &topic.partitions {
                known.insert((topic.topic_id, partition.partition), partition.clone());
            }
        }
        response.session_id = session;
        let (known, mut records) = (known.clone(), Vec::new());
        for ((id, index), asked) in known {
            let (data, chunks) = self.read(broker, id, index, &asked);
            if chunks.is_empty() && data.error_code == 0 {
                continue;
            }
            let mut topic = FetchableTopicResponse::default();
            topic.topic_id = id;
            topic.partitions.push(data);
            response.responses.push(topic);
            records.push(chunks);
        }
        FetchAnswer { response, records }
    }

    fn read(
        &self,
        broker: i32,
        id: Uuid,
        index: i32,
        asked: &FetchPartition,
    ) -> (PartitionData, Vec<Chunk>) {
        let mut data = PartitionData::default();
        data.partition_index = index;
        let known = self.topics.values().find(|(known, _)| *known == id);
        let Some((_, partitions)) = known else {
            data.error_code = ErrorCode::UNKNOWN_TOPIC_ID.0;
            return (data, Vec::new());
        };
        let partition = &partitions[index as usize];
        let error = partition.check_leader(broker, asked.current_leader_epoch);
        let end = partition.end();
        if !error.is_none() {
            data.error_code = error.0;
        } else if asked.fetch_offset < partition.start || asked.fetch_offset > end {
            data.error_code = ErrorCode::OFFSET_OUT_OF_RANGE.0;
        } else {
            data.high_watermark = end;
            return (data, partition.chunks(asked.fetch_offset));
        }
        (data, Vec::new())
    }

    fn list_offsets(&mut self, broker: i32, request: &ListOffsetsRequest) -> ListOffsetsResponse {
        let mut response = ListOffsetsResponse::default();
        for topic in &request.topics {
            let mut answer = ListOffsetsTopicResponse::default();
            answer.name = topic.name.clone();
            for asked in &topic.partitions {
                let partition = self.partition_mut(asked.partition_index);
                let error = partition.check_leader(broker, asked.current_leader_epoch);
                let mut listed = ListOffsetsPartitionResponse::default();
                listed.partition_index = asked.partition_index;
                listed.error_code = error.0;
                listed.offset = match asked.timestamp {
                    _ if !error.is_none() => -1,
                    -2 => partition.start,
                    _ => partition.end(),
                };
                answer.partitions.push(listed);
            }
            response.topics.push(answer);
        }
        response
    }

    fn offset_for_leader_epoch(
        &mut self,
        broker: i32,
        request: &OffsetForLeaderEpochRequest,
    ) -> OffsetForLeaderEpochResponse {
        let mut response = OffsetForLeaderEpochResponse::default();
        for topic in &request.topics {
            let mut answer = OffsetForLeaderTopicResult::default();
            answer.topic = topic.topic.clone();
            for asked in &topic.partitions {
                let partition = self.partition_mut(asked.partition);
                let error = partition.check_leader(broker, asked.current_leader_epoch);
                let mut end = EpochEndOffset::default();
                end.partition = asked.partition;
                end.error_code = error.0;
                (end.leader_epoch, end.end_offset) = partition.end_of(asked.leader_epoch);
                answer.partitions.push(end);
            }
            response.topics.push(answer);
        }
        response
    }

    fn create_topics(&mut self, request: &CreateTopicsRequest) -> CreateTopicsResponse {
        let mut response = CreateTopicsResponse::default();
        for topic in &request.topics {
            let mut result = CreatableTopicResult::default();
            result.name = topic.name.clone();
            result.error_code = self.admin_errors.pop_front().unwrap_or(0);
            if result.error_code == 0 {
                self.create(topic.name.0.as_str(), topic.num_partitions);
            } else {
                result.error_message = Some(StrBytes::from_static_str("because"));
            }
            response.topics.push(result);
        }
        response
    }
}

fn metadata_partition((index, partition): (i32, &Partition)) -> MetadataResponsePartition {
    let mut answer = MetadataResponsePartition::default();
    answer.partition_index = index;
    answer.leader_id = partition.leader.into();
    answer.leader_epoch = partition.epoch;
    if partition.leader < 0 {
        answer.error_code = ErrorCode::LEADER_NOT_AVAILABLE.0;
    }
    answer
}

fn api_versions() -> ApiVersionsResponse {
    let mut response = ApiVersionsResponse::default();
    let ranges = [
        (0, 0, 13),
        (1, 4, 17),
        (2, 1, 11),
        (3, 0, 13),
        (18, 0, 4),
        (19, 2, 7),
        (20, 1, 6),
        (22, 0, 5),
        (23, 2, 4),
        (43, 0, 2),
    ];
    for (key, min, max) in ranges {
        let mut api = ApiVersion::default();
        (api.api_key, api.min_version, api.max_version) = (key, min, max);
        response.api_keys.push(api);
    }
    response
}

/// A metadata answer about topic `t` for unit tests.
pub(crate) fn metadata_answer(id: u128, leaders: &[(i32, i32)]) -> MetadataResponse {
    let mut cluster = Cluster::new(3, leaders.len() as i32);
    let (topic_id, partitions) = cluster.topics.get_mut("t").expect("the topic exists");
    *topic_id = Uuid::from_u128(id);
    for (partition, (leader, epoch)) in partitions.iter_mut().zip(leaders) {
        (partition.leader, partition.epoch) = (*leader, *epoch);
    }
    let mut request = MetadataRequest::default();
    let mut topic = metadata_request::MetadataRequestTopic::default();
    topic.name = Some(wire_name("t"));
    request.topics = Some(vec![topic]);
    cluster.metadata(&request)
}
