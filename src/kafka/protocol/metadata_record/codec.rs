//! The bytes of metadata records: frame version 1, api key, version, body.
//!
//! | key | record | written | read |
//! | --- | --- | --- | --- |
//! | 0 | RegisterBroker | 3 | 0–3 |
//! | 1 | UnregisterBroker | 0 | 0 |
//! | 2 | Topic | 0 | 0 |
//! | 3 | Partition | 2 | 0–2 |
//! | 4 | Config | 0 | 0 |
//! | 5 | PartitionChange | 2 | 0–2 |
//! | 9 | RemoveTopic | 0 | 0 |
//! | 12 | FeatureLevel | 0 | 0 |
//! | 15 | ProducerIds | 0 | 0 |
//! | 17 | BrokerRegistrationChange | 2 | 0–2 |
//! | 20 | NoOp | 0 | 0 |
//! | 27 | RegisterController | 0 | 0 |

use super::wire::{Reader, Tags, Writer};
use super::{
    BrokerRegistrationChange, Endpoint, MetadataRecord, PartitionChange, PartitionRecord,
    RegisterBroker, RegisterController, SupportedFeature,
};
use crate::kafka::protocol::CodecError;
use bytes::Bytes;

const FRAME_VERSION: u32 = 1;

const REGISTER_BROKER: u32 = 0;
const UNREGISTER_BROKER: u32 = 1;
const TOPIC: u32 = 2;
const PARTITION: u32 = 3;
const CONFIG: u32 = 4;
const PARTITION_CHANGE: u32 = 5;
const REMOVE_TOPIC: u32 = 9;
const FEATURE_LEVEL: u32 = 12;
const PRODUCER_IDS: u32 = 15;
const BROKER_REGISTRATION_CHANGE: u32 = 17;
const NO_OP: u32 = 20;
const REGISTER_CONTROLLER: u32 = 27;

/// The newest version of each record that 4.3 with ELR on writes.
fn newest_version(key: u32) -> u32 {
    match key {
        REGISTER_BROKER => 3,
        PARTITION | PARTITION_CHANGE | BROKER_REGISTRATION_CHANGE => 2,
        _ => 0,
    }
}

impl MetadataRecord {
    /// The record as the value of a record of `__cluster_metadata` (`MetadataRecordSerde`).
    pub fn encode(&self) -> Bytes {
        let mut out = Writer::default();
        let key = self.api_key();
        out.unsigned(u64::from(FRAME_VERSION));
        out.unsigned(u64::from(key));
        out.unsigned(u64::from(newest_version(key)));
        self.write_body(&mut out);
        out.finish()
    }

    /// Reads what [`MetadataRecord::encode`] or a real controller wrote. Tagged fields that are
    /// unknown are skipped; unknown records and versions are errors.
    pub fn decode(bytes: &Bytes) -> Result<MetadataRecord, CodecError> {
        let mut input = Reader::new(bytes);
        let frame = input.unsigned()?;
        if frame != FRAME_VERSION {
            return Err(CodecError(format!("unknown frame version {frame}")));
        }
        let key = input.unsigned()?;
        let version = input.unsigned()?;
        if version > newest_version(key) {
            let text = format!("version {version} of metadata record {key} is not known");
            return Err(CodecError(text));
        }
        let record = read_body(key, version, &mut input)?;
        input.end()?;
        Ok(record)
    }

    fn api_key(&self) -> u32 {
        match self {
            MetadataRecord::RegisterBroker(_) => REGISTER_BROKER,
            MetadataRecord::UnregisterBroker { .. } => UNREGISTER_BROKER,
            MetadataRecord::Topic { .. } => TOPIC,
            MetadataRecord::Partition(_) => PARTITION,
            MetadataRecord::Config { .. } => CONFIG,
            MetadataRecord::PartitionChange(_) => PARTITION_CHANGE,
            MetadataRecord::RemoveTopic { .. } => REMOVE_TOPIC,
            MetadataRecord::FeatureLevel { .. } => FEATURE_LEVEL,
            MetadataRecord::ProducerIds { .. } => PRODUCER_IDS,
            MetadataRecord::BrokerRegistrationChange(_) => BROKER_REGISTRATION_CHANGE,
            MetadataRecord::NoOp => NO_OP,
            MetadataRecord::RegisterController(_) => REGISTER_CONTROLLER,
        }
    }

