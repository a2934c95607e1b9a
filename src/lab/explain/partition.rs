//! Answers about a partition: who leads it, who is in sync.

use super::answer::{Answer, Link};
use super::case::Case;
use super::faults::Trouble;
use super::trail::{Deed, Noted};
use crate::kafka::vocabulary::{NodeSet, Note, Tp};
use crate::lab::text::{Said, Speaker, causes};
use crate::sim::{NodeId, Span, StepNo};

/// Another history is looked at so long after the moment: it may be a little later there.
const SETTLED: Span = Span::from_secs(1);

/// Why a leader was elected.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Occasion {
    /// The topic was created.
    Creation,
    /// The leader before it was fenced or stopped.
    Failover,
    /// Nobody led, and this one came back.
    Return,
    /// The preferred replica, by the balance or because somebody asked.
    Preferred,
}

impl Case<'_> {
    /// The controller's ISR after a step.
    pub(super) fn isr_at(&self, tp: Tp, step: StepNo) -> Option<NodeSet> {
        let notes = self.trail.notes_in(StepNo(1), step).rev();
        notes.into_iter().find_map(|noted| match noted.note {
            Note::IsrChanged { partition, isr, .. } if partition == tp => Some(isr),
            _ => None,
        })
    }

    /// The election of this broker, or of anybody, at or before a step: the last one.
    pub(super) fn election(
        &self,
        tp: Option<Tp>,
        node: Option<NodeId>,
        until: StepNo,
    ) -> Option<Noted> {
        let wanted = node.map(|node| self.id_of(node));
        let mut notes = self.trail.notes_in(StepNo(1), until).rev();
        notes.find(|noted| match noted.note {
            Note::LeaderElected {
                partition, leader, ..
            } => tp.is_none_or(|tp| tp == partition) && wanted.is_none_or(|id| id == leader.0),
            _ => false,
        })
    }

    /// Why the election came out as it did.
    pub(super) fn answer_election(&self, noted: &Noted) -> Answer {
        let Note::LeaderElected {
            partition,
            leader,
            epoch,
            unclean,
        } = noted.note
        else {
            return Answer::default();
        };
        let before = self.leader_before(partition, noted.step);
        let occasion = self.occasion(noted, before.map(|(_, id)| id));
        let text = match (leader.0 < 0, unclean, occasion) {
            (true, ..) => causes::LEADS_NOBODY,
            (_, true, _) => causes::LEADS_UNCLEAN,
            (_, _, Occasion::Creation) => causes::LEADS_FIRST,
            (_, _, Occasion::Failover) => causes::LEADS_BECAUSE,
            (_, _, Occasion::Return) => causes::LEADS_BACK,
            (_, _, Occasion::Preferred) => causes::LEADS_PREFERRED,
        };
        let values = [
            ("node", self.server(leader.0)),
            ("partition", self.voice().partition(partition)),
            ("epoch", epoch.to_string()),
            (
                "old",
                before.map_or(String::new(), |(_, id)| self.server(id)),
            ),
            ("replicas", self.servers(self.replicas(partition))),
        ];
        let mut answer = Answer {
            verdict: Said::new(text, &values),
            moment: Some((noted.step, noted.at)),
            compare_at: Some(noted.at + SETTLED),
            ..Answer::default()
        };
        self.election_chain(noted, before.map(|(_, id)| id), &mut answer);
        let mut later = self.trail.notes_in(noted.step, self.trail.last());
        let begun = later.find(|noted| {
            matches!(noted.note, Note::BecameLeader { partition: p, epoch: e, .. }
                if p == partition && e == epoch)
        });
        answer.chain.extend(begun.map(|noted| self.link(&noted)));
        answer.sorted()
    }

    /// What led to the election at or before `step` that ended a leader's time.
    pub(super) fn before_election(&self, tp: Tp, old: NodeId, step: StepNo, answer: &mut Answer) {
        if let Some(noted) = self.election(Some(tp), None, step) {
            self.election_chain(&noted, Some(self.id_of(old)), answer);
        }
    }

    fn leader_before(&self, tp: Tp, step: StepNo) -> Option<(StepNo, i32)> {
        let mut notes = self.trail.notes_in(StepNo(1), StepNo(step.0 - 1)).rev();
        notes.find_map(|noted| match noted.note {
            Note::LeaderElected {
                partition, leader, ..
            } if partition == tp => Some((noted.step, leader.0)),
            _ => None,
        })
    }

    fn occasion(&self, noted: &Noted, before: Option<i32>) -> Occasion {
        let Some(before) = before else {
            return Occasion::Creation;
        };
        if before < 0 {
            return Occasion::Return;
        }
        let ended = |note: &Note| match *note {
            Note::BrokerFenced { broker, .. } | Note::ControlledShutdownBegan { broker, .. } => {
                broker.0 == before
            }
            _ => false,
        };
        let fenced = self.trail.notes_of(noted.step).iter().any(ended);
        let troubled = || {
            let node = self.node_of(before);
            node.is_some_and(|node| !self.trail.troubles_of(noted.step, node, None).is_empty())
        };
        match fenced || troubled() {
            true => Occasion::Failover,
            false => Occasion::Preferred,
        }
    }

    fn election_chain(&self, noted: &Noted, old: Option<i32>, answer: &mut Answer) {
        let Note::LeaderElected {
            partition,
            unclean,
            leader,
            ..
        } = noted.note
        else {
            return;
        };
        let (topic, name) = (
            self.voice().topic(partition.topic),
            "unclean.leader.election.enable",
        );
        if leader.0 < 0 {
            self.others_not_there(partition, noted, answer);
            let setting = self.topic_setting(&topic, name, "false", "true");
            answer.deciders.push(setting);
        }
        let link = self.link(noted);
        if let Some(old) = old.filter(|old| *old >= 0) {
            self.silence(old, noted, answer);
        }
        if unclean {
            let said = Said::new(causes::UNCLEAN_ALLOWED, &[]);
            answer.chain.push(self.setting(&link, said));
            answer
                .deciders
                .push(self.topic_setting(&topic, name, "true", "false"));
            self.others_not_there(partition, noted, answer);
        }
        answer.chain.push(link);
    }

    /// Why the other replicas could not be elected cleanly.
    fn others_not_there(&self, tp: Tp, noted: &Noted, answer: &mut Answer) {
        for id in self.replicas(tp) {
            if let Some(left) = self.left_isr(tp, id, noted.step) {
                answer.chain.push(self.link(&left));
                let node = self.node_of(id);
                let troubles = node.map(|node| self.trail.troubles_of(left.step, node, None));
                let troubles = troubles.unwrap_or_default();
                self.blame(&troubles, &mut answer.chain, &mut answer.deciders);
            }
        }
    }

    /// Why the controller gave a broker up: its last heartbeat, what befell it, its session.
    fn silence(&self, broker: i32, noted: &Noted, answer: &mut Answer) {
        let Some(node) = self.node_of(broker) else {
            return;
        };
        let troubles = self.troubles_with_controllers(noted.step, node);
        self.blame(&troubles, &mut answer.chain, &mut answer.deciders);
        let stops = |note: &Note| match *note {
            Note::BrokerFenced { broker: b, .. } => b.0 == broker,
            Note::ControlledShutdownBegan { broker: b, .. } => b.0 == broker,
            _ => false,
        };
        let mut here = self.trail.notes_in(noted.step, noted.step);
        let Some(fenced) = here.find(|noted| stops(&noted.note)) else {
            return;
        };
        let link = self.link(&fenced);
        if matches!(fenced.note, Note::BrokerFenced { .. }) {
            answer.chain.extend(self.last_heartbeat(broker, noted.step));
            let limit = self.session_timeout(noted.node);
            let said = Said::new(causes::SESSION, &[("limit", limit)]);
            answer.chain.push(self.setting(&link, said));
        }
        answer.chain.push(link);
    }

    fn session_timeout(&self, controller: NodeId) -> String {
        let config = self.broker_config(controller);
        config.broker_session_timeout.as_millis().to_string()
    }

    /// Troubles of a machine, and of its ways to the controllers only.
    fn troubles_with_controllers(&self, until: StepNo, node: NodeId) -> Vec<Trouble> {
        let servers = self.plan().cluster.servers.iter().enumerate();
        let controllers: Vec<NodeId> = servers
            .filter(|(_, server)| server.is_controller)
            .map(|(index, _)| NodeId(index as u16))
            .collect();
        let mut troubles = self.trail.troubles_of(until, node, None);
        troubles.retain(|trouble| match &trouble.deed {
            Deed::Fault(fault) if fault.node().is_some() => true,
            Deed::Shutdown(_) => true,
            _ => controllers.iter().any(|peer| {
                let of = self.trail.troubles_of(until, node, Some(*peer));
                of.iter().any(|other| other.step == trouble.step)
            }),
        });
        troubles
    }

    fn last_heartbeat(&self, broker: i32, until: StepNo) -> Option<Link> {
        let mut notes = self.trail.notes_in(StepNo(1), until).rev();
        let noted = notes.find(|noted| {
            matches!(noted.note, Note::HeartbeatAnswered { broker: b, .. } if b.0 == broker)
        })?;
        let values = [
            ("node", self.server(broker)),
            ("leader", self.name(noted.node)),
        ];
        let said = Said::new(causes::LAST_HEARTBEAT, &values);
        Some(self.event(noted.step, noted.at, Some(noted.node), said))
    }

    /// The change of the ISR with which a broker left it for the last time at or before `until`,
    /// if it was not in it then.
    fn left_isr(&self, tp: Tp, id: i32, until: StepNo) -> Option<Noted> {
        let mut left = None;
        let mut was_in = false;
        for noted in self.trail.notes_in(StepNo(1), until) {
            let Note::IsrChanged { partition, isr, .. } = noted.note else {
                continue;
            };
            if partition != tp {
                continue;
            }
            let is_in = isr.contains(id);
            if was_in && !is_in {
                left = Some(noted);
            }
            was_in = is_in;
        }
        left
    }

    /// Why a broker left the ISR of a partition; of any partition if none is named.
    pub(super) fn answer_isr(
        &self,
        tp: Option<Tp>,
        node: Option<NodeId>,
        until: StepNo,
    ) -> Result<Answer, String> {
        let mut tps: Vec<Tp> = Vec::new();
        for noted in self.trail.notes() {
            if let Note::IsrChanged { partition, .. } = noted.note
                && tp.is_none_or(|tp| tp == partition)
                && !tps.contains(&partition)
            {
                tps.push(partition);
            }
        }
        let of = |tp: Tp| {
            let ids = match node {
                Some(node) => vec![self.id_of(node)],
                None => self.replicas(tp),
            };
            let left = ids.into_iter().filter_map(move |id| {
                let noted = self.left_isr(tp, id, until)?;
                Some((noted, id))
            });
            left.collect::<Vec<_>>()
        };
        let left = tps.iter().flat_map(|tp| of(*tp));
        match left.max_by_key(|(noted, _)| noted.step) {
            Some((noted, id)) => Ok(self.left_because(&noted, id)),
            None => self.never_left(tps.first().copied(), node),
        }
    }

    fn never_left(&self, tp: Option<Tp>, node: Option<NodeId>) -> Result<Answer, String> {
        let tp = tp.ok_or("no partition had an ISR in this run")?;
        let partition = self.voice().partition(tp);
        let Some(node) = node else {
            return Err(format!("no replica ever left the ISR of {partition}"));
        };
        let text = match self.replicas(tp).contains(&self.id_of(node)) {
            true => causes::NEVER_LEFT_ISR,
            false => causes::NO_REPLICA,
        };
        let values = [("node", self.name(node)), ("partition", partition)];
        Ok(Answer {
            verdict: Said::new(text, &values),
            ..Answer::default()
        })
    }

    fn left_because(&self, left: &Noted, id: i32) -> Answer {
        let Note::IsrChanged { partition, .. } = left.note else {
            return Answer::default();
        };
        let mut answer = Answer {
            moment: Some((left.step, left.at)),
            compare_at: Some(left.at + SETTLED),
            ..Answer::default()
        };
        let here = self.trail.notes_of(left.step);
        let fenced = here.iter().any(|note| match *note {
            Note::BrokerFenced { broker, .. } => broker.0 == id,
            _ => false,
        });
        let stopping = here.iter().any(|note| match *note {
            Note::ControlledShutdownBegan { broker, .. } => broker.0 == id,
            _ => false,
        });
        let elected = here.iter().any(|note| {
            matches!(*note, Note::LeaderElected { partition: p, unclean: true, .. }
                if p == partition)
        });
        let proposed = self.shrink_proposal(partition, id, left.step);
        let (text, leader, limit) = match (&proposed, fenced, stopping, elected) {
            (_, true, ..) => (causes::LEFT_FENCED, None, self.session_timeout(left.node)),
            (_, _, true, _) => (causes::LEFT_STOPPING, None, String::new()),
            (_, _, _, true) => (
                causes::LEFT_ELECTION,
                self.leader_name(partition, left.step),
                String::new(),
            ),
            (Some(noted), ..) => (
                causes::LEFT_BEHIND,
                Some(self.name(noted.node)),
                self.lag_limit(noted.node),
            ),
            (None, ..) => (causes::LEFT_STOPPING, None, String::new()),
        };
        let values = [
            ("node", self.server(id)),
            ("partition", self.voice().partition(partition)),
            ("leader", leader.unwrap_or_default()),
            ("limit", limit),
        ];
        answer.verdict = Said::new(text, &values);
        match proposed.filter(|_| !fenced && !stopping) {
            Some(noted) => self.fell_behind(partition, id, &noted, &mut answer),
            None => self.silence(id, left, &mut answer),
        }
        answer.chain.push(self.link(left));
        answer.chain.extend(self.back_in_isr(partition, id, left));
        answer.sorted()
    }

    fn leader_name(&self, tp: Tp, step: StepNo) -> Option<String> {
        let noted = self.election(Some(tp), None, step)?;
        match noted.note {
            Note::LeaderElected { leader, .. } => Some(self.server(leader.0)),
            _ => None,
        }
    }

    fn lag_limit(&self, leader: NodeId) -> String {
        let config = self.broker_config(leader);
        config.replica_lag_time_max.as_millis().to_string()
    }

    fn shrink_proposal(&self, tp: Tp, id: i32, until: StepNo) -> Option<Noted> {
        let mut notes = self.trail.notes_in(StepNo(1), until).rev();
        let last = notes.find(|noted| match noted.note {
            Note::IsrShrinkProposed { partition, removed } => {
                partition == tp && removed.contains(id)
            }
            // An ISR that was committed in between ends what was proposed before.
            Note::IsrChanged { partition, isr, .. } => {
                partition == tp && isr.contains(id) && noted.step < until
            }
            _ => false,
        })?;
        matches!(last.note, Note::IsrShrinkProposed { .. }).then_some(last)
    }

    /// A follower that its leader proposed to take out: what the leader last heard of it.
    fn fell_behind(&self, tp: Tp, id: i32, proposed: &Noted, answer: &mut Answer) {
        let link = self.link(proposed);
        let limit = self.lag_limit(proposed.node);
        let said = Said::new(causes::LAG, &[("limit", limit)]);
        answer.chain.push(self.setting(&link, said));
        answer.chain.push(link);
        answer
            .chain
            .extend(self.known_end(tp, proposed.node, id, proposed.step));
        if let Some(node) = self.node_of(id) {
            let troubles = self
                .trail
                .troubles_of(proposed.step, node, Some(proposed.node));
            self.blame(&troubles, &mut answer.chain, &mut answer.deciders);
        }
    }

    fn back_in_isr(&self, tp: Tp, id: i32, left: &Noted) -> Option<Link> {
        let mut later = self
            .trail
            .notes_in(StepNo(left.step.0 + 1), self.trail.last());
        let back = later.find(|noted| {
            matches!(noted.note, Note::IsrChanged { partition, isr, .. }
                if partition == tp && isr.contains(id))
        })?;
        let said = Said::new(causes::BACK_IN_ISR, &[("node", self.server(id))]);
        Some(self.event(back.step, back.at, Some(back.node), said))
    }
}
