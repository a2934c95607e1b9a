//! The codec against a real `bootstrap.checkpoint` of Kafka 4.3.1, the crate's control records,
//! bytes by hand, and noise.

use super::wire::{Reader, Writer};
use super::*;
use crate::kafka::protocol::messages::{self, leader_change_message::Voter};
use crate::kafka::protocol::record_batch::RecordBatch;
use bytes::{Bytes, BytesMut};
use kafka_protocol::protocol::Encodable;
use proptest::prelude::*;

/// Written by `kafka-storage.sh format` of Kafka 4.3.1.
const RECORDED: &[u8] = include_bytes!("../../../../tests/data/bootstrap.checkpoint");

fn recorded_batches() -> Vec<RecordBatch> {
    RecordBatch::read_all(&Bytes::from_static(RECORDED)).unwrap()
}

fn features() -> Vec<MetadataRecord> {
    let level = |(name, level): (&str, i16)| MetadataRecord::FeatureLevel {
        name: name.into(),
        level,
    };
    DEFAULT_FEATURES.into_iter().map(level).collect()
}

#[test]
fn a_real_bootstrap_checkpoint_is_read() {
    let entries: Vec<LogEntry> = recorded_batches()
        .iter()
        .map(|batch| LogEntry::read(batch).unwrap())
        .collect();
    assert_eq!(
        entries,
        [
            LogEntry::SnapshotHeader {
                last_contained_log_timestamp: 0
            },
            LogEntry::Data(features()),
            LogEntry::SnapshotFooter,
        ]
    );
}

#[test]
fn a_real_bootstrap_checkpoint_is_written_byte_for_byte() {
    let recorded = recorded_batches();
    let at = |index: usize| recorded[index].max_timestamp();
    let written = [
        snapshot_header_batch(0, at(0), 0),
        metadata_batch(1, 0, at(1), &features()),
        snapshot_footer_batch(7, 0, at(2)),
    ];
    let bytes: Vec<u8> = written
        .iter()
        .flat_map(|batch| batch.bytes().to_vec())
        .collect();
    assert_eq!(bytes, RECORDED);
}

#[test]
fn a_bootstrap_checkpoint_of_one_instant_differs_in_time_only() {
    let bytes = bootstrap_checkpoint(&DEFAULT_FEATURES, 1_700_000_000_000);
    assert_eq!(bytes.len(), RECORDED.len());
    let batches = RecordBatch::read_all(&bytes).unwrap();
    for (ours, recorded) in batches.iter().zip(recorded_batches()) {
        assert_eq!(ours.verify_checksum(), Ok(()));
        assert_eq!(ours.base_offset(), recorded.base_offset());
        assert_eq!(ours.bytes()[61..], recorded.bytes()[61..]);
        assert_eq!(
            (ours.base_timestamp(), ours.max_timestamp()),
            (1_700_000_000_000, 1_700_000_000_000)
        );
    }
    assert_eq!(batches.len(), 3);
}

#[test]
fn a_leader_change_equals_the_one_of_the_crate() {
    let voters = |ids: &[i32]| {
        ids.iter()
            .map(|id| Voter::default().with_voter_id(*id))
            .collect()
    };
    let message = messages::LeaderChangeMessage::default()
        .with_leader_id(2.into())
        .with_voters(voters(&[1, 2, 3]))
        .with_granting_voters(voters(&[2, 3]));
    let mut expected = BytesMut::new();
    message.encode(&mut expected, 0).unwrap();
    let batch = leader_change_batch(41, 7, 1_700_000_000_000, 2, &[1, 2, 3], &[2, 3]);
    let record = batch.records().unwrap().remove(0);
    assert_eq!(record.value.as_deref(), Some(expected.as_ref()));
    assert_eq!(control_type(&record), Some(CONTROL_LEADER_CHANGE));
    assert_eq!((batch.base_offset(), batch.leader_epoch()), (41, 7));
    assert!(batch.is_control());
    assert_eq!(
        LogEntry::read(&batch).unwrap(),
        LogEntry::LeaderChange {
            leader: 2,
            voters: vec![1, 2, 3],
            granting_voters: vec![2, 3]
        }
    );
}

