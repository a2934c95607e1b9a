//! [`Canvas`]: text and lines on a buffer, clipped, in the tones of the theme.
//!
//! Lines are gathered as directions of each cell and drawn at the end, so that panels that touch
//! join. In Chinese the lines are ASCII: a terminal for Chinese may take two cells for a line
//! character, and everything behind it would shift.

use super::theme::style;
use crate::app::tui::cells::{Row, Tone, clip, shown, width};
use crate::app::tui::model::{Model, Theme};
use crate::lab::text::Lang;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const UP: u8 = 1;
const DOWN: u8 = 2;
const LEFT: u8 = 4;
const RIGHT: u8 = 8;

/// By directions: none, up, down, up and down, left ...
const BOX: [&str; 16] = [
    " ", "│", "│", "│", "─", "┘", "┐", "┤", "─", "└", "┌", "├", "─", "┴", "┬", "┼",
];

/// What is drawn on.
pub(super) struct Canvas<'a> {
    buffer: &'a mut Buffer,
    theme: Theme,
    ascii: bool,
    boxes: bool,
    /// Directions of the lines of each cell.
    lines: Vec<u8>,
    /// Titles are put over the lines.
    titles: Vec<(u16, u16, String, Tone)>,
}

impl<'a> Canvas<'a> {
    pub(super) fn new(model: &Model, buffer: &'a mut Buffer) -> Self {
        let ascii = model.settings.ascii;
        let cells = usize::from(buffer.area.width) * usize::from(buffer.area.height);
        Canvas {
            buffer,
            theme: model.settings.theme,
            ascii,
            boxes: !ascii && model.settings.lang == Lang::En,
            lines: vec![0; cells],
            titles: Vec::new(),
        }
    }

    /// A text of at most `max` cells; the cells that it took.
    pub(super) fn text(&mut self, x: u16, y: u16, max: u16, text: &str, tone: Tone) -> u16 {
        let area = self.buffer.area;
        if x >= area.width || y >= area.height {
            return 0;
        }
        let room = max.min(area.width - x);
        let text = clip(&shown(text, self.ascii), usize::from(room));
        let style = style(self.theme, tone);
        let (x, y) = (area.x + x, area.y + y);
        self.buffer
            .set_stringn(x, y, &text, usize::from(room), style);
        width(&text) as u16
    }

    /// A row of pieces.
    pub(super) fn row(&mut self, x: u16, y: u16, max: u16, row: &Row) {
        let mut used = 0;
        for (text, tone) in &row.pieces {
            if used >= max {
                return;
            }
            used += self.text(x + used, y, max - used, text, *tone);
        }
    }

    /// Rows from the top of an area; those that do not fit are left out.
    pub(super) fn rows(&mut self, area: Rect, rows: &[Row]) {
        for (y, row) in (area.y..area.bottom()).zip(rows) {
            self.row(area.x, y, area.width, row);
        }
    }

    fn mark(&mut self, x: u16, y: u16, direction: u8) {
        let area = self.buffer.area;
        if x < area.width && y < area.height {
            self.lines[usize::from(y) * usize::from(area.width) + usize::from(x)] |= direction;
        }
    }

    /// A line from `x0` to `x1`.
    pub(super) fn across(&mut self, x0: u16, x1: u16, y: u16) {
        for x in x0..=x1 {
            let left = if x > x0 { LEFT } else { 0 };
            let right = if x < x1 { RIGHT } else { 0 };
            self.mark(x, y, left | right);
        }
    }

    /// A line from `y0` to `y1`.
    pub(super) fn along(&mut self, x: u16, y0: u16, y1: u16) {
        for y in y0..=y1 {
            let up = if y > y0 { UP } else { 0 };
            let down = if y < y1 { DOWN } else { 0 };
            self.mark(x, y, up | down);
        }
    }

    /// A box around an area.
    pub(super) fn frame(&mut self, area: Rect) {
        if area.width == 0 || area.height == 0 {
            return;
        }
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        self.across(area.x, right, area.y);
        self.across(area.x, right, bottom);
        self.along(area.x, area.y, bottom);
        self.along(right, area.y, bottom);
    }

    /// A title in a line: `- title -`.
    pub(super) fn title(&mut self, x: u16, y: u16, max: u16, text: &str, tone: Tone) {
        let text = clip(&shown(text, self.ascii), usize::from(max.saturating_sub(2)));
        if !text.is_empty() {
            self.titles.push((x, y, format!(" {text} "), tone));
        }
    }

    /// A rule with a title across the inside of a frame.
    pub(super) fn rule(&mut self, area: Rect, y: u16, title: &str, tone: Tone) {
        self.across(area.x, area.right() - 1, y);
        self.title(area.x + 2, y, area.width.saturating_sub(4), title, tone);
    }

    /// Draws the lines and the titles over them.
    pub(super) fn finish(mut self) {
        let area = self.buffer.area;
        let line = style(self.theme, Tone::Dim);
        let lines = std::mem::take(&mut self.lines);
        for (index, directions) in lines.into_iter().enumerate() {
            if directions == 0 {
                continue;
            }
            let wide = usize::from(area.width);
            let (x, y) = (
                area.x + (index % wide) as u16,
                area.y + (index / wide) as u16,
            );
            let sign = match (self.boxes, directions) {
                (true, directions) => BOX[usize::from(directions & 15)],
                (false, directions) if directions & (UP | DOWN) == 0 => "-",
                (false, directions) if directions & (LEFT | RIGHT) == 0 => "|",
                (false, _) => "+",
            };
            self.buffer.set_stringn(x, y, sign, 1, line);
        }
        for (x, y, text, tone) in std::mem::take(&mut self.titles) {
            self.text(x, y, area.width, &text, tone);
        }
    }
}
