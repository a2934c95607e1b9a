//! The active controller (`QuorumController`): answers requests with records to append and a
//! response that leaves when they commit. State that comes from records is the
//! [`MetadataImage`] itself; only soft state lives here and dies when the controller steps down.
//!
//! | file | what |
//! |---|---|
//! | `brokers` | registration, incarnations, heartbeats |
//! | `heartbeat` | soft state of heartbeats, the next state of a broker |
//! | `leadership` | what a broker's coming and going does to partitions |
//! | `elections` | one partition change: ELR, election, ISR |
//! | `alter_partition` | a leader proposes an ISR |
//! | `elect_leaders` | elections on request and by timer |
//! | `topics`, `delete_topics`, `topic_names`, `placement` | topics |
//! | `producer_ids` | blocks of producer ids |
//! | `notes` | what committed records mean |

mod alter_partition;
mod brokers;
mod delete_topics;
mod elect_leaders;
mod elections;
mod errors;
mod heartbeat;
mod leadership;
mod notes;
mod placement;
mod producer_ids;
#[cfg(test)]
mod tests;
mod topic_names;
mod topics;

pub use notes::notes_for;
pub(crate) use topic_names::validate as validate_topic_name;

use crate::kafka::config::BrokerConfig;
use crate::kafka::metadata::MetadataImage;
use crate::kafka::protocol::messages::ApiVersionsResponse;
use crate::kafka::protocol::metadata_record::MetadataRecord;
use crate::kafka::protocol::{ErrorCode, Message};
use crate::kafka::vocabulary::{ControllerTimer, Kafka, Note, Timer};
use crate::sim::{Ctx, Span, Time};
use heartbeat::BrokerHeartbeatManager;

/// What a controller is told at its start.
#[derive(Clone, Debug)]
pub struct ControllerConfig {
    /// Its node id.
    pub node_id: i32,
    /// The cluster that registering brokers must belong to; none accepts any.
    pub cluster_id: Option<String>,
    /// Timeouts, defaults of topics, semantics.
    pub broker: BrokerConfig,
}

/// What a request leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct ControllerResult {
    /// To append, as one batch. If there are none, the response leaves when what was appended
    /// before it has committed: it may tell of state that is not committed yet.
    pub records: Vec<MetadataRecord>,
    /// Leaves when the records commit.
    pub response: Message,
    /// What was decided beside the records.
    pub notes: Vec<Note>,
}

impl ControllerResult {
    fn new(records: Vec<MetadataRecord>, response: impl Into<Message>) -> Self {
        ControllerResult {
            records,
            response: response.into(),
            notes: Vec::new(),
        }
    }

    fn with_note(mut self, note: Note) -> Self {
        self.notes.push(note);
        self
    }

    /// Notes each error of an admin's request.
    fn with_refusals(mut self, errors: impl IntoIterator<Item = i16>) -> Self {
        let refused = errors.into_iter().filter(|code| *code != 0);
        self.notes.extend(refused.map(|code| Note::RequestRefused {
            error: ErrorCode(code),
        }));
        self
    }
}

/// The soft state of the active controller.
#[derive(Clone, Debug)]
pub struct ControllerState {
    config: ControllerConfig,
    heartbeats: BrokerHeartbeatManager,
    /// When records were last handed out to be appended.
    last_append: Time,
}

