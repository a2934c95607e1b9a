//! A broker's life as the controller sees it (`BrokerLifecycleManager`, KIP-631).
//!
//! ```text
//! Registering --registered--> CatchingUp --heartbeat says caught up--> Recovered (logs follow
//!   the image, wantFence off) --heartbeat says unfenced--> Running
//! any of these --SIGTERM--> Stopping (heartbeats ask to shut down) --controller agrees--> Stopped
//! ```

use crate::kafka::config::BrokerConfig;
use crate::kafka::protocol::api_versions::SUPPORTED_FEATURES;
use crate::kafka::protocol::messages::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerId, BrokerRegistrationRequest,
    BrokerRegistrationResponse, broker_registration_request,
};
use crate::kafka::protocol::{ErrorCode, StrBytes};
use crate::sim::{Span, Time};
use uuid::Uuid;

/// Before a refused registration or heartbeat is tried again, doubled by each refusal.
const RETRY_BACKOFF: Span = Span::from_millis(100);
/// Between heartbeats while the broker catches up.
const CATCH_UP_INTERVAL: Span = Span::from_millis(10);
/// Between the first two heartbeats that ask to shut down.
const FIRST_STOP_INTERVAL: Span = Span::from_millis(50);

/// Where in its life a broker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerState {
    /// Asks the controller for a broker epoch.
    Registering,
    /// Registered and fenced; replays the metadata log.
    CatchingUp,
    /// Caught up; asks to be unfenced.
    Recovered,
    /// Serves.
    Running,
    /// Asks to be allowed to stop.
    Stopping,
    /// May end.
    Stopped,
}

impl BrokerState {
    /// The word that scenarios use.
    pub fn word(self) -> &'static str {
        match self {
            BrokerState::Registering | BrokerState::CatchingUp => "starting",
            BrokerState::Recovered => "fenced",
            BrokerState::Running => "active",
            BrokerState::Stopping | BrokerState::Stopped => "stopping",
        }
    }
}

/// What a broker has to tell the controller, and when.
#[derive(Clone, Debug)]
pub(super) struct Lifecycle {
    node_id: i32,
    state: BrokerState,
    epoch: i64,
    previous_epoch: i64,
    incarnation: Uuid,
    interval: Span,
    backoff_max: Span,
    next_send: Time,
    failures: u32,
    asked_to_stop: bool,
    give_up_at: Time,
}

/// What an answer of the controller means for the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing new.
    Same,
    /// Registered with this epoch.
    Registered(i64),
    /// The metadata log is replayed far enough: logs may follow it.
    CaughtUp,
    /// Unfenced.
    Unfenced,
    /// Fenced again: the session was lost.
    FencedAgain,
    /// The process may end.
    MayStop,
}

impl Lifecycle {
    pub(super) fn new(
        node_id: i32,
        incarnation: Uuid,
        previous_epoch: i64,
        config: &BrokerConfig,
        now: Time,
    ) -> Self {
        Lifecycle {
            node_id,
            state: BrokerState::Registering,
            epoch: -1,
            previous_epoch,
            incarnation,
            interval: config.broker_heartbeat_interval,
            backoff_max: config.broker_session_timeout,
            next_send: now,
            failures: 0,
            asked_to_stop: false,
            give_up_at: now + config.initial_broker_registration_timeout,
        }
    }

    pub(super) fn state(&self) -> BrokerState {
        self.state
    }

    pub(super) fn epoch(&self) -> i64 {
        self.epoch
    }

    /// Whether the initial registration has taken too long.
    pub(super) fn gave_up(&self, now: Time) -> bool {
        self.state == BrokerState::Registering && now >= self.give_up_at
    }

    /// When the next message to the controller is due.
    pub(super) fn next_send(&self) -> Time {
        self.next_send
    }

    /// SIGTERM: the next heartbeat goes out at once and asks to shut down.
    /// Without controlled shutdown, or before it is registered, the broker just ends.
    pub(super) fn begin_shutdown(&mut self, now: Time, controlled: bool) {
        self.next_send = now;
        self.state = match self.state {
            BrokerState::Registering | BrokerState::Stopped => BrokerState::Stopped,
            _ if controlled => BrokerState::Stopping,
            _ => BrokerState::Stopped,
        };
    }

