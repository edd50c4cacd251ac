//! `meta/v1.Status`: how Kubernetes says that something went wrong (or well).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::field::{FieldError, aggregate};
use crate::text::quote;

/// The reasons that clients match on.
pub mod reason {
    /// 404.
    pub const NOT_FOUND: &str = "NotFound";
    /// 409 on create.
    pub const ALREADY_EXISTS: &str = "AlreadyExists";
    /// 409 on update.
    pub const CONFLICT: &str = "Conflict";
    /// 422.
    pub const INVALID: &str = "Invalid";
    /// 400.
    pub const BAD_REQUEST: &str = "BadRequest";
    /// 403.
    pub const FORBIDDEN: &str = "Forbidden";
    /// 401.
    pub const UNAUTHORIZED: &str = "Unauthorized";
    /// 405.
    pub const METHOD_NOT_ALLOWED: &str = "MethodNotAllowed";
    /// 406.
    pub const NOT_ACCEPTABLE: &str = "NotAcceptable";
    /// 415.
    pub const UNSUPPORTED_MEDIA_TYPE: &str = "UnsupportedMediaType";
    /// 410: the revision is compacted.
    pub const EXPIRED: &str = "Expired";
    /// 410.
    pub const GONE: &str = "Gone";
    /// 413.
    pub const REQUEST_ENTITY_TOO_LARGE: &str = "RequestEntityTooLarge";
    /// 429.
    pub const TOO_MANY_REQUESTS: &str = "TooManyRequests";
    /// 500.
    pub const INTERNAL_ERROR: &str = "InternalError";
    /// 504.
    pub const TIMEOUT: &str = "Timeout";
    /// 500: try again.
    pub const SERVER_TIMEOUT: &str = "ServerTimeout";
    /// 503.
    pub const SERVICE_UNAVAILABLE: &str = "ServiceUnavailable";
}

/// `metadata` of a Status; nearly always empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListMeta {
    /// Of the list.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub resource_version: String,
    /// Where to go on: a token that expired comes with a fresh one.
    #[serde(rename = "continue", skip_serializing_if = "String::is_empty")]
    pub continue_token: String,
    /// How many are left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining_item_count: Option<i64>,
}

/// The result of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Always `Status`.
    #[serde(default = "kind")]
    pub kind: String,
    /// Always `v1`.
    #[serde(default = "version")]
    pub api_version: String,
    /// Nearly always empty.
    #[serde(default)]
    pub metadata: ListMeta,
    /// `Success` or `Failure`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// For programs; see [`reason`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// About what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Details>,
    /// The HTTP code; 0: none.
    #[serde(default, skip_serializing_if = "is_zero_code")]
    pub code: u16,
}

/// What a [`Status`] is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Details {
    /// Of the object.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its group.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// Its kind, or its resource (Kubernetes uses both).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Its uid.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// One for each thing that is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
    /// When to try again; 0: not said.
    #[serde(skip_serializing_if = "is_zero_seconds")]
    pub retry_after_seconds: u32,
}

/// One thing that is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cause {
    /// `FieldValueInvalid` …
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Where.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field: String,
}

fn kind() -> String {
    "Status".to_owned()
}

