//! Registration of brokers and controllers, and heartbeats (`ClusterControlManager`,
//! `ReplicationControlManager.processBrokerHeartbeat`).

use super::errors::ApiError;
use super::heartbeat::{BrokerControlState, Wish};
use super::leadership::Cluster;
use super::{ControllerResult, ControllerState};
use crate::kafka::metadata::{BrokerImage, MetadataImage};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::messages::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest,
    BrokerRegistrationResponse, ControllerRegistrationRequest, ControllerRegistrationResponse,
};
use crate::kafka::protocol::metadata_record::{
    Endpoint, MetadataRecord, RegisterBroker, RegisterController, SupportedFeature,
};
use crate::kafka::vocabulary::{NodeId, Note};
use crate::sim::Time;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The feature that every broker is held to have, at its lowest level if it does not name it.
const METADATA_VERSION: &str = "metadata.version";

impl ControllerState {
    pub(super) fn handle_broker_registration(
        &mut self,
        image: &MetadataImage,
        next_offset: i64,
        request: &BrokerRegistrationRequest,
        now: Time,
    ) -> ControllerResult {
        let mut response = BrokerRegistrationResponse::default().with_broker_epoch(-1);
        match self.register_broker(image, next_offset, request, now) {
            Ok((records, broker_epoch)) => {
                response.broker_epoch = broker_epoch;
                ControllerResult::new(records, response)
            }
            Err(error) => {
                response.error_code = error.code.0;
                let note = Note::RegistrationRefused {
                    broker: NodeId(request.broker_id.0),
                    error: error.code,
                };
                ControllerResult::new(Vec::new(), response).with_note(note)
            }
        }
    }

    /// The records of a registration and the broker's epoch.
    fn register_broker(
        &mut self,
        image: &MetadataImage,
        next_offset: i64,
        request: &BrokerRegistrationRequest,
        now: Time,
    ) -> Result<(Vec<MetadataRecord>, i64), ApiError> {
        let id = request.broker_id.0;
        let existing = image.brokers.get(&id).map(|broker| &**broker);
        self.check_cluster_id(request)?;
        self.check_incarnation(existing, request, now)?;
        check_log_dirs(image, request)?;
        check_features(image, request)?;
        let same = existing.filter(|b| b.incarnation_id == request.incarnation_id);
        if let Some(same) = same {
            let record = registration_record(request, same.epoch, Some(same));
            self.heartbeats.register(id, next_offset);
            return Ok((vec![record], same.epoch));
        }
        let clean = existing.is_some_and(|b| b.epoch == request.previous_broker_epoch);
        let mut records = self.cluster(image).handle_broker_shutdown(id, clean);
        records.push(registration_record(request, next_offset, None));
        // Unfencing waits for the registration itself, behind the changes that came with it.
        let registration_offset = next_offset + records.len() as i64 - 1;
        self.heartbeats.register(id, registration_offset);
        Ok((records, next_offset))
    }

    fn check_cluster_id(&self, request: &BrokerRegistrationRequest) -> Result<(), ApiError> {
        match &self.config.cluster_id {
            Some(own) if request.cluster_id.as_str() != own => {
                let theirs = request.cluster_id.as_str();
                let text = format!("Expected cluster ID {own}, but got cluster ID {theirs}");
                Err(ApiError::new(ErrorCode::INCONSISTENT_CLUSTER_ID, text))
            }
            _ => Ok(()),
        }
    }

    /// An id belongs to one process as long as its session lasts. A broker in controlled shutdown
    /// is known to go, so that its successor need not wait (KAFKA-19047).
    fn check_incarnation(
        &self,
        existing: Option<&BrokerImage>,
        request: &BrokerRegistrationRequest,
        now: Time,
    ) -> Result<(), ApiError> {
        let Some(existing) = existing else {
            return Ok(());
        };
        let valid = self
            .heartbeats
            .has_valid_session(existing.id, existing.epoch, now);
        let other = existing.incarnation_id != request.incarnation_id;
        if valid && other && !existing.in_controlled_shutdown {
            return Err(ApiError::new(
                ErrorCode::DUPLICATE_BROKER_REGISTRATION,
                "Another broker is registered with that broker id. If the broker was recently \
                 restarted this should self-resolve once the heartbeat manager expires the \
                 broker's session.",
            ));
        }
        Ok(())
    }