    pub(super) fn registration(
        &self,
        cluster_id: &str,
        host: &str,
        port: u16,
        rack: Option<&str>,
        log_dir: Uuid,
    ) -> BrokerRegistrationRequest {
        let listener = broker_registration_request::Listener::default()
            .with_name(StrBytes::from_static_str("PLAINTEXT"))
            .with_host(StrBytes::from_string(host.to_owned()))
            .with_port(port);
        let features = SUPPORTED_FEATURES.iter().map(|(name, min, max)| {
            broker_registration_request::Feature::default()
                .with_name(StrBytes::from_static_str(name))
                .with_min_supported_version(*min)
                .with_max_supported_version(*max)
        });
        BrokerRegistrationRequest::default()
            .with_broker_id(BrokerId(self.node_id))
            .with_cluster_id(StrBytes::from_string(cluster_id.to_owned()))
            .with_incarnation_id(self.incarnation)
            .with_listeners(vec![listener])
            .with_features(features.collect())
            .with_rack(rack.map(|rack| StrBytes::from_string(rack.to_owned())))
            .with_log_dirs(vec![log_dir])
            .with_previous_broker_epoch(self.previous_epoch)
    }

    pub(super) fn heartbeat(&self, metadata_offset: i64) -> BrokerHeartbeatRequest {
        let ready = matches!(self.state, BrokerState::Recovered | BrokerState::Running);
        let stopping = matches!(self.state, BrokerState::Stopping | BrokerState::Stopped);
        BrokerHeartbeatRequest::default()
            .with_broker_id(BrokerId(self.node_id))
            .with_broker_epoch(self.epoch)
            .with_current_metadata_offset(metadata_offset)
            .with_want_fence(!ready && !stopping)
            .with_want_shut_down(stopping)
    }

    /// A message went out: the next is due after the interval, unless the answer says otherwise.
    pub(super) fn sent(&mut self, now: Time) {
        self.next_send = now + self.interval;
    }

    pub(super) fn registered(&mut self, response: &BrokerRegistrationResponse, now: Time) -> Turn {
        if self.state != BrokerState::Registering {
            return Turn::Same;
        }
        if response.error_code != ErrorCode::NONE.0 {
            self.back_off(now);
            return Turn::Same;
        }
        self.failures = 0;
        self.epoch = response.broker_epoch;
        self.state = BrokerState::CatchingUp;
        self.next_send = now;
        Turn::Registered(self.epoch)
    }

    pub(super) fn heard(&mut self, response: &BrokerHeartbeatResponse, now: Time) -> Turn {
        if response.error_code != ErrorCode::NONE.0 {
            self.back_off(now);
            return Turn::Same;
        }
        self.failures = 0;
        match self.state {
            BrokerState::CatchingUp if response.is_caught_up => {
                self.state = BrokerState::Recovered;
                self.next_send = now;
                Turn::CaughtUp
            }
            BrokerState::Recovered if !response.is_fenced => {
                self.state = BrokerState::Running;
                Turn::Unfenced
            }
            BrokerState::Running if response.is_fenced => Turn::FencedAgain,
            BrokerState::Stopping if response.should_shut_down => {
                self.state = BrokerState::Stopped;
                Turn::MayStop
            }
            BrokerState::CatchingUp => {
                self.next_send = now + CATCH_UP_INTERVAL;
                Turn::Same
            }
            BrokerState::Stopping if !self.asked_to_stop => {
                self.asked_to_stop = true;
                self.next_send = now + FIRST_STOP_INTERVAL;
                Turn::Same
            }
            _ => Turn::Same,
        }
    }

    fn back_off(&mut self, now: Time) {
        let doubled = RETRY_BACKOFF.0.saturating_mul(1 << self.failures.min(20));
        self.next_send = now + Span(doubled.min(self.backoff_max.0));
        self.failures += 1;
    }
}
