//! What an application asks of its client, and an operator of a process.

use super::lang::both;
use super::template::{Shown, fill};
use super::{Lang, Speaker, value_label};
use crate::kafka::vocabulary::{Call, ClientOp, OffsetSpec};
use crate::sim::NodeId;

/// What is asked of the process on `me`. Names and values of records come as the file wrote
/// them.
pub fn call_phrase(call: &Call, me: NodeId, names: &dyn Speaker, lang: Lang) -> String {
    let (client, op) = match call {
        Call::Shutdown => {
            let text = both("{me} is asked to shut down", "要求 {me} 正常停止");
            return fill(text.of(lang), lang, &|_| Shown::text(names.machine(me)));
        }
        Call::Client(client, op) => (*client, op),
    };
    let text = both("{client} is asked to {what}", "要求 {client} {what}");
    fill(text.of(lang), lang, &|name| match name {
        "client" => Shown::text(names.client(me, client)),
        _ => Shown::text(operation(op, lang)),
    })
}

fn operation(op: &ClientOp, lang: Lang) -> String {
    let text = match op {
        ClientOp::Send(record) => match record.partition {
            Some(_) => both(
                "send {value} to {topic}-{partition}",
                "向 {topic}-{partition} 发送 {value}",
            ),
            None => both("send {value} to {topic}", "向 {topic} 发送 {value}"),
        },
        ClientOp::Flush => both("flush", "flush"),
        ClientOp::Close => both("close", "关闭"),
        ClientOp::Assign(_) => both("read {list}", "读取 {list}"),
        ClientOp::Seek(..) => both(
            "go on with {topic}-{partition} from {place}",
            "从 {place} 继续读取 {topic}-{partition}",
        ),
        ClientOp::Pause(_) => both("pause {list}", "暂停 {list}"),
        ClientOp::Resume(_) => both("resume {list}", "恢复 {list}"),
        ClientOp::Poll => both("poll", "poll"),
        ClientOp::CreateTopic(_) => both("create topic {topic}", "创建 topic {topic}"),
        ClientOp::DeleteTopic(_) => both("delete topic {topic}", "删除 topic {topic}"),
        ClientOp::ElectLeader(_, _, true) => both(
            "elect a leader of {topic}-{partition} uncleanly",
            "以 unclean 方式选举 {topic}-{partition} 的领导者",
        ),
        ClientOp::ElectLeader(..) => both(
            "elect the preferred leader of {topic}-{partition}",
            "选举 {topic}-{partition} 的首选领导者",
        ),
        ClientOp::ListOffset(..) => both(
            "find the offset of {topic}-{partition} at {place}",
            "查询 {topic}-{partition} 在 {place} 的 offset",
        ),
    };
    fill(text.of(lang), lang, &|name| value(op, name, lang))
}

fn value(op: &ClientOp, name: &str, lang: Lang) -> Option<Shown> {
    let listed = |tps: &[(String, i32)]| {
        let names: Vec<_> = tps
            .iter()
            .map(|(topic, number)| format!("{topic}-{number}"))
            .collect();
        Shown::text(names.join(" "))
    };
    match (op, name) {
        (ClientOp::Send(record), "value") => Shown::text(value_label(record.value.as_deref())),
        (ClientOp::Send(record), "topic") => Shown::text(&*record.topic),
        (ClientOp::Send(record), "partition") => Shown::text(record.partition?.to_string()),
        (ClientOp::CreateTopic(topic), "topic") => Shown::text(&*topic.name),
        (ClientOp::DeleteTopic(topic), "topic") => Shown::text(&**topic),
        (
            ClientOp::Seek(topic, ..)
            | ClientOp::ElectLeader(topic, ..)
            | ClientOp::ListOffset(topic, ..),
            "topic",
        ) => Shown::text(&**topic),
        (
            ClientOp::Seek(_, number, _)
            | ClientOp::ElectLeader(_, number, _)
            | ClientOp::ListOffset(_, number, _),
            "partition",
        ) => Shown::text(number.to_string()),
        (ClientOp::Seek(_, _, spec) | ClientOp::ListOffset(_, _, spec), "place") => {
            Shown::text(place(*spec, lang))
        }
        (ClientOp::Assign(tps) | ClientOp::Pause(tps) | ClientOp::Resume(tps), "list") => {
            listed(tps)
        }
        _ => None,
    }
}

fn place(spec: OffsetSpec, lang: Lang) -> String {
    match spec {
        OffsetSpec::Earliest => lang.pick("the log start", "日志开头").to_owned(),
        OffsetSpec::Latest => lang.pick("the end", "末尾").to_owned(),
        OffsetSpec::At(offset) => format!("offset {offset}"),
        OffsetSpec::Timestamp(ms) => match lang {
            Lang::En => format!("timestamp {ms}"),
            Lang::Zh => format!("时间戳 {ms}"),
        },
    }
}
