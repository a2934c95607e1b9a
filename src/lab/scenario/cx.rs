//! What every reader of a part of the file needs: the problems, the names, the plain values.

use super::codes::Code;
use super::names::Names;
use super::pos::Pos;
use super::problem::{Problem, Problems};
use super::render::line_and_column;
use super::tree::{Node, Table, Value};
use super::words;
use crate::sim::Span;
use std::ops::RangeInclusive;

/// The text of a file beside the scenario, by its path; or why it cannot be read.
pub type ReadFile<'a> = dyn Fn(&str) -> Result<String, String> + 'a;

pub(super) struct Cx<'a> {
    pub(super) source: &'a str,
    /// Reads a file that the scenario names.
    pub(super) files: &'a ReadFile<'a>,
    pub(super) problems: &'a mut Problems,
    pub(super) names: Names,
}

impl Cx<'_> {
    pub(super) fn push(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    pub(super) fn problem(&mut self, code: Code, pos: Pos, message: impl Into<String>) {
        self.problems.push(Problem::new(code, pos, message));
    }

    /// The line of a position, from 1.
    pub(super) fn line(&self, pos: Pos) -> usize {
        line_and_column(self.source, pos.start as usize).0
    }

    pub(super) fn wrong_type(&mut self, node: &Node, wanted: &str) {
        let message = format!("{wanted} is needed here");
        let problem = Problem::new(Code::WrongType, node.pos, message);
        self.push(problem.label(format!("this is {}", node.value.kind())));
    }

    pub(super) fn text<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        match &node.value {
            Value::Str(text) => Some(text),
            _ => {
                self.wrong_type(node, "a text");
                None
            }
        }
    }

    pub(super) fn boolean(&mut self, node: &Node) -> Option<bool> {
        match node.value {
            Value::Bool(yes) => Some(yes),
            _ => {
                self.wrong_type(node, "true or false");
                None
            }
        }
    }

    /// A key whose only value is `true`.
    pub(super) fn just_true(&mut self, node: &Node) -> Option<()> {
        match self.boolean(node)? {
            true => Some(()),
            false => {
                self.problem(Code::UnknownWord, node.pos, "only true makes sense here");
                None
            }
        }
    }

    pub(super) fn int(&mut self, node: &Node, range: RangeInclusive<i64>) -> Option<i64> {
        let Value::Int(n) = node.value else {
            self.wrong_type(node, "a whole number");
            return None;
        };
        if range.contains(&n) {
            return Some(n);
        }
        let (low, high) = (range.start(), range.end());
        let message = match *high {
            i64::MAX => format!("{n} is too small"),
            _ => format!("{n} is out of range"),
        };
        let label = match *high {
            i64::MAX => format!("at least {low}"),
            _ => format!("from {low} to {high}"),
        };
        self.push(Problem::new(Code::OutOfRange, node.pos, message).label(label));
        None
    }

    /// A text that `read` understands.
    pub(super) fn quantity<T>(
        &mut self,
        node: &Node,
        code: Code,
        read: fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(node)?;
        match read(text) {
            Ok(value) => Some(value),
            Err(why) => {
                let what = match code {
                    Code::BadDuration => "a duration",
                    _ => "understood",
                };
                let message = format!("\"{}\" is not {what}", shorten(text));
                self.push(Problem::new(code, node.pos, message).label(why));
                None
            }
        }
    }

    pub(super) fn duration(&mut self, node: &Node) -> Option<Span> {
        self.quantity(node, Code::BadDuration, words::duration)
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(
        &mut self,
        node: &Node,
        what: &'static str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let text = self.text(node)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let message = format!("unknown word \"{}\"", shorten(text));
            let problem = Problem::new(Code::UnknownWord, node.pos, message);
            self.push(problem.among(text, what, words.iter().map(|(word, _)| *word)));
        }
        found.map(|(_, value)| *value)
    }

    pub(super) fn list<'n>(&mut self, node: &'n Node) -> Option<&'n [Node]> {
        match &node.value {
            Value::Array(items) => Some(items),
            _ => {
                self.wrong_type(node, "a list");
                None
            }
        }
    }

    /// Reads every item; items that cannot be read are left out.
    pub(super) fn each<T>(
        &mut self,
        node: &Node,
        mut read: impl FnMut(&mut Self, &Node) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items = self.list(node)?;
        Some(items.iter().filter_map(|item| read(self, item)).collect())
    }

    pub(super) fn table<'n>(&mut self, node: &'n Node) -> Option<&'n Table> {
        match &node.value {
            Value::Table(table) => Some(table),
            _ => {
                self.wrong_type(node, "a table");
                None
            }
        }
    }
}

/// At most the beginning of a text, for messages.
pub(super) fn shorten(text: &str) -> String {
    const SHOWN: usize = 60;
    let line = text.lines().next().unwrap_or("");
    let mut short: String = line.chars().take(SHOWN).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
