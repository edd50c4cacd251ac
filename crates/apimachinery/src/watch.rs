//! Events of a watch as they go over the wire: one JSON object per line.

use serde::Deserialize;
use serde_json::value::RawValue;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// It came, or came into view of the selector.
    Added,
    /// It changed.
    Modified,
    /// It went, or went out of view; the object is its last state.
    Deleted,
    /// Nothing: the object carries a resource version to go on from.
    Bookmark,
    /// The object is a Status, and the watch ends.
    Error,
}

impl EventKind {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            EventKind::Added => "ADDED",
            EventKind::Modified => "MODIFIED",
            EventKind::Deleted => "DELETED",
            EventKind::Bookmark => "BOOKMARK",
            EventKind::Error => "ERROR",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "ADDED" => EventKind::Added,
            "MODIFIED" => EventKind::Modified,
            "DELETED" => EventKind::Deleted,
            "BOOKMARK" => EventKind::Bookmark,
            "ERROR" => EventKind::Error,
            _ => return None,
        })
    }
}

/// What comes before the object in a line.
#[must_use]
pub fn head(kind: EventKind) -> &'static [u8] {
    match kind {
        EventKind::Added => br#"{"type":"ADDED","object":"#,
        EventKind::Modified => br#"{"type":"MODIFIED","object":"#,
        EventKind::Deleted => br#"{"type":"DELETED","object":"#,
        EventKind::Bookmark => br#"{"type":"BOOKMARK","object":"#,
        EventKind::Error => br#"{"type":"ERROR","object":"#,
    }
}

/// What comes behind it.
pub const TAIL: &[u8] = b"}\n";

/// A line.
#[must_use]
pub fn encode(kind: EventKind, object: &[u8]) -> Vec<u8> {
    let head = head(kind);
    let mut out = Vec::with_capacity(head.len() + object.len() + TAIL.len());
    out.extend_from_slice(head);
    out.extend_from_slice(object.trim_ascii_end());
    out.extend_from_slice(TAIL);
    out
}

/// The object of a bookmark.
#[must_use]
pub fn bookmark(kind: &str, api_version: &str, resource_version: &str, initial_events_end: bool) -> Vec<u8> {
    let annotations = if initial_events_end { r#","annotations":{"k8s.io/initial-events-end":"true"}"# } else { "" };
    format!(
        r#"{{"kind":"{kind}","apiVersion":"{api_version}","metadata":{{"resourceVersion":"{resource_version}","creationTimestamp":null{annotations}}}}}"#
    )
    .into_bytes()
}

/// Reads a line: what happened, and the object's JSON within the line.
#[must_use]
pub fn decode(line: &[u8]) -> Option<(EventKind, &[u8])> {
    #[derive(Deserialize)]
    struct Line<'l> {
        #[serde(rename = "type")]
        kind: &'l str,
        #[serde(borrow)]
        object: &'l RawValue,
    }
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    Some((EventKind::parse(line.kind)?, line.object.get().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for kind in [EventKind::Added, EventKind::Modified, EventKind::Deleted, EventKind::Bookmark, EventKind::Error] {
            let line = encode(kind, b"{\"a\":[1]}\n");
            assert_eq!(decode(&line), Some((kind, &b"{\"a\":[1]}"[..])));
            assert_eq!(EventKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(decode(b"{}"), None);
        let object: serde_json::Value = serde_json::from_slice(&bookmark("Pod", "v1", "9", true)).unwrap();
        assert_eq!(object["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
    }
}
