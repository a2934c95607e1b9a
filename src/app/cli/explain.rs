//! `kafkalab explain`: what a problem of a scenario file means.

use super::{BAD_INPUT, PASSED};
use crate::lab::scenario::Code;
use clap::Args;

/// Arguments of `explain`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  kafkalab explain K014     one code
  kafkalab explain          all of them")]
pub(super) struct ExplainArguments {
    /// The code, as it stands in the message; all of them if none is given.
    code: Option<String>,
}

pub(super) fn run(arguments: &ExplainArguments) -> u8 {
    let Some(word) = &arguments.code else {
        Code::ALL
            .iter()
            .for_each(|code| println!("{}  {}", code.word(), code.title()));
        return PASSED;
    };
    match Code::from_word(word) {
        Some(code) => {
            println!(
                "{}: {}\n\n{}",
                code.word(),
                code.title(),
                code.explanation()
            );
            PASSED
        }
        None => {
            eprintln!("error: no code \"{word}\"; `kafkalab explain` lists them");
            BAD_INPUT
        }
    }
}
