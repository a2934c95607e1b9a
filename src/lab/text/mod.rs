//! What the program says, in English and Chinese: data, and the little that fills it in.
//!
//! | file | concern |
//! |---|---|
//! | `notes` | a sentence for every kind of note |
//! | `steps` | a sentence for every kind of step, for what dies and for verdicts on messages |
//! | `faults` | a sentence for every fault |
//! | `calls`, `timers` | what an application asks, what a timer is for |
//! | `message` | the gist of a message, its short label and its line |
//! | `causes` | why something is so: losses, high watermarks, elections, answers |
//! | `said` | a sentence that is ready in both languages |
//! | `glossary` | the terms |
//! | `template`, `speaker` | filling a template; names of machines, topics and clients |
//! | `lang`, `harmless` | the two languages; text that no terminal or page obeys |
//!
//! Words of the protocol (offset, ISR, Produce, acks, error codes) stay English in Chinese text.

mod calls;
pub mod causes;
mod faults;
mod glossary;
mod harmless;
mod lang;
mod message;
mod notes;
mod said;
mod speaker;
mod steps;
mod template;
mod timers;

#[cfg(test)]
mod tests;

pub use calls::call_phrase;
pub use faults::fault_sentence;
pub use glossary::{GLOSSARY, Term, term};
pub use harmless::{harmless, is_harmless, value_label};
pub use lang::{Both, Lang};
pub use message::MessageSummary;
pub use notes::{note_template, sentence};
pub use said::Said;
pub use speaker::Speaker;
pub use steps::{Happening, lost_reason, step_sentence, verdict_phrase};
pub use timers::timer_phrase;
