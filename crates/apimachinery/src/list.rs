//! Lists as JSON, made of objects that are JSON already.

pub use crate::status::ListMeta;

impl ListMeta {
    /// With this resource version and nothing else.
    #[must_use]
    pub fn at(resource_version: impl Into<String>) -> Self {
        ListMeta { resource_version: resource_version.into(), ..ListMeta::default() }
    }

    /// Appends JSON.
    pub fn write(&self, out: &mut Vec<u8>) {
        // Strings and a number: writing them into memory cannot fail.
        let _ = serde_json::to_writer(out, self);
    }
}

/// What comes before the items of a list.
#[must_use]
pub fn head(kind: &str, api_version: &str, meta: &ListMeta) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(br#"{"kind":""#);
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(br#"","apiVersion":""#);
    out.extend_from_slice(api_version.as_bytes());
    out.extend_from_slice(br#"","metadata":"#);
    meta.write(&mut out);
    out.extend_from_slice(br#","items":["#);
    out
}

/// What comes behind them.
pub const TAIL: &[u8] = b"]}\n";

/// A whole list.
#[must_use]
pub fn encode<'i>(
    kind: &str,
    api_version: &str,
    meta: &ListMeta,
    items: impl IntoIterator<Item = &'i [u8]>,
) -> Vec<u8> {
    let mut out = head(kind, api_version, meta);
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(item);
    }
    out.extend_from_slice(TAIL);
    out
}

/// `continue`: where a list in pieces goes on. The revision is the one of the first piece; the key is the last one that
/// was sent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Continue {
    /// Version of the form.
    #[serde(rename = "v")]
    version: String,
    /// Revision to read at; -1: the newest (after the first one expired).
    #[serde(rename = "rv")]
    pub revision: i64,
    /// The key to go on from.
    #[serde(rename = "start")]
    pub start: String,
}

impl Continue {
    /// Goes on behind this key.
    #[must_use]
    pub fn new(revision: i64, start: impl Into<String>) -> Self {
        Continue { version: "meta.k8s.io/v1".to_owned(), revision, start: start.into() }
    }

    /// As clients see it.
    #[must_use]
    pub fn encode(&self) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Reads a token; `None` when it is not one of ours.
    #[must_use]
    pub fn decode(token: &str) -> Option<Self> {
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token).ok()?;
        let token: Continue = serde_json::from_slice(&bytes).ok()?;
        (token.version == "meta.k8s.io/v1" && !token.start.is_empty() && token.revision != 0).then_some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        let meta = ListMeta { remaining_item_count: Some(3), continue_token: "c".into(), ..ListMeta::at("5") };
        let text = encode("PodList", "v1", &meta, [&b"{\"a\":1}"[..], b"{}"]);
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"5\",\"continue\":\"c\",\"remainingItemCount\":3},\"items\":[{\"a\":1},{}]}\n"
        );
        let empty = encode("PodList", "v1", &ListMeta::default(), []);
        assert_eq!(
            String::from_utf8(empty).unwrap(),
            "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{},\"items\":[]}\n"
        );
    }

    #[test]
    fn tokens() {
        let token = Continue::new(7, "ns/name\0");
        assert_eq!(Continue::decode(&token.encode()), Some(token));
        for bad in ["", "x", "e30"] {
            assert_eq!(Continue::decode(bad), None);
        }
    }
}
