//! Blocks of producer ids for brokers (`ProducerIdControlManager`).

use super::brokers::check_broker_epoch;
use super::{ControllerResult, ControllerState};
use crate::kafka::metadata::MetadataImage;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::messages::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse, ProducerId,
};
use crate::kafka::protocol::metadata_record::MetadataRecord;

/// How many ids a block has (`ProducerIdsBlock.PRODUCER_ID_BLOCK_SIZE`).
const PRODUCER_ID_BLOCK_SIZE: i32 = 1_000;

impl ControllerState {
    pub(super) fn handle_allocate_producer_ids(
        &self,
        image: &MetadataImage,
        request: &AllocateProducerIdsRequest,
    ) -> ControllerResult {
        let (broker_id, broker_epoch) = (request.broker_id.0, request.broker_epoch);
        let refuse = |error: ErrorCode| {
            let response = AllocateProducerIdsResponse::default().with_error_code(error.0);
            ControllerResult::new(Vec::new(), response)
        };
        if let Err(error) = check_broker_epoch(image, broker_id, broker_epoch) {
            return refuse(error.code);
        }
        let first = image.next_producer_id;
        let Some(next_producer_id) = first.checked_add(i64::from(PRODUCER_ID_BLOCK_SIZE)) else {
            return refuse(ErrorCode::UNKNOWN_SERVER_ERROR);
        };
        let record = MetadataRecord::ProducerIds {
            broker_id,
            broker_epoch,
            next_producer_id,
        };
        let response = AllocateProducerIdsResponse::default()
            .with_producer_id_start(ProducerId(first))
            .with_producer_id_len(PRODUCER_ID_BLOCK_SIZE);
        ControllerResult::new(vec![record], response)
    }
}
