//! What committed records mean, as notes: the active controller tells of them at their commit.

use crate::kafka::metadata::{MetadataDelta, MetadataImage, PartitionImage};
use crate::kafka::protocol::metadata_record::{BrokerRegistrationChange, MetadataRecord};
use crate::kafka::vocabulary::{NodeId, NodeSet, Note, Tp};
use uuid::Uuid;

/// The notes of `records`, committed in this order upon the state `before`. Records that make no
/// sense there tell nothing.
pub fn notes_for(records: &[MetadataRecord], before: &MetadataImage) -> Vec<Note> {
    let mut image = before.clone();
    let mut delta = MetadataDelta::default();
    let mut notes = Vec::new();
    for (place, record) in records.iter().enumerate() {
        let rest = records.get(place + 1..).unwrap_or_default();
        push_notes(record, rest, &image, &mut notes);
        let (offset, epoch) = (image.offset + 1, image.epoch);
        if image.replay(record, offset, epoch, &mut delta).is_err() {
            break;
        }
    }
    notes
}

fn push_notes(
    record: &MetadataRecord,
    rest: &[MetadataRecord],
    before: &MetadataImage,
    notes: &mut Vec<Note>,
) {
    match record {
        MetadataRecord::RegisterBroker(broker) => notes.push(Note::BrokerRegistered {
            broker: NodeId(broker.broker_id),
            broker_epoch: broker.broker_epoch,
        }),
        MetadataRecord::BrokerRegistrationChange(change) => push_broker(change, notes),
        MetadataRecord::Topic { topic_id, .. } => notes.push(Note::TopicCreated {
            topic: (*topic_id).into(),
            partitions: count_partitions(rest, *topic_id),
        }),
        MetadataRecord::RemoveTopic { topic_id } => notes.push(Note::TopicDeleted {
            topic: (*topic_id).into(),
        }),
        MetadataRecord::Partition(record) => {
            let was = before.partition(record.topic_id, record.partition_id);
            let partition = Tp::new(record.topic_id, record.partition_id);
            let after = PartitionImage::from(record);
            push_partition(partition, was.map(|was| &**was), &after, notes);
        }
        MetadataRecord::PartitionChange(change) => {
            if let Some(was) = before.partition(change.topic_id, change.partition_id) {
                let partition = Tp::new(change.topic_id, change.partition_id);
                push_partition(partition, Some(was), &was.merge(change), notes);
            }
        }
        MetadataRecord::ProducerIds { broker_id, .. } => notes.push(Note::ProducerIdsAllocated {
            broker: NodeId(*broker_id),
            first: before.next_producer_id,
        }),
        MetadataRecord::UnregisterBroker { .. }
        | MetadataRecord::RegisterController(_)
        | MetadataRecord::Config { .. }
        | MetadataRecord::FeatureLevel { .. }
        | MetadataRecord::NoOp => {}
    }
}

fn push_broker(change: &BrokerRegistrationChange, notes: &mut Vec<Note>) {
    let (broker, broker_epoch) = (NodeId(change.broker_id), change.broker_epoch);
    match change.fenced {
        Some(true) => notes.push(Note::BrokerFenced {
            broker,
            broker_epoch,
        }),
        Some(false) => notes.push(Note::BrokerUnfenced {
            broker,
            broker_epoch,
        }),
        None => {}
    }
    if change.in_controlled_shutdown == Some(true) {
        notes.push(Note::ControlledShutdownBegan {
            broker,
            broker_epoch,
        });
    }
}

fn count_partitions(records: &[MetadataRecord], topic: Uuid) -> i32 {
    let of_topic = records.iter().filter(
        |record| matches!(record, MetadataRecord::Partition(partition) if partition.topic_id == topic),
    );
    of_topic.count() as i32
}

fn push_partition(
    partition: Tp,
    before: Option<&PartitionImage>,
    after: &PartitionImage,
    notes: &mut Vec<Note>,
) {
    let leader = after.leader;
    let elected = |b: &PartitionImage| (b.leader, b.leader_epoch) != (leader, after.leader_epoch);
    if before.is_none_or(elected) {
        let outsider = |b: &PartitionImage| !b.isr.contains(&leader) && !b.elr.contains(&leader);
        notes.push(Note::LeaderElected {
            partition,
            leader: NodeId(leader),
            epoch: after.leader_epoch,
            unclean: leader >= 0 && before.is_some_and(outsider),
        });
    }
    if before.is_none_or(|before| before.isr != after.isr) {
        notes.push(Note::IsrChanged {
            partition,
            isr: NodeSet::of(&after.isr),
            partition_epoch: after.partition_epoch,
        });
    }
    let elr_before = before.map_or(&[][..], |before| &before.elr);
    if elr_before != after.elr {
        notes.push(Note::ElrChanged {
            partition,
            elr: NodeSet::of(&after.elr),
        });
    }
}