    fn write_body(&self, out: &mut Writer) {
        match self {
            MetadataRecord::RegisterBroker(record) => return write_register_broker(out, record),
            MetadataRecord::Partition(record) => return write_partition(out, record),
            MetadataRecord::PartitionChange(record) => return write_change(out, record),
            MetadataRecord::BrokerRegistrationChange(record) => {
                return write_registration_change(out, record);
            }
            MetadataRecord::RegisterController(record) => {
                return write_register_controller(out, record);
            }
            MetadataRecord::UnregisterBroker {
                broker_id,
                broker_epoch,
            } => {
                out.i32(*broker_id);
                out.i64(*broker_epoch);
            }
            MetadataRecord::Topic { name, topic_id } => {
                out.string(name);
                out.uuid(*topic_id);
            }
            MetadataRecord::Config {
                resource_type,
                resource_name,
                name,
                value,
            } => {
                out.i8(*resource_type);
                out.string(resource_name);
                out.string(name);
                out.nullable_string(value.as_deref());
            }
            MetadataRecord::RemoveTopic { topic_id } => out.uuid(*topic_id),
            MetadataRecord::FeatureLevel { name, level } => {
                out.string(name);
                out.i16(*level);
            }
            MetadataRecord::ProducerIds {
                broker_id,
                broker_epoch,
                next_producer_id,
            } => {
                out.i32(*broker_id);
                out.i64(*broker_epoch);
                out.i64(*next_producer_id);
            }
            MetadataRecord::NoOp => {}
        }
        out.tagged(Tags::default());
    }
}

fn read_body(key: u32, version: u32, input: &mut Reader) -> Result<MetadataRecord, CodecError> {
    let record = match key {
        REGISTER_BROKER => {
            return read_register_broker(version, input).map(MetadataRecord::RegisterBroker);
        }
        PARTITION => return read_partition(version, input).map(MetadataRecord::Partition),
        PARTITION_CHANGE => return read_change(input).map(MetadataRecord::PartitionChange),
        BROKER_REGISTRATION_CHANGE => {
            return read_registration_change(input).map(MetadataRecord::BrokerRegistrationChange);
        }
        UNREGISTER_BROKER => MetadataRecord::UnregisterBroker {
            broker_id: input.i32()?,
            broker_epoch: input.i64()?,
        },
        TOPIC => MetadataRecord::Topic {
            name: input.string()?,
            topic_id: input.uuid()?,
        },
        CONFIG => MetadataRecord::Config {
            resource_type: input.i8()?,
            resource_name: input.string()?,
            name: input.string()?,
            value: input.nullable_string()?,
        },
        REMOVE_TOPIC => MetadataRecord::RemoveTopic {
            topic_id: input.uuid()?,
        },
        FEATURE_LEVEL => MetadataRecord::FeatureLevel {
            name: input.string()?,
            level: input.i16()?,
        },
        PRODUCER_IDS => MetadataRecord::ProducerIds {
            broker_id: input.i32()?,
            broker_epoch: input.i64()?,
            next_producer_id: input.i64()?,
        },
        NO_OP => MetadataRecord::NoOp,
        REGISTER_CONTROLLER => MetadataRecord::RegisterController(read_register_controller(input)?),
        other => return Err(CodecError(format!("unknown metadata record {other}"))),
    };
    input.no_tagged()?;
    Ok(record)
}

fn write_endpoint(out: &mut Writer, endpoint: &Endpoint) {
    out.string(&endpoint.name);
    out.string(&endpoint.host);
    out.u16(endpoint.port);
    out.i16(endpoint.security_protocol);
    out.tagged(Tags::default());
}

fn read_endpoint(input: &mut Reader) -> Result<Endpoint, CodecError> {
    let endpoint = Endpoint {
        name: input.string()?,
        host: input.string()?,
        port: input.u16()?,
        security_protocol: input.i16()?,
    };
    input.no_tagged()?;
    Ok(endpoint)
}

