//! From the bytes of a request to a tree that its schema allows.

use apimachinery::{
    field::{FieldError, Path, aggregate},
    meta,
    protobuf::{self, Envelope},
    prune,
    schema::Schema,
    status::Status,
    strict,
};
use bytes::Bytes;
use serde_json::Value;

use super::{Call, FieldValidation};
use crate::negotiate::Format;

/// What was found while an object was made to fit its schema.
#[derive(Debug, Default)]
pub struct Found {
    /// `unknown field "spec.x"`.
    pub unknown: Vec<String>,
    /// Values of a wrong type, in upstream's words.
    pub wrong: Vec<String>,
}

/// Reads JSON; also says which fields were there twice.
///
/// # Errors
/// It is no JSON.
pub fn json(bytes: &[u8]) -> Result<(Value, Vec<String>), String> {
    strict::json_strict(bytes).map(|d| (d.value, d.duplicates)).map_err(|e| e.to_string())
}

/// Reads a body; `schema` says what protobuf holds.
///
/// # Errors
/// It cannot be read: upstream's words.
pub fn parse(
    format: Format,
    bytes: &Bytes,
    schema: impl Fn(&str, &str) -> Option<Schema<'static>>,
) -> Result<(Value, Vec<String>), String> {
    match format {
        Format::Json => json(bytes),
        Format::Yaml => strict::yaml(bytes).map(|d| (d.value, d.duplicates)).map_err(|e| e.to_string()),
        Format::Protobuf => {
            let envelope = protobuf::open(bytes).map_err(|e| e.to_string())?;
            let (version, kind) = (envelope.api_version, envelope.kind);
            let schema = schema(version, kind).ok_or_else(|| not_registered(version, kind))?;
            let value = message(schema, &envelope, version, kind).map_err(|e| e.to_string())?;
            Ok((value, Vec::new()))
        }
    }
}

fn not_registered(version: &str, kind: &str) -> String {
    format!(
        "no kind \"{kind}\" is registered for version \"{version}\" in scheme \"pkg/api/legacyscheme/scheme.go:30\""
    )
}

fn message(
    schema: Schema<'static>,
    envelope: &Envelope<'_>,
    version: &str,
    kind: &str,
) -> Result<Value, protobuf::ReadError> {
    let mut value = api::messages().read(schema, envelope.message)?;
    meta::set_gvk(&mut value, version, kind);
    Ok(value)
}

/// The object of a create or update in protobuf. What the envelope does not say is taken from the path.
fn enveloped(bytes: &Bytes, expected: &Expected<'_>) -> Result<Value, Status> {
    let envelope =
        protobuf::open(bytes).map_err(|e| Status::bad_request(unrecognized(expected, bytes, &e.to_string())))?;
    let kind = if envelope.kind.is_empty() { expected.kind } else { envelope.kind };
    let version = if envelope.api_version.is_empty() { expected.api_version.as_str() } else { envelope.api_version };
    let handled = |why: &str| {
        let (short, wanted) = (version.rsplit('/').next().unwrap_or_default(), expected.kind);
        Status::bad_request(format!("{kind} in version \"{short}\" cannot be handled as a {wanted}: {why}"))
    };
    if matches!(expected.shape, Shape::Custom(_)) {
        return Err(handled(
            "object *unstructured.Unstructured does not implement the protobuf marshalling interface and cannot be encoded to a protobuf message",
        ));
    }
    let schema = built_in(version, kind).ok_or_else(|| handled(&not_registered(version, kind)))?;
    message(schema, &envelope, version, kind).map_err(|e| handled(&e.to_string()))
}

fn unrecognized(expected: &Expected<'_>, bytes: &[u8], why: &str) -> String {
    let (kind, shown) = (expected.kind, summary(bytes));
    format!("the object provided is unrecognized (must be of type {kind}): {why} ({shown})")
}

/// The type of a built-in kind by its apiVersion.
#[must_use]
pub fn built_in(api_version: &str, kind: &str) -> Option<Schema<'static>> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    api::kind_schema(group, version, kind)
}

/// Drops what the schema does not know and brings the rest into the form that upstream's types have.
pub fn fit(schema: Schema<'_>, value: &mut Value) -> Found {
    match prune::decode(value, schema) {
        Ok(unknown) => {
            api::normalize::apply(schema, value);
            Found { unknown, wrong: Vec::new() }
        }
        Err(error) => Found { unknown: Vec::new(), wrong: vec![error.0] },
    }
}

/// The same by the shape of a resource: a custom one has other rules.
pub fn fit_shape(shape: Shape<'_>, value: &mut Value) -> Found {
    match shape {
        Shape::Typed(schema) => fit(schema, value),
        Shape::Custom(version) => match api::custom::decode::fit(version, value) {
            Ok(paths) => {
                let named = |path: &String| format!("unknown field {}", apimachinery::text::quote(path));
                Found { unknown: paths.iter().map(named).collect(), wrong: Vec::new() }
            }
            Err(why) => Found { unknown: Vec::new(), wrong: vec![why] },
        },
    }
}

