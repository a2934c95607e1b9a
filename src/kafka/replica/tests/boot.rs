//! Restarts: logs, checkpoints, strays.

use super::cluster::{Cluster, NAME, TOPIC};
use super::controller::one_partition;
use crate::kafka::config::BrokerConfig;
use crate::kafka::metadata::{MetadataDelta, MetadataImage};
use crate::kafka::network_client::Hosts;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::replica::ReplicaManager;
use crate::kafka::storage::{REPLICATION_OFFSET_CHECKPOINT, read_offset_checkpoint};
use crate::kafka::vocabulary::NoteKind;
use crate::sim::DiskError;
use std::sync::Arc;
use uuid::Uuid;

fn written(clean: bool, advance_ms: u64) -> Cluster {
    let mut cluster = Cluster::replicated(2);
    for value in ["a", "b"] {
        cluster.produce(1, 1, &[value]);
    }
    cluster.run();
    cluster.advance(advance_ms);
    cluster.silent = vec![2];
    cluster.wire.clear();
    cluster.restart(1, clean);
    cluster
}

#[test]
fn a_clean_stop_keeps_log_and_high_watermark() {
    let cluster = written(true, 600);
    assert_eq!(cluster.offsets(1), (2, 2));
    assert!(cluster.notes(1, NoteKind::LogRecovered).is_empty());
}

/// A kill keeps what was written, but the high watermark only as of the last checkpoint.
#[test]
fn a_kill_keeps_the_log_and_the_checkpointed_high_watermark() {
    let cluster = written(false, 600);
    assert_eq!(cluster.offsets(1), (0, 2));
    assert_eq!(cluster.notes(1, NoteKind::LogRecovered).len(), 1);
    let cluster = written(false, 5_000);
    assert_eq!(cluster.offsets(1), (2, 2), "written down after 5 s");
}

#[test]
fn high_watermarks_are_written_down_every_five_seconds() {
    let mut cluster = Cluster::replicated(1);
    cluster.produce(1, 1, &["a"]);
    let read = |cluster: &Cluster| {
        let disk = &cluster.nodes[&1].stand.disk;
        let entries = read_offset_checkpoint(disk, REPLICATION_OFFSET_CHECKPOINT);
        entries
            .expect("readable")
            .get(&(NAME.to_owned(), 0))
            .copied()
    };
    cluster.advance(4_999);
    assert_eq!(read(&cluster), None);
    cluster.advance(1);
    assert_eq!(read(&cluster), Some(1));
    cluster.produce(1, 1, &["b"]);
    cluster.advance(5_000);
    assert_eq!(read(&cluster), Some(2));
    cluster.advance(60_000);
    let disk = &cluster.nodes[&1].stand.disk;
    assert!(disk.open("recovery-point-offset-checkpoint").is_some());
    assert!(disk.open("log-start-offset-checkpoint").is_some());
}

#[test]
fn a_restarted_leader_leads_on_and_commits_again() {
    let mut cluster = written(false, 600);
    cluster.silent.clear();
    cluster.elect(1, &[1, 2]);
    cluster.publish();
    cluster.run();
    assert_eq!(cluster.offsets(1), (2, 2));
    cluster.produce(1, -1, &["c"]);
    cluster.run();
    assert_eq!(cluster.produced(1).expect("answered").base_offset, 2);
    assert_eq!(cluster.log(1), cluster.log(2));
}

fn booted_again(cluster: &mut Cluster) -> ReplicaManager {
    let stand = &mut cluster.node_mut(1).stand;
    let (config, hosts) = (BrokerConfig::default(), Arc::new(Hosts::default()));
    ReplicaManager::boot(1, config, hosts, true, &mut stand.ctx()).expect("boot")
}

#[test]
fn strays_go_when_the_owner_says_that_metadata_is_complete() {
    let mut cluster = Cluster::replicated(1);
    let mut manager = booted_again(&mut cluster);
    let stand = &mut cluster.node_mut(1).stand;
    let empty = MetadataImage::empty();
    manager
        .apply_metadata(&empty, &MetadataDelta::default(), &mut stand.ctx())
        .expect("apply");
    assert!(!stand.disk.list("orders-0/").is_empty());
    manager.remove_strays(&mut stand.ctx());
    assert!(stand.disk.list("orders-0/").is_empty());
}