fn write_feature(out: &mut Writer, feature: &SupportedFeature) {
    out.string(&feature.name);
    out.i16(feature.min);
    out.i16(feature.max);
    out.tagged(Tags::default());
}

fn read_feature(input: &mut Reader) -> Result<SupportedFeature, CodecError> {
    let (name, min, max) = (input.string()?, input.i16()?, input.i16()?);
    input.no_tagged()?;
    Ok(SupportedFeature { name, min, max })
}

fn write_register_broker(out: &mut Writer, record: &RegisterBroker) {
    out.i32(record.broker_id);
    out.bool(false); // IsMigratingZkBroker: there is no ZooKeeper to migrate from.
    out.uuid(record.incarnation_id);
    out.i64(record.broker_epoch);
    out.array(&record.endpoints, write_endpoint);
    out.array(&record.features, write_feature);
    out.nullable_string(record.rack.as_deref());
    out.bool(record.fenced);
    out.bool(record.in_controlled_shutdown);
    let log_dirs = non_empty(&record.log_dirs);
    out.tagged(Tags::default().add(0, log_dirs, |out, dirs| out.uuids(dirs)));
}

fn read_register_broker(version: u32, input: &mut Reader) -> Result<RegisterBroker, CodecError> {
    let broker_id = input.i32()?;
    if version >= 2 {
        input.bool()?;
    }
    let mut record = RegisterBroker {
        broker_id,
        incarnation_id: input.uuid()?,
        broker_epoch: input.i64()?,
        endpoints: input.array(read_endpoint)?,
        features: input.array(read_feature)?,
        rack: input.nullable_string()?,
        fenced: input.bool()?,
        in_controlled_shutdown: version >= 1 && input.bool()?,
        log_dirs: Vec::new(),
    };
    input.tagged(|tag, field| {
        if tag == 0 {
            record.log_dirs = field.uuids()?;
        }
        Ok(tag == 0)
    })?;
    Ok(record)
}

fn write_register_controller(out: &mut Writer, record: &RegisterController) {
    out.i32(record.controller_id);
    out.uuid(record.incarnation_id);
    out.bool(false); // ZkMigrationReady, as above.
    out.array(&record.endpoints, write_endpoint);
    out.array(&record.features, write_feature);
    out.tagged(Tags::default());
}

fn read_register_controller(input: &mut Reader) -> Result<RegisterController, CodecError> {
    let (controller_id, incarnation_id, _zk_migration_ready) =
        (input.i32()?, input.uuid()?, input.bool()?);
    Ok(RegisterController {
        controller_id,
        incarnation_id,
        endpoints: input.array(read_endpoint)?,
        features: input.array(read_feature)?,
    })
}

fn write_partition(out: &mut Writer, record: &PartitionRecord) {
    out.i32(record.partition_id);
    out.uuid(record.topic_id);
    out.i32s(&record.replicas);
    out.i32s(&record.isr);
    out.i32s(&record.removing_replicas);
    out.i32s(&record.adding_replicas);
    out.i32(record.leader);
    out.i32(record.leader_epoch);
    out.i32(record.partition_epoch);
    out.uuids(&record.directories);
    let recovery = Some(record.leader_recovery_state).filter(|state| *state != 0);
    let tags = Tags::default()
        .add(0, recovery, Writer::i8)
        .add(
            1,
            non_empty(&record.eligible_leader_replicas),
            |out, ids| out.i32s(ids),
        )
        .add(2, non_empty(&record.last_known_elr), |out, ids| {
            out.i32s(ids)
        });
    out.tagged(tags);
}

