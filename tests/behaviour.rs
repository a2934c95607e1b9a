//! What the code refers to by number is in `docs/behaviour.md`.

#![allow(clippy::disallowed_methods, reason = "reads the sources")]

use kafkalab::kafka::vocabulary::NoteKind;
use kafkalab::lab::check::Invariant;
use std::collections::BTreeSet;

/// The first cell of each row of its tables.
fn rows() -> BTreeSet<&'static str> {
    let cells = include_str!("../docs/behaviour.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    cells.collect()
}

#[test]
fn the_source_of_every_note_is_a_row() {
    let rows = rows();
    for kind in NoteKind::ALL {
        let source = kind.source();
        assert!(rows.contains(source), "{}: {source}", kind.name());
    }
}

#[test]
fn the_invariants_are_those_that_are_checked() {
    let number = |row: &&&str| row.starts_with('I');
    let rows = rows();
    let listed: BTreeSet<&str> = rows.iter().filter(number).copied().collect();
    let checked: BTreeSet<&str> = Invariant::ALL.iter().map(|one| one.id()).collect();
    assert_eq!(listed, checked);
}