impl ControllerState {
    /// Becomes active upon the state `image`: all that was appended before. Unfenced brokers get
    /// a whole session; the timers are armed.
    pub fn activate(
        config: ControllerConfig,
        image: &MetadataImage,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Self {
        let timeout = config.broker.broker_session_timeout;
        let state = ControllerState {
            heartbeats: BrokerHeartbeatManager::new(timeout, image, ctx.mono()),
            last_append: ctx.mono(),
            config,
        };
        state.arm_session(ctx);
        for timer in [
            ControllerTimer::NoOp,
            ControllerTimer::Balance,
            ControllerTimer::UncleanElection,
        ] {
            state.arm_periodic(timer, ctx);
        }
        state
    }

    /// What the first active controller writes into an empty log: the feature levels that the
    /// cluster was formatted with, metadata.version first. Nothing if `image` has levels already.
    pub fn bootstrap_records(
        image: &MetadataImage,
        features: &[(String, i16)],
    ) -> Vec<MetadataRecord> {
        if !image.features.is_empty() {
            return Vec::new();
        }
        let first = |name: &str| name == "metadata.version";
        let sorted = features.iter().filter(|(name, _)| first(name));
        let sorted = sorted.chain(features.iter().filter(|(name, _)| !first(name)));
        sorted
            .map(|(name, level)| MetadataRecord::FeatureLevel {
                name: name.clone(),
                level: *level,
            })
            .collect()
    }

    /// Handles a request. `image` has everything that was appended so far, committed or not;
    /// `next_offset` is the offset at which the first record of the result will be appended, and
    /// becomes the epoch of a broker that registers.
    ///
    /// A request that controllers don't serve is answered with UNSUPPORTED_VERSION.
    pub fn handle(
        &mut self,
        image: &MetadataImage,
        next_offset: i64,
        request: &Message,
        api_version: i16,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> ControllerResult {
        let result = self.dispatch(image, next_offset, request, api_version, ctx);
        if !result.records.is_empty() {
            self.last_append = ctx.mono();
        }
        result
    }

    fn dispatch(
        &mut self,
        image: &MetadataImage,
        next_offset: i64,
        request: &Message,
        api_version: i16,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> ControllerResult {
        match request {
            Message::BrokerRegistrationRequest(request) => {
                let now = ctx.mono();
                let result = self.handle_broker_registration(image, next_offset, request, now);
                self.arm_session(ctx);
                result
            }
            Message::BrokerHeartbeatRequest(request) => {
                let now = ctx.mono();
                let result = self.handle_broker_heartbeat(image, next_offset, request, now);
                self.arm_session(ctx);
                result
            }
            Message::ControllerRegistrationRequest(request) => {
                self.handle_controller_registration(request)
            }
            Message::AlterPartitionRequest(request) => {
                self.handle_alter_partition(image, request, api_version)
            }
            Message::CreateTopicsRequest(request) => {
                self.handle_create_topics(image, request, api_version, ctx)
            }
            Message::DeleteTopicsRequest(request) => {
                self.handle_delete_topics(image, request, api_version)
            }
            Message::ElectLeadersRequest(request) => {
                self.handle_elect_leaders(image, request, api_version)
            }
            Message::AllocateProducerIdsRequest(request) => {
                self.handle_allocate_producer_ids(image, request)
            }
            _ => unsupported(),
        }
    }

    /// Handles a timer: the records to append, as one batch, upon the state `image`.
    pub fn handle_timer(
        &mut self,
        image: &MetadataImage,
        timer: ControllerTimer,
        ctx: &mut Ctx<'_, Kafka>,
    ) -> Vec<MetadataRecord> {
        let records = match timer {
            ControllerTimer::Session => self.maybe_fence_one_stale_broker(image, ctx.mono()),
            ControllerTimer::NoOp => self.maybe_write_no_op(ctx.mono()),
            ControllerTimer::Balance => self.balance_partition_leaders(image),
            ControllerTimer::UncleanElection => self.elect_unclean_leaders(image),
            ControllerTimer::Registration => return Vec::new(),
        };
        if !records.is_empty() {
            self.last_append = ctx.mono();
        }
        let unfinished = records.len() >= elect_leaders::MAX_ELECTIONS_PER_IMBALANCE;
        match timer {
            ControllerTimer::Session => self.arm_session(ctx),
            ControllerTimer::Balance | ControllerTimer::UncleanElection if unfinished => {
                ctx.arm(ctx.mono(), Timer::Controller(timer));
            }
            timer => self.arm_periodic(timer, ctx),
        }
        records
    }

    /// Steps down: the timers are cancelled, the soft state is gone.
    pub fn deactivate(self, ctx: &mut Ctx<'_, Kafka>) {
        for timer in [
            ControllerTimer::Session,
            ControllerTimer::NoOp,
            ControllerTimer::Balance,
            ControllerTimer::UncleanElection,
        ] {
            ctx.cancel(Timer::Controller(timer));
        }
    }

    /// Fences at most one broker, so that each sees what the fencing of the one before it did.
    fn maybe_fence_one_stale_broker(
        &mut self,
        image: &MetadataImage,
        now: Time,
    ) -> Vec<MetadataRecord> {
        while let Some((id, epoch)) = self.heartbeats.remove_expired(now) {
            let broker = image.brokers.get(&id);
            let stale = broker.filter(|broker| broker.epoch == epoch && !broker.fenced);
            if let Some(broker) = stale {
                self.heartbeats.fence(id);
                return self.cluster(image).handle_broker_fenced(broker);
            }
        }
        Vec::new()
    }

    fn maybe_write_no_op(&self, now: Time) -> Vec<MetadataRecord> {
        let idle = self.config.broker.quorum.metadata_max_idle_interval;
        match self.last_append + idle <= now {
            true => vec![MetadataRecord::NoOp],
            false => Vec::new(),
        }
    }

    fn arm_session(&self, ctx: &mut Ctx<'_, Kafka>) {
        let timer = Timer::Controller(ControllerTimer::Session);
        match self.heartbeats.next_expiry() {
            Some(at) => ctx.arm(at.max(ctx.mono()), timer),
            None => {
                ctx.cancel(timer);
            }
        }
    }

    /// Arms a timer for its next turn; an interval of zero switches it off.
    fn arm_periodic(&self, timer: ControllerTimer, ctx: &mut Ctx<'_, Kafka>) {
        let broker = &self.config.broker;
        let (from, interval) = match timer {
            ControllerTimer::NoOp => (self.last_append, broker.quorum.metadata_max_idle_interval),
            ControllerTimer::Balance if broker.auto_leader_rebalance_enable => {
                (ctx.mono(), broker.leader_imbalance_check_interval)
            }
            ControllerTimer::UncleanElection => {
                (ctx.mono(), broker.unclean_leader_election_interval)
            }
            _ => return,
        };
        if interval > Span::ZERO {
            ctx.arm(from + interval, Timer::Controller(timer));
        }
    }
}

fn unsupported() -> ControllerResult {
    let response = ApiVersionsResponse::default().with_error_code(ErrorCode::UNSUPPORTED_VERSION.0);
    ControllerResult::new(Vec::new(), response)
}
