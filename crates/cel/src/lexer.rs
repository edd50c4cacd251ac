//! From text to tokens.

use std::sync::Arc;

use crate::{ast::Literal, error::Issue};

/// A token and where it begins, in characters.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    pub at: usize,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Literal(Literal),
    Ident(String),
    /// An operator or a bracket.
    Sign(&'static str),
    End,
}

/// Longer ones first.
const SIGNS: [&str; 28] = [
    "&&", "||", "==", "!=", "<=", ">=", ".?", "[?", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", "(", ")", "[",
    "]", "{", "}", ",", ".", "?", "=",
];

struct Lexer<'s> {
    chars: Vec<char>,
    at: usize,
    source: &'s str,
}

/// The tokens of a text; the last is [`Kind::End`].
pub fn tokens(source: &str) -> Result<Vec<Token>, Issue> {
    let mut lexer = Lexer { chars: source.chars().collect(), at: 0, source };
    let mut out = Vec::new();
    loop {
        lexer.skip();
        let at = lexer.at;
        let kind = lexer.next()?;
        let end = kind == Kind::End;
        out.push(Token { at, kind });
        if end {
            return Ok(out);
        }
    }
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn skip(&mut self) {
        while let Some(c) = self.peek(0) {
            if c == '/' && self.peek(1) == Some('/') {
                while self.peek(0).is_some_and(|c| c != '\n') {
                    self.at += 1;
                }
            } else if c.is_ascii_whitespace() {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    fn error(&self, at: usize, message: impl Into<String>) -> Issue {
        Issue::new(self.source, at, format!("Syntax error: {}", message.into()))
    }

    fn next(&mut self) -> Result<Kind, Issue> {
        let Some(c) = self.peek(0) else { return Ok(Kind::End) };
        if let Some(kind) = self.text()? {
            return Ok(kind);
        }
        if c.is_ascii_digit() || (c == '.' && self.peek(1).is_some_and(|d| d.is_ascii_digit())) {
            return self.number();
        }
        if c.is_ascii_alphabetic() || c == '_' {
            let name = self.take(|c| c.is_ascii_alphanumeric() || c == '_');
            return Ok(match name.as_str() {
                "true" => Kind::Literal(Literal::Bool(true)),
                "false" => Kind::Literal(Literal::Bool(false)),
                "null" => Kind::Literal(Literal::Null),
                "in" => Kind::Sign("in"),
                _ => Kind::Ident(name),
            });
        }
        if c == '`' {
            self.at += 1;
            let name = self.take(|c| c.is_ascii_alphanumeric() || "_.-/ ".contains(c));
            if self.peek(0) != Some('`') {
                return Err(self.error(self.at, "token recognition error at: '`'"));
            }
            self.at += 1;
            return Ok(Kind::Ident(name));
        }
        for sign in SIGNS {
            if sign.chars().enumerate().all(|(i, c)| self.peek(i) == Some(c)) {
                self.at += sign.len();
                return Ok(Kind::Sign(sign));
            }
        }
        Err(self.error(self.at, format!("token recognition error at: '{c}'")))
    }

    fn take(&mut self, keep: impl Fn(char) -> bool) -> String {
        let from = self.at;
        while self.peek(0).is_some_and(&keep) {
            self.at += 1;
        }
        self.chars[from..self.at].iter().collect()
    }

    fn number(&mut self) -> Result<Kind, Issue> {
        let from = self.at;
        if self.peek(0) == Some('0') && matches!(self.peek(1), Some('x' | 'X')) {
            self.at += 2;
            let digits = self.take(|c| c.is_ascii_hexdigit());
            return self.whole(from, &digits, 16);
        }
        let digits = self.take(|c| c.is_ascii_digit());
        let fraction = self.peek(0) == Some('.') && self.peek(1).is_some_and(|d| d.is_ascii_digit());
        let exponent = |lexer: &Self| {
            matches!(lexer.peek(0), Some('e' | 'E'))
                && lexer
                    .peek(1 + usize::from(matches!(lexer.peek(1), Some('+' | '-'))))
                    .is_some_and(|d| d.is_ascii_digit())
        };
        if !fraction && !exponent(self) {
            return self.whole(from, &digits, 10);
        }
        if fraction {
            self.at += 1;
            self.take(|c| c.is_ascii_digit());
        }
        if exponent(self) {
            self.at += 2;
            self.take(|c| c.is_ascii_digit());
        }
        let text: String = self.chars[from..self.at].iter().collect();
        let number = text.parse().map_err(|_| self.error(from, "invalid double literal"))?;
        Ok(Kind::Literal(Literal::Double(number)))
    }

    fn whole(&mut self, from: usize, digits: &str, radix: u32) -> Result<Kind, Issue> {
        if matches!(self.peek(0), Some('u' | 'U')) {
            self.at += 1;
            let number = u64::from_str_radix(digits, radix).map_err(|_| self.error(from, "invalid uint literal"))?;
            return Ok(Kind::Literal(Literal::Uint(number)));
        }
        match u64::from_str_radix(digits, radix) {
            // The smallest number is written as a negated one that does not fit: the parser turns it.
            Ok(number) if number <= 1 << 63 => Ok(Kind::Literal(Literal::Int(number.cast_signed()))),
            _ => Err(self.error(from, "invalid int literal")),
        }
    }

    /// A string or bytes, with its prefix.
    fn text(&mut self) -> Result<Option<Kind>, Issue> {
        let mut ahead = 0;
        let (mut raw, mut bytes) = (false, false);
        while let Some(c @ ('r' | 'R' | 'b' | 'B')) = self.peek(ahead) {
            let seen = if matches!(c, 'r' | 'R') { &mut raw } else { &mut bytes };
            if std::mem::replace(seen, true) {
                return Ok(None);
            }
            ahead += 1;
        }
        let Some(quote @ ('\'' | '"')) = self.peek(ahead) else { return Ok(None) };
        let from = self.at;
        self.at += ahead;
        let triple = self.peek(1) == Some(quote) && self.peek(2) == Some(quote);
        let fence = if triple { 3 } else { 1 };
        self.at += fence;
        let mut out = Vec::new();
        loop {
            let Some(c) = self.peek(0) else {
                return Err(self.error(from, "token recognition error at: end of string"));
            };
            if (0..fence).all(|i| self.peek(i) == Some(quote)) {
                self.at += fence;
                break;
            }
            if c == '\n' && !triple {
                return Err(self.error(from, "token recognition error at: end of line"));
            }
            if c == '\\' && !raw {
                self.escape(bytes, &mut out)?;
                continue;
            }
            self.at += 1;
            push(&mut out, c);
        }
        if bytes {
            return Ok(Some(Kind::Literal(Literal::Bytes(out.into()))));
        }
        let text = String::from_utf8(out).map_err(|_| self.error(from, "invalid UTF-8 in string"))?;
        Ok(Some(Kind::Literal(Literal::String(Arc::from(text)))))
    }

    fn escape(&mut self, bytes: bool, out: &mut Vec<u8>) -> Result<(), Issue> {
        let from = self.at;
        let bad = |lexer: &Self| lexer.error(from, "invalid escape sequence");
        let c = self.peek(1).ok_or_else(|| bad(self))?;
        self.at += 2;
        let one = match c {
            'a' => Some('\x07'),
            'b' => Some('\x08'),
            'f' => Some('\x0c'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\x0b'),
            '\\' | '\'' | '"' | '`' | '?' => Some(c),
            _ => None,
        };
        if let Some(one) = one {
            push(out, one);
            return Ok(());
        }
        let (digits, radix) = match c {
            'x' | 'X' => (2, 16),
            'u' if !bytes => (4, 16),
            'U' if !bytes => (8, 16),
            '0'..='3' => {
                self.at -= 1;
                (3, 8)
            }
            _ => return Err(bad(self)),
        };
        let text: String = self.chars.iter().skip(self.at).take(digits).collect();
        let code = u32::from_str_radix(&text, radix).ok().filter(|_| text.len() == digits).ok_or_else(|| bad(self))?;
        self.at += digits;
        if bytes {
            out.push(u8::try_from(code).map_err(|_| bad(self))?);
        } else {
            push(out, char::from_u32(code).ok_or_else(|| bad(self))?);
        }
        Ok(())
    }
}

fn push(out: &mut Vec<u8>, c: char) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}