/// Does with strict errors what `fieldValidation` says.
///
/// # Errors
/// `Strict`, and there are some: the text of upstream's strict decoding error.
pub fn directive(call: &Call, strict_errors: &[String]) -> Result<(), String> {
    if strict_errors.is_empty() {
        return Ok(());
    }
    match call.options.field_validation {
        FieldValidation::Ignore => Ok(()),
        FieldValidation::Warn => {
            strict_errors.iter().for_each(|e| call.warn(e.clone()));
            Ok(())
        }
        FieldValidation::Strict => Err(strict::message(strict_errors)),
    }
}

/// What an object is made to fit.
#[derive(Clone, Copy)]
pub enum Shape<'a> {
    /// A built-in type.
    Typed(Schema<'a>),
    /// A version of a custom resource.
    Custom(&'a api::custom::Version),
}

impl<'a> Shape<'a> {
    /// The shape of a row's objects.
    #[must_use]
    pub fn of(row: &'a api::Resource) -> Self {
        api::custom::of(row).map_or_else(|| Shape::Typed(row.schema()), Shape::Custom)
    }
}

/// Which type a body must have.
pub struct Expected<'a> {
    /// `v1`, `apps/v1`.
    pub api_version: String,
    /// Kind.
    pub kind: &'a str,
    /// Its shape.
    pub shape: Shape<'a>,
}

/// The object of a create or update.
///
/// # Errors
/// 400: not readable, of another kind, or not fitting its schema.
pub fn object(call: &Call, format: Format, bytes: &Bytes, expected: &Expected<'_>) -> Result<Value, Status> {
    let unrecognized = |why: &str| Status::bad_request(unrecognized(expected, bytes, why));
    let (mut value, mut strict_errors) = match format {
        Format::Protobuf => (enveloped(bytes, expected)?, Vec::new()),
        Format::Json | Format::Yaml => parse(format, bytes, built_in)
            .map_err(|e| unrecognized(&format!("couldn't get version/kind; json parse error: {e}")))?,
    };
    if !value.is_object() {
        return Err(unrecognized(
            "couldn't get version/kind; json parse error: json: cannot unmarshal into Go value of type struct",
        ));
    }
    kind(&mut value, expected)?;
    let found = fit_shape(expected.shape, &mut value);
    let (given, version) = (expected.kind, expected.api_version.rsplit('/').next().unwrap_or_default());
    let handled = |why: String| {
        Status::bad_request(format!("{given} in version \"{version}\" cannot be handled as a {given}: {why}"))
    };
    if !found.wrong.is_empty() {
        return Err(handled(aggregate(&found.wrong)));
    }
    let both = !strict_errors.is_empty() && !found.unknown.is_empty();
    strict_errors.extend(found.unknown);
    // Of custom objects, upstream names duplicates first.
    if both && matches!((format, expected.shape), (Format::Json, Shape::Typed(_))) {
        strict::as_read(bytes, &mut strict_errors);
    }
    directive(call, &strict_errors).map_err(handled)?;
    Ok(value)
}

/// The type named in the body must be the one of the path; one that is not named is taken from there.
fn kind(value: &mut Value, expected: &Expected<'_>) -> Result<(), Status> {
    let (version, kind) = (meta::api_version(value).to_owned(), meta::kind(value).to_owned());
    let short = version.rsplit('/').next().unwrap_or_default();
    if matches!(expected.shape, Shape::Custom(_)) && !kind.is_empty() && kind != expected.kind {
        let group = expected.api_version.split_once('/').map_or("", |(group, _)| group);
        let error = FieldError::invalid(&Path::new("kind"), kind.as_str(), format!("must be {}", expected.kind));
        return Err(Status::invalid(group, &kind, meta::name(value), &[error]));
    }
    if !kind.is_empty() && kind != expected.kind {
        let known = version.split_once('/').map_or(("", version.as_str()), |(group, version)| (group, version));
        let why = if api::kind_schema(known.0, known.1, &kind).is_some() {
            let group = if known.0.is_empty() { "core" } else { known.0 };
            format!(
                "converting ({}.{kind}) to ({}.{}): unknown conversion",
                go_package(known.0, known.1),
                group.split('.').next().unwrap_or_default(),
                expected.kind
            )
        } else {
            not_registered(&version, &kind)
        };
        return Err(Status::bad_request(format!(
            "{kind} in version \"{short}\" cannot be handled as a {}: {why}",
            expected.kind
        )));
    }
    if !version.is_empty() && version != expected.api_version {
        return Err(Status::bad_request(format!(
            "the API version in the data ({version}) does not match the expected API version ({})",
            expected.api_version
        )));
    }
    meta::set_gvk(value, &expected.api_version, expected.kind);
    Ok(())
}

/// How Go names the package of a version: `v1` for core and most others.
fn go_package<'a>(_group: &str, version: &'a str) -> &'a str {
    version
}

/// The start of a body, as upstream shows what it could not read.
fn summary(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let printable = bytes.iter().all(|b| (0x20..0x7f).contains(b));
    let cut = &bytes[..bytes.len().min(30)];
    let mut out = String::new();
    if printable {
        out = format!("{:?}", String::from_utf8_lossy(cut));
    } else {
        for byte in cut {
            // Writing to a String cannot fail.
            let _ = write!(out, "{byte:02x}");
        }
    }
    if bytes.len() > 30 {
        out.push_str(" ...");
    }
    out
}
