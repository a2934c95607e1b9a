//! The controllers and their log, and what the brokers know of it.

use crate::app::tui::cells::{Row, Tone, fit};
use crate::app::tui::inspect::Item;
use crate::app::tui::model::Model;
use crate::app::tui::picture::{Life, NodeLook, QuorumLook};
use crate::lab::text::Lang;

/// The whole view.
pub(super) fn rows(model: &Model, _room: usize) -> Vec<Row> {
    let (picture, lang) = (model.session.picture(), model.lang());
    let active = picture.quorum.iter().find(|voter| voter.is_active);
    let mut rows = vec![Row::new(), header(active, lang)];
    for voter in &picture.quorum {
        let item = Item::Node(voter.node);
        let selected = model.selected_item() == Some(item);
        rows.push(voter_row(voter, lang, selected).of(item));
    }
    rows.push(Row::new());
    let text = lang.pick(
        "brokers, and the metadata they have replayed",
        "broker 及其已重放的元数据",
    );
    rows.push(Row::new().say(text, Tone::Strong));
    let end = active.and_then(|voter| voter.high_watermark);
    for node in picture.nodes.iter().filter(|node| node.is_broker) {
        let selected = model.selected_item() == Some(Item::Node(node.node));
        rows.push(broker_row(node, end, lang, selected).of(Item::Node(node.node)));
    }
    if !picture.cuts.is_empty() {
        rows.push(Row::new());
        let pairs: Vec<String> = picture
            .cuts
            .iter()
            .map(|(from, to)| format!("{from}-/->{to}"))
            .collect();
        let text = lang.pick("cut links: ", "被切断的链路：");
        rows.push(
            Row::new()
                .say(text, Tone::Bad)
                .say(pairs.join("  "), Tone::Plain),
        );
    }
    rows
}

fn header(active: Option<&QuorumLook>, lang: Lang) -> Row {
    let name = Row::new().say("__cluster_metadata-0", Tone::Strong);
    match active {
        None => {
            let text = lang.pick("  no active controller", "  没有活动控制器");
            name.say(text, Tone::Bad)
        }
        Some(voter) => {
            let hw = voter
                .high_watermark
                .map_or("?".to_owned(), |hw| hw.to_string());
            let text = match lang {
                Lang::En => format!("  active {}  epoch {}  HW {hw}", voter.name, voter.epoch),
                Lang::Zh => format!("  活动 {}  纪元 {}  HW {hw}", voter.name, voter.epoch),
            };
            name.say(text, Tone::Plain)
        }
    }
}

fn voter_row(voter: &QuorumLook, lang: Lang, selected: bool) -> Row {
    let lead = Row::new()
        .say(if selected { "> " } else { "  " }, Tone::Accent)
        .say(fit(&voter.name, 5), Tone::Strong);
    let Some(role) = voter.role else {
        return lead.say(lang.pick("x DOWN", "x 宕机"), Tone::Bad);
    };
    let (sign, tone) = match voter.is_active {
        true => ('*', Tone::Accent),
        false => ('+', Tone::Plain),
    };
    let hw = voter
        .high_watermark
        .map_or("?".to_owned(), |hw| hw.to_string());
    let (role, epoch, end) = (fit(role, 12), voter.epoch, voter.log_end);
    let mut text = format!("{role} e{epoch} LEO {end} HW {hw}");
    if voter.durable < voter.log_end {
        text.push_str(&format!(
            " {} {}",
            lang.pick("durable", "落盘"),
            voter.durable
        ));
    }
    let mut row = lead.say(format!("{sign} "), tone).say(text, Tone::Plain);
    if let Some(voted) = &voter.voted {
        row = row.say(
            format!("  {} {voted}", lang.pick("voted", "投给")),
            Tone::Dim,
        );
    }
    match voter.known {
        Some(known) if known != voter.log_end => {
            let text = format!("  {} {known}", lang.pick("leader knows", "领导者知"));
            row.say(text, Tone::Warn)
        }
        _ => row,
    }
}

fn broker_row(node: &NodeLook, end: Option<i64>, lang: Lang, selected: bool) -> Row {
    let (sign, word, tone) = life(node.life, lang);
    let row = Row::new()
        .say(if selected { "> " } else { "  " }, Tone::Accent)
        .say(fit(&node.name, 5), Tone::Strong)
        .say(format!("{sign} {}", fit(word, 9)), tone);
    let Some(offset) = node.metadata else {
        return row;
    };
    // The high watermark is exclusive: one below it is the last committed record.
    let behind = end.map(|end| end - 1 - offset).filter(|behind| *behind > 0);
    let row = row.say(
        format!("{} {offset}", lang.pick("up to", "至")),
        Tone::Plain,
    );
    match behind {
        Some(behind) => {
            let text = match lang {
                Lang::En => format!("  {behind} behind"),
                Lang::Zh => format!("  落后 {behind}"),
            };
            row.say(text, Tone::Warn)
        }
        None => row,
    }
}

/// A sign, a word and a tone for a machine.
pub(super) fn life(life: Life, lang: Lang) -> (char, &'static str, Tone) {
    match life {
        Life::Up => ('+', lang.pick("up", "在线"), Tone::Good),
        Life::Down => ('x', lang.pick("DOWN", "宕机"), Tone::Bad),
        Life::Paused => ('x', lang.pick("PAUSED", "暂停"), Tone::Bad),
        Life::Starting => ('-', lang.pick("starts", "启动"), Tone::Warn),
        Life::Stopping => ('-', lang.pick("stops", "停止"), Tone::Warn),
        Life::Fenced => ('-', lang.pick("fenced", "隔离"), Tone::Warn),
    }
}

/// The same beside other panels: a line for each controller, then the brokers.
pub(super) fn beside(model: &Model) -> Vec<Row> {
    let (picture, lang) = (model.session.picture(), model.lang());
    let mut rows = Vec::new();
    for voter in &picture.quorum {
        let row = Row::new().say(fit(&voter.name, 4), Tone::Strong);
        rows.push(match voter.role {
            None => row.say(lang.pick("x DOWN", "x 宕机"), Tone::Bad),
            Some(_) if voter.is_active => {
                let text = format!("* LEAD e{} {}", voter.epoch, voter.log_end);
                row.say(text, Tone::Plain)
            }
            Some(role) => row.say(format!("+ {role} {}", voter.log_end), Tone::Plain),
        });
    }
    for node in picture
        .nodes
        .iter()
        .filter(|node| node.is_broker && !node.is_controller)
    {
        let (sign, word, tone) = life(node.life, lang);
        let row = Row::new().say(fit(&node.name, 4), Tone::Strong);
        rows.push(row.say(format!("{sign} {word}"), tone));
    }
    rows
}