/// Laid out by hand from the schemas of `PartitionChangeRecord` and `PartitionRecord`.
#[test]
fn records_match_bytes_laid_out_by_hand() {
    let topic_id = Uuid::from_u128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10);
    let id: Vec<u8> = (1..=16).collect();
    let change = MetadataRecord::PartitionChange(PartitionChange {
        partition_id: 9,
        topic_id,
        isr: Some(vec![3]),
        leader: Some(-1),
        directories: Some(Vec::new()),
        eligible_leader_replicas: Some(vec![1]),
        ..PartitionChange::default()
    });
    let mut bytes = vec![1, 5, 2, 0, 0, 0, 9];
    bytes.extend(&id);
    bytes.extend([4, 0, 5, 2, 0, 0, 0, 3, 1, 4, 255, 255, 255, 255]);
    bytes.extend([6, 5, 2, 0, 0, 0, 1, 8, 1, 1]);
    assert_eq!(change.encode(), bytes);

    let partition = MetadataRecord::Partition(PartitionRecord {
        partition_id: 1,
        topic_id,
        replicas: vec![2],
        isr: vec![2],
        removing_replicas: Vec::new(),
        adding_replicas: Vec::new(),
        leader: 2,
        leader_recovery_state: 1,
        leader_epoch: 4,
        partition_epoch: 6,
        directories: vec![topic_id],
        eligible_leader_replicas: Vec::new(),
        last_known_elr: Vec::new(),
    });
    let mut bytes = vec![1, 3, 2, 0, 0, 0, 1];
    bytes.extend(&id);
    bytes.extend([2, 0, 0, 0, 2, 2, 0, 0, 0, 2, 1, 1]);
    bytes.extend([0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 6, 2]);
    bytes.extend(&id);
    bytes.extend([1, 0, 1, 1]);
    assert_eq!(partition.encode(), bytes);

    let change = MetadataRecord::BrokerRegistrationChange(BrokerRegistrationChange {
        broker_id: 2,
        broker_epoch: 258,
        fenced: Some(false),
        in_controlled_shutdown: Some(true),
        log_dirs: Vec::new(),
    });
    let bytes = [
        1, 17, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1, 2, 2, 0, 1, 255, 1, 1, 1,
    ];
    assert_eq!(change.encode(), bytes.as_slice());
}

