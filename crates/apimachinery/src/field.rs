//! Paths to fields, and what can be wrong with one. Texts and cause reasons are those that Kubernetes' clients know.

use std::fmt;

use serde_json::Value;

use crate::text;

/// Bytes of a path that are kept in place: a check makes hundreds of paths, and nearly none is ever shown.
const SHORT: usize = 94;

/// A path such as `spec.ports[0].name`. The empty path prints as `<nil>`.
#[derive(Clone)]
pub struct Path {
    text: PathText,
}

#[derive(Clone)]
enum PathText {
    Short { length: u8, bytes: [u8; SHORT] },
    Long(String),
}

impl Default for Path {
    fn default() -> Self {
        Path { text: PathText::Short { length: 0, bytes: [0; SHORT] } }
    }
}

impl Path {
    /// A path of one name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Path::default().with(&[name])
    }

    /// The path of nothing: its children are roots.
    #[must_use]
    pub fn root() -> Self {
        Path::default()
    }

    /// A field below this one. Dotted names are taken as they are.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        if self.is_root() { Path::new(name) } else { self.with(&[".", name]) }
    }

    /// An item of this list.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        match u8::try_from(index) {
            Ok(digit @ 0..=9) => self.with(&["[", char::from(b'0' + digit).encode_utf8(&mut [0; 4]), "]"]),
            _ => self.with(&["[", &index.to_string(), "]"]),
        }
    }

    /// A value of this map.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.with(&["[", key, "]"])
    }

    fn with(&self, parts: &[&str]) -> Self {
        let mut path = self.clone();
        parts.iter().for_each(|part| path.push(part));
        path
    }

    fn push(&mut self, part: &str) {
        match &mut self.text {
            PathText::Short { length, bytes } => {
                let from = usize::from(*length);
                let end = from + part.len();
                if let (Some(room), Ok(end)) = (bytes.get_mut(from..end), u8::try_from(end)) {
                    room.copy_from_slice(part.as_bytes());
                    *length = end;
                } else {
                    self.text = PathText::Long([self.text(), part].concat());
                }
            }
            PathText::Long(text) => text.push_str(part),
        }
    }

    fn is_root(&self) -> bool {
        match &self.text {
            PathText::Short { length, .. } => *length == 0,
            PathText::Long(text) => text.is_empty(),
        }
    }

    fn text(&self) -> &str {
        match &self.text {
            // Only whole texts are ever put in.
            PathText::Short { length, bytes } => {
                std::str::from_utf8(&bytes[..usize::from(*length)]).unwrap_or_default()
            }
            PathText::Long(text) => text,
        }
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Path {}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.text(), f)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_root() { "<nil>" } else { self.text() })
    }
}

/// What kind of thing is wrong; [`ErrorKind::reason`] is the cause reason in a Status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// A reference to something that is not there.
    NotFound,
    /// Absent, but needed.
    Required,
    /// Must be unique.
    Duplicate,
    /// Malformed.
    Invalid,
    /// Not one of the values that are known.
    NotSupported,
    /// Would be valid, but is not allowed here.
    Forbidden,
    /// Too many bytes.
    TooLong,
    /// Too few characters.
    TooShort,
    /// Too many items.
    TooMany,
    /// Too few items.
    TooFew,
    /// Of another type than the schema says.
    TypeInvalid,
    /// Not the user's fault.
    Internal,
}

