//! Namespaces, nodes, volumes, API services.

use apimachinery::{meta, time};
use serde_json::{Value, json};

use super::json::{list, map, put, text};
use crate::contract::{Context, Strategy};

/// Namespaces: they go when nobody holds `spec.finalizers` any more.
pub struct Namespaces;

const NAME_LABEL: &str = "kubernetes.io/metadata.name";

fn label_with_name(namespace: &mut Value) {
    let name = meta::name(namespace).to_owned();
    if !name.is_empty() {
        meta::set_label(namespace, NAME_LABEL, name);
    }
}

impl Strategy for Namespaces {
    fn prepare_create(&self, _context: &Context<'_>, object: &mut Value) {
        label_with_name(object);
        object["status"] = json!({"phase": "Active"});
        let finalizers = map(object, "spec").entry("finalizers").or_insert_with(|| json!([]));
        if let Some(items) = finalizers.as_array_mut()
            && !items.iter().any(|f| f == "kubernetes")
        {
            items.push("kubernetes".into());
        }
    }

    fn prepare_update(&self, context: &Context<'_>, object: &mut Value, old: &Value) {
        label_with_name(object);
        match context.subresource {
            "finalize" => {
                let finalizers = object.pointer("/spec/finalizers").cloned();
                put(map(object, "spec"), "finalizers", finalizers);
                object["status"] = old["status"].clone();
            }
            "status" => {}
            _ => put(map(object, "spec"), "finalizers", old.pointer("/spec/finalizers").cloned()),
        }
    }

    fn prepare_delete(&self, _context: &Context<'_>, object: &mut Value) {
        map(object, "status").insert("phase".into(), "Terminating".into());
    }

    fn holds_deletion(&self, object: &Value) -> bool {
        !list(object, "/spec/finalizers").is_empty()
    }
}

/// Nodes: a kubelet registers itself with its status.
pub struct Nodes;

impl Strategy for Nodes {
    fn keeps_status(&self) -> bool {
        true
    }
}

/// Persistent volumes.
pub struct Volumes;

impl Strategy for Volumes {
    fn prepare_create(&self, context: &Context<'_>, object: &mut Value) {
        object["status"] = json!({"phase": "Pending", "lastPhaseTransitionTime": time::seconds(context.now)});
    }

    fn prepare_update(&self, context: &Context<'_>, object: &mut Value, old: &Value) {
        if context.subresource == "status" && text(object, "/status/phase") != text(old, "/status/phase") {
            map(object, "status").insert("lastPhaseTransitionTime".into(), time::seconds(context.now).into());
        }
    }
}

/// Claims of volumes.
pub struct Claims;

impl Strategy for Claims {
    fn prepare_create(&self, _context: &Context<'_>, object: &mut Value) {
        object["status"] = json!({"phase": "Pending"});
    }
}

/// API services: those of this server are always there.
pub struct ApiServices;

impl Strategy for ApiServices {
    fn prepare_create(&self, context: &Context<'_>, object: &mut Value) {
        if object.pointer("/spec/service").is_none_or(Value::is_null) {
            object["status"] = json!({"conditions": [{"type": "Available", "status": "True", "lastTransitionTime": time::seconds(context.now), "reason": "Local", "message": "Local APIServices are always available"}]});
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::User;

    fn context<'a>(resource: &'static api::Resource, subresource: &'a str, user: &'a User) -> Context<'a> {
        Context { resource, subresource, user, now: jiff::Timestamp::UNIX_EPOCH, dry_run: false }
    }

    #[test]
    fn a_namespace_lives_and_goes() {
        let (row, user) = (api::find("", "v1", "namespaces").expect("the row"), User::default());
        let mut namespace = json!({"metadata": {"name": "n"}});
        Namespaces.prepare_create(&context(row, "", &user), &mut namespace);
        assert_eq!(
            namespace,
            json!({"metadata": {"name": "n", "labels": {"kubernetes.io/metadata.name": "n"}}, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}})
        );
        assert!(Namespaces.holds_deletion(&namespace));
        let mut finalized = namespace.clone();
        finalized["spec"] = json!({});
        Namespaces.prepare_update(&context(row, "finalize", &user), &mut finalized, &namespace);
        assert!(!Namespaces.holds_deletion(&finalized));
        let mut meddled = namespace.clone();
        meddled["spec"] = json!({});
        Namespaces.prepare_update(&context(row, "", &user), &mut meddled, &namespace);
        assert!(Namespaces.holds_deletion(&meddled));
    }
}
