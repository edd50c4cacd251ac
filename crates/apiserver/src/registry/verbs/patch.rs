//! `patch`: JSON patch, merge patch, strategic merge patch, server-side apply.

use apimachinery::{
    field::{FieldError, Path},
    managed::apply,
    meta, patch,
    schema::Schema,
    status::Status,
    strict,
};
use bytes::Bytes;
use serde_json::Value;

use crate::{
    negotiate::Format,
    registry::{
        Call, FieldValidation, Outcome, Registry,
        decode::{self, Shape},
        managed,
    },
};

/// The patches that are taken, as they are named in `Content-Type`.
pub const TYPES: [&str; 4] =
    ["application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json", APPLY];
/// Server-side apply: its body is the wanted state, as YAML or JSON.
pub const APPLY: &str = "application/apply-patch+yaml";

/// Those of custom resources.
const CUSTOM_TYPES: [&str; 3] = ["application/json-patch+json", "application/merge-patch+json", APPLY];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Merge,
    Strategic,
    Apply,
}

/// A patch that has been read, but not applied.
#[derive(Debug)]
pub struct Patch {
    kind: Kind,
    body: Value,
    duplicates: Vec<String>,
    /// What is said about keys that are there twice in the configuration of an apply.
    repeated: Option<String>,
}

impl Patch {
    /// Reads a patch.
    ///
    /// # Errors
    /// An unknown type (415), or a body that is no patch.
    pub fn read(content_type: &str, body_bytes: &Bytes, custom: bool) -> Result<Self, Status> {
        let name = content_type.split(';').next().unwrap_or_default().trim();
        // Nobody knows how lists of custom objects merge strategically.
        if custom && name == "application/strategic-merge-patch+json" {
            return Err(Status::unsupported_media_type(name, &CUSTOM_TYPES));
        }
        let kind = match name {
            "application/json-patch+json" => Kind::Json,
            "application/merge-patch+json" => Kind::Merge,
            "application/strategic-merge-patch+json" => Kind::Strategic,
            APPLY => Kind::Apply,
            other => return Err(Status::unsupported_media_type(other, &TYPES)),
        };
        let read = match kind {
            Kind::Apply => decode::parse(Format::Yaml, body_bytes, decode::built_in),
            Kind::Json | Kind::Merge | Kind::Strategic => decode::json(body_bytes),
        };
        let (body, duplicates) = read.map_err(|e| match kind {
            Kind::Strategic => Status::bad_request(e),
            Kind::Apply => Status::bad_request(format!("error decoding YAML: {e}")),
            Kind::Json | Kind::Merge => Status::bad_request(format!("error decoding patch: {e}")),
        })?;
        let mut duplicates = duplicates;
        let mut repeated = None;
        if kind == Kind::Apply && !duplicates.is_empty() {
            repeated = strict::yaml_repeated(body_bytes);
            duplicates.clear();
        }
        if kind == Kind::Json {
            duplicates.extend(patch::json::unknown_fields(&body).into_iter().map(|e| format!("json patch {e}")));
        } else if !body.is_object() {
            return Err(Status::bad_request("Invalid JSON Patch"));
        }
        Ok(Patch { kind, body, duplicates, repeated })
    }

    /// It is a server-side apply.
    #[must_use]
    pub fn is_apply(&self) -> bool {
        self.kind == Kind::Apply
    }

    /// Applies it to an object.
    ///
    /// # Errors
    /// It does not fit.
    pub fn apply(&self, call: &Call, object: &Value, schema: Schema<'_>) -> Result<Value, Status> {
        match self.kind {
            Kind::Json => patch::json::apply(object, &self.body).map_err(|e| e.status()),
            Kind::Merge => {
                let mut patched = object.clone();
                patch::merge::apply(&mut patched, &self.body);
                Ok(patched)
            }
            Kind::Strategic => patch::strategic::apply(object, &self.body, schema).map_err(|e| e.status()),
            Kind::Apply => self.server_side(call, Some(object), schema),
        }
    }

    fn server_side(&self, call: &Call, live: Option<&Value>, schema: Schema<'_>) -> Result<Value, Status> {
        let request = apply::Apply {
            manager: &call.options.manager,
            api_version: &call.row.api_version(),
            kind: &call.row.kind,
            subresource: &call.info.subresource,
            now: call.now,
            reset: managed::reset(call, &call.row),
            force: call.options.force,
        };
        let applied = apply::apply(live, &self.body, schema, &request).map_err(|e| e.status())?;
        if let Some(repeated) = &self.repeated {
            match call.options.field_validation {
                FieldValidation::Ignore => {}
                FieldValidation::Warn => call.warn(repeated.clone()),
                FieldValidation::Strict => {
                    return Err(Status::bad_request(format!("error strict decoding patch: {repeated}")));
                }
            }
        }
        Ok(applied)
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
            let shape = Shape::Typed(schema);
            return self.change_scale(call, &|scale| checked(call, patch, scale, schema, shape)).await;
        }
        self.change(call, &|object| checked(call, patch, object, schema, Shape::of(&call.row))).await
    }
}

impl Registry {
    /// The object of an apply that found nothing to change: it is created.
    ///
    /// # Errors
    /// Refused, as a create is.
    pub async fn create_by_apply(&self, call: &Call, patch: &Patch) -> Result<Outcome, Status> {
        let schema = call.row.schema();
        let object = fitting(call, patch, patch.server_side(call, None, schema)?, Shape::of(&call.row))?;
        self.create(call, object).await
    }

    /// Is the object of a call there?
    #[must_use]
    pub fn exists(&self, call: &Call) -> bool {
        let key = crate::registry::keys::key(&call.row, &call.info.namespace, &call.info.name);
        self.cache.kind(&call.row).is_some_and(|kind| kind.get(&key).is_some())
    }
}

/// The patched object, without what the schema does not know.
fn checked(call: &Call, patch: &Patch, object: &Value, schema: Schema<'_>, shape: Shape<'_>) -> Result<Value, Status> {
    fitting(call, patch, patch.apply(call, object, schema)?, shape)
}

fn fitting(call: &Call, patch: &Patch, mut patched: Value, shape: Shape<'_>) -> Result<Value, Status> {
    let invalid = |patched: &Value, what: String| {
        let error = FieldError::invalid(&Path::new("patch"), what_was_patched(patch, patched), what);
        Status::invalid("", "", "", &[error])
    };
    if !patched.is_object() {
        return Err(invalid(&patched, "json: cannot unmarshal into an object".into()));
    }
    let found = decode::fit_shape(shape, &mut patched);
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
        Kind::Strategic | Kind::Apply => patch.body.to_string().into(),
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
