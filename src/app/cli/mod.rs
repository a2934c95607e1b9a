//! The command line.

use std::process::ExitCode;

/// Parses the arguments and runs the subcommand they name.
pub fn run() -> ExitCode {
    ExitCode::SUCCESS
}
