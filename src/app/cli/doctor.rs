//! `kafkalab doctor`: what the program finds around it.

use super::{FAILED, PASSED, Surroundings};
use crate::lab::scenario::run::{Options, run as run_scenario};
use crate::lab::scenario::{library, parse};
use clap::Args;
use std::env::var;
use std::io::IsTerminal;
use unicode_width::UnicodeWidthStr;

/// Arguments of `doctor`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  kafkalab doctor              before the first `kafkalab play`, or beside a bug report

Exit codes: 0 all is well or merely not ideal, 1 something does not work.")]
pub(super) struct DoctorArguments {}

/// How good a finding is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Grade {
    Good,
    /// It works, with less comfort.
    Fair,
    Bad,
}

/// What was found of one thing.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Finding {
    grade: Grade,
    what: &'static str,
    text: String,
}

fn finding(grade: Grade, what: &'static str, text: impl Into<String>) -> Finding {
    let text = text.into();
    Finding { grade, what, text }
}

pub(super) fn run(_: &DoctorArguments, around: Surroundings) -> u8 {
    let findings = [
        version(),
        terminal(),
        size(terminal_size()),
        colours(around.color, |name| var(name).ok()),
        locale(|name| var(name).ok()),
        widths(),
        determinism(),
    ];
    for Finding { grade, what, text } in &findings {
        let (mark, code) = match grade {
            Grade::Good => ("ok  ", "32"),
            Grade::Fair => ("note", "33"),
            Grade::Bad => ("BAD ", "31;1"),
        };
        let mark = match around.color {
            true => format!("\x1b[{code}m{mark}\x1b[0m"),
            false => mark.to_owned(),
        };
        println!("{mark}  {what:<12} {text}");
    }
    println!();
    println!("These lines end at one column if the terminal gives Chinese its usual width:");
    println!("  |领导者与副本|");
    println!("  |............|");
    let bad = findings.iter().any(|finding| finding.grade == Grade::Bad);
    if bad { FAILED } else { PASSED }
}

fn version() -> Finding {
    let (own, os) = (env!("CARGO_PKG_VERSION"), std::env::consts::OS);
    let arch = std::env::consts::ARCH;
    let count = library::LIBRARY.len();
    let text = format!(
        "kafkalab {own} on {os} {arch}, Kafka 4.3, scenario format 1, {count} scenarios built in"
    );
    finding(Grade::Good, "version", text)
}

fn terminal() -> Finding {
    let streams = [
        ("input", std::io::stdin().is_terminal()),
        ("output", std::io::stdout().is_terminal()),
        ("errors", std::io::stderr().is_terminal()),
    ];
    let missing: Vec<_> = streams
        .iter()
        .filter(|(_, is)| !is)
        .map(|(name, _)| *name)
        .collect();
    match missing.is_empty() {
        true => finding(
            Grade::Good,
            "terminal",
            "input, output and errors are a terminal",
        ),
        false => {
            let text = format!(
                "{} no terminal: no screen, plain text",
                missing.join(" and ")
            );
            finding(Grade::Fair, "terminal", text)
        }
    }
}

#[cfg(feature = "terminal")]
fn terminal_size() -> Option<(u16, u16)> {
    ratatui::crossterm::terminal::size().ok()
}

#[cfg(not(feature = "terminal"))]
fn terminal_size() -> Option<(u16, u16)> {
    let of = |name| var(name).ok()?.parse().ok();
    Some((of("COLUMNS")?, of("LINES")?))
}

fn size(size: Option<(u16, u16)>) -> Finding {
    match size {
        Some((columns, rows)) if columns >= 80 && rows >= 24 => {
            finding(Grade::Good, "size", format!("{columns} x {rows}"))
        }
        Some((columns, rows)) => {
            let text = format!("{columns} x {rows}: the screen is made for 80 x 24 and more");
            finding(Grade::Fair, "size", text)
        }
        None => finding(Grade::Fair, "size", "unknown"),
    }
}

