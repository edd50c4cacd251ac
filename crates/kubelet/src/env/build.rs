//! Puts a container's environment together.

use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::api::core::v1::{ConfigMap, Container, EnvVar, EnvVarSource, Pod, Secret};

use super::{
    expand::expand,
    fields::{Facts, field, resource},
};
use crate::pods::spec;

/// Where referenced objects come from. `Err` is the text for the status: `configmap "x" not found`.
pub(crate) trait Objects {
    /// A ConfigMap of the pod's namespace.
    fn config_map(&self, name: &str) -> Result<Arc<ConfigMap>, Missing>;
    /// A Secret of the pod's namespace.
    fn secret(&self, name: &str) -> Result<Arc<Secret>, Missing>;
}

/// Why an object cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Missing {
    /// It is not there; an optional reference is then left out.
    #[error("{0}")]
    NotFound(String),
    /// It could not be read.
    #[error("{0}")]
    Unreadable(String),
}

/// The variables in order: `envFrom`, `env`, services.
pub(crate) fn build(
    pod: &Pod,
    container: &Container,
    facts: &Facts,
    services: &[(String, String)],
    objects: &dyn Objects,
) -> Result<Vec<(String, String)>, String> {
    let mut order: Vec<String> = Vec::new();
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    let mut set = |name: String, value: String, values: &mut BTreeMap<String, String>| {
        if values.insert(name.clone(), value).is_none() {
            order.push(name);
        }
    };
    for source in container.env_from.iter().flatten() {
        let prefix = source.prefix.as_deref().unwrap_or_default();
        if let Some(reference) = &source.config_map_ref {
            if let Some(found) = optional(objects.config_map(&reference.name), reference.optional)? {
                for (key, value) in found.data.iter().flatten() {
                    set(format!("{prefix}{key}"), value.clone(), &mut values);
                }
            }
        } else if let Some(reference) = &source.secret_ref
            && let Some(found) = optional(objects.secret(&reference.name), reference.optional)?
        {
            for (key, value) in found.data.iter().flatten() {
                set(format!("{prefix}{key}"), String::from_utf8_lossy(&value.0).into_owned(), &mut values);
            }
        }
    }
    for variable in container.env.iter().flatten() {
        if let Some(value) = value_of(pod, container, variable, facts, objects, &|name| {
            values
                .get(name)
                .cloned()
                .or_else(|| services.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()))
        })? {
            set(variable.name.clone(), value, &mut values);
        }
    }
    let mut out: Vec<_> =
        order.into_iter().map(|name| (name.clone(), values.get(&name).cloned().unwrap_or_default())).collect();
    out.extend(services.iter().filter(|(name, _)| !values.contains_key(name)).cloned());
    Ok(out)
}

fn optional<T>(found: Result<Arc<T>, Missing>, is_optional: Option<bool>) -> Result<Option<Arc<T>>, String> {
    match found {
        Ok(object) => Ok(Some(object)),
        Err(Missing::NotFound(_)) if is_optional == Some(true) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// `None`: an optional source that is not there.
fn value_of(
    pod: &Pod,
    container: &Container,
    variable: &EnvVar,
    facts: &Facts,
    objects: &dyn Objects,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<String>, String> {
    if let Some(text) = variable.value.as_deref().filter(|text| !text.is_empty()) {
        return Ok(Some(expand(text, lookup)));
    }
    match &variable.value_from {
        Some(source) => from_source(pod, container, source, facts, objects),
        None => Ok(Some(String::new())),
    }
}

fn from_source(
    pod: &Pod,
    container: &Container,
    source: &EnvVarSource,
    facts: &Facts,
    objects: &dyn Objects,
) -> Result<Option<String>, String> {
    if let Some(reference) = &source.field_ref {
        return field(pod, &reference.field_path, facts).map(Some);
    }
    if let Some(reference) = &source.resource_field_ref {
        return resource(pod, container, reference, facts).map(Some);
    }
    let namespace = spec::namespace(pod);
    if let Some(reference) = &source.config_map_key_ref {
        let Some(found) = optional(objects.config_map(&reference.name), reference.optional)? else { return Ok(None) };
        return match found.data.as_ref().and_then(|data| data.get(&reference.key)) {
            Some(value) => Ok(Some(value.clone())),
            None if reference.optional == Some(true) => Ok(None),
            None => Err(format!("couldn't find key {} in ConfigMap {namespace}/{}", reference.key, reference.name)),
        };
    }
    if let Some(reference) = &source.secret_key_ref {
        let Some(found) = optional(objects.secret(&reference.name), reference.optional)? else { return Ok(None) };
        return match found.data.as_ref().and_then(|data| data.get(&reference.key)) {
            Some(value) => Ok(Some(String::from_utf8_lossy(&value.0).into_owned())),
            None if reference.optional == Some(true) => Ok(None),
            None => Err(format!("couldn't find key {} in Secret {namespace}/{}", reference.key, reference.name)),
        };
    }
    if source.file_key_ref.is_some() {
        return Err("fileKeyRef is not supported by this node".into());
    }
    Ok(Some(String::new()))
}

/// Names of ConfigMaps and Secrets that a container's environment needs.
pub(crate) fn references(container: &Container) -> (Vec<String>, Vec<String>) {
    let (mut maps, mut secrets) = (Vec::new(), Vec::new());
    for source in container.env_from.iter().flatten() {
        maps.extend(source.config_map_ref.iter().map(|reference| reference.name.clone()));
        secrets.extend(source.secret_ref.iter().map(|reference| reference.name.clone()));
    }
    for source in container.env.iter().flatten().filter_map(|variable| variable.value_from.as_ref()) {
        maps.extend(source.config_map_key_ref.iter().map(|reference| reference.name.clone()));
        secrets.extend(source.secret_key_ref.iter().map(|reference| reference.name.clone()));
    }
    (maps, secrets)
}
