//! Fetching (`AbstractFetch`, `FetchCollector`, N1): requests by leader, one in flight for each,
//! and the records that wait for the next poll.

use super::position::Position;
use super::sessions::{FetchSession, SessionPartition};
use super::{Consumer, Token};
use crate::kafka::protocol::messages::FetchRequest;
use crate::kafka::protocol::messages::fetch_response::PartitionData;
use crate::kafka::protocol::record_batch::{Record, RecordBatch};
use crate::kafka::protocol::{ApiKey, ErrorCode, FetchAnswer, StrBytes, TopicPartition};
use crate::kafka::vocabulary::{Kafka, Note, Work};
use crate::sim::{Chunk, Ctx, NodeId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What one answer brought of one partition, less what polls have taken.
#[derive(Clone, Debug)]
pub(super) struct CompletedFetch {
    tp: TopicPartition,
    next_offset: i64,
    /// The leader epoch of the last batch that was taken from, -1 if none.
    last_epoch: i32,
    batches: VecDeque<RecordBatch>,
    records: VecDeque<Record>,
}

/// A record for the application.
#[derive(Clone, Debug)]
pub(super) struct Fetched {
    pub(super) tp: TopicPartition,
    pub(super) record: Record,
}

impl CompletedFetch {
    /// The next record, skipping control batches and what lies before the position.
    fn next(&mut self) -> Result<Option<Record>, ErrorCode> {
        loop {
            if let Some(record) = self.records.pop_front() {
                if record.offset < self.next_offset {
                    continue;
                }
                self.next_offset = record.offset + 1;
                if self.records.is_empty() {
                    self.finish_batch();
                }
                return Ok(Some(record));
            }
            let Some(batch) = self.batches.front() else {
                return Ok(None);
            };
            self.last_epoch = batch.leader_epoch();
            if batch.is_control() {
                self.finish_batch();
                continue;
            }
            let records = batch.records().map_err(|error| error.code())?;
            self.records = records.into();
            if self
                .records
                .iter()
                .all(|record| record.offset < self.next_offset)
            {
                self.records.clear();
                self.finish_batch();
            }
        }
    }

    /// The offsets of a batch count as read even where compaction removed its last records.
    fn finish_batch(&mut self) {
        if let Some(batch) = self.batches.pop_front() {
            self.next_offset = self.next_offset.max(batch.next_offset());
        }
    }
}

impl Consumer {
    /// Sends fetches to every leader that has none in flight.
    pub(super) fn send_fetches(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        for (broker, wanted) in self.prepare_fetch_requests(ctx) {
            let Some(node) = self.link.metadata.node(broker) else {
                self.link.metadata.request_update();
                continue;
            };
            if !self.link.ready(node, ctx) {
                continue;
            }
            if let Some(version) = self.link.version(node, ApiKey::Fetch) {
                self.send_fetch(node, version, wanted, ctx);
            }
        }
    }

    fn prepare_fetch_requests(
        &mut self,
        ctx: &Ctx<'_, Kafka>,
    ) -> BTreeMap<i32, BTreeMap<TopicPartition, SessionPartition>> {
        let mut by_leader: BTreeMap<i32, BTreeMap<_, _>> = BTreeMap::new();
        let (buffered, buffered_nodes) = self.buffered();
        let mut leaderless = false;
        for (tp, state) in self.assignment.iter() {
            let Some(position) = state.position.filter(|_| state.is_fetchable()) else {
                continue;
            };
            if state.retry_at > ctx.mono() || buffered.contains(tp) {
                continue;
            }
            if position.leader < 0 {
                leaderless = true;
                continue;
            }
            if buffered_nodes.contains(&position.leader) || self.is_fetching_from(position.leader) {
                continue;
            }
            let wanted = SessionPartition {
                topic_id: self.link.metadata.topic_id(&tp.topic),
                offset: position.offset,
                leader_epoch: position.leader_epoch,
                max_bytes: self.config.max_partition_fetch_bytes,
            };
            let node = by_leader.entry(position.leader).or_default();
            node.insert(tp.clone(), wanted);
        }
        if leaderless {
            self.link.metadata.request_update();
        }
        by_leader
    }

    fn is_fetching_from(&self, broker: i32) -> bool {
        let node = self.link.metadata.node(broker);
        node.is_some_and(|node| self.fetching.contains(&node))
    }

    /// The partitions with records that wait, and the leaders of those that are wanted: a fetch
    /// from there would drop them from the session (KAFKA-17182).
    fn buffered(&self) -> (BTreeSet<TopicPartition>, BTreeSet<i32>) {
        let partitions: BTreeSet<_> = self.buffer.iter().map(|f| f.tp.clone()).collect();
        let nodes = partitions
            .iter()
            .filter(|tp| self.assignment.is_fetchable(tp))
            .filter_map(|tp| self.assignment.state(tp)?.position)
            .map(|position| position.leader)
            .collect();
        (partitions, nodes)
    }

    fn send_fetch(
        &mut self,
        node: NodeId,
        version: i16,
        wanted: BTreeMap<TopicPartition, SessionPartition>,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        for (tp, asked) in &wanted {
            ctx.note(Note::ConsumerFetched {
                client: self.no,
                partition: self.link.metadata.tp(tp),
                offset: asked.offset,
            });
        }
        let mut request = FetchRequest::default();
        request.max_wait_ms =
            i32::try_from(self.config.fetch_max_wait.as_millis()).unwrap_or(i32::MAX);
        request.min_bytes = self.config.fetch_min_bytes;
        request.max_bytes = self.config.fetch_max_bytes;
        request.isolation_level = i8::from(self.config.read_committed);
        request.rack_id = StrBytes::from_static_str("");
        let session = self.sessions.entry(node).or_default();
        session.build(wanted, version, &mut request);
        self.fetching.insert(node);
        self.link.send(node, version, request, Token::Fetch, ctx);
    }

    /// No answer to a fetch will come.
    pub(super) fn handle_fetch_failure(&mut self, node: NodeId) {
        self.fetching.remove(&node);
        if let Some(session) = self.sessions.get_mut(&node) {
            session.handle_error();
        }
    }

    pub(super) fn handle_fetch_answer(
        &mut self,
        node: NodeId,
        version: i16,
        answer: &FetchAnswer,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        self.fetching.remove(&node);
        let response = &answer.response;
        let error = ErrorCode(response.error_code);
        let Some(session) = self.sessions.get_mut(&node) else {
            return;
        };
        if !session.handle_response(error, response.session_id) {
            return;
        }
        let session = session.clone();
        for endpoint in &response.node_endpoints {
            let host = endpoint.host.as_str();
            self.link.metadata.update_endpoint(endpoint.node_id.0, host);
        }
        let mut index = 0;
        for topic in &response.responses {
            for data in &topic.partitions {
                let name = topic.topic.0.as_str();
                let tp = session.find(version, name, topic.topic_id, data.partition_index);
                if let Some(tp) = tp {
                    let chunks = answer.records_of(index);
                    self.handle_partition(&session, &tp, data, chunks, ctx);
                }
                index += 1;
            }
        }
    }

    fn handle_partition(
        &mut self,
        session: &FetchSession,
        tp: &TopicPartition,
        data: &PartitionData,
        chunks: &[Chunk],
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let Some(asked) = session.partition(tp).copied() else {
            return;
        };
        let position = self.assignment.state(tp).and_then(|state| state.position);
        let current = position.is_some_and(|position| position.offset == asked.offset);
        if !self.assignment.is_fetchable(tp) && !self.is_paused(tp) || !current {
            return;
        }
        let error = ErrorCode(data.error_code);
        if !error.is_none() {
            self.handle_fetch_error(tp, error, data, ctx);
            return;
        }
        match read_batches(chunks, ctx) {
            Ok(batches) if batches.is_empty() => {}
            Ok(batches) => self.buffer.push_back(CompletedFetch {
                tp: tp.clone(),
                next_offset: asked.offset,
                last_epoch: -1,
                batches: batches.into(),
                records: VecDeque::new(),
            }),
            Err(_) => {
                let text = format!(
                    "Encountered corrupt message when fetching offset {} for topic-partition {tp}",
                    asked.offset
                );
                self.stop(tp, ErrorCode::CORRUPT_MESSAGE, text, ctx);
            }
        }
    }

    fn is_paused(&self, tp: &TopicPartition) -> bool {
        self.assignment.state(tp).is_some_and(|state| state.paused)
    }

    fn handle_fetch_error(
        &mut self,
        tp: &TopicPartition,
        error: ErrorCode,
        data: &PartitionData,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        match error {
            ErrorCode::OFFSET_OUT_OF_RANGE => self.handle_out_of_range(tp, ctx),
            ErrorCode::TOPIC_AUTHORIZATION_FAILED => {
                let text = format!("Not authorized to access topics: [{}]", tp.topic);
                self.stop(tp, error, text, ctx);
            }
            ErrorCode::CORRUPT_MESSAGE => {
                let offset = self.assignment.state(tp).and_then(|s| s.position);
                let offset = offset.map_or(-1, |position| position.offset);
                let text = format!(
                    "Encountered corrupt message when fetching offset {offset} for \
                     topic-partition {tp}"
                );
                self.stop(tp, error, text, ctx);
            }
            ErrorCode::UNKNOWN_LEADER_EPOCH | ErrorCode::UNKNOWN_SERVER_ERROR => {
                self.back_off(tp, ctx);
            }
            _ => {
                // Before the new leader is taken in: that ends the back-off.
                self.back_off(tp, ctx);
                let leader = &data.current_leader;
                let (leader, epoch) = (leader.leader_id.0, leader.leader_epoch);
                self.link.metadata.update_leader(tp, leader, epoch, ctx);
                self.link.metadata.request_update();
            }
        }
    }

    /// Takes up to `max.poll.records` records out of the buffer and moves the positions.
    pub(super) fn collect(&mut self, ctx: &mut Ctx<'_, Kafka>) -> Vec<Fetched> {
        let most = self.config.max_poll_records.max(1) as usize;
        let mut taken = Vec::new();
        let mut later = VecDeque::new();
        while let Some(mut fetch) = self.buffer.pop_front() {
            if self.is_paused(&fetch.tp) {
                later.push_back(fetch);
                continue;
            }
            if taken.len() == most {
                self.buffer.push_front(fetch);
                break;
            }
            let emptied = self.take_records(&mut fetch, most, &mut taken, ctx);
            if !emptied {
                self.buffer.push_front(fetch);
                break;
            }
        }
        self.buffer.extend(later);
        taken
    }

    /// True if nothing of the fetch is left, or what is left is of no use.
    fn take_records(
        &mut self,
        fetch: &mut CompletedFetch,
        most: usize,
        taken: &mut Vec<Fetched>,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> bool {
        let position = self.assignment.state(&fetch.tp).and_then(|s| s.position);
        let Some(position) = position.filter(|p| p.offset == fetch.next_offset) else {
            return true;
        };
        if !self.assignment.is_fetchable(&fetch.tp) {
            return true;
        }
        let mut emptied = false;
        while taken.len() < most {
            match fetch.next() {
                Ok(Some(record)) => taken.push(Fetched {
                    tp: fetch.tp.clone(),
                    record,
                }),
                Ok(None) => {
                    emptied = true;
                    break;
                }
                Err(error) => {
                    let text = format!(
                        "Received exception when fetching the next record from {}. If needed, \
                         please seek past the record to continue consumption.",
                        fetch.tp
                    );
                    let tp = fetch.tp.clone();
                    self.move_position(fetch, position);
                    self.stop(&tp, error, text, ctx);
                    return true;
                }
            }
        }
        self.move_position(fetch, position);
        emptied || (fetch.batches.is_empty() && fetch.records.is_empty())
    }

    fn move_position(&mut self, fetch: &CompletedFetch, position: Position) {
        if let Some(state) = self.assignment.state_mut(&fetch.tp) {
            let offset_epoch = match fetch.last_epoch {
                epoch if epoch >= 0 => epoch,
                _ => position.offset_epoch,
            };
            state.position = Some(Position {
                offset: fetch.next_offset,
                offset_epoch,
                ..position
            });
        }
    }
}

/// The batches of an answer, with their checksums verified (the arithmetic is done once a chunk).
fn read_batches(chunks: &[Chunk], ctx: &mut Ctx<'_, Kafka>) -> Result<Vec<RecordBatch>, ErrorCode> {
    let mut all = Vec::new();
    for chunk in chunks {
        ctx.spend(Work::ChecksumBytes, chunk.bytes.len() as u64);
        for batch in RecordBatch::read_all(&chunk.bytes).map_err(|error| error.code())? {
            if !chunk.sound {
                batch.verify_checksum().map_err(|error| error.code())?;
            }
            all.push(batch);
        }
    }
    Ok(all)
}
