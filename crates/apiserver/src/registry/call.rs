//! One call of the registry: what is asked, by whom, with which options, and the warnings that come with the answer.

use std::{collections::BTreeMap, sync::Arc};

use apimachinery::{field::FieldError, status::Status};
use serde_json::{Value, json};

use super::{encoded::Encoded, rows::Row};
use crate::contract::{RequestInfo, User, Warnings};

/// What to do with fields that are unknown or there twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FieldValidation {
    /// Drop them silently.
    Ignore,
    /// Drop them and warn.
    #[default]
    Warn,
    /// Refuse the object.
    Strict,
}

/// Options of a write.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Nothing is written.
    pub dry_run: bool,
    /// Who manages the fields: the parameter, or the front of the user agent.
    pub manager: String,
    /// What to do with unknown fields.
    pub field_validation: FieldValidation,
    /// Take fields from other managers (apply).
    pub force: bool,
    /// It is a server-side apply: managed fields are made with the object.
    pub applies: bool,
    /// As admission sees them.
    pub json: Value,
    /// A step of another request, which webhooks and policies have seen.
    pub inner: bool,
}

/// A request that is authenticated, authorised and parsed.
#[derive(Debug)]
pub struct Call {
    /// What it is about.
    pub info: RequestInfo,
    /// The row of its resource.
    pub row: Row,
    /// Who asks.
    pub user: Arc<User>,
    /// Options.
    pub options: Options,
    /// When it came.
    pub now: jiff::Timestamp,
    pub(crate) warnings: Arc<Warnings>,
}

impl Call {
    /// A call for a request.
    #[must_use]
    pub fn new(info: RequestInfo, row: Row, user: Arc<User>, now: jiff::Timestamp) -> Self {
        Call { info, row, user, options: Options::default(), now, warnings: Arc::default() }
    }

    /// A call of the server itself (`system:apiserver`, `system:masters`), with the manager name `kube-apiserver`.
    #[must_use]
    pub fn internal(row: &Row, verb: &'static str, namespace: &str, name: &str, now: jiff::Timestamp) -> Self {
        let info = RequestInfo {
            verb,
            is_resource: true,
            group: row.group.to_string(),
            version: row.version.to_string(),
            namespace: if row.namespaced { namespace.to_owned() } else { String::new() },
            resource: row.plural.to_string(),
            name: name.to_owned(),
            ..RequestInfo::default()
        };
        let user = User {
            name: "system:apiserver".into(),
            uid: String::new(),
            groups: vec!["system:authenticated".into(), "system:masters".into()],
            extra: BTreeMap::new(),
        };
        let mut call = Self::new(info, row.clone(), Arc::new(user), now);
        call.options.manager = "kube-apiserver".into();
        call.options.json = json!({});
        call
    }

    /// The same caller and options for another object (`subresource` may be empty).
    #[must_use]
    pub fn about(&self, row: &Row, verb: &'static str, subresource: &str, namespace: &str, name: &str) -> Self {
        let mut call = Self::internal(row, verb, namespace, name, self.now);
        call.info.subresource = subresource.to_owned();
        call.user = self.user.clone();
        call.options = self.options.clone();
        call.warnings = self.warnings.clone();
        call
    }

    /// Adds a line to the `Warning` headers.
    pub fn warn(&self, text: impl Into<String>) {
        self.warnings.add(text);
    }

    /// The warnings so far.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.lines()
    }

    /// 404 for the object asked for.
    #[must_use]
    pub fn not_found(&self) -> Status {
        Status::not_found(&self.row.group, &self.row.plural, &self.info.name)
    }

    /// 422 with these errors.
    #[must_use]
    pub fn invalid(&self, name: &str, errors: &[FieldError]) -> Status {
        Status::invalid(&self.row.group, &self.row.kind, name, errors)
    }
}

/// What a verb answers.
#[derive(Debug)]
pub enum Content {
    /// A stored object in the form of its row.
    Stored {
        /// Its JSON.
        encoded: Encoded,
        /// Its resourceVersion.
        revision: u64,
        /// The same as a tree, where it is at hand.
        value: Option<Value>,
    },
    /// Anything else: `Scale`, `Eviction`, a review, an object that was not stored (dry run, deleted).
    Value(Value),
    /// A Status: the outcome of a deletion.
    Status(Box<Status>),
}

/// An answer with its HTTP code.
#[derive(Debug)]
pub struct Outcome {
    /// HTTP code.
    pub code: u16,
    /// The body.
    pub content: Content,
}

impl Outcome {
    /// A tree as answer.
    #[must_use]
    pub fn value(code: u16, value: Value) -> Self {
        Outcome { code, content: Content::Value(value) }
    }

    /// A Status as answer.
    #[must_use]
    pub fn status(status: Status) -> Self {
        Outcome { code: status.http_code(), content: Content::Status(Box::new(status)) }
    }

    /// The answer as a tree, with its resourceVersion.
    #[must_use]
    pub fn into_value(self) -> Value {
        match self.content {
            Content::Stored { encoded, revision, value } => value.unwrap_or_else(|| encoded.value(revision)),
            Content::Value(value) => value,
            Content::Status(status) => serde_json::to_value(*status).unwrap_or(Value::Null),
        }
    }
}