impl ErrorKind {
    /// `FieldValueInvalid` and its like.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            ErrorKind::NotFound => "FieldValueNotFound",
            ErrorKind::Required => "FieldValueRequired",
            ErrorKind::Duplicate => "FieldValueDuplicate",
            ErrorKind::Invalid => "FieldValueInvalid",
            ErrorKind::NotSupported => "FieldValueNotSupported",
            ErrorKind::Forbidden => "FieldValueForbidden",
            ErrorKind::TooLong => "FieldValueTooLong",
            ErrorKind::TooShort => "FieldValueTooShort",
            ErrorKind::TooMany => "FieldValueTooMany",
            ErrorKind::TooFew => "FieldValueTooFew",
            ErrorKind::TypeInvalid => "FieldValueTypeInvalid",
            ErrorKind::Internal => "InternalError",
        }
    }

    fn title(self) -> &'static str {
        match self {
            ErrorKind::NotFound => "Not found",
            ErrorKind::Required => "Required value",
            ErrorKind::Duplicate => "Duplicate value",
            ErrorKind::Invalid | ErrorKind::TypeInvalid => "Invalid value",
            ErrorKind::NotSupported => "Unsupported value",
            ErrorKind::Forbidden => "Forbidden",
            ErrorKind::TooLong => "Too long",
            ErrorKind::TooShort => "Too short",
            ErrorKind::TooMany => "Too many",
            ErrorKind::TooFew => "Too few",
            ErrorKind::Internal => "Internal error",
        }
    }

    fn shows_value(self) -> bool {
        match self {
            ErrorKind::Required
            | ErrorKind::Forbidden
            | ErrorKind::TooLong
            | ErrorKind::TooShort
            | ErrorKind::Internal => false,
            ErrorKind::NotFound
            | ErrorKind::Duplicate
            | ErrorKind::Invalid
            | ErrorKind::NotSupported
            | ErrorKind::TooMany
            | ErrorKind::TooFew
            | ErrorKind::TypeInvalid => true,
        }
    }
}

/// Something is wrong with a field.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldError {
    /// What kind of thing.
    pub kind: ErrorKind,
    /// Where.
    pub field: String,
    /// The value, where the message shows one.
    pub value: Option<Value>,
    /// More words; may be empty.
    pub detail: String,
}

impl FieldError {
    fn make(kind: ErrorKind, path: &Path, value: Option<Value>, detail: impl Into<String>) -> Self {
        FieldError { kind, field: path.to_string(), value, detail: detail.into() }
    }

    /// Absent, but needed.
    #[must_use]
    pub fn required(path: &Path, detail: impl Into<String>) -> Self {
        Self::make(ErrorKind::Required, path, None, detail)
    }

    /// Malformed.
    #[must_use]
    pub fn invalid(path: &Path, value: impl Into<Value>, detail: impl Into<String>) -> Self {
        Self::make(ErrorKind::Invalid, path, Some(value.into()), detail)
    }

    /// Must be unique.
    #[must_use]
    pub fn duplicate(path: &Path, value: impl Into<Value>) -> Self {
        Self::make(ErrorKind::Duplicate, path, Some(value.into()), "")
    }

    /// Not allowed here.
    #[must_use]
    pub fn forbidden(path: &Path, detail: impl Into<String>) -> Self {
        Self::make(ErrorKind::Forbidden, path, None, detail)
    }

    /// Not one of these.
    #[must_use]
    pub fn not_supported<S: AsRef<str>>(path: &Path, value: impl Into<Value>, supported: &[S]) -> Self {
        let mut detail = String::new();
        if !supported.is_empty() {
            let quoted: Vec<String> = supported.iter().map(|v| text::quote(v.as_ref())).collect();
            detail = format!("supported values: {}", quoted.join(", "));
        }
        Self::make(ErrorKind::NotSupported, path, Some(value.into()), detail)
    }

    /// More than `max` bytes.
    #[must_use]
    pub fn too_long(path: &Path, max: usize) -> Self {
        let unit = if max == 1 { "byte" } else { "bytes" };
        Self::make(ErrorKind::TooLong, path, None, format!("may not be more than {max} {unit}"))
    }

    /// More than `max` characters.
    #[must_use]
    pub fn too_long_characters(path: &Path, max: usize) -> Self {
        let unit = if max == 1 { "character" } else { "characters" };
        Self::make(ErrorKind::TooLong, path, None, format!("may not be more than {max} {unit}"))
    }

    /// Fewer than `min` characters.
    #[must_use]
    pub fn too_short(path: &Path, min: usize) -> Self {
        let unit = if min == 1 { "character" } else { "characters" };
        Self::make(ErrorKind::TooShort, path, None, format!("must be at least {min} {unit}"))
    }

