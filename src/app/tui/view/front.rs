//! What stands in front of a view: help, the inspector, the end card.

use crate::app::tui::card;
use crate::app::tui::cells::{Row, Tone, fit, width, wrap};
use crate::app::tui::inspect::{self, Item, Line};
use crate::app::tui::keys::{GROUPS, ROWS};
use crate::app::tui::model::Model;
use crate::lab::text::Lang;

/// Cells for the keys of a row of the help.
const KEYS: usize = 18;
/// Cells for the name of a line of the inspector.
const NAME: usize = 26;

/// Rows from `from` on, so that `must` is among them.
fn window(rows: Vec<Row>, must: usize, height: usize) -> Vec<Row> {
    let from = (must + 1).saturating_sub(height.max(1));
    rows.into_iter().skip(from).collect()
}

/// The keys that match the filter, by group, and the signs.
pub(super) fn help(
    model: &Model,
    filter: &str,
    scroll: usize,
    room: usize,
    height: usize,
) -> Vec<Row> {
    let lang = model.lang();
    let (title, close) = (
        lang.pick("HELP  type to filter: ", "帮助  输入以过滤："),
        lang.pick("   Esc closes, Up Down scroll", "   Esc 关闭，上下键滚动"),
    );
    let head = Row::new()
        .say(title, Tone::Strong)
        .say(format!("{filter}_"), Tone::Accent)
        .say(close, Tone::Dim);
    let needle = filter.to_lowercase();
    let mut rows = Vec::new();
    for (group, en, zh) in GROUPS {
        let fits = |row: &&crate::app::tui::keys::Row| {
            let text = format!("{} {} {}", row.label, row.en, row.zh).to_lowercase();
            row.group == group && text.contains(&needle)
        };
        let mut of_group = ROWS.iter().filter(fits).peekable();
        if of_group.peek().is_some() {
            rows.push(Row::new().say(lang.pick(en, zh), Tone::Strong));
        }
        for row in of_group {
            let works = row
                .keys
                .iter()
                .any(|(_, command)| model.works_closed(*command));
            let tone = if works { Tone::Plain } else { Tone::Dim };
            let keys = fit(&format!("  {}", row.label), KEYS);
            rows.push(Row::new().say(keys, Tone::Accent).say(row.help(lang), tone));
        }
    }
    if needle.is_empty() {
        rows.extend(legend(lang, room));
    }
    let most = rows.len().saturating_sub(height.saturating_sub(1));
    let rows = rows.into_iter().skip(scroll.min(most));
    std::iter::once(head).chain(rows).collect()
}

fn legend(lang: Lang, room: usize) -> Vec<Row> {
    let text = match lang {
        Lang::En => [
            "* leader  + in sync  - out of sync or fenced  x down  > selected",
            "[n] committed, as that replica knows  (n) not yet  n leader epoch",
            "S last stable offset  H high watermark  E log end offset",
            "b0 is broker-0, q0 is controller-0",
        ],
        Lang::Zh => [
            "* 领导者  + 同步  - 不同步或被隔离  x 宕机  > 所选",
            "[n] 该副本所知已提交  (n) 未提交  n 领导者纪元",
            "S 最后稳定位移  H 高水位  E 日志末端",
            "b0 即 broker-0，q0 即 controller-0",
        ],
    };
    let head = Row::new().say(lang.pick("SIGNS", "符号"), Tone::Strong);
    let lines = text
        .iter()
        .flat_map(|line| wrap(line, room.saturating_sub(2)));
    let lines = lines.map(|line| Row::plain(format!("  {line}")));
    std::iter::once(head).chain(lines).collect()
}

/// One thing in full.
pub(super) fn inspector(
    model: &Model,
    path: &[Item],
    line: usize,
    room: usize,
    height: usize,
) -> Vec<Row> {
    let lang = model.lang();
    let lines = inspect::lines(model, path);
    let title = format!(
        "{} {}",
        lang.pick("INSPECT", "查看"),
        inspect::title(model, path)
    );
    let mut rows = vec![Row::new().say(title, Tone::Strong)];
    let line = line.min(lines.len().saturating_sub(1));
    let shown = lines.iter().enumerate();
    let list: Vec<Row> = shown
        .map(|(at, l)| line_row(l, at == line, NAME, room))
        .collect();
    rows.extend(window(list, line, height.saturating_sub(1)));
    rows
}

fn line_row(line: &Line, selected: bool, name: usize, room: usize) -> Row {
    let opens = if line.opens.is_some() {
        "  [Enter]"
    } else {
        ""
    };
    let value = room.saturating_sub(2 + name + width(opens));
    Row::new()
        .say(if selected { "> " } else { "  " }, Tone::Accent)
        .say(fit(&line.name, name), Tone::Dim)
        .say(
            crate::app::tui::cells::clip(&line.value, value),
            Tone::Plain,
        )
        .say(opens, Tone::Accent)
}

/// The selected thing, beside the view.
pub(super) fn beside(model: &Model, room: usize, height: usize) -> Vec<Row> {
    let Some(item) = model.selected_item() else {
        return Vec::new();
    };
    let path = [item];
    let mut rows = vec![Row::new().say(inspect::title(model, &path), Tone::Strong)];
    for line in inspect::lines(model, &path).iter().take(height) {
        let text = format!("{} {}", line.name, line.value);
        let name = Row::new().say(line.name.clone(), Tone::Dim);
        if width(&text) <= room {
            rows.push(name.say(format!(" {}", line.value), Tone::Plain));
        } else {
            rows.push(name);
            let lines = wrap(&line.value, room.saturating_sub(2)).into_iter();
            rows.extend(lines.take(4).map(|line| Row::plain(format!("  {line}"))));
        }
    }
    rows
}

/// The end card.
pub(super) fn card(model: &Model, scroll: usize, room: usize) -> Vec<Row> {
    let lang = model.lang();
    let head = Row::new().say(
        lang.pick(
            "THE END   p goes back, Esc shows the cluster",
            "结束   p 后退，Esc 查看集群",
        ),
        Tone::Accent,
    );
    let rows = card::rows(model, room).into_iter().skip(scroll);
    std::iter::once(head).chain(rows).collect()
}
