//! Answers in Kubernetes' protobuf form, made from the JSON of built-in kinds.

use apimachinery::{
    protobuf::{self, Tree},
    schema::Schema,
    status::Status,
};
use bytes::Bytes;

use crate::body::EventKind;

/// The media type.
pub const MEDIA: &str = "application/vnd.kubernetes.protobuf";
/// The media type of watches.
pub const WATCH_MEDIA: &str = "application/vnd.kubernetes.protobuf;stream=watch";

/// The type of a built-in kind by its apiVersion; both versions of the meta group have the same messages.
#[must_use]
pub fn schema(api_version: &str, kind: &str) -> Option<Schema<'static>> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let version = if group == "meta.k8s.io" { "v1" } else { version };
    api::kind_schema(group, version, kind)
}

/// An object in its envelope.
///
/// # Errors
/// Its kind has no protobuf form, or it does not fit its type.
pub fn object(json: &[u8]) -> Result<Vec<u8>, Status> {
    let tree = Tree::parse(json).map_err(Status::internal)?;
    let (api_version, kind) = (tree.text("apiVersion"), tree.text("kind"));
    // Discovery of the core group says no version of its own.
    let api_version = if api_version.is_empty() { "v1" } else { api_version };
    Ok(protobuf::seal(api_version, kind, &write(api_version, kind, &tree)?))
}

/// An object as an item of a list.
///
/// # Errors
/// As [`object`].
pub fn item(json: &[u8]) -> Result<Vec<u8>, Status> {
    let tree = Tree::parse(json).map_err(Status::internal)?;
    Ok(protobuf::item(&write(tree.text("apiVersion"), tree.text("kind"), &tree)?))
}

/// A `ListMeta` without envelope.
///
/// # Errors
/// It is none.
pub fn list_metadata(json: &[u8]) -> Result<Vec<u8>, Status> {
    let Some(schema) = schema("v1", "PodList").and_then(|list| list.child("metadata")) else {
        return Err(Status::internal("lists have no metadata"));
    };
    let tree = Tree::parse(json).map_err(Status::internal)?;
    api::messages().write(schema, &tree).map_err(Status::internal)
}

fn write(api_version: &str, kind: &str, tree: &Tree<'_>) -> Result<Vec<u8>, Status> {
    let schema = schema(api_version, kind).filter(|_| kind != "Table").ok_or_else(|| {
        let version = api_version.rsplit('/').next().unwrap_or_default();
        Status::failure(
            406,
            apimachinery::status::reason::NOT_ACCEPTABLE,
            format!("object *{version}.{kind} does not implement the protobuf marshalling interface and cannot be encoded to a protobuf message"),
        )
    })?;
    api::messages().write(schema, tree).map_err(Status::internal)
}

/// A watch event with its length before it. An object that cannot be written ends as an ERROR event.
#[must_use]
pub fn event(kind: EventKind, json: &[u8]) -> Bytes {
    let (kind, object) = match object(json) {
        Ok(object) => (kind, object),
        Err(status) => (EventKind::Error, self::object(status.to_json().as_ref()).unwrap_or_default()),
    };
    protobuf::frame(kind.text(), &object).into()
}
