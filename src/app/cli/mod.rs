//! The command line.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::float_arithmetic,
    reason = "a command reads files and clocks and talks to a terminal"
)]

use std::process::ExitCode;

/// Parses the arguments and runs the subcommand they name.
pub fn run() -> ExitCode {
    ExitCode::SUCCESS
}
