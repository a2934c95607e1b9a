//! Problems as text, in rustc's shape.

use super::problem::Problem;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::ops::Range;

/// Bytes of a line that are shown on each side of the place.
const SHOWN_BYTES: usize = 2_000;

/// The problems as a person reads them, with the lines of `source` that they are about, and a
/// last line that counts them.
pub fn render(problems: &[Problem], source: &str, file_name: &str, color: bool) -> String {
    let renderer = match color {
        true => Renderer::styled(),
        false => Renderer::plain(),
    };
    let mut text = String::new();
    for problem in problems {
        let lines = Lines::around(source, &problem.span);
        let report = [group(problem, &lines, file_name)];
        text.push_str(&renderer.render(&report));
        text.push_str("\n\n");
    }
    text.push_str(&count(problems));
    text.push('\n');
    text
}

fn group<'a>(problem: &'a Problem, lines: &Lines<'a>, file_name: &'a str) -> Group<'a> {
    let warning = problem.code.is_warning();
    let level = if warning {
        Level::WARNING
    } else {
        Level::ERROR
    };
    let mark = AnnotationKind::Primary.span(lines.span.clone());
    let mark = match problem.label.is_empty() {
        true => mark,
        false => mark.label(problem.label.as_str()),
    };
    let snippet = Snippet::source(lines.text)
        .path(file_name)
        .line_start(lines.number)
        .annotation(mark);
    let title = level
        .primary_title(problem.message.as_str())
        .id(problem.code.word());
    let mut group = title.element(snippet);
    for note in &problem.notes {
        group = group.element(Level::NOTE.no_name().message(note.as_str()));
    }
    if let Some(help) = &problem.help {
        group = group.element(Level::HELP.no_name().message(help.as_str()));
    }
    if warning {
        let explain = format!("explain: kafkalab explain {}", problem.code.word());
        group = group.element(Level::NOTE.no_name().message(explain));
    }
    group
}

fn count(problems: &[Problem]) -> String {
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    let n = problems.len();
    match problems.iter().any(|p| !p.code.is_warning()) {
        true => format!("{n} problem{}, scenario not run", plural(n)),
        false => format!("{n} warning{}", plural(n)),
    }
}

/// Line and column of a byte, both from 1; the column counts characters.
pub fn line_and_column(source: &str, at: usize) -> (usize, usize) {
    let at = floor(source, at);
    let before = &source[..at];
    let start = before.rfind('\n').map_or(0, |n| n + 1);
    let line = before.matches('\n').count() + 1;
    (line, before[start..].chars().count() + 1)
}

/// The lines that a place touches.
struct Lines<'a> {
    text: &'a str,
    /// The number of the first one.
    number: usize,
    /// The place within `text`.
    span: Range<usize>,
}

impl<'a> Lines<'a> {
    fn around(source: &'a str, span: &Range<usize>) -> Self {
        let start = floor(source, span.start);
        let end = floor(source, span.end.max(start));
        let line = source[..start].rfind('\n').map_or(0, |n| n + 1);
        // Only the first line of a place is shown: a place is a value, and a long one says no
        // more than its beginning.
        let stop = source[start..]
            .find('\n')
            .map_or(source.len(), |n| start + n);
        let end = end.min(stop);
        let from = floor(source, line.max(start.saturating_sub(SHOWN_BYTES)));
        let to = floor(source, stop.min(start + SHOWN_BYTES));
        Lines {
            text: &source[from..to.max(from)],
            number: source[..start].matches('\n').count() + 1,
            span: start - from..end.min(to) - from,
        }
    }
}

/// The nearest boundary of a character at or before `at`.
fn floor(source: &str, at: usize) -> usize {
    let mut at = at.min(source.len());
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    at
}
