//! `kafkalab reference`: the page of the book about the scenario language.

use super::PASSED;
use crate::lab::scenario::reference;
use std::io::Write as _;

pub(super) fn run() -> u8 {
    // A reader that has seen enough closes the pipe: no error of ours.
    let _ = std::io::stdout().write_all(reference().as_bytes());
    PASSED
}
