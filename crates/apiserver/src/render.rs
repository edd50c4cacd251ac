//! Objects, lists and events in the form that the client takes: whole, as a Table, or only their metadata.

use std::{collections::VecDeque, sync::Arc};

use apimachinery::{meta, status::Status};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::StreamExt;
use serde_json::{Map, Value, json};

use crate::{
    body::{Body, BodyError, EventKind},
    cache::{object::Obj, watch::Form},
    negotiate::{Accepted, Format, RowObject, Shape},
    protobuf,
    registry::{Call, Row, convert, verbs::list::Listed},
};

/// Lists up to this size are sent in one piece; larger ones are made while they are sent.
const ONE_PIECE_BYTES: usize = 256 * 1024;
/// The size of the pieces.
const PIECE_BYTES: usize = 64 * 1024;

/// The columns of a Table.
fn columns(row: &api::Resource) -> Value {
    let one = |c: &api::Column| json!({"name": c.name, "type": c.kind, "format": c.format, "description": "", "priority": c.priority});
    row.columns.iter().map(one).collect()
}

/// Only the metadata of an object.
fn partial(accepted: Accepted, object: &Value) -> Value {
    let metadata = object.get("metadata").cloned().unwrap_or_else(|| json!({}));
    json!({"kind": "PartialObjectMetadata", "apiVersion": accepted.meta_version(), "metadata": metadata})
}

fn table_row(row: &api::Resource, accepted: Accepted, object: Value, now: jiff::Timestamp) -> Value {
    let cells = api::columns::row(row, &object, now);
    let carried = match accepted.rows {
        RowObject::Metadata => partial(accepted, &object),
        RowObject::Object => object,
        RowObject::None => Value::Null,
    };
    json!({"cells": cells, "object": carried})
}

fn table(row: &api::Resource, accepted: Accepted, metadata: Map<String, Value>, rows: Vec<Value>, head: bool) -> Value {
    let definitions = if head { columns(row) } else { Value::Null };
    json!({"kind": "Table", "apiVersion": accepted.meta_version(), "metadata": metadata, "columnDefinitions": definitions, "rows": rows})
}

/// A single object as a tree in the wanted shape.
#[must_use]
pub fn object(call: &Call, accepted: Accepted, object: Value) -> Value {
    let shown = meta::kind(&object) == call.row.kind && meta::api_version(&object) == call.row.api_version();
    match accepted.shape {
        Shape::Whole => object,
        // Scales, reviews and Statuses have no columns.
        Shape::Table | Shape::Metadata if !shown => object,
        Shape::Metadata => partial(accepted, &object),
        Shape::Table => {
            let version = meta::resource_version(&object).to_owned();
            let metadata = Map::from_iter([("resourceVersion".to_owned(), version.into())]);
            table(&call.row, accepted, metadata, vec![table_row(&call.row, accepted, object, call.now)], true)
        }
    }
}

fn list_metadata(listed: &Listed) -> Map<String, Value> {
    let mut metadata = Map::new();
    metadata.insert("resourceVersion".into(), listed.revision.to_string().into());
    if !listed.token.is_empty() {
        metadata.insert("continue".into(), listed.token.clone().into());
    }
    if let Some(remaining) = listed.remaining {
        metadata.insert("remainingItemCount".into(), remaining.into());
    }
    metadata
}

fn value_of(row: &Row, wanted: &api::Resource, object: &Obj) -> Value {
    let mut value = object.value();
    convert::convert(row, wanted, &mut value);
    value
}

/// A list as a tree in the wanted shape.
#[must_use]
pub fn list_value(call: &Call, accepted: Accepted, listed: &Listed) -> Value {
    let metadata = list_metadata(listed);
    let values = listed.objects.iter().map(|object| value_of(&listed.row, &call.row, object));
    match accepted.shape {
        Shape::Whole => {
            let items: Vec<Value> = values.collect();
            json!({"kind": call.row.list_kind, "apiVersion": call.row.api_version(), "metadata": metadata, "items": items})
        }
        Shape::Metadata => {
            let items: Vec<Value> = values.map(|value| partial(accepted, &value)).collect();
            json!({"kind": "PartialObjectMetadataList", "apiVersion": accepted.meta_version(), "metadata": metadata, "items": items})
        }
        Shape::Table => {
            let rows = values.map(|value| table_row(&call.row, accepted, value, call.now)).collect();
            table(&call.row, accepted, metadata, rows, true)
        }
    }
}

/// A list as JSON or protobuf, straight from the bytes in memory.
///
/// # Errors
/// The wanted form needs trees: the list comes back.
pub fn list_body(call: &Call, accepted: Accepted, listed: Listed) -> Result<Body, Listed> {
    if accepted.shape != Shape::Whole || convert::needed(&call.row, &listed.row) {
        return Err(listed);
    }
    match accepted.format {
        Format::Protobuf => return Ok(messages(call, listed)),
        Format::Json if !accepted.pretty => {}
        Format::Json | Format::Yaml => return Err(listed),
    }
    let metadata = Value::Object(list_metadata(&listed));
    let head = format!(
        r#"{{"kind":"{}","apiVersion":"{}","metadata":{metadata},"items":["#,
        call.row.list_kind,
        call.row.api_version()
    );
    let size = head.len() + 2 + listed.objects.iter().map(|o| o.encoded.len() + 48).sum::<usize>();
    if size <= ONE_PIECE_BYTES {
        let mut out = BytesMut::with_capacity(size);
        out.put_slice(head.as_bytes());
        write_items(&listed.objects, 0, listed.objects.len(), &mut out);
        out.put_slice(b"]}");
        return Ok(Body::Full(out.freeze()));
    }
    Ok(Body::Stream(Box::pin(futures_util::stream::unfold(
        (Some(head), 0, listed.objects),
        |(head, from, objects)| async move {
            let mut out = BytesMut::with_capacity(PIECE_BYTES + PIECE_BYTES / 4);
            if let Some(head) = head {
                out.put_slice(head.as_bytes());
            } else if from > objects.len() {
                return None;
            }
            let mut to = from;
            let mut bytes = out.len();
            while to < objects.len() && bytes < PIECE_BYTES {
                bytes += objects[to].encoded.len();
                to += 1;
            }
            write_items(&objects, from, to, &mut out);
            // One past the end says that the closing brackets are out.
            let next = if to == objects.len() {
                out.put_slice(b"]}");
                to + 1
            } else {
                to
            };
            Some((Ok(out.freeze()), (None, next, objects)))
        },
    ))))
}

