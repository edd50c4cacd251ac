//! A cached object: bytes with a header. Lists, watches and selectors need nothing else.

use std::{borrow::Cow, collections::BTreeSet, fmt, sync::Arc};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};
use storage::Entry;

use crate::registry::{encoded::Encoded, keys, rows::Row};

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
    /// The stored bytes, where the object is shown otherwise: another version, without what its schema does not know, or
    /// with defaults (custom resources).
    raw: Option<bytes::Bytes>,
}

/// What the headers of a kind's objects hold.
#[derive(Debug)]
pub struct Header {
    row: Row,
    /// The paths of all selectable fields; empty where there are none but name and namespace.
    wanted: Box<[Box<str>]>,
}

impl Header {
    /// That of a row.
    #[must_use]
    pub fn of(row: &Row) -> Self {
        let fields = &row.selectable_fields;
        let wanted: BTreeSet<Box<str>> = if fields.iter().any(|f| !f.starts_with("metadata.")) {
            fields.iter().flat_map(|f| api::fields::sources(row, f)).map(Box::from).collect()
        } else {
            BTreeSet::new()
        };
        Header { row: row.clone(), wanted: wanted.into_iter().collect() }
    }
}

impl Obj {
    /// Reads the header of a stored object. `None`: it is no object.
    #[must_use]
    pub fn new(header: &Header, entry: &Entry) -> Option<Self> {
        if let Some(version) = api::custom::of(&header.row) {
            return Self::custom(header, version, entry);
        }
        let encoded = Encoded::from_stored(entry.value.clone())?;
        let mut shallow = Shallow::read(&entry.value, &header.wanted)?;
        let labels = match shallow.pointer_mut("/metadata/labels").map(Value::take) {
            Some(Value::Object(map)) => boxed(map),
            _ => Box::default(),
        };
        let row = &header.row;
        let fields = if header.wanted.is_empty() {
            Box::default()
        } else {
            row.selectable_fields.iter().map(|path| api::fields::value(row, &shallow, path).into_boxed_str()).collect()
        };
        Some(Obj { key: entry.key.clone(), revision: entry.modified.0, labels, fields, encoded, raw: None })
    }

    /// A custom object as its definition shows it.
    fn custom(header: &Header, version: &api::custom::Version, entry: &Entry) -> Option<Self> {
        let stored: Value = serde_json::from_slice(&entry.value).ok()?;
        let mut object = stored.clone();
        api::custom::from_store(version, &mut object);
        let same = object == stored;
        let encoded =
            if same { Encoded::from_stored(entry.value.clone())? } else { Encoded::from_object(object.as_object()?) };
        let row = &header.row;
        let fields = if header.wanted.is_empty() {
            Box::default()
        } else {
            row.selectable_fields.iter().map(|path| api::fields::value(row, &object, path).into_boxed_str()).collect()
        };
        let labels = match object.pointer_mut("/metadata/labels").map(Value::take) {
            Some(Value::Object(map)) => boxed(map),
            _ => Box::default(),
        };
        let raw = (!same).then(|| entry.value.clone());
        Some(Obj { key: entry.key.clone(), revision: entry.modified.0, labels, fields, encoded, raw })
    }

    /// The same stored object in the form of another row.
    #[must_use]
    pub fn renewed(&self, header: &Header) -> Option<Self> {
        let revision = storage::Revision(self.revision);
        let value = self.raw.clone().unwrap_or_else(|| self.encoded.stored());
        Self::new(header, &Entry { key: self.key.clone(), value, modified: revision, created: revision })
    }

    /// It is stored otherwise than it is shown: a write of the same is a write.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.raw.is_some()
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

fn boxed(map: Map<String, Value>) -> Box<[(Box<str>, Box<str>)]> {
    let text = |(key, value): (String, Value)| match value {
        Value::String(value) => Some((key.into_boxed_str(), value.into_boxed_str())),
        _ => None,
    };
    map.into_iter().filter_map(text).collect()
}

/// The labels and what selectable fields look at; everything else is skipped without being built.
struct Shallow;

impl Shallow {
    fn read(bytes: &[u8], wanted: &[Box<str>]) -> Option<Value> {
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        serde::de::DeserializeSeed::deserialize(Level::Object(wanted), &mut deserializer).ok()
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
enum Level<'w> {
    /// The object.
    Object(&'w [Box<str>]),
    /// Labels, and what is scalar anyway.
    Whole,
    /// What lies at a place within the object.
    At(Place<'w>),
}

/// A place within an object, and what is wanted of the object: paths in order.
#[derive(Clone, Copy)]
struct Place<'w> {
    wanted: &'w [Box<str>],
    up: Option<&'w Place<'w>>,
    step: &'w str,
}

impl Place<'_> {
    /// What of a path remains behind this place; `None`: it leads elsewhere.
    fn rest<'p>(&self, path: &'p str) -> Option<&'p str> {
        let rest = match self.up {
            Some(up) => up.rest(path)?.strip_prefix('.')?,
            None => path,
        };
        rest.strip_prefix(self.step).filter(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    fn is_wanted(&self) -> bool {
        self.wanted.iter().any(|path| self.rest(path).is_some())
    }
}

impl<'de> serde::de::DeserializeSeed<'de> for Level<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Level<'_> {
    /// Reads the value of a key, or skips it.
    fn member<'de, A: MapAccess<'de>>(self, key: &str, map: &mut A) -> Result<Option<Value>, A::Error> {
        let place = match &self {
            Level::Whole => return map.next_value_seed(Level::Whole).map(Some),
            Level::Object(wanted) => Place { wanted, up: None, step: key },
            Level::At(up) => Place { wanted: up.wanted, up: Some(up), step: key },
        };
        let labels = match place.up {
            None => key == "metadata",
            Some(up) => up.up.is_none() && up.step == "metadata" && key == "labels",
        };
        if labels && place.up.is_some() {
            return map.next_value_seed(Level::Whole).map(Some);
        }
        if labels || place.is_wanted() {
            return map.next_value_seed(Level::At(place)).map(Some);
        }
        map.next_value::<IgnoredAny>().map(|_| None)
    }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut out = Map::new();
        while let Some(Key(key)) = map.next_key()? {
            if let Some(value) = self.member(&key, &mut map)?.filter(|v| !v.is_null()) {
                out.insert(key.into_owned(), value);
            }
        }
        Ok(Value::Object(out))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        // Only the first item can be named by a selectable field (`status.podIPs.0.ip`).
        let first = match &self {
            Level::At(up) => seq.next_element_seed(Level::At(Place { wanted: up.wanted, up: Some(up), step: "0" }))?,
            Level::Object(_) | Level::Whole => None,
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
    use crate::registry::Rows;
    use serde_json::json;
    use storage::Revision;

    #[test]
    fn the_header_holds_labels_and_selectable_fields() {
        let row = Rows::default().find("", "v1", "pods").expect("pods");
        let pod = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p", "namespace": "n", "labels": {"a": "b", "c": ""}},
            "spec": {"nodeName": "node", "containers": [{"name": "x"}], "restartPolicy": "Always", "nodeNames": {"a": [[1]]}},
            "status": {"phase": "Running", "podIP": "10.0.0.2", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "::1"}]}});
        let encoded = Encoded::from_object(pod.as_object().expect("object"));
        let entry = Entry {
            key: keys::key(&row, "n", "p"),
            value: encoded.stored(),
            modified: Revision(5),
            created: Revision(4),
        };
        let obj = Obj::new(&Header::of(&row), &entry).expect("object");
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
