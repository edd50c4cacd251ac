//! What CEL expressions of webhooks and policies see of a request.

use std::{borrow::Cow, sync::Arc};

use cel::{
    Program, Scope, Value as CelValue,
    authorizer::{Answer, Authority, Check, Question},
};
use serde_json::Value;

use super::{matching::Subject, webhook::review::facts};
use crate::{
    contract::{Authorizer, Decision, RequestInfo, User},
    subresources::reviews::verb,
};

/// All match conditions of one webhook or policy together may cost so much.
pub const CONDITIONS_BUDGET: u64 = 2_500_000;
/// All expressions of one policy together may cost so much.
pub const POLICY_BUDGET: u64 = 10_000_000;

/// The authorizer, asked on behalf of the caller.
pub struct Access<'a> {
    authorizer: &'a dyn Authorizer,
    user: &'a User,
}

impl Authority for Access<'_> {
    fn decide(&self, question: &Question) -> Answer {
        let account = question.account.as_ref().map(|(namespace, name)| User {
            name: format!("system:serviceaccount:{namespace}:{name}"),
            groups: vec![
                "system:serviceaccounts".into(),
                format!("system:serviceaccounts:{namespace}"),
                "system:authenticated".into(),
            ],
            ..User::default()
        });
        let info = RequestInfo {
            verb: verb(&question.verb),
            is_resource: question.path.is_empty(),
            path: question.path.clone(),
            group: question.group.clone(),
            // Any version: rules do not speak of them.
            version: "*".into(),
            namespace: question.namespace.clone(),
            resource: question.resource.clone(),
            subresource: question.subresource.clone(),
            name: question.name.clone(),
            ..RequestInfo::default()
        };
        match self.authorizer.authorize(account.as_ref().unwrap_or(self.user), &info) {
            Decision::Allow => Answer { allowed: true, reason: String::new() },
            Decision::NoOpinion(reason) | Decision::Deny(reason) => Answer { allowed: false, reason },
        }
    }
}

/// The values behind the names.
pub struct Inputs<'a> {
    object: Cow<'a, Value>,
    old: Cow<'a, Value>,
    request: Value,
    namespace: Value,
    params: &'a Value,
    access: Access<'a>,
    question: Question,
}

impl<'a> Inputs<'a> {
    /// Of a request, in the form of a row.
    #[must_use]
    pub fn new(subject: &Subject<'a>, row: &api::Resource, params: &'a Value, authorizer: &'a dyn Authorizer) -> Self {
        let attributes = subject.attributes;
        let namespace = if attributes.resource.is("", "Namespace") { None } else { subject.namespace_object() };
        Inputs {
            object: subject.shown(subject.object, row),
            old: subject.shown(attributes.old.unwrap_or(&Value::Null), row),
            request: facts(subject, row).into(),
            namespace: namespace.cloned().unwrap_or(Value::Null),
            params,
            access: Access { authorizer, user: attributes.user },
            question: Question {
                group: attributes.resource.group.to_string(),
                resource: attributes.resource.plural.to_string(),
                subresource: attributes.info.subresource.clone(),
                namespace: subject.namespace.to_owned(),
                name: subject.name.to_owned(),
                ..Question::default()
            },
        }
    }

    /// The object in its form for expressions.
    #[must_use]
    pub fn object(&self) -> &Value {
        &self.object
    }

    /// A scope; with `composed`, behind `variables`.
    #[must_use]
    pub fn scope<'s>(&'s self, budget: u64, composed: &'s [(String, Result<Program, String>)]) -> Scope<'s> {
        let mut scope = Scope::new(budget);
        for (name, value) in [
            ("object", &*self.object),
            ("oldObject", &*self.old),
            ("request", &self.request),
            ("namespaceObject", &self.namespace),
            ("params", self.params),
        ] {
            scope.set(name, CelValue::from_json(value));
        }
        scope.set("authorizer", CelValue::Authorizer(Arc::new(Check::new(&self.access))));
        let about = Check::about(&self.access, self.question.clone());
        scope.set("authorizer.requestResource", CelValue::Authorizer(Arc::new(about)));
        scope.compose(composed);
        scope
    }
}
