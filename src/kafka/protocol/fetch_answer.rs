//! A fetch answer whose batches travel beside its struct.

use super::messages;
use crate::sim::Chunk;
use bytes::BytesMut;

/// A `FetchResponse` with the records of its partitions as chunks; `records` inside the struct
/// stays empty until the answer is encoded.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchAnswer {
    /// The answer, without records.
    pub response: messages::FetchResponse,
    /// The chunks of each partition, in the order of topics and of partitions within a topic;
    /// shorter than that order where the last partitions have none.
    pub records: Vec<Vec<Chunk>>,
}

impl FetchAnswer {
    /// An answer without records.
    pub fn empty(response: messages::FetchResponse) -> Self {
        FetchAnswer {
            response,
            records: Vec::new(),
        }
    }

    /// The chunks of the `index`-th partition of the answer.
    pub fn records_of(&self, index: usize) -> &[Chunk] {
        self.records.get(index).map_or(&[], Vec::as_slice)
    }

    /// How many bytes of records the answer carries.
    pub fn record_bytes(&self) -> u64 {
        self.records
            .iter()
            .flatten()
            .map(|chunk| chunk.bytes.len() as u64)
            .sum()
    }
}

impl FetchAnswer {
    /// The struct with the chunks joined into it, as it travels on a wire.
    pub fn joined(&self) -> messages::FetchResponse {
        let mut response = self.response.clone();
        let partitions = response
            .responses
            .iter_mut()
            .flat_map(|topic| &mut topic.partitions);
        for (index, partition) in partitions.enumerate() {
            let chunks = self.records_of(index);
            if let [only] = chunks {
                partition.records = Some(only.bytes.clone());
            } else if !chunks.is_empty() {
                let mut all = BytesMut::new();
                chunks
                    .iter()
                    .for_each(|chunk| all.extend_from_slice(&chunk.bytes));
                partition.records = Some(all.freeze());
            }
        }
        response
    }

    /// Takes the records out of a struct that came from a wire; their checksums are unverified.
    pub fn split(mut response: messages::FetchResponse) -> Self {
        let partitions = response
            .responses
            .iter_mut()
            .flat_map(|topic| &mut topic.partitions);
        let mut records = Vec::new();
        for partition in partitions {
            let bytes = partition.records.take().filter(|bytes| !bytes.is_empty());
            records.push(
                bytes
                    .map(|bytes| Chunk {
                        bytes,
                        sound: false,
                    })
                    .into_iter()
                    .collect(),
            );
        }
        FetchAnswer { response, records }
    }
}
