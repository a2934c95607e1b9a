//! The files of a folder, and which of them a `mod` line reaches.

use crate::lexer::{Token, tokens};
use crate::size;
use std::collections::BTreeSet;
use std::path::Path;

/// A Rust file.
pub(crate) struct Source {
    /// Its path from the crate's folder, with `/`.
    pub(crate) name: String,
    /// Its module, from the crate's root; empty for `lib.rs` and `main.rs`.
    pub(crate) module: Vec<String>,
    pub(crate) text: String,
    pub(crate) tokens: Vec<Token>,
    /// True for files that are compiled for tests only.
    pub(crate) is_test: bool,
}

impl Source {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        let path = name.split_once('/').map_or(name, |(_, path)| path);
        let mut module: Vec<String> = path
            .trim_end_matches(".rs")
            .split('/')
            .map(str::to_owned)
            .collect();
        if module
            .last()
            .is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str()))
        {
            module.pop();
        }
        Source {
            name: name.to_owned(),
            module,
            text: text.to_owned(),
            tokens: tokens(text),
            is_test: false,
        }
    }
}

/// All Rust files under a folder of the crate, in order of their names.
pub(crate) fn sources(dir: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = Vec::new();
    walk(root, dir, &mut names);
    names.sort();
    let read = |name: &String| {
        let text = std::fs::read_to_string(root.join(name)).expect("a source file can be read");
        Source::new(name, &text)
    };
    let mut sources: Vec<Source> = names.iter().map(read).collect();
    mark_tests(&mut sources);
    sources
}

/// Finds out which files are for tests only: those below a `#[cfg(test)] mod name;`.
pub(crate) fn mark_tests(sources: &mut [Source]) {
    let mut tests = Vec::new();
    for source in sources.iter() {
        for name in size::declared_for_tests(&source.tokens) {
            tests.push([&source.module[..], &[name]].concat());
        }
    }
    for source in sources {
        source.is_test = tests.iter().any(|test| source.module.starts_with(test));
    }
}

fn walk(root: &Path, dir: &str, names: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(root.join(dir)) else {
        return;
    };
    for entry in entries {
        let entry = entry.expect("a folder of sources can be read");
        let name = format!("{dir}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            walk(root, &name, names);
        } else if name.ends_with(".rs") {
            names.push(name);
        }
    }
}

/// The modules that can be reached from the crate's roots over `mod name;` lines.
pub(crate) fn reached(sources: &[Source]) -> BTreeSet<Vec<String>> {
    let mut reached = BTreeSet::from([Vec::new()]);
    let mut open = vec![Vec::new()];
    while let Some(module) = open.pop() {
        for source in sources.iter().filter(|source| source.module == module) {
            for name in size::declared(&source.tokens) {
                let mut child = module.clone();
                child.push(name);
                if reached.insert(child.clone()) {
                    open.push(child);
                }
            }
        }
    }
    reached
}

/// The names of Markdown files in a line.
pub(crate) fn papers(line: &str) -> impl Iterator<Item = &str> {
    let part = |c: char| !(c.is_alphanumeric() || "._-/".contains(c));
    let words = line.split(part).map(|word| word.trim_end_matches('.'));
    words.filter(|word| word.len() > 3 && word.ends_with(concat!(".", "md")))
}

/// True if the crate has that file: by its path, or in `docs`. A way up from a source ends at the
/// root.
pub(crate) fn is_paper(name: &str) -> bool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let name = name.trim_start_matches("../");
    !name.starts_with('/') && (root.join(name).exists() || root.join("docs").join(name).exists())
}
