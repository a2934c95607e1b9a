//! Actions from outside: processes, machines, network, disks, clocks.

use super::actions::OnMessage;
use super::places::{is_role, place};
use super::steps::step_ref;
use super::{cluster, matchers, network};
use crate::lab::scenario::action::{Action, Corrupt, Cut, Disk, Slowness, Tail, Tamper};
use crate::lab::scenario::codes::Code;
use crate::lab::scenario::cx::Cx;
use crate::lab::scenario::fields::Fields;
use crate::lab::scenario::limits::MAX_RECORD_BYTES;
use crate::lab::scenario::matcher::MessageMatcher;
use crate::lab::scenario::model::Place;
use crate::lab::scenario::problem::Problem;
use crate::lab::scenario::shapes::{self, Shape};
use crate::lab::scenario::tree::{Node, Value};
use crate::lab::scenario::words;

pub(super) fn add_broker(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    cluster::add_broker(cx, node).map(Action::AddBroker)
}

pub(super) fn crash(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    place(cx, node).map(Action::Crash)
}

pub(super) fn stop(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    place(cx, node).map(Action::Stop)
}

pub(super) fn pause(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    place(cx, node).map(Action::Pause)
}

pub(super) fn resume(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    place(cx, node).map(Action::Resume)
}

pub(super) fn start(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    match &node.value {
        Value::Table(table) if !is_role(table) => {
            let mut fields = Fields::of(cx, node, &shapes::START)?;
            let node = required_place(cx, &mut fields);
            let wipe = fields.flag(cx, "wipe");
            fields.finish(cx);
            Some(Action::Start { node: node?, wipe })
        }
        _ => place(cx, node).map(|node| Action::Start { node, wipe: false }),
    }
}

fn required_place(cx: &mut Cx<'_>, fields: &mut Fields<'_>) -> Option<Place> {
    let node = fields.required(cx, "node")?;
    place(cx, node)
}

pub(super) fn power_off(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    let mut fields = Fields::of(cx, node, &shapes::POWER_OFF)?;
    let node = required_place(cx, &mut fields);
    let words = [
        ("kept", Tail::Kept),
        ("lost", Tail::Lost),
        ("torn", Tail::Torn),
        ("drawn", Tail::Drawn),
    ];
    let tail = fields.node("tail");
    let tail = tail.map_or(Some(Tail::Drawn), |node| cx.word(node, "tails", &words));
    fields.finish(cx);
    Some(Action::PowerOff {
        node: node?,
        tail: tail?,
    })
}

pub(super) fn slow(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    let mut fields = Fields::of(cx, node, &shapes::SLOW)?;
    let node = required_place(cx, &mut fields);
    let factor = fields.int(cx, "factor", 1..=1_000_000);
    let each = fields.duration(cx, "each");
    let given = fields.present(&["factor", "each"]);
    let pos = fields.pos;
    fields.finish(cx);
    if given.len() != 1 {
        let message = "slow needs factor or each, and not both";
        cx.problem(Code::Exclusive, pos, message);
        return None;
    }
    let factor = factor.map(|n| Slowness::Factor(n as u32));
    Some(Action::Slow {
        node: node?,
        by: factor.or(each.map(Slowness::Each))?,
    })
}

pub(super) fn cut(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    let mut fields = Fields::of(cx, node, &shapes::CUT)?;
    let cut = match fields.present(&["between", "from", "to"])[..] {
        ["between"] => {
            let between = fields.node("between");
            between.and_then(|node| between_two(cx, node))
        }
        ["from", "to"] => {
            let from = fields.node("from").and_then(|node| place(cx, node));
            let to = fields.node("to").and_then(|node| place(cx, node));
            from.zip(to).map(|(from, to)| Cut {
                from,
                to,
                both: false,
            })
        }
        _ => {
            let problem =
                Problem::new(Code::Exclusive, fields.pos, "this does not say what to cut");
            cx.push(problem.label("between = [[a], [b]], or from and to for one way"));
            return None;
        }
    };
    fields.finish(cx);
    cut.map(Action::Cut)
}

fn between_two(cx: &mut Cx<'_>, node: &Node) -> Option<Cut> {
    let [one, other] = cx.list(node)? else {
        cx.wrong_type(node, "a list of two sides");
        return None;
    };
    let from = place(cx, one);
    let to = place(cx, other);
    Some(Cut {
        from: from?,
        to: to?,
        both: true,
    })
}

pub(super) fn heal(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    match &node.value {
        Value::Str(word) if word == "all" => Some(Action::Heal(None)),
        _ => step_ref(cx, node).map(|step| Action::Heal(Some(step))),
    }
}

pub(super) fn link(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    network::link(cx, node).map(Action::Link)
}

pub(super) fn hold(cx: &mut Cx<'_>, node: &Node, on: OnMessage) -> Option<Action> {
    tamper(cx, node, on, &shapes::HOLD, |cx, fields| {
        let span = fields.duration(cx, "for").map(Tamper::HoldFor);
        let until = fields.node("until");
        let until = until.and_then(|node| step_ref(cx, node).map(Tamper::HoldUntil));
        if fields.present(&["for", "until"]).len() == 2 {
            let pos = fields.key_pos("until");
            cx.problem(
                Code::Exclusive,
                pos,
                "hold takes for or until, and not both",
            );
        }
        let asked = !fields.present(&["for", "until"]).is_empty();
        match asked {
            true => span.or(until),
            false => Some(Tamper::Hold),
        }
    })
}

