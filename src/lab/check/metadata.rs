//! I12 and I32: the controller's records make sense, and every image of them is the same.

use super::{Glance, Invariant};
use crate::kafka::config::TopicConfig;
use crate::kafka::metadata::{MetadataImage, PartitionImage};
use crate::kafka::vocabulary::{Note, Tp};
use crate::sim::NodeId;
use std::collections::BTreeMap;

/// How many offsets back images are compared.
const REMEMBERED: usize = 4_096;

/// The digest of the image at each offset, and who had it first.
#[derive(Clone, Debug, Default)]
pub(super) struct Metadata {
    images: BTreeMap<i64, (u64, NodeId)>,
}

impl Metadata {
    pub(super) fn after(&mut self, glance: &mut Glance<'_>) {
        for (node, note) in glance.notes() {
            match note {
                Note::MetadataReplayed { offset } => self.same_image(glance, node, offset),
                Note::LeaderElected { partition, .. }
                | Note::IsrChanged { partition, .. }
                | Note::ElrChanged { partition, .. } => sane(glance, node, partition),
                _ => {}
            }
        }
    }

    fn same_image(&mut self, glance: &mut Glance<'_>, node: NodeId, offset: i64) {
        let Some(server) = glance.view.server(node) else {
            return;
        };
        let broker = server.broker().map(|broker| broker.image());
        let controller = server
            .controller()
            .map(|controller| controller.committed_image());
        for image in [broker, controller].into_iter().flatten() {
            if image.offset != offset {
                continue;
            }
            let digest = image.digest();
            let (first, who) = *self.images.entry(offset).or_insert((digest, node));
            if first != digest {
                let text = format!(
                    "{} and {} differ in the metadata at offset {offset}",
                    glance.view.names.machine(node),
                    glance.view.names.machine(who)
                );
                glance.violated(Invariant::I32, text);
            }
        }
        while self.images.len() > REMEMBERED {
            self.images.pop_first();
        }
    }
}

/// I12 on the controller's committed image.
fn sane(glance: &mut Glance<'_>, node: NodeId, tp: Tp) {
    let Some(server) = glance.view.server(node) else {
        return;
    };
    let Some(controller) = server.controller() else {
        return;
    };
    let image = controller.committed_image();
    let Some(topic) = image
        .topics
        .values()
        .find(|topic| Tp::new(topic.id, 0).topic == tp.topic)
    else {
        return;
    };
    let Some(partition) = topic.partitions.get(&tp.partition) else {
        return;
    };
    let config = image.topic_config(&topic.name, &TopicConfig::default());
    let min_isr = (config.min_insync_replicas.max(1) as usize).min(partition.replicas.len());
    // Without eligible leaders the last in-sync replica stays in the ISR when it is fenced.
    let keeps_last = !server.config().broker.semantics.eligible_leader_replicas;
    if let Some(what) = senseless(partition, image, min_isr, keeps_last) {
        let text = format!("{}: {what}", glance.view.tp_name(tp));
        glance.violated(Invariant::I12, text);
    }
}

fn senseless(
    partition: &PartitionImage,
    image: &MetadataImage,
    min_isr: usize,
    keeps_last: bool,
) -> Option<String> {
    let PartitionImage {
        replicas,
        isr,
        elr,
        leader,
        ..
    } = partition;
    if let Some(id) = isr.iter().find(|id| !replicas.contains(id)) {
        return Some(format!("{id} is in the ISR and no replica"));
    }
    if *leader >= 0 && !isr.contains(leader) {
        return Some(format!("the leader {leader} is not in the ISR {isr:?}"));
    }
    if let Some(id) = isr.iter().find(|id| elr.contains(id)) {
        return Some(format!("{id} is in the ISR and in the ELR"));
    }
    if isr.len() >= min_isr && !elr.is_empty() {
        return Some(format!(
            "the ISR {isr:?} is large enough and the ELR is {elr:?}"
        ));
    }
    if keeps_last && isr.len() == 1 && *leader < 0 {
        return None;
    }
    let fenced = |id: &&i32| image.brokers.get(id).is_none_or(|broker| broker.fenced);
    isr.iter()
        .find(fenced)
        .map(|id| format!("the fenced broker {id} is in the ISR"))
}
