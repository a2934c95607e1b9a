//! Scenario files: read, parsed, their problems rendered.

use super::{BAD_INPUT, Surroundings};
use crate::lab::scenario::{Parsed, parse, render};
use std::path::Path;

/// A file larger than this is not read.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Reads and parses a scenario file; problems go to standard error. An error is an exit code.
pub(super) fn load(path: &Path, around: Surroundings) -> Result<Parsed, u8> {
    let name = path.display().to_string();
    let source = read(path).map_err(|why| {
        eprintln!("error: {name}: {why}");
        BAD_INPUT
    })?;
    match parse(&source) {
        Ok(parsed) => {
            if !parsed.warnings.is_empty() {
                eprint!("{}", render(&parsed.warnings, &source, &name, around.color));
            }
            Ok(parsed)
        }
        Err(problems) => {
            eprint!("{}", render(&problems, &source, &name, around.color));
            Err(BAD_INPUT)
        }
    }
}

fn read(path: &Path) -> Result<String, String> {
    let meta = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if meta.is_dir() {
        return Err("is a folder, not a scenario file".into());
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
