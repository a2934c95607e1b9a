//! Where the generated parts of a page begin and end.

use std::mem::take;

const BEGIN: &str = "<!-- kafkalab: ";
const CLOSE: &str = "-->";
/// Behind a generated part.
pub(super) const END: &str = "<!-- kafkalab end -->";

/// A part of a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// The author's.
    Text(&'a str),
    /// A mark and what stands behind it.
    Mark(Mark<'a>),
    /// A mark on this line without an end, which was left out; the page goes on behind it.
    Open(usize),
}

/// A mark.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mark<'a> {
    /// The comment itself.
    pub(super) head: &'a str,
    /// What it asks for.
    pub(super) words: &'a str,
    /// What stands behind it.
    pub(super) body: &'a str,
    /// Its line, from 1.
    pub(super) line: usize,
    /// It stands alone on its line.
    pub(super) is_block: bool,
}

impl Mark<'_> {
    /// A body with the space around it that a block needs to be one.
    pub(super) fn spaced(&self, body: &str) -> String {
        match self.is_block {
            true => format!("\n\n{}\n\n", body.trim_matches('\n')),
            false => body.trim_matches('\n').to_owned(),
        }
    }
}

/// A page in pieces. Marks within fenced code are text.
pub(super) fn pieces(page: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut rest, mut line) = (page, 1);
    while let Some(at) = next_mark(rest) {
        let (text, from) = rest.split_at(at);
        line += newlines(text);
        pieces.push(Piece::Text(text));
        let Some((mark, after)) = mark(from, line, text) else {
            pieces.push(Piece::Open(line));
            let skip = BEGIN.len();
            pieces.push(Piece::Text(&from[..skip]));
            rest = &from[skip..];
            continue;
        };
        line += newlines(from) - newlines(after);
        pieces.push(Piece::Mark(mark));
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

/// Where the next mark is that is not in fenced code.
fn next_mark(text: &str) -> Option<usize> {
    let (mut at, mut fence) = (0, String::new());
    for line in text.split_inclusive('\n') {
        let start = line.trim_start();
        let ticks: String = start.chars().take_while(|c| *c == '`').collect();
        if fence.is_empty() && ticks.len() >= 3 {
            fence = ticks;
        } else if !fence.is_empty() && start.starts_with(&fence) {
            drop(take(&mut fence));
        } else if fence.is_empty()
            && let Some(column) = line.find(BEGIN)
        {
            return Some(at + column);
        }
        at += line.len();
    }
    None
}

/// The mark that `text` begins with, and what follows its end.
fn mark<'a>(text: &'a str, line: usize, before: &str) -> Option<(Mark<'a>, &'a str)> {
    let close = text.find(CLOSE)?;
    let (head, behind) = text.split_at(close + CLOSE.len());
    let end = behind.find(END)?;
    let words = text.get(BEGIN.len()..close)?;
    if words.contains('\n') || behind[..end].contains(BEGIN) {
        return None;
    }
    let alone = before.is_empty() || before.ends_with('\n');
    let mark = Mark {
        head,
        words: words.trim(),
        body: &behind[..end],
        line,
        is_block: alone && behind.starts_with('\n'),
    };
    Some((mark, &behind[end + END.len()..]))
}
