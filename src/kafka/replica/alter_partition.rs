//! ISR proposals on their way to the controller (`AlterPartitionManager`): one request in flight
//! a broker, with all that waits at that moment; 50 ms of rest after a failure.

use super::ReplicaManager;
use super::partition::{AlterOutcome, AlterResult, Proposal};
use super::table::PartitionNo;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::messages::alter_partition_request::{
    BrokerState, PartitionData, TopicData,
};
use crate::kafka::protocol::messages::alter_partition_response::PartitionData as PartitionResult;
use crate::kafka::protocol::messages::{AlterPartitionRequest, AlterPartitionResponse, BrokerId};
use crate::kafka::vocabulary::{Kafka, ReplicaTimer, Timer};
use crate::sim::{Ctx, Span};
use uuid::Uuid;

const RETRY_BACKOFF: Span = Span::from_millis(50);

/// A proposal that the controller has not answered.
#[derive(Clone, Debug)]
struct Unsent {
    no: PartitionNo,
    topic_id: Uuid,
    partition: i32,
    proposal: Proposal,
}

/// What waits for the controller and what is on the way.
#[derive(Clone, Debug, Default)]
pub(super) struct AlterPartitionManager {
    /// One a partition at most; it stays until its answer.
    unsent: Vec<Unsent>,
    in_flight: Option<Vec<PartitionNo>>,
    in_backoff: bool,
}

impl AlterPartitionManager {
    /// False if the partition has another proposal here already.
    fn enqueue(&mut self, unsent: Unsent) -> bool {
        let free = self.unsent.iter().all(|other| other.no != unsent.no);
        if free {
            self.unsent.push(unsent);
        }
        free
    }

    pub(super) fn end_backoff(&mut self) {
        self.in_backoff = false;
    }
}

impl ReplicaManager {
    /// The next AlterPartition request, if there is something to propose, none is in flight and
    /// no back-off runs. To be asked for after every step; every request given out must be
    /// answered with [`ReplicaManager::handle_alter_partition_response`].
    pub fn take_alter_partition(&mut self, broker_epoch: i64) -> Option<AlterPartitionRequest> {
        let manager = &mut self.alter_partition;
        if manager.in_flight.is_some() || manager.in_backoff || manager.unsent.is_empty() {
            return None;
        }
        manager.in_flight = Some(manager.unsent.iter().map(|unsent| unsent.no).collect());
        let mut request = AlterPartitionRequest::default();
        request.broker_id = BrokerId(self.broker.me);
        request.broker_epoch = broker_epoch;
        for unsent in &manager.unsent {
            add_proposal(&mut request.topics, unsent);
        }
        Some(request)
    }

    /// Takes the controller's answer; `Err` if there was none.
    pub fn handle_alter_partition_response(
        &mut self,
        response: Result<AlterPartitionResponse, ()>,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let Some(in_flight) = self.alter_partition.in_flight.take() else {
            return;
        };
        match response {
            Ok(response) if response.error_code == 0 => {
                for no in in_flight {
                    self.take_result(no, &response, ctx);
                }
            }
            _ => {
                self.alter_partition.in_backoff = true;
                let timer = Timer::Replica(ReplicaTimer::AlterPartition);
                ctx.arm_after(RETRY_BACKOFF, timer);
            }
        }
    }

    /// A partition that the answer leaves out stays and is sent again.
    fn take_result(
        &mut self,
        no: PartitionNo,
        response: &AlterPartitionResponse,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let unsent = &mut self.alter_partition.unsent;
        let Some(at) = unsent.iter().position(|unsent| unsent.no == no) else {
            return;
        };
        let (topic, partition) = (unsent[at].topic_id, unsent[at].partition);
        let Some(found) = find_result(response, topic, partition) else {
            return;
        };
        let sent = unsent.remove(at);
        let result = match ErrorCode(found.error_code) {
            ErrorCode::NONE => Ok(AlterResult {
                leader_epoch: found.leader_epoch,
                partition_epoch: found.partition_epoch,
                isr: found.isr.iter().map(|id| id.0).collect(),
            }),
            error => Err(error),
        };
        self.settle_proposal(no, sent.proposal, result, ctx);
    }

    fn settle_proposal(
        &mut self,
        no: PartitionNo,
        proposal: Proposal,
        result: Result<AlterResult, ErrorCode>,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let broker = &self.broker;
        let Some(partition) = self.partitions.get_mut(no) else {
            return;
        };
        match partition.handle_alter_partition(&proposal, result, broker, ctx) {
            AlterOutcome::Settled => {}
            AlterOutcome::HighWatermarkAdvanced => self.complete_all_delayed(no, ctx),
            AlterOutcome::Retry => self.submit_alter_partition(no, proposal, ctx),
        }
    }

    /// Queues a proposal. If an older one of the partition has no answer yet, the new one is
    /// taken back; the next fetch or the next check will propose it again.
    pub(super) fn submit_alter_partition(
        &mut self,
        no: PartitionNo,
        proposal: Proposal,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let Some(partition) = self.partitions.get(no) else {
            return;
        };
        let unsent = Unsent {
            no,
            topic_id: partition.topic_id(),
            partition: partition.number(),
            proposal: proposal.clone(),
        };
        if !self.alter_partition.enqueue(unsent) {
            let refused = Err(ErrorCode::OPERATION_NOT_ATTEMPTED);
            self.settle_proposal(no, proposal, refused, ctx);
        }
    }
}

fn add_proposal(topics: &mut Vec<TopicData>, unsent: &Unsent) {
    let mut data = PartitionData::default();
    data.partition_index = unsent.partition;
    data.leader_epoch = unsent.proposal.leader_epoch;
    data.partition_epoch = unsent.proposal.partition_epoch;
    for (id, epoch) in &unsent.proposal.isr {
        let mut member = BrokerState::default();
        member.broker_id = BrokerId(*id);
        member.broker_epoch = *epoch;
        data.new_isr_with_epochs.push(member);
    }
    let known = topics
        .iter_mut()
        .find(|topic| topic.topic_id == unsent.topic_id);
    match known {
        Some(topic) => topic.partitions.push(data),
        None => {
            let mut topic = TopicData::default();
            topic.topic_id = unsent.topic_id;
            topic.partitions.push(data);
            topics.push(topic);
        }
    }
}

fn find_result(
    response: &AlterPartitionResponse,
    topic: Uuid,
    partition: i32,
) -> Option<&PartitionResult> {
    response
        .topics
        .iter()
        .filter(|data| data.topic_id == topic)
        .flat_map(|data| &data.partitions)
        .find(|data| data.partition_index == partition)
}