#[test]
fn unknown_tagged_fields_are_skipped_and_unknown_versions_refused() {
    let read = |bytes: &[u8]| MetadataRecord::decode(&Bytes::copy_from_slice(bytes));
    assert_eq!(read(&[1, 20, 0, 0]), Ok(MetadataRecord::NoOp));
    assert_eq!(read(&[1, 20, 0, 1, 77, 2, 9, 9]), Ok(MetadataRecord::NoOp));
    for bad in [
        &[0u8, 20, 0, 0] as &[u8], // frame 0
        &[1, 20, 1, 0],            // version 1
        &[1, 99, 0, 0],            // no such record
        &[1, 20, 0],               // too short
        &[1, 20, 0, 0, 0],         // garbage behind it
        &[1, 12, 0, 0, 0, 0, 0],   // a null name
    ] {
        assert!(read(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn hostile_counts_end_with_the_bytes() {
    let mut out = Writer::default();
    out.unsigned(u64::from(u32::MAX));
    let bytes = out.finish();
    assert!(Reader::new(&bytes).i32s().is_err());
    assert!(Reader::new(&bytes).string().is_err());
}

fn ids() -> impl Strategy<Value = Vec<i32>> {
    prop::collection::vec(any::<i32>(), 0..4)
}

fn uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn uuids() -> impl Strategy<Value = Vec<Uuid>> {
    prop::collection::vec(uuid(), 0..3)
}

fn endpoints() -> impl Strategy<Value = Vec<Endpoint>> {
    let endpoint = (".{0,9}", ".{0,9}", any::<u16>(), any::<i16>()).prop_map(
        |(name, host, port, security_protocol)| Endpoint {
            name,
            host,
            port,
            security_protocol,
        },
    );
    prop::collection::vec(endpoint, 0..3)
}

fn supported() -> impl Strategy<Value = Vec<SupportedFeature>> {
    let feature = (".{0,9}", any::<i16>(), any::<i16>())
        .prop_map(|(name, min, max)| SupportedFeature { name, min, max });
    prop::collection::vec(feature, 0..3)
}

fn register_broker() -> impl Strategy<Value = MetadataRecord> {
    let numbers = (any::<i32>(), uuid(), any::<i64>());
    let rest = (
        prop::option::of(".{0,5}"),
        any::<bool>(),
        any::<bool>(),
        uuids(),
    );
    (numbers, endpoints(), supported(), rest).prop_map(|(numbers, endpoints, features, rest)| {
        MetadataRecord::RegisterBroker(RegisterBroker {
            broker_id: numbers.0,
            incarnation_id: numbers.1,
            broker_epoch: numbers.2,
            endpoints,
            features,
            rack: rest.0,
            fenced: rest.1,
            in_controlled_shutdown: rest.2,
            log_dirs: rest.3,
        })
    })
}

fn partition() -> impl Strategy<Value = MetadataRecord> {
    let numbers = (
        any::<i32>(),
        uuid(),
        any::<i32>(),
        0i8..2,
        any::<i32>(),
        any::<i32>(),
    );
    let sets = (ids(), ids(), ids(), ids(), uuids(), ids(), ids());
    (numbers, sets).prop_map(|(numbers, sets)| {
        MetadataRecord::Partition(PartitionRecord {
            partition_id: numbers.0,
            topic_id: numbers.1,
            leader: numbers.2,
            leader_recovery_state: numbers.3,
            leader_epoch: numbers.4,
            partition_epoch: numbers.5,
            replicas: sets.0,
            isr: sets.1,
            removing_replicas: sets.2,
            adding_replicas: sets.3,
            directories: sets.4,
            eligible_leader_replicas: sets.5,
            last_known_elr: sets.6,
        })
    })
}

fn partition_change() -> impl Strategy<Value = MetadataRecord> {
    let of_ids = || prop::option::of(ids());
    let sets = (of_ids(), of_ids(), of_ids(), of_ids(), of_ids(), of_ids());
    let rest = (
        prop::option::of(-1i32..9),
        prop::option::of(0i8..2),
        prop::option::of(uuids()),
    );
    (any::<i32>(), uuid(), sets, rest).prop_map(|(partition_id, topic_id, sets, rest)| {
        MetadataRecord::PartitionChange(PartitionChange {
            partition_id,
            topic_id,
            isr: sets.0,
            leader: rest.0,
            replicas: sets.1,
            removing_replicas: sets.2,
            adding_replicas: sets.3,
            leader_recovery_state: rest.1,
            directories: rest.2,
            eligible_leader_replicas: sets.4,
            last_known_elr: sets.5,
        })
    })
}

fn other() -> impl Strategy<Value = MetadataRecord> {
    use MetadataRecord as R;
    prop_oneof![
        (any::<i32>(), any::<i64>()).prop_map(|(broker_id, broker_epoch)| R::UnregisterBroker {
            broker_id,
            broker_epoch
        }),
        (".{0,200}", uuid()).prop_map(|(name, topic_id)| R::Topic { name, topic_id }),
        uuid().prop_map(|topic_id| R::RemoveTopic { topic_id }),
        (any::<i8>(), ".{0,9}", ".{0,9}", prop::option::of(".{0,9}")).prop_map(
            |(resource_type, resource_name, name, value)| R::Config {
                resource_type,
                resource_name,
                name,
                value
            }
        ),
        (".{0,9}", any::<i16>()).prop_map(|(name, level)| R::FeatureLevel { name, level }),
        (any::<i32>(), any::<i64>(), any::<i64>()).prop_map(
            |(broker_id, broker_epoch, next_producer_id)| R::ProducerIds {
                broker_id,
                broker_epoch,
                next_producer_id
            }
        ),
        (
            any::<i32>(),
            any::<i64>(),
            any::<Option<bool>>(),
            any::<Option<bool>>(),
            uuids()
        )
            .prop_map(
                |(broker_id, broker_epoch, fenced, in_controlled_shutdown, log_dirs)| {
                    R::BrokerRegistrationChange(BrokerRegistrationChange {
                        broker_id,
                        broker_epoch,
                        fenced,
                        in_controlled_shutdown,
                        log_dirs,
                    })
                }
            ),
        (any::<i32>(), uuid(), endpoints(), supported()).prop_map(
            |(controller_id, incarnation_id, endpoints, features)| {
                R::RegisterController(RegisterController {
                    controller_id,
                    incarnation_id,
                    endpoints,
                    features,
                })
            }
        ),
        Just(R::NoOp),
    ]
}

fn record() -> impl Strategy<Value = MetadataRecord> {
    prop_oneof![register_broker(), partition(), partition_change(), other()]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn records_read_back(records in prop::collection::vec(record(), 1..5)) {
        let batch = metadata_batch(17, 3, 1_700_000_000_000, &records);
        prop_assert_eq!(batch.last_offset(), 16 + records.len() as i64);
        prop_assert_eq!(LogEntry::read(&batch), Ok(LogEntry::Data(records)));
    }

    #[test]
    fn cut_and_mutated_records_never_panic(
        record in record(), cut in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut bytes = record.encode().to_vec();
        let at = cut.index(bytes.len());
        prop_assert!(MetadataRecord::decode(&Bytes::copy_from_slice(&bytes[..at])).is_err());
        bytes[at] = byte;
        let _ = MetadataRecord::decode(&bytes.into());
    }
}
