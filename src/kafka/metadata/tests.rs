use super::*;
use crate::kafka::config::TopicConfig;
use crate::kafka::protocol::metadata_record::{
    BrokerRegistrationChange, Endpoint, MetadataRecord, PartitionChange, PartitionRecord,
    RegisterBroker, RegisterController,
};
use uuid::Uuid;

const TOPIC: Uuid = Uuid::from_u128(0x11);

fn endpoint(port: u16) -> Endpoint {
    Endpoint {
        name: "PLAINTEXT".into(),
        host: "localhost".into(),
        port,
        security_protocol: 0,
    }
}

fn broker(id: i32, epoch: i64) -> MetadataRecord {
    MetadataRecord::RegisterBroker(RegisterBroker {
        broker_id: id,
        incarnation_id: Uuid::from_u128(id as u128),
        broker_epoch: epoch,
        endpoints: vec![endpoint(9092)],
        features: Vec::new(),
        rack: Some("a".into()),
        fenced: true,
        in_controlled_shutdown: false,
        log_dirs: vec![Uuid::from_u128(77)],
    })
}

fn change_broker(id: i32, epoch: i64, fenced: Option<bool>) -> MetadataRecord {
    MetadataRecord::BrokerRegistrationChange(BrokerRegistrationChange {
        broker_id: id,
        broker_epoch: epoch,
        fenced,
        in_controlled_shutdown: None,
        log_dirs: Vec::new(),
    })
}

fn partition(number: i32) -> MetadataRecord {
    MetadataRecord::Partition(PartitionRecord {
        partition_id: number,
        topic_id: TOPIC,
        replicas: vec![1, 2],
        isr: vec![1, 2],
        removing_replicas: Vec::new(),
        adding_replicas: Vec::new(),
        leader: 1,
        leader_recovery_state: 0,
        leader_epoch: 0,
        partition_epoch: 0,
        directories: vec![Uuid::from_u128(77); 2],
        eligible_leader_replicas: Vec::new(),
        last_known_elr: Vec::new(),
    })
}

fn config(name: &str, value: Option<&str>) -> MetadataRecord {
    MetadataRecord::Config {
        resource_type: TOPIC_RESOURCE,
        resource_name: "log".into(),
        name: name.into(),
        value: value.map(Into::into),
    }
}

fn topic() -> MetadataRecord {
    MetadataRecord::Topic {
        name: "log".into(),
        topic_id: TOPIC,
    }
}

fn change(number: i32) -> PartitionChange {
    PartitionChange {
        partition_id: number,
        topic_id: TOPIC,
        ..PartitionChange::default()
    }
}

fn replay(records: &[MetadataRecord]) -> (MetadataImage, MetadataDelta) {
    let (mut image, mut delta) = (MetadataImage::empty(), MetadataDelta::default());
    for (offset, record) in records.iter().enumerate() {
        image.replay(record, offset as i64, 3, &mut delta).unwrap();
    }
    (image, delta)
}

fn everything() -> Vec<MetadataRecord> {
    vec![
        MetadataRecord::FeatureLevel {
            name: "metadata.version".into(),
            level: 29,
        },
        MetadataRecord::RegisterController(RegisterController {
            controller_id: 9,
            incarnation_id: Uuid::from_u128(9),
            endpoints: vec![endpoint(9093)],
            features: Vec::new(),
        }),
        broker(2, 2),
        broker(1, 3),
        change_broker(1, 3, Some(false)),
        topic(),
        partition(1),
        partition(0),
        config("retention.ms", Some("5000")),
        config("internal.segment.bytes", Some("100")),
        config("segment.bytes", Some("2000000")),
        MetadataRecord::ProducerIds {
            broker_id: 1,
            broker_epoch: 3,
            next_producer_id: 1000,
        },
        MetadataRecord::NoOp,
    ]
}

#[test]
fn replay_tells_what_changed_once_and_in_order() {
    let (image, delta) = replay(&everything());
    assert_eq!((image.offset, image.epoch), (12, 3));
    assert_eq!(delta.brokers, [1, 2]);
    assert_eq!(delta.partitions, [(TOPIC, 0), (TOPIC, 1)]);
    assert_eq!(delta.topic_configs, ["log"]);
    assert!(delta.removed_topics.is_empty());
    assert!(image.is_active(1) && !image.is_active(2) && !image.is_active(7));
    assert_eq!(image.next_producer_id, 1000);
    assert_eq!(image.topic("log").map(|t| t.id), Some(TOPIC));
}

#[test]
fn a_broker_in_controlled_shutdown_is_unfenced_but_not_active() {
    let (mut image, mut delta) = replay(&everything());
    let record = MetadataRecord::BrokerRegistrationChange(BrokerRegistrationChange {
        broker_id: 1,
        broker_epoch: 3,
        fenced: None,
        in_controlled_shutdown: Some(true),
        log_dirs: Vec::new(),
    });
    image.replay(&record, 13, 3, &mut delta).unwrap();
    assert!(image.is_unfenced(1) && !image.is_active(1));
}

