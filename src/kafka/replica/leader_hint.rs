//! Who leads, told to a client that asked the wrong broker (KIP-951).

use super::ReplicaManager;
use super::broker::alive;
use crate::kafka::metadata::MetadataImage;
use crate::kafka::protocol::StrBytes;
use uuid::Uuid;

/// A leader as this broker knows it, with where it listens if it is alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LeaderHint {
    pub(super) leader: i32,
    pub(super) epoch: i32,
    pub(super) endpoint: Option<HintEndpoint>,
}

/// Where a broker listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HintEndpoint {
    pub(super) host: StrBytes,
    pub(super) port: i32,
    pub(super) rack: Option<StrBytes>,
}

impl ReplicaManager {
    pub(super) fn leader_hint(
        &self,
        image: &MetadataImage,
        topic: Uuid,
        partition: i32,
    ) -> LeaderHint {
        let hosted = self.partition(topic, partition);
        let (leader, epoch) = match (hosted, image.partition(topic, partition)) {
            (Some(hosted), _) => (hosted.leader(), hosted.leader_epoch()),
            (None, Some(known)) => (known.leader, known.leader_epoch),
            (None, None) => (-1, -1),
        };
        LeaderHint {
            leader,
            epoch,
            endpoint: endpoint_of(image, leader),
        }
    }
}

fn endpoint_of(image: &MetadataImage, broker: i32) -> Option<HintEndpoint> {
    let registered = alive(image, broker)?;
    let endpoint = registered.endpoints.first()?;
    Some(HintEndpoint {
        host: StrBytes::from_string(endpoint.host.clone()),
        port: i32::from(endpoint.port),
        rack: registered.rack.clone().map(StrBytes::from_string),
    })
}
