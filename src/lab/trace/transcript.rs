//! The story of a run as text.

use super::entries::Entry;
use super::recorder::{Telling, Trace};
use crate::lab::text::{Lang, harmless};
use crate::sim::Span;
use std::fmt::Write;

/// What happened, a line each, with the scenario's narration and questions.
pub fn transcript(trace: &Trace, lang: Lang) -> String {
    let mut text = head(trace, lang);
    let voice = trace.voice().short();
    for entry in trace.entries() {
        match entry {
            Entry::Idle(span) => {
                let _ = writeln!(text, "{:10} ~~ {} ~~", "", later(span, lang));
            }
            Entry::Told(telling) => tell(&mut text, trace, telling, lang),
            Entry::Step(step) => {
                for line in step.story(trace.salience, &voice, lang) {
                    let at = trace.seconds(step.at);
                    let _ = writeln!(text, "{at:>10}  {}", harmless(&line));
                }
            }
        }
    }
    text
}

/// Name, branch, seed and hash of a trace; then its title.
pub(super) fn head(trace: &Trace, lang: Lang) -> String {
    let origin = &trace.origin;
    let [branch, seed, hash] = [("branch", "分支"), ("seed", "种子"), ("trace", "trace")]
        .map(|(en, zh)| lang.pick(en, zh));
    let (name, own) = (harmless(&origin.scenario), harmless(&origin.branch));
    let mut text = format!(
        "{name}  {branch} {own}  {seed} {}  {hash} {:016x}\n{}\n\n",
        origin.seed,
        origin.trace_hash,
        harmless(origin.title.of(lang))
    );
    if trace.left_out > 0 {
        let cut = lang.pick(
            "more steps are left out: ask for a narrower part",
            "步被略去：请缩小范围",
        );
        let _ = writeln!(text, "! {} {cut}\n", trace.left_out);
    }
    text
}

/// `9.010 s later`.
pub(super) fn later(span: Span, lang: Lang) -> String {
    let ms = span.as_millis();
    let seconds = format!("{}.{:03}", ms / 1_000, ms % 1_000);
    match lang {
        Lang::En => format!("{seconds} s later"),
        Lang::Zh => format!("{seconds} 秒后"),
    }
}

fn tell(text: &mut String, trace: &Trace, telling: &Telling, lang: Lang) {
    let mark = if telling.is_question { '?' } else { '>' };
    let said = harmless(telling.text.of(lang));
    let _ = writeln!(text, "{:>10}  {mark} {said}", trace.seconds(telling.at));
}
