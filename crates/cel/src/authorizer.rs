//! `authorizer`: may somebody do something? The question is put together step by step.

use std::sync::Arc;

use crate::{error::EvalError, value::Value};

/// A question to the authorizer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// The verb.
    pub verb: String,
    /// A path that is no resource; empty for resources.
    pub path: String,
    /// API group.
    pub group: String,
    /// Resource.
    pub resource: String,
    /// Subresource.
    pub subresource: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Namespace and name of a service account that is meant instead of the caller.
    pub account: Option<(String, String)>,
}

/// The answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Yes.
    pub allowed: bool,
    /// Why.
    pub reason: String,
}

/// Who answers.
pub trait Authority: Sync {
    /// Decides, from what is in memory.
    fn decide(&self, question: &Question) -> Answer;
}

/// How far a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// `authorizer`.
    Authorizer,
    /// `.path(…)`.
    Path,
    /// `.group(…)`.
    Group,
    /// `.resource(…)`.
    Resource,
    /// `.check(…)`.
    Decision,
}

/// A question as far as it is asked, or its answer.
#[derive(Clone)]
pub struct Check<'a> {
    authority: &'a dyn Authority,
    question: Question,
    stage: Stage,
    answer: Answer,
}

impl std::fmt::Debug for Check<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?} {:?}", self.stage, self.question, self.answer)
    }
}

impl<'a> Check<'a> {
    /// The start of a question.
    #[must_use]
    pub fn new(authority: &'a dyn Authority) -> Self {
        Check { authority, question: Question::default(), stage: Stage::Authorizer, answer: Answer::default() }
    }

    /// A question about a resource, of which only the verb is missing.
    #[must_use]
    pub fn about(authority: &'a dyn Authority, question: Question) -> Self {
        Check { authority, question, stage: Stage::Resource, answer: Answer::default() }
    }

    pub(crate) fn type_name(&self) -> &'static str {
        match self.stage {
            Stage::Authorizer => "kubernetes.authorization.Authorizer",
            Stage::Path => "kubernetes.authorization.PathCheck",
            Stage::Group => "kubernetes.authorization.GroupCheck",
            Stage::Resource => "kubernetes.authorization.ResourceCheck",
            Stage::Decision => "kubernetes.authorization.Decision",
        }
    }

    /// The methods.
    pub(crate) fn call(&self, method: &str, args: &[Value<'a>]) -> Result<Value<'a>, EvalError> {
        let texts: Vec<&str> = args
            .iter()
            .map(|arg| match arg {
                Value::String(text) => Ok(&**text),
                _ => Err(EvalError::NoSuchOverload),
            })
            .collect::<Result<_, _>>()?;
        let mut next = self.clone();
        let question = &mut next.question;
        match (self.stage, method, texts.as_slice()) {
            (Stage::Authorizer, "path", [path]) => {
                question.path = (*path).to_owned();
                next.stage = Stage::Path;
            }
            (Stage::Authorizer, "group", [group]) => {
                question.group = (*group).to_owned();
                next.stage = Stage::Group;
            }
            (Stage::Authorizer, "serviceAccount", [namespace, name]) => {
                question.account = Some(((*namespace).to_owned(), (*name).to_owned()));
            }
            (Stage::Group, "resource", [resource]) => {
                question.resource = (*resource).to_owned();
                next.stage = Stage::Resource;
            }
            (Stage::Resource, "subresource", [sub]) => question.subresource = (*sub).to_owned(),
            (Stage::Resource, "namespace", [namespace]) => question.namespace = (*namespace).to_owned(),
            (Stage::Resource, "name", [name]) => question.name = (*name).to_owned(),
            (Stage::Path | Stage::Resource, "check", [verb]) => {
                question.verb = (*verb).to_owned();
                next.answer = next.authority.decide(&next.question);
                next.stage = Stage::Decision;
            }
            (Stage::Decision, "allowed", []) => return Ok(Value::Bool(self.answer.allowed)),
            (Stage::Decision, "reason", []) => return Ok(Value::text(self.answer.reason.as_str())),
            (Stage::Decision, "errored", []) => return Ok(Value::Bool(false)),
            (Stage::Decision, "error", []) => return Ok(Value::text("")),
            _ => return Err(EvalError::NoSuchOverload),
        }
        Ok(Value::Authorizer(Arc::new(next)))
    }
}
