//! The quorum of `__cluster_metadata`: Raft as Kafka speaks it (KIP-595, KIP-996), with voters
//! named by `controller.quorum.voters` (kraft.version 0). `KafkaRaftClient` and `QuorumState`.
//!
//! - `state`: the transitions between the roles, with their table; `role`: the roles
//! - `election`: pre-votes, votes, BeginQuorumEpoch, EndQuorumEpoch; `votes`: one ballot
//! - `replication`: the leader's fetches and high watermark; `leader`: what it knows of replicas
//! - `follower`: fetching, appending, truncating
//! - `requests`: what is sent to whom and when; `messages`: requests and answers
//! - `log`, `quorum_state`: the two things on disk
//! - `committed`, `describe`, `inspect`, `snapshots`: what others read
//!
//! Votes and appends are synced. A node speaks of its vote, and a follower of its log end, only
//! when they are durable; a leader counts its own log end when it is durable.
//!
//! Where Kafka 4.3 does more: voters can not be changed (KIP-853), snapshots are neither taken nor
//! fetched (KIP-630), and appends do not linger. A node that was refused a fetch waits for the
//! retry back-off, where Kafka asks the next voter at once.

mod committed;
mod describe;
mod election;
mod follower;
mod inspect;
mod leader;
mod log;
mod messages;
mod quorum_state;
mod replication;
mod requests;
mod role;
mod snapshots;
mod state;
#[cfg(test)]
mod tests;
mod votes;

pub use committed::CommittedBatch;
pub use describe::ReplicaView;

use self::log::MetadataLog;
use self::quorum_state::QuorumStateStore;
use self::replication::ParkedFetch;
use self::requests::{Peer, Token};
use self::role::{RoleState, Unattached};
use super::config::{QuorumConfig, Semantics};
use super::network_client::{Hosts, NetworkClient};
use super::protocol::Message;
use super::storage::AppendError;
use super::vocabulary::{Kafka, RaftTimer};
use crate::sim::{ConnId, Corr, Ctx, DiskError, Span, SyncId, Time};
use std::sync::Arc;
use uuid::Uuid;

/// The folder of the metadata log.
pub const FOLDER: &str = "__cluster_metadata-0";

/// `reconnect.backoff.ms` and its maximum, as Kafka sets them for the quorum's connections.
const RECONNECT_BACKOFF: Span = Span::from_millis(50);
const RECONNECT_BACKOFF_MAX: Span = Span::from_millis(500);

/// What a node of the quorum is started with.
#[derive(Clone, Debug)]
pub struct RaftConfig {
    /// The node's id.
    pub node_id: i32,
    /// The cluster's id; requests of another cluster are refused.
    pub cluster_id: String,
    /// The id of the directory that holds the metadata log.
    pub directory_id: Uuid,
    /// The voters' ids and hosts; observers fetch from them too.
    pub voters: Vec<(i32, String)>,
    /// The quorum's timeouts and sizes.
    pub quorum: QuorumConfig,
    /// Planted bugs.
    pub semantics: Semantics,
}

/// Refused: this node does not lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotLeader {
    /// Who does, as far as this node knows.
    pub leader: Option<i32>,
    /// The epoch that this node is in.
    pub epoch: i32,
}

/// Why a node can not go on; its process must end, as Kafka's does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RaftFault {
    /// The disk refused.
    Disk(DiskError),
    /// An append was refused; the text says why.
    Append(String),
    /// The file `quorum-state` can not be read.
    UnreadableQuorumState,
    /// The committed batch at `offset` can not be read.
    UnreadableBatch {
        /// Its offset.
        offset: i64,
    },
    /// A leader asked to cut away what is committed.
    TruncationBelowHighWatermark {
        /// Where it wanted the log to end.
        offset: i64,
    },
}

impl From<DiskError> for RaftFault {
    fn from(error: DiskError) -> Self {
        RaftFault::Disk(error)
    }
}

impl From<AppendError> for RaftFault {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Disk(error) => RaftFault::Disk(error),
            AppendError::Refused(code, text) => RaftFault::Append(format!("{code}: {text}")),
        }
    }
}

/// One node of the quorum: a voter, or an observer that follows the log.
#[derive(Clone, Debug)]
pub struct RaftNode {
    config: Arc<RaftConfig>,
    /// The other voters, by id.
    peers: Vec<Peer>,
    role: RoleState,
    log: MetadataLog,
    store: QuorumStateStore,
    client: NetworkClient<Token>,
    /// Counts roles since the boot.
    generation: u32,
    parked: Vec<Option<ParkedFetch>>,
    /// Answers that wait until the quorum state is durable.
    held: Vec<HeldAnswer>,
    /// All below is committed, as far as this node knows.
    committed_end: i64,
    knows_high_watermark: bool,
    /// The next offset for [`RaftNode::take_committed`].
    next_committed: i64,
    shutting_down: bool,
    fault: Option<RaftFault>,
}

#[derive(Clone, Debug)]
struct HeldAnswer {
    conn: ConnId,
    corr: Corr,
    version: i16,
    message: Message,
}