    /// More than `max` items.
    #[must_use]
    pub fn too_many(path: &Path, got: usize, max: usize) -> Self {
        let unit = if max == 1 { "item" } else { "items" };
        Self::make(ErrorKind::TooMany, path, Some(got.into()), format!("must have at most {max} {unit}"))
    }

    /// Fewer than `min` items.
    #[must_use]
    pub fn too_few(path: &Path, got: usize, min: usize) -> Self {
        let unit = if min == 1 { "item" } else { "items" };
        Self::make(ErrorKind::TooFew, path, Some(got.into()), format!("must have at least {min} {unit}"))
    }

    /// Of another type than the schema says.
    #[must_use]
    pub fn type_invalid(path: &Path, value: impl Into<Value>, detail: impl Into<String>) -> Self {
        Self::make(ErrorKind::TypeInvalid, path, Some(value.into()), detail)
    }

    /// A reference to something that is not there.
    #[must_use]
    pub fn not_found(path: &Path, value: impl Into<Value>) -> Self {
        Self::make(ErrorKind::NotFound, path, Some(value.into()), "")
    }

    /// Not the user's fault.
    #[must_use]
    pub fn internal(path: &Path, detail: impl Into<String>) -> Self {
        Self::make(ErrorKind::Internal, path, None, detail)
    }

    /// The message without the field.
    #[must_use]
    pub fn body(&self) -> String {
        let mut out = self.kind.title().to_owned();
        if self.kind.shows_value()
            && let Some(value) = &self.value
        {
            out.push_str(": ");
            match value {
                Value::String(s) => out.push_str(&text::quote(s)),
                other => out.push_str(&text::json(other)),
            }
        }
        if !self.detail.is_empty() {
            out.push_str(": ");
            out.push_str(&self.detail);
        }
        out
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.body())
    }
}

impl std::error::Error for FieldError {}

/// Several errors as one text: `a`, or `[a, b]`, without repetitions.
#[must_use]
pub fn aggregate<T: fmt::Display>(errors: &[T]) -> String {
    let mut seen = std::collections::HashSet::with_capacity(errors.len());
    let texts: Vec<String> = errors.iter().map(ToString::to_string).filter(|text| seen.insert(text.clone())).collect();
    match texts.as_slice() {
        [one] => one.clone(),
        _ => format!("[{}]", texts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        assert_eq!(Path::new("spec").child("ports").index(0).key("a").to_string(), "spec.ports[0][a]");
        assert_eq!(Path::root().to_string(), "<nil>");
        assert_eq!(Path::root().child("key").to_string(), "key");
        let (mut path, mut text) = (Path::new("spec"), String::from("spec"));
        for i in 0..40 {
            (path, text) = (path.child("é").index(i).key("k"), format!("{text}.é[{i}][k]"));
            assert_eq!(path.to_string(), text);
        }
    }

    #[test]
    fn messages() {
        let p = Path::new("spec").child("x");
        for (error, want) in [
            (FieldError::required(&p, ""), "spec.x: Required value"),
            (FieldError::required(&p, "why"), "spec.x: Required value: why"),
            (FieldError::invalid(&p, "a\"b", "bad"), r#"spec.x: Invalid value: "a\"b": bad"#),
            (FieldError::invalid(&p, -1, "must be positive"), "spec.x: Invalid value: -1: must be positive"),
            (FieldError::invalid(&p, serde_json::json!({"a": [1]}), "no"), r#"spec.x: Invalid value: {"a":[1]}: no"#),
            (FieldError::duplicate(&p, "n"), r#"spec.x: Duplicate value: "n""#),
            (FieldError::forbidden(&p, "not here"), "spec.x: Forbidden: not here"),
            (
                FieldError::not_supported(&p, "c", &["a", "b"]),
                r#"spec.x: Unsupported value: "c": supported values: "a", "b""#,
            ),
            (FieldError::too_long(&p, 63), "spec.x: Too long: may not be more than 63 bytes"),
            (FieldError::too_many(&p, 3, 1), "spec.x: Too many: 3: must have at most 1 item"),
            (FieldError::not_found(&p, "v"), r#"spec.x: Not found: "v""#),
        ] {
            assert_eq!(error.to_string(), want);
        }
    }
}
