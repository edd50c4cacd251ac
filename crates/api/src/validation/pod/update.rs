//! What may change in a pod.

use super::tolerations;
use crate::access::{items, text};
use crate::validation::cursor::{At, Report};
use crate::validation::diff;
use apimachinery::field::{FieldError, Path};
use apimachinery::names;
use serde_json::Value;

const UPDATABLE: &str = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// An update of the main resource.
pub(in crate::validation) fn update(new: &Value, old: &Value, report: &mut Report) {
    super::metadata_and_spec(new, report);
    annotations(new, old, report);
    let spec = At::root(new, "spec");
    let was = &old["spec"];
    for list in ["containers", "initContainers"] {
        if !images(&spec.child(list), &was[list], report) {
            return;
        }
    }
    if !deadline(&spec.child("activeDeadlineSeconds"), &was["activeDeadlineSeconds"], report) {
        return;
    }
    only_added_tolerations(&spec.child("tolerations"), &was["tolerations"], report);
    only_deleted_gates(&spec.child("schedulingGates"), &was["schedulingGates"], report);
    if spec.value == was {
        return;
    }
    let mut munged = spec.value.clone();
    put_back(&mut munged, was);
    if items(&was["schedulingGates"]).is_empty() {
        return compare(&munged, was, report);
    }
    gated(&mut munged, was, &spec, report);
    compare(&munged, was, report);
}

fn compare(munged: &Value, was: &Value, report: &mut Report) {
    if munged != was {
        let diff = diff::unified(was, munged);
        report.push(FieldError::forbidden(
            &Path::new("spec"),
            format!("pod updates may not change fields other than {UPDATABLE}\n{diff}"),
        ));
    }
}

/// What may change is set back, so that the rest can be compared.
fn put_back(munged: &mut Value, was: &Value) {
    for list in ["containers", "initContainers"] {
        let old = items(&was[list]);
        for (new, old) in munged[list].as_array_mut().into_iter().flatten().zip(old) {
            new["image"] = old["image"].clone();
        }
        if munged[list].is_null() {
            remove(munged, list);
        }
    }
    for field in ["activeDeadlineSeconds", "schedulingGates", "tolerations"] {
        restore(munged, was, field);
    }
    if was["terminationGracePeriodSeconds"].as_i64().is_some_and(|s| s < 0)
        && munged["terminationGracePeriodSeconds"] == 1
    {
        restore(munged, was, "terminationGracePeriodSeconds");
    }
}

fn remove(value: &mut Value, field: &str) {
    if let Some(map) = value.as_object_mut() {
        map.remove(field);
    }
}

fn restore(munged: &mut Value, was: &Value, field: &str) {
    match was.get(field) {
        Some(old) => munged[field] = old.clone(),
        None => remove(munged, field),
    }
}

/// A pod that is not yet free to be scheduled may narrow where it goes.
fn gated(munged: &mut Value, was: &Value, spec: &At<'_>, report: &mut Report) {
    let selector = spec.child("nodeSelector");
    let kept = was["nodeSelector"].as_object().is_none_or(|old| old.iter().all(|(k, v)| selector.field(k) == v));
    if !kept {
        report.invalid(&selector, "only additions to spec.nodeSelector are allowed (no mutations or deletions)");
    }
    restore(munged, was, "nodeSelector");
    let affinity = spec.down(&["affinity", "nodeAffinity"]);
    let terms = affinity.down(&["requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"]);
    let old_affinity = &was["affinity"]["nodeAffinity"];
    let old_terms = items(&old_affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]);
    if affinity.value == old_affinity {
        return;
    }
    if !old_terms.is_empty() && old_terms.len() != terms.count() {
        report.invalid(&terms, "no additions/deletions to non-empty NodeSelectorTerms list are allowed");
    } else {
        for (new, old) in terms.items().zip(old_terms) {
            if !only_additions(new.value, old) {
                report.invalid(&new, "only additions are allowed (no mutations or deletions)");
            }
        }
    }
    if old_affinity.is_null() {
        if let Some(map) = munged["affinity"].as_object_mut() {
            map.remove("nodeAffinity");
            if map.is_empty() && was["affinity"].is_null() {
                remove(munged, "affinity");
            }
        }
    } else {
        munged["affinity"]["nodeAffinity"] = old_affinity.clone();
    }
}

