//! Options of writes, from the query string.

use apimachinery::{
    field::{FieldError, Path},
    status::Status,
};
use http::HeaderMap;
use serde_json::{Map, Value};

use crate::{
    registry::{FieldValidation, Options, verbs::patch::APPLY},
    request::Query,
};

/// A manager's name is at most this long.
const MANAGER: usize = 128;

/// Reads and checks the options of a write; `kind` is `CreateOptions`, `UpdateOptions`, `PatchOptions` or `DeleteOptions`.
///
/// # Errors
/// 422: unknown words.
pub fn read(kind: &str, query: &Query, headers: &HeaderMap) -> Result<Options, Status> {
    let mut errors = Vec::new();
    let dry_run: Vec<&str> = query.all("dryRun").filter(|v| !v.is_empty()).collect();
    let manager = query.get("fieldManager").unwrap_or_default();
    let validation = query.get("fieldValidation").unwrap_or_default();
    let applies = kind == "PatchOptions" && media(headers) == APPLY;
    if applies && manager.is_empty() {
        errors.push(FieldError::required(&Path::new("fieldManager"), "is required for apply patch"));
    }
    if query.get("force").is_some() && kind == "PatchOptions" && !applies {
        errors.push(FieldError::forbidden(&Path::new("force"), "may not be specified for non-apply patch"));
    }
    if manager.len() > MANAGER {
        errors.push(FieldError::too_long(&Path::new("fieldManager"), MANAGER));
    }
    if let Some((at, c)) = manager.char_indices().find(|(_, c)| c.is_control()) {
        let detail = format!("invalid character U+{:04X} (at position {at})", u32::from(c));
        errors.push(FieldError::invalid(&Path::new("fieldManager"), manager, detail));
    }
    if dry_run.iter().any(|v| *v != "All") {
        let given: Vec<Value> = dry_run.iter().map(|v| (*v).into()).collect();
        errors.push(FieldError::not_supported(&Path::new("dryRun"), given, &["All"]));
    }
    let field_validation = match validation {
        "" | "Warn" => FieldValidation::Warn,
        "Ignore" => FieldValidation::Ignore,
        "Strict" => FieldValidation::Strict,
        other => {
            errors.push(FieldError::not_supported(
                &Path::new("fieldValidation"),
                other,
                &["", "Ignore", "Strict", "Warn"],
            ));
            FieldValidation::Warn
        }
    };
    if !errors.is_empty() {
        return Err(Status::invalid("meta.k8s.io", kind, "", &errors));
    }
    let json = as_admission_sees_it(kind, &dry_run, manager, validation);
    let manager = if manager.is_empty() { from_agent(headers) } else { manager.to_owned() };
    Ok(Options {
        dry_run: !dry_run.is_empty(),
        manager,
        field_validation,
        force: applies && query.flag("force"),
        applies,
        json,
        inner: false,
    })
}

fn as_admission_sees_it(kind: &str, dry_run: &[&str], manager: &str, validation: &str) -> Value {
    let mut json = Map::new();
    json.insert("kind".into(), kind.into());
    json.insert("apiVersion".into(), "meta.k8s.io/v1".into());
    if !dry_run.is_empty() {
        json.insert("dryRun".into(), dry_run.iter().map(|v| Value::from(*v)).collect());
    }
    for (key, value) in [("fieldManager", manager), ("fieldValidation", validation)] {
        if !value.is_empty() {
            json.insert(key.into(), value.into());
        }
    }
    Value::Object(json)
}

fn media(headers: &HeaderMap) -> &str {
    let given = headers.get(http::header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    given.split(';').next().unwrap_or_default().trim()
}

/// The manager's name for a component that sends no user agent: what upstream's component of that identity is called.
#[must_use]
pub fn component(user: &str) -> String {
    let mut parts = user.split(':');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("system"), Some("node"), Some(_)) => "kubelet".into(),
        (Some("system"), Some("serviceaccount"), Some("kube-system")) => "kube-controller-manager".into(),
        _ => user.rsplit(':').next().unwrap_or_default().chars().take(MANAGER).collect(),
    }
}

/// The front of the user agent names a manager that does not name itself.
fn from_agent(headers: &HeaderMap) -> String {
    let agent = headers.get(http::header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    agent.split('/').next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(MANAGER).collect()
}
