//! A cached object: bytes with a header. Lists, watches and selectors need nothing else.

use std::{borrow::Cow, fmt, sync::Arc};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};
use storage::Entry;

use crate::registry::{encoded::Encoded, keys};

/// An object of the cache.
#[derive(Debug)]
pub struct Obj {
    /// Its key in the store.
    pub key: Arc<str>,
    /// Its resourceVersion.
    pub revision: u64,
    /// Its labels.
    labels: Box<[(Box<str>, Box<str>)]>,
    /// Values of the row's selectable fields, in the row's order; empty where the row has none but name and namespace.
    fields: Box<[Box<str>]>,
    /// Its JSON.
    pub encoded: Encoded,
}

impl Obj {
    /// Reads the header of a stored object. `None`: it is no object.
    #[must_use]
    pub fn new(row: &api::Resource, entry: &Entry) -> Option<Self> {
        let encoded = Encoded::from_stored(entry.value.clone())?;
        let special = has_fields(row);
        let mut shallow = Shallow::read(&entry.value, special)?;
        let labels = match shallow.pointer_mut("/metadata/labels").map(Value::take) {
            Some(Value::Object(map)) => map
                .into_iter()
                .filter_map(|(key, value)| match value {
                    Value::String(value) => Some((key.into_boxed_str(), value.into_boxed_str())),
                    _ => None,
                })
                .collect(),
            _ => Box::default(),
        };
        let fields = if special {
            row.selectable_fields.iter().map(|path| api::fields::value(row, &shallow, path).into_boxed_str()).collect()
        } else {
            Box::default()
        };
        Some(Obj { key: entry.key.clone(), revision: entry.modified.0, labels, fields, encoded })
    }

    /// Namespace (empty for cluster-wide kinds) and name.
    #[must_use]
    pub fn place(&self) -> (&str, &str) {
        let rest = keys::parse(&self.key).map_or("", |(_, _, rest)| rest);
        rest.split_once('/').unwrap_or(("", rest))
    }

    /// The value of a label.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.iter().find(|(k, _)| &**k == key).map(|(_, v)| &**v)
    }

    /// The value of the row's selectable field with this index.
    #[must_use]
    pub fn field(&self, index: usize) -> Option<&str> {
        self.fields.get(index).map(|v| &**v)
    }

    /// Its JSON with its own resourceVersion.
    #[must_use]
    pub fn json(&self) -> bytes::Bytes {
        self.encoded.json(self.revision)
    }

    /// The same as a tree.
    #[must_use]
    pub fn value(&self) -> Value {
        self.encoded.value(self.revision)
    }
}

fn has_fields(row: &api::Resource) -> bool {
    row.selectable_fields.iter().any(|f| !f.starts_with("metadata."))
}

/// Scalars near the root; everything else is skipped without being built.
struct Shallow;

/// Selectable fields lie at most this deep (`spec.pool.name`).
const DEPTH: usize = 3;

impl Shallow {
    fn read(bytes: &[u8], special: bool) -> Option<Value> {
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        let level = if special { Level::Top } else { Level::MetadataOnly };
        serde::de::DeserializeSeed::deserialize(level, &mut deserializer).ok()
    }
}

/// A key that is borrowed from the input wherever it holds no escapes.
struct Key<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Key<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Owned(text.to_owned())))
    }
}

#[derive(Clone, Copy)]
enum Level {
    /// The object, of which only the metadata counts.
    MetadataOnly,
    /// The object.
    Top,
    /// `metadata`.
    Metadata,
    /// Inside, this deep.
    Inside(usize),
}

impl<'de> serde::de::DeserializeSeed<'de> for Level {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut out = Map::new();
        while let Some(Key(key)) = map.next_key()? {
            let inner = match self {
                Level::MetadataOnly | Level::Top if key == "metadata" => Some(Level::Metadata),
                Level::MetadataOnly => None,
                Level::Top => Some(Level::Inside(1)),
                // Labels whole; of the rest only what is short.
                Level::Metadata if key == "labels" => Some(Level::Inside(DEPTH)),
                Level::Metadata => matches!(&*key, "name" | "namespace" | "uid").then_some(Level::Inside(DEPTH)),
                Level::Inside(depth) if depth <= DEPTH => Some(Level::Inside(depth + 1)),
                Level::Inside(_) => None,
            };
            match inner {
                Some(level) => {
                    let value = map.next_value_seed(level)?;
                    if !value.is_null() {
                        out.insert(key.into_owned(), value);
                    }
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Value::Object(out))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        // Only the first item can be named by a selectable field (`status.podIPs`).
        let first = match self {
            Level::Inside(2) => seq.next_element_seed(Level::Inside(DEPTH))?,
            _ => None,
        };
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(first.map_or(Value::Null, |value| Value::Array(vec![value])))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use storage::Revision;

    #[test]
    fn the_header_holds_labels_and_selectable_fields() {
        let row = api::find("", "v1", "pods").expect("pods");
        let pod = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p", "namespace": "n", "labels": {"a": "b", "c": ""}},
            "spec": {"nodeName": "node", "containers": [{"name": "x"}], "restartPolicy": "Always"},
            "status": {"phase": "Running", "podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}]}});
        let encoded = Encoded::from_object(pod.as_object().expect("object"));
        let entry = Entry {
            key: keys::key(row, "n", "p"),
            value: encoded.stored(),
            modified: Revision(5),
            created: Revision(4),
        };
        let obj = Obj::new(row, &entry).expect("object");
        assert_eq!(obj.place(), ("n", "p"));
        assert_eq!((obj.label("a"), obj.label("c"), obj.label("d")), (Some("b"), Some(""), None));
        let field = |path: &str| obj.field(row.selectable_fields.iter().position(|f| f == path).expect("path"));
        assert_eq!(field("spec.nodeName"), Some("node"));
        assert_eq!(field("status.phase"), Some("Running"));
        assert_eq!(field("status.podIP"), Some("10.0.0.1"));
        assert_eq!(field("spec.hostNetwork"), Some("false"));
        assert_eq!(field("metadata.name"), Some("p"));
    }
}
