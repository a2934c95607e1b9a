//! Partitions and their replicas.

use super::{Life, life, short};
use crate::kafka::config::TopicConfig;
use crate::kafka::metadata::PartitionImage;
use crate::kafka::storage::{
    Log, LogOffsets, REPLICATION_OFFSET_CHECKPOINT, parse_partition_folder, read_offset_checkpoint,
};
use crate::kafka::vocabulary::Tp;
use crate::lab::cluster::{ReplicaView, View};
use crate::sim::NodeId;

/// More epochs than this are not kept of a log: the window shows the newest.
const EPOCHS_MAX: usize = 64;

/// What the controller's record says of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It leads.
    Leader,
    /// It is in sync.
    InSync,
    /// It is not in sync.
    Out,
}

/// A replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaLook {
    /// Its machine.
    pub node: Option<NodeId>,
    /// The machine's short name.
    pub name: String,
    /// What the controller's record says.
    pub standing: Standing,
    /// Whether the machine works.
    pub life: Life,
    /// Its offsets: its own, or what its disk says while it is down. None: it has no log.
    pub offsets: Option<LogOffsets>,
    /// Read from the disk of a machine that is down; the high watermark is the one that was
    /// written down last.
    pub from_disk: bool,
    /// Leader epochs and where they start, newest last.
    pub epochs: Vec<(i32, i64)>,
    /// It believes that it leads, in this epoch.
    pub leads_in: Option<i32>,
    /// The epoch that it believes in.
    pub epoch: Option<i32>,
    /// What the leader knows of its log end; none of the leader itself, or before its first fetch.
    pub known: Option<i64>,
}

impl ReplicaLook {
    /// The leader epoch of the record at an offset.
    pub fn epoch_at(&self, offset: i64) -> Option<i32> {
        let offsets = self.offsets?;
        if offset < offsets.log_start || offset >= offsets.log_end {
            return None;
        }
        let before = self.epochs.iter().rev().find(|(_, start)| *start <= offset);
        before.map(|(epoch, _)| *epoch)
    }
}

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionLook {
    /// The partition.
    pub tp: Tp,
    /// Its name.
    pub name: String,
    /// The leader by the controller's record.
    pub leader: Option<String>,
    /// The leader epoch there.
    pub epoch: i32,
    /// The partition epoch there.
    pub partition_epoch: i32,
    /// In-sync replicas there.
    pub isr: Vec<String>,
    /// Eligible leader replicas there.
    pub elr: Vec<String>,
    /// `min.insync.replicas`, as the leader applies it, or else a replica that is up.
    pub min_isr: Option<usize>,
    /// The leader's own offsets, if it is up and leads.
    pub offsets: Option<LogOffsets>,
    /// Its replicas, in the order of the replica list.
    pub replicas: Vec<ReplicaLook>,
}

impl PartitionLook {
    /// How bad it is, worst first: 0 no leader, 1 below min ISR, 2 under-replicated, 3 well.
    pub fn health(&self) -> u8 {
        let in_sync = self.isr.len();
        match () {
            () if self.leader.is_none() || self.offsets.is_none() => 0,
            () if self.min_isr.is_some_and(|min| in_sync < min) => 1,
            () if in_sync < self.replicas.len() => 2,
            () => 3,
        }
    }
}

pub(super) fn partitions(view: View<'_>) -> Vec<PartitionLook> {
    let Some(truth) = view.truth() else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for (name, id) in truth.topic_ids.iter() {
        let Some(topic) = truth.topics.get(id) else {
            continue;
        };
        for (number, record) in &topic.partitions {
            let tp = Tp::new(*id, *number);
            all.push(partition(view, tp, format!("{name}-{number}"), record));
        }
    }
    all
}

fn partition(view: View<'_>, tp: Tp, name: String, record: &PartitionImage) -> PartitionLook {
    let names = |ids: &[i32]| ids.iter().map(|id| short(view, *id)).collect();
    let leader = view.replica_of(record.leader, tp);
    let leader = leader.filter(|leader| leader.partition.is_leader());
    let replicas = record.replicas.iter();
    let replicas = replicas.map(|id| replica(view, tp, &name, record, leader, *id));
    PartitionLook {
        tp,
        leader: (record.leader >= 0).then(|| short(view, record.leader)),
        epoch: record.leader_epoch,
        partition_epoch: record.partition_epoch,
        isr: names(&record.isr),
        elr: names(&record.elr),
        min_isr: leader
            .or_else(|| view.replicas(tp).next())
            .map(|replica| replica.partition.effective_min_isr()),
        offsets: leader.map(|leader| leader.offsets()),
        replicas: replicas.collect(),
        name,
    }
}

fn replica(
    view: View<'_>,
    tp: Tp,
    folder: &str,
    record: &PartitionImage,
    leader: Option<ReplicaView<'_>>,
    id: i32,
) -> ReplicaLook {
    let node = view.names.by_kafka_id(id);
    let own = view.replica_of(id, tp);
    let standing = match () {
        () if record.leader == id => Standing::Leader,
        () if record.isr.contains(&id) => Standing::InSync,
        () => Standing::Out,
    };
    let on_disk = match own {
        None => node.and_then(|node| on_disk(view, node, folder)),
        Some(_) => None,
    };
    let from_disk = on_disk.is_some();
    let log = own.map(|own| own.partition.log()).or(on_disk.as_ref());
    let known = leader
        .filter(|leader| leader.broker != id)
        .and_then(|leader| leader.partition.leader_state()?.remote(id))
        .map(|remote| remote.log_end)
        .filter(|end| *end >= 0);
    ReplicaLook {
        node,
        name: short(view, id),
        standing,
        life: node.map_or(Life::Down, |node| life(view, node)),
        offsets: log.map(Log::offsets),
        from_disk,
        epochs: log.map(newest_epochs).unwrap_or_default(),
        leads_in: own
            .filter(|own| own.partition.is_leader())
            .map(|own| own.partition.leader_epoch()),
        epoch: own.map(|own| own.partition.leader_epoch()),
        known,
    }
}

fn newest_epochs(log: &Log) -> Vec<(i32, i64)> {
    let epochs = log.epochs();
    let from = epochs.len().saturating_sub(EPOCHS_MAX);
    epochs[from..].to_vec()
}

/// What the files of a machine that is down say of a partition, as a start would find them.
fn on_disk(view: View<'_>, node: NodeId, folder: &str) -> Option<Log> {
    if view.broker(node).is_some() {
        return None;
    }
    let mut disk = view.world.disk(node)?.clone();
    if disk.list(&format!("{folder}/")).is_empty() {
        return None;
    }
    let tp = parse_partition_folder(folder)?;
    let written = read_offset_checkpoint(&disk, REPLICATION_OFFSET_CHECKPOINT).unwrap_or_default();
    let high_watermark = written.get(&(tp.topic, tp.partition)).copied();
    let config = TopicConfig::default();
    let log = Log::open(
        &mut disk,
        folder,
        config,
        true,
        0,
        0,
        high_watermark.unwrap_or(0),
        0,
    );
    log.ok().map(|(log, _)| log)
}