#[test]
fn a_log_of_an_older_topic_of_that_name_is_not_taken_over() {
    let mut cluster = Cluster::replicated(1);
    cluster.produce(1, 1, &["old"]);
    let mut manager = booted_again(&mut cluster);
    let state = cluster.state().clone();
    let newer = Uuid::from_u128(0xc0 << 64);
    Arc::make_mut(&mut cluster.image.topics).clear();
    cluster.add_topic(newer, NAME, state);
    let image = cluster.image.clone();
    let delta = MetadataDelta {
        partitions: vec![(newer, 0)],
        ..Default::default()
    };
    let stand = &mut cluster.node_mut(1).stand;
    manager
        .apply_metadata(&image, &delta, &mut stand.ctx())
        .expect("apply");
    assert!(manager.partition(TOPIC, 0).is_none());
    let log = manager.partition(newer, 0).expect("hosted").log();
    assert_eq!((log.topic_id(), log.offsets().log_end), (Some(newer), 0));
}

/// A manager is a value: what one copy does the other does not see.
#[test]
fn copies_are_independent() {
    let mut cluster = Cluster::replicated(1);
    cluster.produce(1, 1, &["a"]);
    let before = cluster.clone();
    cluster.produce(1, 1, &["b"]);
    cluster.publish_to(1, &one_partition());
    assert_eq!(cluster.offsets(1), (2, 2));
    assert_eq!(before.offsets(1), (1, 1));
    assert_eq!(before.log(1).len(), 1);
}

#[test]
fn a_full_disk_takes_the_log_directory_offline() {
    let mut cluster = Cluster::replicated(2);
    cluster.node_mut(1).stand.disk.set_capacity(Some(0));
    cluster.produce(1, 1, &["no room"]);
    let answer = cluster.produced(1).expect("at once");
    assert_eq!(answer.error_code, ErrorCode::KAFKA_STORAGE_ERROR.0);
    assert_eq!(cluster.nodes[&1].manager.failed(), Some(DiskError::Full));

    let mut cluster = Cluster::replicated(2);
    cluster.node_mut(2).stand.disk.set_capacity(Some(0));
    cluster.produce(1, 1, &["no room there"]);
    cluster.run();
    assert_eq!(cluster.nodes[&2].manager.failed(), Some(DiskError::Full));
    assert_eq!(cluster.nodes[&1].manager.failed(), None);
    assert_eq!(cluster.offsets(1), (0, 1));
}

#[test]
fn a_broker_that_leaves_stops_following_what_it_is_not_in_sync_with() {
    let mut cluster = Cluster::replicated(2);
    cluster.with(2, |manager, _| manager.begin_controlled_shutdown());
    cluster.edit(|state| state.isr = vec![1]);
    cluster.publish();
    assert!(cluster.nodes[&2].manager.fetch_state(TOPIC, 0).is_none());
}

#[test]
fn retention_runs_thirty_seconds_after_boot_and_every_five_minutes() {
    let mut config = BrokerConfig::default();
    config.topic_defaults.segment_bytes = 100;
    config.topic_defaults.retention_bytes = 150;
    let mut cluster = Cluster::replicated_with(1, config);
    for value in ["a", "b", "c", "d"] {
        cluster.produce(1, 1, &[value]);
    }
    assert_eq!(cluster.notes(1, NoteKind::SegmentRolled).len(), 3);
    cluster.advance(29_999);
    assert!(cluster.notes(1, NoteKind::SegmentDeleted).is_empty());
    cluster.advance(1);
    let gone = cluster.notes(1, NoteKind::SegmentDeleted).len();
    assert!(gone > 0);
    assert_eq!(cluster.notes(1, NoteKind::LogStartAdvanced).len(), 1);
    let files = |cluster: &Cluster| cluster.nodes[&1].stand.disk.list("orders-0/").len();
    let before = files(&cluster);
    cluster.advance(60_001);
    assert!(files(&cluster) < before, "file.delete.delay.ms is over");
}
