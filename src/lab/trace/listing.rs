//! Every step of a trace as a line: number, time, machine, what it was, its cause, its notes.

use super::recorder::Trace;
use super::transcript::head;
use crate::kafka::vocabulary::Salience;
use crate::lab::text::{Lang, Speaker, harmless};
use std::fmt::Write;

/// One line a step, its notes below it.
pub fn listing(trace: &Trace, lang: Lang) -> String {
    let mut text = head(trace, lang);
    let voice = trace.voice().short();
    for step in &trace.steps {
        let node = step.node.map_or("-".to_owned(), |node| voice.machine(node));
        let what = harmless(&step.sentence(&voice, lang));
        let at = trace.seconds(step.at);
        let no = format!("#{}", step.no.0);
        let _ = write!(
            text,
            "{no:<9}{at:>10}  {:<8} {:<8} {what}",
            harmless(&node),
            step.kind_word()
        );
        for (word, cause) in [("<-", step.cause), ("re", step.request)] {
            if cause.0 > 0 {
                let _ = write!(text, " {word} #{}", cause.0);
            }
        }
        text.push('\n');
        for note in step.note_sentences(Salience::Background, &voice, lang) {
            let _ = writeln!(text, "{:21}  {}", "", harmless(&note));
        }
    }
    text
}
