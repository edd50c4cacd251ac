//! Who may do what: superusers, nodes, RBAC.

mod node;
mod rbac;
mod rule;

use std::sync::Arc;

use apimachinery::status::Status;

pub use node::{NodeAuthorizer, node_name};
pub use rbac::{Rbac, RoleRef};
pub use rule::{Rule, missing, quoted};

use crate::{
    config::Config,
    contract::{Authorizer, Decision, Reader, RequestInfo, User},
};

/// Members of this group may do everything; the API server's own writes have it.
pub const SUPERUSERS: &str = "system:masters";

/// Nodes, then RBAC; the first that allows, wins.
pub struct Authz {
    node: NodeAuthorizer,
    rbac: Rbac,
}

impl Authz {
    /// All authorizers, on what `reader` knows.
    #[must_use]
    pub fn new(reader: Arc<dyn Reader>) -> Self {
        Self { node: NodeAuthorizer::new(reader.clone(), node_rules()), rbac: Rbac::new(reader) }
    }
}

/// The rules of the bootstrap role `system:node`.
fn node_rules() -> Vec<Rule> {
    #[derive(serde::Deserialize)]
    struct Partial {
        kind: String,
        metadata: Name,
        rules: Option<Vec<Rule>>,
    }
    #[derive(serde::Deserialize)]
    struct Name {
        name: String,
    }
    let objects: Vec<Partial> = serde_json::from_slice(api::bootstrap_objects()).unwrap_or_default();
    objects
        .into_iter()
        .find(|o| o.kind == "ClusterRole" && o.metadata.name == "system:node")
        .and_then(|r| r.rules)
        .unwrap_or_default()
}

impl Authorizer for Authz {
    fn authorize(&self, user: &User, request: &RequestInfo) -> Decision {
        if user.groups.iter().any(|g| g == SUPERUSERS) {
            return Decision::Allow;
        }
        let mut reasons = Vec::new();
        for decision in [self.node.authorize(user, request), self.rbac.authorize(user, request)] {
            match decision {
                Decision::NoOpinion(reason) if reason.is_empty() => {}
                Decision::NoOpinion(reason) => reasons.push(reason),
                decided => return decided,
            }
        }
        Decision::NoOpinion(reasons.join("\n"))
    }

    fn rules_for(&self, user: &User, namespace: &str) -> (Vec<Rule>, Vec<String>) {
        let (rules, mut errors) = self.rbac.rules_for(user, namespace);
        if node_name(user).is_some() {
            errors.push("node authorizer does not support user rule resolution".to_owned());
        }
        (rules, errors)
    }

    fn role_rules(&self, role: &RoleRef, namespace: &str) -> Result<Vec<Rule>, String> {
        self.rbac.role_rules(role, namespace)
    }
}

/// The authorizer of an API server.
#[must_use]
pub fn authorizer(_config: &Arc<Config>, reader: Arc<dyn Reader>) -> Arc<dyn Authorizer> {
    Arc::new(Authz::new(reader))
}

/// The refusal in Kubernetes' words.
#[must_use]
pub fn forbidden(user: &User, request: &RequestInfo, reason: &str) -> Status {
    let name = &user.name;
    let mut message = if request.is_resource {
        let resource = if request.subresource.is_empty() {
            request.resource.clone()
        } else {
            format!("{}/{}", request.resource, request.subresource)
        };
        let scope = if request.namespace.is_empty() {
            "at the cluster scope".to_owned()
        } else {
            format!("in the namespace {:?}", request.namespace)
        };
        format!("User {name:?} cannot {} resource {resource:?} in API group {:?} {scope}", request.verb, request.group)
    } else {
        format!("User {name:?} cannot {} path {:?}", request.verb, request.path)
    };
    if !reason.is_empty() {
        message = format!("{message}: {reason}");
    }
    Status::forbidden(&request.group, &request.resource, &request.name, &message)
}

#[cfg(test)]
pub(crate) mod tests;
