//! A trace as a sequence diagram in Mermaid's language.

use super::recorder::Trace;
use super::rows::{Row, Rows};
use super::transcript::later;
use crate::lab::text::{Lang, Speaker, harmless};
use crate::sim::NodeId;
use std::fmt::Write;

/// The whole diagram. Renderers have limits of their own on size: narrow a long trace.
pub fn mermaid(trace: &Trace, lang: Lang) -> String {
    let Rows { lanes, rows } = Rows::of(trace, lang);
    let voice = trace.voice().short();
    let mut text = String::from("sequenceDiagram\n");
    let origin = &trace.origin;
    let title = escaped(origin.title.of(lang));
    let _ = writeln!(
        text,
        "  %% {} branch {} seed {} trace {:016x}",
        escaped(&origin.scenario),
        escaped(&origin.branch),
        origin.seed,
        origin.trace_hash
    );
    let _ = writeln!(text, "  title {title}");
    for lane in &lanes {
        let _ = writeln!(
            text,
            "  participant {} as {}",
            id(*lane),
            escaped(&voice.machine(*lane))
        );
    }
    let all = match (lanes.first(), lanes.last()) {
        (Some(first), Some(last)) if first != last => format!("{},{}", id(*first), id(*last)),
        (Some(only), _) => id(*only),
        _ => return text,
    };
    for row in &rows {
        write_row(&mut text, trace, row, &all, lang);
    }
    text
}

fn write_row(text: &mut String, trace: &Trace, row: &Row, all: &str, lang: Lang) {
    let _ = match row {
        Row::Idle(span) => writeln!(text, "  Note over {all}: ~~ {} ~~", later(*span, lang)),
        Row::Arrow(arrow) => {
            let line = match (arrow.is_lost, arrow.is_answer) {
                (true, false) => "-x",
                (true, true) => "--x",
                (false, false) => "->>",
                (false, true) => "-->>",
            };
            let (from, to, at) = (id(arrow.from), id(arrow.to), trace.seconds(arrow.at));
            writeln!(text, "  {from}{line}{to}: {at} {}", escaped(&arrow.label))
        }
        Row::Note(at, node, said) => {
            let (node, at) = (id(*node), trace.seconds(*at));
            writeln!(text, "  Note over {node}: {at} {}", escaped(said))
        }
        Row::Wide(at, said) => {
            writeln!(
                text,
                "  Note over {all}: {} {}",
                trace.seconds(*at),
                escaped(said)
            )
        }
        Row::Told(_, said, is_question) => {
            let mark = if *is_question { "? " } else { "" };
            writeln!(text, "  Note over {all}: {mark}{}", escaped(said))
        }
    };
}

fn id(node: NodeId) -> String {
    format!("n{}", node.0)
}

/// Text in which nothing means anything to Mermaid or to the page around it.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in harmless(text).chars() {
        match c {
            '#' | ';' | '<' | '>' | '&' | '"' | '%' | '{' | '}' | '\\' => {
                escaped.push_str(&format!("#{};", c as u32));
            }
            c => escaped.push(c),
        }
    }
    escaped
}
