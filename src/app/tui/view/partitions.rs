//! The log view: the partition that is shown, the list of all if there are several, and on a
//! narrow screen the clients in a line.

use super::{clients, log};
use crate::app::tui::cells::{Row, Tone};
use crate::app::tui::model::Model;
use crate::app::tui::picture::PartitionLook;
use crate::lab::text::Lang;

/// Logs of so many partitions are shown one below the other, if there is room.
const DETAILED: usize = 4;

/// With `alone` nothing stands beside it: the clients go below the logs.
pub(super) fn rows(model: &Model, room: usize, height: usize, alone: bool) -> Vec<Row> {
    let all = &model.session.picture().partitions;
    let Some(shown) = model.shown_partition() else {
        let text = model.lang().pick("no topic is there yet", "还没有主题");
        return vec![Row::new(), Row::dim(text)];
    };
    let narrow = alone && height >= 8;
    let mut rows = Vec::new();
    let detail = log::rows(model, shown, room);
    let clients = if narrow {
        clients::line(model)
    } else {
        Row::new()
    };
    let free = height.saturating_sub(detail.len() + usize::from(narrow));
    if all.len() > 1 && all.len() <= DETAILED && free >= (all.len() - 1) * (detail.len() + 1) {
        for (index, partition) in all.iter().enumerate() {
            if index > 0 {
                rows.push(Row::new());
            }
            rows.extend(log::rows(model, partition, room));
        }
    } else {
        if all.len() > 1 && free > 1 {
            rows.extend(list(model, all, shown, (free - 1).min(all.len()).min(12)));
            rows.push(Row::new());
        } else if height > detail.len() + 2 {
            rows.push(Row::new());
        }
        rows.extend(detail);
    }
    if narrow && !clients.pieces.is_empty() {
        rows.push(clients);
    }
    rows
}

/// A line for each partition, the unhealthy ones first.
fn list(model: &Model, all: &[PartitionLook], shown: &PartitionLook, most: usize) -> Vec<Row> {
    let lang = model.lang();
    let changes = model.session.changes();
    let changed = |look: &PartitionLook| {
        changes.iter().any(|change| {
            let mut words = change.of.split(' ');
            words.any(|word| word == look.name)
        })
    };
    let mut order: Vec<&PartitionLook> = all.iter().collect();
    order.sort_by_key(|look| (look.health(), !changed(look)));
    let mut rows: Vec<Row> = order
        .iter()
        .take(most)
        .map(|look| line(look, look.tp == shown.tp, changed(look), lang))
        .collect();
    let more = order.len().saturating_sub(most);
    if more > 0 && rows.pop().is_some() {
        let text = match lang {
            Lang::En => format!("  and {} more: {{ }} show them", more + 1),
            Lang::Zh => format!("  另有 {} 个分区：{{ }} 切换", more + 1),
        };
        rows.push(Row::dim(text));
    }
    rows
}

fn line(look: &PartitionLook, shown: bool, changed: bool, lang: Lang) -> Row {
    let (word, tone) = match look.health() {
        0 => (lang.pick("OFFLINE", "离线"), Tone::Bad),
        1 => (lang.pick("below min ISR", "低于最小同步"), Tone::Bad),
        2 => (lang.pick("under-replicated", "副本不足"), Tone::Warn),
        _ => (lang.pick("well", "正常"), Tone::Good),
    };
    let leader = look.leader.as_deref().unwrap_or("-");
    let offsets = look.offsets.map_or(String::new(), |offsets| {
        format!("  HW {} LEO {}", offsets.high_watermark, offsets.log_end)
    });
    let text = format!(
        "  {leader} e{}  ISR {}{offsets}",
        look.epoch,
        look.isr.join(" ")
    );
    let row = Row::new()
        .say(if shown { "> " } else { "  " }, Tone::Accent)
        .say(look.name.clone(), Tone::Strong)
        .say(if changed { " ! " } else { "   " }, Tone::Warn)
        .say(word, tone);
    row.say(text, Tone::Plain)
}
