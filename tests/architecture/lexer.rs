//! Rust text to tokens: comments and the contents of literals are left out, as no path is in them.

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A word: identifier or keyword; raw identifiers without their `r#`.
    Word(String),
    /// `::`
    PathSep,
    /// Any other sign, one character each.
    Sign(char),
    /// A string, character, byte or number.
    Literal,
}

/// A token and the line on which it begins, from 1.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) line: usize,
}

impl Token {
    /// The word, or an empty text for what is none.
    pub(crate) fn word(&self) -> &str {
        match &self.kind {
            Kind::Word(word) => word,
            _ => "",
        }
    }

    pub(crate) fn is(&self, sign: char) -> bool {
        self.kind == Kind::Sign(sign)
    }
}

/// The tokens of a file.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        text: text.chars().collect(),
        at: 0,
        line: 1,
    };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next_token() {
        tokens.push(token);
    }
    tokens
}

struct Lexer {
    text: Vec<char>,
    at: usize,
    line: usize,
}

impl Lexer {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.text.get(self.at + ahead).copied()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek(0)?;
        self.at += 1;
        self.line += usize::from(c == '\n');
        Some(c)
    }

    fn next_token(&mut self) -> Option<Token> {
        self.skip_blank();
        let line = self.line;
        let kind = match self.peek(0)? {
            '"' => self.string(),
            '\'' => self.quote(),
            ':' if self.peek(1) == Some(':') => {
                self.at += 2;
                Kind::PathSep
            }
            c if is_word(c) => self.word(),
            c => {
                self.bump();
                Kind::Sign(c)
            }
        };
        Some(Token { kind, line })
    }

    fn skip_blank(&mut self) {
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(c), _) if c.is_whitespace() => {
                    self.bump();
                }
                (Some('/'), Some('/')) => while self.bump().is_some_and(|c| c != '\n') {},
                (Some('/'), Some('*')) => self.skip_block_comment(),
                _ => return,
            }
        }
    }

    fn skip_block_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => depth += 1,
                (Some('*'), Some('/')) => depth -= 1,
                (None, _) => return,
                _ => {
                    self.bump();
                    continue;
                }
            }
            self.at += 2;
            if depth == 0 {
                return;
            }
        }
    }

    /// From an opening `"` to its end.
    fn string(&mut self) -> Kind {
        self.bump();
        while let Some(c) = self.bump() {
            match c {
                '\\' => {
                    self.bump();
                }
                '"' => break,
                _ => {}
            }
        }
        Kind::Literal
    }

    /// A character, or a lifetime.
    fn quote(&mut self) -> Kind {
        self.bump();
        let lifetime = self.peek(0).is_some_and(is_word) && self.peek(1) != Some('\'');
        if lifetime {
            while self.peek(0).is_some_and(is_word) {
                self.bump();
            }
            return Kind::Literal;
        }
        while let Some(c) = self.bump() {
            match c {
                '\\' => {
                    self.bump();
                }
                '\'' => break,
                _ => {}
            }
        }
        Kind::Literal
    }

    /// A word, a number, or a literal that begins with letters.
    fn word(&mut self) -> Kind {
        let mut word = String::new();
        while let Some(c) = self.peek(0).filter(|c| is_word(*c)) {
            word.push(c);
            self.bump();
        }
        match (word.as_str(), self.peek(0)) {
            ("r" | "br" | "cr", Some('"' | '#')) => self.raw(),
            ("b" | "c", Some('"')) => self.string(),
            ("b", Some('\'')) => self.quote(),
            _ if word.starts_with(|c: char| c.is_ascii_digit()) => Kind::Literal,
            _ => Kind::Word(word),
        }
    }

    /// A raw string after its letter, or a raw identifier.
    fn raw(&mut self) -> Kind {
        let mut hashes = 0;
        while self.peek(hashes) == Some('#') {
            hashes += 1;
        }
        if self.peek(hashes) != Some('"') {
            self.at += hashes;
            return self.word();
        }
        self.at += hashes + 1;
        while let Some(c) = self.bump() {
            if c == '"' && (0..hashes).all(|ahead| self.peek(ahead) == Some('#')) {
                self.at += hashes;
                break;
            }
        }
        Kind::Literal
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
