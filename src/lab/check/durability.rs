//! I2, I10, I13: what was acknowledged or read is kept, and acknowledgements had enough copies.

use super::epochs::{EpochRange, holds};
use super::suspension::Suspension;
use super::{Glance, Invariant};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::vocabulary::{Note, Tp};
use crate::sim::NodeId;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// What was promised of one partition, and since which pause of its checks.
#[derive(Clone, Debug, Default)]
struct Promises {
    round: u64,
    acked: Vec<EpochRange>,
    read: Vec<EpochRange>,
    digests: BTreeMap<i64, i64>,
}

/// Acknowledged and visible records.
#[derive(Clone, Debug, Default)]
pub(super) struct Durability {
    promises: BTreeMap<Tp, Promises>,
}

impl Durability {
    pub(super) fn after(&mut self, glance: &mut Glance<'_>, suspension: &Suspension) {
        for (place, (node, note)) in glance.notes().enumerate() {
            match note {
                Note::ProduceAnswered {
                    partition,
                    base,
                    last,
                    error,
                    acks: -1,
                } if error == ErrorCode::NONE => {
                    if !isr_changes_behind(glance, place, partition) {
                        enough_copies(glance, suspension, node, partition, base..=last);
                    }
                    // After an unclean election, what the old leader still promises is void, too.
                    if !suspension.is_paused(partition) || leads_now(glance, node, partition) {
                        let promises = self.promises(partition, suspension);
                        extend(&mut promises.acked, glance, node, partition, base, last + 1);
                    }
                }
                Note::RecordReceived {
                    partition,
                    offset,
                    digest,
                    ..
                } => {
                    self.received(glance, suspension, partition, offset, digest);
                }
                Note::BecameLeader { partition, .. } | Note::LogTruncated { partition, .. } => {
                    self.kept(glance, suspension, node, partition);
                }
                _ => {}
            }
        }
    }

    fn promises(&mut self, tp: Tp, suspension: &Suspension) -> &mut Promises {
        let promises = self.promises.entry(tp).or_default();
        if promises.round != suspension.round(tp) {
            *promises = Promises {
                round: suspension.round(tp),
                ..Promises::default()
            };
        }
        promises
    }

    fn kept(&mut self, glance: &mut Glance<'_>, suspension: &Suspension, node: NodeId, tp: Tp) {
        if suspension.is_paused(tp) {
            return;
        }
        let Some(leader) = glance.view.leader(tp).filter(|leader| leader.node == node) else {
            return;
        };
        if !leader.partition.is_leader() {
            return;
        }
        let promises = self.promises(tp, suspension);
        let lost = |ranges: &[EpochRange]| {
            ranges
                .iter()
                .copied()
                .find(|range| !holds(leader.partition.log(), *range))
        };
        let (acked, read) = (lost(&promises.acked), lost(&promises.read));
        for (invariant, what, range) in [
            (Invariant::I2, "acknowledged to acks=all", acked),
            (Invariant::I10, "read", read),
        ] {
            let Some(range) = range else { continue };
            let text = format!(
                "{} leads {} without all of offsets {}..{} of leader epoch {}, which were {what}",
                glance.view.names.machine(node),
                glance.view.tp_name(tp),
                range.start,
                range.end - 1,
                range.epoch
            );
            glance.violated(invariant, text);
        }
    }

    fn received(
        &mut self,
        glance: &mut Glance<'_>,
        suspension: &Suspension,
        tp: Tp,
        offset: i64,
        digest: i64,
    ) {
        if suspension.is_paused(tp) {
            return;
        }
        let leader = glance.view.leader(tp).map(|leader| leader.node);
        let promises = self.promises(tp, suspension);
        let first = *promises.digests.entry(offset).or_insert(digest);
        if let Some(leader) = leader {
            extend(&mut promises.read, glance, leader, tp, offset, offset + 1);
        }
        if first != digest {
            let what = glance.view.tp_name(tp);
            let text = format!("two different records were read at offset {offset} of {what}");
            glance.violated(Invariant::I10, text);
        }
    }
}

/// Adds [from, to) with the epoch that the replica on `node` has there.
fn extend(
    ranges: &mut Vec<EpochRange>,
    glance: &Glance<'_>,
    node: NodeId,
    tp: Tp,
    from: i64,
    to: i64,
) {
    let Some(replica) = glance.view.replica(node, tp) else {
        return;
    };
    let Some(epoch) = replica.partition.log().epoch_at(from) else {
        return;
    };
    match ranges.last_mut() {
        Some(last) if last.epoch == epoch && last.start <= from && from <= last.end => {
            last.end = last.end.max(to);
        }
        _ => ranges.push(EpochRange {
            epoch,
            start: from,
            end: to,
        }),
    }
}

/// Whether a machine leads in the epoch that the controller last gave out.
fn leads_now(glance: &Glance<'_>, node: NodeId, tp: Tp) -> bool {
    let registration = glance.view.registration(tp);
    let replica = glance.view.replica(node, tp);
    registration
        .zip(replica)
        .is_some_and(|(registration, replica)| {
            registration.leader_epoch == replica.partition.leader_epoch()
        })
}

/// Whether the ISR may have changed within the same step, after the answer: then the one that was
/// counted is no longer to be seen.
fn isr_changes_behind(glance: &Glance<'_>, answer: usize, tp: Tp) -> bool {
    glance.notes().skip(answer + 1).any(|(_, note)| match note {
        Note::IsrCommitted { partition, .. } => partition == tp,
        // A broker that leads on in its epoch says nothing of a new ISR.
        Note::MetadataReplayed { .. } => true,
        _ => false,
    })
}

/// I13: when the answer leaves, enough members of the ISR hold the records.
fn enough_copies(
    glance: &mut Glance<'_>,
    suspension: &Suspension,
    node: NodeId,
    tp: Tp,
    offsets: RangeInclusive<i64>,
) {
    let (base, last) = offsets.into_inner();
    let Some(leader) = glance.view.replica(node, tp) else {
        return;
    };
    // Deposed within the step of the answer: the ISR that it counted is no longer to be seen.
    if !leader.partition.is_leader() {
        return;
    }
    let needed = leader.partition.effective_min_isr();
    // An answer counts a member whose joining is under way, too: it holds back the high watermark.
    let members = leader.partition.maximal_isr();
    // A member that is down, or came back without bytes that it had, had fetched beyond the record:
    // the leader could not know that they are gone.
    let had = |id: i32| {
        let mut remotes = leader.partition.remotes().iter();
        remotes.any(|remote| remote.id == id && remote.log_end > last)
    };
    let holds = |id: i32| match glance.view.replica_of(id, tp) {
        Some(replica) if replica.offsets().log_end > last => true,
        Some(_) => suspension.is_lossy(tp, id) && had(id),
        None => had(id),
    };
    let copies = members.iter().filter(|id| holds(**id)).count();
    if copies < needed {
        let text = format!(
            "{} acknowledged offsets {base}..{last} of {} with {copies} in-sync copies, {needed} \
             are needed",
            glance.view.names.machine(node),
            glance.view.tp_name(tp)
        );
        glance.violated(Invariant::I13, text);
    }
}
