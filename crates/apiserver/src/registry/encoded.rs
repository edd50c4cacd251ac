//! An object as it is stored: JSON without its resourceVersion, which belongs to the store and is spliced in on the way out.

use bytes::{BufMut, Bytes, BytesMut};
use serde_json::{Map, Value};

/// JSON of an object, and the place where `"resourceVersion":"…",` goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    bytes: Bytes,
    splice: u32,
}

/// Most objects have room in it.
const ROOM: usize = 4096;
const METADATA: &[u8] = br#""metadata":{"#;

impl Encoded {
    /// Writes an object in stored form: kind, apiVersion, metadata first, no resourceVersion.
    #[must_use]
    pub fn from_object(object: &Map<String, Value>) -> Self {
        let mut out = Vec::with_capacity(ROOM);
        out.push(b'{');
        for key in ["kind", "apiVersion"] {
            if let Some(value) = object.get(key) {
                member(&mut out, key, value);
                out.push(b',');
            }
        }
        out.extend_from_slice(METADATA);
        let splice = u32::try_from(out.len()).unwrap_or(u32::MAX);
        if let Some(Value::Object(metadata)) = object.get("metadata") {
            let mut first = true;
            for (key, value) in metadata.iter().filter(|(k, _)| *k != "resourceVersion" && *k != "selfLink") {
                if !first {
                    out.push(b',');
                }
                first = false;
                member(&mut out, key, value);
            }
        }
        out.push(b'}');
        for (key, value) in object.iter().filter(|(k, _)| !matches!(k.as_str(), "kind" | "apiVersion" | "metadata")) {
            out.push(b',');
            member(&mut out, key, value);
        }
        out.push(b'}');
        // Kept for long: without the room that was not needed.
        Encoded { bytes: out.into_boxed_slice().into(), splice }
    }

    /// Stored bytes as they come from the store; `None` where they are no object.
    #[must_use]
    pub fn from_stored(bytes: Bytes) -> Option<Self> {
        // kind and apiVersion stand before, and neither can hold this text unescaped.
        let at = bytes.windows(METADATA.len()).take(512).position(|w| w == METADATA)?;
        Some(Encoded { splice: u32::try_from(at + METADATA.len()).ok()?, bytes })
    }

    /// The bytes for the store.
    #[must_use]
    pub fn stored(&self) -> Bytes {
        self.bytes.clone()
    }

    /// The length of the stored bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// It is never empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// JSON with the revision, in pieces that share memory with the store.
    #[must_use]
    pub fn pieces(&self, revision: u64) -> [Bytes; 3] {
        let at = self.splice as usize;
        [self.bytes.slice(..at), self.version(revision).into(), self.bytes.slice(at..)]
    }

    /// JSON with the revision, in one piece.
    #[must_use]
    pub fn json(&self, revision: u64) -> Bytes {
        let mut out = BytesMut::with_capacity(self.bytes.len() + 48);
        self.write(revision, &mut out);
        out.freeze()
    }

    /// Appends the JSON with the revision.
    pub fn write(&self, revision: u64, out: &mut BytesMut) {
        let at = self.splice as usize;
        out.reserve(self.bytes.len() + 48);
        out.put_slice(&self.bytes[..at]);
        out.put_slice(self.version(revision).as_bytes());
        out.put_slice(&self.bytes[at..]);
    }

    fn version(&self, revision: u64) -> String {
        let comma = if self.bytes.get(self.splice as usize) == Some(&b'}') { "" } else { "," };
        ["\"resourceVersion\":\"", &revision.to_string(), "\"", comma].concat()
    }

    /// The object as a tree, with its revision.
    #[must_use]
    pub fn value(&self, revision: u64) -> Value {
        // Written by us from a tree: it is valid JSON. Damage in the store would show as `null` and be refused by the next layer.
        let mut value: Value = serde_json::from_slice(&self.bytes).unwrap_or(Value::Null);
        if let Some(Value::Object(metadata)) = value.get_mut("metadata") {
            metadata.insert("resourceVersion".into(), Value::String(revision.to_string()));
        }
        value
    }
}

fn member(out: &mut Vec<u8>, key: &str, value: &Value) {
    // Writing a tree to memory cannot fail.
    let _ = serde_json::to_writer(&mut *out, key);
    out.push(b':');
    let _ = serde_json::to_writer(&mut *out, value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_revision_is_spliced_in_and_out() {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"metadata": "x"},
            "metadata": {"name": "a", "resourceVersion": "7", "labels": {"metadata": "{"}}});
        let encoded = Encoded::from_object(object.as_object().expect("object"));
        let again = Encoded::from_stored(encoded.stored()).expect("stored");
        assert_eq!(again, encoded);
        let mut wanted = object.clone();
        wanted["metadata"]["resourceVersion"] = json!("12");
        assert_eq!(serde_json::from_slice::<Value>(&encoded.json(12)).expect("json"), wanted);
        assert_eq!(encoded.pieces(12).concat(), encoded.json(12));
        assert_eq!(encoded.value(12), wanted);
        assert!(!encoded.stored().windows(15).any(|w| w == b"resourceVersion"));
    }
}
