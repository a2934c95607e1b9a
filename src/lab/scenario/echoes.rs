//! Problems that are mere echoes of a syntax error: a definition that could not be read leaves
//! names unknown and keys missing. What is told is only what the author can act on.

use super::codes::Code;
use super::problem::Problems;
use std::ops::Range;

/// Sections that define what others speak of.
const DEFINITIONS: &[&str] = &[
    "", "cluster", "node", "topic", "producer", "consumer", "group", "branch",
];

/// Keeps what is no echo. `syntax` are the places of the syntax errors.
pub(super) fn drop_echoes(source: &str, syntax: &[Range<usize>], problems: &mut Problems) {
    let broken: Vec<Section<'_>> = (syntax.iter())
        .map(|span| Section::around(source, span.start))
        .collect();
    if broken.is_empty() {
        return;
    }
    let names_lost = (broken.iter())
        .any(|s| DEFINITIONS.contains(&s.head) || s.head == "step" || s.head.is_empty());
    problems.retain(|problem| {
        let inside = |s: &Section<'_>| s.range.contains(&problem.span.start);
        let echo = problem.code.may_be_an_echo() && names_lost;
        problem.code == Code::Syntax || !(echo || broken.iter().any(inside))
    });
}

/// The lines from one header to the next.
struct Section<'a> {
    /// The first word of the header; nothing at the beginning of the file.
    head: &'a str,
    range: Range<usize>,
}

impl<'a> Section<'a> {
    fn around(source: &'a str, at: usize) -> Self {
        let mut head = "";
        let mut start = 0;
        let mut end = source.len();
        let mut line_start = 0;
        for line in source.split_inclusive('\n') {
            if line.starts_with('[') {
                if line_start > at {
                    end = line_start;
                    break;
                }
                start = line_start;
                let name = line.trim_start_matches('[').trim_start();
                let stop = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
                head = &name[..stop.unwrap_or(name.len())];
            }
            line_start += line.len();
        }
        Section {
            head,
            range: start..end.max(at + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_lie_between_headers() {
        let source = "a = 1\n[cluster]\nb = 2\n[[step]]\nc = 3\n";
        let heads: Vec<_> = [0, 8, 20, 26, 36]
            .map(|at| Section::around(source, at).head)
            .to_vec();
        assert_eq!(heads, ["", "cluster", "cluster", "step", "step"]);
        assert_eq!(Section::around(source, 20).range, 6..22);
    }
}