fn read_partition(version: u32, input: &mut Reader) -> Result<PartitionRecord, CodecError> {
    let mut record = PartitionRecord {
        partition_id: input.i32()?,
        topic_id: input.uuid()?,
        replicas: input.i32s()?,
        isr: input.i32s()?,
        removing_replicas: input.i32s()?,
        adding_replicas: input.i32s()?,
        leader: input.i32()?,
        leader_recovery_state: 0,
        leader_epoch: input.i32()?,
        partition_epoch: input.i32()?,
        directories: if version >= 1 {
            input.uuids()?
        } else {
            Vec::new()
        },
        eligible_leader_replicas: Vec::new(),
        last_known_elr: Vec::new(),
    };
    input.tagged(|tag, field| {
        match tag {
            0 => record.leader_recovery_state = field.i8()?,
            1 => record.eligible_leader_replicas = optional_i32s(field)?.unwrap_or_default(),
            2 => record.last_known_elr = optional_i32s(field)?.unwrap_or_default(),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(record)
}

fn write_change(out: &mut Writer, change: &PartitionChange) {
    out.i32(change.partition_id);
    out.uuid(change.topic_id);
    let i32s = |out: &mut Writer, ids: &Vec<i32>| out.i32s(ids);
    let tags = Tags::default()
        .add(0, change.isr.as_ref(), i32s)
        .add(1, change.leader, Writer::i32)
        .add(2, change.replicas.as_ref(), i32s)
        .add(3, change.removing_replicas.as_ref(), i32s)
        .add(4, change.adding_replicas.as_ref(), i32s)
        .add(5, change.leader_recovery_state, Writer::i8)
        .add(6, change.eligible_leader_replicas.as_ref(), i32s)
        .add(7, change.last_known_elr.as_ref(), i32s)
        .add(8, change.directories.as_ref(), |out, dirs: &Vec<_>| {
            out.uuids(dirs)
        });
    out.tagged(tags);
}

fn read_change(input: &mut Reader) -> Result<PartitionChange, CodecError> {
    let mut change = PartitionChange {
        partition_id: input.i32()?,
        topic_id: input.uuid()?,
        ..PartitionChange::default()
    };
    input.tagged(|tag, field| {
        match tag {
            0 => change.isr = optional_i32s(field)?,
            1 => change.leader = Some(field.i32()?).filter(|leader| *leader != NO_LEADER_CHANGE),
            2 => change.replicas = optional_i32s(field)?,
            3 => change.removing_replicas = optional_i32s(field)?,
            4 => change.adding_replicas = optional_i32s(field)?,
            5 => change.leader_recovery_state = Some(field.i8()?).filter(|state| *state != -1),
            6 => change.eligible_leader_replicas = optional_i32s(field)?,
            7 => change.last_known_elr = optional_i32s(field)?,
            8 => change.directories = field.nullable_array(Reader::uuid)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(change)
}

/// The schema's default for a leader that stays (`LeaderConstants.NO_LEADER_CHANGE`).
const NO_LEADER_CHANGE: i32 = -2;

fn write_registration_change(out: &mut Writer, change: &BrokerRegistrationChange) {
    out.i32(change.broker_id);
    out.i64(change.broker_epoch);
    let sign = |set: bool| if set { 1 } else { -1 };
    let tags = Tags::default()
        .add(0, change.fenced.map(sign), Writer::i8)
        .add(1, change.in_controlled_shutdown.map(sign), Writer::i8)
        .add(2, non_empty(&change.log_dirs), |out, dirs| out.uuids(dirs));
    out.tagged(tags);
}

fn read_registration_change(input: &mut Reader) -> Result<BrokerRegistrationChange, CodecError> {
    let mut change = BrokerRegistrationChange {
        broker_id: input.i32()?,
        broker_epoch: input.i64()?,
        fenced: None,
        in_controlled_shutdown: None,
        log_dirs: Vec::new(),
    };
    input.tagged(|tag, field| {
        match tag {
            0 => change.fenced = signed_bool(field.i8()?)?,
            1 => change.in_controlled_shutdown = signed_bool(field.i8()?)?,
            2 => change.log_dirs = field.uuids()?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(change)
}

/// -1 no longer, 0 no change, 1 newly.
fn signed_bool(value: i8) -> Result<Option<bool>, CodecError> {
    match value {
        -1 => Ok(Some(false)),
        0 => Ok(None),
        1 => Ok(Some(true)),
        other => Err(CodecError(format!(
            "{other} is no change of a broker's state"
        ))),
    }
}

fn optional_i32s(input: &mut Reader) -> Result<Option<Vec<i32>>, CodecError> {
    input.nullable_array(Reader::i32)
}

fn non_empty<T>(items: &[T]) -> Option<&[T]> {
    (!items.is_empty()).then_some(items)
}
