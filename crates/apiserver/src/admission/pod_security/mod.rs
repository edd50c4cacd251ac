//! PodSecurity: a namespace's label says how much a pod may ask for: everything, `baseline` or `restricted`.

mod checks;

use std::sync::Arc;

use apimachinery::status::Status;
use serde_json::Value;

use self::checks::findings;
use super::{creates, namespace::Namespaces, refuse, updates};
use crate::contract::{Admission, Attributes, Job};

/// The plugin.
pub struct PodSecurity {
    namespaces: Arc<Namespaces>,
}

impl PodSecurity {
    pub fn new(namespaces: Arc<Namespaces>) -> Self {
        Self { namespaces }
    }

    fn check(&self, attributes: &Attributes<'_>, pod: &Value) -> Result<(), Status> {
        let Some(namespace) = self.namespaces.get(&attributes.info.namespace) else { return Ok(()) };
        let label = |name: &str| namespace.label(name);
        let level = label("pod-security.kubernetes.io/enforce").unwrap_or("privileged");
        if level == "privileged" || attributes.old.is_some_and(|old| old["spec"] == pod["spec"]) {
            return Ok(());
        }
        // A level that nobody knows is the strictest, as upstream has it.
        let restricted = level != "baseline";
        let found = findings(pod, restricted);
        if found.is_empty() {
            return Ok(());
        }
        let version = label("pod-security.kubernetes.io/enforce-version").unwrap_or("latest");
        let policy = format!("{}:{version}", if restricted { "restricted" } else { "baseline" });
        let details: Vec<String> = found
            .into_iter()
            .map(|(reason, detail)| if detail.is_empty() { reason } else { format!("{reason} ({detail})") })
            .collect();
        Err(refuse(attributes, pod, &format!("violates PodSecurity {policy:?}: {}", details.join(", "))))
    }
}

impl Admission for PodSecurity {
    fn name(&self) -> &'static str {
        "PodSecurity"
    }

    fn validate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a Value) -> Job<'a, Result<(), Status>> {
        let changes = creates(attributes) || updates(attributes);
        let applies = changes
            && attributes.resource.is("", "Pod")
            && matches!(attributes.info.subresource.as_str(), "" | "ephemeralcontainers");
        let answer = if applies { self.check(attributes, object) } else { Ok(()) };
        Box::pin(async { answer })
    }
}

#[cfg(test)]
mod tests;