fn only_additions(new: &Value, old: &Value) -> bool {
    let lists = ["matchExpressions", "matchFields"];
    if lists.iter().all(|l| items(&old[*l]).is_empty()) {
        return lists.iter().all(|l| items(&new[*l]).is_empty());
    }
    lists.iter().all(|l| items(&new[*l]).starts_with(items(&old[*l])))
}

/// False: containers came or went, and the rest cannot be compared.
fn images(at: &At<'_>, old: &Value, report: &mut Report) -> bool {
    if at.count() != items(old).len() {
        report.forbidden(at, "pod updates may not add or remove containers");
        return false;
    }
    for container in at.items() {
        let image = container.child("image");
        if image.text().is_empty() {
            report.required(&image, "");
        }
        super::container::only_for_pod(&container, report);
    }
    true
}

fn deadline(at: &At<'_>, old: &Value, report: &mut Report) -> bool {
    match (at.value.as_i64(), old.as_i64()) {
        (Some(new), _) if !(0..=i64::from(i32::MAX)).contains(&new) => {
            report.messages(at, names::in_range(new, 0, i64::from(i32::MAX)));
            false
        }
        (Some(new), Some(old)) if old < new => {
            report.invalid(at, "must be less than or equal to previous value");
            false
        }
        (None, Some(_)) => {
            report.invalid(at, "must not update from a positive integer to nil value");
            true
        }
        _ => true,
    }
}

fn only_added_tolerations(at: &At<'_>, old: &Value, report: &mut Report) {
    let plain = |t: &Value| {
        let mut t = t.clone();
        remove(&mut t, "tolerationSeconds");
        t
    };
    let kept = items(old).iter().all(|old| items(at.value).iter().any(|new| plain(new) == plain(old)));
    if kept {
        tolerations::tolerations(at, report);
    } else {
        report.forbidden(at, "existing toleration can not be modified except its tolerationSeconds");
    }
}

fn only_deleted_gates(at: &At<'_>, old: &Value, report: &mut Report) {
    for gate in at.items() {
        if !items(old).iter().any(|o| text(&o["name"]) == gate.get("name")) {
            report.forbidden(
                &gate.child("name"),
                format!("only deletion is allowed, but found new scheduling gate '{}'", gate.get("name")),
            );
        }
    }
}

/// Annotations that name what the node already does cannot change.
pub(super) fn annotations(new: &Value, old: &Value, report: &mut Report) {
    let at = At::root(new, "metadata").child("annotations");
    let was = At::root(old, "metadata").child("annotations");
    let fixed = |key: &str| match key {
        "kubernetes.io/config.mirror" => Some("mirror pod annotation"),
        _ if key.starts_with("container.apparmor.security.beta.kubernetes.io/") => Some("AppArmor annotations"),
        _ => None,
    };
    for (key, value) in was.entries() {
        if at.field(key) != value.value
            && let Some(what) = fixed(key)
        {
            report.push(FieldError::forbidden(&at.path.key(key), format!("may not remove or update {what}")));
        }
    }
    for (key, value) in at.entries() {
        if was.field(key).is_null()
            && let Some(what) = fixed(key)
        {
            report.forbidden(&value, format!("may not add {what}"));
        }
    }
}

/// An update through `ephemeralcontainers`: they only come.
pub(in crate::validation) fn ephemeral_containers(new: &Value, old: &Value, report: &mut Report) {
    if old["metadata"]["annotations"]["kubernetes.io/config.mirror"].is_string() {
        report.push(FieldError::forbidden(&Path::root().key(""), "static pods do not support ephemeral containers"));
        return;
    }
    super::metadata_and_spec(new, report);
    annotations(new, old, report);
    let at = At::root(new, "spec").child("ephemeralContainers");
    for old in items(&old["spec"]["ephemeralContainers"]) {
        let name = text(&old["name"]);
        match items(at.value).iter().find(|n| n["name"] == old["name"]) {
            None => report.forbidden(&at, format!("existing ephemeral containers {name:?} may not be removed\n")),
            Some(new) if new != old => report.forbidden(
                &at,
                format!("existing ephemeral containers {name:?} may not be changed\n{}", diff::unified(old, new)),
            ),
            Some(_) => {}
        }
    }
}
