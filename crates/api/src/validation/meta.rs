//! `metadata`: the same for every kind but for the form of names.

use super::cursor::{At, Report};
use super::labels;
use crate::Resource;
use crate::access::{items, text};
use apimachinery::names;
use serde_json::Value;
use std::collections::BTreeSet;

const ANNOTATION_LIMIT: usize = 256 * 1024;

/// The form of a kind's names; `prefix`: of a `generateName`, which may end with a dash.
fn name_rule(resource: &Resource, name: &str, prefix: bool) -> Vec<String> {
    let masked;
    let name_or_prefix = if prefix {
        masked = names::mask_trailing_dash(name);
        masked.as_str()
    } else {
        name
    };
    match (&*resource.group, &*resource.kind) {
        ("rbac.authorization.k8s.io", _)
        | ("" | "events.k8s.io", "Event")
        | ("certificates.k8s.io", "CertificateSigningRequest")
        | ("apiregistration.k8s.io", "APIService") => names::path_segment(name),
        ("", "Namespace" | "Service") | ("apps", "StatefulSet") => names::dns1123_label(name_or_prefix),
        ("certificates.k8s.io", "ClusterTrustBundle") => match name.rsplit_once(':') {
            Some((_, rest)) => names::dns1123_subdomain(rest),
            None => names::dns1123_subdomain(name_or_prefix),
        },
        ("networking.k8s.io", "IPAddress") => {
            let canonical = name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.to_string() == name);
            if canonical { Vec::new() } else { vec!["must be a valid IP address in canonical form".to_owned()] }
        }
        _ => names::dns1123_subdomain(name_or_prefix),
    }
}

pub(super) fn create(resource: &Resource, object: &Value, report: &mut Report) {
    let meta = At::root(object, "metadata");
    let generate = meta.child("generateName");
    if !generate.text().is_empty() {
        report.messages(&generate, name_rule(resource, generate.text(), true));
    }
    let name = meta.child("name");
    if name.text().is_empty() {
        report.required(&name, "name or generateName is required");
    } else {
        report.messages(&name, name_rule(resource, name.text(), false));
    }
    let namespace = meta.child("namespace");
    match (resource.namespaced, namespace.text()) {
        (true, "") => report.required(&namespace, ""),
        (true, _) => report.label(&namespace),
        (false, "") => {}
        (false, _) => report.forbidden(&namespace, "not allowed on this type"),
    }
    report.nonnegative(&meta.child("generation"));
    common(&meta, report);
    finalizers(&meta.child("finalizers"), report);
    if built_in(resource) {
        meta.child("finalizers").items().for_each(|f| standard_finalizer(&f, report));
    }
}

/// Custom resources may name finalizers as they like, and so may some groups.
fn built_in(resource: &Resource) -> bool {
    let lenient = matches!(
        &*resource.group,
        "policy" | "node.k8s.io" | "coordination.k8s.io" | "admissionregistration.k8s.io" | "apiextensions.k8s.io"
    );
    matches!(resource.schemas, crate::Schemas::BuiltIn) && !lenient && resource.kind != "Event"
}

/// A finalizer without a domain must be one that Kubernetes knows.
pub(super) fn standard_finalizer(at: &At<'_>, report: &mut Report) {
    if !at.text().contains('/') && !["kubernetes", "orphan", "foregroundDeletion"].contains(&at.text()) {
        report.invalid(at, "name is neither a standard finalizer name nor is it fully qualified");
    }
}

/// Metadata of an object inside of another: it need not have a name.
pub(super) fn embedded(meta: &At<'_>, report: &mut Report) {
    for name in ["generateName", "name"] {
        let at = meta.child(name);
        if !at.text().is_empty() {
            report.messages(&at, names::path_segment(at.text()));
        }
    }
    let namespace = meta.child("namespace");
    if !namespace.text().is_empty() {
        report.label(&namespace);
    }
    report.nonnegative(&meta.child("generation"));
    common(meta, report);
    finalizers(&meta.child("finalizers"), report);
}

fn common(meta: &At<'_>, report: &mut Report) {
    labels::labels(&meta.child("labels"), report);
    annotations(&meta.child("annotations"), report);
    owners(&meta.child("ownerReferences"), report);
}

pub(super) fn update(resource: &Resource, new: &Value, old: &Value, report: &mut Report) {
    let (meta, was) = (At::root(new, "metadata"), At::root(old, "metadata"));
    if was.has("deletionTimestamp") {
        no_new_finalizers(&meta.child("finalizers"), was.field("finalizers"), report);
    }
    let version = meta.child("resourceVersion");
    if version.text().is_empty() {
        report.invalid_value(&version, "", "must be specified for an update");
    }
    let generation = meta.child("generation");
    report.nonnegative(&generation);
    if generation.whole() < was.child("generation").whole() {
        report.invalid_value(&generation, generation.whole(), "must not be decremented");
    }
    for field in ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] {
        report.immutable(&meta.child(field), was.field(field));
    }
    common(&meta, report);
    if built_in(resource) {
        meta.child("finalizers").items().for_each(|f| standard_finalizer(&f, report));
    }
}

pub(super) fn annotations(at: &At<'_>, report: &mut Report) {
    let mut size = 0;
    for (key, value) in at.entries() {
        size += key.len() + value.text().len();
        for message in names::qualified_name(&key.to_lowercase()) {
            report.invalid_value(at, key.as_str(), message);
        }
    }
    if size > ANNOTATION_LIMIT {
        report.too_long(at, ANNOTATION_LIMIT);
    }
}

fn owners(at: &At<'_>, report: &mut Report) {
    let mut controller: Option<String> = None;
    for owner in at.items() {
        let version = owner.child("apiVersion");
        let parts = version.text().split('/').count();
        let bad = parts > 2
            || version.text().starts_with('/') && parts == 2 && version.text() == "/"
            || version.text().ends_with('/');
        if version.text().is_empty() {
            report.required(&version, "must not be empty");
        } else if bad {
            report.invalid(&version, "must be <group>/<version> or <version>");
        }
        for field in ["kind", "name", "uid"] {
            let at = owner.child(field);
            if at.text().is_empty() {
                report.required(&at, "must not be empty");
            }
        }
        if version.text() == "v1" && owner.get("kind") == "Event" {
            report.invalid(&owner, "/v1, Kind=Event is disallowed from being an owner");
        }
        if owner.flag("controller") {
            let name = format!("{}/{}", owner.get("kind"), owner.get("name"));
            match &controller {
                None => controller = Some(name),
                Some(first) => {
                    report.invalid(at, format!("Only one reference can have Controller set to true. Found \"true\" in references for {first} and {name}"));
                }
            }
        }
    }
}

fn finalizers(at: &At<'_>, report: &mut Report) {
    let names: Vec<&str> = items(at.value).iter().map(text).collect();
    for name in &names {
        for message in names::qualified_name(name) {
            report.invalid_value(at, *name, message);
        }
    }
    if names.contains(&"orphan") && names.contains(&"foregroundDeletion") {
        report.invalid(at, "finalizer orphan and foregroundDeletion cannot be both set");
    }
}

fn no_new_finalizers(at: &At<'_>, old: &Value, report: &mut Report) {
    let known: BTreeSet<&str> = items(old).iter().map(text).collect();
    let extra: BTreeSet<&str> = items(at.value).iter().map(text).filter(|f| !known.contains(f)).collect();
    if !extra.is_empty() {
        let list = extra.iter().map(|f| format!("{f:?}")).collect::<Vec<_>>().join(", ");
        report.forbidden(
            at,
            format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{list}}}"
            ),
        );
    }
}
