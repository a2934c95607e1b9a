//! AlterPartition: a leader proposes an ISR (`ReplicationControlManager.alterPartition`). The
//! checks come in Kafka's order, and the first that fails is the answer:
//!
//! | condition | answer |
//! |---|---|
//! | the sender's broker epoch is not the registered one | STALE_BROKER_EPOCH, for the whole request |
//! | topic or partition unknown | UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION |
//! | a newer leader or partition epoch than ours | NOT_CONTROLLER: this controller is behind |
//! | an older leader epoch | FENCED_LEADER_EPOCH |
//! | the sender does not lead | INVALID_REQUEST |
//! | an older partition epoch | INVALID_UPDATE_VERSION |
//! | an ISR that can't be, a recovery that can't be | INVALID_REQUEST |
//! | a member that may not be in sync | INELIGIBLE_REPLICA |

use super::brokers::check_broker_epoch;
use super::{ControllerResult, ControllerState};
use crate::kafka::metadata::{MetadataImage, PartitionImage, TopicImage};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::messages::BrokerId;
use crate::kafka::protocol::messages::alter_partition_request::{
    AlterPartitionRequest, PartitionData as Proposal,
};
use crate::kafka::protocol::messages::alter_partition_response::{
    AlterPartitionResponse, PartitionData, TopicData,
};
use crate::kafka::protocol::metadata_record::MetadataRecord;
use crate::kafka::vocabulary::{NodeId, Note, Tp};
use std::collections::BTreeSet;

impl ControllerState {
    pub(super) fn handle_alter_partition(
        &self,
        image: &MetadataImage,
        request: &AlterPartitionRequest,
        api_version: i16,
    ) -> ControllerResult {
        let sender = request.broker_id.0;
        let mut response = AlterPartitionResponse::default();
        if let Err(error) = check_broker_epoch(image, sender, request.broker_epoch) {
            response.error_code = error.code.0;
            return ControllerResult::new(Vec::new(), response);
        }
        let (mut records, mut notes) = (Vec::new(), Vec::new());
        for topic in &request.topics {
            let mut answers = TopicData::default().with_topic_id(topic.topic_id);
            for proposal in &topic.partitions {
                let number = proposal.partition_index;
                let known = image.topics.get(&topic.topic_id);
                let altered = known
                    .ok_or(ErrorCode::UNKNOWN_TOPIC_ID)
                    .and_then(|t| self.alter(image, t, sender, proposal, api_version));
                let answer = match altered {
                    Ok((record, answer)) => {
                        records.extend(record);
                        answer
                    }
                    Err(error) => {
                        notes.push(Note::AlterPartitionRefused {
                            partition: Tp::new(topic.topic_id, number),
                            broker: NodeId(sender),
                            error,
                        });
                        PartitionData::default().with_error_code(error.0)
                    }
                };
                answers.partitions.push(answer.with_partition_index(number));
            }
            response.topics.push(answers);
        }
        let mut result = ControllerResult::new(records, response);
        result.notes = notes;
        result
    }

    /// The change, if there is one, and the partition as it is then.
    fn alter(
        &self,
        image: &MetadataImage,
        topic: &TopicImage,
        sender: i32,
        proposal: &Proposal,
        api_version: i16,
    ) -> Result<(Option<MetadataRecord>, PartitionData), ErrorCode> {
        let number = proposal.partition_index;
        let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        let partition = topic.partitions.get(&number).ok_or(unknown)?;
        let isr = proposed_isr(proposal, api_version);
        validate_epochs(partition, sender, proposal)?;
        validate_isr(partition, proposal, &isr)?;
        if isr.iter().any(|member| !self.is_eligible(image, *member)) {
            return Err(ErrorCode::INELIGIBLE_REPLICA);
        }
        let cluster = self.cluster(image);
        let built = cluster.change_partition(topic, number, partition, |builder| {
            builder
                .election(cluster.topic_election(topic))
                .target_isr(isr.iter().map(|(id, _)| *id).collect())
                .target_recovering(proposal.leader_recovery_state == 1)
        });
        let Some((change, record)) = built else {
            return Ok((None, answer(partition)));
        };
        let moved = change.leader.is_some_and(|leader| leader != sender);
        let answer = match moved {
            true => PartitionData::default().with_error_code(ErrorCode::NEW_LEADER_ELECTED.0),
            false => answer(&partition.merge(&change)),
        };
        Ok((Some(record), answer))
    }

    /// Registered, not fenced, not shutting down, and the incarnation that fetched (KIP-903).
    fn is_eligible(&self, image: &MetadataImage, (id, epoch): (i32, i64)) -> bool {
        let checked = self.config.broker.semantics.stale_broker_epoch_check && epoch != -1;
        let broker = image.brokers.get(&id);
        image.is_active(id) && broker.is_some_and(|b| !checked || b.epoch == epoch)
    }
}

/// The members with their broker epochs; -1 where the version has none.
fn proposed_isr(proposal: &Proposal, api_version: i16) -> Vec<(i32, i64)> {
    match api_version {
        ..=2 => proposal.new_isr.iter().map(|id| (id.0, -1)).collect(),
        _ => {
            let members = proposal.new_isr_with_epochs.iter();
            members.map(|m| (m.broker_id.0, m.broker_epoch)).collect()
        }
    }
}

fn validate_epochs(
    partition: &PartitionImage,
    sender: i32,
    proposal: &Proposal,
) -> Result<(), ErrorCode> {
    if proposal.leader_epoch > partition.leader_epoch
        || proposal.partition_epoch > partition.partition_epoch
    {
        Err(ErrorCode::NOT_CONTROLLER)
    } else if proposal.leader_epoch < partition.leader_epoch {
        Err(ErrorCode::FENCED_LEADER_EPOCH)
    } else if sender != partition.leader {
        Err(ErrorCode::INVALID_REQUEST)
    } else if proposal.partition_epoch < partition.partition_epoch {
        Err(ErrorCode::INVALID_UPDATE_VERSION)
    } else {
        Ok(())
    }
}

fn validate_isr(
    partition: &PartitionImage,
    proposal: &Proposal,
    isr: &[(i32, i64)],
) -> Result<(), ErrorCode> {
    let distinct: BTreeSet<i32> = isr.iter().map(|(id, _)| *id).collect();
    let of_replicas = distinct.iter().all(|id| partition.replicas.contains(id));
    let sound = of_replicas && distinct.len() == isr.len() && distinct.contains(&partition.leader);
    let recovering = proposal.leader_recovery_state == 1;
    let recovers_alone = !recovering || isr.len() == 1;
    let recovers_still = !recovering || partition.recovering;
    match sound && recovers_alone && recovers_still {
        true => Ok(()),
        false => Err(ErrorCode::INVALID_REQUEST),
    }
}

fn answer(partition: &PartitionImage) -> PartitionData {
    PartitionData::default()
        .with_leader_id(BrokerId(partition.leader))
        .with_leader_epoch(partition.leader_epoch)
        .with_isr(partition.isr.iter().map(|id| BrokerId(*id)).collect())
        .with_leader_recovery_state(i8::from(partition.recovering))
        .with_partition_epoch(partition.partition_epoch)
}
