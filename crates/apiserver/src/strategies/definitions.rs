//! Custom resources and their definitions.

use api::custom::{definition::CLEANUP, finalizer_warnings};
use apimachinery::meta;
use serde_json::{Value, json};

use super::json::list;
use crate::{
    contract::{Context, Strategy},
    customresources::plan::set_condition,
};

/// Custom resources: all that is special about one is in its row.
pub struct Custom;

impl Strategy for Custom {
    fn warnings(&self, context: &Context<'_>, object: &Value, old: Option<&Value>) -> Vec<String> {
        if context.subresource.is_empty() { finalizer_warnings(object, old) } else { Vec::new() }
    }
}

/// CustomResourceDefinitions: they go when their objects are gone.
pub struct Definitions;

fn storage_version(object: &Value) -> Option<&str> {
    let stored = list(object, "/spec/versions").iter().find(|v| v["storage"] == true)?;
    stored["name"].as_str()
}

impl Strategy for Definitions {
    fn prepare_create(&self, _context: &Context<'_>, object: &mut Value) {
        let stored: Vec<Value> = storage_version(object).into_iter().map(Value::from).collect();
        object["status"] = json!({
            "conditions": null, "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": stored,
        });
    }

    fn prepare_update(&self, context: &Context<'_>, object: &mut Value, _old: &Value) {
        if !context.subresource.is_empty() {
            return;
        }
        let Some(stored) = storage_version(object).map(str::to_owned) else { return };
        if list(object, "/status/storedVersions").iter().any(|v| *v == stored) {
            return;
        }
        match object.pointer_mut("/status/storedVersions") {
            Some(Value::Array(versions)) => versions.push(stored.into()),
            _ => object["status"]["storedVersions"] = json!([stored]),
        }
    }

    fn warnings(&self, _context: &Context<'_>, object: &Value, old: Option<&Value>) -> Vec<String> {
        let known = old.map(api::validation::definition_warnings).unwrap_or_default();
        api::validation::definition_warnings(object).into_iter().filter(|w| !known.contains(w)).collect()
    }

    /// The first deletion only marks it.
    fn holds_deletion(&self, object: &Value) -> bool {
        !meta::is_being_deleted(object)
    }

    fn prepare_delete(&self, context: &Context<'_>, object: &mut Value) {
        if meta::finalizers(object).any(|f| f == CLEANUP) {
            return;
        }
        let mut finalizers: Vec<String> = meta::finalizers(object).map(str::to_owned).collect();
        finalizers.push(CLEANUP.to_owned());
        meta::set_finalizers(object, finalizers);
        let message = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
        set_condition(object, "Terminating", true, ("InstanceDeletionPending", message), context.now);
    }
}
