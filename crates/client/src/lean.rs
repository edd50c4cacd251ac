//! Objects without `metadata.managedFields`: half of a pod's JSON, and nothing that a reader of informers wants. They are cut out of
//! the text, because decoding them makes a tree that is dropped at once.

use std::{borrow::Cow, ops::Range};

/// The text of an object without its managed fields. What is no object stays as it is: the decoder says what is wrong with it.
pub(crate) fn without_managed_fields(json: &[u8]) -> Cow<'_, [u8]> {
    let Some(gone) = Scanner { json, at: 0 }.managed_fields() else { return Cow::Borrowed(json) };
    Cow::Owned([&json[..gone.start], &json[gone.end..]].concat())
}

/// Walks over JSON without looking into it. `None` everywhere: this is no JSON.
struct Scanner<'j> {
    json: &'j [u8],
    at: usize,
}

impl<'j> Scanner<'j> {
    /// Where the managed fields are, with one of the commas around them.
    fn managed_fields(mut self) -> Option<Range<usize>> {
        self.member(b"metadata")?;
        let before = self.at;
        let start = self.member(b"managedFields")?;
        self.value()?;
        let after = self.at;
        match self.peek()? {
            b',' => Some(start..self.at + 1),
            // The last one: the comma in front goes, where there is one.
            _ => Some(self.json[before..start].iter().rposition(|b| *b == b',').map_or(start, |c| before + c)..after),
        }
    }

    /// Goes to the value of a member of the object that begins here; where its key begins.
    fn member(&mut self, wanted: &[u8]) -> Option<usize> {
        self.expect(b'{')?;
        loop {
            self.peek()?;
            let start = self.at;
            let key = self.string()?;
            self.expect(b':')?;
            if key == wanted {
                return Some(start);
            }
            self.value()?;
            self.expect(b',')?;
        }
    }

    /// The next byte that is no space.
    fn peek(&mut self) -> Option<u8> {
        while self.json.get(self.at)?.is_ascii_whitespace() {
            self.at += 1;
        }
        self.json.get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// A string as it is written, without its quotes.
    fn string(&mut self) -> Option<&'j [u8]> {
        self.expect(b'"')?;
        let start = self.at;
        loop {
            match self.json.get(self.at)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(&self.json[start..self.at - 1])
    }

    /// Steps over a value.
    fn value(&mut self) -> Option<()> {
        let mut depth = 0usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                b',' | b':' => return None,
                _ => self.scalar(),
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn scalar(&mut self) {
        let ends = |b: &u8| matches!(b, b',' | b':' | b'}' | b']') || b.is_ascii_whitespace();
        self.at = self.json[self.at..].iter().position(ends).map_or(self.json.len(), |more| self.at + more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn cut(text: &str) -> Value {
        let lean = without_managed_fields(text.as_bytes());
        serde_json::from_slice(&lean).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&lean)))
    }

    #[test]
    fn only_the_objects_own_go() {
        let fields = json!([{"manager": "a\"]}", "fieldsV1": {"f:metadata": {"f:managedFields": {}}}}, {}]);
        let template = json!({"metadata": {"managedFields": fields, "name": "kept"}});
        for before in [json!({}), json!({"a": "\\", "labels": {"managedFields": "x"}})] {
            for after in [json!({}), json!({"name": "n", "z": [1, -2.5e3, null, true]})] {
                let mut metadata = before.clone();
                for (key, value) in after.as_object().expect("object") {
                    metadata[key] = value.clone();
                }
                let wanted = json!({"kind": "X", "metadata": metadata, "spec": {"template": template}});
                let mut full = wanted.clone();
                full["metadata"]["managedFields"] = fields.clone();
                assert_eq!(cut(&full.to_string()), wanted);
                assert_eq!(cut(&serde_json::to_string_pretty(&full).expect("text")), wanted);
                assert_eq!(cut(&wanted.to_string()), wanted);
            }
        }
    }

    #[test]
    fn what_is_no_object_stays() {
        for text in [
            "",
            "{",
            "[]",
            "7",
            r#"{"metadata":{"managedFields":["#,
            r#"{"metadata":{"managedFields""#,
            r#"{"metadata":7}"#,
        ] {
            assert_eq!(without_managed_fields(text.as_bytes()), text.as_bytes(), "{text}");
        }
    }
}
