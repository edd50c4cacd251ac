//! The tokens of a label selector.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    Error,
    End,
    Close,
    Comma,
    Not,
    DoubleEquals,
    Equals,
    Greater,
    Identifier,
    In,
    Less,
    NotEquals,
    NotIn,
    Open,
}

impl Token {
    /// Behind an operator, `in` and `notin` are plain words.
    pub(super) fn as_value(self) -> Token {
        match self {
            Token::In | Token::NotIn => Token::Identifier,
            other => other,
        }
    }
}

fn symbol(text: &str) -> Option<Token> {
    Some(match text {
        ")" => Token::Close,
        "," => Token::Comma,
        "!" => Token::Not,
        "==" => Token::DoubleEquals,
        "=" => Token::Equals,
        ">" => Token::Greater,
        "<" => Token::Less,
        "!=" => Token::NotEquals,
        "(" => Token::Open,
        _ => return None,
    })
}

fn is_special(b: u8) -> bool {
    matches!(b, b'=' | b'!' | b'(' | b')' | b',' | b'>' | b'<')
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n')
}

/// All tokens, [`Token::End`] last.
pub(super) fn scan(text: &str) -> Vec<(Token, String)> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        while at < bytes.len() && is_space(bytes[at]) {
            at += 1;
        }
        // A zero byte ends the text for Kubernetes, too.
        if at >= bytes.len() || bytes[at] == 0 {
            tokens.push((Token::End, String::new()));
            return tokens;
        }
        let start = at;
        if is_special(bytes[at]) {
            at = special_end(text, start);
            let literal = &text[start..at];
            match symbol(literal) {
                Some(token) => tokens.push((token, literal.to_owned())),
                None => tokens.push((Token::Error, format!("error expected: keyword found '{literal}'"))),
            }
            continue;
        }
        while at < bytes.len() && !is_special(bytes[at]) && !is_space(bytes[at]) && bytes[at] != 0 {
            at += 1;
        }
        let word = &text[start..at];
        let token = match word {
            "in" => Token::In,
            "notin" => Token::NotIn,
            _ => Token::Identifier,
        };
        tokens.push((token, word.to_owned()));
    }
}

/// The longest symbol wins.
fn special_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut end = start + 1;
    while end < bytes.len() && is_special(bytes[end]) && symbol(&text[start..=end]).is_some() {
        end += 1;
    }
    end
}
