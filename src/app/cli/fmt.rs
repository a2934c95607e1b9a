//! `kafkalab fmt`: scenario files in one form, with their comments and their meaning.

use super::{BAD_INPUT, FAILED, PASSED, REFUSED, Surroundings, files};
use crate::lab::scenario::{format, render};
use clap::Args;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Arguments of `fmt`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  kafkalab fmt my.toml                   rewrites the file
  kafkalab fmt --check scenarios/*.toml  writes nothing; exit code 1 if a file would change
  kafkalab fmt - < my.toml               from standard input to standard output

Comments, the order of tables and keys, and how values are written stay; only keys with dots come
together with their like. Blanks, indents and empty lines become uniform.

Exit codes: 0 done, 1 with --check: a file would change, 2 a file is not TOML, 3 not writable.")]
pub(super) struct FmtArguments {
    /// Scenario files; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Only say which files would change.
    #[arg(long)]
    check: bool,
}

pub(super) fn run(arguments: &FmtArguments, around: Surroundings) -> u8 {
    let codes = arguments.files.iter().map(|path| {
        let done = match path == Path::new("-") {
            true => stream(arguments.check, around),
            false => file(path, arguments.check, around),
        };
        done.unwrap_or_else(|code| code)
    });
    codes.max().unwrap_or(PASSED)
}

fn stream(check: bool, around: Surroundings) -> Result<u8, u8> {
    let mut source = String::new();
    let read = std::io::stdin().read_to_string(&mut source);
    read.map_err(|error| {
        eprintln!("error: standard input: {error}");
        BAD_INPUT
    })?;
    let text = formatted(&source, "standard input", around)?;
    if check {
        return Ok(if text == source { PASSED } else { FAILED });
    }
    // A reader that has seen enough closes the pipe: no error of ours.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(PASSED)
}

fn file(path: &Path, check: bool, around: Surroundings) -> Result<u8, u8> {
    let name = path.display().to_string();
    let source = files::read(path).map_err(|why| {
        eprintln!("error: {name}: {why}");
        BAD_INPUT
    })?;
    let text = formatted(&source, &name, around)?;
    match (text == source, check) {
        (true, _) => Ok(PASSED),
        (false, true) => {
            println!("{name}: would change");
            Ok(FAILED)
        }
        (false, false) => {
            std::fs::write(path, text).map_err(|error| {
                eprintln!("error: {name}: {error}");
                REFUSED
            })?;
            println!("{name}: formatted");
            Ok(PASSED)
        }
    }
}

fn formatted(source: &str, name: &str, around: Surroundings) -> Result<String, u8> {
    format(source).map_err(|problems| {
        eprint!("{}", render(&problems, source, name, around.color));
        BAD_INPUT
    })
}
