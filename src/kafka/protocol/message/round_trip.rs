//! Whether a message survives its wire: `wire = "roundtrip"` asks at every delivery.

use super::Message;
use crate::kafka::protocol::FetchAnswer;

impl Message {
    /// Encodes the message in `version`, decodes it, and compares. The error says what was lost:
    /// a field that this version does not carry, bytes left over, a version that the api lacks.
    pub fn round_trip(&self, version: i16) -> Result<(), String> {
        let context = |what: &str| format!("{} v{version}: {what}", self.name());
        let mut bytes = self.encode(version).map_err(|error| context(&error.0))?;
        let decoded = if self.is_request() {
            Message::decode_request(self.api_key(), version, &mut bytes)
        } else {
            Message::decode_response(self.api_key(), version, &mut bytes)
        };
        let decoded = decoded.map_err(|error| context(&error.0))?;
        if !bytes.is_empty() {
            return Err(context(&format!("{} bytes are left over", bytes.len())));
        }
        let sent = self.as_on_wire();
        if decoded == sent {
            return Ok(());
        }
        let (sent, read) = first_difference(&format!("{sent:?}"), &format!("{decoded:?}"));
        Err(context(&format!("sent `{sent}`, read `{read}`")))
    }

    /// A fetch answer travels with its chunks joined; nobody has verified them at the other end.
    fn as_on_wire(&self) -> Message {
        match self {
            Message::FetchResponse(answer) => {
                Message::FetchResponse(FetchAnswer::split(answer.joined()))
            }
            other => other.clone(),
        }
    }
}

/// The part of both texts around the first place where they differ.
fn first_difference(sent: &str, read: &str) -> (String, String) {
    let same = sent
        .chars()
        .zip(read.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let excerpt = |text: &str| {
        text.chars()
            .skip(same.saturating_sub(40))
            .take(80)
            .collect()
    };
    (excerpt(sent), excerpt(read))
}
