//! Gauges: what `ReplicaManager` and `ControllerMetadataMetrics` would show now.

use crate::kafka::metadata::{MetadataImage, PartitionImage};
use crate::kafka::server::{BrokerServer, ControllerServer};
use crate::lab::cluster::View;
use crate::sim::NodeId;

/// Names and values of a machine's gauges; none if it is down or no server.
pub(super) fn gauges(view: View<'_>, node: NodeId) -> Vec<(String, i64)> {
    let broker = view.broker(node).map(of_broker).into_iter().flatten();
    let controller = view.server(node).and_then(|server| server.controller());
    let controller = controller.map(of_controller).into_iter().flatten();
    broker.chain(controller).collect()
}

/// As a broker's own partitions say, believed or true.
fn of_broker(broker: &BrokerServer) -> Vec<(String, i64)> {
    let partitions: Vec<_> = broker.replicas().partitions().map(|(_, p)| p).collect();
    let leading = || partitions.iter().filter(|partition| partition.is_leader());
    let values = [
        ("PartitionCount", partitions.len()),
        ("LeaderCount", leading().count()),
        (
            "UnderReplicatedPartitions",
            leading()
                .filter(|p| p.isr().len() < p.replicas().len())
                .count(),
        ),
        (
            "UnderMinIsrPartitionCount",
            leading()
                .filter(|p| p.isr().len() < p.effective_min_isr())
                .count(),
        ),
        (
            "AtMinIsrPartitionCount",
            leading()
                .filter(|p| p.isr().len() == p.effective_min_isr())
                .count(),
        ),
    ];
    let named = values.map(|(name, count)| {
        (
            format!("kafka.server:type=ReplicaManager,name={name}"),
            count as i64,
        )
    });
    named.into()
}

fn of_controller(controller: &ControllerServer) -> Vec<(String, i64)> {
    let image = controller.committed_image();
    let count = |filter: &dyn Fn(&MetadataImage) -> usize| filter(image) as i64;
    let active = controller.active_image().is_some();
    let values = [
        ("ActiveControllerCount", i64::from(active)),
        (
            "ActiveBrokerCount",
            count(&|i| i.brokers.values().filter(|b| !b.fenced).count()),
        ),
        (
            "FencedBrokerCount",
            count(&|i| i.brokers.values().filter(|b| b.fenced).count()),
        ),
        ("GlobalTopicCount", count(&|i| i.topics.len())),
        (
            "GlobalPartitionCount",
            count(&|i| i.all_partitions().count()),
        ),
        (
            "OfflinePartitionsCount",
            count(&|i| i.all_partitions().filter(|(_, _, p)| p.leader < 0).count()),
        ),
        (
            "PreferredReplicaImbalanceCount",
            count(&|i| {
                i.all_partitions()
                    .filter(|(_, _, p)| is_elsewhere(p))
                    .count()
            }),
        ),
    ];
    let named = values.map(|(name, value)| {
        (
            format!("kafka.controller:type=KafkaController,name={name}"),
            value,
        )
    });
    named.into()
}

/// Whether the leader is not the first replica.
fn is_elsewhere(partition: &PartitionImage) -> bool {
    partition.replicas.first() != Some(&partition.leader)
}
