//! What a fetcher does next: start, cut, ask for offsets, fetch, wait.

use super::session::SessionRequest;
use super::{FetchPhase, FetchState, Sent, Wanted};
use crate::kafka::config::Truncation;
use crate::kafka::network_client::Lost;
use crate::kafka::protocol::StrBytes;
use crate::kafka::protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use crate::kafka::protocol::messages::list_offsets_request::{
    ListOffsetsPartition, ListOffsetsTopic,
};
use crate::kafka::protocol::messages::{BrokerId, FetchRequest, ListOffsetsRequest, TopicName};
use crate::kafka::replica::ReplicaManager;
use crate::kafka::replica::list_offsets::{EARLIEST_TIMESTAMP, LATEST_TIMESTAMP};
use crate::kafka::replica::partition::Partition;
use crate::kafka::replica::table::PartitionNo;
use crate::kafka::vocabulary::{Kafka, ReplicaTimer, Timer};
use crate::sim::Ctx;
use std::collections::BTreeMap;

/// The versions in which brokers speak to each other.
const FETCH_VERSION: i16 = 18;
const LIST_OFFSETS_VERSION: i16 = 10;

impl ReplicaManager {
    /// Where a new follower begins: at its log end, looking for divergence by epochs, or (no
    /// epochs in the log, or the Kafka of before KIP-101) at its high watermark after a cut.
    pub(in crate::kafka::replica) fn initial_fetch_state(
        &self,
        partition: &Partition,
    ) -> FetchState {
        let offsets = partition.log().offsets();
        let by_epoch = self.broker.config.semantics.truncation == Truncation::Epoch;
        let last_fetched_epoch = partition.log().latest_epoch().filter(|_| by_epoch);
        let (offset, phase) = match last_fetched_epoch {
            Some(_) => (offsets.log_end, FetchPhase::Fetching),
            None => (offsets.high_watermark, FetchPhase::Truncating),
        };
        FetchState {
            leader: partition.leader(),
            offset,
            leader_epoch: partition.leader_epoch(),
            last_fetched_epoch,
            phase,
            delayed_until: None,
            by_epoch,
        }
    }

    pub(in crate::kafka::replica) fn drive_all_fetchers(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        for leader in self.fetchers.take_idle() {
            ctx.cancel(Timer::Replica(ReplicaTimer::Fetcher(leader as u32)));
            if let Some(node) = self.broker.node_of(leader) {
                self.fetchers.network.disconnect(node, ctx);
            }
        }
        for leader in self.fetchers.leaders() {
            self.drive_fetcher(leader, ctx);
        }
        self.arm_request_timer(ctx);
    }

    /// Sends a fetcher's next request if none is in flight and a partition is ready, else sees
    /// to it that it is driven again.
    pub(in crate::kafka::replica) fn drive_fetcher(
        &mut self,
        leader: i32,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let Some(node) = self.broker.node_of(leader) else {
            return;
        };
        if self.failed.is_some() || self.fetchers.network.in_flight(node) > 0 {
            return;
        }
        self.truncate_to_fetch_offsets(leader, ctx);
        let asked = self.ask_for_offset(leader, ctx) || self.send_fetch(leader, ctx);
        if !asked {
            self.wait(leader, ctx);
        }
        self.arm_request_timer(ctx);
    }

    fn states_of(&self, leader: i32) -> Option<&BTreeMap<PartitionNo, FetchState>> {
        let fetcher = self.fetchers.by_leader.get(&leader)?;
        Some(&fetcher.states)
    }

    fn wait(&mut self, leader: i32, ctx: &mut Ctx<'_, Kafka>) {
        let now = ctx.mono();
        let Some(states) = self.states_of(leader).filter(|states| !states.is_empty()) else {
            return;
        };
        let delays = states.values().filter_map(|state| state.delayed_until);
        let first = delays.filter(|at| *at > now).min();
        let at = first.unwrap_or(now + self.fetchers.backoff);
        ctx.arm(at, Timer::Replica(ReplicaTimer::Fetcher(leader as u32)));
    }

