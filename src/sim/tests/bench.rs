//! A bench: a World of toys with an oracle and a driver that keeps every step.

use super::toy::*;
use crate::sim::*;

/// One step, as tests look at it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) no: StepNo,
    pub(super) at: Time,
    pub(super) departs: Time,
    pub(super) node: Option<NodeId>,
    pub(super) kind: StepKind<Toy>,
    pub(super) cause: StepNo,
    pub(super) request: StepNo,
    pub(super) head: Option<Head>,
    pub(super) verdict: Verdict,
    /// Of a call that died.
    pub(super) call: Option<CallId>,
    pub(super) notes: Vec<Note>,
    pub(super) outcomes: Vec<(CallId, u64)>,
}

/// Keeps every step; gives prepared verdicts by message id; acts after prepared steps.
#[derive(Clone, Default)]
pub(super) struct Keeper {
    pub(super) seen: Vec<Seen>,
    /// Message id, kind, and what to do with it the first time.
    pub(super) verdicts: Vec<(u64, MessageKind, Verdict)>,
    /// What to do after the step of that number.
    pub(super) acts: Vec<(StepNo, Action<Toy>)>,
}

impl Driver<Program> for Keeper {
    fn after(
        &mut self,
        _: &World<Program>,
        record: &StepRecord<'_, Toy>,
        act: &mut Vec<Action<Toy>>,
    ) {
        self.seen.push(Seen {
            no: record.no,
            at: record.at,
            departs: record.departs,
            node: record.node,
            kind: record.kind,
            cause: record.cause,
            request: record.request,
            head: record.head,
            verdict: record.verdict,
            call: match record.action {
                Some(Action::Call { id, .. }) => Some(*id),
                _ => None,
            },
            notes: record.notes.to_vec(),
            outcomes: record.outcomes.to_vec(),
        });
        let due = self.acts.iter().filter(|(no, _)| *no == record.no);
        act.extend(due.map(|(_, action)| action.clone()));
    }

    fn on_deliver(&mut self, _: &World<Program>, envelope: &Envelope<Toy>) -> Verdict {
        let (id, kind) = (envelope.body.id(), envelope.kind);
        let found = self
            .verdicts
            .iter()
            .position(|(i, k, _)| (*i, *k) == (id, kind));
        found.map_or(Verdict::Deliver, |index| self.verdicts.remove(index).2)
    }
}

/// Draws as the seed says, and chooses by whim where a World offers a choice.
#[derive(Clone)]
pub(super) struct Whim(pub(super) SeededOracle);

impl Oracle for Whim {
    fn draw(&mut self, label: Label, range: std::ops::RangeInclusive<u64>) -> u64 {
        self.0.draw(label, range)
    }

    fn choose(&mut self, label: Label, n: u32) -> u32 {
        self.0.draw(label, 0..=u64::from(n) - 1) as u32
    }
}

/// A World of toys with its oracle and driver.
#[derive(Clone)]
pub(super) struct Bench {
    pub(super) world: World<Program>,
    pub(super) oracle: Whim,
    pub(super) keeper: Keeper,
    calls: u32,
}

pub(super) const MS: Span = Span::from_millis(1);

pub(super) fn ms(ms: u64) -> Time {
    Time::from_millis(ms)
}

impl Bench {
    /// `nodes` toys on links that take 1 ms, service free.
    pub(super) fn new(nodes: u16) -> Self {
        let link = LinkSettings::latency(MS, MS);
        Bench::with(
            nodes,
            1,
            WorldConfig {
                link,
                ..WorldConfig::default()
            },
        )
    }

    pub(super) fn with_cost(nodes: u16, cost: CostModel) -> Self {
        let link = LinkSettings::latency(MS, MS);
        Bench::with(
            nodes,
            1,
            WorldConfig {
                link,
                cost,
                ..WorldConfig::default()
            },
        )
    }

    pub(super) fn with(nodes: u16, seed: u64, config: WorldConfig) -> Self {
        let mut world = World::new(config);
        for _ in 0..nodes {
            world.add_node((), Disk::new());
        }
        let oracle = Whim(SeededOracle::new(seed));
        let mut bench = Bench {
            world,
            oracle,
            keeper: Keeper::default(),
            calls: 0,
        };
        bench.run_until(Time::ZERO);
        bench
    }

    pub(super) fn call(&mut self, at: u64, node: u16, call: Call) -> CallId {
        self.calls += 1;
        let id = CallId(self.calls);
        self.world.schedule(
            ms(at),
            Action::Call {
                node: NodeId(node),
                id,
                call,
            },
        );
        id
    }

    pub(super) fn fault(&mut self, at: u64, fault: Fault) {
        self.world.schedule(ms(at), fault);
    }

    pub(super) fn run_until(&mut self, limit: Time) {
        let mut act = Vec::new();
        let (world, keeper) = (&mut self.world, &mut self.keeper);
        while world.step_until(limit, &mut self.oracle, keeper, &mut act, &mut ()) {}
        world.advance_to(limit.min(Time::from_millis(1 << 40)));
    }

    pub(super) fn run(&mut self) {
        self.run_until(ms(1 << 32));
    }

    /// The notes of a node with their times.
    pub(super) fn notes(&self, node: u16) -> Vec<(Time, Note)> {
        let steps = self
            .keeper
            .seen
            .iter()
            .filter(|seen| seen.node == Some(NodeId(node)));
        steps
            .flat_map(|seen| seen.notes.iter().map(|note| (seen.at, *note)))
            .collect()
    }

    /// The ids of the requests a node heard, in order.
    pub(super) fn heard(&self, node: u16) -> Vec<u64> {
        let id = |(_, note)| {
            if let Note::Heard { id, .. } = note {
                Some(id)
            } else {
                None
            }
        };
        self.notes(node).into_iter().filter_map(id).collect()
    }

    /// The ids of the answers a node got, in order.
    pub(super) fn answers(&self, node: u16) -> Vec<u64> {
        let id = |(_, note)| {
            if let Note::Answered { id, .. } = note {
                Some(id)
            } else {
                None
            }
        };
        self.notes(node).into_iter().filter_map(id).collect()
    }

    /// The steps that were `Lost`: time, message id and reason.
    pub(super) fn lost(&self) -> Vec<(Time, u64, LostReason)> {
        let lost = self
            .keeper
            .seen
            .iter()
            .filter_map(|seen| match (seen.kind, seen.head) {
                (StepKind::Lost(reason), Some(head)) => Some((seen.at, head.digest, reason)),
                _ => None,
            });
        lost.collect()
    }

    /// When a node learnt that a connection is gone.
    pub(super) fn resets(&self, node: u16) -> Vec<Time> {
        let notes = self.notes(node).into_iter();
        notes
            .filter(|(_, note)| matches!(note, Note::Gone { .. }))
            .map(|(at, _)| at)
            .collect()
    }
}

pub(super) fn echo(id: u64) -> Message {
    Message::Echo { id, work: 0 }
}

pub(super) fn park(id: u64) -> Message {
    Message::Park { id }
}
