//! I4, I5, I6, I7, I8: replicas agree, epochs name one leader and one record, epochs go up.

use super::epochs::first_difference;
use super::suspension::Suspension;
use super::{Glance, Invariant};
use crate::kafka::vocabulary::{Note, Tp};
use crate::sim::{NodeId, PList, TraceHash};
use std::collections::BTreeMap;

/// Of one epoch of a partition: end offsets of batches, ascending, each with the hash of the log
/// up to there.
#[derive(Clone, Debug, Default)]
struct Prefixes(PList<(i64, u64)>);

impl Prefixes {
    fn get(&self, end: i64) -> Option<u64> {
        // Most questions are about the last batches.
        let near = self.0.len().saturating_sub(8);
        let at = match near.checked_sub(1).and_then(|before| self.0.get(before)) {
            Some((offset, _)) if *offset >= end => self.0.partition_point(|(o, _)| *o < end),
            _ => near + self.0.iter_from(near).take_while(|(o, _)| *o < end).count(),
        };
        let found = self.0.get(at).filter(|(offset, _)| *offset == end);
        found.map(|(_, hash)| *hash)
    }

    /// The hash that stands there, which is `hash` if none did.
    fn get_or_insert(&mut self, end: i64, hash: u64) -> u64 {
        if let Some(known) = self.get(end) {
            return known;
        }
        match self.0.last() {
            Some((last, _)) if *last > end => self.insert_between(end, hash),
            _ => self.0.push((end, hash)),
        }
        hash
    }

    /// A batch that ends where none did before: two leaders wrote in one epoch.
    fn insert_between(&mut self, end: i64, hash: u64) {
        let at = self.0.partition_point(|(offset, _)| *offset < end);
        let later: Vec<_> = self.0.iter_from(at).copied().collect();
        self.0.truncate(at);
        self.0.push((end, hash));
        later.into_iter().for_each(|item| self.0.push(item));
    }
}

/// What was ever appended, by whom, and the epochs that each replica has known.
#[derive(Clone, Debug, Default)]
pub(super) struct Agreement {
    prefixes: BTreeMap<(Tp, i32), Prefixes>,
    leaders: BTreeMap<(Tp, i32), NodeId>,
    epochs: BTreeMap<(NodeId, Tp), (i32, i32)>,
}

impl Agreement {
    pub(super) fn after(&mut self, glance: &mut Glance<'_>, suspension: &Suspension) {
        for (node, note) in glance.notes() {
            match note {
                Note::Appended {
                    partition,
                    base,
                    epoch,
                    ..
                } => {
                    self.one_leader(glance, node, partition, epoch);
                    self.one_record(glance, node, partition, base);
                }
                Note::Replicated {
                    partition, base, ..
                } => {
                    self.one_record(glance, node, partition, base);
                }
                Note::HighWatermarkAdvanced { partition, .. }
                    if !suspension.is_paused(partition) =>
                {
                    strong_isr(glance, node, partition);
                    log_matching(glance, node, partition);
                }
                Note::HighWatermarkHeard { partition, .. } if !suspension.is_paused(partition) => {
                    log_matching(glance, node, partition);
                }
                Note::BecameLeader { partition, .. }
                | Note::BecameFollower { partition, .. }
                | Note::IsrCommitted { partition, .. } => {
                    self.epochs_go_up(glance, node, partition);
                }
                Note::MetadataReplayed { .. } => self.no_epoch_goes_back(glance, node),
                Note::TopicDeleted { topic } => {
                    self.epochs.retain(|(_, tp), _| tp.topic != topic);
                }
                _ => {}
            }
        }
    }

    fn one_leader(&mut self, glance: &mut Glance<'_>, node: NodeId, tp: Tp, epoch: i32) {
        let first = *self.leaders.entry((tp, epoch)).or_insert(node);
        if first != node {
            let names = glance.view.names;
            let text = format!(
                "{} appended to {} in leader epoch {epoch}, in which {} had appended",
                names.machine(node),
                glance.view.tp_name(tp),
                names.machine(first)
            );
            glance.violated(Invariant::I7, text);
        }
    }

