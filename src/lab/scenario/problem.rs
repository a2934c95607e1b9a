//! One problem of a file, and the collection of all of them.

use super::codes::Code;
use super::limits::{MAX_CANDIDATES, MAX_PROBLEMS};
use super::pos::Pos;
use std::ops::Range;

/// A problem of a scenario file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its kind; tells errors from warnings.
    pub code: Code,
    /// What is wrong, in a line.
    pub message: String,
    /// Where, in bytes of the source.
    pub span: Range<usize>,
    /// What stands beside the place, or nothing.
    pub label: String,
    /// More facts.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Problem {
    pub(super) fn new(code: Code, pos: Pos, message: impl Into<String>) -> Self {
        Problem {
            code,
            message: message.into(),
            span: pos.range(),
            label: String::new(),
            notes: Vec::new(),
            help: None,
        }
    }

    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Suggests the candidate nearest to `word`, and lists them all if they are few.
    pub(super) fn among<'a>(
        mut self,
        word: &str,
        what: &str,
        candidates: impl Iterator<Item = &'a str>,
    ) -> Self {
        let candidates: Vec<&str> = candidates.take(MAX_CANDIDATES).collect();
        if let Some(near) = nearest(word, &candidates) {
            self.help = Some(format!("did you mean \"{near}\"?"));
        }
        if self.label.is_empty() {
            self.label = list(what, &candidates);
        }
        self
    }
}

/// At most so many names are listed beside a place.
const MAX_LISTED: usize = 12;

fn list(what: &str, candidates: &[&str]) -> String {
    match candidates {
        [] => format!("there are no {what}"),
        [one] => format!("{what}: only {one}"),
        many if many.len() <= MAX_LISTED => format!("{what} are {}", many.join(", ")),
        many => format!("{} {what} are known", many.len()),
    }
}

/// The candidate that `word` is probably meant to be.
pub(super) fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    const MAX_LENGTH: usize = 64;
    let length = word.chars().count();
    if length > MAX_LENGTH {
        return None;
    }
    let allowed = (length / 3).clamp(1, 4);
    let near = |candidate: &&'a str| {
        let short_enough = candidate.len() <= MAX_LENGTH && !candidate.is_empty();
        let distance = short_enough.then(|| distance(word, candidate))?;
        (distance <= allowed).then_some((distance, *candidate))
    };
    // Of several the last: no "broker-4" is more like broker-2 than like broker-0.
    let best = (candidates.iter().rev())
        .filter_map(near)
        .min_by_key(|(d, _)| *d);
    best.map(|(_, candidate)| candidate)
}

/// The edit distance with swaps of neighbours, without regard to case.
fn distance(a: &str, b: &str) -> usize {
    let chars = |s: &str| s.chars().flat_map(char::to_lowercase).collect::<Vec<_>>();
    let (a, b) = (chars(a), chars(b));
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

/// The problems of a file, in the order in which they were found, each once.
#[derive(Debug, Default)]
pub(super) struct Problems {
    found: Vec<Problem>,
    /// How many more there were.
    left_out: usize,
}

impl Problems {
    pub(super) fn push(&mut self, problem: Problem) {
        // A number that was too long to be read was put down as 0, which may be out of range too.
        let known = |p: &Problem| p.message == problem.message || p.code == Code::OutOfRange;
        let same = |p: &Problem| p.code == problem.code && p.span == problem.span && known(p);
        if self.found.iter().any(same) {
            return;
        }
        match self.found.len() < MAX_PROBLEMS {
            true => self.found.push(problem),
            false => self.left_out += 1,
        }
    }

    /// Whether further problems would only be counted, so that no help need be worked out.
    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= MAX_PROBLEMS
    }

    /// The places of all syntax errors.
    pub(super) fn syntax_errors(&self) -> Vec<Range<usize>> {
        let errors = self.found.iter().filter(|p| p.code == Code::Syntax);
        errors.map(|problem| problem.span.clone()).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.found.len()
    }

    /// Adds a note to every problem found since there were `from`.
    pub(super) fn note_since(&mut self, from: usize, note: &str) {
        for problem in self.found.iter_mut().skip(from) {
            problem.notes.push(note.to_owned());
        }
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&Problem) -> bool) {
        self.found.retain(keep);
    }

    /// All problems by place; errors and warnings.
    pub(super) fn into_sorted(mut self) -> (Vec<Problem>, Vec<Problem>) {
        self.found.sort_by_key(|p| (p.span.start, p.code));
        if let (true, Some(last)) = (self.left_out > 0, self.found.last_mut()) {
            last.notes
                .push(format!("{} more problems are not shown", self.left_out));
        }
        let warning = |p: &Problem| p.code.is_warning();
        let (warnings, errors) = self.found.into_iter().partition(warning);
        (errors, warnings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        let cases = [
            ("", "abc", 3),
            ("broker-4", "broker-2", 1),
            ("fecth", "fetch", 1),
            ("Fetch", "fetch", 0),
            ("kitten", "sitting", 3),
        ];
        for (a, b, expected) in cases {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn suggests_only_what_is_near() {
        let names = ["broker-0", "broker-1", "controller-0"];
        assert_eq!(nearest("borker-1", &names), Some("broker-1"));
        assert_eq!(nearest("zookeeper", &names), None);
    }
}
