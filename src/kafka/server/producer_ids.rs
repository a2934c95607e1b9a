//! Producer ids from blocks that the controller gives out (`RPCProducerIdManager`, C16).

use crate::kafka::protocol::ErrorCode;

/// Ask for the next block when this share of the present one is used, in tenths.
const PREFETCH_TENTHS: i64 = 9;

/// Why an InitProducerId with this transactional id gets no producer id. There is no transaction
/// coordinator here, which real clients may meet, too, and try again.
pub(super) fn refusal(transactional_id: Option<&str>) -> Option<ErrorCode> {
    transactional_id.map(|id| match id {
        "" => ErrorCode::INVALID_REQUEST,
        _ => ErrorCode::COORDINATOR_NOT_AVAILABLE,
    })
}

/// The block in use and the one after it.
#[derive(Clone, Debug, Default)]
pub(super) struct ProducerIds {
    next: i64,
    end: i64,
    len: i64,
    following: Option<(i64, i64)>,
    asked: bool,
}

impl ProducerIds {
    /// The next id; none while no block is there (COORDINATOR_LOAD_IN_PROGRESS).
    pub(super) fn generate(&mut self) -> Option<i64> {
        if self.next >= self.end {
            let (start, len) = self.following.take()?;
            (self.next, self.end, self.len) = (start, start + len, len);
        }
        let id = self.next;
        self.next += 1;
        Some(id)
    }

    /// Whether a block is to be asked for now; the caller asks, this remembers it.
    pub(super) fn should_ask(&mut self) -> bool {
        let used = self.len - (self.end - self.next);
        let low = self.next >= self.end || used * 10 >= self.len * PREFETCH_TENTHS;
        let ask = low && self.following.is_none() && !self.asked;
        self.asked |= ask;
        ask
    }

    /// The controller's answer: a block, or a refusal after which it is asked again.
    pub(super) fn received(&mut self, block: Option<(i64, i32)>) {
        self.asked = false;
        self.following = block.map(|(start, len)| (start, i64::from(len)));
    }
}

#[cfg(test)]
mod tests {
    use super::{ProducerIds, refusal};

    #[test]
    fn ids_are_given_once_and_the_next_block_is_asked_for_early() {
        let mut ids = ProducerIds::default();
        assert_eq!(ids.generate(), None);
        assert!(ids.should_ask());
        assert!(!ids.should_ask(), "one request at a time");
        ids.received(Some((1_000, 10)));
        let first: Vec<i64> = (0..8).filter_map(|_| ids.generate()).collect();
        assert_eq!(first, (1_000..1_008).collect::<Vec<_>>());
        assert!(!ids.should_ask(), "eight of ten are used");
        assert_eq!(ids.generate(), Some(1_008));
        assert!(ids.should_ask(), "nine of ten are used");
        ids.received(Some((2_000, 10)));
        assert_eq!([ids.generate(), ids.generate()], [Some(1_009), Some(2_000)]);
    }

    #[test]
    fn a_refused_block_is_asked_for_again() {
        let mut ids = ProducerIds::default();
        assert!(ids.should_ask());
        ids.received(None);
        assert!(ids.should_ask());
    }

    #[test]
    fn an_empty_transactional_id_is_refused_as_a_real_broker_did() {
        let text = include_str!("../../../tests/data/wire_server.json");
        let recorded: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let exchange = &recorded["exchanges"][0];
        assert_eq!(exchange["api"], "InitProducerId");
        let error = refusal(exchange["request"]["transactionalId"].as_str()).expect("refused");
        assert_eq!(exchange["response"]["errorCode"], error.0);
        assert_eq!(refusal(None), None);
    }
}
