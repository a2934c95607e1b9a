//! Reads a table key by key and refuses the keys that it does not take.

use super::codes::Code;
use super::cx::{Cx, shorten};
use super::pos::Pos;
use super::problem::Problem;
use super::shapes::{Shape, When};
use super::tree::{Node, Table};
use crate::sim::Span;
use std::ops::RangeInclusive;

pub(super) struct Fields<'t> {
    table: &'t Table,
    /// Where the table stands.
    pub(super) pos: Pos,
    /// What the table is, in words.
    what: &'static str,
    /// The keys that it may have.
    shapes: Vec<&'static Shape>,
    /// Keys that it may have beside those of its shapes, such as the words of actions.
    words: Vec<&'static str>,
    /// The keys that were asked for.
    asked: Vec<&'static str>,
}

impl<'t> Fields<'t> {
    pub(super) fn of(cx: &mut Cx<'_>, node: &'t Node, shape: &'static Shape) -> Option<Self> {
        let table = cx.table(node)?;
        Some(Fields::new(table, node.pos, shape))
    }

    pub(super) fn new(table: &'t Table, pos: Pos, shape: &'static Shape) -> Self {
        Fields {
            table,
            pos,
            what: shape.what,
            shapes: vec![shape],
            words: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// The table takes the keys of another one as well.
    pub(super) fn and(&mut self, shape: &'static Shape) {
        self.shapes.push(shape);
    }

    /// The table takes these keys as well.
    pub(super) fn and_words(&mut self, words: impl Iterator<Item = &'static str>) {
        self.words.extend(words);
    }

    /// Says in problems what the table is.
    pub(super) fn called(mut self, what: &'static str) -> Self {
        self.what = what;
        self
    }

    fn knows(&self, key: &str) -> bool {
        self.shapes.iter().any(|shape| shape.key(key).is_some()) || self.words.contains(&key)
    }

    pub(super) fn node(&mut self, key: &'static str) -> Option<&'t Node> {
        debug_assert!(self.knows(key), "{} takes {key}", self.what);
        self.asked.push(key);
        self.table.node(key)
    }

    /// Whether the key is there; it is not taken by that.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.node(key).is_some()
    }

    pub(super) fn required(&mut self, cx: &mut Cx<'_>, key: &'static str) -> Option<&'t Node> {
        let node = self.node(key);
        if node.is_none() {
            let message = format!("{} needs the key \"{key}\"", self.what);
            cx.problem(Code::MissingKey, self.pos, message);
        }
        node
    }

    pub(super) fn text(&mut self, cx: &mut Cx<'_>, key: &'static str) -> Option<&'t str> {
        let node = self.node(key)?;
        cx.text(node)
    }

    pub(super) fn flag(&mut self, cx: &mut Cx<'_>, key: &'static str) -> bool {
        let node = self.node(key);
        node.and_then(|node| cx.boolean(node)).unwrap_or(false)
    }

    pub(super) fn int(
        &mut self,
        cx: &mut Cx<'_>,
        key: &'static str,
        range: RangeInclusive<i64>,
    ) -> Option<i64> {
        let node = self.node(key)?;
        cx.int(node, range)
    }

    pub(super) fn duration(&mut self, cx: &mut Cx<'_>, key: &'static str) -> Option<Span> {
        let node = self.node(key)?;
        cx.duration(node)
    }

    /// Which of `keys` are there.
    pub(super) fn present(&mut self, keys: &[&'static str]) -> Vec<&'static str> {
        let there = keys.iter().copied();
        there.filter(|key| self.node(key).is_some()).collect()
    }

    /// Those of `keys` that are there, in the order of the file.
    pub(super) fn given(
        &mut self,
        keys: impl Iterator<Item = &'static str>,
    ) -> Vec<(&'static str, &'t Node)> {
        let mut given: Vec<_> = keys
            .filter_map(|key| self.node(key).map(|node| (key, node)))
            .collect();
        given.sort_by_key(|(key, _)| self.key_pos(key).start);
        given
    }

    /// The key's own place, for a problem about the key.
    pub(super) fn key_pos(&self, key: &str) -> Pos {
        self.table.entry(key).map_or(self.pos, |e| e.key_pos)
    }

    /// Refuses every key that was not asked for.
    pub(super) fn finish(self, cx: &mut Cx<'_>) {
        let asked = |key: &str| self.asked.contains(&key);
        debug_assert!(
            self.keys()
                .all(|(key, when)| when == When::Beside || asked(key)),
            "{} reads all keys that it takes: {:?}",
            self.what,
            self.asked
        );
        for entry in self.table.entries.iter().filter(|e| !asked(&e.key)) {
            if cx.problems.is_full() {
                return;
            }
            let key = shorten(&entry.key);
            if self.knows(&entry.key) {
                let message = format!("{} does not take \"{key}\" here", self.what);
                let problem = Problem::new(Code::UnknownKey, entry.key_pos, message);
                cx.push(problem.label("it goes with other keys than these"));
                continue;
            }
            let message = format!("{} has no key \"{key}\"", self.what);
            let problem = Problem::new(Code::UnknownKey, entry.key_pos, message);
            cx.push(problem.among(&entry.key, "keys", self.keys().map(|(key, _)| key)));
        }
    }

    fn keys(&self) -> impl Iterator<Item = (&'static str, When)> + '_ {
        let shapes = self.shapes.iter().flat_map(|shape| shape.keys);
        let words = self.words.iter().map(|word| (*word, When::May));
        shapes.map(|key| (key.word, key.when)).chain(words)
    }
}