    pub(super) fn handle_broker_heartbeat(
        &mut self,
        image: &MetadataImage,
        next_offset: i64,
        request: &BrokerHeartbeatRequest,
        now: Time,
    ) -> ControllerResult {
        let (id, epoch) = (request.broker_id.0, request.broker_epoch);
        let broker = match check_broker_epoch(image, id, epoch) {
            Ok(broker) => broker,
            Err(error) => {
                let mut response = BrokerHeartbeatResponse::default();
                response.error_code = error.code.0;
                return ControllerResult::new(Vec::new(), response);
            }
        };
        self.heartbeats.update_contact_time(id, epoch, now);
        let registration = self.heartbeats.registration_offset(id).unwrap_or(epoch);
        let wish = Wish {
            want_fence: request.want_fence,
            want_shut_down: request.want_shut_down,
            caught_up: request.current_metadata_offset >= registration,
            leads: image.all_partitions().any(|(_, _, p)| p.leader == id),
        };
        let (current, next) = self
            .heartbeats
            .calculate_next_broker_state(broker, wish, image);
        let records = match current == next {
            true => Vec::new(),
            false => self.transition_records(image, broker, next),
        };
        self.after_heartbeat(
            broker,
            next,
            request,
            next_offset + records.len() as i64 - 1,
        );
        let response = BrokerHeartbeatResponse::default()
            .with_is_caught_up(wish.caught_up)
            .with_is_fenced(next.is_fenced())
            .with_should_shut_down(next == BrokerControlState::ShutdownNow);
        ControllerResult::new(records, response).with_note(Note::HeartbeatAnswered {
            broker: NodeId(id),
            fenced: next.is_fenced(),
        })
    }

    fn transition_records(
        &self,
        image: &MetadataImage,
        broker: &BrokerImage,
        next: BrokerControlState,
    ) -> Vec<MetadataRecord> {
        let cluster = self.cluster(image);
        match next {
            BrokerControlState::Unfenced => cluster.handle_broker_unfenced(broker),
            BrokerControlState::ControlledShutdown => {
                cluster.handle_broker_in_controlled_shutdown(broker)
            }
            BrokerControlState::Fenced | BrokerControlState::ShutdownNow => {
                cluster.handle_broker_fenced(broker)
            }
        }
    }

    fn after_heartbeat(
        &mut self,
        broker: &BrokerImage,
        next: BrokerControlState,
        request: &BrokerHeartbeatRequest,
        batch_end: i64,
    ) {
        let offset = request.current_metadata_offset;
        self.heartbeats.touch(broker.id, next.is_fenced(), offset);
        match next {
            BrokerControlState::ControlledShutdown => self
                .heartbeats
                .maybe_update_controlled_shutdown_offset(broker.id, batch_end),
            BrokerControlState::ShutdownNow => {
                self.heartbeats.remove_session(broker.id, broker.epoch);
            }
            BrokerControlState::Fenced | BrokerControlState::Unfenced => {}
        }
    }

    pub(super) fn handle_controller_registration(
        &self,
        request: &ControllerRegistrationRequest,
    ) -> ControllerResult {
        let listeners = request.listeners.iter().map(|listener| Endpoint {
            name: listener.name.to_string(),
            host: listener.host.to_string(),
            port: listener.port,
            security_protocol: listener.security_protocol,
        });
        let features = request.features.iter().map(|feature| SupportedFeature {
            name: feature.name.to_string(),
            min: feature.min_supported_version,
            max: feature.max_supported_version,
        });
        let record = MetadataRecord::RegisterController(RegisterController {
            controller_id: request.controller_id,
            incarnation_id: request.incarnation_id,
            endpoints: listeners.collect(),
            features: features.collect(),
        });
        let response = ControllerRegistrationResponse::default().with_error_message(None);
        ControllerResult::new(vec![record], response)
    }

