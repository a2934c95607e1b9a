//! The image follows what the quorum committed, and the logs follow the image.

use super::BrokerServer;
use crate::kafka::config::Sabotage;
use crate::kafka::metadata::MetadataDelta;
use crate::kafka::protocol::metadata_record::{LogEntry, MetadataRecord, PartitionChange};
use crate::kafka::raft::CommittedBatch;
use crate::kafka::vocabulary::{Kafka, Note, Work};
use crate::sim::Ctx;

impl BrokerServer {
    /// The logs follow the image from now on; what was asked meanwhile is served.
    pub(super) fn start_publishing(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        self.publishing = true;
        let delta = MetadataDelta::whole(&self.image);
        self.apply(&delta, ctx);
        self.replicas.remove_strays(ctx);
        for held in std::mem::take(&mut self.held) {
            self.serve(held.from, held.request, ctx);
        }
    }

    fn apply(&mut self, delta: &MetadataDelta, ctx: &mut Ctx<'_, Kafka>) {
        // A failing disk is kept by the replica manager and ends the broker after this step.
        let _ = self.replicas.apply_metadata(&self.image, delta, ctx);
    }

    /// Takes in what the quorum committed.
    pub(in crate::kafka::server) fn replay(
        &mut self,
        batch: &CommittedBatch,
        ctx: &mut Ctx<'_, Kafka>,
    ) {
        let mut delta = MetadataDelta::default();
        if let LogEntry::Data(records) = &batch.entry {
            ctx.spend(Work::ReplayRecords, records.len() as u64);
            for (offset, record) in (batch.base_offset..).zip(records) {
                let record = self.sabotaged(record);
                // A record that can not be replayed was refused by the controller's own replay.
                let _ = self.image.replay(&record, offset, batch.epoch, &mut delta);
            }
        }
        self.image.offset = batch.last_offset;
        self.image.epoch = batch.epoch;
        ctx.note(Note::MetadataReplayed {
            offset: batch.last_offset,
        });
        if self.publishing {
            self.apply(&delta, ctx);
        }
    }

    fn sabotaged(&self, record: &MetadataRecord) -> MetadataRecord {
        let skip = self
            .config
            .broker
            .semantics
            .sabotage
            .has(Sabotage::SkipIsrReplay);
        match record {
            MetadataRecord::PartitionChange(change) if skip => {
                let change = PartitionChange {
                    isr: None,
                    ..change.clone()
                };
                MetadataRecord::PartitionChange(change)
            }
            record => record.clone(),
        }
    }
}
