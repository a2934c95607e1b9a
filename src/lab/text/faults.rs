//! A sentence for every fault.

use super::lang::{Both, both};
use super::template::{Shown, fill};
use super::{Lang, Speaker};
use crate::sim::{Cut, Fault, LinkChange, NodeId, Span, Tail};

/// What a fault does.
pub fn fault_sentence(fault: &Fault, names: &dyn Speaker, lang: Lang) -> String {
    let template = phrase(fault).of(lang);
    fill(template, lang, &|name| match name {
        "me" => Shown::text(fault.node().map(|node| names.machine(node))?),
        _ => value(fault, name, names, lang),
    })
}

fn phrase(fault: &Fault) -> Both {
    match fault {
        Fault::Crash { .. } => both("{me} crashes", "{me} 崩溃"),
        Fault::PowerOff { .. } => both("{me} loses power; {tail}", "{me} 断电；{tail}"),
        Fault::Start { .. } => both(
            "{me} boots{wipe? with the disk it had in the beginning}",
            "{me} 启动{wipe?，磁盘恢复到最初的样子}",
        ),
        Fault::Pause { .. } => both("{me} is paused", "{me} 被暂停"),
        Fault::Resume { .. } => both("{me} goes on", "{me} 恢复运行"),
        Fault::Cut(_) => both(
            "the network between {from} and {to} is cut{both?|, in this direction only}",
            "{from} 与 {to} 之间的网络被切断{both?|（仅此方向）}",
        ),
        Fault::Heal { .. } => both(
            "the network is healed{one?: one cut}",
            "网络恢复{one?：撤销一处切断}",
        ),
        Fault::SetLink { .. } => both(
            "the link from {from} to {to}{both? and back} changes: {change}",
            "{from} 到 {to} {both?（双向）}的链路改变：{change}",
        ),
        Fault::Slow { .. } => both(
            "{me} takes {percent} % of the usual time{each?, and {each} more for every input}",
            "{me} 的处理时间变为平时的 {percent} %{each?，每个输入再加 {each}}",
        ),
        Fault::DiskFull { .. } => both(
            "the disk of {me} {full?is full|has space again}",
            "{me} 的磁盘{full?已满|又有空间}",
        ),
        Fault::DiskCapacity { .. } => both(
            "the disk of {me} holds {bytes?{bytes} bytes|any number of bytes}",
            "{me} 的磁盘容量{bytes?为 {bytes} 字节|不限}",
        ),
        Fault::DiskSlow { .. } => both(
            "syncs of {me} take {latency?{latency}|the usual latency} at {percent} %",
            "{me} 的 sync 耗时为{latency? {latency}|平时}的 {percent} %",
        ),
        Fault::DiskCorrupt { .. } => both(
            "{bytes} byte(s) at {at} of {path} rot on {me}",
            "{me} 上 {path} 从 {at} 起的 {bytes} 个字节损坏",
        ),
        Fault::ClockJump { .. } => both(
            "the calendar of {me} jumps by {ms} ms",
            "{me} 的时钟跳变 {ms} 毫秒",
        ),
        Fault::ClockDrift { .. } => both(
            "the clocks of {me} run at {ppm} parts in a million beyond the true rate",
            "{me} 的时钟比真实速率快百万分之 {ppm}",
        ),
        Fault::Release { .. } => both("held messages go on", "被扣住的消息继续前行"),
    }
}

fn value(fault: &Fault, name: &str, names: &dyn Speaker, lang: Lang) -> Option<Shown> {
    let list = |nodes: &[NodeId]| {
        let machines: Vec<_> = nodes.iter().map(|node| names.machine(*node)).collect();
        Shown::text(machines.join(" "))
    };
    match (fault, name) {
        (Fault::PowerOff { tail, .. }, "tail") => Shown::text(tail_phrase(*tail).of(lang)),
        (Fault::Start { wipe, .. }, "wipe") => Shown::truth(*wipe),
        (Fault::Cut(Cut { from, .. }), "from") => list(from),
        (Fault::Cut(Cut { to, .. }), "to") => list(to),
        (Fault::Cut(Cut { both, .. }) | Fault::SetLink { both, .. }, "both") => Shown::truth(*both),
        (Fault::Heal { id }, "one") => Shown::truth(id.is_some()),
        (Fault::SetLink { from, .. }, "from") => list(&[*from]),
        (Fault::SetLink { to, .. }, "to") => list(&[*to]),
        (Fault::SetLink { change, .. }, "change") => Shown::text(change_phrase(change, lang)),
        (Fault::Slow { percent, .. } | Fault::DiskSlow { percent, .. }, "percent") => {
            Shown::text(percent.to_string())
        }
        (Fault::Slow { each, .. }, "each") => some_span(Some(*each).filter(|s| *s != Span::ZERO)),
        (Fault::DiskFull { full, .. }, "full") => Shown::truth(*full),
        (Fault::DiskCapacity { bytes, .. }, "bytes") => {
            Shown::text(bytes.map_or(String::new(), |bytes| bytes.to_string()))
        }
        (Fault::DiskSlow { latency, .. }, "latency") => some_span(*latency),
        (Fault::DiskCorrupt { bytes, .. }, "bytes") => Shown::text(bytes.len().to_string()),
        (Fault::DiskCorrupt { at, .. }, "at") => Shown::text(at.to_string()),
        (Fault::DiskCorrupt { path, .. }, "path") => Shown::text(path.as_str()),
        (Fault::ClockJump { ms, .. }, "ms") => Shown::text(ms.to_string()),
        (Fault::ClockDrift { ppm, .. }, "ppm") => Shown::text(ppm.to_string()),
        _ => None,
    }
}

/// An empty text, which is not true, for none.
fn some_span(span: Option<Span>) -> Option<Shown> {
    Shown::text(span.map_or(String::new(), |span| span.to_string()))
}

fn tail_phrase(tail: Tail) -> Both {
    match tail {
        Tail::Kept => both("what was not synced is kept", "未 sync 的内容保留"),
        Tail::Lost => both("what was not synced is lost", "未 sync 的内容丢失"),
        Tail::Torn => both("what was not synced is torn", "未 sync 的内容残缺"),
        Tail::Drawn => both(
            "the fate of what was not synced is drawn",
            "未 sync 的内容听凭抽签",
        ),
    }
}

fn change_phrase(change: &LinkChange, lang: Lang) -> String {
    let mut parts = Vec::new();
    if let Some((min, max)) = change.latency {
        let word = lang.pick("latency", "延迟");
        parts.push(match min == max {
            true => format!("{word} {min}"),
            false => format!("{word} {min}..{max}"),
        });
    }
    let ratios = [
        (change.loss, both("loss", "丢失")),
        (change.duplicate, both("duplicates", "重复")),
        (change.reorder, both("reordering", "乱序")),
    ];
    for (ratio, word) in ratios {
        let Some(ppm) = ratio else { continue };
        parts.push(format!(
            "{} {}.{:04} %",
            word.of(lang),
            ppm / 10_000,
            ppm % 10_000
        ));
    }
    if let Some(bytes) = change.bandwidth {
        let word = lang.pick("bandwidth", "带宽");
        parts.push(match bytes {
            0 => format!("{word} {}", lang.pick("without limit", "不限")),
            _ => format!("{word} {bytes} B/s"),
        });
    }
    parts.join(lang.pick(", ", "，"))
}
