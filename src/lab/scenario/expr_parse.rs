//! Expressions from text to a raw tree: words and shapes, no names yet. Spans are byte offsets
//! within the text.

use super::expr::Op;
use super::expr_lex::{Bad, Token, lex};
use super::limits::MAX_DEPTH;
use crate::sim::Span;
use std::ops::Range;

#[derive(Debug)]
pub(super) enum RawExpr {
    Or(Vec<RawExpr>),
    And(Vec<RawExpr>),
    Not(Box<RawExpr>),
    Compare {
        left: RawValue,
        op: Op,
        op_span: Range<usize>,
        right: RawValue,
    },
    Truth(RawValue),
}

#[derive(Debug)]
pub(super) struct RawValue {
    pub(super) kind: RawKind,
    pub(super) span: Range<usize>,
}

#[derive(Debug)]
pub(super) enum RawKind {
    Int(i64),
    Time(Span),
    Bool(bool),
    None,
    Name(String),
    List(Vec<RawValue>),
    Size(Box<RawValue>),
    Now,
    Path(RawPath),
}

#[derive(Debug)]
pub(super) struct RawPath {
    pub(super) subject: RawSubject,
    pub(super) field: Word,
    pub(super) args: Vec<Word>,
}

#[derive(Debug)]
pub(super) enum RawSubject {
    Partition {
        name: Word,
        offset: Option<i64>,
        replica: Option<Word>,
    },
    Named {
        kind: Word,
        name: Word,
    },
    Controller,
}

#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) span: Range<usize>,
}

/// Kinds of subjects that are named after a dot.
pub(super) const NAMED: &[&str] = &[
    "producer", "consumer", "group", "txn", "broker", "topic", "link",
];

const KEYWORDS: &[&str] = &[
    "and", "or", "not", "in", "contains", "true", "false", "none", "size", "now",
];

/// A whole expression.
pub(super) fn expression(text: &str) -> Result<RawExpr, Bad> {
    let mut parser = Parser::new(text)?;
    let expr = parser.expr()?;
    parser.end(expr)
}

/// A single value.
pub(super) fn value(text: &str) -> Result<RawValue, Bad> {
    let mut parser = Parser::new(text)?;
    let value = parser.value()?;
    parser.end(value)
}

struct Parser {
    tokens: Vec<(Token, Range<usize>)>,
    at: usize,
    /// The length of the text.
    length: usize,
    depth: usize,
}

