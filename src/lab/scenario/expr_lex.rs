//! The words of an expression.

use super::expr::Op;
use super::words::{duration, is_name_part};
use crate::sim::Span;
use std::ops::Range;

/// Why a text is no expression.
#[derive(Debug, PartialEq)]
pub(super) struct Bad {
    pub(super) span: Range<usize>,
    pub(super) why: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Int(i64),
    Time(Span),
    Name(String),
    Quoted(String),
    Op(Op),
    Mark(char),
}

/// The words of an expression with their places.
pub(super) fn lex(text: &str) -> Result<Vec<(Token, Range<usize>)>, Bad> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (token, length) = token(&text[at..], c).map_err(|(length, why)| Bad {
            span: at..at + length,
            why,
        })?;
        tokens.push((token, at..at + length));
        at += length;
    }
    Ok(tokens)
}

/// The token at the beginning of `rest` and its length; an error with the length of what is bad.
fn token(rest: &str, first: char) -> Result<(Token, usize), (usize, String)> {
    let length_of = |part: fn(char) -> bool| rest.find(|c| !part(c)).unwrap_or(rest.len());
    if first.is_ascii_digit() || first == '-' {
        return number(rest);
    }
    if first.is_ascii_alphabetic() || first == '_' {
        let length = length_of(is_name_part);
        let word = &rest[..length];
        let op = Op::WORDS.iter().find(|(name, _)| *name == word);
        let token = op.map_or_else(|| Token::Name(word.to_owned()), |(_, op)| Token::Op(*op));
        return Ok((token, length));
    }
    if first == '\'' {
        let inner = &rest[1..];
        let end = inner.find('\'').filter(|end| *end > 0);
        let end = end.ok_or((1, "this quote does not end".to_owned()))?;
        return Ok((Token::Quoted(inner[..end].to_owned()), end + 2));
    }
    if let Some((word, op)) = Op::WORDS.iter().find(|(word, _)| rest.starts_with(word)) {
        return Ok((Token::Op(*op), word.len()));
    }
    match first {
        '.' | '@' | ':' | '(' | ')' | '[' | ']' | ',' => Ok((Token::Mark(first), 1)),
        '=' => Err((1, "equality is written ==".to_owned())),
        '+' | '*' | '/' => Err((1, "there is no arithmetic".to_owned())),
        '&' | '|' | '!' => Err((1, "write and, or, not".to_owned())),
        '"' => Err((1, "quotes in an expression are single ones".to_owned())),
        other => Err((
            other.len_utf8(),
            "this character has no meaning here".to_owned(),
        )),
    }
}

fn number(rest: &str) -> Result<(Token, usize), (usize, String)> {
    let body = rest.strip_prefix('-').unwrap_or(rest);
    let sign = rest.len() - body.len();
    let end = body.find(|c: char| !c.is_ascii_alphanumeric());
    let length = sign + end.unwrap_or(body.len());
    let word = &rest[..length];
    if body.starts_with(|c: char| c.is_ascii_digit()) && word[sign..].bytes().all(is_digit) {
        let n = word.parse();
        let n = n.map_err(|_| (length, "the number does not fit into 64 bits".to_owned()));
        return n.map(|n| (Token::Int(n), length));
    }
    match sign {
        0 => duration(word)
            .map(|span| (Token::Time(span), length))
            .map_err(|why| (length, why)),
        _ => Err((1, "there is no arithmetic".to_owned())),
    }
}

fn is_digit(b: u8) -> bool {
    b.is_ascii_digit()
}