    /// The metadata as elections look at it.
    pub(super) fn cluster<'a>(&'a self, image: &'a MetadataImage) -> Cluster<'a> {
        let config = &self.config;
        Cluster { image, config }
    }
}

/// The broker with this id and epoch, or STALE_BROKER_EPOCH.
pub(super) fn check_broker_epoch(
    image: &MetadataImage,
    id: i32,
    epoch: i64,
) -> Result<&BrokerImage, ApiError> {
    let stale = |text: String| Err(ApiError::new(ErrorCode::STALE_BROKER_EPOCH, text));
    match image.brokers.get(&id) {
        None => stale(format!("No broker registration found for broker id {id}")),
        Some(broker) if broker.epoch != epoch => stale(format!(
            "Expected broker epoch {}, but got broker epoch {epoch}",
            broker.epoch
        )),
        Some(broker) => Ok(broker),
    }
}

/// A directory id names one directory of one broker.
fn check_log_dirs(
    image: &MetadataImage,
    request: &BrokerRegistrationRequest,
) -> Result<(), ApiError> {
    let invalid = |text: String| Err(ApiError::new(ErrorCode::INVALID_REGISTRATION, text));
    let dirs = &request.log_dirs;
    if dirs.is_empty() {
        return invalid("No directories specified in request".to_string());
    }
    if dirs.iter().any(is_reserved) {
        return invalid("Reserved directory ID in request".to_string());
    }
    let distinct: BTreeSet<&Uuid> = dirs.iter().collect();
    if distinct.len() != dirs.len() {
        return invalid("Duplicate directory ID in request".to_string());
    }
    let others = image.brokers.values();
    for other in others.filter(|broker| broker.id != request.broker_id.0) {
        if let Some(dir) = dirs.iter().find(|dir| other.log_dirs.contains(dir)) {
            let id = other.id;
            return invalid(format!(
                "Broker {id} is already registered with directory {dir}"
            ));
        }
    }
    Ok(())
}

fn is_reserved(directory: &Uuid) -> bool {
    directory.as_u128() < 100
}

/// The broker must support every finalized feature level; what it does not name it has at 0
/// (metadata.version: at 1).
fn check_features(
    image: &MetadataImage,
    request: &BrokerRegistrationRequest,
) -> Result<(), ApiError> {
    for (name, level) in image.features.iter() {
        let named = request.features.iter().find(|f| f.name.as_str() == name);
        let unnamed = i16::from(name == METADATA_VERSION);
        let (min, max) = named.map_or((unnamed, unnamed), |feature| {
            (feature.min_supported_version, feature.max_supported_version)
        });
        if !(min..=max).contains(level) {
            let text = format!(
                "Unable to register because the broker does not support finalized version \
                 {level} of {name}. The broker wants a version between {min} and {max}, inclusive."
            );
            return Err(ApiError::new(ErrorCode::UNSUPPORTED_VERSION, text));
        }
    }
    Ok(())
}

/// A new incarnation starts fenced; the same one stays as it is.
fn registration_record(
    request: &BrokerRegistrationRequest,
    broker_epoch: i64,
    same: Option<&BrokerImage>,
) -> MetadataRecord {
    let endpoints = request.listeners.iter().map(|listener| Endpoint {
        name: listener.name.to_string(),
        host: listener.host.to_string(),
        port: listener.port,
        security_protocol: listener.security_protocol,
    });
    let features = request.features.iter().map(|feature| SupportedFeature {
        name: feature.name.to_string(),
        min: feature.min_supported_version,
        max: feature.max_supported_version,
    });
    MetadataRecord::RegisterBroker(RegisterBroker {
        broker_id: request.broker_id.0,
        incarnation_id: request.incarnation_id,
        broker_epoch,
        endpoints: endpoints.collect(),
        features: features.collect(),
        rack: request.rack.as_ref().map(|rack| rack.to_string()),
        fenced: same.is_none_or(|broker| broker.fenced),
        in_controlled_shutdown: same.is_some_and(|broker| broker.in_controlled_shutdown),
        log_dirs: request.log_dirs.clone(),
    })
}
