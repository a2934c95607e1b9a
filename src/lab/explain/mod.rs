//! Why something came out as it did, and what another history has instead.
//!
//! [`Inquiry`] runs a scenario once, keeps its [`Trail`], and answers [`Question`]s about it with
//! a chain of steps back to the fault or setting that decided it. What may have decided it can be
//! taken away and the scenario run again: a [`Proof`].
//!
//! | file | concern |
//! |---|---|
//! | `question`, `lexicon` | what is asked; its words |
//! | `trail` | what a run left behind |
//! | `faults` | what was wrong at a moment, and which step of the scenario did it |
//! | `case` | names and links |
//! | `journey`, `record` | a record's way; lost, not acknowledged, twice, unseen |
//! | `watermark`, `partition` | high watermarks; elections and in-sync replicas |
//! | `diff` | two runs side by side |
//! | `answer`, `proof` | the answer; what would have been |

mod answer;
mod case;
pub mod diff;
mod faults;
mod inquiry;
mod journey;
mod lexicon;
mod partition;
mod proof;
mod question;
mod record;
mod trail;
mod watermark;

#[cfg(test)]
mod tests;

pub use answer::{Answer, Decider, Link, Proof, Role};
pub use case::clock;
pub use faults::Trouble;
pub use inquiry::Inquiry;
pub use question::{Fatum, Question, RecordRef, Unclear};
pub use trail::{Deed, Noted, Trail};
