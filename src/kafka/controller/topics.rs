//! Creation of topics (`ReplicationControlManager.createTopics`, `ControllerApis.createTopics`).

use super::errors::ApiError;
use super::placement::{self, UsableBroker};
use super::{ControllerResult, ControllerState, topic_names};
use crate::kafka::config::topic_configs;
use crate::kafka::metadata::{MetadataImage, PartitionImage, TOPIC_RESOURCE};
use crate::kafka::protocol::messages::create_topics_request::{
    CreatableTopic, CreateTopicsRequest,
};
use crate::kafka::protocol::messages::create_topics_response::{
    CreatableTopicResult, CreateTopicsResponse,
};
use crate::kafka::protocol::metadata_record::MetadataRecord;
use crate::kafka::protocol::{ErrorCode, METADATA_TOPIC_NAME};
use crate::kafka::vocabulary::{Kafka, Purpose};
use crate::sim::Ctx;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The most partitions that one request may create.
const MAX_PARTITIONS_PER_BATCH: i64 = 10_000;
/// The most records that one request of a user may write.
pub(super) const MAX_RECORDS_PER_USER_OP: usize = 10_000;

/// One topic as it will be created.
struct NewTopic {
    topic_id: Uuid,
    partitions: Vec<PartitionImage>,
    configs: BTreeMap<String, String>,
}

/// What a whole request leads to: an outcome for each topic, in order.
struct Created {
    records: Vec<MetadataRecord>,
    results: Vec<Result<NewTopic, ApiError>>,
}

