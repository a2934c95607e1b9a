//! The end of a run: faults are healed, clients stop, the cluster comes to rest.

use super::eval::Scope;
use super::script::Due;
use super::{PATIENCE, Phase, Run};
use crate::kafka::vocabulary::{Kafka, Tp};
use crate::lab::cluster::{KafkaWorld, ReplicaView, View};
use crate::sim::{Action, Fault, Span, StepRecord};

/// The cluster must have had this long to come to rest before it counts as at rest.
const REST: Span = Span::from_millis(1_000);

impl Run {
    /// It is time to look whether the run ends.
    pub(super) fn maybe_end(&mut self, world: &KafkaWorld, act: &mut Vec<Action<Kafka>>) {
        if self.phase != Phase::Running {
            return;
        }
        let now = world.now();
        let due = self.end_check();
        let waits = self.ends_at.is_none()
            && self.script.unfired(&self.plan.scenario).next().is_some()
            && now < self.last_timed + PATIENCE;
        let by_state = self.plan.scenario.end.when.is_some() && self.ends_at.is_none();
        if by_state && now < self.last_timed + PATIENCE {
            self.script.push(now + Span::from_secs(1), Due::EndCheck);
        } else if now < due {
            self.script.push(due, Due::EndCheck);
        } else if waits {
            self.script.push(now + Span::from_secs(1), Due::EndCheck);
        } else {
            self.settle(world, act);
        }
    }

    /// Judges what belongs to the run itself and heals everything.
    pub(super) fn settle(&mut self, world: &KafkaWorld, act: &mut Vec<Action<Kafka>>) {
        let plan = self.plan.clone();
        let records = self.records.clone();
        let view = View::new(world, &plan.names);
        let scope = Scope {
            plan: &plan,
            view,
            records: &records,
            ready_at: self.ready_at,
        };
        self.expectations.end(&scope);
        self.phase = Phase::Settling;
        self.script.clear_due();
        self.rules.clear();
        let end = &plan.scenario.end;
        let now = world.now();
        self.script
            .push(now + end.settle.max(REST), Due::SettleCheck);
        act.push(Fault::Heal { id: None }.into());
        act.push(Fault::Release { id: None }.into());
        for node in world.nodes() {
            if world.is_paused(node) {
                act.push(Fault::Resume { node }.into());
            }
            let absent = plan
                .cluster
                .servers
                .get(node.index())
                .is_some_and(|s| !s.powered);
            if end.restart && !world.is_up(node) && !absent {
                act.push(Fault::Start { node, wipe: false }.into());
            }
        }
        self.ends_at = Some(now + REST);
    }

    pub(super) fn settling(&mut self, world: &KafkaWorld, record: &StepRecord<'_, Kafka>) {
        let rested = self.ends_at.is_some_and(|at| world.now() >= at);
        if rested && !record.notes.is_empty() && self.unrest(world, true).is_none() {
            self.settled = Some(true);
            self.phase = Phase::Done;
        }
    }

    pub(super) fn time_is_up(&mut self, world: &KafkaWorld) {
        if self.phase == Phase::Settling {
            self.settled = Some(self.unrest(world, false).is_none());
            self.phase = Phase::Done;
        }
    }

    /// What is not at rest: a record without an answer, a replica that is behind. A follower's
    /// high watermark alone may stay behind for ever: the answer that made it truncate told it
    /// and was not taken, and a fetch session tells what has changed only.
    pub(super) fn unrest(&self, world: &KafkaWorld, high_watermarks: bool) -> Option<String> {
        let view = View::new(world, &self.plan.names);
        if self.records.pending() > 0 {
            return Some(format!(
                "{} records without an answer",
                self.records.pending()
            ));
        }
        if is_leaderless(view) {
            return Some("enough voters are up, and no controller is active".to_owned());
        }
        let truth = view.truth()?;
        for topic in truth.topics.values() {
            for number in topic.partitions.keys() {
                let tp = Tp::new(topic.id, *number);
                if let Some(what) = partition_unrest(view, tp, high_watermarks) {
                    return Some(what);
                }
            }
        }
        None
    }
}

/// A quorum that could elect a leader and has none.
fn is_leaderless(view: View<'_>) -> bool {
    let Some((_, server)) = view.servers().next() else {
        return false;
    };
    let voters = &server.config().voters;
    let is_up = |id: i32| {
        let node = view.names.by_kafka_id(id);
        node.is_some_and(|node| view.server(node).is_some())
    };
    let up = voters.iter().filter(|(id, _)| is_up(*id)).count();
    up > voters.len() / 2 && view.active_controller().is_none()
}

fn partition_unrest(view: View<'_>, tp: Tp, high_watermarks: bool) -> Option<String> {
    let registration = view.registration(tp)?;
    let name = view.tp_name(tp);
    if registration.leader < 0 {
        let in_sync = registration.isr.iter().chain(&registration.elr);
        let mut may_lead = in_sync.chain(&registration.last_known_elr);
        let is_up = |id: &i32| {
            let node = view.names.by_kafka_id(*id);
            node.is_some_and(|node| view.broker(node).is_some())
        };
        let candidate = may_lead.find(|id| is_up(id))?;
        let candidate = view.names.server(*candidate);
        return Some(format!("{name} has no leader, and {candidate} may lead"));
    }
    let Some(leader) = view.leader(tp) else {
        return Some(format!("{name} has a leader that is down"));
    };
    let offsets = leader.offsets();
    let enough = registration.isr.len() >= leader.partition.effective_min_isr();
    if enough && offsets.high_watermark < offsets.log_end {
        return Some(format!("{name}: high watermark below the log end"));
    }
    let behind = view.replicas(tp).find(|replica| {
        replica.offsets().log_end != offsets.log_end
            || high_watermarks && replica.offsets().high_watermark != offsets.high_watermark
            || replica.partition.leader_epoch() != registration.leader_epoch
    });
    let describe = |replica: ReplicaView<'_>| {
        let own = replica.offsets();
        format!(
            "{} has {name} up to {} with high watermark {} in leader epoch {}, its leader up to {} \
             with {} in {}",
            view.names.machine(replica.node),
            own.log_end,
            own.high_watermark,
            replica.partition.leader_epoch(),
            offsets.log_end,
            offsets.high_watermark,
            registration.leader_epoch
        )
    };
    behind.map(describe)
}
