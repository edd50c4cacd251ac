//! What can go wrong with a call.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;

use crate::transport::{Response, TransportError};

/// Why a call failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// No answer.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The server refused.
    #[error("{method} {uri}: {message} ({reason}, {code})", message = message(.status), reason = reason(.status))]
    Api {
        /// Method of the request.
        method: &'static str,
        /// Path and query.
        uri: String,
        /// HTTP status code.
        code: u16,
        /// The server's words.
        status: Box<Status>,
    },
    /// The answer could not be read.
    #[error("{method} {uri}: cannot decode the answer: {reason}")]
    Decode {
        /// Method of the request.
        method: &'static str,
        /// Path and query.
        uri: String,
        /// The parser's words.
        reason: String,
    },
    /// The object could not be written as JSON.
    #[error("cannot encode {kind}: {reason}")]
    Encode {
        /// Kind of the object.
        kind: &'static str,
        /// The writer's words.
        reason: String,
    },
    /// No answer in time.
    #[error("{method} {uri}: no answer after {after:?}")]
    Deadline {
        /// Method of the request.
        method: &'static str,
        /// Path and query.
        uri: String,
        /// How long the call waited.
        after: Duration,
    },
}

fn message(status: &Status) -> &str {
    status.message.as_deref().unwrap_or("no message")
}

fn reason(status: &Status) -> &str {
    status.reason.as_deref().unwrap_or("Unknown")
}

impl Error {
    /// The error of a response that is no success; a body that is no `Status` becomes its message.
    #[must_use]
    pub fn from_response(method: &'static str, uri: &str, response: &Response) -> Self {
        let status = serde_json::from_slice::<Status>(&response.body).unwrap_or_else(|_| Status {
            code: Some(i32::from(response.code)),
            message: Some(String::from_utf8_lossy(&response.body).chars().take(300).collect()),
            ..Status::default()
        });
        Self::Api { method, uri: uri.to_owned(), code: response.code, status: Box::new(status) }
    }

    /// The server's code; 0 when there was no answer.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Api { code, .. } => *code,
            Self::Transport(_) | Self::Decode { .. } | Self::Encode { .. } | Self::Deadline { .. } => 0,
        }
    }

    /// The server's reason, empty when there was no answer.
    #[must_use]
    pub fn reason(&self) -> &str {
        self.status().and_then(|s| s.reason.as_deref()).unwrap_or_default()
    }

    /// The server's message, or this error's own words.
    #[must_use]
    pub fn message(&self) -> String {
        self.status().and_then(|s| s.message.clone()).unwrap_or_else(|| self.to_string())
    }

    /// The decoded `Status`.
    #[must_use]
    pub fn status(&self) -> Option<&Status> {
        match self {
            Self::Api { status, .. } => Some(status),
            Self::Transport(_) | Self::Decode { .. } | Self::Encode { .. } | Self::Deadline { .. } => None,
        }
    }

    /// 404.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.code() == 404
    }

    /// 409 because the object changed meanwhile, or another precondition failed.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.code() == 409 && self.reason() != "AlreadyExists"
    }

    /// 409 because the name is taken.
    #[must_use]
    pub fn is_already_exists(&self) -> bool {
        self.code() == 409 && self.reason() == "AlreadyExists"
    }

    /// 410: the resource version is too old, list again.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        self.code() == 410 || matches!(self.reason(), "Expired" | "Gone")
    }

    /// 403.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        self.code() == 403
    }

    /// 422.
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        self.code() == 422
    }

    /// 403 because the namespace is going away: nothing can be created there any more.
    #[must_use]
    pub fn is_namespace_terminating(&self) -> bool {
        self.code() == 403
            && self
                .status()
                .and_then(|s| s.details.as_ref())
                .and_then(|d| d.causes.as_ref())
                .is_some_and(|causes| causes.iter().any(|c| c.reason.as_deref() == Some("NamespaceTerminating")))
    }

    /// Whether the same call may succeed a little later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Transport(_) | Self::Deadline { .. } => true,
            Self::Api { code, .. } => matches!(code, 409 | 429 | 500 | 502 | 503 | 504),
            Self::Decode { .. } | Self::Encode { .. } => false,
        }
    }
}
