//! [`Message`]: every request and response that simulated nodes exchange.

mod digest;
mod facts;
mod round_trip;
#[cfg(test)]
mod tests;

pub use facts::{MessageFacts, PartitionFacts};

use super::{FetchAnswer, messages};
use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::ApiKey;
use kafka_protocol::protocol::{Decodable, Encodable};
use std::fmt;

/// Why a message could not be encoded or decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodecError(pub String);

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CodecError {}

fn encode<T: Encodable>(message: &T, version: i16) -> Result<Bytes, CodecError> {
    let mut buffer = BytesMut::new();
    message
        .encode(&mut buffer, version)
        .map_err(|e| CodecError(e.to_string()))?;
    Ok(buffer.freeze())
}

fn decode<T: Decodable>(bytes: &mut Bytes, version: i16) -> Result<T, CodecError> {
    T::decode(bytes, version).map_err(|e| CodecError(e.to_string()))
}

fn size<T: Encodable>(message: &T, version: i16) -> u64 {
    message.compute_size(version).unwrap_or(0) as u64
}

macro_rules! messages {
    ($($api:ident: $request:ident, $response:ident => $wire:ident;)*) => {
        /// A request or a response, typed.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs, reason = "each is what it holds")]
        #[allow(clippy::large_enum_variant, reason = "an envelope boxes it")]
        pub enum Message {
            $($request(messages::$request), $response($wire),)*
        }

        $(
            impl From<messages::$request> for Message {
                fn from(message: messages::$request) -> Self {
                    Message::$request(message)
                }
            }

            impl From<$wire> for Message {
                fn from(message: $wire) -> Self {
                    Message::$response(message)
                }
            }
        )*

        impl Message {
            /// The api this belongs to.
            pub fn api_key(&self) -> ApiKey {
                match self {
                    $(Message::$request(_) | Message::$response(_) => ApiKey::$api,)*
                }
            }

            /// Request or response.
            pub fn is_request(&self) -> bool {
                match self {
                    $(Message::$request(_) => true, Message::$response(_) => false,)*
                }
            }

            /// The word scenarios use: `Fetch` for the request, `FetchResponse` for the answer.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Message::$request(_) => stringify!($api),
                      Message::$response(_) => stringify!($response),)*
                }
            }

            /// Every name that [`Message::name`] can give.
            pub const NAMES: &'static [&'static str] =
                &[$(stringify!($api), stringify!($response),)*];

            /// The body as it travels, without a header.
            pub fn encode(&self, version: i16) -> Result<Bytes, CodecError> {
                match self {
                    $(Message::$request(m) => encode(m, version),
                      Message::$response(m) => Wire::encode_wire(m, version),)*
                }
            }

            /// The length of the body as it travels.
            pub fn size(&self, version: i16) -> u64 {
                match self {
                    $(Message::$request(m) => size(m, version),
                      Message::$response(m) => Wire::size_wire(m, version),)*
                }
            }

            /// Reads a request's body; what follows it stays in `bytes`.
            pub fn decode_request(
                api: ApiKey,
                version: i16,
                bytes: &mut Bytes,
            ) -> Result<Message, CodecError> {
                match api {
                    $(ApiKey::$api => Ok(Message::$request(decode(bytes, version)?)),)*
                    other => Err(CodecError(format!("api {other:?} is not served"))),
                }
            }

            /// Reads a response's body; what follows it stays in `bytes`.
            pub fn decode_response(
                api: ApiKey,
                version: i16,
                bytes: &mut Bytes,
            ) -> Result<Message, CodecError> {
                match api {
                    $(ApiKey::$api =>
                        Ok(Message::$response(Wire::decode_wire(bytes, version)?)),)*
                    other => Err(CodecError(format!("api {other:?} is not served"))),
                }
            }
        }
    };
}

/// How a response becomes bytes: as itself, or joined with what it carries beside.
trait Wire: Sized {
    fn encode_wire(&self, version: i16) -> Result<Bytes, CodecError>;
    fn size_wire(&self, version: i16) -> u64;
    fn decode_wire(bytes: &mut Bytes, version: i16) -> Result<Self, CodecError>;
}

impl<T: Encodable + Decodable> Wire for T {
    fn encode_wire(&self, version: i16) -> Result<Bytes, CodecError> {
        encode(self, version)
    }

    fn size_wire(&self, version: i16) -> u64 {
        size(self, version)
    }

    fn decode_wire(bytes: &mut Bytes, version: i16) -> Result<Self, CodecError> {
        decode(bytes, version)
    }
}

impl Wire for FetchAnswer {
    fn encode_wire(&self, version: i16) -> Result<Bytes, CodecError> {
        encode(&self.joined(), version)
    }

    fn size_wire(&self, version: i16) -> u64 {
        size(&self.response, version) + self.record_bytes()
    }

    fn decode_wire(bytes: &mut Bytes, version: i16) -> Result<Self, CodecError> {
        Ok(FetchAnswer::split(decode(bytes, version)?))
    }
}

use messages::*;

messages! {
    Produce: ProduceRequest, ProduceResponse => ProduceResponse;
    Fetch: FetchRequest, FetchResponse => FetchAnswer;
    ListOffsets: ListOffsetsRequest, ListOffsetsResponse => ListOffsetsResponse;
    Metadata: MetadataRequest, MetadataResponse => MetadataResponse;
    ApiVersions: ApiVersionsRequest, ApiVersionsResponse => ApiVersionsResponse;
    CreateTopics: CreateTopicsRequest, CreateTopicsResponse => CreateTopicsResponse;
    DeleteTopics: DeleteTopicsRequest, DeleteTopicsResponse => DeleteTopicsResponse;
    InitProducerId: InitProducerIdRequest, InitProducerIdResponse => InitProducerIdResponse;
    OffsetForLeaderEpoch: OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse
        => OffsetForLeaderEpochResponse;
    ElectLeaders: ElectLeadersRequest, ElectLeadersResponse => ElectLeadersResponse;
    Vote: VoteRequest, VoteResponse => VoteResponse;
    BeginQuorumEpoch: BeginQuorumEpochRequest, BeginQuorumEpochResponse
        => BeginQuorumEpochResponse;
    EndQuorumEpoch: EndQuorumEpochRequest, EndQuorumEpochResponse => EndQuorumEpochResponse;
    FetchSnapshot: FetchSnapshotRequest, FetchSnapshotResponse => FetchSnapshotResponse;
    DescribeQuorum: DescribeQuorumRequest, DescribeQuorumResponse => DescribeQuorumResponse;
    AlterPartition: AlterPartitionRequest, AlterPartitionResponse => AlterPartitionResponse;
    DescribeCluster: DescribeClusterRequest, DescribeClusterResponse => DescribeClusterResponse;
    DescribeTopicPartitions: DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse
        => DescribeTopicPartitionsResponse;
    BrokerRegistration: BrokerRegistrationRequest, BrokerRegistrationResponse
        => BrokerRegistrationResponse;
    BrokerHeartbeat: BrokerHeartbeatRequest, BrokerHeartbeatResponse => BrokerHeartbeatResponse;
    ControllerRegistration: ControllerRegistrationRequest, ControllerRegistrationResponse
        => ControllerRegistrationResponse;
    AllocateProducerIds: AllocateProducerIdsRequest, AllocateProducerIdsResponse
        => AllocateProducerIdsResponse;
    Envelope: EnvelopeRequest, EnvelopeResponse => EnvelopeResponse;
}
