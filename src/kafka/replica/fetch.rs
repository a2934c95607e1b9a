//! Fetch: read at once, or park until there is enough (`ReplicaManager.fetchMessages`,
//! `DelayedFetch`, behaviour.md 2.25).

use super::fetch_request::{FetchItem, FetchParams, unknown_error};
use super::fetch_session::FetchContext;
use super::partition::{Partition, Proposal, ReadInfo, Reader};
use super::purgatory::Delayed;
use super::table::PartitionNo;
use super::{ReplicaManager, Requester};
use crate::kafka::metadata::MetadataImage;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::messages::FetchRequest;
use crate::kafka::vocabulary::{Kafka, NodeId, Note, ReplicaTimer, Timer, Work};
use crate::sim::{Ctx, Disk, Span};
use std::sync::Arc;

/// A partition of a fetch that exists, and its replica here if there is one.
struct Target {
    item: FetchItem,
    no: Result<PartitionNo, ErrorCode>,
}

/// What became of one partition of a fetch.
#[derive(Clone, Debug)]
pub(super) struct FetchResult {
    pub(super) item: FetchItem,
    pub(super) read: Result<ReadInfo, ErrorCode>,
    /// Refused before the partition was asked: its topic or partition is unknown.
    pub(super) unknown: bool,
}

/// A fetch that waits for data.
#[derive(Clone, Debug)]
pub(super) struct DelayedFetch {
    pub(super) from: Requester,
    pub(super) params: FetchParams,
    pub(super) context: FetchContext,
    waits: Arc<[Waiting]>,
    unknown: Vec<FetchResult>,
}

/// A partition of a parked fetch, and the segment in which its offset lay when it was parked.
#[derive(Clone, Debug)]
struct Waiting {
    no: PartitionNo,
    item: FetchItem,
    segment: i64,
}

/// What reading has set off: carried out when all partitions are read.
#[derive(Default)]
struct Aftermath {
    advanced: Vec<PartitionNo>,
    proposals: Vec<(PartitionNo, Proposal)>,
}

impl ReplicaManager {
    /// Handles a fetch of a follower or a consumer: answers it or parks it.
    pub fn handle_fetch(
        &mut self,
        from: Requester,
        request: FetchRequest,
        image: &MetadataImage,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let params = self.fetch_params(&request, from.api_version);
        let (context, items) = self.fetch_context(&request, from, &params, image, ctx);
        let (unknown, wanted) = self.resolve(items, image);
        let results = self.read_all(&wanted, &params, ctx);
        let done = wanted.is_empty()
            || params.max_wait == Span::ZERO
            || is_satisfied(&results, params.min_bytes);
        if done {
            let results = results.into_iter().chain(unknown).collect();
            return self.answer_fetch(from, &params, context, results, ctx);
        }
        let waits = self.waits(wanted, ctx.disk);
        let fetch = DelayedFetch {
            from,
            params,
            context,
            waits,
            unknown,
        };
        if self.can_complete_fetch(&fetch, ctx.disk) {
            self.complete_fetch(fetch, ctx);
        } else {
            self.park_fetch(fetch, ctx);
        }
    }

    /// Parts what is unknown from what may be read.
    fn resolve(
        &self,
        items: Vec<FetchItem>,
        image: &MetadataImage,
    ) -> (Vec<FetchResult>, Vec<Target>) {
        let (mut unknown, mut wanted) = (Vec::new(), Vec::new());
        for item in items {
            match unknown_error(&item, image) {
                Some(error) => unknown.push(FetchResult {
                    item,
                    read: Err(error),
                    unknown: true,
                }),
                None => {
                    let no = self.hosted(image, item.topic_id, item.key.partition);
                    wanted.push(Target { item, no });
                }
            }
        }
        (unknown, wanted)
    }

