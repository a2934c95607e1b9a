//! What a step does: faults from outside, requests of clients.

use super::draws::with_options;
use super::eval::Scope;
use super::plan::{new_topic, sim_change};
use super::script::Due;
use super::{Phase, Run};
use crate::kafka::vocabulary::{Call, ClientOp, Kafka};
use crate::lab::cluster::{KafkaWorld, View};
use crate::lab::scenario::action::{Action as Deed, Cut, Disk, Slowness, Tail};
use crate::lab::scenario::model::{ClientRef, LinkSpec, Place, StepIdx, Trigger};
use crate::sim::{Action, CutId, Fault, HoldId, NodeId, Span, Tail as SimTail, Time};

impl Run {
    pub(super) fn do_due(&mut self, world: &KafkaWorld, due: Due, act: &mut Vec<Action<Kafka>>) {
        let plan = self.plan.clone();
        // The next of many records looks at nothing that the run has recorded: no copy of that.
        if let Due::Next(step, n) = due {
            return self.next_record(&plan, world.now(), step, n, act);
        }
        let records = self.records.clone();
        let view = View::new(world, &plan.names);
        let scope = Scope {
            plan: &plan,
            view,
            records: &records,
            ready_at: self.ready_at,
        };
        match due {
            Due::Fire(step) => {
                self.script.fired(&scope, step);
                self.fire(&scope, step, act);
            }
            Due::Act(step) => self.perform(&scope, step, act),
            Due::Tampered(step) => self.has_acted(&scope, step, act),
            Due::Next(..) => {}
            Due::Tell(index) => self.script.tell_due(&scope, index),
            Due::Ask(index) => self.script.ask_due(&scope, index),
            Due::Expect(index) => self.expectations.due(&scope, index),
            Due::EndCheck => self.maybe_end(world, act),
            Due::SettleCheck => self.time_is_up(world),
        }
    }

    /// A step's trigger has fired: it acts, after its wait.
    pub(super) fn fire(&mut self, scope: &Scope<'_>, step: StepIdx, act: &mut Vec<Action<Kafka>>) {
        let wait = scope.plan.scenario.steps[step.0].wait;
        if wait == Span::ZERO {
            self.perform(scope, step, act);
        } else {
            self.script
                .push(scope.view.world.now() + wait, Due::Act(step));
        }
    }

    fn perform(&mut self, scope: &Scope<'_>, step: StepIdx, act: &mut Vec<Action<Kafka>>) {
        let spec = &scope.plan.scenario.steps[step.0];
        let now = scope.view.world.now();
        self.last_timed = self.last_timed.max(now);
        self.tell_draw(scope, step);
        if let Some(action) = &spec.action
            && let Err(why) = self.deed(scope, step, &action.it, act)
        {
            self.phase = Phase::Failed(why);
            return;
        }
        self.has_acted(scope, step, act);
    }

    /// What a step's acting sets off.
    fn has_acted(&mut self, scope: &Scope<'_>, step: StepIdx, act: &mut Vec<Action<Kafka>>) {
        let now = scope.view.world.now();
        let spec = &scope.plan.scenario.steps[step.0];
        // Of many messages that one step tampers with, the first is told.
        let again = matches!(spec.trigger, Trigger::Message(_));
        let again = again && self.script.steps[step.0].fired > 1;
        if let (Some(note), false) = (&spec.note, again) {
            let told = (note, spec.focus.as_ref());
            self.script.tell(scope, told, None);
        }
        let no = scope.view.world.step_no();
        self.script.acted(&scope.plan.scenario, step, now, no);
        self.expectations
            .acted(&scope.plan.scenario, step, now, &mut self.script);
        self.release_until(step, act);
    }

