//! Text of a file or a record, made harmless to whoever shows it.

/// More of a value is not shown.
const LABEL_CHARS: usize = 24;

/// The text with every character escaped that a terminal may obey or that changes the order or
/// the look of its neighbours: controls, line and paragraph separators, marks of direction and
/// of no width. A line of output stays one line.
pub fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if obeyed(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Whether a character is shown, and nothing else.
pub fn is_harmless(c: char) -> bool {
    !obeyed(c)
}

fn obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// A record's value as a person may read it: what can not be shown is escaped, a long one is cut.
pub fn value_label(value: Option<&[u8]>) -> String {
    let Some(value) = value else {
        return "(tombstone)".to_owned();
    };
    let text = String::from_utf8_lossy(value);
    let letters = text.chars().take(LABEL_CHARS);
    let shown: String = letters.flat_map(char::escape_debug).collect();
    match text.chars().nth(LABEL_CHARS) {
        Some(_) => format!("{shown}..."),
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn escape_sequences_and_marks_of_direction_are_shown_not_obeyed() {
        assert_eq!(
            harmless("a\x1b[31mb\u{9b}c\n\u{202e}领导者 é"),
            "a\\u{1b}[31mb\\u{9b}c\\u{a}\\u{202e}领导者 é"
        );
    }
}