    fn truncate_to_fetch_offsets(&mut self, leader: i32, ctx: &mut Ctx<'_, Kafka>) {
        let now = ctx.mono();
        let due = |(no, state): (&PartitionNo, &FetchState)| {
            let due = state.phase == FetchPhase::Truncating && !state.is_delayed(now);
            due.then_some((*no, state.offset))
        };
        let states = self.states_of(leader).into_iter().flatten();
        let all: Vec<(PartitionNo, i64)> = states.filter_map(due).collect();
        for (no, offset) in all {
            self.truncate_follower(leader, no, offset, ctx);
        }
    }

    /// Cuts a follower's log and goes on fetching from there. A disk that refuses ends the
    /// fetching of that partition.
    pub(super) fn truncate_follower(
        &mut self,
        leader: i32,
        no: PartitionNo,
        offset: i64,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let broker = &self.broker;
        let Some(partition) = self.partitions.get_mut(no) else {
            return self.fetchers.remove(no);
        };
        if let Err(error) = partition.truncate_as_follower(offset, broker, ctx) {
            self.fetchers.remove(no);
            return self.fail(error);
        }
        let log_end = partition.log().offsets().log_end;
        let latest = partition.log().latest_epoch();
        if let Some(state) = self.fetchers.state_mut(leader, no) {
            state.offset = offset.min(log_end);
            state.phase = FetchPhase::Fetching;
            state.last_fetched_epoch = latest.filter(|_| state.by_epoch);
        }
    }

    fn ask_for_offset(&mut self, leader: i32, ctx: &mut Ctx<'_, Kafka>) -> bool {
        let now = ctx.mono();
        let asks = |(_, state): &(&PartitionNo, &FetchState)| {
            let asks = [FetchPhase::NeedsLatest, FetchPhase::NeedsEarliest];
            asks.contains(&state.phase) && !state.is_delayed(now)
        };
        let first = self.states_of(leader).into_iter().flatten().find(asks);
        let Some((no, leader_epoch, phase)) =
            first.map(|(no, state)| (*no, state.leader_epoch, state.phase))
        else {
            return false;
        };
        let Some(partition) = self.partitions.get(no) else {
            return false;
        };
        let request = list_offsets_request(partition, self.broker.me, leader_epoch, phase);
        let sent = Sent::ListOffsets {
            leader,
            no,
            leader_epoch,
            phase,
        };
        let node = self.broker.node_of(leader);
        node.is_some_and(|node| {
            self.fetchers
                .network
                .send(node, LIST_OFFSETS_VERSION, request, sent, ctx)
        })
    }

    fn send_fetch(&mut self, leader: i32, ctx: &mut Ctx<'_, Kafka>) -> bool {
        let wanted = self.wanted_from(leader, ctx);
        let Some(fetcher) = self.fetchers.get_mut(leader) else {
            return false;
        };
        let Some(session) = fetcher.session.build(wanted) else {
            return false;
        };
        let request = self.fetch_request(session);
        let node = self.broker.node_of(leader);
        node.is_some_and(|node| {
            let sent = Sent::Fetch { leader };
            self.fetchers
                .network
                .send(node, FETCH_VERSION, request, sent, ctx)
        })
    }

    fn wanted_from(&self, leader: i32, ctx: &Ctx<'_, Kafka>) -> BTreeMap<PartitionNo, Wanted> {
        let mut wanted = BTreeMap::new();
        for (no, state) in self.states_of(leader).into_iter().flatten() {
            let ready = state.phase == FetchPhase::Fetching && !state.is_delayed(ctx.mono());
            let Some(partition) = self.partitions.get(*no).filter(|_| ready) else {
                continue;
            };
            let want = Wanted {
                topic_id: partition.topic_id(),
                partition: partition.number(),
                offset: state.offset,
                log_start: partition.log().offsets().log_start,
                max_bytes: self.broker.config.replica_fetch_max_bytes,
                leader_epoch: state.leader_epoch,
                last_fetched_epoch: state.last_fetched_epoch,
            };
            wanted.insert(*no, want);
        }
        wanted
    }

