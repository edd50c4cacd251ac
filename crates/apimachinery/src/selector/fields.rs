//! Field selectors: `metadata.name=a,spec.nodeName!=b`.

use std::fmt;

/// How a requirement compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `=` and `==`
    Equals,
    /// `!=`
    NotEquals,
}

/// One term.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Requirement {
    /// Path of the field.
    pub key: String,
    /// How it compares.
    pub operator: Operator,
    /// With what, unescaped.
    pub value: String,
}

/// All requirements must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Selector {
    requirements: Vec<Requirement>,
}

impl Selector {
    /// Matches all.
    #[must_use]
    pub fn everything() -> Self {
        Selector::default()
    }

    /// From requirements.
    #[must_use]
    pub fn new(requirements: Vec<Requirement>) -> Self {
        Selector { requirements }
    }

    /// From text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut terms = split(text);
        terms.sort_unstable();
        let mut requirements = Vec::with_capacity(terms.len());
        for term in terms.into_iter().filter(|t| !t.is_empty()) {
            let (key, operator, value) =
                split_term(term).ok_or_else(|| format!("invalid selector: '{text}'; can't understand '{term}'"))?;
            let value = unescape(value)?;
            if !key.is_empty() || !value.is_empty() {
                requirements.push(Requirement { key: key.to_owned(), operator, value });
            }
        }
        Ok(Selector { requirements })
    }

    /// It matches all.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Its terms.
    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// Decides, given a way to look fields up (absent ones are empty).
    pub fn matches<S: AsRef<str>>(&self, mut lookup: impl FnMut(&str) -> S) -> bool {
        self.requirements.iter().all(|r| {
            let equal = lookup(&r.key).as_ref() == r.value;
            match r.operator {
                Operator::Equals => equal,
                Operator::NotEquals => !equal,
            }
        })
    }

    /// The one value that the field must have, when there is one.
    #[must_use]
    pub fn exact_match(&self, key: &str) -> Option<&str> {
        self.requirements.iter().find(|r| r.key == key && r.operator == Operator::Equals).map(|r| r.value.as_str())
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, requirement) in self.requirements.iter().enumerate() {
            let operator = match requirement.operator {
                Operator::Equals => "=",
                Operator::NotEquals => "!=",
            };
            let comma = if i > 0 { "," } else { "" };
            write!(f, "{comma}{}{operator}{}", requirement.key, escape(&requirement.value))?;
        }
        Ok(())
    }
}

/// Puts a backslash before what would end a value.
#[must_use]
pub fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '\\' | ',' | '=') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn unescape(value: &str) -> Result<String, String> {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => out.push(c),
                Some(c) => return Err(format!("invalid field selector: invalid escape sequence: \\{c}")),
                None => return Err("invalid field selector: invalid escape sequence: \\".to_owned()),
            },
            // Kubernetes prints the number of the character here.
            ',' | '=' => return Err(format!("invalid field selector: unescaped character in value: {}", c as u32)),
            c => out.push(c),
        }
    }
    Ok(out)
}

fn split(text: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (i, b) in text.bytes().enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b',' => {
                terms.push(&text[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    terms.push(&text[start..]);
    terms
}

fn split_term(term: &str) -> Option<(&str, Operator, &str)> {
    for (i, _) in term.char_indices() {
        let rest = &term[i..];
        for (text, operator) in [("!=", Operator::NotEquals), ("==", Operator::Equals), ("=", Operator::Equals)] {
            if let Some(value) = rest.strip_prefix(text) {
                return Some((&term[..i], operator, value));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses() {
        for (given, want) in [
            ("", Ok("")),
            ("x=a,y=b", Ok("x=a,y=b")),
            ("y==b,x!=a", Ok("x!=a,y=b")),
            ("x=", Ok("x=")),
            ("x=a\\,b\\=c\\\\", Ok("x=a\\,b\\=c\\\\")),
            ("x=a,", Ok("x=a")),
            ("!=,x=a", Ok("x=a")),
            ("x", Err("invalid selector: 'x'; can't understand 'x'")),
            ("x=a=b", Err("invalid field selector: unescaped character in value: 61")),
            ("x=\\a", Err("invalid field selector: invalid escape sequence: \\a")),
            ("x=a\\", Err("invalid field selector: invalid escape sequence: \\")),
        ] {
            let got = Selector::parse(given).map(|s| s.to_string());
            assert_eq!(got, want.map(str::to_owned).map_err(str::to_owned), "{given:?}");
        }
    }

    #[test]
    fn matches() {
        let lookup = |key: &str| if key == "x" { "a" } else { "" };
        for (selector, want) in [("x=a", true), ("x!=a", false), ("y=", true), ("x=a,y=b", false), ("y!=b", true)] {
            assert_eq!(Selector::parse(selector).unwrap().matches(lookup), want, "{selector}");
        }
        assert_eq!(Selector::parse("x=a,y!=b").unwrap().exact_match("x"), Some("a"));
    }
}