fn colours(color: bool, var: impl Fn(&str) -> Option<String>) -> Finding {
    let term = var("TERM").unwrap_or_default();
    let many = var("COLORTERM").is_some_and(|v| v == "truecolor" || v == "24bit");
    let of_term = match (term.as_str(), many) {
        ("" | "dumb", _) => "a terminal without colours",
        (_, true) => "16 million colours",
        (t, _) if t.contains("256color") => "256 colours",
        _ => "16 colours",
    };
    let why = match var("NO_COLOR").filter(|v| !v.is_empty()) {
        Some(_) => ", NO_COLOR is set",
        None => "",
    };
    let used = if color { "used" } else { "not used" };
    let shown = term.escape_debug();
    finding(
        Grade::Good,
        "colours",
        format!("{used}: {of_term} (TERM={shown}){why}"),
    )
}

fn locale(var: impl Fn(&str) -> Option<String>) -> Finding {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"];
    let set = names.iter().find_map(|name| {
        let value = var(name).filter(|value| !value.is_empty())?;
        Some((name, value))
    });
    let Some((name, value)) = set else {
        let text = "none is set: UTF-8 is taken for granted; set LANG=C.UTF-8 if signs are broken";
        return finding(Grade::Fair, "locale", text);
    };
    let upper = value.to_uppercase();
    let utf8 = upper.contains("UTF-8") || upper.contains("UTF8");
    let shown = value.escape_debug();
    match utf8 {
        true => finding(Grade::Good, "locale", format!("{name}={shown}, UTF-8")),
        false => {
            let text = format!("{name}={shown} is not UTF-8: Chinese and lines may be broken");
            finding(Grade::Fair, "locale", text)
        }
    }
}

/// Whether the program itself counts Chinese as two columns.
fn widths() -> Finding {
    let columns = "领导者".width();
    let grade = if columns == 6 {
        Grade::Good
    } else {
        Grade::Bad
    };
    finding(
        grade,
        "widths",
        format!("three Chinese signs take {columns} columns"),
    )
}

/// A short scenario twice: the same history, or the program cannot be trusted here.
fn determinism() -> Finding {
    let Some(parsed) = library::find("6").and_then(|(_, text)| parse(text).ok()) else {
        return finding(Grade::Bad, "runs", "the built-in scenario 6 does not parse");
    };
    let hash = || {
        let finished = run_scenario("main", &parsed.main, &Options::default(), &mut |_| {});
        (finished.report.trace_hash, finished.report.passed())
    };
    match (hash(), hash()) {
        (one, other) if one != other => finding(Grade::Bad, "runs", "two runs of one seed differ"),
        ((_, false), _) => finding(Grade::Bad, "runs", "scenario 6 fails here"),
        ((hash, true), _) => finding(
            Grade::Good,
            "runs",
            format!("scenario 6 twice alike, trace {hash:016x}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars<'a>(set: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        }
    }

    #[test]
    fn locales() {
        let grade = |set: &[(&str, &str)]| locale(vars(set)).grade;
        assert_eq!(grade(&[("LANG", "zh_CN.UTF-8")]), Grade::Good);
        assert_eq!(
            grade(&[("LANG", "de_DE.utf8"), ("LC_ALL", "")]),
            Grade::Good
        );
        assert_eq!(
            grade(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")]),
            Grade::Fair
        );
        assert_eq!(grade(&[]), Grade::Fair);
    }

    #[test]
    fn sizes_and_colours() {
        assert_eq!(size(Some((80, 24))).grade, Grade::Good);
        assert_eq!(size(Some((79, 24))).grade, Grade::Fair);
        assert_eq!(size(None).grade, Grade::Fair);
        let text = |set: &[(&str, &str)]| colours(false, vars(set)).text;
        assert!(text(&[("TERM", "xterm-256color")]).contains("256 colours"));
        assert!(text(&[("TERM", "xterm"), ("COLORTERM", "truecolor")]).contains("million"));
        assert!(text(&[("NO_COLOR", "1")]).contains("NO_COLOR"));
        assert!(!text(&[("TERM", "\u{1b}[31m")]).contains('\u{1b}'));
    }
}
