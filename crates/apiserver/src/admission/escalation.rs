//! Nobody gives away rights by RBAC that he does not have, unless he may `escalate` or `bind`.

use std::sync::Arc;

use apimachinery::{meta, status::Status};
use serde_json::Value;

use super::{creates, refuse, updates};
use crate::{
    authz::{RoleRef, Rule, SUPERUSERS, missing, quoted},
    contract::{Admission, Attributes, Authorizer, Decision, Job, RequestInfo},
};

const GROUP: &str = "rbac.authorization.k8s.io";

/// The check.
pub struct Escalation {
    authorizer: Arc<dyn Authorizer>,
}

fn rules(role: &Value) -> Vec<Rule> {
    serde_json::from_value(role.get("rules").cloned().unwrap_or_default()).unwrap_or_default()
}

impl Escalation {
    pub fn new(authorizer: Arc<dyn Authorizer>) -> Self {
        Self { authorizer }
    }

    fn may(
        &self,
        attributes: &Attributes<'_>,
        verb: &'static str,
        resource: &str,
        namespace: &str,
        name: &str,
    ) -> bool {
        let request = RequestInfo {
            verb,
            is_resource: true,
            group: GROUP.into(),
            version: "*".into(),
            resource: resource.into(),
            namespace: namespace.into(),
            name: name.into(),
            ..RequestInfo::default()
        };
        self.authorizer.authorize(attributes.user, &request) == Decision::Allow
    }

    fn covered(&self, attributes: &Attributes<'_>, object: &Value, wanted: &[Rule]) -> Result<(), Status> {
        let user = attributes.user;
        let (owned, errors) = self.authorizer.rules_for(user, &attributes.info.namespace);
        let Some(lacking) = missing(&owned, wanted) else { return Ok(()) };
        let mut message = format!(
            "user {:?} (groups={}) is attempting to grant RBAC permissions not currently held:\n{lacking}",
            user.name,
            quoted(&user.groups)
        );
        if !errors.is_empty() {
            message = format!("{message}; resolution errors: [{}]", errors.join(", "));
        }
        Err(refuse(attributes, object, &message))
    }

    fn role(&self, attributes: &Attributes<'_>, object: &Value) -> Result<(), Status> {
        let unchanged = attributes.old.is_some_and(|old| {
            rules(old) == rules(object) && old.get("aggregationRule") == object.get("aggregationRule")
        });
        if unchanged
            || self.may(
                attributes,
                "escalate",
                &attributes.resource.plural,
                &attributes.info.namespace,
                &attributes.info.name,
            )
        {
            return Ok(());
        }
        self.covered(attributes, object, &rules(object))?;
        // Whoever chooses which roles flow into this one, chooses all rules.
        if object.get("aggregationRule").is_some_and(|a| !a.is_null()) {
            let every = || vec!["*".to_owned()];
            let all = [
                Rule { verbs: every(), api_groups: every(), resources: every(), ..Rule::default() },
                Rule { verbs: every(), non_resource_urls: every(), ..Rule::default() },
            ];
            let (owned, _) = self.authorizer.rules_for(attributes.user, "");
            if missing(&owned, &all).is_some() {
                return Err(refuse(attributes, object, "must have cluster-admin privileges to use an aggregationRule"));
            }
        }
        Ok(())
    }

    fn binding(&self, attributes: &Attributes<'_>, object: &Value) -> Result<(), Status> {
        let unchanged = attributes.old.is_some_and(|old| {
            old.get("subjects") == object.get("subjects") && old.get("roleRef") == object.get("roleRef")
        });
        if unchanged {
            return Ok(());
        }
        let role: RoleRef =
            serde_json::from_value(object.get("roleRef").cloned().unwrap_or_default()).unwrap_or_default();
        let resource = if role.kind == "ClusterRole" { "clusterroles" } else { "roles" };
        let namespace = attributes.info.namespace.as_str();
        if self.may(attributes, "bind", resource, namespace, &role.name) {
            return Ok(());
        }
        match self.authorizer.role_rules(&role, namespace) {
            Ok(wanted) => self.covered(attributes, object, &wanted),
            Err(_) => Err(Status::not_found(GROUP, resource, &role.name)),
        }
    }

    fn check(&self, attributes: &Attributes<'_>, object: &Value) -> Result<(), Status> {
        if attributes.resource.group != GROUP
            || !(creates(attributes) || updates(attributes))
            || attributes.user.groups.iter().any(|g| g == SUPERUSERS)
        {
            return Ok(());
        }
        if meta::is_being_deleted(object)
            && attributes.old.is_some_and(|old| {
                old.get("rules") == object.get("rules") && old.get("roleRef") == object.get("roleRef")
            })
        {
            return Ok(());
        }
        match attributes.resource.kind.as_ref() {
            "Role" | "ClusterRole" => self.role(attributes, object),
            "RoleBinding" | "ClusterRoleBinding" => self.binding(attributes, object),
            _ => Ok(()),
        }
    }
}

impl Admission for Escalation {
    fn name(&self) -> &'static str {
        "RBACEscalation"
    }

    fn validate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a Value) -> Job<'a, Result<(), Status>> {
        let answer = self.check(attributes, object);
        Box::pin(async { answer })
    }
}
