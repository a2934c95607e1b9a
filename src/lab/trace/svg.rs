//! A trace as a sequence diagram in one self-contained SVG picture.

use super::recorder::Trace;
use super::rows::{Arrow, Row, Rows};
use super::transcript::later;
use crate::lab::text::{Lang, Speaker, harmless};
use crate::sim::NodeId;
use std::fmt::Write;

const LEFT: usize = 90;
const LANE: usize = 170;
const ROW: usize = 22;
const TOP: usize = 84;
/// A Latin letter is about so wide; a Chinese one twice.
const LETTER: usize = 7;

const STYLE: &str = "\
text{font:12px ui-monospace,Menlo,Consolas,monospace;fill:#222}\
.at,.idle{fill:#888}.lane{stroke:#bbb}.name{font-weight:bold}.title{font-size:15px}\
.m{stroke:#2a6fb0;stroke-width:1.4;fill:none}.a{stroke-dasharray:5 3}\
.x{stroke:#c0392b}.dot{fill:#2a6fb0}.told{fill:#6a4b9c}.fault{fill:#c0392b}\
.l{paint-order:stroke;stroke:#fff;stroke-width:4px}\
rect{fill:#fff}";

/// The whole picture.
pub fn svg(trace: &Trace, lang: Lang) -> String {
    let rows = Rows::of(trace, lang);
    let mut body = String::new();
    let picture = Picture {
        trace,
        lanes: &rows.lanes,
        lang,
    };
    for (index, row) in rows.rows.iter().enumerate() {
        picture.row(&mut body, row, TOP + (index + 1) * ROW);
    }
    let height = TOP + (rows.rows.len() + 2) * ROW;
    let width = picture.width(&rows.rows);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\">\n<style>{STYLE}</style>\n\
         <defs><marker id=\"h\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" \
         markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#2a6fb0\"/></marker>\
         </defs>\n<rect width=\"100%\" height=\"100%\"/>\n"
    );
    picture.head(&mut text, height);
    text.push_str(&body);
    text.push_str("</svg>\n");
    text
}

struct Picture<'a> {
    trace: &'a Trace,
    lanes: &'a [NodeId],
    lang: Lang,
}

impl Picture<'_> {
    fn head(&self, text: &mut String, height: usize) {
        let origin = &self.trace.origin;
        let title = escaped(origin.title.of(self.lang));
        let _ = writeln!(text, "<title>{title}</title>");
        let _ = writeln!(
            text,
            "<text class=\"title\" x=\"12\" y=\"24\">{title}</text>"
        );
        let (name, branch) = (escaped(&origin.scenario), escaped(&origin.branch));
        let (seed, hash) = (origin.seed, origin.trace_hash);
        let _ = writeln!(
            text,
            "<text class=\"at\" x=\"12\" y=\"44\">{name} - {branch} - seed {seed} - trace {hash:016x}</text>"
        );
        let voice = self.trace.voice().short();
        let bottom = height - ROW;
        for lane in self.lanes {
            let (x, y) = (self.x(*lane), TOP - 12);
            let name = escaped(&voice.machine(*lane));
            let _ = writeln!(
                text,
                "<text class=\"name\" x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{name}</text>\
                 <line class=\"lane\" x1=\"{x}\" y1=\"{TOP}\" x2=\"{x}\" y2=\"{bottom}\"/>"
            );
        }
    }

    fn x(&self, node: NodeId) -> usize {
        let place = self
            .lanes
            .iter()
            .position(|lane| *lane == node)
            .unwrap_or(0);
        LEFT + LANE / 2 + place * LANE
    }

    /// As wide as the lanes and what is written beside them.
    fn width(&self, rows: &[Row]) -> usize {
        let ends = rows.iter().map(|row| match row {
            Row::Note(_, node, said) => self.x(*node) + 12 + long(said),
            Row::Wide(_, said) | Row::Told(_, said, _) => LEFT + 24 + long(said),
            Row::Arrow(_) | Row::Idle(_) => 0,
        });
        let title = 12 + long(self.trace.origin.title.of(self.lang)) * 5 / 4;
        let lanes = LEFT + self.lanes.len().max(2) * LANE;
        ends.fold(lanes.max(title), usize::max) + 24
    }

    fn row(&self, text: &mut String, row: &Row, y: usize) {
        let at = match row {
            Row::Arrow(Arrow { at, .. }) => Some(*at),
            Row::Note(at, ..) | Row::Wide(at, _) | Row::Told(at, ..) => Some(*at),
            Row::Idle(_) => None,
        };
        if let Some(at) = at {
            let (at, y) = (self.trace.seconds(at), y + 4);
            let _ = write!(
                text,
                "<text class=\"at\" x=\"78\" y=\"{y}\" text-anchor=\"end\">{at}</text>"
            );
        }
        match row {
            Row::Idle(span) => label(
                text,
                "idle",
                LEFT,
                y,
                &format!("~~~ {} ~~~", later(*span, self.lang)),
            ),
            Row::Arrow(arrow) => self.arrow(text, arrow, y),
            Row::Note(_, node, said) => {
                let x = self.x(*node);
                let _ = write!(
                    text,
                    "<circle class=\"dot\" cx=\"{x}\" cy=\"{y}\" r=\"4\"/>"
                );
                label(text, "l", x + 10, y, said);
            }
            Row::Wide(_, said) => label(text, "fault", LEFT, y, said),
            Row::Told(_, said, is_question) => {
                let mark = if *is_question { "? " } else { "> " };
                label(text, "told", LEFT, y, &format!("{mark}{said}"));
            }
        }
        text.push('\n');
    }

    fn arrow(&self, text: &mut String, arrow: &Arrow, y: usize) {
        let (from, to) = (self.x(arrow.from), self.x(arrow.to));
        let answer = if arrow.is_answer { " a" } else { "" };
        // A message to itself ends where it began; a lost one half way.
        let end = match (from == to, arrow.is_lost) {
            (true, _) => from + 24,
            (false, true) => from.midpoint(to),
            (false, false) => to,
        };
        let (lost, head) = match arrow.is_lost {
            true => (" x", ""),
            false => ("", " marker-end=\"url(#h)\""),
        };
        let _ = write!(
            text,
            "<line class=\"m{answer}{lost}\" x1=\"{from}\" y1=\"{y}\" x2=\"{end}\" y2=\"{y}\"{head}/>"
        );
        let said = match arrow.is_lost {
            true => format!("\u{d7} {}", arrow.label),
            false => arrow.label.clone(),
        };
        let middle = from.min(end) + 8;
        label(text, "l", middle, y.saturating_sub(10), &said);
    }
}

fn label(text: &mut String, class: &str, x: usize, y: usize, said: &str) {
    let (y, said) = (y + 4, escaped(said));
    let _ = write!(
        text,
        "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{said}</text>"
    );
}

/// About how many pixels a text takes.
fn long(text: &str) -> usize {
    harmless(text)
        .chars()
        .map(|c| if c.is_ascii() { LETTER } else { 2 * LETTER })
        .sum()
}

/// Text as the content of an element.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in harmless(text).chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
