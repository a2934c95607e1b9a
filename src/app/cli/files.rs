//! Scenarios by argument: a path of a file, the name of a scenario that is built in (`12-acks`),
//! or its number (`12`). They are read, parsed, and their problems rendered.

use super::{BAD_INPUT, Surroundings};
use crate::lab::scenario::{MAIN, Parsed, Problem, Scenario, library, parse_from, render};
use std::path::{Path, PathBuf};

/// A file larger than this is not read.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// A scenario's text, and what it is called in messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// The folder of the file; none for what is built in.
    pub(super) folder: Option<PathBuf>,
    /// The path as it was given, or the name of the built-in scenario.
    pub(super) name: String,
    /// The text.
    pub(super) text: String,
}

impl Source {
    /// Parses the text. Files that it names are looked for beside it.
    pub(super) fn parse(&self) -> Result<Parsed, Vec<Problem>> {
        let beside = |path: &str| match &self.folder {
            Some(folder) => {
                let path = folder.join(path);
                match path.is_file() {
                    true => read(&path),
                    false => Err("there is no such file".to_owned()),
                }
            }
            None => Err("a built-in scenario has no files beside it".to_owned()),
        };
        parse_from(&self.text, &[], &beside)
    }
}

/// The scenario that an argument names. A file wins over a built-in scenario of its name. The
/// error says what is wrong and what may be meant.
pub(super) fn resolve(argument: &Path) -> Result<Source, String> {
    let shown = argument.display().to_string();
    if !argument.is_file()
        && let Some((name, text)) = argument.to_str().and_then(library::find)
    {
        return Ok(Source {
            folder: None,
            name: name.to_owned(),
            text: text.to_owned(),
        });
    }
    match read(argument) {
        Ok(text) => {
            let folder = argument.parent().map(Path::to_path_buf);
            Ok(Source {
                folder,
                name: shown,
                text,
            })
        }
        Err(why) => Err(format!("{shown}: {why}{}", hint(argument))),
    }
}

/// Reads and parses a scenario; problems go to standard error. An error is an exit code.
pub(super) fn load_source(argument: &Path, around: Surroundings) -> Result<(Source, Parsed), u8> {
    let source = resolve(argument).map_err(|why| {
        eprintln!("error: {why}");
        BAD_INPUT
    })?;
    match source.parse() {
        Ok(parsed) => {
            if !parsed.warnings.is_empty() {
                let (text, name) = (&source.text, &source.name);
                eprint!("{}", render(&parsed.warnings, text, name, around.color));
            }
            Ok((source, parsed))
        }
        Err(problems) => {
            let (text, name) = (&source.text, &source.name);
            eprint!("{}", render(&problems, text, name, around.color));
            Err(BAD_INPUT)
        }
    }
}

/// The branch that is asked for, or all of them, the file itself first. An error is an exit code.
pub(super) fn branches(
    parsed: &Parsed,
    only: Option<&str>,
    file: &str,
) -> Result<Vec<(String, Scenario)>, u8> {
    let main = (MAIN.to_owned(), parsed.main.clone());
    let all: Vec<_> = std::iter::once(main)
        .chain(parsed.branches.iter().cloned())
        .collect();
    let Some(only) = only else {
        return Ok(all);
    };
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    if !names.contains(&only) {
        let names = names.join(", ");
        eprintln!("error: {file}: no branch \"{only}\"; branches are {names}");
        return Err(BAD_INPUT);
    }
    Ok(all.into_iter().filter(|(name, _)| name == only).collect())
}

/// One branch. An error is an exit code.
pub(super) fn branch(parsed: &Parsed, name: &str, file: &str) -> Result<Scenario, u8> {
    let mut branches = branches(parsed, Some(name), file)?;
    Ok(branches.swap_remove(0).1)
}

/// What the argument may have meant.
fn hint(argument: &Path) -> String {
    if argument.exists() {
        return String::new();
    }
    let stem = argument.file_stem().and_then(|stem| stem.to_str());
    let near = stem.and_then(|stem| {
        let own = library::find(stem).map(|(name, _)| name);
        own.or_else(|| library::suggest(stem))
    });
    match near {
        Some(name) => format!("\n  = did you mean the built-in scenario \"{name}\"?"),
        None => "\n  = `kafkalab list` shows the built-in scenarios".to_owned(),
    }
}

/// The text of a file, which must not be large.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let meta = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file or scenario".to_owned(),
        _ => error.to_string(),
    })?;
    if meta.is_dir() {
        return Err("is a folder, not a file".into());
    }

    if meta.len() > FILE_BYTES_MAX {
        let limit = FILE_BYTES_MAX >> 20;
        return Err(format!(
            "{} bytes are more than the limit of {limit} MiB",
            meta.len()
        ));
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    String::from_utf8(bytes)
        .map_err(|error| format!("byte {} is not UTF-8", error.utf8_error().valid_up_to()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_scenarios_have_names_and_numbers() {
        for word in ["12-acks", "12"] {
            let source = resolve(Path::new(word)).expect("built in");
            assert_eq!(source.name, "12-acks");
            assert!(source.text.contains("format = 1"));
        }
    }

    #[test]
    fn a_miss_says_what_may_be_meant() {
        for (word, near) in [
            ("12-ack", "\"12-acks\""),
            ("elsewhere/12-acks.toml", "\"12-acks\""),
            ("12-acks.tml", "\"12-acks\""),
            ("zookeeper", "kafkalab list"),
        ] {
            let why = resolve(Path::new(word)).expect_err("a miss");
            assert!(why.contains(near), "{why}");
        }
        let why = resolve(Path::new("src")).expect_err("a folder");
        assert!(why.contains("folder") && !why.contains("mean"), "{why}");
    }

    #[test]
    fn the_folder_and_the_library_agree() {
        let mut files = Vec::new();
        for entry in std::fs::read_dir("scenarios").expect("beside the sources") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|ending| ending == "toml") {
                let stem = path.file_stem().expect("a name").to_string_lossy();
                files.push(stem.into_owned());
            }
        }
        files.sort();
        let mut known: Vec<_> = library::LIBRARY.iter().map(|(name, _)| *name).collect();
        known.sort_unstable();
        assert_eq!(files, known);
    }
}
