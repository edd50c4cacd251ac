//! Namespaces, nodes, volumes, certificate requests, API services.

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

/// Certificate signing requests: who asked is written down by the server, and never changes.
pub struct CertificateRequests;

const DECISIONS: [&str; 2] = ["Approved", "Denied"];

fn conditions(request: &Value, decided: bool) -> impl Iterator<Item = &Value> {
    list(request, "/status/conditions").iter().filter(move |c| DECISIONS.iter().any(|d| c["type"] == **d) == decided)
}

/// Conditions without times get them: of the change, or of the transition.
fn stamp(conditions: &mut [Value], old: &Value, now: jiff::Timestamp) {
    let now = Value::from(time::seconds(now));
    for condition in conditions {
        if condition.get("lastUpdateTime").is_none_or(Value::is_null) {
            condition["lastUpdateTime"] = now.clone();
        }
        if condition.get("lastTransitionTime").is_none_or(Value::is_null) {
            let before = list(old, "/status/conditions")
                .iter()
                .find(|c| c["type"] == condition["type"] && c["status"] == condition["status"]);
            let since = before.map(|c| c["lastTransitionTime"].clone()).filter(|t| !t.is_null());
            condition["lastTransitionTime"] = since.unwrap_or_else(|| now.clone());
        }
    }
}

impl Strategy for CertificateRequests {
    fn prepare_create(&self, context: &Context<'_>, object: &mut Value) {
        let user = context.user;
        let spec = map(object, "spec");
        let filled = |text: &str| (!text.is_empty()).then(|| Value::from(text));
        put(spec, "username", filled(&user.name));
        put(spec, "uid", filled(&user.uid));
        put(spec, "groups", (!user.groups.is_empty()).then(|| json!(user.groups)));
        put(spec, "extra", (!user.extra.is_empty()).then(|| json!(user.extra)));
    }

    fn prepare_update(&self, context: &Context<'_>, object: &mut Value, old: &Value) {
        object["spec"] = old["spec"].clone();
        let (mut merged, rest): (Vec<Value>, Value) = match context.subresource {
            "approval" => (list(object, "/status/conditions").to_vec(), old["status"].clone()),
            "status" => {
                (conditions(old, true).chain(conditions(object, false)).cloned().collect(), object["status"].clone())
            }
            _ => return,
        };
        stamp(&mut merged, old, context.now);
        object["status"] = if rest.is_object() { rest } else { json!({}) };
        let conditions = (!merged.is_empty()).then(|| Value::from(merged));
        put(map(object, "status"), "conditions", conditions);
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

    #[test]
    fn decisions_on_certificates_have_their_own_way() {
        let user = User { name: "u".into(), groups: vec!["g".into()], ..User::default() };
        let row = api::find("certificates.k8s.io", "v1", "certificatesigningrequests").expect("the row");
        let mut request = json!({"spec": {"request": "x", "username": "somebody else", "uid": "1"}});
        CertificateRequests.prepare_create(&context(row, "", &user), &mut request);
        assert_eq!(request["spec"], json!({"request": "x", "username": "u", "groups": ["g"]}));
        let mut approved = request.clone();
        approved["status"] = json!({"conditions": [{"type": "Approved", "status": "True"}], "certificate": "forged"});
        CertificateRequests.prepare_update(&context(row, "approval", &user), &mut approved, &request);
        assert_eq!(
            (&approved["status"]["conditions"][0]["type"], approved["status"].get("certificate")),
            (&json!("Approved"), None)
        );
        let mut signed = approved.clone();
        signed["status"] = json!({"certificate": "real"});
        CertificateRequests.prepare_update(&context(row, "status", &user), &mut signed, &approved);
        assert_eq!(
            (&signed["status"]["conditions"], &signed["status"]["certificate"]),
            (&approved["status"]["conditions"], &json!("real"))
        );
    }
}
