//! Tokens to paths: every path of a file that begins at the crate, above the present module or in
//! the standard library, with use trees spread out and `self` and `super` resolved.

use crate::lexer::{Kind, Token};

/// A path as the rules see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    /// From the crate's root (without `crate`), or from `std`.
    pub(crate) segments: Vec<String>,
    /// True for `std`, `core` and `alloc`, which are all called `std` here.
    pub(crate) library: bool,
    pub(crate) line: usize,
}

/// The paths named by a file whose module is `module`.
pub(crate) fn paths(tokens: &[Token], module: &[String]) -> Vec<Path> {
    let mut finder = Finder {
        tokens,
        modules: vec![(module.to_vec(), 0)],
        depth: 0,
        found: Vec::new(),
    };
    finder.run();
    finder.found
}

struct Finder<'a> {
    tokens: &'a [Token],
    /// The file's module and the inline ones around the present token, each with the depth of
    /// braces inside it.
    modules: Vec<(Vec<String>, usize)>,
    depth: usize,
    found: Vec<Path>,
}

impl Finder<'_> {
    fn word(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", Token::word)
    }

    fn is(&self, at: usize, sign: char) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is(sign))
    }

    fn is_sep(&self, at: usize) -> bool {
        self.tokens
            .get(at)
            .is_some_and(|token| token.kind == Kind::PathSep)
    }

    fn run(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            at = self.token(at);
        }
    }

    /// Takes in one token or one path; where to go on.
    fn token(&mut self, at: usize) -> usize {
        if self.is(at, '{') {
            self.depth += 1;
        } else if self.is(at, '}') {
            self.depth = self.depth.saturating_sub(1);
            if self.modules.len() > 1 && self.modules.last().is_some_and(|m| m.1 > self.depth) {
                self.modules.pop();
            }
        } else if self.word(at) == "mod" && self.is(at + 2, '{') {
            let mut module = self.module().to_vec();
            module.push(self.word(at + 1).to_owned());
            self.depth += 1;
            self.modules.push((module, self.depth));
            return at + 3;
        } else if self.starts_path(at) {
            return self.path(at);
        }
        at + 1
    }

    fn module(&self) -> &[String] {
        self.modules.last().map_or(&[], |module| &module.0)
    }

    fn starts_path(&self, at: usize) -> bool {
        let inside = at > 0 && self.is_sep(at - 1);
        // `::std`, where nothing is before the separator that a path could be.
        let leading = inside && (at < 2 || self.word(at - 2).is_empty() && !self.is(at - 2, '>'));
        let named = match self.word(at) {
            "crate" | "super" => true,
            "std" | "core" | "alloc" => self.is_sep(at + 1) || self.word(at + 1) == "as",
            "self" => self.is_sep(at + 1),
            _ => false,
        };
        named && (!inside || leading) && !self.is_visibility(at)
    }

    /// `pub(crate)`, `pub(super)`.
    fn is_visibility(&self, at: usize) -> bool {
        at >= 2 && self.word(at - 2) == "pub" && self.is(at - 1, '(') && self.is(at + 1, ')')
    }

    fn path(&mut self, at: usize) -> usize {
        let (base, library) = match self.word(at) {
            "crate" => (Vec::new(), false),
            "super" => (parent(self.module()), false),
            "self" => (self.module().to_vec(), false),
            _ => (Vec::new(), true),
        };
        self.tail(at + 1, base, library, self.tokens[at].line)
    }

    /// What follows a path's beginning; `at` is behind its last word.
    fn tail(&mut self, mut at: usize, mut path: Vec<String>, library: bool, line: usize) -> usize {
        while self.is_sep(at) {
            at += 1;
            match self.word(at) {
                "super" => path = parent(&path),
                "self" => {}
                "" if self.is(at, '{') => return self.tree(at + 1, &path, library),
                "" if self.is(at, '*') => {
                    path.push("*".to_owned());
                    at += 1;
                    break;
                }
                "" => break,
                word => path.push(word.to_owned()),
            }
            at += 1;
        }
        self.found.push(Path {
            segments: path,
            library,
            line,
        });
        at
    }

    /// The branches of a use tree, from behind its `{` to behind its `}`.
    fn tree(&mut self, mut at: usize, base: &[String], library: bool) -> usize {
        while at < self.tokens.len() && !self.is(at, '}') {
            if self.is(at, ',') {
                at += 1;
                continue;
            }
            let line = self.tokens[at].line;
            let mut path = base.to_vec();
            match self.word(at) {
                "super" => path = parent(&path),
                "self" => {}
                "" => path.push("*".to_owned()),
                word => path.push(word.to_owned()),
            }
            at = self.tail(at + 1, path, library, line);
            while at < self.tokens.len() && !self.is(at, ',') && !self.is(at, '}') {
                at += 1;
            }
        }
        at + 1
    }
}

fn parent(module: &[String]) -> Vec<String> {
    module[..module.len().saturating_sub(1)].to_vec()
}