    fn one_record(&mut self, glance: &mut Glance<'_>, node: NodeId, tp: Tp, base: i64) {
        let (Some(replica), Some(disk)) =
            (glance.view.replica(node, tp), glance.view.world.disk(node))
        else {
            return;
        };
        let log = replica.partition.log();
        for batch in log.batches_from(disk, base) {
            let (epoch, end) = (batch.leader_epoch(), batch.next_offset());
            let before = match batch.base_offset() {
                0 => Some(0),
                start => log
                    .epoch_at(start - 1)
                    .and_then(|epoch| self.prefixes.get(&(tp, epoch))?.get(start)),
            };
            // Behind a log start the prefix is not known; the record itself still counts.
            let mut hash = TraceHash(before.unwrap_or(0));
            hash.word(u64::from(batch.checksum()));
            hash.word(batch.base_offset() as u64);
            hash.word(epoch as u64);
            let prefixes = self.prefixes.entry((tp, epoch)).or_default();
            let known = prefixes.get_or_insert(end, hash.0);
            if known != hash.0 && before.is_some() {
                let text = format!(
                    "{} has another record or another past at {} offset {} of leader epoch \
                     {epoch} than was seen before",
                    glance.view.names.machine(node),
                    glance.view.tp_name(tp),
                    batch.base_offset()
                );
                glance.violated(Invariant::I6, text);
            }
            let previous = log.epoch_at(batch.base_offset() - 1);
            if previous.is_some_and(|previous| previous > epoch) {
                let text = format!(
                    "{} has leader epoch {epoch} at {} offset {} after a higher one",
                    glance.view.names.machine(node),
                    glance.view.tp_name(tp),
                    batch.base_offset()
                );
                glance.violated(Invariant::I8, text);
            }
        }
    }

    /// A record that changes neither leader nor role makes no note of its own.
    fn no_epoch_goes_back(&mut self, glance: &mut Glance<'_>, node: NodeId) {
        let own = self.epochs.keys().filter(|(who, _)| *who == node);
        let known: Vec<Tp> = own.map(|(_, tp)| *tp).collect();
        for tp in known {
            self.epochs_go_up(glance, node, tp);
        }
    }

    fn epochs_go_up(&mut self, glance: &mut Glance<'_>, node: NodeId, tp: Tp) {
        let Some(replica) = glance.view.replica(node, tp) else {
            return;
        };
        let now = (
            replica.partition.leader_epoch(),
            replica.partition.partition_epoch(),
        );
        let before = self.epochs.insert((node, tp), now).unwrap_or(now);
        let back = now.0 < before.0 || now.1 < before.1;
        let no_partition_epoch = now.0 > before.0 && now.1 <= before.1;
        if back || no_partition_epoch {
            let text = format!(
                "{} went from leader epoch {} and partition epoch {} of {} to {} and {}",
                glance.view.names.machine(node),
                before.0,
                before.1,
                glance.view.tp_name(tp),
                now.0,
                now.1
            );
            glance.violated(Invariant::I8, text);
        }
    }
}

/// I4: the leader and every member of the controller's ISR agree below its high watermark.
fn strong_isr(glance: &mut Glance<'_>, node: NodeId, tp: Tp) {
    let (Some(leader), Some(registration)) =
        (glance.view.replica(node, tp), glance.view.registration(tp))
    else {
        return;
    };
    // A leader that was deposed and does not know it may run on; it can not commit (I2, I5).
    if registration.leader_epoch != leader.partition.leader_epoch() {
        return;
    }
    let to = leader.offsets().high_watermark;
    // Kafka's own gap: metadata that tells a leader its own partition epoch drops what it has
    // proposed (`Partition.makeLeader`, `updateAssignmentAndIsr`). What the controller commits of it
    // counts at the leader when that metadata arrives.
    let unheard = leader.partition.partition_epoch() < registration.partition_epoch;
    let counted = leader.partition.maximal_isr();
    let members = registration.isr.iter();
    for member in members.filter(|member| !unheard || counted.contains(member)) {
        let Some(other) = glance.view.replica_of(*member, tp) else {
            continue;
        };
        let short = other.offsets().log_end < to;
        let differs = first_difference(leader.partition.log(), other.partition.log(), to);
        if let Some(offset) = differs.or(short.then_some(other.offsets().log_end)) {
            let text = format!(
                "{} leads {} with high watermark {to}, and {} in the ISR differs at offset {offset}",
                glance.view.names.machine(node),
                glance.view.tp_name(tp),
                glance.view.names.machine(other.node)
            );
            glance.violated(Invariant::I4, text);
        }
    }
}

/// I5: this replica agrees with every other below the lower of their high watermarks.
fn log_matching(glance: &mut Glance<'_>, node: NodeId, tp: Tp) {
    let Some(one) = glance.view.replica(node, tp) else {
        return;
    };
    for other in glance.view.replicas(tp).filter(|r| r.node != node) {
        let to = one
            .offsets()
            .high_watermark
            .min(other.offsets().high_watermark);
        if let Some(offset) = first_difference(one.partition.log(), other.partition.log(), to) {
            let text = format!(
                "{} and {} differ in {} at offset {offset}, below both high watermarks",
                glance.view.names.machine(node),
                glance.view.names.machine(other.node),
                glance.view.tp_name(tp)
            );
            glance.violated(Invariant::I5, text);
        }
    }
}
