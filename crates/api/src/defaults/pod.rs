//! Defaults of pods and their parts.

use super::Fields;
use super::hooks::fill;
use serde_json::{Value, json};

fn items<'a>(fields: &'a mut Fields, name: &str) -> impl Iterator<Item = &'a mut Fields> {
    fields.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
}

/// What holds for a pod but not for a template.
pub(super) fn pod(object: &mut Fields) {
    let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) else { return };
    if spec.get("terminationGracePeriodSeconds").and_then(Value::as_i64).is_some_and(|s| s < 0) {
        spec.insert("terminationGracePeriodSeconds".into(), 1.into());
    }
    let host_network = spec.get("hostNetwork").and_then(Value::as_bool).unwrap_or(false);
    for list in ["containers", "initContainers"] {
        for container in items(spec, list) {
            requests_from_limits(container);
            if host_network {
                host_ports(container);
            }
        }
    }
    spec.entry("enableServiceLinks").or_insert(true.into());
}

fn requests_from_limits(container: &mut Fields) {
    let Some(resources) = container.get_mut("resources").and_then(Value::as_object_mut) else { return };
    let Some(limits) = resources.get("limits").and_then(Value::as_object).cloned() else { return };
    if let Some(requests) = resources.entry("requests").or_insert_with(|| json!({})).as_object_mut() {
        for (name, amount) in limits {
            requests.entry(name).or_insert(amount);
        }
    }
}

fn host_ports(container: &mut Fields) {
    for port in items(container, "ports") {
        if port.get("hostPort").is_none_or(|p| *p == 0) {
            let number = port.get("containerPort").cloned().unwrap_or_else(|| 0.into());
            if number != 0 {
                port.insert("hostPort".into(), number);
            }
        }
    }
}

/// Two names for one thing: the newer wins.
pub(super) fn spec(spec: &mut Fields) {
    for (from, to) in [("serviceAccount", "serviceAccountName"), ("serviceAccountName", "serviceAccount")] {
        let known = spec.get(from).filter(|v| v.as_str().is_some_and(|s| !s.is_empty())).cloned();
        let Some(known) = known else { continue };
        if to == "serviceAccount" {
            spec.insert(to.into(), known);
        } else {
            fill(spec, to, known);
        }
    }
}

/// `podIP` and the first of `podIPs` are the same.
pub(super) fn status(status: &mut Fields) {
    let one = status.get("podIP").and_then(Value::as_str).unwrap_or_default().to_owned();
    let first = status.get("podIPs").and_then(|i| i[0]["ip"].as_str()).unwrap_or_default().to_owned();
    if !one.is_empty() && one != first {
        status.insert("podIPs".into(), json!([{ "ip": one }]));
    } else if one.is_empty() && !first.is_empty() {
        status.insert("podIP".into(), first.into());
    }
}

/// The pull policy follows the tag.
pub(super) fn container(container: &mut Fields) {
    let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
    let policy = pull_policy(image);
    fill(container, "imagePullPolicy", policy.into());
}

/// A volume without a source is an empty directory.
pub(super) fn volume(volume: &mut Fields) {
    if volume.keys().all(|k| k == "name") {
        volume.insert("emptyDir".into(), json!({}));
    }
    if let Some(image) = volume.get_mut("image").and_then(Value::as_object_mut) {
        let policy = pull_policy(image.get("reference").and_then(Value::as_str).unwrap_or_default());
        fill(image, "pullPolicy", policy.into());
    }
}

/// `Always` for the tag `latest`, said or implied; a reference that cannot be parsed has no tag at all.
fn pull_policy(image: &str) -> &'static str {
    let (name, digest) = image.split_once('@').map_or((image, None), |(n, d)| (n, Some(d)));
    let slash = name.rfind('/').map_or(0, |at| at + 1);
    let tag = name[slash..].split_once(':').map(|(_, tag)| tag);
    let latest = match (tag, digest) {
        (Some(tag), _) => tag == "latest",
        (None, digest) => digest.is_none(),
    };
    let parses = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-/:[]".contains(c))
        && !name[slash..].split(':').next().unwrap_or_default().chars().any(|c| c.is_ascii_uppercase());
    if latest && parses { "Always" } else { "IfNotPresent" }
}