/// A list in protobuf. All lengths stand before the first item, so that everything is made before anything is sent; others get their turn
/// in between.
fn messages(call: &Call, listed: Listed) -> Body {
    let metadata = Value::Object(list_metadata(&listed)).to_string();
    let (api_version, kind) = (call.row.api_version(), call.row.list_kind.to_string());
    let failed = |status: Status| BodyError::Source(status.message);
    let made = async move {
        let metadata = protobuf::list_metadata(metadata.as_bytes()).map_err(failed)?;
        let (mut pieces, mut size, mut turn) = (VecDeque::from([Bytes::new()]), 0, 0);
        let mut piece = BytesMut::with_capacity(PIECE_BYTES + PIECE_BYTES / 4);
        for object in &listed.objects {
            let item = protobuf::item(&object.json()).map_err(failed)?;
            size += item.len();
            piece.put_slice(&item);
            if piece.len() >= PIECE_BYTES {
                pieces.push_back(piece.split().freeze());
            }
            turn += object.encoded.len();
            if turn >= ONE_PIECE_BYTES {
                turn = 0;
                tokio::task::yield_now().await;
            }
        }
        piece.put_slice(&apimachinery::protobuf::list_end());
        pieces.push_back(piece.freeze());
        pieces[0] = apimachinery::protobuf::list_head(&api_version, &kind, &metadata, size).into();
        Ok::<_, BodyError>(pieces)
    };
    let pieces = futures_util::stream::once(made).map(|made: Result<VecDeque<Bytes>, BodyError>| {
        futures_util::stream::iter(match made {
            Ok(pieces) => pieces.into_iter().map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(error)],
        })
    });
    Body::Stream(Box::pin(pieces.flatten()))
}

fn write_items(objects: &[Arc<Obj>], from: usize, to: usize, out: &mut BytesMut) {
    for (index, object) in objects[from..to].iter().enumerate() {
        if from + index > 0 {
            out.put_u8(b',');
        }
        object.encoded.write(object.revision, out);
    }
}

/// What makes the objects of a watch and its bookmarks.
pub type Bookmarks = Option<Box<dyn FnMut(u64, bool) -> Bytes + Send>>;

/// The form of a watch's objects; `None`: as they are stored.
#[must_use]
pub fn watch_form(call: &Call, stored: &Row, accepted: Accepted) -> (Form, Bookmarks) {
    let (row, stored, now) = (call.row.clone(), stored.clone(), call.now);
    match accepted.shape {
        Shape::Whole if !convert::needed(&row, &stored) => (None, None),
        Shape::Whole => {
            let form = move |_: EventKind, object: &Obj, revision: u64| {
                json_at(&stored, &row, object, revision).to_string().into()
            };
            (Some(Box::new(form)), None)
        }
        Shape::Metadata => {
            let form = move |_: EventKind, object: &Obj, revision: u64| {
                partial(accepted, &json_at(&stored, &row, object, revision)).to_string().into()
            };
            let bookmark = move |revision, end| partial(accepted, &bookmark_object(revision, end)).to_string().into();
            (Some(Box::new(form)), Some(Box::new(bookmark)))
        }
        Shape::Table => {
            let mut head = true;
            let bookmark_row = row.clone();
            let started = tokio::time::Instant::now();
            let form = move |_: EventKind, object: &Obj, revision: u64| {
                let elapsed = jiff::SignedDuration::try_from(started.elapsed()).unwrap_or_default();
                let now = now.checked_add(elapsed).unwrap_or(now);
                let value = json_at(&stored, &row, object, revision);
                let metadata = Map::from_iter([("resourceVersion".to_owned(), revision.to_string().into())]);
                let rows = vec![table_row(&row, accepted, value, now)];
                table(&row, accepted, metadata, rows, std::mem::take(&mut head)).to_string().into()
            };
            let bookmark = move |revision: u64, end| {
                let object = partial(accepted, &bookmark_object(revision, end));
                let metadata = Map::from_iter([("resourceVersion".to_owned(), revision.to_string().into())]);
                let rows = vec![json!({"cells": [], "object": object})];
                table(&bookmark_row, accepted, metadata, rows, false).to_string().into()
            };
            (Some(Box::new(form)), Some(Box::new(bookmark)))
        }
    }
}

fn json_at(stored: &Row, wanted: &Row, object: &Obj, revision: u64) -> Value {
    let mut value = object.encoded.value(revision);
    convert::convert(stored, wanted, &mut value);
    value
}

fn bookmark_object(revision: u64, end: bool) -> Value {
    let mut metadata = json!({"resourceVersion": revision.to_string(), "creationTimestamp": null});
    if end {
        metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
    }
    json!({"metadata": metadata})
}

/// A Status as a tree.
#[must_use]
pub fn status(status: &Status) -> Value {
    serde_json::to_value(status).unwrap_or(Value::Null)
}