impl RaftNode {
    /// Starts from the files: `quorum-state` and the log in `__cluster_metadata-0`. The high
    /// watermark is learnt anew. The only voter stands for election at once.
    pub fn boot(
        mut config: RaftConfig,
        hosts: &Hosts,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Result<RaftNode, DiskError> {
        config.voters.sort();
        let log = MetadataLog::open(ctx.disk, &config.quorum, ctx.wall_ms())?;
        let others = config.voters.iter().filter(|(id, _)| *id != config.node_id);
        let peers = others.map(|(id, host)| Peer::new(*id, hosts.resolve(host)));
        let timeout = config.quorum.request_timeout;
        let mut node = RaftNode {
            peers: peers.collect(),
            role: RoleState::Unattached(Unattached {
                epoch: log.last_epoch(),
                leader: None,
                voted: None,
                election_deadline: Time::NEVER,
            }),
            log,
            store: QuorumStateStore::default(),
            client: NetworkClient::new(timeout, RECONNECT_BACKOFF, RECONNECT_BACKOFF_MAX),
            generation: 0,
            parked: Vec::new(),
            held: Vec::new(),
            committed_end: 0,
            knows_high_watermark: false,
            next_committed: 0,
            shutting_down: false,
            fault: None,
            config: Arc::new(config),
        };
        node.initialize(ctx);
        Ok(node)
    }

    fn initialize(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let Ok(stored) = self.store.read(ctx.disk) else {
            return self.fail(RaftFault::UnreadableQuorumState);
        };
        self.role = role::initial_role(self, stored, ctx);
        self.arm_state_timer(ctx);
        self.persist(ctx);
        let is_candidate = matches!(self.role, RoleState::Candidate(_));
        if self.is_voter() && self.peers.is_empty() && !is_candidate {
            self.transition_to_prospective(ctx);
        }
        self.poll(ctx);
    }

    /// A request of the quorum's apis came in. Fetches may be answered later.
    pub fn handle_request(
        &mut self,
        conn: ConnId,
        corr: Corr,
        version: i16,
        request: Message,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        if self.fault.is_some() {
            return;
        }
        let answer = match &request {
            Message::VoteRequest(request) => Some(self.handle_vote_request(request, ctx)),
            Message::BeginQuorumEpochRequest(request) => {
                Some(self.handle_begin_quorum_epoch_request(request, ctx))
            }
            Message::EndQuorumEpochRequest(request) => {
                Some(self.handle_end_quorum_epoch_request(request, ctx))
            }
            Message::FetchRequest(request) => {
                self.handle_fetch_request(conn, corr, version, request, ctx);
                None
            }
            Message::FetchSnapshotRequest(request) => {
                Some(self.handle_fetch_snapshot_request(request))
            }
            Message::DescribeQuorumRequest(request) => {
                Some(self.handle_describe_quorum_request(version, request, ctx))
            }
            _ => {
                ctx.no_response(conn, corr);
                None
            }
        };
        if let Some(answer) = answer {
            self.respond(conn, corr, version, answer, ctx);
        }
        self.poll(ctx);
    }

    /// Whether `conn` is one that this node opened to another member of the quorum.
    pub fn owns(&self, conn: ConnId) -> bool {
        self.client.peer_of(conn).is_some()
    }

    /// A connection is gone; false if the quorum had nothing on it.
    pub fn handle_reset(&mut self, conn: ConnId, ctx: &mut Ctx<'_, Kafka>) -> bool {
        let held = self.held.len();
        self.held.retain(|answer| answer.conn != conn);
        let had_answers = self.held.len() != held;
        let had_fetches = self.forget_parked_fetches(conn, ctx);
        let was_own = self.client.reset(conn, ctx).is_some();
        self.poll(ctx);
        was_own || had_fetches || had_answers
    }

    /// A timer is due.
    pub fn handle_timer(&mut self, timer: RaftTimer, ctx: &mut Ctx<'_, Kafka>) {
        if self.fault.is_some() {
            return;
        }
        match timer {
            RaftTimer::State => self.handle_state_timer(ctx),
            RaftTimer::CheckQuorum => self.transition_to_resigned(ctx),
            RaftTimer::BeginQuorumEpoch => self.handle_begin_quorum_epoch_timer(ctx),
            RaftTimer::ParkedFetch(slot) => self.handle_parked_fetch_timer(slot, ctx),
            RaftTimer::Request => self.handle_request_timer(ctx),
            RaftTimer::AppendLinger | RaftTimer::Fetch => {}
        }
        self.poll(ctx);
    }

    /// A sync is over; false if it was not one of the quorum's.
    pub fn handle_synced(&mut self, sync: SyncId, ctx: &mut Ctx<'_, Kafka>) -> bool {
        if self.log.handle_synced(sync) {
            self.maybe_update_leader_high_watermark(None, ctx);
        } else if self.store.handle_synced(sync) {
            self.release_held(ctx);
        } else {
            return false;
        }
        self.poll(ctx);
        true
    }

    /// Gives up leadership: the voters are told who should lead. Nothing happens on a node that
    /// does not lead. The node takes part in later elections.
    pub fn resign(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        self.transition_to_resigned(ctx);
        self.poll(ctx);
    }

    /// Begins a controlled shutdown: as [`RaftNode::resign`], and the node starts no election and
    /// fetches no more. Over when [`RaftNode::is_shutdown_complete`].
    pub fn begin_shutdown(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        self.shutting_down = true;
        self.resign(ctx);
    }

    /// Answers now, or when the quorum state that the answer may rest on is durable.
    fn respond(
        &mut self,
        conn: ConnId,
        corr: Corr,
        version: i16,
        message: Message,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        if self.store.is_syncing() {
            self.held.push(HeldAnswer {
                conn,
                corr,
                version,
                message,
            });
        } else {
            ctx.respond(conn, corr, version, message);
        }
    }

    fn release_held(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        if self.store.is_syncing() {
            return;
        }
        for held in std::mem::take(&mut self.held) {
            ctx.respond(held.conn, held.corr, held.version, held.message);
        }
    }

    fn fail(&mut self, fault: RaftFault) {
        self.fault.get_or_insert(fault);
    }
}
