//! Producers and consumers of the scenario.

use crate::kafka::config::Acks;
use crate::lab::cluster::View;
use crate::lab::scenario::ClientRef;
use crate::lab::scenario::run::Run;
use crate::sim::NodeId;

/// A producer in its own eyes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerLook {
    /// Its `acks`: -1 all.
    pub acks: i16,
    /// It numbers its batches.
    pub idempotent: bool,
    /// Records that the application gave it.
    pub sent: i64,
    /// Records acknowledged.
    pub acked: i64,
    /// Records given up.
    pub failed: i64,
    /// Records in requests that have no answer.
    pub in_flight: u64,
    /// Records that wait to be sent.
    pub buffered: u64,
    /// How often a batch was put back to be sent again.
    pub retries: u64,
    /// Producer id and epoch; -1 none.
    pub id: (i64, i16),
}

/// A consumer in its own eyes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerLook {
    /// Partition, position, how many records it got, and how far the leader's high watermark is
    /// ahead.
    pub reads: Vec<(String, Option<i64>, u64, Option<i64>)>,
    /// Records that the application is done with.
    pub processed: u64,
}

/// A client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientLook {
    /// The machine of its process.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// Its state in Kafka's words; none while its process is down.
    pub state: Option<&'static str>,
    /// Its process is paused.
    pub paused: bool,
    /// If it is a producer that is up.
    pub producer: Option<ProducerLook>,
    /// If it is a consumer that is up.
    pub consumer: Option<ConsumerLook>,
    /// Whether the scenario made it a producer.
    pub produces: bool,
}

pub(super) fn clients(view: View<'_>, run: &Run) -> Vec<ClientLook> {
    let scenario = &run.plan().scenario;
    let producers = (0..scenario.producers.len()).map(ClientRef::Producer);
    let consumers = (0..scenario.consumers.len()).map(ClientRef::Consumer);
    let all = producers.chain(consumers);
    all.filter_map(|client| look(view, run, client)).collect()
}

fn look(view: View<'_>, run: &Run, client: ClientRef) -> Option<ClientLook> {
    let seat = run.plan().client(client)?;
    let process = view.client(seat.node);
    let producer = process.and_then(|process| process.producer(seat.client));
    let consumer = process.and_then(|process| process.consumer(seat.client));
    let states = [producer.map(|p| p.state()), consumer.map(|c| c.state())];
    Some(ClientLook {
        node: seat.node,
        name: run.plan().client_name(client).to_owned(),
        state: states.into_iter().flatten().next(),
        paused: view.world.is_paused(seat.node),
        producer: match client {
            ClientRef::Producer(index) => producer_look(view, run, index),
            _ => None,
        },
        consumer: consumer.map(|consumer| consumer_look(view, consumer)),
        produces: matches!(client, ClientRef::Producer(_)),
    })
}

fn producer_look(view: View<'_>, run: &Run, index: usize) -> Option<ProducerLook> {
    let seat = run.plan().client(ClientRef::Producer(index))?;
    let producer = view.client(seat.node)?.producer(seat.client)?;
    let counts = run.records().counts(index);
    Some(ProducerLook {
        acks: match run.acks(index) {
            Acks::None => 0,
            Acks::Leader => 1,
            Acks::All => -1,
        },
        idempotent: producer.is_idempotent(),
        sent: counts.sent,
        acked: counts.acknowledged,
        failed: counts.failed,
        in_flight: producer.in_flight(),
        buffered: producer.buffered(),
        retries: producer.retries(),
        id: (producer.producer_id(), producer.epoch()),
    })
}

fn consumer_look(view: View<'_>, consumer: &crate::kafka::client::Consumer) -> ConsumerLook {
    let read = |tp: &crate::kafka::protocol::TopicPartition| {
        let position = consumer.position(&tp.topic, tp.partition);
        let leader = view
            .partition(&tp.topic, tp.partition)
            .and_then(|tp| view.leader(tp));
        let high_watermark = leader.map(|leader| leader.offsets().high_watermark);
        let lag = high_watermark
            .zip(position)
            .map(|(hw, at)| (hw - at).max(0));
        let received = consumer.received(&tp.topic, tp.partition);
        (tp.to_string(), position, received, lag)
    };
    ConsumerLook {
        reads: consumer.assigned().iter().map(read).collect(),
        processed: consumer.processed(),
    }
}
