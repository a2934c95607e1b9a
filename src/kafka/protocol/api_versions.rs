//! The versions of each api that a node advertises: those of a real Kafka 4.3.1 (recorded), as
//! far as the api is simulated and the codec knows the version.

use super::{ApiKey, ErrorCode, StrBytes, messages};
use messages::ApiVersionsResponse;
use messages::api_versions_response::{ApiVersion, FinalizedFeatureKey, SupportedFeatureKey};

/// The versions of one api, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiRange {
    /// The api.
    pub api: ApiKey,
    /// The oldest version.
    pub min: i16,
    /// The newest version.
    pub max: i16,
}

const fn range(api: ApiKey, min: i16, max: i16) -> ApiRange {
    ApiRange { api, min, max }
}

/// What a 4.3.1 broker advertises. Produce starts at 0 although 0 to 2 are refused: older
/// librdkafka takes the absence of those as a lack of compression (KIP-896).
const BROKER: &[ApiRange] = &[
    range(ApiKey::Produce, 0, 13),
    range(ApiKey::Fetch, 4, 18),
    range(ApiKey::ListOffsets, 1, 11),
    range(ApiKey::Metadata, 0, 13),
    range(ApiKey::ApiVersions, 0, 4),
    range(ApiKey::CreateTopics, 2, 7),
    range(ApiKey::DeleteTopics, 1, 6),
    range(ApiKey::InitProducerId, 0, 5),
    range(ApiKey::OffsetForLeaderEpoch, 2, 4),
    range(ApiKey::ElectLeaders, 0, 2),
    range(ApiKey::DescribeQuorum, 0, 2),
    range(ApiKey::DescribeCluster, 0, 2),
    range(ApiKey::DescribeTopicPartitions, 0, 0),
];

/// What a 4.3.1 controller advertises.
const CONTROLLER: &[ApiRange] = &[
    range(ApiKey::Fetch, 4, 18),
    range(ApiKey::ApiVersions, 0, 4),
    range(ApiKey::CreateTopics, 2, 7),
    range(ApiKey::DeleteTopics, 1, 6),
    range(ApiKey::ElectLeaders, 0, 2),
    range(ApiKey::Vote, 0, 2),
    range(ApiKey::BeginQuorumEpoch, 0, 1),
    range(ApiKey::EndQuorumEpoch, 0, 1),
    range(ApiKey::DescribeQuorum, 0, 2),
    range(ApiKey::AlterPartition, 2, 3),
    range(ApiKey::Envelope, 0, 0),
    range(ApiKey::FetchSnapshot, 0, 1),
    range(ApiKey::DescribeCluster, 0, 2),
    range(ApiKey::BrokerRegistration, 0, 4),
    range(ApiKey::BrokerHeartbeat, 0, 2),
    range(ApiKey::AllocateProducerIds, 0, 0),
    range(ApiKey::ControllerRegistration, 0, 0),
];

/// Features and the levels that 4.3.1 supports, in the order of its answer.
pub const SUPPORTED_FEATURES: [(&str, i16, i16); 7] = [
    ("group.version", 0, 1),
    ("kraft.version", 0, 1),
    ("metadata.version", 7, 30),
    ("share.version", 0, 1),
    ("streams.version", 0, 1),
    ("transaction.version", 0, 2),
    ("eligible.leader.replicas.version", 0, 1),
];

/// What a broker advertises, in order of api keys.
pub fn broker() -> Vec<ApiRange> {
    BROKER.iter().map(cut).collect()
}

/// What a controller advertises, in order of api keys.
pub fn controller() -> Vec<ApiRange> {
    CONTROLLER.iter().map(cut).collect()
}

/// The newest version stays within what the codec knows; the oldest one is never above it in
/// the tables, but for Produce, where it is a promise that nobody may take up.
fn cut(advertised: &ApiRange) -> ApiRange {
    let max = advertised.max.min(advertised.api.valid_versions().max);
    ApiRange { max, ..*advertised }
}

/// The versions of `api` in a table; none if it is not advertised.
pub fn find(table: &[ApiRange], api: ApiKey) -> Option<ApiRange> {
    table.iter().copied().find(|range| range.api == api)
}

/// Whether a node with this table reads a request of this version: it is advertised, and the
/// codec knows it.
pub fn is_served(table: &[ApiRange], api: ApiKey, version: i16) -> bool {
    let known = api.valid_versions();
    find(table, api).is_some_and(|range| (range.min.max(known.min)..=range.max).contains(&version))
}

/// The newest version that both this node and one that gave `answer` speak
/// (`NodeApiVersions.latestUsableVersion`); none if there is none.
pub fn latest_usable(answer: &ApiVersionsResponse, api: ApiKey) -> Option<i16> {
    let theirs = answer
        .api_keys
        .iter()
        .find(|range| range.api_key == api as i16)?;
    let known = api.valid_versions();
    let newest = theirs.max_version.min(known.max);
    (newest >= theirs.min_version.max(known.min)).then_some(newest)
}

