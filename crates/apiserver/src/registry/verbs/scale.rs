//! The `scale` subresource: a small view of the kinds that have replicas.

use apimachinery::{
    field::{FieldError, Path},
    meta,
    selector::labels,
    status::Status,
};
use serde_json::{Map, Value, json};

use api::custom::scale;

use crate::registry::{Call, Outcome, Registry, shown};

impl Registry {
    /// `get` of the scale.
    ///
    /// # Errors
    /// There is no such object.
    pub async fn get_scale(&self, call: &Call) -> Result<Outcome, Status> {
        let stored = self.get_stored(call).await?;
        let object = shown(call, &stored);
        Ok(Outcome::value(200, scale_of(&call.row, &object)?))
    }

    /// `update` and `patch` of the scale: `make` gets the current `Scale` and gives the wanted one.
    ///
    /// # Errors
    /// Not there, changed meanwhile, or invalid.
    pub(crate) async fn change_scale(
        &self,
        call: &Call,
        make: &(dyn Fn(&Value) -> Result<Value, Status> + Send + Sync),
    ) -> Result<Outcome, Status> {
        let outcome = self
            .change(call, &|object| {
                let scale = make(&scale_of(&call.row, object)?)?;
                check(call, &scale, object)?;
                let mut next = object.clone();
                let replicas = scale.pointer("/spec/replicas").cloned().unwrap_or_else(|| 0.into());
                match paths(&call.row) {
                    Some(paths) => scale::set(&mut next, &paths.spec, replicas),
                    None => {
                        if let Some(spec) = next.get_mut("spec").and_then(Value::as_object_mut) {
                            spec.insert("replicas".into(), replicas);
                        }
                    }
                }
                // A Scale without a version wants to win over whatever is there.
                Ok(next)
            })
            .await?;
        Ok(Outcome::value(200, scale_of(&call.row, &outcome.into_value())?))
    }
}

fn check(call: &Call, scale: &Value, object: &Value) -> Result<(), Status> {
    let version = meta::resource_version(scale);
    if !version.is_empty() && version != meta::resource_version(object) {
        return Err(Status::modified(&call.row.group, &call.row.plural, &call.info.name));
    }
    let (given, uid) = (meta::uid(scale), meta::uid(object));
    if !given.is_empty() && given != uid {
        let message = format!("Precondition failed: UID in precondition: {given}, UID in object meta: {uid}");
        return Err(Status::conflict(&call.row.group, &call.row.plural, &call.info.name, &message));
    }
    let replicas = scale.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(0);
    if replicas < 0 {
        let path = Path::new("spec").child("replicas");
        let error = FieldError::invalid(&path, replicas, "must be greater than or equal to 0");
        return Err(Status::invalid("autoscaling", "Scale", &call.info.name, &[error]));
    }
    Ok(())
}

/// Where a custom resource says that its scale is.
fn paths(row: &api::Resource) -> Option<&scale::Paths> {
    api::custom::of(row)?.scale.as_ref()
}

/// The scale of an object.
///
/// # Errors
/// A custom object that does not have the replicas that its definition names.
pub(crate) fn scale_of(row: &api::Resource, object: &Value) -> Result<Value, Status> {
    let mut metadata = Map::new();
    for key in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = meta::metadata(object).and_then(|m| m.get(key)) {
            metadata.insert(key.into(), value.clone());
        }
    }
    let (wanted, there, selector) = match paths(row) {
        None => {
            (whole(object.pointer("/spec/replicas")), whole(object.pointer("/status/replicas")), selector_text(object))
        }
        Some(paths) => {
            let wanted = scale::at(object, &paths.spec)
                .and_then(Value::as_i64)
                .ok_or_else(|| Status::internal(format!("the spec replicas field {:?} does not exist", paths.spec)))?;
            let selector = scale::at(object, &paths.selector).and_then(Value::as_str).unwrap_or_default();
            (wanted, whole(scale::at(object, &paths.status)), selector.to_owned())
        }
    };
    let mut spec = Map::new();
    if wanted != 0 {
        spec.insert("replicas".into(), wanted.into());
    }
    let mut status = Map::from_iter([("replicas".to_owned(), there.into())]);
    if !selector.is_empty() {
        status.insert("selector".into(), selector.into());
    }
    Ok(json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status}))
}

fn whole(value: Option<&Value>) -> i64 {
    value.and_then(Value::as_i64).unwrap_or(0)
}

fn selector_text(object: &Value) -> String {
    let selector = object.pointer("/spec/selector").unwrap_or(&Value::Null);
    let is_map_of_strings = meta::kind(object) == "ReplicationController";
    let parsed = match selector.as_object() {
        Some(map) if is_map_of_strings => labels::Selector::from_map(map),
        Some(_) => labels::Selector::from_label_selector(selector),
        None => return String::new(),
    };
    // A stored selector is valid; one that is not shows as empty.
    parsed.map(|s| s.to_string()).unwrap_or_default()
}
