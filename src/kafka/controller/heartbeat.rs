//! [`BrokerHeartbeatManager`]: soft state of the active controller, gone when it steps down: when
//! each broker was last heard of, how far it has read the metadata log, at which offset its
//! controlled shutdown is complete.
//!
//! What a heartbeat moves a broker to (`calculateNextBrokerState`):
//!
//! | state | wants | condition | next |
//! |---|---|---|---|
//! | FENCED | shut down | | SHUTDOWN_NOW |
//! | | unfence | has read its own registration | UNFENCED |
//! | | otherwise | | FENCED |
//! | UNFENCED | fence and shut down | | SHUTDOWN_NOW |
//! | | fence | | FENCED |
//! | | shut down | leads a partition | CONTROLLED_SHUTDOWN |
//! | | shut down | leads none | SHUTDOWN_NOW |
//! | | otherwise | | UNFENCED |
//! | CONTROLLED_SHUTDOWN | | leads a partition, or an active broker has not read so far | CONTROLLED_SHUTDOWN |
//! | | | otherwise | SHUTDOWN_NOW |

use crate::kafka::metadata::{BrokerImage, MetadataImage};
use crate::sim::{Span, Time};
use std::collections::BTreeMap;

/// Where a broker stands (`BrokerControlState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BrokerControlState {
    Fenced,
    Unfenced,
    ControlledShutdown,
    ShutdownNow,
}

impl BrokerControlState {
    /// Fenced, as the answer to a heartbeat says it.
    pub(super) fn is_fenced(self) -> bool {
        matches!(self, Self::Fenced | Self::ShutdownNow)
    }
}

/// What a heartbeat asks for, and what decides about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) want_fence: bool,
    pub(super) want_shut_down: bool,
    /// The broker has read its own registration.
    pub(super) caught_up: bool,
    /// The broker leads at least one partition.
    pub(super) leads: bool,
}

#[derive(Clone, Debug)]
struct BrokerHeartbeatState {
    metadata_offset: i64,
    /// -1: no controlled shutdown.
    controlled_shutdown_offset: i64,
    /// Where the broker's registration lies in the metadata log.
    registration_offset: i64,
}

/// The soft state about all brokers.
#[derive(Clone, Debug)]
pub(super) struct BrokerHeartbeatManager {
    session_timeout: Span,
    brokers: BTreeMap<i32, BrokerHeartbeatState>,
    /// Last contact by broker and broker epoch (`BrokerHeartbeatTracker`).
    contacts: BTreeMap<(i32, i64), Time>,
}

impl BrokerHeartbeatManager {
    /// The state of a controller that has just become active: unfenced brokers have a whole
    /// session before them, fenced ones have none.
    pub(super) fn new(session_timeout: Span, image: &MetadataImage, now: Time) -> Self {
        let mut manager = BrokerHeartbeatManager {
            session_timeout,
            brokers: BTreeMap::new(),
            contacts: BTreeMap::new(),
        };
        for broker in image.brokers.values() {
            manager.register(broker.id, broker.epoch);
            if !broker.fenced {
                manager.update_contact_time(broker.id, broker.epoch, now);
            }
        }
        manager
    }

    /// Takes a broker in, or in again.
    pub(super) fn register(&mut self, id: i32, registration_offset: i64) {
        let state = BrokerHeartbeatState {
            metadata_offset: -1,
            controlled_shutdown_offset: -1,
            registration_offset,
        };
        self.brokers.insert(id, state);
    }

    /// The broker was heard of.
    pub(super) fn update_contact_time(&mut self, id: i32, epoch: i64, now: Time) {
        self.contacts.insert((id, epoch), now);
    }

    /// Ends a session.
    pub(super) fn remove_session(&mut self, id: i32, epoch: i64) {
        self.contacts.remove(&(id, epoch));
    }

    /// Whether the broker was heard of within the session timeout.
    pub(super) fn has_valid_session(&self, id: i32, epoch: i64, now: Time) -> bool {
        let contact = self.contacts.get(&(id, epoch));
        contact.is_some_and(|contact| !self.is_expired(*contact, now))
    }

