//! Which version of each api a client speaks: the smaller of its own and the broker's.
//!
//! Our own versions are those that the real libraries were seen to send, bounded by what the
//! message crate can encode.

use crate::kafka::config::ClientKind;
use crate::kafka::protocol::ApiKey;
use crate::kafka::protocol::messages::ApiVersionsResponse;
use std::collections::BTreeMap;

/// The version ranges that a broker said it serves, on one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NodeVersions {
    ranges: BTreeMap<i16, (i16, i16)>,
}

impl NodeVersions {
    pub(crate) fn read(response: &ApiVersionsResponse) -> Self {
        let range = |api: &kafka_protocol::messages::api_versions_response::ApiVersion| {
            (api.api_key, (api.min_version, api.max_version))
        };
        NodeVersions {
            ranges: response.api_keys.iter().map(range).collect(),
        }
    }

    /// The version in which a client of this kind speaks `api` here; none if there is none.
    pub(crate) fn negotiate(&self, kind: ClientKind, api: ApiKey) -> Option<i16> {
        let (min, max) = *self.ranges.get(&(api as i16))?;
        let version = latest(kind, api).min(max);
        (version >= min).then_some(version)
    }
}

/// The newest version of `api` that a client of this kind sends.
pub(crate) fn latest(kind: ClientKind, api: ApiKey) -> i16 {
    let (java, librdkafka, sarama) = match api {
        ApiKey::Produce => (13, 10, 9),
        ApiKey::Fetch => (18, 16, 12),
        ApiKey::ListOffsets => (10, 7, 6),
        ApiKey::Metadata => (13, 13, 11),
        ApiKey::ApiVersions => (4, 3, 3),
        ApiKey::CreateTopics => (7, 4, 7),
        ApiKey::DeleteTopics => (6, 4, 6),
        ApiKey::InitProducerId => (5, 4, 4),
        ApiKey::OffsetForLeaderEpoch => (4, 2, 4),
        ApiKey::ElectLeaders => (2, 2, 2),
        _ => (0, 0, 0),
    };
    match kind {
        ClientKind::Java => java,
        ClientKind::Librdkafka => librdkafka,
        ClientKind::Sarama => sarama,
    }
}

/// The name and version that a client gives in ApiVersions (KIP-511).
pub(crate) fn software(kind: ClientKind) -> (&'static str, &'static str) {
    match kind {
        ClientKind::Java => ("apache-kafka-java", "4.3.1"),
        ClientKind::Librdkafka => ("librdkafka", "2.16.0"),
        ClientKind::Sarama => ("sarama", "v1.61.1"),
    }
}
