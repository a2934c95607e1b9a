//! Templates with values.
//!
//! | in the template | becomes |
//! |---|---|
//! | `{epoch}` | the value's text |
//! | `{unclean?A\|B}` | A if the value is true, an error, a node; else B; both are templates |
//! | `{base..last}` | `offset 7`, or `offsets 7..9` if the two values differ |
//!
//! A placeholder that nobody knows stays as it is; a test proves that there is none.

use super::Lang;

/// A value as a template shows it.
pub(super) struct Shown {
    /// As text.
    pub(super) text: String,
    /// Which side of a choice it takes.
    pub(super) truth: bool,
}

impl Shown {
    pub(super) fn text(text: impl Into<String>) -> Option<Shown> {
        let text = text.into();
        let truth = !text.is_empty();
        Some(Shown { text, truth })
    }

    pub(super) fn truth(truth: bool) -> Option<Shown> {
        let text = truth.to_string();
        Some(Shown { text, truth })
    }
}

/// The values of one sentence.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<Shown>;

/// Fills a template.
pub(super) fn fill(template: &str, lang: Lang, lookup: Lookup<'_>) -> String {
    let mut filled = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        filled.push_str(&rest[..open]);
        let Some(close) = closing(&rest[open..]).map(|len| open + len) else {
            rest = &rest[open..];
            break;
        };
        let inner = &rest[open + 1..close];
        match hole(inner, lang, lookup) {
            Some(text) => filled.push_str(&text),
            None => filled.push_str(&rest[open..=close]),
        }
        rest = &rest[close + 1..];
    }
    filled.push_str(rest);
    filled
}

/// Where the brace that opens `text` is closed.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_u32;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn hole(inner: &str, lang: Lang, lookup: Lookup<'_>) -> Option<String> {
    if let Some((name, sides)) = inner.split_once('?') {
        let truth = lookup(name)?.truth;
        let (yes, no) = sides_of(sides);
        return Some(fill(if truth { yes } else { no }, lang, lookup));
    }
    if let Some((first, last)) = inner.split_once("..") {
        let (first, last) = (lookup(first)?.text, lookup(last)?.text);
        return Some(match (first == last, lang) {
            (true, _) => format!("offset {first}"),
            (false, Lang::En) => format!("offsets {first}..{last}"),
            (false, Lang::Zh) => format!("offset {first}..{last}"),
        });
    }
    lookup(inner).map(|shown| shown.text)
}

/// The two sides of a choice: the first `|` outside of inner braces parts them.
fn sides_of(sides: &str) -> (&str, &str) {
    let mut depth = 0_u32;
    for (at, byte) in sides.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b'|' if depth == 0 => return (&sides[..at], &sides[at + 1..]),
            _ => {}
        }
    }
    (sides, "")
}

/// The names that a template asks for, in its order.
#[cfg(test)]
pub(super) fn names(template: &str) -> Vec<String> {
    let asked = std::cell::RefCell::new(Vec::new());
    for truth in [true, false] {
        fill(template, Lang::En, &|name| {
            asked.borrow_mut().push(name.to_owned());
            Some(Shown {
                text: name.to_owned(),
                truth,
            })
        });
    }
    asked.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(name: &str) -> Option<Shown> {
        match name {
            "yes" => Shown::truth(true),
            "no" => Shown::truth(false),
            "one" => Shown::text("1"),
            "two" => Shown::text("2"),
            _ => None,
        }
    }

    fn filled(template: &str, lang: Lang) -> String {
        fill(template, lang, &values)
    }

    #[test]
    fn values_choices_and_ranges() {
        let en = |template| filled(template, Lang::En);
        assert_eq!(en("a {one} b {two}"), "a 1 b 2");
        assert_eq!(en("{yes?is {one}|no {two}}!"), "is 1!");
        assert_eq!(en("{no?is {yes?a|b}|is {yes?c|d}}"), "is c");
        assert_eq!(en("{no?x}{yes?y}"), "y");
        assert_eq!(en("{one..one} {one..two}"), "offset 1 offsets 1..2");
        assert_eq!(filled("{one..two}", Lang::Zh), "offset 1..2");
    }

    #[test]
    fn what_nobody_knows_stays() {
        assert_eq!(
            filled("{three} {x?a|b} {one", Lang::En),
            "{three} {x?a|b} {one"
        );
        assert_eq!(filled("} 领导者 {one}", Lang::Zh), "} 领导者 1");
    }
}
