//! DescribeQuorum: what the leader knows of voters and observers (KIP-595, KIP-836).

use super::RaftNode;
use super::leader::ReplicaState;
use super::messages;
use super::role::RoleState;
use crate::kafka::protocol::messages::describe_quorum_response as described;
use crate::kafka::protocol::messages::{DescribeQuorumRequest, DescribeQuorumResponse};
use crate::kafka::protocol::{ErrorCode, Message, StrBytes};
use crate::kafka::vocabulary::Kafka;
use crate::sim::Ctx;
use uuid::Uuid;

/// A replica of the metadata log as the leader sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaView {
    /// Its node id.
    pub id: i32,
    /// Its directory id, nil if unknown.
    pub directory: Uuid,
    /// Its log end as far as the leader knows, -1 if unknown.
    pub log_end: i64,
    /// When it last fetched, milliseconds since 1970, -1 for never; of the leader itself: now.
    pub last_fetch_ms: i64,
    /// When it last had all of the log, milliseconds since 1970, -1 for never.
    pub last_caught_up_ms: i64,
}

impl RaftNode {
    /// The voters and the observers as this leader sees them; none on another node.
    pub fn replicas(&self, now_ms: i64) -> Option<(Vec<ReplicaView>, Vec<ReplicaView>)> {
        let RoleState::Leader(leader) = &self.role else {
            return None;
        };
        let view = |replica: &ReplicaState| self.view(replica, now_ms);
        let voters = leader.voters.iter().map(view).collect();
        let observers = leader.observers.iter().map(view).collect();
        Some((voters, observers))
    }

    /// Where a voter listens: `CONTROLLER://controller-0:9093`.
    pub fn voter_endpoint(&self, id: i32) -> Option<String> {
        let (listener, port) = (messages::CONTROLLER_LISTENER, messages::CONTROLLER_PORT);
        let host = self.host_of(id)?;
        Some(format!("{listener}://{host}:{port}"))
    }

    fn view(&self, replica: &ReplicaState, now_ms: i64) -> ReplicaView {
        let is_own = replica.id == self.config.node_id;
        let or_now = |ms: i64| if is_own { now_ms } else { ms };
        ReplicaView {
            id: replica.id,
            directory: replica.directory,
            log_end: replica.end.unwrap_or(-1),
            last_fetch_ms: or_now(replica.last_fetch_ms),
            last_caught_up_ms: or_now(replica.last_caught_up_ms),
        }
    }

    pub(super) fn handle_describe_quorum_request(
        &mut self,
        version: i16,
        request: &DescribeQuorumRequest,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Message {
        let asked = request.topics.first();
        let index = asked.and_then(|topic| Some(topic.partitions.first()?.partition_index));
        let is_ours = asked
            .zip(index)
            .is_some_and(|(topic, index)| messages::is_metadata(&topic.topic_name, index));
        if !is_ours || request.topics.len() != 1 {
            return describe_error(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        }
        if let RoleState::Leader(leader) = &mut self.role {
            leader.clear_inactive_observers(ctx.mono());
        }
        let RoleState::Leader(leader) = &self.role else {
            return describe_error(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        };
        let now_ms = ctx.wall_ms();
        let states = |replicas: &[ReplicaState]| {
            let each = replicas.iter();
            each.map(|replica| self.described(replica, version, now_ms))
                .collect()
        };
        let partition = described::PartitionData::default()
            .with_leader_id(self.config.node_id.into())
            .with_leader_epoch(leader.epoch)
            .with_high_watermark(leader.high_watermark.unwrap_or(-1))
            .with_current_voters(states(&leader.voters))
            .with_observers(states(&leader.observers));
        let nodes = if version >= 2 {
            self.described_nodes()
        } else {
            Vec::new()
        };
        singleton(partition).with_nodes(nodes).into()
    }

    fn described(
        &self,
        replica: &ReplicaState,
        version: i16,
        now_ms: i64,
    ) -> described::ReplicaState {
        let view = self.view(replica, now_ms);
        let mut state = described::ReplicaState::default()
            .with_replica_id(view.id.into())
            .with_log_end_offset(view.log_end);
        if version >= 1 {
            state.last_fetch_timestamp = view.last_fetch_ms;
            state.last_caught_up_timestamp = view.last_caught_up_ms;
        }
        state.replica_directory_id = if version >= 2 {
            view.directory
        } else {
            Uuid::nil()
        };
        state
    }

    fn described_nodes(&self) -> Vec<described::Node> {
        let node = |(id, host): &(i32, String)| {
            let listener = described::Listener::default()
                .with_name(StrBytes::from_static_str(messages::CONTROLLER_LISTENER))
                .with_host(StrBytes::from_string(host.clone()))
                .with_port(messages::CONTROLLER_PORT);
            described::Node::default()
                .with_node_id((*id).into())
                .with_listeners(vec![listener])
        };
        self.config.voters.iter().map(node).collect()
    }
}

fn describe_error(error: ErrorCode) -> Message {
    let partition = described::PartitionData::default().with_error_code(error.0);
    singleton(partition).into()
}

fn singleton(partition: described::PartitionData) -> DescribeQuorumResponse {
    let topic = described::TopicData::default()
        .with_topic_name(messages::topic_name())
        .with_partitions(vec![partition]);
    DescribeQuorumResponse::default().with_topics(vec![topic])
}
