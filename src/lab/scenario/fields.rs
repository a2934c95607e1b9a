//! Reads a table key by key and refuses the keys that nobody asked for.

use super::codes::Code;
use super::cx::{Cx, shorten};
use super::pos::Pos;
use super::problem::Problem;
use super::tree::{Node, Table};
use crate::sim::Span;
use std::ops::RangeInclusive;

pub(super) struct Fields<'t> {
    table: &'t Table,
    /// Where the table stands.
    pub(super) pos: Pos,
    /// What the table is, in words.
    what: &'static str,
    /// The keys that were asked for.
    known: Vec<&'static str>,
}

impl<'t> Fields<'t> {
    pub(super) fn of(cx: &mut Cx<'_>, node: &'t Node, what: &'static str) -> Option<Self> {
        let table = cx.table(node)?;
        Some(Fields::new(table, node.pos, what))
    }

    pub(super) fn new(table: &'t Table, pos: Pos, what: &'static str) -> Self {
        Fields {
            table,
            pos,
            what,
            known: Vec::new(),
        }
    }

    pub(super) fn node(&mut self, key: &'static str) -> Option<&'t Node> {
        self.known.push(key);
        self.table.node(key)
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
    pub(super) fn present(&self, keys: &[&'static str]) -> Vec<&'static str> {
        let there = |key: &&&'static str| self.table.node(key).is_some();
        keys.iter().filter(there).copied().collect()
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
        let unknown = |key: &str| !self.known.contains(&key);
        for entry in self.table.entries.iter().filter(|e| unknown(&e.key)) {
            if cx.problems.is_full() {
                return;
            }
            let message = format!("{} has no key \"{}\"", self.what, shorten(&entry.key));
            let problem = Problem::new(Code::UnknownKey, entry.key_pos, message);
            cx.push(problem.among(&entry.key, "keys", self.known.iter().copied()));
        }
    }
}