    /// Reads every partition once, and takes note of where a follower is.
    fn read_all(
        &mut self,
        wanted: &[Target],
        params: &FetchParams,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Vec<FetchResult> {
        let mut aftermath = Aftermath::default();
        let mut budget = Budget::of(params);
        let mut results = Vec::with_capacity(wanted.len());
        for Target { item, no } in wanted {
            let reader = params.reader(budget.limit, budget.min_one);
            let read = no.and_then(|no| self.read_one(no, item, &reader, &mut aftermath, ctx));
            self.note_read(item, params, &read, ctx);
            budget.spend(&read);
            results.push(FetchResult {
                item: item.clone(),
                read,
                unknown: false,
            });
        }
        self.carry_out(aftermath, ctx);
        results
    }

    fn read_one(
        &mut self,
        no: PartitionNo,
        item: &FetchItem,
        reader: &Reader,
        aftermath: &mut Aftermath,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<ReadInfo, ErrorCode> {
        let missing = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        if !reader.is_follower() {
            let partition = self.partitions.get(no).ok_or(missing)?;
            return partition.check_and_read(&item.spec, reader, ctx.disk);
        }
        let broker = &self.broker;
        let partition = self.partitions.get_mut(no).ok_or(missing)?;
        let fetch = partition.fetch_as_leader(&item.spec, reader, broker, ctx)?;
        aftermath
            .proposals
            .extend(fetch.proposal.map(|it| (no, it)));
        if fetch.high_watermark_advanced {
            aftermath.advanced.push(no);
        }
        Ok(fetch.read)
    }

    fn carry_out(&mut self, aftermath: Aftermath, ctx: &mut Ctx<'_, Kafka>) {
        for (no, proposal) in aftermath.proposals {
            self.submit_alter_partition(no, proposal, ctx);
        }
        for no in aftermath.advanced {
            self.complete_all_delayed(no, ctx);
        }
    }

    fn note_read(
        &self,
        item: &FetchItem,
        params: &FetchParams,
        read: &Result<ReadInfo, ErrorCode>,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let (partition, replica) = (item.tp(), NodeId(params.replica));
        match read {
            Err(error) => ctx.note(Note::FetchRefused {
                partition,
                replica,
                error: *error,
            }),
            Ok(info) => {
                if let Some((epoch, end)) = info.diverging {
                    ctx.note(Note::DivergingEpochAnswered {
                        partition,
                        follower: replica,
                        epoch,
                        end,
                    });
                }
            }
        }
    }

    fn waits(&self, wanted: Vec<Target>, disk: &Disk) -> Arc<[Waiting]> {
        let waiting = |Target { item, no }: Target| {
            let no = no.ok()?;
            let segment = self.partitions.get(no)?.segment_of(item.spec.offset, disk);
            Some(Waiting { no, item, segment })
        };
        wanted.into_iter().filter_map(waiting).collect()
    }

    fn park_fetch(&mut self, fetch: DelayedFetch, ctx: &mut Ctx<'_, Kafka>) {
        if let Some(first) = fetch.waits.first() {
            let (partition, offset) = (first.item.tp(), first.item.spec.offset);
            ctx.note(Note::FetchParked { partition, offset });
        }
        let (wait, waits) = (fetch.params.max_wait, fetch.waits.clone());
        let watches: Vec<PartitionNo> = waits.iter().map(|waiting| waiting.no).collect();
        let slot = self.purgatory.park(Delayed::Fetch(fetch), &watches);
        ctx.arm_after(wait, Timer::Replica(ReplicaTimer::Delayed(slot)));
    }

    /// Cases A to H of `DelayedFetch.tryComplete`.
    pub(super) fn can_complete_fetch(&self, fetch: &DelayedFetch, disk: &Disk) -> bool {
        let mut available = 0u64;
        for waiting in fetch.waits.iter() {
            // A to E: gone, no longer led here, or fenced.
            let Some(partition) = self.partitions.get(waiting.no) else {
                return true;
            };
            match waiting.available(partition, &fetch.params, disk) {
                None => return true,
                Some(bytes) => available += bytes,
            }
        }
        available >= fetch.params.min_bytes
    }

    /// Reads again, whatever there is now, and answers.
    pub(super) fn complete_fetch(&mut self, fetch: DelayedFetch, ctx: &mut Ctx<'_, Kafka>) {
        let mut budget = Budget::of(&fetch.params);
        let mut results = Vec::with_capacity(fetch.waits.len());
        for waiting in fetch.waits.iter() {
            let reader = fetch.params.reader(budget.limit, budget.min_one);
            let read = self.read_again(waiting, &reader, ctx.disk);
            self.note_read(&waiting.item, &fetch.params, &read, ctx);
            budget.spend(&read);
            results.push(FetchResult {
                item: waiting.item.clone(),
                read,
                unknown: false,
            });
        }
        results.extend(fetch.unknown);
        self.answer_fetch(fetch.from, &fetch.params, fetch.context, results, ctx);
    }

    fn read_again(
        &self,
        waiting: &Waiting,
        reader: &Reader,
        disk: &Disk,
    ) -> Result<ReadInfo, ErrorCode> {
        let item = &waiting.item;
        let no = self.hosted(&self.broker.image, item.topic_id, item.key.partition)?;
        let partition = self.partitions.get(no);
        let partition = partition.ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        partition.check_and_read(&item.spec, reader, disk)
    }

    fn answer_fetch(
        &mut self,
        from: Requester,
        params: &FetchParams,
        context: FetchContext,
        results: Vec<FetchResult>,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        for result in &results {
            if let Ok(info) = &result.read
                && info.bytes > 0
            {
                ctx.spend(Work::ReadBytes, info.bytes);
                self.count_read(&result.item, info.bytes, ctx);
                if params.is_follower() {
                    ctx.note(Note::FetchAnswered {
                        partition: result.item.tp(),
                        replica: NodeId(params.replica),
                        offset: result.item.spec.offset,
                        bytes: info.bytes as i64,
                    });
                }
            }
        }
        let answer = self.fetch_answer(from.api_version, params, context, results, ctx);
        from.respond(answer, ctx);
    }
}

impl ReplicaManager {
    /// What serving these bytes would ask of the disk and of memory.
    fn count_read(&mut self, item: &FetchItem, bytes: u64, ctx: &mut Ctx<'_, Kafka>) {
        self.io.served(bytes, ctx);
        if !self.io.may_miss() {
            return;
        }
        let no = self.partitions.find(item.topic_id, item.key.partition);
        let partition = no.and_then(|no| Some((no, self.partitions.get(no)?)));
        let place = partition.and_then(|(no, partition)| {
            let (segment, at) = partition.log().position_of(ctx.disk, item.spec.offset)?;
            Some(((no, segment), at))
        });
        if let Some(place) = place {
            self.io.read(place, bytes, ctx);
        }
    }
}

impl Waiting {
    /// The bytes that could be answered now; none if the fetch is to be answered whatever they
    /// are.
    fn available(&self, partition: &Partition, params: &FetchParams, disk: &Disk) -> Option<u64> {
        let spec = &self.item.spec;
        partition
            .check_epoch(spec.current_leader_epoch, params.only_leader)
            .ok()?;
        let bound = partition.bound(params.isolation);
        let mut available = 0;
        if spec.offset > bound {
            return None;
        } else if spec.offset < bound {
            if partition.segment_of(bound, disk) != self.segment {
                return None;
            }
            let most = u64::try_from(spec.max_bytes).unwrap_or(0);
            let bytes = partition
                .log()
                .bytes_between(disk, spec.offset, bound, most);
            available = bytes.min(most);
        }
        match partition.diverging_epoch(spec) {
            Ok(None) => Some(available),
            _ => None,
        }
    }
}

/// How many bytes of an answer are left, and whether the next batch may exceed them (KIP-74).
struct Budget {
    limit: u64,
    min_one: bool,
}

impl Budget {
    fn of(params: &FetchParams) -> Self {
        Budget {
            limit: params.max_bytes,
            min_one: true,
        }
    }

    fn spend(&mut self, read: &Result<ReadInfo, ErrorCode>) {
        let bytes = read.as_ref().map_or(0, |info| info.bytes);
        self.limit = self.limit.saturating_sub(bytes);
        self.min_one &= bytes == 0;
    }
}

/// Enough bytes, or something that its sender should hear of at once.
fn is_satisfied(results: &[FetchResult], min_bytes: u64) -> bool {
    let urgent = |result: &FetchResult| match &result.read {
        Err(_) => true,
        Ok(info) => info.diverging.is_some(),
    };
    let bytes: u64 = results
        .iter()
        .filter_map(|result| result.read.as_ref().ok())
        .map(|info| info.bytes)
        .sum();
    bytes >= min_bytes || results.iter().any(urgent)
}