pub(super) fn drop(cx: &mut Cx<'_>, node: &Node, on: OnMessage) -> Option<Action> {
    tamper(cx, node, on, &shapes::DROP, |_, _| Some(Tamper::Drop))
}

pub(super) fn duplicate(cx: &mut Cx<'_>, node: &Node, on: OnMessage) -> Option<Action> {
    tamper(cx, node, on, &shapes::DUPLICATE, |_, _| {
        Some(Tamper::Duplicate)
    })
}

pub(super) fn delay(cx: &mut Cx<'_>, node: &Node, on: OnMessage) -> Option<Action> {
    if let Value::Bool(_) = node.value {
        cx.wrong_type(node, "{ for = \"5ms\" }");
        return None;
    }
    tamper(cx, node, on, &shapes::DELAY, |cx, fields| {
        let node = fields.required(cx, "for")?;
        cx.duration(node).map(Tamper::Delay)
    })
}

/// `true`, or a table: with a matcher it is a standing rule, without one the message is that of
/// the trigger.
fn tamper(
    cx: &mut Cx<'_>,
    node: &Node,
    on: OnMessage,
    shape: &'static Shape,
    how: fn(&mut Cx<'_>, &mut Fields<'_>) -> Option<Tamper>,
) -> Option<Action> {
    let empty = Default::default();
    let mut fields = match &node.value {
        Value::Bool(_) => {
            cx.just_true(node)?;
            Fields::new(&empty, node.pos, shape)
        }
        _ => Fields::of(cx, node, shape)?,
    };
    let how = how(cx, &mut fields);
    let has_matcher = fields.has("message");
    let rule = match (has_matcher, on) {
        (true, OnMessage(true)) => {
            let pos = fields.key_pos("message");
            let message = "the message is the trigger's; a standing rule has another trigger";
            cx.problem(Code::Exclusive, pos, message);
            return None;
        }
        (true, _) => Some(standing_rule(cx, &mut fields)?),
        (false, OnMessage(true)) => None,
        (false, _) => {
            let problem = Problem::new(Code::NeedsMessage, node.pos, "which messages?");
            let label = "use a message as trigger, or give message = \"Fetch\" here";
            cx.push(problem.label(label));
            return None;
        }
    };
    fields.finish(cx);
    Some(Action::Tamper { how: how?, rule })
}

fn standing_rule(cx: &mut Cx<'_>, fields: &mut Fields<'_>) -> Option<Box<MessageMatcher>> {
    fields.and(&shapes::MESSAGE);
    let every = !fields.has("count");
    let mut matcher = matchers::message(cx, fields)?;
    if every {
        // A trigger acts on one message, a standing rule on all of them.
        matcher.count = None;
    }
    Some(Box::new(matcher))
}

pub(super) fn release(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    step_ref(cx, node).map(Action::Release)
}

pub(super) fn disk(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    let mut fields = Fields::of(cx, node, &shapes::DISK)?;
    let place = required_place(cx, &mut fields);
    let full = fields.node("full").and_then(|node| cx.boolean(node));
    let slow = fields.duration(cx, "slow");
    let corrupt = fields.node("corrupt").and_then(|node| corrupt(cx, node));
    if fields.present(&["full", "slow", "corrupt"]).is_empty() {
        let pos = fields.pos;
        cx.problem(Code::MissingKey, pos, "disk needs full, slow or corrupt");
    }
    fields.finish(cx);
    Some(Action::Disk(Disk {
        node: place?,
        full,
        slow,
        corrupt,
    }))
}

fn corrupt(cx: &mut Cx<'_>, node: &Node) -> Option<Corrupt> {
    let mut fields = Fields::of(cx, node, &shapes::CORRUPT)?;
    let partition = fields
        .required(cx, "partition")
        .and_then(|node| cx.partition(node));
    let segment = fields.int(cx, "segment", 0..=i64::MAX);
    let at = fields.int(cx, "at", 0..=i64::MAX).unwrap_or(0);
    let bytes = fields.int(cx, "bytes", 1..=MAX_RECORD_BYTES).unwrap_or(1);
    fields.finish(cx);
    Some(Corrupt {
        partition: partition?,
        segment,
        at,
        bytes,
    })
}

pub(super) fn clock(cx: &mut Cx<'_>, node: &Node, _: OnMessage) -> Option<Action> {
    let mut fields = Fields::of(cx, node, &shapes::CLOCK)?;
    let place = required_place(cx, &mut fields);
    let jump = fields.node("jump");
    let jump = jump.and_then(|node| cx.quantity(node, Code::BadDuration, words::jump));
    let drift_ppm = fields.int(cx, "drift", -500_000..=500_000);
    if fields.present(&["jump", "drift"]).is_empty() {
        let pos = fields.pos;
        cx.problem(Code::MissingKey, pos, "clock needs jump or drift");
    }
    fields.finish(cx);
    Some(Action::Clock {
        node: place?,
        jump_ns: jump.unwrap_or(0),
        drift_ppm,
    })
}
