//! A sentence for every kind of step: what happened, apart from what the logic noted.

use super::lang::{Both, both};
use super::template::{Shown, fill};
use super::{Lang, MessageSummary, Speaker, call_phrase, fault_sentence, timer_phrase};
use crate::kafka::vocabulary::{Kafka, Salience};
use crate::sim::{
    Action, Fault, Head, LostReason, MessageKind, NodeId, StepKind, StepRecord, Verdict,
};

/// A step without its notes.
#[derive(Clone, Copy, Debug)]
pub struct Happening<'a> {
    /// What kind of step.
    pub kind: StepKind<Kafka>,
    /// The machine.
    pub node: Option<NodeId>,
    /// The outside of the message that it is about.
    pub head: Option<&'a Head>,
    /// The message itself, where it was looked at.
    pub message: Option<&'a MessageSummary>,
    /// The fault or call.
    pub action: Option<&'a Action<Kafka>>,
    /// What was done to a message.
    pub verdict: Verdict,
}

impl<'a> Happening<'a> {
    /// Of a step; `message` is the gist of its message, where there is one.
    pub fn of(record: &'a StepRecord<'_, Kafka>, message: Option<&'a MessageSummary>) -> Self {
        Happening {
            kind: record.kind,
            node: record.node,
            head: record.head.as_ref(),
            message,
            action: record.action,
            verdict: record.verdict,
        }
    }

    fn is_release_of_all(&self) -> bool {
        matches!(
            self.action,
            Some(Action::Fault(Fault::Release { id: None }))
        )
    }

    /// How much the step itself matters, whatever was noted: faults, halts, boots and what a
    /// driver does to messages are part of any telling.
    pub fn salience(&self) -> Salience {
        match self.kind {
            // The end of every run sets free what may be held.
            StepKind::Action if self.is_release_of_all() => Salience::Detail,
            StepKind::Action | StepKind::Halt | StepKind::Boot => Salience::Story,
            StepKind::Lost(LostReason::Dropped) => Salience::Story,
            StepKind::Lost(_) | StepKind::Reset(_) | StepKind::Call(_) => Salience::Detail,
            StepKind::Deliver | StepKind::Timer(_) | StepKind::Synced(_) => Salience::Background,
        }
    }
}

/// What happened.
pub fn step_sentence(step: &Happening<'_>, names: &dyn Speaker, lang: Lang) -> String {
    let me = || {
        step.node
            .map(|node| names.machine(node))
            .unwrap_or_default()
    };
    let message = || message_line(step, names, lang);
    match (step.kind, step.action) {
        (StepKind::Action, Some(Action::Fault(fault))) => fault_sentence(fault, names, lang),
        (StepKind::Lost(reason), Some(Action::Call { node, call, .. })) => say(
            both(
                "{what}, but nobody hears it: {why}",
                "{what}，但无人听到：{why}",
            ),
            lang,
            &[
                ("what", call_phrase(call, *node, names, lang)),
                ("why", lost_reason(reason).of(lang).to_owned()),
            ],
        ),
        (_, Some(Action::Call { node, call, .. })) => call_phrase(call, *node, names, lang),
        (StepKind::Action, _) => say(
            both("{message} {done}", "{message} {done}"),
            lang,
            &[
                ("message", message()),
                ("done", verdict_phrase(step.verdict, lang)),
            ],
        ),
        (StepKind::Lost(reason), _) => say(
            both("lost: {message} ({why})", "丢失：{message}（{why}）"),
            lang,
            &[
                ("message", message()),
                ("why", lost_reason(reason).of(lang).to_owned()),
            ],
        ),
        (StepKind::Deliver, _) => say(
            both("{message}", "{message}"),
            lang,
            &[("message", message())],
        ),
        (StepKind::Timer(timer), _) => say(
            both("timer on {me}: {what}", "{me} 的定时器：{what}"),
            lang,
            &[
                ("me", me()),
                ("what", timer_phrase(timer).of(lang).to_owned()),
            ],
        ),
        (kind, _) => say(plain(kind), lang, &[("me", me())]),
    }
}

/// Steps that are told by their machine alone.
fn plain(kind: StepKind<Kafka>) -> Both {
    match kind {
        StepKind::Boot => both("{me} starts", "{me} 启动"),
        StepKind::Synced(_) => both("bytes of {me} are on its disk", "{me} 的数据已落盘"),
        StepKind::Call(_) => both(
            "{me} hears what its application asks",
            "{me} 收到应用的调用",
        ),
        StepKind::Reset(_) => both("{me} learns that a connection is gone", "{me} 得知连接已断"),
        StepKind::Halt => both("{me} ends by itself", "{me} 自行终止"),
        StepKind::Action | StepKind::Deliver | StepKind::Lost(_) | StepKind::Timer(_) => {
            both("{me}", "{me}")
        }
    }
}

fn message_line(step: &Happening<'_>, names: &dyn Speaker, lang: Lang) -> String {
    let Some(head) = step.head else {
        return lang.pick("a message", "一条消息").to_owned();
    };
    if let Some(message) = step.message {
        return message.line(head.from, head.to, names, lang);
    }
    let text = match head.kind {
        MessageKind::Request => both("request from {from} to {to}", "{from} 发给 {to} 的请求"),
        MessageKind::Response => both("response from {from} to {to}", "{from} 发给 {to} 的应答"),
    };
    let ends = [
        ("from", names.machine(head.from)),
        ("to", names.machine(head.to)),
    ];
    say(text, lang, &ends)
}

/// Why a message died.
pub fn lost_reason(reason: LostReason) -> Both {
    match reason {
        LostReason::Loss => both("the link lost it", "链路丢失"),
        LostReason::Cut => both("the link is cut", "链路被切断"),
        LostReason::Dropped => both("dropped by the scenario", "被场景丢弃"),
        LostReason::Gap => both("stuck behind a lost message", "卡在一条丢失的消息之后"),
        LostReason::Dead => both("the receiver is no more", "接收方已不在"),
        LostReason::Closed => both("the connection was closed", "连接已关闭"),
        LostReason::Refused => both("the connection was refused", "连接被拒绝"),
    }
}

/// What was done to a message.
pub fn verdict_phrase(verdict: Verdict, lang: Lang) -> String {
    let text = match verdict {
        Verdict::Deliver => both("passes", "通过"),
        Verdict::Drop => both("is dropped", "被丢弃"),
        Verdict::Hold(_) => both("is held", "被扣住"),
        Verdict::Duplicate => both("is delivered twice", "被投递两次"),
        Verdict::Delay(span) => {
            let text = both("is delayed by {span}", "被延迟 {span}");
            return say(text, lang, &[("span", span.to_string())]);
        }
    };
    text.of(lang).to_owned()
}

pub(super) fn say(text: Both, lang: Lang, values: &[(&str, String)]) -> String {
    fill(text.of(lang), lang, &|name| {
        let (_, value) = values.iter().find(|(known, _)| *known == name)?;
        Shown::text(value.clone())
    })
}