    fn fetch_request(&self, session: SessionRequest) -> FetchRequest {
        let config = &self.broker.config;
        let mut request = FetchRequest::default();
        request.replica_state.replica_id = BrokerId(self.broker.me);
        request.replica_state.replica_epoch = self.broker.epoch;
        request.max_wait_ms = config.replica_fetch_wait_max.as_millis() as i32;
        request.min_bytes = config.replica_fetch_min_bytes;
        request.max_bytes = config.replica_fetch_response_max_bytes;
        request.session_id = session.session_id;
        request.session_epoch = session.session_epoch;
        for wanted in session.send {
            add_wanted(&mut request.topics, &wanted);
        }
        for forgotten in session.forget {
            add_forgotten(&mut request.forgotten_topics_data, &forgotten);
        }
        request
    }

    pub(in crate::kafka::replica) fn expire_fetcher_requests(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        for lost in self.fetchers.network.expire(ctx) {
            self.handle_lost(lost, ctx);
        }
        self.arm_request_timer(ctx);
    }

    /// A request will get no answer: all partitions of its fetcher are left alone for a while.
    pub(in crate::kafka::replica) fn handle_lost(
        &mut self,
        lost: Lost<Sent>,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        for sent in lost.tokens {
            let (Sent::Fetch { leader } | Sent::ListOffsets { leader, .. }) = sent;
            if let Some(fetcher) = self.fetchers.get_mut(leader) {
                fetcher.session.handle_error();
            }
            self.fetchers.delay_all(leader, ctx.mono());
            self.drive_fetcher(leader, ctx);
        }
    }

    fn arm_request_timer(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let timer = Timer::Replica(ReplicaTimer::FetcherRequest);
        match self.fetchers.network.next_deadline() {
            Some(at) => ctx.arm(at, timer),
            None => {
                ctx.cancel(timer);
            }
        }
    }
}

fn add_wanted(topics: &mut Vec<FetchTopic>, wanted: &Wanted) {
    let mut partition = FetchPartition::default();
    partition.partition = wanted.partition;
    partition.current_leader_epoch = wanted.leader_epoch;
    partition.fetch_offset = wanted.offset;
    partition.last_fetched_epoch = wanted.last_fetched_epoch.unwrap_or(-1);
    partition.log_start_offset = wanted.log_start;
    partition.partition_max_bytes = wanted.max_bytes;
    match topics.last_mut() {
        Some(topic) if topic.topic_id == wanted.topic_id => topic.partitions.push(partition),
        _ => {
            let mut topic = FetchTopic::default();
            topic.topic_id = wanted.topic_id;
            topic.partitions.push(partition);
            topics.push(topic);
        }
    }
}

fn add_forgotten(topics: &mut Vec<ForgottenTopic>, forgotten: &Wanted) {
    match topics.last_mut() {
        Some(topic) if topic.topic_id == forgotten.topic_id => {
            topic.partitions.push(forgotten.partition);
        }
        _ => {
            let mut topic = ForgottenTopic::default();
            topic.topic_id = forgotten.topic_id;
            topic.partitions.push(forgotten.partition);
            topics.push(topic);
        }
    }
}

fn list_offsets_request(
    partition: &Partition,
    me: i32,
    leader_epoch: i32,
    phase: FetchPhase,
) -> ListOffsetsRequest {
    let mut asked = ListOffsetsPartition::default();
    asked.partition_index = partition.number();
    asked.current_leader_epoch = leader_epoch;
    asked.timestamp = match phase {
        FetchPhase::NeedsEarliest => EARLIEST_TIMESTAMP,
        _ => LATEST_TIMESTAMP,
    };
    let mut topic = ListOffsetsTopic::default();
    topic.name = TopicName(StrBytes::from_string(partition.topic().to_owned()));
    topic.partitions.push(asked);
    let mut request = ListOffsetsRequest::default();
    request.replica_id = BrokerId(me);
    request.topics.push(topic);
    request
}
