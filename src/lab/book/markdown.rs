//! Text of scenarios and records that stays text on a page, and the shapes of Markdown.

use crate::lab::text::harmless;

/// Characters that mean something to Markdown, to HTML or to mdBook within a line.
const ESCAPED: &[char] = &[
    '\\', '`', '*', '_', '[', ']', '<', '>', '&', '#', '|', '~', '$', '{', '}',
];

/// Text on which neither a terminal nor a page acts.
pub(super) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in harmless(text).chars() {
        if ESCAPED.contains(&c) {
            shown.push('\\');
        }
        shown.push(c);
    }
    // A list, a quote or a heading would begin with one of these.
    if shown.starts_with(['-', '+', '=']) {
        shown.insert(0, '\\');
    }
    shown
}

/// Code within a line; text that holds what code can not becomes plain.
pub(super) fn code(text: &str) -> String {
    let text = harmless(text);
    match text.contains(['`', '|', '\\']) || text.trim() != text || text.is_empty() {
        true => plain(&text),
        false => format!("`{text}`"),
    }
}

/// A block of code in a language. Its fence is longer than any run of backticks in it.
pub(super) fn fenced(language: &str, text: &str) -> String {
    let lines: Vec<String> = text.lines().map(clean_line).collect();
    let body = lines.join("\n");
    let longest = body.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}", body.trim_end())
}

/// A line of code: tabs become spaces, and two braces can not be taken for an include.
fn clean_line(line: &str) -> String {
    harmless(&line.replace('\t', "  "))
        .replace("{{#", "{ {#")
        .trim_end()
        .to_owned()
}

/// A table. Cells are Markdown.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let mut text = line(&head);
    text.push_str(&format!("|{}\n", "---|".repeat(head.len())));
    rows.iter().for_each(|row| text.push_str(&line(row)));
    text
}

/// A block that opens at a click, without a script.
pub(super) fn details(summary: &str, body: &str) -> String {
    let summary = html(summary);
    format!(
        "<details>\n<summary>{summary}</summary>\n\n{}\n\n</details>",
        body.trim_matches('\n')
    )
}

/// Text within an HTML element.
fn html(text: &str) -> String {
    let mut shown = String::new();
    for c in harmless(text).chars() {
        match ESCAPED.contains(&c) {
            true => shown.push_str(&format!("&#{};", u32::from(c))),
            false => shown.push(c),
        }
    }
    shown
}

/// Milliseconds as seconds: `3.307 s`.
pub(super) fn seconds(ms: u64) -> String {
    format!("{}.{:03} s", ms / 1_000, ms % 1_000)
}
