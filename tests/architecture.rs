//! The house holds what its plan says (`src/lib.rs`, `src/kafka/mod.rs`): which room may name
//! which, who may touch the world outside, how long files and functions may grow.
//!
//! Every path of every file under `src` is looked at, not only `use` lines, tests included; files
//! for tests only may read recordings through `std::fs`. Which room may name which stands in
//! `arrows`; `clippy.toml` says the same of clocks, files and threads to those who write the code,
//! type by type.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "reads the sources"
)]

#[path = "architecture/arrows.rs"]
mod arrows;
#[path = "architecture/lexer.rs"]
mod lexer;
#[path = "architecture/paths.rs"]
mod paths;
#[path = "architecture/samples.rs"]
mod samples;
#[path = "architecture/size.rs"]
mod size;
#[path = "architecture/source.rs"]
mod source;

use source::{Source, sources};

/// Longest file under `src`, tests excepted.
const FILE_LINES: usize = 600;
/// Longest function under `src`, tests excepted.
const FUNCTION_LINES: usize = 60;

/// Macros that leave a hole in the program, or talk past the ones who ask it.
const BANNED_MACROS: [&str; 4] = ["todo", "unimplemented", "dbg", "thread_local"];
const TALKING_MACROS: [&str; 4] = ["print", "println", "eprint", "eprintln"];

fn assert_none(offences: Vec<String>) {
    assert!(offences.is_empty(), "\n{}\n", offences.join("\n"));
}

#[test]
fn rooms_name_only_rooms_below_them() {
    let mut offences = Vec::new();
    for source in sources("src") {
        for path in paths::paths(&source.tokens, &source.module) {
            if source.is_test && arrows::reads_files(&path) {
                continue;
            }
            if let Some(offence) = arrows::judge(&source.module, &path) {
                let named = path.segments.join("::");
                offences.push(format!("{}:{}: {named}: {offence}", source.name, path.line));
            }
        }
    }
    assert_none(offences);
}

#[test]
fn no_file_is_too_long() {
    let sources = sources("src").into_iter().filter(|source| !source.is_test);
    let long = sources.filter(|source| source.text.lines().count() > FILE_LINES);
    assert_none(
        long.map(|source| format!("{}: more than {FILE_LINES} lines", source.name))
            .collect(),
    );
}

#[test]
fn no_function_is_too_long() {
    let mut offences = Vec::new();
    for source in sources("src").iter().filter(|source| !source.is_test) {
        for function in size::functions(&source.tokens) {
            if function.lines > FUNCTION_LINES && !function.is_test {
                let (file, line, name) = (&source.name, function.line, &function.name);
                let lines = function.lines;
                offences.push(format!(
                    "{file}:{line}: {name}: {lines} of {FUNCTION_LINES} lines"
                ));
            }
        }
    }
    assert_none(offences);
}

#[test]
fn every_file_says_what_it_is_for() {
    let sources = sources("src").into_iter().filter(|source| !source.is_test);
    let silent = sources.filter(|source| !source.text.starts_with("//!"));
    assert_none(
        silent
            .map(|source| format!("{}: begins without //!", source.name))
            .collect(),
    );
}

#[test]
fn nothing_is_left_for_later() {
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
    ];
    let mut offences = Vec::new();
    for source in ["src", "tests", "benches"].into_iter().flat_map(sources) {
        for (number, line) in source.text.lines().enumerate() {
            if words.iter().any(|word| line.contains(word)) {
                offences.push(format!("{}:{}: {}", source.name, number + 1, line.trim()));
            }
        }
    }
    assert_none(offences);
}

#[test]
fn a_paper_that_is_pointed_at_is_here() {
    let mut offences = Vec::new();
    for source in ["src", "tests", "benches"].into_iter().flat_map(sources) {
        for (number, line) in source.text.lines().enumerate() {
            for paper in source::papers(line).filter(|paper| !source::is_paper(paper)) {
                offences.push(format!("{}:{}: no {paper} here", source.name, number + 1));
            }
        }
    }
    assert_none(offences);
}

#[test]
fn no_macro_leaves_a_hole_or_talks_past_its_caller() {
    let mut offences = Vec::new();
    for source in sources("src") {
        let may_talk = source.module.starts_with(&["app".to_owned()]) || source.is_test;
        for (line, word) in size::macros(&source.tokens) {
            let talks = TALKING_MACROS.contains(&word.as_str()) && !may_talk;
            if talks || BANNED_MACROS.contains(&word.as_str()) {
                offences.push(format!("{}:{line}: {word}!", source.name));
            }
        }
    }
    assert_none(offences);
}

#[test]
fn every_file_is_in_the_build() {
    let all = sources("src");
    let reached = source::reached(&all);
    let lost = |source: &&Source| !reached.contains(&source.module);
    let strays = all.iter().filter(lost);
    assert_none(
        strays
            .map(|source| format!("{}: no mod line reaches it", source.name))
            .collect(),
    );
}
