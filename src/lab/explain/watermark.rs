//! Answers about a high watermark: the smallest log end that the leader knows of in the ISR, and
//! why it knows of no more.

use super::answer::{Answer, Link, Role};
use super::case::Case;
use super::trail::Noted;
use crate::kafka::vocabulary::{Note, Tp};
use crate::lab::cluster::{KafkaWorld, ReplicaView};
use crate::lab::text::{Said, Speaker, causes};
use crate::sim::{NodeId, StepNo, Time};

/// The high watermark of a partition's leader from a step on; none while nobody leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) step: StepNo,
    pub(super) at: Time,
    pub(super) value: Option<i64>,
}

/// Every value that a high watermark had, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Series(pub(super) Vec<Mark>);

impl Series {
    pub(super) fn push(&mut self, step: StepNo, at: Time, value: Option<i64>) {
        if self.0.last().is_none_or(|last| last.value != value) {
            self.0.push(Mark { step, at, value });
        }
    }

    /// The longest time with a value: its first mark, and the one that ended it.
    pub(super) fn longest(&self, value: i64, end: Time) -> Option<(Mark, Option<Mark>)> {
        let marks = self.0.iter().enumerate();
        let with = marks.filter(|(_, mark)| mark.value == Some(value));
        let spans = with.map(|(index, mark)| (*mark, self.0.get(index + 1).copied()));
        spans.max_by_key(|(mark, next)| next.map_or(end, |next| next.at).since(mark.at).0)
    }

    fn range(&self) -> (i64, i64) {
        let values = || self.0.iter().filter_map(|mark| mark.value);
        (values().min().unwrap_or(0), values().max().unwrap_or(0))
    }
}

