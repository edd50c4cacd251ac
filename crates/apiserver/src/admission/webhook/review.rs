//! `AdmissionReview`: what a webhook is asked, and what counts as an answer.

use apimachinery::status::Status;
use base64::Engine as _;
use serde_json::{Map, Value, json};

use crate::{
    admission::matching::{Subject, word},
    strategies::json::text,
    subresources::reviews::user_info,
};

/// The version of `AdmissionReview` that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `admission.k8s.io/v1`.
    V1,
    /// `admission.k8s.io/v1beta1`: the answer is taken with fewer questions.
    V1beta1,
}

impl Version {
    /// The first known one of those that a webhook reads.
    #[must_use]
    pub fn choose(accepted: &[String]) -> Option<Self> {
        accepted.iter().find_map(|version| match version.as_str() {
            "v1" => Some(Version::V1),
            "v1beta1" => Some(Version::V1beta1),
            _ => None,
        })
    }

    const fn api_version(self) -> &'static str {
        match self {
            Version::V1 => "admission.k8s.io/v1",
            Version::V1beta1 => "admission.k8s.io/v1beta1",
        }
    }
}

/// The request of a review without its objects and uid: what CEL expressions see as `request`.
#[must_use]
pub fn facts(subject: &Subject<'_>, row: &api::Resource) -> Map<String, Value> {
    let attributes = subject.attributes;
    let own = attributes.resource;
    let kind = |row: &api::Resource| {
        let (group, version, kind) = subject.kind(row);
        json!({"group": group, "version": version, "kind": kind})
    };
    let resource =
        |row: &api::Resource| json!({"group": &*row.group, "version": &*row.version, "resource": &*row.plural});
    let mut request = Map::new();
    request.insert("kind".into(), kind(row));
    request.insert("resource".into(), resource(row));
    request.insert("requestKind".into(), kind(own));
    request.insert("requestResource".into(), resource(own));
    let sub = attributes.info.subresource.as_str();
    let texts =
        [("subResource", sub), ("requestSubResource", sub), ("name", subject.name), ("namespace", subject.namespace)];
    for (key, value) in texts {
        if !value.is_empty() {
            request.insert(key.into(), value.into());
        }
    }
    request.insert("operation".into(), word(attributes.operation).into());
    request.insert("userInfo".into(), user_info(attributes.user));
    request.insert("dryRun".into(), attributes.dry_run.into());
    request.insert("options".into(), attributes.options.clone());
    request
}

/// The review that a webhook gets.
#[must_use]
pub fn request(subject: &Subject<'_>, row: &api::Resource, version: Version, uid: &str) -> Value {
    let mut request = facts(subject, row);
    request.insert("uid".into(), uid.into());
    request.insert("object".into(), subject.shown(subject.object, row).into_owned());
    let old = subject.attributes.old.unwrap_or(&Value::Null);
    request.insert("oldObject".into(), subject.shown(old, row).into_owned());
    json!({"kind": "AdmissionReview", "apiVersion": version.api_version(), "request": request})
}

/// What a webhook answered.
#[derive(Debug, Default, PartialEq)]
pub struct Response {
    /// The request may go on.
    pub allowed: bool,
    /// A JSON patch for the object.
    pub patch: Option<Vec<u8>>,
    /// Why not.
    pub status: Option<Value>,
    /// For the caller.
    pub warnings: Vec<String>,
}

/// Why an answer is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadResponse {
    /// No `response`.
    #[error("webhook response was absent")]
    Absent,
    /// The answer to another question.
    #[error("expected response.uid={wanted:?}, got {got:?}")]
    Uid {
        /// Of the request.
        wanted: String,
        /// Of the answer.
        got: String,
    },
    /// Something else than a review.
    #[error("expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got {0}")]
    Kind(String),
    /// A patch without its type.
    #[error("webhook returned response.patch but not response.patchType")]
    NoPatchType,
    /// A type without a patch.
    #[error("webhook returned response.patchType but not response.patch")]
    NoPatch,
    /// An empty type.
    #[error("webhook returned invalid response.patchType of \"\"")]
    EmptyPatchType,
    /// A patch where nothing may be changed.
    #[error("validating webhook may not return response.patch")]
    ValidatingPatch,
    /// A type of a patch where nothing may be changed.
    #[error("validating webhook may not return response.patchType")]
    ValidatingPatchType,
    /// A patch of a type that is not known.
    #[error("unsupported patch type {0:?}")]
    Unsupported(String),
    /// A patch that is not base64.
    #[error("illegal base64 data in response.patch: {0}")]
    Encoding(String),
}

fn shown_kind(review: &Value) -> String {
    let (version, kind) = (text(review, "/apiVersion"), text(review, "/kind"));
    match version.split_once('/') {
        Some(_) => format!("{version}, Kind={kind}"),
        None => format!("/{version}, Kind={kind}"),
    }
}