#[test]
fn a_change_bumps_the_leader_epoch_only_with_a_leader_field() {
    let (mut image, mut delta) = replay(&everything());
    let mut shrink = change(0);
    shrink.isr = Some(vec![1]);
    let mut same_leader = change(0);
    same_leader.leader = Some(1);
    let mut unclean = change(0);
    (unclean.leader, unclean.leader_recovery_state) = (Some(2), Some(1));
    let expected = [(0, 1, 1, false), (1, 2, 1, false), (2, 3, 2, true)];
    for (record, expected) in [shrink, same_leader, unclean].into_iter().zip(expected) {
        let record = MetadataRecord::PartitionChange(record);
        image.replay(&record, 13, 3, &mut delta).unwrap();
        let p = image.partition(TOPIC, 0).unwrap();
        let seen = (p.leader_epoch, p.partition_epoch, p.leader, p.recovering);
        assert_eq!(seen, expected);
        assert_eq!((&p.isr[..], &p.replicas[..]), (&[1][..], &[1, 2][..]));
    }
}

#[test]
fn a_snapshot_replays_to_the_same_image() {
    let (image, _) = replay(&everything());
    let (mut copy, mut delta) = (MetadataImage::empty(), MetadataDelta::default());
    for record in image.to_records() {
        copy.replay(&record, image.offset, image.epoch, &mut delta)
            .unwrap();
    }
    assert_eq!(copy, image);
    assert_eq!(copy.digest(), image.digest());
}

#[test]
fn every_record_changes_the_digest() {
    let records = everything();
    let (whole, _) = replay(&records);
    for left_out in 0..records.len() {
        let (mut image, mut delta) = (MetadataImage::empty(), MetadataDelta::default());
        for (offset, record) in records.iter().enumerate() {
            // What refers to the one left out is left out with it.
            if offset != left_out {
                let _ = image.replay(record, offset as i64, 3, &mut delta);
            }
        }
        (image.offset, image.epoch) = (whole.offset, whole.epoch);
        let no_op = records[left_out] == MetadataRecord::NoOp;
        assert_eq!(image.digest() == whole.digest(), no_op, "{left_out}");
        assert_eq!(image == whole, no_op);
    }
}

#[test]
fn records_of_unknown_things_are_errors_and_change_nothing() {
    let (image, _) = replay(&everything());
    let stranger = Uuid::from_u128(99);
    let mut of_stranger = change(0);
    of_stranger.topic_id = stranger;
    let senseless = [
        MetadataRecord::PartitionChange(of_stranger),
        MetadataRecord::PartitionChange(change(2)),
        MetadataRecord::RemoveTopic { topic_id: stranger },
        topic(),
        change_broker(7, 3, Some(true)),
        change_broker(1, 2, Some(true)),
        MetadataRecord::UnregisterBroker {
            broker_id: 1,
            broker_epoch: 4,
        },
    ];
    for record in senseless {
        let (mut copy, mut delta) = (image.clone(), MetadataDelta::default());
        assert!(
            copy.replay(&record, 13, 3, &mut delta).is_err(),
            "{record:?}"
        );
        assert_eq!(copy, image);
        assert!(delta.is_empty());
    }
}

#[test]
fn a_removed_topic_takes_its_configs_along() {
    let (mut image, mut delta) = replay(&everything());
    let before = image.clone();
    let record = MetadataRecord::RemoveTopic { topic_id: TOPIC };
    image.replay(&record, 13, 3, &mut delta).unwrap();
    assert_eq!(delta.removed_topics, [(TOPIC, "log".into(), vec![0, 1])]);
    assert!(delta.partitions.is_empty() && delta.topic_configs.is_empty());
    assert!(image.topic("log").is_none() && image.configs.is_empty());
    assert_eq!(before.topic("log").map(|t| t.partitions.len()), Some(2));
}

#[test]
fn topic_config_lies_over_the_defaults() {
    let (mut image, mut delta) = replay(&everything());
    let defaults = TopicConfig {
        max_message_bytes: 7,
        ..TopicConfig::default()
    };
    let config_of = |image: &MetadataImage| image.topic_config("log", &defaults);
    assert_eq!(config_of(&image).retention_ms, 5000);
    assert_eq!(config_of(&image).segment_bytes, 100);
    assert_eq!(config_of(&image).max_message_bytes, 7);
    assert_eq!(image.topic_config("other", &defaults), defaults);
    for name in ["retention.ms", "internal.segment.bytes", "segment.bytes"] {
        let record = config(name, None);
        image.replay(&record, 13, 3, &mut delta).unwrap();
    }
    assert_eq!(config_of(&image), defaults);
    assert!(image.configs.is_empty());
}
