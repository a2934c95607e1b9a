//! The screen from 80x24 on, one partition at a time; and below that size one pane.

use super::canvas::Canvas;
use super::{body, chrome, flights, in_front, narration, ruler};
use crate::app::tui::cells::{Row, Tone};
use crate::app::tui::model::Model;
use ratatui::layout::Rect;

/// Rows that are always there: title, tabs, two rules, ruler, status, word, footer, frame.
const FIXED: usize = 9;

pub(super) fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    if area.width >= 80 && area.height >= 24 {
        framed(model, canvas, area);
    } else {
        small(model, canvas, area);
    }
}

fn framed(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let inside = Rect {
        x: 2,
        width: area.width - 4,
        ..area
    };
    let room = usize::from(inside.width);
    canvas.frame(area);
    let title = chrome::title(model, room.saturating_sub(11));
    canvas.title(1, 0, area.width - 13, &title, Tone::Strong);
    canvas.title(area.width - 10, 0, 9, "? help", Tone::Accent);
    canvas.row(inside.x, 1, inside.width, &chrome::tabs(model, room));
    let total = usize::from(area.height) - FIXED;
    if in_front(model) {
        let whole = total + 1;
        canvas.rows(band(inside, 2, whole), &body(model, room, whole, true));
        foot(model, canvas, area, inside);
        return;
    }
    let narration = narration::rows(model, room);
    let told = narration.len().clamp(3, 8).min(total / 2);
    let most = total - told;
    let rows = body(model, room, most, true);
    let shown = rows.len().min(most);
    let rest = most - shown;
    let mut y = 2;
    canvas.rows(band(inside, y, shown), &rows);
    y += shown as u16;
    if rest >= 2 {
        canvas.rule(area, y, &flights::title(model), Tone::Strong);
        let rows = flights::rows(model, room, rest - 1);
        canvas.rows(band(inside, y + 1, rest - 1), &rows);
    }
    y += rest as u16;
    canvas.rule(area, y, &narration::headline(model, room), Tone::Strong);
    canvas.rows(band(inside, y + 1, told), &narration);
    foot(model, canvas, area, inside);
}

/// Ruler, status, word, keys.
fn foot(model: &Model, canvas: &mut Canvas<'_>, area: Rect, inside: Rect) {
    let room = usize::from(inside.width);
    let y = area.height - 6;
    canvas.rule(area, y, "", Tone::Plain);
    canvas.row(inside.x, y + 1, inside.width, &ruler::row(model, room));
    canvas.row(inside.x, y + 2, inside.width, &chrome::status(model));
    canvas.row(inside.x, y + 3, inside.width, &chrome::word(model));
    canvas.row(inside.x, y + 4, inside.width, &chrome::footer(model, room));
}

fn band(inside: Rect, y: u16, height: usize) -> Rect {
    Rect {
        y,
        height: height as u16,
        ..inside
    }
}

/// One pane: title, the view, what happened, the keys.
fn small(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let room = usize::from(area.width);
    let title = Row::new().say(chrome::title(model, room), Tone::Strong);
    canvas.row(0, 0, area.width, &title);
    let mut told = vec![Row::new().say(narration::headline(model, room), Tone::Strong)];
    told.extend(narration::rows(model, room));
    let free = usize::from(area.height) - 3;
    let told_rows = if in_front(model) {
        0
    } else {
        told.len().min(free / 2)
    };
    let shown = free - told_rows;
    let whole = Rect { x: 0, y: 1, ..area };
    let rows = body(model, room, shown, true);
    canvas.rows(band(whole, 1, shown), &rows);
    canvas.rows(band(whole, 1 + shown as u16, told_rows), &told);
    let word = chrome::word(model);
    let line = if word.pieces.is_empty() {
        chrome::status(model)
    } else {
        word
    };
    canvas.row(0, area.height - 2, area.width, &line);
    canvas.row(0, area.height - 1, area.width, &chrome::footer(model, room));
}