/// The answer to an ApiVersions request of `version`: the table, what is supported, and the
/// features (name, level) finalized at `finalized_epoch` (-1 if unknown). Readers of versions
/// before 4 choke on a least level of 0: such features are left out for them (KAFKA-17492).
pub fn response(
    table: &[ApiRange],
    version: i16,
    finalized: &[(&str, i16)],
    finalized_epoch: i64,
) -> ApiVersionsResponse {
    let response = keys_only(table);
    if version < 3 {
        return response;
    }
    let shown = SUPPORTED_FEATURES
        .iter()
        .filter(|(_, min, _)| version >= 4 || *min > 0);
    let supported = shown.map(|(name, min, max)| {
        SupportedFeatureKey::default()
            .with_name(StrBytes::from_static_str(name))
            .with_min_version(*min)
            .with_max_version(*max)
    });
    let finalized = finalized.iter().map(|(name, level)| {
        FinalizedFeatureKey::default()
            .with_name(StrBytes::from_string((*name).to_owned()))
            .with_min_version_level(*level)
            .with_max_version_level(*level)
    });
    response
        .with_supported_features(supported.collect())
        .with_finalized_features(finalized.collect())
        .with_finalized_features_epoch(finalized_epoch)
}

/// The answer to an ApiVersions request of a version that is not known: it is encoded in
/// version 0 and names only the versions of ApiVersions, so that the client can ask again.
pub fn unsupported_version() -> ApiVersionsResponse {
    let own: Vec<ApiRange> = find(&broker(), ApiKey::ApiVersions).into_iter().collect();
    keys_only(&own).with_error_code(ErrorCode::UNSUPPORTED_VERSION.0)
}

fn keys_only(table: &[ApiRange]) -> ApiVersionsResponse {
    let keys = table.iter().map(|range| {
        ApiVersion::default()
            .with_api_key(range.api as i16)
            .with_min_version(range.min)
            .with_max_version(range.max)
    });
    ApiVersionsResponse::default().with_api_keys(keys.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::protocol::Message;
    use serde_json::Value;

    /// `tests/data/api_versions.json`: the answers of a broker and of a controller of 4.3.1.
    fn recorded(node: &str) -> Value {
        let text = include_str!("../../../tests/data/api_versions.json");
        let document: Value = serde_json::from_str(text).unwrap();
        document[node].clone()
    }

    fn recorded_ranges(node: &str) -> Vec<(i64, i64, i64)> {
        let rows = recorded(node)["api_keys"].as_array().unwrap().clone();
        let number = |row: &Value, field: &str| row[field].as_i64().unwrap();
        let simulated = |row: &Value| Message::NAMES.contains(&row["name"].as_str().unwrap());
        let rows = rows.iter().filter(|row| simulated(row));
        rows.map(|row| (number(row, "key"), number(row, "min"), number(row, "max")))
            .collect()
    }

    #[test]
    fn tables_equal_the_recorded_answers() {
        for (node, table) in [("broker", BROKER), ("controller", CONTROLLER)] {
            let ours: Vec<(i64, i64, i64)> = table
                .iter()
                .map(|r| (i64::from(r.api as i16), i64::from(r.min), i64::from(r.max)))
                .collect();
            assert_eq!(ours, recorded_ranges(node), "{node}");
        }
    }

    #[test]
    fn only_versions_that_the_codec_knows_are_advertised() {
        for range in broker().into_iter().chain(controller()) {
            let known = range.api.valid_versions();
            assert!(range.max <= known.max, "{range:?}");
            assert!(
                range.min >= known.min || range.api == ApiKey::Produce,
                "{range:?}"
            );
        }
        assert!(!is_served(&broker(), ApiKey::Produce, 2));
        assert!(is_served(&broker(), ApiKey::Produce, 3));
        assert!(!is_served(&broker(), ApiKey::Vote, 0));
    }

    #[test]
    fn the_features_equal_the_recorded_answer() {
        let rows = recorded("broker")["supported_features"]
            .as_array()
            .unwrap()
            .clone();
        let answer = response(&broker(), 4, &[("metadata.version", 30)], 77);
        let ours: Vec<Value> = answer
            .supported_features
            .iter()
            .map(|f| {
                let name = f.name.to_string();
                serde_json::json!({"name": name, "min": f.min_version, "max": f.max_version})
            })
            .collect();
        assert_eq!(ours, rows);
        assert_eq!(answer.finalized_features[0].max_version_level, 30);
        for version in 0..=4 {
            let answer = response(&broker(), version, &[], -1);
            Message::from(answer).round_trip(version).unwrap();
        }
        assert_eq!(response(&broker(), 3, &[], -1).supported_features.len(), 1);
    }

    #[test]
    fn an_unknown_version_is_answered_as_recorded() {
        let recorded = recorded("broker")["answer_to_version_99_hex"]
            .as_str()
            .unwrap()
            .to_owned();
        let body = Message::from(unsupported_version()).encode(0).unwrap();
        let hex: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
        // The recording starts with the correlation id, which is the response header.
        assert_eq!(hex, recorded[8..]);
    }

    #[test]
    fn two_nodes_agree_on_the_newest_common_version() {
        let answer = response(&broker(), 4, &[], -1);
        assert_eq!(latest_usable(&answer, ApiKey::Fetch), Some(18));
        assert_eq!(latest_usable(&answer, ApiKey::InitProducerId), Some(5));
        assert_eq!(latest_usable(&answer, ApiKey::Vote), None);
        let old = ApiRange {
            api: ApiKey::Produce,
            min: 0,
            max: 2,
        };
        assert_eq!(
            latest_usable(&response(&[old], 4, &[], -1), ApiKey::Produce),
            None
        );
    }
}
