//! ElectLeaders in both modes, and the two elections that the controller runs by itself: preferred
//! leaders are balanced, and leaderless partitions whose topic allows it are elected uncleanly
//! (`ReplicationControlManager.electLeaders`, `maybeBalancePartitionLeaders`,
//! `maybeElectUncleanLeaders`).

use super::elections::{Election, NO_LEADER};
use super::errors::ApiError;
use super::leadership::Cluster;
use super::topics::MAX_RECORDS_PER_USER_OP;
use super::{ControllerResult, ControllerState};
use crate::kafka::metadata::{MetadataImage, PartitionImage, TopicImage};
use crate::kafka::protocol::messages::elect_leaders_request::ElectLeadersRequest;
use crate::kafka::protocol::messages::elect_leaders_response::{
    ElectLeadersResponse, PartitionResult, ReplicaElectionResult,
};
use crate::kafka::protocol::metadata_record::MetadataRecord;
use crate::kafka::protocol::{ErrorCode, StrBytes};

/// The most elections that one run of the controller's own does.
pub(super) const MAX_ELECTIONS_PER_IMBALANCE: usize = 1_000;

impl ControllerState {
    pub(super) fn handle_elect_leaders(
        &self,
        image: &MetadataImage,
        request: &ElectLeadersRequest,
        api_version: i16,
    ) -> ControllerResult {
        let mut response = ElectLeadersResponse::default();
        // Version 0 knows no other type.
        let election = match if api_version == 0 {
            0
        } else {
            request.election_type
        } {
            0 => Election::Preferred,
            1 => Election::Unclean,
            _ => {
                response.error_code = ErrorCode::INVALID_REQUEST.0;
                let code = response.error_code;
                return ControllerResult::new(Vec::new(), response).with_refusals([code]);
            }
        };
        let cluster = self.cluster(image);
        let mut records = Vec::new();
        response.replica_election_results = match &request.topic_partitions {
            None => cluster.elect_everywhere(election, &mut records),
            Some(topics) => {
                let each = topics.iter();
                let named = each.map(|topic| (topic.topic.0.clone(), &topic.partitions[..]));
                cluster.elect_named(named, election, &mut records)
            }
        };
        if records.len() > MAX_RECORDS_PER_USER_OP {
            records.clear();
            response.replica_election_results.clear();
            response.error_code = ErrorCode::POLICY_VIOLATION.0;
        }
        let results = response.replica_election_results.iter();
        let partitions = results.flat_map(|topic| &topic.partition_result);
        let errors: Vec<i16> = partitions.map(|partition| partition.error_code).collect();
        ControllerResult::new(records, response).with_refusals(errors)
    }

    /// Elects the preferred leader wherever it does not lead and may.
    pub(super) fn balance_partition_leaders(&self, image: &MetadataImage) -> Vec<MetadataRecord> {
        let cluster = self.cluster(image);
        let partitions = image.all_partitions();
        partitions
            .filter(|(_, _, partition)| !has_preferred_leader(partition))
            .filter_map(|(topic, number, partition)| {
                cluster.elect(topic, number, partition, Election::Preferred)
            })
            .take(MAX_ELECTIONS_PER_IMBALANCE)
            .collect()
    }

    /// Elects a leader from outside the ISR for leaderless partitions whose topic allows it.
    pub(super) fn elect_unclean_leaders(&self, image: &MetadataImage) -> Vec<MetadataRecord> {
        let cluster = self.cluster(image);
        let partitions = image.all_partitions();
        partitions
            .filter(|(_, _, partition)| partition.leader == NO_LEADER)
            .filter(|(topic, _, _)| cluster.topic_election(topic) == Election::Unclean)
            .filter_map(|(topic, number, partition)| {
                cluster.elect(topic, number, partition, Election::Unclean)
            })
            .take(MAX_ELECTIONS_PER_IMBALANCE)
            .collect()
    }
}

impl Cluster<'_> {
    fn elect(
        &self,
        topic: &TopicImage,
        number: i32,
        partition: &PartitionImage,
        election: Election,
    ) -> Option<MetadataRecord> {
        let built = self.change_partition(topic, number, partition, |b| b.election(election));
        built.map(|(_, record)| record)
    }

    /// Every partition of every topic; those that need no election are left out of the answer.
    fn elect_everywhere(
        &self,
        election: Election,
        records: &mut Vec<MetadataRecord>,
    ) -> Vec<ReplicaElectionResult> {
        let mut results = Vec::new();
        for (name, id) in self.image.topic_ids.iter() {
            let topic = self.image.topics.get(id);
            let numbers = topic.iter().flat_map(|topic| topic.partitions.keys());
            let mut answer = ReplicaElectionResult::default()
                .with_topic(StrBytes::from_string(name.clone()).into());
            for number in numbers {
                let elected = self.elect_leader(name, *number, election, records);
                let needless = |e: &ApiError| e.code == ErrorCode::ELECTION_NOT_NEEDED;
                if !elected.as_ref().is_err_and(needless) {
                    answer
                        .partition_result
                        .push(partition_result(*number, elected));
                }
            }
            results.push(answer);
        }
        results
    }

    fn elect_named<'b>(
        &self,
        topics: impl Iterator<Item = (StrBytes, &'b [i32])>,
        election: Election,
        records: &mut Vec<MetadataRecord>,
    ) -> Vec<ReplicaElectionResult> {
        let mut results = Vec::new();
        for (name, numbers) in topics {
            let elected = numbers.iter().map(|number| {
                let elected = self.elect_leader(name.as_str(), *number, election, records);
                partition_result(*number, elected)
            });
            let elected = elected.collect();
            let answer = ReplicaElectionResult::default().with_topic(name.into());
            results.push(answer.with_partition_result(elected));
        }
        results
    }

    fn elect_leader(
        &self,
        name: &str,
        number: i32,
        election: Election,
        records: &mut Vec<MetadataRecord>,
    ) -> Result<(), ApiError> {
        let unknown = |text| ApiError::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, text);
        let topic = self.image.topic(name);
        let topic = topic.ok_or_else(|| unknown(format!("No such topic as {name}")))?;
        let partition = topic.partitions.get(&number);
        let partition =
            partition.ok_or_else(|| unknown(format!("No such partition as {name}-{number}")))?;
        let (needless, unavailable) = match election {
            Election::Preferred => (
                has_preferred_leader(partition),
                ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE,
            ),
            Election::Online | Election::Unclean => (
                partition.leader != NO_LEADER,
                ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE,
            ),
        };
        if needless {
            return Err(ApiError::of(ErrorCode::ELECTION_NOT_NEEDED));
        }
        let record = self.elect(topic, number, partition, election);
        records.push(record.ok_or_else(|| ApiError::of(unavailable))?);
        Ok(())
    }
}

fn has_preferred_leader(partition: &PartitionImage) -> bool {
    partition.replicas.first() == Some(&partition.leader)
}

fn partition_result(number: i32, elected: Result<(), ApiError>) -> PartitionResult {
    let result = PartitionResult::default().with_partition_id(number);
    match elected {
        Ok(()) => result.with_error_message(None),
        Err(error) => result
            .with_error_code(error.code.0)
            .with_error_message(error.text()),
    }
}