impl ControllerState {
    pub(super) fn handle_create_topics(
        &self,
        image: &MetadataImage,
        request: &CreateTopicsRequest,
        api_version: i16,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> ControllerResult {
        let (topics, refused_names) = without_refused_names(&request.topics);
        let created = self.create_topics(image, &topics, ctx);
        let Created { records, results } = match created {
            Ok(created) => created,
            Err(error) => {
                // A request that is too large is refused as a whole.
                let each = request.topics.iter();
                let results = each.map(|topic| refusal(topic, &error)).collect();
                return answer(Vec::new(), results);
            }
        };
        let mut answers: Vec<CreatableTopicResult> = Vec::new();
        for (topic, result) in topics.iter().zip(results) {
            answers.push(match result {
                Ok(new) => success(topic, &new, api_version),
                Err(error) => refusal(topic, &error),
            });
        }
        answers.extend(refused_names);
        match request.validate_only {
            true => answer(Vec::new(), answers),
            false => answer(records, answers),
        }
    }

    fn create_topics(
        &self,
        image: &MetadataImage,
        topics: &[&CreatableTopic],
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<Created, ApiError> {
        self.check_number_of_partitions(topics)?;
        let mut records = Vec::new();
        let mut results = Vec::new();
        for topic in topics {
            let new = self.create_topic(image, topic, ctx);
            if let Ok(new) = &new {
                push_records(topic, new, &mut records);
            }
            results.push(new);
        }
        if records.len() > MAX_RECORDS_PER_USER_OP {
            return Err(ApiError::new(
                ErrorCode::POLICY_VIOLATION,
                "Unable to perform excessively large batch operation.",
            ));
        }
        Ok(Created { records, results })
    }

    fn check_number_of_partitions(&self, topics: &[&CreatableTopic]) -> Result<(), ApiError> {
        let partitions = topics.iter().map(|topic| match topic.num_partitions {
            _ if !topic.assignments.is_empty() => topic.assignments.len() as i64,
            -1 => i64::from(self.config.broker.num_partitions),
            number => i64::from(number.max(0)),
        });
        if partitions.sum::<i64>() <= MAX_PARTITIONS_PER_BATCH {
            return Ok(());
        }
        Err(ApiError::new(
            ErrorCode::POLICY_VIOLATION,
            "Excessively large number of partitions per request.",
        ))
    }

    fn create_topic(
        &self,
        image: &MetadataImage,
        topic: &CreatableTopic,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<NewTopic, ApiError> {
        let name = topic.name.as_str();
        if image.topic_ids.contains_key(name) {
            let text = format!("Topic '{name}' already exists.");
            return Err(ApiError::new(ErrorCode::TOPIC_ALREADY_EXISTS, text));
        }
        check_name(image, name)?;
        let configs = self.check_configs(topic)?;
        let partitions = match topic.assignments.is_empty() {
            true => self.place_partitions(image, topic, ctx)?,
            false => assigned_partitions(image, topic)?,
        };
        Ok(NewTopic {
            topic_id: draw_topic_id(ctx),
            partitions,
            configs,
        })
    }

    fn check_configs(&self, topic: &CreatableTopic) -> Result<BTreeMap<String, String>, ApiError> {
        let nulls = topic.configs.iter().filter(|config| config.value.is_none());
        let nulls: Vec<&str> = nulls.map(|config| config.name.as_str()).collect();
        if !nulls.is_empty() {
            let names = nulls.join(",");
            let text = format!("Null value not supported for topic configs: {names}");
            return Err(ApiError::new(ErrorCode::INVALID_CONFIG, text));
        }
        let pairs = topic.configs.iter().filter_map(|config| {
            let value = config.value.as_ref()?;
            Some((config.name.to_string(), value.to_string()))
        });
        let configs: BTreeMap<String, String> = pairs.collect();
        let mut applied = self.config.broker.topic_defaults.clone();
        topic_configs::apply_all(&mut applied, &configs)
            .map_err(|error| ApiError::new(ErrorCode::INVALID_CONFIG, error.to_string()))?;
        Ok(configs)
    }

    fn place_partitions(
        &self,
        image: &MetadataImage,
        topic: &CreatableTopic,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<Vec<PartitionImage>, ApiError> {
        if topic.replication_factor < -1 || topic.replication_factor == 0 {
            return Err(ApiError::new(
                ErrorCode::INVALID_REPLICATION_FACTOR,
                "Replication factor must be larger than 0, or -1 to use the default value.",
            ));
        }
        if topic.num_partitions < -1 || topic.num_partitions == 0 {
            return Err(ApiError::new(
                ErrorCode::INVALID_PARTITIONS,
                "Number of partitions was set to an invalid non-positive value.",
            ));
        }
        let or_default = |given, default| if given == -1 { default } else { given };
        let broker = &self.config.broker;
        let number = or_default(topic.num_partitions, broker.num_partitions);
        let factor = match topic.replication_factor {
            -1 => broker.default_replication_factor,
            factor => factor,
        };
        let usable: Vec<UsableBroker> = placement::usable_brokers(image);
        let mut draw = |n: usize| {
            let last = n.saturating_sub(1) as u64;
            ctx.draw(Purpose::Placement, 0, 0..=last) as usize
        };
        let placed = placement::place(number, factor, &usable, &mut draw)?;
        let partitions = placed.into_iter().map(|replicas| {
            new_partition(image, replicas).ok_or_else(|| {
                let text = format!(
                    "Unable to replicate the partition {factor} time(s): All brokers are \
                     currently fenced or in controlled shutdown."
                );
                ApiError::new(ErrorCode::INVALID_REPLICATION_FACTOR, text)
            })
        });
        partitions.collect()
    }
}

/// Leaves out names that come twice and the metadata topic's own, with the answers to them.
fn without_refused_names(
    topics: &[CreatableTopic],
) -> (Vec<&CreatableTopic>, Vec<CreatableTopicResult>) {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for topic in topics {
        *counts.entry(topic.name.as_str()).or_default() += 1;
    }
    let refused = |topic: &CreatableTopic| {
        let name = topic.name.as_str();
        if counts.get(name).is_some_and(|count| *count > 1) {
            Some("Duplicate topic name.".to_string())
        } else if name == METADATA_TOPIC_NAME {
            Some(format!("Creation of internal topic {name} is prohibited."))
        } else {
            None
        }
    };
    let mut answered = BTreeSet::new();
    let mut answers = Vec::new();
    for topic in topics {
        if let Some(text) = refused(topic).filter(|_| answered.insert(topic.name.clone())) {
            answers.push(refusal(
                topic,
                &ApiError::new(ErrorCode::INVALID_REQUEST, text),
            ));
        }
    }
    let kept = topics.iter().filter(|topic| refused(topic).is_none());
    (kept.collect(), answers)
}

fn check_name(image: &MetadataImage, name: &str) -> Result<(), ApiError> {
    let invalid = |text| ApiError::new(ErrorCode::INVALID_TOPIC_EXCEPTION, text);
    topic_names::validate(name).map_err(invalid)?;
    match topic_names::colliding(name, image.topic_ids.keys()) {
        Some(other) => Err(invalid(format!(
            "Topic '{name}' collides with existing topic: {other}"
        ))),
        None => Ok(()),
    }
}

/// Partitions with the replicas that the request gives.
fn assigned_partitions(
    image: &MetadataImage,
    topic: &CreatableTopic,
) -> Result<Vec<PartitionImage>, ApiError> {
    let both = |what: &str| {
        let text = format!("A manual partition assignment was specified, but {what}");
        Err(ApiError::new(ErrorCode::INVALID_REQUEST, text))
    };
    if topic.replication_factor != -1 {
        return both("replication factor was not set to -1.");
    }
    if topic.num_partitions != -1 {
        return both("numPartitions was not set to -1.");
    }
    let mut partitions: BTreeMap<i32, PartitionImage> = BTreeMap::new();
    let mut replication_factor = None;
    for assignment in &topic.assignments {
        let number = assignment.partition_index;
        if partitions.contains_key(&number) {
            return Err(invalid_assignment(format!(
                "Found multiple manual partition assignments for partition {number}"
            )));
        }
        let replicas: Vec<i32> = assignment.broker_ids.iter().map(|id| id.0).collect();
        validate_manual_assignment(image, &replicas, replication_factor)?;
        replication_factor = Some(replicas.len());
        let partition = new_partition(image, replicas).ok_or_else(|| {
            invalid_assignment(format!(
                "All brokers specified in the manual partition assignment for partition \
                 {number} are fenced or in controlled shutdown."
            ))
        })?;
        partitions.insert(number, partition);
    }
    if !partitions.keys().copied().eq(0..partitions.len() as i32) {
        let text = "partitions should be a consecutive 0-based integer sequence";
        return Err(invalid_assignment(text.to_string()));
    }
    Ok(partitions.into_values().collect())
}

fn invalid_assignment(text: String) -> ApiError {
    ApiError::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, text)
}

fn validate_manual_assignment(
    image: &MetadataImage,
    replicas: &[i32],
    replication_factor: Option<usize>,
) -> Result<(), ApiError> {
    const START: &str = "The manual partition assignment includes";
    if replicas.is_empty() {
        return Err(invalid_assignment(format!(
            "{START} an empty replica list."
        )));
    }
    let mut sorted = replicas.to_vec();
    sorted.sort_unstable();
    let mut before = None;
    for id in &sorted {
        if !image.brokers.contains_key(id) {
            return Err(invalid_assignment(format!(
                "{START} broker {id}, but no such broker is registered."
            )));
        }
        if before == Some(id) {
            let text = format!("{START} the broker {id} more than once.");
            return Err(invalid_assignment(text));
        }
        before = Some(id);
    }
    match replication_factor.filter(|factor| *factor != replicas.len()) {
        Some(factor) => Err(invalid_assignment(format!(
            "{START} a partition with {} replica(s), but this is not consistent with previous \
             partitions, which have {factor} replica(s).",
            replicas.len()
        ))),
        None => Ok(()),
    }
}

/// A partition led by the first of its active replicas, all of which are in sync; none if no
/// replica is active.
fn new_partition(image: &MetadataImage, replicas: Vec<i32>) -> Option<PartitionImage> {
    let active = replicas.iter().copied().filter(|id| image.is_active(*id));
    let isr: Vec<i32> = active.collect();
    let leader = *isr.first()?;
    let directories = replicas.iter().map(|id| default_dir(image, *id)).collect();
    Some(PartitionImage {
        replicas,
        directories,
        isr,
        leader,
        ..PartitionImage::default()
    })
}

/// The broker's directory if it has only one; else unassigned until the broker has chosen
/// (`DirectoryId.UNASSIGNED`), or not known at all (`DirectoryId.MIGRATING`).
fn default_dir(image: &MetadataImage, broker: i32) -> Uuid {
    let dirs = image
        .brokers
        .get(&broker)
        .map(|broker| &broker.log_dirs[..]);
    match dirs {
        Some([only]) => *only,
        Some([_, ..]) => Uuid::from_u128(1),
        _ => Uuid::nil(),
    }
}

fn draw_topic_id(ctx: &mut Ctx<'_, Kafka>) -> Uuid {
    let mut half = || ctx.draw(Purpose::TopicId, 0, 0..=u64::MAX);
    let (high, low) = (half(), half());
    topic_id(high, low)
}

/// A version 4 id of random halves, whose base64 form does not begin with a dash, as Kafka's ids.
pub(super) fn topic_id(high: u64, low: u64) -> Uuid {
    let version = (high & !0xf000) | 0x4000;
    let dash = high >> 58 == 62;
    let high = if dash { version & !(1 << 63) } else { version };
    let low = (low & !(0b11 << 62)) | 0b10 << 62;
    Uuid::from_u64_pair(high, low)
}

/// Configs go after the topic and before its partitions.
fn push_records(topic: &CreatableTopic, new: &NewTopic, records: &mut Vec<MetadataRecord>) {
    let name = topic.name.to_string();
    records.push(MetadataRecord::Topic {
        name: name.clone(),
        topic_id: new.topic_id,
    });
    for (config, value) in &new.configs {
        records.push(MetadataRecord::Config {
            resource_type: TOPIC_RESOURCE,
            resource_name: name.clone(),
            name: config.clone(),
            value: Some(value.clone()),
        });
    }
    for (number, partition) in new.partitions.iter().enumerate() {
        let record = partition.to_record(new.topic_id, number as i32);
        records.push(MetadataRecord::Partition(record));
    }
}

fn success(topic: &CreatableTopic, new: &NewTopic, api_version: i16) -> CreatableTopicResult {
    let mut result = CreatableTopicResult::default()
        .with_name(topic.name.clone())
        .with_error_message(None);
    if api_version >= 5 {
        let replicas = new.partitions.first().map_or(0, |p| p.replicas.len());
        result.num_partitions = new.partitions.len() as i32;
        result.replication_factor = replicas as i16;
    }
    if api_version >= 7 {
        result.topic_id = new.topic_id;
    }
    result
}

fn refusal(topic: &CreatableTopic, error: &ApiError) -> CreatableTopicResult {
    CreatableTopicResult::default()
        .with_name(topic.name.clone())
        .with_error_code(error.code.0)
        .with_error_message(error.text())
}

fn answer(records: Vec<MetadataRecord>, results: Vec<CreatableTopicResult>) -> ControllerResult {
    let errors: Vec<i16> = results.iter().map(|result| result.error_code).collect();
    let response = CreateTopicsResponse::default().with_topics(results);
    ControllerResult::new(records, response).with_refusals(errors)
}
