//! `patch`: JSON patch, merge patch, strategic merge patch.

use apimachinery::{
    field::{FieldError, Path},
    meta, patch,
    schema::Schema,
    status::Status,
};
use bytes::Bytes;
use serde_json::Value;

use crate::registry::{Call, Outcome, Registry, decode};

/// The patches that are taken, as they are named in `Content-Type`.
pub const TYPES: [&str; 3] =
    ["application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Merge,
    Strategic,
}

/// A patch that has been read, but not applied.
#[derive(Debug)]
pub struct Patch {
    kind: Kind,
    body: Value,
    duplicates: Vec<String>,
}

impl Patch {
    /// Reads a patch.
    ///
    /// # Errors
    /// An unknown type (415), or a body that is no patch.
    pub fn read(content_type: &str, body: &Bytes) -> Result<Self, Status> {
        let name = content_type.split(';').next().unwrap_or_default().trim();
        let kind = match name {
            "application/json-patch+json" => Kind::Json,
            "application/merge-patch+json" => Kind::Merge,
            "application/strategic-merge-patch+json" => Kind::Strategic,
            other => return Err(Status::unsupported_media_type(other, &TYPES)),
        };
        let (body, duplicates) = decode::json(body).map_err(|e| match kind {
            Kind::Strategic => Status::bad_request(e),
            Kind::Json | Kind::Merge => Status::bad_request(format!("error decoding patch: {e}")),
        })?;
        let mut duplicates = duplicates;
        if kind == Kind::Json {
            duplicates.extend(patch::json::unknown_fields(&body).into_iter().map(|e| format!("json patch {e}")));
        } else if !body.is_object() {
            return Err(Status::bad_request("Invalid JSON Patch"));
        }
        Ok(Patch { kind, body, duplicates })
    }

    /// Applies it to an object.
    ///
    /// # Errors
    /// It does not fit.
    pub fn apply(&self, object: &Value, schema: Schema<'_>) -> Result<Value, Status> {
        match self.kind {
            Kind::Json => patch::json::apply(object, &self.body).map_err(|e| e.status()),
            Kind::Merge => {
                let mut patched = object.clone();
                patch::merge::apply(&mut patched, &self.body);
                Ok(patched)
            }
            Kind::Strategic => patch::strategic::apply(object, &self.body, schema).map_err(|e| e.status()),
        }
    }
}

impl Registry {
    /// Patches the object that a call names.
    ///
    /// # Errors
    /// Not there, refused, or the patch does not fit.
    pub async fn patch(&self, call: &Call, patch: &Patch) -> Result<Outcome, Status> {
        let schema = call.row.schema();
        if call.info.subresource == "scale" {
            let schema = api::kind_schema("autoscaling", "v1", "Scale").unwrap_or(schema);
            return self.change_scale(call, &|scale| checked(call, patch, scale, schema)).await;
        }
        self.change(call, &|object| checked(call, patch, object, schema)).await
    }
}

/// The patched object, without what the schema does not know.
fn checked(call: &Call, patch: &Patch, object: &Value, schema: Schema<'_>) -> Result<Value, Status> {
    let mut patched = patch.apply(object, schema)?;
    let invalid = |patched: &Value, what: String| {
        let error = FieldError::invalid(&Path::new("patch"), what_was_patched(patch, patched), what);
        Status::invalid("", "", "", &[error])
    };
    if !patched.is_object() {
        return Err(invalid(&patched, "json: cannot unmarshal into an object".into()));
    }
    let found = decode::fit(schema, &mut patched);
    if let Some(problem) = found.wrong.first() {
        return Err(invalid(&patched, problem.clone()));
    }
    let strict: Vec<String> = patch.duplicates.iter().cloned().chain(found.unknown).collect();
    decode::directive(call, &strict).map_err(|text| invalid(&patched, text))?;
    names(call, &patched)?;
    Ok(patched)
}

/// What upstream shows as the invalid value: the patched object, or for strategic patches the patch.
fn what_was_patched(patch: &Patch, patched: &Value) -> Value {
    match patch.kind {
        Kind::Strategic => patch.body.to_string().into(),
        Kind::Json | Kind::Merge => patched.to_string().into(),
    }
}

/// A patch cannot make another object of it.
fn names(call: &Call, patched: &Value) -> Result<(), Status> {
    let name = meta::name(patched);
    if name != call.info.name {
        return Err(Status::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            call.info.name
        )));
    }
    let (version, kind) = (meta::api_version(patched), meta::kind(patched));
    let scale = call.info.subresource == "scale";
    if !scale && !version.is_empty() && version != call.row.api_version() {
        return Err(Status::bad_request(format!(
            "the API version in the data ({version}) does not match the expected API version ({})",
            call.row.api_version()
        )));
    }
    if !scale && !kind.is_empty() && kind != call.row.kind {
        return Err(Status::bad_request(format!(
            "{kind} in version \"{version}\" cannot be handled as a {}",
            call.row.kind
        )));
    }
    Ok(())
}
