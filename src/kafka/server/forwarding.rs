//! Requests that a broker passes on to the active controller inside an Envelope (KIP-590).

use crate::kafka::protocol::messages::{ApiKey, EnvelopeRequest, RequestHeader, ResponseHeader};
use crate::kafka::protocol::{CodecError, Message, StrBytes};
use bytes::{Bytes, BytesMut};
use kafka_protocol::protocol::{Decodable, Encodable};

/// The only version of the Envelope api.
pub(super) const ENVELOPE_VERSION: i16 = 0;

/// Wraps a request with its header.
pub(super) fn wrap(request: &Message, api_version: i16) -> Result<EnvelopeRequest, CodecError> {
    let api = request.api_key();
    let header = RequestHeader::default()
        .with_request_api_key(api as i16)
        .with_request_api_version(api_version)
        .with_client_id(Some(StrBytes::from_static_str("forwarded")));
    let mut buffer = BytesMut::new();
    encode_header(
        &header,
        &mut buffer,
        api.request_header_version(api_version),
    )?;
    buffer.extend_from_slice(&request.encode(api_version)?);
    Ok(EnvelopeRequest::default().with_request_data(buffer.freeze()))
}

/// Reads the wrapped request and its api version.
pub(super) fn unwrap(envelope: &EnvelopeRequest) -> Result<(Message, i16), CodecError> {
    let mut bytes = envelope.request_data.clone();
    let key = peek_i16(&bytes, 0)?;
    let version = peek_i16(&bytes, 2)?;
    let api = ApiKey::try_from(key).map_err(|()| CodecError(format!("unknown api {key}")))?;
    RequestHeader::decode(&mut bytes, api.request_header_version(version)).map_err(codec)?;
    Ok((Message::decode_request(api, version, &mut bytes)?, version))
}

/// The bytes of the answer inside an Envelope's response.
pub(super) fn wrap_response(response: &Message, api_version: i16) -> Result<Bytes, CodecError> {
    let mut buffer = BytesMut::new();
    let header_version = response.api_key().response_header_version(api_version);
    encode_header(&ResponseHeader::default(), &mut buffer, header_version)?;
    buffer.extend_from_slice(&response.encode(api_version)?);
    Ok(buffer.freeze())
}

/// Reads the answer inside an Envelope's response.
pub(super) fn unwrap_response(
    api: ApiKey,
    api_version: i16,
    mut bytes: Bytes,
) -> Result<Message, CodecError> {
    let header_version = api.response_header_version(api_version);
    ResponseHeader::decode(&mut bytes, header_version).map_err(codec)?;
    Message::decode_response(api, api_version, &mut bytes)
}

fn encode_header<T: Encodable>(
    header: &T,
    buffer: &mut BytesMut,
    version: i16,
) -> Result<(), CodecError> {
    header.encode(buffer, version).map_err(codec)
}

fn peek_i16(bytes: &Bytes, at: usize) -> Result<i16, CodecError> {
    match bytes.get(at..at + 2) {
        Some(&[high, low]) => Ok(i16::from_be_bytes([high, low])),
        _ => Err(CodecError("an envelope without a request header".into())),
    }
}

fn codec(error: impl std::fmt::Display) -> CodecError {
    CodecError(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::protocol::messages::{CreateTopicsRequest, CreateTopicsResponse};

    #[test]
    fn a_request_and_its_answer_survive_the_envelope() {
        let request = Message::from(CreateTopicsRequest::default().with_timeout_ms(7));
        let envelope = wrap(&request, 7).expect("encodes");
        assert_eq!(unwrap(&envelope), Ok((request, 7)));
        let response = Message::from(CreateTopicsResponse::default());
        let bytes = wrap_response(&response, 7).expect("encodes");
        assert_eq!(
            unwrap_response(ApiKey::CreateTopics, 7, bytes),
            Ok(response)
        );
    }

    #[test]
    fn foreign_bytes_are_refused() {
        for bytes in [
            &b""[..],
            &b"\x00"[..],
            &b"\x7f\x7f\x00\x00"[..],
            &b"\x00\x13\x00\x07"[..],
        ] {
            let envelope =
                EnvelopeRequest::default().with_request_data(Bytes::copy_from_slice(bytes));
            assert!(unwrap(&envelope).is_err(), "{bytes:?}");
        }
    }
}
