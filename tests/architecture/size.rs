//! Tokens to functions, macro calls and `mod` lines.

use crate::lexer::Token;

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Where its `fn` is.
    pub(crate) line: usize,
    /// From `fn` to the closing brace.
    pub(crate) lines: usize,
    /// Within a module called `tests`.
    pub(crate) is_test: bool,
}

/// The functions of a file, also those within others.
pub(crate) fn functions(tokens: &[Token]) -> Vec<Function> {
    let tests = tests_at(tokens);
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let name = tokens.get(at + 1).map_or("", Token::word);
        if token.word() != "fn" || name.is_empty() {
            continue;
        }
        if let Some(end) = body(tokens, at).and_then(|open| closing(tokens, open)) {
            found.push(Function {
                name: name.to_owned(),
                line: token.line,
                lines: tokens[end].line - token.line + 1,
                is_test: tests.iter().any(|(from, to)| (from..=to).contains(&&at)),
            });
        }
    }
    found
}

/// The `{` of the function at `at`; `None` for a mere declaration.
fn body(tokens: &[Token], at: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (offset, token) in tokens[at..].iter().enumerate() {
        match token {
            token if token.is('(') || token.is('[') => depth += 1,
            token if token.is(')') || token.is(']') => depth -= 1,
            token if depth == 0 && token.is(';') => return None,
            token if depth == 0 && token.is('{') => return Some(at + offset),
            _ => {}
        }
    }
    None
}

/// The `}` of the `{` at `open`.
fn closing(tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, token) in tokens[open..].iter().enumerate() {
        depth += usize::from(token.is('{'));
        depth -= usize::from(token.is('}'));
        if depth == 0 {
            return Some(open + offset);
        }
    }
    None
}

/// From where to where the file's inline modules called `tests` go.
fn tests_at(tokens: &[Token]) -> Vec<(usize, usize)> {
    let heads = (0..tokens.len().saturating_sub(2)).filter(|at| {
        let [first, name, open] = [&tokens[*at], &tokens[at + 1], &tokens[at + 2]];
        first.word() == "mod" && name.word() == "tests" && open.is('{')
    });
    heads
        .filter_map(|at| Some((at, closing(tokens, at + 2)?)))
        .collect()
}

/// The macros a file calls: line and last word of the name.
pub(crate) fn macros(tokens: &[Token]) -> Vec<(usize, String)> {
    let calls = tokens.windows(3).filter(|three| {
        let opens = ['(', '[', '{'].into_iter().any(|sign| three[2].is(sign));
        !three[0].word().is_empty() && three[1].is('!') && opens
    });
    calls
        .map(|three| (three[0].line, three[0].word().to_owned()))
        .collect()
}

/// The names of a file's `mod name;` lines.
pub(crate) fn declared(tokens: &[Token]) -> Vec<String> {
    declarations(tokens)
        .map(|at| tokens[at + 1].word().to_owned())
        .collect()
}

/// Those of them that are only for tests.
pub(crate) fn declared_for_tests(tokens: &[Token]) -> Vec<String> {
    let for_tests = declarations(tokens).filter(|at| {
        let before = &tokens[..*at];
        let visible = before.iter().rposition(|token| token.word() == "pub");
        let head = visible.filter(|pub_at| at - pub_at <= 4).unwrap_or(*at);
        ends_with_cfg_test(&tokens[..head])
    });
    for_tests
        .map(|at| tokens[at + 1].word().to_owned())
        .collect()
}

fn declarations(tokens: &[Token]) -> impl Iterator<Item = usize> {
    let places = 0..tokens.len().saturating_sub(2);
    places.filter(|at| tokens[*at].word() == "mod" && tokens[at + 2].is(';'))
}

/// `#[cfg(test)]`.
fn ends_with_cfg_test(tokens: &[Token]) -> bool {
    let Some([.., cfg, open, test, close, end]) = tokens.last_chunk::<7>() else {
        return false;
    };
    cfg.word() == "cfg" && open.is('(') && test.word() == "test" && close.is(')') && end.is(']')
}
