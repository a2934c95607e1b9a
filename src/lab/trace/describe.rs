//! The cluster at one moment in the shape of `kafka-topics.sh --describe` and of
//! `kafka-metadata-quorum.sh describe`.
//!
//! Topics come from the newest committed metadata that any server has, in the order of their
//! names; `Configs` lists what was set on the topic. The quorum is what its leader believes.

use crate::kafka::metadata::{PartitionImage, TOPIC_RESOURCE, TopicImage};
use crate::kafka::raft::{RaftNode, ReplicaView};
use crate::kafka::storage::uuid_to_text;
use crate::lab::cluster::{CLUSTER_ID, View};
use crate::sim::NodeId;
use std::fmt::Write;

/// `kafka-topics.sh --describe`: a line a topic, a line a partition.
pub fn topics(view: View<'_>) -> String {
    let mut text = String::new();
    let Some(truth) = view.truth() else {
        return text;
    };
    for id in truth.topic_ids.values() {
        let Some(topic) = truth.topics.get(id) else {
            continue;
        };
        let configs = truth.configs.get(&(TOPIC_RESOURCE, topic.name.clone()));
        let configs = configs.into_iter().flat_map(|configs| configs.iter());
        let configs: Vec<String> = configs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let first = topic.partitions.values().next();
        let factor = first.map_or(0, |p| {
            p.replicas.len() - p.adding.len().min(p.replicas.len())
        });
        let _ = writeln!(
            text,
            "Topic: {}\tTopicId: {}\tPartitionCount: {}\tReplicationFactor: {factor}\tConfigs: {}",
            topic.name,
            uuid_to_text(topic.id),
            topic.partitions.len(),
            configs.join(",")
        );
        for (number, partition) in &topic.partitions {
            text.push_str(&partition_line(topic, *number, partition));
        }
    }
    text
}

fn partition_line(topic: &TopicImage, number: i32, partition: &PartitionImage) -> String {
    let ids = |ids: &[i32]| {
        let ids: Vec<String> = ids.iter().map(i32::to_string).collect();
        ids.join(",")
    };
    let leader = match partition.leader {
        id if id < 0 => "none".to_owned(),
        id => id.to_string(),
    };
    format!(
        "\tTopic: {}\tPartition: {number}\tLeader: {leader}\tReplicas: {}\tIsr: {}\tElr: {}\t\
         LastKnownElr: {}\n",
        topic.name,
        ids(&partition.replicas),
        ids(&partition.isr),
        ids(&partition.elr),
        ids(&partition.last_known_elr)
    )
}

/// What the leader of the quorum knows.
struct Quorum<'a> {
    leader: ReplicaView,
    epoch: i32,
    raft: &'a RaftNode,
    voters: Vec<ReplicaView>,
    observers: Vec<ReplicaView>,
}

impl<'a> Quorum<'a> {
    /// None while nobody leads.
    fn of(view: View<'a>) -> Option<Self> {
        let leads = view
            .servers()
            .filter(|(_, server)| server.raft().is_leader());
        let (node, server) = leads.max_by_key(|(_, server)| server.raft().leader().1)?;
        let raft = server.raft();
        let (voters, observers) = raft.replicas(now_ms(view, node))?;
        let (leader, epoch) = raft.leader();
        let leader = *voters.iter().find(|voter| Some(voter.id) == leader)?;
        Some(Quorum {
            leader,
            epoch,
            raft,
            voters,
            observers,
        })
    }

    fn rows(&self) -> Vec<[String; 7]> {
        let row = |replica: &ReplicaView, status: &str| {
            [
                replica.id.to_string(),
                uuid_to_text(replica.directory),
                replica.log_end.to_string(),
                (self.leader.log_end - replica.log_end).to_string(),
                replica.last_fetch_ms.to_string(),
                replica.last_caught_up_ms.to_string(),
                status.to_owned(),
            ]
        };
        let followers = self
            .voters
            .iter()
            .filter(|voter| voter.id != self.leader.id);
        let mut rows = vec![row(&self.leader, "Leader")];
        rows.extend(followers.map(|voter| row(voter, "Follower")));
        rows.extend(
            self.observers
                .iter()
                .map(|observer| row(observer, "Observer")),
        );
        rows
    }

    /// Of the voter that is farthest behind: offsets, and milliseconds (-1 unknown).
    fn max_follower_lag(&self) -> (i64, i64) {
        let last = self.voters.iter().min_by_key(|voter| voter.log_end);
        let last = last.copied().unwrap_or(self.leader);
        let times = (self.leader.last_caught_up_ms, last.last_caught_up_ms);
        let ms = match times {
            _ if last.id == self.leader.id => 0,
            (leader, last) if leader >= 0 && last >= 0 => leader - last,
            _ => -1,
        };
        (self.leader.log_end - last.log_end, ms)
    }

    fn nodes(&self, replicas: &[ReplicaView]) -> String {
        let nodes: Vec<String> = replicas.iter().map(|replica| self.node(replica)).collect();
        format!("[{}]", nodes.join(", "))
    }

    fn node(&self, replica: &ReplicaView) -> String {
        let directory = match replica.directory.is_nil() {
            true => "null".to_owned(),
            false => format!("\"{}\"", uuid_to_text(replica.directory)),
        };
        let endpoint = self.raft.voter_endpoint(replica.id);
        let endpoints = endpoint.map_or(String::new(), |at| format!(", \"endpoints\": [\"{at}\"]"));
        format!(
            "{{\"id\": {}, \"directoryId\": {directory}{endpoints}}}",
            replica.id
        )
    }
}

fn now_ms(view: View<'_>, node: NodeId) -> i64 {
    let clock = view.world.clock(node);
    clock.map_or(0, |clock| clock.wall_ms(view.world.now()))
}

/// `kafka-metadata-quorum.sh describe --status`; none while nobody leads the quorum.
pub fn quorum_status(view: View<'_>) -> Option<String> {
    let quorum = Quorum::of(view)?;
    let (lag, lag_ms) = quorum.max_follower_lag();
    Some(format!(
        "ClusterId:              {CLUSTER_ID}\n\
         LeaderId:               {}\n\
         LeaderEpoch:            {}\n\
         HighWatermark:          {}\n\
         MaxFollowerLag:         {lag}\n\
         MaxFollowerLagTimeMs:   {lag_ms}\n\
         CurrentVoters:          {}\n\
         CurrentObservers:       {}\n",
        quorum.leader.id,
        quorum.epoch,
        quorum.raft.high_watermark().unwrap_or(-1),
        quorum.nodes(&quorum.voters),
        quorum.nodes(&quorum.observers)
    ))
}

const COLUMNS: [&str; 7] = [
    "NodeId",
    "DirectoryId",
    "LogEndOffset",
    "Lag",
    "LastFetchTimestamp",
    "LastCaughtUpTimestamp",
    "Status",
];

/// `kafka-metadata-quorum.sh describe --replication`; none while nobody leads the quorum.
pub fn quorum_replication(view: View<'_>) -> Option<String> {
    let rows = Quorum::of(view)?.rows();
    let head = COLUMNS.map(str::to_owned);
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    let widths: Vec<usize> = (0..COLUMNS.len())
        .map(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in &rows {
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(text, "{cell:<width$}\t");
        }
        text.push('\n');
    }
    Some(text)
}