impl Case<'_> {
    /// Of a value that the high watermark never had.
    pub(super) fn never_was(&self, tp: Tp, value: i64, series: &Series) -> Answer {
        let (from, to) = series.range();
        let values = [
            ("partition", self.voice().partition(tp)),
            ("value", value.to_string()),
            ("from", from.to_string()),
            ("to", to.to_string()),
        ];
        Answer {
            verdict: Said::new(causes::HW_NEVER, &values),
            ..Answer::default()
        }
    }

    /// Why the high watermark is what it is in `world`, after `step`.
    pub(super) fn answer_watermark(
        &self,
        tp: Tp,
        world: &KafkaWorld,
        step: StepNo,
        during: Option<(Mark, Option<Mark>)>,
    ) -> Answer {
        let scope = self.run().scope(world);
        let mut answer = Answer {
            moment: Some((step, world.now())),
            compare_at: Some(world.now()),
            ..Answer::default()
        };
        let Some(leader) = scope.view.leader(tp) else {
            return self.no_leader(tp, step, answer);
        };
        answer.verdict = self.watermark_verdict(tp, &leader);
        let value = leader.offsets().high_watermark;
        self.reached(tp, leader.node, value, step, &mut answer);
        if leader.offsets().log_end > value {
            self.beyond(tp, leader.node, value, step, &mut answer);
        }
        self.known_ends(tp, leader.node, step, &mut answer);
        if let Some((_, next)) = during {
            self.ended(tp, value, next, &mut answer);
        }
        answer.sorted()
    }

    fn watermark_verdict(&self, tp: Tp, leader: &ReplicaView<'_>) -> Said {
        let offsets = leader.offsets();
        let state = leader.partition.leader_state();
        let isr = state.map_or(Vec::new(), |state| state.isr.maximal());
        let topic = self.voice().topic(tp.topic);
        let min = self.topic_config(&topic, "min.insync.replicas");
        let min = min.unwrap_or("1".to_owned());
        let gated = min.parse().is_ok_and(|min: usize| isr.len() < min);
        let text = match offsets.high_watermark == offsets.log_end {
            true => causes::HW_IS_END,
            false if gated => causes::HW_GATED,
            false => causes::HW_IS,
        };
        let values = [
            ("partition", self.voice().partition(tp)),
            ("value", offsets.high_watermark.to_string()),
            ("node", self.name(leader.node)),
            ("end", offsets.log_end.to_string()),
            ("nodes", self.servers(isr)),
            ("min", min),
        ];
        Said::new(text, &values)
    }

    fn no_leader(&self, tp: Tp, step: StepNo, mut answer: Answer) -> Answer {
        let values = [("partition", self.voice().partition(tp))];
        answer.verdict = Said::new(causes::HW_NO_LEADER, &values);
        if let Some(election) = self.election(Some(tp), None, step) {
            answer.chain.push(self.link(&election));
            let leader = match election.note {
                Note::LeaderElected { leader, .. } => self.node_of(leader.0),
                _ => None,
            };
            if let Some(node) = leader {
                let troubles = self.trail.troubles_of(step, node, None);
                self.blame(&troubles, &mut answer.chain, &mut answer.deciders);
            }
        }
        answer.sorted()
    }

    /// The step that took it to its value.
    fn reached(&self, tp: Tp, leader: NodeId, value: i64, until: StepNo, answer: &mut Answer) {
        let mut notes = self.trail.notes_in(StepNo(1), until).rev();
        let reached = notes.find(|noted| {
            noted.node == leader
                && matches!(noted.note,
                    Note::HighWatermarkAdvanced { partition, to, .. }
                    | Note::HighWatermarkHeard { partition, to, .. }
                        if partition == tp && to == value)
        });
        answer.chain.extend(reached.map(|noted| self.link(&noted)));
    }

    /// The first thing in the leader's log that is not committed.
    fn beyond(&self, tp: Tp, leader: NodeId, value: i64, until: StepNo, answer: &mut Answer) {
        let mut notes = self.trail.notes_in(StepNo(1), until).rev();
        let appended = notes.find_map(|noted| match noted.note {
            Note::Appended {
                partition,
                base,
                last,
                ..
            }
            | Note::Replicated {
                partition,
                base,
                last,
                ..
            } if noted.node == leader && partition == tp && (base..=last).contains(&value) => {
                Some((noted, base, last))
            }
            _ => None,
        });
        let Some((noted, base, last)) = appended else {
            return;
        };
        let values = [
            ("node", self.name(leader)),
            ("base", base.to_string()),
            ("last", last.to_string()),
        ];
        let said = Said::new(causes::NOT_COMMITTED, &values);
        answer
            .chain
            .push(self.event(noted.step, noted.at, Some(leader), said));
    }

    /// What the leader knows of each in-sync follower, what they hold beyond that, and what stands
    /// between them.
    pub(super) fn known_ends(&self, tp: Tp, leader: NodeId, until: StepNo, answer: &mut Answer) {
        let isr = self.isr_at(tp, until).unwrap_or_default();
        let mut troubles = self.trail.troubles_of(until, leader, None);
        troubles.retain(|trouble| {
            matches!(&trouble.deed, super::trail::Deed::Fault(fault) if fault.node().is_some())
        });
        for id in isr.iter().filter(|id| self.node_of(*id) != Some(leader)) {
            let Some(node) = self.node_of(id) else {
                continue;
            };
            let known = self.known_end(tp, leader, id, until);
            let after = known.as_ref().map_or(StepNo(1), |link| link.step);
            answer.chain.extend(known);
            answer
                .chain
                .extend(self.holds_more(tp, leader, node, (after, until)));
            troubles.extend(self.trail.troubles_of(until, node, Some(leader)));
        }
        troubles.sort_by_key(|trouble| trouble.step);
        troubles.dedup_by_key(|trouble| trouble.step);
        self.blame(&troubles, &mut answer.chain, &mut answer.deciders);
    }

    /// The last that a leader heard of a follower.
    pub(super) fn known_end(&self, tp: Tp, leader: NodeId, id: i32, until: StepNo) -> Option<Link> {
        let mut notes = self.trail.notes_in(StepNo(1), until).rev();
        let fetched = |noted: &Noted| {
            noted.node == leader
                && match noted.note {
                    Note::FollowerFetched {
                        partition, replica, ..
                    } => partition == tp && replica.0 == id,
                    Note::BecameLeader { partition, .. } => partition == tp,
                    _ => false,
                }
        };
        let noted = notes.find(fetched)?;
        let (text, offset) = match noted.note {
            Note::FollowerFetched { offset, .. } => (causes::KNOWN_END, offset),
            _ => (causes::NEVER_FETCHED, -1),
        };
        let values = [
            ("leader", self.name(leader)),
            ("node", self.server(id)),
            ("offset", offset.to_string()),
        ];
        let said = Said::new(text, &values);
        Some(self.event(noted.step, noted.at, Some(leader), said))
    }

    fn holds_more(
        &self,
        tp: Tp,
        leader: NodeId,
        follower: NodeId,
        (after, until): (StepNo, StepNo),
    ) -> Option<Link> {
        let mut notes = self.trail.notes_in(after, until).rev();
        notes.find_map(|noted| match noted.note {
            Note::Replicated {
                partition, last, ..
            } if noted.node == follower && partition == tp => {
                let values = [
                    ("node", self.name(follower)),
                    ("leader", self.name(leader)),
                    ("offset", last.to_string()),
                ];
                let said = Said::new(causes::HOLDS_MORE, &values);
                Some(self.event(noted.step, noted.at, Some(follower), said))
            }
            _ => None,
        })
    }

    /// What ended the time of a value: a fault, or the next value.
    fn ended(&self, tp: Tp, value: i64, next: Option<Mark>, answer: &mut Answer) {
        let Some(next) = next else { return };
        let mut struck = self.trail.troubles(next.step);
        struck.retain(|trouble| trouble.step == next.step);
        self.blame(&struck, &mut answer.chain, &mut answer.deciders);
        let mut later = self.trail.notes_in(next.step, self.trail.last());
        let moved = later.find_map(|noted| match noted.note {
            Note::HighWatermarkAdvanced { partition, to, .. } if partition == tp && to > value => {
                Some((noted, to))
            }
            _ => None,
        });
        // Just before it moved: what would it have been by then?
        let end = moved.map_or(self.finished.world.now(), |(noted, _)| noted.at);
        answer.compare_at = Some(Time(end.0.saturating_sub(1)));
        let Some((noted, to)) = moved else { return };
        let values = [("value", to.to_string()), ("node", self.name(noted.node))];
        answer.chain.push(Link {
            step: noted.step,
            at: noted.at,
            node: Some(noted.node),
            role: Role::Event,
            said: Said::new(causes::MOVED_ON, &values),
        });
    }
}
