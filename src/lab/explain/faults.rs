//! What was wrong at a moment: the deeds from outside that had not been undone, and the steps of
//! the scenario that did them.

use super::trail::{Deed, Trail};
use crate::lab::scenario::run::{Acted, Run};
use crate::lab::scenario::{Action as ScenarioAction, StepIdx, Tamper};
use crate::sim::{Fault, NodeId, StepNo, Time, Verdict};

/// A deed that was still in force.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// The step of the engine that did it.
    pub step: StepNo,
    /// When.
    pub at: Time,
    /// What.
    pub deed: Deed,
}

impl Trail {
    /// Every deed at or before `until` that is a trouble and had not been undone by then, the
    /// earliest first.
    pub fn troubles(&self, until: StepNo) -> Vec<Trouble> {
        let mut open: Vec<Trouble> = Vec::new();
        let done = self.deeds().iter().take_while(|(step, _)| *step <= until);
        for (step, deed) in done {
            if let Deed::Fault(fault) = deed {
                open.retain(|trouble| !undone(&trouble.deed, fault));
            }
            if is_trouble(deed) {
                let at = self.step(*step).map_or(Time::ZERO, |step| step.at);
                let deed = deed.clone();
                let step = *step;
                open.push(Trouble { step, at, deed });
            }
        }
        open
    }

    /// Those that touch a machine, or the way between two.
    pub fn troubles_of(&self, until: StepNo, node: NodeId, peer: Option<NodeId>) -> Vec<Trouble> {
        let mut all = self.troubles(until);
        all.retain(|trouble| touches(&trouble.deed, node, peer));
        all
    }
}

fn is_trouble(deed: &Deed) -> bool {
    match deed {
        Deed::Shutdown(_) | Deed::Message(..) => true,
        Deed::Fault(fault) => match fault {
            Fault::Start { .. }
            | Fault::Resume { .. }
            | Fault::Heal { .. }
            | Fault::Release { .. }
            | Fault::ClockJump { .. } => false,
            Fault::DiskFull { full, .. } => *full,
            Fault::DiskCapacity { bytes, .. } => bytes.is_some(),
            Fault::Slow { percent, each, .. } => *percent > 100 || each.0 > 0,
            Fault::DiskSlow {
                percent, latency, ..
            } => *percent > 100 || latency.is_some(),
            Fault::ClockDrift { ppm, .. } => *ppm != 0,
            _ => true,
        },
    }
}

/// Whether `fault` undoes an earlier deed, or takes its place.
fn undone(earlier: &Deed, fault: &Fault) -> bool {
    match (earlier, fault) {
        (Deed::Shutdown(node), Fault::Start { node: started, .. }) => node == started,
        (Deed::Message(Verdict::Hold(of), ..), Fault::Release { id }) => {
            id.is_none_or(|id| id == *of)
        }
        (Deed::Fault(Fault::Cut(cut)), Fault::Heal { id }) => id.is_none_or(|id| id == cut.id),
        (Deed::Fault(old), new) => replaces(old, new),
        _ => false,
    }
}

fn replaces(old: &Fault, new: &Fault) -> bool {
    if old.node().is_none() || old.node() != new.node() {
        return false;
    }
    let ends_process = |fault: &Fault| {
        matches!(
            fault,
            Fault::Crash { .. } | Fault::PowerOff { .. } | Fault::Pause { .. }
        )
    };
    match new {
        Fault::Start { .. } | Fault::Resume { .. } => ends_process(old),
        Fault::Slow { .. }
        | Fault::DiskFull { .. }
        | Fault::DiskCapacity { .. }
        | Fault::DiskSlow { .. }
        | Fault::ClockDrift { .. } => old.code() == new.code(),
        _ => false,
    }
}

/// Whether a deed is about a machine; with a peer, or about the way between the two.
fn touches(deed: &Deed, node: NodeId, peer: Option<NodeId>) -> bool {
    let between = |from: &[NodeId], to: &[NodeId]| {
        let one_way = |a: NodeId, b: NodeId| from.contains(&a) && to.contains(&b);
        match peer {
            Some(peer) => one_way(node, peer) || one_way(peer, node),
            None => from.contains(&node) || to.contains(&node),
        }
    };
    match deed {
        Deed::Shutdown(of) => *of == node || Some(*of) == peer,
        Deed::Message(_, from, to, _) => between(&[*from], &[*to]),
        Deed::Fault(Fault::Cut(cut)) => between(&cut.from, &cut.to),
        Deed::Fault(Fault::SetLink { from, to, .. }) => between(&[*from], &[*to]),
        Deed::Fault(fault) => {
            let of = fault.node();
            of.is_some() && (of == Some(node) || of == peer)
        }
    }
}

/// The step of the scenario that did a deed.
pub(super) fn step_of(run: &Run, trouble: &Trouble) -> Option<StepIdx> {
    let named = match &trouble.deed {
        Deed::Fault(Fault::Cut(cut)) => Some(cut.id.0),
        Deed::Message(Verdict::Hold(id), ..) => Some(id.0),
        _ => None,
    };
    if let Some(index) = named {
        return Some(StepIdx(index as usize));
    }
    let steps = &run.plan().scenario.steps;
    let fits = |index: &StepIdx| {
        let action = steps.get(index.0).and_then(|step| step.action.as_ref());
        action.is_some_and(|action| did(&action.it, &trouble.deed))
    };
    let mut acted = run.acts().iter().filter(|act| fits(&act.step));
    let draws = |index: StepIdx| {
        let action = steps.get(index.0).and_then(|step| step.action.as_ref());
        action.is_some_and(|action| matches!(action.it, ScenarioAction::Random(_)))
    };
    // A shutdown is heard, a rule strikes and a drawn action acts some time after its step.
    let exact = |act: &Acted| match trouble.deed {
        Deed::Fault(_) if !draws(act.step) => act.at == trouble.at,
        _ => act.at <= trouble.at,
    };
    let last = acted.rfind(|act| exact(act));
    last.map(|act| act.step)
}

fn did(action: &ScenarioAction, deed: &Deed) -> bool {
    use ScenarioAction as A;
    match (action, deed) {
        (A::Stop(_), Deed::Shutdown(_)) => true,
        (A::Random(random), deed) => random.of.iter().any(|of| did(&of.it, deed)),
        (A::Tamper { how, .. }, Deed::Message(verdict, ..)) => matches!(
            (how, verdict),
            (Tamper::Drop, Verdict::Drop)
                | (Tamper::Duplicate, Verdict::Duplicate)
                | (Tamper::HoldFor(_) | Tamper::Delay(_), Verdict::Delay(_))
                | (Tamper::Hold | Tamper::HoldUntil(_), Verdict::Hold(_))
        ),
        (_, Deed::Fault(fault)) => matches!(
            (action, fault),
            (A::Crash(_), Fault::Crash { .. })
                | (A::Pause(_), Fault::Pause { .. })
                | (A::PowerOff { .. }, Fault::PowerOff { .. })
                | (A::Slow { .. }, Fault::Slow { .. })
                | (A::Link(_), Fault::SetLink { .. })
                | (A::Disk(_), Fault::DiskFull { .. })
                | (A::Disk(_), Fault::DiskSlow { .. })
                | (A::Disk(_), Fault::DiskCorrupt { .. })
                | (A::Clock { .. }, Fault::ClockDrift { .. })
        ),
        _ => false,
    }
}
