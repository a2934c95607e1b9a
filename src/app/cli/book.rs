//! `kafkalab book`: holds the generated parts of pages against the engine, or writes them anew.

use super::{BAD_INPUT, FAILED, PASSED, REFUSED};
use crate::lab::book::{Files, Rendered, render};
use crate::lab::scenario::library;
use clap::Args;
use std::path::{Path, PathBuf};

/// Lines of a difference that are shown.
const SHOWN: usize = 12;
/// Where the tests of the visualiser keep its screens.
const SCREENS: &str = "tests/snapshots";

/// Arguments of `book`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  kafkalab book                          is any page of book/src or README.md stale?
  kafkalab book --write                  write their generated parts anew
  kafkalab book book/src/07-high-watermark.md book/src/07.toml

A generated part stands between two comments of a page:
  <!-- kafkalab: records 12-acks/acks-1 rec-5..rec-7 -->
  <!-- kafkalab end -->")]
pub(super) struct BookArguments {
    /// Folders and files: pages (.md), their quizzes (.toml) and pictures (.svg).
    #[arg(default_values = ["book/src", "README.md"])]
    paths: Vec<PathBuf>,
    /// Write what is stale instead of reporting it.
    #[arg(long)]
    write: bool,
}

pub(super) fn run(arguments: &BookArguments) -> u8 {
    let mut files = Files::new();
    for path in &arguments.paths {
        if let Err(why) = gather(path, &mut files) {
            eprintln!("error: {}: {why}", path.display());
            return BAD_INPUT;
        }
    }
    let rendered = render(&files, &find);
    for complaint in &rendered.complaints {
        let (file, line, text) = (&complaint.file, complaint.line, &complaint.text);
        eprintln!("{file}:{line}: {text}");
    }
    let ended = match arguments.write {
        true => write(&files, &rendered),
        false => check(&files, &rendered),
    };
    match rendered.complaints.is_empty() {
        true => ended,
        false => ended.max(FAILED),
    }
}

/// A scenario of the library, or a screen as the tests of the visualiser keep it.
fn find(name: &str) -> Option<String> {
    if name.ends_with(".snap") && !name.contains('/') {
        return std::fs::read_to_string(Path::new(SCREENS).join(name)).ok();
    }
    library::find(name).map(|(_, text)| text.to_owned())
}

/// Reads a file, or what a folder and its folders hold.
fn gather(path: &Path, files: &mut Files) -> Result<(), String> {
    let said = |error: std::io::Error| error.to_string();
    if path.is_dir() {
        let entries: Result<Vec<_>, _> = std::fs::read_dir(path).map_err(said)?.collect();
        for entry in entries.map_err(said)? {
            let path = entry.path();
            let ending = path.extension().and_then(|ending| ending.to_str());
            if path.is_dir() || matches!(ending, Some("md" | "toml" | "svg")) {
                gather(&path, files)?;
            }
        }
        return Ok(());
    }
    let text = std::fs::read_to_string(path).map_err(said)?;
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    files.insert(parts.join("/"), text);
    Ok(())
}

/// Pictures at hand that no page shows.
fn strays<'a>(files: &'a Files, rendered: &'a Rendered) -> impl Iterator<Item = &'a String> {
    let pictures = files.keys().filter(|path| path.ends_with(".svg"));
    pictures.filter(|path| !rendered.files.contains_key(*path))
}

fn check(files: &Files, rendered: &Rendered) -> u8 {
    let mut stale = 0;
    for (path, text) in &rendered.files {
        let at_hand = files.get(path).map_or("", String::as_str);
        if at_hand != text {
            stale += 1;
            difference(path, at_hand, text);
        }
    }
    for path in strays(files, rendered) {
        stale += 1;
        eprintln!("{path}: no page shows this picture");
    }
    if stale == 0 {
        println!(
            "{} pages and pictures are as the engine says",
            rendered.files.len()
        );
        return PASSED;
    }
    eprintln!("{stale} are stale; `kafkalab book --write` writes them anew");
    FAILED
}

fn write(files: &Files, rendered: &Rendered) -> u8 {
    let stale = (rendered.files.iter()).filter(|(path, text)| files.get(*path) != Some(text));
    for (path, text) in stale {
        let folder = Path::new(path).parent().unwrap_or(Path::new("."));
        let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, text));
        if let Err(error) = written {
            eprintln!("error: {path}: {error}");
            return REFUSED;
        }
        println!("wrote {path}");
    }
    for path in strays(files, rendered) {
        if let Err(error) = std::fs::remove_file(path) {
            eprintln!("error: {path}: {error}");
            return REFUSED;
        }
        println!("removed {path}");
    }
    PASSED
}

/// The first part that differs: its line, and the lines of both sides.
fn difference(path: &str, old: &str, new: &str) {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let same = old
        .iter()
        .zip(&new)
        .take_while(|(old, new)| old == new)
        .count();
    let (old, new) = (&old[same..], &new[same..]);
    let ends = old.iter().rev().zip(new.iter().rev());
    let tail = ends.take_while(|(old, new)| old == new).count();
    eprintln!("{path}:{}: stale", same + 1);
    for (mark, lines) in [('-', old), ('+', new)] {
        let lines = &lines[..lines.len() - tail.min(lines.len())];
        for line in lines.iter().take(SHOWN) {
            eprintln!("  {mark} {line}");
        }
        if lines.len() > SHOWN {
            eprintln!("  {mark} … {} lines more", lines.len() - SHOWN);
        }
    }
}
