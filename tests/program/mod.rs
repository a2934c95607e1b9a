//! The command as another program sees it: arguments in, an exit code and bytes out.

#![allow(
    dead_code,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "runs the command; not every group of tests reads all that it writes"
)]

use std::process::{Command, Output};

/// Runs the command to its end.
pub(crate) fn kafkalab(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kafkalab"))
        .args(arguments)
        .env_remove("KAFKALAB_COLOR")
        .output()
        .expect("the command starts")
}

/// What it wrote on standard output.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// What it wrote on standard error.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}
