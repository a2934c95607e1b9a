//! Where a command's output goes: a file, or standard output that somebody may have closed.

use super::{PASSED, REFUSED};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// A new file. An error is an exit code.
pub(super) fn create(path: &Path) -> Result<File, u8> {
    File::create(path).map_err(|error| {
        eprintln!("error: {}: {error}", path.display());
        REFUSED
    })
}

/// Appends to a file. An error is an exit code.
pub(super) fn write(file: &mut File, text: &str) -> Result<(), u8> {
    file.write_all(text.as_bytes()).map_err(|error| {
        eprintln!("error: {error}");
        REFUSED
    })
}

/// Writes to a file, or to standard output if none is given. Gives an exit code.
pub(super) fn put(path: Option<&Path>, text: &str) -> u8 {
    let written = match path {
        Some(path) => {
            return create(path)
                .and_then(|mut file| write(&mut file, text))
                .err()
                .unwrap_or(PASSED);
        }
        None => std::io::stdout().lock().write_all(text.as_bytes()),
    };
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("error: {error}");
            REFUSED
        }
        _ => PASSED,
    }
}