    fn is_expired(&self, contact: Time, now: Time) -> bool {
        contact + self.session_timeout < now
    }

    /// When the next session is over.
    pub(super) fn next_expiry(&self) -> Option<Time> {
        let first = self.contacts.values().min()?;
        Some(*first + self.session_timeout + Span::from_nanos(1))
    }

    /// Takes out one session that is over.
    pub(super) fn remove_expired(&mut self, now: Time) -> Option<(i32, i64)> {
        let contacts = self.contacts.iter();
        let mut expired = contacts.filter(|(_, contact)| self.is_expired(**contact, now));
        let (&who, _) = expired.next()?;
        self.contacts.remove(&who);
        Some(who)
    }

    /// Where the broker's registration lies in the metadata log.
    pub(super) fn registration_offset(&self, id: i32) -> Option<i64> {
        self.brokers.get(&id).map(|state| state.registration_offset)
    }

    /// Takes down how far the broker has read; a fenced one leaves its controlled shutdown.
    pub(super) fn touch(&mut self, id: i32, fenced: bool, metadata_offset: i64) {
        if let Some(state) = self.brokers.get_mut(&id) {
            state.metadata_offset = metadata_offset;
            if fenced {
                state.controlled_shutdown_offset = -1;
            }
        }
    }

    /// A broker was fenced.
    pub(super) fn fence(&mut self, id: i32) {
        if let Some(state) = self.brokers.get_mut(&id) {
            state.controlled_shutdown_offset = -1;
        }
    }

    /// The first offset at which the controlled shutdown was seen is the one to wait for.
    pub(super) fn maybe_update_controlled_shutdown_offset(&mut self, id: i32, offset: i64) {
        let state = self.brokers.get_mut(&id);
        if let Some(state) = state.filter(|state| state.controlled_shutdown_offset < 0) {
            state.controlled_shutdown_offset = offset;
        }
    }

    /// How far every active broker has read.
    fn lowest_active_offset(&self, image: &MetadataImage) -> i64 {
        let active = self
            .brokers
            .iter()
            .filter(|(id, state)| image.is_unfenced(**id) && state.controlled_shutdown_offset < 0);
        let offsets = active.map(|(_, state)| state.metadata_offset);
        offsets.min().unwrap_or(i64::MAX)
    }

    /// The broker's state before and after a heartbeat.
    pub(super) fn calculate_next_broker_state(
        &self,
        broker: &BrokerImage,
        wish: Wish,
        image: &MetadataImage,
    ) -> (BrokerControlState, BrokerControlState) {
        let state = self.brokers.get(&broker.id);
        let shutdown_offset = state.map_or(-1, |state| state.controlled_shutdown_offset);
        if shutdown_offset >= 0 {
            let drained = shutdown_offset <= self.lowest_active_offset(image);
            let current = BrokerControlState::ControlledShutdown;
            let next = match !wish.leads && drained {
                true => BrokerControlState::ShutdownNow,
                false => current,
            };
            return (current, next);
        }
        match broker.fenced {
            true => (BrokerControlState::Fenced, next_of_fenced(wish)),
            false => (BrokerControlState::Unfenced, next_of_unfenced(wish)),
        }
    }
}

fn next_of_fenced(wish: Wish) -> BrokerControlState {
    if wish.want_shut_down {
        BrokerControlState::ShutdownNow
    } else if !wish.want_fence && wish.caught_up {
        BrokerControlState::Unfenced
    } else {
        BrokerControlState::Fenced
    }
}

fn next_of_unfenced(wish: Wish) -> BrokerControlState {
    match (wish.want_fence, wish.want_shut_down) {
        (true, true) => BrokerControlState::ShutdownNow,
        (true, false) => BrokerControlState::Fenced,
        (false, true) if wish.leads => BrokerControlState::ControlledShutdown,
        (false, true) => BrokerControlState::ShutdownNow,
        (false, false) => BrokerControlState::Unfenced,
    }
}