    fn deed(
        &mut self,
        scope: &Scope<'_>,
        step: StepIdx,
        deed: &Deed,
        act: &mut Vec<Action<Kafka>>,
    ) -> Result<(), String> {
        let now = scope.view.world.now();
        let consumer = |index: &usize| ClientRef::Consumer(*index);
        match deed {
            Deed::Send(_) | Deed::Load(_) => self.next_record(scope.plan, now, step, 0, act),
            Deed::Random(random) => self.draw_actions(scope, step, random),
            Deed::Flush(client) => self.ask(scope, *client, ClientOp::Flush, act),
            Deed::Close(client) => self.ask(scope, *client, ClientOp::Close, act),
            Deed::Poll(client) => self.ask(scope, consumer(client), ClientOp::Poll, act),
            Deed::Assign(client, all) => {
                self.ask(scope, consumer(client), ClientOp::Assign(pairs(all)), act);
            }
            Deed::PauseFetch(client, all) => {
                self.ask(scope, consumer(client), ClientOp::Pause(pairs(all)), act);
            }
            Deed::ResumeFetch(client, all) => {
                self.ask(scope, consumer(client), ClientOp::Resume(pairs(all)), act);
            }
            Deed::Seek(client, tp, to) => {
                let op = ClientOp::Seek(tp.topic.clone(), tp.partition, *to);
                self.ask(scope, consumer(client), op, act);
            }
            Deed::CreateTopic(topic) => {
                let op = ClientOp::CreateTopic(new_topic(&scope.plan.scenario, topic));
                self.ask(scope, ClientRef::Admin, op, act);
            }
            Deed::DeleteTopic(name) => {
                self.ask(
                    scope,
                    ClientRef::Admin,
                    ClientOp::DeleteTopic(name.clone()),
                    act,
                );
            }
            Deed::Elect { partition, unclean } => {
                let tp = partition;
                let op = ClientOp::ElectLeader(tp.topic.clone(), tp.partition, *unclean);
                self.ask(scope, ClientRef::Admin, op, act);
            }
            Deed::Tamper { how, rule: Some(_) } => self.add_rule(step, *how),
            // Without a rule it is the verdict on the message that set the step off.
            Deed::Tamper { rule: None, .. } => {}
            Deed::Release(of) => {
                for step in with_options(&scope.plan.scenario, *of) {
                    self.rules.end(step);
                    let id = Some(HoldId(step.0 as u32));
                    act.push(Fault::Release { id }.into());
                }
            }
            outside => return self.outside(scope, step, outside, act),
        }
        Ok(())
    }

    /// Faults: process, network, disk, clock.
    fn outside(
        &mut self,
        scope: &Scope<'_>,
        step: StepIdx,
        deed: &Deed,
        act: &mut Vec<Action<Kafka>>,
    ) -> Result<(), String> {
        match deed {
            Deed::Stop(place) => {
                for node in somebody(scope, place)? {
                    let (id, call) = (self.call(), Call::Shutdown);
                    act.push(Action::Call { node, id, call });
                }
                Ok(())
            }
            Deed::Cut(cut) => cut_links(scope, step, cut, act),
            Deed::Heal(None) => {
                act.push(Fault::Heal { id: None }.into());
                Ok(())
            }
            Deed::Heal(Some(of)) => {
                for step in with_options(&scope.plan.scenario, *of) {
                    let id = Some(CutId(step.0 as u32));
                    act.push(Fault::Heal { id }.into());
                }
                Ok(())
            }
            Deed::Link(link) => change_links(scope, link, act),
            Deed::Disk(disk) => disk_fault(scope, disk, act),
            of_nodes => node_fault(scope, of_nodes, act),
        }
    }

    /// A client's application asks its client.
    fn ask(
        &mut self,
        scope: &Scope<'_>,
        client: ClientRef,
        op: ClientOp,
        act: &mut Vec<Action<Kafka>>,
    ) {
        if let Some(seat) = scope.plan.client(client) {
            let id = self.call();
            act.push(Action::Call {
                node: seat.node,
                id,
                call: Call::Client(seat.client, op),
            });
        }
    }
}

fn pairs(all: &[crate::kafka::protocol::TopicPartition]) -> Vec<(String, i32)> {
    all.iter()
        .map(|tp| (tp.topic.clone(), tp.partition))
        .collect()
}

fn somebody(scope: &Scope<'_>, place: &Place) -> Result<Vec<NodeId>, String> {
    let nodes = scope.plan.resolve(place, scope.view);
    if nodes.is_empty() {
        let at: Time = scope.view.world.now();
        let at = at.since(scope.ready_at);
        return Err(format!("at {at} nobody is {}", describe(place)));
    }
    Ok(nodes)
}

fn describe(place: &Place) -> String {
    match place {
        Place::Leader(tp) => format!("the leader of {tp}"),
        Place::Follower(tp, nth) => format!("follower {nth} of {tp}"),
        Place::ActiveController => "the active controller".to_owned(),
        other => format!("{other:?}"),
    }
}

fn sim_tail(tail: Tail) -> SimTail {
    match tail {
        Tail::Kept => SimTail::Kept,
        Tail::Lost => SimTail::Lost,
        Tail::Torn => SimTail::Torn,
        Tail::Drawn => SimTail::Drawn,
    }
}