impl Parser {
    fn new(text: &str) -> Result<Self, Bad> {
        Ok(Parser {
            tokens: lex(text)?,
            at: 0,
            length: text.len(),
            depth: 0,
        })
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn peek_second(&self) -> Option<&Token> {
        self.tokens.get(self.at + 1).map(|(token, _)| token)
    }

    /// Where the next token stands.
    fn span(&self) -> Range<usize> {
        let next = self.tokens.get(self.at);
        next.map_or(self.length..self.length, |(_, span)| span.clone())
    }

    fn last_end(&self) -> usize {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        last.map_or(0, |(_, span)| span.end)
    }

    fn bad<T>(&self, why: &str) -> Result<T, Bad> {
        Err(Bad {
            span: self.span(),
            why: why.to_owned(),
        })
    }

    fn end<T>(self, parsed: T) -> Result<T, Bad> {
        match self.peek() {
            None => Ok(parsed),
            Some(Token::Op(_)) => self.bad("comparisons are not chained: write and"),
            Some(_) => self.bad("nothing more is expected here"),
        }
    }

    fn eat_mark(&mut self, mark: char) -> bool {
        let here = self.peek() == Some(&Token::Mark(mark));
        self.at += usize::from(here);
        here
    }

    fn want_mark(&mut self, mark: char) -> Result<(), Bad> {
        match self.eat_mark(mark) {
            true => Ok(()),
            false => self.bad(&format!("'{mark}' is expected here")),
        }
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let here = matches!(self.peek(), Some(Token::Name(name)) if name == word);
        self.at += usize::from(here);
        here
    }

    /// Keeps nesting within the limit.
    fn deeper<T>(&mut self, parse: fn(&mut Self) -> Result<T, Bad>) -> Result<T, Bad> {
        if self.depth >= MAX_DEPTH {
            return self.bad(&format!("more than {MAX_DEPTH} levels of nesting"));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn expr(&mut self) -> Result<RawExpr, Bad> {
        let mut parts = vec![self.conj()?];
        while self.eat_word("or") {
            parts.push(self.conj()?);
        }
        Ok(single(parts, RawExpr::Or))
    }

    fn conj(&mut self) -> Result<RawExpr, Bad> {
        let mut parts = vec![self.term()?];
        while self.eat_word("and") {
            parts.push(self.term()?);
        }
        Ok(single(parts, RawExpr::And))
    }

    fn term(&mut self) -> Result<RawExpr, Bad> {
        let negated = self.eat_word("not");
        let inner = match self.eat_mark('(') {
            true => {
                let inner = self.deeper(Parser::expr)?;
                self.want_mark(')')?;
                inner
            }
            false => self.compare()?,
        };
        Ok(match negated {
            true => RawExpr::Not(Box::new(inner)),
            false => inner,
        })
    }

    fn compare(&mut self) -> Result<RawExpr, Bad> {
        let left = self.value()?;
        let Some(Token::Op(op)) = self.peek() else {
            return Ok(RawExpr::Truth(left));
        };
        let (op, op_span) = (*op, self.span());
        self.at += 1;
        let right = self.value()?;
        if let Some(Token::Op(_)) = self.peek() {
            return self.bad("comparisons are not chained: write and");
        }
        Ok(RawExpr::Compare {
            left,
            op,
            op_span,
            right,
        })
    }

    fn value(&mut self) -> Result<RawValue, Bad> {
        let start = self.span().start;
        let kind = self.value_kind()?;
        Ok(RawValue {
            kind,
            span: start..self.last_end(),
        })
    }

    fn value_kind(&mut self) -> Result<RawKind, Bad> {
        let Some(token) = self.peek().cloned() else {
            return self.bad("a value is expected here");
        };
        match token {
            Token::Int(n) => self.took(RawKind::Int(n)),
            Token::Time(span) => self.took(RawKind::Time(span)),
            Token::Mark('[') => self.list(),
            Token::Name(word) => match word.as_str() {
                "true" | "false" => self.took(RawKind::Bool(word == "true")),
                "none" => self.took(RawKind::None),
                "now" => self.took(RawKind::Now),
                "size" if self.peek_second() == Some(&Token::Mark('(')) => self.size(),
                _ if KEYWORDS.contains(&word.as_str()) => self.bad("a value is expected here"),
                _ => self.name_or_path(),
            },
            Token::Quoted(_) => self.name_or_path(),
            Token::Op(_) | Token::Mark(_) => self.bad("a value is expected here"),
        }
    }

    fn took(&mut self, kind: RawKind) -> Result<RawKind, Bad> {
        self.at += 1;
        Ok(kind)
    }

    fn list(&mut self) -> Result<RawKind, Bad> {
        self.want_mark('[')?;
        let mut items = Vec::new();
        while !self.eat_mark(']') {
            if !items.is_empty() {
                self.want_mark(',')?;
            }
            items.push(self.deeper(Parser::value)?);
        }
        Ok(RawKind::List(items))
    }

    fn size(&mut self) -> Result<RawKind, Bad> {
        self.at += 1;
        self.want_mark('(')?;
        let inner = self.deeper(Parser::value)?;
        self.want_mark(')')?;
        Ok(RawKind::Size(Box::new(inner)))
    }

    fn name_or_path(&mut self) -> Result<RawKind, Bad> {
        let word = self.word()?;
        let subject = match self.peek() {
            Some(Token::Mark('@' | ':')) => self.partition(word)?,
            Some(Token::Mark('.')) if NAMED.contains(&word.text.as_str()) => {
                self.at += 1;
                let name = self.word()?;
                RawSubject::Named { kind: word, name }
            }
            Some(Token::Mark('.')) if word.text == "controller" => RawSubject::Controller,
            Some(Token::Mark('.')) => self.partition(word)?,
            _ => return Ok(RawKind::Name(word.text)),
        };
        self.want_mark('.')?;
        let field = self.word()?;
        let args = match self.eat_mark('(') {
            true => self.args()?,
            false => Vec::new(),
        };
        Ok(RawKind::Path(RawPath {
            subject,
            field,
            args,
        }))
    }

    fn args(&mut self) -> Result<Vec<Word>, Bad> {
        let mut args = vec![self.word()?];
        while self.eat_mark(',') {
            args.push(self.word()?);
        }
        self.want_mark(')')?;
        Ok(args)
    }

    fn partition(&mut self, name: Word) -> Result<RawSubject, Bad> {
        let offset = match self.eat_mark(':') {
            true => Some(self.offset()?),
            false => None,
        };
        let replica = match self.eat_mark('@') {
            true => Some(self.word()?),
            false => None,
        };
        Ok(RawSubject::Partition {
            name,
            offset,
            replica,
        })
    }

    fn offset(&mut self) -> Result<i64, Bad> {
        match self.peek() {
            Some(Token::Int(n)) if *n >= 0 => {
                let n = *n;
                self.at += 1;
                Ok(n)
            }
            _ => self.bad("an offset is expected here"),
        }
    }

    fn word(&mut self) -> Result<Word, Bad> {
        let span = self.span();
        match self.peek() {
            Some(Token::Name(text) | Token::Quoted(text)) => {
                let text = text.clone();
                self.at += 1;
                Ok(Word { text, span })
            }
            _ => self.bad("a name is expected here"),
        }
    }
}

fn single(mut parts: Vec<RawExpr>, many: fn(Vec<RawExpr>) -> RawExpr) -> RawExpr {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => many(parts),
    }
}