fn version() -> String {
    "v1".to_owned()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this form")]
fn is_zero_code(code: &u16) -> bool {
    *code == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this form")]
fn is_zero_seconds(seconds: &u32) -> bool {
    *seconds == 0
}

fn qualified(group: &str, resource: &str) -> String {
    if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") }
}

impl Status {
    /// A failure with these words.
    #[must_use]
    pub fn failure(code: u16, reason: &str, message: impl Into<String>) -> Self {
        Status {
            kind: kind(),
            api_version: version(),
            metadata: ListMeta::default(),
            status: "Failure".to_owned(),
            message: message.into(),
            reason: reason.to_owned(),
            details: None,
            code,
        }
    }

    fn about(mut self, group: &str, kind: &str, name: &str) -> Self {
        self.details =
            Some(Details { name: name.into(), group: group.into(), kind: kind.into(), ..Details::default() });
        self
    }

    /// With a number of seconds to wait before the next try.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.details.get_or_insert_default().retry_after_seconds = seconds;
        self
    }

    /// With causes.
    #[must_use]
    pub fn causes(mut self, causes: Vec<Cause>) -> Self {
        self.details.get_or_insert_default().causes = causes;
        self
    }

    /// The HTTP code to answer with.
    #[must_use]
    pub fn http_code(&self) -> u16 {
        match self.code {
            0 if self.status == "Success" => 200,
            0 => 500,
            code => code,
        }
    }

    /// No such object.
    #[must_use]
    pub fn not_found(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} {} not found", qualified(group, resource), quote(name));
        Self::failure(404, reason::NOT_FOUND, message).about(group, resource, name)
    }

    /// The name is taken.
    #[must_use]
    pub fn already_exists(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} {} already exists", qualified(group, resource), quote(name));
        Self::failure(409, reason::ALREADY_EXISTS, message).about(group, resource, name)
    }

    /// No free name could be made from `generateName`.
    #[must_use]
    pub fn generate_name_conflict(group: &str, resource: &str, name: &str, retry_seconds: u32) -> Self {
        let what = qualified(group, resource);
        let name_text = quote(name);
        let message = format!(
            "{what} {name_text} already exists, the server was not able to generate a unique name for the object"
        );
        Self::failure(409, reason::ALREADY_EXISTS, message).about(group, resource, name).retry_after(retry_seconds)
    }

    /// The write lost a race.
    #[must_use]
    pub fn conflict(group: &str, resource: &str, name: &str, message: &str) -> Self {
        let message =
            format!("Operation cannot be fulfilled on {} {}: {message}", qualified(group, resource), quote(name));
        Self::failure(409, reason::CONFLICT, message).about(group, resource, name)
    }

    /// The write lost a race, in the standard words.
    #[must_use]
    pub fn modified(group: &str, resource: &str, name: &str) -> Self {
        Self::conflict(
            group,
            resource,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    /// An apply that wants fields of other managers.
    #[must_use]
    pub fn apply_conflict(message: impl Into<String>, causes: Vec<Cause>) -> Self {
        Self::failure(409, reason::CONFLICT, message).causes(causes)
    }

    /// Validation failed.
    #[must_use]
    pub fn invalid(group: &str, kind: &str, name: &str, errors: impl AsRef<[FieldError]>) -> Self {
        let errors = errors.as_ref();
        let mut message = format!("{} {} is invalid", qualified(group, kind), quote(name));
        if !errors.is_empty() {
            message.push_str(": ");
            message.push_str(&aggregate(errors));
        }
        let causes =
            errors.iter().map(|e| Cause { reason: e.kind.reason().into(), message: e.body(), field: e.field.clone() });
        Self::failure(422, reason::INVALID, message).about(group, kind, name).causes(causes.collect())
    }

    /// The request makes no sense.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::failure(400, reason::BAD_REQUEST, message)
    }

    /// Not allowed.
    #[must_use]
    pub fn forbidden(group: &str, resource: &str, name: &str, message: &str) -> Self {
        let what = qualified(group, resource);
        let text = match (what.is_empty(), name.is_empty()) {
            (true, _) => format!("forbidden: {message}"),
            (false, true) => format!("{what} is forbidden: {message}"),
            (false, false) => format!("{what} {} is forbidden: {message}", quote(name)),
        };
        Self::failure(403, reason::FORBIDDEN, text).about(group, resource, name)
    }

    /// Nobody knows who you are.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::failure(401, reason::UNAUTHORIZED, "Unauthorized")
    }

    /// The resource has no such verb.
    #[must_use]
    pub fn method_not_supported(group: &str, resource: &str, verb: &str) -> Self {
        let message = format!("{verb} is not supported on resources of kind {}", quote(&qualified(group, resource)));
        Self::failure(405, reason::METHOD_NOT_ALLOWED, message).about(group, resource, "")
    }

    /// None of the media types that the client would take.
    #[must_use]
    pub fn not_acceptable(accepted: &[&str]) -> Self {
        let message = format!("only the following media types are accepted: {}", accepted.join(", "));
        Self::failure(406, reason::NOT_ACCEPTABLE, message)
    }

    /// A body of a type that nobody can read. The standard text does not name what was given.
    #[must_use]
    pub fn unsupported_media_type(_given: &str, supported: &[&str]) -> Self {
        let supported = supported.join(", ");
        let message =
            format!("the body of the request was in an unknown format - accepted media types include: {supported}");
        Self::failure(415, reason::UNSUPPORTED_MEDIA_TYPE, message)
    }

    /// The revision is gone.
    #[must_use]
    pub fn expired(message: impl Into<String>) -> Self {
        Self::failure(410, reason::EXPIRED, message)
    }

    /// It was there once.
    #[must_use]
    pub fn gone(message: impl Into<String>) -> Self {
        Self::failure(410, reason::GONE, message)
    }

    /// The body is too big.
    #[must_use]
    pub fn too_large(message: &str) -> Self {
        Self::failure(413, reason::REQUEST_ENTITY_TOO_LARGE, format!("Request entity too large: {message}"))
    }

    /// Come back later.
    #[must_use]
    pub fn too_many_requests(message: impl Into<String>, retry_seconds: u32) -> Self {
        Self::failure(429, reason::TOO_MANY_REQUESTS, message).retry_after(retry_seconds)
    }

    /// A fault of ours.
    #[must_use]
    pub fn internal(message: impl fmt::Display) -> Self {
        let text = message.to_string();
        Self::failure(500, reason::INTERNAL_ERROR, format!("Internal error occurred: {text}"))
            .causes(vec![Cause { message: text, ..Cause::default() }])
    }

    /// It took too long.
    #[must_use]
    pub fn timeout(message: &str, retry_seconds: u32) -> Self {
        Self::failure(504, reason::TIMEOUT, format!("Timeout: {message}")).retry_after(retry_seconds)
    }

    /// The server could not do it in time, and the client should try again.
    #[must_use]
    pub fn server_timeout(group: &str, resource: &str, operation: &str, retry_seconds: u32) -> Self {
        let what = qualified(group, resource);
        let message =
            format!("The {operation} operation against {what} could not be completed at this time, please try again.");
        Self::failure(500, reason::SERVER_TIMEOUT, message).about(group, resource, operation).retry_after(retry_seconds)
    }

    /// Somebody who is needed is not there.
    #[must_use]
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::failure(503, reason::SERVICE_UNAVAILABLE, message)
    }

    /// 404 for paths that mean nothing.
    #[must_use]
    pub fn generic_not_found() -> Self {
        let mut status = Self::failure(404, reason::NOT_FOUND, "the server could not find the requested resource");
        status.details = Some(Details::default());
        status
    }

    /// 422 without a word about what is wrong, as Kubernetes answers to patches that do not apply.
    #[must_use]
    pub fn unprocessable() -> Self {
        let mut status =
            Self::failure(422, reason::INVALID, "the server rejected our request due to an error in our request");
        status.details = Some(Details::default());
        status
    }

    /// Done.
    #[must_use]
    pub fn success() -> Self {
        let mut status = Self::failure(0, "", "");
        status.status = "Success".to_owned();
        status
    }

    /// The object is gone.
    #[must_use]
    pub fn deleted(group: &str, resource: &str, name: &str, uid: &str) -> Self {
        let mut status = Self::success().about(group, resource, name);
        status.details.get_or_insert_default().uid = uid.to_owned();
        status
    }

    /// JSON text.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Strings and numbers only: it cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reason is `NotFound`.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.reason == reason::NOT_FOUND
    }

    /// Reason is `Conflict`.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.reason == reason::CONFLICT
    }

    /// Reason is `AlreadyExists`.
    #[must_use]
    pub fn is_already_exists(&self) -> bool {
        self.reason == reason::ALREADY_EXISTS
    }

    /// The revision that was asked for is compacted.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        self.reason == reason::EXPIRED || self.reason == reason::GONE
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Status {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Path;

    #[test]
    fn json_as_clients_know_it() {
        let status = Status::not_found("apps", "deployments", "web");
        assert_eq!(
            String::from_utf8(status.to_json()).unwrap(),
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"deployments.apps \"web\" not found","reason":"NotFound","details":{"name":"web","group":"apps","kind":"deployments"},"code":404}"#
        );
        let back: Status = serde_json::from_slice(&status.to_json()).unwrap();
        assert_eq!(back, status);
    }

    #[test]
    fn invalid_lists_causes() {
        let p = Path::new("spec");
        let one = [FieldError::required(&p, "")];
        assert_eq!(Status::invalid("", "Pod", "a", &one).message, "Pod \"a\" is invalid: spec: Required value");
        let two = [FieldError::required(&p, ""), FieldError::forbidden(&p, "x"), FieldError::required(&p, "")];
        let status = Status::invalid("apps", "Deployment", "a", &two);
        assert_eq!(status.message, "Deployment.apps \"a\" is invalid: [spec: Required value, spec: Forbidden: x]");
        assert_eq!(status.details.unwrap().causes.len(), 3);
    }

    #[test]
    fn success_has_no_code() {
        let status = Status::deleted("", "pods", "a", "u");
        assert_eq!(
            String::from_utf8(status.to_json()).unwrap(),
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","details":{"name":"a","kind":"pods","uid":"u"}}"#
        );
        assert_eq!(status.http_code(), 200);
    }
}
