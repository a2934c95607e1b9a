//! The screen from 112x32 on: clients, quorum and the inspector beside the logs, a lane for each
//! machine below.

use super::canvas::Canvas;
use super::{body, chrome, clients, flights, front, in_front, lanes, narration, quorum};
use crate::app::tui::cells::Tone;
use crate::app::tui::model::{Model, Screen};
use ratatui::layout::Rect;

/// Rows that are always there: title, tabs, five rules, status, word, footer, frame.
const FIXED: u16 = 11;

/// Heights of the bands from top to bottom, rules apart.
struct Bands {
    top: u16,
    middle: u16,
    lanes: u16,
    told: u16,
}

impl Bands {
    fn of(model: &Model, area: Rect, told: usize) -> Bands {
        let told = (told as u16).clamp(3, 9);
        let lanes = (lanes::wanted(model) as u16).min(area.height / 4);
        let rest = area.height.saturating_sub(FIXED + told + lanes);
        // The logs have what they need, the messages the rest, but each a few rows.
        let most = rest.saturating_sub((area.height / 7).clamp(4, 12));
        let rows = body(model, usize::from(area.width / 2), usize::from(most), false);
        let top = (rows.len() as u16 + 1).clamp(most.min(7), most.max(1));
        Bands {
            top,
            middle: rest.saturating_sub(top),
            lanes,
            told,
        }
    }
}

pub(super) fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let inside = Rect {
        x: 2,
        width: area.width - 4,
        ..area
    };
    let room = usize::from(inside.width);
    canvas.frame(area);
    let title = chrome::title(model, room.saturating_sub(20));
    let title = format!("kafkalab {title}");
    canvas.title(1, 0, area.width - 13, &title, Tone::Strong);
    canvas.title(area.width - 10, 0, 9, "? help", Tone::Accent);
    canvas.row(inside.x, 1, inside.width, &chrome::tabs(model, room));
    let narration = narration::rows(model, room);
    let bands = Bands::of(model, area, narration.len());
    upper(model, canvas, area, &bands);
    let mut y = 2 + 1 + bands.top + 1 + bands.middle;
    let lang = model.lang();
    let title = lang.pick(
        "TIMELINE  one column per event, idle time folded",
        "时间线  每列一个事件，空闲折叠",
    );
    canvas.rule(area, y, title, Tone::Strong);
    let rows = lanes::rows(model, room, usize::from(bands.lanes));
    canvas.rows(band(inside, y + 1, bands.lanes), &rows);
    y += 1 + bands.lanes;
    canvas.rule(area, y, &narration::headline(model, room), Tone::Strong);
    canvas.rows(band(inside, y + 1, bands.told), &narration);
    y += 1 + bands.told;
    canvas.rule(area, y, "", Tone::Plain);
    let foot = area.height - 4;
    canvas.row(inside.x, foot, inside.width, &chrome::status(model));
    canvas.row(inside.x, foot + 1, inside.width, &chrome::word(model));
    canvas.row(
        inside.x,
        foot + 2,
        inside.width,
        &chrome::footer(model, room),
    );
}

/// The view with its neighbours.
fn upper(model: &Model, canvas: &mut Canvas<'_>, area: Rect, bands: &Bands) {
    let lang = model.lang();
    let high = bands.top + 1 + bands.middle;
    let right = (area.width / 4).clamp(28, 46);
    canvas.rule(area, 2, "", Tone::Plain);
    if in_front(model) {
        let whole = pane(1, 3, area.width - 2, high);
        let rows = body(model, usize::from(whole.width), usize::from(high), false);
        canvas.rows(whole, &rows);
        return;
    }
    let edge = area.width - right;
    canvas.along(edge, 2, 3 + high);
    let title = lang.pick("INSPECT", "查看");
    canvas.title(edge + 1, 2, right - 2, title, Tone::Strong);
    let beside = pane(edge, 3, right, high);
    let rows = front::beside(model, usize::from(beside.width), usize::from(high));
    canvas.rows(beside, &rows);
    match model.screen {
        Screen::Log => panels(model, canvas, edge, bands),
        _ => {
            let whole = pane(0, 3, edge + 1, high);
            canvas.title(2, 2, edge - 4, model.screen.name(lang), Tone::Strong);
            let rows = body(model, usize::from(whole.width), usize::from(high), false);
            canvas.rows(whole, &rows);
        }
    }
}

/// Clients and quorum on the left, logs and messages in the middle.
fn panels(model: &Model, canvas: &mut Canvas<'_>, edge: u16, bands: &Bands) {
    let lang = model.lang();
    let left = (edge / 5).clamp(20, 34);
    let middle = 3 + bands.top;
    canvas.along(left, 2, middle + 1 + bands.middle);
    canvas.across(0, edge, middle);
    canvas.title(2, 2, left - 3, lang.pick("CLIENTS", "客户端"), Tone::Strong);
    canvas.title(
        2,
        middle,
        left - 3,
        lang.pick("QUORUM", "控制器"),
        Tone::Strong,
    );
    let title = lang.pick("PARTITIONS", "分区");
    canvas.title(left + 1, 2, edge - left - 2, title, Tone::Strong);
    canvas.title(
        left + 1,
        middle,
        edge - left - 2,
        &flights::title(model),
        Tone::Strong,
    );
    let upper = pane(0, 3, left + 1, bands.top);
    canvas.rows(upper, &clients::beside(model, usize::from(upper.width)));
    let lower = pane(0, middle + 1, left + 1, bands.middle);
    canvas.rows(lower, &quorum::beside(model));
    let logs = pane(left, 3, edge - left + 1, bands.top);
    let rows = body(
        model,
        usize::from(logs.width),
        usize::from(bands.top),
        false,
    );
    canvas.rows(logs, &rows);
    let way = pane(left, middle + 1, edge - left + 1, bands.middle);
    let rows = flights::rows(model, usize::from(way.width), usize::from(bands.middle));
    canvas.rows(way, &rows);
}

/// The inside of a pane whose frame begins at `x` and is `width` wide.
fn pane(x: u16, y: u16, width: u16, height: u16) -> Rect {
    Rect {
        x: x + 2,
        y,
        width: width.saturating_sub(4),
        height,
    }
}

fn band(inside: Rect, y: u16, height: u16) -> Rect {
    Rect {
        y,
        height,
        ..inside
    }
}
