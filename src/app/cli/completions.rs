//! `kafkalab completions`: completion scripts for shells.

use super::{Arguments, PASSED};
use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};
use std::io::Write as _;

/// Arguments of `completions`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  kafkalab completions bash > ~/.local/share/bash-completion/completions/kafkalab
  kafkalab completions zsh > ~/.zfunc/_kafkalab
  kafkalab completions fish > ~/.config/fish/completions/kafkalab.fish
  kafkalab completions powershell >> $PROFILE")]
pub(super) struct CompletionsArguments {
    /// For which shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(arguments: &CompletionsArguments) -> u8 {
    let mut script = Vec::new();
    let mut command = Arguments::command();
    generate(arguments.shell, &mut command, "kafkalab", &mut script);
    // A reader that has seen enough closes the pipe: no error of ours.
    let _ = std::io::stdout().write_all(&script);
    PASSED
}
