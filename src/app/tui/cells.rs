//! Rows of text for a grid of cells: tones, width, clipping, wrapping. Whatever comes from a file
//! or a record is made harmless here, on its way to the screen.

use super::inspect::Item;
use crate::lab::text::harmless;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What a piece of text is; a theme makes it a colour. No tone says what the text does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Dim,
    Strong,
    Good,
    Warn,
    Bad,
    Accent,
}

/// A line of a panel.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    pub(super) pieces: Vec<(String, Tone)>,
    /// What Enter opens.
    pub(super) item: Option<Item>,
}

impl Row {
    pub(super) fn new() -> Self {
        Row::default()
    }

    pub(super) fn plain(text: impl Into<String>) -> Self {
        Row::new().say(text, Tone::Plain)
    }

    pub(super) fn dim(text: impl Into<String>) -> Self {
        Row::new().say(text, Tone::Dim)
    }

    pub(super) fn say(mut self, text: impl Into<String>, tone: Tone) -> Self {
        self.pieces.push((text.into(), tone));
        self
    }

    pub(super) fn of(mut self, item: Item) -> Self {
        self.item = Some(item);
        self
    }

    /// Fills up with spaces.
    pub(super) fn pad(self, to: usize) -> Self {
        let missing = to.saturating_sub(self.width());
        self.say(" ".repeat(missing), Tone::Plain)
    }

    pub(super) fn width(&self) -> usize {
        self.pieces.iter().map(|(text, _)| width(text)).sum()
    }

    pub(super) fn text(&self) -> String {
        self.pieces.iter().map(|(text, _)| text.as_str()).collect()
    }
}

/// How many cells a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

fn char_width(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// As much of a text as fits; what was cut is marked.
pub(super) fn clip(text: &str, max: usize) -> String {
    if width(text) <= max {
        return text.to_owned();
    }
    let mut clipped = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += char_width(c);
        if used + 2 > max {
            break;
        }
        clipped.push(c);
    }
    clipped.push_str(&"..".chars().take(max).collect::<String>());
    clipped
}

/// A text filled up with spaces, or clipped.
pub(super) fn fit(text: &str, to: usize) -> String {
    let text = clip(text, to);
    let missing = to.saturating_sub(width(&text));
    text + &" ".repeat(missing)
}

/// A text as it may be shown: harmless, and with `ascii` nothing but ASCII.
pub(super) fn shown(text: &str, ascii: bool) -> String {
    let text = harmless(text);
    if !ascii || text.is_ascii() {
        return text;
    }
    let mut plain = String::new();
    for c in text.chars() {
        match c {
            '\u{2026}' => plain.push_str("..."),
            '\u{2192}' => plain.push_str("->"),
            c if c.is_ascii() => plain.push(c),
            c => plain.extend(c.escape_unicode()),
        }
    }
    plain
}

/// Closing punctuation stays with what it closes.
fn clings(c: char) -> bool {
    matches!(
        c,
        '，' | '。' | '；' | '：' | '、' | '！' | '？' | '）' | '」' | '”' | '…'
    )
}

/// Breaks a text into lines of at most `max` cells: at spaces, and between wide characters.
pub(super) fn wrap(text: &str, max: usize) -> Vec<String> {
    let max = max.max(2);
    let mut lines = Vec::new();
    let mut line = String::new();
    for token in tokens(text) {
        let space = usize::from(token.spaced && !line.is_empty());
        if !line.is_empty() && width(&line) + space + width(&token.text) > max {
            lines.push(std::mem::take(&mut line));
        } else if space > 0 {
            line.push(' ');
        }
        for c in token.text.chars() {
            if width(&line) + char_width(c) > max {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// What is not broken: a word, or one wide character with what clings to it.
struct Token {
    text: String,
    /// A space comes before it.
    spaced: bool,
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let (mut spaced, mut open) = (false, false);
    for c in text.chars() {
        if c == ' ' || c == '\n' {
            (spaced, open) = (true, false);
            continue;
        }
        let wide = char_width(c) > 1;
        match tokens.last_mut() {
            Some(last) if !spaced && (clings(c) || open && !wide) => last.text.push(c),
            _ => tokens.push(Token {
                text: c.to_string(),
                spaced,
            }),
        }
        (spaced, open) = (false, !wide);
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_between_wide_characters() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        let zh = wrap("领导者 b2 已写入，但要等", 10);
        assert!(zh.iter().all(|line| width(line) <= 10), "{zh:?}");
        assert!(!zh.iter().any(|line| line.starts_with('，')), "{zh:?}");
        assert_eq!(zh.concat().replace(' ', ""), "领导者b2已写入，但要等");
    }

    #[test]
    fn every_width_holds_every_text() {
        let text = "p1 发送 rec-6\u{1f600} and waits \u{301}";
        for max in 2..20 {
            assert!(
                wrap(text, max).iter().all(|line| width(line) <= max),
                "{max}"
            );
            assert!(width(&clip(text, max)) <= max, "{max}");
            assert_eq!(width(&fit(text, max)), max);
        }
    }

    #[test]
    fn nothing_reaches_the_screen_that_a_terminal_obeys() {
        assert_eq!(shown("a\x1b[2Jb", false), "a\\u{1b}[2Jb");
        assert_eq!(shown("领\u{2192}", true), "\\u{9886}->");
    }
}