/// Checks an answer.
///
/// # Errors
/// It does not count.
pub fn response(review: &Value, version: Version, uid: &str, mutating: bool) -> Result<Response, BadResponse> {
    let given = review.get("response").filter(|r| r.is_object()).ok_or(BadResponse::Absent)?;
    let patch = text(given, "/patch");
    let patch_type = given.get("patchType").and_then(Value::as_str);
    if version == Version::V1 {
        let got = text(given, "/uid");
        if got != uid {
            return Err(BadResponse::Uid { wanted: uid.to_owned(), got: got.to_owned() });
        }
        if text(review, "/apiVersion") != version.api_version() || text(review, "/kind") != "AdmissionReview" {
            return Err(BadResponse::Kind(shown_kind(review)));
        }
        match (mutating, patch.is_empty(), patch_type) {
            (true, false, None) => return Err(BadResponse::NoPatchType),
            (true, true, Some(_)) => return Err(BadResponse::NoPatch),
            (true, false, Some("")) => return Err(BadResponse::EmptyPatchType),
            (true, false, Some(other)) if other != "JSONPatch" => {
                return Err(BadResponse::Unsupported(other.to_owned()));
            }
            (false, false, _) => return Err(BadResponse::ValidatingPatch),
            (false, true, Some(_)) => return Err(BadResponse::ValidatingPatchType),
            (true, _, _) | (false, true, None) => {}
        }
    }
    let patch = (mutating && !patch.is_empty())
        .then(|| base64::engine::general_purpose::STANDARD.decode(patch))
        .transpose()
        .map_err(|e| BadResponse::Encoding(e.to_string()))?;
    let warnings = given.get("warnings").and_then(Value::as_array);
    Ok(Response {
        allowed: given.get("allowed").and_then(Value::as_bool).unwrap_or(false),
        patch,
        status: given.get("status").filter(|s| s.is_object()).cloned(),
        warnings: warnings.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
    })
}

/// The answer to a request that a webhook refused.
#[must_use]
pub fn denied(hook: &str, status: Option<&Value>) -> Status {
    let mut status: Status =
        status.and_then(|s| serde_json::from_value(s.clone()).ok()).unwrap_or_else(|| Status::failure(400, "", ""));
    if status.code < 400 {
        status.code = 400;
    }
    if status.status != "Failure" {
        status.status = "Failure".into();
    }
    let denied = format!("admission webhook {hook:?} denied the request");
    status.message = match (status.message.as_str(), status.reason.as_str()) {
        ("", "") => format!("{denied} without explanation"),
        ("", reason) => format!("{denied}: {reason}"),
        (message, _) => format!("{denied}: {message}"),
    };
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_as_an_answer() {
        let review = |response: Value| json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response});
        let check = |response: Value, mutating| super::response(&review(response), Version::V1, "u", mutating);
        let text = |response: Value, mutating| check(response, mutating).expect_err("bad").to_string();
        assert_eq!(text(Value::Null, true), "webhook response was absent");
        assert_eq!(text(json!({"uid": "x"}), true), "expected response.uid=\"u\", got \"x\"");
        assert_eq!(
            text(json!({"uid": "u", "patch": "W10="}), true),
            "webhook returned response.patch but not response.patchType"
        );
        assert_eq!(
            text(json!({"uid": "u", "patchType": "JSONPatch"}), false),
            "validating webhook may not return response.patchType"
        );
        assert_eq!(text(json!({"uid": "u", "patchType": "X", "patch": "W10="}), true), "unsupported patch type \"X\"");
        let other = json!({"apiVersion": "v1", "kind": "Pod", "response": {"uid": "u"}});
        assert_eq!(
            super::response(&other, Version::V1, "u", false).expect_err("kind").to_string(),
            "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /v1, Kind=Pod"
        );
        let good = check(
            json!({"uid": "u", "allowed": true, "patch": "W10=", "patchType": "JSONPatch", "warnings": ["w"]}),
            true,
        );
        assert_eq!(
            good.expect("good"),
            Response { allowed: true, patch: Some(b"[]".to_vec()), status: None, warnings: vec!["w".into()] }
        );
        // The old version asks less.
        let old = super::response(&json!({"response": {"allowed": true}}), Version::V1beta1, "u", true);
        assert!(old.expect("old").allowed);
    }

    #[test]
    fn a_denial_has_a_code_and_a_text() {
        let status = denied("h.k.io", None);
        assert_eq!(
            (status.code, status.message.as_str()),
            (400, "admission webhook \"h.k.io\" denied the request without explanation")
        );
        let status = denied("h.k.io", Some(&json!({"code": 200, "status": "Success", "reason": "Why"})));
        assert_eq!(
            (status.code, status.message.as_str()),
            (400, "admission webhook \"h.k.io\" denied the request: Why")
        );
        let status = denied("h.k.io", Some(&json!({"code": 403, "message": "no"})));
        assert_eq!(
            (status.code, status.message.as_str()),
            (403, "admission webhook \"h.k.io\" denied the request: no")
        );
    }
}