/// What befalls whole machines: their processes, their speed, their clocks.
fn node_fault(scope: &Scope<'_>, deed: &Deed, act: &mut Vec<Action<Kafka>>) -> Result<(), String> {
    let mut each = |place: &Place, fault: &dyn Fn(NodeId) -> Fault| {
        let nodes = somebody(scope, place)?;
        act.extend(nodes.into_iter().map(|node| Action::Fault(fault(node))));
        Ok(())
    };
    match *deed {
        Deed::Crash(ref place) => each(place, &|node| Fault::Crash { node }),
        Deed::Pause(ref place) => each(place, &|node| Fault::Pause { node }),
        Deed::Resume(ref place) => each(place, &|node| Fault::Resume { node }),
        Deed::Start { ref node, wipe } => each(node, &|node| Fault::Start { node, wipe }),
        Deed::AddBroker(node) => {
            let node = scope.plan.machine(node);
            act.push(Fault::Start { node, wipe: false }.into());
            Ok(())
        }
        Deed::PowerOff { ref node, tail } => {
            let tail = sim_tail(tail);
            each(node, &|node| Fault::PowerOff { node, tail })
        }
        Deed::Slow { ref node, by } => {
            let (percent, more) = match by {
                Slowness::Factor(factor) => (factor.saturating_mul(100), Span::ZERO),
                Slowness::Each(span) => (100, span),
            };
            each(node, &|node| Fault::Slow {
                node,
                percent,
                each: more,
            })
        }
        Deed::Clock {
            ref node,
            jump_ns,
            drift_ppm,
        } => {
            let ms = jump_ns / 1_000_000;
            if ms != 0 {
                each(node, &|node| Fault::ClockJump { node, ms })?;
            }
            if let Some(ppm) = drift_ppm {
                let ppm = ppm.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
                each(node, &|node| Fault::ClockDrift { node, ppm })?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn cut_links(
    scope: &Scope<'_>,
    step: StepIdx,
    cut: &Cut,
    act: &mut Vec<Action<Kafka>>,
) -> Result<(), String> {
    let cut = crate::sim::Cut {
        id: CutId(step.0 as u32),
        from: somebody(scope, &cut.from)?,
        to: somebody(scope, &cut.to)?,
        both: cut.both,
    };
    act.push(Fault::Cut(cut).into());
    Ok(())
}

fn change_links(
    scope: &Scope<'_>,
    link: &LinkSpec,
    act: &mut Vec<Action<Kafka>>,
) -> Result<(), String> {
    let to = somebody(scope, &link.to)?;
    for from in somebody(scope, &link.from)? {
        let others = to.iter().copied().filter(|to| *to != from);
        act.extend(others.map(|to| {
            let (change, both) = (sim_change(&link.change), link.both);
            Action::Fault(Fault::SetLink {
                from,
                to,
                change,
                both,
            })
        }));
    }
    Ok(())
}

fn disk_fault(scope: &Scope<'_>, disk: &Disk, act: &mut Vec<Action<Kafka>>) -> Result<(), String> {
    for node in somebody(scope, &disk.node)? {
        if let Some(full) = disk.full {
            act.push(Fault::DiskFull { node, full }.into());
        }
        if let Some(latency) = disk.slow {
            let latency = Some(latency);
            act.push(
                Fault::DiskSlow {
                    node,
                    percent: 100,
                    latency,
                }
                .into(),
            );
        }
        if let Some(corrupt) = &disk.corrupt {
            let prefix = format!("{}/", corrupt.partition);
            let files = scope.view.world.disk(node).map(|disk| disk.list(&prefix));
            let logs = files
                .into_iter()
                .flatten()
                .filter(|path| path.ends_with(".log"));
            let wanted = corrupt
                .segment
                .map(|base| format!("{prefix}{base:020}.log"));
            let mut logs = logs.filter(|path| wanted.as_ref().is_none_or(|w| w == path));
            let path = logs.next_back();
            let path = path.ok_or_else(|| format!("no such segment of {}", corrupt.partition))?;
            let (at, bytes) = (
                corrupt.at.max(0) as u64,
                vec![0xA5; corrupt.bytes.max(0) as usize],
            );
            act.push(
                Fault::DiskCorrupt {
                    node,
                    path,
                    at,
                    bytes,
                }
                .into(),
            );
        }
    }
    Ok(())
}

/// The links of a file that differ from the network's defaults, before power-on.
pub(super) fn schedule_link(plan: &super::Plan, link: &LinkSpec, world: &mut KafkaWorld) {
    let (from, to) = {
        let view = View::new(world, &plan.names);
        (plan.resolve(&link.from, view), plan.resolve(&link.to, view))
    };
    for from in from {
        for to in to.iter().copied().filter(|to| *to != from) {
            let (change, both) = (sim_change(&link.change), link.both);
            world.schedule(
                Time::ZERO,
                Fault::SetLink {
                    from,
                    to,
                    change,
                    both,
                },
            );
        }
    }
}
